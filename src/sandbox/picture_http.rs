//! Search by picture over HTTP: pictures go in as raw bytes, goods that look like them come out.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use actix_web::http::header::CONTENT_TYPE;
use actix_web::{HttpRequest, get, post, web};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};

use super::asked;
use super::envelope::{Answer, Code, Envelope, Refusal, Sent};
use super::goods_http::{SearchAsked, briefs};
use super::goods_wire::{Brief, PictureBytes, SearchPage};
use super::image::Flaw;
use super::likeness::{self, MEDIA_TYPES, MOST, Match, NOTHING_DIFFERS, Small, Window};
use super::market::Market;

type Shared = web::Data<Market>;

const PARTNER: &str = "X-Partner-Code";
const MOST_BYTES: usize = 3 << 20;

/// A picture that was taken in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PictureWire {
    /// Names it in searches.
    #[schema(example = "5d41402abc4b2a76b9719d911017c592")]
    picture_id: String,
}

/// Takes in a picture of at most 3 MiB to search by. The same bytes of the same partner answer the same id.
#[utoipa::path(tag = "goods", params(("X-Partner-Code" = String, Header, description = "On whose behalf.")),
    request_body(description = "The bytes of the picture.", content((PictureBytes = "image/jpeg"), (PictureBytes = "image/png"), (PictureBytes = "image/webp"))),
    responses(
        (status = 200, description = "Its id, or PICTURE_INVALID.", body = Envelope<PictureWire>),
        (status = 413, description = "BODY_TOO_LARGE.", body = Envelope<String>)))]
#[post("/pictures")]
pub async fn add_picture(market: Shared, request: HttpRequest, payload: web::Payload) -> Answer<PictureWire> {
    let bytes = read(payload).await?;
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
    let partner = header(PARTNER).to_owned();
    asked::reference(PARTNER, &partner, 64)?;
    let invalid = |flaw: Flaw| Refusal::with(Code::PictureInvalid, json!({ "why": flaw.0 }));
    let said = header(CONTENT_TYPE.as_str()).split(';').next().unwrap_or("").trim().to_ascii_lowercase();
    let media_type = MEDIA_TYPES.into_iter().find(|one| *one == said).ok_or_else(|| invalid(Flaw("type")))?;
    let kept = web::block(move || {
        market.likeness.keep(&partner, media_type, &bytes).map_err(invalid)?.map_err(|error| {
            tracing::error!(%error, "a picture of the sandbox could not be kept");
            Refusal::from(Code::SystemError)
        })
    });
    // A decoder that panics was tricked.
    let picture_id = kept.await.map_err(|_| invalid(Flaw("data")))??;
    Ok(Sent(PictureWire { picture_id }))
}

async fn read(mut payload: web::Payload) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    while let Some(piece) = payload.next().await {
        let piece = piece.map_err(|_| Refusal::param("."))?;
        if bytes.len() + piece.len() > MOST_BYTES {
            return Err(Code::BodyTooLarge.into());
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// Which picture.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub struct LikeAsked {
    /// An uploaded picture; this or `picUrl`.
    picture_id: Option<String>,
    /// The `picUrl` of a goods, as the path it is or with this service's address before it.
    pic_url: Option<String>,
    /// Only this part of the picture: left, top, right and bottom in thousandths of its sides.
    #[param(example = "100,100,900,900")]
    region: Option<String>,
}

impl LikeAsked {
    fn part(&self) -> Result<Window, Refusal> {
        let Some(text) = self.region.as_deref().filter(|text| !text.is_empty()) else { return Ok(Window::WHOLE) };
        let numbers: Option<Vec<u16>> = text.split(',').map(|number| number.parse().ok()).collect();
        let share = |permille: u16| f32::from(permille) / 1000.0;
        match numbers.as_deref() {
            Some(&[x1, y1, x2, y2]) if x1 + 50 <= x2 && y1 + 50 <= y2 && x2 <= 1000 && y2 <= 1000 => {
                Ok(Window { left: share(x1), top: share(y1), right: share(x2), bottom: share(y2) })
            }
            _ => Err(Refusal::param("region")),
        }
    }

    /// The picture that is meant, and the goods that shows this very picture, if it is one of ours. This may read from the
    /// disk or draw.
    fn picture(&self, market: &Market) -> Result<(Arc<Small>, Option<u32>), Refusal> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
        match (given(&self.picture_id), given(&self.pic_url)) {
            (Some(id), None) => match market.likeness.find(&id) {
                Some(picture) => Ok((picture, None)),
                None => Err(Code::PictureNotFound.into()),
            },
            (None, Some(url)) => {
                let goods_id = goods_of(&url, market.public_url()).ok_or_else(|| Refusal::param("picUrl"))?;
                let item = market.visible(goods_id).map_err(|_| Refusal::from(Code::PictureNotFound))?;
                Ok((Arc::new(likeness::own(&market.shop, item.index)), Some(item.index)))
            }
            (Some(_), Some(_)) => Err(Refusal::param("picUrl")),
            (None, None) => Err(Refusal::param("pictureId")),
        }
    }
}

