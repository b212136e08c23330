//! From where an order stands here to where it stands at the catalogue: the moves that must have happened in between.
//! Pure; writing them down is left to the rest of the room.

use crate::model::order::{Actor, Facts, Happening, Kind, Order, State};
use crate::translate::trade::{Asked, Standing};

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
    if ended && standing.paid && state == State::AwaitingPayment {
        moves.push(happening(Kind::Paid));
        state = State::Paid;
    }
    if state == State::Refunding && !ended && !stays_interrupted(standing) {
        moves.push(happening(Kind::RefundEnded));
        state = order.interrupted().unwrap_or(state);
    }
    if ended {
        // What a refund of everything ends was not closed by anybody else.
        let kind = end(state, standing).filter(|_| standing.reason.as_deref() != Some(REFUNDED));
        if let Some(kind) = kind {
            moves.push(happening(kind).with(reason(standing)));
            state = if kind == Kind::Closed { State::Closed } else { State::Cancelled };
        }
    } else {
        for kind in between(state, standing.state) {
            moves.push(happening(kind));
            state = standing.state;
        }
    }
    moves.extend(money_back(order, state, standing).map(|(kind, facts)| happening(kind).with(facts)));
    if can_be_interrupted(state) && !ended && stays_interrupted(standing) {
        moves.push(happening(Kind::RefundOpened));
    }
    moves
}

/// The catalogue's reason of orders that a refund of everything ended.
const REFUNDED: &str = "refunded";

/// Whether an order that stands here is interrupted by a refund of everything.
pub(super) fn can_be_interrupted(state: State) -> bool {
    Kind::RefundOpened.from().contains(&state)
}

/// Whether a refund of everything is open before the order was completed.
fn stays_interrupted(standing: &Standing) -> bool {
    standing.back.asked == Asked::Everything && can_be_interrupted(standing.state)
}

