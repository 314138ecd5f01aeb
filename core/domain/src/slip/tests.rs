use super::*;
use crate::{
    calendar::Month,
    enrollment::{Covered, EnrollmentStatus, PaymentCode, Reason},
};

fn today() -> NaiveDate {
    "2026-11-23".parse().unwrap()
}

fn numbered(valid_to: &str) -> EnrollmentState {
    let valid_to = valid_to.parse().unwrap();
    let code = PaymentCode { code: "820012345678".to_owned(), amount: 16_800, valid_to };
    EnrollmentState { payment_code: Some(code), ..state(EnrollmentStatus::Numbered) }
}

fn paid_until(until: &str) -> EnrollmentState {
    let covered = Covered { from: "2026-01-01".parse().unwrap(), until: until.parse().unwrap() };
    EnrollmentState { covered: Some(covered), ..state(EnrollmentStatus::Active) }
}

fn state(status: EnrollmentStatus) -> EnrollmentState {
    EnrollmentState { status: Some(status), ..EnrollmentState::default() }
}

fn written(state: &EnrollmentState) -> Slip {
    slip("SUTINI WATI", "3302********9001", Some(state), today())
}

#[test]
fn slip_says_not_covered_until_the_branch_has_the_money() {
    let mut states: Vec<EnrollmentState> = EnrollmentStatus::KNOWN.iter().cloned().map(state).collect();
    states.push(EnrollmentState::default());
    states.push(state(EnrollmentStatus::from("a_newer_one")));
    states.push(numbered("2026-11-30"));
    states.push(paid_until("2026-10"));
    states.push(paid_until("2026-07"));
    let not_yet = Covered { from: "2026-12-01".parse().unwrap(), until: Month::new(2027, 2).unwrap() };
    states.push(EnrollmentState { covered: Some(not_yet), ..state(EnrollmentStatus::Active) });
    for state in &states {
        let slip = written(state);
        assert!(!slip.covered && slip.text.contains("\nBELUM TERLINDUNGI\n"), "{state:?}");
        assert!(!slip.text.contains("\nTERLINDUNGI"), "{state:?}");
        assert!(slip.next_step.to_lowercase().contains("belum terlindungi"), "{state:?}: {}", slip.next_step);
    }
    let slip = written(&paid_until("2027-01"));
    assert!(slip.covered && slip.text.contains("\nTERLINDUNGI\nTerlindungi s.d. Jan 2027\n"));
    assert!(slip.text.ends_with(NO_CARD));
}

#[test]
fn payment_code_stands_large_with_amount_last_day_and_where_to_pay() {
    let slip = written(&numbered("2026-11-30"));
    for line in [
        "KODE BAYAR  8200 1234 5678",
        "JUMLAH      Rp 16.800",
        "PALING LAMBAT 30 November 2026, lewat bank, minimarket, atau kantor pos",
        "SUTINI WATI",
        "NIK 3302********9001",
        "Ditulis 23 November 2026",
        FEEDBACK,
    ] {
        assert!(slip.text.lines().any(|written| written == line), "{line}");
    }
}

#[test]
fn code_that_can_no_longer_be_used_is_not_written() {
    let slip = written(&numbered("2026-11-22"));
    assert_eq!(slip.payment, None);
    assert!(!slip.text.contains("8200") && slip.next_step.contains("jangan bayar dengan kode lama"));
}

#[test]
fn worker_is_told_what_to_do_and_not_what_the_official_does() {
    let mut returned = state(EnrollmentStatus::Returned);
    returned.returned = Some(Reason { code: "name_mismatch".to_owned(), text: String::new() });
    assert_eq!(
        written(&returned).next_step,
        "Belum terlindungi. Nama tidak sama dengan data Dukcapil. Petugas akan memperbaikinya bersama Anda."
    );
    assert_eq!(written(&returned).status, "Nama berbeda");
    let lapsing = paid_until("2026-11");
    assert_eq!(
        written(&lapsing).next_step,
        "Masih terlindungi sampai 30 November 2026. Perpanjang lewat petugas sebelum tanggal itu."
    );
    assert!(slip("SUTINI WATI", "", None, today()).next_step.contains("Petugas mengirim"));
}
