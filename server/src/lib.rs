//! The server of Payung as a library: storage, the rules above it, and HTTP. The binary `payung` is a thin door to
//! it; tests and benches run it without sockets.

pub mod clock;
pub mod keys;
pub mod service;
pub mod export;
pub mod storage;
