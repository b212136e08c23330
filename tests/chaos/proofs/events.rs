//! The checker of events against planted errors.

use crate::checker::{Verdict, Wrong};
use crate::events::{Endpoint, Event, Told, check};
use crate::receiver::Delivery;

fn event(number: i64, subject: &str) -> Event {
    Event {
        id: format!("evt_{number}"),
        partner: "acme".into(),
        subject: subject.into(),
        kind: "order.paid".into(),
        serial: number * 10,
        position: Some(number),
    }
}

fn delivery(number: i64, answered: u16) -> Delivery {
    Delivery {
        at_ms: 0,
        endpoint: "/acme".into(),
        headers: vec![("webhook-id".into(), format!("evt_{number}"))],
        body: r#"{"type":"order.paid"}"#.into(),
        answered,
    }
}

fn told() -> Told {
    let events = vec![event(1, "ord_1"), event(2, "ord_2"), event(3, "ord_1")];
    let pulled = events.iter().map(|event| (event.id.clone(), event.kind.clone())).collect();
    Told {
        events,
        pulled: [("acme".to_owned(), pulled)].into(),
        pulls: true,
        publishes: true,
        endpoints: vec![Endpoint { path: "/acme".into(), partner: "acme".into(), secret: String::new() }],
    }
}

fn wrong(told: &Told, deliveries: &[(i64, u16)]) -> Vec<String> {
    let mut verdict = Verdict::default();
    let deliveries = deliveries.iter().map(|(number, answered)| Ok(delivery(*number, *answered)));
    check(told, deliveries, &mut verdict).unwrap();
    assert!(verdict.findings.iter().all(|finding| finding.wrong == Wrong::Events));
    verdict.findings.into_iter().map(|finding| format!("{} {}", finding.about, finding.detail)).collect()
}

const WELL: [(i64, u16); 4] = [(1, 500), (1, 204), (3, 204), (2, 204)];

#[test]
fn events_told_at_least_once_in_the_order_of_their_order_are_well() {
    assert_eq!(wrong(&told(), &WELL), Vec::<String>::new());
    // Once more, late: at least once is what was promised.
    assert_eq!(wrong(&told(), &[(1, 204), (3, 204), (2, 204), (1, 204)]), Vec::<String>::new());
}

#[test]
fn an_event_that_was_not_delivered_is_found() {
    assert_eq!(wrong(&told(), &[(1, 204), (3, 204)]).len(), 1);
    assert_eq!(wrong(&told(), &[(1, 204), (3, 204), (2, 0)]).len(), 1, "a dropped connection is no delivery");
}

#[test]
fn an_order_told_backwards_is_found() {
    let found = wrong(&told(), &[(3, 204), (2, 204), (1, 204)]);
    assert!(found.len() == 1 && found[0].contains("evt_1") && found[0].contains("came after"), "{found:?}");
}

#[test]
fn a_strange_delivery_is_found() {
    assert_eq!(wrong(&told(), &[(1, 204), (3, 204), (2, 204), (9, 204)]).len(), 1);
}

#[test]
fn holes_doubles_and_gaps_of_the_pull_feed_are_found() {
    let mut unpublished = told();
    unpublished.events[1].position = None;
    unpublished.pulled.get_mut("acme").unwrap().remove(1);
    assert!(wrong(&unpublished, &[(1, 204), (3, 204)]).iter().any(|found| found.contains("not published")));
    let mut hole = told();
    hole.events[2].position = Some(4);
    assert!(wrong(&hole, &WELL).iter().any(|found| found.contains("hole")));
    let mut turned = told();
    (turned.events[0].position, turned.events[2].position) = (Some(3), Some(1));
    assert!(wrong(&turned, &WELL).iter().any(|found| found.contains("written first")));
    let mut skipped = told();
    skipped.pulled.get_mut("acme").unwrap().remove(1);
    assert_eq!(wrong(&skipped, &WELL).len(), 1);
}
