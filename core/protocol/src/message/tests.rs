use super::*;
use crate::common::{cursor, op, record, reply, request};
use proptest::prelude::*;
use serde_json::json;

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

#[test]
fn defaults_are_not_on_the_wire() {
    let idle = Request { cursor: Some(Cursor("c".into())), ..Request::default() };
    assert_eq!(serde_json::to_string(&idle).unwrap(), r#"{"cursor":"c"}"#);
    let idle = Reply { epoch: Epoch(7), cursor: None, request_cursor: None, server_time: 5, ..reply(0) };
    assert_eq!(serde_json::to_string(&idle).unwrap(), r#"{"epoch":"0000000000000007","server_time":5}"#);
}

#[test]
fn members_of_a_newer_peer_are_ignored_at_the_top_and_kept_in_bodies() {
    let mut op = serde_json::to_value(op(1)).unwrap();
    op["set"]["field_of_2030"] = json!({"deep": [1, null, "x"]});
    let (read, bad) = read_request(&bytes(&json!({"ops": [op], "member_of_2030": {"a": 1}}))).unwrap();
    assert_eq!(bad, []);
    assert_eq!(read.ops[0].set["field_of_2030"], json!({"deep": [1, null, "x"]}));
}

#[test]
fn op_that_cannot_be_read_does_not_stop_its_batch() {
    let mut ops: Vec<_> = (1..=3).map(|n| serde_json::to_value(op(n)).unwrap()).collect();
    ops[1]["area"] = json!("no such place");
    let message = json!({"ops": ops, "seen_through": 9, "cursor": cursor()});
    let (read, bad) = read_request(&bytes(&message)).unwrap();
    assert_eq!(read.ops, [op(1), op(3)]);
    assert_eq!(bad, [BadOp { n: 2, record: Some(record(2)) }]);
    assert_eq!((read.seen_through, read.cursor), (9, Some(cursor())));
}

#[test]
fn op_without_a_number_refuses_the_request() {
    for bad in [json!({"record": record(1)}), json!({"n": 0}), json!({"n": "1"}), json!(7), json!(null)] {
        assert_eq!(read_request(&bytes(&json!({"ops": [op(1), bad]}))), Err(SealError::Message), "{bad}");
    }
}

#[test]
fn more_ops_than_a_request_may_carry_are_refused() {
    let one = serde_json::to_string(&op(1)).unwrap();
    let many = |count| format!(r#"{{"ops":[{}]}}"#, vec![one.as_str(); count].join(","));
    assert_eq!(read_request(many(MAX_OPS).as_bytes()).unwrap().0.ops.len(), MAX_OPS);
    assert_eq!(read_request(many(MAX_OPS + 1).as_bytes()), Err(SealError::TooManyOps));
    let unreadable = format!(r#"{{"ops":[{}]}}"#, vec![r#"{"n":1}"#; MAX_OPS + 1].join(","));
    assert_eq!(read_request(unreadable.as_bytes()), Err(SealError::TooManyOps));
}

#[test]
fn outcome_and_change_of_a_newer_server_are_counted_and_the_rest_is_read() {
    let mut message = serde_json::to_value(reply(3)).unwrap();
    message["outcomes"][1]["status"] = json!("postponed_in_2030");
    message["changes"].as_array_mut().unwrap().push(json!({"rearranged": {"record": record(1)}}));
    let read = read_reply(&bytes(&message)).unwrap();
    assert_eq!(read.unread, 2);
    assert_eq!(read.outcomes.iter().map(|outcome| outcome.n).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(read.changes, reply(3).changes);
    assert_eq!(read.request_cursor, Some(cursor()));
}

#[test]
fn reply_without_epoch_or_time_is_refused() {
    for member in ["epoch", "server_time"] {
        let mut message = serde_json::to_value(reply(1)).unwrap();
        message.as_object_mut().unwrap().remove(member);
        assert_eq!(read_reply(&bytes(&message)), Err(SealError::Message), "{member}");
    }
}

#[test]
fn debug_shows_counts_and_no_people() {
    let (asked, answered) = (format!("{:?}", request(9)), format!("{:?}", reply(9)));
    for shown in [asked, answered] {
        assert!(!shown.contains("330224") && !shown.contains("Contoh") && !shown.contains("+62"), "{shown}");
        assert!(shown.contains('9'), "{shown}");
    }
}

#[test]
fn record_check_is_the_written_definition() {
    // by Python's hashlib: id 0192f0c4-7a61-7c3e-9d55-1f2e3d4c5b6a, version 7
    let id = "0192f0c4-7a61-7c3e-9d55-1f2e3d4c5b6a".parse().unwrap();
    assert_eq!(record_check(id, 7).to_string(), "d7ae5f2b2815fcbf");
}

#[test]
fn checksum_is_16_hex_digits() {
    assert_eq!(serde_json::to_string(&Checksum(0xAB)).unwrap(), r#""00000000000000ab""#);
    assert_eq!(serde_json::from_str::<Checksum>(r#""00000000000000ab""#).unwrap(), Checksum(0xAB));
    assert!(serde_json::from_str::<Checksum>(r#""xyz""#).is_err());
}

proptest! {
    #[test]
    fn checksum_does_not_depend_on_order(versions in proptest::collection::vec((0u64..50, 1u64..9), 0..30), at in 0usize..30) {
        let sum = |pairs: &[(u64, u64)]| pairs.iter().map(|(n, v)| record_check(record(*n), *v)).sum::<Checksum>();
        let mut turned = versions.clone();
        turned.rotate_left(at.min(versions.len()));
        prop_assert_eq!(sum(&versions), sum(&turned));
        if let Some(((n, v), rest)) = versions.split_first() {
            prop_assert_eq!(sum(&versions).minus(record_check(record(*n), *v)), sum(rest));
            prop_assert_ne!(sum(&versions), sum(rest));
        }
    }

    #[test]
    fn reading_any_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read_request(&bytes);
        let _ = read_reply(&bytes);
    }

    #[test]
    fn reading_almost_a_message_never_panics(at in 0usize..4000, byte in any::<u8>()) {
        for message in [serde_json::to_vec(&request(3)).unwrap(), serde_json::to_vec(&reply(3)).unwrap()] {
            let mut message = message;
            let at = at % message.len();
            message[at] = byte;
            let _ = read_request(&message);
            let _ = read_reply(&message);
        }
    }

    #[test]
    fn cursor_is_opaque(text in any::<String>()) {
        let asked = Request { cursor: Some(Cursor(text)), ..Request::default() };
        prop_assert_eq!(read_request(&serde_json::to_vec(&asked).unwrap()).unwrap().0, asked);
    }
}
