//! A worker's own phone and a clinic's, over real HTTP with real files: each is told exactly what is its own.

use crate::common::{Office, RW, open, outstanding, quiet, refusal, register, someone, sync};
use payung_domain::{field::Kind, id::RecordId};
use payung_people::picture;
use payung_system_tests::{Phone, PhoneFiles};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs};

fn moment(hours_ago: i64) -> String {
    let noon = crate::common::today().and_hms_opt(1, 0, 0).unwrap().and_utc();
    (noon - chrono::Duration::hours(hours_ago)).to_rfc3339()
}

fn id(value: &Value) -> RecordId {
    serde_json::from_value(value.clone()).unwrap()
}

/// Every record in a phone's file, whatever lists show.
fn records(files: &PhoneFiles) -> BTreeSet<RecordId> {
    // waits until the phone has let go of it
    drop(open(files));
    let connection = rusqlite::Connection::open(files.folder.join("payung.db")).unwrap();
    connection.pragma_update(None, "key", format!("x'{}'", hex::encode(files.key))).unwrap();
    connection.pragma_update(None, "cipher_hmac_algorithm", "HMAC_SHA256").unwrap();
    let mut statement = connection.prepare("SELECT id FROM record").unwrap();
    let ids = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
    ids.map(|id| RecordId::from_slice(&id.unwrap()).unwrap()).collect()
}

fn accident(phone: &mut Phone, worker: &Value, clinic: &str) -> Value {
    let fields = json!({
        "worker": worker, "happened": moment(3), "place": "Kebun kelapa", "what": "Jatuh dari pohon", "clinic": clinic,
    });
    phone.ask(&json!({"do": "report", "kind": "accident_report", "fields": fields})).unwrap()["record"].clone()
}

fn clinics(office: &Office) {
    let file = office.folder.path().join("plkk.csv");
    let rows = "KODE,NAMA,KECAMATAN,TELEPON,LINTANG,BUJUR\n\
                K-01,Klinik Contoh 1,33.02.24,0281-555001,-7.42,109.23\n\
                K-02,Klinik Contoh 2,33.02.24,0281-555002,-7.43,109.24\n";
    fs::write(&file, rows).unwrap();
    let file = file.display().to_string();
    office.admin.act(&["import-plkk", "--area", "33.02", "--edition", "uji", &file]).unwrap();
}

fn claim(office: &Office, worker: &Value) -> Value {
    office.admin.act(&["claim-code", worker.as_str().unwrap(), "--server", &office.server.url()]).unwrap()
}

#[test]
fn workers_phone_joins_by_its_code_and_holds_its_record_and_nothing_of_the_neighbour() {
    let mut office = Office::open(81);
    let (mut official, _) = office.phone("satu");
    let mine = register(&mut official, &someone(0));
    let neighbour = register(&mut official, &someone(1));
    quiet(&mut [&mut official]);
    let code = claim(&office, &mine["worker"]);
    let files: PhoneFiles = office.files("pekerja");
    let mut phone = office.start(&files);

    let join =
        |phone: &mut Phone, typed: &str| phone.ask(&json!({"do": "claim", "code": typed, "server": code["server"]}));
    assert_eq!(refusal(join(&mut phone, "7K3QD-WX9R")).0, "claim");
    assert_eq!(refusal(join(&mut phone, "00000-00000")).0, "refused:invite_unknown");
    let typed = code["code"].as_str().unwrap().to_lowercase().replace('-', " ");
    let identity = join(&mut phone, &typed).unwrap();
    assert_eq!(identity["only"]["worker"]["record"], mine["worker"]);
    let other = office.files("orang-lain");
    let mut stranger = office.start(&other);
    assert_eq!(refusal(join(&mut stranger, &typed)).0, "refused:invite_used");

    // not the person's to write
    let form = crate::common::fill(&mut phone, &someone(2));
    assert_eq!(refusal(phone.ask(&json!({"do": "register", "draft": form}))).0, "role_foreign");
    phone.ask(&json!({"do": "discard_form", "draft": form})).unwrap();
    sync(&mut phone);
    let rows = phone.ask(&json!({"do": "list"})).unwrap();
    assert_eq!(rows.as_array().unwrap().iter().map(|row| &row["worker"]).collect::<Vec<_>>(), [&mine["worker"]]);

    // asks, corrects, and reads the answer
    let asks = json!({"worker": mine["worker"], "topic": "question", "text": "Kapan kartunya jadi?"});
    let question = phone.ask(&json!({"do": "report", "kind": "feedback", "fields": asks})).unwrap()["record"].clone();
    phone.ask(&json!({"do": "edit", "record": mine["worker"], "fields": {"phone": "081200009001"}})).unwrap();
    let about_other = json!({"worker": neighbour["worker"], "topic": "question", "text": "Dan tetangga?"});
    phone.ask(&json!({"do": "report", "kind": "feedback", "fields": about_other})).unwrap();
    sync(&mut phone);
    assert_eq!(outstanding(&mut phone), 0);
    let fixing = phone.ask(&json!({"do": "needs_fixing"})).unwrap();
    assert_eq!(fixing.as_array().unwrap().iter().map(|op| &op["code"]).collect::<Vec<_>>(), ["record_foreign"]);
    phone.ask(&json!({"do": "discard", "op": fixing[0]["op"]})).unwrap();
    sync(&mut official);
    let open_now = official.ask(&json!({"do": "conflicts"})).unwrap();
    assert_eq!((&open_now[0]["field"], &open_now[0]["correction"]), (&json!("phone"), &json!(true)));
    office.admin.act(&["answer", question.as_str().unwrap(), "--state", "answered", "--text", "Hari Senin."]).unwrap();
    quiet(&mut [&mut phone]);
    let told = phone.ask(&json!({"do": "reports"})).unwrap();
    assert_eq!((&told[0]["record"], &told[0]["next_step"]), (&question, &json!("Jawaban: Hari Senin.")));
    phone.close().unwrap();
    let held = records(&files);
    let own = ["worker", "enrollment", "event"].map(|name| id(&mine[name]));
    assert_eq!(held, own.into_iter().chain([id(&question)]).collect::<BTreeSet<_>>());
}

