//! Refunds: wishes to get money back, as stories. The table of moves says which event may follow which state.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::error::Code;
use crate::model::ids::{CatalogueOrderId, CatalogueRefundId, OrderId, PartnerId, RefundId, SkuId, VoucherId};
use crate::model::money::Money;
use crate::model::order::{Reference, named};
use crate::model::partner::Mode;
use crate::model::quote::{Quantity, Unfit, plain_texts};
use crate::model::story::sending::{Sent, Stage};
use crate::model::story::{EventOf, HappeningOf, Learnt, Plot, Story, asked, moves};

/// How many pictures may prove one wish.
pub const MOST_VOUCHERS: usize = 5;

plain_texts! {
    /// The catalogue's code of a reason to ask for money back.
    ReasonCode, "a reason's code as GET /v1/orders/{order_id}/refund-reasons gives it",
        |text| (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    /// A carrier's short code, such as `ZTO`.
    CarrierCode, "a carrier's code of 1 to 32 of A-Z a-z 0-9 _ -, such as ZTO",
        |text| (1..=32).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    /// A carrier's number of a parcel.
    TrackingNumber, "a tracking number of 1 to 64 of A-Z a-z 0-9 -",
        |text| (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
}

named! {
    /// What is asked for.
    Remedy {
        Money = "money", "Money back; the goods, if there are any, are kept.";
        Return = "return", "Money back for goods that are sent back.";
    }
}

named! {
    /// Where a refund stands.
    State {
        Received = "received", "Written down by the gateway; the catalogue does not know it yet.";
        Requesting = "requesting", "Being sent to the catalogue right now.";
        Requested = "requested", "The supplier has to answer until `deadline`.";
        Rejected = "rejected", "The catalogue did not take it; nothing is under way.";
        Unknown = "unknown", "Sent, but no answer came back; the gateway is finding out and settles it by itself.";
        Agreed = "agreed", "The supplier agreed.";
        Refused = "refused", "The supplier refused: modify it, ask for arbitration, or withdraw it.";
        ReturnAwaited = "return_awaited", "Agreed; the goods are to be sent to `return_address`.";
        ReturnSent = "return_sent", "The goods are on their way back; the supplier has to confirm them.";
        Arbitrating = "arbitrating", "The marketplace decides.";
        Succeeded = "succeeded", "The money was given back: `agreed_amount`.";
        Closed = "closed", "Withdrawn, or decided against; no money was given back.";
    }
}

impl State {
    /// Whether nothing can happen to it any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Rejected | Self::Succeeded | Self::Closed)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

named! {
    /// How the marketplace decided.
    Decision {
        Buyer = "buyer", "For you: everything that was asked for.";
        Seller = "supplier", "For the supplier: nothing.";
        Split = "split", "A part.";
    }
}

// Kind = name, leads to, whether partners hear of it (as `refund.` and the state it leads to), [may happen in].
moves! { "a refund":
    Received = "received", Received, quiet, [];
    RequestingStarted = "requesting_started", Requesting, quiet, [Received];
    NotReached = "not_reached", Received, quiet, [Requesting];
    Accepted = "accepted", Requested, told, [Requesting Unknown];
    Rejected = "rejected", Rejected, told, [Received Requesting Unknown];
    Unanswered = "unanswered", Unknown, told, [Requesting];
    TriedAgain = "tried_again", Unknown, quiet, [Unknown];
    HandedToPerson = "handed_to_person", Unknown, quiet, [Unknown];
    ModifyAsked = "modify_asked", Refused, quiet, [Refused];
    Modified = "modified", Requested, told, [Refused];
    Agreed = "agreed", Agreed, told, [Requested];
    Refused = "refused", Refused, told, [Requested];
    ReturnAwaited = "return_awaited", ReturnAwaited, told, [Agreed];
    ReturnSent = "return_sent", ReturnSent, told, [ReturnAwaited];
    ArbitrationAsked = "arbitration_asked", Arbitrating, told, [Refused ReturnSent];
    Succeeded = "succeeded", Succeeded, told, [Agreed ReturnSent Arbitrating];
    Closed = "closed", Closed, told, [Requested Agreed Refused ReturnAwaited ReturnSent Arbitrating];
}

/// How many pieces of which line of the order it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundLine {
    /// The line's place in the order, from 1: the catalogue's number of it.
    pub number: u32,
    /// The variant.
    pub sku: SkuId,
    /// How many pieces.
    pub quantity: Quantity,
}

/// A picture that proves something, by our id and the catalogue's number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Our id of it.
    pub id: VoucherId,
    /// The catalogue's number of it.
    pub number: i64,
}

/// A reason that money can be asked back for, now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// Its code.
    pub code: ReasonCode,
    /// What it says, in Chinese.
    pub name: String,
    /// The same in the asked language.
    pub name_shown: String,
    /// Whether a picture has to prove it.
    pub needs_voucher: bool,
}

/// What can be asked for, now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// At most so much in all.
    pub most: Money,
    /// Of which at most so much freight.
    pub most_freight: Money,
    /// The reasons to choose from.
    pub reasons: Vec<Reason>,
}

/// Goods on their way back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// Who carries them.
    pub carrier: CarrierCode,
    /// The carrier's number of them.
    pub tracking_number: TrackingNumber,
    /// When they were sent, as the catalogue wrote it down.
    pub sent_at: Option<Timestamp>,
}

named! {
    /// Why a refund was closed.
    Closing {
        Withdrawn = "withdrawn", "You withdrew it.";
        SupplierWon = "decided_for_supplier", "The marketplace decided for the supplier.";
        TooLate = "deadline_passed", "It was your turn, and the deadline passed.";
        OrderClosed = "order_closed", "The order was closed, and with it everything was given back.";
    }
}

