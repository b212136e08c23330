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
use crate::model::page::{Cursor, PageSize};
use crate::model::partner::Caller;
use crate::model::search::{Search, Sort};

const LONGEST_WORDS: usize = 200;
const LONGEST_CURSOR: usize = 2048;

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

impl SearchQuery {
    /// The search and for whom it is, or every wrong parameter.
    pub fn read(&self, request: &HttpRequest, caller: &Caller) -> Result<(Audience, Search), Problem> {
        let mut asked = Asked::default();
        let audience = asked.audience(request, caller, self.language.as_deref(), self.currency.as_deref());
        let search = Search {
            words: self.words(&mut asked),
            category: asked.query("category", self.category.as_deref()),
            price_min: bound(&mut asked, "price_min", self.price_min.as_deref(), audience.currency),
            price_max: bound(&mut asked, "price_max", self.price_max.as_deref(), audience.currency),
            minimum_order_max: self.minimum(&mut asked),
            supplier: asked.query("supplier", self.supplier.as_deref()),
            sort: asked.query::<Sort>("sort", self.sort.as_deref()).unwrap_or_default(),
            cursor: self.mark(&mut asked),
            size: self.size(&mut asked),
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

    fn minimum(&self, asked: &mut Asked) -> Option<u32> {
        let read = self.minimum_order_max.as_deref()?.parse().ok().filter(|pieces| *pieces >= 1);
        if read.is_none() {
            asked.wrong(Place::query("minimum_order_max", "a whole number from 1"));
        }
        read
    }

    fn mark(&self, asked: &mut Asked) -> Option<Cursor> {
        let text = self.cursor.as_deref()?;
        if text.len() > LONGEST_CURSOR {
            asked.wrong(Place::query("cursor", "give the next_cursor of the page before"));
        }
        Some(Cursor(text.to_owned()))
    }

    fn size(&self, asked: &mut Asked) -> PageSize {
        let Some(text) = self.limit.as_deref() else { return PageSize::default() };
        let read = text.parse().ok().and_then(PageSize::new);
        if read.is_none() {
            asked.wrong(Place::query("limit", "a whole number from 1 to 50"));
        }
        read.unwrap_or_default()
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
            sort: some("up"),
            cursor: some(&"x".repeat(3000)),
            limit: some("51"),
            language: some("xx"),
            currency: some("JPY"),
        };
        let mut named = pointers(&query);
        named.sort();
        let wanted = ["category", "cursor", "language", "limit", "minimum_order_max", "price_max", "price_min"];
        let wanted = wanted.into_iter().chain(["q", "sort", "supplier"]).map(|name| format!("query:{name}"));
        assert_eq!(named, wanted.collect::<Vec<_>>());
    }

    #[test]
    fn bounds_must_leave_room() {
        let query = SearchQuery { price_min: some("5"), price_max: some("4.99"), ..SearchQuery::default() };
        assert_eq!(pointers(&query), ["query:price_max"]);
    }
}
