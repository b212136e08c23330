//! Answers that are kept: stored bytes in the coding the caller accepts, with tag, age, how long they may be kept, and how
//! they were come by.
//! The front turns them into 304 for callers who hold them.

use std::cell::RefCell;
use std::sync::LazyLock;

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use serde::Serialize;

use crate::catalog::{Audience, Catalog, Freshness, How, Kind, Question, Shown};
use crate::edge::encoding::Encoding;
use crate::edge::reply::Reply;
use crate::model::money::Exchange;

/// This face's name in the keys of rendered answers.
pub const FACE: &str = "api-v1";

/// The view as bytes for a rendered answer.
pub fn json(view: &impl Serialize) -> Option<Bytes> {
    serde_json::to_vec(view).ok().map(Bytes::from)
}

/// What the catalogue says to a question, for one partner's eyes, rendered now or for somebody before; `render` as in
/// [`Catalog::rendered`].
pub async fn shown<Q: Question>(
    request: &HttpRequest,
    catalog: &Catalog,
    audience: &Audience,
    question: &Q,
    render: impl FnOnce(&Q::Found, &Exchange) -> Option<Bytes>,
) -> Reply {
    let shown = catalog.rendered(FACE, audience, question, render).await?;
    Ok(answer(request, catalog, &shown))
}

/// A kept JSON answer for one partner's eyes.
pub fn answer(request: &HttpRequest, catalog: &Catalog, rendered: &Shown) -> HttpResponse {
    let accept = request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let encoding = if rendered.varies() { Encoding::negotiate(accept) } else { Encoding::Identity };
    let variant = rendered.variant(encoding);
    let (body, etag) = variant.map_or((&rendered.bytes, &rendered.etag), |variant| (&variant.bytes, &variant.etag));
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static("application/json")));
    let vary = if rendered.varies() { "Accept-Language, Accept-Encoding" } else { "Accept-Language" };
    response.insert_header((header::VARY, HeaderValue::from_static(vary)));
    if let (Some(_), Some(name)) = (variant, encoding.name()) {
        response.insert_header((header::CONTENT_ENCODING, HeaderValue::from_static(name)));
    }
    timed(&mut response, catalog, rendered, Whose::Private, etag);
    response.body(body.clone())
}

/// A kept picture for anyone's eyes.
pub fn picture(catalog: &Catalog, rendered: &Shown) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, HeaderValue::from_static("image/png")));
    response.insert_header((header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")));
    let anywhere = HeaderName::from_static("cross-origin-resource-policy");
    response.insert_header((anywhere, HeaderValue::from_static("cross-origin")));
    timed(&mut response, catalog, rendered, Whose::Public, &rendered.etag);
    response.body(rendered.bytes.clone())
}

fn timed(response: &mut HttpResponseBuilder, catalog: &Catalog, rendered: &Shown, whose: Whose, etag: &HeaderValue) {
    response.insert_header((header::CACHE_CONTROL, cache_control(whose, rendered.kind())));
    response.insert_header((header::ETAG, etag.clone()));
    response.insert_header((header::AGE, age(catalog.age_s(rendered))));
    response.insert_header((CACHE_STATUS.clone(), cache_status(rendered.how, catalog.left_s(rendered))));
}

/// Who may keep an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    /// The caller alone.
    Private,
    /// Anyone on the way, too.
    Public,
}

/// How long an answer of a kind may be kept: a text for each kind, made once.
fn cache_control(whose: Whose, kind: Kind) -> HeaderValue {
    static ALL: LazyLock<[Vec<HeaderValue>; 2]> = LazyLock::new(|| {
        ["private", "public"].map(|whose| {
            let of = |kind: &Kind| {
                let Freshness { soft_s, revalidate_s, .. } = kind.freshness();
                let text = format!("{whose}, max-age={soft_s}, stale-while-revalidate={revalidate_s}");
                HeaderValue::try_from(text).unwrap_or(NO_STORE)
            };
            Kind::ALL.iter().map(of).collect()
        })
    });
    let [private, public] = &*ALL;
    let of_all = if whose == Whose::Private { private } else { public };
    of_all.get(kind as usize).cloned().unwrap_or(NO_STORE)
}

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
static CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

/// Values of so many seconds are kept on each thread: as many as the softest kind lives.
const MOST_SECONDS: usize = 4_096;
/// What stands before and after the seconds (RFC 9211), in the order of [`How`].
const HOWS: [(&str, &str); 6] = [
    ("xunyuan; hit; ttl=", ""),
    ("xunyuan; hit; ttl=", "; detail=refreshing"),
    ("xunyuan; hit; ttl=", "; detail=shared"),
    ("xunyuan; fwd=miss; ttl=", ""),
    ("xunyuan; fwd=miss; collapsed; ttl=", ""),
    ("xunyuan; hit; ttl=", "; detail=stand-in"),
];

