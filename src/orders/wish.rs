//! From what a partner wishes to what is ordered: a quote that is there already, or one that is made on the spot; and
//! whether its total is the expected one. Nothing of an order is written down yet.

use super::{Error, NewQuote, Orders, Quoted};
use crate::error::Place;
use crate::ledger::{self, KeyUse};
use crate::model::ids::{OrderId, QuoteId};
use crate::model::money::{Currency, Money};
use crate::model::order::Reference;
use crate::model::partner::Caller;
use crate::model::quote::{Quote, Wanted};
use crate::model::referral::Click;

/// A wish to order.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// The partner's own number.
    pub reference: Reference,
    /// What is ordered.
    pub basis: Basis,
    /// A note to the supplier.
    pub note: Option<String>,
    /// What the partner thinks it costs, in CNY or the quote's currency.
    pub expected_total: Option<Money>,
    /// The click that it comes of.
    pub referral: Option<Click>,
}

impl NewOrder {
    /// The lines, when it is not of a quote.
    pub fn lines(&self) -> Option<&[Wanted]> {
        match &self.basis {
            Basis::Quote(_) => None,
            Basis::Lines(wish) => Some(&wish.lines),
        }
    }
}

/// What is ordered.
#[derive(Clone, Debug)]
pub enum Basis {
    /// What was quoted before.
    Quote(QuoteId),
    /// These lines, quoted now; all of one supplier.
    Lines(NewQuote),
}

/// A total that is not the expected one.
#[derive(Clone, Debug)]
pub struct OtherTotal {
    /// The total as it is, in CNY.
    pub total: Money,
    /// The same in the currency that was expected, if that is another.
    pub converted: Option<Money>,
    /// The quote that holds it, of an order.
    pub quote: Option<QuoteId>,
    /// What each order costs, of a payment.
    pub parts: Vec<(OrderId, Money)>,
    /// Which expectations of the request are not met.
    pub places: Vec<Place>,
}

impl Orders {
    /// The quote to order by. A request that was seen before needs none: its order has one, or its answer is stored.
    pub(super) async fn resolve(
        &self,
        caller: &Caller,
        asked: &KeyUse,
        wish: NewOrder,
    ) -> Result<ledger::NewOrder, Error> {
        let NewOrder { reference, basis, note, expected_total, referral } = wish;
        let named = match &basis {
            Basis::Quote(id) => id.clone(),
            Basis::Lines(_) => QuoteId::fresh(),
        };
        let quote = if expected_total.is_none() && matches!(basis, Basis::Quote(_)) {
            named
        } else {
            let agreed = self.agreed(caller, &reference, basis, expected_total);
            self.unless_begun(asked, agreed).await?.map_or(named, |quote| quote.id)
        };
        Ok(ledger::NewOrder { reference, quote, note, referral })
    }

    /// What has to be known before a request is begun; none when it was begun before, or while that was found out: then
    /// what came of it is to be told, whatever stands against it by now.
    pub(super) async fn unless_begun<T>(
        &self,
        asked: &KeyUse,
        found: impl Future<Output = Result<T, Error>>,
    ) -> Result<Option<T>, Error> {
        if self.ledger.knows_key(asked).await? {
            return Ok(None);
        }
        match found.await {
            Err(_) if self.ledger.knows_key(asked).await? => Ok(None),
            found => found.map(Some),
        }
    }

    /// The quote, if it costs what was expected and its order can have the reference.
    async fn agreed(
        &self,
        caller: &Caller,
        reference: &Reference,
        basis: Basis,
        expected: Option<Money>,
    ) -> Result<Quote, Error> {
        self.must_be_free(caller, reference).await?;
        let quote = self.quote_for(caller, basis).await?;
        agree(&quote, expected)?;
        Ok(quote)
    }

    /// A reference that is taken is the most useful thing to learn, and spares the catalogue a question.
    async fn must_be_free(&self, caller: &Caller, reference: &Reference) -> Result<(), Error> {
        match self.ledger.find_by_reference(&caller.partner.id, caller.mode, reference).await? {
            Some(order) => Err(ledger::Error::ReferenceTaken { first: order.deed.id }.into()),
            None => Ok(()),
        }
    }

    /// A quote that can still be ordered: that it cannot is told before what it costs.
    async fn open_quote(&self, caller: &Caller, id: &QuoteId) -> Result<Quote, Error> {
        let quote = self.get_quote(caller, id).await?;
        if let Some(order) = self.ledger.quote_became(id).await? {
            return Err(ledger::Error::QuoteUsed { order }.into());
        }
        if quote.expires_at <= self.now() {
            return Err(ledger::Error::QuoteExpired.into());
        }
        Ok(quote)
    }

    async fn quote_for(&self, caller: &Caller, basis: Basis) -> Result<Quote, Error> {
        let wish = match basis {
            Basis::Quote(id) => return self.open_quote(caller, &id).await,
            Basis::Lines(wish) => wish,
        };
        let Quoted { mut quotes, problems } = self.quote(caller, wish).await?;
        match (quotes.pop(), quotes.is_empty(), problems.is_empty()) {
            (Some(quote), true, true) => Ok(quote),
            (_, _, false) => Err(Error::LinesUnavailable(problems)),
            (last, _, true) => {
                quotes.extend(last);
                Err(Error::NeedsSplit(quotes))
            }
        }
    }
}

/// Whether the quote costs what was expected.
fn agree(quote: &Quote, expected: Option<Money>) -> Result<(), Error> {
    let Some(expected) = expected else { return Ok(()) };
    let total = quote.basket.total;
    let converted = quote.exchange.convert(total);
    if expected == total || Some(expected) == converted {
        return Ok(());
    }
    let known = [total.currency, quote.exchange.currency];
    if !known.contains(&expected.currency) {
        return Err(other_currency("/expected_total", &known));
    }
    let converted = converted.filter(|money| money.currency != total.currency);
    let places = vec![other_amount("/expected_total", "the total", total)];
    let quote = Some(quote.id.clone());
    Err(Error::OtherTotal(OtherTotal { total, converted, quote, parts: Vec::new(), places }))
}

/// What is not the amount that was expected there, and what it is.
pub(super) fn other_amount(pointer: &str, what: &str, now: Money) -> Place {
    Place::body(pointer, format!("{what} is {} {} now; give that if you agree", now.amount(), now.currency.code()))
}

/// An expected total must be in a currency that is known of what it is the total of.
pub(super) fn other_currency(pointer: &str, known: &[Currency]) -> Error {
    let mut codes: Vec<_> = known.iter().map(|currency| currency.code()).collect();
    codes.dedup();
    Error::Invalid(vec![Place::body(&format!("{pointer}/currency"), format!("give {}", codes.join(" or ")))])
}
