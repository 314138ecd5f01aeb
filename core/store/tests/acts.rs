//! Registering, editing, drafts, facts, decisions, observers.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod common;

use common::*;
use payung_domain::{
    enrollment::Phase,
    field::Kind,
    id::{Base, OfficialId, OpId},
    op::{Candidate, Conflict, FieldOutcome},
};
use payung_store::{Changed, Decision, Edit, Mark, Saved, StoreError};
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use uuid::Uuid;

#[test]
fn registering_saves_worker_enrolment_and_submission_and_ends_the_draft() {
    let phone = phone();
    let draft = fill(&phone, &form(9001, "Budi Karangan"));
    let registered = register_draft(&phone, draft, ids()).unwrap();
    let detail = phone.worker(registered.ids.worker);
    assert_eq!(detail.record.text("name"), Some("BUDI KARANGAN"));
    assert_eq!(detail.summary.phase, Some(Phase::Queued));
    assert!(detail.summary.waiting);
    assert_eq!(detail.enrollments[0].record.text("worker"), Some(registered.ids.worker.to_string().as_str()));
    assert_eq!(detail.enrollments[0].events[0].text("event"), Some("submit"));
    assert!(registered.quote.total > 0);
    assert!(phone.drafts().unwrap().is_empty());
    let ops = phone.batch().ops;
    let kinds: Vec<&str> = ops.iter().map(|op| op.kind.name()).collect();
    assert_eq!(kinds, ["worker", "enrollment", "enrollment_event"]);
    assert!(ops.iter().all(|op| op.base.is_none() && op.area == rt()));
}

#[test]
fn wrong_fields_are_named_and_the_draft_stays() {
    let phone = phone();
    let mut fields = form(9001, "Budi Karangan");
    fields.iter_mut().find(|(name, _)| name == "nik").unwrap().1 = json!("33022415");
    fields.iter_mut().find(|(name, _)| name == "income").unwrap().1 = json!("banyak");
    let draft = fill(&phone, &fields);
    let Err(StoreError::InvalidDraft(errors)) = register_draft(&phone, draft, ids()) else { panic!("taken") };
    let told: Vec<(&str, &str)> = errors.iter().map(|error| (error.field.as_str(), error.code.as_str())).collect();
    assert!(told.contains(&("nik", "nik_length")), "{told:?}");
    assert!(told.iter().any(|(field, _)| *field == "income"), "{told:?}");
    assert_eq!(phone.draft(draft).unwrap().fields.len(), fields.len());
    assert_eq!(phone.waiting().unwrap().new, 0);
    assert_eq!(phone.counts().unwrap().workers, 0);
}

#[test]
fn nothing_is_registered_before_joining_and_the_draft_waits() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).unwrap();
    let draft = fill(&store, &form(9001, "Budi Karangan"));
    assert!(matches!(register_draft(&store, draft, ids()), Err(StoreError::NotJoined)));
    assert!(matches!(store.next_batch(10, 1000, NOW), Err(StoreError::NotJoined)));
    store.set_identity(&identity(1)).unwrap();
    register_draft(&store, draft, ids()).unwrap();
}

#[test]
fn nik_typed_twice_on_one_phone_is_warned_about() {
    let phone = phone();
    let first = register(&phone, 9001, "Budi Karangan");
    let draft = fill(&phone, &form(9001, "Budi Karangan Lagi"));
    let second = register_draft(&phone, draft, ids()).unwrap();
    assert!(second.warnings.iter().any(|code| code == "nik_on_this_phone"), "{:?}", second.warnings);
    assert_eq!(phone.find_nik(&nik(9001)).unwrap(), [first.worker, second.ids.worker]);
    assert!(phone.find_nik(&nik(9002)).unwrap().is_empty());
    let similar = phone.similar_names("Boedi Karangan", &rt()).unwrap();
    assert!(similar.iter().any(|(id, _)| *id == first.worker));
}

#[test]
fn draft_is_offered_again_with_the_base_it_was_opened_with() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    let draft = phone.open_draft(&Kind::Worker, Some(worker), NOW).unwrap();
    phone.set_draft_field(draft.id, "notes", &json!("dari draf"), NOW + 5).unwrap();
    phone.pull(vec![put(worker, 2, &[("name", "BUDI".into()), ("notes", "n2".into())])]);
    let mut phone = phone.reopen();
    let again = phone.open_draft(&Kind::Worker, Some(worker), NOW + 9).unwrap();
    assert_eq!(again.id, draft.id);
    assert_eq!(again.base, Some(Base { epoch: E1, version: 1 }));
    assert_eq!(again.shown["notes"], json!("n0"));
    assert_eq!(again.fields["notes"], json!("dari draf"));
    assert_eq!(again.touched_at, NOW + 5);
    assert_eq!(phone.save_draft(draft.id, NOW).unwrap(), Saved::Op);
    assert_eq!(phone.batch().ops[0].base, Some(Base { epoch: E1, version: 1 }));
    assert!(phone.drafts().unwrap().is_empty());
    phone.exchange(vec![], all_applied(3));
}

