//! The table of moves: which event may follow which state, where it leads, and whether partners hear of it.

use std::str::FromStr;

use super::State;
use crate::model::quote::Unfit;

/// Where an event leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leads {
    /// To this state.
    To(State),
    /// Nowhere: something was noted, the order stands where it stood.
    Nowhere,
    /// Back to where the order stood before it was interrupted.
    Back,
}

macro_rules! moves {
    ($( $variant:ident = $name:literal, $to:ident, $told:ident, [$( $from:ident )*]; )*) => {
        /// What can happen to an order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $( #[doc = concat!("`", $name, "`")] $variant, )* }

        impl Kind {
            /// All kinds.
            pub const ALL: &'static [Kind] = &[ $( Kind::$variant, )* ];
            /// The machine name.
            pub const fn name(self) -> &'static str { match self { $( Self::$variant => $name, )* } }
            /// Where the order goes with it.
            pub const fn leads(self) -> Leads { match self { $( Self::$variant => moves!(@leads $to), )* } }
            /// Whether its partner hears of it; steps of the gateway's own are not told.
            pub const fn is_told(self) -> bool { match self { $( Self::$variant => moves!(@told $told), )* } }
            /// The states it may happen in.
            pub const fn from(self) -> &'static [State] { match self { $( Self::$variant => &[ $( State::$from, )* ], )* } }
        }
    };
    (@leads stays) => { Leads::Nowhere };
    (@leads back) => { Leads::Back };
    (@leads $to:ident) => { Leads::To(State::$to) };
    (@told told) => { true };
    (@told quiet) => { false };
}

// Kind = name, leads to, told to partners?, [may happen in].
moves! {
    Received = "received", Received, quiet, [];
    PlacingStarted = "placing_started", Placing, quiet, [Received];
    NotReached = "not_reached", Received, quiet, [Placing];
    Accepted = "accepted", AwaitingPayment, told, [Placing Unknown];
    Refused = "refused", Rejected, told, [Received Placing Unknown];
    Unanswered = "unanswered", Unknown, told, [Placing];
    TriedAgain = "tried_again", Unknown, quiet, [Unknown];
    HandedToPerson = "handed_to_person", Unknown, quiet, [Unknown];
    Repriced = "repriced", AwaitingPayment, told, [AwaitingPayment];
    PageOpened = "page_opened", AwaitingPayment, quiet, [AwaitingPayment];
    Paid = "paid", Paid, told, [AwaitingPayment];
    PartShipped = "part_shipped", Preparing, told, [Paid];
    Shipped = "shipped", Shipped, told, [Paid Preparing];
    ReachedWarehouse = "reached_warehouse", AtWarehouse, told, [Shipped];
    Inspected = "inspected", Inspected, told, [AtWarehouse];
    HandedOver = "handed_over", HandedOver, told, [Inspected];
    Completed = "completed", Completed, told, [AtWarehouse Inspected HandedOver];
    Cancelled = "cancelled", Cancelled, told, [Received AwaitingPayment];
    Closed = "closed", Closed, told, [AwaitingPayment Paid Preparing Shipped AtWarehouse Inspected HandedOver Refunding];
    RefundOpened = "refund_opened", Refunding, told, [Paid Preparing Shipped AtWarehouse Inspected HandedOver];
    RefundEnded = "refund_ended", back, told, [Refunding];
    PartRefunded = "part_refunded", stays, told, [Paid Preparing Shipped AtWarehouse Inspected HandedOver Completed Refunding Closed];
    Refunded = "refunded", Refunded, told, [Paid Preparing Shipped AtWarehouse Inspected HandedOver Completed Refunding Closed];
    Noted = "noted", stays, quiet, [AwaitingPayment Paid Preparing Shipped AtWarehouse Inspected HandedOver Refunding];
    WentOn = "went_on", stays, quiet, [Rejected Cancelled Closed];
    WentMissing = "went_missing", stays, quiet, [AwaitingPayment Paid Preparing Shipped AtWarehouse Inspected HandedOver Refunding];
    Cleared = "cleared", stays, quiet, [Rejected Cancelled Closed AwaitingPayment Paid Preparing Shipped AtWarehouse Inspected HandedOver Refunding];
}

impl FromStr for Kind {
    type Err = Unfit;
    fn from_str(text: &str) -> Result<Self, Unfit> {
        Self::ALL.iter().copied().find(|kind| kind.name() == text).ok_or(Unfit { expected: "a kind of event" })
    }
}
