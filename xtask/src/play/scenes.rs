//! The scenes, in order. Each says what it needs to come about and stops the play when it does not.

use super::{
    PlayError, branch,
    figures::Figures,
    progress::Progress,
    shared,
    stage::{Official, Stage, VILLAGE},
};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use indicatif::ProgressBar;
use payung_domain::{
    area::Area,
    calendar::local_date,
    region::{self, Level, RegionCode},
};
use payung_people::{Person, person, picture};
use payung_system_tests::{
    Admin, PhoneError, Trouble,
    ledger::{self, text},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    thread,
    time::{Instant, SystemTime, UNIX_EPOCH},
};

/// Registered by each official. The last of the second official is a person of the first.
const EACH: usize = 20;
/// That person's place in the first official's list, and those of the two that both officials edit.
const TWICE: usize = 7;
const FIELDS: usize = 2;
const NIK: usize = 3;
/// Of the second official's: edited while its op is in flight.
const IN_FLIGHT: usize = 4;
/// More rounds than any quiet needs.
const ROUNDS: usize = 8;
/// Well inside the first upload.
const CUT: u64 = 3000;
/// Each official takes a photo of the KTP of so many.
const PHOTOS: usize = 3;
/// The sides of the camera's picture. Made small, it is a little more than the first chunk of an upload.
const PICTURE: (u16, u16) = (1280, 960);
/// Inside the second chunk of the first photo, the heads before it counted.
const PHOTO_CUT: u64 = 67_000;

/// What the scenes count as they go.
#[derive(Default)]
struct Counted {
    uploaded: u64,
    merged: u64,
    /// Bytes of photos that the phones sent, and that the server took.
    photos: [u64; 2],
    /// Bytes that went up the roads for photos, heads included.
    photo_road: u64,
}

impl Counted {
    fn add(&mut self, report: &Value) {
        self.uploaded += report["uploaded"].as_u64().unwrap_or(0);
        self.merged += report["merged"].as_u64().unwrap_or(0);
    }
}

/// A worker as a phone registered them.
#[derive(Clone)]
struct Registered {
    worker: String,
    person: Person,
}

