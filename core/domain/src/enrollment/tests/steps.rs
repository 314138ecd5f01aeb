//! What each step asks for and leaves behind.

use super::*;

fn step(
    state: &EnrollmentState,
    event: &EnrollmentEvent,
    actor: Actor,
    day: &str,
    evidence: Evidence,
) -> Result<EnrollmentState, &'static str> {
    next(state, event, actor, &on(day, evidence)).map_err(|error| error.code())
}

fn pay(state: &EnrollmentState, day: &str, from: Option<&str>, until: &str) -> Result<EnrollmentState, &'static str> {
    let evidence = Evidence::Payment { from: from.map(date), until: month(until) };
    step(state, &EnrollmentEvent::Pay, Actor::BranchFile, day, evidence)
}

fn number(
    state: &EnrollmentState,
    day: &str,
    kpj: &str,
    payment_code: PaymentCode,
) -> Result<EnrollmentState, &'static str> {
    let evidence = Evidence::Number { kpj: Kpj::parse(kpj).unwrap(), payment_code };
    step(state, &EnrollmentEvent::Number, Actor::BranchFile, day, evidence)
}

fn export(state: &EnrollmentState, id: &str) -> Result<EnrollmentState, &'static str> {
    let evidence = Evidence::Export { export_id: id.to_owned() };
    step(state, &EnrollmentEvent::Export, Actor::BranchOperator, "2026-11-22", evidence)
}

fn renew(state: &EnrollmentState, months: u32, still_working: bool) -> Result<EnrollmentState, &'static str> {
    let evidence = Evidence::Renewal { months, payer: crate::contribution::Payer::SelfPaid, still_working };
    step(state, &EnrollmentEvent::Renew, Actor::Official, "2026-11-22", evidence)
}

#[test]
fn submit_asks_for_cover_declaration_and_consent() {
    for (cover, declaration, consent, fault) in [
        (false, true, true, "cover_invalid"),
        (true, false, true, "declaration_invalid"),
        (true, true, false, "consent_invalid"),
    ] {
        let evidence = Evidence::Submission { cover, declaration, consent };
        let told = step(&at("-"), &EnrollmentEvent::Submit, Actor::Official, "2026-11-22", evidence);
        assert_eq!(told, Err(fault));
    }
}

#[test]
fn open_conflict_or_duplicate_review_blocks_verify_and_export() {
    for (flag, fault) in
        [(EnrollmentFlag::ConflictOpen, "conflict_open"), (EnrollmentFlag::DuplicateReview, "duplicate_review")]
    {
        let mut received = at("received");
        received.flags.insert(flag.clone());
        let told = step(&received, &EnrollmentEvent::Verify, Actor::BranchOperator, "2026-11-22", Evidence::None);
        assert_eq!(told, Err(fault));
        let mut verified = at("verified");
        verified.flags.insert(flag.clone());
        assert_eq!(export(&verified, "export-1"), Err(fault));
        let mut renewal = renewing("lapsing");
        renewal.flags.insert(flag);
        assert_eq!(export(&renewal, "export-2"), Err(fault));
    }
}

#[test]
fn return_and_every_closing_ask_for_a_reason() {
    for event in [EnrollmentEvent::Return, EnrollmentEvent::Leave, EnrollmentEvent::Refuse, EnrollmentEvent::Died] {
        for blank in ["", "  "] {
            let told =
                step(&at("received"), &event, Actor::BranchOperator, "2026-11-22", Evidence::Reason(reason(blank)));
            assert_eq!(told, Err("reason_missing"), "{event}");
        }
    }
    let refused = step(
        &at("numbered"),
        &EnrollmentEvent::Refuse,
        Actor::BranchOperator,
        "2026-11-22",
        Evidence::Reason(reason("already_member")),
    )
    .unwrap();
    assert_eq!(refused.returned, Some(reason("already_member")), "the official can read why");
    assert_eq!(refused.payment_code, None, "nobody pays for what is closed");
}

