//! The restore drill with everything real: the binary, its HTTP, and phones that are the real store and sync.
//!
//! A backup is made, work goes on, the machine is lost; a new one is made from the backup, the journal and the keys.
//! After each phone has come by once, nothing that anyone did is missing.

use payung_domain::{
    area::Area,
    contribution::ContributionTable,
    eligibility::Membership,
    enrollment::EnrollmentStatus,
    id::{OfficialId, RecordId},
    op::Body,
    worker::CaptureContext,
};
use payung_people::person;
use payung_protocol::AppFacts;
use payung_server::{clock, keys::rng};
use payung_store::{DatabaseKey, Edit, NewIds, Options, Store, WorkerQuery};
use payung_sync::{Courier, HttpTransport, JoinFacts, SyncReport, Timeouts, Urgency, join};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

/// RW 005 of Karangklesem: every phone here looks after all of it.
const RW: &str = "33.02.24.1001.005";
const RT: &str = "33.02.24.1001.005.003";
const SEED: u64 = 20_261_122;

fn payung() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_payung"));
    command.env("PAYUNG_LOG", "warn").env_remove("PAYUNG_DATA").env_remove("PAYUNG_AS");
    command
}

struct Server {
    child: Child,
    address: String,
    data: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(data: &Path, address: &str) -> Self {
        let mut command = payung();
        command.args(["serve", "--listen", address, "--data"]).arg(data).stdout(Stdio::piped());
        let mut child = command.spawn().expect("started");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let first = lines.next().expect("it says where it listens").expect("text");
        assert!(first.contains(address), "{first}");
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address: address.to_owned(), data: data.to_owned() }
    }

    fn admin(&self, args: &[&str]) -> Value {
        let mut command = payung();
        command.args(["admin", "--json", "--as", "Bu Sri", "--data"]).arg(&self.data).args(args);
        let output = command.output().expect("ran");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    }

    fn phone(&self, folder: &Path, official: &str) -> Phone {
        let server = format!("http://{}", self.address);
        let invited = self.admin(&["invite", "--official", official, "--area", RW, "--server", &server]);
        let store = Store::open(
            &folder.join(format!("{official}.db")),
            &DatabaseKey::new(clock::random()),
            &Options::default(),
        );
        let phone = Phone {
            store: store.expect("a store"),
            courier: Courier::new(),
            transport: HttpTransport::new(Timeouts::default()).expect("a transport"),
        };
        let link = invited["link"].as_str().expect("a link");
        join(link, &JoinFacts::default(), &phone.store, &phone.transport, clock::now(), &mut rng()).expect("joined");
        phone
    }

    /// What the office knows of everyone: name, state, number, cover, export; by enrolment.
    fn everyone(&self) -> BTreeMap<String, String> {
        let all = self.admin(&["workers"]);
        let kept =
            ["worker", "name", "nik", "state", "returned", "payment_code", "kpj", "export_id", "covered", "flags"];
        let line = |row: &Value| kept.map(|name| row[name].to_string()).join(" ");
        let all = all.as_array().expect("a list");
        all.iter().map(|row| (row["enrollment"].as_str().expect("an id").to_owned(), line(row))).collect()
    }
}

struct Phone {
    store: Store,
    courier: Courier,
    transport: HttpTransport,
}

impl Phone {
    /// Saves a person offline; answers their enrolment.
    fn register(&self, i: u64) -> RecordId {
        let now = chrono::DateTime::from_timestamp_millis(clock::now()).expect("a time");
        let draft = self.store.open_draft(&payung_domain::field::Kind::Worker, None, clock::now()).expect("a form");
        let form = person(SEED, i, "330224", now.date_naive()).form();
        let fields: Vec<(&str, &Value)> = form.iter().map(|(name, value)| (name.as_str(), value)).collect();
        self.store.set_draft_fields(draft.id, &fields, clock::now()).expect("saved");
        let area = Area::parse(RT).expect("an RT");
        let context = CaptureContext {
            now,
            area: &area,
            official: OfficialId(clock::new_id()),
            table: ContributionTable::builtin(),
            nik_on_this_phone: false,
            membership: Membership::First,
        };
        let id = || RecordId(clock::new_id());
        let ids = NewIds { worker: id(), enrollment: id(), event: id() };
        self.store.register_worker(draft.id, &context, ids).expect("registered");
        ids.enrollment
    }

    fn worker_of(&self, enrollment: RecordId) -> RecordId {
        let shown = self.store.shown(enrollment).expect("held");
        shown.text("worker").expect("a worker").parse().expect("an id")
    }

    fn write(&self, worker: RecordId, field: &str, value: &str) {
        let shown = self.store.shown(worker).expect("held");
        let fields = Body::from([(field.to_owned(), value.into())]);
        let edit = Edit { record: worker, base: shown.base, shown: shown.body(), fields };
        self.store.save_edit(&edit, clock::now()).expect("saved");
    }

    /// Exchanges until nothing waits and nothing new comes.
    fn sync(&self) -> SyncReport {
        let facts = AppFacts { app_version: "0.1.0".to_owned(), schema: 1, free_bytes: 1 << 30 };
        let report = self.courier.sync(&self.store, &self.transport, facts, Urgency::Person, &clock::now, &mut rng());
        report.expect("synced")
    }

