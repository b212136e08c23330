//! Reads words of a path or query into the model's types and gathers every complaint, so that one answer names all
//! wrong places.

use std::fmt::Display;
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
use crate::model::partner::Caller;

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

    /// The value, if nothing was wrong.
    pub fn done<T>(self, value: Option<T>) -> Result<T, Problem> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(Problem::new(Code::InvalidRequest).places(self.0)),
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
}
