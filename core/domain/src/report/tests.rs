use super::*;
use crate::calendar::Zone;
use serde_json::json;

fn body(value: Value) -> Body {
    serde_json::from_value(value).expect("fields")
}

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).expect("an instant").with_timezone(&Utc)
}

fn accident(written: &str) -> Body {
    body(json!({ "happened": "2026-11-22T08:00:00+07:00", "at": written }))
}

#[test]
fn accident_is_due_two_days_after_it_happened_not_after_it_was_written() {
    let report = accident("2026-11-23T20:00:00+07:00");
    assert_eq!(due(&Kind::AccidentReport, &report), Some(at("2026-11-24T08:00:00+07:00")));
    let now = at("2026-11-24T08:00:00+07:00");
    let kept = standing(&Kind::AccidentReport, &report, &[], true, now);
    assert_eq!((kept.phase, kept.late), (ReportPhase::Waiting, false));
    let words = next_step(&Kind::AccidentReport, &report, &kept, Zone::Wib);
    assert!(words.contains("24 November 2026 pukul 08.00 WIB"), "{words}");
    // a second later it still waits: late, and it goes all the same
    let missed = standing(&Kind::AccidentReport, &report, &[], true, now + Duration::seconds(1));
    assert!(missed.late);
    assert!(next_step(&Kind::AccidentReport, &report, &missed, Zone::Wib).contains("tetap diterima"));
    // gone in time: not late however much later one looks
    let sent = standing(&Kind::AccidentReport, &report, &[], false, now + Duration::days(30));
    assert_eq!((sent.phase, sent.late), (ReportPhase::Sent, false));
    // written after the deadline: late for good
    let late = accident("2026-11-25T08:00:00+07:00");
    assert!(standing(&Kind::AccidentReport, &late, &[], false, now).late);
}

#[test]
fn request_about_personal_data_is_late_until_it_is_answered_within_three_days() {
    let ask = |topic: &str| body(json!({ "topic": topic, "text": "x", "at": "2026-11-22T03:00:00Z" }));
    for topic in ["correction", "restriction"] {
        let report = ask(topic);
        let until = at("2026-11-25T03:00:00Z");
        assert_eq!(due(&Kind::Feedback, &report), Some(until));
        assert!(!standing(&Kind::Feedback, &report, &[], false, until).late);
        assert!(standing(&Kind::Feedback, &report, &[], false, until + Duration::seconds(1)).late);
        for (state, late) in [("received", true), ("answered", false)] {
            let mut told = report.clone();
            told.insert(
                "answer".to_owned(),
                json!({ "state": state, "text": "Beres.", "at": "2026-11-24T03:00:00Z", "by": "office" }),
            );
            assert_eq!(standing(&Kind::Feedback, &told, &[], false, until + Duration::days(9)).late, late, "{state}");
        }
    }
    for topic in ["question", "complaint", "suggestion"] {
        assert_eq!(due(&Kind::Feedback, &ask(topic)), None);
    }
}

#[test]
fn seen_is_of_the_answer_that_was_seen_and_a_newer_answer_is_unseen_again() {
    let answered = |at: &str| {
        body(json!({ "answer": { "state": "answered", "text": "Sudah dibayar.", "at": at, "by": "office" } }))
    };
    let seen = [body(json!({ "what": "seen", "answer": "2026-11-23T03:00:00Z" }))];
    let note = [body(json!({ "what": "note", "text": "Baik", "answer": "2026-11-23T03:00:00Z" }))];
    let phase = |report: &Body, follow_ups: &[Body]| {
        standing(&Kind::Feedback, report, follow_ups, false, at("2026-12-01T00:00:00Z")).phase
    };
    let first = answered("2026-11-23T10:00:00+07:00");
    assert_eq!(phase(&first, &[]), ReportPhase::Answered);
    assert_eq!(phase(&first, &note), ReportPhase::Answered);
    assert_eq!(phase(&first, &seen), ReportPhase::Seen, "one moment, however its zone is written");
    assert_eq!(phase(&answered("2026-11-24T03:00:00Z"), &seen), ReportPhase::Answered);
    assert_eq!(phase(&Body::new(), &seen), ReportPhase::Sent);
    let newer = body(json!({ "answer": { "state": "forwarded", "at": "2026-11-24T03:00:00Z", "by": "ministry" } }));
    assert_eq!(phase(&newer, &[]), ReportPhase::Unknown);
}

#[test]
fn answer_must_say_something_and_not_too_much_and_hides_its_words() {
    let answer = |state: AnswerState, text: &str| Answer {
        state,
        text: text.to_owned(),
        at: at("2026-11-24T03:00:00Z"),
        by: AnsweredBy::Office,
    };
    assert_eq!(answer(AnswerState::Received, "").check(), Ok(()));
    assert_eq!(answer(AnswerState::Asked, " ").check(), Err("answer_empty"));
    assert_eq!(answer(AnswerState::Answered, "").check(), Err("answer_empty"));
    assert_eq!(answer(AnswerState::Answered, &"x".repeat(LONGEST_ANSWER + 1)).check(), Err("answer_too_long"));
    assert_eq!(answer(AnswerState::from("lost"), "x").check(), Err("answer_unknown"));
    assert!(!format!("{:?}", answer(AnswerState::Answered, "Pak Karto")).contains("Karto"));
}

#[test]
fn who_reported_reads_that_the_clinic_has_the_person() {
    let mut report = Body::from([("happened".to_owned(), json!("2026-11-23T03:00:00Z"))]);
    let said = |by| Answer { state: AnswerState::Received, text: String::new(), at: at("2026-11-24T03:00:00Z"), by };
    let told = |report: &Body| {
        let standing = standing(&Kind::AccidentReport, report, &[], false, at("2026-11-24T04:00:00Z"));
        next_step(&Kind::AccidentReport, report, &standing, Zone::Wib)
    };
    report.insert("answer".to_owned(), json!(said(AnsweredBy::Clinic)));
    assert_eq!(told(&report), "Klinik sudah menerima laporan ini. Tunggu jawaban kantor.");
    report.insert("answer".to_owned(), json!(said(AnsweredBy::Office)));
    assert_eq!(told(&report), "Sudah diterima dan sedang ditangani. Tunggu jawabannya.");
}

#[test]
fn reports_are_facts_whose_answer_no_phone_writes() {
    for kind in REPORTS {
        assert!(kind.is_fact() && !kind.is_server_owned(), "{kind}");
        assert_eq!(kind.class("answer"), crate::field::Class::A, "{kind}");
        assert_eq!(kind.table().expect("known").parent, Some("worker"), "{kind}");
    }
    assert_eq!(Kind::Feedback.missing(&Body::new()), ["topic", "text", "at"]);
    assert_eq!(Kind::AccidentReport.missing(&Body::new()), ["worker", "happened", "place", "what", "at"]);
    assert_eq!(Kind::DeathReport.missing(&Body::new()), ["worker", "date", "heirs", "at"]);
    assert_eq!(Kind::FollowUp.missing(&Body::new()), ["of", "what", "at"]);
}
