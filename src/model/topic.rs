//! Which public event is told as which message of the older protocol. What stands in a message is for `webhooks`; events
//! that the protocol has no word for (an inquiry, a quota, a consignment's own steps) are told by the newer ways alone.

/// A topic: what a message is called there.
pub type Topic = &'static str;

/// An event and the topics it can become, of which it becomes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// The public type of the event.
    pub kind: &'static str,
    /// Its topics.
    pub topics: &'static [Topic],
    /// Where the order (or the refund, for those) stands in the protocol's word; empty where the message has no such member.
    pub status: &'static str,
}

/// Buyer's view of an order that was made.
pub const MADE: Topic = "ORDER_BUYER_VIEW_BUYER_MAKE";
/// Its price was changed before it was paid.
pub const REPRICED: Topic = "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY";
/// It is paid.
pub const PAID: Topic = "ORDER_BUYER_VIEW_ORDER_PAY";
/// A part was sent.
pub const PART_SENT: Topic = "ORDER_BUYER_VIEW_PART_PART_SENDGOODS";
/// All was sent.
pub const SENT: Topic = "ORDER_BUYER_VIEW_ANNOUNCE_SENDGOODS";
/// The goods were received.
pub const RECEIVED: Topic = "ORDER_BUYER_VIEW_ORDER_COMFIRM_RECEIVEGOODS";
/// It is finished.
pub const SUCCESS: Topic = "ORDER_BUYER_VIEW_ORDER_SUCCESS";
/// The buyer closed it.
pub const BUYER_CLOSED: Topic = "ORDER_BUYER_VIEW_ORDER_BUYER_CLOSE";
/// The seller, or a refund of everything, closed it.
pub const SELLER_CLOSED: Topic = "ORDER_BUYER_VIEW_ORDER_SELLER_CLOSE";
/// It was not paid in time.
pub const BOPS_CLOSED: Topic = "ORDER_BUYER_VIEW_ORDER_BOPS_CLOSE";
/// A refund while the order is not finished.
pub const REFUND_IN_SALES: Topic = "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND_IN_SALES";
/// A refund of a finished order.
pub const REFUND_AFTER_SALES: Topic = "ORDER_BUYER_VIEW_ORDER_REFUND_AFTER_SALES";
/// How the parts of a payment went.
pub const BATCH_PAID: Topic = "ORDER_BATCH_PAY";
/// A parcel moved.
pub const TRACE: Topic = "LOGISTICS_BUYER_VIEW_TRACE";
/// A followed offer's price changed.
pub const PRICE: Topic = "FENXIAO_PRICE_CHANGE";
/// A followed offer's stock changed.
pub const STOCK: Topic = "PRODUCT_PRODUCT_INVENTORY_CHANGE";
/// A followed offer cannot be had any more.
pub const EXPIRED: Topic = "PRODUCT_RELATION_VIEW_PRODUCT_EXPIRE";
/// It can be had again.
pub const REPOSTED: Topic = "PRODUCT_RELATION_VIEW_PRODUCT_REPOST";
/// Something else of it changed.
pub const MODIFIED: Topic = "PRODUCT_RELATION_VIEW_PRODUCT_NEW_OR_MODIFY";

/// What a test is called; no topic of the platform, so that nobody takes it for real.
pub const TEST: Topic = "WEBHOOK_TEST";

const REFUNDS: &[Topic] = &[REFUND_IN_SALES, REFUND_AFTER_SALES];

macro_rules! table {
    ($( $kind:literal $status:literal $topics:expr; )*) => {
        /// Every event that is told as a message, group by group.
        pub const TOLD: &[Told] = &[ $( Told { kind: $kind, topics: $topics, status: $status }, )* ];
    };
}

