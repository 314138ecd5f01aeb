//! Every target over its seeds, the inputs found before, and what is made from both. The same cases on every run.

use payung_fuzz::{TARGETS, Target, target_named};
use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::{RngAlgorithm, TestCaseError, TestRng, TestRunner},
};
use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// What libFuzzer or a person found: an input once interesting is tried for ever.
fn found(target: &Target) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
    let mut paths: Vec<_> =
        fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).expect("a file")).collect()
}

#[derive(Clone, Debug)]
enum Edit {
    Set(Index, u8),
    Flip(Index, u8),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Repeat(Index, usize),
    Cut(Index),
    Graft(Index, Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    // bytes that mean something to JSON, CBOR, CSV, paths, numbers
    let telling = select(br#"{}[]":,;.=|/+-0195 'eE\u"#.to_vec()).prop_map(|byte| vec![byte]);
    let words =
        select(vec!["null", "1e309", "-0", "\\ud800", "\u{e9}\u{301}", "00", "\r\n", "\u{0}", "9999999999999999999"]);
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Edit::Flip(at, 1 << bit)),
        (any::<Index>(), prop_oneof![telling, words.prop_map(|word| word.as_bytes().to_vec()), vec(any::<u8>(), 1..5)])
            .prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        (any::<Index>(), 1..9_usize).prop_map(|(at, count)| Edit::Remove(at, count)),
        (any::<Index>(), 1..33_usize).prop_map(|(at, count)| Edit::Repeat(at, count)),
        any::<Index>().prop_map(Edit::Cut),
        (any::<Index>(), any::<Index>()).prop_map(|(other, at)| Edit::Graft(other, at)),
    ]
}

impl Edit {
    fn make(&self, bytes: &mut Vec<u8>, all: &[Vec<u8>]) {
        let at = |index: &Index| index.index(bytes.len() + 1);
        match self {
            Self::Set(place, byte) => {
                let at = at(place);
                bytes.get_mut(at).into_iter().for_each(|old| *old = *byte);
            }
            Self::Flip(place, bits) => {
                let at = at(place);
                bytes.get_mut(at).into_iter().for_each(|old| *old ^= bits);
            }
            Self::Insert(place, new) => {
                let at = at(place);
                bytes.splice(at..at, new.iter().copied());
            }
            Self::Remove(place, count) => {
                let at = at(place);
                bytes.drain(at..bytes.len().min(at + count));
            }
            Self::Repeat(place, count) => {
                let at = at(place);
                let part = bytes[at..bytes.len().min(at + count)].to_vec();
                bytes.splice(at..at, part);
            }
            Self::Cut(place) => bytes.truncate(at(place)),
            Self::Graft(other, place) => {
                let other = &all[other.index(all.len())];
                let at = at(place);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[other.len().min(at)..]);
            }
        }
    }
}

/// Inputs of a target: mostly known ones with a few changes, since random bytes die at the first gate.
fn inputs(target: &Target) -> impl Strategy<Value = Vec<u8>> + use<> {
    let known: Vec<Vec<u8>> = (target.seeds)().into_iter().chain(found(target)).collect();
    let longest = target.longest;
    let all = known.clone();
    let changed = (select(known), vec(edit(), 1..6)).prop_map(move |(mut bytes, edits)| {
        for edit in &edits {
            edit.make(&mut bytes, &all);
        }
        bytes.truncate(2 * longest);
        bytes
    });
    let text = "\\PC{0,40}".prop_map(String::into_bytes);
    prop_oneof![6 => changed, 1 => text, 1 => vec(any::<u8>(), 0..longest.min(200))]
}

fn hold(name: &str) {
    let target = target_named(name).expect("a target");
    let seeds = (target.seeds)();
    assert!(!seeds.is_empty());
    for input in seeds.iter().chain(&found(target)) {
        let held = catch_unwind(|| (target.run)(input)).is_ok();
        assert!(held, "{name} does not hold for {}", shown(input));
    }
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[42; 32]);
    let config = ProptestConfig { cases: target.cases, failure_persistence: None, ..ProptestConfig::default() };
    let outcome = TestRunner::new_with_rng(config, rng).run(&inputs(target), |input| {
        let told = catch_unwind(AssertUnwindSafe(|| (target.run)(&input)));
        told.map_err(|_| TestCaseError::fail(format!("{name} does not hold for {}", shown(&input))))
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
}

fn shown(input: &[u8]) -> String {
    input.escape_ascii().to_string()
}

macro_rules! targets {
    ($($name:ident),+ $(,)?) => {
        $(
            #[test]
            fn $name() {
                hold(stringify!($name));
            }
        )+

        #[test]
        fn every_target_is_tried() {
            let tried = [$(stringify!($name)),+];
            assert_eq!(TARGETS.iter().map(|target| target.name).collect::<Vec<_>>(), tried);
        }
    };
}

targets!(
    bundle,
    tampered_bundle,
    signed_message,
    packed_message,
    request,
    reply,
    join_request,
    renewal,
    join_answer,
    certificate,
    published_keys,
    key_list,
    receiver_list,
    invite,
    recovery,
    problem,
    address,
    http_answer,
    cursor,
    answer_file,
    member_file,
    roster,
    backup,
    picture,
    card,
    card_keys,
    status_list,
    card_picture,
    media_file,
    nik,
    region,
    area,
    month,
    amount,
    phone,
    name,
    region_search,
    occupation_search,
    field,
);

#[test]
fn every_folder_of_found_inputs_is_replayed() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for entry in fs::read_dir(corpus).expect("the corpus") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name");
        assert!(name == "README.md" || target_named(&name).is_some(), "{name} is no target");
    }
}
