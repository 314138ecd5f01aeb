//! How much memory hostile bytes take: everything that allocates is counted, so this is one test in a process alone.

use payung_domain::{area::Area, nik::Nik};
use payung_fuzz::TARGETS;
use payung_protocol::{Certificate, Limits, Problem, PublishedKeys, SealError};
use peak_alloc::PeakAlloc;
use std::{fs, hint::black_box, path::Path};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// The most that was held at once beyond what was held before.
fn taken<T>(act: impl FnOnce() -> T) -> usize {
    ALLOCATOR.reset_peak_usage();
    let before = ALLOCATOR.current_usage();
    drop(black_box(act()));
    ALLOCATOR.peak_usage().saturating_sub(before)
}

#[test]
fn hostile_bytes_take_no_more_memory_than_their_limit_allows() {
    counting_counts();
    small_inputs_take_little();
    claims_are_not_believed();
    long_texts_are_not_copied_often();
    unpacking_stops_at_the_limit();
    json_grows_by_a_known_factor();
    densest_requests_that_are_read_take_what_is_reckoned();
}

fn counting_counts() {
    let taken = taken(|| vec![1_u8; 3 * MIB]);
    assert!((3 * MIB..4 * MIB).contains(&taken), "{taken}");
}

/// Seeds and found inputs, after a first run has set up what is kept for ever (keys, region tables, connections).
fn small_inputs_take_little() {
    for target in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
        let found = fs::read_dir(folder).into_iter().flatten().map(|entry| fs::read(entry.expect("an entry").path()));
        let inputs: Vec<Vec<u8>> =
            (target.seeds)().into_iter().chain(found.map(|file| file.expect("a file"))).collect();
        for input in &inputs {
            (target.run)(input);
        }
        for input in &inputs {
            // a backup is read in chunks of 1 MiB, two at a time, and its plain text beside them
            let taken = taken(|| (target.run)(input));
            assert!(taken <= 5 * MIB, "{}: {taken} bytes for {}", target.name, input.escape_ascii());
        }
    }
}

/// CBOR and JSON may announce any length before it comes.
fn claims_are_not_believed() {
    for claim in [
        &[0x84, 0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff][..],
        &[0x84, 0x43, 0xa1, 0x01, 0x27, 0xbb, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x9b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x84, 0x43, 0xa1, 0x01, 0x27, 0xa0, 0x5a, 0xff, 0xff, 0xff, 0xff],
    ] {
        let taken =
            taken(|| Certificate::verify(claim, |_| None).map_err(|error| assert!(!error.to_string().is_empty())));
        assert!(taken <= 64 * KIB, "{taken}");
        for name in ["signed_message", "certificate", "key_list", "receiver_list", "card_keys", "status_list"] {
            let target = payung_fuzz::target_named(name).expect("a target");
            let taken = self::taken(|| (target.run)(claim));
            assert!(taken <= 256 * KIB, "{name}: {taken}");
        }
    }
}

