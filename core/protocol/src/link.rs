//! Bytes as a text that is scanned or pasted: a scheme and base32 (RFC 4648, no padding), which a QR code holds in its
//! alphanumeric mode and no messenger takes for markup, the beginning of a SHA-256 last.

use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

const CHECK: usize = 4;
/// Far more than an invite with many addresses has.
pub(crate) const LONGEST: usize = 4096;

/// Why a text is none of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkError {
    /// It begins with something else.
    OtherScheme,
    /// Letters were lost or changed on the way.
    Damaged,
}

/// `scheme` followed by the body and its check; the body is wiped.
pub(crate) fn write(scheme: &str, mut body: Vec<u8>) -> String {
    let check = Sha256::digest(&body);
    body.extend_from_slice(&check[..CHECK]);
    let text = format!("{scheme}{}", BASE32_NOPAD.encode(&body));
    body.zeroize();
    text
}

/// The body of a text, in capitals or not, with space around it.
pub(crate) fn read(scheme: &str, text: &str) -> Result<Zeroizing<Vec<u8>>, LinkError> {
    let text = text.trim();
    let (begins, code) = text.split_at_checked(scheme.len()).ok_or(LinkError::OtherScheme)?;
    if !begins.eq_ignore_ascii_case(scheme) {
        return Err(LinkError::OtherScheme);
    }
    if code.len() > LONGEST {
        return Err(LinkError::Damaged);
    }
    let code = Zeroizing::new(code.trim_end_matches('/').to_ascii_uppercase());
    let mut body = Zeroizing::new(BASE32_NOPAD.decode(code.as_bytes()).map_err(|_| LinkError::Damaged)?);
    let (said, check) = body.split_last_chunk::<CHECK>().ok_or(LinkError::Damaged)?;
    if Sha256::digest(said)[..CHECK] != *check {
        return Err(LinkError::Damaged);
    }
    let length = said.len();
    body.truncate(length);
    Ok(body)
}
