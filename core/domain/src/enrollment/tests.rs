use super::*;

mod sequences;
mod steps;
mod table;
mod words;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn month(text: &str) -> Month {
    text.parse().unwrap()
}

fn reason(code: &str) -> Reason {
    Reason { code: code.to_owned(), text: String::new() }
}

fn kpj() -> Kpj {
    Kpj::parse("24001234567").unwrap()
}

fn code(valid_to: &str) -> PaymentCode {
    PaymentCode { code: "990012345678".to_owned(), amount: 92_400, valid_to: date(valid_to) }
}

fn covered(from: &str, until: &str) -> Covered {
    Covered { from: date(from), until: month(until) }
}

/// A state as the server would have it, by the name of its phase on 22 November 2026.
fn at(name: &str) -> EnrollmentState {
    let (status, cover) = match name {
        "-" => return EnrollmentState::default(),
        "paid_not_started" => ("active", Some(covered("2026-12-01", "2027-05"))),
        "covered" => ("active", Some(covered("2026-11-01", "2027-05"))),
        "lapsing" => ("active", Some(covered("2026-01-01", "2026-11"))),
        "arrears_1" => ("active", Some(covered("2026-01-01", "2026-10"))),
        "arrears_3" => ("active", Some(covered("2026-01-01", "2026-08"))),
        "ended" => ("active", Some(covered("2026-01-01", "2026-07"))),
        "newer_status" => ("suspended", Some(covered("2026-01-01", "2027-05"))),
        stored => (stored, None),
    };
    let exported = matches!(status, "submitted" | "numbered" | "active");
    let numbered = matches!(status, "numbered" | "active");
    EnrollmentState {
        status: Some(EnrollmentStatus::from(status)),
        returned: matches!(status, "returned" | "closed").then(|| reason("nik_not_found")),
        payment_code: (status == "numbered").then(|| code("2026-11-28")),
        covered: cover,
        export_id: exported.then(|| "export-1".to_owned()),
        kpj: numbered.then(kpj),
        flags: BTreeSet::new(),
    }
}

fn renewing(name: &str) -> EnrollmentState {
    let mut state = at(name);
    state.flags.insert(EnrollmentFlag::RenewalOpen);
    state.export_id = None;
    state
}

fn on(day: &str, evidence: Evidence) -> Proof {
    Proof { on: date(day), evidence }
}

/// Evidence that does for `event` in `state`.
fn good(event: &EnrollmentEvent, state: &EnrollmentState) -> Evidence {
    use EnrollmentEvent as E;
    match event {
        E::Submit => Evidence::Submission { cover: true, declaration: true, consent: true },
        E::Resubmit => Evidence::Resubmission { fact_changed: true, noted: false },
        E::Verify | E::Other(_) => Evidence::None,
        E::Export => Evidence::Export { export_id: "export-2".to_owned() },
        E::Number => Evidence::Number {
            kpj: kpj(),
            payment_code: state.payment_code.clone().unwrap_or_else(|| code("2026-11-28")),
        },
        E::Pay => Evidence::Payment { from: Some(date("2026-12-01")), until: month("2027-11") },
        E::Renew => Evidence::Renewal { months: 6, payer: crate::contribution::Payer::SelfPaid, still_working: true },
        E::ReportDeath => Evidence::Death { date: date("2026-11-20") },
        E::Return | E::Withdraw | E::Leave | E::Refuse | E::Superseded | E::Died | E::Erased => {
            Evidence::Reason(reason("other"))
        }
    }
}

const ACTORS: [(Actor, &str); 5] = [
    (Actor::Official, "official"),
    (Actor::KelurahanOperator, "kelurahan"),
    (Actor::BranchOperator, "branch"),
    (Actor::BranchFile, "file"),
    (Actor::Server, "server"),
];

fn every_event() -> Vec<EnrollmentEvent> {
    let unknown = EnrollmentEvent::from("event_of_a_newer_schema");
    EnrollmentEvent::KNOWN.iter().cloned().chain([unknown]).collect()
}

#[test]
fn enrolment_that_counts_is_the_newest_that_is_not_closed() {
    let (closed, ended, covered) = (at("closed"), at("ended"), at("covered"));
    assert_eq!(counting([]), None);
    assert_eq!(counting([&closed]), Some(0));
    assert_eq!(counting([&covered, &closed]), Some(0));
    assert_eq!(counting([&closed, &closed]), Some(1));
    assert_eq!(counting([&covered, &ended]), Some(1));
}
