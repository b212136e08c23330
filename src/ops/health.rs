//! Whether this node should get traffic, and why not. What only slows or ages answers is degraded, not unready:
//! taking every node out because the catalogue or Redis is down would make it worse.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use serde::Serialize;
use utoipa::ToSchema;

use crate::counters::Counters;
use crate::sql::Sql;

const SQL_PATIENCE: Duration = Duration::from_secs(1);

/// How one part of the house is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// As it should be.
    Ok,
    /// Answers are slower, older or metered less exactly, but come.
    Degraded,
    /// The node must not get traffic.
    Failing,
}

/// One part and its state.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Check {
    /// The part.
    pub name: &'static str,
    /// Its state.
    pub state: State,
    /// Why, and what to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl State {
    /// How it looks.
    pub const fn look(self) -> &'static str {
        match self {
            Self::Ok => "good",
            Self::Degraded => "warn",
            Self::Failing => "bad",
        }
    }

    /// `ok`, `degraded` or `failing`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Failing => "failing",
        }
    }
}

impl Check {
    /// Whether traffic may come as far as this part goes.
    pub fn lets_in(&self) -> bool {
        self.state != State::Failing
    }

    fn ok(name: &'static str) -> Self {
        Self { name, state: State::Ok, detail: None }
    }

    fn not(name: &'static str, state: State, detail: impl Into<String>) -> Self {
        Self { name, state, detail: Some(detail.into()) }
    }
}

/// What readiness looks at.
pub struct Health {
    /// The ledger's database.
    pub sql: Sql,
    /// The shared meter.
    pub counters: Counters,
    /// The node is about to stop.
    pub draining: Arc<AtomicBool>,
    /// The node fetches what is asked for most first; bounded by a few seconds.
    pub warming: Arc<AtomicBool>,
    /// Why the catalogue could not be reached when it was last looked at; `None` = it could.
    pub catalogue_trouble: Arc<ArcSwapOption<String>>,
}

impl Health {
    /// All checks, freshly made.
    pub async fn checks(&self) -> Vec<Check> {
        vec![self.stopping(), self.database().await, self.redis(), self.catalogue()]
    }

    fn stopping(&self) -> Check {
        if self.draining.load(Ordering::Relaxed) {
            return Check::not("node", State::Failing, "the node is stopping; send traffic elsewhere");
        }
        if self.warming.load(Ordering::Relaxed) {
            return Check::not("node", State::Failing, "the node has just started and fetches what is asked for most");
        }
        Check::ok("node")
    }

    async fn database(&self) -> Check {
        match tokio::time::timeout(SQL_PATIENCE, self.sql.ping()).await {
            Ok(Ok(())) => Check::ok("database"),
            Ok(Err(error)) => Check::not("database", State::Failing, error.to_string()),
            Err(_) => Check::not("database", State::Failing, "it did not answer within 1 s"),
        }
    }

    fn redis(&self) -> Check {
        match self.counters.redis() {
            Some(redis) if redis.is_down() => {
                Check::not("redis", State::Degraded, "it does not answer; limits are kept by each node for itself")
            }
            _ => Check::ok("redis"),
        }
    }

    fn catalogue(&self) -> Check {
        match self.catalogue_trouble.load().as_deref() {
            None => Check::ok("catalogue"),
            Some(trouble) => Check::not("catalogue", State::Degraded, trouble.clone()),
        }
    }
}
