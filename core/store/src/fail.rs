//! Named points at which a test can end the process, as a kill or a flat battery would, or only the act under way.

/// Every point: before and after the commit of an act. Compiled in with the feature `fail-points` only; the process
/// aborts at the one that `PAYUNG_FAIL_AT` names.
pub const FAIL_POINTS: &[&str] = &[
    "draft.before_commit",
    "draft.after_commit",
    "register.before_commit",
    "register.after_commit",
    "edit.before_commit",
    "edit.after_commit",
    "fact.before_commit",
    "fact.after_commit",
    "resolve.before_commit",
    "resolve.after_commit",
    "number.before_commit",
    "number.after_commit",
    "reply.before_commit",
    "reply.after_commit",
    "reissue.before_commit",
    "reissue.after_commit",
    "salvage.before_commit",
    "salvage.after_commit",
    "meta.before_commit",
    "meta.after_commit",
];

/// What is called at a point: the act, and `before_commit` or `after_commit`. It may unwind; then the act is over, as
/// far as it came, and the store is good for nothing but being dropped.
#[cfg(feature = "fail-points")]
pub type FailHook = Box<dyn FnMut(&str, &str)>;

#[cfg(feature = "fail-points")]
thread_local! {
    static HOOK: std::cell::RefCell<Option<FailHook>> = const { std::cell::RefCell::new(None) };
}

/// Has `hook` called at every point this thread comes to; none ends that. For simulated phones, which are many in one
/// process.
#[cfg(feature = "fail-points")]
pub fn set_fail_hook(hook: Option<FailHook>) {
    HOOK.set(hook);
}

#[cfg(feature = "fail-points")]
pub(crate) fn point(act: &str, when: &str) {
    if std::env::var("PAYUNG_FAIL_AT").is_ok_and(|name| name == format!("{act}.{when}")) {
        std::process::abort();
    }
    HOOK.with_borrow_mut(|hook| {
        if let Some(hook) = hook {
            hook(act, when);
        }
    });
}

#[cfg(not(feature = "fail-points"))]
pub(crate) fn point(_act: &str, _when: &str) {}
