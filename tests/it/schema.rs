//! Answers held against the OpenAPI document, both ways: what it requires is there, and what is there it describes.
//! Of problems also that they are told in whole sentences and in the words of JSON.

use std::sync::OnceLock;

use serde_json::{Map, Value};
use xunyuan::api;
use xunyuan::edge::extras;

/// Words of the language we are written in, which say nothing to a caller.
const OURS: [&str; 15] = [
    "struct", "enum", "sequence", "tuple", "newtype", "serde", "unit", "u8", "u16", "u32", "u64", "i32", "i64", "f64",
    "usize",
];

/// The document as the gateway serves it.
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::from_str(&api::openapi::text(&api::document())).unwrap())
}

/// Refuses an answer that is not as the document says.
#[track_caller]
pub fn hold(method: &str, target: &str, status: u16, body: &[u8]) {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return };
    let path = target.split('?').next().unwrap();
    let mut wrong = Vec::new();
    if status >= 400 {
        conform(&serde_json::json!({"$ref": "#/components/schemas/Problem"}), &body, "#", &mut wrong);
        wrong.extend(unfit_words(&body));
    }
    if let Some(operation) = operation(method, path) {
        let answer = &operation["responses"][status.to_string()];
        let told = answer["content"]["application/json"]["schema"].clone();
        if answer.is_null() {
            wrong.push(format!("the document does not tell {status}"));
        } else if status < 400 && !told.is_null() {
            conform(&told, &body, "#", &mut wrong);
        }
    }
    assert!(wrong.is_empty(), "{method} {target} was answered {status}, but {wrong:#?}\n{body:#}");
}

fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let parts: Vec<_> = path.split('/').collect();
    let fits = |pattern: &str| {
        let pattern: Vec<_> = pattern.split('/').collect();
        pattern.len() == parts.len()
            && pattern.iter().zip(&parts).all(|(want, part)| want.starts_with('{') || want == part)
    };
    let paths = document()["paths"].as_object().unwrap();
    let found =
        paths.iter().filter(|(pattern, _)| fits(pattern)).min_by_key(|(pattern, _)| pattern.matches('{').count());
    found.map(|(_, item)| &item[method.to_lowercase()]).filter(|operation| !operation.is_null())
}

/// The schema behind references.
pub fn resolve(schema: &Value) -> &Value {
    match schema["$ref"].as_str() {
        Some(to) => resolve(document().pointer(to.trim_start_matches('#')).unwrap()),
        None => schema,
    }
}

/// Members and required names of an object's schema, those of its parts included.
pub fn members(schema: &Value) -> (Map<String, Value>, Vec<String>) {
    let schema = resolve(schema);
    let mut all = schema["properties"].as_object().cloned().unwrap_or_default();
    let mut required: Vec<_> = list(&schema["required"]).filter_map(|name| name.as_str().map(str::to_owned)).collect();
    for part in list(&schema["allOf"]) {
        let (more, must) = members(part);
        all.extend(more);
        required.extend(must);
    }
    (all, required)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Notes where a value is not as its schema says.
pub fn conform(schema: &Value, value: &Value, at: &str, wrong: &mut Vec<String>) {
    let schema = resolve(schema);
    let choices: Vec<_> = list(&schema["oneOf"]).chain(list(&schema["anyOf"])).collect();
    if !choices.is_empty() {
        let trouble = |choice: &&Value| {
            let mut wrong = Vec::new();
            conform(choice, value, at, &mut wrong);
            wrong
        };
        let least = choices.iter().map(trouble).min_by_key(Vec::len).unwrap();
        return wrong.extend(least);
    }
    let kinds: Vec<_> = match &schema["type"] {
        Value::String(kind) => vec![kind.as_str()],
        kinds => list(kinds).filter_map(Value::as_str).collect(),
    };
    if !kinds.is_empty() && !kinds.iter().any(|kind| is(kind, value)) {
        return wrong.push(format!("{at} is {value}, not {kinds:?}"));
    }
    if schema["format"] == "date-time" && value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_err()) {
        wrong.push(format!("{at} is {value}, not a moment"));
    }
    if let Some(among) = schema["enum"].as_array()
        && !among.contains(value)
    {
        wrong.push(format!("{at} is {value}, not one of {among:?}"));
    }
    for (index, item) in list(value).enumerate() {
        conform(&schema["items"], item, &format!("{at}/{index}"), wrong);
    }
    let (known, required) = members(schema);
    let Some(told) = value.as_object().filter(|_| !known.is_empty()) else { return };
    wrong
        .extend(required.iter().filter(|name| !told.contains_key(*name)).map(|name| format!("{at}/{name} is missing")));
    for (name, member) in told {
        match known.get(name) {
            Some(schema) => conform(schema, member, &format!("{at}/{name}"), wrong),
            None => wrong.push(format!("{at}/{name} is not described")),
        }
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("{other} is no type of JSON schema"),
    }
}

/// What a problem says that is no sentence or no word of the caller's, and members its code has no use for.
pub fn unfit_words(problem: &Value) -> Vec<String> {
    let code = problem["code"].as_str().unwrap_or_default();
    let own = |name: &str| extras::ALL.iter().any(|extra| extra.name == name);
    let strange =
        problem.as_object().into_iter().flatten().filter(|(name, _)| own(name) && !extras::is_known(code, name));
    let mut wrong: Vec<_> = strange.map(|(name, _)| format!("{name} does not come with {code}")).collect();
    for said in list(&problem["errors"]).chain([problem]).filter_map(|place| place["detail"].as_str()) {
        // A name of a host or of a member keeps its letters.
        let small = said.split(' ').next().unwrap().chars().all(|letter| letter.is_ascii_lowercase());
        if !said.ends_with(['.', '?', '!']) || said.split(' ').count() < 2 || small {
            wrong.push(format!("{said:?} is no sentence"));
        }
        let mut words = said.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
        wrong.extend(
            words.find(|word| OURS.contains(word)).map(|word| format!("{word:?} says nothing to a caller: {said:?}")),
        );
    }
    wrong
}

#[test]
fn what_is_missing_undescribed_or_of_another_kind_is_found() {
    let wrong = |schema: &str, value: Value| {
        let mut wrong = Vec::new();
        conform(&serde_json::json!({"$ref": format!("#/components/schemas/{schema}")}), &value, "#", &mut wrong);
        wrong
    };
    assert!(wrong("Money", serde_json::json!({"amount": "1.00", "currency": "CNY"})).is_empty());
    let found = wrong("Money", serde_json::json!({"amount": 1, "colour": "red"}));
    assert!(
        found.len() == 3 && found[0].contains("currency is missing") && found[2].contains("not described"),
        "{found:?}"
    );
    assert!(
        !wrong("OfferPage", serde_json::json!({"items": [{}], "next_cursor": null, "total": 1, "exchange": 1}))
            .is_empty()
    );
    let strange = serde_json::json!({"code": "order_not_found", "state": "paid", "detail": "CNY"});
    assert_eq!(unfit_words(&strange).len(), 2, "{:?}", unfit_words(&strange));
}
