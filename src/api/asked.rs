//! Reads words of a path or query into the model's types and gathers every complaint, so that one answer names all
//! wrong places.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use actix_web::HttpRequest;
use actix_web::http::header;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::catalog::Audience;
use crate::edge::problem::Problem;
use crate::error::{Code, Place};
use crate::model::language::Language;
use crate::model::money::Currency;
use crate::model::page::{Cursor, PageSize};
use crate::model::partner::Caller;

const LONGEST_CURSOR: usize = 2048;

/// In which language and currency an answer is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Locale {
    /// Language of texts: zh, en, ja, ko, ru, es, fr, pt, vi, th, ar or id; a region such as pt-BR may follow.
    /// Without it `Accept-Language` is asked, then English is taken.
    #[param(example = "ja")]
    pub language: Option<String>,
    /// Currency of prices, an ISO 4217 code; CNY unless asked.
    #[param(example = "JPY")]
    pub currency: Option<String>,
}

/// The language an answer is wanted in, where no price is shown.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Tongue {
    /// Language of texts: zh, en, ja, ko, ru, es, fr, pt, vi, th, ar or id; a region such as pt-BR may follow.
    /// Without it `Accept-Language` is asked, then English is taken.
    #[param(example = "ja")]
    pub language: Option<String>,
}

/// Complaints gathered so far.
#[derive(Debug, Default)]
pub struct Asked(Vec<Place>);

impl Asked {
    /// A query parameter's value; a wrong one is noted and left out.
    pub fn query<T>(&mut self, name: &str, text: Option<&str>) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let read = text?.parse::<T>();
        read.map_err(|why| self.wrong(Place::query(name, why.to_string()))).ok()
    }

    /// A part of the path.
    pub fn path<T>(&mut self, name: &str, text: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        text.parse::<T>().map_err(|why| self.wrong(Place::path(name, why.to_string()))).ok()
    }

    /// A member of the JSON body, by its JSON Pointer without the leading `#`.
    pub fn body<T>(&mut self, pointer: &str, text: Option<&str>) -> Option<T>
    where
        T: FromStr,
        T::Err: Display,
    {
        let read = text?.parse::<T>();
        read.map_err(|why| self.wrong(Place::body(pointer, why.to_string()))).ok()
    }

    /// `true` or `false`; no when not given.
    pub fn flag(&mut self, name: &str, text: Option<&str>) -> bool {
        match text {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                self.wrong(Place::query(name, "true or false"));
                false
            }
        }
    }

    /// A whole number of a span.
    pub fn number(&mut self, name: &str, text: Option<&str>, span: RangeInclusive<u32>) -> Option<u32> {
        let read = text?.parse().ok().filter(|number| span.contains(number));
        if read.is_none() {
            let (low, high) = span.into_inner();
            let allowed = if high == u32::MAX { format!("from {low}") } else { format!("from {low} to {high}") };
            self.wrong(Place::query(name, format!("a whole number {allowed}")));
        }
        read
    }

    /// How many items a page holds.
    pub fn size(&mut self, text: Option<&str>) -> PageSize {
        self.number("limit", text, 1..=50).and_then(PageSize::new).unwrap_or_default()
    }

    /// Where a list goes on.
    pub fn cursor(&mut self, text: Option<&str>) -> Option<Cursor> {
        let text = text?;
        if text.len() > LONGEST_CURSOR {
            self.wrong(Place::query("cursor", "give the next_cursor of the page before"));
        }
        Some(Cursor(text.to_owned()))
    }

    /// Notes a complaint.
    pub fn wrong(&mut self, place: Place) {
        self.0.push(place);
    }

    /// The audience a caller wishes to be: asked language, else the accepted one, else English; asked currency, else CNY.
    pub fn audience(
        &mut self,
        request: &HttpRequest,
        caller: &Caller,
        language: Option<&str>,
        currency: Option<&str>,
    ) -> Audience {
        let language = match language {
            Some(tag) => self.query("language", Some(tag)),
            None => accepted(request),
        };
        let currency = self.query("currency", currency).unwrap_or(Currency::CNY);
        Audience::of(caller, language.unwrap_or(Language::English), currency)
    }

    /// What is wrong as a whole: a language or currency alone has a code of its own.
    fn code(&self) -> Code {
        let all_of = |pointers: [&str; 2]| {
            !self.0.is_empty() && self.0.iter().all(|place| pointers.contains(&place.pointer.as_str()))
        };
        match () {
            () if all_of(["query:language", "#/language"]) => Code::UnknownLanguage,
            () if all_of(["query:currency", "#/currency"]) => Code::UnknownCurrency,
            () => Code::InvalidRequest,
        }
    }

    /// The value, if nothing was wrong.
    pub fn done<T>(self, value: Option<T>) -> Result<T, Problem> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(Problem::new(self.code()).places(self.0)),
        }
    }
}

fn accepted(request: &HttpRequest) -> Option<Language> {
    let field = request.headers().get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    Language::negotiate(field)
}

#[cfg(test)]
mod tests {
    use super::Asked;
    use crate::model::ids::OfferId;
    use crate::model::money::Currency;

    #[test]
    fn all_complaints_come_together() {
        let mut asked = Asked::default();
        let id = asked.path::<OfferId>("offer_id", "007");
        assert_eq!(asked.query::<Currency>("currency", Some("yen")), None);
        assert_eq!(asked.query::<Currency>("currency", None), None);
        let problem = asked.done(id).unwrap_err();
        let document: serde_json::Value = serde_json::from_slice(&problem.render("req", "/")).unwrap();
        let pointers: Vec<_> = document["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str()).collect();
        assert_eq!(pointers, [Some("path:offer_id"), Some("query:currency")]);
    }

    #[test]
    fn a_wrong_language_or_currency_alone_has_a_code_of_its_own() {
        let code = |language: &str, currency: &str| {
            let mut asked = Asked::default();
            asked.query::<crate::model::language::Language>("language", Some(language));
            asked.query::<Currency>("currency", Some(currency));
            asked.done(Some(())).err().map(|problem| problem.code().facts().name)
        };
        assert_eq!(code("ja", "JPY"), None);
        assert_eq!(code("xx", "JPY"), Some("unknown_language"));
        assert_eq!(code("ja", "yen"), Some("unknown_currency"));
        assert_eq!(code("xx", "yen"), Some("invalid_request"));
        let in_a_body = |pointer: &str, text: &str| {
            let mut asked = Asked::default();
            asked.body::<Currency>(pointer, Some(text));
            asked.done(Some(())).err().map(|problem| problem.code().facts().name)
        };
        assert_eq!(in_a_body("/currency", "yen"), Some("unknown_currency"));
        assert_eq!(in_a_body("/price/currency", "yen"), Some("invalid_request"), "a member of something larger");
        let mut asked = Asked::default();
        asked.body::<crate::model::language::Language>("/language", Some("xx"));
        assert_eq!(asked.done(Some(())).unwrap_err().code(), crate::error::Code::UnknownLanguage);
    }
}
