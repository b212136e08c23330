//! What people paste, turned into an offer: `POST /v1/links/resolve`.

mod pasted;

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, post};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::asked::{Asked, Locale};
use crate::api::gate::Admitted;
use crate::api::offers::{OfferView, Showing};
use crate::api::operations::op;
use crate::api::vouchers::PictureBytes;
use crate::catalog::{Catalog, Error as CatalogError};
use crate::edge::parts::Query;
use crate::edge::problem::Problem;
use crate::edge::reply::{self, Reply};
use crate::links::{Links, Resolved};
use crate::model::partner::Caller;
use crate::pictures::Pictures;
pub use pasted::{FormBytes, Pasted, PastedBody};

/// The offer that something pasted leads to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ResolvedLink)]
pub struct ResolvedView<'a> {
    /// What it was: `offer_page`, `mobile_page`, `short_link`, `share_text` (a link in a text), `qr_picture` or
    /// `offer_number`.
    #[schema(example = "share_text")]
    form: &'static str,
    /// The link that was followed; null of a number.
    #[schema(example = "https://qr.1688.com/s/11CrDfWx4")]
    link: Option<&'a str>,
    /// The offer's id.
    #[schema(example = "610947572360")]
    offer_id: String,
    /// The offer.
    offer: OfferView<'a>,
}

/// Turns what people paste into an offer.
///
/// An address of an offer's page (desktop or mobile), a short link, the text that the marketplace's app puts into the
/// clipboard, or a bare offer number as `link`; a picture with a QR code as `image_id` of `POST /v1/images`, or as the
/// body itself: raw, or the one file of a form (`multipart/form-data`), of at most 3 MB. What is none of these is
/// refused; `tried` says which forms it was not, and why. Links of other sites are never opened.
#[utoipa::path(tag = "Catalogue", params(Locale),
    request_body(content(
        (PastedBody = "application/json"),
        (PictureBytes = "image/jpeg"),
        (PictureBytes = "image/png"),
        (PictureBytes = "image/webp"),
        (FormBytes = "multipart/form-data"),
    ), description = "What was pasted"),
    responses(
    (status = 200, description = "The offer that it leads to", body = ResolvedView),
    (status = 400, description = "`invalid_request`; `image_invalid`"),
    (status = 404, description = "`short_link_not_found`; `offer_not_found`, `offer_held`, `offer_foreign`: it leads to an offer that is not to be had; `image_not_found`"),
    (status = 410, description = "`image_expired`"),
    (status = 422, description = "`link_unrecognised`, `link_not_offer`, `link_foreign`, `code_not_found`: `tried` says what it was not"),
))]
#[post("/v1/links/resolve")]
pub async fn resolve_link(
    request: HttpRequest,
    call: Admitted<op::ResolveLink, (Pasted, Query<Locale>)>,
    links: Data<Links>,
    pictures: Data<Pictures>,
    catalog: Data<Catalog>,
) -> Reply {
    let (pasted, Query(locale)) = &call.parts;
    let mut asked = Asked::default();
    let (language, currency) = (locale.language.as_deref(), locale.currency.as_deref());
    let audience = asked.audience(&request, &call.caller, language, currency);
    let audience = asked.done(Some(audience))?;
    let resolved = resolved(&links, &pictures, &call.caller, pasted).await?;
    let answer = catalog.ask(&audience, &resolved.offer).await?;
    let showing = Showing { exchange: &answer.exchange, catalog: &catalog, mode: audience.mode };
    let offer = showing.offer(&answer.found).ok_or_else(|| Problem::from(CatalogError::Unshowable))?;
    let view = ResolvedView {
        form: resolved.form.name(),
        link: resolved.link.as_deref(),
        offer_id: resolved.offer.to_string(),
        offer,
    };
    reply::written(&request, StatusCode::OK, &view)
}

async fn resolved(links: &Links, pictures: &Pictures, caller: &Caller, pasted: &Pasted) -> Result<Resolved, Problem> {
    let said = match pasted {
        Pasted::Text(text) => return Ok(links.resolve(caller.mode, text).await?),
        Pasted::Image(id) => pictures.find(caller, id).await?.code,
        Pasted::Picture(media_type, bytes) => pictures.read_code(*media_type, bytes.clone()).await?,
    };
    Ok(links.resolve_code(caller.mode, said.as_deref()).await?)
}
