//! The change feed: every change of a goods or an order, numbered without holes. Waiting for more is left to `feed_http`.

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use utoipa::ToSchema;

use super::trade::Status;

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum Kind {
    Goods,
    Order,
}

/// How it changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum What {
    Price,
    Stock,
    Offline,
    Online,
    Created,
    Status,
    PriceModified,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// One more than the change before.
    pub seq: i64,
    /// A goods or an order.
    pub kind: Kind,
    /// Goods id or order number.
    pub id: i64,
    /// How it changed.
    pub change: What,
    /// The goods' or order's version after the change.
    pub version: i64,
    /// Beijing time.
    pub time: String,
    /// Whose order it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner_code: Option<String>,
    /// The order under the caller's own reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_ref: Option<String>,
    /// The order's status after the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
}

/// All changes so far, and a bell that rings when there are more.
#[derive(Debug)]
pub struct Feed {
    changes: Vec<Change>,
    bell: watch::Sender<i64>,
}

impl Default for Feed {
    fn default() -> Feed {
        Feed { changes: Vec::new(), bell: watch::Sender::new(0) }
    }
}

impl Feed {
    /// The number the next change gets.
    pub fn next_seq(&self) -> i64 {
        self.last_seq() + 1
    }

    /// The number of the newest change; 0 when there is none.
    pub fn last_seq(&self) -> i64 {
        self.changes.last().map_or(0, |change| change.seq)
    }

    /// Adds a change; nobody is woken before `ring`.
    pub fn append(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// Wakes all who wait.
    pub fn ring(&self) {
        let last = self.last_seq();
        self.bell.send_if_modified(|seen| std::mem::replace(seen, last) != last);
    }

    /// Hears the bell.
    pub fn listen(&self) -> watch::Receiver<i64> {
        self.bell.subscribe()
    }

    /// Changes after a number, at most `limit`.
    pub fn after(&self, seq: i64, limit: usize) -> Vec<Change> {
        // Numbers start at 1 and have no holes, so the number is the position.
        let from = usize::try_from(seq.max(0)).unwrap_or(usize::MAX);
        self.changes.iter().skip(from).take(limit).cloned().collect()
    }
}
