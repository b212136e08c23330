//! Consignments: goods of several orders gathered at a warehouse to leave the country together. Like an order, a
//! consignment is what was asked for plus the events that happened to it; its state is the fold of the events, and a
//! move that is not in the table cannot be made.

mod facts;
mod gather;
mod report;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

pub use facts::{Facts, Handover, Inspection, Receipt, Refusal};
pub use gather::{Gathered, Hindrance, Obstacle, gather};
pub use report::{Counted, InspectedLine, NotNow, Report, ReportState, Said};

use crate::model::ids::{CatalogueConsignmentId, CatalogueOrderId, ConsignmentId, OrderId, PartnerId, SkuId};
use crate::model::order::{Reference, named};
use crate::model::partner::Mode;
use crate::model::quote::{Country, Unfit, Wanted, Warehouse};
use crate::model::story::{self, IllegalMove, asked};

named! {
    /// Where a consignment stands.
    State {
        Requested = "requested", "Written down by the gateway; the catalogue does not know it yet.";
        Opening = "opening", "Being opened at the catalogue right now.";
        Unknown = "unknown", "Sent, but no answer came back; the gateway is finding out and settles it by itself.";
        Rejected = "rejected", "The catalogue refused it; `reason` says why.";
        Open = "open", "Open; the goods are expected at the warehouse.";
        Receiving = "receiving", "Some of the goods have arrived.";
        Received = "received", "All goods that will come have arrived; they are to be inspected.";
        Inspected = "inspected", "Every line was inspected; it can be handed over.";
        HandedOver = "handed_over", "Handed over to the carrier that takes it abroad.";
        Cancelled = "cancelled", "Given up before its goods were received; its orders are free for another one.";
    }
}

named! {
    /// Who receives and inspects the goods.
    OperatedBy {
        Partner = "partner", "The partner's own staff, who report what they do.";
        Warehouse = "warehouse", "The warehouse; the gateway tells what it reports.";
    }
}

named! {
    /// What came of looking at a line's goods.
    Verdict {
        Pass = "pass", "Everything that was expected is there and as it should be.";
        Short = "short", "Fewer pieces than expected.";
        Damaged = "damaged", "Some pieces are damaged.";
        Wrong = "wrong", "Other goods than were ordered.";
        Other = "other", "Something else; the note says what.";
    }
}

macro_rules! moves {
    ($( $variant:ident = $name:literal, $told:expr, $to:expr, [$( $from:ident )*]; )*) => {
        /// What can happen to a consignment.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $( #[doc = concat!("`", $name, "`")] $variant, )* }

        impl Kind {
            /// All kinds.
            pub const ALL: &'static [Kind] = &[ $( Kind::$variant, )* ];
            /// The machine name.
            pub const fn name(self) -> &'static str { match self { $( Self::$variant => $name, )* } }
            /// The public event partners hear of, if they do.
            pub const fn told(self) -> Option<&'static str> { match self { $( Self::$variant => $told, )* } }
            /// The state the consignment is in afterwards; none when it stays where it is.
            pub const fn leads_to(self) -> Option<State> { match self { $( Self::$variant => $to, )* } }
            /// The states it may happen in.
            pub const fn from(self) -> &'static [State] { match self { $( Self::$variant => &[ $( State::$from, )* ], )* } }
        }
    };
}

// Kind = name, what partners hear, leads to (or stays), [may happen in].
moves! {
    Requested = "requested", None, Some(State::Requested), [];
    OpeningStarted = "opening_started", None, Some(State::Opening), [Requested];
    NotReached = "not_reached", None, Some(State::Requested), [Opening];
    Unanswered = "unanswered", None, Some(State::Unknown), [Opening];
    TriedAgain = "tried_again", None, None, [Unknown];
    HandedToPerson = "handed_to_person", None, None, [Unknown];
    Opened = "opened", Some("opened"), Some(State::Open), [Opening Unknown];
    Refused = "refused", Some("rejected"), Some(State::Rejected), [Requested Opening Unknown];
    LinesChanged = "lines_changed", Some("lines_changed"), None, [Open Receiving];
    PartReceived = "part_received", Some("part_received"), Some(State::Receiving), [Open Receiving];
    Received = "received", Some("received"), Some(State::Received), [Open Receiving];
    PartInspected = "part_inspected", Some("part_inspected"), None, [Received];
    Inspected = "inspected", Some("inspected"), Some(State::Inspected), [Received];
    Discrepancy = "discrepancy", Some("discrepancy"), None, [Inspected];
    HandedOver = "handed_over", Some("handed_over"), Some(State::HandedOver), [Inspected];
    Cancelled = "cancelled", Some("cancelled"), Some(State::Cancelled), [Requested Open Receiving];
    ReportRefused = "report_refused", Some("report_refused"), None, [Open Receiving Received Inspected HandedOver Cancelled];
}

impl FromStr for Kind {
    type Err = Unfit;
    fn from_str(text: &str) -> Result<Self, Unfit> {
        Self::ALL.iter().copied().find(|kind| kind.name() == text).ok_or(Unfit { expected: "a kind of event" })
    }
}

impl State {
    /// Whether nothing can happen any more that the catalogue would tell.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Rejected | Self::HandedOver | Self::Cancelled)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Something that happened to a consignment.
pub type Event = story::Event<Kind, Facts>;
/// Something that is about to be written into a consignment's story.
pub type Happening = story::Happening<Kind, Facts>;

/// An order of a consignment, as it was when it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consigned {
    /// The order.
    pub order: OrderId,
    /// The partner's number of it.
    pub reference: Reference,
    /// The catalogue's number of it.
    pub number: CatalogueOrderId,
    /// What was ordered; the catalogue counts these lines from 1.
    pub lines: Vec<Wanted>,
}

