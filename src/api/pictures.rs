//! Pictures of offers for anyone's browser: `GET /pictures/{offer_id}.png`, without signature and outside `/v1`.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, get};
use serde::Deserialize;

use crate::api::asked::Asked;
use crate::api::gate::Gate;
use crate::api::kept;
use crate::catalog::{Catalog, Picture};
use crate::edge::address;
use crate::edge::parts::{Part, Path, Query};
use crate::edge::problem::Problem;
use crate::edge::reply::Reply;
use crate::error::{Code, Place};
use crate::model::offer::PictureSize;
use crate::model::partner::Mode;

#[derive(Debug, Deserialize)]
struct PicturePath {
    offer_id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PictureQuery {
    size: Option<String>,
    mode: Option<String>,
}

/// The picture of an offer, 120, 240 or 480 pixels square.
#[get("/pictures/{offer_id}.png")]
pub async fn get_picture(request: HttpRequest, catalog: Data<Catalog>, gate: Data<Gate>) -> Reply {
    let address = address::caller(&request, &gate.trusted_proxies);
    if let Some(seconds) = gate.strangers.charge(address, None) {
        return Err(Problem::new(Code::RateLimited).retry_after(seconds));
    }
    let (Path(path), Query(query)) = Part::take(&request, &Bytes::new()).map_err(Problem::from)?;
    let (mode, picture) = read(&path, &query, &catalog)?;
    Ok(kept::picture(&catalog, &catalog.picture(mode, picture).await?))
}

fn read(path: &PicturePath, query: &PictureQuery, catalog: &Catalog) -> Result<(Mode, Picture), Problem> {
    let mut asked = Asked::default();
    let offer = asked.path("offer_id", &path.offer_id);
    let size = match query.size.as_deref() {
        None => Some(PictureSize::default()),
        Some(text) => text.parse().ok().and_then(PictureSize::of),
    };
    if size.is_none() {
        asked.wrong(Place::query("size", "one of 120, 240, 480"));
    }
    let mode = match query.mode.as_deref() {
        None if catalog.serves(Mode::Live) => Mode::Live,
        Some("live") => Mode::Live,
        None | Some("sandbox") => Mode::Sandbox,
        Some(_) => {
            asked.wrong(Place::query("mode", "one of live, sandbox"));
            Mode::Live
        }
    };
    let picture = offer.zip(size).map(|(offer, size)| (mode, Picture { offer, size }));
    asked.done(picture)
}
