//! The query of a search: words from a URL to a `Search` and its audience, every complaint at once.

use actix_web::HttpRequest;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use crate::api::asked::Asked;
use crate::catalog::Audience;
use crate::edge::problem::Problem;
use crate::error::Place;
use crate::model::ids::{ImageId, OfferId};
use crate::model::money::{Currency, Money};
use crate::model::partner::Caller;
use crate::model::picture::Region;
use crate::model::search::{Filters, Search, Sort};
use crate::model::supplier::Badge;

const LONGEST_WORDS: usize = 200;
const LONGEST_ADDRESS: usize = 2_000;

/// What is looked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SearchQuery {
    /// Words in any of the twelve languages, at most 200 characters.
    #[param(example = "植木鉢", max_length = 200)]
    q: Option<String>,
    /// A picture that `POST /v1/images` took in: offers whose pictures are most like it, at most a hundred, the most
    /// like first, each with `score`. All filters apply; `sort` and `facets` do not go with it. Costs 10.
    #[param(example = "img_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    image_id: Option<String>,
    /// The same by an offer's picture: its `image_url`, or the address of the offer's page at the marketplace. Costs 10.
    #[param(max_length = 2000)]
    image_url: Option<String>,
    /// Only this part of the picture: left, top, right and bottom as shares of its sides from 0 to 1.
    #[param(example = "0.1,0.2,0.9,0.8")]
    region: Option<String>,
    /// Only this category and those below it.
    #[param(example = "1001")]
    category: Option<String>,
    /// Lowest price of a piece at least this, in the asked currency.
    #[param(example = "50")]
    price_min: Option<String>,
    /// Lowest price of a piece at most this, in the asked currency.
    #[param(example = "500")]
    price_max: Option<String>,
    /// Minimum order at most so many pieces.
    #[param(value_type = Option<u32>, minimum = 1, example = 10)]
    minimum_order_max: Option<String>,
    /// Only this supplier.
    supplier: Option<String>,
    /// Sent within so many hours.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 720, example = 48)]
    ships_within: Option<String>,
    /// Listed within so many days.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 365, example = 30)]
    new_within_days: Option<String>,
    /// At least so many pieces sold in seven days.
    #[param(value_type = Option<u32>, minimum = 0, example = 10)]
    sold_7d_min: Option<String>,
    /// At least so many pieces sold in thirty days.
    #[param(value_type = Option<u32>, minimum = 0, example = 50)]
    sold_30d_min: Option<String>,
    /// Only offers of which single pieces are sent too.
    #[param(value_type = Option<bool>)]
    one_piece: Option<String>,
    /// Only offers whose supplier makes them.
    #[param(value_type = Option<bool>)]
    factory: Option<String>,
    /// Only offers with free returns.
    #[param(value_type = Option<bool>)]
    free_return: Option<String>,
    /// Only suppliers with this badge.
    #[param(schema_with = badges)]
    badge: Option<String>,
    /// ISO 3166-1 country the goods go to: offers that may not be sold there are left out.
    #[param(example = "JP")]
    ship_to: Option<String>,
    /// Only offers with these attributes: `attribute_id:value` in Chinese, with `;` between several. Values of one
    /// attribute are alternatives. `facets` and `GET /v1/categories/{category_id}` tell what there is.
    #[param(example = "287:陶瓷;287:玻璃")]
    attributes: Option<String>,
    /// Count all matches by category, price, badge and more.
    #[param(value_type = Option<bool>)]
    facets: Option<String>,
    /// In which order; by relevance unless asked.
    #[param(schema_with = sorts)]
    sort: Option<String>,
    /// `next_cursor` of the page before; everything else but `limit`, `language` must stay as it was.
    #[param(max_length = 2048)]
    cursor: Option<String>,
    /// How many offers a page holds; 20 unless asked.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 50, example = 20)]
    limit: Option<String>,
    /// Language of texts: zh, en, ja, ko, ru, es, fr, pt, vi, th, ar or id; a region such as pt-BR may follow.
    /// Without it `Accept-Language` is asked, then English is taken.
    #[param(example = "ja")]
    language: Option<String>,
    /// Currency of prices and price bounds, an ISO 4217 code; CNY unless asked.
    #[param(example = "JPY")]
    currency: Option<String>,
}

fn sorts() -> Object {
    let names = Sort::ALL.iter().map(|sort| sort.name());
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).build()
}

