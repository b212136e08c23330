//! Orders: an order is what was bought plus the events that happened to it; its state is the fold of the events,
//! and the table of moves says which event may follow which state. A move that is not in the table cannot be made.

mod moves;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

pub use moves::{Kind, Leads};

use crate::error::Code;
use crate::model::ids::{CatalogueOrderId, EventId, OrderId, PartnerId, QuoteId, SkuId};
use crate::model::money::{Exchange, Money};
use crate::model::partner::Mode;
use crate::model::quote::{Basket, Unfit, plain_texts};
use crate::model::story::{self, IllegalMove, asked};

plain_texts! {
    /// The partner's own number of an order, used once and for ever.
    Reference, "1 to 64 of A-Z a-z 0-9 . _ : / -",
        |text| (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:/-".contains(&b));
}

macro_rules! named {
    ($(#[$meta:meta])* $type:ident { $( $variant:ident = $name:literal, $says:literal; )* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type { $( #[doc = $says] $variant, )* }

        impl $type {
            /// All of them.
            pub const ALL: &'static [$type] = &[ $( $type::$variant, )* ];
            /// The machine name.
            pub const fn name(self) -> &'static str { match self { $( Self::$variant => $name, )* } }
            /// What it means, in a sentence for partners.
            pub const fn says(self) -> &'static str { match self { $( Self::$variant => $says, )* } }
        }

        impl FromStr for $type {
            type Err = Unfit;
            fn from_str(text: &str) -> Result<Self, Unfit> {
                Self::ALL.iter().copied().find(|one| one.name() == text).ok_or(Unfit { expected: concat!("one of", $( " ", $name, )*) })
            }
        }
    };
}
pub(crate) use named;

named! {
    /// Where an order stands.
    State {
        Received = "received", "Written down by the gateway; the catalogue does not know it yet.";
        Placing = "placing", "Being placed at the catalogue right now.";
        AwaitingPayment = "awaiting_payment", "Placed; the goods are reserved until `pay_by`.";
        Rejected = "rejected", "The catalogue refused it; `reason` says why. Nothing was bought.";
        Unknown = "unknown", "Sent, but no answer came back; the gateway is finding out and settles it by itself.";
        Paid = "paid", "Paid; the supplier was told to send the goods.";
        Preparing = "preparing", "The supplier sent a part of the goods.";
        Shipped = "shipped", "All goods are on their way to the warehouse.";
        AtWarehouse = "at_warehouse", "The warehouse received the goods.";
        Inspected = "inspected", "The warehouse inspected the goods.";
        HandedOver = "handed_over", "The goods were handed over for export.";
        Completed = "completed", "Receipt is confirmed; the order is finished.";
        Cancelled = "cancelled", "Cancelled before payment.";
        Refunding = "refunding", "A refund of everything is being dealt with; without success the order goes on where it was.";
        Refunded = "refunded", "Everything was given back; the order has ended.";
        Closed = "closed", "Closed by the supplier or the catalogue; `reason` says why.";
    }
}

named! {
    /// Who made something happen.
    Actor {
        Partner = "partner", "The partner, by a request.";
        Gateway = "gateway", "The gateway itself.";
        Catalogue = "catalogue", "The catalogue, its supplier or its warehouse.";
        Operator = "operator", "A person at the gateway's operator.";
    }
}

/// Why the catalogue did not take an order, with the new figures where it gave some.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The public code: `price_changed`, `out_of_stock` or `order_refused`.
    pub code: Code,
    /// A sentence for the partner.
    pub detail: String,
    /// The lines that are concerned.
    pub lines: Vec<RefusedLine>,
    /// The freight as it is now, when it was told.
    pub freight: Option<Money>,
    /// The total as it is now, when it was told.
    pub total: Option<Money>,
}

impl Refusal {
    /// One that no figures belong to.
    pub fn plain(code: Code, detail: &str) -> Self {
        Self { code, detail: detail.to_owned(), lines: Vec::new(), freight: None, total: None }
    }
}

/// A line that changed since the quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedLine {
    /// The variant.
    pub sku: SkuId,
    /// The price of one as it is now.
    pub unit_price: Option<Money>,
    /// How many are left.
    pub stock: Option<i64>,
}

