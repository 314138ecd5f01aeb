//! Where a server or hub is. Cleartext only where it cannot matter or was chosen by a person.

use reqwest::Url;
use std::{fmt, net::IpAddr};
use thiserror::Error;

#[cfg(test)]
mod tests;

/// Why an address is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Not `https://host[:port]`.
    #[error("the address is not of the form https://host[:port]")]
    Malformed,
    /// Without TLS, to another machine, and not chosen as a hub.
    #[error("the address is without TLS")]
    Cleartext,
}

/// An origin: `https://host[:port]`, without path, user or query.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ServerAddress(String);

impl ServerAddress {
    /// A server, as an invite names it: https, or http to this very machine.
    ///
    /// # Errors
    /// [`AddressError`].
    pub fn parse(address: &str) -> Result<Self, AddressError> {
        let (url, origin) = origin(address)?;
        if url.scheme() == "https" || is_loopback(&url) { Ok(Self(origin)) } else { Err(AddressError::Cleartext) }
    }

    /// A hub a person chose on the local network: http is allowed, since bundles are sealed end to end.
    ///
    /// # Errors
    /// [`AddressError::Malformed`].
    pub fn hub(address: &str) -> Result<Self, AddressError> {
        origin(address).map(|(_, origin)| Self(origin))
    }

    /// `https://host[:port]`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ServerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerAddress({})", self.0)
    }
}

fn origin(address: &str) -> Result<(Url, String), AddressError> {
    let url = Url::parse(address.trim()).map_err(|_| AddressError::Malformed)?;
    let bare = matches!(url.scheme(), "https" | "http")
        && url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.host_str().is_some_and(|host| !host.is_empty());
    if !bare {
        return Err(AddressError::Malformed);
    }
    let origin = url.origin().ascii_serialization();
    Ok((url, origin))
}

/// By number, or the one name that always means this machine (RFC 6761).
fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
