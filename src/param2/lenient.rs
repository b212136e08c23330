//! Readers of JSON as clients of many languages write it: numbers in quotes, texts without, `"true"` for `true`.

use serde::de::{Deserializer, Error, Unexpected};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A whole number, a number in quotes, or nothing.
pub fn long<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    let wrong = |text: &str| D::Error::invalid_value(Unexpected::Str(text), &"a whole number");
    match Option::<Value>::deserialize(from)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Number(number)) => match number.as_i64() {
            Some(number) => Ok(Some(number)),
            None => Err(wrong(&number.to_string())),
        },
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => text.trim().parse().map(Some).map_err(|_| wrong(&text)),
        Some(other) => Err(wrong(&other.to_string())),
    }
}

/// A text, a number taken as one, or nothing; an empty text is nothing.
pub fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    match Option::<Value>::deserialize(from)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.trim().is_empty())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(Value::Bool(flag)) => Ok(Some(flag.to_string())),
        // `sort` is a text that holds an object; several clients send the object.
        Some(other) => Ok(Some(other.to_string())),
    }
}

/// `true`, `"true"`, or no.
pub fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    let read = Option::<Value>::deserialize(from)?;
    Ok(match read {
        Some(Value::Bool(flag)) => flag,
        Some(Value::String(text)) => text.eq_ignore_ascii_case("true"),
        _ => false,
    })
}

/// A number beside the same as text, for clients whose numbers do not reach so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct AsText(String);

impl From<i64> for AsText {
    fn from(number: i64) -> Self {
        Self(number.to_string())
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::AsText;

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(default)]
    struct Read {
        #[serde(deserialize_with = "super::long")]
        number: Option<i64>,
        #[serde(deserialize_with = "super::text")]
        text: Option<String>,
        #[serde(deserialize_with = "super::flag")]
        flag: bool,
    }

    fn read(json: &str) -> Read {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn numbers_texts_and_flags_come_in_or_without_quotes() {
        let wanted = Read { number: Some(610_947_572_360), text: Some("7".into()), flag: true };
        assert_eq!(read("{\"number\":610947572360,\"text\":\"7\",\"flag\":true}"), wanted);
        assert_eq!(read("{\"number\":\" 610947572360 \",\"text\":7,\"flag\":\"True\"}"), wanted);
        assert_eq!(read("{\"number\":null,\"text\":\"\",\"flag\":null}"), Read::default());
        assert_eq!(read("{}"), Read::default());
        for wrong in ["{\"number\":1.5}", "{\"number\":\"x\"}", "{\"number\":[]}", "{\"number\":99999999999999999999}"]
        {
            assert!(serde_json::from_str::<Read>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_twin_is_a_text() {
        assert_eq!(serde_json::to_string(&AsText::from(7_i64)).unwrap(), "\"7\"");
    }
}
