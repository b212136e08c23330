//! The platform's words for where orders and refunds stand.

use crate::model::order::{Order, Paying, State};
use crate::model::refund;

/// `status` of an order, what it is called, and the states that are told so.
const ORDERS: &[(&str, &str, &[State])] = &[
    ("waitbuyerpay", "等待买家付款", &[State::AwaitingPayment]),
    ("waitsellersend", "等待卖家发货", &[State::Paid, State::Preparing]),
    ("waitbuyerreceive", "等待买家收货", &[State::Shipped, State::AtWarehouse, State::Inspected, State::HandedOver]),
    ("success", "交易成功", &[State::Completed]),
    ("cancel", "交易取消", &[State::Cancelled, State::Rejected]),
    ("terminated", "交易终止", &[State::Refunded, State::Closed]),
];

/// `refundStatus` of an order, the same of its lines, and the states that are told so.
const REFUNDS: &[(&str, &str, &[refund::State])] = &[
    (
        "waitselleragree",
        "WAIT_SELLER_AGREE",
        &[refund::State::Requested, refund::State::Agreed, refund::State::Arbitrating],
    ),
    ("waitbuyermodify", "WAIT_BUYER_MODIFY", &[refund::State::Refused]),
    ("waitbuyersend", "WAIT_BUYER_SEND", &[refund::State::ReturnAwaited]),
    ("waitsellerreceive", "WAIT_SELLER_RECEIVE", &[refund::State::ReturnSent]),
    ("refundsuccess", "REFUND_SUCCESS", &[refund::State::Succeeded]),
    ("refundclose", "REFUND_CLOSED", &[refund::State::Closed, refund::State::Rejected]),
];

/// Where an order stands, and what that is called; one whose placing is not settled is not told of at all.
pub fn of_order(order: &Order) -> (&'static str, &'static str) {
    let state = match order.state {
        // The platform tells of a refund beside the order's own status.
        State::Refunding => order.interrupted().unwrap_or(State::Paid),
        // What was closed before it was paid never came about.
        State::Closed if matches!(order.paying, Paying::None | Paying::Page) => State::Cancelled,
        state => state,
    };
    let found = ORDERS.iter().find(|(_, _, states)| states.contains(&state));
    found.map_or(("waitbuyerpay", "等待买家付款"), |(status, name, _)| (*status, *name))
}

/// The states that are told as one of these statuses; none of them when one is no status.
pub fn order_states(statuses: &[String]) -> Option<Vec<State>> {
    let mut states = Vec::new();
    for status in statuses {
        let (word, _, these) = ORDERS.iter().find(|(word, _, _)| word == status)?;
        states.extend_from_slice(these);
        if ["waitsellersend", "waitbuyerreceive"].contains(word) {
            states.push(State::Refunding);
        }
        if *word == "cancel" {
            states.push(State::Closed);
        }
    }
    Some(states)
}

/// Where a refund stands, for the order and for its lines.
pub fn of_refund(state: refund::State) -> (&'static str, &'static str) {
    let found = REFUNDS.iter().find(|(_, _, states)| states.contains(&state));
    found.map_or(("waitselleragree", "WAIT_SELLER_AGREE"), |(order, line, _)| (*order, *line))
}

/// The states of refunds that are told as one of these.
pub fn refund_states(statuses: &[String]) -> Option<Vec<refund::State>> {
    let mut states = Vec::new();
    for status in statuses {
        let found = REFUNDS.iter().find(|(order, line, _)| order == status || line == status)?;
        states.extend_from_slice(found.2);
    }
    Some(states)
}

#[cfg(test)]
mod tests {
    use super::{ORDERS, REFUNDS, order_states, refund_states};
    use crate::model::order::State;
    use crate::model::refund;

    #[test]
    fn every_state_that_the_catalogue_knows_has_one_word() {
        let told = |state| ORDERS.iter().filter(|(_, _, states)| states.contains(&state)).count();
        for state in State::ALL {
            let unsettled = [State::Received, State::Placing, State::Unknown, State::Refunding].contains(state);
            assert_eq!(told(*state), usize::from(!unsettled), "{state}");
        }
        let told = |state| REFUNDS.iter().filter(|(_, _, states)| states.contains(&state)).count();
        for state in refund::State::ALL {
            let unsettled =
                [refund::State::Received, refund::State::Requesting, refund::State::Unknown].contains(state);
            assert_eq!(told(*state), usize::from(!unsettled), "{state}");
        }
    }

    #[test]
    fn a_word_that_is_none_is_not_taken_for_all() {
        assert_eq!(order_states(&["nonsense".to_owned()]), None);
        assert_eq!(refund_states(&["nonsense".to_owned()]), None);
        assert_eq!(order_states(&[]), Some(Vec::new()));
    }
}
