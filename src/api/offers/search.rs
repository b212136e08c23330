//! The query of a search: words from a URL to a `Search` and its audience, every complaint at once.

use actix_web::HttpRequest;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

use crate::api::asked::Asked;
use crate::catalog::Audience;
use crate::edge::problem::Problem;
use crate::error::Place;
use crate::model::money::{Currency, Money};
use crate::model::partner::Caller;
use crate::model::search::{Filters, Search, Sort};
use crate::model::supplier::Badge;

const LONGEST_WORDS: usize = 200;

/// What is looked for.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct SearchQuery {
    /// Words in any of the twelve languages, at most 200 characters.
    #[param(example = "植木鉢", max_length = 200)]
    q: Option<String>,
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

impl SearchQuery {
    /// The search and for whom it is, or every wrong parameter.
    pub fn read(&self, request: &HttpRequest, caller: &Caller) -> Result<(Audience, Search), Problem> {
        self.read_with(Asked::default(), request, caller)
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
    read.map_err(|why| asked.wrong(Place::query(name, format!("{why} {}", currency.code())))).ok()
}

#[cfg(test)]
mod tests {
    use super::SearchQuery;
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
        let problem = query.read(&request, &caller()).unwrap_err();
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
        let (audience, search) = query.read(&request, &caller()).unwrap();
        assert_eq!((audience.language, &*audience.price_tier), (Language::Japanese, "gold"));
        assert_eq!((search.words.as_deref(), search.sort, search.size.get()), (Some("鉢"), Sort::Sold, 7));
        assert_eq!(search.price_min.unwrap().amount(), "50");
    }

    #[test]
    fn every_wrong_parameter_is_named_in_one_answer() {
        let query = SearchQuery {
            q: some("a\u{0}b"),
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
        let wanted = "attributes badge category cursor facets factory free_return language limit minimum_order_max \
                      new_within_days one_piece price_max price_min q ship_to ships_within sold_30d_min sold_7d_min \
                      sort supplier";
        let wanted: Vec<_> = wanted.split_whitespace().map(|name| format!("query:{name}")).collect();
        assert_eq!(named, wanted);
    }

    #[test]
    fn bounds_must_leave_room() {
        let query = SearchQuery { price_min: some("5"), price_max: some("4.99"), ..SearchQuery::default() };
        assert_eq!(pointers(&query), ["query:price_max"]);
    }
}
