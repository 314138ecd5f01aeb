//! The invite: what an official scans or taps to join. Single use, for one named official and area, 72 h.

use crate::{
    bytes,
    keys::Fingerprint,
    link::{self, LinkError},
};
use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

#[cfg(test)]
mod tests;

const LINK: &str = "payung://join/";
const VERSION: u8 = 1;
const MAX_SERVERS: usize = 8;
const MAX_ADDRESS: usize = 200;

/// 16 random bytes that let one device join. The server keeps their hash only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct InviteSecret(#[serde(with = "bytes")] [u8; 16]);

impl InviteSecret {
    /// A new secret.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        let mut secret = [0; 16];
        rng.fill_bytes(&mut secret);
        Self(secret)
    }

    /// From its bytes.
    pub fn from_bytes(secret: [u8; 16]) -> Self {
        Self(secret)
    }

    /// SHA-256 of the secret: what the server keeps and looks it up by.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }
}

impl fmt::Debug for InviteSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InviteSecret(…)")
    }
}

/// What an invite says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// Where the server is: `https://payung.example.id`, without a path; the first that answers is used.
    pub servers: Vec<String>,
    /// The root all keys hang on.
    pub root: Fingerprint,
    /// Lets one device join.
    pub secret: InviteSecret,
}

/// Why a link is no invite. Never repeats the link, which holds a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum InviteError {
    /// It does not begin with `payung://join/`.
    #[error("the link is not a Payung invite")]
    OtherLink,
    /// Letters were lost or changed on the way.
    #[error("the invite is damaged or cut")]
    Damaged,
    /// Made by a newer server.
    #[error("the invite has the unknown format {0}")]
    Version(u8),
    /// A server address is not `http(s)://host[:port]`, or there are none or too many.
    #[error("the invite has no usable server address")]
    Address,
}

impl From<LinkError> for InviteError {
    fn from(error: LinkError) -> Self {
        match error {
            LinkError::OtherScheme => Self::OtherLink,
            LinkError::Damaged => Self::Damaged,
        }
    }
}

impl Invite {
    /// The link, for a message or a QR code: `payung://join/` and base32 (RFC 4648, no padding), which a QR code holds
    /// in its alphanumeric mode and no messenger takes for markup.
    ///
    /// Inside: `version (1) || root (16) || secret (16) || (length (1) || address)* || check (4)`, where check is the
    /// beginning of the SHA-256 of the rest.
    ///
    /// # Errors
    /// [`InviteError::Address`].
    pub fn to_link(&self) -> Result<String, InviteError> {
        check_servers(&self.servers)?;
        let mut body = vec![VERSION];
        body.extend_from_slice(&self.root.0);
        body.extend_from_slice(&self.secret.0);
        write_servers(&mut body, &self.servers)?;
        Ok(link::write(LINK, body))
    }

    /// Reads a link, in capitals or not, with space around it.
    ///
    /// # Errors
    /// [`InviteError`].
    pub fn parse(link: &str) -> Result<Self, InviteError> {
        let body = link::read(LINK, link)?;
        let (version, body) = body.split_first().ok_or(InviteError::Damaged)?;
        if *version != VERSION {
            return Err(InviteError::Version(*version));
        }
        let (root, body) = body.split_first_chunk().ok_or(InviteError::Damaged)?;
        let (secret, body) = body.split_first_chunk().ok_or(InviteError::Damaged)?;
        Ok(Self { servers: read_servers(body)?, root: Fingerprint(*root), secret: InviteSecret(*secret) })
    }
}

/// `(length (1) || address)*`
pub(crate) fn write_servers(body: &mut Vec<u8>, servers: &[String]) -> Result<(), InviteError> {
    for server in servers {
        body.push(u8::try_from(server.len()).map_err(|_| InviteError::Address)?);
        body.extend_from_slice(server.as_bytes());
    }
    Ok(())
}

pub(crate) fn read_servers(mut body: &[u8]) -> Result<Vec<String>, InviteError> {
    let mut servers = Vec::new();
    while let Some((length, rest)) = body.split_first() {
        let (address, rest) = rest.split_at_checked(usize::from(*length)).ok_or(InviteError::Damaged)?;
        servers.push(String::from_utf8(address.to_vec()).map_err(|_| InviteError::Address)?);
        body = rest;
    }
    check_servers(&servers)?;
    Ok(servers)
}

pub(crate) fn check_servers(servers: &[String]) -> Result<(), InviteError> {
    let fits = (1..=MAX_SERVERS).contains(&servers.len()) && servers.iter().all(|server| is_address(server));
    if fits { Ok(()) } else { Err(InviteError::Address) }
}

/// `http(s)://host[:port]`: no path, no user, nothing a URL parser might read in two ways.
fn is_address(address: &str) -> bool {
    let host = address.strip_prefix("https://").or_else(|| address.strip_prefix("http://"));
    address.len() <= MAX_ADDRESS
        && host.is_some_and(|host| {
            host.bytes().any(|b| b.is_ascii_alphanumeric())
                && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]".contains(&b))
        })
}
