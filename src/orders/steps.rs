//! From where an order stands here to where it stands at the catalogue: the moves that must have happened in between.
//! Pure; writing them down is left to the rest of the room.

use crate::model::order::{Actor, Facts, Happening, Kind, Order, State};
use crate::translate::trade::Standing;

/// The straight way of an accepted order.
const WAY: &[(State, Kind)] = &[
    (State::AwaitingPayment, Kind::Accepted),
    (State::Paid, Kind::Paid),
    (State::Preparing, Kind::PartShipped),
    (State::Shipped, Kind::Shipped),
    (State::AtWarehouse, Kind::ReachedWarehouse),
    (State::Inspected, Kind::Inspected),
    (State::HandedOver, Kind::HandedOver),
    (State::Completed, Kind::Completed),
];

/// What is to be written so that the order stands where the catalogue says; nothing when it does already, or when the
/// catalogue is behind.
pub(super) fn catch_up(order: &Order, standing: &Standing, actor: Actor, cause: &str) -> Vec<Happening> {
    let mut moves = Vec::new();
    let mut state = order.state;
    if matches!(state, State::Placing | State::Unknown) {
        moves.push(accepted(standing, cause));
        state = State::AwaitingPayment;
    }
    let happening = |kind: Kind| Happening::new(kind, actor, cause);
    let ended = matches!(standing.state, State::Cancelled | State::Closed);
    if state == State::AwaitingPayment && standing.total != order.payable && (!ended || standing.paid) {
        moves.push(repriced(standing));
    }
    match standing.state {
        State::Cancelled | State::Closed => {
            if standing.paid && state == State::AwaitingPayment {
                moves.push(happening(Kind::Paid));
                state = State::Paid;
            }
            moves.extend(end(state, standing).map(|kind| happening(kind).with(reason(standing))));
        }
        target => moves.extend(between(state, target).map(happening)),
    }
    moves
}

fn accepted(standing: &Standing, cause: &str) -> Happening {
    let facts = Facts { catalogue_order: Some(standing.number), pay_by: standing.pay_by, ..Facts::default() };
    Happening::new(Kind::Accepted, Actor::Catalogue, cause).with(facts)
}

/// Only the supplier changes what has to be paid.
fn repriced(standing: &Standing) -> Happening {
    let facts = Facts { payable: Some(standing.total), ..Facts::default() };
    Happening::new(Kind::Repriced, Actor::Catalogue, "the amount to pay was changed").with(facts)
}

/// How an order that the catalogue ended ends here.
fn end(state: State, standing: &Standing) -> Option<Kind> {
    let wanted = if standing.state == State::Cancelled { Kind::Cancelled } else { Kind::Closed };
    [wanted, Kind::Closed].into_iter().find(|kind| kind.from().contains(&state))
}

fn reason(standing: &Standing) -> Facts {
    Facts { reason: standing.reason.clone(), ..Facts::default() }
}

fn between(from: State, to: State) -> impl Iterator<Item = Kind> {
    let place = |state| WAY.iter().position(|(one, _)| *one == state);
    let part = match (place(from), place(to)) {
        (Some(from), Some(to)) if from < to => WAY.get(from + 1..=to).unwrap_or_default(),
        _ => &[],
    };
    part.iter().filter(move |(state, _)| *state == to || passed(*state, to)).map(|(_, kind)| *kind)
}

/// Whether an order that got to `to` must have been at `state` before.
fn passed(state: State, to: State) -> bool {
    match state {
        State::Preparing => false,
        State::Inspected | State::HandedOver => to != State::Completed,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::catch_up;
    use crate::model::ids::CatalogueOrderId;
    use crate::model::money::Money;
    use crate::model::order::tests::deed;
    use crate::model::order::{Actor, Happening, Kind, Order, State};
    use crate::translate::trade::Standing;

    fn standing(state: State, paid: bool) -> Standing {
        let reason = matches!(state, State::Cancelled | State::Closed).then(|| "pay_timeout".to_owned());
        let number = CatalogueOrderId::new(26);
        Standing { number, reference: "ord".into(), state, paid, reason, pay_by: None, total: Money::fen(4000) }
    }

    fn take(order: &mut Order, moves: Vec<Happening>) {
        for happening in moves {
            let event = order.next(order.updated_at, happening).unwrap();
            order.apply(event).unwrap();
        }
    }

    fn kinds(moves: &[Happening]) -> Vec<Kind> {
        moves.iter().map(|happening| happening.kind).collect()
    }

    fn placing() -> Order {
        let mut order = Order::received(deed("PO-1"), "test");
        take(&mut order, vec![Happening::new(Kind::PlacingStarted, Actor::Gateway, "test")]);
        order
    }

    fn moves(order: &Order, state: State, paid: bool) -> Vec<Happening> {
        catch_up(order, &standing(state, paid), Actor::Catalogue, "test")
    }

    #[test]
    fn from_any_place_to_any_later_one_all_moves_are_legal_and_lead_there() {
        let way = super::WAY;
        for (from, _) in way {
            for (to, _) in way {
                let mut order = placing();
                let start = moves(&order, *from, true);
                take(&mut order, start);
                assert_eq!(order.state, *from);
                let rest = moves(&order, *to, true);
                take(&mut order, rest);
                let later = way.iter().position(|(s, _)| s == to) > way.iter().position(|(s, _)| s == from);
                assert_eq!(order.state, if later { *to } else { *from }, "{from} to {to}");
                assert!(moves(&order, *to, true).is_empty(), "taken in twice");
            }
        }
    }

    #[test]
    fn another_amount_at_the_catalogue_is_written_down_before_it_is_paid() {
        let mut order = placing();
        let start = moves(&order, State::AwaitingPayment, false);
        take(&mut order, start);
        let before = order.updated_at;
        let dearer = Standing { total: Money::fen(500_000), ..standing(State::Paid, true) };
        let all = catch_up(&order, &dearer, Actor::Catalogue, "test");
        assert_eq!(kinds(&all), [Kind::Repriced, Kind::Paid]);
        take(&mut order, all);
        assert_eq!((order.state, order.payable), (State::Paid, Money::fen(500_000)));
        assert_eq!(order.payable_at(before), Money::fen(500_000), "an event of that very moment is known then");
        assert_eq!(order.payable_at(before - jiff::SignedDuration::from_secs(1)), Money::fen(4000));
    }

    #[test]
    fn only_what_must_have_happened_is_written() {
        let mut order = placing();
        let start = moves(&order, State::AwaitingPayment, false);
        take(&mut order, start);
        use Kind::{Completed, Inspected, Paid, ReachedWarehouse, Shipped};
        let all = moves(&order, State::Completed, true);
        assert_eq!(kinds(&all), [Paid, Shipped, ReachedWarehouse, Completed]);
        let inspected = moves(&order, State::Inspected, true);
        assert_eq!(kinds(&inspected), [Paid, Shipped, ReachedWarehouse, Inspected]);
    }

    #[test]
    fn an_end_at_the_catalogue_is_an_end_here() {
        for (state, paid, last) in [
            (State::Cancelled, false, State::Cancelled),
            (State::Closed, false, State::Closed),
            (State::Closed, true, State::Closed),
            (State::Cancelled, true, State::Closed),
        ] {
            let mut order = placing();
            let end = moves(&order, state, paid);
            take(&mut order, end);
            assert_eq!((order.state, order.reason.as_deref()), (last, Some("pay_timeout")));
        }
    }

    #[test]
    fn an_order_that_was_never_sent_is_not_moved() {
        let order = Order::received(deed("PO-1"), "test");
        assert!(moves(&order, State::Paid, true).is_empty());
    }
}
