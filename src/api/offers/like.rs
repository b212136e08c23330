//! What there is around one offer: `GET /v1/offers/{offer_id}/related` and `GET /v1/offers/{offer_id}/trends`.

use actix_web::web::Data;
use actix_web::{HttpRequest, get};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::asked::{Asked, Locale};
use crate::api::gate::Admitted;
use crate::api::kept;
use crate::api::offers::{OfferListView, OfferPath, Showing};
use crate::api::operations::op;
use crate::api::price::PriceView;
use crate::catalog::Catalog;
use crate::edge::parts::{Path as InPath, Query};
use crate::edge::reply::Reply;
use crate::model::browse::{Related, Trend, TrendOf};
use crate::model::money::Exchange;

/// How many related offers, and for where.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RelatedQuery {
    /// How many; 20 unless asked.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 50, example = 20)]
    limit: Option<String>,
    /// ISO 3166-1 country the goods go to: offers that may not be sold there are left out.
    #[param(example = "JP")]
    ship_to: Option<String>,
    /// Language of texts: zh, en, ja, ko, ru, es, fr, pt, vi, th, ar or id; a region such as pt-BR may follow.
    #[param(example = "ja")]
    language: Option<String>,
    /// Currency of prices, an ISO 4217 code; CNY unless asked.
    #[param(example = "JPY")]
    currency: Option<String>,
}

/// Lists offers that are like one.
///
/// Of its category, the best of the same type and wording first, from any supplier.
#[utoipa::path(tag = "Catalogue", params(OfferPath, RelatedQuery), responses(
    (status = 200, description = "Offers that are like it", body = OfferListView),
    (status = 304, description = "You hold them already; it costs nothing"),
    (status = 404, description = "`offer_not_found`, `offer_held`, `offer_foreign`"),
))]
#[get("/v1/offers/{offer_id}/related")]
pub async fn list_related_offers(
    request: HttpRequest,
    call: Admitted<op::ListRelatedOffers, (InPath<OfferPath>, Query<RelatedQuery>)>,
    catalog: Data<Catalog>,
) -> Reply {
    let (InPath(path), Query(query)) = &call.parts;
    let mut asked = Asked::default();
    let offer = asked.path("offer_id", &path.offer_id);
    let audience = asked.audience(&request, &call.caller, query.language.as_deref(), query.currency.as_deref());
    let ship_to = asked.query("ship_to", query.ship_to.as_deref());
    let size = asked.size(query.limit.as_deref());
    let related = Related { offer: asked.done(offer)?, ship_to, size };
    let mode = audience.mode;
    kept::shown(&request, &catalog, &audience, &related, |offers, exchange| {
        kept::json(&Showing { exchange, catalog: &catalog, mode }.list(offers)?)
    })
    .await
}

/// How an offer sold.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OfferTrend)]
pub struct TrendView {
    /// The offer.
    #[schema(example = "610947572360")]
    offer_id: String,
    /// The last ninety days without today, oldest first; days are those of Beijing.
    days: Vec<TrendDayView>,
    /// The lowest price in the middle of all these days' prices.
    median_price: PriceView,
    /// Share of buyers who bought again, 0 to 1.
    #[schema(example = "0.32")]
    repurchase_rate: Option<String>,
}

/// One day of an offer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OfferTrendDay)]
pub struct TrendDayView {
    /// The day.
    #[schema(example = "2026-11-22", format = Date)]
    date: String,
    /// Pieces sold.
    sold: u64,
    /// Lowest price of a piece on that day.
    price: PriceView,
}

impl TrendView {
    fn of(trend: &Trend, exchange: &Exchange) -> Option<Self> {
        let mut days = Vec::with_capacity(trend.days.len());
        for day in &trend.days {
            let price = PriceView::of(day.price, exchange)?;
            days.push(TrendDayView { date: day.date.to_string(), sold: day.sold, price });
        }
        Some(Self {
            offer_id: trend.offer.to_string(),
            days,
            median_price: PriceView::of(trend.median_price, exchange)?,
            repurchase_rate: trend.repurchase_rate.map(|rate| rate.to_string()),
        })
    }
}

/// Tells how an offer sold, day by day.
///
/// Prices of the past are shown at today's rate.
#[utoipa::path(tag = "Catalogue", params(OfferPath, Locale), responses(
    (status = 200, description = "Ninety days", body = TrendView),
    (status = 304, description = "You hold them already; it costs nothing"),
    (status = 404, description = "`offer_not_found`, `offer_held`, `offer_foreign`"),
))]
#[get("/v1/offers/{offer_id}/trends")]
pub async fn get_offer_trends(
    request: HttpRequest,
    call: Admitted<op::GetOfferTrends, (InPath<OfferPath>, Query<Locale>)>,
    catalog: Data<Catalog>,
) -> Reply {
    let (InPath(path), Query(locale)) = &call.parts;
    let mut asked = Asked::default();
    let offer = asked.path("offer_id", &path.offer_id);
    let (language, currency) = (locale.language.as_deref(), locale.currency.as_deref());
    let audience = asked.audience(&request, &call.caller, language, currency);
    let trend = TrendOf(asked.done(offer)?);
    kept::shown(&request, &catalog, &audience, &trend, |trend, exchange| kept::json(&TrendView::of(trend, exchange)?))
        .await
}
