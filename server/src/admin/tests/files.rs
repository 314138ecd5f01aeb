//! Files to the branch and from it.

use super::*;
use payung_domain::field::Kind;
use sha2::{Digest, Sha256};
use std::{fs, path::PathBuf};

/// Registers people and verifies them; answers their enrolments.
fn verified(office: &Office, phone: &mut Phone, people: &[(u128, &str)]) -> Vec<RecordId> {
    let enrollments: Vec<RecordId> = people.iter().map(|(n, name)| register(office, phone, *n, name)).collect();
    done(office, &["verify", "--all"]);
    enrollments
}

fn file(office: &Office, name: &str) -> PathBuf {
    office.dir.path().join(name)
}

fn export(office: &Office, name: &str) -> Value {
    done(office, &["export", "--out", file(office, name).to_str().expect("a path")])
}

/// The rows of a file as the header names them.
fn rows(office: &Office, name: &str) -> Vec<std::collections::BTreeMap<String, String>> {
    let bytes = fs::read(file(office, name)).expect("the file");
    assert_eq!(&bytes[..3], b"\xEF\xBB\xBF");
    csv::ReaderBuilder::new()
        .delimiter(b';')
        .from_reader(&bytes[3..])
        .deserialize()
        .map(|row| row.expect("a row"))
        .collect()
}

const HEADER: &str = "REFERENSI;EKSPOR;NIK;JAWABAN;KODE ALASAN;KETERANGAN;KPJ;KODE IURAN;JUMLAH;BERLAKU SAMPAI;TANGGAL BAYAR;MULAI;SAMPAI BULAN\n";

fn returned(id: RecordId, export: &str) -> String {
    format!("{id};{export};;DIKEMBALIKAN;name_mismatch;lihat KTP;;;;;;;\n")
}

fn numbered(id: RecordId, export: &str, last: u32) -> String {
    format!("{id};{export};;BERNOMOR;;;2400123{last:04};88{last:06};50400;31-12-2026;;;\n")
}

fn paid(id: RecordId, export: &str, until: &str) -> String {
    format!("{id};{export};;LUNAS;;;;;;;20-11-2026;01-12-2026;{until}\n")
}

fn write(office: &Office, name: &str, lines: &[String]) -> String {
    let path = file(office, name);
    fs::write(&path, format!("{HEADER}{}", lines.concat())).expect("written");
    path.to_str().expect("a path").to_owned()
}

#[test]
fn export_submits_its_rows_once_and_reads_back() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let people = verified(&office, &mut phone, &[(1, "SUPARNO"), (11, "=TARSIM")]);
    let told = export(&office, "one.csv");
    assert_eq!((&told["rows"], &told["submitted"]), (&2.into(), &true.into()));
    let rows = rows(&office, "one.csv");
    assert_eq!((rows[0]["NIK"].as_str(), rows[0]["NAMA LENGKAP"].as_str()), (nik(1).as_str(), "SUPARNO"));
    assert_eq!(
        (rows[0]["REFERENSI"].as_str(), rows[0]["NAMA IBU KANDUNG"].as_str()),
        (people[0].to_string().as_str(), "SITI AMINAH")
    );
    assert_eq!(rows[1]["NAMA LENGKAP"], "'=TARSIM");
    assert_eq!(rows[0]["EKSPOR"], told["export_id"].as_str().expect("an id"));

    let bytes = fs::read(file(&office, "one.csv")).expect("the file");
    let beside: Value =
        serde_json::from_slice(&fs::read(file(&office, "one.csv.meta.json")).expect("beside")).expect("JSON");
    assert_eq!(beside["sha256"], hex::encode(Sha256::digest(&bytes)));
    assert_eq!(
        (&beside["template"], &beside["count"], &beside["made_by"]),
        (&"bpjs-bpu 1".into(), &2.into(), &BOSS.to_string().into())
    );
    assert_eq!(beside["source"], office.service.keys().root().to_string());
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(file(&office, "one.csv")).expect("it").permissions());
    assert_eq!(mode & 0o077, 0, "a list of people is its owner's only");

    assert_eq!(state(&office, people[0]), "submitted");
    assert_eq!(export(&office, "two.csv")["rows"], 0, "never twice");
    assert!(!file(&office, "two.csv").exists());
    assert!(
        refused(&office, &["export", "--out", file(&office, "one.csv").to_str().expect("a path")]).contains("exists")
    );
}