#[test]
fn draft_fields_can_be_taken_back_and_a_draft_thrown_away() {
    let phone = phone();
    let draft = fill(&phone, &form(9001, "Budi Karangan"));
    phone.set_draft_field(draft, "name", &Value::Null, NOW).unwrap();
    assert!(!phone.draft(draft).unwrap().fields.contains_key("name"));
    phone.discard_draft(draft).unwrap();
    assert!(matches!(phone.draft(draft), Err(StoreError::NotFound)));
    assert!(matches!(phone.set_draft_field(draft, "name", &json!("x"), NOW), Err(StoreError::NotFound)));
}

#[test]
fn parts_of_a_field_are_laid_over_what_the_form_was_opened_with() {
    let mut phone = phone();
    let id = record_id();
    let home = json!({ "village": "33.02.24.1001", "rw": "005", "rt": "003", "line": "Gang Lama" });
    phone.pull(vec![put(id, 1, &[("name", "BUDI".into()), ("home", home)])]);
    let draft = phone.open_draft(&Kind::Worker, Some(id), NOW).unwrap().id;
    phone.set_draft_field(draft, "home.line", &json!("Gang Baru"), NOW).unwrap();
    phone.set_draft_field(draft, "confirmed.nik", &json!("not a field of the record"), NOW).unwrap();
    phone.save_draft(draft, NOW).unwrap();
    let op = phone.batch().ops.remove(0);
    let whole = json!({ "village": "33.02.24.1001", "rw": "005", "rt": "003", "line": "Gang Baru" });
    assert_eq!(op.set, body(&[("home", whole)]));
}

#[test]
fn unchanged_fields_are_left_out_and_an_unchanged_form_saves_nothing() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    let opened = phone.shown(worker).unwrap();
    let edit = |fields| Edit { record: worker, base: opened.base, shown: opened.body(), fields };
    assert_eq!(phone.save_edit(&edit(opened.body()), NOW).unwrap(), Saved::Unchanged);
    assert!(phone.batch().ops.is_empty());
    let mut fields = opened.body();
    fields.insert("notes".into(), "baru".into());
    assert_eq!(phone.save_edit(&edit(fields), NOW).unwrap(), Saved::Op);
    assert_eq!(phone.batch().ops[0].set, body(&[("notes", "baru".into())]));
}

#[test]
fn fields_of_the_server_and_of_the_creation_are_not_written() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    let opened = phone.shown(worker).unwrap();
    let fields = body(&[("kpj", "12345678901".into()), ("capture", json!({ "at": "2026-01-01T00:00:00Z" }))]);
    let Err(StoreError::InvalidDraft(errors)) =
        phone.save_edit(&Edit { record: worker, base: opened.base, shown: opened.body(), fields }, NOW)
    else {
        panic!("taken")
    };
    let codes: Vec<&str> = errors.iter().map(|error| error.code.as_str()).collect();
    assert_eq!(codes, ["field_fixed", "field_owner"]);
}

#[test]
fn unsealed_op_absorbs_edits_of_the_same_base_only() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    assert_eq!(phone.edit(worker, "notes", "a"), Saved::Op);
    assert_eq!(phone.edit(worker, "name", "BUDIMAN"), Saved::Absorbed);
    assert_eq!(phone.edit(worker, "notes", "b"), Saved::Absorbed);
    phone.pull(vec![put(worker, 2, &[("name", "BUDI".into()), ("notes", "n2".into())])]);
    assert_eq!(phone.edit(worker, "notes", "c"), Saved::Op);
    let sets: Vec<_> = phone.batch().ops.into_iter().map(|op| (op.set, op.base.unwrap().version)).collect();
    assert_eq!(
        sets,
        [(body(&[("name", "BUDIMAN".into()), ("notes", "b".into())]), 1), (body(&[("notes", "c".into())]), 2)]
    );
    // numbered, it takes nothing more
    assert_eq!(phone.edit(worker, "notes", "d"), Saved::Op);
}

#[test]
fn absorbing_does_not_pass_over_a_later_op_of_the_record() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    let opened = phone.shown(worker).unwrap();
    phone.save(worker, opened.base, &opened.body(), "notes", "a");
    phone.save(worker, None, &opened.body(), "notes", "of another base");
    assert_eq!(phone.save(worker, opened.base, &opened.body(), "notes", "c"), Saved::Op);
    assert_eq!(phone.value(worker, "notes"), json!("c"));
}