// What happened, where the order or refund stands then, what it is called.
table! {
    "order.accepted" "waitbuyerpay" &[MADE];
    "order.repriced" "waitbuyerpay" &[REPRICED];
    "order.paid" "waitsellersend" &[PAID];
    "order.part_shipped" "waitsellersend" &[PART_SENT];
    "order.shipped" "waitbuyerreceive" &[SENT];
    "order.reached_warehouse" "confirm_goods_and_has_subsidy" &[RECEIVED];
    "order.completed" "success" &[SUCCESS];
    "order.cancelled" "cancel" &[BUYER_CLOSED, BOPS_CLOSED];
    "order.closed" "cancel" &[SELLER_CLOSED, BOPS_CLOSED];
    "order.refunded" "cancel" &[SELLER_CLOSED];
    "payment.paid" "" &[BATCH_PAID];
    "payment.failed" "" &[BATCH_PAID];
    "shipment.dispatched" "" &[TRACE];
    "shipment.in_transit" "" &[TRACE];
    "shipment.delivered" "" &[TRACE];
    "refund.requested" "waitselleragree" REFUNDS;
    "refund.agreed" "waitselleragree" REFUNDS;
    "refund.refused" "waitbuyermodify" REFUNDS;
    "refund.return_awaited" "waitbuyersend" REFUNDS;
    "refund.return_sent" "waitsellerreceive" REFUNDS;
    "refund.arbitrating" "waitselleragree" REFUNDS;
    "refund.succeeded" "refundsuccess" REFUNDS;
    "refund.closed" "refundclose" REFUNDS;
    "offer.price_changed" "" &[PRICE];
    "offer.stock_changed" "" &[STOCK];
    "offer.delisted" "RELATION_VIEW_PRODUCT_EXPIRE" &[EXPIRED];
    "offer.relisted" "RELATION_VIEW_PRODUCT_REPOST" &[REPOSTED];
    "offer.updated" "RELATION_VIEW_PRODUCT_NEW_OR_MODIFY" &[MODIFIED];
}

/// The same events in the words of SQL, for statements that only look at these.
macro_rules! in_sql {
    () => {
        "'order.accepted', 'order.repriced', 'order.paid', 'order.part_shipped', 'order.shipped', \
         'order.reached_warehouse', 'order.completed', 'order.cancelled', 'order.closed', \
         'order.refunded', 'payment.paid', 'payment.failed', 'shipment.dispatched', \
         'shipment.in_transit', 'shipment.delivered', 'refund.requested', 'refund.agreed', \
         'refund.refused', 'refund.return_awaited', 'refund.return_sent', 'refund.arbitrating', \
         'refund.succeeded', 'refund.closed', 'offer.price_changed', 'offer.stock_changed', \
         'offer.delisted', 'offer.relisted', 'offer.updated'"
    };
}
pub(crate) use in_sql;

/// How an event is told; none when it is not.
pub fn find(kind: &str) -> Option<&'static Told> {
    TOLD.iter().find(|told| told.kind == kind)
}

/// The events that can become a topic.
pub fn kinds_of(topic: &str) -> Vec<String> {
    TOLD.iter().filter(|told| told.topics.contains(&topic)).map(|told| told.kind.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{TOLD, find, kinds_of};
    use crate::model::event;

    /// Followed offers are written by a room of their own.
    fn is_known(kind: &str) -> bool {
        event::find(kind).is_some() || kind.starts_with("offer.")
    }

    #[test]
    fn every_event_is_told_once_and_there_is_such_an_event() {
        let kinds: HashSet<_> = TOLD.iter().map(|told| told.kind).collect();
        assert_eq!(kinds.len(), TOLD.len());
        for told in TOLD {
            assert!(is_known(told.kind) && !told.topics.is_empty(), "{}", told.kind);
        }
        assert!(find("inquiry.sent").is_none());
    }

    #[test]
    fn sql_names_the_same_events() {
        let quoted: Vec<_> = TOLD.iter().map(|told| format!("'{}'", told.kind)).collect();
        assert_eq!(in_sql!(), quoted.join(", "));
    }

    #[test]
    fn a_topic_leads_back_to_its_events() {
        assert_eq!(kinds_of("LOGISTICS_BUYER_VIEW_TRACE").len(), 3);
        assert_eq!(kinds_of("ORDER_BUYER_VIEW_ORDER_BOPS_CLOSE"), ["order.cancelled", "order.closed"]);
        assert!(kinds_of("NO_SUCH").is_empty());
    }
}
