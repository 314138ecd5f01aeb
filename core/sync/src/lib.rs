//! The exchange with the server: a state machine that decides ([`SyncEngine`]), transports that move bytes, and
//! joining. One exchange is first sync, upload and "anything new?" in one; the same sealed bytes go by every road.
//!
//! Nothing unsent is ever lost here: an op leaves the outbox by its own outcome in a reply the server signed, sealed
//! to this phone and bound to that very request. Everything else, a portal's "200 OK" included, only makes the phone
//! wait, seal again or ask a person.

mod abandon;
mod address;
mod backoff;
mod batch;
mod courier;
mod engine;
mod error;
mod http;
mod join;
mod media;
mod membership;
mod pace;
mod report;
mod sealed;
mod standing;
#[cfg(test)]
mod test_rng;
mod transport;
mod watch;

pub use abandon::Abandonable;
pub use address::{AddressError, ServerAddress};
pub use courier::Courier;
pub use engine::{Outgoing, SyncEngine, Urgency};
pub use error::{JoinError, SyncError, SyncFailure};
pub use http::{HttpSetupError, HttpTransport, Timeouts};
pub use join::{JoinFacts, claim, join};
pub use media::{MediaRoad, UploadError, UploadFailure, UploadReport, UploadTerms, Uploader};
pub use payung_protocol::Endpoint;
pub use report::{Pause, SyncReport, SyncState};
pub use sealed::{CarryReport, OutboxLock, SealedOutbox};
pub use standing::Standing;
pub use transport::{InProcess, PortalSign, Transport, TransportError, TusAnswer, TusRequest, TusRoad};
pub use watch::Watching;
