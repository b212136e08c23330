//! Refunds: a wish to get money back is what was asked for plus the events that happened to it; its state is the fold
//! of the events, and the table of moves says which event may follow which state. No other move can be made.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::error::Code;
use crate::model::ids::{CatalogueOrderId, CatalogueRefundId, EventId, OrderId, PartnerId, RefundId, SkuId, VoucherId};
use crate::model::money::Money;
use crate::model::order::{Actor, Reference, named};
use crate::model::partner::Mode;
use crate::model::quote::{Quantity, Unfit, plain_texts};

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

macro_rules! moves {
    ($( $variant:ident = $name:literal, $to:ident, $told:ident, [$( $from:ident )*]; )*) => {
        /// What can happen to a refund.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $( #[doc = concat!("`", $name, "`")] $variant, )* }

        impl Kind {
            /// All kinds.
            pub const ALL: &'static [Kind] = &[ $( Kind::$variant, )* ];
            /// The machine name.
            pub const fn name(self) -> &'static str { match self { $( Self::$variant => $name, )* } }
            /// The state the refund is in afterwards.
            pub const fn leads_to(self) -> State { match self { $( Self::$variant => State::$to, )* } }
            /// The states it may happen in.
            pub const fn from(self) -> &'static [State] { match self { $( Self::$variant => &[ $( State::$from, )* ], )* } }
            /// Whether partners hear of it: as `refund.` and the state it leads to.
            pub const fn is_told(self) -> bool { match self { $( Self::$variant => moves!($told), )* } }
        }
    };
    (told) => { true };
    (quiet) => { false };
}

// Kind = name, leads to, whether partners hear of it, [may happen in].
moves! {
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

impl FromStr for Kind {
    type Err = Unfit;
    fn from_str(text: &str) -> Result<Self, Unfit> {
        Self::ALL.iter().copied().find(|kind| kind.name() == text).ok_or(Unfit { expected: "a kind of refund event" })
    }
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

impl Facts {
    /// Takes newer facts in; what they do not speak of stays.
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

/// Something that happened to a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Its place in the refund's story, from 1.
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

/// A refund: the deed and the fold of what happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// What was asked for at first.
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

/// An event that may not follow the refund's state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a refund that is {} cannot be {}", state.name(), kind.name())]
pub struct IllegalMove {
    /// Where the refund stands.
    pub state: State,
    /// What was to happen.
    pub kind: Kind,
}

impl Refund {
    /// A fresh refund with its first event.
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

    /// The refund that these events made; `None` when they do not make one.
    pub fn fold(deed: Deed, events: impl IntoIterator<Item = Event>) -> Option<Self> {
        let mut events = events.into_iter();
        let first = events.next().filter(|event| event.kind == Kind::Received && event.version == 1)?;
        let mut refund = Self::opened(deed, first);
        for event in events {
            refund.apply(event).ok()?;
        }
        Some(refund)
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

/// Something that is about to be written into a refund's story.
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

#[cfg(test)]
pub(crate) mod tests;
