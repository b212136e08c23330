//! Searching offers and reading one: `GET /v1/offers`, `GET /v1/offers/{offer_id}`.

pub mod batch;
mod facets;
pub mod like;
mod search;
mod view;

use actix_web::web::Data;
use actix_web::{HttpRequest, get};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::api::asked::{Asked, Locale};
use crate::api::gate::Admitted;
use crate::api::kept;
use crate::api::operations::op;
use crate::catalog::Catalog;
// utoipa takes any `Path` in a handler's arguments for actix's own.
use crate::edge::parts::{Path as InPath, Query};
use crate::edge::problem::Problem;
use crate::edge::reply::Reply;
use crate::links::Links;
use crate::model::ids::OfferId;
use crate::model::partner::Caller;
use crate::model::picture::{Alike, Pictured};
use crate::pictures::Pictures;

use search::{Named, Sought};
pub use search::{OwnOffersQuery, SearchQuery};
pub use view::{OfferListView, OfferPageView, OfferView, Showing};

/// Which offer.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct OfferPath {
    /// Id of the offer.
    #[param(example = "610947572360")]
    pub offer_id: String,
}

/// Searches offers.
///
/// Words may be in any of the twelve languages; without words the whole catalogue is browsed. Prices and price bounds
/// are in the asked currency. Pages are stable while offers change: go on with `next_cursor`. With `image_id` or
/// `image_url` the offers that look like a picture are found, and the call costs 10.
#[utoipa::path(tag = "Catalogue", params(SearchQuery), responses(
    (status = 200, description = "A page of offers", body = OfferPageView),
    (status = 304, description = "You hold this page already; it costs nothing"),
    (status = 404, description = "`image_not_found`: `image_id` names no picture of yours; `offer_not_found`: `image_url` is that of an offer that is not to be had"),
    (status = 410, description = "`image_expired`: upload the picture again"),
))]
#[get("/v1/offers")]
pub async fn search_offers(
    request: HttpRequest,
    call: Admitted<op::SearchOffers, Query<SearchQuery>>,
    catalog: Data<Catalog>,
    pictures: Data<Pictures>,
    links: Data<Links>,
) -> Reply {
    let offer_at = |address: &str| catalog.offer_pictured_at(address).or_else(|| links.offer_at(address));
    let Sought { audience, mut search, picture } = call.parts.0.read(&request, &call.caller, offer_at)?;
    if let Some((named, region)) = picture {
        // Looked up for this caller each time: what is kept for one is never shown to another.
        search.alike = Some(Alike { picture: pictured(&pictures, &call.caller, named).await?, region });
    }
    let mode = audience.mode;
    let rendered = catalog.rendered(kept::FACE, &audience, &search, |page, exchange| {
        kept::json(&Showing { exchange, catalog: &catalog, mode }.page(page)?)
    });
    let rendered = rendered.await?;
    // Holding the tag of an empty page must not make every new search free.
    call.visit.with(|visit| visit.free_if_held = catalog.held_before(&rendered, visit.started));
    Ok(kept::answer(&request, &catalog, &rendered))
}

async fn pictured(pictures: &Pictures, caller: &Caller, named: Named) -> Result<Pictured, Problem> {
    Ok(match named {
        Named::Offer(id) => Pictured::Offer(id),
        Named::Image(id) => {
            let image = pictures.find(caller, &id).await?;
            Pictured::Uploaded { image: image.id, catalogue_id: image.catalogue_id }
        }
    })
}

/// Returns one offer in full.
///
/// With its variants, prices by quantity, stock, and where it may not be sold.
#[utoipa::path(tag = "Catalogue", params(OfferPath, Locale), responses(
    (status = 200, description = "The offer", body = OfferView),
    (status = 304, description = "You hold it already; it costs nothing"),
    (status = 404, description = "`offer_not_found`: no such offer; `offer_held`: held back from cross-border trade; `offer_foreign`: no number of this marketplace"),
))]
#[get("/v1/offers/{offer_id}")]
pub async fn get_offer(
    request: HttpRequest,
    call: Admitted<op::GetOffer, (InPath<OfferPath>, Query<Locale>)>,
    catalog: Data<Catalog>,
) -> Reply {
    let (InPath(path), Query(locale)) = &call.parts;
    let mut asked = Asked::default();
    let id = asked.path::<OfferId>("offer_id", &path.offer_id);
    let (language, currency) = (locale.language.as_deref(), locale.currency.as_deref());
    let audience = asked.audience(&request, &call.caller, language, currency);
    let (id, mode) = (asked.done(id)?, audience.mode);
    kept::shown(&request, &catalog, &audience, &id, |offer, exchange| {
        kept::json(&Showing { exchange, catalog: &catalog, mode }.offer(offer)?)
    })
    .await
}
