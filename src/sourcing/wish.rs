//! What a partner wishes to ask, with what is left out filled in.

use super::{Error, Sourcing};
use crate::error::Place;
use crate::ledger::NewInquiry;
use crate::model::ids::VoucherId;
use crate::model::inquiry::Invited;
use crate::model::money::{Currency, Money};
use crate::model::order::Reference;
use crate::model::partner::{Caller, Mode};
use crate::model::quote::{Country, Quantity, Unfit, Warehouse};
use crate::rates;

/// A wish to hear what several suppliers ask for something.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The partner's own number of it.
    pub reference: Reference,
    /// Who is asked.
    pub invited: Vec<Invited>,
    /// What is wanted, in words.
    pub specification: String,
    /// How many pieces.
    pub quantity: Quantity,
    /// What the partner would like to pay for a piece, in CNY.
    pub target: Option<Money>,
    /// Where it is gathered; the gateway's usual place when absent.
    pub warehouse: Option<Warehouse>,
    /// Where it goes in the end; the partner's country when absent.
    pub ship_to: Option<Country>,
    /// The currency whose rate is locked when a quotation is accepted.
    pub currency: Currency,
    /// Pictures of what is wanted.
    pub attachments: Vec<VoucherId>,
}

impl Sourcing {
    /// The wish with the usual warehouse and the partner's own country where none is given.
    pub(super) fn completed(&self, caller: &Caller, wish: Wish) -> Result<NewInquiry, Error> {
        if wish.currency != Currency::CNY && caller.mode == Mode::Live && self.settings.live_in_cny_only {
            let detail = "CNY: this gateway has only trial exchange rates, on which nothing is quoted for live keys";
            return Err(Error::Invalid(vec![Place::body("/currency", detail)]));
        }
        // An accepted quotation is held at its rate: without one nobody need be asked.
        if let Err(none @ rates::Error::NoRate { .. }) = self.rates.exchange(wish.currency) {
            return Err(none.into());
        }
        let ship_to = match wish.ship_to {
            Some(country) => country,
            None => caller.partner.country.parse().map_err(|unfit: Unfit| {
                Error::Invalid(vec![Place::body("/ship_to_country", format!("your account has none; give {unfit}"))])
            })?,
        };
        Ok(NewInquiry {
            reference: wish.reference,
            invited: wish.invited,
            specification: wish.specification,
            quantity: wish.quantity,
            target: wish.target,
            warehouse: wish.warehouse.unwrap_or_else(|| self.settings.warehouse.clone()),
            ship_to,
            currency: wish.currency,
            attachments: wish.attachments,
        })
    }
}
