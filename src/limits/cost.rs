//! What each operation costs, in the units of a plan's policies. A free operation still needs a place in flight,
//! and an answer 304 gives its cost back.

/// Operation ids and their cost.
pub const COSTS: &[(&str, u32)] = &[
    ("search_offers", 3),
    ("get_offer", 1),
    ("batch_offers", 10),
    ("list_related_offers", 2),
    ("get_offer_trends", 1),
    ("create_image", 5),
    ("resolve_link", 2),
    ("list_categories", 1),
    ("get_category", 1),
    ("get_supplier", 1),
    ("list_supplier_offers", 3),
    ("list_pools", 1),
    ("list_pool_offers", 3),
    ("list_rankings", 2),
    ("list_trending_keywords", 2),
    ("follow_offer", 1),
    ("follow_offers", 10),
    ("unfollow_offer", 1),
    ("list_follows", 1),
    ("create_freight_estimate", 3),
    ("create_quote", 3),
    ("get_quote", 1),
    ("create_order", 5),
    ("list_orders", 1),
    ("get_order", 1),
    ("get_order_by_reference", 1),
    ("cancel_order", 2),
    ("confirm_receipt", 2),
    ("create_order_note", 2),
    ("list_payment_options", 1),
    ("create_payment", 5),
    ("get_payment", 1),
    ("list_shipments", 1),
    ("list_events", 1),
    ("acknowledge_events", 1),
    ("create_webhook_endpoint", 2),
    ("list_webhook_endpoints", 1),
    ("get_webhook_endpoint", 1),
    ("update_webhook_endpoint", 2),
    ("delete_webhook_endpoint", 2),
    ("rotate_webhook_secret", 2),
    ("enable_webhook_endpoint", 2),
    ("test_webhook_endpoint", 2),
    ("list_webhook_deliveries", 1),
    ("resend_webhook_deliveries", 5),
    ("list_refund_reasons", 1),
    ("create_refund", 5),
    ("list_refunds", 1),
    ("get_refund", 1),
    ("withdraw_refund", 2),
    ("modify_refund", 2),
    ("create_return_shipment", 2),
    ("create_arbitration", 2),
    ("create_source_match", 10),
    ("get_source_match", 1),
    ("create_inquiry", 5),
    ("list_inquiries", 1),
    ("get_inquiry", 1),
    ("counter_quotation", 3),
    ("accept_quotation", 5),
    ("withdraw_inquiry", 2),
    ("create_voucher", 3),
    ("get_voucher", 1),
    ("get_shipment", 1),
    ("list_warehouses", 1),
    ("create_consignment", 5),
    ("list_consignments", 1),
    ("get_consignment", 1),
    ("get_consignment_by_reference", 1),
    ("create_receipt", 3),
    ("create_inspection", 3),
    ("create_handover", 3),
    ("cancel_consignment", 2),
    ("get_limits", 0),
    ("get_me", 0),
    ("get_usage", 1),
    ("set_storefront", 2),
    ("get_storefront", 1),
    ("debug_signature", 0),
];

/// Operations that cost by the length of a list in their body: the list's member, and how many items one unit pays for.
/// What `COSTS` says of them is the most they cost.
pub const BY_ITEMS: &[(&str, ByItems)] = &[
    ("batch_offers", ByItems { list: "offer_ids", for_one: 5 }),
    ("follow_offers", ByItems { list: "offer_ids", for_one: 5 }),
];

/// How a cost grows with the items of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByItems {
    /// The member of the body that holds the list.
    pub list: &'static str,
    /// Items that one unit pays for.
    pub for_one: u32,
}

impl ByItems {
    /// What so many items cost: at least 1, and never more than the operation's row says.
    pub fn cost(self, items: usize, most: u32) -> u32 {
        let items = u32::try_from(items).unwrap_or(u32::MAX);
        items.div_ceil(self.for_one).clamp(1, most.max(1))
    }
}

/// How the cost of an operation grows with what is asked, if it does.
pub const fn by_items(operation: &str) -> Option<ByItems> {
    let mut row = 0;
    while row < BY_ITEMS.len() {
        if same(BY_ITEMS[row].0, operation) {
            return Some(BY_ITEMS[row].1);
        }
        row += 1;
    }
    None
}

/// Parameters that make a call of an operation cost more: operation, parameter, cost.
pub const DEARER: &[(&str, &str, u32)] = &[("search_offers", "image_id", 10), ("search_offers", "image_url", 10)];

/// What a call costs that usually costs `usual` and has this query.
pub fn asked(operation: &str, usual: u32, query: &str) -> u32 {
    let mut dearer = DEARER.iter().filter(|(dear, ..)| *dear == operation).peekable();
    if usual == 0 || query.is_empty() || dearer.peek().is_none() {
        return usual;
    }
    let names: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name).collect();
    dearer.filter(|(_, name, _)| names.iter().any(|given| given == name)).map(|(.., cost)| *cost).fold(usual, u32::max)
}

/// The cost of an operation; one that is not in the table costs 1.
pub const fn of(operation: &str) -> u32 {
    let mut row = 0;
    while row < COSTS.len() {
        if same(COSTS[row].0, operation) {
            return COSTS[row].1;
        }
        row += 1;
    }
    1
}

/// `==` of texts, usable while compiling.
const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{BY_ITEMS, COSTS, DEARER, asked, by_items, of};

    #[test]
    fn every_operation_stands_in_the_table_once() {
        let names: HashSet<_> = COSTS.iter().map(|(operation, _)| operation).collect();
        assert_eq!(names.len(), COSTS.len());
        assert!(COSTS.iter().all(|(operation, cost)| of(operation) == *cost));
    }

    #[test]
    fn a_list_costs_by_its_length_and_never_more_than_the_table_says() {
        for (operation, rule) in BY_ITEMS {
            assert!(COSTS.iter().any(|(name, _)| name == operation), "{operation}");
            let cost = |items| rule.cost(items, of(operation));
            assert_eq!(
                [cost(0), cost(1), cost(5), cost(6), cost(50), cost(5_000)],
                [1, 1, 1, 2, 10, 10],
                "{operation}"
            );
        }
        assert_eq!(by_items("get_offer"), None);
    }

    #[test]
    fn a_search_by_picture_costs_more_however_it_is_written() {
        assert_eq!(asked("search_offers", 3, "q=cup&limit=5"), 3);
        assert_eq!(asked("search_offers", 3, "q=cup&image_id=img_1"), 10);
        assert_eq!(asked("search_offers", 3, "image%5Furl=x"), 10);
        assert_eq!(asked("get_offer", 1, "image_id=img_1"), 1);
        assert!(DEARER.iter().all(|(operation, _, cost)| *cost > of(operation)));
    }

    #[test]
    fn an_unlisted_operation_is_not_free() {
        assert_eq!((of("get_offers"), of("get_offe"), of("")), (1, 1, 1));
    }
}