#[test]
fn resubmit_asks_for_a_change_or_a_note() {
    let resubmit = |fact_changed, noted| {
        let evidence = Evidence::Resubmission { fact_changed, noted };
        step(&at("returned"), &EnrollmentEvent::Resubmit, Actor::Official, "2026-11-22", evidence)
    };
    assert_eq!(resubmit(false, false), Err("nothing_changed"));
    assert_eq!(resubmit(true, false).unwrap().returned, None);
    assert_eq!(resubmit(false, true).unwrap().returned, None);
}

#[test]
fn nothing_is_exported_twice() {
    let submitted = export(&at("verified"), "export-1").unwrap();
    assert_eq!(submitted.export_id.as_deref(), Some("export-1"));
    assert_eq!(export(&submitted, "export-2"), Err("transition_refused"));
    let mut odd = at("verified");
    odd.export_id = Some("export-1".to_owned());
    assert_eq!(export(&odd, "export-2"), Err("already_exported"));
    assert_eq!(export(&odd, "export-1"), Err("already_exported"));
    assert_eq!(export(&at("verified"), ""), Err("export_missing"));
}

#[test]
fn returned_by_the_branch_is_corrected_and_exported_again() {
    let reason = Evidence::Reason(reason("nik_not_found"));
    let returned = step(&at("submitted"), &EnrollmentEvent::Return, Actor::BranchFile, "2026-11-22", reason).unwrap();
    assert_eq!(
        (returned.export_id.as_deref(), returned.returned.as_ref().unwrap().code.as_str()),
        (None, "nik_not_found")
    );
    let changed = Evidence::Resubmission { fact_changed: true, noted: false };
    let received = step(&returned, &EnrollmentEvent::Resubmit, Actor::Official, "2026-11-23", changed).unwrap();
    let verified =
        step(&received, &EnrollmentEvent::Verify, Actor::KelurahanOperator, "2026-11-23", Evidence::None).unwrap();
    assert_eq!(export(&verified, "export-2").unwrap().status, Some(EnrollmentStatus::Submitted));
}

#[test]
fn new_code_replaces_only_an_expired_one() {
    let numbered = number(&at("submitted"), "2026-11-22", "24001234567", code("2026-11-28")).unwrap();
    let new = PaymentCode { code: "990099999999".to_owned(), ..code("2026-12-28") };
    assert_eq!(number(&numbered, "2026-11-28", "24001234567", new.clone()), Err("payment_code_still_valid"));
    assert_eq!(number(&numbered, "2026-11-28", "24001234567", code("2026-11-28")).as_ref(), Ok(&numbered), "replayed");
    assert!(!numbered.code_expired(date("2026-11-28")), "the last day counts");
    assert!(numbered.code_expired(date("2026-11-29")));
    let again = number(&numbered, "2026-11-29", "24001234567", new.clone()).unwrap();
    assert_eq!((again.status, again.payment_code), (Some(EnrollmentStatus::Numbered), Some(new)));
}

#[test]
fn number_asks_for_the_same_member_and_a_whole_code() {
    assert_eq!(number(&at("numbered"), "2026-11-22", "24009999999", code("2026-11-28")), Err("kpj_differs"));
    let blank = PaymentCode { code: " ".to_owned(), ..code("2026-11-28") };
    assert_eq!(number(&at("submitted"), "2026-11-22", "24001234567", blank), Err("payment_code_invalid"));
    let free = PaymentCode { amount: 0, ..code("2026-11-28") };
    assert_eq!(number(&at("submitted"), "2026-11-22", "24001234567", free), Err("payment_code_invalid"));
}

#[test]
fn first_payment_needs_the_first_day_of_cover() {
    assert_eq!(pay(&at("numbered"), "2026-11-25", None, "2027-05"), Err("cover_start_missing"));
    assert_eq!(pay(&at("numbered"), "2026-11-25", Some("2026-12-01"), "2026-11"), Err("cover_ends_before_start"));
    let paid = pay(&at("numbered"), "2026-11-25", Some("2026-12-01"), "2027-05").unwrap();
    assert_eq!(paid.covered, Some(covered("2026-12-01", "2027-05")));
    assert_eq!(paid.payment_code, None);
    assert!(!paid.is_covered(date("2026-11-30")), "paid, but not started");
    assert!(paid.is_covered(date("2026-12-01")));
    assert!(paid.is_covered(date("2027-05-31")));
    assert!(!paid.is_covered(date("2027-06-01")));
}

