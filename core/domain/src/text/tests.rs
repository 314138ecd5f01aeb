use proptest::prelude::*;

use super::*;

#[test]
fn folding_drops_case_marks_apostrophes_and_punctuation() {
    for (text, folded) in [
        ("SITI  Nurhaliza ", "siti nurhaliza"),
        ("Tri-Du’én", "tri duen"),
        ("Ma'ruf", "maruf"),
        ("Ma`ruf Jum‘at", "maruf jumat"),
        ("H. Slamet, S.Pd.", "h slamet s pd"),
        ("  .  ", ""),
        ("ＲＵＤＩ", "rudi"),
        ("İbrahim", "ibrahim"),
        ("Lubuk Pakam I,II", "lubuk pakam i ii"),
        ("Zoë\tÑonga", "zoe nonga"),
    ] {
        assert_eq!(fold(text), folded);
    }
}

#[test]
fn name_words_are_the_folded_words() {
    assert_eq!(name_words(" Hj. SITI  Ma'rufah "), ["hj", "siti", "marufah"]);
    assert!(name_words(" - ").is_empty());
}

#[test]
fn same_name_is_folded_equality() {
    assert!(same_name("SITI MA'RUFAH", "Siti  Marufah"));
    assert!(!same_name("Siti Marufah", "Siti Marufa"));
    assert!(!same_name("", " "), "no name is nobody's name");
}

#[test]
fn spelling_variants_are_similar_names() {
    for (a, b) in [
        ("Soekirman", "Sukirman"),
        ("Djoko Soesilo", "Joko Susilo"),
        ("Tjahjono", "Cahyono"),
        ("Njoman", "Nyoman"),
        ("Jajuk", "Yayuk"),
        ("Achmad Chaerudin", "Ahmad Khaerudin"),
        ("Rachmattullah", "Rahmatulah"),
        ("Muhammad Ali", "Mohammad Ali"),
        ("Muh. Ali", "Mochamad Ali"),
        ("M. Ali", "Muhammad Ali"),
        ("Moch. Ali", "MUHAMAD ALI"),
        ("Siti Nur Haliza", "Siti Nurhaliza"),
    ] {
        assert_eq!(spelling_key(a), spelling_key(b));
        assert!(similar_name(a, b), "{a} / {b}");
    }
}

#[test]
fn slips_of_the_finger_are_similar_by_length() {
    for (a, b) in [
        ("Sutinah", "Sutniah"),
        ("Sutinah", "Sutina"),
        ("Slamet Riyadi", "Salmet Riyadu"),
        ("Kusnandar Wibowo", "Kusnanadr Wibawo"),
    ] {
        assert_ne!(spelling_key(a), spelling_key(b));
        assert!(similar_name(a, b), "{a} / {b}");
        assert!(similar_name(b, a), "{b} / {a}");
    }
}

#[test]
fn other_names_are_not_similar() {
    for (a, b) in [
        ("Siti", "Sita"),
        ("Sri", "Srie"),
        ("Sutinah", "Sutarah"),
        ("Kusnandar Wibowo", "Kusnindar Wobawo"),
        ("Budi", "Rudi"),
        ("Sutinah", "Suminah Wati"),
        ("Sutinem", "Sutarmi"),
        ("Slamet Riyadi", "Slamet Rahardjo"),
        ("M", "Muhammad"),
        ("", ""),
        ("", "Siti"),
        ("Muhammad Ali", "Muhammad Umar"),
    ] {
        assert!(!similar_name(a, b), "{a} / {b}");
    }
}

#[test]
fn names_are_normalised_as_a_ktp_prints_them() {
    for (typed, normal) in [
        ("  siti   nurhaliza ", "SITI NURHALIZA"),
        ("ma’ruf\tamin", "MA'RUF AMIN"),
        ("h. slamet, s.pd.", "H. SLAMET, S.PD."),
        ("budi\u{0}\n", "BUDI"),
        ("", ""),
    ] {
        assert_eq!(normalise_name(typed), normal);
    }
}

#[test]
fn phones_are_normalised_to_plus_62() {
    for typed in [
        "081234567890",
        "0812-3456-7890",
        "6281234567890",
        "+62 812-3456-7890",
        "+62 (0)812 3456 7890",
        "+62 0812 3456 7890",
        "0062 812 3456 7890",
        "81234567890",
        " 0812.3456.7890 ",
    ] {
        assert_eq!(normalise_phone(typed).as_deref(), Ok("+6281234567890"), "{typed}");
    }
    assert_eq!(normalise_phone("(0281) 636123").as_deref(), Ok("+62281636123"), "a landline in Purwokerto");
    assert_eq!(normalise_phone("0811 234 567").as_deref(), Ok("+62811234567"), "an old short mobile number");
}

#[test]
fn wrong_phones_are_refused_with_the_reason() {
    for (typed, error) in [
        ("0812345O7890", PhoneError::Characters),
        ("tidak ada", PhoneError::Characters),
        ("0812+3456789", PhoneError::Characters),
        ("", PhoneError::Length { digits: 0 }),
        ("-", PhoneError::Length { digits: 0 }),
        ("0812", PhoneError::Length { digits: 4 }),
        ("08123456789012", PhoneError::Length { digits: 14 }),
        ("+62812", PhoneError::Length { digits: 5 }),
        ("0281123", PhoneError::Length { digits: 7 }),
        ("+60 12-345 6789", PhoneError::Country),
        ("0060123456789", PhoneError::Country),
        ("281636123", PhoneError::Prefix),
        ("3302241505909001", PhoneError::Prefix),
        ("0000000000", PhoneError::Country),
        ("+62 00 812345678", PhoneError::Prefix),
    ] {
        assert_eq!(normalise_phone(typed), Err(error), "{typed}");
        assert!(!error.to_string().contains("081") && error.code().starts_with("phone_"));
    }
}

proptest! {
    #[test]
    fn folding_is_idempotent(text in "\\PC*") {
        let once = fold(&text);
        prop_assert_eq!(fold(&once), once.clone());
        prop_assert!(!once.starts_with(' ') && !once.ends_with(' ') && !once.contains("  "));
    }

    #[test]
    fn ascii_folds_as_the_general_way_does(text in "[ -~]{0,40}") {
        // The combining mark forces the general way and is dropped by it.
        let marked = text.clone() + "\u{301}";
        prop_assert_eq!(fold(&text), fold(&marked));
    }

    #[test]
    fn normal_names_stay_as_they_are(text in "\\PC*") {
        let once = normalise_name(&text);
        prop_assert_eq!(normalise_name(&once), once);
    }

    #[test]
    fn normal_phones_stay_as_they_are(text in "[0-9+ ()-]{0,18}|\\PC*") {
        if let Ok(phone) = normalise_phone(&text) {
            prop_assert!(phone.starts_with("+62") && phone[3..].bytes().all(|b| b.is_ascii_digit()));
            prop_assert_eq!(normalise_phone(&phone), Ok(phone.clone()));
        }
    }

    #[test]
    fn similar_is_symmetric_and_holds_for_the_same_name(a in "[a-z' ]{1,16}", b in "[a-z' ]{1,16}") {
        prop_assert_eq!(similar_name(&a, &b), similar_name(&b, &a));
        prop_assert_eq!(similar_name(&a, &a), !fold(&a).is_empty());
        if same_name(&a, &b) {
            prop_assert!(similar_name(&a, &b));
        }
    }
}
