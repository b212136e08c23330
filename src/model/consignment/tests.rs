//! What must hold of every consignment's story.

use super::{
    Consigned, Consignment, Counted, Deed, Event, Facts, Handover, Happening, Inspection, Kind, OperatedBy, Receipt,
    State, Verdict,
};
use crate::model::ids::{CatalogueConsignmentId, CatalogueOrderId, ConsignmentId, OrderId, ReportId, SkuId};
use crate::model::order::Actor;
use crate::model::partner::Mode;
use crate::model::quote::{Quantity, Wanted};
use jiff::Timestamp;

/// What a partner named `acme` wants to leave together: two orders with two lines and one.
pub(crate) fn deed(reference: &str) -> Deed {
    let line = |sku, quantity| Wanted { sku: SkuId::new(sku), quantity: Quantity::new(quantity).unwrap() };
    let order = |number, lines| Consigned {
        order: OrderId::fresh(),
        reference: "PO-1".parse().unwrap(),
        number: CatalogueOrderId::new(number),
        lines,
    };
    Deed {
        id: ConsignmentId::fresh(),
        partner: "acme".parse().unwrap(),
        mode: Mode::Sandbox,
        reference: reference.parse().unwrap(),
        warehouse: "YW01".parse().unwrap(),
        ship_to: "JP".parse().unwrap(),
        operated_by: OperatedBy::Partner,
        orders: vec![order(26, vec![line(7, 10), line(8, 4)]), order(27, vec![line(7, 3)])],
        created_at: Timestamp::from_second(1_800_000_000).unwrap(),
    }
}

/// Everything an event can bring to light, about this deed.
pub(crate) fn facts(deed: &Deed) -> Facts {
    let counted =
        |at: usize, sku, quantity| Counted { order: deed.orders[at].order.clone(), sku: SkuId::new(sku), quantity };
    let inspection = Inspection { verdict: Verdict::Damaged, passed: 9, note: Some("凹".into()), photos: Vec::new() };
    Facts {
        number: Some(CatalogueConsignmentId::new(31)),
        reason: Some("why".into()),
        expected: vec![counted(1, 7, 2)],
        receipt: Some(Receipt { reference: "rpt_1".into(), at: deed.created_at, lines: vec![counted(0, 7, 10)] }),
        received: vec![counted(0, 7, 10)],
        inspected: vec![(deed.orders[0].order.clone(), SkuId::new(7), inspection)],
        handover: Some(Handover {
            carrier: "DHL".into(),
            tracking_number: "JD01".into(),
            weight_g: 12_000,
            pieces: 2,
            at: deed.created_at,
        }),
        not_passed: Some(1),
        report: Some(ReportId::fresh()),
        refusal: None,
    }
}

fn happens(consignment: &mut Consignment, kind: Kind, facts: Facts) -> Result<(), super::IllegalMove> {
    let event = consignment.next(consignment.updated_at, Happening::new(kind, Actor::Gateway, "test").with(facts))?;
    consignment.apply(event)
}

#[test]
fn the_whole_life_is_the_fold_of_its_events() {
    let deed = deed("CO-1");
    let mut consignment = Consignment::requested(deed.clone(), "test");
    use Kind::{Discrepancy, HandedOver, Inspected, Opened, OpeningStarted, PartReceived, Received};
    for kind in [OpeningStarted, Opened, PartReceived, PartReceived, Received, Inspected, Discrepancy, HandedOver] {
        happens(&mut consignment, kind, Facts::default()).unwrap();
    }
    assert_eq!((consignment.state, consignment.version), (State::HandedOver, 9));
    assert_eq!(Consignment::fold(deed, consignment.events.clone()).unwrap(), consignment);
}

#[test]
fn facts_change_only_the_lines_they_name() {
    let deed = deed("CO-1");
    let mut consignment = Consignment::requested(deed.clone(), "test");
    for kind in [Kind::OpeningStarted, Kind::Opened] {
        happens(&mut consignment, kind, Facts::default()).unwrap();
    }
    happens(&mut consignment, Kind::PartReceived, facts(&deed)).unwrap();
    let figures: Vec<_> = consignment.lines.iter().map(|line| (line.expected, line.received)).collect();
    assert_eq!(figures, [(10, 10), (4, 0), (2, 0)], "the same SKU of another order is another line");
    assert_eq!(consignment.lines[0].inspection.as_ref().unwrap().passed, 9);
    assert!(consignment.lines[2].inspection.is_none());
    assert_eq!(consignment.number, Some(CatalogueConsignmentId::new(31)));
}

#[test]
fn a_move_that_is_not_in_the_table_cannot_be_made() {
    let mut consignment = Consignment::requested(deed("CO-1"), "test");
    assert!(happens(&mut consignment, Kind::Received, Facts::default()).is_err());
    happens(&mut consignment, Kind::OpeningStarted, Facts::default()).unwrap();
    assert!(
        happens(&mut consignment, Kind::Cancelled, Facts::default()).is_err(),
        "a cancel must not race the opening"
    );
    let opened = Happening::new(Kind::Opened, Actor::Gateway, "test");
    let stale = Event { version: 2, ..consignment.next(consignment.updated_at, opened).unwrap() };
    assert!(consignment.apply(stale).is_err(), "an event of an older version came through");
}

#[test]
fn finished_consignments_stay_where_they_are() {
    for state in State::ALL.iter().filter(|state| state.is_final()) {
        let moves = Kind::ALL.iter().filter(|kind| kind.from().contains(state));
        assert!(moves.into_iter().all(|kind| kind.leads_to().is_none()), "{state}");
    }
}

#[test]
fn every_story_of_random_moves_folds_back_to_the_same_consignment() {
    let mut seed = 11_u64;
    for _ in 0..200 {
        let deed = deed("CO-1");
        let mut consignment = Consignment::requested(deed.clone(), "test");
        for _ in 0..30 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let kind = Kind::ALL[(seed >> 33) as usize % Kind::ALL.len()];
            let before = consignment.clone();
            if happens(&mut consignment, kind, facts(&deed)).is_err() {
                assert_eq!(consignment, before);
            }
        }
        assert_eq!(Consignment::fold(deed, consignment.events.clone()).unwrap(), consignment);
    }
}
