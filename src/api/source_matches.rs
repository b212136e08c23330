//! Source matches: `POST /v1/source-matches`, `GET /v1/source-matches/{source_match_id}`.

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION};
use actix_web::web::Data;
use actix_web::{HttpRequest, get, post};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::api::asked::Asked;
use crate::api::gate::Admitted;
use crate::api::operations::op;
use crate::api::payments::MoneyBody;
use crate::api::plain_text::{NO_CONTROL, has_control};
use crate::api::source_match_view::SourceMatchView;
use crate::edge::parts::{Json, Path, Query};
use crate::edge::problem::Problem;
use crate::edge::reply::{self, Reply};
use crate::error::Place;
use crate::model::ids::{ImageId, SourceMatchId};
use crate::model::language::Language;
use crate::model::quote::Quantity;
use crate::sourcing::Sourcing;
use crate::sourcing::matching::terms::{Price, Sold, Uploaded};
use crate::sourcing::matching::{Comparison, MOST_CANDIDATES, MOST_ITEMS, is_link};

const REFERENCE_CHARS: usize = 64;
const TITLE_CHARS: usize = 200;
const LINK_CHARS: usize = 2000;
/// So many candidates are told of each item unless more or fewer are asked for.
const CANDIDATES: u32 = 5;

/// Something that you sell today: a link, a picture or a title, best all of them.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SoldItem)]
pub struct SoldBody {
    /// Your own name of it, shown with what is found.
    #[schema(example = "MUG-350-W", max_length = 64)]
    reference: Option<String>,
    /// Where it is shown: an offer's page of the marketplace (then its own picture and properties are compared), or a
    /// page of any shop, of which the words of the address are read and nothing is fetched.
    #[schema(example = "https://shop.example/products/white-ceramic-mug-350ml", max_length = 2000)]
    link: Option<String>,
    /// A picture of it: an `image_id` from `POST /v1/images`.
    #[schema(example = "img_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    image_id: Option<String>,
    /// What it is called, in the language of the request.
    #[schema(example = "White ceramic mug 350ml", min_length = 2, max_length = 200)]
    title: Option<String>,
    /// What you pay for a piece today, in any currency that prices are shown in; savings are told against it.
    price: Option<MoneyBody>,
    /// How many pieces you would buy.
    #[schema(example = 200, minimum = 1, maximum = 1_000_000)]
    quantity: i64,
}

/// What is to be compared.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSourceMatch)]
pub struct NewSourceMatchBody {
    /// What you sell today.
    #[schema(min_items = 1, max_items = 200)]
    items: Vec<SoldBody>,
    /// Language of your titles and of what is told: zh, en, ja, ko, ru, es, fr, pt, vi, th, ar or id; English when left out.
    #[schema(example = "en")]
    language: Option<String>,
    /// ISO 3166-1 code of the destination; your account's country when left out.
    #[schema(example = "JP")]
    ship_to_country: Option<String>,
    /// Code of the domestic warehouse that freight is told to; the gateway's usual one when left out.
    #[schema(example = "YW01")]
    warehouse: Option<String>,
    /// How many candidates are told of each item; 5 when left out.
    #[schema(example = 5, minimum = 1, maximum = 10)]
    max_candidates: Option<i64>,
}

impl NewSourceMatchBody {
    fn read(&self) -> Result<Comparison, Problem> {
        let mut asked = Asked::default();
        if !(1..=MOST_ITEMS).contains(&self.items.len()) {
            asked.wrong(Place::body("/items", format!("1 to {MOST_ITEMS} items")));
        }
        let items = self.items.iter().enumerate().take(MOST_ITEMS);
        let items: Vec<_> = items.filter_map(|(at, item)| item.read(&mut asked, &format!("/items/{at}"))).collect();
        let language = asked.body::<Language>("/language", self.language.as_deref()).unwrap_or(Language::English);
        let ship_to = asked.body("/ship_to_country", self.ship_to_country.as_deref());
        let warehouse = asked.body("/warehouse", self.warehouse.as_deref());
        let wanted = u32::try_from(self.max_candidates.unwrap_or(CANDIDATES.into())).ok();
        let candidates = wanted.filter(|wanted| (1..=MOST_CANDIDATES).contains(wanted));
        if candidates.is_none() {
            asked.wrong(Place::body("/max_candidates", format!("1 to {MOST_CANDIDATES}")));
        }
        let candidates = candidates.unwrap_or(CANDIDATES);
        asked.done(Some(Comparison { items, ship_to, warehouse, language, candidates }))
    }
}

