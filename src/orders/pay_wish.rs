//! What a partner wishes to pay, and what it thinks that costs: checked before anything is begun. Paying is for `pay`.

use std::collections::HashSet;

use super::wish::{other_amount, other_currency};
use super::{Error, OtherTotal};
use crate::error::Place;
use crate::model::ids::OrderId;
use crate::model::money::Money;
use crate::model::order::Order;
use crate::model::payment::Method;

/// How many orders one payment may be for.
pub const MOST_ORDERS: usize = 20;

/// A wish to pay.
#[derive(Clone, Debug)]
pub struct NewPayment {
    /// For which orders.
    pub orders: Vec<OrderId>,
    /// How.
    pub method: Method,
    /// What the partner thinks they cost.
    pub expected: Expected,
}

/// What a partner thinks that orders cost, each amount in CNY or the currency that was quoted.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// All together.
    pub total: Option<Money>,
    /// Some or all of them alone.
    pub amounts: Vec<(OrderId, Money)>,
}

impl Expected {
    pub(super) fn is_nothing(&self) -> bool {
        self.total.is_none() && self.amounts.is_empty()
    }

    /// Refuses when these orders do not cost what is expected.
    pub(super) fn agrees(&self, orders: &[Order]) -> Result<(), Error> {
        let sum = |price: &dyn Fn(&Order) -> Option<Money>| {
            let mut prices = orders.iter().map(price);
            let first = prices.next().flatten();
            prices.fold(first, |sum, price| sum?.plus(price?))
        };
        let total = sum(&|order| Some(order.payable)).ok_or(Error::TooMuch)?;
        // Only where all orders are of one currency there is a sum in it.
        let converted = sum(&|order| order.deed.exchange.convert(order.payable));
        let mut places = Vec::new();
        if let Some(expected) = self.total
            && !is_one_of(expected, "/expected_total", [Some(total), converted])?
        {
            places.push(other_amount("/expected_total", "the total", total));
        }
        for (at, (id, expected)) in self.amounts.iter().enumerate() {
            let Some(order) = orders.iter().find(|order| order.deed.id == *id) else { continue };
            let pointer = format!("/expected_amounts/{at}/amount");
            let known = [Some(order.payable), order.deed.exchange.convert(order.payable)];
            if !is_one_of(*expected, &pointer, known)? {
                places.push(other_amount(&pointer, "this order", order.payable));
            }
        }
        if places.is_empty() {
            return Ok(());
        }
        let converted = converted.filter(|money| money.currency != total.currency);
        let parts = orders.iter().map(|order| (order.deed.id.clone(), order.payable)).collect();
        Err(Error::OtherTotal(OtherTotal { total, converted, quote: None, parts, places }))
    }
}

/// Whether an amount is the right one, in whichever currency; refused in one that it is not known in.
fn is_one_of(expected: Money, pointer: &str, known: [Option<Money>; 2]) -> Result<bool, Error> {
    let currencies: Vec<_> = known.iter().flatten().map(|money| money.currency).collect();
    if !currencies.contains(&expected.currency) {
        return Err(other_currency(pointer, &currencies));
    }
    Ok(known.contains(&Some(expected)))
}

/// What can be seen to be wrong without asking.
pub(super) fn check(wish: &NewPayment) -> Result<(), Error> {
    let mut places = Vec::new();
    if wish.orders.is_empty() || wish.orders.len() > MOST_ORDERS {
        places.push(Place::body("/order_ids", format!("1 to {MOST_ORDERS} orders")));
    }
    let mut seen = HashSet::new();
    for (at, order) in wish.orders.iter().enumerate() {
        if !seen.insert(order) {
            places.push(Place::body(&format!("/order_ids/{at}"), "this order is listed before"));
        }
    }
    let mut named = HashSet::new();
    for (at, (order, _)) in wish.expected.amounts.iter().enumerate() {
        let pointer = format!("/expected_amounts/{at}/order_id");
        if !seen.contains(order) {
            places.push(Place::body(&pointer, "this order is not in order_ids"));
        } else if !named.insert(order) {
            places.push(Place::body(&pointer, "this order is named before"));
        }
    }
    if places.is_empty() { Ok(()) } else { Err(Error::Invalid(places)) }
}
