//! Where visitors are sent: `/v1/storefront` for partners, `GET /go/{offer_id}` for anyone's browser, without signature and
//! outside `/v1`.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse, get, put};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::asked::Asked;
use crate::api::gate::{Admitted, Gate};
use crate::api::operations::op;
use crate::catalog::{self, Audience, Catalog};
use crate::edge::address;
use crate::edge::parts::{Json, Part, Path, Query};
use crate::edge::problem::Problem;
use crate::edge::reply::{self, Reply};
use crate::error::{Code, Place};
use crate::model::ids::OfferId;
use crate::model::language::Language;
use crate::model::partner::Mode;
use crate::model::quote::Country;
use crate::model::referral::Storefront;
use crate::referrals::{self, Referrals, StorefrontWish, Visitor};

const MOST_WORDS: usize = 250;
const MOST_WEIGHT: u32 = 1_000;
/// A visitor does not wait longer for what the catalogue says of the offer.
const LOOKED_WITHIN: Duration = Duration::from_secs(1);
/// A browser tells no more languages than this.
const MOST_LANGUAGES: usize = 12;

/// The header by which a trusted proxy tells a visitor's country; empty when none does.
#[derive(Clone, Debug, Default)]
pub struct CountryHeader(pub Option<HeaderName>);

/// Where visitors of your offers are to be sent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewStorefront)]
pub struct StorefrontBody {
    /// The https address of an offer's page on one of the hosts that the operator registered for you. `{offer_id}` and
    /// `{click_id}` stand in it once each; `{language}` and `{country}` may.
    #[schema(example = "https://shop.example/offers/{offer_id}?ref={click_id}&lang={language}", max_length = 500)]
    template: String,
    /// ISO 3166-1 codes: only visitors from there; all when left out or empty.
    #[schema(example = json!(["JP"]), max_items = 250)]
    countries: Option<Vec<String>>,
    /// Only visitors who read one of these: zh, en, ja, ko, ru, es, fr, pt, vi, th, ar or id; all when left out or empty.
    #[schema(example = json!(["ja", "en"]), max_items = 250)]
    languages: Option<Vec<String>>,
    /// Your share among all partners that fit a visitor equally well; 100 when left out, 0 for none.
    #[schema(minimum = 0, maximum = 1000, example = 100)]
    weight: Option<u32>,
    /// `false`: nobody is sent to you.
    #[schema(example = true)]
    enabled: Option<bool>,
}

/// Where visitors of your offers are sent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Storefront)]
pub struct StorefrontView {
    /// The address of an offer's page, with places to fill in.
    #[schema(example = "https://shop.example/offers/{offer_id}?ref={click_id}&lang={language}")]
    template: String,
    /// Only visitors from these countries; empty for all.
    #[schema(example = json!(["JP"]))]
    countries: Vec<String>,
    /// Only visitors who read one of these; empty for all.
    #[schema(example = json!(["ja", "en"]))]
    languages: Vec<&'static str>,
    /// Your share among all that fit a visitor equally well.
    weight: u32,
    /// Whether anybody is sent to you. The operator's taking a host away sets it to false.
    enabled: bool,
    /// Grows with each change.
    version: u32,
    /// When it was changed last.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// Sets where visitors of your offers are sent from the marketplace's own pages.
///
/// A visitor is sent by his country, then by his language, then by weight. The `click_id` in your address is signed: name it
/// as `referral` in the order that comes of it within 30 days, and the order is known to have come so. It counts within
/// a second.
#[utoipa::path(tag = "Account", request_body = StorefrontBody, responses(
    (status = 200, description = "Set", body = StorefrontView),
    (status = 400, description = "`invalid_request`: also a template that leads to a host that is not registered for you"),
))]
#[put("/v1/storefront")]
pub async fn set_storefront(
    request: HttpRequest,
    call: Admitted<op::SetStorefront, Json<StorefrontBody>>,
    referrals: Data<Referrals>,
) -> Reply {
    let wish = call.parts.0.read()?;
    let set = referrals.set_storefront(&call.caller, &wish).await?;
    reply::written(&request, StatusCode::OK, &StorefrontView::from(&set))
}

