//! What the server answers where it cannot answer in a bundle: problem+json (RFC 9457).

use crate::message::from_object;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

#[cfg(test)]
mod tests;

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

const TYPE: &str = "urn:payung:problem:";
const MAX_BYTES: usize = 16 << 10;
const MAX_TEXT: usize = 500;
const MAX_CODE: usize = 64;

macro_rules! problems {
    ($( $(#[$doc:meta])* $name:ident = $code:literal, $status:literal, $id:literal, $en:literal; )+) => {
        /// Which problem; the last part of its `type`.
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum ProblemCode {
            $( $(#[$doc])* $name, )+
            /// One of a newer server.
            Other(String),
        }

        impl ProblemCode {
            /// Every code this version knows.
            pub const KNOWN: &'static [Self] = &[ $( Self::$name, )+ ];

            /// The stable code, `bundle_malformed`.
            pub fn as_str(&self) -> &str {
                match self { $( Self::$name => $code, )+ Self::Other(code) => code }
            }

            /// The HTTP status it comes with.
            pub fn status(&self) -> u16 {
                match self { $( Self::$name => $status, )+ Self::Other(_) => 500 }
            }

            /// What is said to an official, in Indonesian.
            pub fn title(&self) -> &'static str {
                match self { $( Self::$name => $id, )+ Self::Other(_) => "Terjadi kesalahan" }
            }

            /// The same in English.
            pub fn title_en(&self) -> &'static str {
                match self { $( Self::$name => $en, )+ Self::Other(_) => "Something went wrong" }
            }

            /// From its code; never fails.
            pub fn from_code(code: &str) -> Self {
                match code { $( $code => Self::$name, )+ other => Self::Other(other.to_owned()) }
            }
        }
    };
}

problems! {
    /// The bytes are no bundle of ours, or a broken one.
    BundleMalformed = "bundle_malformed", 400, "Kiriman rusak atau terpotong", "The bundle is damaged or cut";
    /// A format this server does not know.
    BundleVersion = "bundle_version", 400, "Versi kiriman tidak dikenal", "The bundle's format is unknown";
    /// More than is taken: send fewer.
    BundleTooLarge = "bundle_too_large", 413, "Kiriman terlalu besar", "The bundle is too large";
    /// Sealed to a key that is unknown or destroyed: fetch the key list and seal again.
    Reseal = "reseal", 409, "Kunci server sudah berganti, kirim ulang", "The server's key has changed, seal again";
    /// Not signed by whom it says.
    SignatureInvalid = "signature_invalid", 403, "Tanda tangan kiriman tidak sah", "The signature is not valid";
    /// No device of that name.
    DeviceUnknown = "device_unknown", 403, "Perangkat tidak dikenal", "The device is unknown";
    /// The device was retired or revoked: only joining again helps.
    DeviceRevoked = "device_revoked", 403, "Perangkat sudah tidak aktif", "The device is no longer active";
    /// The device may not do this there.
    AreaForeign = "area_foreign", 403, "Di luar wilayah tugas", "Outside the area of duty";
    /// No such invite.
    InviteUnknown = "invite_unknown", 404, "Undangan tidak dikenal", "The invite is unknown";
    /// Used by another device.
    InviteUsed = "invite_used", 409, "Undangan sudah dipakai", "The invite has been used";
    /// Older than 72 hours, or withdrawn.
    InviteExpired = "invite_expired", 410, "Undangan sudah tidak berlaku", "The invite has expired";
    /// Not logged in.
    Unauthorized = "unauthorized", 401, "Harus masuk terlebih dahulu", "Log in first";
    /// Logged in, not allowed.
    Forbidden = "forbidden", 403, "Tidak diizinkan", "Not allowed";
    /// What was sent is not what was asked for.
    InputInvalid = "input_invalid", 422, "Isian tidak benar", "The input is not valid";
    /// Nothing there.
    NotFound = "not_found", 404, "Tidak ditemukan", "Not found";
    /// Another method is wanted.
    MethodNotAllowed = "method_not_allowed", 405, "Cara pemanggilan tidak tersedia", "Method not allowed";
    /// The request came too slowly.
    TimedOut = "timed_out", 408, "Waktu habis", "The request timed out";
    /// Too many at once from one device or address.
    RateLimited = "rate_limited", 429, "Terlalu sering, coba lagi nanti", "Too many requests, try again later";
    /// The server is full: try again after `Retry-After`.
    Busy = "busy", 503, "Server sedang sibuk, coba lagi nanti", "The server is busy, try again later";
    /// A defect or a fault of the server.
    Internal = "internal", 500, "Kesalahan pada server", "Internal server error";
}

impl fmt::Display for ProblemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ProblemCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{TYPE}{self}"))
    }
}

impl<'de> Deserialize<'de> for ProblemCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let uri = String::deserialize(deserializer)?;
        // a code ends in logs and is compared with; what is longer is no code
        let code = uri.strip_prefix(TYPE).filter(|code| code.len() <= MAX_CODE);
        let code = code.ok_or_else(|| serde::de::Error::custom("not a problem of this server"))?;
        Ok(Self::from_code(code))
    }
}

/// A problem, as it goes over HTTP or in a sealed refusal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `urn:payung:problem:` and the code.
    #[serde(rename = "type")]
    pub code: ProblemCode,
    /// For an official, in Indonesian.
    #[serde(default)]
    pub title: String,
    /// The same in English.
    #[serde(default)]
    pub title_en: String,
    /// The HTTP status.
    #[serde(default)]
    pub status: u16,
    /// What exactly, without personal data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Names the request in the server's log.
    #[serde(default)]
    pub request_id: String,
}

impl Problem {
    /// A problem with the titles and status of its code.
    pub fn new(code: ProblemCode, request_id: impl Into<String>) -> Self {
        Self {
            title: code.title().to_owned(),
            title_en: code.title_en().to_owned(),
            status: code.status(),
            detail: None,
            request_id: request_id.into(),
            code,
        }
    }

    /// Says what exactly.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Reads a body. None unless it is a problem of this server: a portal's page or a proxy's error is not.
    /// Texts are cut at 500 characters. It is not signed, so it may only make the phone wait, seal again or ask.
    pub fn parse(body: &[u8]) -> Option<Self> {
        if body.len() > MAX_BYTES {
            return None;
        }
        let mut problem: Self = from_object(body).ok()?;
        let texts = [&mut problem.title, &mut problem.title_en, &mut problem.request_id];
        for text in texts.into_iter().chain(problem.detail.as_mut()) {
            if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
                text.truncate(end);
            }
        }
        Some(problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}, request {})", self.title_en, self.code, self.request_id)
    }
}
