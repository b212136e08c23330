//! A row read from either engine, with its columns by name.

use std::sync::Arc;

use sqlx::{Column, Decode, Row as _, TypeInfo, ValueRef};

use super::Error;

/// A stored value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Text(String),
    Int(i64),
    Bytes(Vec<u8>),
}

/// One row: values by column name.
#[derive(Clone, Debug)]
pub struct Row {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

macro_rules! getters {
    ($( $name:ident, $optional:ident = $kind:ident as $given:ty, $wanted:literal; )*) => { $(
        #[doc = concat!("The column's ", $wanted, "; an error when it is absent or of another type.")]
        pub fn $name(&self, column: &str) -> Result<$given, Error> {
            self.$optional(column)?.ok_or_else(|| Error::column(column, $wanted))
        }
        #[doc = concat!("The column's ", $wanted, ", or none when it is NULL.")]
        pub fn $optional(&self, column: &str) -> Result<Option<$given>, Error> {
            match self.value(column) {
                Some(Value::$kind(value)) => Ok(Some(value.clone())),
                Some(Value::Null) => Ok(None),
                _ => Err(Error::column(column, $wanted)),
            }
        }
    )* };
}

impl Row {
    getters! {
        text, opt_text = Text as String, "text";
        int, opt_int = Int as i64, "whole number";
        bytes, opt_bytes = Bytes as Vec<u8>, "bytes";
    }

    /// The column's text read as a value of our own; an error when it cannot be read.
    pub fn parse<T: std::str::FromStr>(&self, column: &str) -> Result<T, Error> {
        self.text(column)?.parse().map_err(|_| Error::column(column, "readable text"))
    }

    /// All values, in the order of their columns.
    pub(super) fn values(&self) -> impl Iterator<Item = &Value> {
        self.values.iter()
    }

    fn value(&self, column: &str) -> Option<&Value> {
        let at = self.columns.iter().position(|name| name == column)?;
        self.values.get(at)
    }
}

macro_rules! read_rows {
    ($name:ident, $database:ty, $row:ty) => {
        /// Turns one engine's rows into ours.
        pub(super) fn $name(rows: Vec<$row>) -> Result<Vec<Row>, Error> {
            let columns: Arc<[String]> = match rows.first() {
                Some(row) => row.columns().iter().map(|column| column.name().to_owned()).collect(),
                None => return Ok(Vec::new()),
            };
            let read = |row: &$row, at: usize| -> Result<Value, sqlx::Error> {
                let raw = row.try_get_raw(at)?;
                if raw.is_null() {
                    return Ok(Value::Null);
                }
                let kind = raw.type_info().name().to_owned();
                let value = match kind.as_str() {
                    "TEXT" | "VARCHAR" | "NAME" => <String as Decode<'_, $database>>::decode(raw).map(Value::Text),
                    "INTEGER" | "INT8" => <i64 as Decode<'_, $database>>::decode(raw).map(Value::Int),
                    "INT4" => <i32 as Decode<'_, $database>>::decode(raw).map(|number| Value::Int(number.into())),
                    "BLOB" | "BYTEA" => <Vec<u8> as Decode<'_, $database>>::decode(raw).map(Value::Bytes),
                    other => Err(format!("columns of type {other} are not used here").into()),
                };
                value.map_err(sqlx::Error::Decode)
            };
            let whole = |row: &$row| -> Result<Row, sqlx::Error> {
                let values = (0..row.len()).map(|at| read(row, at)).collect::<Result<_, _>>()?;
                Ok(Row { columns: columns.clone(), values })
            };
            rows.iter().map(|row| whole(row).map_err(Error::from)).collect()
        }
    };
}

read_rows!(from_sqlite, sqlx::Sqlite, sqlx::sqlite::SqliteRow);
read_rows!(from_postgres, sqlx::Postgres, sqlx::postgres::PgRow);
