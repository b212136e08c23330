//! What a database says about its own tables: columns with their types.

use crate::sql::{Arg, Error, Tx, args};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Int,
    Bytes,
}

impl Kind {
    fn of(declared: &str) -> Option<Self> {
        match declared.to_ascii_lowercase().as_str() {
            "text" => Some(Self::Text),
            "integer" | "bigint" => Some(Self::Int),
            "blob" | "bytea" => Some(Self::Bytes),
            _ => None,
        }
    }

    /// The absence of such a value.
    pub(super) fn null(self) -> Arg {
        match self {
            Self::Text => Arg::Text(None),
            Self::Int => Arg::Int(None),
            Self::Bytes => Arg::Bytes(None),
        }
    }
}

/// The columns of a table, by name, in their order; none when there is no such table.
pub(super) async fn columns(tx: &mut Tx, table: &str) -> Result<Vec<(String, Kind)>, Error> {
    const SQLITE: &str = "SELECT name, type AS declared FROM pragma_table_info($1) ORDER BY cid";
    const POSTGRES: &str = "SELECT CAST(column_name AS TEXT) AS name, CAST(data_type AS TEXT) AS declared \
        FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1 \
        ORDER BY ordinal_position";
    let text = if tx.is_postgres() { POSTGRES } else { SQLITE };
    let rows = tx.fetch_all(text, args![table]).await?;
    let column = |row: &crate::sql::Row| {
        let (name, declared) = (row.text("name")?, row.text("declared")?);
        let kind = Kind::of(&declared).ok_or_else(|| Error::column(&name, "text, a whole number or bytes"))?;
        Ok((name, kind))
    };
    rows.iter().map(column).collect()
}

/// The schema's version; 0 when nothing was ever made.
pub(super) async fn version(tx: &mut Tx) -> Result<i64, Error> {
    if columns(tx, "schema_version").await?.is_empty() {
        return Ok(0);
    }
    let row = tx.fetch_optional("SELECT MAX(version) AS version FROM schema_version", Vec::new()).await?;
    Ok(row.map(|row| row.opt_int("version")).transpose()?.flatten().unwrap_or(0))
}