/// A case before the marketplace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arbitration {
    /// What was said for it.
    pub plea: String,
    /// How it was decided, once it is.
    pub decision: Option<Decision>,
    /// What the marketplace said to it.
    pub note: Option<String>,
}

/// Why the catalogue did not take a refund, with the figures it gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The public code.
    pub code: Code,
    /// A sentence for the partner.
    pub detail: String,
    /// The most that could be asked for, freight included.
    pub most: Option<Money>,
    /// How much of it as freight.
    pub most_freight: Option<Money>,
    /// The most pieces that could be asked for, by variant.
    pub lines: Vec<(SkuId, u32)>,
    /// The refund that is open already.
    pub open: Option<RefundId>,
}

impl Rejection {
    /// One without figures.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), most: None, most_freight: None, lines: Vec::new(), open: None }
    }
}

/// What an event brought to light, and all of them together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The catalogue's number of the refund.
    pub catalogue_refund: Option<CatalogueRefundId>,
    /// How often it had changed at the catalogue; what is older was known before.
    pub catalogue_version: Option<i64>,
    /// How much is asked for from now on.
    pub amount: Option<Money>,
    /// How much of it is freight.
    pub freight: Option<Money>,
    /// What is said for it from now on.
    pub description: Option<String>,
    /// What proves it from now on.
    pub proofs: Option<Vec<Proof>>,
    /// Until when whoever's turn it is has to act.
    pub deadline: Option<Timestamp>,
    /// How much is given back.
    pub agreed: Option<Money>,
    /// What the supplier said to it, in Chinese.
    pub supplier_note: Option<String>,
    /// Where goods are to be sent back to, in Chinese.
    pub return_address: Option<String>,
    /// The goods on their way back.
    pub parcel: Option<Parcel>,
    /// The case before the marketplace.
    pub arbitration: Option<Arbitration>,
    /// When the money was given back.
    pub refunded_at: Option<Timestamp>,
    /// Why it was closed.
    pub closing: Option<Closing>,
    /// Why the catalogue did not take it.
    pub rejection: Option<Rejection>,
}

impl Learnt for Facts {
    fn learn(&mut self, newer: &Self) {
        macro_rules! newest {
            ($( $field:ident )*) => { $( if newer.$field.is_some() { self.$field.clone_from(&newer.$field); } )* };
        }
        newest! {
            catalogue_refund catalogue_version amount freight description proofs deadline agreed supplier_note
            return_address parcel arbitration refunded_at closing rejection
        }
    }
}

/// What a refund is from its first moment on and for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Its id; also the reference under which the catalogue knows it.
    pub id: RefundId,
    /// Whose it is.
    pub partner: PartnerId,
    /// Live or sandbox.
    pub mode: Mode,
    /// The partner's own number of it.
    pub reference: Reference,
    /// The order it is about.
    pub order: OrderId,
    /// The catalogue's number of that order.
    pub catalogue_order: CatalogueOrderId,
    /// What is asked for.
    pub remedy: Remedy,
    /// Why, by code.
    pub reason: ReasonCode,
    /// How much is asked for, freight included.
    pub amount: Money,
    /// How much of it is freight.
    pub freight: Money,
    /// Which pieces it is about.
    pub lines: Vec<RefundLine>,
    /// What is said for it.
    pub description: String,
    /// What proves it.
    pub proofs: Vec<Proof>,
    /// When it was received.
    pub created_at: Timestamp,
}

asked!(Deed, RefundId);

/// Stories of refunds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refunding;

impl Plot for Refunding {
    const WHAT: &'static str = "a refund";
    const BEGINS: Kind = Kind::Received;
    type Deed = Deed;
    type Kind = Kind;
    type Facts = Facts;
}

impl Sent for Refunding {
    const STARTED: Kind = Kind::RequestingStarted;
    const NOT_REACHED: Kind = Kind::NotReached;
    const UNANSWERED: Kind = Kind::Unanswered;
    const TRIED_AGAIN: Kind = Kind::TriedAgain;
    const HANDED_TO_PERSON: Kind = Kind::HandedToPerson;
    const REJECTED: Kind = Kind::Rejected;
    type Rejection = Rejection;

    fn stage(state: State) -> Stage {
        match state {
            State::Received => Stage::Received,
            State::Requesting => Stage::Sending,
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
        Rejection::new(Code::RefundRefused, detail)
    }
}

/// A refund: the deed and the fold of what happened to it.
pub type Refund = Story<Refunding>;
/// Something that happened to a refund.
pub type Event = EventOf<Refunding>;
/// Something that is about to be written into a refund's story.
pub type Happening = HappeningOf<Refunding>;

impl Refund {
    /// How much is asked for now.
    pub fn amount(&self) -> Money {
        self.known.amount.unwrap_or(self.deed.amount)
    }

    /// How much of it is freight, now.
    pub fn freight(&self) -> Money {
        self.known.freight.unwrap_or(self.deed.freight)
    }

    /// What is said for it now.
    pub fn description(&self) -> &str {
        self.known.description.as_deref().unwrap_or(&self.deed.description)
    }

    /// What proves it now.
    pub fn proofs(&self) -> &[Proof] {
        self.known.proofs.as_deref().unwrap_or(&self.deed.proofs)
    }

    /// Until when whoever's turn it is has to act; none once nobody has to.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.known.deadline.filter(|_| !self.state.is_final() && self.state != State::Arbitrating)
    }

    /// Why the catalogue did not take it, if it did not.
    pub fn rejection(&self) -> Option<&Rejection> {
        self.known.rejection.as_ref()
    }

    /// Whether it ever stood there.
    pub fn has_been(&self, state: State) -> bool {
        self.events.iter().any(|event| event.kind.leads_to() == state)
    }
}

#[cfg(test)]
pub(crate) mod tests;