impl SoldBody {
    fn read(&self, asked: &mut Asked, at: &str) -> Option<Sold> {
        let text = |asked: &mut Asked, name: &str, text: Option<&String>, span: std::ops::RangeInclusive<usize>| {
            let text = text.map(|text| text.trim()).filter(|text| !text.is_empty())?;
            if !span.contains(&text.chars().count()) {
                let detail = format!("{} to {} characters", span.start(), span.end());
                asked.wrong(Place::body(&format!("{at}/{name}"), detail));
            }
            if has_control(text) {
                asked.wrong(Place::body(&format!("{at}/{name}"), NO_CONTROL));
            }
            Some(text.to_owned())
        };
        let reference = text(asked, "reference", self.reference.as_ref(), 1..=REFERENCE_CHARS);
        let link = text(asked, "link", self.link.as_ref(), 1..=LINK_CHARS);
        if link.as_deref().is_some_and(|link| !is_link(link)) {
            asked.wrong(Place::body(&format!("{at}/link"), "a whole link that begins with https:// or http://"));
        }
        let title = text(asked, "title", self.title.as_ref(), 2..=TITLE_CHARS);
        let image = asked.body::<ImageId>(&format!("{at}/image_id"), self.image_id.as_deref());
        if link.is_none() && title.is_none() && self.image_id.is_none() {
            asked.wrong(Place::body(at, "give a link, an image_id or a title"));
        }
        let price = self.price.as_ref().and_then(|money| money.read(asked, &format!("{at}/price")));
        if price.is_some_and(|price| price.minor == 0) {
            asked.wrong(Place::body(&format!("{at}/price/amount"), "more than nothing"));
        }
        let quantity = Quantity::new(self.quantity);
        if quantity.is_none() {
            asked.wrong(Place::body(&format!("{at}/quantity"), "1 to 1000000"));
        }
        let price = price.map(|price| Price { minor: price.minor, currency: price.currency.code().to_owned() });
        let image = image.map(|id| Uploaded { id: id.to_string(), catalogue_id: String::new() });
        Some(Sold { reference, link, image, title, price, quantity: quantity?.get() })
    }
}

/// Takes what you sell today and answers what the catalogue has in its place, side by side: how sure it is that it is the
/// same item and why, what it costs at your quantity with freight to the warehouse, and what it saves. One item is
/// compared at once (200); several become a job (202) that you read at `Location` until it is `finished`. Each item has
/// its own outcome: one that cannot be compared says why and holds up no other.
#[utoipa::path(tag = "Source exchange", request_body = NewSourceMatchBody, responses(
    (status = 200, description = "Compared", body = SourceMatchView,
        headers(("Location" = String, description = "The comparison; kept for seven days"))),
    (status = 202, description = "Being compared; read it at `Location`", body = SourceMatchView,
        headers(("Location" = String, description = "The comparison; kept for seven days"), ("Retry-After" = u32, description = "Seconds"))),
    (status = 400, description = "`invalid_request`"),
    (status = 429, description = "`source_matches_waiting`: too many of your items wait; also the usual limits"),
))]
#[post("/v1/source-matches")]
pub async fn create_source_match(
    request: HttpRequest,
    call: Admitted<op::CreateSourceMatch, Json<NewSourceMatchBody>>,
    sourcing: Data<Sourcing>,
) -> Reply {
    let wish = call.parts.0.read()?;
    let compared = sourcing.match_sources(&call.caller, wish).await?;
    let finished = compared.whole.done == compared.whole.items;
    let status = if finished { StatusCode::OK } else { StatusCode::ACCEPTED };
    let body = serde_json::to_vec(&SourceMatchView::from(&compared)).unwrap_or_default();
    let mut response = reply::bytes(&request, status, body);
    let location = HeaderValue::try_from(format!("/v1/source-matches/{}", compared.whole.id));
    if let Ok(location) = location {
        response.headers_mut().insert(LOCATION, location);
    }
    if !finished {
        response.headers_mut().insert(actix_web::http::header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    Ok(response)
}

/// Names a comparison.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct SourceMatchPath {
    /// Id of the comparison.
    #[param(example = "smt_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    source_match_id: String,
}

/// Which of its items to read.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SourceMatchQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many: 1 to 50, 20 when left out.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 50)]
    limit: Option<String>,
}

