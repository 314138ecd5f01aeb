//! Traces that once broke something, step by step over the whole exchange. Where the traces of the design's merge model
//! are tested:
//!
//! | trace | in `core/domain/src/merge/tests` (d), `core/store/tests/traces.rs` (s), `server/src/service/tests` (v) |
//! |---|---|
//! | restored server, old `seen_through` | s `restored_server_is_asked_with…`, v `restore::request_that_finds_the_new_epoch…` |
//! | clone below the dropped outcomes | s `clone_reuses_a_number…`, v `once::clone_that_reuses_a_number…` |
//! | outcome of the old epoch, late | s `outcome_of_the_old_epoch…` |
//! | held, then released by a person | s `held_then_released…`, v `once::held_op_is_released_by_a_person…` |
//! | n2 seen and overwritten, then n1 | d `late_older_number_of_the_same_device…` (B and C), v `once::older_number_after…` |
//! | n2 equals the body, then n1 | d `later_number_equal_to_the_body…` |
//! | receipt of n2 before that of n1 | s `receipt_of_the_later_op_first…` |
//! | form opened at v1, pull of v2, saved | d `form_opened_before_a_pull…`, s the same |
//! | changed and changed back before sending | s `field_changed_and_changed_back…` |
//! | resolver corrects the resolution | d `resolver_who_corrects…` |
//! | candidate joins under a resolution | d `candidate_that_joins…` |
//! | resolution keeps the body, its writer writes on | d `writer_of_the_kept_value…` |
//! | refused op tried again after a newer save | d and s `refused_op_tried_again…` |
//! | restore, a chain offered again in either order | d `after_a_restore_a_chain…`, v `restore::two_phones_offer…` |
//! | answer lost, joined again, issued anew | d `reissue_after_a_lost_answer…`, s `answer_lost_then_joined_again…`, v `once::…` |
//! | V1 -> V2 -> V1 while replies are late | s `record_that_moved_away_and_back…`, v `areas::record_that_moves_away_and_back…` |
//! | gone while an op is on its way | s `gone_while_an_op_is_on_its_way…` |
//! | missing from a full pull | s `record_missing_from_a_full_pull…` |
//! | late op on a linked loser | d `links::late_op_…`, v `duplicates::late_op_on_the_loser…` |
//! | its outcome follows the survivor | s `outcome_of_a_late_op_on_a_duplicate…` |
//! | unlink after late ops and a resolution | d `links::unlink_replays…`, v `duplicates::unlink_after_late_ops…` |

use crate::{
    Setting, Template,
    step::{Deed, Mood, Plan, Step},
    violation::Played,
    world::World,
};
use payung_domain::id::RecordId;
use payung_sync::Urgency;
use serde_json::{Value, json};

const MINUTE: i64 = 60_000;

/// A world without faults, in which only what the script says happens.
struct Script {
    world: World,
    draw: u64,
    _template: Template,
}

impl Script {
    fn new(phones: usize) -> Self {
        let template = Template::make().unwrap();
        let mood = Mood {
            restore: false,
            clone: false,
            pairs: false,
            devices: false,
            moves: false,
            scopes: false,
            clocks: false,
            kills: false,
            upgrade: false,
            road: 0,
            page: 1000,
            bundle: 1000,
        };
        let setting = Setting::sized(phones, 0).without_faults();
        let plan = Plan { seed: 1, setting, mood, steps: Vec::new() };
        Self { world: World::new(&plan, &template, true).unwrap(), draw: 0, _template: template }
    }

    fn does(&mut self, phone: usize, deed: Deed) {
        self.draw += 1;
        let step = Step { deed, phone, draw: self.draw, wait_ms: 1000 };
        let at = self.world.at + 1;
        self.world.play(at, &step).unwrap();
    }

    fn registers(&mut self, phone: usize) -> RecordId {
        let before: Vec<RecordId> = self.world.oracle.records.keys().copied().collect();
        self.does(phone, Deed::Register);
        let new =
            |(id, kind): &(&RecordId, &payung_domain::field::Kind)| kind.name() == "worker" && !before.contains(id);
        self.world.oracle.records.iter().find(new).map(|(id, _)| *id).unwrap()
    }

    fn edits(&mut self, phone: usize, record: RecordId, field: &str, value: Value) {
        let form = self.world.form(phone, record).unwrap().unwrap();
        self.world.save_fields(phone, &form, &[(field.to_owned(), value)].into()).unwrap();
    }

    /// A whole run on a good road.
    fn exchanges(&mut self, phone: usize) {
        let mut chance = crate::chance::Chance::new(self.draw);
        assert!(self.world.begin_run_as(phone, Urgency::Person, &mut chance).unwrap());
        self.world.pass(10 * MINUTE).unwrap();
        assert!(self.world.phones[phone].run.is_none());
    }

    fn shows(&self, phone: usize, record: RecordId, field: &str) -> Value {
        let shown = self.world.phones[phone].store().unwrap().shown(record).unwrap();
        shown.value(field).cloned().unwrap_or_default()
    }

    fn rests(mut self) -> Played<Self> {
        self.world.settle_down()?;
        self.world.check_quiet()?;
        Ok(self)
    }
}

#[test]
fn edit_after_joining_again_over_an_own_value_never_pulled_is_no_conflict_with_oneself() {
    let mut script = Script::new(1);
    let record = script.registers(0);
    let device = script.world.device(0).unwrap();
    // taken by a server that tells the phone nothing any more
    let revoked = payung_server::storage::DeviceState::Retired;
    let now = script.world.now;
    let act = |service: &payung_server::service::Service| {
        service.set_device(crate::template::KELURAHAN, device, revoked, now)
    };
    assert!(script.world.office("retire", act).unwrap());
    script.exchanges(0);
    script.edits(0, record, "mother_name", json!("KARSEM BARU"));
    script.does(0, Deed::Rejoin);
    let script = script.rests().unwrap();
    assert_eq!(script.shows(0, record, "mother_name"), "KARSEM BARU");
    assert!(script.world.phones[0].store().unwrap().conflicts().unwrap().is_empty());
}

#[test]
fn record_made_in_an_area_the_phone_has_lost_is_taken_and_leaves_it() {
    let mut script = Script::new(2);
    script.exchanges(0);
    let device = script.world.device(0).unwrap();
    let (now, other) = (script.world.now, World::place("33.02.24.1001.003.006").unwrap());
    let act =
        |service: &payung_server::service::Service| service.assign(crate::template::KELURAHAN, device, &[other], now);
    assert!(script.world.office("other areas", act).unwrap());
    script.world.learn_areas(0).unwrap();
    let record = script.registers_in_its_old_area(0);
    let script = script.rests().unwrap();
    assert!(script.world.phones[0].store().unwrap().shown(record).is_err());
    assert!(script.world.phones[1].store().unwrap().shown(record).is_ok(), "its neighbour has it");
}

impl Script {
    /// The phone's certificate still names the area it was invited for.
    fn registers_in_its_old_area(&mut self, phone: usize) -> RecordId {
        let areas = std::mem::take(&mut self.world.areas[phone]);
        let record = self.registers(phone);
        self.world.areas[phone] = areas;
        record
    }
}
