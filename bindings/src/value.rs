//! The value of a field, as a shell sees it. In the core it is JSON; a shell reads no JSON.

use serde_json::Value;
use std::collections::HashMap;

/// The value of a field: what was typed into it, or what is shown.
#[derive(Clone, PartialEq, uniffi::Enum)]
pub enum FieldValue {
    /// Empty; typed, it takes back what the field held.
    Empty,
    /// A word, a date, digits.
    Text {
        /// As typed, or as it is kept.
        text: String,
    },
    /// A whole number: rupiah, months, millionths of a degree.
    Whole {
        /// The number.
        number: i64,
    },
    /// Any other number.
    Fraction {
        /// The number.
        number: f64,
    },
    /// Yes or no.
    Flag {
        /// Whether.
        yes: bool,
    },
    /// Several of a kind: heirs, programmes.
    Items {
        /// In their order.
        items: Vec<FieldValue>,
    },
    /// Parts that mean something only together: an address, a birth.
    Parts {
        /// By name.
        parts: HashMap<String, FieldValue>,
    },
}

impl std::fmt::Debug for FieldValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // it is a person's
        f.write_str("FieldValue")
    }
}

impl From<Value> for FieldValue {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Empty,
            Value::String(text) => Self::Text { text },
            Value::Bool(yes) => Self::Flag { yes },
            Value::Number(number) => match number.as_i64() {
                Some(number) => Self::Whole { number },
                None => Self::Fraction { number: number.as_f64().unwrap_or(f64::NAN) },
            },
            Value::Array(items) => Self::Items { items: items.into_iter().map(Self::from).collect() },
            Value::Object(parts) => {
                Self::Parts { parts: parts.into_iter().map(|(name, part)| (name, Self::from(part))).collect() }
            }
        }
    }
}

impl From<FieldValue> for Value {
    /// A number that JSON does not know (not finite) becomes nothing.
    fn from(value: FieldValue) -> Self {
        match value {
            FieldValue::Empty => Self::Null,
            FieldValue::Text { text } => text.into(),
            FieldValue::Whole { number } => number.into(),
            FieldValue::Fraction { number } => number.into(),
            FieldValue::Flag { yes } => yes.into(),
            FieldValue::Items { items } => items.into_iter().map(Self::from).collect(),
            FieldValue::Parts { parts } => {
                Self::Object(parts.into_iter().map(|(name, part)| (name, Self::from(part))).collect())
            }
        }
    }
}

uniffi::custom_type!(Value, FieldValue, { remote, lower: |value| value.into(), try_lift: |value| Ok(value.into()) });

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_value_comes_back_as_it_went() {
        for value in [
            json!(null),
            json!("Siti"),
            json!(1_500_000),
            json!(-7),
            json!(0.5),
            json!(true),
            json!(["jkk", "jkm"]),
            json!({"date": "1990-01-01", "place": "BANYUMAS", "parts": [{"a": null}]}),
        ] {
            assert_eq!(Value::from(FieldValue::from(value.clone())), value);
        }
    }
}
