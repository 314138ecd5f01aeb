//! What persons do with their phones.

use crate::{
    chance::Chance,
    oracle::{Seen, normal},
    phone::Form,
    violation::{Played, broken},
    world::{Fate, World},
};
use chrono::{DateTime, SecondsFormat, Utc};
use payung_domain::{
    area::Area,
    contribution::ContributionTable,
    eligibility::Membership,
    field::Kind,
    id::{OfficialId, RecordId},
    op::Body,
    worker::CaptureContext,
};
use payung_people::person;
use payung_store::{
    Decision, Edit, NeedsFixing, NewIds, OpenConflict, Registered, Saved, Store, StoreError, WorkerQuery, WorkerSummary,
};
use serde_json::{Value, json};

/// The fields persons edit, those of class B oftener: they are what conflicts are about.
const FIELDS: [&str; 14] = [
    "name",
    "name",
    "mother_name",
    "mother_name",
    "heirs",
    "heirs",
    "notes",
    "notes",
    "phone",
    "home",
    "work",
    "earlier_kpj",
    "ecosystem",
    "nik",
];
/// What a newer app writes, which this version does not know.
const NEWER: [&str; 3] = ["blood_type", "skills", "clinic"];

fn instant(ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(ms).unwrap_or_default()
}

pub(crate) fn written(ms: i64) -> Value {
    instant(ms).to_rfc3339_opts(SecondsFormat::Secs, true).into()
}

/// A word that was never written before.
pub(crate) fn word(mut number: u64) -> String {
    const LETTERS: &[u8; 16] = b"BCDFGHKLMNPRSTWY";
    const VOWELS: &[u8; 4] = b"AIUE";
    let mut word = String::new();
    for _ in 0..6 {
        word.push(char::from(LETTERS[usize::try_from(number % 16).unwrap_or(0)]));
        number /= 16;
        word.push(char::from(VOWELS[usize::try_from(number % 4).unwrap_or(0)]));
        number /= 4;
    }
    word
}

/// Another value for a field than any before.
fn value(field: &str, shown: Option<&Value>, chance: &mut Chance, now: i64) -> Value {
    let fresh = word(chance.word());
    match field {
        "name" | "mother_name" => format!("Sutini {fresh}").into(),
        "heirs" => json!([{ "name": format!("Karsim {fresh}"), "relation": "child" }]),
        "phone" => format!("0812{:08}", chance.below(100_000_000)).into(),
        "home" => {
            let mut home =
                shown.filter(|home| home.is_object()).cloned().unwrap_or_else(|| json!({"village": "33.02.24.1001"}));
            home["line"] = format!("Gang {fresh}").into();
            home
        }
        "work" => json!({ "place": format!("Pasar {fresh}") }),
        "earlier_kpj" => format!("{:011}", chance.below(100_000_000_000)).into(),
        "nik" => person(chance.below(1000), chance.below(1_000_000), "330224", instant(now).date_naive()).nik.into(),
        "consent" => json!({
            "text_version": "2026-1", "language": "id", "read_by": "official", "witness": fresh, "at": written(now)
        }),
        "blood_type" => json!({ "group": fresh, "rhesus": 1.5, "by": null }),
        "skills" => json!([fresh, { "since": 2019 }]),
        _ => format!("Catatan {fresh}").into(),
    }
}

/// A form opened, filled in and registered; where it cannot be, it is put away.
pub(crate) fn fill_and_register(
    store: &Store,
    form: &Body,
    area: &Area,
    official: OfficialId,
    ids: NewIds,
    now: i64,
) -> Result<Registered, StoreError> {
    let draft = store.open_draft(&Kind::Worker, None, now)?;
    let fields: Vec<(&str, &Value)> = form.iter().map(|(name, value)| (name.as_str(), value)).collect();
    store.set_draft_fields(draft.id, &fields, now)?;
    let context = CaptureContext {
        now: instant(now),
        area,
        official,
        table: ContributionTable::builtin(),
        nik_on_this_phone: false,
        membership: Membership::First,
    };
    match store.register_worker(draft.id, &context, ids) {
        Err(StoreError::InvalidDraft(errors)) => {
            store.discard_draft(draft.id)?;
            Err(StoreError::InvalidDraft(errors))
        }
        done => done,
    }
}

