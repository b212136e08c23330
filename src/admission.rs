//! Whether a proven caller may ask now, the same for every face: the limits are asked, what they said is noted on the visit,
//! the slot is held until the answer leaves, and the answer tells how much is left. How a refusal is worded is the face's.

use std::cell::RefCell;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::web::BytesMut;

use crate::edge::visit::{Held, Shared};
use crate::limits::{Limits, Permit, Priority, Refusal, Standing};
use crate::model::partner::Caller;

/// Lets the caller in, for so much and with that priority, or says why not.
pub async fn admit(
    limits: &Limits,
    caller: &Caller,
    (cost, priority): (u32, Priority),
    visit: &Shared,
) -> Result<(), Refusal> {
    match limits.admit_as(caller, cost, priority).await {
        Ok(permit) => {
            visit.with(|visit| {
                if let Some(counted) = visit.counted.as_mut() {
                    counted.cost = cost;
                    counted.decided = Some(permit.decided().name());
                    counted.shadow = permit.shadow().to_vec();
                }
                visit.held = Some(Box::new(Slot(permit)));
            });
            Ok(())
        }
        Err(refusal) => {
            visit.with(|visit| {
                visit.headers.extend(rate_fields(refusal.standing()));
                if let Some(counted) = visit.counted.as_mut() {
                    counted.cost = cost;
                    counted.decided = Some(refusal.decided().name());
                    counted.refused_by = Some(refusal.policy().into());
                }
            });
            Err(refusal)
        }
    }
}

static RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
static RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// What a worker has at hand for the rate fields of the next answer.
#[derive(Debug, Default)]
struct Desk {
    /// `RateLimit-Policy` of the plans that were met lately.
    policies: Vec<HeaderValue>,
    /// Room for values of `RateLimit`; each takes a piece of it along.
    room: BytesMut,
}

/// Plans whose field value is at hand; a marketplace has a handful.
const MOST_POLICIES: usize = 16;
/// Room is made for so many bytes at a time.
const ROOM_BYTES: usize = 8 * 1024;

thread_local! {
    static DESK: RefCell<Desk> = RefCell::default();
}

impl Desk {
    fn policy(&mut self, text: &str) -> Option<HeaderValue> {
        if let Some(known) = self.policies.iter().find(|known| known.as_bytes() == text.as_bytes()) {
            return Some(known.clone());
        }
        let value = HeaderValue::from_str(text).ok()?;
        if self.policies.len() == MOST_POLICIES {
            self.policies.clear();
        }
        self.policies.push(value.clone());
        Some(value)
    }

    fn left(&mut self, standing: &Standing) -> Option<HeaderValue> {
        if self.room.capacity() < ROOM_BYTES / 8 {
            self.room.reserve(ROOM_BYTES);
        }
        standing.write_rate_limit(&mut self.room);
        HeaderValue::from_maybe_shared(self.room.split().freeze()).ok()
    }
}

/// `RateLimit-Policy` and `RateLimit` as of now.
pub fn rate_fields(standing: &Standing) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
    let (policy, left) = DESK.with_borrow_mut(|desk| (desk.policy(standing.rate_limit_policy()), desk.left(standing)));
    let fields = [(&RATE_LIMIT_POLICY, policy), (&RATE_LIMIT, left)];
    fields.into_iter().filter_map(|(name, value)| Some((name.clone(), value?)))
}

/// The in-flight slot of a request; a free answer gives its cost back.
#[derive(Debug)]
struct Slot(Permit);

impl Held for Slot {
    fn leave(&mut self, free: bool, answer: &mut HeaderMap) {
        if free {
            self.0.refund();
        }
        rate_fields(self.0.standing()).for_each(|(name, value)| drop(answer.insert(name, value)));
    }

    fn units(&self) -> u32 {
        self.0.charged_units()
    }
}