/// What an event brought to light, beyond having happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The catalogue's number of the order.
    pub catalogue_order: Option<CatalogueOrderId>,
    /// Until when it has to be paid.
    pub pay_by: Option<Timestamp>,
    /// Why, in a machine name such as `seller_goods_lack`.
    pub reason: Option<String>,
    /// Why the catalogue did not take the order.
    pub refusal: Option<Refusal>,
    /// What has to be paid from now on, in CNY.
    pub payable: Option<Money>,
    /// All that was given back so far, in CNY.
    pub refunded: Option<Money>,
    /// Where the order stood before it was interrupted; it goes back there if nothing comes of the interruption.
    pub interrupts: Option<State>,
    /// What the partner wrote to the supplier.
    pub note: Option<String>,
}

/// Something that happened to an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id.
    pub id: EventId,
    /// Its place in the order's story, from 1.
    pub version: u32,
    /// When the gateway wrote it down.
    pub at: Timestamp,
    /// Who made it happen.
    pub actor: Actor,
    /// What happened.
    pub kind: Kind,
    /// Where the order stands since.
    pub state: State,
    /// Why, in words.
    pub cause: String,
    /// What it brought to light.
    pub facts: Facts,
}

named! {
    /// How far the payment of an order is.
    Paying {
        None = "none", "Not begun.";
        Page = "page", "A payment page was opened.";
        Paid = "paid", "Paid.";
        Refunded = "refunded", "Paid, and all of it given back.";
    }
}

named! {
    /// Why somebody at the operator has to look at an order.
    Attention {
        Unknown = "unknown", "It stayed unknown for too long.";
        WentOn = "went_on", "It ended here, but was paid or goes on at the catalogue.";
        WentMissing = "went_missing", "The catalogue does not have it any more.";
    }
}

/// What an order is from its first moment on and for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Its id; also the reference under which the catalogue knows it.
    pub id: OrderId,
    /// Whose it is.
    pub partner: PartnerId,
    /// Live or sandbox.
    pub mode: Mode,
    /// The partner's own number.
    pub reference: Reference,
    /// The quote it was made from.
    pub quote: QuoteId,
    /// From when on the quote does not hold; not known of orders that older gateways wrote down.
    pub quote_expires_at: Option<Timestamp>,
    /// The note to the supplier that it was placed with.
    pub note: Option<String>,
    /// What is bought.
    pub basket: Basket,
    /// The rate locked by the quote.
    pub exchange: Exchange,
    /// When it was received.
    pub created_at: Timestamp,
}

/// An order: the deed and the fold of what happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// What was ordered.
    pub deed: Deed,
    /// Where it stands.
    pub state: State,
    /// How many events it has.
    pub version: u32,
    /// The catalogue's number, once it is known.
    pub catalogue_order: Option<CatalogueOrderId>,
    /// How far the payment is.
    pub paying: Paying,
    /// Until when it has to be paid.
    pub pay_by: Option<Timestamp>,
    /// What has to be paid, or was: the total of the deed until the supplier changes it.
    pub payable: Money,
    /// What was given back of it so far.
    pub refunded: Money,
    /// Why it was rejected or closed.
    pub reason: Option<String>,
    /// The newest note to the supplier.
    pub note: Option<String>,
    /// Why somebody has to look at it.
    pub attention: Option<Attention>,
    /// When its last event was written.
    pub updated_at: Timestamp,
    /// Its events, oldest first; empty in lists.
    pub events: Vec<Event>,
}

asked!(Deed, OrderId);

impl Order {
    /// A fresh order with its first event.
    pub fn received(deed: Deed, cause: &str) -> Self {
        let first = Event {
            id: EventId::fresh(),
            version: 1,
            at: deed.created_at,
            actor: Actor::Partner,
            kind: Kind::Received,
            state: State::Received,
            cause: cause.to_owned(),
            facts: Facts::default(),
        };
        Self::opened(deed, first)
    }

    /// The order that these events made; `None` when they do not make one.
    pub fn fold(deed: Deed, events: impl IntoIterator<Item = Event>) -> Option<Self> {
        let mut events = events.into_iter();
        let first = events.next().filter(|event| event.kind == Kind::Received && event.version == 1)?;
        let mut order = Self::opened(deed, first);
        for event in events {
            order.apply(event).ok()?;
        }
        Some(order)
    }

