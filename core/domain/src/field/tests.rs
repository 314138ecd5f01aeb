use super::*;
use serde_json::json;

fn nested(levels: usize) -> Value {
    (0..levels).fold(Value::Null, |inner, level| if level % 2 == 0 { json!([inner]) } else { json!({ "x": inner }) })
}

#[test]
fn value_that_nests_too_deep_is_refused_in_every_field() {
    for field in ["a_field_of_a_newer_app", "notes", "home"] {
        let error = Kind::Worker.validate(field, &nested(33)).unwrap_err();
        assert_eq!((error.field.as_str(), error.code.as_str()), (field, "too_deep"));
    }
    assert_eq!(Kind::Worker.validate("a_field_of_a_newer_app", &nested(32)), Ok(()));
}

#[test]
fn blank_part_is_the_same_as_an_absent_one() {
    let bare = json!({"date": "1980-05-15", "sex": "f"});
    for blank in [Value::Null, json!(""), json!("  "), json!("-")] {
        let mut birth = bare.clone();
        birth["place"] = blank;
        assert!(Kind::Worker.same("birth", &birth, &bare), "{birth}");
    }
    let heir = |phone: Value| json!([{"name": "KARSEM REKAAN", "phone": phone}]);
    assert!(Kind::Worker.same("heirs", &heir(json!(" ")), &json!([{"name": "KARSEM REKAAN"}])));
    assert!(!Kind::Worker.same("heirs", &heir(json!("081200009001")), &json!([{"name": "KARSEM REKAAN"}])));
}