/// What was given back and is not written down yet.
fn money_back(order: &Order, state: State, standing: &Standing) -> Option<(Kind, Facts)> {
    let back = standing.back;
    let kind = if back.everything { Kind::Refunded } else { Kind::PartRefunded };
    let news = back.everything || back.amount.minor > order.refunded.minor;
    let reason = standing.reason.clone().filter(|_| back.everything && state != State::Closed);
    let facts = Facts { refunded: Some(back.amount), reason, ..Facts::default() };
    (news && kind.from().contains(&state)).then_some((kind, facts))
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
    use crate::model::order::{Actor, Happening, Kind, Order, Paying, State};
    use crate::translate::trade::{Asked, Back, Standing};

    fn standing(state: State, paid: bool) -> Standing {
        let reason = matches!(state, State::Cancelled | State::Closed).then(|| "pay_timeout".to_owned());
        let number = CatalogueOrderId::new(26);
        let (pay_by, back) = (None, Back::NOTHING);
        Standing { number, reference: "ord".into(), state, paid, reason, pay_by, total: Money::fen(4000), back }
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

    fn back(fen: i64, everything: bool, asked: Asked) -> Back {
        Back { amount: Money::fen(fen), everything, asked }
    }

    fn at(state: State) -> Order {
        let mut order = placing();
        let start = moves(&order, state, true);
        take(&mut order, start);
        order
    }

    /// Takes in where it stands with this given back; gives what was written. Said again it must be nothing.
    fn told(order: &mut Order, state: State, reason: Option<&str>, back: Back) -> Vec<Kind> {
        let standing = Standing { back, reason: reason.map(str::to_owned), ..standing(state, true) };
        let all = catch_up(order, &standing, Actor::Catalogue, "test");
        let written = kinds(&all);
        take(order, all);
        assert_eq!(kinds(&catch_up(order, &standing, Actor::Catalogue, "test")), [], "taken in twice");
        written
    }

    #[test]
    fn only_a_refund_of_everything_interrupts_an_order_and_none_leaves_it_where_it_stood() {
        use Asked::{Everything, Nothing, Part};
        for state in [State::Paid, State::Preparing, State::Shipped, State::AtWarehouse, State::HandedOver] {
            let mut order = at(state);
            assert_eq!(told(&mut order, state, None, back(0, false, Part)), []);
            assert_eq!(told(&mut order, state, None, back(0, false, Everything)), [Kind::RefundOpened]);
            assert_eq!(order.state, State::Refunding);
            assert_eq!(told(&mut order, state, None, back(0, false, Nothing)), [Kind::RefundEnded]);
            assert_eq!(order.state, state);
        }
        let mut order = at(State::Completed);
        assert_eq!(told(&mut order, State::Completed, None, back(0, false, Everything)), [], "it is completed");
    }

    #[test]
    fn an_order_that_went_on_during_its_refund_is_made_up_for_when_that_ends() {
        let mut order = at(State::Shipped);
        told(&mut order, State::Shipped, None, back(0, false, Asked::Everything));
        assert_eq!(told(&mut order, State::AtWarehouse, None, back(0, false, Asked::Everything)), []);
        let written = told(&mut order, State::Inspected, None, back(0, false, Asked::Nothing));
        assert_eq!(written, [Kind::RefundEnded, Kind::ReachedWarehouse, Kind::Inspected]);
        told(&mut order, State::Inspected, None, back(0, false, Asked::Everything));
        let written = told(&mut order, State::Completed, None, back(0, false, Asked::Everything));
        assert_eq!((written, order.state), (vec![Kind::RefundEnded, Kind::Completed], State::Completed));
    }

    #[test]
    fn each_amount_that_comes_back_is_told_once_and_everything_ends_the_order() {
        let mut order = at(State::AtWarehouse);
        for fen in [1000, 2500] {
            let written = told(&mut order, State::AtWarehouse, None, back(fen, false, Asked::Nothing));
            assert_eq!((written, order.state), (vec![Kind::PartRefunded], State::AtWarehouse));
            assert_eq!(order.refunded, Money::fen(fen));
        }
        let written = told(&mut order, State::Closed, Some("refunded"), back(4000, true, Asked::Nothing));
        assert_eq!((written, order.state), (vec![Kind::Refunded], State::Refunded));
        assert_eq!((order.refunded, order.reason.as_deref()), (Money::fen(4000), Some("refunded")));
    }

    #[test]
    fn a_refund_after_completion_and_a_missed_opening_end_in_refunded_too() {
        let mut order = at(State::Completed);
        assert_eq!(told(&mut order, State::Completed, None, back(500, false, Asked::Part)), [Kind::PartRefunded]);
        assert_eq!(told(&mut order, State::Completed, None, back(4000, true, Asked::Nothing)), [Kind::Refunded]);
        let mut order = at(State::AwaitingPayment);
        let written = told(&mut order, State::Closed, Some("refunded"), back(4000, true, Asked::Nothing));
        assert_eq!(written, [Kind::Paid, Kind::Refunded]);
        let mut order = at(State::Paid);
        told(&mut order, State::Paid, None, back(0, false, Asked::Everything));
        let written = told(&mut order, State::Closed, Some("refunded"), back(4000, true, Asked::Nothing));
        assert_eq!((written, order.state), (vec![Kind::Refunded], State::Refunded), "agreed: not ended first");
    }

    #[test]
    fn what_a_supplier_closed_after_payment_shows_that_the_money_went_back() {
        for before in [State::Paid, State::Refunding] {
            let mut order = at(State::Paid);
            if before == State::Refunding {
                told(&mut order, State::Paid, None, back(0, false, Asked::Everything));
            }
            let written = told(&mut order, State::Closed, Some("seller_goods_lack"), back(4000, true, Asked::Nothing));
            assert_eq!((written, order.state), (vec![Kind::Closed, Kind::Refunded], State::Refunded), "{before}");
            assert_eq!((order.paying, order.reason.as_deref()), (Paying::Refunded, Some("seller_goods_lack")));
        }
        let mut order = at(State::Paid);
        assert_eq!(told(&mut order, State::Closed, Some("seller_goods_lack"), Back::NOTHING), [Kind::Closed]);
        assert_eq!(order.paying, Paying::Paid, "nothing came back yet");
        let written = told(&mut order, State::Closed, Some("seller_goods_lack"), back(4000, true, Asked::Nothing));
        assert_eq!((written, order.state), (vec![Kind::Refunded], State::Refunded));
    }

    #[test]
    fn an_order_that_was_never_sent_is_not_moved() {
        let order = Order::received(deed("PO-1"), "test");
        assert!(moves(&order, State::Paid, true).is_empty());
    }
}
