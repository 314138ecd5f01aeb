//! The three things that can be asked of a server: the whole device API.

use crate::bundle::Limits;

/// The media type of a sealed bundle, both ways. Short: an idle exchange has 400 bytes each way, heads included.
pub const BUNDLE_TYPE: &str = "application/vnd.payung";

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// The published key lists; nothing is sent.
    Keys,
    /// A sealed join request, or a device's request for its certificate.
    Join,
    /// A sealed exchange.
    Exchange,
}

impl Endpoint {
    /// The path on the server.
    pub const fn path(self) -> &'static str {
        match self {
            Self::Keys => "/v1/keys",
            Self::Join => "/v1/join",
            Self::Exchange => "/v1/exchange",
        }
    }

    /// The most bytes of an answer that are read.
    pub const fn reply_limit(self) -> usize {
        match self {
            Self::Keys => 64 << 10,
            Self::Join => Limits::JOIN.sealed,
            Self::Exchange => Limits::REPLY.sealed,
        }
    }
}
