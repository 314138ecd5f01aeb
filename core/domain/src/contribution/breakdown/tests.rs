use super::*;
use crate::contribution::{DiscountSector, MonthlyIncome, Payer, Programs};
use proptest::prelude::*;

fn request(start: &str, months: u32) -> QuoteRequest {
    QuoteRequest {
        income: MonthlyIncome::new(1_000_000).unwrap(),
        programs: Programs::basic(),
        start: start.parse().unwrap(),
        months,
        payer: Payer::SelfPaid,
        transport: false,
    }
}

fn breakdown(request: &QuoteRequest) -> Breakdown {
    ContributionTable::builtin().breakdown(request).unwrap()
}

fn sentences(breakdown: &Breakdown) -> Vec<&str> {
    breakdown.lines.iter().map(|line| line.sentence.as_str()).collect()
}

#[test]
fn months_of_the_same_price_are_one_line_and_the_discount_names_its_law() {
    let twelve = breakdown(&request("2026-11", 12));
    assert_eq!(
        sentences(&twelve),
        [
            "November sampai Desember 2026: tiap bulan Rp 8.400, yaitu JKK Rp 10.000 dan JKM Rp 6.800, dikurangi Rp 8.400 \
             karena setengah harga untuk JKK dan JKM menurut PP 50/2025. Untuk 2 bulan Rp 16.800.",
            "Januari sampai Oktober 2027: tiap bulan Rp 16.800, yaitu JKK Rp 10.000 dan JKM Rp 6.800. \
             Untuk 10 bulan Rp 168.000.",
        ]
    );
    assert_eq!(twelve.sentence, "Jumlah 12 bulan, November 2026 sampai Oktober 2027: Rp 184.800.");
    assert_eq!(twelve.lines[0].laws, ["PP 50/2025"]);
    assert_eq!(twelve.lines[1].laws, Vec::<String>::new());
    let from_december = breakdown(&request("2026-12", 12));
    assert_eq!(from_december.lines[0].sentence.split(',').next(), Some("Desember 2026: Rp 8.400"));
    assert_eq!(from_december.sentence, "Jumlah 12 bulan, Desember 2026 sampai November 2027: Rp 193.200.");
}

#[test]
fn transport_worker_hears_of_the_longer_discount_and_district_money_of_none() {
    let transport = breakdown(&QuoteRequest { transport: true, ..request("2026-12", 12) });
    assert_eq!(transport.quote.total, 168_000);
    assert!(transport.lines[0].sentence.starts_with("Desember 2026 sampai Maret 2027: tiap bulan Rp 8.400,"));
    let apbd = breakdown(&QuoteRequest { payer: Payer::Apbd, ..request("2026-11", 3) });
    assert_eq!((apbd.lines.len(), apbd.quote.total), (1, 50_400));
    assert!(!apbd.lines[0].sentence.contains("dikurangi"));
}

#[test]
fn savings_are_said_apart_and_never_discounted() {
    let jht = breakdown(&QuoteRequest { programs: Programs::with_jht(), ..request("2026-12", 1) });
    assert_eq!(
        sentences(&jht),
        ["Desember 2026: Rp 28.400, yaitu JKK Rp 10.000, JKM Rp 6.800, dan JHT Rp 20.000, dikurangi Rp 8.400 \
          karena setengah harga untuk JKK dan JKM menurut PP 50/2025."]
    );
}

#[test]
fn every_term_is_told_with_its_last_month_for_comparing() {
    let terms = breakdown(&request("2026-11", 3)).terms;
    let told: Vec<_> = terms.iter().map(|term| (term.months, term.until.to_string(), term.total)).collect();
    let until = |month: &str| month.to_owned();
    assert_eq!(
        told,
        [
            (1, until("2026-11"), Some(8_400)),
            (3, until("2027-01"), Some(33_600)),
            (6, until("2027-04"), Some(84_000)),
            (12, until("2027-10"), Some(184_800)),
        ]
    );
    assert_eq!(terms[3].sentence, "12 bulan, sampai Oktober 2027: Rp 184.800.");
}

#[test]
fn term_whose_rates_are_not_known_is_not_guessed() {
    let table =
        ContributionTable { valid_until: Some("2027-03".parse().unwrap()), ..ContributionTable::builtin().clone() };
    let terms = table.breakdown(&request("2026-11", 3)).unwrap().terms;
    assert_eq!(terms.iter().map(|term| term.total.is_some()).collect::<Vec<_>>(), [true, true, false, false]);
    assert_eq!(terms[3].sentence, "12 bulan, sampai Oktober 2027: belum bisa dihitung.");
    assert!(table.breakdown(&request("2026-11", 6)).is_err());
}

#[test]
fn discounts_of_different_laws_are_each_named() {
    let mut table = ContributionTable::builtin().clone();
    let mut other = table.discounts[1].clone();
    (other.percent, other.source, other.sector) = (25, "PP 99/2026".to_owned(), DiscountSector::All);
    table.discounts[1].programs = [Program::Jkk].into_iter().collect();
    table.discounts.push(other);
    let november = table.breakdown(&request("2026-11", 1)).unwrap();
    assert!(
        november.lines[0].sentence.ends_with(
            "dikurangi Rp 6.700 karena setengah harga untuk JKK menurut PP 50/2025 \
             dan potongan 25 persen untuk JKM menurut PP 99/2026."
        ),
        "{}",
        november.lines[0].sentence
    );
    assert_eq!(november.lines[0].laws, ["PP 50/2025", "PP 99/2026"]);
}

proptest! {
    #[test]
    fn lines_are_the_quote(income in 1_i64..30_000_000, start in 0_i32..36, term in 0_usize..4, transport: bool, jht: bool, payer in 0_usize..7) {
        let table = ContributionTable::builtin();
        let request = QuoteRequest {
            income: MonthlyIncome::new(income).unwrap(),
            programs: if jht { Programs::with_jht() } else { Programs::basic() },
            start: Month::new(2026, 1).unwrap().add_months(start),
            months: table.terms[term],
            payer: Payer::KNOWN[payer].clone(),
            transport,
        };
        let told = table.breakdown(&request).unwrap();
        prop_assert_eq!(told.lines.iter().map(|line| line.sum).sum::<i64>(), told.quote.total);
        prop_assert_eq!(told.lines.iter().map(|line| line.months).sum::<u32>(), request.months);
        let mut month = request.start;
        for line in &told.lines {
            prop_assert_eq!(line.first, month);
            month = line.last.add_months(1);
            prop_assert_eq!(line.discount > 0, !line.laws.is_empty());
            prop_assert_eq!(line.jkk + line.jkm + line.jht - line.discount, line.monthly);
        }
        prop_assert_eq!(told.terms[term].total, Some(told.quote.total));
    }
}
