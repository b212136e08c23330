//! Shipments: a supplier's parcels on their way to the domestic warehouse.

use std::str::FromStr;

use jiff::Timestamp;

use crate::model::ids::{OrderId, ShipmentId, SkuId};
use crate::model::order::named;
use crate::model::quote::Unfit;

named! {
    /// Where a parcel is.
    Transit {
        Collected = "collected", "The carrier has it.";
        InTransit = "in_transit", "It is on its way.";
        Delivered = "delivered", "The warehouse signed for it.";
    }
}

impl Transit {
    /// What a parcel that is here now, and was `before` when it was last seen, has been through since.
    pub fn since(self, before: Option<Self>) -> &'static [Self] {
        let place = |wanted: Self| Self::ALL.iter().position(|one| *one == wanted).unwrap_or(0);
        let from = before.map_or(0, |before| place(before) + 1);
        Self::ALL.get(from..=place(self)).unwrap_or_default()
    }

    /// What partners are told when a parcel gets here.
    pub const fn event(self) -> &'static str {
        match self {
            Self::Collected => "dispatched",
            Self::InTransit => "in_transit",
            Self::Delivered => "delivered",
        }
    }
}

named! {
    /// What a mark on a parcel's way says, in one word.
    Mark {
        Collected = "collected", "The carrier took it over.";
        Departed = "departed", "It left for the next place.";
        Arrived = "arrived", "It came to a place on its way.";
        OutForDelivery = "out_for_delivery", "It is being delivered.";
        Delivered = "delivered", "It was signed for.";
        Trouble = "trouble", "Something keeps it from going on.";
        Other = "other", "Something else; the carrier's own words tell.";
    }
}

/// One mark on a parcel's way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// When.
    pub at: Timestamp,
    /// What it says, in one word.
    pub mark: Mark,
    /// Where, in Chinese.
    pub place: String,
    /// What happened, in the carrier's Chinese words.
    pub description: String,
}

/// What a parcel holds of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packed {
    /// The variant.
    pub sku: SkuId,
    /// How many of it.
    pub quantity: i64,
}

/// A parcel that was heard of: what is remembered of it so that each of its steps is told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its id.
    pub id: ShipmentId,
    /// The order it belongs to.
    pub order: OrderId,
    /// Where it was when it was last seen.
    pub transit: Transit,
    /// The carrier's number of it; none of parcels heard of long ago.
    pub tracking_number: Option<String>,
    /// How many marks its way had then.
    pub traces: u32,
}

/// A parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    /// Its id.
    pub id: ShipmentId,
    /// The carrier's Chinese name.
    pub carrier: String,
    /// The carrier's short code, e.g. `ZTO`.
    pub carrier_code: String,
    /// The carrier's number of it.
    pub tracking_number: String,
    /// Where it is.
    pub transit: Transit,
    /// What is in it.
    pub packed: Vec<Packed>,
    /// When it was sent.
    pub shipped_at: Option<Timestamp>,
    /// When the warehouse signed for it.
    pub delivered_at: Option<Timestamp>,
    /// Its way so far, oldest first.
    pub traces: Vec<Trace>,
}

#[cfg(test)]
mod tests {
    use super::Transit::{Collected, Delivered, InTransit};

    #[test]
    fn a_parcel_that_jumped_ahead_is_told_step_by_step_and_one_that_fell_back_not_at_all() {
        assert_eq!(Delivered.since(None), [Collected, InTransit, Delivered]);
        assert_eq!(Delivered.since(Some(Collected)), [InTransit, Delivered]);
        assert!(InTransit.since(Some(InTransit)).is_empty());
        assert!(Collected.since(Some(Delivered)).is_empty());
    }
}
