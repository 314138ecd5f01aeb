//! Named points at which a test can end the process, as a kill or a flat battery would.

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

#[cfg(feature = "fail-points")]
pub(crate) fn point(act: &str, when: &str) {
    if std::env::var("PAYUNG_FAIL_AT").is_ok_and(|name| name == format!("{act}.{when}")) {
        std::process::abort();
    }
}

#[cfg(not(feature = "fail-points"))]
pub(crate) fn point(_act: &str, _when: &str) {}
