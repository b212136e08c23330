//! Inquiries: what was asked of several suppliers, as stories. The tables of moves say which event may follow which
//! state, of the whole and of the talk with one supplier.

mod facts;
mod moves;
#[cfg(test)]
pub(crate) mod tests;

use jiff::Timestamp;

pub use facts::{Answering, Facts, NoReason, Quotation, Rejection, Talk};
pub use moves::{Kind, State, TalkState};

use crate::error::Code;
use crate::model::ids::{InquiryId, PartnerId, QuotationId, SkuId, SupplierId};
use crate::model::money::{Currency, Money};
use crate::model::order::Reference;
use crate::model::partner::Mode;
use crate::model::quote::{Country, Quantity, Warehouse};
use crate::model::refund::Proof;
use crate::model::story::sending::{Sent, Stage};
use crate::model::story::{EventOf, HappeningOf, Plot, Story, asked};

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

asked!(Deed, InquiryId);

/// Stories of inquiries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Inquiring;

impl Plot for Inquiring {
    const WHAT: &'static str = "an inquiry";
    const BEGINS: Kind = Kind::Received;
    type Deed = Deed;
    type Kind = Kind;
    type Facts = Facts;
}

impl Sent for Inquiring {
    const STARTED: Kind = Kind::SendingStarted;
    const NOT_REACHED: Kind = Kind::NotReached;
    const UNANSWERED: Kind = Kind::Unanswered;
    const TRIED_AGAIN: Kind = Kind::TriedAgain;
    const HANDED_TO_PERSON: Kind = Kind::HandedToPerson;
    const REJECTED: Kind = Kind::Rejected;
    type Rejection = Rejection;

    fn stage(state: State) -> Stage {
        match state {
            State::Received => Stage::Received,
            State::Sending => Stage::Sending,
            State::Unknown => Stage::Unknown,
            State::Rejected => Stage::Rejected,
            _ => Stage::Taken,
        }
    }

    fn rejection(why: Rejection) -> Facts {
        Facts { rejection: Some(why), ..Facts::default() }
    }

    fn detail(why: &Rejection) -> &str {
        &why.detail
    }

    fn given_up(detail: &str) -> Rejection {
        Rejection { code: Code::InquiryRefused, detail: detail.to_owned(), pointer: None }
    }
}

/// An inquiry: the deed and the fold of what happened to it.
pub type Inquiry = Story<Inquiring>;
/// Something that happened to an inquiry.
pub type Event = EventOf<Inquiring>;
/// Something that is about to be written into an inquiry's story.
pub type Happening = HappeningOf<Inquiring>;

impl Inquiry {
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
