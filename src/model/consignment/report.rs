//! Reports: what somebody says happened to a consignment's goods. Each is said to the catalogue under its own id, so
//! that one whose answer was lost is found again, and saying it twice is harmless.

use std::str::FromStr;

use jiff::Timestamp;

use super::{Inspection, OperatedBy, Refusal, State};
use crate::model::ids::{ConsignmentId, OrderId, ReportId, SkuId};
use crate::model::order::named;
use crate::model::quote::Unfit;

/// So many pieces of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The line's order.
    pub order: OrderId,
    /// The line's variant.
    pub sku: SkuId,
    /// How many pieces.
    pub quantity: u32,
}

/// A line that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InspectedLine {
    /// The line's order.
    pub order: OrderId,
    /// The line's variant.
    pub sku: SkuId,
    /// What came of it.
    pub inspection: Inspection,
}

/// What is reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Goods came in.
    Receipt {
        /// What came.
        lines: Vec<Counted>,
        /// Whether nothing more will come, though something may be missing.
        complete: bool,
    },
    /// Goods were looked at.
    Inspection {
        /// The lines.
        lines: Vec<InspectedLine>,
    },
    /// It was given to the carrier abroad.
    Handover {
        /// The carrier.
        carrier: String,
        /// The carrier's number.
        tracking_number: String,
        /// Grams.
        weight_g: u32,
        /// Pieces.
        pieces: u32,
    },
    /// It is not wanted any more.
    Cancellation {
        /// Why.
        reason: Option<String>,
    },
}

named! {
    /// How far a report is.
    ReportState {
        Sent = "sent", "Being said to the catalogue.";
        Unknown = "unknown", "Said, but no answer came back; the gateway is finding out.";
        NotSent = "not_sent", "The catalogue could not be reached; nothing was said.";
        Taken = "taken", "The catalogue has it.";
        Refused = "refused", "The catalogue did not take it.";
    }
}

/// A report and how far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its id; also the reference under which the catalogue knows it.
    pub id: ReportId,
    /// The consignment it is about.
    pub consignment: ConsignmentId,
    /// What is said.
    pub said: Said,
    /// How far it is.
    pub state: ReportState,
    /// Why the catalogue did not take it.
    pub refusal: Option<Refusal>,
    /// When it was written down.
    pub created_at: Timestamp,
    /// When it was last said to the catalogue.
    pub attempted_at: Timestamp,
}

/// Why something cannot be reported now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotNow {
    /// Where the consignment stands.
    pub state: State,
    /// What to do.
    pub advice: &'static str,
}

impl Said {
    /// `receipt`, `inspection`, `handover` or `cancellation`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Receipt { .. } => "receipt",
            Self::Inspection { .. } => "inspection",
            Self::Handover { .. } => "handover",
            Self::Cancellation { .. } => "cancellation",
        }
    }

    /// The lines it is about, in its own order.
    pub fn lines(&self) -> Box<dyn Iterator<Item = (&OrderId, SkuId)> + '_> {
        match self {
            Self::Receipt { lines, .. } => Box::new(lines.iter().map(|line| (&line.order, line.sku))),
            Self::Inspection { lines } => Box::new(lines.iter().map(|line| (&line.order, line.sku))),
            Self::Handover { .. } | Self::Cancellation { .. } => Box::new(std::iter::empty()),
        }
    }

    /// Whether it surely cannot be said of a consignment that stands here. What is left the catalogue judges: it may be
    /// further than the gateway has heard.
    pub fn may_be_said(&self, state: State, operated_by: OperatedBy) -> Result<(), NotNow> {
        let no = |advice| Err(NotNow { state, advice });
        match (state, self) {
            (State::Requested, Self::Cancellation { .. }) => Ok(()),
            (State::Requested, _) => {
                no("It never reached the catalogue; repeat the request that opened it, with its Idempotency-Key.")
            }
            (State::Opening | State::Unknown, _) => {
                no("Its opening is not settled yet; wait until it is open or rejected.")
            }
            (State::Rejected, _) => no("It was never opened; open another one under a new reference."),
            (State::Cancelled, _) => no("It was given up; open another one under a new reference."),
            (State::HandedOver, _) => no("It has left the warehouse; nothing more can be said about it."),
            (_, Self::Receipt { .. } | Self::Inspection { .. }) if operated_by == OperatedBy::Warehouse => {
                no("The warehouse receives and inspects this one; follow what it reports and hand it over.")
            }
            (State::Open | State::Receiving, Self::Inspection { .. }) => {
                no("Report all receipts first, the last one with complete set to true if something is missing.")
            }
            (State::Received | State::Inspected, Self::Receipt { .. }) => no("Everything was received already."),
            (State::Inspected, Self::Inspection { .. }) => no("Every line was inspected already; hand it over."),
            (State::Receiving | State::Received | State::Inspected, Self::Cancellation { .. }) => {
                no("Some of its goods are at the warehouse; see it through and hand it over.")
            }
            // Seen from here it is too early; a warehouse may be further than was heard.
            (State::Open | State::Receiving | State::Received, Self::Handover { .. })
                if operated_by == OperatedBy::Partner =>
            {
                no("Every line has to be received and inspected first.")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{OperatedBy, Said, State};

    fn receipt() -> Said {
        Said::Receipt { lines: Vec::new(), complete: true }
    }

    fn handover() -> Said {
        Said::Handover { carrier: "DHL".into(), tracking_number: "1".into(), weight_g: 1, pieces: 1 }
    }

    #[test]
    fn what_the_warehouse_does_is_not_reported_by_the_partner() {
        assert!(receipt().may_be_said(State::Open, OperatedBy::Partner).is_ok());
        assert!(receipt().may_be_said(State::Open, OperatedBy::Warehouse).is_err());
        assert!(handover().may_be_said(State::Received, OperatedBy::Warehouse).is_ok(), "the catalogue judges");
        assert!(handover().may_be_said(State::Received, OperatedBy::Partner).is_err());
        assert!(handover().may_be_said(State::Inspected, OperatedBy::Partner).is_ok());
    }

    #[test]
    fn of_what_is_not_settled_or_has_ended_nothing_can_be_said() {
        let cancel = Said::Cancellation { reason: None };
        for state in [State::Opening, State::Unknown, State::Rejected, State::Cancelled, State::HandedOver] {
            for said in [receipt(), handover(), cancel.clone()] {
                assert_eq!(said.may_be_said(state, OperatedBy::Partner).unwrap_err().state, state);
            }
        }
        assert!(cancel.may_be_said(State::Open, OperatedBy::Warehouse).is_ok());
    }
}
