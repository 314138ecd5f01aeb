//! The table of the design, written out, against `next` for every state, event and actor.

use super::*;

const TODAY: &str = "2026-11-22";

const STATES: [&str; 14] = [
    "-",
    "received",
    "verified",
    "returned",
    "submitted",
    "numbered",
    "paid_not_started",
    "covered",
    "lapsing",
    "arrears_1",
    "arrears_3",
    "ended",
    "closed",
    "newer_status",
];

/// from | event | who | to; `=` leaves the status, `any` is every state, `active` the four kinds of it, `+renewal`
/// asks for the flag.
const TABLE: &str = "
    -                              | submit       | official                | received
    received                       | verify       | kelurahan branch        | verified
    received verified submitted    | return       | kelurahan branch file   | returned
    returned                       | resubmit     | official                | received
    verified                       | export       | branch                  | submitted
    submitted numbered             | number       | file                    | numbered
    numbered active                | pay          | file                    | active
    active                         | renew        | official                | =
    active+renewal                 | export       | branch                  | =
    received verified returned     | withdraw     | official                | closed
    received verified returned submitted numbered active | leave      | kelurahan branch        | closed
    received verified returned submitted numbered active | refuse     | kelurahan branch        | closed
    received verified returned submitted numbered active | superseded | kelurahan branch server | closed
    any                            | report_death | official                | =
    any                            | died         | kelurahan branch file   | closed
    any                            | erased       | kelurahan branch file   | closed
";

fn row_for(state: &str, renewal: bool, event: &str, actor: &str) -> Option<&'static str> {
    let kind = match state {
        "paid_not_started" | "covered" | "lapsing" | "arrears_1" | "arrears_3" => "active",
        other => other,
    };
    TABLE.lines().filter(|line| !line.trim().is_empty()).find_map(|line| {
        let columns: Vec<_> = line.split('|').map(str::trim).collect();
        let from = columns[0]
            .split(' ')
            .any(|word| word == kind || word == "any" || (renewal && word.strip_suffix("+renewal") == Some(kind)));
        let who = columns[2].split(' ').any(|word| word == actor);
        (from && columns[1] == event && who).then_some(columns[3])
    })
}

#[test]
fn every_state_event_and_actor_is_as_the_table_says() {
    let (mut done, mut refused) = (0, 0);
    for name in STATES {
        for renewal in [false, true] {
            if renewal
                && !matches!(name, "paid_not_started" | "covered" | "lapsing" | "arrears_1" | "arrears_3" | "ended")
            {
                continue;
            }
            let state = if renewal { renewing(name) } else { at(name) };
            for event in every_event() {
                for (actor, who) in ACTORS {
                    let told = next(&state, &event, actor, &on(TODAY, good(&event, &state)));
                    match (row_for(name, renewal, event.as_str(), who), told) {
                        (Some("="), Ok(after)) => {
                            assert_eq!(after.status, state.status, "{name} {event} {who}");
                            done += 1;
                        }
                        (Some(to), Ok(after)) => {
                            assert_eq!(
                                after.status.as_ref().map(EnrollmentStatus::as_str),
                                Some(to),
                                "{name} {event} {who}"
                            );
                            done += 1;
                        }
                        (None, Err(error)) => {
                            // the number of a renewal follows its export, which the table above leaves to the next test
                            if renewal
                                && event == EnrollmentEvent::Number
                                && actor == Actor::BranchFile
                                && name != "ended"
                            {
                                assert_eq!(error.code(), "export_missing", "{name} {event} {who}");
                                continue;
                            }
                            let from = phase(&state, date(TODAY));
                            let expected = TransitionError::Refused { from, event: event.clone(), actor };
                            assert_eq!(error, expected, "{name}");
                            assert_eq!(error.code(), "transition_refused");
                            refused += 1;
                        }
                        (expected, told) => {
                            panic!("{name} renewal {renewal} {event} {who}: {expected:?}, told {told:?}")
                        }
                    }
                }
            }
        }
    }
    assert!(done > 150 && refused > 1_000, "{done} done, {refused} refused");
}

#[test]
fn names_of_the_states_are_their_phases() {
    for name in STATES {
        let phase = phase(&at(name), date(TODAY));
        let expected = match name {
            "-" => "queued",
            "arrears_1" | "arrears_3" => "arrears",
            "newer_status" => "unknown",
            other => other,
        };
        assert_eq!(phase.code(), expected);
        assert_eq!(phase.is_covered(), at(name).is_covered(date(TODAY)), "{name}");
    }
}

#[test]
fn evidence_of_another_kind_never_does() {
    for name in STATES {
        let state = at(name);
        for event in EnrollmentEvent::KNOWN {
            for (actor, who) in ACTORS {
                if row_for(name, false, event.as_str(), who).is_none() {
                    continue;
                }
                for other in EnrollmentEvent::KNOWN {
                    let evidence = good(other, &state);
                    if std::mem::discriminant(&evidence) == std::mem::discriminant(&good(event, &state)) {
                        continue;
                    }
                    let error = next(&state, event, actor, &on(TODAY, evidence)).unwrap_err();
                    assert_eq!(error.code(), "proof_missing", "{name} {event} {other}");
                }
            }
        }
    }
}
