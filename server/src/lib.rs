//! The server of Payung as a library: storage, the rules above it, and HTTP. The binary `payung` is a thin door to
//! it; tests and benches run it without sockets.

pub mod admin;
pub mod backup;
pub mod card;
pub mod clock;
pub mod export;
pub mod http;
pub mod jobs;
pub mod keys;
pub mod media;
pub mod serve;
pub mod service;
pub mod settings;
pub mod storage;