/// What a consignment is from its first moment on and for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Its id; also the reference under which the catalogue knows it.
    pub id: ConsignmentId,
    /// Whose it is.
    pub partner: PartnerId,
    /// Live or sandbox.
    pub mode: Mode,
    /// The partner's own number.
    pub reference: Reference,
    /// Where the goods are gathered.
    pub warehouse: Warehouse,
    /// Where they go.
    pub ship_to: Country,
    /// Who receives and inspects.
    pub operated_by: OperatedBy,
    /// Its orders, as the partner listed them.
    pub orders: Vec<Consigned>,
    /// When it was asked for.
    pub created_at: Timestamp,
}

/// A line's figures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The order it belongs to.
    pub order: OrderId,
    /// The variant.
    pub sku: SkuId,
    /// How many pieces are expected.
    pub expected: u32,
    /// How many have come.
    pub received: u32,
    /// What came of looking at them.
    pub inspection: Option<Inspection>,
}

/// A consignment: the deed and the fold of what happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consignment {
    /// What was asked for.
    pub deed: Deed,
    /// Where it stands.
    pub state: State,
    /// How many events it has.
    pub version: u32,
    /// The catalogue's number, once it is known.
    pub number: Option<CatalogueConsignmentId>,
    /// Why it was rejected or cancelled.
    pub reason: Option<String>,
    /// The figures of every line, order by order; without events (in lists) those of its first moment.
    pub lines: Vec<Line>,
    /// What came in, oldest first.
    pub receipts: Vec<Receipt>,
    /// How it left.
    pub handover: Option<Handover>,
    /// When its last event was written.
    pub updated_at: Timestamp,
    /// Its events, oldest first; empty in lists.
    pub events: Vec<Event>,
}

impl Consignment {
    /// A fresh consignment with its first event.
    pub fn requested(deed: Deed, cause: &str) -> Self {
        let first = Event::first(Kind::Requested, deed.created_at, cause);
        Self::opened(deed, first)
    }

    /// The consignment that these events made; `None` when they do not make one.
    pub fn fold(deed: Deed, events: impl IntoIterator<Item = Event>) -> Option<Self> {
        let mut events = events.into_iter();
        let first = events.next().filter(|event| event.kind == Kind::Requested && event.version == 1)?;
        let mut consignment = Self::opened(deed, first);
        for event in events {
            consignment.apply(event).ok()?;
        }
        Some(consignment)
    }

    fn opened(deed: Deed, first: Event) -> Self {
        Self {
            lines: deed.lines(),
            deed,
            state: State::Requested,
            version: 1,
            number: None,
            reason: None,
            receipts: Vec::new(),
            handover: None,
            updated_at: first.at,
            events: vec![first],
        }
    }

    /// The event that this happening would be, if it may happen now.
    pub fn next(&self, at: Timestamp, what: Happening) -> Result<Event, IllegalMove> {
        if self.may_follow(what.kind) { Ok(what.at(self.version + 1, at)) } else { Err(self.illegal(what.kind)) }
    }

    /// Takes the next event into the state.
    pub fn apply(&mut self, event: Event) -> Result<(), IllegalMove> {
        if !self.may_follow(event.kind) || event.version != self.version + 1 {
            return Err(self.illegal(event.kind));
        }
        self.state = event.kind.leads_to().unwrap_or(self.state);
        self.version = event.version;
        self.updated_at = event.at;
        self.take(&event);
        self.events.push(event);
        Ok(())
    }

    fn may_follow(&self, kind: Kind) -> bool {
        kind.from().contains(&self.state)
    }

    fn illegal(&self, kind: Kind) -> IllegalMove {
        IllegalMove { what: "a consignment", state: self.state.to_string(), kind: kind.name() }
    }

    fn take(&mut self, event: &Event) {
        let facts = &event.facts;
        self.number = facts.number.or(self.number);
        match event.kind {
            Kind::Refused => self.reason = facts.refusal.as_ref().map(|refused| refused.code.facts().name.to_owned()),
            Kind::Cancelled => self.reason.clone_from(&facts.reason),
            _ => {}
        }
        self.receipts.extend(facts.receipt.clone());
        self.handover = facts.handover.clone().or_else(|| self.handover.take());
        for line in &mut self.lines {
            let same = |counted: &&Counted| counted.order == line.order && counted.sku == line.sku;
            if let Some(expected) = facts.expected.iter().find(same) {
                line.expected = expected.quantity;
            }
            if let Some(received) = facts.received.iter().find(same) {
                line.received = received.quantity;
            }
            let looked_at = facts.inspected.iter().find(|(order, sku, _)| *order == line.order && *sku == line.sku);
            if let Some((_, _, inspection)) = looked_at {
                line.inspection = Some(inspection.clone());
            }
        }
    }

    /// Why the catalogue refused it, if it did.
    pub fn refusal(&self) -> Option<&Refusal> {
        let refused = self.events.iter().rev().find(|event| event.kind == Kind::Refused);
        refused.and_then(|event| event.facts.refusal.as_ref())
    }
}

asked!(Deed, ConsignmentId);

impl Deed {
    /// Its lines before anything came.
    pub fn lines(&self) -> Vec<Line> {
        let of = |order: &Consigned| {
            let order_id = order.order.clone();
            order.lines.clone().into_iter().map(move |line| Line {
                order: order_id.clone(),
                sku: line.sku,
                expected: line.quantity.get(),
                received: 0,
                inspection: None,
            })
        };
        self.orders.iter().flat_map(of).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests;
