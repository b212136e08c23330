//! The change feed over HTTP: answers at once when there is something, otherwise waits a little.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::asked;
use super::envelope::{Answer, Envelope, Refusal, Sent};
use super::feed::{Change, Kind};
use super::market::Market;

/// From where on.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct ChangesAsked {
    /// The last number the caller has seen; 0 (or absent) from the beginning.
    #[param(value_type = Option<i64>, minimum = 0)]
    after: Option<String>,
    /// 1 to 500; 100 when absent.
    #[param(value_type = Option<i64>, minimum = 1, maximum = 500)]
    limit: Option<String>,
    /// How long to wait when there is nothing yet, 0 to 20000; 0 when absent.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 20_000)]
    wait_ms: Option<String>,
    /// Only changes of these, comma-separated: goods, order, shipment, refund, consignment, seller, category; all when absent.
    #[param(example = "order,refund")]
    kinds: Option<String>,
}

/// Changes in order.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    /// At most `limit`; after fewer the caller may go on from `lastSeq`.
    #[schema(value_type = Vec<Change>)]
    pub items: Vec<Arc<Change>>,
    /// The newest number of all kinds. Smaller than `after` when the service lost its memory: begin again from 0.
    pub last_seq: i64,
}

/// Changes in the order in which they happened, numbered without holes (with `kinds` others are left out). Waits up to
/// `waitMs` when there is nothing yet.
#[utoipa::path(tag = "changes", params(ChangesAsked), responses((status = 200, description = "What happened after `after`.", body = Envelope<Changes>)))]
#[get("/changes")]
pub async fn list_changes(market: web::Data<Market>, asked: web::Query<ChangesAsked>) -> Answer<Changes> {
    let after = asked::number("after", asked.after.as_deref(), 0..=i64::MAX)?.unwrap_or(0);
    let limit = asked::number("limit", asked.limit.as_deref(), 1..=500)?.unwrap_or(100);
    let wait_ms = asked::number("waitMs", asked.wait_ms.as_deref(), 0..=20_000)?.unwrap_or(0);
    let kinds = kinds(asked.kinds.as_deref())?;
    let mut closing = market.closing();
    let mut bell = market.feed.listen();
    let wait = tokio::time::sleep(Duration::from_millis(wait_ms.unsigned_abs()));
    tokio::pin!(wait);
    let limit = usize::try_from(limit).unwrap_or(100);
    loop {
        let page = market.feed.after(after, limit, &kinds);
        let nothing_yet = page.items.is_empty() && page.last_seq >= after;
        if wait_ms == 0 || !nothing_yet || *closing.borrow() || wait.is_elapsed() {
            return Ok(Sent(Changes { items: page.items, last_seq: page.last_seq }));
        }
        // Whatever wakes us, items and `lastSeq` are read anew together: a number read later could skip an item.
        tokio::select! {
            _ = bell.changed() => {}
            _ = closing.changed() => {}
            () = &mut wait => {}
        }
    }
}

fn kinds(given: Option<&str>) -> Result<Vec<Kind>, Refusal> {
    let mut kinds = Vec::new();
    for word in given.filter(|text| !text.is_empty()).into_iter().flat_map(|text| text.split(',')) {
        let kind = Kind::parse(word.trim()).ok_or_else(|| Refusal::param("kinds"))?;
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    Ok(kinds)
}
