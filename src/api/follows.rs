//! Offers whose changes a partner wants to hear of: `/v1/follows`.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, delete, get, post, put};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::asked::Asked;
use crate::api::gate::Admitted;
use crate::api::offers::OfferPath;
use crate::api::offers::batch::{BatchProblemView, sorted};
use crate::api::operations::op;
use crate::api::orders::{NothingBody, Perhaps};
use crate::api::payments::MoneyView;
use crate::edge::parts::{Json, Path as InPath, Query};
use crate::edge::problem::Problem;
use crate::edge::reply::{self, Reply};
use crate::error::{Code, Failure, Place};
use crate::follows::{Error, Following, MOST_AT_ONCE};
use crate::model::follow::{Figures, Follow, Standing};
use crate::model::ids::OfferId;
use crate::model::page::Page;

/// An offer you follow, with the figures that the next event is about.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Follow)]
pub struct FollowView {
    /// Id of the offer.
    #[schema(example = "610947572360")]
    offer_id: String,
    /// `on_sale`, `held` (back from cross-border trade for now) or `withdrawn`.
    #[schema(example = "on_sale")]
    state: &'static str,
    /// Since when you follow it.
    #[schema(format = DateTime)]
    followed_at: String,
    /// When something of it changed last, as far as followers were told.
    #[schema(format = DateTime)]
    changed_at: String,
    /// What was told last, or would have been; null of an offer that nobody saw on sale yet.
    figures: Option<FollowedFiguresView>,
}

/// The figures of a followed offer. While it cannot be had: those it had last.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FollowedFigures)]
pub struct FollowedFiguresView {
    /// The lowest price of a piece, CNY.
    price_from: MoneyView,
    /// The highest price of a piece, CNY.
    price_to: MoneyView,
    /// Pieces of all variants.
    stock: u64,
    /// Fewest pieces of one order.
    minimum_order: u32,
}

/// A page of the offers you follow.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FollowPage)]
pub struct FollowPageView {
    /// The offers, the last followed first.
    items: Vec<FollowView>,
    /// Give it as `cursor` for the next page; null at the end.
    next_cursor: Option<String>,
    /// How many you follow.
    total: u64,
    /// How many your plan lets you follow.
    limit: u32,
}

/// Which offers to follow.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FollowRequest)]
pub struct FollowBody {
    /// Ids of 1 to 50 offers.
    #[schema(min_items = 1, max_items = 50, example = json!(["610947572360"]))]
    offer_ids: Vec<String>,
}

/// The offers that are followed, and why the others are not.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FollowBatch)]
pub struct FollowBatchView {
    /// The followed offers, in the asked order.
    items: Vec<FollowView>,
    /// One row for each id that is not followed: as of `POST /v1/offers/batch`, and `too_many_follows`.
    problems: Vec<BatchProblemView>,
}

/// Which page.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct FollowsQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many; 20 unless asked.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 50, example = 20)]
    limit: Option<String>,
}

/// Follows an offer: you hear of its prices, its stock, and whether it can be had.
///
/// As events `offer.*`, over webhooks and `GET /v1/events`, with the figures before and now. An offer that is held back
/// may be followed: you hear when it comes back. Said again it changes nothing.
#[utoipa::path(tag = "Follows", params(OfferPath), responses(
    (status = 200, description = "Followed, now or since before", body = FollowView),
    (status = 404, description = "`offer_not_found`: no such offer; `offer_foreign`: no number of this marketplace"),
    (status = 409, description = "`too_many_follows`: your plan allows no more"),
))]
#[put("/v1/follows/{offer_id}")]
pub async fn follow_offer(
    request: HttpRequest,
    call: Admitted<op::FollowOffer, (InPath<OfferPath>, Perhaps<NothingBody>)>,
    follows: Data<Following>,
) -> Reply {
    let id = id_of(&call.parts.0.0)?;
    let mut outcomes = follows.follow_offers(&call.caller, &[id]).await?;
    let follow = outcomes.pop().unwrap_or(Err(Error::Busy))?;
    reply::written(&request, StatusCode::OK, &FollowView::from(&follow))
}

