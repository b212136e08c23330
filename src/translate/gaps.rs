//! Texts of a document that the service did not translate, and putting translations beside them: `subjectTrans` beside
//! `subject`, as the contract has it, with the word for who translated.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::fmt;

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value, json};

use crate::model::offer::Origin;

/// Members that the contract promises a translation beside.
const TEXTS: &[&str] =
    &["subject", "unit", "sellerName", "description", "name", "value", "beltName", "province", "city", "keyword"];

/// What the name of a translation ends with.
const BESIDE: &str = "Trans";

/// A document with texts that nobody translated.
#[derive(Debug)]
pub struct Gaps {
    document: Bytes,
    texts: BTreeSet<String>,
}

/// The gaps of a document; `None` when it has none, or is no JSON.
pub fn find(document: &Bytes) -> Option<Gaps> {
    let mut texts = BTreeSet::new();
    // Looked at once as a whole, and not text by text.
    let mut reading = serde_json::Deserializer::from_str(std::str::from_utf8(document).ok()?);
    Look(&mut texts).deserialize(&mut reading).ok()?;
    reading.end().ok()?;
    (!texts.is_empty()).then(|| Gaps { document: document.clone(), texts })
}

impl Gaps {
    /// The Chinese texts, each once.
    pub fn texts(&self) -> Vec<String> {
        self.texts.iter().cloned().collect()
    }

    /// The document with what is known of them.
    pub fn fill(self, told: &HashMap<String, (String, Origin)>) -> Option<Bytes> {
        let mut document: Value = serde_json::from_slice(&self.document).ok()?;
        fill(&mut document, told);
        serde_json::to_vec(&document).ok().map(Bytes::from)
    }
}

/// Gathers texts that lack a translation. Most documents have none, so that no tree is built of them.
struct Look<'t>(&'t mut BTreeSet<String>);

/// What there is of a value, as far as it matters.
enum Told<'de> {
    Nothing,
    Text(Cow<'de, str>),
    Other,
}

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = Told<'de>;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Told<'de>, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = Told<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Told<'de>, E> {
        Ok(Told::Text(Cow::Borrowed(text)))
    }
    fn visit_str<E>(self, text: &str) -> Result<Told<'de>, E> {
        Ok(Told::Text(Cow::Owned(text.to_owned())))
    }
    fn visit_unit<E>(self) -> Result<Told<'de>, E> {
        Ok(Told::Nothing)
    }
    fn visit_bool<E>(self, _: bool) -> Result<Told<'de>, E> {
        Ok(Told::Other)
    }
    fn visit_i64<E>(self, _: i64) -> Result<Told<'de>, E> {
        Ok(Told::Other)
    }
    fn visit_u64<E>(self, _: u64) -> Result<Told<'de>, E> {
        Ok(Told::Other)
    }
    fn visit_f64<E>(self, _: f64) -> Result<Told<'de>, E> {
        Ok(Told::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Told<'de>, A::Error> {
        while items.next_element_seed(Look(&mut *self.0))?.is_some() {}
        Ok(Told::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Told<'de>, A::Error> {
        let mut texts: [Option<Cow<'de, str>>; TEXTS.len()] = [const { None }; TEXTS.len()];
        let mut beside = [false; TEXTS.len()];
        while let Some(name) = members.next_key_seed(Naming)? {
            let told = members.next_value_seed(Look(&mut *self.0))?;
            match (name, told) {
                (Name::Text(at), Told::Text(text)) => {
                    if let Some(place) = texts.get_mut(at) {
                        *place = Some(text);
                    }
                }
                (Name::Beside(at), told) => {
                    if let Some(place) = beside.get_mut(at) {
                        *place = match told {
                            Told::Nothing => false,
                            Told::Text(text) => !text.is_empty(),
                            Told::Other => true,
                        };
                    }
                }
                _ => {}
            }
        }
        let open = texts.into_iter().zip(beside).filter_map(|(text, beside)| text.filter(|_| !beside));
        self.0.extend(open.filter(|text| text.chars().any(is_han)).map(Cow::into_owned));
        Ok(Told::Other)
    }
}

/// A member's name, as far as it matters.
enum Name {
    Text(usize),
    Beside(usize),
    Other,
}

struct Naming;

impl<'de> DeserializeSeed<'de> for Naming {
    type Value = Name;
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Name, D::Error> {
        from.deserialize_str(self)
    }
}

impl Visitor<'_> for Naming {
    type Value = Name;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }
    fn visit_str<E>(self, name: &str) -> Result<Name, E> {
        let place = |name: &str| TEXTS.iter().position(|text| *text == name);
        Ok(match name.strip_suffix(BESIDE) {
            Some(name) => place(name).map_or(Name::Other, Name::Beside),
            None => place(name).map_or(Name::Other, Name::Text),
        })
    }
}

fn fill(value: &mut Value, told: &HashMap<String, (String, Origin)>) {
    match value {
        Value::Object(members) => {
            let found: Vec<_> =
                open(members).filter_map(|(name, text)| Some((beside(name), told.get(text)?))).collect();
            for (name, (words, origin)) in found {
                members.insert(name, json!({"text": words, "by": origin.name()}));
            }
            members.values_mut().for_each(|member| fill(member, told));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, told)),
        _ => {}
    }
}

/// The texts of an object that lack a translation.
fn open(members: &Map<String, Value>) -> impl Iterator<Item = (&'static str, &str)> {
    TEXTS.iter().filter_map(|name| {
        let text = members.get(*name)?.as_str().filter(|text| text.chars().any(is_han))?;
        let there = members.get(&beside(name)).is_some_and(|there| there.as_str() != Some("") && !there.is_null());
        (!there).then_some((*name, text))
    })
}

fn beside(name: &str) -> String {
    format!("{name}{BESIDE}")
}

fn is_han(letter: char) -> bool {
    matches!(letter, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

#[cfg(test)]
mod tests {
    use super::find;
    use crate::model::offer::Origin;
    use bytes::Bytes;
    use serde_json::{Value, json};
    use std::collections::HashMap;

    #[test]
    fn what_lacks_a_translation_gets_one_and_nothing_else_changes() {
        let document = json!({"goodsId": 5_576_808_328_480_i64, "subject": "花盆", "subjectTrans": "", "unit": "个", "unitTrans": "piece",
            "attributes": [{"name": "材质", "value": "PP"}, {"name": "风格", "nameTrans": "style", "value": "北欧"}],
            "contactName": "王小明"});
        let gaps = find(&Bytes::from(document.to_string())).unwrap();
        assert_eq!(gaps.texts(), ["北欧", "材质", "花盆"]);
        let told = HashMap::from([
            ("材质".to_owned(), ("material".to_owned(), Origin::Glossary)),
            ("花盆".to_owned(), ("flower pot".to_owned(), Origin::Machine)),
        ]);
        let filled: Value = serde_json::from_slice(&gaps.fill(&told).unwrap()).unwrap();
        let mut wanted = document.clone();
        wanted["subjectTrans"] = json!({"text": "flower pot", "by": "machine"});
        wanted["attributes"][0]["nameTrans"] = json!({"text": "material", "by": "glossary"});
        assert_eq!(filled, wanted);
    }

    #[test]
    fn a_document_that_is_whole_or_none_has_no_gaps() {
        for whole in [r#"{"subject":"花盆","subjectTrans":"pot"}"#, r#"{"subject":"LED"}"#, "\u{89}PNG", "{}"] {
            assert!(find(&Bytes::from_static(whole.as_bytes())).is_none(), "{whole}");
        }
    }
}
