use super::*;

fn month(text: &str) -> Month {
    serde_json::from_value(serde_json::Value::from(text)).unwrap()
}

fn request(start: &str, months: u32) -> QuoteRequest {
    QuoteRequest {
        income: MonthlyIncome::new(1_000_000).unwrap(),
        programs: Programs::basic(),
        start: month(start),
        months,
        payer: Payer::SelfPaid,
        transport: false,
    }
}

fn total(request: &QuoteRequest) -> i64 {
    let quote = ContributionTable::builtin().quote(request).unwrap();
    assert_eq!(quote.months.len(), request.months as usize);
    assert_eq!(quote.months.iter().map(QuoteMonth::total).sum::<i64>(), quote.total);
    quote.total
}

#[test]
fn other_sector_self_paid_twelve_months_from_november_2026_is_184_800() {
    assert_eq!(total(&request("2026-11", 12)), 184_800);
}

#[test]
fn other_sector_self_paid_twelve_months_from_december_2026_is_193_200() {
    assert_eq!(total(&request("2026-12", 12)), 193_200);
}

#[test]
fn transport_self_paid_twelve_months_from_december_2026_is_168_000() {
    assert_eq!(total(&QuoteRequest { transport: true, ..request("2026-12", 12) }), 168_000);
}

#[test]
fn district_budget_three_months_is_50_400_without_discount() {
    assert_eq!(total(&QuoteRequest { payer: Payer::Apbd, ..request("2026-10", 3) }), 50_400);
    assert_eq!(total(&QuoteRequest { payer: Payer::Apbn, ..request("2026-10", 3) }), 50_400);
}

#[test]
fn minimum_is_16_800_and_36_800_with_jht() {
    assert_eq!(total(&request("2027-04", 1)), 16_800);
    assert_eq!(total(&QuoteRequest { programs: Programs::with_jht(), ..request("2027-04", 1) }), 36_800);
}

#[test]
fn six_months_from_december_is_the_sum_and_the_months_of_the_screen() {
    let quote = ContributionTable::builtin().quote(&request("2026-12", 6)).unwrap();
    assert_eq!(quote.total, 92_400);
    assert_eq!(quote.months[0].total(), 8_400);
    assert!(quote.months[1..].iter().all(|row| row.total() == 16_800));
    assert_eq!(quote.months[5].month, month("2027-05"));
}

#[test]
fn jht_is_never_discounted() {
    let with = ContributionTable::builtin()
        .quote(&QuoteRequest { programs: Programs::with_jht(), ..request("2026-11", 1) })
        .unwrap();
    assert_eq!((with.months[0].jht, with.months[0].discount, with.total), (20_000, 8_400, 28_400));
}

#[test]
fn discount_follows_the_contribution_month() {
    for (start, transport, expected) in [
        ("2025-12", true, 16_800),
        ("2026-01", true, 8_400),
        ("2027-03", true, 8_400),
        ("2027-04", true, 16_800),
        ("2026-03", false, 16_800),
        ("2026-04", false, 8_400),
        ("2026-12", false, 8_400),
        ("2027-01", false, 16_800),
    ] {
        assert_eq!(total(&QuoteRequest { transport, ..request(start, 1) }), expected, "{start} transport {transport}");
    }
}

#[test]
fn payers_without_discount_are_a_row_of_the_table() {
    let apbdes = QuoteRequest { payer: Payer::Apbdes, ..request("2026-11", 1) };
    let mut table = ContributionTable::builtin().clone();
    assert_eq!(table.quote(&apbdes).unwrap().total, 8_400);
    for discount in &mut table.discounts {
        discount.not_payers.push(Payer::Apbdes);
    }
    assert_eq!(table.quote(&apbdes).unwrap().total, 16_800);
    assert_eq!(table.quote(&request("2026-11", 1)).unwrap().total, 8_400);
}