/// Plays everything and counts it.
pub(super) fn play(stage: &mut Stage, seed: u64, begun: Instant, progress: &Progress) -> Result<Figures, PlayError> {
    let today = today()?;
    let [first, second] = cast(seed, today);
    let mut niks = Niks::of([&first, &second]);
    let mut counted = Counted::default();

    progress.step("klinik dan sponsor dibagikan (clinics and a sponsor shared)", || shared::share(stage, today))?;
    let registered = register_all(&mut stage.officials, [&first, &second], progress)?;
    let [ours, theirs] = &registered;
    progress.step("KTP difoto (photos taken)", || take_photos(stage, &registered))?;
    progress.step("kiriman pertama terputus, jawaban hilang, lalu sampai (cut, lost answer, sent)", || {
        first_upload(&mut stage.officials[0], &mut counted)
    })?;
    progress.step("warga disunting saat kirimannya di jalan (edited while in flight)", || {
        edit_in_flight(&mut stage.officials[1], &theirs[IN_FLIGHT], &mut counted)
    })?;
    progress.step("kedua HP bertukar kabar (both phones exchange)", || quiet(&mut stage.officials, &mut counted))?;
    let over_quota = progress.step("sponsor: tempat kurang, ditambah (over quota, then enlarged)", || {
        let over = shared::without_a_place(&mut stage.officials)?;
        shared::agree(stage, 2 * shared::SPONSORED.len(), today)?;
        quiet(&mut stage.officials, &mut counted)?;
        match shared::without_a_place(&mut stage.officials)? {
            0 => Ok(over),
            _ => Err(PlayError::Missing("somebody has no place although there is one for each")),
        }
    })?;
    progress.step("foto dikirim, satu terputus di tengah (photos sent, one cut in the middle)", || {
        send_photos(&mut stage.officials, &mut counted)
    })?;
    progress.step("dua petugas menyunting warga yang sama (both edit the same workers)", || {
        edit_on_both(&mut stage.officials, [&ours[FIELDS], &ours[NIK]], &mut niks)?;
        quiet(&mut stage.officials, &mut counted)
    })?;
    let resolved = progress.step("kantor memilih data yang benar (the operator settles)", || {
        let resolved = settle(&stage.office)?;
        quiet(&mut stage.officials, &mut counted)?;
        Ok::<_, PlayError>(resolved)
    })?;
    let answered = progress.step("cabang menjawab: dua kembali, lainnya bernomor (the branch answers)", || {
        let answered = to_the_branch(stage, today)?;
        quiet(&mut stage.officials, &mut counted)?;
        Ok::<_, PlayError>(answered)
    })?;
    let numbered = on_any_phone(&mut stage.officials, &["numbered"])?;
    let returned = on_any_phone(&mut stage.officials, &["returned"])?;
    let before = shared::covered(&mut stage.officials[0])?;
    progress.step("yang bernomor membayar (the numbered pay)", || {
        let file = stage.folder.join("pembayaran.csv");
        branch::payments(&answered.rows, &answered.returned, today, &file)?;
        stage.office.act(&["import", &file.display().to_string()])?;
        quiet(&mut stage.officials, &mut counted)
    })?;
    let [cards, cards_good] =
        progress.step("kartu terbit, dicek tanpa sinyal (cards issued, verified offline)", || {
            stage.office.act(&["cards", "keep"])?;
            quiet(&mut stage.officials, &mut counted)?;
            shared::cards(&mut stage.officials)
        })?;
    let clinics = shared::clinics_shown(&mut stage.officials[1])?;
    let after = shared::covered(&mut stage.officials[0])?;
    let reports =
        progress.step("kecelakaan dan pertanyaan dilaporkan, kantor menjawab (reported and answered)", || {
            let written = write_reports(&mut stage.officials, &ours[0])?;
            quiet(&mut stage.officials, &mut counted)?;
            answer_reports(&stage.office)?;
            quiet(&mut stage.officials, &mut counted)?;
            Ok::<_, PlayError>(written)
        })?;
    let reports_answered = answered_on_both(&mut stage.officials, &reports)?;
    progress.step("yang kembali dibenahi dan dikirim lagi (corrected and sent again)", || {
        correct(&mut stage.officials, &returned, &mut niks)?;
        quiet(&mut stage.officials, &mut counted)
    })?;

    let figures = progress.step("memeriksa: tidak ada yang hilang, semua daftar sama (checking)", || {
        let server = ledger::server_list(&stage.office)?;
        let mut differing = 0;
        let mut lost = 0;
        for official in &mut stage.officials {
            let shown = ledger::phone_list(&official.list("checking")?);
            differing += ledger::differing(&shown, &server);
            lost += ledger::lost(&official.files, &stage.office)?;
        }
        let linked = stage.office.act(&["duplicates", "list", "--all"])?;
        let linked = items(&linked).iter().filter(|pair| pair["state"] == "linked").count();
        let open = stage.office.act(&["conflicts", "list"])?;
        let bytes: u64 = stage.officials.iter().map(|official| official.road.bytes_up()).sum();
        let bytes = bytes.saturating_sub(counted.photo_road);
        let [sent, taken] = counted.photos;
        Ok::<_, PlayError>(Figures {
            registered: registered.iter().map(Vec::len).sum(),
            persons: server.len(),
            uploaded: counted.uploaded,
            merged: counted.merged,
            conflicts_open: items(&open).len(),
            conflicts_resolved: resolved,
            reports: reports.len(),
            reports_answered,
            duplicates_linked: linked,
            returned: returned.len(),
            numbered: numbered.len(),
            over_quota,
            cards,
            cards_good,
            clinics,
            covered_before: before[0],
            covered_on_phone: after[0],
            covered: on_any_phone(&mut stage.officials, &["covered", "lapsing"])?.len(),
            lost,
            bytes_up_per_record: bytes / counted.uploaded.max(1),
            photos: photos_at(&stage.data.join("media/objects"))?,
            photos_taken: PHOTOS * registered.len(),
            photo_bytes: taken,
            photo_bytes_again: sent.saturating_sub(taken),
            seconds: begun.elapsed().as_secs(),
            lists_differing: differing,
        })
    })?;
    Ok(figures)
}

