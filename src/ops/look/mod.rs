//! What the operator looks at, each thing once: read from the books of the house and put into words. The console draws
//! it as pages, `/ops/api` tells it as JSON; neither knows anything that the other does not.

pub mod at;
pub mod audit;
pub mod behind;
pub mod buyers;
pub mod counted;
pub mod entry;
pub mod figures;
pub mod growth;
pub mod hottest;
pub mod hour;
pub mod now;
pub mod order;
pub mod orders;
pub mod overrides;
pub mod partner;
pub mod partners;
pub mod referrals;
pub mod standings;
pub mod traffic;
pub mod trouble;
pub mod webhooks;
pub mod what_if;

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

pub use at::At;
pub use trouble::Trouble;

use crate::cache::Cache;
use crate::clock::Clock;
use crate::ledger::Ledger;
use crate::limits::Limits;
use crate::partners::Directory;
use crate::rates::Rates;
use crate::sql::Sql;
use crate::upstream;
use crate::usage::Usage;

/// The books that are looked into; cheap to clone.
#[derive(Clone)]
pub struct Books {
    /// Orders, webhooks, what partners were told.
    pub ledger: Ledger,
    /// Partners and keys.
    pub directory: Arc<Directory>,
    /// Where partners stand.
    pub limits: Arc<Limits>,
    /// What partners asked for, and what came of it, on all nodes.
    pub usage: Arc<Usage>,
    /// What was seen of the catalogue and kept.
    pub cache: Cache<upstream::Error>,
    /// Exchange rates.
    pub rates: Rates,
    /// Rates older than this make no quotes; none for the built-in ones, which always do.
    pub rates_stale_after_days: Option<i64>,
    /// The audit.
    pub sql: Sql,
    /// When this node started.
    pub started: Timestamp,
    /// The clock.
    pub clock: Clock,
}

/// A page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Listed<T: ToSchema> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Give it as `cursor` to go on; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// How many items a list shows at a time.
pub const PAGE: u32 = 50;
