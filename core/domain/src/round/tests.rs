use super::*;
use serde_json::json;
use uuid::Uuid;

fn id(number: u128) -> RecordId {
    RecordId(Uuid::from_u128(number))
}

fn at(hour: u32) -> DateTime<Utc> {
    format!("2026-11-23T{hour:02}:00:00Z").parse().unwrap()
}

fn visit(number: u128, hour: u32, door: &str, worker: Option<u128>, outcome: &str) -> Visit {
    let mut body = Body::from([
        ("outcome".to_owned(), outcome.into()),
        ("at".to_owned(), at(hour).to_rfc3339().into()),
        ("door".to_owned(), door.into()),
    ]);
    body.extend(worker.map(|worker| ("worker".to_owned(), json!(id(worker)))));
    Visit::of(id(number), &body).unwrap()
}

fn told(doors: &RoundDoors) -> Vec<(Option<&str>, &str, u32)> {
    doors.doors.iter().map(|door| (door.door.as_deref(), door.last.outcome.as_str(), door.visits)).collect()
}

#[test]
fn door_stands_where_its_last_visit_left_it_and_the_last_door_is_where_the_round_stopped() {
    let visits = vec![
        visit(1, 8, "Rumah hijau", None, "nobody_home"),
        visit(2, 9, "Warung Bu Tarwen", Some(101), "registered"),
        visit(3, 10, "RUMAH  HIJAU", Some(102), "come_back"),
        visit(4, 7, "Kemarin", None, "nobody_home"),
    ];
    let round = doors(at(8), visits.clone());
    assert_eq!(told(&round), [(Some("Warung Bu Tarwen"), "registered", 1), (Some("RUMAH  HIJAU"), "come_back", 2),]);
    assert_eq!(round.open().count(), 1);
    assert_eq!(round.visited, [id(101), id(102)].into());
    assert_eq!(round.count(&VisitOutcome::Registered), 1);
    assert_eq!(doors(at(0), visits).doors.len(), 3);
}

#[test]
fn person_without_a_door_is_a_door_and_gets_its_name_when_it_is_told() {
    let round = doors(
        at(0),
        vec![
            visit(1, 8, "", Some(101), "nobody_home"),
            visit(2, 9, "Rumah biru", Some(101), "registered"),
            visit(3, 10, "Rumah lain", Some(101), "refused"),
            visit(4, 11, "", Some(101), "come_back"),
        ],
    );
    assert_eq!(told(&round), [(Some("Rumah biru"), "registered", 2), (Some("Rumah lain"), "come_back", 2)]);
}

#[test]
fn corrected_visit_does_not_count_and_unknown_outcomes_do() {
    let mut right = visit(2, 9, "Rumah hijau", None, "refused");
    right.corrects = Some(id(1));
    let newer = visit(3, 10, "Rumah biru", None, "moved_away");
    let round = doors(at(0), vec![visit(1, 8, "Rumah salah", None, "nobody_home"), right, newer]);
    assert_eq!(told(&round), [(Some("Rumah hijau"), "refused", 1), (Some("Rumah biru"), "moved_away", 1)]);
    assert_eq!(round.open().count(), 0);
}

#[test]
fn visit_that_cannot_be_read_is_none_and_its_door_stays_out_of_debug() {
    assert_eq!(Visit::of(id(1), &Body::from([("outcome".to_owned(), "refused".into())])), None);
    assert!(!format!("{:?}", visit(1, 8, "Rumah Bu Tarwen", None, "refused")).contains("Tarwen"));
}