#[test]
fn edits_of_a_new_worker_go_into_its_creation_until_it_is_numbered() {
    let phone = phone();
    let ids = register(&phone, 9001, "Budi Karangan");
    assert_eq!(phone.edit(ids.worker, "notes", "a"), Saved::Absorbed);
    assert_eq!(phone.batch().ops.len(), 3);
    assert_eq!(phone.edit(ids.worker, "notes", "b"), Saved::Op);
    assert_eq!(phone.batch().ops.len(), 4);
    assert_eq!(phone.value(ids.worker, "notes"), json!("b"));
}

#[test]
fn what_is_typed_is_kept_as_the_tables_write_it() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "phone", "0812-0000-9001");
    phone.edit(worker, "name", " budi  karangan ");
    assert_eq!(phone.value(worker, "phone"), json!("+62812000090 01".replace(' ', "")));
    assert_eq!(phone.value(worker, "name"), json!("BUDI KARANGAN"));
    let opened = phone.shown(worker).unwrap();
    let fields = body(&[("phone", "bukan nomor".into())]);
    let wrong = phone.save_edit(&Edit { record: worker, base: opened.base, shown: opened.body(), fields }, NOW);
    assert!(matches!(wrong, Err(StoreError::InvalidDraft(_))));
}

#[test]
fn change_never_overwrites_the_nik_typed_here() {
    let mut phone = phone();
    let ids = register(&phone, 9001, "Budi Karangan");
    let told = |serial| [("name", json!("BUDI KARANGAN")), ("nik", told_nik(serial, &[5; 32]))];
    phone.exchange(vec![put(ids.worker, 1, &told(9001))], all_applied(1));
    assert_eq!(phone.value(ids.worker, "nik"), json!(nik(9001).expose()));
    // somebody corrected it: theirs is shown, as far as it is told
    phone.pull(vec![put(ids.worker, 2, &told(9002))]);
    assert_eq!(phone.value(ids.worker, "nik"), told_nik(9002, &[5; 32]));
    assert!(phone.find_nik(&nik(9001)).unwrap().is_empty());
    // and back again
    phone.pull(vec![put(ids.worker, 3, &told(9001))]);
    assert_eq!(phone.value(ids.worker, "nik"), json!(nik(9001).expose()));
}

#[test]
fn typing_the_nik_that_is_told_masked_changes_nothing() {
    let mut phone = phone();
    let village_key = [5; 32];
    let (village_record, worker) = (record_id(), record_id());
    let fields = [("name", json!("BUDI")), ("nik", told_nik(9001, &village_key))];
    phone.pull(vec![
        put_kind(Kind::Village, village_record, 1, &[("tag_key", json!(hex::encode(village_key)))]),
        put(worker, 1, &fields),
    ]);
    assert_eq!(phone.edit(worker, "nik", nik(9001).expose()), Saved::Unchanged);
    assert_eq!(phone.edit(worker, "nik", nik(9002).expose()), Saved::Op);
    assert_eq!(phone.find_nik(&nik(9002)).unwrap(), [worker]);
}

#[test]
fn facts_belong_to_their_parents_area_and_are_checked() {
    let mut phone = phone();
    let worker = record_id();
    phone.pull(vec![put_in(&other_rt(), worker, 1, &[("name", "BUDI".into())])]);
    let visit = |outcome: Value| {
        body(&[("worker", worker.to_string().into()), ("outcome", outcome), ("at", "2026-11-22T10:00:00Z".into())])
    };
    let wrong = phone.add_fact(&Kind::Visit, record_id(), &visit(json!(5)), &rt(), NOW);
    assert!(matches!(wrong, Err(StoreError::InvalidDraft(_))));
    let incomplete = phone.add_fact(&Kind::Visit, record_id(), &body(&[]), &rt(), NOW);
    let Err(StoreError::InvalidDraft(errors)) = incomplete else { panic!("taken") };
    assert_eq!(errors.len(), 2);
    phone.add_fact(&Kind::Visit, record_id(), &visit(json!("nobody_home")), &rt(), NOW).unwrap();
    assert!(matches!(phone.add_fact(&Kind::Worker, record_id(), &body(&[]), &rt(), NOW), Err(StoreError::NotFound)));
    assert_eq!(phone.batch().ops[0].area, other_rt());
    assert_eq!(phone.worker(worker).visits.len(), 1);
    // a door without a person
    let door = body(&[
        ("outcome", "nobody_home".into()),
        ("at", "2026-11-22T10:00:00Z".into()),
        ("door", "pagar hijau".into()),
    ]);
    phone.add_fact(&Kind::Visit, record_id(), &door, &rt(), NOW).unwrap();
    assert_eq!(phone.batch().ops[1].area, rt());
}

