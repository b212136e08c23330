//! An open transaction of either engine.

use sqlx::{Postgres, Sqlite, Transaction};

use super::arg::bind;
use super::{Arg, Error, Row, row};

/// A writing transaction; lives only inside `Sql::transaction`.
pub enum Tx {
    /// On the one writing connection of SQLite.
    Sqlite(Transaction<'static, Sqlite>),
    /// On a pooled connection of PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    /// All rows of a statement; `INSERT … RETURNING` and the like are welcome here.
    pub async fn fetch_all(&mut self, text: &'static str, args: Vec<Arg>) -> Result<Vec<Row>, Error> {
        match self {
            Self::Sqlite(tx) => row::from_sqlite(bind!(text, args).fetch_all(&mut **tx).await?),
            Self::Postgres(tx) => row::from_postgres(bind!(text, args).fetch_all(&mut **tx).await?),
        }
    }

    /// The first row of a statement, if there is one.
    pub async fn fetch_optional(&mut self, text: &'static str, args: Vec<Arg>) -> Result<Option<Row>, Error> {
        Ok(self.fetch_all(text, args).await?.into_iter().next())
    }

    /// Runs one statement; gives the number of rows it touched.
    pub async fn execute(&mut self, text: &'static str, args: Vec<Arg>) -> Result<u64, Error> {
        match self {
            Self::Sqlite(tx) => Ok(bind!(text, args).execute(&mut **tx).await?.rows_affected()),
            Self::Postgres(tx) => Ok(bind!(text, args).execute(&mut **tx).await?.rows_affected()),
        }
    }

    /// Runs several statements without arguments.
    pub(super) async fn script(&mut self, text: String) -> Result<(), Error> {
        let script = sqlx::raw_sql(sqlx::AssertSqlSafe(text));
        match self {
            Self::Sqlite(tx) => script.execute(&mut **tx).await.map(|_| ())?,
            Self::Postgres(tx) => script.execute(&mut **tx).await.map(|_| ())?,
        }
        Ok(())
    }

    /// How this engine calls a column of bytes.
    pub(super) fn bytes_type(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "BLOB",
            Self::Postgres(_) => "BYTEA",
        }
    }

    /// How this engine calls a key that counts itself.
    pub(super) fn serial_type(&self) -> &'static str {
        match self {
            // AUTOINCREMENT would write a table of its own on each insert; rows are never deleted from the end.
            Self::Sqlite(_) => "INTEGER",
            Self::Postgres(_) => "BIGSERIAL",
        }
    }

    pub(super) async fn commit(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(tx) => Ok(tx.commit().await?),
            Self::Postgres(tx) => Ok(tx.commit().await?),
        }
    }

    pub(super) async fn rollback(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(tx) => Ok(tx.rollback().await?),
            Self::Postgres(tx) => Ok(tx.rollback().await?),
        }
    }
}
