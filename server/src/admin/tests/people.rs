//! Operators, invites, phones, keys.

use super::*;
use crate::{
    keys::{Keys, rng},
    service::{DataDir, Service, operator::SetupCode},
    storage::DeviceState,
};
use payung_protocol::{Escrow, Invite, ReceiverSecret, RecoveryAnswer, RecoveryRequest, Role};

fn bare() -> (tempfile::TempDir, DataDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = DataDir::new(folder.path().join("data"));
    Service::open(&dir).expect("a new server");
    (folder, dir)
}

fn on(dir: &DataDir, args: &[&str]) -> Result<String, String> {
    let line = ["payung admin", "--data", dir.path().to_str().expect("a path")];
    let line = Line::try_parse_from(line.iter().chain(args)).expect("a command line");
    let mut out = Vec::new();
    run(&line.args, START, &mut out).map_err(|error| error.to_string())?;
    Ok(String::from_utf8(out).expect("text"))
}

#[test]
fn first_operator_needs_nobody_and_every_later_one_does() {
    let (_folder, dir) = bare();
    assert!(on(&dir, &["workers"]).expect_err("nobody").contains("--as NAME"));
    assert!(on(&dir, &["operator", "add", "Bu Sri", "--role", "kelurahan"]).is_err(), "the first is of the branch");
    on(&dir, &["operator", "add", "Bu Sri"]).expect("the first");
    assert!(on(&dir, &["operator", "add", "Pak Budi"]).expect_err("nobody named").contains("--as"));
    assert!(
        on(&dir, &["--as", "Pak Budi", "operator", "add", "Pak Budi"]).expect_err("unknown").contains("`Pak Budi`")
    );
    on(&dir, &["--as", "BU  SRI", "operator", "add", "Pak Lurah", "--role", "kelurahan"]).expect("added");
    let twice = on(&dir, &["--as", "Bu Sri", "operator", "add", "pak lurah"]).expect_err("known");
    assert!(twice.contains("already"), "{twice}");
    let more = on(&dir, &["--as", "Pak Lurah", "operator", "add", "Bu Ani"]).expect_err("more than they have");
    assert!(more.contains("not_a_branch_operator"), "{more}");
}

#[test]
fn setup_code_works_once_and_for_the_first_operator_only() {
    let (_folder, dir) = bare();
    let code = SetupCode::of(&dir).make([7; 10], START).expect("a code");
    assert!(
        on(&dir, &["operator", "add", "Bu Sri", "--setup-code", "AAAAA AAAAA"])
            .expect_err("wrong")
            .contains("set-up code")
    );
    on(&dir, &["operator", "add", "Bu Sri", "--setup-code", &code.to_lowercase()]).expect("the first");
    assert!(on(&dir, &["--as", "Bu Sri", "operator", "add", "Pak Budi", "--setup-code", &code]).is_err());
}

#[test]
fn invite_lets_one_phone_join_with_its_area() {
    let office = Office::new();
    let servers = ["--server", "https://payung.example.id", "--server", "http://10.0.0.2:8080"];
    let invited = done(&office, &[&["invite", "--official", "Pak Tukiran", "--area", RT3][..], &servers].concat());
    let invite = Invite::parse(invited["link"].as_str().expect("a link")).expect("an invite");
    assert_eq!(invite.root, office.service.keys().root());
    assert_eq!(invite.servers.len(), 2);
    assert_eq!(invited["expires"], "2026-11-25T03:00:00Z");
    let mut phone = office.join(&invite, None);
    register(&office, &mut phone, 1, "SUPARNO");
    let devices = done(&office, &["devices"]);
    assert_eq!((devices[0]["name"].as_str(), devices[0]["areas"][0].as_str()), (Some("PAK TUKIRAN"), Some(RT3)));
    assert_eq!(devices[0]["device"], phone.device.to_string());
    // the same person again is the same official
    let again = done(&office, &[&["invite", "--official", "pak tukiran", "--area", RT3][..], &servers].concat());
    assert_eq!(again["official"], invited["official"]);
    let qr = as_other(
        &office,
        "Operator Cabang",
        &[&["invite", "--official", "Bu Karti", "--area", RT4][..], &servers].concat(),
    );
    assert!(qr.expect("invited").contains('█'));
}

