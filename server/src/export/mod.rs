//! Files that go out and come in: exports by template, the branch's answers, lists of known members and of clinics.
//!
//! A template is data (`server/templates/*.toml`, or `templates/` of the data directory), so that BPJS's real formats
//! drop in without code. Everything here is bytes in, values out: what is done with them is the services' affair.

mod answers;
mod book;
mod cell;
mod clinics;
mod column;
mod lines;
mod rows;
mod sheet;
mod template;

pub use answers::{Answer, AnswerFile, Response, read_answers, read_members};
pub use book::{Book, BookError, Cell};
pub use cell::neutralise;
pub use clinics::read_clinics;
pub use column::{Column, Form, Subject, Value};
pub use lines::{FileError, LineError};
pub use sheet::{Blocked, Provenance, Sheet, write_sheet};
pub use template::{AnswerTemplate, ExportTemplate, ListTemplate, Purpose, Template, TemplateError, load, names};
