//! Orders: an order is what was bought plus the events that happened to it; its state is the fold of the events,
//! and the table of moves says which event may follow which state. A move that is not in the table cannot be made.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::error::Code;
use crate::model::ids::{CatalogueOrderId, EventId, OrderId, PartnerId, QuoteId, SkuId};
use crate::model::money::{Exchange, Money};
use crate::model::partner::Mode;
use crate::model::quote::{Basket, Unfit, plain_texts};

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
        Refunding = "refunding", "A refund is being dealt with.";
        Refunded = "refunded", "The money was given back.";
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

macro_rules! moves {
    ($( $variant:ident = $name:literal, $to:ident, [$( $from:ident )*]; )*) => {
        /// What can happen to an order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $( #[doc = concat!("`", $name, "`")] $variant, )* }

        impl Kind {
            /// All kinds.
            pub const ALL: &'static [Kind] = &[ $( Kind::$variant, )* ];
            /// The machine name.
            pub const fn name(self) -> &'static str { match self { $( Self::$variant => $name, )* } }
            /// The state the order is in afterwards.
            pub const fn leads_to(self) -> State { match self { $( Self::$variant => State::$to, )* } }
            /// The states it may happen in.
            pub const fn from(self) -> &'static [State] { match self { $( Self::$variant => &[ $( State::$from, )* ], )* } }
        }
    };
}

// Kind = name, leads to, [may happen in].
moves! {
    Received = "received", Received, [];
    PlacingStarted = "placing_started", Placing, [Received];
    NotReached = "not_reached", Received, [Placing];
    Accepted = "accepted", AwaitingPayment, [Placing Unknown];
    Refused = "refused", Rejected, [Received Placing Unknown];
    Unanswered = "unanswered", Unknown, [Placing];
    TriedAgain = "tried_again", Unknown, [Unknown];
    HandedToPerson = "handed_to_person", Unknown, [Unknown];
    Repriced = "repriced", AwaitingPayment, [AwaitingPayment];
    PageOpened = "page_opened", AwaitingPayment, [AwaitingPayment];
    Paid = "paid", Paid, [AwaitingPayment];
    PartShipped = "part_shipped", Preparing, [Paid];
    Shipped = "shipped", Shipped, [Paid Preparing];
    ReachedWarehouse = "reached_warehouse", AtWarehouse, [Shipped];
    Inspected = "inspected", Inspected, [AtWarehouse];
    HandedOver = "handed_over", HandedOver, [Inspected];
    Completed = "completed", Completed, [AtWarehouse Inspected HandedOver];
    Cancelled = "cancelled", Cancelled, [Received AwaitingPayment];
    Closed = "closed", Closed, [AwaitingPayment Paid Preparing Shipped AtWarehouse Inspected HandedOver];
}

impl FromStr for Kind {
    type Err = Unfit;
    fn from_str(text: &str) -> Result<Self, Unfit> {
        Self::ALL.iter().copied().find(|kind| kind.name() == text).ok_or(Unfit { expected: "a kind of event" })
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
    /// A note to the supplier.
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
    /// Why it was rejected or closed.
    pub reason: Option<String>,
    /// When its last event was written.
    pub updated_at: Timestamp,
    /// Its events, oldest first; empty in lists.
    pub events: Vec<Event>,
}

/// An event that may not follow the order's state.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {} cannot be {}", state.name(), kind.name())]
pub struct IllegalMove {
    /// Where the order stands.
    pub state: State,
    /// What was to happen.
    pub kind: Kind,
}

impl Order {
    /// A fresh order with its first event.
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
            deed,
            state: State::Received,
            version: 1,
            catalogue_order: None,
            paying: Paying::None,
            pay_by: None,
            reason: None,
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
        self.catalogue_order = event.facts.catalogue_order.or(self.catalogue_order);
        self.pay_by = event.facts.pay_by.or(self.pay_by);
        self.payable = event.facts.payable.unwrap_or(self.payable);
        let refused = event.facts.refusal.as_ref().map(|refusal| refusal.code.facts().name.to_owned());
        self.reason = refused.or_else(|| event.facts.reason.clone()).or_else(|| self.reason.take());
        self.paying = match event.kind {
            Kind::PageOpened => Paying::Page,
            Kind::Paid => Paying::Paid,
            _ => self.paying,
        };
        self.events.push(event);
        Ok(())
    }

    /// What had to be paid as the order was told at a moment: what a wish to pay of that moment agreed to.
    pub fn payable_at(&self, moment: Timestamp) -> Money {
        let known = self.events.iter().rev().filter(|event| event.at <= moment);
        known.flat_map(|event| event.facts.payable).next().unwrap_or(self.deed.basket.total)
    }

