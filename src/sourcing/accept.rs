//! Accepting: a quotation becomes a locked quote, which the room of orders places like any other. The quote's id follows
//! from the quotation's, so that accepting again, by whoever, never makes a second one.

use super::step::conflict;
use super::{Error, Sourcing};
use crate::asking;
use crate::error::Code;
use crate::model::ids::{InquiryId, QuotationId, QuoteId};
use crate::model::inquiry::{Deed, Inquiry, Quotation, Rejection, State, Talk, TalkState};
use crate::model::money::Exchange;
use crate::model::partner::Caller;
use crate::model::quote::{Basket, Line, Quote};

impl Sourcing {
    /// The quote that holds a quotation's terms: made now, or the one that was made when it was accepted first.
    pub async fn lock(&self, caller: &Caller, id: &InquiryId, quotation: &QuotationId) -> Result<QuoteId, Error> {
        let inquiry = self.get(caller, id).await?;
        if !inquiry.ever_had(quotation) {
            return Err(Error::QuotationNotFound);
        }
        let quote = quote_of(quotation)?;
        // What was accepted before may have become an order since, which ended the inquiry: that is for orders to say.
        if self.ledger.find_quote(&caller.partner.id, caller.mode, &quote).await?.is_some() {
            return Ok(quote);
        }
        let (talk, terms) = self.open_terms(&inquiry, quotation)?;
        let exchange = self.rates.exchange_for_quote(inquiry.deed.currency)?;
        let offered = Quote {
            id: quote.clone(),
            partner: caller.partner.id.clone(),
            mode: caller.mode,
            basket: basket(&inquiry.deed, &talk, &terms),
            exchange: whole(exchange, &terms)?,
            created_at: self.clock.now(),
            expires_at: terms.valid_until,
        };
        self.ledger.append_quotes(std::slice::from_ref(&offered)).await?;
        Ok(quote)
    }

    /// Takes in what an order made of an inquiry, so that whoever reads it next sees it; the feed would tell it soon.
    pub async fn look_after(&self, caller: &Caller, id: &InquiryId) {
        let looked = async {
            let inquiry = self.get(caller, id).await?;
            if inquiry.state == State::Open { asking::read_back(self, &inquiry).await.map(|_| ()) } else { Ok(()) }
        };
        if let Err(error) = looked.await {
            tracing::info!(inquiry = %id, %error, "an inquiry could not be read after its order; the feed tells it");
        }
    }

    /// The terms of a quotation that can be accepted now.
    fn open_terms(&self, inquiry: &Inquiry, id: &QuotationId) -> Result<(Talk, Quotation), Error> {
        let closed = |detail: &str| {
            Error::Declined(Rejection { code: Code::QuotationClosed, detail: detail.to_owned(), pointer: None })
        };
        if inquiry.state != State::Open {
            return Err(Error::Declined(conflict(inquiry)));
        }
        let talk = inquiry.talk_of(id).ok_or_else(|| closed("The supplier quoted anew since; read the inquiry."))?;
        let terms = talk.quotation.clone().ok_or(Error::QuotationNotFound)?;
        match talk.state {
            TalkState::Quoted if terms.valid_until > self.clock.now() => Ok((talk, terms)),
            TalkState::Quoted | TalkState::Expired => {
                Err(closed(&format!("It was valid until {}; make a new inquiry.", terms.valid_until)))
            }
            TalkState::Countered => Err(closed("You asked for another price; wait for the supplier's answer.")),
            state => Err(closed(&format!("The talk with the supplier is {state}."))),
        }
    }
}

fn quote_of(quotation: &QuotationId) -> Result<QuoteId, Error> {
    Quotation::quote_of(quotation).ok_or(Error::QuotationNotFound)
}

/// Nobody is held to an amount that cannot be said in the currency.
fn whole(exchange: Exchange, terms: &Quotation) -> Result<Exchange, Error> {
    match exchange.convert(terms.total) {
        Some(_) => Ok(exchange),
        None => Err(Error::TooMuch),
    }
}

fn basket(deed: &Deed, talk: &Talk, terms: &Quotation) -> Basket {
    Basket {
        supplier: talk.supplier,
        supplier_name: talk.supplier_name.clone().unwrap_or_default(),
        warehouse: deed.warehouse.clone(),
        ship_to: deed.ship_to.clone(),
        lines: vec![Line {
            sku: terms.sku,
            offer: terms.offer,
            title: terms.title.clone(),
            specification: terms.specification.clone(),
            quantity: terms.quantity,
            unit_price: terms.unit_price,
            amount: terms.goods,
            weight_g: terms.weight_g,
            tier_from: None,
        }],
        goods: terms.goods,
        freight: terms.freight,
        total: terms.total,
        quotation: Some(terms.number),
    }
}