fn badges() -> Object {
    let names = Badge::ALL.iter().map(|badge| badge.name());
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).build()
}

/// What is looked for among the offers of one supplier.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct OwnOffersQuery {
    /// Words in any of the twelve languages, at most 200 characters.
    #[param(max_length = 200)]
    q: Option<String>,
    /// Only this category and those below it.
    category: Option<String>,
    /// Lowest price of a piece at least this, in the asked currency.
    price_min: Option<String>,
    /// Lowest price of a piece at most this, in the asked currency.
    price_max: Option<String>,
    /// Minimum order at most so many pieces.
    #[param(value_type = Option<u32>, minimum = 1)]
    minimum_order_max: Option<String>,
    /// ISO 3166-1 country the goods go to: offers that may not be sold there are left out.
    ship_to: Option<String>,
    /// In which order; by relevance unless asked.
    #[param(schema_with = sorts)]
    sort: Option<String>,
    /// `next_cursor` of the page before; everything else but `limit`, `language` must stay as it was.
    #[param(max_length = 2048)]
    cursor: Option<String>,
    /// How many offers a page holds; 20 unless asked.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 50)]
    limit: Option<String>,
    /// Language of texts: zh, en, ja, ko, ru, es, fr, pt, vi, th, ar or id; a region such as pt-BR may follow.
    #[param(example = "ja")]
    language: Option<String>,
    /// Currency of prices and price bounds, an ISO 4217 code; CNY unless asked.
    #[param(example = "JPY")]
    currency: Option<String>,
}

impl OwnOffersQuery {
    /// The same as a search of all offers that is not yet told whose.
    pub fn search(&self) -> SearchQuery {
        SearchQuery {
            q: self.q.clone(),
            category: self.category.clone(),
            price_min: self.price_min.clone(),
            price_max: self.price_max.clone(),
            minimum_order_max: self.minimum_order_max.clone(),
            ship_to: self.ship_to.clone(),
            sort: self.sort.clone(),
            cursor: self.cursor.clone(),
            limit: self.limit.clone(),
            language: self.language.clone(),
            currency: self.currency.clone(),
            ..SearchQuery::default()
        }
    }
}

/// A picture that is named in a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// One that was uploaded.
    Image(ImageId),
    /// An offer's own.
    Offer(OfferId),
}

/// What is looked for, before the picture that is named was looked up.
#[derive(Debug)]
pub struct Sought {
    /// For whom.
    pub audience: Audience,
    /// What, but for the picture.
    pub search: Search,
    /// The picture, and the part of it.
    pub picture: Option<(Named, Option<Region>)>,
}

impl SearchQuery {
    /// The search and for whom it is, or every wrong parameter; `offer_at` knows which addresses are pictures of offers.
    pub fn read(
        &self,
        request: &HttpRequest,
        caller: &Caller,
        offer_at: impl Fn(&str) -> Option<OfferId>,
    ) -> Result<Sought, Problem> {
        let mut asked = Asked::default();
        let picture = self.picture(&mut asked, offer_at);
        let (audience, search) = self.read_with(asked, request, caller)?;
        Ok(Sought { audience, search, picture })
    }

    /// The picture that is named; what does not go with one is refused.
    fn picture(
        &self,
        asked: &mut Asked,
        offer_at: impl Fn(&str) -> Option<OfferId>,
    ) -> Option<(Named, Option<Region>)> {
        let region = asked.query::<Region>("region", self.region.as_deref());
        let image = asked.query::<ImageId>("image_id", self.image_id.as_deref()).map(Named::Image);
        let offer = self.image_url.as_deref().and_then(|address| {
            let offer = offer_at(address).filter(|_| address.len() <= LONGEST_ADDRESS);
            if offer.is_none() {
                asked.wrong(Place::query("image_url", "an offer's image_url, or the address of its page at the marketplace; no other address is looked at"));
            }
            offer.map(Named::Offer)
        });
        let is_by_picture = self.image_id.is_some() || self.image_url.is_some();
        if self.image_id.is_some() && self.image_url.is_some() {
            asked.wrong(Place::query("image_url", "give either image_id or image_url"));
        }
        if self.region.is_some() && !is_by_picture {
            asked.wrong(Place::query("region", "only with image_id or image_url"));
        }
        // A word that names no order is refused as such.
        let sort = self.sort.as_deref().and_then(|sort| sort.parse::<Sort>().ok());
        if is_by_picture && sort.is_some_and(|sort| sort != Sort::Relevance) {
            asked.wrong(Place::query("sort", "only relevance: offers found by a picture are in order of likeness"));
        }
        if is_by_picture && self.facets.as_deref() == Some("true") {
            asked.wrong(Place::query("facets", "only false: offers found by a picture are not counted"));
        }
        image.or(offer).map(|named| (named, region))
    }