#[test]
fn discount_can_be_given_to_everyone_and_rounds_down_by_programme() {
    let mut table = ContributionTable::builtin().clone();
    table.discounts = vec![Discount {
        source: String::new(),
        programs: Programs::basic(),
        percent: 33,
        sector: DiscountSector::All,
        from: month("2026-11"),
        to: month("2026-11"),
        not_payers: vec![],
    }];
    table.tiers[0].jkk_monthly = 10_001;
    // 33 % of 10,001 is 3,300.33, of 6,800 is 2,244
    assert_eq!(table.quote(&request("2026-11", 1)).unwrap().months[0].discount, 5_544);
    assert_eq!(table.quote(&QuoteRequest { transport: true, ..request("2026-11", 1) }).unwrap().total, 11_257);
}

#[test]
fn discount_goes_to_its_sector_and_its_programmes_only() {
    let quote = |sector, programs: &[Program], transport| {
        let mut table = ContributionTable::builtin().clone();
        table.discounts.truncate(1);
        table.discounts[0].sector = sector;
        table.discounts[0].programs = programs.iter().cloned().collect();
        let request = QuoteRequest { programs: Programs::with_jht(), transport, ..request("2026-11", 1) };
        table.quote(&request).unwrap().months[0].discount
    };
    let all = [Program::Jkk, Program::Jkm, Program::Jht];
    for (sector, transport, expected) in [
        (DiscountSector::Transport, true, 18_400),
        (DiscountSector::Transport, false, 0),
        (DiscountSector::Other, true, 0),
        (DiscountSector::Other, false, 18_400),
        (DiscountSector::All, true, 18_400),
        (DiscountSector::All, false, 18_400),
    ] {
        assert_eq!(quote(sector, &all, transport), expected, "{sector:?} transport {transport}");
    }
    assert_eq!(quote(DiscountSector::All, &[Program::Jkk], false), 5_000);
    assert_eq!(quote(DiscountSector::All, &[Program::Jht], false), 10_000, "were a later law to give it");
}

#[test]
fn tier_is_the_highest_row_not_above_the_income() {
    let table = ContributionTable::builtin();
    for (income, tier) in [
        (1, 1),
        (1_099_000, 1),
        (1_099_999, 1),
        (1_100_000, 2),
        (2_699_999, 9),
        (2_700_000, 10),
        (20_199_999, 32),
        (20_200_000, 33),
        (999_000_000, 33),
    ] {
        assert_eq!(table.tier(income).unwrap().tier, tier, "{income}");
    }
}

#[test]
fn builtin_table_keeps_the_law() {
    let table = ContributionTable::builtin();
    table.check().unwrap();
    assert_eq!(table.tiers.len(), 33);
    assert_eq!(table.terms, [1, 3, 6, 12]);
    for (place, tier) in table.tiers.iter().enumerate() {
        assert_eq!(tier.tier as usize, place + 1);
        assert_eq!(tier.jkk_monthly * 100, tier.income_base);
        assert_eq!(tier.jht_monthly * 50, tier.income_base);
        assert_eq!(tier.jkm_monthly, 6_800);
        assert!(tier.income_base >= tier.income_from);
    }
}

