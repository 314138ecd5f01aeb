//! Members who go on: asked for offline at the door, known on every phone of the area and at the office after the exchange.

use crate::support::{Clock, Office, Phone, RT5, Road};
use chrono::{DateTime, NaiveDate};
use payung_domain::{
    calendar::{Month, local_date},
    enrollment::{EnrollmentFlag, EnrollmentState, Kpj, PaymentCode, Phase},
    id::{OfficialId, RecordId},
    renewal::RenewalRequest,
};
use payung_protocol::Role;
use payung_server::{clock, service::operator::Act};
use payung_store::RenewalRow;

const BRANCH: OfficialId = OfficialId(uuid::Uuid::from_u128(0x0190_a000_0000_7000_8000_0000_0000_00b1));

fn today(phone: &Phone) -> NaiveDate {
    local_date(DateTime::from_timestamp_millis(phone.clock.now()).unwrap(), &phone.area)
}

fn act(office: &Office, act: Act) {
    office.service.act(BRANCH, act, office.clock.now()).unwrap();
}

/// The branch gives a number and a code for each, and has the money for months until `until`.
fn numbered(office: &Office, enrollment: RecordId, at: usize, export: &str, valid_to: NaiveDate) {
    act(office, Act::Export { enrollment, export_id: export.to_owned() });
    let payment_code = PaymentCode { code: format!("88100{at}{}", export.len()), amount: 25_200, valid_to };
    let kpj = Kpj::parse(&format!("2400123450{at}")).unwrap();
    act(office, Act::Number { enrollment, kpj, payment_code });
}

fn due(phone: &Phone, months: u32) -> Vec<RenewalRow> {
    phone.store.renewals(Some(&phone.area), months, None, 100, today(phone)).unwrap().rows
}

fn state(office: &Office, enrollment: RecordId) -> EnrollmentState {
    serde_json::from_value(serde_json::to_value(office.body(enrollment)).unwrap()).unwrap()
}

#[test]
fn renewals_of_a_whole_rt_asked_offline_reach_the_office_and_the_other_phone_with_the_code_to_pay() {
    let office = Office::open(&Clock::start());
    office.service.add_operator(BRANCH, "Agus Cabang", Role::BranchOperator, BRANCH, office.clock.now()).unwrap();
    let (first, second) = (Phone::joined(&office, RT5, 1), Phone::joined(&office, RT5, 2));
    let road = Road::to(&office);
    let today = today(&first);
    let this_month = Month::of(today);
    let enrollments: Vec<RecordId> = (0..5).map(|_| first.register().enrollment).collect();
    first.sync(&road).unwrap();
    for (at, enrollment) in enrollments.iter().copied().enumerate() {
        act(&office, Act::Verify { enrollment });
        numbered(&office, enrollment, at, "first", this_month.add_months(3).last_day());
        let pay = Act::Pay { enrollment, from: Some(this_month.first_day()), until: this_month, on: None };
        act(&office, pay);
    }
    first.sync(&road).unwrap();
    second.sync(&road).unwrap();
    let rows = due(&first, 3);
    assert_eq!(rows.len(), 5);
    assert!(rows.iter().all(|row| row.phase == Phase::Lapsing && !row.asked));
    let names = |rows: &[RenewalRow]| rows.iter().map(|row| row.name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&rows), names(&due(&second, 3)));

    // offline, at every door
    let now = DateTime::from_timestamp_millis(first.clock.now()).unwrap();
    for row in &rows {
        let request = RenewalRequest { months: 3, payer: None, working: true, healthy: true };
        first.store.renew(RecordId(clock::new_id()), row.enrollment, &request, now, today).unwrap();
    }
    assert!(due(&first, 3).iter().all(|row| row.asked));
    assert!(due(&second, 3).iter().all(|row| !row.asked), "the other phone knows nothing of it yet");
    let report = first.sync(&road).unwrap();
    assert_eq!((report.uploaded, report.refused), (5, 0));
    assert!(due(&first, 3).iter().all(|row| row.asked), "still so once the office has it");
    second.sync(&road).unwrap();
    assert!(due(&second, 3).iter().all(|row| row.asked && row.phase == Phase::Lapsing));
    assert!(enrollments.iter().all(|id| state(&office, *id).has(&EnrollmentFlag::RenewalOpen)));

    // the renewal is exported and paid for by itself
    for (at, enrollment) in enrollments.iter().copied().enumerate() {
        numbered(&office, enrollment, at, "second", this_month.add_months(1).last_day());
    }
    second.sync(&road).unwrap();
    let rows = due(&second, 3);
    assert!(rows.iter().all(|row| row.next_step.contains("Bayar Rp 25.200 dengan kode 8810")), "{}", rows[0].next_step);
    let slip = second.store.slip(rows[0].worker, today).unwrap();
    assert!(slip.covered && slip.payment.is_some(), "covered until the end of the month, with a code to go on");
    let until = this_month.add_months(3);
    act(&office, Act::Pay { enrollment: rows[0].enrollment, from: None, until, on: None });
    for phone in [&first, &second] {
        phone.sync(&road).unwrap();
        assert_eq!(due(phone, 3).len(), 4, "who has paid is not asked again");
    }
}
