//! One door to SQL for two engines: SQLite (embedded) and PostgreSQL (many nodes), spoken to in one SQL text.
//! Knows no table of its own but `schema_version`; what is stored belongs to `ledger` and `partners`.
//!
//! Every operation runs in a task of the runtime the door was opened on and always runs to its end:
//! a caller that gives up (a timeout, a closed connection, a stopping actix worker) never leaves a transaction
//! open behind it, and no socket depends on the runtime of whoever asked.

mod arg;
mod engine;
mod error;
mod migrate;
pub mod moving;
mod postgres;
mod row;
mod rows;
mod together;
#[cfg(test)]
pub mod trial;
mod tx;
mod writer;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;

pub use arg::Arg;
pub(crate) use arg::args;
use engine::Engine;
pub use error::Error;
pub use row::Row;
pub use rows::Rows;
pub use together::Together;
pub use tx::Tx;

/// Where the database is.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `sqlite://path/to/file` or `postgres://user:password@host/name`.
    pub url: String,
}

/// What a step of a transaction gives back.
pub type Step<'t, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 't>>;

/// An open database; cheap to clone.
#[derive(Clone)]
pub struct Sql {
    engine: Arc<Engine>,
    runtime: Handle,
    news: Arc<Notify>,
}

impl Sql {
    /// Opens the database and remembers the current tokio runtime, on which everything will run.
    pub async fn open(settings: &Settings) -> Result<Self, Error> {
        let runtime = Handle::try_current().map_err(|_| Error::Interrupted)?;
        let news = Arc::<Notify>::default();
        let engine = Engine::open(&settings.url, &runtime, &news).await?;
        Ok(Self { engine: Arc::new(engine), runtime, news })
    }

    /// `sqlite` or `postgres`.
    pub fn engine_name(&self) -> &'static str {
        self.engine.name()
    }

    /// Brings the schema to this program's version; gives how many steps that took.
    pub async fn migrate(&self) -> Result<usize, Error> {
        migrate::run(self, migrate::MIGRATIONS).await
    }

    /// Whether nobody ever brought the database to any version.
    pub async fn is_bare(&self) -> Result<bool, Error> {
        match self.fetch_optional("SELECT version FROM schema_version LIMIT 1", Vec::new()).await {
            Ok(row) => Ok(row.is_none()),
            Err(error) if error.is_unreachable() => Err(error),
            // There is no such table.
            Err(_) => Ok(true),
        }
    }

    /// All rows of a read. Not for statements that write: those need `execute` or `transaction`.
    pub async fn fetch_all(&self, text: &'static str, args: Vec<Arg>) -> Result<Vec<Row>, Error> {
        let engine = self.engine.clone();
        self.run(async move { engine.fetch_all(text, args).await }).await
    }

    /// The first row of a read, if there is one.
    pub async fn fetch_optional(&self, text: &'static str, args: Vec<Arg>) -> Result<Option<Row>, Error> {
        Ok(self.fetch_all(text, args).await?.into_iter().next())
    }

    /// Runs one writing statement; gives the number of rows it touched.
    pub async fn execute(&self, text: &'static str, args: Vec<Arg>) -> Result<u64, Error> {
        match &*self.engine {
            Engine::Sqlite { writer, .. } => writer.transaction(move |tx| Box::pin(tx.execute(text, args))).await,
            Engine::Postgres(postgres) => {
                let postgres = postgres.clone();
                self.run(async move { postgres.execute(text, args).await }).await
            }
        }
    }

    /// Runs `steps` inside one transaction: committed when they give `Ok`, undone when they give `Err` or panic. They
    /// wait for nothing but the database: on SQLite other writers stand in line behind them. They touch nothing else either:
    /// on PostgreSQL they are taken again when they and another transaction waited for each other.
    /// `sql.transaction(move |tx| Box::pin(async move { tx.execute(…).await?; Ok(…) }))`.
    pub async fn transaction<T, E, F>(&self, steps: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> Step<'t, T, E> + Clone + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        match &*self.engine {
            Engine::Sqlite { writer, .. } => writer.transaction(steps).await,
            Engine::Postgres(postgres) => {
                let (postgres, bell) = (postgres.clone(), self.news.clone());
                self.run(async move { postgres.transaction(steps, &bell).await }).await
            }
        }
    }

    /// The same for steps that cannot be taken twice: they fail when they and another transaction waited for each other.
    async fn transaction_once<T, E, F>(&self, steps: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> Step<'t, T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        match &*self.engine {
            Engine::Sqlite { writer, .. } => writer.transaction(steps).await,
            Engine::Postgres(postgres) => {
                let (postgres, bell) = (postgres.clone(), self.news.clone());
                self.run(async move { postgres.transaction_once(steps, &bell).await }).await
            }
        }
    }

    /// Runs reads that all see the same moment, whatever is written meanwhile.
    async fn snapshot<T, E, F>(&self, reads: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> Step<'t, T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let engine = self.engine.clone();
        self.run(async move {
            let mut tx = engine.begin_snapshot().await?;
            let read = reads(&mut tx).await;
            tx.rollback_and_close().await?;
            read
        })
        .await
    }

    /// Waits until a transaction of this process that was marked `is_news` is committed, or for so long. What was
    /// committed since the last wait counts. For one waiting task: of several only one is woken.
    pub async fn wait_for_news(&self, at_most: Duration) {
        tokio::time::timeout(at_most, self.news.notified()).await.ok();
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<(), Error> {
        self.fetch_all("SELECT 1 AS alive", Vec::new()).await.map(|_| ())
    }

    /// Waits for what is under way and closes all connections.
    pub async fn close(&self) {
        let engine = self.engine.clone();
        let closing = self.run(async move {
            engine.close().await;
            Ok::<(), Error>(())
        });
        if let Err(error) = closing.await {
            tracing::warn!(%error, "the database was not closed properly");
        }
    }

    async fn run<T, E>(&self, work: impl Future<Output = Result<T, E>> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        self.runtime.spawn(work).await.unwrap_or_else(|_| Err(Error::Interrupted.into()))
    }
}

#[cfg(test)]
mod tests;
