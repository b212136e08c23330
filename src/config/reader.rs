//! Reads settings out of a table and remembers every complaint, so that all mistakes are told in one answer.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use toml::{Table, Value};

/// One thing that is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The key, e.g. `server.bind`.
    pub key: String,
    /// What is wrong, and what would be right.
    pub what: String,
}

/// A flat view of a settings table: dotted key → value.
#[derive(Debug)]
pub struct Reader {
    values: BTreeMap<String, Value>,
    complaints: Vec<Complaint>,
}

impl Reader {
    /// A reader over the embedded defaults, which are also the schema.
    pub fn over(defaults: &Table) -> Self {
        let mut values = BTreeMap::new();
        flatten("", defaults, &mut values);
        Self { values, complaints: Vec::new() }
    }

    /// Lays a table of the operator's over the defaults; unknown keys and wrong types are complaints.
    pub fn overlay(&mut self, table: &Table) {
        let mut given = BTreeMap::new();
        flatten("", table, &mut given);
        for (key, value) in given {
            self.set(&key, value);
        }
    }

    /// Sets one key from text, as environment variables do.
    pub fn set_text(&mut self, key: &str, text: &str) {
        let value = match self.values.get(key) {
            Some(Value::String(_)) | None => Value::String(text.to_owned()),
            Some(_) => text.parse().unwrap_or_else(|_| Value::String(text.to_owned())),
        };
        self.set(key, value);
    }

    fn set(&mut self, key: &str, value: Value) {
        let known = self.values.get(key).cloned();
        match known {
            None => self.complain(key, self.unknown(key)),
            Some(known) if same_kind(&known, &value) => {
                self.values.insert(key.to_owned(), widened(&known, value));
            }
            Some(known) => {
                let what = format!("is {}, must be {}", value.type_str(), known.type_str());
                self.complain(key, what);
            }
        }
    }

    fn unknown(&self, key: &str) -> String {
        let last = |key: &str| key.rsplit('.').next().unwrap_or("").to_owned();
        let near = self.values.keys().find(|known| last(known) == last(key) || distance(known, key) <= 2);
        match near {
            Some(near) => format!("is not a setting; did you mean {near}?"),
            None => "is not a setting; deploy/xunyuan.toml lists them all".to_owned(),
        }
    }

    /// Notes a complaint about a key.
    pub fn complain(&mut self, key: &str, what: impl Into<String>) {
        self.complaints.push(Complaint { key: key.to_owned(), what: what.into() });
    }

    /// The text at a key.
    pub fn text(&self, key: &str) -> String {
        self.values.get(key).and_then(Value::as_str).unwrap_or("").to_owned()
    }

    /// The number at a key, between two bounds.
    pub fn number<N: TryFrom<i64> + Default>(&mut self, key: &str, least: i64, most: i64) -> N {
        let value = self.values.get(key).and_then(Value::as_integer).unwrap_or(least);
        if !(least..=most).contains(&value) {
            self.complain(key, format!("is {value}, must be from {least} to {most}"));
            return N::default();
        }
        N::try_from(value).unwrap_or_default()
    }

    /// Yes or no at a key.
    pub fn flag(&self, key: &str) -> bool {
        self.values.get(key).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The share at a key: 0.0 to 1.0.
    pub fn share(&mut self, key: &str) -> f64 {
        let value = self.values.get(key).and_then(Value::as_float).unwrap_or(0.0);
        if !(0.0..=1.0).contains(&value) {
            self.complain(key, format!("is {value}, must be from 0.0 to 1.0"));
        }
        value
    }

    /// The text at a key, read as some type.
    pub fn parsed<T: FromStr>(&mut self, key: &str, example: &str) -> Option<T>
    where
        T::Err: Display,
    {
        let text = self.text(key);
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.complain(key, format!("is {text:?}: {error}; right would be {example:?}"));
                None
            }
        }
    }

    /// The texts at a key, each read as some type.
    pub fn list<T: FromStr>(&mut self, key: &str, example: &str) -> Vec<T> {
        let items = self.values.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let mut read = Vec::new();
        for item in items {
            match item.as_str().and_then(|text| text.parse().ok()) {
                Some(value) => read.push(value),
                None => self.complain(key, format!("holds {item}; right would be {example:?}")),
            }
        }
        read
    }

    /// A secret given in `key`, or in the file that `key_file` names.
    pub fn secret(&mut self, key: &str) -> String {
        let file_key = format!("{key}_file");
        let (direct, file) = (self.text(key), self.text(&file_key));
        if file.is_empty() {
            return direct;
        }
        if !direct.is_empty() {
            self.complain(key, format!("is given twice; leave {key} or {file_key} empty"));
        }
        match std::fs::read_to_string(&file) {
            Ok(text) => text.trim().to_owned(),
            Err(error) => {
                self.complain(&file_key, format!("names {file:?}, which cannot be read: {error}"));
                String::new()
            }
        }
    }

    /// All settings as TOML text, secrets masked.
    pub fn masked(&self) -> String {
        self.values.iter().map(|(key, value)| format!("{key} = {}\n", mask(key, value))).collect()
    }

    /// Every complaint so far.
    pub fn complaints(&self) -> &[Complaint] {
        &self.complaints
    }
}

const SECRETS: &[&str] =
    &["token", "master_key", "password", "password_hash", "app_secret", "access_token", "refresh_token"];

fn mask(key: &str, value: &Value) -> String {
    let name = key.rsplit('.').next().unwrap_or(key);
    let text = value.as_str().unwrap_or("");
    if SECRETS.contains(&name) && !text.is_empty() {
        return "\"********\"".to_owned();
    }
    if !text.contains("://") {
        return value.to_string();
    }
    // Some keys hold several addresses. What cannot be read may hold a password anywhere.
    let parts = text.split(',').map(masked_address).collect::<Option<Vec<_>>>();
    parts.map_or_else(|| "\"********\"".to_owned(), |parts| format!("\"{}\"", parts.join(",")))
}

/// An address without what must not be shown; none when it is no address.
fn masked_address(text: &str) -> Option<String> {
    let mut url = url::Url::parse(text.trim()).ok()?;
    if url.password().is_none() && url.query().is_none() {
        return Some(text.to_owned());
    }
    // A URL that cannot hold a password has none to hide.
    let _ = url.password().is_some().then(|| url.set_password(Some("********")));
    url.query().is_some().then(|| url.set_query(Some("********")));
    Some(url.to_string())
}

fn flatten(prefix: &str, table: &Table, into: &mut BTreeMap<String, Value>) {
    for (name, value) in table {
        let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        match value {
            Value::Table(inner) => flatten(&key, inner, into),
            value => {
                into.insert(key, value.clone());
            }
        }
    }
}

fn same_kind(known: &Value, given: &Value) -> bool {
    known.same_type(given) || matches!((known, given), (Value::Float(_), Value::Integer(_)))
}

/// An integer where a float is meant is that float.
fn widened(known: &Value, given: Value) -> Value {
    match (known, &given) {
        (Value::Float(_), Value::Integer(number)) => Value::Float(i32::try_from(*number).map_or(f64::MAX, f64::from)),
        _ => given,
    }
}

/// Edits between two keys (Levenshtein), to guess what was meant.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut before = i;
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
        for (j, y) in b.bytes().enumerate() {
            let [left, here] = [row.get(j), row.get(j + 1)].map(|n| n.copied().unwrap_or(0));
            let best = (before + usize::from(x != y)).min(left + 1).min(here + 1);
            before = here;
            if let Some(cell) = row.get_mut(j + 1) {
                *cell = best;
            }
        }
    }
    row.last().copied().unwrap_or(0)
}
