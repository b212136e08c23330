//! The calls this room makes to the catalogue, and what their answers mean for an order.

use std::time::Instant;

use super::steps::can_be_interrupted;
use super::{Error, Orders};
use crate::model::ids::{CatalogueOrderId, PartnerId};
use crate::model::money::Money;
use crate::model::order::{Deed, Refusal};
use crate::model::partner::Mode;
use crate::model::quote::{Country, Wanted, Warehouse};
use crate::translate::trade::{self, Asked, PaidHow, Standing};
use crate::upstream::wholesale::wire::trade as wire;
use crate::upstream::wholesale::{calls, wire::trade::PayMode};
use crate::upstream::{self, Call, Context, Outcome};

/// What came of sending an order.
#[derive(Debug)]
pub(super) enum Sent {
    /// The catalogue has it.
    Taken(Standing),
    /// The catalogue does not want it.
    Refused(Refusal),
    /// It surely never got there.
    NotReached(upstream::Error),
    /// It may or may not have it.
    Unknown(String),
}

impl Orders {
    /// Places an order under our own id; repeating it is harmless, because the catalogue takes a reference once.
    pub(super) async fn send(&self, deed: &Deed) -> Sent {
        let call = calls::create_order(&trade::new_order(deed));
        let error = match self.read::<wire::Order>(deed.mode, &call).await {
            Ok(order) => match ours(order, deed) {
                Ok(standing) => return Sent::Taken(standing),
                Err(nonsense) => return Sent::Unknown(nonsense.to_string()),
            },
            Err(error) => error,
        };
        match (error.outcome(), error.refusal()) {
            // Somebody else's content lies under our reference: for a person to look at, not to be guessed about.
            (_, Some(refused)) if refused.error_code == "OUT_REF_CONFLICT" => Sent::Unknown(error.to_string()),
            (_, Some(refused)) => Sent::Refused(trade::refusal(refused, deed)),
            (Outcome::NotExecuted, None) => Sent::NotReached(error),
            (Outcome::Refused | Outcome::Unknown, None) => Sent::Unknown(error.to_string()),
        }
    }

    /// Where an order stands, by our own id; `None` when the catalogue does not have it.
    pub(super) async fn look_up(&self, deed: &Deed) -> Result<Option<Standing>, Error> {
        let call = calls::order_by_reference(deed.partner.as_str(), deed.id.as_str());
        match self.read::<wire::Order>(deed.mode, &call).await {
            Ok(order) => self.whole(order, deed).await.map(Some),
            Err(error) if error.refusal().is_some_and(|refused| refused.error_code == "ORDER_NOT_FOUND") => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Where an order stands, with what its open refunds ask for: of everything, or of a part?
    async fn whole(&self, order: wire::Order, deed: &Deed) -> Result<Standing, Error> {
        let lines = order.lines.clone();
        let mut standing = ours(order, deed)?;
        if standing.back.asked != Asked::Nothing && can_be_interrupted(standing.state) {
            let refunds = self.read(deed.mode, &calls::refunds_of(deed.partner.as_str(), standing.number)).await?;
            standing.back.asked = trade::asked_back(&lines, &refunds);
        }
        Ok(standing)
    }

    /// A page of a partner's orders at the catalogue, newest first, and where the next one starts.
    pub(super) async fn page_there(
        &self,
        mode: Mode,
        partner: &PartnerId,
        token: Option<&str>,
    ) -> Result<wire::OrderPage, Error> {
        Ok(self.read(mode, &calls::orders(partner.as_str(), token, 50)).await?)
    }

    /// Replaces the words for the supplier.
    pub(super) async fn write_memo(&self, deed: &Deed, number: CatalogueOrderId, memo: &str) -> Result<(), Error> {
        let order = self.read::<wire::Order>(deed.mode, &calls::memo(number, memo)).await?;
        ours(order, deed)?;
        Ok(())
    }

    /// Whether a debit was taken, by the reference it was asked for under.
    pub(super) async fn was_debited(
        &self,
        deed: &Deed,
        number: CatalogueOrderId,
        pay_ref: &str,
    ) -> Result<bool, Error> {
        let call = calls::debit_by_reference(deed.partner.as_str(), pay_ref, number);
        match self.read::<wire::Debited>(deed.mode, &call).await {
            Ok(debit) => Ok(debit.order_no == number.number() && debit.status == "PAID"),
            Err(error) if error.refusal().is_some_and(|refused| refused.error_code == "PAYMENT_NOT_FOUND") => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Asks what lines cost.
    pub(super) async fn preview(
        &self,
        mode: Mode,
        wanted: &[Wanted],
        warehouse: &Warehouse,
        ship_to: &Country,
    ) -> Result<wire::Preview, upstream::Error> {
        self.read(mode, &calls::preview(&trade::preview_request(wanted, warehouse, ship_to))).await
    }

    /// Takes an unpaid order back.
    pub(super) async fn take_back(
        &self,
        deed: &Deed,
        number: CatalogueOrderId,
        reason: &str,
    ) -> Result<Standing, Error> {
        let order = self.read::<wire::Order>(deed.mode, &calls::cancel(number, reason)).await?;
        Ok(ours(order, deed)?)
    }

    /// Says that the goods arrived.
    pub(super) async fn say_received(&self, deed: &Deed, number: CatalogueOrderId) -> Result<Standing, Error> {
        let order = self.read::<wire::Order>(deed.mode, &calls::confirm_receipt(number)).await?;
        Ok(ours(order, deed)?)
    }

    /// Asks for a payment page or debits, if the order costs `total`; a debit is known again by its reference. It is not
    /// sent after `until`, nor waited for.
    pub(super) async fn ask_to_pay(
        &self,
        mode: Mode,
        number: CatalogueOrderId,
        how: PayMode,
        pay_ref: &str,
        total: Money,
        until: Instant,
    ) -> Result<PaidHow, Error> {
        let call = calls::pay(number, how, pay_ref, total.minor);
        let paid = self.read_until::<wire::Paid>(mode, &call, Some(until)).await?;
        Ok(trade::paid(paid)?)
    }

    async fn read<T: serde::de::DeserializeOwned>(&self, mode: Mode, call: &Call) -> Result<T, upstream::Error> {
        self.read_until(mode, call, None).await
    }

    async fn read_until<T: serde::de::DeserializeOwned>(
        &self,
        mode: Mode,
        call: &Call,
        until: Option<Instant>,
    ) -> Result<T, upstream::Error> {
        self.upstream.read(mode, call, Context { until, ..Context::here() }).await
    }
}

/// Their order in our words, if it is the one we mean.
fn ours(order: wire::Order, deed: &Deed) -> Result<Standing, crate::translate::Nonsense> {
    let standing = trade::standing(order)?;
    if standing.reference == deed.id.as_str() {
        return Ok(standing);
    }
    Err(crate::translate::Nonsense::new(format!("order {} answered for {}", standing.reference, deed.id)))
}
