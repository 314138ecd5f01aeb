//! What a person reads.

use super::*;

const TODAY: &str = "2026-11-22";

fn words(state: &EnrollmentState) -> (String, String) {
    (label(state, date(TODAY)), next_step(state, date(TODAY)))
}

#[test]
fn only_the_covered_are_called_protected() {
    for name in [
        "-",
        "received",
        "verified",
        "returned",
        "submitted",
        "numbered",
        "paid_not_started",
        "arrears_1",
        "arrears_3",
        "ended",
        "closed",
        "newer_status",
    ] {
        let (label, step) = words(&at(name));
        assert!(!label.starts_with("Terlindungi"), "{name}: {label}");
        assert!(!step.starts_with("Terlindungi") && !step.starts_with("Masih terlindungi"), "{name}: {step}");
    }
    assert_eq!(
        words(&at("covered")),
        ("Terlindungi s.d. Mei 2027".into(), "Terlindungi sampai akhir Mei 2027.".into())
    );
    for phase in [Phase::Draft, Phase::Queued, Phase::WithHub, Phase::Received, Phase::Verified, Phase::Returned] {
        assert!(phase.next_step().starts_with("Belum terlindungi") && !phase.label().is_empty(), "{phase:?}");
    }
}

#[test]
fn paid_but_later_says_from_when() {
    let (label, step) = words(&at("paid_not_started"));
    assert_eq!(label, "Lunas, terlindungi mulai 1 Desember");
    assert_eq!(step, "Lunas, tetapi belum terlindungi. Terlindungi mulai 1 Desember.");
    let next_year = EnrollmentState { covered: Some(covered("2027-01-01", "2027-05")), ..at("covered") };
    assert_eq!(words(&next_year).0, "Lunas, terlindungi mulai 1 Januari 2027");
}

#[test]
fn numbered_shows_amount_code_last_day_and_where() {
    let (label, step) = words(&at("numbered"));
    assert_eq!(label, "Belum · bayar s.d. 28 Nov");
    assert_eq!(
        step,
        "Belum terlindungi. Bayar Rp 92.400 dengan kode 9900 1234 5678 paling lambat 28 November, lewat bank, minimarket, atau kantor pos."
    );
    let expired = EnrollmentState { payment_code: Some(code("2026-11-21")), ..at("numbered") };
    let (label, step) = words(&expired);
    assert_eq!(label, "Belum · kode bayar habis");
    assert!(step.contains("Tunggu kode baru") && !step.contains("9900"), "{step}");
}

#[test]
fn returned_says_what_happened_what_is_safe_what_to_do() {
    let (label, step) = words(&at("returned"));
    assert_eq!(label, "NIK tidak ditemukan");
    assert_eq!(
        step,
        "NIK tidak ditemukan di Dukcapil. Datanya tetap tersimpan. Cocokkan 16 angka dengan KTP, lalu kirim lagi."
    );
    let newer = Reason { code: "reason_of_a_newer_list".into(), text: "Foto rumah kurang.".into() };
    let (label, step) = words(&EnrollmentState { returned: Some(newer), ..at("returned") });
    assert_eq!(label, "Perlu dibenahi");
    assert!(step.contains("Foto rumah kurang."), "{step}");
}

#[test]
fn lapsing_and_arrears_say_the_last_day_and_the_way() {
    let (label, step) = words(&at("lapsing"));
    assert_eq!(label, "Segera habis · s.d. 30 Nov");
    assert!(step.starts_with("Masih terlindungi sampai 30 November.") && step.contains("masih bekerja"), "{step}");
    let (label, step) = words(&at("arrears_1"));
    assert_eq!(label, "Menunggak 1 bulan");
    assert!(step.contains("sampai 31 Januari 2027") && step.ends_with("Perpanjang sekarang."), "{step}");
    let waiting = words(&renewing("arrears_1")).1;
    assert!(waiting.ends_with("Tunggu kode bayar dari cabang."), "{waiting}");
    let with_code = EnrollmentState { payment_code: Some(code("2026-11-28")), ..renewing("lapsing") };
    assert!(words(&with_code).1.contains("Bayar Rp 92.400"));
}

#[test]
fn renewal_under_way_says_what_is_waited_for() {
    let with_code = |name| EnrollmentState { payment_code: Some(code("2026-11-28")), ..renewing(name) };
    let step = words(&renewing("covered")).1;
    assert_eq!(step, "Terlindungi sampai akhir Mei 2027. Perpanjangan sudah diminta. Tunggu kode bayar dari cabang.");
    let step = words(&with_code("covered")).1;
    assert!(step.starts_with("Terlindungi sampai akhir Mei 2027. Bayar Rp 92.400 dengan kode"), "{step}");
    let step = words(&renewing("lapsing")).1;
    assert_eq!(step, "Masih terlindungi sampai 30 November. Tunggu kode bayar dari cabang.");
    let step = words(&with_code("arrears_1")).1;
    assert!(step.contains("Masih bisa dibayar sampai 31 Januari 2027. Bayar Rp 92.400"), "{step}");
}

#[test]
fn closed_says_why_and_what_can_be_done() {
    let closed = at("closed");
    assert_eq!(words(&closed).0, "NIK tidak ditemukan");
    let known = return_reason("nik_not_found").expect("a reason");
    assert_eq!(words(&closed).1, format!("{} {}", known.sentence, known.action));
    let newer = EnrollmentState { returned: Some(reason("reason_of_a_newer_list")), ..at("closed") };
    assert_eq!(words(&newer).1, Phase::Closed.next_step());
    let mut reported = at("closed");
    reported.flags.insert(EnrollmentFlag::DeathReported);
    assert_eq!(words(&reported).1, words(&closed).1, "nothing is awaited any more");
}

#[test]
fn what_waits_for_the_office_is_said_before_submission_only() {
    for flag in [EnrollmentFlag::ConflictOpen, EnrollmentFlag::DuplicateReview] {
        for (name, said) in [("received", true), ("verified", true), ("numbered", false), ("covered", false)] {
            let mut state = at(name);
            state.flags.insert(flag.clone());
            assert_eq!(words(&state).1 != words(&at(name)).1, said, "{flag:?} {name}");
        }
    }
}

#[test]
fn open_conflict_and_reported_death_come_before_the_usual_step() {
    let mut state = at("received");
    state.flags.insert(EnrollmentFlag::ConflictOpen);
    assert!(words(&state).1.contains("harus dipilih"));
    let mut state = at("covered");
    state.flags.insert(EnrollmentFlag::DeathReported);
    assert!(words(&state).1.starts_with("Kematian sudah dilaporkan."));
}

#[test]
fn every_return_reason_has_its_words() {
    let reasons = return_reasons();
    let mut seen = BTreeSet::new();
    for reason in reasons {
        assert!(seen.insert(&reason.code), "{} twice", reason.code);
        assert!(!reason.label.is_empty() && reason.label.chars().count() <= 28, "{}", reason.code);
        assert!(reason.sentence.ends_with('.') && reason.action.ends_with('.'), "{}", reason.code);
        for text in [&reason.sentence, &reason.action] {
            let lower = text.to_lowercase();
            assert!(!["sinkron", "server", "invalid", "error"].iter().any(|word| lower.contains(word)), "{text}");
        }
    }
    for code in [
        "nik_not_found",
        "name_mismatch",
        "birth_mismatch",
        "already_member",
        "age_over",
        "document_unreadable",
        "address_incomplete",
        "phone_invalid",
        "occupation_not_bpu",
        "deceased",
        "other",
    ] {
        assert!(return_reason(code).is_some(), "{code}");
    }
    assert_eq!(return_reason("moon"), None);
}