/// Follows up to 50 offers.
///
/// Each id has its own outcome: those that cannot be followed are told in `problems`, and all others are followed.
#[utoipa::path(tag = "Follows", request_body = FollowBody, responses(
    (status = 200, description = "The offers that are followed, and a problem for each that is not", body = FollowBatchView),
))]
#[post("/v1/follows")]
pub async fn follow_offers(
    request: HttpRequest,
    call: Admitted<op::FollowOffers, Json<FollowBody>>,
    follows: Data<Following>,
) -> Reply {
    let Json(body) = &call.parts;
    let mut asked = Asked::default();
    if !(1..=MOST_AT_ONCE).contains(&body.offer_ids.len()) {
        asked.wrong(Place::body("/offer_ids", format!("1 to {MOST_AT_ONCE} ids")));
    }
    asked.done(Some(()))?;
    let (wanted, mut problems) = sorted(&body.offer_ids);
    let ids: Vec<OfferId> = wanted.iter().map(|(_, id)| *id).collect();
    let mut items = Vec::new();
    for ((place, id), outcome) in wanted.iter().zip(follows.follow_offers(&call.caller, &ids).await?) {
        match outcome {
            Ok(follow) => items.push(FollowView::from(&follow)),
            Err(error) if is_of_one(&error) => {
                let detail = error.detail().unwrap_or_default();
                problems.push(BatchProblemView::new(*place, &id.to_string(), error.code(), &detail));
            }
            Err(error) => return Err(error.into()),
        }
    }
    problems.sort_by_key(BatchProblemView::place);
    reply::written(&request, StatusCode::OK, &FollowBatchView { items, problems })
}

/// Follows an offer no more.
#[utoipa::path(tag = "Follows", params(OfferPath), responses(
    (status = 204, description = "Not followed any more"),
    (status = 404, description = "`follow_not_found`: you did not follow it"),
))]
#[delete("/v1/follows/{offer_id}")]
pub async fn unfollow_offer(
    call: Admitted<op::UnfollowOffer, (InPath<OfferPath>, Perhaps<NothingBody>)>,
    follows: Data<Following>,
) -> Reply {
    follows.unfollow(&call.caller, id_of(&call.parts.0.0)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Lists the offers you follow, with the figures told last.
#[utoipa::path(tag = "Follows", params(FollowsQuery), responses(
    (status = 200, description = "A page of follows, the newest first", body = FollowPageView),
    (status = 304, description = "Nothing changed; it costs nothing"),
))]
#[get("/v1/follows")]
pub async fn list_follows(
    request: HttpRequest,
    call: Admitted<op::ListFollows, Query<FollowsQuery>>,
    follows: Data<Following>,
) -> Reply {
    let query = &call.parts.0;
    let mut asked = Asked::default();
    let (cursor, size) = (asked.cursor(query.cursor.as_deref()), asked.size(query.limit.as_deref()));
    asked.done(Some(()))?;
    let page = follows.list(&call.caller, cursor.as_ref(), size).await?;
    reply::read(&request, &FollowPageView::new(&page, follows.most(&call.caller)))
}

fn id_of(path: &OfferPath) -> Result<OfferId, Problem> {
    let mut asked = Asked::default();
    let id = asked.path::<OfferId>("offer_id", &path.offer_id);
    asked.done(id)
}

fn is_of_one(error: &Error) -> bool {
    matches!(error.code(), Code::OfferNotFound | Code::OfferForeign | Code::TooManyFollows)
}

impl FollowPageView {
    fn new(page: &Page<Follow>, limit: u32) -> Self {
        Self {
            items: page.items.iter().map(FollowView::from).collect(),
            next_cursor: page.next.as_ref().map(|cursor| cursor.0.clone()),
            total: page.total.unwrap_or(0),
            limit,
        }
    }
}

impl From<&Follow> for FollowView {
    fn from(follow: &Follow) -> Self {
        let time = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or_default().to_string();
        let seen = follow.watched.seen.as_ref();
        Self {
            offer_id: follow.watched.offer.to_string(),
            state: seen.map_or(Standing::Withdrawn, |seen| seen.standing).name(),
            followed_at: time(follow.since),
            changed_at: time(follow.changed_at),
            figures: seen.and_then(|seen| seen.figures.as_ref()).map(FollowedFiguresView::from),
        }
    }
}

impl From<&Figures> for FollowedFiguresView {
    fn from(figures: &Figures) -> Self {
        let (from, to) = figures.prices();
        Self {
            price_from: MoneyView::from(from),
            price_to: MoneyView::from(to),
            stock: figures.stock(),
            minimum_order: figures.minimum_order,
        }
    }
}
