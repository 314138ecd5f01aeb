//! What a locked phone's memory still holds, looked at from outside: a process opens a real database with the unlocked
//! key, registers people, locks, and its parent reads all of its memory (`/proc/PID/mem`).
#![cfg(target_os = "linux")]

#[path = "memory/scene.rs"]
mod scene;

#[test]
fn locked_phone_holds_neither_key_nor_pin() {
    scene::play("locked_phone_holds_neither_key_nor_pin", "with the system's allocator");
}
