//! The life of an order: every move of it, and none that is not in the table.

use super::{Actor, Attention, Deed, Event, Facts, Happening, Kind, Leads, Order, Paying, Reference, State};
use crate::model::ids::{OfferId, OrderId, QuoteId, SkuId, SupplierId};
use crate::model::money::{Exchange, Money};
use crate::model::partner::Mode;
use crate::model::quote::{Basket, Line, Quantity};
use jiff::Timestamp;

/// A small basket to play with.
pub(crate) fn basket() -> Basket {
    Basket {
        supplier: SupplierId::new(42),
        supplier_name: "义乌饰品厂".into(),
        warehouse: "YW01".parse().unwrap(),
        ship_to: "JP".parse().unwrap(),
        lines: vec![Line {
            sku: SkuId::new(7),
            offer: OfferId::new(6),
            title: "陶瓷杯".into(),
            specification: "红色/L".into(),
            quantity: Quantity::new(10).unwrap(),
            unit_price: Money::fen(320),
            amount: Money::fen(3200),
            weight_g: 250,
            tier_from: Some(2),
        }],
        goods: Money::fen(3200),
        freight: Money::fen(800),
        total: Money::fen(4000),
        quotation: None,
    }
}

/// What a partner named `acme` orders under a reference.
pub(crate) fn deed(reference: &str) -> Deed {
    Deed {
        id: OrderId::fresh(),
        partner: "acme".parse().unwrap(),
        mode: Mode::Sandbox,
        reference: reference.parse().unwrap(),
        quote: QuoteId::fresh(),
        quote_expires_at: None,
        note: None,
        basket: basket(),
        exchange: Exchange::identity(jiff::civil::date(2026, 11, 20)),
        created_at: Timestamp::from_second(1_800_000_000).unwrap(),
    }
}

fn happens(order: &mut Order, kind: Kind) -> Result<(), super::IllegalMove> {
    let event = order.next(order.updated_at, Happening::new(kind, Actor::Gateway, "test"))?;
    order.apply(event)
}

#[test]
fn the_whole_life_is_the_fold_of_its_events() {
    let mut order = Order::received(deed("PO-1"), "POST /v1/orders");
    use Kind::{Accepted, Completed, HandedOver, Inspected, Paid, PlacingStarted, ReachedWarehouse, Shipped};
    for kind in [PlacingStarted, Accepted, Paid, Shipped, ReachedWarehouse, Inspected, HandedOver, Completed] {
        happens(&mut order, kind).unwrap();
    }
    assert_eq!((order.state, order.version), (State::Completed, 9));
    assert_eq!(Order::fold(order.deed.clone(), order.events.clone()).unwrap(), order);
}

#[test]
fn a_move_that_is_not_in_the_table_cannot_be_made() {
    let mut order = Order::received(deed("PO-1"), "test");
    assert!(happens(&mut order, Kind::Paid).is_err());
    assert_eq!((order.state, order.version), (State::Received, 1));
    happens(&mut order, Kind::PlacingStarted).unwrap();
    assert!(happens(&mut order, Kind::Cancelled).is_err(), "a cancel must not race the placing");
    let stale = Event { version: 2, ..order.next(order.updated_at, accepted()).unwrap() };
    assert!(order.apply(stale).is_err(), "an event of an older version came through");
}

fn accepted() -> Happening {
    Happening::new(Kind::Accepted, Actor::Catalogue, "test")
}

#[test]
fn finished_orders_stay_as_they_are() {
    for end in [State::Completed, State::Cancelled, State::Rejected, State::Closed, State::Refunded] {
        // Money may still come back, and a person may have to look; nothing else happens to it.
        let leave = |kind: &&Kind| kind.from().contains(&end) && kind.leads() != Leads::Nowhere;
        let leaving: Vec<_> = Kind::ALL.iter().filter(leave).collect();
        let paid = matches!(end, State::Completed | State::Closed);
        assert_eq!(leaving, if paid { vec![&Kind::Refunded] } else { Vec::new() }, "{end}");
    }
    assert!(Kind::ALL.iter().all(|kind| !kind.from().contains(&State::Refunded)));
}