impl World {
    /// The workers a phone shows.
    pub(crate) fn workers(&self, phone: usize) -> Played<Vec<WorkerSummary>> {
        let query = WorkerQuery { limit: 10_000, ..WorkerQuery::default() };
        Ok(self.phones[phone].store()?.workers(&query, self.today())?.rows)
    }

    /// The true day in Purwokerto.
    pub(crate) fn today(&self) -> chrono::NaiveDate {
        payung_domain::calendar::local_date(instant(self.now), payung_domain::calendar::Zone::Wib)
    }

    pub(crate) fn a_worker(&self, phone: usize, chance: &mut Chance) -> Played<Option<RecordId>> {
        let workers = self.workers(phone)?;
        Ok(chance.pick(&workers).map(|worker| worker.id))
    }

    /// An area of the phone an RT lies in, to register for.
    pub(crate) fn an_area(&self, phone: usize, chance: &mut Chance) -> Played<Area> {
        let identity = self.phones[phone].store()?.identity()?.ok_or(StoreError::NotJoined)?;
        let own = identity.area;
        // who looks after a village or two registers all over it
        let within: Vec<&&str> = crate::template::PLACES.iter().filter(|place| place.split('.').count() == 6).collect();
        let mut places = vec![own.clone()];
        for place in within {
            let place = World::place(place)?;
            if place.is_within(&own) || self.areas[phone].iter().any(|area| place.is_within(area)) {
                places.push(place);
            }
        }
        Ok(chance.pick(&places).cloned().unwrap_or(own))
    }

    pub(crate) fn register(&mut self, phone: usize, chance: &mut Chance) -> Played {
        let again = self.mood.pairs && chance.percent(40);
        let number = match chance.pick(&self.people).copied().filter(|_| again) {
            Some(number) => number,
            None => chance.below(2_000_000),
        };
        let now = self.phone_now(phone);
        let mut form = person(self.seed % 1000, number, "330224", instant(self.now).date_naive()).form();
        if again && chance.percent(50) {
            form.insert("name".to_owned(), format!("Rasinah {}", word(chance.word())).into());
        }
        let area = self.an_area(phone, chance)?;
        let official = self.phones[phone].official;
        let ids = NewIds {
            worker: RecordId(chance.id(now)),
            enrollment: RecordId(chance.id(now)),
            event: RecordId(chance.id(now)),
        };
        let acted = self.act(phone, "register", |store| fill_and_register(store, &form, &area, official, ids, now))?;
        match acted {
            Fate::DiedBefore => return self.check_all_or_nothing(phone, ids, false),
            Fate::Returned(Err(StoreError::InvalidDraft(errors))) => {
                // a clock years off makes a grown-up a child
                let off = self.phones[phone].ahead_ms.abs() > 60 * 24 * 3_600_000;
                let fields: Vec<_> = errors.iter().map(ToString::to_string).collect();
                return if off { Ok(()) } else { broken("an invented person can be registered", fields.join(", ")) };
            }
            Fate::Returned(Err(error)) => return Err(error.into()),
            Fate::Returned(Ok(_)) | Fate::DiedAfter => {}
        }
        self.check_all_or_nothing(phone, ids, true)?;
        self.tally.act("register");
        self.people.push(number);
        for (record, kind) in
            [(ids.worker, Kind::Worker), (ids.enrollment, Kind::Enrollment), (ids.event, Kind::EnrollmentEvent)]
        {
            let body = self.phones[phone].store()?.shown(record)?.body();
            self.oracle.save((phone, self.at), (record, &kind), body, &Seen::new(), Some(false));
        }
        self.check_phone(phone)
    }

    fn check_all_or_nothing(&self, phone: usize, ids: NewIds, saved: bool) -> Played {
        let store = self.phones[phone].store()?;
        for record in [ids.worker, ids.enrollment, ids.event] {
            let there = store.shown(record).is_ok();
            if there != saved {
                return broken(
                    "a registration is saved whole or not at all",
                    format!("phone {phone}, {record}: {there}"),
                );
            }
        }
        Ok(())
    }

