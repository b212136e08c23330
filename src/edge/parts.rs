//! Readers of path, query and JSON body. Each names every wrong place it can, with what would be right;
//! several parts of one request are read together so that all complaints come in one answer.

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{self, Bytes};
use actix_web::{FromRequest, HttpRequest};
use futures_util::FutureExt;
use percent_encoding::percent_decode_str;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;

use crate::edge::problem::Problem;
use crate::edge::{shape, wording};
use crate::error::{Code, Place};

/// Something that can be read from a request whose body is at hand.
pub trait Part: Sized {
    /// Whether it reads the query; where no part does, a query is refused.
    const READS_QUERY: bool = false;
    /// The largest body it reads, where that is not what the gateway takes by configuration.
    const MOST_BYTES: Option<usize> = None;

    /// Reads it, or tells what is wrong.
    fn take(request: &HttpRequest, body: &Bytes) -> Result<Self, Complaint>;
}

/// Reads all parts of a request; a query that no part reads is refused name by name.
pub fn take<P: Part>(request: &HttpRequest, body: &Bytes) -> Result<P, Complaint> {
    if request.query_string().is_empty() {
        return P::take(request, body);
    }
    let unreadable = names_that_are_no_text(request.query_string());
    if !unreadable.is_empty() {
        let wrong = |name: &String| Place::query(name, "this is no UTF-8 text; percent-encode the bytes of UTF-8");
        return Err(Complaint::Places(unreadable.iter().map(wrong).collect()));
    }
    if !P::READS_QUERY {
        let names = url::form_urlencoded::parse(request.query_string().as_bytes());
        let wrong = |name: &str| Place::query(name, "unknown; this operation takes no query parameters");
        let places: Vec<_> = names.map(|(name, _)| wrong(&name)).collect();
        if !places.is_empty() {
            return Err(Complaint::Places(places));
        }
    }
    P::take(request, body)
}

/// Why a part cannot be read.
#[derive(Debug)]
pub enum Complaint {
    /// Wrong places.
    Places(Vec<Place>),
    /// A problem of its own, e.g. a wrong media type.
    Whole(Box<Problem>),
}

impl From<Complaint> for Problem {
    fn from(complaint: Complaint) -> Self {
        match complaint {
            Complaint::Places(places) => Problem::new(Code::InvalidRequest).places(places),
            Complaint::Whole(problem) => *problem,
        }
    }
}

/// The path's parameters.
#[derive(Debug)]
pub struct Path<T>(pub T);

/// The query's parameters; unknown ones are refused by `deny_unknown_fields` on `T`.
#[derive(Debug)]
pub struct Query<T>(pub T);

/// The JSON body; unknown members are refused by `deny_unknown_fields` on `T`.
#[derive(Debug)]
pub struct Json<T>(pub T);

/// The body's bytes beside what they say; for operations that compare bodies.
#[derive(Debug)]
pub struct Raw(pub Bytes);

impl Part for () {
    fn take(_: &HttpRequest, _: &Bytes) -> Result<Self, Complaint> {
        Ok(())
    }
}

impl Part for Raw {
    fn take(_: &HttpRequest, body: &Bytes) -> Result<Self, Complaint> {
        Ok(Self(body.clone()))
    }
}

impl<T: DeserializeOwned> Part for Path<T> {
    #[expect(clippy::disallowed_types, reason = "this is where it is read")]
    fn take(request: &HttpRequest, _: &Bytes) -> Result<Self, Complaint> {
        let read = web::Path::<T>::from_request(request, &mut Payload::None).now_or_never();
        match read {
            Some(Ok(path)) => Ok(Self(path.into_inner())),
            Some(Err(error)) => {
                let name = request.match_info().iter().next().map_or("", |(name, _)| name);
                Err(Complaint::Places(vec![Place::path(name, wording::tell(&error.to_string()).words)]))
            }
            None => Err(Complaint::Whole(Box::new(Problem::new(Code::Internal)))),
        }
    }
}

impl<T: DeserializeOwned> Part for Query<T> {
    const READS_QUERY: bool = true;

    fn take(request: &HttpRequest, _: &Bytes) -> Result<Self, Complaint> {
        let text = request.query_string();
        if text.is_empty()
            && let Ok(nothing) = T::deserialize(nothing_asked())
        {
            return Ok(Self(nothing));
        }
        let repeated = repeated_names(text);
        if !repeated.is_empty() {
            let places = repeated.into_iter().map(|name| Place::query(&name, "given more than once"));
            return Err(Complaint::Places(places.collect()));
        }
        let pairs = form_urlencoded(text);
        let source = serde::de::value::MapDeserializer::<_, serde::de::value::Error>::new(
            pairs.iter().map(|(name, value)| (name.as_str(), Word(value))),
        );
        serde_path_to_error::deserialize(source).map(Self).map_err(|error| {
            let path = error.path().to_string();
            let told = wording::tell(&error.into_inner().to_string());
            let name = if path == "." { told.member.unwrap_or(path) } else { path };
            Complaint::Places(vec![Place::query(&name, told.words)])
        })
    }
}

