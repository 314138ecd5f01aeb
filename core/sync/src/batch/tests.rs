use super::*;

#[test]
fn begins_with_two_hundred() {
    assert_eq!(BatchSize::default().ops(), 200);
}

#[test]
fn halves_down_to_one_and_no_further() {
    let mut size = BatchSize::default();
    let mut seen = vec![];
    for _ in 0..10 {
        seen.push(size.ops());
        size = size.halved(size.ops());
    }
    assert_eq!(seen, [200, 100, 50, 25, 12, 6, 3, 1, 1, 1]);
}

#[test]
fn a_small_batch_that_failed_halves_what_was_tried() {
    assert_eq!(BatchSize::default().halved(30).ops(), 15);
    assert_eq!(BatchSize::default().halved(0).ops(), 1);
}

#[test]
fn grows_to_a_thousand_and_no_further() {
    let mut size = BatchSize::default().halved(1);
    for _ in 0..20 {
        let next = size.grown(size.ops());
        assert!(next.ops() > size.ops() || size.ops() == MAX_OPS);
        size = next;
    }
    assert_eq!(size.ops(), MAX_OPS);
}

#[test]
fn a_batch_that_was_not_full_teaches_nothing() {
    assert_eq!(BatchSize::default().grown(199), BatchSize::default());
}

#[test]
fn a_nonsense_size_read_back_is_clamped() {
    assert_eq!(serde_json::from_str::<BatchSize>("0").unwrap().ops(), 1);
    assert_eq!(serde_json::from_str::<BatchSize>("999999").unwrap().ops(), MAX_OPS);
}
