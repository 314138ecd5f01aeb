//! Any history of events.

use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
struct Try {
    event: EnrollmentEvent,
    actor: Actor,
    proof: Proof,
}

fn day() -> impl Strategy<Value = NaiveDate> {
    (0_u64..800).prop_map(|days| date("2026-01-01") + chrono::Days::new(days))
}

fn evidence() -> impl Strategy<Value = Evidence> {
    let payment_code =
        (0_u32..3, day()).prop_map(|(n, valid_to)| PaymentCode { code: format!("9900{n}"), amount: 16_800, valid_to });
    prop_oneof![
        Just(Evidence::None),
        any::<[bool; 3]>().prop_map(|[cover, declaration, consent]| Evidence::Submission {
            cover,
            declaration,
            consent
        }),
        any::<[bool; 2]>().prop_map(|[fact_changed, noted]| Evidence::Resubmission { fact_changed, noted }),
        Just(Evidence::Reason(reason("other"))),
        (0_u32..4).prop_map(|n| Evidence::Export { export_id: format!("export-{n}") }),
        payment_code.prop_map(|payment_code| Evidence::Number { kpj: kpj(), payment_code }),
        (proptest::option::of(day()), 0_i32..30)
            .prop_map(|(from, n)| Evidence::Payment { from, until: month("2026-01").add_months(n) }),
        any::<bool>().prop_map(|still_working| Evidence::Renewal {
            months: 6,
            payer: crate::contribution::Payer::SelfPaid,
            still_working
        }),
        day().prop_map(|date| Evidence::Death { date }),
    ]
}

/// Mostly what the event asks for and one who may do it, so that histories get far; else anything.
fn attempt() -> impl Strategy<Value = Try> {
    let events = every_event();
    (0..events.len(), 0..ACTORS.len(), day(), evidence(), 0_u32..10, 0_i32..30).prop_map(
        move |(event, actor, on, wild, luck, months)| {
            let event = events[event].clone();
            let fitting = match good(&event, &EnrollmentState::default()) {
                Evidence::Payment { .. } => {
                    Evidence::Payment { from: Some(on), until: Month::of(on).add_months(months) }
                }
                other => other,
            };
            Try { event, actor: ACTORS[actor].0, proof: Proof { on, evidence: if luck < 8 { fitting } else { wild } } }
        },
    )
}

fn uncovered() -> impl Strategy<Value = EnrollmentState> {
    prop::sample::select(vec!["-", "received", "verified", "returned", "submitted", "numbered", "closed", "active"])
        .prop_map(|name| if name == "active" { EnrollmentState { covered: None, ..at("covered") } } else { at(name) })
}

/// Where the stored status may go, whatever the event.
fn along_the_table(before: Option<&str>, after: Option<&str>) -> bool {
    before == after
        || after == Some("closed")
        || matches!(
            (before.unwrap_or("-"), after.unwrap_or("-")),
            ("-" | "returned", "received")
                | ("received", "verified")
                | ("received" | "verified" | "submitted", "returned")
                | ("verified", "submitted")
                | ("submitted", "numbered")
                | ("numbered", "active")
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn covered_never_without_a_payment_and_status_only_along_the_table(
        start in uncovered(),
        tries in prop::collection::vec(attempt(), 0..60),
        looked in prop::collection::vec(day(), 4),
    ) {
        let mut state = start;
        let (mut paid, mut exports, mut chances) = (false, 0, usize::from(state.export_id.is_none()));
        for Try { event, actor, proof } in tries {
            let before = state.clone();
            match next(&state, &event, actor, &proof) {
                Ok(after) => state = after,
                Err(error) => {
                    prop_assert!(!error.code().is_empty() && !error.to_string().is_empty());
                    continue;
                }
            }
            paid |= event == EnrollmentEvent::Pay;
            exports += usize::from(event == EnrollmentEvent::Export);
            let renewed = event == EnrollmentEvent::Renew && !before.has(&EnrollmentFlag::RenewalOpen);
            chances += usize::from(event == EnrollmentEvent::Return || renewed);
            prop_assert!(exports <= chances, "exported twice");
            let (was, is) = (before.status.as_ref(), state.status.as_ref());
            prop_assert!(
                along_the_table(was.map(EnrollmentStatus::as_str), is.map(EnrollmentStatus::as_str)),
                "{:?} -> {:?} by {}", was, is, event
            );
            if let Some(covered) = state.covered {
                prop_assert!(Month::of(covered.from) <= covered.until);
            }
            for today in &looked {
                prop_assert!(paid || !state.is_covered(*today), "covered without a payment");
                prop_assert_eq!(state.is_covered(*today), phase(&state, *today).is_covered());
                let said = next_step(&state, *today);
                prop_assert!(!label(&state, *today).is_empty() && !said.is_empty());
                let claims = said.starts_with("Terlindungi") || said.starts_with("Masih terlindungi");
                prop_assert!(!claims || state.is_covered(*today), "{}", said);
            }
            let again = next(&before, &event, actor, &proof);
            prop_assert_eq!(again.as_ref(), Ok(&state), "the same answer again");
        }
    }
}
