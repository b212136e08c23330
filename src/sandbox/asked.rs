//! Reading what callers send, so that every mistake is answered in the envelope and names its place.

use std::future::Future;
use std::ops::RangeInclusive;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;

use super::envelope::{Code, Refusal};
use super::goods::Lang;
use super::words;

/// The largest body this service reads.
pub const BODY_LIMIT: usize = 1 << 20;

/// A JSON body.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest for Body<T> {
    type Error = Refusal;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Refusal>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = web::Bytes::from_request(request, payload);
        Box::pin(async move {
            let bytes = bytes.await.map_err(|_| Refusal::from(Code::BodyTooLarge))?;
            let mut reader = serde_json::Deserializer::from_slice(&bytes);
            let value = serde_path_to_error::deserialize(&mut reader)
                .map_err(|error| Refusal::param(&error.path().to_string()))?;
            reader.end().map_err(|_| Refusal::param("."))?;
            Ok(Body(value))
        })
    }
}

/// The language named by `lang`, Chinese when absent.
pub fn lang(given: Option<&str>) -> Result<Lang, Refusal> {
    given.map_or(Ok(Lang::Zh), |tag| Lang::parse(tag).ok_or_else(|| Refusal::param("lang")))
}

/// A whole number that may be absent.
pub fn number(name: &str, given: Option<&str>, allowed: RangeInclusive<i64>) -> Result<Option<i64>, Refusal> {
    let Some(text) = given.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let number = text.parse().ok().filter(|number| allowed.contains(number));
    number.map(Some).ok_or_else(|| Refusal::param(name))
}

/// A yuan amount that may be absent, in fen.
pub fn money(name: &str, given: Option<&str>) -> Result<Option<i64>, Refusal> {
    let Some(text) = given.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    words::fen(text).map(Some).ok_or_else(|| Refusal::param(name))
}

/// `Y` or `N`; no when absent.
pub fn flag(name: &str, given: Option<&str>) -> Result<bool, Refusal> {
    match given {
        None | Some("" | "N") => Ok(false),
        Some("Y") => Ok(true),
        Some(_) => Err(Refusal::param(name)),
    }
}

/// A country that may be absent.
pub fn some_country(name: &str, given: Option<&str>) -> Result<Option<String>, Refusal> {
    let Some(text) = given.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    country(name, text).map(|()| Some(text.to_owned()))
}

/// `pageSize`: 1 to 50, 20 when absent.
pub fn page_size(given: Option<&str>) -> Result<usize, Refusal> {
    let size = number("pageSize", given, 1..=50)?.unwrap_or(20);
    Ok(usize::try_from(size).unwrap_or(20))
}

/// Cuts one row more than a page back to the page; that row says that there is a next one.
pub fn page<T>(mut rows: Vec<T>, size: usize, number: impl Fn(&T) -> i64) -> (Vec<T>, Option<String>) {
    let more = rows.len() > size;
    rows.truncate(size);
    let token = rows.last().filter(|_| more).map(|row| number(row).to_string());
    (rows, token)
}

/// A reference the caller made up: not empty, at most `longest` characters, nothing unprintable.
pub fn reference(name: &str, text: &str, longest: usize) -> Result<(), Refusal> {
    let fits = (1..=longest).contains(&text.chars().count());
    if fits && !text.chars().any(char::is_control) { Ok(()) } else { Err(Refusal::param(name)) }
}

/// An ISO 3166 alpha-2 country code.
pub fn country(name: &str, text: &str) -> Result<(), Refusal> {
    let fits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    if fits { Ok(()) } else { Err(Refusal::param(name)) }
}
