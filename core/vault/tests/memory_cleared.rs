//! As `memory`, in a process whose allocator wipes what is freed.
#![cfg(target_os = "linux")]

#[path = "memory/scene.rs"]
mod scene;

#[global_allocator]
static WIPING: zeroizing_alloc::ZeroAlloc<std::alloc::System> = zeroizing_alloc::ZeroAlloc(std::alloc::System);

#[test]
fn locked_phone_that_wipes_what_it_frees_holds_neither_key_nor_pin() {
    scene::play("locked_phone_that_wipes_what_it_frees_holds_neither_key_nor_pin", "with an allocator that wipes");
}
