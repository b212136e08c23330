//! Who may open the console and ask `/ops/api`: people with a name, a password and a role, their sessions, and tokens for
//! programs. All of it is in SQL, so that a session counts at every node and outlives a restart; whoever is removed, or
//! gets another role or password, feels it with the next request.
//!
//! Of a cookie or token only its digest is kept, so that who reads the database can open nothing with it. Every change
//! is one transaction with its row of the audit.

mod error;
mod password;
mod people;
mod role;
mod secret;
mod sessions;
#[cfg(test)]
mod tests;
mod tokens;

use tokio::sync::Semaphore;

pub use error::Error;
pub use password::LEAST as LEAST_PASSWORD;
pub use people::{Name, Operator};
pub use role::Role;
pub use secret::{digest, form_token};
pub use sessions::{Session, Way};
pub use tokens::{LONGEST_TOKEN_DAYS, TOKEN_PREFIX, Token};

use crate::clock::Clock;
use crate::sql::Sql;

/// The people of the operator.
pub struct Staff {
    sql: Sql,
    clock: Clock,
    /// Hashes are counted one at a time, so that guessing costs the node little.
    hashing: Semaphore,
}

impl Staff {
    /// The people in this database, whose schema must be up to date.
    pub fn new(sql: Sql, clock: Clock) -> Self {
        Self { sql, clock, hashing: Semaphore::new(1) }
    }
}

impl std::fmt::Debug for Staff {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Staff(…)")
    }
}