/// Field values of whole seconds, made when they are first needed.
type Seconds = RefCell<Vec<Option<HeaderValue>>>;

thread_local! {
    static AGES: Seconds = const { RefCell::new(Vec::new()) };
    static STATUSES: [Seconds; HOWS.len()] = const { [const { RefCell::new(Vec::new()) }; HOWS.len()] };
}

fn known(values: &Seconds, seconds: i64, make: impl FnOnce() -> HeaderValue) -> HeaderValue {
    let Some(at) = usize::try_from(seconds).ok().filter(|at| *at < MOST_SECONDS) else { return make() };
    let mut values = values.borrow_mut();
    if values.len() <= at {
        values.resize(at + 1, None);
    }
    match values.get_mut(at) {
        Some(value) => value.get_or_insert_with(make).clone(),
        None => make(),
    }
}

fn age(age_s: u64) -> HeaderValue {
    AGES.with(|ages| known(ages, i64::try_from(age_s).unwrap_or(i64::MAX), || HeaderValue::from(age_s)))
}

/// How the answer was come by; `left_s` is negative of an answer that is older than it should be.
fn cache_status(how: How, left_s: i64) -> HeaderValue {
    let make = || {
        let (before, after) = HOWS.get(how as usize).copied().unwrap_or_default();
        HeaderValue::try_from(format!("{before}{left_s}{after}")).unwrap_or(HeaderValue::from_static("xunyuan"))
    };
    STATUSES.with(|all| match all.get(how as usize) {
        Some(values) => known(values, left_s, make),
        None => make(),
    })
}

#[cfg(test)]
mod tests {
    use super::{MOST_SECONDS, Whose, age, cache_control, cache_status};
    use crate::catalog::{How, Kind};

    const HOWS: [How; 6] = [How::Held, How::Refreshing, How::Shared, How::Fetched, How::Followed, How::StandIn];

    #[test]
    fn every_kind_says_how_long_it_may_be_kept() {
        for kind in Kind::ALL {
            let row = kind.freshness();
            let rest = format!("max-age={}, stale-while-revalidate={}", row.soft_s, row.revalidate_s);
            assert_eq!(cache_control(Whose::Private, *kind), format!("private, {rest}"));
            assert_eq!(cache_control(Whose::Public, *kind), format!("public, {rest}"));
        }
    }

    #[test]
    fn seconds_are_told_as_they_are_whether_they_are_told_again_or_not() {
        let most = i64::try_from(MOST_SECONDS).unwrap();
        for seconds in [0, 9, 3, 0, 9, most - 1, most, 10 * most, -1, -3_600, 9] {
            if let Ok(old) = u64::try_from(seconds) {
                assert_eq!(age(old), old.to_string());
            }
            for how in HOWS {
                let status = cache_status(how, seconds);
                let text = status.to_str().unwrap();
                assert!(text.contains(&format!("; ttl={seconds}")), "{text}");
                assert_eq!(text.split("ttl=").nth(1).unwrap().split(';').next().unwrap(), seconds.to_string());
            }
        }
    }

    /// An item with parameters as RFC 8941 writes them.
    #[test]
    fn every_way_to_come_by_an_answer_is_a_structured_field() {
        for (how, wanted) in [
            (How::Held, "xunyuan; hit; ttl=9"),
            (How::Shared, "xunyuan; hit; ttl=9; detail=shared"),
            (How::Fetched, "xunyuan; fwd=miss; ttl=9"),
            (How::Followed, "xunyuan; fwd=miss; collapsed; ttl=9"),
            (How::Refreshing, "xunyuan; hit; ttl=9; detail=refreshing"),
            (How::StandIn, "xunyuan; hit; ttl=9; detail=stand-in"),
        ] {
            assert_eq!(cache_status(how, 9), wanted);
        }
        for how in HOWS {
            let status = cache_status(how, -3);
            let text = status.to_str().unwrap();
            let list: sfv::List = sfv::Parser::new(text).parse().unwrap();
            let sfv::ListEntry::Item(item) = &list[0] else { panic!("{text}") };
            assert_eq!(item.bare_item.as_token().map(|token| token.as_str()), Some("xunyuan"));
            assert_eq!(item.params["ttl"].as_integer().map(i64::from), Some(-3));
            assert_ne!(item.params.contains_key("hit"), item.params.contains_key("fwd"));
        }
    }
}
