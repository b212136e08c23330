//! Looking up: questions to the catalogue, answered from what is kept of it wherever they may be. For every room that reads
//! the catalogue; what it makes of the answers, and who is shown them, is its own.
//!
//! A question is a value ([`Question`]): it knows its kind, the call it makes, how its document reads, and what its
//! absence means. [`Lookup::ask`] answers it with the model and the exchange rate its prices are to be shown at. Documents
//! are kept by the call that brought them; the key carries world and price tier, so that no answer is shown to whom it is
//! not for, and whoever asks the same gets the same document. `about` knows what a document is about, so that it is not
//! shown any more once that has moved.

pub(crate) mod about;
mod audience;
mod batch;
mod bounds;
mod browse;
mod cursor;
mod document;
mod failure;
mod freight;
mod question;
mod reason;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

pub use audience::Audience;
pub use batch::MOST_OFFERS;
pub use browse::AllPools;
pub(crate) use document::{document_key, told_to};
pub use failure::Error;
pub(crate) use failure::{may_stand_in, of as failed};
pub use freight::{FreightLine, FreightWish};
pub use question::{AllCategories, AllWarehouses, Picture, Question};
use reason::Reason;

use crate::cache::{Cache, Fetched, Found, How, Kept, Key, Kind};
use crate::clock::Clock;
use crate::error::Place;
use crate::language::Interpreter;
use crate::model::language::Language;
use crate::model::money::{Currency, Exchange};
use crate::model::partner::Mode;
use crate::model::quote::Warehouse;
use crate::model::warehouse::Site;
use crate::rates::Rates;
use crate::translate;
use crate::upstream::{self, Call, Context, Upstream};

/// The catalogue's kept documents as one worker reaches them; cheap to clone.
#[derive(Clone, Debug)]
pub struct Lookup {
    pub(crate) upstream: Upstream,
    pub(crate) cache: Cache<upstream::Error>,
    pub(crate) rates: Rates,
    pub(crate) clock: Clock,
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

impl Lookup {
    /// The catalogue behind this upstream client.
    pub fn new(upstream: Upstream, cache: Cache<upstream::Error>, rates: Rates, clock: Clock) -> Self {
        Self { upstream, cache, rates, clock, interpreter: None }
    }

    /// The same with somebody who translates what the catalogue leaves open.
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

    /// The warehouse with this code; when there is none, those there are.
    pub async fn warehouse(&self, audience: &Audience, code: &Warehouse) -> Result<Site, Error> {
        let sites = self.ask(audience, &AllWarehouses).await?.found;
        sites.iter().find(|site| site.code == *code).cloned().ok_or_else(|| {
            let codes: Vec<_> = sites.iter().map(|site| site.code.as_str()).collect();
            Error::Invalid(vec![Place::body("/warehouse", format!("one of {}", codes.join(", ")))])
        })
    }

    /// Fetches a document of which only the key is known, unless it is here; how it was come by.
    pub(crate) async fn fetch_again(&self, key: &Key) -> Option<How> {
        let kind = key.kind()?;
        let (mode, call) = document::call_of(kind, key)?;
        if !self.upstream.serves(mode) {
            return None;
        }
        let fetch = self.fetch(kind, mode, call, document::row(kind).1);
        self.cache.document(key, kind, fetch).await.ok().map(|found| found.how)
    }

    /// The rate that an audience is shown prices at.
    pub(crate) fn exchange(&self, audience: &Audience, priced: bool) -> Result<Exchange, Error> {
        let currency = if priced { audience.currency } else { Currency::CNY };
        Ok(self.rates.exchange(currency)?.with_margin(audience.price_tier.margin))
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
    pub(crate) fn fetch(
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

    /// What a kept document says; one that says nothing sensible is let go.
    pub(crate) fn read<Q: Question>(
        &self,
        audience: &Audience,
        question: &Q,
        key: &Key,
        kept: &Kept,
    ) -> Result<Q::Found, Error> {
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
