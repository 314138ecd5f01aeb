use super::*;
use proptest::prelude::*;
use std::collections::HashSet;

#[test]
fn problem_reads_as_it_was_written() {
    for code in ProblemCode::KNOWN {
        let problem = Problem::new(code.clone(), "req-1").detail("x");
        let json = serde_json::to_vec(&problem).unwrap();
        assert_eq!(Problem::parse(&json), Some(problem));
        assert_eq!(ProblemCode::from_code(code.as_str()), *code);
        assert!((400..600).contains(&code.status()));
        assert!(!code.title().is_empty() && !code.title_en().is_empty());
    }
    let codes: HashSet<_> = ProblemCode::KNOWN.iter().map(ProblemCode::as_str).collect();
    assert_eq!(codes.len(), ProblemCode::KNOWN.len());
}

#[test]
fn problem_has_the_members_of_rfc_9457() {
    let json = serde_json::to_value(Problem::new(ProblemCode::Busy, "req-1")).unwrap();
    assert_eq!(
        json,
        serde_json::json!({
            "type": "urn:payung:problem:busy", "title": "Server sedang sibuk, coba lagi nanti",
            "title_en": "The server is busy, try again later", "status": 503, "request_id": "req-1",
        })
    );
}

#[test]
fn portal_pages_and_other_peoples_problems_are_none() {
    for body in [
        "<html><body>Selamat datang di WiFi gratis</body></html>",
        "",
        "null",
        "[]",
        r#"{"status": 511}"#,
        r#"{"type": "about:blank", "title": "Bad Gateway", "status": 502}"#,
        r#"{"type": 7}"#,
        r#"["urn:payung:problem:busy"]"#,
    ] {
        assert_eq!(Problem::parse(body.as_bytes()), None, "{body}");
    }
}

#[test]
fn problem_of_a_newer_server_keeps_its_code() {
    let problem = Problem::parse(br#"{"type": "urn:payung:problem:new_in_2030", "new": 1}"#).unwrap();
    assert_eq!(problem.code, ProblemCode::Other("new_in_2030".to_owned()));
}

#[test]
fn code_longer_than_any_code_is_no_problem_of_ours() {
    let problem = |letters| format!(r#"{{"type": "urn:payung:problem:{}"}}"#, "x".repeat(letters));
    assert_eq!(Problem::parse(problem(MAX_CODE + 1).as_bytes()), None);
    assert!(Problem::parse(problem(MAX_CODE).as_bytes()).is_some());
    assert!(ProblemCode::KNOWN.iter().all(|code| code.as_str().len() <= MAX_CODE));
}

#[test]
fn large_bodies_and_long_texts_are_cut() {
    let problem = Problem::new(ProblemCode::Internal, "é".repeat(MAX_TEXT + 1)).detail("é".repeat(MAX_TEXT * 2));
    let read = Problem::parse(&serde_json::to_vec(&problem).unwrap()).unwrap();
    assert_eq!(read.request_id.chars().count(), MAX_TEXT);
    assert_eq!(read.detail.unwrap().chars().count(), MAX_TEXT);
    let huge = problem.detail("x".repeat(MAX_BYTES));
    assert_eq!(Problem::parse(&serde_json::to_vec(&huge).unwrap()), None);
}

proptest! {
    #[test]
    fn reading_any_body_never_panics(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(Problem::parse(&body), None);
    }
}
