use super::*;
use serde_json::json;

fn agreement() -> Agreement {
    let body = json!({
        "number": "CSR-2026-01", "sponsor": "PT Contoh", "payer": "csr", "quota": 50, "months": 6,
        "start_month": "2026-12", "programs": ["jkk", "jkm"], "share": 5, "taken": 48, "sector": null,
    });
    Agreement::of(&Body::from_iter(body.as_object().expect("an object").clone())).expect("an agreement")
}

fn claim() -> Claim {
    let cover = json!({
        "agreement": " CSR-2026-01 ", "payer": "csr", "programs": ["jkk", "jkm"], "start_month": "2026-12", "months": 6,
    });
    Claim::of(&cover).expect("a claim")
}

fn area() -> Area {
    Area::parse("33.02.24.1001.005.003").expect("an RT")
}

#[test]
fn claim_fits_or_the_first_thing_that_does_not_is_told() {
    let here = area();
    let who = Claimant { area: &here, transport: false, ecosystem: Some("Koperasi Nira") };
    assert_eq!(agreement().fits(&claim(), who), Ok(()));
    let month = |text: &str| Month::parse(text).expect("a month");
    let mut cases: Vec<(Agreement, Claim, Unfit)> = Vec::new();
    let mut other = |change: &dyn Fn(&mut Agreement, &mut Claim), unfit: Unfit| {
        let (mut agreement, mut claim) = (agreement(), claim());
        change(&mut agreement, &mut claim);
        cases.push((agreement, claim, unfit));
    };
    other(&|agreement, _| agreement.ended = NaiveDate::from_ymd_opt(2026, 11, 1), Unfit::Ended);
    other(&|_, claim| claim.payer = Payer::Apbd, Unfit::Payer);
    other(&|_, claim| claim.programs = Programs::with_jht(), Unfit::Programs);
    other(&|agreement, _| agreement.months = 5, Unfit::TooLong);
    other(&|_, claim| claim.first = month("2026-11"), Unfit::TooEarly);
    other(&|_, claim| claim.first = month("2027-01"), Unfit::AfterEnd);
    other(&|agreement, _| agreement.sector = Some(SponsoredSector::Transport), Unfit::Sector);
    other(&|agreement, _| agreement.areas = vec![Area::parse("33.02.24.1002").expect("a village")], Unfit::Area);
    other(&|agreement, _| agreement.ecosystem = Some("PT Lain".to_owned()), Unfit::Ecosystem);
    for (agreement, claim, unfit) in &cases {
        assert_eq!(agreement.fits(claim, who), Err(*unfit));
        assert_eq!(Unfit::from_code(unfit.code()), Some(*unfit));
        assert!(unfit.sentence().ends_with('.'));
    }
    let own = Agreement { ecosystem: Some("koperasi nira".to_owned()), ..agreement() };
    assert_eq!(own.fits(&claim(), who), Ok(()));
    // with a last month of its own a person may come later
    let longer = Agreement { end_month: Some(month("2027-11")), ..agreement() };
    let later = Claim { first: month("2027-06"), ..claim() };
    assert_eq!((longer.fits(&later, who), later.last()), (Ok(()), month("2027-11")));
}

#[test]
fn phone_counts_on_its_share_of_what_is_left_and_no_more() {
    let agreement = agreement();
    assert_eq!((agreement.left(), agreement.left_here(0), agreement.left_here(3)), (2, 2, -1));
    assert_eq!(Agreement { taken: 0, ..agreement.clone() }.left_here(1), 4);
    assert_eq!(Agreement { taken: 51, ..agreement }.left_here(0), 0);
}

#[test]
fn end_is_told_a_month_ahead() {
    let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
    let agreement = agreement();
    assert_eq!(agreement.last_month().to_string(), "2027-05");
    assert!(!agreement.ends_soon(day("2027-04-29")));
    assert!(agreement.ends_soon(day("2027-04-30")) && agreement.ends_soon(day("2027-08-01")));
    assert!(!Agreement { ended: Some(day("2027-01-01")), ..agreement }.ends_soon(day("2027-05-01")));
}

#[test]
fn cover_without_agreement_or_of_another_shape_claims_nothing() {
    for cover in [
        json!({ "payer": "self", "programs": ["jkk"], "start_month": "2026-12", "months": 1 }),
        json!({ "agreement": " ", "payer": "csr", "programs": ["jkk"], "start_month": "2026-12", "months": 1 }),
        json!({ "agreement": "A", "payer": "csr", "programs": ["jkk"], "start_month": "2026-13", "months": 1 }),
        json!({ "agreement": "A", "payer": "csr", "programs": ["jkk"], "start_month": "2026-12", "months": 0 }),
        json!("A"),
    ] {
        assert_eq!(Claim::of(&cover), None, "{cover}");
    }
}

#[test]
fn agreement_that_is_not_whole_is_none() {
    for (field, value) in [
        ("number", json!("")),
        ("sponsor", json!(" ")),
        ("payer", json!("self")),
        ("months", json!(0)),
        ("quota", json!(-1)),
        ("programs", json!(["jkk"])),
        ("end_month", json!("2026-11")),
    ] {
        let mut body: Body = match serde_json::to_value(agreement()) {
            Ok(Value::Object(map)) => map.into_iter().collect(),
            _ => panic!("an object"),
        };
        assert!(Agreement::of(&body).is_some());
        body.insert(field.to_owned(), value);
        assert_eq!(Agreement::of(&body), None, "{field}");
    }
}