    /// Worker and label of everyone this phone shows.
    fn list(&self) -> BTreeMap<String, String> {
        let today = chrono::DateTime::from_timestamp_millis(clock::now()).expect("a time").date_naive();
        let query = WorkerQuery { limit: 1000, ..WorkerQuery::default() };
        let page = self.store.workers(&query, today).expect("a list");
        assert!(page.rows.iter().all(|row| !row.waiting && !row.held && !row.refused));
        let state = |row: &payung_store::WorkerSummary| {
            row.phase.map_or("none", payung_domain::enrollment::Phase::code).to_owned()
        };
        page.rows.iter().map(|row| (row.id.to_string(), state(row))).collect()
    }
}

fn succeed(command: &mut Command) -> String {
    let output = command.output().expect("ran");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn nothing_is_missing_after_the_machine_was_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let address = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("known").to_string();
    let server = Server::start(&at("old"), &address);
    succeed(payung().args(["admin", "operator", "add", "Bu Sri", "--data"]).arg(&server.data));
    let (one, two) = (server.phone(folder.path(), "Pak Tarno"), server.phone(folder.path(), "Bu Karti"));
    let first: Vec<RecordId> = (0..4).map(|i| one.register(i)).collect();
    one.sync();
    two.sync();
    server.admin(&["verify", &first[0].to_string()]);
    succeed(payung().arg("backup").arg("--data").arg(&server.data).arg("--out").arg(at("backup")));

    // after the copy: registrations, edits, a new phone, and the office's work
    let second: Vec<RecordId> = (4..7).map(|i| one.register(i)).collect();
    two.write(two.worker_of(first[1]), "notes", "rumah pindah ke gang sebelah");
    one.sync();
    two.sync();
    one.write(one.worker_of(first[2]), "phone", "081200000077");
    one.sync();
    let three = server.phone(folder.path(), "Pak Slamet");
    let third = three.register(7);
    three.sync();
    server.admin(&["verify", "--all"]);
    let exported = server.admin(&["export", "--out", at("export.csv").to_str().expect("a path")]);
    assert_eq!(exported["rows"], 8);
    let export = exported["export_id"].as_str().expect("an id");
    let answers = format!(
        "REFERENSI;EKSPOR;JAWABAN;KODE ALASAN;KPJ;KODE IURAN;JUMLAH;BERLAKU SAMPAI;MULAI;SAMPAI BULAN\n\
         {};{export};DIKEMBALIKAN;name_mismatch;;;;;;\n\
         {};{export};BERNOMOR;;24001230001;880001;50400;31-12-2099;;\n\
         {};{export};BERNOMOR;;24001230002;880002;50400;31-12-2099;;\n\
         {};{export};LUNAS;;;;;;01-01-2026;12-2099\n",
        first[1], second[0], third, third
    );
    fs::write(at("answers.csv"), answers).expect("written");
    server.admin(&["import", at("answers.csv").to_str().expect("a path")]);
    server.admin(&["revoke", &two.store.identity().expect("read").expect("joined").device.to_string()]);
    for phone in [&one, &three] {
        phone.sync();
    }
    let (before, one_before) = (server.everyone(), one.list());
    assert_eq!(before.len(), 8);
    let covered = |all: &BTreeMap<String, String>| all.values().filter(|line| line.contains("\"covered\"")).count();
    assert_eq!(covered(&before), 1);

    drop(server);
    let (keys, journal) = (at("old/keys"), at("old/journal"));
    let mut restore = payung();
    restore.arg("restore").arg("--data").arg(at("new")).arg("--from").arg(at("backup")).arg("--keys").arg(keys);
    let told: Value =
        serde_json::from_str(&succeed(restore.arg("--journal").arg(journal).arg("--json"))).expect("JSON");
    assert!(told["replayed"].as_u64() > told["waiting"].as_u64() && told["waiting"].as_u64() > Some(0), "{told}");

    let server = Server::start(&at("new"), &address);
    let without = server.everyone();
    assert!(!without.contains_key(&third.to_string()) && covered(&without) == 0, "they come with their phones");
    for phone in [&one, &three] {
        let report = phone.sync();
        assert!(report.new_epoch && report.refused == 0 && report.held == 0, "{report:?}");
    }
    let after = server.everyone();
    assert_eq!(after, before);
    let shown = server.admin(&["show", &one.worker_of(first[2]).to_string()]);
    assert_eq!(shown[0]["body"]["phone"], "+6281200000077");
    // the revoked phone stays so: what it still has waits for a person, and is not lost
    assert_eq!(two.sync().held, 1);
    let held = server.admin(&["held"]);
    assert_eq!(held[0]["set"]["notes"], "rumah pindah ke gang sebelah");
    server.admin(&["held", "release", held[0]["device"].as_str().expect("an id"), &held[0]["n"].to_string()]);
    let shown = server.admin(&["show", &one.worker_of(first[1]).to_string()]);
    assert_eq!(shown[0]["body"]["notes"], "rumah pindah ke gang sebelah");

    for phone in [&one, &three] {
        phone.sync();
        phone.sync();
    }
    assert_eq!(one.list(), one_before);
    assert_eq!(three.list(), one.list());
    // the same file of the branch is still known, and nothing goes out twice
    let again = server.admin(&["import", at("answers.csv").to_str().expect("a path")]);
    assert_eq!(again["already"], true);
    assert_eq!(server.admin(&["export", "--out", at("again.csv").to_str().expect("a path")])["rows"], 0);
    let returned = one.store.shown(first[1]).expect("held");
    assert_eq!(returned.text("status"), Some(EnrollmentStatus::Returned.as_str()));
    let told = succeed(payung().arg("doctor").arg("--data").arg(&server.data));
    assert!(!told.contains("WRONG") && told.contains(", 0 acts wait"), "{told}");
}
