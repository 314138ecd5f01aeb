//! The compression dictionary of sealed blobs: what every record's JSON has in common, so that a blob of some 500 bytes
//! packs to a third of what it would alone, in a third of the time.
//!
//! A blob names the dictionary it was packed with, so a later one goes beside this, never in its place. It was trained
//! on invented people, by `zstd --train` on what the test below writes.

/// The dictionary new blobs are packed with.
pub(super) const DICTIONARY: &[u8] = include_bytes!("dictionary-1.zdict");

#[cfg(test)]
mod tests {
    use super::*;
    use payung_domain::{
        area::Area,
        contribution::ContributionTable,
        eligibility::Membership,
        field::Kind,
        id::{DeviceId, Epoch, Hlc, OfficialId, RecordId},
        merge::{self, Authority, Judge},
        op::{Body, Op},
        record::Record,
        worker::{CaptureContext, WorkerDraft},
    };
    use serde_json::json;
    use sha2::{Digest, Sha256};
    use std::{collections::BTreeMap, fs, path::Path};
    use uuid::Uuid;

    const VILLAGES: [&str; 5] = ["33.02.24.1001", "33.02.20.2003", "33.03.10.2007", "34.04.11.2002", "32.05.01.1004"];

    /// Ids nobody has, by number.
    fn any(number: u64, what: &str) -> Uuid {
        let digest = Sha256::new().chain_update(what).chain_update(number.to_be_bytes()).finalize();
        uuid::Builder::from_random_bytes(digest[..16].try_into().unwrap()).into_uuid()
    }

    /// A registration's ops and the records they make, as they are stored; ids, areas and times all differ.
    fn registration(number: u32) -> Vec<Vec<u8>> {
        let village = VILLAGES[number as usize % VILLAGES.len()];
        let number = u64::from(number);
        let area = format!("{village}.{:03}.{:03}", number % 9 + 1, number % 7 + 1);
        let area = Area::parse(&area).unwrap();
        let (device, official) = (DeviceId(any(number, "device")), OfficialId(any(number, "official")));
        let millis = 1_795_000_000_000 + i64::try_from(any(number, "time").as_u128() & 0x7_ffff_ffff).unwrap();
        let now = chrono::DateTime::from_timestamp_millis(millis).unwrap();
        let person = payung_people::person(7, number, "330224", now.date_naive());
        let context = CaptureContext {
            now,
            area: &area,
            official,
            table: ContributionTable::builtin(),
            nik_on_this_phone: false,
            membership: Membership::First,
        };
        let made = WorkerDraft { fields: person.form() }.validate(&context).unwrap();
        let (worker, enrollment) = (RecordId(any(number, "worker")), RecordId(any(number, "enrollment")));
        let mut first = made.worker;
        // not even an invented person's
        first.insert("nik".to_owned(), "3302000000000000".into());
        first.insert("phone".to_owned(), "+6281200000000".into());
        let mut second = made.enrollment;
        second.insert("worker".to_owned(), worker.to_string().into());
        let third = json!({ "at": now.to_rfc3339(), "enrollment": enrollment, "event": "submit" });
        let third = serde_json::from_value::<Body>(third).unwrap();
        let event = RecordId(any(number, "event"));
        let bodies = [
            (Kind::Worker, worker, first),
            (Kind::Enrollment, enrollment, second),
            (Kind::EnrollmentEvent, event, third),
        ];
        let mut blobs = Vec::new();
        for (n, (kind, record, set)) in (3 * number + 1..).zip(bodies) {
            let op = Op {
                n,
                record,
                kind: kind.clone(),
                area: area.clone(),
                base: None,
                set,
                resolve: BTreeMap::new(),
                hlc: Hlc::at_millis(millis),
                reissue: None,
                stale: Vec::new(),
                receipt: None,
            };
            let judge = Judge {
                epoch: Epoch(any(number, "epoch").as_u64_pair().0),
                device,
                who: official,
                authority: Authority::Official,
                received: millis,
                submitted: false,
            };
            let mut record = Record::new(record, kind, area.clone());
            merge::apply(&mut record, &op, &judge);
            blobs.extend([serde_json::to_vec(&op).unwrap(), record.to_state().unwrap()]);
        }
        blobs
    }

    #[test]
    fn what_is_stored_packs_to_less_than_half_of_what_it_does_alone() {
        let size = |dictionary: &[u8]| -> usize {
            let mut packer = zstd::bulk::Compressor::with_dictionary(1, dictionary).unwrap();
            let blobs = (1000..1050).flat_map(registration);
            blobs.map(|blob| packer.compress(&blob).unwrap().len()).sum()
        };
        assert!(size(DICTIONARY) * 2 < size(&[]));
    }

    /// `cargo test -p payung-server write_samples -- --ignored`, then
    /// `zstd --train -r target/samples --maxdict=4096 -o server/src/storage/dictionary-N.zdict`.
    #[test]
    #[ignore = "writes what a dictionary is trained on"]
    fn write_samples() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/samples");
        fs::create_dir_all(&folder).unwrap();
        for (at, blob) in (0..300).flat_map(registration).enumerate() {
            fs::write(folder.join(at.to_string()), blob).unwrap();
        }
    }
}