    /// The same with complaints about other parts of the request.
    pub fn read_with(
        &self,
        mut asked: Asked,
        request: &HttpRequest,
        caller: &Caller,
    ) -> Result<(Audience, Search), Problem> {
        let audience = asked.audience(request, caller, self.language.as_deref(), self.currency.as_deref());
        let search = Search {
            words: self.words(&mut asked),
            alike: None,
            category: asked.query("category", self.category.as_deref()),
            price_min: bound(&mut asked, "price_min", self.price_min.as_deref(), audience.currency),
            price_max: bound(&mut asked, "price_max", self.price_max.as_deref(), audience.currency),
            minimum_order_max: asked.number("minimum_order_max", self.minimum_order_max.as_deref(), 1..=u32::MAX),
            supplier: asked.query("supplier", self.supplier.as_deref()),
            filters: self.filters(&mut asked),
            facets: asked.flag("facets", self.facets.as_deref()),
            sort: asked.query::<Sort>("sort", self.sort.as_deref()).unwrap_or_default(),
            cursor: asked.cursor(self.cursor.as_deref()),
            size: asked.size(self.limit.as_deref()),
        };
        if let (Some(low), Some(high)) = (search.price_min, search.price_max)
            && low.minor > high.minor
        {
            asked.wrong(Place::query("price_max", "an amount that is not below price_min"));
        }
        asked.done(Some((audience, search)))
    }

    fn words(&self, asked: &mut Asked) -> Option<String> {
        let words = self.q.as_deref()?.trim();
        if words.chars().count() > LONGEST_WORDS || words.chars().any(char::is_control) {
            asked.wrong(Place::query(
                "q",
                format!("at most {LONGEST_WORDS} characters, none of them a control character"),
            ));
        }
        (!words.is_empty()).then(|| words.to_owned())
    }

    fn filters(&self, asked: &mut Asked) -> Filters {
        Filters {
            ships_within_h: asked.number("ships_within", self.ships_within.as_deref(), 1..=720),
            new_within_days: asked.number("new_within_days", self.new_within_days.as_deref(), 1..=365),
            sold_7d_min: asked.number("sold_7d_min", self.sold_7d_min.as_deref(), 0..=u32::MAX),
            sold_30d_min: asked.number("sold_30d_min", self.sold_30d_min.as_deref(), 0..=u32::MAX),
            one_piece: asked.flag("one_piece", self.one_piece.as_deref()),
            factory: asked.flag("factory", self.factory.as_deref()),
            free_return: asked.flag("free_return", self.free_return.as_deref()),
            badge: asked.query("badge", self.badge.as_deref()),
            ship_to: asked.query("ship_to", self.ship_to.as_deref()),
            attributes: asked.query("attributes", self.attributes.as_deref()).unwrap_or_default(),
        }
    }
}

fn bound(asked: &mut Asked, name: &str, text: Option<&str>, currency: Currency) -> Option<Money> {
    let read = Money::parse(text?, currency);
    read.map_err(|why| asked.wrong(Place::query(name, format!("{why}; it is {}", currency.code())))).ok()
}

#[cfg(test)]
mod tests {
    use super::{Named, SearchQuery, Sought};
    use crate::model::language::Language;
    use crate::model::partner::{Caller, Mode, Partner, Scopes};
    use crate::model::plan::Plan;
    use crate::model::search::Sort;
    use actix_web::test::TestRequest;
    use std::sync::Arc;

    fn caller() -> Caller {
        let plan = Plan { id: "starter".into(), policies: vec![], in_flight: 1, price_tier: "gold".into() };
        let partner = Partner {
            id: "acme".parse().unwrap(),
            name: "Acme".into(),
            country: "JP".into(),
            suspended: false,
            plan: Arc::new(plan),
        };
        Caller { partner: Arc::new(partner), key_id: "k".into(), mode: Mode::Live, scopes: Scopes::all() }
    }

