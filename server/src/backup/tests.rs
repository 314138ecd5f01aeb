//! The drill: a backup, more work, a lost machine, and everything back.

mod drill;
mod ill;