#[test]
fn lost_file_is_written_again_without_marking() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    verified(&office, &mut phone, &[(1, "SUPARNO")]);
    let told = export(&office, "one.csv");
    register(&office, &mut phone, 11, "TARSIM");
    done(&office, &["verify", "--all"]);
    let id = told["export_id"].as_str().expect("an id");
    let again =
        done(&office, &["export", "--again", id, "--out", file(&office, "again.csv").to_str().expect("a path")]);
    assert_eq!((&again["rows"], &again["submitted"], &again["sha256"]), (&1.into(), &false.into(), &told["sha256"]));
    assert_eq!(state(&office, record(12)), "verified", "the other was not touched");
    assert!(refused(&office, &["export", "--again", "no-such", "--out", "/nonexistent/x"]).contains("no-such"));
}

#[test]
fn row_with_an_open_conflict_or_a_gap_is_held_back_and_told() {
    let office = Office::new();
    let (mut one, mut other) = (office.phone(&[RT3]), office.phone(&[RT3]));
    let people = verified(&office, &mut one, &[(1, "SUPARNO"), (11, "TARSIM"), (21, "DARSONO")]);
    one.pull(&office);
    other.pull(&office);
    let (first, second) = (one.edit(&office, record(1), "name", "A"), other.edit(&office, record(1), "name", "B"));
    let gap = one.edit(&office, record(11), "heirs", Value::Null);
    one.send(&office, &[first, gap]);
    other.send(&office, &[second]);
    let told = export(&office, "one.csv");
    assert_eq!(told["enrollments"], serde_json::json!([people[2]]));
    let why = |id: RecordId| {
        let blocked = told["blocked"].as_array().expect("a list");
        blocked.iter().find(|row| row["enrollment"] == id.to_string()).expect("blocked")["why"][0].clone()
    };
    assert_eq!((why(people[0]), why(people[1])), ("conflict_open".into(), "AHLI WARIS: missing".into()));
    assert_eq!((state(&office, people[0]), state(&office, people[1])), ("verified".to_owned(), "verified".to_owned()));
}

#[test]
fn list_for_people_marks_nothing() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let people = verified(&office, &mut phone, &[(1, "SUPARNO")]);
    let out = file(&office, "list.csv");
    done(&office, &["export", "--template", "daftar-warga", "--out", out.to_str().expect("a path")]);
    let rows = rows(&office, "list.csv");
    assert_eq!((rows[0]["NIK"].as_str(), rows[0]["STATUS"].as_str()), ("3302********9001", "Siap ke cabang"));
    assert_eq!(state(&office, people[0]), "verified");
}

#[test]
fn failed_write_submits_nothing() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let people = verified(&office, &mut phone, &[(1, "SUPARNO")]);
    let nowhere = file(&office, "no-folder/one.csv");
    refused(&office, &["export", "--out", nowhere.to_str().expect("a path")]);
    assert_eq!(state(&office, people[0]), "verified");
}

/// Three people with the branch under one export.
fn submitted(office: &Office, phone: &mut Phone) -> (Vec<RecordId>, String) {
    let people = verified(office, phone, &[(1, "SUPARNO"), (11, "TARSIM"), (21, "DARSONO")]);
    let told = export(office, "one.csv");
    (people, told["export_id"].as_str().expect("an id").to_owned())
}

#[test]
fn branch_returns_numbers_and_pays() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let (people, export) = submitted(&office, &mut phone);
    let lines = [
        returned(people[0], &export),
        numbered(people[1], &export, 1),
        numbered(people[2], &export, 2),
        paid(people[2], &export, "02-2027"),
    ];
    let told = done(&office, &["import", &write(&office, "a.csv", &lines)]);
    let count = |name: &str| told[name].as_u64().expect("a number");
    assert_eq!((count("returned"), count("numbered"), count("paid"), count("unchanged")), (1, 2, 1, 0));
    phone.pull(&office);
    assert_eq!(phone.shown(people[0], "returned")["code"], "name_mismatch");
    assert_eq!(phone.shown(people[1], "payment_code")["code"], "88000001");
    assert_eq!(phone.shown(people[2], "covered"), serde_json::json!({"from": "2026-12-01", "until": "2027-02"}));
    assert_eq!(phone.shown(record(21), "kpj"), "24001230002");
    let states: Vec<String> = people.iter().map(|id| state(&office, *id)).collect();
    // paid, and not covered before its first day
    assert_eq!(states, ["returned", "numbered", "paid_not_started"]);
    office.later(15 * DAY);
    assert_eq!(state(&office, people[2]), "covered");
}

