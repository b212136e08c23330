//! The public types of events, and the patterns by which a partner says which it wants to hear of.
//! Who writes an event names its type here first; a type outside the table cannot be subscribed to.

use std::fmt;
use std::str::FromStr;

/// The type of a test delivery; it goes to the endpoint under test alone.
pub const TEST: &str = "webhook.test";
/// The type of the news that an endpoint was disabled.
pub const ENDPOINT_DISABLED: &str = "webhook.endpoint_disabled";
/// The type of the news that a day's quota runs out.
pub const NEAR_LIMIT: &str = "quota.near_limit";

/// One public type of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// Its name, e.g. `order.paid`.
    pub name: &'static str,
    /// What happened, in a sentence for partners.
    pub says: &'static str,
}

macro_rules! kinds {
    ($( $name:literal, $says:literal; )*) => {
        /// Every public type, group by group.
        pub const KINDS: &[Kind] = &[ $( Kind { name: $name, says: $says }, )* ];
    };
}

kinds! {
    // orders
    "order.accepted", "The catalogue took the order; it can be paid until its `pay_by`.";
    "order.refused", "The catalogue refused the order; nothing was bought.";
    "order.unanswered", "The catalogue's answer was lost; the gateway is finding out and tells the outcome.";
    "order.repriced", "The supplier changed the amount to pay before payment.";
    "order.paid", "The order is paid.";
    "order.part_shipped", "The supplier sent a part of the goods.";
    "order.shipped", "All goods are on their way to the warehouse.";
    "order.reached_warehouse", "The warehouse received the goods.";
    "order.inspected", "The warehouse inspected the goods.";
    "order.handed_over", "The goods were handed over for export.";
    "order.completed", "The order is finished.";
    "order.cancelled", "The order was taken back before payment.";
    "order.refund_opened", "A refund of the whole order is being dealt with.";
    "order.refund_ended", "That refund ended without success; the order goes on where it was.";
    "order.part_refunded", "A part of the order's money was given back.";
    "order.refunded", "All of the order's money was given back; the order has ended.";
    "order.closed", "The supplier or the catalogue closed the order.";
    // payments
    "payment.page_opened", "The payment page of an order can be opened.";
    "payment.paid", "An order's part of a payment is paid.";
    "payment.failed", "An order's part of a payment was not paid.";
    "payment.unknown", "The outcome of a debit is not known yet; it is read back and told.";
    // shipments
    "shipment.dispatched", "A parcel is with its carrier.";
    "shipment.in_transit", "A parcel is on its way.";
    "shipment.delivered", "The warehouse signed for a parcel.";
    // consignments
    "consignment.opened", "A consignment was opened at a warehouse.";
    "consignment.rejected", "The catalogue did not take a consignment.";
    "consignment.lines_changed", "What a consignment expects was changed.";
    "consignment.part_received", "A part of a consignment's goods is received.";
    "consignment.received", "All goods of a consignment are received.";
    "consignment.part_inspected", "A part of a consignment's goods is inspected.";
    "consignment.inspected", "The goods of a consignment are inspected.";
    "consignment.discrepancy", "The inspection found goods missing, damaged or wrong.";
    "consignment.handed_over", "A consignment was handed over to the international carrier.";
    "consignment.cancelled", "A consignment was cancelled.";
    "consignment.report_refused", "The catalogue did not take a report about a consignment.";
    // refunds
    "refund.requested", "A refund is with the supplier, who has to answer.";
    "refund.rejected", "The catalogue did not take a refund; nothing is under way.";
    "refund.unknown", "The catalogue's answer to a refund was lost; the gateway is finding out.";
    "refund.agreed", "The supplier agreed to a refund.";
    "refund.refused", "The supplier refused a refund; modify it, or ask for arbitration.";
    "refund.return_awaited", "The goods are to be sent back to the address given.";
    "refund.return_sent", "The goods are on their way back.";
    "refund.arbitrating", "The marketplace decides about a refund.";
    "refund.succeeded", "The money was given back.";
    "refund.closed", "A refund ended without money.";
    // inquiries
    "inquiry.sent", "An inquiry is with its suppliers.";
    "inquiry.rejected", "The catalogue did not take an inquiry; nobody was asked.";
    "inquiry.unknown", "The catalogue's answer to an inquiry was lost; the gateway is finding out.";
    "inquiry.quoted", "A supplier quoted, or quoted anew; `supplier_id` and `quotation_id` say who and what.";
    "inquiry.countered", "You asked a supplier for another price.";
    "inquiry.declined", "A supplier does not quote.";
    "inquiry.quotation_expired", "A quotation was not accepted in time.";
    "inquiry.ordered", "A quotation became an order: `order_id`.";
    "inquiry.withdrawn", "An inquiry was taken back.";
    "inquiry.closed", "No supplier of an inquiry is left.";
    // limits
    "quota.near_limit", "Four fifths of a day's quota are used; told once a day and policy.";
    // webhooks
    "webhook.test", "A test you asked for; sent to that endpoint alone.";
    "webhook.endpoint_disabled", "One of your endpoints was disabled because it kept failing or answered 410.";
}

/// The row of a type.
pub fn find(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

/// What is before the dot.
fn group(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}

/// Which events are wanted: `*`, a group such as `order.*`, or one type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pattern(Box<str>);

/// A text that is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`*`, a group such as `order.*`, or a type such as `order.paid`; there is no {0:?}")]
pub struct NotAPattern(String);

impl Pattern {
    /// The pattern as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether events of this type are wanted.
    pub fn matches(&self, kind: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(begin) => kind.starts_with(begin),
            None => kind == &*self.0,
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Pattern {
    type Err = NotAPattern;
    fn from_str(text: &str) -> Result<Self, NotAPattern> {
        let known = match text.strip_suffix(".*") {
            Some(name) => KINDS.iter().any(|kind| group(kind.name) == name),
            None => text == "*" || find(text).is_some(),
        };
        if known { Ok(Self(text.into())) } else { Err(NotAPattern(text.chars().take(64).collect())) }
    }
}

#[cfg(test)]
mod tests {
    use super::{ENDPOINT_DISABLED, KINDS, NEAR_LIMIT, Pattern, TEST, find};
    use std::collections::HashSet;

    #[test]
    fn every_type_stands_once_in_the_table_and_says_what_it_means() {
        let names: HashSet<_> = KINDS.iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), KINDS.len());
        for kind in KINDS {
            assert!(kind.name.split('.').count() == 2 && kind.says.ends_with('.'), "{}", kind.name);
        }
        assert!(find(NEAR_LIMIT).is_some() && find(TEST).is_some() && find(ENDPOINT_DISABLED).is_some());
    }

    #[test]
    fn a_pattern_is_everything_a_group_or_one_type() {
        let matches = |pattern: &str, kind: &str| pattern.parse::<Pattern>().unwrap().matches(kind);
        assert!(matches("*", "order.paid") && matches("order.*", "order.paid") && matches("order.paid", "order.paid"));
        assert!(!matches("order.*", "payment.paid") && !matches("order.paid", "order.part_shipped"));
    }

    #[test]
    fn what_is_not_in_the_table_cannot_be_subscribed_to() {
        for wrong in ["", "order", "order.", "order.lost", "orders.*", ".*", "**", "*.paid", "ORDER.PAID", "order.*.*"]
        {
            assert!(wrong.parse::<Pattern>().is_err(), "{wrong}");
        }
    }
}
