//! M12, outreach: planned and held without a signal, continued on another phone, attendees become registrations once.

use crate::common::{Office, RW, quiet, refusal, someone};
use payung_system_tests::{Phone, ledger::text};
use serde_json::{Value, json};

fn plan(phone: &mut Phone, fields: &Value) -> Result<String, (String, Vec<(String, String)>)> {
    match phone.ask(&json!({"do": "plan_session", "fields": fields})) {
        Ok(planned) => Ok(text(&planned, "record")),
        refused => Err(refusal(refused)),
    }
}

fn sessions(phone: &mut Phone) -> Vec<Value> {
    phone.ask(&json!({"do": "sessions"})).unwrap().as_array().unwrap().clone()
}

#[test]
fn session_planned_on_one_phone_is_held_on_another_and_who_came_is_registered_once() {
    let mut office = Office::open(81);
    let (mut first, _) = office.phone("satu");
    let (mut second, _) = office.phone("dua");
    let when = "2199-12-01T12:30:00Z";
    // what cannot be a plan
    let wrong = |fields: &Value, phone: &mut Phone| plan(phone, fields).unwrap_err().1;
    assert_eq!(wrong(&json!({"when": when, "place": " "}), &mut first), [("place".to_owned(), "required".to_owned())]);
    let topic = json!({"when": when, "place": "Balai RW", "topics": "kartu sulap"});
    assert_eq!(wrong(&topic, &mut first), [("topics".to_owned(), "topic_unknown".to_owned())]);
    assert_eq!(wrong(&json!({"place": "Balai RW"}), &mut first)[0].0, "when");

    let session = plan(&mut first, &json!({"when": when, "place": "Balai RW 003", "topics": "kartu iuran"})).unwrap();
    quiet(&mut [&mut first, &mut second]);
    let shown = sessions(&mut second);
    assert_eq!((text(&shown[0], "state"), text(&shown[0], "place")), ("planned".to_owned(), "Balai RW 003".to_owned()));
    assert_eq!(shown[0]["topics"].as_array().unwrap().len(), 2);
    // it rains: the other official moves it
    plan(&mut second, &json!({"when": when, "place": "Masjid", "corrects": session})).unwrap();

    // without a signal: who came, on both phones
    let person = someone(0);
    let came = |name: &str| json!({"do": "attend", "fields": {"session": session, "name": name, "phone": person.phone, "home": "RT 001"}});
    second.ask(&came(&person.name)).unwrap();
    first.ask(&came("Ibu Sukarti Contoh")).unwrap();
    assert_eq!(refusal(first.ask(&came(" "))).1, [("name".to_owned(), "required".to_owned())]);
    let nowhere = json!({"do": "attend", "fields": {"session": "0193f000-0000-7000-8000-000000000000", "name": "X Y"}});
    assert_eq!(refusal(first.ask(&nowhere)).0, "not_found");
    quiet(&mut [&mut first, &mut second]);
    for phone in [&mut first, &mut second] {
        let shown = sessions(phone);
        assert_eq!(
            (shown.len(), text(&shown[0], "state"), text(&shown[0], "place")),
            (1, "held".to_owned(), "Masjid".to_owned())
        );
        assert_eq!((shown[0]["came"].as_u64(), shown[0]["registered"].as_u64()), (Some(2), Some(0)));
    }

    // one becomes a registration: the form knows what was said, and there is one form only
    let attendees = sessions(&mut first)[0]["attendees"].clone();
    let hers =
        attendees.as_array().unwrap().iter().find(|one| one["name"] == person.name.as_str()).unwrap()["record"].clone();
    let open = |phone: &mut Phone| phone.ask(&json!({"do": "open_attendee_form", "attendance": hers}));
    let form = open(&mut first).unwrap()["draft"].clone();
    assert_eq!(open(&mut first).unwrap()["draft"], form);
    for (field, value) in person.form() {
        first.ask(&json!({"do": "type", "draft": form, "field": field, "value": value})).unwrap();
    }
    first.ask(&json!({"do": "register", "draft": form, "area": format!("{RW}.001")})).unwrap();
    assert_eq!(refusal(open(&mut first)).1, [("attendance".to_owned(), "attendee_registered".to_owned())]);
    quiet(&mut [&mut first, &mut second]);
    assert_eq!(sessions(&mut second)[0]["registered"].as_u64(), Some(1));
    assert_eq!(refusal(open(&mut second)).1[0].1, "attendee_registered", "on the other phone, too");

    // another is cancelled: nobody is written down for it any more
    let other = plan(&mut first, &json!({"when": when, "place": "Pos ronda"})).unwrap();
    plan(&mut first, &json!({"when": when, "place": "Pos ronda", "plan": "cancelled", "corrects": other})).unwrap();
    let late = json!({"do": "attend", "fields": {"session": other, "name": "Bapak Terlambat"}});
    assert_eq!(refusal(first.ask(&late)).1, [("session".to_owned(), "session_cancelled".to_owned())]);
}
