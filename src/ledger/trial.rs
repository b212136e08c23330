//! Orders for tests that need some in the ledger: being placed, or paid.

use serde_json::{Value, json};

use crate::clock::Clock;
use crate::ledger::{Begun, KeyUse, Ledger, NewOrder};
use crate::model::ids::{CatalogueOrderId, PartnerId, QuoteId};
use crate::model::order::tests::{basket, deed};
use crate::model::order::{Actor, Deed, Facts, Happening, Kind, Order};
use crate::model::partner::Mode;
use crate::model::quote::{Basket, Quote};
use crate::translate::trade;

/// An order that is in the ledger and being placed.
pub(crate) async fn written_order(ledger: &Ledger, clock: &Clock, partner: &str, reference: &str) -> Deed {
    begun(ledger, clock, partner, reference, basket()).await.deed
}

/// The same, of what a group of the catalogue's preview says.
pub(crate) async fn order_of(ledger: &Ledger, clock: &Clock, partner: &str, reference: &str, group: &Value) -> Order {
    let preview = json!({"groups": [group], "problems": []});
    let (warehouse, ship_to) = ("YW01".parse().unwrap(), "JP".parse().unwrap());
    let mut baskets = trade::baskets(serde_json::from_value(preview).unwrap(), &warehouse, &ship_to).unwrap();
    begun(ledger, clock, partner, reference, baskets.remove(0)).await
}

/// The order once the catalogue took it under this number and the money came.
pub(crate) async fn paid(ledger: &Ledger, clock: &Clock, order: Order, number: i64) -> Order {
    let mut after = order.clone();
    let facts = Facts { catalogue_order: Some(CatalogueOrderId::new(number)), ..Facts::default() };
    for (kind, facts) in [(Kind::Accepted, facts), (Kind::Paid, Facts::default())] {
        let event = after.next(clock.now(), Happening::new(kind, Actor::Catalogue, "test").with(facts)).unwrap();
        after.apply(event).unwrap();
    }
    ledger.append(&after, order.version, i64::MAX).await.unwrap();
    after
}

async fn begun(ledger: &Ledger, clock: &Clock, partner: &str, reference: &str, basket: Basket) -> Order {
    let now = clock.now();
    let partner: PartnerId = partner.parse().unwrap();
    let quote = Quote {
        id: QuoteId::fresh(),
        partner: partner.clone(),
        mode: Mode::Sandbox,
        basket,
        exchange: deed("x").exchange,
        created_at: now,
        expires_at: now + jiff::SignedDuration::from_mins(30),
    };
    ledger.append_quotes(std::slice::from_ref(&quote)).await.unwrap();
    let asked = KeyUse {
        partner,
        mode: Mode::Sandbox,
        operation: "create_order",
        key: format!("order-{reference}"),
        body_hash: Vec::new(),
        lease_ms: 1000,
    };
    let wish = NewOrder { reference: reference.parse().unwrap(), quote: quote.id, note: None, referral: None };
    match ledger.begin_order(asked, wish).await.unwrap() {
        Begun::Fresh(_, order) => order,
        other => panic!("{other:?}"),
    }
}