#[test]
fn wrong_address_or_area_leaves_no_invite_behind() {
    let office = Office::new();
    let path =
        refused(&office, &["invite", "--official", "X", "--area", RT3, "--server", "https://payung.example.id/api"]);
    assert!(path.contains("without a path"), "{path}");
    assert!(office.service.storage().read().expect("a unit").invites().expect("read").is_empty());
    let line = ["payung admin", "invite", "--official", "X", "--area", "Karangklesem", "--server", "http://a"];
    assert!(Line::try_parse_from(line).expect_err("no area").to_string().contains("33.02.24.1001.005.003"));
}

#[test]
fn retired_and_revoked_phones_are_told_apart() {
    let office = Office::new();
    let (one, other) = (office.phone(&[RT3]), office.phone(&[RT4]));
    done(&office, &["retire", &one.device.to_string()]);
    done(&office, &["revoke", &other.device.to_string()]);
    let state = |phone: &Phone| {
        office.service.storage().read().expect("a unit").device(phone.device).expect("read").expect("it").state
    };
    assert_eq!((state(&one), state(&other)), (DeviceState::Retired, DeviceState::Revoked));
    assert!(refused(&office, &["revoke", &record(5).to_string()]).contains("no such device"));
}

#[test]
fn official_who_forgot_the_pin_gets_a_text_for_their_phone_only() {
    let office = Office::new();
    let phone = office.phone(&[RT3]);
    let recovery = office.service.keys().recovery(None).expect("the recovery key");
    let secret = ReceiverSecret::generate(&mut rng());
    let escrow = Escrow::seal(&[7; 32], phone.device, &recovery.receiver_key(), &mut rng()).expect("sealed");
    let request = RecoveryRequest { escrow, to: secret.receiver_key() };
    let told = done(&office, &["recover", &request.to_text().to_lowercase()]);
    assert_eq!((told["name"].as_str(), told["code"].as_str()), (Some("PAK KETUA"), Some(request.code().as_str())));
    let answer = RecoveryAnswer::parse(told["answer"].as_str().expect("a text")).expect("an answer");
    assert_eq!(*answer.open(&request, &secret).expect("opened"), [7; 32]);
    let text = as_other(&office, "Operator Cabang", &["recover", &request.to_text()]).expect("for people");
    assert!(text.contains('█') && text.contains(&request.code()), "{text}");
    let cut = ["payung admin", "recover", &request.to_text()[..60]];
    assert!(Line::try_parse_from(cut).expect_err("cut").to_string().contains("damaged or cut"));
    // with the recovery key kept in a safe
    let safe = office.dir.path().join("recovery.key");
    std::fs::rename(office.data().join("keys/recovery.key"), &safe).expect("moved away");
    assert!(refused(&office, &["recover", &request.to_text()]).contains("recovery.key"));
    let from_safe = ["recover", &request.to_text(), "--recovery-key", safe.to_str().expect("a path")];
    assert_eq!(done(&office, &from_safe)["name"], "PAK KETUA");
    done(&office, &["wipe", &phone.device.to_string()]);
    assert_eq!(done(&office, &["devices"])[0]["wipe"], true);
    assert!(refused(&office, &from_safe).contains("the phone is revoked"));
}

#[test]
fn operator_of_a_village_sees_and_acts_there_only() {
    let office = Office::new();
    let (mut here, mut there) = (office.phone(&[RT3]), office.phone(&[TELUK]));
    let ours = register(&office, &mut here, 1, "SUPARNO");
    let theirs = register_in(&office, &mut there, 11, "TARSIM", TELUK);
    done(&office, &["operator", "add", "Pak Lurah", "--role", "kelurahan", "--area", VILLAGE]);
    let lurah = |args: &[&str]| as_other(&office, "Pak Lurah", args);
    let listed = lurah(&["workers"]).expect("listed");
    assert!(listed.contains("SUPARNO") && !listed.contains("TARSIM"), "{listed}");
    let wide = lurah(&["workers", "--area", "33.02"]).expect("listed");
    assert!(wide.contains("SUPARNO") && !wide.contains("TARSIM"), "{wide}");
    assert!(!lurah(&["workers", "--name", "tarsim"]).expect("searched").contains("TARSIM"));
    assert!(!lurah(&["workers", "--nik", &nik(11)]).expect("searched").contains("TARSIM"));
    assert!(lurah(&["show", &record(11).to_string()]).is_err());
    assert!(!lurah(&["devices"]).expect("listed").contains(&there.device.to_string()));
    lurah(&["return", &theirs.to_string(), "--code", "other"]).expect_err("not theirs");
    lurah(&["revoke", &there.device.to_string()]).expect_err("not theirs");
    let servers = ["--server", "https://payung.example.id"];
    let invite =
        lurah(&[&["invite", "--official", "X", "--area", TELUK][..], &servers].concat()).expect_err("not theirs");
    assert!(invite.contains("area_foreign"), "{invite}");
    lurah(&["verify", &ours.to_string()]).expect("theirs");
    assert_eq!((state(&office, ours), state(&office, theirs)), ("verified".to_owned(), "received".to_owned()));
    // exporting is the branch's
    let out = office.dir.path().join("x.csv");
    lurah(&["export", "--out", out.to_str().expect("a path")]).expect_err("not a branch operator");
    assert!(!out.exists());
    assert_eq!(state(&office, ours), "verified");
}