#[test]
fn same_file_again_changes_nothing() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let (people, export) = submitted(&office, &mut phone);
    let lines = [returned(people[0], &export), numbered(people[1], &export, 1), paid(people[1], &export, "02-2027")];
    let path = write(&office, "a.csv", &lines);
    done(&office, &["import", &path]);
    let before = office.dump();
    assert_eq!(done(&office, &["import", &path])["already"], true);
    assert_eq!(office.dump(), before);
}

#[test]
fn file_that_grew_takes_its_new_lines_only() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let (people, export) = submitted(&office, &mut phone);
    let mut lines = vec![returned(people[0], &export), numbered(people[1], &export, 1)];
    done(&office, &["import", &write(&office, "a.csv", &lines)]);
    lines.extend([paid(people[1], &export, "02-2027"), numbered(people[2], &export, 2)]);
    let told = done(&office, &["import", &write(&office, "a.csv", &lines)]);
    assert_eq!(
        (&told["unchanged"], &told["paid"], &told["numbered"], &told["returned"]),
        (&2.into(), &1.into(), &1.into(), &0.into())
    );
    // the number line once more, after the payment took the code away
    lines.push("\n".to_owned());
    let told = done(&office, &["import", &write(&office, "a.csv", &lines)]);
    assert_eq!((&told["already"], &told["unchanged"], &told["numbered"]), (&false.into(), &4.into(), &0.into()));
}

#[test]
fn old_return_does_not_send_a_corrected_one_back_again() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let (people, export) = submitted(&office, &mut phone);
    let lines = vec![returned(people[0], &export)];
    done(&office, &["import", &write(&office, "a.csv", &lines)]);
    phone.pull(&office);
    office.later(DAY);
    let fix = phone.edit(&office, record(1), "name", "SUPARNO HADI");
    let resubmit = phone.event(&office, record(6), people[0], "resubmit", &[]);
    assert!(applied(&phone.send(&office, &[fix, resubmit])));
    let more = vec![lines[0].clone(), numbered(people[1], &export, 1)];
    let told = done(&office, &["import", &write(&office, "b.csv", &more)]);
    assert_eq!((&told["unchanged"], &told["returned"]), (&1.into(), &0.into()));
    assert_eq!(state(&office, people[0]), "received");
    // with the branch again under a new export, the old line is still of the old one
    done(&office, &["verify", "--all"]);
    let second = self::export(&office, "two.csv");
    let more = vec![lines[0].clone(), numbered(people[2], &export, 2)];
    assert_eq!(done(&office, &["import", &write(&office, "c.csv", &more)])["unchanged"], 1);
    assert_eq!(state(&office, people[0]), "submitted");
    // and the same answer to the new export is a new answer
    let again = returned(people[0], second["export_id"].as_str().expect("an id"));
    assert_eq!(done(&office, &["import", &write(&office, "d.csv", &[again])])["returned"], 1);
    assert_eq!(state(&office, people[0]), "returned");
}

#[test]
fn one_wrong_line_and_nothing_is_applied_and_every_wrong_line_is_told() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let (people, export) = submitted(&office, &mut phone);
    let received = register(&office, &mut phone, 31, "KARSIM");
    let before = office.dump();
    let lines = [
        returned(people[0], &export),
        numbered(people[1], &export, 1).replace("50400", "banyak"),
        paid(people[2], &export, "02-2027"),
        returned(received, ""),
        returned(record(99), ""),
        returned(people[1], "another-export"),
        format!("{};;{};DIKEMBALIKAN;other;;;;;;;;\n", people[2], nik(1)),
        format!(";;{};DIKEMBALIKAN;other;;;;;;;;\n", nik(77)),
    ];
    let path = write(&office, "a.csv", &lines);
    let error = refused(&office, &["import", &path]);
    let told: Vec<&str> = error.lines().skip(1).map(str::trim).collect();
    assert_eq!(
        told,
        [
            "line 3, JUMLAH: not_a_number",
            "line 4: transition_refused",
            "line 5: not_with_branch",
            "line 6, REFERENSI: enrollment_unknown",
            "line 7, EKSPOR: export_unknown",
            "line 8, NIK: nik_differs",
            "line 9, NIK: enrollment_unknown",
        ]
    );
    assert_eq!(office.dump(), before);
    assert!(error.contains("a.csv") && error.contains("nothing was applied"), "{error}");
    assert!(!error.contains(&nik(1)) && !error.contains(&nik(77)), "{error}");
    // scripts get the lines as JSON, and the error all the same
    let told = super::told(&office, &["--as", "Operator Cabang", "--json", "import", &path]);
    let json: Value = serde_json::from_str(&told.text).expect("JSON");
    assert_eq!((json["lines"].as_array().expect("lines").len(), json["lines"][0]["line"].as_u64()), (7, Some(3)));
    assert!(told.error.is_some());
    // the right lines alone are taken
    done(&office, &["import", &write(&office, "b.csv", &lines[..1])]);
}