    fn pointers(query: &SearchQuery) -> Vec<String> {
        let request = TestRequest::default().to_http_request();
        let problem = query.read(&request, &caller(), |_| None).unwrap_err();
        let document: serde_json::Value = serde_json::from_slice(&problem.render("req", "/")).unwrap();
        let errors = document["errors"].as_array().unwrap();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn a_search_is_read_with_its_audience() {
        let query = SearchQuery {
            q: some(" 鉢 "),
            price_min: some("50"),
            sort: some("sold"),
            limit: some("7"),
            currency: some("JPY"),
            ..SearchQuery::default()
        };
        let request = TestRequest::default().insert_header(("accept-language", "de, ja;q=0.8")).to_http_request();
        let Sought { audience, search, picture } = query.read(&request, &caller(), |_| None).unwrap();
        assert!(picture.is_none());
        assert_eq!((audience.language, &*audience.price_tier), (Language::Japanese, "gold"));
        assert_eq!((search.words.as_deref(), search.sort, search.size.get()), (Some("鉢"), Sort::Sold, 7));
        assert_eq!(search.price_min.unwrap().amount(), "50");
    }

    #[test]
    fn every_wrong_parameter_is_named_in_one_answer() {
        let query = SearchQuery {
            q: some("a\u{0}b"),
            image_id: some("vch_1"),
            image_url: some("http://169.254.169.254/pictures/7.png"),
            region: some("0,0,9,9"),
            category: some("pots"),
            price_min: some("1.5"),
            price_max: some("-3"),
            minimum_order_max: some("0"),
            supplier: some(""),
            ships_within: some("soon"),
            new_within_days: some("366"),
            sold_7d_min: some("-1"),
            sold_30d_min: some("x"),
            one_piece: some("Y"),
            factory: some("1"),
            free_return: some(""),
            badge: some("shiny"),
            ship_to: some("jp"),
            attributes: some("material"),
            facets: some("all"),
            sort: some("up"),
            cursor: some(&"x".repeat(3000)),
            limit: some("51"),
            language: some("xx"),
            currency: some("JPY"),
        };
        let mut named = pointers(&query);
        named.sort();
        let wanted = "attributes badge category cursor facets factory free_return image_id image_url image_url language limit minimum_order_max \
                      new_within_days one_piece price_max price_min q region ship_to ships_within sold_30d_min sold_7d_min \
                      sort supplier";
        let wanted: Vec<_> = wanted.split_whitespace().map(|name| format!("query:{name}")).collect();
        assert_eq!(named, wanted);
    }

    #[test]
    fn what_does_not_go_with_a_picture_is_refused() {
        let image = some(&format!("img_{}", "0".repeat(32)));
        let with = |query: SearchQuery| pointers(&SearchQuery { image_id: image.clone(), ..query });
        assert_eq!(with(SearchQuery { sort: some("sold"), ..SearchQuery::default() }), ["query:sort"]);
        assert_eq!(with(SearchQuery { facets: some("true"), ..SearchQuery::default() }), ["query:facets"]);
        assert_eq!(pointers(&SearchQuery { region: some("0,0,1,1"), ..SearchQuery::default() }), ["query:region"]);
        let fits = SearchQuery {
            image_id: image.clone(),
            region: some("0.1,0.1,0.9,0.9"),
            q: some("杯"),
            sort: some("relevance"),
            facets: some("false"),
            ..SearchQuery::default()
        };
        let sought = fits.read(&TestRequest::default().to_http_request(), &caller(), |_| None).unwrap();
        assert!(matches!(sought.picture, Some((Named::Image(_), Some(_)))));
        let own = SearchQuery { image_url: some("here"), ..SearchQuery::default() };
        let offer_at = |address: &str| (address == "here").then_some(crate::model::ids::OfferId::new(7));
        let sought = own.read(&TestRequest::default().to_http_request(), &caller(), offer_at).unwrap();
        assert!(matches!(sought.picture, Some((Named::Offer(id), None)) if id.number() == 7));
    }

    #[test]
    fn bounds_must_leave_room() {
        let query = SearchQuery { price_min: some("5"), price_max: some("4.99"), ..SearchQuery::default() };
        assert_eq!(pointers(&query), ["query:price_max"]);
    }
}
