use super::*;
use serde_json::json;
use uuid::Uuid;

fn id(n: u128) -> RecordId {
    RecordId(Uuid::from_u128(n))
}

fn fact(place: &str, more: &[(&str, serde_json::Value)]) -> Body {
    let mut body = Body::from([
        ("when".to_owned(), json!("2026-12-01T12:00:00Z")),
        ("place".to_owned(), json!(place)),
        ("topics".to_owned(), json!("kartu entah")),
    ]);
    body.extend(more.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    body
}

#[test]
fn session_is_what_its_newest_fact_says_and_keeps_its_name() {
    let (first, moved) = (fact("Balai RW", &[]), fact("Masjid", &[("corrects", json!(id(1)))]));
    let cancelled = fact("Masjid", &[("corrects", json!(id(2))), ("plan", json!("cancelled"))]);
    let other = fact("Pos ronda", &[]);
    let facts = [(id(1), &first), (id(2), &moved), (id(3), &cancelled), (id(4), &other)];
    let (all, of) = sessions(facts);
    let told: Vec<_> = all.iter().map(|one| (one.id, one.newest, one.place.as_str(), one.plan.clone())).collect();
    let wanted = [(id(1), id(3), "Masjid", SessionPlan::Cancelled), (id(4), id(4), "Pos ronda", SessionPlan::Planned)];
    assert_eq!(told, wanted);
    assert_eq!([of[&id(1)], of[&id(2)], of[&id(3)], of[&id(4)]], [id(1), id(1), id(1), id(4)]);
}

#[test]
fn ring_of_corrections_and_one_of_what_is_not_here_end() {
    let (a, b) = (fact("A", &[("corrects", json!(id(2)))]), fact("B", &[("corrects", json!(id(1)))]));
    let lost = fact("C", &[("corrects", json!(id(9)))]);
    let (all, _) = sessions([(id(1), &a), (id(2), &b), (id(3), &lost)]);
    assert!(all.iter().any(|one| one.id == id(3) && one.place == "C"));
}

#[test]
fn whoever_came_has_the_last_word_on_whether_it_was_held() {
    let now = "2026-12-02T00:00:00Z".parse().unwrap();
    let body = fact("Balai RW", &[("plan", json!("cancelled"))]);
    let session = OutreachSession::of(id(1), &body).unwrap();
    assert_eq!(SessionState::of(&session, 0, now), SessionState::Cancelled);
    assert_eq!(SessionState::of(&session, 2, now), SessionState::Held);
    let planned = OutreachSession { plan: SessionPlan::Planned, ..session };
    assert_eq!(SessionState::of(&planned, 0, now), SessionState::Past);
    assert_eq!(SessionState::of(&planned, 0, "2026-11-30T00:00:00Z".parse().unwrap()), SessionState::Planned);
    assert_eq!(planned.topic_titles(&lesson::Language::Indonesian)[1], "entah");
}

#[test]
fn fact_without_time_or_place_is_no_session() {
    for broken in [fact(" ", &[]), fact("A", &[("when", json!("besok"))])] {
        assert_eq!(OutreachSession::of(id(1), &broken), None);
    }
}
