//! A translation beside a Chinese text: the service's own, or one that was filled in where it had none.

use std::fmt;

use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};

/// The member that a filled-in translation has instead of a plain text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Trans {
    /// In the asked language.
    pub text: String,
    /// Who translated it; none when the service did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

impl<'de> Deserialize<'de> for Trans {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Either)
    }
}

struct Either;

impl<'de> Visitor<'de> for Either {
    type Value = Trans;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Trans, E> {
        Ok(Trans { text: text.to_owned(), by: None })
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Trans, E> {
        Ok(Trans { text, by: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Trans, A::Error> {
        let (mut text, mut by) = (None, None);
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                "text" => text = Some(map.next_value()?),
                "by" => by = map.next_value()?,
                _ => drop(map.next_value::<serde::de::IgnoredAny>()?),
            }
        }
        Ok(Trans { text: text.ok_or_else(|| A::Error::missing_field("text"))?, by })
    }
}

#[cfg(test)]
mod tests {
    use super::Trans;

    #[test]
    fn both_forms_are_read() {
        let read = |json: &str| serde_json::from_str::<Trans>(json).ok();
        assert_eq!(read(r#""pot""#), Some(Trans { text: "pot".into(), by: None }));
        let filled = Trans { text: "pot".into(), by: Some("glossary".into()) };
        assert_eq!(read(&serde_json::to_string(&filled).unwrap()), Some(filled));
        assert_eq!((read("7"), read("{}")), (None, None));
    }
}