/// Reads where visitors of your offers are sent.
#[utoipa::path(tag = "Account", responses(
    (status = 200, description = "Your storefront", body = StorefrontView),
    (status = 304, description = "Nothing changed; it costs nothing"),
    (status = 404, description = "`storefront_not_found`: you have set none yet"),
))]
#[get("/v1/storefront")]
pub async fn get_storefront(
    request: HttpRequest,
    call: Admitted<op::GetStorefront>,
    referrals: Data<Referrals>,
) -> Reply {
    reply::read(&request, &StorefrontView::from(&referrals.storefront(&call.caller).await?))
}

#[derive(Debug, Deserialize)]
struct GoPath {
    offer_id: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct GoQuery {
    mode: Option<String>,
}

/// Sends a visitor to a collaborating partner's page of an offer, unless the offer is not to be had.
#[get("/go/{offer_id}")]
pub async fn go(
    request: HttpRequest,
    referrals: Data<Referrals>,
    catalog: Data<Catalog>,
    country: Data<CountryHeader>,
    gate: Data<Gate>,
) -> Reply {
    let address = address::caller(&request, &gate.trusted_proxies);
    if let Some(seconds) = gate.strangers.charge(address, None) {
        return Err(Problem::new(Code::RateLimited).retry_after(seconds));
    }
    let (Path(path), Query(query)): (Path<GoPath>, Query<GoQuery>) =
        Part::take(&request, &Bytes::new()).map_err(Problem::from)?;
    let mut asked = Asked::default();
    let offer = asked.path::<OfferId>("offer_id", &path.offer_id);
    let mode = match query.mode.as_deref() {
        None | Some("live") => Mode::Live,
        Some("sandbox") => Mode::Sandbox,
        Some(_) => {
            asked.wrong(Place::query("mode", "one of live, sandbox"));
            Mode::Live
        }
    };
    let offer = asked.done(offer)?;
    let visitor = Visitor { country: told(&request, &country, &gate), languages: accepted(&request) };
    let visitor = referrals.located(visitor);
    if !referrals.sends(mode, &visitor) {
        return Err(referrals::Error::Nowhere.into());
    }
    check_there(&catalog, mode, offer, visitor.country.as_ref()).await?;
    let page = referrals.send(mode, offer, visitor)?;
    let location = HeaderValue::from_str(&page).map_err(|_| Problem::new(Code::Internal))?;
    Ok(HttpResponse::Found()
        .insert_header((header::LOCATION, location))
        .insert_header((header::CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header((header::REFERRER_POLICY, HeaderValue::from_static("origin")))
        .insert_header((HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex, nofollow")))
        .finish())
}

/// Refuses an offer that is not to be had where the visitor is, as far as that is known in time. A catalogue that does not
/// answer keeps no visitor from a shop.
async fn check_there(catalog: &Catalog, mode: Mode, offer: OfferId, country: Option<&Country>) -> Result<(), Problem> {
    let audience = Audience::anyone(mode);
    let Ok(told) = tokio::time::timeout(LOOKED_WITHIN, catalog.ask(&audience, &offer)).await else {
        return Ok(());
    };
    use catalog::Error::{OfferForeign, OfferHeld, OfferNotFound};
    match told {
        Ok(answer) => match country.map(Country::as_str) {
            Some(country) if answer.found.restricted_countries.iter().any(|one| one == country) => {
                Err(Problem::new(Code::OfferHeld)
                    .detail(format!("Offer {offer} may not be sold to {country}; look for another one.")))
            }
            _ => Ok(()),
        },
        Err(error @ (OfferNotFound(_) | OfferHeld(_) | OfferForeign(_))) => Err(error.into()),
        Err(error) => {
            tracing::debug!(%error, %offer, "a visitor is sent though nobody said whether the offer is there");
            Ok(())
        }
    }
}

/// The country that a trusted proxy tells.
fn told(request: &HttpRequest, country: &CountryHeader, gate: &Gate) -> Option<Country> {
    let name = country.0.as_ref()?;
    let peer = request.peer_addr()?.ip().to_canonical();
    if !address::is_trusted(peer, &gate.trusted_proxies) {
        return None;
    }
    request.headers().get(name)?.to_str().ok()?.trim().parse().ok()
}

/// The languages a browser tells, best first.
fn accepted(request: &HttpRequest) -> Vec<Language> {
    let field = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let one = |range: &str| {
        let (tag, rest) = range.split_once(';').unwrap_or((range, ""));
        let quality = rest.trim().strip_prefix("q=").map_or(Some(1.0), |quality| quality.parse::<f32>().ok())?;
        Some((tag.trim().parse::<Language>().ok()?, quality)).filter(|(_, quality)| *quality > 0.0)
    };
    let mut ranges: Vec<_> = field.split(',').take(MOST_LANGUAGES).filter_map(one).collect();
    ranges.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    let mut languages = Vec::new();
    for (language, _) in ranges {
        if !languages.contains(&language) {
            languages.push(language);
        }
    }
    languages
}

impl StorefrontBody {
    fn read(&self) -> Result<StorefrontWish, Problem> {
        let mut asked = Asked::default();
        let weight = self.weight.unwrap_or(100);
        if weight > MOST_WEIGHT {
            asked.wrong(Place::body("/weight", format!("a whole number from 0 to {MOST_WEIGHT}")));
        }
        let wish = StorefrontWish {
            template: self.template.clone(),
            countries: words(&mut asked, "/countries", self.countries.as_deref()),
            languages: words(&mut asked, "/languages", self.languages.as_deref()),
            weight,
            enabled: self.enabled.unwrap_or(true),
        };
        asked.done(Some(wish))
    }
}

fn words<T>(asked: &mut Asked, pointer: &str, given: Option<&[String]>) -> Vec<T>
where
    T: std::str::FromStr + PartialEq,
    T::Err: std::fmt::Display,
{
    let given = given.unwrap_or_default();
    if given.len() > MOST_WORDS {
        asked.wrong(Place::body(pointer, format!("at most {MOST_WORDS}")));
        return Vec::new();
    }
    let mut words: Vec<T> = Vec::new();
    for (place, text) in given.iter().enumerate() {
        if let Some(word) = asked.body::<T>(&format!("{pointer}/{place}"), Some(text))
            && !words.contains(&word)
        {
            words.push(word);
        }
    }
    words
}

impl From<&Storefront> for StorefrontView {
    fn from(storefront: &Storefront) -> Self {
        Self {
            template: storefront.template.clone(),
            countries: storefront.countries.iter().map(Country::to_string).collect(),
            languages: storefront.languages.iter().map(|language| language.tag()).collect(),
            weight: storefront.weight,
            enabled: storefront.enabled,
            version: storefront.version,
            updated_at: Timestamp::from_millisecond(storefront.updated_at).unwrap_or_default().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::accepted;
    use crate::model::language::Language;
    use actix_web::test::TestRequest;

    #[test]
    fn languages_are_told_best_first_and_each_once() {
        let of = |field: &str| {
            let request = TestRequest::default().insert_header(("accept-language", field)).to_http_request();
            accepted(&request).iter().map(|language: &Language| language.tag()).collect::<Vec<_>>()
        };
        assert_eq!(of("en;q=0.5, ja, ja-JP;q=0.9, de, ko;q=0"), ["ja", "en"]);
        assert_eq!(of("*"), [""; 0]);
        assert_eq!(of("ja;q=x, en"), ["en"]);
    }
}