fn candidate(device: u128, n: u64, value: Value) -> Candidate {
    let op = OpId { device: device_id(device), n };
    Candidate { op, value, who: OfficialId(Uuid::from_u128(3)), when: payung_domain::id::Hlc(1), source: None }
}

#[test]
fn decision_names_what_was_seen_and_our_own_numbered_ops() {
    let mut phone = phone();
    let worker = phone.pulled_worker("BUDI");
    phone.edit(worker, "name", "BUDIMAN");
    phone
        .exchange(vec![], |batch| vec![with_field(applied(batch.ops[0].n, worker, 2), "name", FieldOutcome::Conflict)]);
    let conflict = Conflict {
        candidates: vec![candidate(8, 4, "BUDI".into()), candidate(1, 1, "BUDIMAN".into())],
        correction: false,
    };
    phone.pull(vec![put_conflict(worker, 3, &[("name", "BUDI".into()), ("notes", "n0".into())], "name", conflict)]);
    let open = phone.conflicts().unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].field.as_str(), open[0].worker, open[0].decided), ("name", Some(worker), false));
    assert_eq!(open[0].base, Some(Base { epoch: E1, version: 3 }));
    assert!(phone.worker(worker).summary.conflict);
    let decision = Decision {
        record: worker,
        field: "name".into(),
        value: "Budiman".into(),
        seen: vec![open[0].conflict.candidates[0].op],
        base: open[0].base,
        document: Some("ktp".into()),
    };
    phone.resolve(&decision, NOW).unwrap();
    let op = phone.batch().ops.remove(0);
    assert!(op.set.is_empty());
    let resolution = &op.resolve["name"];
    assert_eq!(resolution.value, json!("BUDIMAN"));
    assert_eq!(resolution.seen, [OpId { device: device_id(1), n: 1 }, OpId { device: device_id(8), n: 4 }]);
    assert_eq!(resolution.document.as_deref(), Some("ktp"));
    assert_eq!(op.base.unwrap().version, 3);
    assert!(phone.conflicts().unwrap()[0].decided);
    assert_eq!(phone.shown(worker).unwrap().fields["name"].mark, Mark::Waiting);
    // an edit does not go into a decision
    assert_eq!(phone.edit(worker, "notes", "x"), Saved::Op);
    // a masked NIK can't be decided on
    let masked = Decision { field: "nik".into(), value: told_nik(9001, &[5; 32]), ..decision };
    assert!(matches!(phone.resolve(&masked, NOW), Err(StoreError::InvalidDraft(_))));
}

#[test]
fn observers_are_told_after_the_commit_and_may_read_the_store() {
    let phone = phone();
    let store = Arc::new(phone.store);
    let (told, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(usize::MAX)));
    let weak = Arc::downgrade(&store);
    let subscription = store.observe({
        let (told, seen) = (Arc::clone(&told), Arc::clone(&seen));
        move |changed: Changed| {
            told.fetch_add(1, Ordering::SeqCst);
            assert!(changed.records || changed.outbox || changed.drafts);
            // both ways in: were a lock held, this would never return
            let store = weak.upgrade().unwrap();
            let workers = store.counts().unwrap().workers;
            store.set_value("seen", Some(&[1])).unwrap();
            seen.store(usize::try_from(workers).unwrap(), Ordering::SeqCst);
        }
    });
    assert_eq!(told.load(Ordering::SeqCst), 1, "the first is pushed at once");
    let draft = fill(&store, &form(9001, "Budi Karangan"));
    let before = told.load(Ordering::SeqCst);
    register_draft(&store, draft, ids()).unwrap();
    assert_eq!(told.load(Ordering::SeqCst), before + 1);
    assert_eq!(seen.load(Ordering::SeqCst), 1, "the commit was there to be read");
    // an act that fails tells nobody
    assert!(register_draft(&store, draft, ids()).is_err());
    assert_eq!(told.load(Ordering::SeqCst), before + 1);
    drop(subscription);
    register(&store, 9002, "Siti Rekaan");
    assert_eq!(told.load(Ordering::SeqCst), before + 1);
}

#[test]
fn an_act_is_saved_whole_or_not_at_all() {
    let phone = phone();
    let first = register(&phone, 9001, "Budi Karangan");
    let draft = fill(&phone, &form(9002, "Siti Rekaan"));
    // the event's id is taken: the third of three records fails
    let taken = payung_store::NewIds { event: first.event, ..ids() };
    assert!(register_draft(&phone, draft, taken).is_err());
    assert_eq!(phone.waiting().unwrap().new, 3);
    assert_eq!(phone.counts().unwrap().workers, 1);
    assert!(phone.shown(taken.worker).is_err());
    assert!(phone.find_nik(&nik(9002)).unwrap().is_empty());
    assert!(phone.draft(draft).is_ok());
}
