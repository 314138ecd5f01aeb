//! The value of a field: any JSON, since a newer or a hostile app may write anything.

use crate::quiet::says_nothing;
use payung_domain::field::{FieldSpec, Kind};
use serde_json::Value;

fn spec(data: &[u8]) -> Option<(Kind, &'static FieldSpec, Value)> {
    let [kind, field, json @ ..] = data else { return None };
    let kind = Kind::KNOWN[usize::from(*kind) % Kind::KNOWN.len()].clone();
    let fields = kind.table()?.fields;
    let spec = &fields[usize::from(*field) % fields.len()];
    Some((kind, spec, serde_json::from_slice(json).ok()?))
}

/// `kind (1) || field (1) || JSON`: normalising settles and is what "the same" means, and the error names the field and
/// a code, never the value.
pub(crate) fn field(data: &[u8]) {
    let Some((kind, spec, value)) = spec(data) else { return };
    let normal = kind.normalise(spec.name, &value);
    assert_eq!(kind.normalise(spec.name, &normal), normal, "normalising settles");
    assert!(kind.same(spec.name, &value, &normal) && kind.same(spec.name, &normal, &value));
    if let Err(error) = kind.validate(spec.name, &value) {
        assert_eq!(error.field.split('.').next(), Some(spec.name));
        assert!(!error.code.is_empty());
        says_nothing(&error.to_string(), &data[2..]);
    }
    assert_eq!(
        kind.validate(spec.name, &Value::Null).is_ok(),
        !(spec.required && spec.class == payung_domain::field::Class::Fixed)
    );
}

pub(crate) fn field_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for (number, kind) in (0_u8..).zip(&Kind::KNOWN) {
        let fields = kind.table().map_or(0, |table| table.fields.len());
        for field in 0..u8::try_from(fields).expect("few fields") {
            seeds.push([&[number, field][..], example(number, field).to_string().as_bytes()].concat());
        }
    }
    seeds
}

/// Something of the right shape for the fields whose shape is more than a text.
fn example(kind: u8, field: u8) -> Value {
    use serde_json::json;
    let name = Kind::KNOWN[usize::from(kind)].table().map_or("", |table| table.fields[usize::from(field)].name);
    match name {
        "nik" => json!("33.02.24 150590-9001"),
        "birth" => json!({"date": "1990-05-15", "place": "Banyumas ", "sex": "f"}),
        "home" => json!({"village": "33.02.24.1001", "rw": "005", "rt": "003A", "line": "Jl. Gerilya", "postcode": ""}),
        "phone" => json!("0812-0000-9001"),
        "occupations" => json!({"first": "penderes", "second": null}),
        "work" => json!({"place": "Pasar", "hours": "06-14"}),
        "heirs" => json!([{"name": "KARSEM REKAAN", "relation": "spouse", "phone": "0281 630001"}]),
        "capture" => {
            json!({"at": "2026-11-22T08:12:45+07:00", "position": {"lat_e6": -7_421_000, "lon_e6": 109_242_000},
            "accuracy": 12, "official": "x"})
        }
        "cover" => {
            json!({"programs": ["jkk", "jkm"], "monthly_income": 1_000_000, "start_month": "2026-12", "months": 6,
            "payer": "self"})
        }
        "declaration" => json!({"independent": true, "healthy": true, "at": "2026-11-22T08:14:02+07:00"}),
        "consent" => json!({"text_version": "2026-1", "language": "id", "at": "2026-11-22T08:14:20+07:00"}),
        "worker" | "enrollment" => json!("0193a1b2-0000-7000-8000-000000000001"),
        _ => json!("WARSITI  Contoh"),
    }
}