#[test]
fn line_may_name_the_person_by_nik_alone() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let (people, _) = submitted(&office, &mut phone);
    let line = format!(";;{};DIKEMBALIKAN;other;;;;;;;;\n", nik(11));
    assert_eq!(done(&office, &["import", &write(&office, "a.csv", &[line])])["returned"], 1);
    assert_eq!(state(&office, people[1]), "returned");
}

#[test]
fn linked_person_is_found_by_the_nik_of_either_record() {
    let office = Office::new();
    let (mut one, mut other) = (office.phone(&[RT3]), office.phone(&[RT4]));
    let (people, _) = submitted(&office, &mut one);
    // the same person, registered in the next RT: linked by itself, its enrolment superseded
    let worker = other.worker_in(&office, record(41), &nik(1), "SUPARNO", RT4);
    other.send(&office, &[worker]);
    assert!(office.record(record(41)).alias.is_some());
    let line = format!(";;{};DIKEMBALIKAN;other;;;;;;;;\n", nik(1));
    assert_eq!(done(&office, &["import", &write(&office, "a.csv", &[line])])["returned"], 1);
    assert_eq!(state(&office, people[0]), "returned");
}

#[test]
fn payment_in_time_counts_although_its_file_comes_late() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let (people, export) = submitted(&office, &mut phone);
    let first = [numbered(people[0], &export, 1), paid(people[0], &export, "12-2026")];
    done(&office, &["import", &write(&office, "a.csv", &first)]);
    // paid in March for the months since, told in June: by then a fourth month stands unpaid
    office.later(200 * DAY);
    assert_eq!(state(&office, people[0]), "ended");
    let undated = paid(people[0], &export, "06-2027").replace("20-11-2026", "").replace("01-12-2026", "");
    let error = refused(&office, &["import", &write(&office, "u.csv", &[undated])]);
    assert!(error.contains("transition_refused"), "paid when its file came, so too late: {error}");
    let ahead = paid(people[0], &export, "06-2027").replace("20-11-2026", "15-03-2028").replace("01-12-2026", "");
    assert!(refused(&office, &["import", &write(&office, "f.csv", &[ahead])]).contains("transition_refused"));
    let late = paid(people[0], &export, "06-2027").replace("20-11-2026", "15-03-2027").replace("01-12-2026", "");
    let told = done(&office, &["import", &write(&office, "b.csv", &[late])]);
    assert_eq!(told["paid"], 1);
    assert!(matches!(state(&office, people[0]).as_str(), "covered" | "lapsing"));
}

#[test]
fn kelurahan_brings_no_branch_file() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let (people, export) = submitted(&office, &mut phone);
    done(&office, &["operator", "add", "Pak Lurah", "--role", "kelurahan"]);
    let path = write(&office, "a.csv", &[returned(people[0], &export)]);
    let error = as_other(&office, "Pak Lurah", &["import", &path]).expect_err("not theirs");
    assert!(error.contains("not_a_branch_operator"), "{error}");
    assert_eq!(state(&office, people[0]), "submitted");
}

#[test]
fn known_member_is_flagged_and_the_list_leaves_hashes_only() {
    let office = Office::new();
    let path = file(&office, "members.csv");
    fs::write(&path, format!("NIK;NAMA\n{};DARSIH BINTI KARTA\n{};X\n", nik(1), nik(1))).expect("written");
    let path = path.to_str().expect("a path");
    assert_eq!(done(&office, &["import-members", path])["members"], 1);
    let mut phone = office.phone(&[RT3]);
    register(&office, &mut phone, 1, "DARSIH");
    register(&office, &mut phone, 11, "TARSIM");
    let all = done(&office, &["workers"]);
    let flags = |name: &str| {
        let all = all.as_array().expect("a list");
        all.iter().find(|row| row["name"] == name).expect("the person")["flags"].to_string()
    };
    assert!(flags("DARSIH").contains("already_member") && !flags("TARSIM").contains("already_member"));
    drop(office.service);
    for entry in
        fs::read_dir(office.dir.path().join("data")).expect("a folder").flatten().filter(|entry| entry.path().is_file())
    {
        let bytes = fs::read(entry.path()).expect("a file");
        for text in [nik(1).as_bytes(), b"DARSIH BINTI KARTA"] {
            assert!(!bytes.windows(text.len()).any(|window| window == text), "{}", entry.path().display());
        }
    }
}

