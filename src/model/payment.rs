//! Payments: one attempt to pay for one or several orders, each order with its own outcome.

use jiff::Timestamp;

use crate::model::ids::{OrderId, PartnerId, PaymentId};
use crate::model::money::Money;
use crate::model::order::named;
use crate::model::partner::Mode;
use crate::model::quote::Unfit;
use std::str::FromStr;

named! {
    /// How money is paid.
    Method {
        Page = "page", "Somebody opens the payment page and pays there.";
        Debit = "debit", "The amount is taken from the account agreed with the marketplace, at once.";
    }
}

named! {
    /// How one order's part of a payment stands.
    PartState {
        Pending = "pending", "Waiting for the money.";
        Unknown = "unknown", "Asked for, but no answer came back; it is read back and never asked for blindly again.";
        Paid = "paid", "Paid.";
        Failed = "failed", "Not paid; `problem` says why.";
    }
}

named! {
    /// How a payment stands as a whole.
    Whole {
        Pending = "pending", "At least one order is still open.";
        Paid = "paid", "All orders are paid.";
        PartlyPaid = "partly_paid", "Some orders are paid, the others are not, and none is open.";
        Failed = "failed", "None of the orders was paid.";
    }
}

/// What a partner agreed to pay for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// How much.
    pub amount: Money,
    /// The version of the order that said so.
    pub version: u32,
}

/// One order of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The order.
    pub order: OrderId,
    /// How its payment stands.
    pub state: PartState,
    /// Where to pay, for `page`.
    pub pay_url: Option<String>,
    /// Why it was not paid: a code's name.
    pub problem: Option<String>,
    /// What was agreed to when the payment was begun; not known of payments that older gateways wrote down.
    pub agreed: Option<Agreed>,
}

/// An attempt to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Its id; also what the catalogue knows a debit by.
    pub id: PaymentId,
    /// Whose it is.
    pub partner: PartnerId,
    /// Live or sandbox.
    pub mode: Mode,
    /// How it is paid.
    pub method: Method,
    /// Its orders, as the partner listed them.
    pub parts: Vec<Part>,
    /// When it was begun.
    pub created_at: Timestamp,
}

impl Payment {
    /// How the whole stands: `pending` while any part is open.
    pub fn state(&self) -> Whole {
        let paid = self.parts.iter().filter(|part| part.state == PartState::Paid).count();
        if self.parts.iter().any(|part| matches!(part.state, PartState::Pending | PartState::Unknown)) {
            Whole::Pending
        } else if paid == self.parts.len() {
            Whole::Paid
        } else if paid > 0 {
            Whole::PartlyPaid
        } else {
            Whole::Failed
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Method, Part, PartState, Payment, Whole};
    use crate::model::ids::{OrderId, PaymentId};
    use crate::model::partner::Mode;

    #[test]
    fn a_payment_is_as_far_as_its_slowest_order() {
        use PartState::{Failed, Paid, Pending, Unknown};
        let whole = |states: &[PartState]| {
            let part = |state: &PartState| Part {
                order: OrderId::fresh(),
                state: *state,
                pay_url: None,
                problem: None,
                agreed: None,
            };
            Payment {
                id: PaymentId::fresh(),
                partner: "acme".parse().unwrap(),
                mode: Mode::Live,
                method: Method::Debit,
                parts: states.iter().map(part).collect(),
                created_at: jiff::Timestamp::UNIX_EPOCH,
            }
            .state()
        };
        assert_eq!(whole(&[Paid, Paid]), Whole::Paid);
        assert_eq!(whole(&[Paid, Unknown]), Whole::Pending);
        assert_eq!(whole(&[Failed, Pending]), Whole::Pending);
        assert_eq!(whole(&[Paid, Failed]), Whole::PartlyPaid);
        assert_eq!(whole(&[Failed, Failed]), Whole::Failed);
    }
}
