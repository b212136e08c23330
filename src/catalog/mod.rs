//! The catalogue room: offers, searches, categories, suppliers and pictures, remembered where they may be.
//!
//! A question is a value ([`Question`]): it knows its kind, the call it makes, how its document reads, and what its
//! absence means. [`Catalog::ask`] answers it with the model and the exchange rate its prices are to be shown at;
//! [`Catalog::rendered`] answers it with bytes ready to be sent, and on a hot question never comes further than one
//! look into the cache. Documents are kept by the call that brought them, rendered answers by face, audience and
//! question; both keys carry world and price tier, so that no answer is shown to whom it is not for.
//!
//! When the catalogue is down, what was seen before stands in as long as `cache/freshness.rs` allows. When something moves
//! in it, what is about that is not shown any more: the change feed says so ([`Catalog::follow`]), and `about` knows what a
//! document is about.

mod about;
mod arrivals;
mod audience;
mod batch;
mod bounds;
mod browse;
mod cursor;
mod entry;
mod failure;
mod follow;
mod freight;
mod question;
mod reason;
mod warm;

use std::ops::Deref;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

pub use audience::Audience;
pub use batch::MOST_OFFERS;
pub use browse::AllPools;
pub use entry::Entries;
pub use failure::Error;
pub use follow::Told;
pub use freight::{FreightLine, FreightWish};
pub use question::{AllCategories, AllWarehouses, Picture, Question};
use reason::Reason;
pub use warm::Warmed;

use crate::cache::{Cache, Fetched, Found, Kept, Key, KeyBuilder};
pub use crate::cache::{Freshness, How, Kind, Rendered};
use crate::clock::Clock;
use crate::language::Interpreter;
use crate::model::language::Language;
use crate::model::money::{Currency, Exchange};
use crate::model::partner::Mode;
use crate::rates::Rates;
use crate::translate;
use crate::upstream::{self, Call, Context, Upstream};

/// The catalogue as one worker reaches it; cheap to clone.
#[derive(Clone, Debug)]
pub struct Catalog {
    upstream: Upstream,
    cache: Cache<upstream::Error>,
    rates: Rates,
    clock: Clock,
    public_url: Arc<str>,
    interpreter: Option<Interpreter>,
}

/// An answered question.
#[derive(Clone, Debug)]
pub struct Answer<T> {
    /// What was found.
    pub found: T,
    /// The rate that prices are to be shown at.
    pub exchange: Exchange,
    /// When the catalogue said so, milliseconds since 1970.
    pub fetched_at_ms: i64,
}

/// A rendered answer, and how it was come by.
#[derive(Clone, Debug)]
pub struct Shown {
    /// The answer.
    pub answer: Arc<Rendered>,
    /// How its document was come by.
    pub how: How,
}

impl Deref for Shown {
    type Target = Rendered;
    fn deref(&self) -> &Rendered {
        &self.answer
    }
}

impl Catalog {
    /// The catalogue behind this upstream client. `public_url` is how browsers reach the gateway, e.g.
    /// `https://gateway.example`; it begins the address of every picture and may be empty.
    pub fn new(
        upstream: Upstream,
        cache: Cache<upstream::Error>,
        rates: Rates,
        clock: Clock,
        public_url: &str,
    ) -> Self {
        let public_url = public_url.trim_end_matches('/').into();
        Self { upstream, cache, rates, clock, public_url, interpreter: None }
    }

    /// The same catalogue with somebody who translates what it leaves open.
    #[must_use]
    pub fn interpreted(self, interpreter: Interpreter) -> Self {
        Self { interpreter: Some(interpreter), ..self }
    }

    /// Answers a question with the model.
    pub async fn ask<Q: Question>(&self, audience: &Audience, question: &Q) -> Result<Answer<Q::Found>, Error> {
        let exchange = self.exchange(audience, Q::PRICED)?;
        let (key, Found { kept, .. }) = self.document(audience, question, &exchange).await?;
        let found = self.read(audience, question, &key, &kept)?;
        Ok(Answer { found, exchange, fetched_at_ms: kept.fetched_at_ms })
    }