#[test]
fn table_goes_over_the_wire_and_back() {
    let table = ContributionTable::builtin();
    let text = serde_json::to_string(table).unwrap();
    assert_eq!(&serde_json::from_str::<ContributionTable>(&text).unwrap(), table);
    assert!(text.contains(r#""from":"2026-04","to":"2026-12","not_payers":["apbn","apbd"]"#));
}

#[test]
fn damaged_table_is_refused() {
    let good = ContributionTable::builtin();
    let spoil = |change: fn(&mut ContributionTable)| {
        let mut table = good.clone();
        change(&mut table);
        table.check().unwrap_err().code()
    };
    assert_eq!(spoil(|t| t.tiers.clear()), "bad_contribution_table");
    assert_eq!(spoil(|t| t.tiers.swap(3, 4)), "bad_contribution_table");
    assert_eq!(spoil(|t| t.tiers[0].jkm_monthly = 0), "bad_contribution_table");
    assert_eq!(spoil(|t| t.tiers[32].jht_monthly = i64::MAX), "bad_contribution_table");
    assert_eq!(spoil(|t| t.terms.clear()), "bad_contribution_table");
    assert_eq!(spoil(|t| t.discounts[0].percent = 101), "bad_contribution_table");
    assert_eq!(spoil(|t| t.version.clear()), "bad_contribution_table");
    assert_eq!(spoil(|t| t.valid_until = Some(t.valid_from.add_months(-1))), "bad_contribution_table");
}

#[test]
fn month_outside_the_validity_has_no_price() {
    let mut table = ContributionTable::builtin().clone();
    table.valid_until = Some(month("2027-01"));
    assert_eq!(table.quote(&request("2026-11", 3)).unwrap().months.len(), 3);
    let error = table.quote(&request("2026-12", 3)).unwrap_err();
    assert_eq!(error, ContributionError::NoRates { month: month("2027-02") });
    assert_eq!((error.code(), error.field()), ("no_rates", "start_month"));
    assert!(table.quote(&request("2015-06", 1)).is_err());
}

#[test]
fn only_the_terms_of_the_table_are_sold() {
    for months in [0, 2, 4, 13, u32::MAX] {
        let error = ContributionTable::builtin().quote(&request("2026-11", months)).unwrap_err();
        assert_eq!((error.code(), error.field()), ("term_not_offered", "months"), "{months}");
    }
}

#[test]
fn jkk_and_jkm_go_together_and_jht_is_compulsory_for_an_employer() {
    let check = |programs: &[&str], employer| {
        let programs: Programs = programs.iter().map(|text| Program::from(*text)).collect();
        programs.check(employer).map_err(|error| (error.code(), error.field()))
    };
    assert_eq!(check(&["jkk", "jkm"], false), Ok(()));
    assert_eq!(check(&["jht", "jkm", "jkk"], true), Ok(()));
    assert_eq!(check(&["jkk"], false), Err(("programs_incomplete", "programs")));
    assert_eq!(check(&["jkm", "jht"], false), Err(("programs_incomplete", "programs")));
    assert_eq!(check(&[], false), Err(("programs_incomplete", "programs")));
    assert_eq!(check(&["jkk", "jkm"], true), Err(("jht_compulsory", "programs")));
    assert_eq!(check(&["jkk", "jkm", "jp"], false), Err(("program_not_for_informal", "programs")));
    let alone = QuoteRequest { programs: [Program::Jht].into_iter().collect(), ..request("2026-11", 1) };
    assert!(ContributionTable::builtin().quote(&alone).is_err());
}

#[test]
fn unknown_values_survive_verbatim() {
    for text in ["self", "csr", "person", "apbd", "apbdes", "apbn", "ecosystem", "baznas"] {
        let json = format!("\"{text}\"");
        let payer: Payer = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&payer).unwrap(), json);
        assert_eq!(matches!(payer, Payer::Other(_)), text == "baznas");
    }
    let programs: Programs = serde_json::from_str(r#"["jkm","jkk","jkp"]"#).unwrap();
    assert_eq!(serde_json::to_string(&programs).unwrap(), r#"["jkk","jkm","jkp"]"#);
}

#[test]
fn income_is_read_as_people_type_it() {
    for (text, amount) in [
        ("1500000", 1_500_000),
        (" 1.500.000 ", 1_500_000),
        ("1,500,000", 1_500_000),
        ("1 500 000", 1_500_000),
        ("Rp 1.500.000", 1_500_000),
        ("Rp1.500.000,-", 1_500_000),
        ("rp. 1.500.000,00", 1_500_000),
        ("1,5 juta", 1_500_000),
        ("1.5 jt", 1_500_000),
        ("2 juta", 2_000_000),
        ("2juta", 2_000_000),
        ("1,25 juta", 1_250_000),
        ("750 ribu", 750_000),
        ("80rb", 80_000),
        ("80.000", 80_000),
        ("500", 500),
    ] {
        assert_eq!(parse_rupiah("monthly_income", text), Ok(amount), "{text}");
    }
}

#[test]
fn income_that_is_not_a_number_names_the_field() {
    for text in [
        "",
        "abc",
        "Rp",
        "juta",
        ",5 juta",
        "1, juta",
        "-500000",
        "1.5",
        "1.50.000",
        "1.500,000",
        "15000.00",
        "1.500 juta",
        "1e6",
        "1500000x",
        "satu juta",
        "1.500.00",
        ".500",
        "１５００",
        "1,2345678 juta",
        "1,0005 ribu",
    ] {
        let error = parse_rupiah("monthly_income", text).unwrap_err();
        assert_eq!((error.code(), error.field()), ("income_not_a_number", "monthly_income"), "{text}");
        assert!(text.is_empty() || text == "juta" || !error.to_string().contains(text), "the text typed leaks: {text}");
    }
    assert_eq!(parse_rupiah("daily_rate", "abc").unwrap_err().field(), "daily_rate");
    for text in ["2.000.000.000", "1500000000000000000000", "5000 juta"] {
        assert_eq!(parse_rupiah("monthly_income", text).unwrap_err().code(), "income_too_large", "{text}");
    }
}

#[test]
fn day_rate_times_days_is_the_income() {
    assert_eq!(IncomeBasis::Daily { rate: 80_000, days: 25 }.monthly().unwrap().amount(), 2_000_000);
    let fault = |basis: IncomeBasis| basis.monthly().map_err(|error| (error.code(), error.field())).unwrap_err();
    assert_eq!(fault(IncomeBasis::Daily { rate: 80_000, days: 0 }), ("days_out_of_range", "days"));
    assert_eq!(fault(IncomeBasis::Daily { rate: 80_000, days: 32 }), ("days_out_of_range", "days"));
    assert_eq!(fault(IncomeBasis::Daily { rate: 0, days: 20 }), ("income_not_positive", "daily_rate"));
    assert_eq!(fault(IncomeBasis::Daily { rate: i64::MAX, days: 31 }), ("income_too_large", "daily_rate"));
    assert_eq!(fault(IncomeBasis::Monthly { amount: 0 }), ("income_not_positive", "monthly_income"));
    assert_eq!(fault(IncomeBasis::Monthly { amount: -1 }), ("income_not_positive", "monthly_income"));
    assert_eq!(parse_days(" 25 hari"), Ok(25));
    assert_eq!(parse_days("x").unwrap_err().code(), "days_not_a_number");
    assert_eq!(parse_days("32").unwrap_err().code(), "days_out_of_range");
}

#[test]
fn income_that_cannot_be_is_refused_from_the_wire() {
    assert_eq!(serde_json::from_str::<MonthlyIncome>("1500000").unwrap().amount(), 1_500_000);
    assert!(serde_json::from_str::<MonthlyIncome>("0").is_err());
    assert!(serde_json::from_str::<MonthlyIncome>("-5").is_err());
    let basis = r#"{"basis":"daily","rate":80000,"days":25}"#;
    assert_eq!(serde_json::to_string(&serde_json::from_str::<IncomeBasis>(basis).unwrap()).unwrap(), basis);
}

#[test]
fn rupiah_are_written_with_points() {
    assert_eq!(rupiah(0), "Rp 0");
    assert_eq!(rupiah(800), "Rp 800");
    assert_eq!(rupiah(16_800), "Rp 16.800");
    assert_eq!(rupiah(1_184_800), "Rp 1.184.800");
    assert_eq!(rupiah(-500), "-Rp 500");
}

proptest::proptest! {
    #[test]
    fn reading_an_amount_never_panics_and_reads_back_what_is_written(amount in 1_i64..=IncomeBasis::MAX_MONTHLY, junk in ".{0,24}") {
        let _ = parse_rupiah("monthly_income", &junk);
        proptest::prop_assert_eq!(parse_rupiah("monthly_income", &rupiah(amount)), Ok(amount));
        proptest::prop_assert_eq!(parse_rupiah("monthly_income", &amount.to_string()), Ok(amount));
    }

    #[test]
    fn whole_is_the_sum_of_single_months(income in 1_i64..30_000_000, start in 0_i32..36, transport: bool, jht: bool, payer in 0_usize..7) {
        let table = ContributionTable::builtin();
        let programs = if jht { Programs::with_jht() } else { Programs::basic() };
        let year = QuoteRequest {
            income: MonthlyIncome::new(income).unwrap(),
            programs,
            start: month("2025-06").add_months(start),
            months: 12,
            payer: Payer::KNOWN[payer].clone(),
            transport,
        };
        let singles: i64 = (0..12)
            .map(|n| total(&QuoteRequest { months: 1, start: year.start.add_months(n), ..year.clone() }))
            .sum();
        proptest::prop_assert_eq!(table.quote(&year).unwrap().total, singles);
    }
}
