//! Inquiries: what was asked of several suppliers plus the events that happened to it; its state is the fold of the
//! events, and the tables of moves say which event may follow which state, of the whole and of the talk with one
//! supplier. No other move can be made.

mod facts;
mod moves;
#[cfg(test)]
pub(crate) mod tests;

use jiff::Timestamp;

pub use facts::{Facts, NoReason, Quotation, Rejection, Talk};
pub use moves::{Kind, State, TalkState};

use crate::model::ids::{EventId, InquiryId, PartnerId, QuotationId, SkuId, SupplierId};
use crate::model::money::{Currency, Money};
use crate::model::order::{Actor, Reference};
use crate::model::partner::Mode;
use crate::model::quote::{Country, Quantity, Warehouse};
use crate::model::refund::Proof;

/// How many suppliers one inquiry may go to.
pub const MOST_SUPPLIERS: usize = 10;
/// How many pictures may go with it.
pub const MOST_ATTACHMENTS: usize = 5;
/// How long the words of what is wanted may be.
pub const SPECIFICATION_CHARS: usize = 2000;

/// A supplier who is asked, and for which variant; for one that fits the words when none is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invited {
    /// The supplier.
    pub supplier: SupplierId,
    /// The variant.
    pub sku: Option<SkuId>,
}

/// What an inquiry is from its first moment on and for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Its id; also the reference under which the catalogue knows it.
    pub id: InquiryId,
    /// Whose it is.
    pub partner: PartnerId,
    /// Live or sandbox.
    pub mode: Mode,
    /// The partner's own number of it.
    pub reference: Reference,
    /// Who is asked.
    pub invited: Vec<Invited>,
    /// What is wanted, in words.
    pub specification: String,
    /// How many pieces.
    pub quantity: Quantity,
    /// What the partner would like to pay for a piece, in CNY.
    pub target: Option<Money>,
    /// Where it is gathered.
    pub warehouse: Warehouse,
    /// Where it goes in the end.
    pub ship_to: Country,
    /// The currency whose rate is locked when a quotation is accepted.
    pub currency: Currency,
    /// Pictures of what is wanted.
    pub attachments: Vec<Proof>,
    /// When it was received.
    pub created_at: Timestamp,
}

/// Something that happened to an inquiry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Its place in the inquiry's story, from 1.
    pub version: u32,
    /// When the gateway wrote it down.
    pub at: Timestamp,
    /// Who made it happen.
    pub actor: Actor,
    /// What happened.
    pub kind: Kind,
    /// Why, in words.
    pub cause: String,
    /// What it brought to light.
    pub facts: Facts,
}

/// An inquiry: the deed and the fold of what happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inquiry {
    /// What was asked.
    pub deed: Deed,
    /// Where it stands.
    pub state: State,
    /// How many events it has.
    pub version: u32,
    /// Everything that came to light.
    pub known: Facts,
    /// When its last event was written.
    pub updated_at: Timestamp,
    /// Its events, oldest first; empty in lists.
    pub events: Vec<Event>,
}

/// An event that may not follow the inquiry's state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an inquiry that is {} cannot be {}", state.name(), kind.name())]
pub struct IllegalMove {
    /// Where the inquiry stands.
    pub state: State,
    /// What was to happen.
    pub kind: Kind,
}

impl Inquiry {
    /// A fresh inquiry with its first event.
    pub fn received(deed: Deed, cause: &str) -> Self {
        let first = Event {
            id: EventId::fresh(),
            version: 1,
            at: deed.created_at,
            actor: Actor::Partner,
            kind: Kind::Received,
            cause: cause.to_owned(),
            facts: Facts::default(),
        };
        Self::opened(deed, first)
    }

    /// The inquiry that these events made; `None` when they do not make one.
    pub fn fold(deed: Deed, events: impl IntoIterator<Item = Event>) -> Option<Self> {
        let mut events = events.into_iter();
        let first = events.next().filter(|event| event.kind == Kind::Received && event.version == 1)?;
        let mut inquiry = Self::opened(deed, first);
        for event in events {
            inquiry.apply(event).ok()?;
        }
        Some(inquiry)
    }

    fn opened(deed: Deed, first: Event) -> Self {
        Self {
            deed,
            state: State::Received,
            version: 1,
            known: first.facts.clone(),
            updated_at: first.at,
            events: vec![first],
        }
    }

    /// The event that this happening would be, if it may happen now.
    pub fn next(&self, at: Timestamp, what: Happening) -> Result<Event, IllegalMove> {
        if !what.kind.from().contains(&self.state) {
            return Err(IllegalMove { state: self.state, kind: what.kind });
        }
        let Happening { kind, actor, cause, facts } = what;
        Ok(Event { id: EventId::fresh(), version: self.version + 1, at, actor, kind, cause, facts })
    }

    /// Takes the next event into the state.
    pub fn apply(&mut self, event: Event) -> Result<(), IllegalMove> {
        if !event.kind.from().contains(&self.state) || event.version != self.version + 1 {
            return Err(IllegalMove { state: self.state, kind: event.kind });
        }
        self.state = event.kind.leads_to();
        self.version = event.version;
        self.updated_at = event.at;
        self.known.learn(&event.facts);
        self.events.push(event);
        Ok(())
    }

    /// How far the suppliers came: all that were asked, in the order in which they were named.
    pub fn talks(&self) -> Vec<Talk> {
        let known = self.known.talks.as_deref().unwrap_or_default();
        let talk = |invited: &Invited| {
            let heard = known.iter().find(|talk| talk.supplier == invited.supplier).cloned();
            heard.unwrap_or_else(|| Talk::asked(invited.supplier, self.deed.target))
        };
        self.deed.invited.iter().map(talk).collect()
    }

    /// The talk whose newest quotation it is.
    pub fn talk_of(&self, quotation: &QuotationId) -> Option<Talk> {
        self.talks().into_iter().find(|talk| talk.quotation.as_ref().is_some_and(|newest| newest.id == *quotation))
    }

    /// Whether it ever had this quotation; of an inquiry with its events.
    pub fn ever_had(&self, quotation: &QuotationId) -> bool {
        let talks = self.events.iter().filter_map(|event| event.facts.talks.as_ref()).flatten();
        talks.filter_map(|talk| talk.quotation.as_ref()).any(|one| one.id == *quotation)
    }
}

/// Something that is about to be written into an inquiry's story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// What happens.
    pub kind: Kind,
    /// Who makes it happen.
    pub actor: Actor,
    /// Why, in words.
    pub cause: String,
    /// What it brings to light.
    pub facts: Facts,
}

impl Happening {
    /// Something without further facts.
    pub fn new(kind: Kind, actor: Actor, cause: impl Into<String>) -> Self {
        Self { kind, actor, cause: cause.into(), facts: Facts::default() }
    }

    /// The same with facts.
    pub fn with(self, facts: Facts) -> Self {
        Self { facts, ..self }
    }
}