#[test]
fn later_payment_needs_a_later_month() {
    for until in ["2027-05", "2027-04", "2026-11"] {
        assert_eq!(pay(&at("covered"), "2026-11-25", None, until), Err("cover_not_later"), "{until}");
    }
    assert_eq!(
        pay(&at("covered"), "2026-11-25", None, "2027-06").unwrap().covered,
        Some(covered("2026-11-01", "2027-06"))
    );
}

#[test]
fn early_renewal_keeps_the_days_already_paid() {
    let paid = pay(&at("lapsing"), "2026-11-22", Some("2026-12-01"), "2027-05").unwrap();
    assert_eq!(paid.covered, Some(covered("2026-01-01", "2027-05")));
    assert!(paid.is_covered(date("2026-11-23")));
}

#[test]
fn first_day_after_a_gap_is_not_covered_before() {
    let paid = pay(&at("arrears_1"), "2026-11-22", Some("2026-12-02"), "2027-05").unwrap();
    assert_eq!(paid.covered, Some(covered("2026-12-02", "2027-05")));
    assert!(!paid.is_covered(date("2026-11-23")));
}

#[test]
fn arrears_are_payable_for_three_months_and_ended_in_the_fourth() {
    let state = at("lapsing");
    for (day, expected) in [
        ("2026-11-30", Phase::Lapsing),
        ("2026-12-01", Phase::Arrears(1)),
        ("2027-01-31", Phase::Arrears(2)),
        ("2027-02-28", Phase::Arrears(3)),
        ("2027-03-01", Phase::Ended),
        ("2050-01-01", Phase::Ended),
    ] {
        assert_eq!(phase(&state, date(day)), expected, "{day}");
        let paid = pay(&state, day, None, "2055-01");
        assert_eq!(paid.is_ok(), expected != Phase::Ended, "{day}");
        assert_eq!(state.is_covered(date(day)), expected == Phase::Lapsing, "{day}");
    }
    assert_eq!(
        phase(&pay(&state, "2027-02-28", None, "2026-12").unwrap(), date("2027-02-28")),
        Phase::Arrears(2),
        "a part of the arrears does not cover"
    );
}

#[test]
fn payment_made_in_time_counts_though_the_file_comes_late() {
    let paid = pay(&at("lapsing"), "2027-02-28", None, "2027-06").unwrap();
    assert!(paid.is_covered(date("2027-03-05")));
}

#[test]
fn last_thirty_days_are_lapsing() {
    let state = at("covered");
    assert_eq!(phase(&state, date("2027-05-01")), Phase::Covered, "31 days, this one counted");
    assert_eq!(phase(&state, date("2027-05-02")), Phase::Lapsing, "30 days, this one counted");
    assert_eq!(phase(&state, date("2027-05-31")), Phase::Lapsing);
}

#[test]
fn renewal_is_exported_numbered_and_paid_while_the_cover_runs() {
    let day = date("2026-11-22");
    let open = renew(&at("lapsing"), 6, true).unwrap();
    assert!(open.has(&EnrollmentFlag::RenewalOpen) && open.is_covered(day));
    assert_eq!(open.export_id, None);
    assert_eq!(renew(&open, 6, true).as_ref(), Ok(&open), "asked twice is asked once");
    assert_eq!(number(&open, "2026-11-22", "24001234567", code("2026-11-28")), Err("export_missing"));

    let exported = export(&open, "export-2").unwrap();
    assert!(exported.is_covered(day));
    assert_eq!(export(&exported, "export-3"), Err("already_exported"));
    assert_eq!(renew(&exported, 12, true), Err("already_exported"));

    let numbered = number(&exported, "2026-11-22", "24001234567", code("2026-11-28")).unwrap();
    assert_eq!((phase(&numbered, day), numbered.payment_code.is_some()), (Phase::Lapsing, true));

    let paid = pay(&numbered, "2026-11-25", None, "2027-05").unwrap();
    assert_eq!(phase(&paid, day), Phase::Covered);
    assert!(!paid.has(&EnrollmentFlag::RenewalOpen));
    assert_eq!(paid.payment_code, None);
    assert_eq!(export(&paid, "export-4"), Err("transition_refused"), "no renewal, no export");
    assert!(export(&renew(&paid, 6, true).unwrap(), "export-4").is_ok(), "the next renewal has its own");
}

