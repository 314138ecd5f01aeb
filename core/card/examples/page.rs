//! What the page that verifies cards is built and judged by: `words` writes the words of the core, `cases` cards with what the core says of
//! each.
//!
//! `cargo run -p payung-card --example page -- words|cases FILE`

use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use payung_card::{
    Card, CardKeys, Clock, IssuerKey, Light, QrCode, StatusList, armoured, issue, verify,
    words::{self, ASK, CARE, GREEN, LABELS, NO_CODE, REASONS},
};
use payung_domain::{
    calendar::{Month, Zone},
    region::RegionCode,
};
use payung_people::{
    card::{LIST, card, issuer, keys},
    person,
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, env, error::Error, fs};

const CARDS: u64 = 200;

fn main() -> Result<(), Box<dyn Error>> {
    let told = match env::args().nth(1).as_deref() {
        Some("words") => words(),
        Some("cases") => cases()?,
        _ => return Err("words or cases?".into()),
    };
    let file = env::args_os().nth(2).ok_or("into which file?")?;
    Ok(fs::write(file, told.to_string())?)
}

fn words() -> Value {
    let months: Vec<String> = (1..=12)
        .filter_map(|month| Month::new(2026, month))
        .map(|month| month.indonesian().split(' ').next().unwrap_or_default().to_owned())
        .collect();
    let zones: BTreeMap<String, i32> = (11..100)
        .filter_map(|code| RegionCode::parse(&code.to_string()).ok())
        .map(|code| (code.to_string(), Zone::from(&code).offset().local_minus_utc() / 3600))
        .collect();
    let lights = [Light::Green, Light::Amber, Light::Red];
    let headings: BTreeMap<&str, &str> =
        lights.into_iter().map(|light| (light.code(), words::heading(light))).collect();
    let reasons: BTreeMap<&str, &str> = REASONS.into_iter().collect();
    json!({
        "headings": headings, "green": GREEN, "ask": ASK, "care": CARE, "no_code": NO_CODE, "reasons": reasons,
        "labels": LABELS, "months": months, "zones": zones,
    })
}

struct World {
    today: NaiveDate,
    issuer: IssuerKey,
    keys: CardKeys,
    lists: Vec<StatusList>,
    cases: Vec<Value>,
}

impl World {
    /// A card's text, judged on a day with the first so many lists.
    fn case(&mut self, name: &str, text: &str, today: NaiveDate, sure: bool, lists: usize) {
        let verdict = verify(text, &self.keys, &self.lists[..lists], Clock { today, sure });
        let facts: Vec<Value> =
            verdict.card().map(words::facts).unwrap_or_default().into_iter().map(|(_, value)| value.into()).collect();
        self.cases.push(json!({
            "name": name, "text": text, "today": today, "sure": sure, "lists": lists,
            "light": verdict.light().code(), "codes": verdict.codes(), "sentences": words::sentences(&verdict), "facts": facts,
        }));
    }

    fn text(&self, card: &Card) -> Result<String, Box<dyn Error>> {
        Ok(issue(card, &self.issuer)?.as_str().to_owned())
    }
}

fn at(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

fn cases() -> Result<Value, Box<dyn Error>> {
    let today = NaiveDate::from_ymd_opt(2026, 11, 23).ok_or("no such day")?;
    let days = |days| today.checked_add_days(Days::new(days)).ok_or("no such day");
    let (issuer, stranger) = (issuer(7), issuer(8));
    let keys = keys(std::slice::from_ref(&issuer), today);
    let mut list = StatusList::new(LIST, 1_000_000, at(today))?;
    let revoked = card(&person(20, 500, "330224", today), 500, today);
    list.revoke(revoked.status.index)?;
    let mut world = World { today, issuer, keys, lists: vec![list], cases: Vec::new() };
    let mut rng = fastrand::Rng::with_seed(4);
    for i in 0..CARDS {
        let card = card(&person(20, i, "330224", today), i, today);
        let text = world.text(&card)?;
        world.case("good", &text, today, true, 1);
        for _ in 0..4 {
            let mut changed = text.clone().into_bytes();
            let place = rng.usize(..changed.len());
            changed[place] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"[rng.usize(..45)];
            world.case("changed", &String::from_utf8(changed)?, today, true, 1);
        }
        world.case("cut", &text[..rng.usize(..text.len())], today, true, 1);
        if i % 10 == 0 {
            world.case("stranger's", issue(&card, &stranger)?.as_str(), today, true, 1);
            world.case("expired", &text, days(366)?, true, 1);
            world.case("last day", &text, days(365)?, true, 1);
            world.case("paid until", &text, days(300)?, true, 1);
            world.case("from the future", &text, today.pred_opt().ok_or("no such day")?, true, 1);
            world.case("or the clock is wrong", &text, today.pred_opt().ok_or("no such day")?, false, 1);
            world.case("unsure clock", &text, today, false, 1);
            world.case("no list", &text, today, true, 0);
            world.case("list of a week", &text, days(7)?, true, 1);
            world.case("old list", &text, days(8)?, false, 1);
            let later = Card { covered_from: days(20)?, ..card.clone() };
            let later = Card { paid_to: Month::of(later.covered_from).add_months(2), ..later };
            world.case("starts later", &world.text(&later)?, today, true, 1);
            let papua = Card { area: "94.01.01.1001".parse()?, ..card.clone() };
            world.case("another zone", &world.text(&papua)?, today, true, 1);
            let old = Card { issued: today - chrono::TimeDelta::days(400), ..card.clone() };
            world.case("key not valid", &world.text(&old)?, today, true, 1);
            let elsewhere = payung_card::StatusRef { index: 1_000_000, ..card.status.clone() };
            world.case("unlisted", &world.text(&Card { status: elsewhere, ..card.clone() })?, today, true, 1);
        }
    }
    let text = world.text(&revoked)?;
    world.case("revoked", &text, today, true, 1);
    world.case("revoked and expired", &text, days(366)?, true, 1);
    for (name, text) in
        [("nothing", ""), ("a link", "HTTPS://EXAMPLE.ID/"), ("lower case", "abc"), ("long", &"A".repeat(5000))]
    {
        world.case(name, text, today, true, 1);
    }
    let lists = world
        .lists
        .iter()
        .map(|list| Ok(armoured(&list.sign(&world.issuer)?)))
        .collect::<Result<Vec<_>, payung_card::CardError>>()?;
    let root = payung_people::card::issuer(200);
    let good = card(&person(20, 0, "330224", today), 0, today);
    let code = QrCode::of(&issue(&good, &world.issuer)?)?;
    let picture = |scale: usize| Ok((scale.to_string(), STANDARD.encode(code.png(scale)?)));
    let pictures = [2, 4, 9].into_iter().map(picture).collect::<Result<BTreeMap<_, _>, payung_card::CardError>>()?;
    Ok(json!({
        "root": root.public().fingerprint().to_string(), "keys": armoured(&world.keys.sign(&root)?), "lists": lists,
        "today": world.today, "cases": world.cases, "pictures": pictures,
    }))
}