fn paid() -> Order {
    let mut order = Order::received(deed("PO-1"), "test");
    for kind in [Kind::PlacingStarted, Kind::Accepted, Kind::Paid] {
        happens(&mut order, kind).unwrap();
    }
    order
}

#[test]
fn a_refund_that_came_to_nothing_leads_back_to_where_the_order_stood() {
    let mut order = paid();
    happens(&mut order, Kind::Shipped).unwrap();
    happens(&mut order, Kind::RefundOpened).unwrap();
    assert_eq!((order.state, order.events[5].facts.interrupts), (State::Refunding, Some(State::Shipped)));
    happens(&mut order, Kind::RefundEnded).unwrap();
    assert_eq!(order.state, State::Shipped);
    happens(&mut order, Kind::ReachedWarehouse).unwrap();
    happens(&mut order, Kind::RefundOpened).unwrap();
    happens(&mut order, Kind::RefundEnded).unwrap();
    assert_eq!(order.state, State::AtWarehouse, "the newest interruption counts");
    assert_eq!(Order::fold(order.deed.clone(), order.events.clone()).unwrap(), order);
    let mut forged = order.events.clone();
    forged[5].facts.interrupts = Some(State::Inspected);
    assert!(Order::fold(order.deed.clone(), forged).is_none(), "it was not there");
    let mut forged = order.events.clone();
    forged[6].state = State::Inspected;
    assert!(Order::fold(order.deed.clone(), forged).is_none(), "it does not lead there");
}

#[test]
fn what_was_given_back_is_known_and_ends_the_order_only_when_it_is_everything() {
    let mut order = paid();
    let back = |fen| Facts { refunded: Some(Money::fen(fen)), ..Facts::default() };
    for (kind, fen, state, paying) in [
        (Kind::PartRefunded, 1000, State::Paid, Paying::Paid),
        (Kind::Refunded, 4000, State::Refunded, Paying::Refunded),
    ] {
        let what = Happening::new(kind, Actor::Catalogue, "test").with(back(fen));
        order.apply(order.next(order.updated_at, what).unwrap()).unwrap();
        assert_eq!((order.state, order.paying, order.refunded), (state, paying, Money::fen(fen)));
    }
}

#[test]
fn somebody_has_to_look_until_it_is_cleared() {
    let mut order = paid();
    happens(&mut order, Kind::WentMissing).unwrap();
    assert_eq!((order.state, order.attention), (State::Paid, Some(Attention::WentMissing)));
    happens(&mut order, Kind::Noted).unwrap();
    assert_eq!(order.attention, Some(Attention::WentMissing), "a note does not bring it back");
    happens(&mut order, Kind::Cleared).unwrap();
    assert_eq!((order.state, order.attention), (State::Paid, None));
}

#[test]
fn every_story_of_random_moves_folds_back_to_the_same_order() {
    let mut seed = 7_u64;
    for _ in 0..200 {
        let mut order = Order::received(deed("PO-1"), "test");
        for _ in 0..30 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let kind = Kind::ALL[(seed >> 33) as usize % Kind::ALL.len()];
            let before = order.clone();
            if happens(&mut order, kind).is_err() {
                assert_eq!(order, before);
            }
        }
        assert_eq!(Order::fold(order.deed.clone(), order.events.clone()).unwrap(), order);
    }
}

#[test]
fn references_are_plain() {
    assert!("PO-2026/0001.a_b:c".parse::<Reference>().is_ok());
    for wrong in ["", " ", "a b", "é", &"x".repeat(65)] {
        assert!(wrong.parse::<Reference>().is_err(), "{wrong}");
    }
}