/// Today in the village.
fn today() -> Result<NaiveDate, PlayError> {
    let village = Area::parse(VILLAGE).map_err(|_| PlayError::Missing("the village is not known"))?;
    Ok(local_date(now(), &village))
}

#[allow(clippy::disallowed_methods, reason = "the play runs on the real clock, as its programs do")]
fn now() -> DateTime<Utc> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    DateTime::from_timestamp_millis(i64::try_from(since.as_millis()).unwrap_or(0)).unwrap_or_default()
}

/// 40 people, of whom one is on both lists. Their NIKs were first issued all over the regency.
fn cast(seed: u64, today: NaiveDate) -> [Vec<Person>; 2] {
    let village = RegionCode::parse(VILLAGE).ok();
    let districts: Vec<String> = village
        .and_then(|village| village.at(Level::Regency))
        .map(|regency| region::children(&regency).iter().map(|one| one.code.to_string().replace('.', "")).collect())
        .unwrap_or_default();
    let own = "330224".to_owned();
    let of = |i: usize| {
        // every third moved here
        let district = districts.get(i % districts.len().max(1)).filter(|_| i.is_multiple_of(3)).unwrap_or(&own);
        person(seed, i as u64, district, today)
    };
    let first: Vec<Person> = (0..EACH).map(of).collect();
    let mut second: Vec<Person> = (EACH..2 * EACH - 1).map(of).collect();
    // the same person at another door: the mother's name heard otherwise, another phone number
    let mut twice = first[TWICE].clone();
    twice.mother = format!("{} BINTI {}", twice.mother, second[0].heir);
    twice.phone.clone_from(&second[1].phone);
    second.push(twice);
    [first, second]
}

/// The NIKs of the play: a corrected one is of the same district and birth date, with a serial nobody has.
struct Niks(BTreeSet<String>);

impl Niks {
    fn of(people: [&[Person]; 2]) -> Self {
        Self(people.into_iter().flatten().map(|person| person.nik.clone()).collect())
    }

    fn corrected(&mut self, nik: &str) -> Result<String, PlayError> {
        let head = nik.get(..12).ok_or(PlayError::Missing("a phone does not show the NIK that was typed on it"))?;
        let free = (9000..10_000).rev().map(|serial| format!("{head}{serial}")).find(|nik| !self.0.contains(nik));
        let free = free.ok_or(PlayError::Missing("no serial is left"))?;
        self.0.insert(free.clone());
        Ok(free)
    }
}

fn register_all(
    officials: &mut [Official; 2],
    people: [&[Person]; 2],
    progress: &Progress,
) -> Result<[Vec<Registered>; 2], PlayError> {
    let [first, second] = officials;
    let bars = [first.name, second.name].map(|name| progress.bar(&format!("{name} mendaftarkan (offline)"), EACH));
    let done = thread::scope(|scope| {
        let begun = scope.spawn(|| register(first, people[0], &bars[0]));
        let theirs = register(second, people[1], &bars[1]);
        let ours = begun.join().unwrap_or(Err(PlayError::Missing("a phone's thread ended")));
        Ok([ours?, theirs?])
    });
    for (bar, people) in bars.iter().zip(people) {
        bar.finish_and_clear();
        let word = if done.is_ok() { "ok" } else { "FAILED" };
        eprintln!("{word:<7} {}: {} warga", bar.prefix(), people.len());
    }
    done
}

/// Door by door, every field saved as it is left.
fn register(official: &mut Official, people: &[Person], bar: &ProgressBar) -> Result<Vec<Registered>, PlayError> {
    const SCENE: &str = "registering";
    let mut registered = Vec::new();
    for (index, person) in people.iter().enumerate() {
        if index % 5 == 2 {
            // the door before was closed
            let door = format!("rumah sebelum {}", person.line);
            let visit = json!({"do": "visit", "outcome": "nobody_home", "door": door, "area": official.area});
            official.ask(SCENE, &visit)?;
        }
        let form = official.ask(SCENE, &json!({"do": "open_form"}))?;
        let under_sponsor = if shared::SPONSORED.contains(&index) { Some(shared::sponsored()) } else { None };
        let more = under_sponsor.into_iter().flatten().map(|(field, value)| (field.to_owned(), value));
        for (field, value) in person.form().into_iter().chain(more) {
            official.ask(SCENE, &json!({"do": "type", "draft": form["draft"], "field": field, "value": value}))?;
        }
        let area = &official.area;
        let done = json!({"do": "register", "draft": form["draft"], "area": area});
        let done = official.ask(SCENE, &done)?;
        let worker = text(&done, "worker");
        official.ask(SCENE, &json!({"do": "visit", "worker": worker, "outcome": "registered"}))?;
        registered.push(Registered { worker, person: person.clone() });
        bar.inc(1);
    }
    Ok(registered)
}

