use super::*;
use uuid::Uuid;

/// 22 November 2026, 17.00 in Purwokerto.
fn context(area: &Area) -> CaptureContext<'_> {
    CaptureContext {
        now: "2026-11-22T10:00:00Z".parse().expect("a time"),
        area,
        official: OfficialId(Uuid::from_u128(7)),
        table: ContributionTable::builtin(),
        nik_on_this_phone: false,
        membership: Membership::First,
    }
}

fn area() -> Area {
    Area::parse("33.02.24.1001.003.005").expect("an area")
}

/// A complete form, as an official types it.
fn form() -> WorkerDraft {
    let fields = json!({
        "nik": "3302241505809001",
        "name": "sutini  wati",
        "birth.place": "Banyumas",
        "mother_name": "Karsem",
        "home.line": "Gang Melati 4",
        "phone": "0812-3456-7890",
        "occupations.first": penderes(),
        "income": "1.100.000",
        "cover.months": 3,
        "heirs": [{"name": "Tarmo", "relation": "husband"}],
        "declaration.independent": true,
        "declaration.healthy": true,
        "consent.text_version": "2026-1",
        "consent.language": "id",
        "consent.read_by": "official",
    });
    WorkerDraft { fields: serde_json::from_value(fields).expect("an object") }
}

fn penderes() -> String {
    occupation::search("penderes", 1)[0].code.clone()
}

fn with(field: &str, value: Value) -> WorkerDraft {
    let mut draft = form();
    draft.fields.insert(field.to_owned(), value);
    draft
}

fn errors(draft: &WorkerDraft) -> Vec<(String, String)> {
    let area = area();
    let errors = draft.validate(&context(&area)).expect_err("something is wrong");
    errors.into_iter().map(|error| (error.field, error.code)).collect()
}

fn error(field: &str, code: &str) -> Vec<(String, String)> {
    vec![(field.to_owned(), code.to_owned())]
}

#[test]
fn complete_form_becomes_a_registration_with_what_the_nik_tells() {
    let area = area();
    let registration = form().validate(&context(&area)).expect("complete");
    assert_eq!(registration.worker["name"], "SUTINI WATI");
    assert_eq!(registration.worker["birth"], json!({"date": "1980-05-15", "place": "Banyumas", "sex": "male"}));
    assert_eq!(registration.worker["phone"], "+6281234567890");
    assert_eq!(registration.worker["home"]["village"], "33.02.24.1001");
    assert_eq!(registration.worker["home"]["rt"], "005");
    assert_eq!(registration.enrollment["cover"]["start_month"], "2026-11");
    assert_eq!(registration.enrollment["cover"]["monthly_income"], 1_100_000);
    // tier 2, two months at half price (November and December 2026) and one at full
    assert_eq!(registration.quote.total, 9_400 + 9_400 + 18_800);
    assert!(registration.warnings.is_empty());
}

#[test]
fn wrong_nik_is_told_at_its_field() {
    assert_eq!(errors(&with("nik", json!("330224150580900"))), error("nik", "nik_length"));
    assert_eq!(errors(&with("nik", json!("3302241505800000"))), error("nik", "nik_serial"));
}

#[test]
fn odd_date_in_a_nik_is_taken_once_typed_again() {
    let odd = "3302243505809001";
    assert_eq!(errors(&with("nik", json!(odd))), error("nik", "nik_day"));
    let mut draft = with("nik", json!(odd));
    draft.fields.insert("confirmed.nik".to_owned(), json!("3302 2435 0580 9001"));
    draft.fields.insert("birth.date".to_owned(), json!("1980-05-15"));
    draft.fields.insert("birth.sex".to_owned(), json!("male"));
    let area = area();
    assert!(draft.validate(&context(&area)).is_ok());
    draft.fields.insert("confirmed.nik".to_owned(), json!("3302243505809002"));
    assert_eq!(errors(&draft), error("nik", "nik_day"));
}

#[test]
fn impossible_birth_date_is_told_at_its_field() {
    assert_eq!(errors(&with("birth.date", json!("1980-02-30"))), error("birth.date", "date_invalid"));
}

#[test]
fn income_that_is_not_a_number_is_told_at_its_field() {
    let told = errors(&with("income", json!("banyak")));
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, "income");
}

#[test]
fn day_rate_times_days_is_a_months_income() {
    let mut draft = with("income", json!("75.000"));
    draft.fields.insert("income.days".to_owned(), json!("20"));
    let area = area();
    let registration = draft.validate(&context(&area)).expect("complete");
    assert_eq!(registration.enrollment["cover"]["monthly_income"], 1_500_000);
}

#[test]
fn person_of_65_is_refused_and_one_day_younger_is_not() {
    // 65 on 23 November 2026: still 64 on the 22nd
    let area = area();
    assert!(with("nik", json!("3302242311619001")).validate(&context(&area)).is_ok());
    assert_eq!(errors(&with("nik", json!("3302242211619001"))), error("birth.date", "age_65"));
}

