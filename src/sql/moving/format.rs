//! The file: JSON Lines. A header, then for each table a line with its columns and a line for each row, then an end with
//! a hash of all that came before. Bytes are base64 in an object, so that no text is taken for them.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::schema::Kind;
use crate::sql::Arg;
use crate::sql::row;

/// What the first line says of itself.
pub(super) const WHAT: &str = "xunyuan ledger";

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub what: String,
    pub schema: i64,
    /// Rows by table.
    pub rows: BTreeMap<String, i64>,
}

/// Begins a table.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub table: String,
    pub columns: Vec<String>,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub end: i64,
    pub sha256: String,
}

/// A stored value as it stands in the file.
pub(super) fn write(value: &row::Value) -> Value {
    match value {
        row::Value::Null => Value::Null,
        row::Value::Text(text) => json!(text),
        row::Value::Int(number) => json!(number),
        row::Value::Bytes(bytes) => json!({"base64": STANDARD.encode(bytes)}),
    }
}

/// A value of the file for a column of this kind.
pub(super) fn read(value: Value, kind: Kind) -> Option<Arg> {
    match (value, kind) {
        (Value::Null, kind) => Some(kind.null()),
        (Value::String(text), Kind::Text) => Some(Arg::Text(Some(text))),
        (Value::Number(number), Kind::Int) => Some(Arg::Int(Some(number.as_i64()?))),
        (Value::Object(fields), Kind::Bytes) => {
            let text = fields.get("base64")?.as_str()?;
            Some(Arg::Bytes(Some(STANDARD.decode(text).ok()?)))
        }
        _ => None,
    }
}