/// One run of the exchange, by the road that can be cut.
fn sync(official: &mut Official, counted: &mut Counted) -> Result<Value, PlayError> {
    let via = official.road.url();
    let report = official.ask("sending", &json!({"do": "sync", "via": via}))?;
    counted.add(&report);
    Ok(report)
}

/// Cut in mid-upload, then the answer lost, then whole.
fn first_upload(official: &mut Official, counted: &mut Counted) -> Result<(), PlayError> {
    for (number, trouble) in (1..).zip([Trouble::CutUploadAfter(CUT), Trouble::LoseAnswer]) {
        official.road.trouble(trouble);
        match sync(official, counted) {
            Err(PlayError::Phone { reason: PhoneError::Refused { .. }, .. }) if official.road.happened() == number => {}
            Err(error) => return Err(error),
            Ok(_) => {
                return Err(PlayError::Missing("a phone did not notice that its upload was cut or its answer lost"));
            }
        }
    }
    let report = sync(official, counted)?;
    // of the lost answer nothing was known: everything is offered again, and taken once
    if report["uploaded"] == 0 {
        return Err(PlayError::Missing("nothing was uploaded after the cut"));
    }
    Ok(())
}

/// Each official photographs the KTP of some whom they registered: one picture of nobody, each time under a key of its own.
fn take_photos(stage: &mut Stage, registered: &[Vec<Registered>; 2]) -> Result<(), PlayError> {
    let (width, height) = PICTURE;
    let camera = stage.folder.join("kamera.jpg");
    let bytes = picture::jpeg(&picture::scene(width, height), width, height, 6);
    fs::write(&camera, bytes).map_err(PlayError::file(&camera))?;
    for (official, people) in stage.officials.iter_mut().zip(registered) {
        for person in people.iter().take(PHOTOS) {
            official.ask("photographing", &json!({"do": "photo", "of": person.worker, "file": camera}))?;
        }
    }
    Ok(())
}

/// Apart from the exchange, by a road that costs nothing; the first upload is cut in its second chunk and goes on.
fn send_photos(officials: &mut [Official; 2], counted: &mut Counted) -> Result<(), PlayError> {
    const SCENE: &str = "sending photos";
    let cut = officials[0].road.happened();
    officials[0].road.trouble(Trouble::CutUploadAfter(PHOTO_CUT));
    for official in officials.iter_mut() {
        let (before, happened) = (official.road.bytes_up(), official.road.happened());
        let via = official.road.url();
        for _ in 0..ROUNDS {
            let report = official.ask(SCENE, &json!({"do": "send_photos", "via": via}))?;
            for (sum, name) in counted.photos.iter_mut().zip(["sent", "taken"]) {
                *sum += report[name].as_u64().unwrap_or(0);
            }
            if report["stopped"].is_string() && official.road.happened() == happened {
                return Err(PlayError::Missing("the upload of a photo stopped on a whole road"));
            }
            if report["waiting"] == 0 {
                break;
            }
        }
        counted.photo_road += official.road.bytes_up() - before;
    }
    if officials[0].road.happened() == cut {
        return Err(PlayError::Missing("no upload of a photo was cut"));
    }
    Ok(())
}

/// Files that lie whole in the server's store of photos.
fn photos_at(folder: &Path) -> Result<usize, PlayError> {
    let mut count = 0;
    for entry in fs::read_dir(folder).map_err(PlayError::file(folder))? {
        let path = entry.map_err(PlayError::file(folder))?.path();
        count += if path.is_dir() { photos_at(&path)? } else { 1 };
    }
    Ok(count)
}

