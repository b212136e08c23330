//! What sells now: `GET /v1/rankings`, `GET /v1/trends/keywords`.

use actix_web::web::Data;
use actix_web::{HttpRequest, get};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use crate::api::asked::Asked;
use crate::api::gate::Admitted;
use crate::api::kept;
use crate::api::offers::{OfferListView, Showing};
use crate::api::operations::op;
use crate::catalog::Catalog;
use crate::edge::parts::Query;
use crate::edge::reply::Reply;
use crate::error::Place;
use crate::model::browse::{Keyword, Keywords, RankedBy, Ranking};

/// Which ranking.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RankingQuery {
    /// By what; `sold` unless asked.
    #[param(schema_with = orders)]
    by: Option<String>,
    /// Only this category and those below it.
    #[param(example = "1001")]
    category: Option<String>,
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

fn orders() -> Object {
    let names = RankedBy::ALL.iter().map(|by| by.name());
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).build()
}

/// Lists the offers that sell best, rise most, bring most buyers back or are newest.
#[utoipa::path(tag = "Catalogue", params(RankingQuery), responses(
    (status = 200, description = "Offers, best first", body = OfferListView),
    (status = 304, description = "You hold them already; it costs nothing"),
    (status = 404, description = "`category_not_found`: no such category"),
))]
#[get("/v1/rankings")]
pub async fn list_rankings(
    request: HttpRequest,
    call: Admitted<op::ListRankings, Query<RankingQuery>>,
    catalog: Data<Catalog>,
) -> Reply {
    let query = &call.parts.0;
    let mut asked = Asked::default();
    let audience = asked.audience(&request, &call.caller, query.language.as_deref(), query.currency.as_deref());
    let ranking = Ranking {
        by: asked.query("by", query.by.as_deref()).unwrap_or(RankedBy::Sold),
        category: asked.query("category", query.category.as_deref()),
        ship_to: asked.query("ship_to", query.ship_to.as_deref()),
        size: asked.size(query.limit.as_deref()),
    };
    let (ranking, mode) = (asked.done(Some(ranking))?, audience.mode);
    kept::shown(&request, &catalog, &audience, &ranking, |offers, exchange| {
        kept::json(&Showing { exchange, catalog: &catalog, mode }.list(offers)?)
    })
    .await
}

/// Which keywords.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct KeywordQuery {
    /// `sold`: the most sold first; `rising`: what sold most above its own usual week first. `sold` unless asked.
    #[param(example = "rising")]
    by: Option<String>,
    /// Only this category and those below it.
    #[param(example = "10")]
    category: Option<String>,
    /// How many; 20 unless asked.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 50, example = 20)]
    limit: Option<String>,
    /// Language of texts: zh, en, ja, ko, ru, es, fr, pt, vi, th, ar or id; a region such as pt-BR may follow.
    #[param(example = "ja")]
    language: Option<String>,
}

/// What is bought now, as words to search by.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeywordList)]
pub struct KeywordListView<'a> {
    /// The keywords.
    items: Vec<KeywordView<'a>>,
}

/// Something that is bought now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Keyword)]
pub struct KeywordView<'a> {
    /// In the asked language; give it as `q` of a search.
    #[schema(example = "植木鉢")]
    keyword: &'a str,
    /// In Chinese.
    #[schema(example = "花盆")]
    keyword_original: &'a str,
    /// Where `keyword` comes from: `original`, `catalogue`, `glossary` or `machine`.
    #[schema(example = "catalogue")]
    keyword_origin: &'static str,
    /// Where such offers are filed.
    #[schema(example = "1001")]
    category_id: String,
    /// How many offers.
    offers: u64,
    /// Pieces sold in thirty days.
    sold_30d: u64,
    /// Pieces sold in seven days.
    sold_7d: u64,
    /// How much more was sold in the last week than in a usual week of the month, per cent; below zero when less.
    #[schema(example = 12)]
    rise_percent: i64,
}

impl<'a> From<&'a Keyword> for KeywordView<'a> {
    fn from(keyword: &'a Keyword) -> Self {
        Self {
            keyword: &keyword.words.shown,
            keyword_original: &keyword.words.original,
            keyword_origin: keyword.words.origin.name(),
            category_id: keyword.category.to_string(),
            offers: keyword.offers,
            sold_30d: keyword.sold_30d,
            sold_7d: keyword.sold_7d,
            rise_percent: keyword.rise_percent,
        }
    }
}

/// Lists what is bought now, as words to search by.
#[utoipa::path(tag = "Catalogue", params(KeywordQuery), responses(
    (status = 200, description = "Keywords", body = KeywordListView),
    (status = 304, description = "You hold them already; it costs nothing"),
    (status = 404, description = "`category_not_found`: no such category"),
))]
#[get("/v1/trends/keywords")]
pub async fn list_trending_keywords(
    request: HttpRequest,
    call: Admitted<op::ListTrendingKeywords, Query<KeywordQuery>>,
    catalog: Data<Catalog>,
) -> Reply {
    let query = &call.parts.0;
    let mut asked = Asked::default();
    let audience = asked.audience(&request, &call.caller, query.language.as_deref(), None);
    let rising = match query.by.as_deref() {
        None | Some("sold") => false,
        Some("rising") => true,
        Some(_) => {
            asked.wrong(Place::query("by", "one of sold, rising"));
            false
        }
    };
    let keywords = Keywords {
        rising,
        category: asked.query("category", query.category.as_deref()),
        size: asked.size(query.limit.as_deref()),
    };
    let keywords = asked.done(Some(keywords))?;
    kept::shown(&request, &catalog, &audience, &keywords, |found, _| {
        kept::json(&KeywordListView { items: found.iter().map(KeywordView::from).collect() })
    })
    .await
}
