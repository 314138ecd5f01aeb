//! The time a phone knows to have come: what its clock showed at the latest, or the server's signed word, and what ran
//! since by the clock that nobody sets. A lease is counted on it, so that setting the clock back prolongs nothing.
//!
//! Kept in the file `seen`. Who can restore an older copy of it can have that copy's time again: that needs the rights
//! of the app itself, and the certificate's own `issued_at`, which lies in the encrypted database, bounds it from below.

use crate::{
    error::Result,
    file::{self, Stored},
    moment::{Moment, Tick},
};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

const SEEN: &str = "seen";
/// Less is not worth a write: what a kill forgets is shorter.
const WORTH_A_WRITE_MS: i64 = 60_000;

/// Whether old personal data may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lease {
    /// It may, for so long.
    Active {
        /// Milliseconds left.
        left_ms: i64,
    },
    /// It may not, until an exchange brought a new certificate. Registering and sending go on.
    Over,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    /// Milliseconds since 1970: it was at least so late …
    ms: i64,
    /// … then.
    at: Tick,
}

/// The latest time a phone knows of.
#[derive(Debug)]
pub struct SeenTime {
    path: PathBuf,
    known: Known,
    written: Option<Known>,
}

impl SeenTime {
    /// What a folder's file says, and the clock now. A file that is lost, damaged or of a newer version begins anew from
    /// the clock: a phone that could not tell the time at all could not be used.
    pub fn open(folder: &Path, now: Moment) -> Result<Self> {
        let path = folder.join(SEEN);
        let written: Option<Known> = match file::read(&path)? {
            Stored::Found(known) => Some(known),
            Stored::Missing | Stored::Damaged | Stored::Newer(_) => None,
        };
        let known = match written {
            Some(known) if now.since(known.at).is_some() => known,
            // of an earlier start of the phone: from here on its running clock counts
            Some(known) => Known { at: now.tick(), ..known },
            None => Known { ms: now.wall_ms, at: now.tick() },
        };
        let mut seen = Self { path, known, written };
        // where this fails, this process knows all the same
        let _ = seen.write(now);
        Ok(seen)
    }

    /// The time now, milliseconds since 1970: no earlier than anything seen before.
    pub fn now_ms(&self, now: Moment) -> i64 {
        self.known.at_least(now).max(now.wall_ms)
    }

    /// Keeps what the clock shows. To be called where the app comes to the front, and every few minutes there.
    ///
    /// # Errors
    /// [`crate::LockError::File`]; for this process it is kept all the same.
    pub fn look(&mut self, now: Moment) -> Result<()> {
        self.known = Known { ms: self.now_ms(now), at: now.tick() };
        self.write(now)
    }

    /// The server's signed word: it was `server_ms` there when it wrote the reply, or issued the certificate. `asked` is
    /// when the request was sealed that it answers, where that is known.
    ///
    /// A reply to a request of this start of the phone says how late it can be at most, too: so long after `server_ms`
    /// as has passed since `asked`. That ends what a clock did that once showed a later year.
    ///
    /// # Errors
    /// [`crate::LockError::File`]; for this process it is kept all the same.
    pub fn hear(&mut self, server_ms: i64, asked: Option<Moment>, now: Moment) -> Result<()> {
        let known = self.known.at_least(now).max(server_ms);
        let passed = asked.and_then(|asked| now.since(asked.tick()));
        let most = passed.map_or(i64::MAX, |ms| server_ms.saturating_add_unsigned(ms));
        self.known = Known { ms: known.min(most), at: now.tick() };
        self.write(now)
    }

    /// Whether a lease until `lease_until`, milliseconds since 1970, is over. The wall clock counts where it is later
    /// than all that was seen.
    pub fn lease(&self, lease_until: i64, now: Moment) -> Lease {
        match lease_until.saturating_sub(self.now_ms(now)) {
            left_ms @ 1.. => Lease::Active { left_ms },
            _ => Lease::Over,
        }
    }

    fn write(&mut self, now: Moment) -> Result<()> {
        let is_enough = |written: Known| {
            now.since(written.at).is_some() && (0..WORTH_A_WRITE_MS).contains(&self.known.ms.saturating_sub(written.ms))
        };
        if self.written.is_some_and(is_enough) {
            return Ok(());
        }
        file::write_anyhow(&self.path, &self.known)?;
        self.written = Some(self.known);
        Ok(())
    }
}

impl Known {
    /// The least it can be now. Across a start of the phone nobody knows how long it was off.
    fn at_least(self, now: Moment) -> i64 {
        self.ms.saturating_add_unsigned(now.since(self.at).unwrap_or(0))
    }
}