#[test]
fn declarations_are_needed() {
    assert_eq!(errors(&with("declaration.healthy", json!(false))), error("declaration.healthy", "not_healthy"));
    assert_eq!(errors(&with("declaration.independent", json!(false))), error("declaration.independent", "not_working"));
}

#[test]
fn every_missing_field_is_told_at_once() {
    let area = area();
    let told = WorkerDraft::default().validate(&context(&area)).expect_err("empty");
    let fields: Vec<&str> = told.iter().map(|error| error.field.as_str()).collect();
    for field in ["nik", "name", "mother_name", "occupations.first", "heirs", "income", "consent.text_version"] {
        assert!(fields.contains(&field), "{field} not in {fields:?}");
    }
    let mut once = fields.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), fields.len(), "told twice: {fields:?}");
}

#[test]
fn last_evening_of_the_year_is_still_december_in_purwokerto() {
    let area = area();
    let mut at = context(&area);
    at.now = "2026-12-31T16:30:00Z".parse().expect("a time");
    let evening = form().validate(&at).expect("complete");
    assert_eq!(evening.enrollment["cover"]["start_month"], "2026-12");
    at.now = "2026-12-31T17:30:00Z".parse().expect("a time");
    let night = form().validate(&at).expect("complete");
    assert_eq!(night.enrollment["cover"]["start_month"], "2027-01");
}

#[test]
fn debug_shows_no_value() {
    let area = area();
    let shown = format!("{:?} {:?}", form(), form().validate(&context(&area)));
    assert!(!shown.contains("3302241505809001") && !shown.to_lowercase().contains("sutini"), "{shown}");
}

#[test]
fn typed_rt_stands_where_the_village_was_not_typed() {
    let (area, mut form) = (area(), form());
    form.fields.insert("home.rt".to_owned(), json!("007"));
    let home = form.validate(&context(&area)).expect("complete").worker["home"].clone();
    assert_eq!((&home["village"], &home["rw"], &home["rt"]), (&json!("33.02.24.1001"), &json!("003"), &json!("007")));
}

fn november() -> Month {
    Month::new(2026, 11).expect("a month")
}

fn price(fields: Value) -> Result<Breakdown, Vec<FieldError>> {
    let form = WorkerDraft { fields: serde_json::from_value(fields).expect("an object") };
    form.price(ContributionTable::builtin(), november())
}

#[test]
fn price_is_told_before_the_rest_of_the_form_is_filled_in() {
    let typed = json!({"income": "1.000.000", "occupations.first": penderes(), "cover.months": 12});
    let told = price(typed).expect("enough");
    assert_eq!((told.quote.total, told.lines.len()), (184_800, 2));
    let driver = occupation::search("ojek", 1)[0];
    assert!(driver.transport);
    let typed = json!({"income": "40.000", "income.days": "25", "occupations.first": driver.code, "cover.months": 12,
        "cover.start_month": "2026-12"});
    assert_eq!(price(typed).expect("enough").quote.total, 168_000);
}

#[test]
fn price_names_what_it_lacks_and_guesses_nothing() {
    let codes = |fields| -> Vec<(String, String)> {
        let errors = price(fields).expect_err("not enough");
        errors.into_iter().map(|error| (error.field, error.code)).collect()
    };
    let told = |field: &str, code: &str| (field.to_owned(), code.to_owned());
    assert_eq!(codes(json!({})), [told("occupations.first", "required"), told("income", "required")]);
    let typed = json!({"income": "sedikit", "occupations.first": "pekerjaan_baru", "cover.months": 3});
    assert_eq!(codes(typed), [told("occupations.first", "occupation_unknown"), told("income", "income_not_a_number")]);
    let typed = json!({"income": "1 juta", "occupations.first": penderes(), "cover.months": 2});
    assert_eq!(codes(typed), [told("cover.months", "term_not_offered")]);
    let typed = json!({"income": "1 juta", "occupations.first": penderes(), "cover.months": 3, "employer": true});
    assert_eq!(codes(typed), [told("cover.programs", "jht_compulsory")]);
}

#[test]
fn official_who_registers_themself_is_known_as_the_official() {
    let (area, mut form) = (area(), form());
    assert_eq!(form.validate(&context(&area)).expect("complete").worker.get("official"), None);
    form.fields.insert("self".to_owned(), json!(true));
    let worker = form.validate(&context(&area)).expect("complete").worker;
    assert_eq!(worker["official"], json!(Uuid::from_u128(7).to_string()));
}

#[test]
fn consent_text_that_there_is_not_is_refused() {
    let wrong = with("consent.text_version", json!("2019-9"));
    assert_eq!(errors(&wrong), error("consent.text_version", "consent_unknown"));
}
