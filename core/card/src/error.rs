//! Why a card, a key list or a status list is not read. None repeats what was read.

use thiserror::Error;

/// Why something signed could not be read or believed, or could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CardError {
    /// More than is ever read.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// The most bytes.
        limit: usize,
    },
    /// It ends too early: not scanned or copied to its end.
    #[error("cut off")]
    Truncated,
    /// Deeper than anything of ours.
    #[error("nested too deep")]
    Nested,
    /// Another QR code or file.
    #[error("not a card, key list or status list")]
    NotOurs,
    /// Signed in another way than with Ed25519.
    #[error("signed with another algorithm than Ed25519")]
    Algorithm,
    /// The key is not in the list of issuers.
    #[error("signed by an issuer that is not known here")]
    OtherIssuer,
    /// The key is known, but the card was issued outside its validity.
    #[error("issued at a time at which its key was not valid")]
    KeyNotValid,
    /// Changed, or signed by somebody else.
    #[error("the signature does not hold")]
    BadSignature,
    /// The list is older than one that was seen.
    #[error("older than a list already seen")]
    OldSerial,
    /// The key list names another root.
    #[error("of another root")]
    OtherRoot,
    /// A claim is missing, or not of its type and size.
    #[error("the claim `{0}` is missing or wrong")]
    Claim(&'static str),
}
