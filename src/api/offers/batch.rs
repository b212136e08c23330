//! Several offers at once: `POST /v1/offers/batch`. What cannot be given does not spoil the rest.

use std::collections::HashSet;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::asked::{Asked, Locale};
use crate::api::gate::Admitted;
use crate::api::offers::view::{OfferView, Showing};
use crate::api::operations::op;
use crate::catalog::{Catalog, Error, MOST_OFFERS};
use crate::edge::parts::{Json, Query};
use crate::edge::problem::Problem;
use crate::edge::reply::{self, Reply};
use crate::error::{Code, Failure, Place};
use crate::model::ids::OfferId;

/// Which offers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OfferBatchRequest)]
pub struct BatchBody {
    /// Ids of 1 to 50 offers.
    #[schema(min_items = 1, max_items = 50, example = json!(["610947572360"]))]
    offer_ids: Vec<String>,
}

/// The offers that could be given, and why the others could not.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OfferBatch)]
pub struct BatchView<'a> {
    /// The offers, in the asked order.
    items: Vec<OfferView<'a>>,
    /// One row for each id without an offer.
    problems: Vec<BatchProblemView>,
}

/// Why there is no offer for an id.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OfferBatchProblem)]
pub struct BatchProblemView {
    /// JSON Pointer to the id in your request.
    #[schema(example = "#/offer_ids/3")]
    pointer: String,
    /// The id as you gave it.
    #[schema(example = "610947572360")]
    offer_id: String,
    /// `offer_not_found`, `offer_held`, `offer_foreign`, or `invalid_request` for what is no id or was given before.
    #[schema(example = "offer_held")]
    code: &'static str,
    /// What happened, for people.
    detail: String,
}

impl BatchProblemView {
    /// The problem of the id at a place of the list.
    pub(in crate::api) fn new(place: usize, id: &str, code: Code, detail: &str) -> Self {
        let pointer = format!("#/offer_ids/{place}");
        Self { pointer, offer_id: id.to_owned(), code: code.facts().name, detail: sentence(detail) }
    }

    /// Its place in the list.
    pub(in crate::api) fn place(&self) -> Option<usize> {
        self.pointer.rsplit('/').next().and_then(|place| place.parse().ok())
    }
}

/// Returns several offers in full.
///
/// Each id has its own outcome: those that cannot be given are told in `problems`, and all others are given.
#[utoipa::path(tag = "Catalogue", params(Locale), request_body = BatchBody, responses(
    (status = 200, description = "The offers that could be given, and a problem for each that could not", body = BatchView),
))]
#[post("/v1/offers/batch")]
pub async fn batch_offers(
    request: HttpRequest,
    call: Admitted<op::BatchOffers, (Json<BatchBody>, Query<Locale>)>,
    catalog: Data<Catalog>,
) -> Reply {
    let (Json(body), Query(locale)) = &call.parts;
    let mut asked = Asked::default();
    let (language, currency) = (locale.language.as_deref(), locale.currency.as_deref());
    let audience = asked.audience(&request, &call.caller, language, currency);
    if !(1..=MOST_OFFERS).contains(&body.offer_ids.len()) {
        asked.wrong(Place::body("/offer_ids", format!("1 to {MOST_OFFERS} ids")));
    }
    let audience = asked.done(Some(audience))?;
    let (wanted, mut problems) = sorted(&body.offer_ids);
    let ids: Vec<OfferId> = wanted.iter().map(|(_, id)| *id).collect();
    let answer = catalog.batch(&audience, &ids).await?;
    let mut offers = Vec::new();
    for ((place, id), found) in wanted.iter().zip(answer.found) {
        match found {
            Ok(offer) => offers.push(offer),
            Err(error) if is_of_one(&error) => {
                let detail = error.detail().unwrap_or_default();
                problems.push(BatchProblemView::new(*place, &id.to_string(), error.code(), &detail));
            }
            // A catalogue in trouble is no matter of one offer.
            Err(error) => return Err(error.into()),
        }
    }
    let showing = Showing { exchange: &answer.exchange, catalog: &catalog, mode: audience.mode };
    let items: Option<Vec<_>> = offers.iter().map(|offer| showing.offer(offer)).collect();
    problems.sort_by_key(BatchProblemView::place);
    let view = BatchView { items: items.ok_or_else(|| Problem::from(Error::Unshowable))?, problems };
    reply::written(&request, StatusCode::OK, &view)
}

/// The ids that can be asked for with their places, and a problem for each that cannot.
pub(in crate::api) fn sorted(given: &[String]) -> (Vec<(usize, OfferId)>, Vec<BatchProblemView>) {
    let (mut wanted, mut problems, mut known) = (Vec::new(), Vec::new(), HashSet::new());
    for (place, text) in given.iter().enumerate() {
        match text.parse::<OfferId>() {
            Ok(id) if known.insert(id) => wanted.push((place, id)),
            Ok(_) => {
                let detail = "the id is given more than once; the offer is answered once";
                problems.push(BatchProblemView::new(place, text, Code::InvalidRequest, detail));
            }
            Err(why) => {
                let detail = format!("give an offer id, {why}");
                problems.push(BatchProblemView::new(place, text, Code::InvalidRequest, &detail));
            }
        }
    }
    (wanted, problems)
}

/// A detail as a sentence of its own.
fn sentence(detail: &str) -> String {
    let mut letters = detail.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str().trim_end_matches('.'))
}

fn is_of_one(error: &Error) -> bool {
    matches!(error, Error::OfferNotFound(_) | Error::OfferHeld(_) | Error::OfferForeign(_))
}

#[cfg(test)]
mod tests {
    use super::sorted;

    #[test]
    fn what_is_no_id_or_given_twice_is_told_by_its_place() {
        let given = ["610947572360", "B0C1234567", "610947572360", "7"].map(str::to_owned);
        let (wanted, problems) = sorted(&given);
        assert_eq!(
            wanted.iter().map(|(place, id)| (*place, id.number())).collect::<Vec<_>>(),
            [(0, 610_947_572_360), (3, 7)]
        );
        let told: Vec<_> = problems.iter().map(|one| (one.pointer.as_str(), one.offer_id.as_str(), one.code)).collect();
        assert_eq!(
            told,
            [("#/offer_ids/1", "B0C1234567", "invalid_request"), ("#/offer_ids/2", "610947572360", "invalid_request")]
        );
    }
}