#[test]
fn clinic_holds_the_reports_that_name_it_and_its_word_reaches_the_official_who_reported() {
    let mut office = Office::open(82);
    clinics(&office);
    let (mut official, _) = office.phone("satu");
    let hurt = register(&mut official, &someone(0));
    let other = register(&mut official, &someone(1));
    let report = accident(&mut official, &hurt["worker"], "K-01");
    let elsewhere = accident(&mut official, &other["worker"], "K-02");
    let camera = office.folder.path().join("camera.jpg");
    fs::write(&camera, picture::jpeg(&picture::scene(640, 480), 640, 480, 1)).unwrap();
    let photo = official.ask(&json!({"do": "photo", "of": report, "file": camera})).unwrap()["record"].clone();
    quiet(&mut [&mut official]);
    assert_eq!(official.ask(&json!({"do": "needs_fixing"})).unwrap(), json!([]), "a report takes a photo");

    let files = office.files("klinik");
    let mut clinic = office.start(&files);
    let url = office.server.url();
    let invite =
        office.admin.act(&["invite", "--official", "Bu Perawat", "--clinic", "K-01", "--server", &url]).unwrap();
    let identity = clinic.ask(&json!({"do": "join", "invite": invite["link"]})).unwrap();
    assert_eq!(identity["only"]["clinic"]["code"], "K-01");
    quiet(&mut [&mut clinic]);
    let reports = clinic.ask(&json!({"do": "reports"})).unwrap();
    assert_eq!(reports.as_array().unwrap().iter().map(|report| &report["record"]).collect::<Vec<_>>(), [&report]);
    let person = clinic.ask(&json!({"do": "detail", "worker": hurt["worker"]})).unwrap();
    let fields: BTreeSet<&String> = person["fields"].as_object().unwrap().keys().collect();
    assert_eq!(fields.into_iter().collect::<Vec<_>>(), ["birth", "name", "nik"]);

    let says = |phone: &mut Phone, of: &Value, what: &str| {
        let fields = json!({"of": of, "what": what, "text": "x"});
        phone.ask(&json!({"do": "report", "kind": Kind::FollowUp, "fields": fields}))
    };
    assert_eq!(refusal(says(&mut clinic, &report, "note")).0, "role_foreign");
    assert_eq!(refusal(says(&mut official, &report, "received")).0, "role_foreign");
    let word = says(&mut clinic, &report, "received").unwrap()["record"].clone();
    quiet(&mut [&mut clinic, &mut official]);
    let told = official.ask(&json!({"do": "reports"})).unwrap();
    let of = |record: &Value| told.as_array().unwrap().iter().find(|row| row["record"] == *record).unwrap().clone();
    assert_eq!((&of(&report)["phase"], &of(&elsewhere)["phase"]), (&json!("in_hand"), &json!("sent")));
    assert_eq!(of(&report)["next_step"], "Klinik sudah menerima laporan ini. Tunggu jawaban kantor.");
    clinic.close().unwrap();
    let held = records(&files);
    assert_eq!(held, [&report, &hurt["worker"], &photo, &word].map(id).into_iter().collect::<BTreeSet<_>>());
    assert!(RW.starts_with("33.02"), "the clinic's region is that of the official");
}