#[test]
fn every_act_is_in_the_audit_with_its_operator() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let enrollment = register(&office, &mut phone, 1, "SUPARNO");
    done(&office, &["verify", &enrollment.to_string()]);
    done(&office, &["workers", "--nik", &nik(1)]);
    let audit = office.service.storage().read().expect("a unit").audit(0, 1000).expect("read");
    let line = |act: &str| audit.iter().find(|line| line.act == act).unwrap_or_else(|| panic!("no {act}"));
    assert_eq!(line("verify").who, BOSS.to_string());
    assert!(line("verify").detail.contains(&enrollment.to_string()));
    assert_eq!(line("search_nik").who, BOSS.to_string());
    assert!(!audit.iter().any(|line| line.detail.contains(&nik(1)) || line.detail.contains("SUPARNO")));
}

#[test]
fn keys_are_made_once_and_signed_by_the_known_root_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = DataDir::new(folder.path().join("data"));
    let root = folder.path().join("stick.key");
    on(&dir, &["keys", "init", "--root", root.to_str().expect("a path")]).expect("made");
    for name in ["master.key", "signing.key", "recovery.key", "receivers.json"] {
        let mode = std::os::unix::fs::PermissionsExt::mode(
            &std::fs::metadata(dir.keys().join(name)).expect("made").permissions(),
        );
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    let before = Keys::open(&dir.keys()).expect("keys");
    assert!(before.root_beside().is_none());
    assert!(on(&dir, &["keys", "init"]).is_err(), "nothing is overwritten");
    Service::open(&dir).expect("a server on these keys");
    on(&dir, &["keys", "sign", "--root", root.to_str().expect("a path")]).expect("signed");
    let other = folder.path().join("other.key");
    std::fs::write(&other, hex::encode([9; 32])).expect("written");
    let wrong = on(&dir, &["keys", "sign", "--root", other.to_str().expect("a path")]).expect_err("another root");
    assert!(wrong.contains("another root"), "{wrong}");
    assert_eq!(Keys::open(&dir.keys()).expect("still good").root(), before.root());
    assert!(on(&dir, &["keys", "show"]).expect("shown").contains(&before.root().to_string()));
}

#[test]
fn mistyped_path_makes_no_server() {
    let folder = tempfile::tempdir().expect("a folder");
    let dir = DataDir::new(folder.path().join("nothing"));
    let error = on(&dir, &["operator", "add", "Bu Sri"]).expect_err("nothing there");
    assert!(error.contains("nothing") && error.contains("--data"), "{error}");
    assert!(!dir.path().exists());
}

#[test]
fn invited_operator_may_not_be_more_than_the_one_who_invites() {
    let office = Office::new();
    done(&office, &["operator", "add", "Pak Lurah", "--role", "kelurahan"]);
    let args = ["invite", "--official", "X", "--area", RT3, "--role", "branch_operator", "--server", "http://a"];
    as_other(&office, "Pak Lurah", &args).expect_err("more than they have");
    let args = ["invite", "--official", "X", "--area", RT3, "--role", "kelurahan_operator", "--server", "http://a"];
    as_other(&office, "Pak Lurah", &args).expect("invited");
    let invite = office.service.storage().read().expect("a unit").invites().expect("read").pop().expect("one");
    assert_eq!(invite.roles, [Role::KelurahanOperator]);
}
