//! One target for each parser of outside bytes. A target takes any bytes and panics where a rule of its parser does not
//! hold: not only "no panic", but what is read can be written and read again, limits hold, errors repeat nothing.
//!
//! The same targets run as property tests (`cargo test -p payung-fuzz`) over seeds, the inputs found before
//! (`tests/fuzz/corpus/`) and what is made from both; and under libFuzzer, guided by coverage (`./dev fuzz`).

mod answer;
mod cards;
mod cursor;
mod fields;
mod files;
mod joining;
mod keys;
mod messages;
mod names;
mod pictures;
mod quiet;
mod roster;
mod sealed;
mod typed;
mod world;

use world::Message;

/// A parser of outside bytes and the rules it keeps.
#[derive(Clone, Copy)]
pub struct Target {
    /// As `./dev fuzz` calls it, and the folder of its found inputs.
    pub name: &'static str,
    /// Panics where a rule does not hold.
    pub run: fn(&[u8]),
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// The most bytes of an input that are worth trying.
    pub longest: usize,
    /// How often it is tried as a property test, by what it costs.
    pub cases: u32,
}

const fn target(name: &'static str, run: fn(&[u8]), seeds: fn() -> Vec<Vec<u8>>, longest: usize, cases: u32) -> Target {
    Target { name, run, seeds, longest, cases }
}

/// Every target, by layer: what travels, what vouches for it, what is scanned and answered, files, what is typed.
pub const TARGETS: &[Target] = &[
    target("bundle", sealed::bundle, sealed::bundle_seeds, 2048, 300),
    target("tampered_bundle", sealed::tampered, sealed::tampered_seeds, 128, 300),
    target("signed_message", sealed::signed, sealed::signed_seeds, 1024, 300),
    target("packed_message", sealed::packed, sealed::packed_seeds, 2048, 300),
    target("request", messages::request, || messages::seeds(Message::Request), 4096, 500),
    target("reply", messages::reply, || messages::seeds(Message::Reply), 4096, 400),
    target("join_request", messages::join_request, || messages::seeds(Message::JoinRequest), 1024, 300),
    target("renewal", messages::renewal, || messages::seeds(Message::Renewal), 256, 200),
    target("join_answer", messages::join_answer, || messages::seeds(Message::JoinAnswer), 1024, 300),
    target("certificate", keys::certificate, keys::certificate_seeds, 1024, 300),
    target("published_keys", keys::published, keys::published_seeds, 2048, 300),
    target("key_list", keys::key_list, keys::key_list_seeds, 1024, 300),
    target("receiver_list", keys::receiver_list, keys::receiver_list_seeds, 1024, 300),
    target("invite", joining::invite, joining::invite_seeds, 512, 1000),
    target("recovery", joining::recovery, joining::recovery_seeds, 512, 1000),
    target("problem", joining::problem, joining::problem_seeds, 4096, 1000),
    target("address", joining::address, joining::address_seeds, 256, 1000),
    target("http_answer", answer::http, answer::http_seeds, 2048, 300),
    target("cursor", cursor::cursor, cursor::cursor_seeds, 512, 1000),
    target("answer_file", files::answers, files::answer_seeds, 4096, 500),
    target("member_file", files::members, files::member_seeds, 2048, 500),
    target("roster", roster::roster, roster::roster_seeds, 4096, 500),
    target("backup", files::backup, files::backup_seeds, 1024, 200),
    target("picture", pictures::picture, pictures::picture_seeds, 4096, 200),
    target("card", cards::card, cards::card_seeds, 1024, 300),
    target("card_keys", cards::card_keys, cards::card_keys_seeds, 1024, 300),
    target("status_list", cards::status_list, cards::status_list_seeds, 1024, 300),
    target("card_picture", cards::card_picture, cards::card_picture_seeds, 2048, 100),
    target("media_file", pictures::media_file, pictures::media_file_seeds, 512, 300),
    target("nik", typed::nik, typed::nik_seeds, 64, 1000),
    target("region", typed::region, typed::region_seeds, 32, 1000),
    target("area", typed::area, typed::area_seeds, 64, 1000),
    target("month", typed::month, typed::month_seeds, 16, 1000),
    target("amount", typed::amount, typed::amount_seeds, 64, 1000),
    target("phone", typed::phone, typed::phone_seeds, 64, 1000),
    target("name", names::name, names::name_seeds, 256, 1000),
    target("region_search", names::region_search, names::region_search_seeds, 64, 100),
    target("occupation_search", names::occupation_search, names::occupation_seeds, 64, 300),
    target("field", fields::field, fields::field_seeds, 1024, 1000),
];

/// The target of a name.
pub fn target_named(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// JSON as a joined phone seals a request, whatever it is.
pub fn sealed_request(json: &[u8]) -> Vec<u8> {
    world::WORLD.packed(Message::Request, json)
}

/// What the server reads of it.
///
/// # Errors
/// As `payung_protocol::open_request`.
pub fn open_sealed_request(sealed: &[u8]) -> Result<payung_protocol::Opened, payung_protocol::SealError> {
    messages::open_sealed(sealed)
}