/// The op that creates the worker is on the road; the worker is edited; the op arrives; so does the edit.
fn edit_in_flight(official: &mut Official, registered: &Registered, counted: &mut Counted) -> Result<(), PlayError> {
    const SCENE: &str = "editing in flight";
    official.road.trouble(Trouble::Hold);
    let via = official.road.url();
    official.ask(SCENE, &json!({"do": "start_sync", "via": via}))?;
    official.road.wait_for_held().map_err(|_| PlayError::Missing("no request was held on the road"))?;
    let fields = json!({"home.landmark": "pindah ke depan pos ronda"});
    let edited = official.ask(SCENE, &json!({"do": "edit", "record": registered.worker, "fields": fields}))?;
    if edited["saved"] != "op" {
        return Err(PlayError::Missing("an edit made in flight did not become an op of its own"));
    }
    official.road.let_pass();
    counted.add(&official.ask(SCENE, &json!({"do": "wait_sync"}))?);
    Ok(())
}

/// Both exchange in turn until neither has anything to tell or to hear.
fn quiet(officials: &mut [Official; 2], counted: &mut Counted) -> Result<(), PlayError> {
    for _ in 0..ROUNDS {
        let mut news = 0;
        for official in officials.iter_mut() {
            let report = sync(official, counted)?;
            news += report["sent"].as_u64().unwrap_or(0) + report["changes"].as_u64().unwrap_or(0);
        }
        if news == 0 {
            return Ok(());
        }
    }
    Err(PlayError::Missing("the phones did not come to rest"))
}

/// Without a signal: one worker in different fields, one in the NIK.
fn edit_on_both(officials: &mut [Official; 2], shared: [&Registered; 2], niks: &mut Niks) -> Result<(), PlayError> {
    const SCENE: &str = "editing on both";
    let [fields, nik] = shared;
    let edits = [
        [json!({"phone": "0813-5555-0101"}), json!({"nik": niks.corrected(&nik.person.nik)?})],
        [
            json!({"mother_name": format!("{} Wulandari", fields.person.mother)}),
            json!({"nik": niks.corrected(&nik.person.nik)?}),
        ],
    ];
    for (official, [of_fields, of_nik]) in officials.iter_mut().zip(edits) {
        official.ask(SCENE, &json!({"do": "edit", "record": fields.worker, "fields": of_fields}))?;
        official.ask(SCENE, &json!({"do": "edit", "record": nik.worker, "fields": of_nik}))?;
    }
    Ok(())
}

/// The operator looks at each open conflict and takes what stands on the KTP, here the first candidate.
fn settle(office: &Admin) -> Result<usize, PlayError> {
    let mut resolved = 0;
    let open = office.act(&["conflicts", "list"])?;
    for conflict in items(&open) {
        let (record, field) = (text(conflict, "record"), text(conflict, "field"));
        office.act(&["conflicts", "resolve", &record, &field, "--take", "1", "--document", "ktp"])?;
        resolved += 1;
    }
    let reviews = office.act(&["duplicates", "list"])?;
    for pair in items(&reviews) {
        office.act(&["duplicates", "link", &text(&pair["later"], "record"), &text(&pair["earlier"], "record")])?;
    }
    Ok(resolved)
}

/// Without a signal: one official writes an accident down, the other a question. Their records.
fn write_reports(officials: &mut [Official; 2], hurt: &Registered) -> Result<Vec<String>, PlayError> {
    const SCENE: &str = "reporting";
    let happened = now() - TimeDelta::hours(5);
    let accident = json!({
        "worker": hurt.worker, "happened": happened.to_rfc3339(), "place": "Kebun kelapa di belakang balai desa",
        "what": "Jatuh waktu menderes, kaki kanan sakit",
    });
    let question = json!({"topic": "question", "text": "Kapan kartu warga RT kami jadi?"});
    let mut written = Vec::new();
    for (official, (kind, fields)) in officials.iter_mut().zip([("accident_report", accident), ("feedback", question)])
    {
        let report = official.ask(SCENE, &json!({"do": "report", "kind": kind, "fields": fields}))?;
        written.push(text(&report, "record"));
    }
    Ok(written)
}