#[test]
fn own_template_of_the_data_directory_is_used() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    verified(&office, &mut phone, &[(1, "SUPARNO")]);
    let folder = office.data().join("templates");
    fs::create_dir_all(&folder).expect("a folder");
    let text = "name = \"bank\"\nversion = 3\npurpose = \"bpjs\"\ndelimiter = \",\"\ndate = \"%Y%m%d\"\nmonth = \"%Y%m\"\n\
                column = [{ header = \"ID\", value = \"worker.nik\", form = \"digits\" }, { header = \"LAHIR\", value = \"worker.birth.date\", form = \"date\" }]\n";
    fs::write(folder.join("bank.toml"), text).expect("written");
    done(&office, &["export", "--template", "bank", "--out", file(&office, "b.csv").to_str().expect("a path")]);
    let written = fs::read_to_string(file(&office, "b.csv")).expect("the file");
    assert_eq!(written, format!("\u{feff}ID,LAHIR\r\n{},19900915\r\n", nik(1)));
    let names = done(&office, &["templates"]).to_string();
    assert!(names.contains("bank") && names.contains("jawaban-cabang"));
    assert_eq!(done(&office, &["templates", "bank"])[0]["columns"], serde_json::json!(["ID", "LAHIR"]));
}

/// A file of the branch's clinics, in a folder of its own.
fn plkk(office: &Office, rows: &[&str]) -> String {
    let file = office.data().with_extension("plkk.csv");
    let text = format!("KODE,NAMA,KECAMATAN,TELEPON,LINTANG,BUJUR\n{}\n", rows.join("\n"));
    std::fs::write(&file, text).expect("written");
    file.to_str().expect("a path").to_owned()
}

#[test]
fn list_of_clinics_reaches_an_official_and_what_left_it_has_ended() {
    let office = Office::new();
    let mut phone = office.phone(&[RT3]);
    let first = ["K-01,Klinik Contoh 1,33.02.24,0281-555001,-7.424,109.23", "K-02,Klinik Contoh 2,Baturraden,,,"];
    let told = done(&office, &["import-plkk", "--area", "33.02", "--edition", "2026-11", &plkk(&office, &first)]);
    assert_eq!((&told["clinics"], &told["new"], &told["ended"]), (&2.into(), &2.into(), &0.into()));
    phone.pull(&office);
    let clinics = |phone: &Phone| -> Vec<String> {
        let all = phone.base.values().filter(|put| put.kind == Kind::Plkk);
        let mut names: Vec<_> = all
            .map(|put| {
                format!(
                    "{} {}",
                    put.body["name"].as_str().unwrap_or_default(),
                    put.body.get("ended").map_or("", |_| "x")
                )
            })
            .collect();
        names.sort();
        names
    };
    assert_eq!(clinics(&phone), ["Klinik Contoh 1 ", "Klinik Contoh 2 "]);
    // the next list lacks one and has another; the same file again changes nothing
    let second = ["K-01,Klinik Contoh 1 Timur,33.02.24,,,", "K-03,Klinik Contoh 3,33.02.24,,,"];
    let again = ["import-plkk", "--area", "33.02", "--edition", "2026-12", &plkk(&office, &second)];
    let told = done(&office, &again);
    assert_eq!((&told["clinics"], &told["new"], &told["ended"]), (&2.into(), &1.into(), &1.into()));
    phone.pull(&office);
    assert_eq!(phone.base.values().filter(|put| put.kind == Kind::Plkk).count(), 3);
    assert_eq!(done(&office, &["clinics"]).as_array().expect("a list").len(), 2);
    assert_eq!(done(&office, &["clinics", "--all"]).as_array().expect("a list").len(), 3);
    done(&office, &again);
    assert!(phone.ask(&office, &[]).changes.is_empty());
    // one wrong line: every line told, nothing applied
    let wrong = ["K-01,Klinik Contoh 1,33.03.01,,,", "K-09,,33.02.24,,,"];
    let error = refused(&office, &["import-plkk", "--area", "33.02", "--edition", "x", &plkk(&office, &wrong)]);
    assert!(error.contains("line 2, KECAMATAN: area_foreign") && error.contains("line 3, NAMA: missing"), "{error}");
    assert!(phone.ask(&office, &[]).changes.is_empty());
}