    /// Answers a question with bytes that `render` made of the model, now or for somebody before. `face` names who
    /// renders; `render` gives `None` when a figure does not fit.
    pub async fn rendered<Q: Question>(
        &self,
        face: &'static str,
        audience: &Audience,
        question: &Q,
        render: impl FnOnce(&Q::Found, &Exchange) -> Option<Bytes>,
    ) -> Result<Shown, Error> {
        let key = self.answer_key(face, audience, question);
        if let Some(answer) = self.cache.answer(key.bytes()) {
            let how = if answer.stands_in(self.clock.now_ms()) { How::StandIn } else { How::Held };
            return Ok(Shown { answer, how });
        }
        // In a box, so that the many hits do not carry the room for it around.
        Box::pin(self.rendered_anew(key.finish(), audience, question, render)).await
    }

    /// The same when no answer that may be sent as it is was found under its key.
    async fn rendered_anew<Q: Question>(
        &self,
        key: Key,
        audience: &Audience,
        question: &Q,
        render: impl FnOnce(&Q::Found, &Exchange) -> Option<Bytes>,
    ) -> Result<Shown, Error> {
        let exchange = self.exchange(audience, Q::PRICED)?;
        let call = question.call(audience, &exchange)?;
        let document_key = document_key(Q::KIND, audience, &call);
        if let Some(answer) = self.cache.answer_for_now(&key, &document_key) {
            return Ok(Shown { answer, how: How::StandIn });
        }
        if let Some(answer) = self.cache.shared_answer(&key, &document_key, Q::KIND).await {
            return Ok(Shown { answer, how: How::Shared });
        }
        let fetch = self.fetch(Q::KIND, audience.mode, call, Q::ABSENT);
        let found = match self.cache.document(&document_key, Q::KIND, fetch).await {
            Ok(found) => found,
            Err(error) => {
                let stands_in = failure::may_stand_in(&error).then(|| self.cache.answer_standing_in(&key)).flatten();
                let shown = stands_in.map(|answer| Shown { answer, how: How::StandIn });
                return shown.ok_or_else(|| failure::of(error));
            }
        };
        let answer = self.cache.render(&key, (&document_key, Q::KIND), &found, || {
            let offered = self.read(audience, question, &document_key, &found.kept)?;
            render(&offered, &exchange).ok_or(Error::Unshowable)
        })?;
        Ok(Shown { answer, how: found.how })
    }

    /// The picture of an offer, as bytes ready to be sent. Pictures are public: a world is all they need to know.
    pub async fn picture(&self, mode: Mode, picture: Picture) -> Result<Shown, Error> {
        let png = |bytes: &Bytes, _: &Exchange| Some(bytes.clone());
        self.rendered("picture", &Audience::anyone(mode), &picture, png).await
    }

    /// Where a browser finds the picture of an offer.
    pub fn picture_url(&self, mode: Mode, offer: crate::model::ids::OfferId) -> String {
        let world = if mode == Mode::Sandbox { "?mode=sandbox" } else { "" };
        format!("{}/pictures/{offer}.png{world}", self.public_url)
    }

    /// The offer whose picture stands at this address of ours; nothing is looked up.
    pub fn offer_pictured_at(&self, address: &str) -> Option<crate::model::ids::OfferId> {
        let path = address.strip_prefix(&*self.public_url)?;
        let path = path.split(['?', '#']).next().unwrap_or(path);
        path.strip_prefix("/pictures/")?.strip_suffix(".png")?.parse().ok()
    }

    /// Whether this world has a catalogue.
    pub fn serves(&self, mode: Mode) -> bool {
        self.upstream.serves(mode)
    }

    /// Seconds since an answer's document was fetched.
    pub fn age_s(&self, answer: &Rendered) -> u64 {
        answer.age_s(self.clock.now_ms())
    }

    /// Seconds until an answer's document is asked for again; negative when that is past.
    pub fn left_s(&self, answer: &Rendered) -> i64 {
        answer.left_s(self.clock.now_ms())
    }

    /// Whether an answer's document was there before this moment, so that nobody was asked for it.
    pub fn held_before(&self, answer: &Rendered, moment: Instant) -> bool {
        let since_ms = i64::try_from(moment.elapsed().as_millis()).unwrap_or(i64::MAX);
        answer.fetched_at_ms < self.clock.now_ms() - since_ms
    }

    fn exchange(&self, audience: &Audience, priced: bool) -> Result<Exchange, Error> {
        let currency = if priced { audience.currency } else { Currency::CNY };
        Ok(self.rates.exchange(currency)?.with_margin(audience.price_tier.margin))
    }

    fn answer_key<Q: Question>(&self, face: &str, audience: &Audience, question: &Q) -> KeyBuilder {
        let mark = self.rates.mark(audience.currency);
        question.key(shown_to(Key::of(Q::KIND), face, audience, mark))
    }