impl<T: DeserializeOwned> Part for Json<T> {
    fn take(request: &HttpRequest, body: &Bytes) -> Result<Self, Complaint> {
        if !is_json(request) {
            let problem = Problem::new(Code::UnsupportedMediaType).detail("accepted here: application/json");
            return Err(Complaint::Whole(Box::new(problem)));
        }
        let mut source = serde_json::Deserializer::from_slice(body);
        let value = serde_path_to_error::deserialize(&mut source).map_err(|error| {
            let place = match error.inner().classify() {
                // What is wanted as one of several words and is none is a mistake of syntax to serde_json.
                Category::Syntax if serde_json::from_slice::<IgnoredAny>(body).is_ok() => {
                    wrong_shape(error.path(), &error.inner().to_string())
                }
                Category::Data => wrong_shape(error.path(), &error.inner().to_string()),
                _ => Place::body("", wording::tell_syntax(error.inner())),
            };
            Complaint::Places(vec![place])
        })?;
        source.end().map_err(|error| Complaint::Places(vec![Place::body("", wording::tell_syntax(&error))]))?;
        let told: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
        shape::check::<T>(told).map_err(|place| Complaint::Places(vec![place]))?;
        Ok(Self(value))
    }
}

impl<A: Part, B: Part> Part for (A, B) {
    const READS_QUERY: bool = A::READS_QUERY || B::READS_QUERY;
    const MOST_BYTES: Option<usize> = larger(A::MOST_BYTES, B::MOST_BYTES);

    fn take(request: &HttpRequest, body: &Bytes) -> Result<Self, Complaint> {
        match (A::take(request, body), B::take(request, body)) {
            (Ok(a), Ok(b)) => Ok((a, b)),
            (Err(a), Err(b)) => Err(a.and(b)),
            (Err(complaint), _) | (_, Err(complaint)) => Err(complaint),
        }
    }
}

impl<A: Part, B: Part, C: Part> Part for (A, B, C) {
    const READS_QUERY: bool = <(A, (B, C))>::READS_QUERY;
    const MOST_BYTES: Option<usize> = <(A, (B, C))>::MOST_BYTES;

    fn take(request: &HttpRequest, body: &Bytes) -> Result<Self, Complaint> {
        <(A, (B, C))>::take(request, body).map(|(a, (b, c))| (a, b, c))
    }
}

/// `max` of limits, usable while compiling.
const fn larger(a: Option<usize>, b: Option<usize>) -> Option<usize> {
    match (a, b) {
        (Some(one), Some(other)) if one < other => b,
        (None, _) => b,
        (Some(_), _) => a,
    }
}

impl Complaint {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Places(mut mine), Self::Places(theirs)) => {
                mine.extend(theirs);
                Self::Places(mine)
            }
            (whole @ Self::Whole(_), _) | (_, whole) => whole,
        }
    }
}

fn is_json(request: &HttpRequest) -> bool {
    let Some(value) = request.headers().get(header::CONTENT_TYPE) else { return false };
    let essence = value.to_str().unwrap_or("").split(';').next().unwrap_or("").trim();
    essence.eq_ignore_ascii_case("application/json")
}

/// A query without parameters.
fn nothing_asked() -> impl serde::Deserializer<'static, Error = serde::de::value::Error> {
    serde::de::value::MapDeserializer::new(std::iter::empty::<(&str, Word<'_>)>())
}

fn form_urlencoded(text: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

/// Parameters whose name or value are no text once decoded; to guess at them would be to answer another question.
fn names_that_are_no_text(query: &str) -> Vec<String> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8().is_ok();
    let pairs = query.split('&').filter(|pair| !decoded(pair));
    pairs
        .map(|pair| percent_decode_str(pair.split('=').next().unwrap_or("")).decode_utf8_lossy().into_owned())
        .collect()
}

fn repeated_names(text: &str) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    let mut repeated = Vec::new();
    for (name, _) in url::form_urlencoded::parse(text.as_bytes()) {
        if !seen.insert(name.clone().into_owned()) {
            repeated.push(name.into_owned());
        }
    }
    repeated
}

/// A place of the body that is not of the shape that is wanted, in plain words.
pub(super) fn wrong_shape(path: &serde_path_to_error::Path, message: &str) -> Place {
    let (mut pointer, told) = (json_pointer(path), wording::tell(message));
    if let Some(member) = told.member {
        let step = format!("/{}", member.replace('~', "~0").replace('/', "~1"));
        if !pointer.ends_with(&step) {
            pointer.push_str(&step);
        }
    }
    Place::body(&pointer, told.words)
}

fn json_pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

/// One query value: a word that reads as text, number or flag, as the field wants.
struct Word<'a>(&'a str);

impl<'de> serde::de::IntoDeserializer<'de, serde::de::value::Error> for Word<'_> {
    type Deserializer = Self;
    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($( $method:ident $visit:ident $kind:ty, $expected:literal; )*) => { $(
        fn $method<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
            let value = self.0.parse::<$kind>();
            visitor.$visit(value.map_err(|_| serde::de::Error::custom(concat!("expected ", $expected)))?)
        }
    )* };
}