/// The path and query of a reader.
type ReadParts = (Path<SourceMatchPath>, Query<SourceMatchQuery>);

/// Reads a comparison: how far it is, and a page of its items in the order in which you gave them.
#[utoipa::path(tag = "Source exchange", params(SourceMatchPath, SourceMatchQuery), responses(
    (status = 200, description = "Its progress and a page of its items", body = SourceMatchView),
    (status = 304, description = "You hold this page already; it costs nothing"),
    (status = 404, description = "`source_match_not_found`"),
))]
#[get("/v1/source-matches/{source_match_id}")]
pub async fn get_source_match(
    request: HttpRequest,
    call: Admitted<op::GetSourceMatch, ReadParts>,
    sourcing: Data<Sourcing>,
) -> Reply {
    let (Path(path), Query(query)) = &call.parts;
    let mut asked = Asked::default();
    let id = asked.path::<SourceMatchId>("source_match_id", &path.source_match_id);
    let size = asked.size(query.limit.as_deref());
    let cursor = asked.cursor(query.cursor.as_deref());
    let id = asked.done(id)?;
    let compared = sourcing.compared(&call.caller, &id, cursor.as_ref(), size).await?;
    reply::read(&request, &SourceMatchView::from(&compared))
}

#[cfg(test)]
mod tests {
    use super::NewSourceMatchBody;
    use serde_json::{Value, json};

    fn pointers(body: Value) -> Vec<String> {
        let body: NewSourceMatchBody = serde_json::from_value(body).unwrap();
        let problem = body.read().unwrap_err();
        let document: Value = serde_json::from_slice(&problem.render("req", "/")).unwrap();
        let errors = document["errors"].as_array().unwrap();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_wish_is_read_whole() {
        let body =
            json!({"items": [{"title": " mug ", "quantity": 5, "price": {"amount": "3.10", "currency": "USD"}}]});
        let wish = serde_json::from_value::<NewSourceMatchBody>(body).unwrap().read().unwrap();
        let price = wish.items[0].price.clone().unwrap();
        assert_eq!((price.minor, price.currency.as_str(), wish.candidates), (310, "USD", 5));
        assert_eq!(wish.items[0].title.as_deref(), Some("mug"));
    }

    #[test]
    fn every_wrong_member_is_named() {
        let wrong = json!({
            "items": [
                {"quantity": 5},
                {"title": "x", "link": "mug", "quantity": 0, "price": {"amount": "0.00", "currency": "USD"}},
                {"title": "a\u{7}b", "quantity": 1, "price": {"amount": "1", "currency": "yen"}, "reference": "x".repeat(65)},
            ],
            "language": "xx", "ship_to_country": "XX", "warehouse": "?", "max_candidates": 11,
        });
        let expected = [
            "#/items/0",
            "#/items/1/link",
            "#/items/1/title",
            "#/items/1/price/amount",
            "#/items/1/quantity",
            "#/items/2/reference",
            "#/items/2/title",
            "#/items/2/price/currency",
            "#/language",
            "#/ship_to_country",
            "#/warehouse",
            "#/max_candidates",
        ];
        assert_eq!(pointers(wrong), expected);
        assert_eq!(pointers(json!({"items": []})), ["#/items"]);
        let many: Vec<Value> = (0..201).map(|_| json!({"title": "mug", "quantity": 1})).collect();
        assert_eq!(pointers(json!({"items": many})), ["#/items"]);
    }
}
