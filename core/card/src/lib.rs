//! The membership card: a QR code that a clinic verifies without a network.
//!
//! [`issue`] makes the text of the code from a [`Card`], [`verify`] judges a text that was scanned and answers a
//! [`Verdict`]: green, amber or red, with its reasons. [`CardKeys`] tells whose signature counts and when, a
//! [`StatusList`] which cards were taken back. `verify` reads no clock, no file and no network: all that is an argument.
//!
//! The text is, from the inside: claims in CBOR (CWT, RFC 8392) with the person's under 169 (MOSIP's *169 QR Code
//! Specification* 1.2.2, IANA CWT claim 169) and a reference to a Token Status List under 65535
//! (draft-ietf-oauth-status-list); signed with Ed25519 as COSE_Sign1, tag 18 outermost (RFC 9052, 9053); zlib
//! (RFC 1950); base45 (RFC 9285), which a QR code's alphanumeric mode holds best.
//!
//! "Green" says that this person is covered today, as far as the issuer recorded at the time of issue and nobody took
//! the card back since. Whatever is less than that is amber or red.

mod card;
mod claims;
mod envelope;
mod error;
mod keys;
#[cfg(feature = "print")]
pub mod print;
mod qr;
mod record;
#[cfg(feature = "scan")]
mod scan;
mod status;
mod verdict;
pub mod words;

#[cfg(test)]
mod tests;

pub use card::{Birth, Card, MaskedNik, StatusRef};
pub use envelope::CardText;
pub use error::CardError;
pub use keys::{CardKey, CardKeys, Fingerprint, IssuerKey, KeyId, PublicKey};
pub use qr::QrCode;
pub use record::{CARD_CHECK, CardCheck, IssuedCard};
#[cfg(feature = "scan")]
pub use scan::{ScanError, scan_grey, scan_png};
pub use status::{MAX_LISTED, StatusList};
pub use verdict::{Clock, Doubt, Light, MAX_LIST_AGE, Refusal, Verdict, issue, verify};

/// Bytes of a signed file: as they are, or as base64url text that fits into a message or a form.
///
/// # Errors
/// [`CardError::NotOurs`] if they are neither; the signature is checked by who reads the bytes.
pub fn unarmoured(file: &[u8]) -> Result<std::borrow::Cow<'_, [u8]>, CardError> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    if file.first() == Some(&envelope::TAG_18) {
        return Ok(file.into());
    }
    let text: Vec<u8> = file.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    URL_SAFE_NO_PAD.decode(text).map(Into::into).map_err(|_| CardError::NotOurs)
}

/// What [`unarmoured`] reads, as text: one line.
pub fn armoured(signed: &[u8]) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(signed)
}