/// The operator takes them as they are due.
fn answer_reports(office: &Admin) -> Result<(), PlayError> {
    let open = office.act(&["reports"])?;
    for report in items(&open) {
        let words = if report["kind"] == "feedback" {
            "Kartu dibagikan di balai desa setelah iuran pertama tercatat."
        } else {
            "Sudah dicatat. Klinik sudah ditelepon."
        };
        office.act(&["answer", &text(report, "report"), "--state", "answered", "--text", words])?;
    }
    Ok(())
}

/// How many of these both phones show as answered.
fn answered_on_both(officials: &mut [Official; 2], reports: &[String]) -> Result<usize, PlayError> {
    let mut both: BTreeSet<String> = reports.iter().cloned().collect();
    for official in officials {
        let shown = official.ask("reporting", &json!({"do": "reports"}))?;
        let answered = items(&shown).iter().filter(|report| report["phase"] == "answered");
        let answered: BTreeSet<String> = answered.map(|report| text(report, "record")).collect();
        both.retain(|report| answered.contains(report));
    }
    Ok(both.len())
}

/// What the branch said.
struct Answered {
    rows: Vec<branch::Exported>,
    returned: Vec<(String, &'static str, &'static str)>,
}

fn to_the_branch(stage: &Stage, today: NaiveDate) -> Result<Answered, PlayError> {
    stage.office.act(&["verify", "--all", "--area", VILLAGE])?;
    let export = stage.folder.join("ke-cabang.csv");
    stage.office.act(&["export", "--template", "bpjs-bpu", "--out", &export.display().to_string()])?;
    let rows = branch::read(&export)?;
    let (Some(one), Some(other)) = (rows.first(), rows.last()) else {
        return Err(PlayError::Missing("nothing was exported"));
    };
    let returned = vec![
        (one.reference.clone(), "nik_not_found", ""),
        (other.reference.clone(), "address_incomplete", "Nomor rumah belum ada."),
    ];
    let answers = stage.folder.join("jawaban-cabang.csv");
    branch::answer(&rows, &returned, today, &answers)?;
    stage.office.act(&["import", &answers.display().to_string()])?;
    Ok(Answered { rows, returned })
}

/// Workers whom the phones show in one of these phases; all must agree.
fn on_any_phone(officials: &mut [Official; 2], phases: &[&str]) -> Result<Vec<Value>, PlayError> {
    let mut found: Vec<Vec<Value>> = Vec::new();
    for official in officials {
        let mut rows = official.list("looking")?;
        rows.retain(|row| row["phase"].as_str().is_some_and(|phase| phases.contains(&phase)));
        found.push(rows);
    }
    let [first, second] = [0, 1].map(|at| found.get(at).map_or(0, Vec::len));
    if first != second {
        return Err(PlayError::Missing("the phones do not show the same workers in one state"));
    }
    Ok(found.pop().unwrap_or_default())
}

/// Each returned worker's own official asks again at the door, corrects and sends.
fn correct(officials: &mut [Official; 2], returned: &[Value], niks: &mut Niks) -> Result<(), PlayError> {
    const SCENE: &str = "correcting";
    for row in returned {
        let own = officials.iter().position(|official| official.area == row["area"]).unwrap_or(0);
        let official = &mut officials[own];
        let detail = official.ask(SCENE, &json!({"do": "detail", "worker": row["worker"]}))?;
        let returned = items(&detail["enrollments"]).iter().find(|enrollment| enrollment["phase"] == "returned");
        let enrollment = returned.ok_or(PlayError::Missing("a returned enrolment is not shown with its worker"))?;
        let (fields, note) = match enrollment["fields"]["returned"]["value"]["code"].as_str() {
            Some("nik_not_found") => {
                let nik = niks.corrected(&text(&detail["fields"]["nik"], "value"))?;
                (json!({"nik": nik}), "NIK dicocokkan lagi dengan KTP")
            }
            Some("address_incomplete") => (json!({"home.line": "Jl. Sawah No. 12 B"}), "Nomor rumah ditambahkan"),
            _ => return Err(PlayError::Missing("a returned enrolment gives no reason")),
        };
        official.ask(SCENE, &json!({"do": "edit", "record": row["worker"], "fields": fields}))?;
        let again = json!({"do": "event", "enrollment": enrollment["record"], "event": "resubmit", "note": note});
        official.ask(SCENE, &again)?;
    }
    Ok(())
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
