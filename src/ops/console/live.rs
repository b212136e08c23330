//! Says when to look again: a stream of server-sent events, one every two seconds for as long as the session counts.
//! What changed is for the page to fetch, so that a page without a script shows the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;

use crate::ops::console::Console;
use crate::ops::console::answer;
use crate::ops::console::gate::{Person, cookie};

const EVERY: Duration = Duration::from_secs(2);
/// A stream ends after so many events; browsers open the next one by themselves.
const LENGTH: u32 = 300;
/// So many streams at a time; who comes later asks from time to time instead.
const MOST: usize = 100;

/// One of the places for streams, given back when the stream is gone.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(taken: &Arc<AtomicUsize>) -> Option<Self> {
        let place = Self(Arc::clone(taken));
        // Counted before it is looked at, and given back by the drop when there was none.
        (taken.fetch_add(1, Ordering::Relaxed) < MOST).then_some(place)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Told {
    console: Data<Console>,
    cookie: String,
    _place: Place,
    at: u32,
}

/// The stream.
pub async fn live(request: HttpRequest, console: Data<Console>, _: Person) -> HttpResponse {
    let Some(place) = Place::take(&console.streams) else {
        return answer::build(StatusCode::SERVICE_UNAVAILABLE).finish();
    };
    let cookie = cookie(&request).unwrap_or_default().to_owned();
    let told = Told { console, cookie, _place: place, at: 0 };
    answer::build(StatusCode::OK)
        .insert_header((CONTENT_TYPE, "text/event-stream; charset=utf-8"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(stream::unfold(Some(told), next))
}

async fn next(told: Option<Told>) -> Option<(Result<Bytes, std::io::Error>, Option<Told>)> {
    let mut told = told?;
    if told.at > 0 {
        tokio::time::sleep(EVERY).await;
    }
    told.at += 1;
    if told.at > LENGTH {
        return None;
    }
    match told.console.access.find(&told.cookie).await {
        // Whoever was let in is not any more: the page is told to go, and the stream ends.
        Ok(None) => Some((Ok(Bytes::from_static(b"event: bye\ndata: \n\n")), None)),
        Ok(Some(_)) if told.at == 1 => {
            Some((Ok(Bytes::from_static(b"retry: 3000\nevent: hello\ndata: \n\n")), Some(told)))
        }
        // A database that does not answer is told by the page itself.
        _ => Some((Ok(Bytes::from_static(b"event: tick\ndata: \n\n")), Some(told))),
    }
}