    async fn document<Q: Question>(
        &self,
        audience: &Audience,
        question: &Q,
        exchange: &Exchange,
    ) -> Result<(Key, Found), Error> {
        let call = question.call(audience, exchange)?;
        let key = document_key(Q::KIND, audience, &call);
        let fetch = self.fetch(Q::KIND, audience.mode, call, Q::ABSENT);
        let found = self.cache.document(&key, Q::KIND, fetch).await.map_err(failure::of)?;
        Ok((key, found))
    }

    /// A way to fetch, as often as the cache likes.
    fn fetch(
        &self,
        kind: Kind,
        mode: Mode,
        call: Call,
        absent: &'static str,
    ) -> impl Fn() -> BoxFuture<'static, Result<Fetched, upstream::Error>> + Send + Sync + 'static {
        let (upstream, call, context) = (self.upstream.clone(), Arc::new(call), Context::here());
        let interpreter = self.interpreter.clone();
        move || {
            let (upstream, call, context) = (upstream.clone(), Arc::clone(&call), context.clone());
            let interpreter = interpreter.clone();
            async move {
                let document = brought(upstream.ask(mode, &call, context).await, absent)?;
                Ok(kept_as(kind, mode, &call, completed(interpreter.as_ref(), &call, document).await))
            }
            .boxed()
        }
    }

    fn read<Q: Question>(&self, audience: &Audience, question: &Q, key: &Key, kept: &Kept) -> Result<Q::Found, Error> {
        let Some(document) = kept.content.document() else { return Err(question.absent()) };
        if let Some(reason) = Reason::read(&document) {
            return Err(question.kept_back(reason));
        }
        question.read(audience, &document).inspect_err(|error| {
            if matches!(error, Error::Nonsense(_)) {
                self.cache.forget(key);
            }
        })
    }
}

/// What a call brought: a document, the reason why there is none, or that there is none.
fn brought(told: Result<Bytes, upstream::Error>, absent: &str) -> Result<Option<Bytes>, upstream::Error> {
    let error = match told {
        Ok(document) => return Ok(Some(document)),
        Err(error) => error,
    };
    let code = error.refusal().map(|refusal| refusal.error_code.as_str());
    match code.map(|code| (code == absent, Reason::of_code(code))) {
        Some((true, _)) => Ok(None),
        Some((false, Some(reason))) => Ok(Some(reason.marker())),
        _ => Err(error),
    }
}

/// A document with what is known of the texts that the catalogue left open, in the language that the call asks for.
async fn completed(interpreter: Option<&Interpreter>, call: &Call, document: Option<Bytes>) -> Option<Bytes> {
    let (Some(interpreter), Some(told)) = (interpreter, &document) else { return document };
    let asked = about::asked_for(call, "lang").and_then(|tag| tag.parse().ok());
    let Some(language) = asked.filter(|language| *language != Language::Chinese) else { return document };
    let Some(gaps) = translate::gaps::find(told) else { return document };
    let words = interpreter.translate(language, &gaps.texts()).await;
    gaps.fill(&words).or(document)
}

/// A document, or that there is none, as the cache keeps it: with everything that it is about.
fn kept_as(kind: Kind, mode: Mode, call: &Call, document: Option<Bytes>) -> Fetched {
    let tags = about::tags(kind, mode, call, document.as_ref());
    document.map_or_else(Fetched::absent, Fetched::document).about(tags)
}

/// The part of every key that says for whom something is kept.
fn told_to(key: KeyBuilder, audience: &Audience) -> KeyBuilder {
    key.text(audience.mode.name()).text(&audience.price_tier)
}

/// The part of a rendered answer's key that says for whom and at which rate. Documents are the same at every rate; what is
/// rendered of them is not.
fn shown_to(key: KeyBuilder, face: &str, audience: &Audience, mark: i64) -> KeyBuilder {
    let margin = audience.price_tier.margin.hundredths().into();
    let key = told_to(key, audience).text(face).text(audience.language.tag());
    key.text(audience.currency.code()).number(mark).number(margin)
}

/// A document is kept under the call that brought it: whatever makes another call makes another key.
fn document_key(kind: Kind, audience: &Audience, call: &Call) -> Key {
    let key = told_to(Key::of(kind), audience).text(&call.path);
    call.query.iter().fold(key, |key, (name, value)| key.text(name).text(value)).finish()
}

#[cfg(test)]
mod tests;
