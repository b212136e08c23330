//! The catalogue room: offers, searches, categories, suppliers and pictures, remembered where they may be.
//!
//! A question is a value ([`Question`]): it knows its kind, the call it makes, how its document reads, and what its
//! absence means. [`Catalog::ask`] answers it with the model and the exchange rate its prices are to be shown at;
//! [`Catalog::rendered`] answers it with bytes ready to be sent, and on a hot question never comes further than one
//! look into the cache. Documents are kept by the call that brought them, rendered answers by face, audience and
//! question; both keys carry world and price tier, so that no answer is shown to whom it is not for.
//!
//! When the catalogue is down, what was seen before stands in as long as `cache/freshness.rs` allows.

mod audience;
mod batch;
mod bounds;
mod browse;
mod cursor;
mod failure;
mod question;
mod reason;

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

pub use audience::Audience;
pub use batch::MOST_OFFERS;
pub use browse::AllPools;
pub use failure::Error;
pub use question::{AllCategories, AllWarehouses, Picture, Question};
use reason::Reason;

pub use crate::cache::Rendered;
use crate::cache::{Cache, Content, Fetched, Kept, Key, KeyBuilder, Kind};
use crate::clock::Clock;
use crate::language::Interpreter;
use crate::model::language::Language;
use crate::model::money::{Currency, Exchange};
use crate::model::partner::Mode;
use crate::rates::Rates;
use crate::telemetry::trace;
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
        let (key, kept) = self.document(audience, question, &exchange).await?;
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
    ) -> Result<Arc<Rendered>, Error> {
        let key = self.answer_key(face, audience, question);
        if let Some(answer) = self.cache.answer(&key) {
            return Ok(answer);
        }
        let exchange = self.exchange(audience, Q::PRICED)?;
        let (document_key, kept) = self.document(audience, question, &exchange).await?;
        self.cache.render(&key, Q::KIND, &kept, || {
            let found = self.read(audience, question, &document_key, &kept)?;
            render(&found, &exchange).ok_or(Error::Unshowable)
        })
    }

    /// The picture of an offer, as bytes ready to be sent. Pictures are public: a world is all they need to know.
    pub async fn picture(&self, mode: Mode, picture: Picture) -> Result<Arc<Rendered>, Error> {
        let png = |bytes: &Bytes, _: &Exchange| Some(bytes.clone());
        self.rendered("picture", &Audience::anyone(mode), &picture, png).await
    }

    /// Where a browser finds the picture of an offer.
    pub fn picture_url(&self, mode: Mode, offer: crate::model::ids::OfferId) -> String {
        let world = if mode == Mode::Sandbox { "?mode=sandbox" } else { "" };
        format!("{}/pictures/{offer}.png{world}", self.public_url)
    }

    /// Whether this world has a catalogue.
    pub fn serves(&self, mode: Mode) -> bool {
        self.upstream.serves(mode)
    }

    /// Seconds since an answer's document was fetched.
    pub fn age_s(&self, answer: &Rendered) -> u64 {
        answer.age_s(self.clock.now_ms())
    }

    /// Whether an answer's document was there before this moment, so that nobody was asked for it.
    pub fn held_before(&self, answer: &Rendered, moment: Instant) -> bool {
        let since_ms = i64::try_from(moment.elapsed().as_millis()).unwrap_or(i64::MAX);
        answer.fetched_at_ms < self.clock.now_ms() - since_ms
    }

    fn exchange(&self, audience: &Audience, priced: bool) -> Result<Exchange, Error> {
        let currency = if priced { audience.currency } else { Currency::CNY };
        Ok(self.rates.exchange(currency)?)
    }

    fn answer_key<Q: Question>(&self, face: &str, audience: &Audience, question: &Q) -> Key {
        let generation = i64::try_from(self.rates.generation()).unwrap_or(i64::MAX);
        let key = told_to(Key::of(Q::KIND), audience).text(face).text(audience.language.tag());
        question.key(key.text(audience.currency.code()).number(generation)).finish()
    }

    async fn document<Q: Question>(
        &self,
        audience: &Audience,
        question: &Q,
        exchange: &Exchange,
    ) -> Result<(Key, Arc<Kept>), Error> {
        let call = question.call(audience, exchange)?;
        let key = document_key(Q::KIND, audience, &call);
        let (upstream, mode, traceparent) = (self.upstream.clone(), audience.mode, trace::current());
        let (interpreter, language) = (self.interpreter.clone(), audience.language);
        let fetch = move || async move {
            let context = Context { traceparent: traceparent.as_deref(), until: None };
            let told = fetched::<Q>(upstream.ask(mode, &call, context).await)?;
            Ok(if Q::WORDED { completed(interpreter.as_ref(), language, told).await } else { told })
        };
        let kept = self.cache.document(&key, Q::KIND, fetch).await.map_err(failure::of)?;
        Ok((key, kept))
    }

    /// The document of a call, kept or fetched in a way of the caller's own.
    async fn kept<Q: Question, F>(
        &self,
        audience: &Audience,
        call: &Call,
        fetch: impl FnOnce() -> F + Send + 'static,
    ) -> Result<(Key, Arc<Kept>), Error>
    where
        F: Future<Output = Result<Fetched, upstream::Error>> + Send + 'static,
    {
        let key = document_key(Q::KIND, audience, call);
        let kept = self.cache.document(&key, Q::KIND, fetch).await.map_err(failure::of)?;
        Ok((key, kept))
    }

    fn read<Q: Question>(&self, audience: &Audience, question: &Q, key: &Key, kept: &Kept) -> Result<Q::Found, Error> {
        let Content::Document(document) = &kept.content else { return Err(question.absent()) };
        if let Some(reason) = Reason::read(document) {
            return Err(question.kept_back(reason));
        }
        question.read(audience, document).inspect_err(|error| {
            if matches!(error, Error::Nonsense(_)) {
                self.cache.forget(key);
            }
        })
    }
}

/// What a call brought, as it is kept: a document, the reason why there is none, or that there is none.
fn fetched<Q: Question>(told: Result<Bytes, upstream::Error>) -> Result<Fetched, upstream::Error> {
    let error = match told {
        Ok(document) => return Ok(Fetched::Document(document)),
        Err(error) => error,
    };
    let code = error.refusal().map(|refusal| refusal.error_code.as_str());
    match code.map(|code| (code == Q::ABSENT, Reason::of_code(code))) {
        Some((true, _)) => Ok(Fetched::Absent),
        Some((false, Some(reason))) => Ok(Fetched::Document(reason.marker())),
        _ => Err(error),
    }
}

/// A document with what is known of the texts that the catalogue left open.
async fn completed(interpreter: Option<&Interpreter>, language: Language, told: Fetched) -> Fetched {
    let (Some(interpreter), Fetched::Document(document)) = (interpreter, &told) else { return told };
    if language == Language::Chinese {
        return told;
    }
    let Some(gaps) = translate::gaps::find(document) else { return told };
    let words = interpreter.translate(language, &gaps.texts()).await;
    gaps.fill(&words).map_or(told, Fetched::Document)
}

/// The part of every key that says for whom something is kept.
fn told_to(key: KeyBuilder, audience: &Audience) -> KeyBuilder {
    key.text(audience.mode.name()).text(&audience.price_tier)
}

/// A document is kept under the call that brought it: whatever makes another call makes another key.
fn document_key(kind: Kind, audience: &Audience, call: &Call) -> Key {
    let key = told_to(Key::of(kind), audience).text(&call.path);
    call.query.iter().fold(key, |key, (name, value)| key.text(name).text(value)).finish()
}

#[cfg(test)]
mod tests;
