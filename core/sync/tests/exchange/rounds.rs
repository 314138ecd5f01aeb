//! A round begun on one phone goes on on another after the exchange.

use crate::support::{Clock, Office, Phone, RT5, Road};
use chrono::{DateTime, Utc};
use payung_domain::{
    calendar::local_date, coverage::CoverageLevel, field::Kind, id::RecordId, op::Body, round::VisitOutcome,
};
use payung_server::clock;
use serde_json::Value;

fn now(phone: &Phone) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(phone.clock.now()).unwrap()
}

fn visit(phone: &Phone, door: &str, worker: Option<RecordId>, outcome: &str) {
    phone.clock.pass(60);
    let mut body: Body = [("door", door), ("outcome", outcome), ("at", now(phone).to_rfc3339().as_str())]
        .into_iter()
        .map(|(field, text)| (field.to_owned(), Value::from(text)))
        .collect();
    body.extend(worker.map(|worker| ("worker".to_owned(), worker.to_string().into())));
    let id = RecordId(clock::new_id());
    phone.store.add_fact(&Kind::Visit, id, &body, &phone.area, phone.clock.now()).unwrap();
}

#[test]
fn round_begun_on_one_phone_goes_on_where_it_stopped_on_another() {
    let office = Office::open(&Clock::start());
    let (first, second) = (Phone::joined(&office, RT5, 1), Phone::joined(&office, RT5, 2));
    let road = Road::to(&office);
    let round = first.store.begin_round(RecordId(clock::new_id()), &first.area, None, now(&first)).unwrap();
    let (one, other) = (first.register().worker, first.register().worker);
    visit(&first, "Rumah hijau", Some(one), "registered");
    visit(&first, "Rumah kosong", None, "nobody_home");
    assert_eq!(first.sync(&road).unwrap().refused, 0);
    second.sync(&road).unwrap();

    let view = second.store.round(round).unwrap();
    assert_eq!(view, first.store.round(round).unwrap(), "what is left is the same on both");
    assert_eq!((view.progress.doors, view.progress.again, view.progress.workers_visited), (2, 1, 1));
    assert_eq!(view.last.unwrap().door.as_deref(), Some("Rumah kosong"));
    let today = local_date(now(&second), &second.area);
    let left = second.store.not_visited(round, None, 10, today).unwrap().rows;
    assert_eq!(left.iter().map(|row| row.id).collect::<Vec<_>>(), [other]);

    // the next day
    second.clock.pass(24 * 3600);
    visit(&second, "rumah KOSONG", Some(other), "already_member");
    assert_eq!(second.sync(&road).unwrap().refused, 0);
    first.sync(&road).unwrap();
    let view = first.store.round(round).unwrap();
    assert_eq!((view.progress.doors, view.progress.again, view.progress.workers_visited), (2, 0, 2));
    let last = view.last.unwrap();
    assert_eq!((last.outcome, last.visits), (VisitOutcome::AlreadyMember, 2));
    let picture = first.store.coverage(None, CoverageLevel::Rt, None, today).unwrap();
    let numbers = picture.total;
    assert_eq!((numbers.counts.registered, numbers.workers_visited, numbers.never_visited), (2, 2, 0));
    assert_eq!(numbers.counts.covered_now(), 0, "registered is not covered");
}