/// The goods of a `picUrl`.
fn goods_of(url: &str, public_url: &str) -> Option<i64> {
    let path = url.strip_prefix(public_url).unwrap_or(url);
    let path = path.split('?').next().unwrap_or(path);
    path.strip_prefix("/goods/")?.strip_suffix("/picture.png")?.parse().ok()
}

/// The goods whose pictures are most like one, at most a hundred, the most like first; the filters are those of a
/// search. There is no `sort` and there are no `facets`.
#[utoipa::path(tag = "goods", params(LikeAsked, SearchAsked), responses((status = 200, description = "One page, or PICTURE_NOT_FOUND, PARAM_INVALID.", body = Envelope<SearchPage>)))]
#[get("/goods/pictureSearch")]
pub async fn search_by_picture(
    market: Shared,
    like: web::Query<LikeAsked>,
    asked: web::Query<SearchAsked>,
) -> Answer<SearchPage> {
    let lang = asked::lang(asked.lang.as_deref())?;
    let size = asked::page_size(asked.page_size.as_deref())?;
    let wanted = asked.unsorted()?;
    let part = like.part()?;
    let question = {
        let mut hasher = DefaultHasher::new();
        (&wanted, &like.picture_id, &like.pic_url, &like.region).hash(&mut hasher);
        hasher.finish()
    };
    let token = asked.page_token.clone().filter(|token| !token.is_empty());
    let after = token.map(|token| likeness::read_token(question, &token).ok_or_else(|| Refusal::param("pageToken")));
    let after = after.transpose()?;
    let page = web::block(move || {
        let (picture, own) = like.picture(&market)?;
        let mut found = market.alike(&picture, part, &wanted)?;
        if part == Window::WHOLE {
            found.iter_mut().filter(|one| Some(one.goods) == own).for_each(|one| one.likeness = NOTHING_DIFFERS);
            found.sort_by_key(|one| (std::cmp::Reverse(one.likeness), one.goods));
        }
        found.truncate(MOST);
        let total = found.len() as u64;
        found.retain(|one| after.is_none_or(|last| comes_after(*one, last)));
        let more = found.len() > size;
        found.truncate(size);
        let next_page_token = found.last().filter(|_| more).map(|last| likeness::write_token(question, *last));
        let goods: Vec<u32> = found.iter().map(|one| one.goods).collect();
        let briefs = briefs(&market, &goods, &wanted.keyword, lang).into_iter();
        let items = briefs.zip(&found).map(|(brief, one)| Brief { likeness: Some(one.likeness), ..brief }).collect();
        Ok::<_, Refusal>(SearchPage { total, next_page_token, corrected_keyword: None, facets: None, items })
    });
    Ok(Sent(page.await.map_err(|_| Refusal::from(Code::SystemError))??))
}

/// Whether a match stands behind another.
fn comes_after(one: Match, last: Match) -> bool {
    (std::cmp::Reverse(one.likeness), one.goods) > (std::cmp::Reverse(last.likeness), last.goods)
}
