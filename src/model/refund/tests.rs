//! Claims about refunds: the fold, the table of moves, and what is finished.

use jiff::Timestamp;

use super::{Deed, Event, Facts, Happening, Kind, Proof, Refund, RefundLine, Remedy, State};
use crate::model::ids::{CatalogueOrderId, OrderId, RefundId, SkuId, VoucherId};
use crate::model::money::Money;
use crate::model::order::Actor;
use crate::model::partner::Mode;
use crate::model::quote::Quantity;
use crate::model::story::IllegalMove;

/// What a partner named `acme` asks back under a reference.
pub(crate) fn deed(reference: &str, remedy: Remedy) -> Deed {
    Deed {
        id: RefundId::fresh(),
        partner: "acme".parse().unwrap(),
        mode: Mode::Sandbox,
        reference: reference.parse().unwrap(),
        order: OrderId::fresh(),
        catalogue_order: CatalogueOrderId::new(26),
        remedy,
        reason: "DAMAGED".parse().unwrap(),
        amount: Money::fen(1600),
        freight: Money::fen(0),
        lines: vec![RefundLine { number: 1, sku: SkuId::new(7), quantity: Quantity::new(5).unwrap() }],
        description: "five of ten are broken".into(),
        proofs: vec![Proof { id: VoucherId::fresh(), number: 9 }],
        created_at: Timestamp::from_second(1_800_000_000).unwrap(),
    }
}

/// Makes something happen to a refund, if it may.
pub(crate) fn happens(refund: &mut Refund, kind: Kind, facts: Facts) -> Result<(), IllegalMove> {
    let event = refund.next(refund.updated_at, Happening::new(kind, Actor::Gateway, "test").with(facts))?;
    refund.apply(event)
}

fn after(remedy: Remedy, kinds: &[Kind]) -> Refund {
    let mut refund = Refund::received(deed("R-1", remedy), "create_refund");
    for kind in kinds {
        happens(&mut refund, *kind, Facts::default()).unwrap();
    }
    refund
}

#[test]
fn the_whole_life_is_the_fold_of_its_events() {
    use Kind::{Accepted, Agreed, Modified, Refused, RequestingStarted, ReturnAwaited, ReturnSent, Succeeded};
    let kinds = [RequestingStarted, Accepted, Refused, Modified, Agreed, ReturnAwaited, ReturnSent, Succeeded];
    let refund = after(Remedy::Return, &kinds);
    assert_eq!((refund.state, refund.version), (State::Succeeded, 9));
    assert_eq!(Refund::fold(refund.deed.clone(), refund.events.clone()).unwrap(), refund);
}

#[test]
fn a_move_that_is_not_in_the_table_cannot_be_made() {
    let mut refund = after(Remedy::Money, &[]);
    assert!(happens(&mut refund, Kind::Succeeded, Facts::default()).is_err());
    assert_eq!((refund.state, refund.version), (State::Received, 1));
    happens(&mut refund, Kind::RequestingStarted, Facts::default()).unwrap();
    assert!(happens(&mut refund, Kind::Closed, Facts::default()).is_err(), "a withdrawal must not race the request");
    let next = refund.next(refund.updated_at, Happening::new(Kind::Accepted, Actor::Gateway, "test")).unwrap();
    assert!(refund.apply(Event { version: 2, ..next }).is_err(), "an event of an older version came through");
}

#[test]
fn what_is_finished_stays_as_it_is() {
    for state in State::ALL.iter().filter(|state| state.is_final()) {
        assert!(Kind::ALL.iter().all(|kind| !kind.from().contains(state)), "{state}");
    }
    for state in State::ALL.iter().filter(|state| !state.is_final()) {
        assert!(Kind::ALL.iter().any(|kind| kind.from().contains(state)), "{state} has no way out");
    }
}

#[test]
fn every_story_of_random_moves_folds_back_to_the_same_refund() {
    let mut seed = 11_u64;
    let mut ended = 0;
    for _ in 0..300 {
        let mut refund = after(Remedy::Return, &[]);
        for step in 0..40 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let kind = Kind::ALL[(seed >> 33) as usize % Kind::ALL.len()];
            let facts = Facts { amount: Some(Money::fen(step)), ..Facts::default() };
            let before = refund.clone();
            if happens(&mut refund, kind, facts).is_err() {
                assert_eq!(refund, before);
            }
        }
        ended += usize::from(refund.state.is_final());
        assert_eq!(Refund::fold(refund.deed.clone(), refund.events.clone()).unwrap(), refund);
    }
    assert!(ended > 50, "only {ended} stories came to an end");
}

#[test]
fn newer_facts_replace_older_ones_and_silence_replaces_none() {
    let mut refund = after(Remedy::Money, &[Kind::RequestingStarted]);
    let deadline = Some(Timestamp::from_second(1_800_000_100).unwrap());
    happens(&mut refund, Kind::Accepted, Facts { deadline, ..Facts::default() }).unwrap();
    assert_eq!((refund.amount(), refund.deadline()), (Money::fen(1600), deadline));
    happens(&mut refund, Kind::Refused, Facts::default()).unwrap();
    happens(&mut refund, Kind::Modified, Facts { amount: Some(Money::fen(900)), ..Facts::default() }).unwrap();
    assert_eq!((refund.amount(), refund.deadline()), (Money::fen(900), deadline));
    assert_eq!(refund.description(), "five of ten are broken");
    happens(&mut refund, Kind::Closed, Facts::default()).unwrap();
    assert_eq!(refund.deadline(), None, "nobody's turn");
}
