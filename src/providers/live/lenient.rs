//! Fields of a message that are not what they should be: they cost the field, not the message. Pure.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A text; empty where it is something else.
pub(in crate::providers) fn text<'de, D: Deserializer<'de>>(field: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(field)? {
        Value::String(text) => text,
        _ => String::new(),
    })
}

/// A number, also one within a text; 0 where it is something else.
pub(in crate::providers) fn number<'de, D: Deserializer<'de>>(field: D) -> Result<f64, D::Error> {
    Ok(number_of(&Value::deserialize(field)?).unwrap_or_default())
}

/// A yes, also one within a text; no where it is something else.
pub(in crate::providers) fn flag<'de, D: Deserializer<'de>>(field: D) -> Result<bool, D::Error> {
    Ok(match Value::deserialize(field)? {
        Value::Bool(flag) => flag,
        Value::String(text) => text == "true",
        _ => false,
    })
}

/// The number that a value is or holds as text.
pub(in crate::providers) fn number_of(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())
}
