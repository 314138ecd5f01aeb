//! Files that go out and come in: exports by template, the branch's answers, lists of known members.
//!
//! A template is data (`server/templates/*.toml`, or `templates/` of the data directory), so that BPJS's real formats
//! drop in without code. Everything here is bytes in, values out: what is done with them is the services' affair.

mod answers;
mod cell;
mod column;
mod lines;
mod sheet;
mod template;

pub use answers::{Answer, AnswerFile, Response, read_answers, read_members};
pub use cell::neutralise;
pub use column::{Column, Form, Subject, Value};
pub use lines::{FileError, LineError};
pub use sheet::{Blocked, Provenance, Sheet, write_sheet};
pub use template::{AnswerTemplate, ExportTemplate, MemberTemplate, Purpose, Template, TemplateError, load, names};