fn long_texts_are_not_copied_often() {
    let long = 4 * MIB;
    let dots = "33.".repeat(long / 3);
    let taken_by_area = taken(|| assert!(Area::parse(&dots).is_err()));
    assert!(taken_by_area <= KIB, "{taken_by_area}");
    let digits = "3".repeat(long);
    let taken_by_nik = taken(|| assert!(Nik::parse(&digits).is_err()));
    assert!(taken_by_nik <= 3 * long, "{taken_by_nik}");
    let body = format!(r#"{{"type":"urn:payung:problem:busy","title":"{digits}"}}"#);
    let taken_by_problem = taken(|| assert_eq!(Problem::parse(body.as_bytes()), None));
    assert!(taken_by_problem <= KIB, "{taken_by_problem}");
    let lists = format!(r#"{{"keys":"{digits}","receivers":""}}"#);
    let taken_by_lists = taken(|| assert!(PublishedKeys::parse(lists.as_bytes()).is_err()));
    assert!(taken_by_lists <= KIB, "{taken_by_lists}");
}

/// The target's own limit is 64 KiB of JSON; a frame that tells its size, one that does not, and one that lies.
fn unpacking_stops_at_the_limit() {
    let target = payung_fuzz::target_named("packed_message").expect("a target");
    let spaces = vec![b' '; 64 * MIB];
    let honest = zstd::bulk::compress(&spaces, 3).expect("packs");
    let silent = zstd::stream::encode_all(&spaces[..], 3).expect("packs");
    drop(spaces);
    let mut lying = zstd::bulk::compress(&[b' '; 300], 3).expect("packs");
    // 256 MiB claimed in the eight bytes of a frame content size (RFC 8878, 3.1.1.1)
    lying.splice(4..7, [0xe0, 0, 0, 0x10, 0, 0, 0, 0, 0]);
    for bomb in [honest, silent, lying] {
        (target.run)(&bomb);
        let taken = taken(|| (target.run)(&bomb));
        assert!(taken <= MIB, "{taken} bytes for {} packed", bomb.len());
    }
}

/// A JSON value in memory is larger than its text, most where an object has one short member: some hundred times.
fn json_grows_by_a_known_factor() {
    let target = payung_fuzz::target_named("request").expect("a target");
    let op = |set: String| {
        format!(
            r#"{{"ops":[{{"n":1,"record":"0193a1b2-0000-7000-8000-000000000001","kind":"worker","area":"33","hlc":1,"set":{{"x":{set}}}}}]}}"#
        )
    };
    let many = 10_000;
    let members = format!("[{}0]", r#"{"":0},"#.repeat(many));
    let depth = format!("{}0{}", "[".repeat(many), "]".repeat(many));
    let unreadable = format!(r#"{{"ops":[{}{{}}]}}"#, r#"{"n":1},"#.repeat(many));
    for json in [op(members), op(depth), unreadable] {
        // the target reads it, writes it and reads it again, and holds all three
        let taken = taken(|| (target.run)(json.as_bytes()));
        let most = 4 * 100 * json.len() + MIB;
        assert!(taken <= most, "{taken} bytes for {} of JSON", json.len());
    }
}

/// Each shape just below the limit of memory: read, it takes no more than that beside its bytes; once more of it is
/// refused before any of it is read.
fn densest_requests_that_are_read_take_what_is_reckoned() {
    let limits = Limits::REQUEST;
    let text = limits.unpacked + 2 * limits.sealed;
    let (mut read, mut refused) = (0, 0);
    for (open, part, close) in [
        ("[", r#"{"":0},"#, "0]"),
        ("[", "[0],", "0]"),
        ("[", "0,", "0]"),
        ("[", r#""","#, "0]"),
        ("[", r#"{"a":{"b":[{}]}},"#, "0]"),
        ("{", r#""NNNNNN":0,"#, r#""":0}"#),
    ] {
        for many in [1000, 20_000, 40_000, 60_000, 80_000, 160_000, 300_000] {
            let parts: String = (0..many).map(|i| part.replace("NNNNNN", &format!("{i:06}"))).collect();
            let json = format!(
                r#"{{"ops":[{{"n":1,"record":"0193a1b2-0000-7000-8000-000000000001","kind":"worker","area":"33","hlc":1,"set":{{"x":{open}{parts}{close}}}}}]}}"#
            );
            drop(parts);
            let sealed = payung_fuzz::sealed_request(json.as_bytes());
            let mut outcome = None;
            let taken = taken(|| outcome = Some(payung_fuzz::open_sealed_request(&sealed).map(|_| ())));
            match outcome.expect("opened") {
                Ok(()) => {
                    read += 1;
                    assert!(taken <= limits.memory + text, "{part} {many}: {taken} bytes");
                }
                Err(SealError::TooManyValues { .. } | SealError::UnpackedTooLarge { .. }) => {
                    refused += 1;
                    assert!(taken <= text + MIB, "{part} {many}: {taken} bytes for what is refused");
                }
                Err(error) => panic!("{part} {many}: {error}"),
            }
        }
    }
    assert!(read > 10 && refused > 5, "{read} {refused}");
}
