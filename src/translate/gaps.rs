//! Texts of a document that the service did not translate, and putting translations beside them: `subjectTrans` beside
//! `subject`, as the contract has it, with the word for who translated.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::model::offer::Origin;

/// Members that the contract promises a translation beside.
const TEXTS: &[&str] =
    &["subject", "unit", "sellerName", "description", "name", "value", "beltName", "province", "city", "keyword"];

/// A document with texts that nobody translated.
#[derive(Debug)]
pub struct Gaps {
    document: Value,
    texts: BTreeSet<String>,
}

/// The gaps of a document; `None` when it has none, or is no JSON.
pub fn find(document: &Bytes) -> Option<Gaps> {
    let document: Value = serde_json::from_slice(document).ok()?;
    let mut texts = BTreeSet::new();
    look(&document, &mut texts);
    (!texts.is_empty()).then_some(Gaps { document, texts })
}

impl Gaps {
    /// The Chinese texts, each once.
    pub fn texts(&self) -> Vec<String> {
        self.texts.iter().cloned().collect()
    }

    /// The document with what is known of them.
    pub fn fill(mut self, told: &HashMap<String, (String, Origin)>) -> Option<Bytes> {
        fill(&mut self.document, told);
        serde_json::to_vec(&self.document).ok().map(Bytes::from)
    }
}

fn look(value: &Value, texts: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            texts.extend(open(members).map(|(_, text)| text.to_owned()));
            members.values().for_each(|member| look(member, texts));
        }
        Value::Array(items) => items.iter().for_each(|item| look(item, texts)),
        _ => {}
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
    format!("{name}Trans")
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
