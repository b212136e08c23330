//! The pool of connections to a PostgreSQL server. Transactions are the server's; it groups their commits by itself.

use std::str::FromStr;
use std::time::Duration;

use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tokio::sync::Notify;

use super::arg::bind;
use super::{Arg, Error, Row, Step, Tx, row};

const CONNECTIONS: u32 = 16;
const PATIENCE: Duration = Duration::from_secs(10);
/// So often a transaction begins anew after the server ended it because it and another waited for each other. Each time
/// the server lets one of them through, and waits a second before it looks.
const DEADLOCKS: u32 = 3;
/// Statements are prepared once per connection; there are more of them than sqlx keeps unasked.
const STATEMENTS: usize = 500;
/// A connection that rested for longer is asked for a sign of life before it is used.
const RESTED: Duration = Duration::from_secs(1);

/// An opened server; cheap to clone.
#[derive(Clone)]
pub(super) struct Server {
    pool: PgPool,
}

/// How a transaction ended.
enum Attempt<T, E> {
    /// Committed, or undone by its own wish or for good.
    Ended(Result<T, E>),
    /// Undone by the server, for the sake of another.
    Deadlocked(E),
}

impl Server {
    pub(super) async fn open(url: &str) -> Result<Self, Error> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| Error::Url(error.to_string()))?
            .application_name("xunyuan")
            .statement_cache_capacity(STATEMENTS)
            // A frozen node must not hold its locks for long; transactions wait for nothing but the database.
            .options([("idle_in_transaction_session_timeout", "10000")]);
        let at = format!("{}:{}/{}", options.get_host(), options.get_port(), options.get_database().unwrap_or(""));
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(PATIENCE)
            .max_lifetime(Duration::from_secs(600))
            .test_before_acquire(false)
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > RESTED {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            });
        let pool = pool.connect_with(options).await;
        Ok(Self { pool: pool.map_err(|error| Error::Open(format!("{at}: {error}")))? })
    }

    pub(super) async fn fetch_all(&self, text: &'static str, args: Vec<Arg>) -> Result<Vec<Row>, Error> {
        let rows = bind!(text, args.clone()).fetch_all(&self.pool).await;
        match rows {
            // A read may be asked twice.
            Err(error) if is_gone(&error) => row::from_postgres(bind!(text, args).fetch_all(&self.pool).await?),
            rows => row::from_postgres(rows?),
        }
    }

    pub(super) async fn execute(&self, text: &'static str, args: Vec<Arg>) -> Result<u64, Error> {
        for _ in 0..DEADLOCKS {
            match self.execute_once(text, args.clone()).await {
                Err(error) if error.is_deadlock() => {}
                done => return done,
            }
        }
        self.execute_once(text, args).await
    }

    async fn execute_once(&self, text: &'static str, args: Vec<Arg>) -> Result<u64, Error> {
        let done = bind!(text, args).execute(&self.pool).await;
        Ok(done.map_err(Error::of_write)?.rows_affected())
    }

    /// Must not be cancelled half-way, hence only called inside `Sql::run`. Steps that the server undid because of others
    /// are taken again from the beginning.
    pub(super) async fn transaction<T, E, F>(&self, steps: F, bell: &Notify) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> Step<'t, T, E> + Clone + Send + 'static,
        E: From<Error>,
    {
        for left in (1..=DEADLOCKS).rev() {
            match self.attempt(steps.clone(), bell).await? {
                Attempt::Ended(result) => return result,
                Attempt::Deadlocked(_) => {
                    tracing::info!(left, "two transactions waited for each other; one begins anew")
                }
            }
        }
        self.transaction_once(steps, bell).await
    }

    /// The same for steps that cannot be taken again.
    pub(super) async fn transaction_once<T, E, F>(&self, steps: F, bell: &Notify) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> Step<'t, T, E> + Send + 'static,
        E: From<Error>,
    {
        match self.attempt(steps, bell).await? {
            Attempt::Ended(result) => result,
            Attempt::Deadlocked(error) => Err(error),
        }
    }

    async fn attempt<T, E, F>(&self, steps: F, bell: &Notify) -> Result<Attempt<T, E>, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> Step<'t, T, E> + Send + 'static,
        E: From<Error>,
    {
        let mut tx = self.begin().await?;
        match steps(&mut tx).await {
            Ok(value) => {
                let news = tx.has_news();
                tx.commit().await?;
                if news {
                    bell.notify_one();
                }
                Ok(Attempt::Ended(Ok(value)))
            }
            Err(refused) => {
                let deadlocked = tx.is_deadlocked();
                tx.rollback().await?;
                Ok(if deadlocked { Attempt::Deadlocked(refused) } else { Attempt::Ended(Err(refused)) })
            }
        }
    }

    /// After a restart of the server all connections that rest are dead: nothing was begun on them, so the next is tried.
    pub(super) async fn begin(&self) -> Result<Tx, Error> {
        for _ in 0..CONNECTIONS {
            match self.pool.begin().await {
                Err(error) if is_gone(&error) => {}
                begun => return Ok(Tx::on_postgres(begun?)),
            }
        }
        Ok(Tx::on_postgres(self.pool.begin().await?))
    }

    pub(super) async fn close(&self) {
        self.pool.close().await;
    }
}

/// Whether the connection was ended, by the network or by the server's administrator.
fn is_gone(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code == "57P01"),
        _ => false,
    }
}
