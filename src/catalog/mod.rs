//! The catalogue room: offers, searches, categories, suppliers and pictures as faces show them.
//!
//! What there is to ask, and the documents that are kept of it, is `lookup`'s; [`Catalog::ask`] answers with the model,
//! [`Catalog::rendered`] with bytes ready to be sent, and on a hot question never comes further than one look into the
//! cache. Rendered answers are kept by face, audience and question; the key carries world and price tier, as that of their
//! document does.
//!
//! When the catalogue is down, what was seen before stands in as long as `cache/freshness.rs` allows. When something moves
//! in it, what is about that is not shown any more: the change feed says so ([`Catalog::follow`]).

mod arrivals;
mod entry;
mod follow;
mod warm;

use std::ops::Deref;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

pub use entry::Entries;
pub use follow::Told;
pub use warm::Warmed;

pub use crate::cache::{Freshness, How, Kind, Rendered};
use crate::cache::{Key, KeyBuilder};
use crate::lookup::{self, Lookup};
pub use crate::lookup::{
    AllCategories, AllPools, AllWarehouses, Answer, Audience, Error, FreightLine, FreightWish, MOST_OFFERS, Picture,
    Question,
};
use crate::model::freight::Freight;
use crate::model::ids::OfferId;
use crate::model::money::Exchange;
use crate::model::offer::Offer;
use crate::model::partner::Mode;
use crate::model::quote::Warehouse;
use crate::model::warehouse::Site;

/// The catalogue as one worker reaches it; cheap to clone.
#[derive(Clone, Debug)]
pub struct Catalog {
    lookup: Lookup,
    public_url: Arc<str>,
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
    /// What faces show of the catalogue. `public_url` is how browsers reach the gateway, e.g. `https://gateway.example`; it
    /// begins the address of every picture and may be empty.
    pub fn new(lookup: Lookup, public_url: &str) -> Self {
        Self { lookup, public_url: public_url.trim_end_matches('/').into() }
    }

    /// Answers a question with the model.
    pub async fn ask<Q: Question>(&self, audience: &Audience, question: &Q) -> Result<Answer<Q::Found>, Error> {
        self.lookup.ask(audience, question).await
    }

    /// Several offers, each with its own outcome, in the asked order.
    pub async fn batch(
        &self,
        audience: &Audience,
        ids: &[OfferId],
    ) -> Result<Answer<Vec<Result<Offer, Error>>>, Error> {
        self.lookup.batch(audience, ids).await
    }

    /// The warehouse with this code; when there is none, those there are.
    pub async fn warehouse(&self, audience: &Audience, code: &Warehouse) -> Result<Site, Error> {
        self.lookup.warehouse(audience, code).await
    }

    /// What the road costs. Problems name the places of the wish's lines.
    pub async fn freight(&self, audience: &Audience, wish: &FreightWish) -> Result<Answer<Freight>, Error> {
        self.lookup.freight(audience, wish).await
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
        if let Some(answer) = self.lookup.cache.answer(key.bytes()) {
            let how = if answer.stands_in(self.lookup.clock.now_ms()) { How::StandIn } else { How::Held };
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
        let exchange = self.lookup.exchange(audience, Q::PRICED)?;
        let call = question.call(audience, &exchange)?;
        let document_key = lookup::document_key(Q::KIND, audience, &call);
        if let Some(answer) = self.lookup.cache.answer_for_now(&key, &document_key) {
            return Ok(Shown { answer, how: How::StandIn });
        }
        if let Some(answer) = self.lookup.cache.shared_answer(&key, &document_key, Q::KIND).await {
            return Ok(Shown { answer, how: How::Shared });
        }
        let fetch = self.lookup.fetch(Q::KIND, audience.mode, call, Q::ABSENT);
        let found = match self.lookup.cache.document(&document_key, Q::KIND, fetch).await {
            Ok(found) => found,
            Err(error) => {
                let stands_in =
                    lookup::may_stand_in(&error).then(|| self.lookup.cache.answer_standing_in(&key)).flatten();
                let shown = stands_in.map(|answer| Shown { answer, how: How::StandIn });
                return shown.ok_or_else(|| lookup::failed(error));
            }
        };
        let answer = self.lookup.cache.render(&key, (&document_key, Q::KIND), &found, || {
            let offered = self.lookup.read(audience, question, &document_key, &found.kept)?;
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
    pub fn picture_url(&self, mode: Mode, offer: OfferId) -> String {
        let world = if mode == Mode::Sandbox { "?mode=sandbox" } else { "" };
        format!("{}/pictures/{offer}.png{world}", self.public_url)
    }

    /// The offer whose picture stands at this address of ours; nothing is looked up.
    pub fn offer_pictured_at(&self, address: &str) -> Option<OfferId> {
        let path = address.strip_prefix(&*self.public_url)?;
        let path = path.split(['?', '#']).next().unwrap_or(path);
        path.strip_prefix("/pictures/")?.strip_suffix(".png")?.parse().ok()
    }

    /// Whether this world has a catalogue.
    pub fn serves(&self, mode: Mode) -> bool {
        self.lookup.upstream.serves(mode)
    }

    /// Seconds since an answer's document was fetched.
    pub fn age_s(&self, answer: &Rendered) -> u64 {
        answer.age_s(self.lookup.clock.now_ms())
    }

    /// Seconds until an answer's document is asked for again; negative when that is past.
    pub fn left_s(&self, answer: &Rendered) -> i64 {
        answer.left_s(self.lookup.clock.now_ms())
    }

    /// Whether an answer's document was there before this moment, so that nobody was asked for it.
    pub fn held_before(&self, answer: &Rendered, moment: Instant) -> bool {
        let since_ms = i64::try_from(moment.elapsed().as_millis()).unwrap_or(i64::MAX);
        answer.fetched_at_ms < self.lookup.clock.now_ms() - since_ms
    }

    fn answer_key<Q: Question>(&self, face: &str, audience: &Audience, question: &Q) -> KeyBuilder {
        let mark = self.lookup.rates.mark(audience.currency);
        question.key(shown_to(Key::of(Q::KIND), face, audience, mark))
    }
}

/// The part of a rendered answer's key that says for whom and at which rate. Documents are the same at every rate; what is
/// rendered of them is not.
fn shown_to(key: KeyBuilder, face: &str, audience: &Audience, mark: i64) -> KeyBuilder {
    let margin = audience.price_tier.margin.hundredths().into();
    let key = lookup::told_to(key, audience).text(face).text(audience.language.tag());
    key.text(audience.currency.code()).number(mark).number(margin)
}

#[cfg(test)]
mod tests;
