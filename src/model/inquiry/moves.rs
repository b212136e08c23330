//! The tables of moves of an inquiry as a whole, and of the talk with one supplier.

use std::fmt;
use std::str::FromStr;

use crate::model::order::named;
use crate::model::quote::Unfit;
use crate::model::story::moves;

named! {
    /// Where an inquiry stands.
    State {
        Received = "received", "Written down by the gateway; the catalogue does not know it yet.";
        Sending = "sending", "Being sent to the catalogue right now.";
        Open = "open", "With the suppliers; `suppliers` says how far each came.";
        Rejected = "rejected", "The catalogue did not take it; nobody was asked.";
        Unknown = "unknown", "Sent, but no answer came back; the gateway is finding out and settles it by itself.";
        Ordered = "ordered", "One of its quotations became an order.";
        Withdrawn = "withdrawn", "You took it back.";
        Closed = "closed", "No supplier is left: all declined, or their quotations expired.";
    }
}

named! {
    /// How far the talk with one supplier came.
    TalkState {
        Asked = "asked", "The supplier has to answer.";
        Quoted = "quoted", "The supplier quoted: accept, ask for another price, or let it expire.";
        Countered = "countered", "You asked for another price; the supplier has to answer.";
        Declined = "declined", "The supplier does not quote.";
        Expired = "expired", "The quotation was not accepted in time.";
        Ordered = "ordered", "The quotation became an order.";
        Closed = "closed", "Another quotation became the order, or you withdrew.";
    }
}

impl State {
    /// Whether nothing can happen to it any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Rejected | Self::Ordered | Self::Withdrawn | Self::Closed)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl TalkState {
    /// Whether it can still lead to an order.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Asked | Self::Quoted | Self::Countered)
    }
}

impl fmt::Display for TalkState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

// Kind = name, leads to, whether partners hear of it (as `inquiry.` and its name), [may happen in].
moves! { "an inquiry":
    Received = "received", Received, quiet, [];
    SendingStarted = "sending_started", Sending, quiet, [Received];
    NotReached = "not_reached", Received, quiet, [Sending];
    Sent = "sent", Open, told, [Sending Unknown];
    Rejected = "rejected", Rejected, told, [Received Sending Unknown];
    Unanswered = "unknown", Unknown, told, [Sending];
    TriedAgain = "tried_again", Unknown, quiet, [Unknown];
    HandedToPerson = "handed_to_person", Unknown, quiet, [Unknown];
    Quoted = "quoted", Open, told, [Open];
    Countered = "countered", Open, told, [Open];
    Declined = "declined", Open, told, [Open];
    QuotationExpired = "quotation_expired", Open, told, [Open];
    Ordered = "ordered", Ordered, told, [Open];
    Withdrawn = "withdrawn", Withdrawn, told, [Open];
    Closed = "closed", Closed, told, [Open];
}

/// What a talk that stands there now tells the partner when it stood elsewhere before; ends that follow from the end of
/// the whole tell nothing of their own.
const TOLD: &[(TalkState, Kind)] = &[
    (TalkState::Quoted, Kind::Quoted),
    (TalkState::Countered, Kind::Countered),
    (TalkState::Declined, Kind::Declined),
    (TalkState::Expired, Kind::QuotationExpired),
];

impl TalkState {
    /// The event that says that a talk came here.
    pub fn arrives_by(self) -> Option<Kind> {
        TOLD.iter().find(|(state, _)| *state == self).map(|(_, kind)| *kind)
    }
}

impl State {
    /// The event that says that an open inquiry ended here.
    pub const fn ends_by(self) -> Option<Kind> {
        match self {
            Self::Ordered => Some(Kind::Ordered),
            Self::Withdrawn => Some(Kind::Withdrawn),
            Self::Closed => Some(Kind::Closed),
            _ => None,
        }
    }
}
