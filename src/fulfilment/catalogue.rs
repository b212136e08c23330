//! The calls this room makes to the catalogue, and what their answers mean.

use super::{Error, Fulfilment};
use crate::model::consignment::{Consignment, Deed, Refusal, Report, Said};
use crate::model::ids::{CatalogueConsignmentId, CatalogueOrderId};
use crate::model::order;
use crate::model::partner::Mode;
use crate::model::shipment::Shipment;
use crate::translate::fulfilment::{self, Standing};
use crate::upstream::wholesale::calls;
use crate::upstream::wholesale::calls::fulfilment as asks;
use crate::upstream::wholesale::wire::{fulfilment as wire, trade};
use crate::upstream::{self, Call, Context, Outcome};

/// What came of saying something.
#[derive(Debug)]
pub(super) enum Sent {
    /// The catalogue has it, and this is how the consignment stands.
    Taken(Box<Standing>),
    /// The catalogue does not want it.
    Refused(Refusal),
    /// It surely never got there.
    NotReached(upstream::Error),
    /// It may or may not have it.
    Unknown(String),
}

impl Fulfilment {
    /// Opens a consignment under our own id; repeating it is harmless, because the catalogue takes a reference once.
    pub(super) async fn send(&self, deed: &Deed) -> Sent {
        let call = asks::open_consignment(&fulfilment::new_consignment(deed));
        self.say_it(deed, &call, |refused| fulfilment::refused_opening(refused, deed)).await
    }

    /// Says a report under its own id; repeating it is harmless.
    pub(super) async fn say(&self, consignment: &Consignment, number: CatalogueConsignmentId, report: &Report) -> Sent {
        let deed = &consignment.deed;
        match self.call_of(deed, number, report).await {
            Ok(call) => {
                self.say_it(deed, &call, |refused| fulfilment::refused_report(refused, &report.said, deed)).await
            }
            Err(error) => Sent::Unknown(error.to_string()),
        }
    }

    async fn call_of(&self, deed: &Deed, number: CatalogueConsignmentId, report: &Report) -> Result<Call, Error> {
        Ok(match &report.said {
            Said::Receipt { lines, complete } => {
                asks::report_receipts(number, &fulfilment::receipts(&report.id, lines, *complete, deed)?)
            }
            Said::Inspection { lines } => {
                let numbers = self.numbers_of(deed, lines).await?;
                asks::report_inspections(number, &fulfilment::inspections(&report.id, lines, deed, &numbers)?)
            }
            Said::Handover { carrier, tracking_number, weight_g, pieces } => {
                let handover = wire::Handover {
                    out_ref: report.id.as_str(),
                    carrier,
                    tracking_no: tracking_number,
                    weight_gram: *weight_g,
                    pieces: *pieces,
                };
                asks::hand_over(number, &handover)
            }
            Said::Cancellation { .. } => asks::cancel_consignment(number),
        })
    }

    async fn say_it(&self, deed: &Deed, call: &Call, refusal: impl Fn(&upstream::Refusal) -> Refusal) -> Sent {
        let error = match self.read::<wire::Consignment>(deed.mode, call).await {
            Ok(theirs) => match fulfilment::standing(theirs, deed) {
                Ok(standing) => return Sent::Taken(Box::new(standing)),
                Err(nonsense) => return Sent::Unknown(nonsense.to_string()),
            },
            Err(error) => error,
        };
        match (error.outcome(), error.refusal()) {
            // Somebody else's content lies under our reference: for a person to look at, not to be guessed about.
            (_, Some(refused)) if refused.error_code == "OUT_REF_CONFLICT" => Sent::Unknown(error.to_string()),
            (_, Some(refused)) => Sent::Refused(refusal(refused)),
            (Outcome::NotExecuted, None) => Sent::NotReached(error),
            (Outcome::Refused | Outcome::Unknown, None) => Sent::Unknown(error.to_string()),
        }
    }

    /// Where a consignment stands, by our own id; `None` when the catalogue does not have it.
    pub(super) async fn look_up(&self, deed: &Deed) -> Result<Option<Standing>, Error> {
        let call = asks::consignment_by_reference(deed.partner.as_str(), deed.id.as_str());
        match self.read::<wire::Consignment>(deed.mode, &call).await {
            Ok(theirs) => Ok(Some(fulfilment::standing(theirs, deed)?)),
            Err(error) if is_absent(&error, "CONSIGNMENT_NOT_FOUND") => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// An order's parcels, as the catalogue knows them now.
    pub(super) async fn parcels(&self, deed: &order::Deed, number: CatalogueOrderId) -> Result<Vec<Shipment>, Error> {
        let theirs = self.read::<wire::Shipments>(deed.mode, &asks::shipments(number)).await?;
        Ok(fulfilment::shipments(theirs, deed)?)
    }

    /// The catalogue's number of an order that is not written down here yet.
    pub(super) async fn number_of(&self, deed: &order::Deed) -> Result<Option<CatalogueOrderId>, Error> {
        let call = calls::order_by_reference(deed.partner.as_str(), deed.id.as_str());
        match self.read::<trade::Order>(deed.mode, &call).await {
            Ok(theirs) => Ok(Some(CatalogueOrderId::new(theirs.order_no))),
            Err(error) if is_absent(&error, "ORDER_NOT_FOUND") => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Gives up what is open there and ended here.
    pub(super) async fn take_back(&self, deed: &Deed, number: CatalogueConsignmentId) -> Result<Standing, Error> {
        let theirs = self.read::<wire::Consignment>(deed.mode, &asks::cancel_consignment(number)).await?;
        Ok(fulfilment::standing(theirs, deed)?)
    }

    async fn read<T: serde::de::DeserializeOwned>(&self, mode: Mode, call: &Call) -> Result<T, upstream::Error> {
        self.upstream.read(mode, call, Context::here()).await
    }
}

fn is_absent(error: &upstream::Error, word: &str) -> bool {
    error.refusal().is_some_and(|refused| refused.error_code == word)
}
