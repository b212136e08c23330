//! `/ops/api/entry`: goods in cross-border trade, counted, entered and taken out.

use actix_web::web::{Bytes, Data};
use actix_web::{get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::catalog::Catalog;
use crate::model::entry::{Entered, Way};
use crate::ops::console::Console;
use crate::ops::console::gate::{Operate, See};
use crate::ops::hand::{self, Goods};
use crate::ops::json::gate::{Asks, body};
use crate::ops::json::{Reply, reply};
use crate::ops::look::Trouble;
use crate::ops::look::entry::{self, EntryView};

/// Which goods: `all`, a supplier's, or selected offers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryBody {
    /// `live` or `sandbox`.
    #[schema(example = "live")]
    mode: String,
    /// Everything that qualifies; only to be entered.
    #[serde(default)]
    all: bool,
    /// Everything of this supplier that qualifies.
    supplier_id: Option<String>,
    /// These offers, at most 1,000.
    #[serde(default)]
    #[schema(max_items = 1000, example = json!(["610947572360"]))]
    offer_ids: Vec<String>,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnteredView {
    /// Goods that were changed; partners see it within two seconds.
    changed: u64,
    /// Goods that were so already.
    already: u64,
    /// Selected offers that could not be; all others are done.
    refused: Vec<RefusedView>,
}

/// An offer that could not be entered or taken out.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefusedView {
    /// Which.
    offer_id: String,
    /// `offer_held`, `offer_not_found` or `offer_foreign`.
    code: &'static str,
    /// What that means.
    detail: &'static str,
}

/// Counts goods by their state in cross-border trade, in each world.
#[utoipa::path(tag = "Goods", responses((status = 200, description = "Goods by state", body = EntryView)))]
#[get("/ops/api/entry")]
pub async fn get_entry(_: Asks<See>, catalog: Data<Catalog>) -> Reply {
    reply(Ok(entry::entry(&catalog.entries()).await))
}

/// Enters goods into cross-border trade: everything that qualifies, a supplier's, or selected offers. It may be repeated.
#[utoipa::path(tag = "Goods", request_body = EntryBody,
    responses((status = 200, description = "What came of it", body = EnteredView),
        (status = 404, description = "`not_found`: no such supplier")))]
#[post("/ops/api/entry/enter")]
pub async fn enter_goods(asks: Asks<Operate>, console: Data<Console>, catalog: Data<Catalog>, asked: Bytes) -> Reply {
    reply(turned(&asks, &console, &catalog, Way::In, &asked).await)
}

/// Takes goods out of cross-border trade: a supplier's, or selected offers. It may be repeated.
#[utoipa::path(tag = "Goods", request_body = EntryBody,
    responses((status = 200, description = "What came of it", body = EnteredView),
        (status = 404, description = "`not_found`: no such supplier")))]
#[post("/ops/api/entry/withdraw")]
pub async fn withdraw_goods(
    asks: Asks<Operate>,
    console: Data<Console>,
    catalog: Data<Catalog>,
    asked: Bytes,
) -> Reply {
    reply(turned(&asks, &console, &catalog, Way::Out, &asked).await)
}

async fn turned(
    asks: &Asks<Operate>,
    console: &Console,
    catalog: &Catalog,
    way: Way,
    asked: &Bytes,
) -> Result<EnteredView, Trouble> {
    let EntryBody { mode, all, supplier_id, offer_ids } = body(asked)?;
    let goods = Goods { mode, all, supplier: supplier_id, offers: offer_ids };
    Ok(hand::turn_goods(&console.books, &catalog.entries(), &asks.name, way, &goods).await?.into())
}

impl From<Entered> for EnteredView {
    fn from(entered: Entered) -> Self {
        let refused = entered.refused.iter().map(|(offer, why)| RefusedView {
            offer_id: offer.to_string(),
            code: why.name(),
            detail: why.says(),
        });
        Self { changed: entered.changed, already: entered.already, refused: refused.collect() }
    }
}