    /// Why the catalogue refused it, if it did.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.events.iter().rev().find_map(|event| event.facts.refusal.as_ref())
    }
}

/// Something that is about to be written into an order's story.
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

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Actor, Deed, Event, Happening, Kind, Order, Reference, State};
    use crate::model::ids::{OfferId, OrderId, QuoteId, SkuId, SupplierId};
    use crate::model::money::{Exchange, Money};
    use crate::model::partner::Mode;
    use crate::model::quote::{Basket, Line, Quantity};
    use jiff::Timestamp;

    /// A small basket to play with.
    pub(crate) fn basket() -> Basket {
        Basket {
            supplier: SupplierId::new(42),
            supplier_name: "义乌饰品厂".into(),
            warehouse: "YW01".parse().unwrap(),
            ship_to: "JP".parse().unwrap(),
            lines: vec![Line {
                sku: SkuId::new(7),
                offer: OfferId::new(6),
                title: "陶瓷杯".into(),
                specification: "红色/L".into(),
                quantity: Quantity::new(10).unwrap(),
                unit_price: Money::fen(320),
                amount: Money::fen(3200),
                weight_g: 250,
            }],
            goods: Money::fen(3200),
            freight: Money::fen(800),
            total: Money::fen(4000),
        }
    }

    /// What a partner named `acme` orders under a reference.
    pub(crate) fn deed(reference: &str) -> Deed {
        Deed {
            id: OrderId::fresh(),
            partner: "acme".parse().unwrap(),
            mode: Mode::Sandbox,
            reference: reference.parse().unwrap(),
            quote: QuoteId::fresh(),
            quote_expires_at: None,
            note: None,
            basket: basket(),
            exchange: Exchange::identity(jiff::civil::date(2026, 11, 20)),
            created_at: Timestamp::from_second(1_800_000_000).unwrap(),
        }
    }

    fn happens(order: &mut Order, kind: Kind) -> Result<(), super::IllegalMove> {
        let event = order.next(order.updated_at, Happening::new(kind, Actor::Gateway, "test"))?;
        order.apply(event)
    }

    #[test]
    fn the_whole_life_is_the_fold_of_its_events() {
        let mut order = Order::received(deed("PO-1"), "POST /v1/orders");
        use Kind::{Accepted, Completed, HandedOver, Inspected, Paid, PlacingStarted, ReachedWarehouse, Shipped};
        for kind in [PlacingStarted, Accepted, Paid, Shipped, ReachedWarehouse, Inspected, HandedOver, Completed] {
            happens(&mut order, kind).unwrap();
        }
        assert_eq!((order.state, order.version), (State::Completed, 9));
        assert_eq!(Order::fold(order.deed.clone(), order.events.clone()).unwrap(), order);
    }

    #[test]
    fn a_move_that_is_not_in_the_table_cannot_be_made() {
        let mut order = Order::received(deed("PO-1"), "test");
        assert!(happens(&mut order, Kind::Paid).is_err());
        assert_eq!((order.state, order.version), (State::Received, 1));
        happens(&mut order, Kind::PlacingStarted).unwrap();
        assert!(happens(&mut order, Kind::Cancelled).is_err(), "a cancel must not race the placing");
        let stale = Event { version: 2, ..order.next(order.updated_at, accepted()).unwrap() };
        assert!(order.apply(stale).is_err(), "an event of an older version came through");
    }

    fn accepted() -> Happening {
        Happening::new(Kind::Accepted, Actor::Catalogue, "test")
    }

    #[test]
    fn finished_orders_stay_as_they_are() {
        for end in [State::Completed, State::Cancelled, State::Rejected, State::Closed, State::Refunded] {
            assert!(Kind::ALL.iter().all(|kind| !kind.from().contains(&end)), "{end}");
        }
    }

    #[test]
    fn every_story_of_random_moves_folds_back_to_the_same_order() {
        let mut seed = 7_u64;
        for _ in 0..200 {
            let mut order = Order::received(deed("PO-1"), "test");
            for _ in 0..30 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let kind = Kind::ALL[(seed >> 33) as usize % Kind::ALL.len()];
                let before = order.clone();
                if happens(&mut order, kind).is_err() {
                    assert_eq!(order, before);
                }
            }
            assert_eq!(Order::fold(order.deed.clone(), order.events.clone()).unwrap(), order);
        }
    }

    #[test]
    fn references_are_plain() {
        assert!("PO-2026/0001.a_b:c".parse::<Reference>().is_ok());
        for wrong in ["", " ", "a b", "é", &"x".repeat(65)] {
            assert!(wrong.parse::<Reference>().is_err(), "{wrong}");
        }
    }
}