impl<'de> serde::Deserializer<'de> for Word<'_> {
    type Error = serde::de::value::Error;

    fn deserialize_any<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_str(self.0)
    }

    fn deserialize_option<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: serde::de::Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: serde::de::Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        visitor.visit_enum(serde::de::value::StrDeserializer::new(self.0))
    }

    parsed! {
        deserialize_bool visit_bool bool, "true or false";
        deserialize_u8 visit_u8 u8, "a whole number from 0 to 255";
        deserialize_u16 visit_u16 u16, "a whole number from 0 to 65535";
        deserialize_u32 visit_u32 u32, "a whole number from 0 to 4294967295";
        deserialize_u64 visit_u64 u64, "a whole number from 0";
        deserialize_i64 visit_i64 i64, "a whole number";
        deserialize_i32 visit_i32 i32, "a whole number";
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i128 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct
        identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::{Complaint, Json, Part, Path, Query, take};
    use actix_web::test::TestRequest;
    use actix_web::web::Bytes;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Search {
        q: Option<String>,
        limit: Option<u32>,
        sort: Option<Sort>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Sort {
        PriceAsc,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        #[expect(dead_code)]
        lines: Vec<u32>,
    }

    fn query(text: &str) -> Result<Search, String> {
        let request = TestRequest::with_uri(&format!("/?{text}")).to_http_request();
        Query::<Search>::take(&request, &Bytes::new()).map(|query| query.0).map_err(pointer)
    }

    fn pointer(complaint: Complaint) -> String {
        match complaint {
            Complaint::Places(places) => places.iter().map(|place| place.pointer.clone()).collect::<Vec<_>>().join(","),
            Complaint::Whole(problem) => problem.code().facts().name.to_owned(),
        }
    }

    #[test]
    fn a_query_is_read_by_the_type_of_each_field() {
        let search = query("q=%E6%9D%AF+x&limit=7&sort=price_asc").unwrap();
        assert_eq!((search.q.as_deref(), search.limit, search.sort), (Some("杯 x"), Some(7), Some(Sort::PriceAsc)));
    }

    #[test]
    fn wrong_query_parameters_are_named() {
        assert_eq!(query("limit=many").unwrap_err(), "query:limit");
        assert_eq!(query("colour=red").unwrap_err(), "query:colour");
        assert_eq!(query("q=a&q=b").unwrap_err(), "query:q");
        assert_eq!(query("sort=up").unwrap_err(), "query:sort");
        assert_eq!(query("q=%E6%9D%AF&sort=price_asc").unwrap().q.unwrap(), "杯");
    }

    #[test]
    fn a_query_that_is_no_text_is_refused_by_whoever_reads_it_or_does_not() {
        let request = |query: &str| TestRequest::with_uri(&format!("/?{query}")).to_http_request();
        let named =
            |request, part: fn(&_, &_) -> Result<(), Complaint>| pointer(part(&request, &Bytes::new()).unwrap_err());
        assert_eq!(named(request("q=%FF"), |r, b| take::<Query<Search>>(r, b).map(|_| ())), "query:q");
        assert_eq!(named(request("q=a&%C3=1"), take::<()>), "query:\u{fffd}");
    }

    #[test]
    fn wrong_members_of_a_body_are_named_by_pointer() {
        let take = |body: &'static str| {
            let request = TestRequest::default().insert_header(("content-type", "application/json")).to_http_request();
            Json::<Order>::take(&request, &Bytes::from_static(body.as_bytes())).map(|_| ()).map_err(pointer)
        };
        assert_eq!(take(r#"{"lines":[1]}"#), Ok(()));
        assert_eq!(take(r#"{"lines":[1,"x"]}"#), Err("#/lines/1".into()));
        assert_eq!(take(r#"{"lines":[1]} x"#), Err("#".into()));
        assert_eq!(take(r#"{"#), Err("#".into()));
        assert_eq!(take(r#"[[1]]"#), Err("#".into()), "an array is no object");
        assert_eq!(take(r#"{"lines":[1],"lines":[2]}"#), Err("#/lines".into()), "which lines are meant?");
        assert_eq!(take(r#"{}"#), Err("#/lines".into()), "it is missing");
        assert_eq!(take(r#"{"lines":[],"more":1}"#), Err("#/more".into()));
    }

    #[test]
    fn a_body_of_another_media_type_is_refused() {
        let request = TestRequest::default().insert_header(("content-type", "text/plain")).to_http_request();
        let complaint = Json::<Order>::take(&request, &Bytes::new()).map(|_| ()).unwrap_err();
        assert_eq!(pointer(complaint), "unsupported_media_type");
    }

    #[test]
    fn complaints_of_several_parts_come_together() {
        #[derive(Debug, Deserialize)]
        struct Id {
            #[expect(dead_code)]
            id: u32,
        }
        let request = TestRequest::with_uri("/?limit=x").param("id", "abc").to_http_request();
        let complaint = <(Path<Id>, Query<Search>)>::take(&request, &Bytes::new()).map(|_| ()).unwrap_err();
        assert_eq!(pointer(complaint), "path:id,query:limit");
    }
}