    fn opened(deed: Deed, first: Event) -> Self {
        Self {
            payable: deed.basket.total,
            refunded: Money::fen(0),
            note: deed.note.clone(),
            deed,
            state: State::Received,
            version: 1,
            catalogue_order: None,
            paying: Paying::None,
            pay_by: None,
            reason: None,
            attention: None,
            updated_at: first.at,
            events: vec![first],
        }
    }

    /// The event that this happening would be, if it may happen now.
    pub fn next(&self, at: Timestamp, what: Happening) -> Result<Event, IllegalMove> {
        let state = self.leads(what.kind)?;
        let Happening { kind, actor, cause, mut facts } = what;
        facts.interrupts = (kind == Kind::RefundOpened).then_some(self.state);
        Ok(Event { id: EventId::fresh(), version: self.version + 1, at, actor, kind, state, cause, facts })
    }

    /// Takes the next event into the state.
    pub fn apply(&mut self, event: Event) -> Result<(), IllegalMove> {
        let interrupts = (event.kind == Kind::RefundOpened).then_some(self.state);
        let fits = event.version == self.version + 1 && event.facts.interrupts == interrupts;
        if self.leads(event.kind)? != event.state || !fits {
            return Err(self.illegal(event.kind));
        }
        self.state = event.state;
        self.version = event.version;
        self.updated_at = event.at;
        self.learn(event.kind, &event.facts);
        self.events.push(event);
        Ok(())
    }

    /// Where an event of this kind would lead now.
    fn leads(&self, kind: Kind) -> Result<State, IllegalMove> {
        let led = match kind.leads() {
            Leads::To(state) => Some(state),
            Leads::Nowhere => Some(self.state),
            Leads::Back => self.interrupted(),
        };
        let may = kind.from().contains(&self.state);
        led.filter(|_| may).ok_or_else(|| self.illegal(kind))
    }

    fn illegal(&self, kind: Kind) -> IllegalMove {
        IllegalMove { what: "an order", state: self.state.to_string(), kind: kind.name() }
    }

    fn learn(&mut self, kind: Kind, facts: &Facts) {
        self.catalogue_order = facts.catalogue_order.or(self.catalogue_order);
        self.pay_by = facts.pay_by.or(self.pay_by);
        self.payable = facts.payable.unwrap_or(self.payable);
        self.refunded = facts.refunded.unwrap_or(self.refunded);
        if let Some(note) = &facts.note {
            self.note = Some(note.clone()).filter(|note| !note.is_empty());
        }
        let refused = facts.refusal.as_ref().map(|refusal| refusal.code.facts().name.to_owned());
        self.reason = refused.or_else(|| facts.reason.clone()).or_else(|| self.reason.take());
        self.paying = match kind {
            Kind::PageOpened => Paying::Page,
            Kind::Paid => Paying::Paid,
            Kind::Refunded => Paying::Refunded,
            _ => self.paying,
        };
        self.attention = match kind {
            Kind::HandedToPerson => Some(Attention::Unknown),
            Kind::WentOn => Some(Attention::WentOn),
            Kind::WentMissing => Some(Attention::WentMissing),
            Kind::TriedAgain | Kind::Noted | Kind::PageOpened => self.attention,
            _ => None,
        };
    }

    /// What had to be paid as the order was told at a moment: what a wish to pay of that moment agreed to.
    pub fn payable_at(&self, moment: Timestamp) -> Money {
        let known = self.events.iter().rev().filter(|event| event.at <= moment);
        known.flat_map(|event| event.facts.payable).next().unwrap_or(self.deed.basket.total)
    }

    /// Where it stood before its newest interruption.
    pub fn interrupted(&self) -> Option<State> {
        self.events.iter().rev().find_map(|event| event.facts.interrupts)
    }

    /// Whether a person saw what was last found wrong with it, and said that nothing is left to do.
    pub fn is_cleared_by_hand(&self) -> bool {
        let alarms = [Kind::WentOn, Kind::WentMissing, Kind::Cleared];
        let last = self.events.iter().rev().find(|event| alarms.contains(&event.kind));
        last.is_some_and(|event| event.kind == Kind::Cleared && event.actor == Actor::Operator)
    }

    /// Why the catalogue refused it, if it did.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.events.iter().rev().find_map(|event| event.facts.refusal.as_ref())
    }
}

/// Something that is about to be written into an order's story.
pub type Happening = story::Happening<Kind, Facts>;

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
pub(crate) mod tests;
