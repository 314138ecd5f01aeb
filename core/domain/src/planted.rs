//! Bugs planted on purpose, so that the suites can show that they would catch them.
//!
//! Each [`Planted`] is a mistake somebody could really make, a line or a few at the place where it would be made:
//! `if planted(Planted::AckBeforeCommit) { … }`. Without the cargo feature `planted`, which no program that ships and
//! no ordinary build has, [`planted`] is a constant `false` and the compiler removes the mistake. With it, a bug is
//! planted for one thread by the test that holds [`Plant`]. It reads no environment variable, no file and no
//! configuration: nothing a program can be given turns one on.

use std::fmt;

/// The rule a bug breaks, by its name in the reliability guide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// I1: what the screen called saved is never lost.
    NothingLost,
    /// I2: each op takes effect once.
    Once,
    /// I3: all replicas agree after quiet.
    Agreement,
    /// I4: no personal data outside the stores that may hold it.
    Private,
    /// I5: the shown state is true.
    TrueState,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NothingLost => "I1",
            Self::Once => "I2",
            Self::Agreement => "I3",
            Self::Private => "I4",
            Self::TrueState => "I5",
        })
    }
}

macro_rules! planted_bugs {
    ($($bug:ident $rule:ident $what:literal)*) => {
        /// A bug that can be planted, named by the mistake.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Planted {
            $(#[doc = $what] $bug,)*
        }

        impl Planted {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$bug,)*];

            /// What goes wrong, in one line.
            pub const fn what(self) -> &'static str {
                match self { $(Self::$bug => $what,)* }
            }

            /// The rule it breaks first.
            pub const fn rule(self) -> Rule {
                match self { $(Self::$bug => Rule::$rule,)* }
            }
        }
    };
}

planted_bugs! {
    // the phone's file
    SkipFsyncPhone NothingLost "The phone's database is written without waiting for the disk."
    CommitUnchecked NothingLost "A commit that failed on the phone is taken for one that succeeded."
    AllPendingMarkedSent NothingLost "A reply marks every pending op as sent, those saved while it was under way too."
    InFlightEditDropped NothingLost "A record that is pulled takes the place of an edit that was not sent yet."
    AbsorbedIntoSealed NothingLost "An edit goes into an op that was numbered and sent already."
    EvictDeletesUnsent NothingLost "Taking an area off the phone deletes the ops of it that were never sent."
    DoneNotOfferedAgain NothingLost "After a restore only ops whose change was not pulled yet are offered again."
    CursorBeforeCommit Agreement "The cursor is saved before the changes it stands for."
    StaleReplyChanges Agreement "The changes of a reply to an older cursor are applied."
    AckedDroppedEarly TrueState "An op's values are no longer shown from its receipt on, before they were pulled."
    OldEpochOutcome TrueState "An outcome from before a restore counts after it."
    OtherDevicesOutcome NothingLost "An outcome for the device this phone was before counts for the one it is."
    BaseFromReceipt Agreement "A form counts as opened with the version a receipt named, though nothing of it was pulled."
    SeenThroughPassesHeld TrueState "A held op counts as done: its stored outcome is dropped."
    RejoinForgetsHeld NothingLost "Joining again does not issue held ops anew."
    ReissueUnnamed Once "An op tried again does not name the op it stands for."
    StaleNotTold TrueState "An op tried again does not say which of its fields were saved anew since."
    // the road
    RetryWithoutBackoff TrueState "A failed run does not wait before the next."
    PortalPageTaken TrueState "A page with status 200 counts as the server's answer."
    ReplySignatureUnchecked NothingLost "The signature of a reply is not checked."
    ReplyToOtherRequest TrueState "A reply is not bound to the request it answers."
    // the merge
    ClassBTreatedAsC Agreement "A safety-critical field is merged like an ordinary one: the later clock wins."
    ConflictWithOneself TrueState "A device's own later write counts as another's."
    ResolutionClosesUnseen NothingLost "A decision closes candidates that the decider had not seen."
    ConflictNotTold Agreement "A conflict does not raise the record's version, so that no phone is told."
    UnknownFieldsDropped NothingLost "A field of a newer app is left out of the body."
    HlcUnclamped TrueState "A writer's clock is believed however far ahead it is."
    UnlinkLosesSource NothingLost "Unlinking a duplicate leaves out what was written to it while it was linked."
    // the server
    AckBeforeCommit NothingLost "The reply leaves before what it acknowledges is committed."
    SkipFsyncServer NothingLost "The server's database is written without waiting for the disk."
    NoDedupe Once "An op that is received again is applied again."
    DedupeByContent NothingLost "An op that sets what an earlier one had set counts as that one, sent again."
    HashUnchecked NothingLost "An op under a number that was used before counts as that one, sent again, whatever it holds."
    ReplayWithoutOutcome TrueState "An op that is received again is answered as taken, whatever had become of it."
    BadOpStopsBatch NothingLost "One op that is refused stops its whole batch."
    AliasIgnored NothingLost "A late edit of a linked duplicate does not reach the surviving record."
    HeldNotReleased NothingLost "An op that waits for its parent goes on waiting when the parent comes."
    RevokedStillWrites TrueState "A revoked phone's ops are applied at once."
    SecondNikUnseen TrueState "A second person under one NIK is not noticed."
    CursorByClock Agreement "The feed is ordered by the writers' clocks instead of by commit."
    WrongAreaServed Private "A neighbourhood's phone is told its whole village."
    RestoreWithoutEpoch NothingLost "A restored server goes on in the epoch before."
}

#[cfg(feature = "planted")]
thread_local! {
    static PLANT: std::cell::Cell<Option<Planted>> = const { std::cell::Cell::new(None) };
}

/// Whether this bug is planted: never, in what ships.
#[cfg(not(feature = "planted"))]
#[inline]
pub const fn planted(_: Planted) -> bool {
    false
}

/// Whether this bug is planted on this thread.
#[cfg(feature = "planted")]
#[inline]
pub fn planted(which: Planted) -> bool {
    PLANT.get() == Some(which)
}

/// Keeps a bug planted on this thread until it is dropped.
#[cfg(feature = "planted")]
#[derive(Debug)]
#[must_use = "the bug goes with it"]
pub struct Plant {
    before: Option<Planted>,
    // it is the thread's
    _here: std::marker::PhantomData<*const ()>,
}

#[cfg(feature = "planted")]
impl Plant {
    /// Plants a bug on this thread; none = takes one away.
    pub fn new(bug: Option<Planted>) -> Self {
        Self { before: PLANT.replace(bug), _here: std::marker::PhantomData }
    }
}

#[cfg(feature = "planted")]
impl Drop for Plant {
    fn drop(&mut self) {
        PLANT.set(self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(feature = "planted"))]
    #[test]
    fn ordinary_build_has_no_bug() {
        const NONE: bool = planted(Planted::AckBeforeCommit);
        assert!(!NONE && Planted::ALL.iter().all(|bug| !planted(*bug)));
    }

    #[cfg(feature = "planted")]
    #[test]
    fn planted_bug_stays_on_its_thread_and_goes_with_its_plant() {
        let bug = Planted::AckBeforeCommit;
        {
            let _plant = Plant::new(Some(bug));
            assert!(planted(bug) && !planted(Planted::NoDedupe));
            assert!(!std::thread::spawn(move || planted(bug)).join().expect("a thread"));
            let inner = Plant::new(None);
            assert!(!planted(bug));
            drop(inner);
            assert!(planted(bug));
        }
        assert!(!planted(bug));
    }
}
