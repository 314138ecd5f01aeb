//! What befalls a connection, and how a road answers in the server's place.

/// What befalls the next connection that carries an exchange or begins the upload of a photo; each trouble befalls one.
/// Bytes are counted from the beginning of that request to the end of its connection, heads included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// So many bytes pass towards the server, then both ends are cut.
    CutUploadAfter(u64),
    /// So many bytes pass towards the phone, then both ends are cut.
    CutDownloadAfter(u64),
    /// So many bytes pass towards the server; then nothing passes either way, and nobody is told.
    SilentAfter(u64),
    /// The request passes and is answered, but the answer never arrives.
    LoseAnswer,
    /// The request waits on the road until [`Road::let_pass`](super::Road::let_pass).
    Hold,
    /// A captive portal answers.
    Portal,
}

/// How a captive portal answers: RFC 8952 speaks of it; most redirect to their page.
pub(super) const PORTAL: &[u8] = b"HTTP/1.1 302 Found\r\nLocation: http://login.invalid/\r\nContent-Length: 0\r\n\
    Connection: close\r\n\r\n";
