//! Every command on a real data directory, beside a server that has it open.

mod desk;
mod files;
mod people;
mod privacy;

use super::{Line, run};
use crate::service::tests::office::*;
use clap::Parser;
use payung_domain::id::RecordId;
use serde_json::Value;

/// What a command printed.
struct Told {
    text: String,
    error: Option<String>,
}

fn told(office: &Office, args: &[&str]) -> Told {
    let data = office.data();
    let line = ["payung admin", "--data", data.to_str().expect("a path")];
    let line = Line::try_parse_from(line.iter().chain(args)).expect("a command line");
    let mut out = Vec::new();
    let error = run(&line.args, office.now.get(), &mut out).err().map(|error| error.to_string());
    Told { text: String::from_utf8(out).expect("text"), error }
}

/// As the branch's operator, in JSON.
fn admin(office: &Office, args: &[&str]) -> Result<Value, String> {
    let told = told(office, &[&["--as", "operator cabang", "--json"], args].concat());
    match told.error {
        Some(error) => Err(error),
        None => Ok(serde_json::from_str(&told.text).expect("JSON")),
    }
}

fn done(office: &Office, args: &[&str]) -> Value {
    admin(office, args).expect("done")
}

fn refused(office: &Office, args: &[&str]) -> String {
    admin(office, args).expect_err("refused")
}

/// As someone else, for people.
fn as_other(office: &Office, name: &str, args: &[&str]) -> Result<String, String> {
    let told = told(office, &[&["--as", name], args].concat());
    told.error.map_or(Ok(told.text), Err)
}

/// Registers a person: records n (worker), n+1 (enrolment), n+2 (submit).
fn register(office: &Office, phone: &mut Phone, n: u128, name: &str) -> RecordId {
    register_in(office, phone, n, name, RT3)
}

fn register_in(office: &Office, phone: &mut Phone, n: u128, name: &str, place: &str) -> RecordId {
    let serial = u32::try_from(n).expect("small");
    let worker = phone.worker_in(office, record(n), &nik(serial), name, place);
    let mut enroll = phone.enroll(office, record(n + 1), record(n));
    let mut submit = phone.event(office, record(n + 2), record(n + 1), "submit", &[]);
    (enroll.area, submit.area) = (area(place), area(place));
    assert!(applied(&phone.send(office, &[worker, enroll, submit])));
    phone.pull(office);
    record(n + 1)
}

fn state(office: &Office, enrollment: RecordId) -> String {
    let all = done(office, &["workers"]);
    let found = all.as_array().expect("a list").iter().find(|row| row["enrollment"] == enrollment.to_string());
    found.expect("the enrolment")["state"].as_str().expect("text").to_owned()
}