#[test]
fn renewal_asks_for_months_and_for_still_working() {
    assert_eq!(renew(&at("lapsing"), 0, true), Err("months_missing"));
    assert_eq!(renew(&at("lapsing"), 6, false), Err("not_working"));
}

#[test]
fn coming_back_after_ended_is_a_new_enrolment() {
    assert_eq!(renew(&at("ended"), 6, true), Err("transition_refused"));
    assert_eq!(pay(&at("ended"), "2026-11-22", None, "2027-05"), Err("transition_refused"));
}

#[test]
fn reported_death_changes_no_state_and_is_not_in_the_future() {
    let report = |day: &str| {
        step(
            &at("covered"),
            &EnrollmentEvent::ReportDeath,
            Actor::Official,
            "2026-11-22",
            Evidence::Death { date: date(day) },
        )
    };
    let reported = report("2026-11-22").unwrap();
    assert_eq!(reported.status, at("covered").status);
    assert!(reported.has(&EnrollmentFlag::DeathReported));
    assert_eq!(report("2026-11-23"), Err("death_in_future"));
}

#[test]
fn closed_or_unknown_never_counts_as_covered() {
    for name in ["closed", "newer_status"] {
        let state = EnrollmentState { covered: Some(covered("2026-01-01", "2027-12")), ..at(name) };
        assert!(!state.is_covered(date("2026-11-22")), "{name}");
    }
}

#[test]
fn state_goes_over_the_wire_with_unknown_values() {
    let text = r#"{"status":"suspended","returned":{"code":"moon","text":"x"},"payment_code":{"code":"99","amount":16800,"valid_to":"2026-11-28"},"covered":{"from":"2026-12-01","until":"2027-05"},"export_id":"e1","kpj":"24001234567","flags":["conflict_open","hologram"]}"#;
    let state: EnrollmentState = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&state).unwrap(), text);
    assert_eq!(state.status, Some(EnrollmentStatus::Other("suspended".to_owned())));
    assert_eq!(serde_json::to_string(&EnrollmentState::default()).unwrap(), "{}");
}

#[test]
fn expired_code_is_a_derived_flag() {
    let state = at("numbered");
    assert!(!state.flags_on(date("2026-11-28")).contains(&EnrollmentFlag::CodeExpired));
    assert!(state.flags_on(date("2026-11-29")).contains(&EnrollmentFlag::CodeExpired));
    let mut stored = at("received");
    stored.flags.insert(EnrollmentFlag::CodeExpired);
    assert!(stored.flags_on(date("2026-11-29")).is_empty(), "a stored one is not believed");
}

#[test]
fn member_number_and_reason_text_stay_out_of_debug() {
    let state = EnrollmentState {
        returned: Some(Reason { code: "name_mismatch".to_owned(), text: "SURATMAN".to_owned() }),
        ..at("numbered")
    };
    let debug = format!("{state:?}");
    assert!(!debug.contains("24001234567") && debug.contains("4567"));
    assert!(!debug.contains("SURATMAN") && debug.contains("name_mismatch"));
}

#[test]
fn member_number_is_eleven_digits() {
    assert_eq!(Kpj::parse("2400 1234 567").unwrap().expose(), "24001234567");
    assert_eq!(kpj().grouped(), "2400 1234 567");
    for text in ["", "2400123456", "240012345678", "2400123456a", "２４００１２３４５６７"] {
        assert_eq!(Kpj::parse(text).unwrap_err().code(), "kpj_invalid", "{text}");
    }
    assert!(serde_json::from_str::<Kpj>("\"123\"").is_err());
}
