//! What the whole-system tests and the played scenario share: the real binaries as processes, a road that can be cut,
//! and a search through every byte of a folder.

pub mod admin;
pub mod binaries;
pub mod ledger;
pub mod phone;
pub mod program;
pub mod road;
pub mod scan;
pub mod server;

pub use admin::Admin;
pub use binaries::Binaries;
pub use phone::{Phone, PhoneError, PhoneFiles};
pub use program::{ProgramError, run};
pub use road::{Heard, Road, Shape, Trouble};
pub use scan::{Found, scan};
pub use server::{Server, ServerError};