    /// A form on a record as this phone shows it; none where it does not hold it any more.
    pub(crate) fn form(&mut self, phone: usize, record: RecordId) -> Played<Option<Form>> {
        let store = self.phones[phone].store()?;
        let mut shown = match store.shown(record) {
            Ok(shown) => shown,
            Err(StoreError::NotFound) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if let Some(survivor) = shown.alias_of {
            match store.shown(survivor) {
                Ok(survivor) => shown = survivor,
                Err(StoreError::NotFound) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
        let base = shown.base.map(|base| (base.epoch, base.version));
        let saw = self.oracle.seen(shown.id, &shown.kind, &shown.body(), &shown.conflicts, base);
        Ok(Some(Form { record: shown.id, kind: shown.kind.clone(), base: shown.base, shown: shown.body(), saw }))
    }

    pub(crate) fn open_form(&mut self, phone: usize, chance: &mut Chance) -> Played {
        let Some(record) = self.a_worker(phone, chance)? else { return Ok(()) };
        if let Some(form) = self.form(phone, record)? {
            self.tally.act("form opened");
            self.phones[phone].forms.push(form);
        }
        Ok(())
    }

    pub(crate) fn save_form(&mut self, phone: usize, chance: &mut Chance) -> Played {
        let open = self.phones[phone].forms.len();
        if open == 0 {
            return Ok(());
        }
        let form = self.phones[phone].forms.swap_remove(chance.index(open));
        self.fill_and_save(phone, &form, None, chance)
    }

    pub(crate) fn edit(&mut self, phone: usize, chance: &mut Chance) -> Played {
        let Some(mut record) = self.a_worker(phone, chance)? else { return Ok(()) };
        let mut field = None;
        if chance.percent(12) {
            // what was agreed to, instead of the person
            let store = self.phones[phone].store()?;
            if let Some(enrollment) = store.children(record, &Kind::Enrollment)?.first() {
                (record, field) = (enrollment.id, Some("consent"));
            }
        }
        match self.form(phone, record)? {
            Some(form) => self.fill_and_save(phone, &form, field, chance),
            None => Ok(()),
        }
    }

    pub(crate) fn edit_same(&mut self, phone: usize, chance: &mut Chance) -> Played {
        let Some((record, field)) = self.last_edit.clone() else { return Ok(()) };
        match self.form(phone, record)? {
            Some(form) => self.fill_and_save(phone, &form, Some(&field), chance),
            None => Ok(()),
        }
    }

    /// Two persons change the same field of one record, neither having seen what the other writes.
    pub(crate) fn clash(&mut self, phone: usize, chance: &mut Chance) -> Played {
        for _ in 0..4 {
            let Some(record) = self.a_worker(phone, chance)? else { return Ok(()) };
            let Some(other) = self.a_holder(record, Some(phone), chance)? else { continue };
            let forms = (self.form(phone, record)?, self.form(other, record)?);
            let (Some(one), Some(two)) = forms else { return Ok(()) };
            let field = chance.pick(&FIELDS).copied();
            self.fill_and_save(phone, &one, field, chance)?;
            return self.fill_and_save(other, &two, field, chance);
        }
        Ok(())
    }

    /// A phone that shows the record, other than `but`.
    pub(crate) fn a_holder(&self, record: RecordId, but: Option<usize>, chance: &mut Chance) -> Played<Option<usize>> {
        let mut holders = Vec::new();
        for phone in (0..self.phones.len()).filter(|phone| Some(*phone) != but) {
            if self.phones[phone].store()?.shown(record).is_ok() {
                holders.push(phone);
            }
        }
        Ok(chance.pick(&holders).copied())
    }

    fn new_values(&self, phone: usize, form: &Form, field: Option<&str>, chance: &mut Chance) -> Body {
        let mut fields = Body::new();
        let count = if field.is_some() { 1 } else { 1 + chance.index(2) };
        for _ in 0..count {
            let drawn = match field {
                Some(field) => field,
                None if self.phones[phone].newer && chance.percent(30) => {
                    chance.pick(&NEWER).copied().unwrap_or("skills")
                }
                None => chance.pick(&FIELDS).copied().unwrap_or("notes"),
            };
            let drawn = if form.kind == Kind::Enrollment { "consent" } else { drawn };
            fields.insert(drawn.to_owned(), value(drawn, form.shown.get(drawn), chance, self.now));
        }
        fields
    }

    /// Another value for a field of class C.
    pub(crate) fn edit_plain(&mut self, phone: usize, form: &Form, chance: &mut Chance) -> Played {
        let field = chance.pick(&["notes", "phone", "home", "work"]).copied();
        self.fill_and_save(phone, form, field, chance)
    }

    pub(crate) fn fill_and_save(
        &mut self,
        phone: usize,
        form: &Form,
        field: Option<&str>,
        chance: &mut Chance,
    ) -> Played {
        let mut fields = self.new_values(phone, form, field, chance);
        if chance.percent(6) {
            // back to what it once was
            for (field, value) in &mut fields {
                let earlier = self.oracle.savings.iter().filter(|saving| saving.record == form.record);
                let earlier = earlier
                    .filter_map(|saving| saving.values.get(field))
                    .find(|old| form.shown.get(field) != Some(*old));
                if let Some(earlier) = earlier.filter(|_| field != "nik") {
                    *value = earlier.clone();
                    self.oracle.excused.insert((form.record, field.clone()));
                }
            }
        }
        self.save_fields(phone, form, &fields)
    }

    /// Saves what a form holds now.
    pub(crate) fn save_fields(&mut self, phone: usize, form: &Form, fields: &Body) -> Played {
        let now = self.phone_now(phone);
        let edit = Edit { record: form.record, base: form.base, shown: form.shown.clone(), fields: fields.clone() };
        let saved = match self.act(phone, "edit", |store| store.save_edit(&edit, now))? {
            Fate::DiedBefore | Fate::Returned(Ok(Saved::Unchanged) | Err(StoreError::NotFound)) => return Ok(()),
            Fate::Returned(Err(error)) => return Err(error.into()),
            Fate::Returned(Ok(saved)) => Some(saved),
            Fate::DiedAfter => None,
        };
        self.saved(phone, form, fields, saved)
    }

    /// What was saved is shown, and remembered.
    fn saved(&mut self, phone: usize, form: &Form, fields: &Body, saved: Option<Saved>) -> Played {
        self.tally.act("edit");
        let shown = self.phones[phone].store()?.shown(form.record)?.body();
        let mut kept = Body::new();
        for (field, value) in fields {
            let now_there = shown.get(field).cloned().unwrap_or(Value::Null);
            if normal(&form.kind, field, &now_there) != normal(&form.kind, field, value) {
                return broken(
                    "a phone shows what it has just saved",
                    format!("phone {phone}, {}.{field}", form.record),
                );
            }
            kept.insert(field.clone(), now_there);
            if form.kind == Kind::Worker {
                self.last_edit = Some((form.record, field.clone()));
            }
        }
        let names: Vec<&String> = fields.keys().collect();
        self.trace.say(format_args!("phone {phone} saves {} {names:?} on {:?}: {saved:?}", form.record, form.base));
        let absorbed = saved.map(|saved| saved == Saved::Absorbed);
        self.oracle.save((phone, self.at), (form.record, &form.kind), kept, &form.saw, absorbed);
        self.check_phone(phone)
    }

    /// A form that is kept in the file: opened, filled in, or saved.
    pub(crate) fn draft(&mut self, phone: usize, chance: &mut Chance) -> Played {
        let now = self.phone_now(phone);
        let drafts = self.phones[phone].store()?.drafts()?;
        // of a registration that was cut off, the person begins anew
        for draft in drafts.iter().filter(|draft| draft.record.is_none()) {
            let id = draft.id;
            match self.act(phone, "draft", |store| store.discard_draft(id))? {
                Fate::Returned(done) => done?,
                Fate::DiedBefore | Fate::DiedAfter => return Ok(()),
            }
        }
        let Some(draft) = drafts.into_iter().find(|draft| draft.record.is_some()) else {
            let Some(record) = self.a_worker(phone, chance)? else { return Ok(()) };
            let Some(form) = self.form(phone, record)? else { return Ok(()) };
            let mut fields = self.new_values(phone, &form, None, chance);
            // a form has fields of its own beside the record's, so that a draft's unknown ones are not saved
            fields.retain(|field, _| form.kind.field(field).is_some());
            self.tally.act("draft");
            let typed = self.act(phone, "draft", |store| {
                let draft = store.open_draft(&Kind::Worker, Some(form.record), now)?;
                let typed: Vec<(&str, &Value)> = fields.iter().map(|(name, value)| (name.as_str(), value)).collect();
                store.set_draft_fields(draft.id, &typed, now)
            })?;
            if let Fate::Returned(typed) = typed {
                typed?;
            }
            return Ok(());
        };
        let Some(record) = draft.record else { return Ok(()) };
        let base = draft.base.map(|base| (base.epoch, base.version));
        let saw = self.oracle.seen(record, &draft.kind, &draft.shown, &std::collections::BTreeMap::new(), base);
        let form = Form { record, kind: draft.kind.clone(), base: draft.base, shown: draft.shown.clone(), saw };
        let fields: Body = draft.fields.clone();
        let saved = match self.act(phone, "edit", |store| store.save_draft(draft.id, now))? {
            Fate::DiedBefore | Fate::Returned(Ok(Saved::Unchanged)) => return Ok(()),
            Fate::Returned(Err(error)) => return Err(error.into()),
            Fate::Returned(Ok(saved)) => Some(saved),
            Fate::DiedAfter => None,
        };
        if fields.is_empty() {
            return Ok(());
        }
        self.saved(phone, &form, &fields, saved)
    }

    /// The phones from this one on: what few of them have is looked for on all.
    fn from(&self, phone: usize) -> impl Iterator<Item = usize> + use<> {
        let count = self.phones.len();
        (0..count).map(move |step| (phone + step) % count)
    }

    pub(crate) fn resolve(&mut self, phone: usize, chance: &mut Chance) -> Played {
        for phone in self.from(phone) {
            let mut open = self.phones[phone].store()?.conflicts()?;
            open.retain(|open| !open.decided || chance.percent(20));
            if let Some(open) = chance.pick(&open).cloned() {
                return self.decide(phone, &open, chance);
            }
        }
        Ok(())
    }

    fn decide(&mut self, phone: usize, open: &OpenConflict, chance: &mut Chance) -> Played {
        let Some(form) = self.form(phone, open.record)? else { return Ok(()) };
        // a masked NIK can't be chosen, and sometimes none of them is right
        let known: Vec<&Value> = open.conflict.candidates.iter().map(|candidate| &candidate.value).collect();
        let known: Vec<&Value> = known.into_iter().filter(|value| open.field != "nik" || value.is_string()).collect();
        let chosen =
            chance.pick(&known).copied().filter(|value| !value.is_null()).cloned().filter(|_| chance.percent(75));
        let decided = chosen.unwrap_or_else(|| value(&open.field, form.shown.get(&open.field), chance, self.now));
        let document = if open.field == "mother_name" { "kk" } else { "ktp" };
        let decision = Decision {
            record: open.record,
            field: open.field.clone(),
            value: decided.clone(),
            seen: open.conflict.candidates.iter().map(|candidate| candidate.op).collect(),
            base: open.base,
            document: Some(document.to_owned()),
        };
        let now = self.phone_now(phone);
        match self.act(phone, "resolve", |store| store.resolve(&decision, now))? {
            Fate::DiedBefore => return Ok(()),
            Fate::Returned(Err(error)) => return Err(error.into()),
            Fate::Returned(Ok(())) | Fate::DiedAfter => {}
        }
        self.tally.act("resolve");
        let shown = self.phones[phone].store()?.shown(open.record)?;
        let now_there = shown.value(&open.field).cloned().unwrap_or(Value::Null);
        if normal(&open.kind, &open.field, &now_there) != normal(&open.kind, &open.field, &decided) {
            return broken(
                "a phone shows what it has just decided",
                format!("phone {phone}, {}.{}", open.record, open.field),
            );
        }
        self.trace.say(format_args!("phone {phone} resolves {}.{}", open.record, open.field));
        // a person may decide for the older of two values
        self.oracle.excused.insert((open.record, open.field.clone()));
        let values = Body::from([(open.field.clone(), now_there)]);
        self.oracle.save((phone, self.at), (open.record, &open.kind), values, &form.saw, Some(false));
        self.check_phone(phone)
    }

    pub(crate) fn retry(&mut self, phone: usize, chance: &mut Chance) -> Played {
        for phone in self.from(phone) {
            let mut refused = self.phones[phone].store()?.needs_fixing()?;
            refused.retain(|fixing| fixing.code.is_some());
            let Some(fixing) = chance.pick(&refused) else { continue };
            let fields: Vec<&String> = fixing.values.keys().filter(|field| FIELDS.contains(&field.as_str())).collect();
            if let Some(field) = chance.pick(&fields).filter(|_| fixing.kind == Kind::Worker && chance.percent(60))
                && let Some(form) = self.form(phone, fixing.record)?
            {
                // what it says is put right, and all of it tried again, at once or once that was sent
                self.fill_and_save(phone, &form, Some(field), chance)?;
                if chance.percent(60) {
                    return Ok(());
                }
            }
            return self.try_again(phone, fixing);
        }
        Ok(())
    }

    fn try_again(&mut self, phone: usize, fixing: &NeedsFixing) -> Played {
        if !self.phones[phone].store()?.needs_fixing()?.iter().any(|still| still.k == fixing.k) {
            return Ok(());
        }
        self.tally.act("try again");
        self.trace.say(format_args!("phone {phone} tries {} again: {:?}", fixing.record, fixing.code));
        for (field, value) in &fixing.values {
            // what was saved anew since must stand, however late the older value comes
            let id = self.oracle.id(fixing.record, &fixing.kind, field, value);
            let own = self.oracle.own.get(&(phone, fixing.record)).and_then(|own| own.get(field));
            if own.is_none_or(|own| own.last() == Some(&id)) {
                self.oracle.excused.insert((fixing.record, field.clone()));
            }
        }
        let k = fixing.k;
        if let Fate::Returned(retried) = self.act(phone, "reissue", |store| store.retry(k))? {
            retried?;
        }
        self.check_phone(phone)
    }

    pub(crate) fn discard(&mut self, phone: usize, chance: &mut Chance) -> Played {
        let refused = self.phones[phone].store()?.needs_fixing()?;
        match chance.pick(&refused).map(|fixing| fixing.k) {
            Some(k) => self.give_up(phone, k),
            None => Ok(()),
        }
    }

    /// What was refused is given up: it need not be found any more.
    pub(crate) fn give_up(&mut self, phone: usize, k: i64) -> Played {
        let refused = self.phones[phone].store()?.needs_fixing()?;
        let Some(fixing) = refused.into_iter().find(|fixing| fixing.k == k) else { return Ok(()) };
        let now = self.phone_now(phone);
        let given_up = match self.act(phone, "reissue", |store| store.discard(k, now))? {
            Fate::DiedBefore => false,
            Fate::Returned(done) => {
                done?;
                true
            }
            Fate::DiedAfter => true,
        };
        if !given_up {
            return Ok(());
        }
        self.tally.act("give up");
        self.trace.say(format_args!("phone {phone} gives {} up: {:?}", fixing.record, fixing.code));
        for field in fixing.values.keys() {
            self.oracle.excused.insert((fixing.record, field.clone()));
        }
        let whole = fixing.code.is_some();
        for saving in self.oracle.savings.iter_mut().filter(|saving| saving.record == fixing.record) {
            let same = |(field, value): (&String, &Value)| fixing.values.get(field) == Some(value);
            let mut kept = saving.values.iter().filter(|(field, _)| !saving.absorbed.contains(*field));
            saving.given_up |= whole && kept.all(same);
        }
        self.check_phone(phone)
    }

    /// A person reads lists and details.
    pub(crate) fn look(&mut self, phone: usize) -> Played {
        let rows = self.workers(phone)?;
        let counts = self.phones[phone].store()?.counts()?;
        if counts.workers != rows.len() as u64 {
            return broken("the home line counts what the list shows", format!("phone {phone}"));
        }
        for row in &rows {
            let detail = self.phones[phone].store()?.worker(row.id, self.today())?;
            if detail.summary != *row {
                return broken("a row is the head of its detail", format!("phone {phone}, {}", row.id));
            }
        }
        self.check_cover(phone, &rows)
    }

    /// The phone is another's from now on: a copy of its files.
    pub(crate) fn copy_phone(&mut self, from: usize) -> Played {
        if self.phones.len() > self.setting.phones {
            return Ok(());
        }
        self.tally.fault("phone cloned");
        let to = self.phones.len();
        let copy = self.phones[from].copy(&self.folder.path().join(format!("phone-{to}")))?;
        self.trace.say(format_args!("phone {to} is a copy of phone {from}"));
        self.phones.push(copy);
        self.areas.push(self.areas[from].clone());
        self.oracle.copy_phone(from, to);
        self.oracle.shared.insert(self.device(from)?);
        let told: Vec<_> = self.told_to.iter().filter(|(phone, ..)| *phone == from).copied().collect();
        self.told_to.extend(told.into_iter().map(|(_, record, epoch, version)| (to, record, epoch, version)));
        Ok(())
    }
}
