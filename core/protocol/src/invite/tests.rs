use super::*;
use crate::common::World;
use proptest::prelude::*;

#[test]
fn link_reads_as_it_was_written() {
    let invite = World::new(1).invite();
    let link = invite.to_link().unwrap();
    assert_eq!(Invite::parse(&link), Ok(invite.clone()));
    assert_eq!(
        Invite::parse(&format!("  {}\n", link.to_lowercase())),
        Ok(invite.clone()),
        "a messenger may change case"
    );
    assert_eq!(Invite::parse(&link.to_uppercase()), Ok(invite));
}

#[test]
fn code_of_the_link_is_alphanumeric_for_the_qr() {
    let link = World::new(1).invite().to_link().unwrap();
    assert!(link[LINK.len()..].bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()), "{link}");
    assert!(link.len() < 190, "{} characters", link.len());
}

#[test]
fn any_changed_lost_or_added_letter_is_seen() {
    let link = World::new(2).invite().to_link().unwrap();
    for at in LINK.len()..link.len() {
        let mut lost = link.clone();
        lost.remove(at);
        let changed = |to: &str| format!("{}{to}{}", &link[..at], &link[at + 1..]);
        let other = if &link[at..=at] == "A" { changed("B") } else { changed("A") };
        for damaged in [lost, other, link[..at].to_owned(), format!("{}7{}", &link[..at], &link[at..])] {
            assert!(Invite::parse(&damaged).is_err(), "{damaged}");
        }
    }
}

#[test]
fn other_links_are_told_from_damaged_ones() {
    for other in ["", "https://payung.example.id/join/AAAA", "payung://card/AAAA", "payung://joi"] {
        assert_eq!(Invite::parse(other), Err(InviteError::OtherLink), "{other}");
    }
    for damaged in ["payung://join/", "payung://join/AA", "payung://join/0189", "payung://join/é"] {
        assert_eq!(Invite::parse(damaged), Err(InviteError::Damaged), "{damaged}");
    }
    let long = format!("payung://join/{}", "A".repeat(link::LONGEST + 1));
    assert_eq!(Invite::parse(&long), Err(InviteError::Damaged));
}

#[test]
fn format_of_a_newer_server_is_named() {
    assert_eq!(Invite::parse(&link::write(LINK, vec![2; 40])), Err(InviteError::Version(2)));
}

#[test]
fn address_that_is_not_scheme_host_port_is_refused() {
    let invite = World::new(3).invite();
    for good in ["https://payung.example.id", "http://10.0.0.2:8480", "http://[fe80::1]:8480"] {
        assert!(Invite { servers: vec![good.to_owned()], ..invite.clone() }.to_link().is_ok(), "{good}");
    }
    for bad in [
        "",
        "payung.example.id",
        "ftp://x",
        "https://",
        "https://user@x",
        "https://x/join",
        "https://x y",
        "https://x?a",
    ] {
        let invite = Invite { servers: vec![bad.to_owned()], ..invite.clone() };
        assert_eq!(invite.to_link(), Err(InviteError::Address), "{bad}");
    }
    for servers in [vec![], vec!["https://x".to_owned(); MAX_SERVERS + 1], vec![format!("https://{}", "x".repeat(200))]]
    {
        assert_eq!(Invite { servers, ..invite.clone() }.to_link(), Err(InviteError::Address));
    }
}

#[test]
fn secret_is_in_no_debug_or_error_text() {
    let secret = [0x5A; 16];
    let invite = Invite { secret: InviteSecret::from_bytes(secret), ..World::new(4).invite() };
    let shown = format!("{invite:?}");
    assert!(shown.contains("InviteSecret(…)"), "{shown}");
    assert!(!shown.to_lowercase().contains("5a5a") && !shown.contains("90, 90"), "{shown}");
}

proptest! {
    #[test]
    fn any_invite_round_trips(root: [u8; 16], secret: [u8; 16], hosts in proptest::collection::vec("[a-z0-9.-]{0,40}[a-z]", 1..8)) {
        let servers = hosts.iter().map(|host| format!("https://{host}")).collect();
        let invite = Invite { servers, root: Fingerprint(root), secret: InviteSecret::from_bytes(secret) };
        prop_assert_eq!(Invite::parse(&invite.to_link().unwrap()), Ok(invite));
    }

    #[test]
    fn reading_any_text_never_panics(text in any::<String>(), code in "[A-Za-z2-7]{0,200}") {
        let _ = Invite::parse(&text);
        let _ = Invite::parse(&format!("{LINK}{text}"));
        let unchecked = Invite::parse(&format!("{LINK}{code}"));
        prop_assert!(unchecked.is_err());
    }

    #[test]
    fn reading_any_checked_body_never_panics(mut body in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Some(version) = body.first_mut() {
            *version = VERSION;
        }
        let _ = Invite::parse(&link::write(LINK, body));
    }
}
