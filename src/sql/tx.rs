//! An open transaction of either engine.

use futures_util::TryStreamExt;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection, Postgres, Transaction};

use super::arg::bind;
use super::{Arg, Error, Row, row};

/// A writing transaction; lives only inside `Sql::transaction`.
pub struct Tx {
    on: On,
    news: bool,
    deadlocked: bool,
}

enum On {
    /// The one writing connection of SQLite, on which the writer says where transactions begin and end.
    Sqlite(Box<SqliteConnection>),
    /// On a pooled connection of PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

impl Tx {
    pub(super) fn on_sqlite(connection: SqliteConnection) -> Self {
        Self { on: On::Sqlite(Box::new(connection)), news: false, deadlocked: false }
    }

    pub(super) fn on_postgres(tx: Transaction<'static, Postgres>) -> Self {
        Self { on: On::Postgres(tx), news: false, deadlocked: false }
    }

    /// Once this is committed, whoever waits in `Sql::wait_for_news` is woken.
    pub fn is_news(&mut self) {
        self.news = true;
    }

    pub(super) fn has_news(&self) -> bool {
        self.news
    }

    pub(super) fn set_news(&mut self, news: bool) {
        self.news = news;
    }

    /// Whether other nodes may write at the same time: PostgreSQL locks rows, SQLite has one writer.
    pub fn is_postgres(&self) -> bool {
        matches!(self.on, On::Postgres(_))
    }

    /// Whether the server undid it because another transaction and it waited for each other.
    pub(super) fn is_deadlocked(&self) -> bool {
        self.deadlocked
    }

    /// Remembers what a statement failed of, whatever its caller makes of the failure.
    fn heard<T>(&mut self, done: Result<T, sqlx::Error>) -> Result<T, Error> {
        done.map_err(Error::from).inspect_err(|error| self.deadlocked |= error.is_deadlock())
    }

    /// All rows of a statement; `INSERT … RETURNING` and the like are welcome here.
    pub async fn fetch_all(&mut self, text: &'static str, args: Vec<Arg>) -> Result<Vec<Row>, Error> {
        match &mut self.on {
            On::Sqlite(tx) => row::from_sqlite(bind!(text, args).fetch_all(&mut **tx).await?),
            On::Postgres(tx) => {
                let done = bind!(text, args).fetch_all(&mut **tx).await;
                row::from_postgres(self.heard(done)?)
            }
        }
    }

    /// The first row of a statement, if there is one.
    pub async fn fetch_optional(&mut self, text: &'static str, args: Vec<Arg>) -> Result<Option<Row>, Error> {
        Ok(self.fetch_all(text, args).await?.into_iter().next())
    }

    /// Runs one statement; gives the number of rows it touched.
    pub async fn execute(&mut self, text: &'static str, args: Vec<Arg>) -> Result<u64, Error> {
        match &mut self.on {
            On::Sqlite(tx) => Ok(bind!(text, args).execute(&mut **tx).await?.rows_affected()),
            On::Postgres(tx) => {
                let done = bind!(text, args).execute(&mut **tx).await;
                Ok(self.heard(done)?.rows_affected())
            }
        }
    }

    /// The same for a text that was put together, of names that are ours.
    pub(super) async fn execute_text(&mut self, text: String, args: Vec<Arg>) -> Result<u64, Error> {
        let text = sqlx::AssertSqlSafe(text);
        match &mut self.on {
            On::Sqlite(tx) => Ok(bind!(text, args).execute(&mut **tx).await?.rows_affected()),
            On::Postgres(tx) => Ok(bind!(text, args).execute(&mut **tx).await?.rows_affected()),
        }
    }

    /// All rows of a text that was put together.
    pub(super) async fn fetch_text(&mut self, text: String) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::new();
        self.each(text, |row| {
            rows.push(row);
            Ok::<_, Error>(())
        })
        .await?;
        Ok(rows)
    }

    /// Takes the rows one by one, however many there are.
    pub(super) async fn each<E: From<Error>>(
        &mut self,
        text: String,
        mut take: impl FnMut(Row) -> Result<(), E> + Send,
    ) -> Result<(), E> {
        let text = sqlx::AssertSqlSafe(text);
        match &mut self.on {
            On::Sqlite(tx) => {
                let mut rows = sqlx::query(text).fetch(&mut **tx);
                while let Some(row) = rows.try_next().await.map_err(Error::from)? {
                    row::from_sqlite(vec![row])?.into_iter().try_for_each(&mut take)?;
                }
            }
            On::Postgres(tx) => {
                let mut rows = sqlx::query(text).fetch(&mut **tx);
                while let Some(row) = rows.try_next().await.map_err(Error::from)? {
                    row::from_postgres(vec![row])?.into_iter().try_for_each(&mut take)?;
                }
            }
        }
        Ok(())
    }

    /// Runs several statements without arguments.
    pub(super) async fn script(&mut self, text: String) -> Result<(), Error> {
        let script = sqlx::raw_sql(sqlx::AssertSqlSafe(text));
        match &mut self.on {
            On::Sqlite(tx) => script.execute(&mut **tx).await.map(|_| ())?,
            On::Postgres(tx) => script.execute(&mut **tx).await.map(|_| ())?,
        }
        Ok(())
    }

    /// How this engine calls a column of bytes.
    pub(super) fn bytes_type(&self) -> &'static str {
        if self.is_postgres() { "BYTEA" } else { "BLOB" }
    }

    /// How this engine calls a key that counts itself.
    pub(super) fn serial_type(&self) -> &'static str {
        // AUTOINCREMENT would write a table of its own on each insert. A number may be given again once the newest rows
        // are removed; it is still above all that are there.
        if self.is_postgres() { "BIGSERIAL" } else { "INTEGER" }
    }

    /// Says where transactions begin and end.
    pub(super) async fn control(&mut self, text: &'static str) -> Result<(), Error> {
        self.script(text.to_owned()).await
    }

    pub(super) async fn commit(mut self) -> Result<(), Error> {
        if let On::Postgres(tx) = self.on {
            return tx.commit().await.map_err(Error::of_write);
        }
        self.control("COMMIT").await
    }

    pub(super) async fn rollback(mut self) -> Result<(), Error> {
        if let On::Postgres(tx) = self.on {
            return Ok(tx.rollback().await?);
        }
        self.control("ROLLBACK").await
    }

    /// Ends a snapshot.
    pub(super) async fn rollback_and_close(mut self) -> Result<(), Error> {
        if !self.is_postgres() {
            self.control("ROLLBACK").await?;
        }
        self.close().await
    }

    /// Ends what is open, and on SQLite the connection with it.
    pub(super) async fn close(self) -> Result<(), Error> {
        match self.on {
            On::Sqlite(connection) => Ok(connection.close().await?),
            On::Postgres(tx) => Ok(tx.rollback().await?),
        }
    }
}
