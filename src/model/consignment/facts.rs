//! What an event of a consignment brings to light: goods that came, what was found, how it left, why something failed.

use jiff::Timestamp;

use super::{Counted, Verdict};
use crate::error::{Code, Place};
use crate::model::ids::{CatalogueConsignmentId, OrderId, ReportId, SkuId, VoucherId};

/// Why the catalogue did not take something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The public code.
    pub code: Code,
    /// A sentence for the partner.
    pub detail: String,
    /// What in the request is concerned.
    pub places: Vec<Place>,
}

/// Goods that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The reference it was reported under; the catalogue's own for what its warehouse received.
    pub reference: String,
    /// When.
    pub at: Timestamp,
    /// What came.
    pub lines: Vec<Counted>,
}

/// How a consignment was given to the carrier abroad.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    /// The partner's own carrier.
    pub carrier: String,
    /// Its number.
    pub tracking_number: String,
    /// What the whole weighs, in grams.
    pub weight_g: u32,
    /// In how many pieces.
    pub pieces: u32,
    /// When.
    pub at: Timestamp,
}

/// What came of looking at a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// In one word.
    pub verdict: Verdict,
    /// How many pieces are as they should be.
    pub passed: u32,
    /// More about it.
    pub note: Option<String>,
    /// Photos.
    pub photos: Vec<VoucherId>,
}

/// What an event brought to light, beyond having happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The catalogue's number of the consignment.
    pub number: Option<CatalogueConsignmentId>,
    /// Why the catalogue did not take it, or a report about it.
    pub refusal: Option<Refusal>,
    /// Why it was given up, in words or a machine name.
    pub reason: Option<String>,
    /// Lines of which another quantity is expected than before: what is called off before it is sent never comes.
    pub expected: Vec<Counted>,
    /// Goods that came in.
    pub receipt: Option<Receipt>,
    /// How many pieces have come of the lines that changed, all told.
    pub received: Vec<Counted>,
    /// Lines that were looked at.
    pub inspected: Vec<(OrderId, SkuId, Inspection)>,
    /// How it was given to the carrier.
    pub handover: Option<Handover>,
    /// How many lines are not as they should be.
    pub not_passed: Option<u32>,
    /// The report that was not taken.
    pub report: Option<ReportId>,
}
