//! The calls of the wholesale service, each as a value. Which of them are harmless to repeat is decided here.

pub mod aftersale;
pub mod browse;
pub mod freight;
pub mod fulfilment;
pub mod inquiry;
pub mod pictures;

use std::time::Duration;

use crate::model::ids::{CatalogueOrderId, OfferId, SupplierId};
use crate::model::language::Language;
use crate::upstream::call::{Call, Expects};
use crate::upstream::wholesale::wire::goods::BatchGet;
use crate::upstream::wholesale::wire::trade::{Cancel, Memo, NewOrder, Pay, PayMode, PreviewRequest};

/// What goods are looked for, in the service's words.
#[derive(Clone, Debug, Default)]
pub struct Search<'a> {
    /// Words in any language.
    pub keyword: Option<&'a str>,
    /// Language tag of the translations.
    pub lang: &'a str,
    /// Only this category and those below it.
    pub category_id: Option<i64>,
    /// At least so many yuan.
    pub price_min: Option<String>,
    /// At most so many yuan.
    pub price_max: Option<String>,
    /// Smallest quantity at most this.
    pub max_begin_amount: Option<u32>,
    /// Only this seller.
    pub seller_id: Option<i64>,
    /// Further conditions: the service's names and values.
    pub conditions: Vec<(&'static str, String)>,
    /// Count all matches by what they are.
    pub facets: bool,
    /// `default`, `price_asc`, `price_desc`, `sold_desc`, `repurchase_desc` or `newest`.
    pub sort: &'static str,
    /// Where to go on.
    pub page_token: Option<&'a str>,
    /// 1 to 50.
    pub page_size: u32,
}

/// Looks for goods → `goods::SearchPage`.
pub fn search(wanted: &Search<'_>) -> Call {
    let call = Call::get("goods.search", "/goods/search")
        .with_some("keyword", wanted.keyword)
        .with("lang", wanted.lang)
        .with_some("categoryId", wanted.category_id)
        .with_some("priceMin", wanted.price_min.as_deref())
        .with_some("priceMax", wanted.price_max.as_deref())
        .with_some("maxBeginAmount", wanted.max_begin_amount)
        .with_some("sellerId", wanted.seller_id);
    let call = wanted.conditions.iter().fold(call, |call, (name, value)| call.with(name, value));
    call.with_some("facets", wanted.facets.then_some("Y"))
        .with("sort", wanted.sort)
        .with_some("pageToken", wanted.page_token)
        .with("pageSize", wanted.page_size)
}

/// Goods in full → `goods::Detail`.
pub fn goods(id: OfferId, language: Language) -> Call {
    Call::get("goods.get", format!("/goods/{id}")).with("lang", language.tag())
}

/// Several goods in full → `goods::Batch`.
pub fn batch_get(ids: &[i64], language: Language) -> Call {
    Call::post("goods.batch", "/goods/batchGet", &BatchGet { goods_ids: ids, lang: language.tag() }).safe()
}

/// The picture of goods, `size` pixels square → PNG.
pub fn picture(id: OfferId, size: u32) -> Call {
    let call = Call::get("goods.picture", format!("/goods/{id}/picture.png")).with("size", size);
    Call { expects: Expects::Picture, ..call }
}

/// All categories → `goods::Categories`.
pub fn categories(language: Language) -> Call {
    Call::get("categories", "/categories").with("lang", language.tag())
}

/// A seller → `goods::Seller`.
pub fn seller(id: SupplierId, language: Language) -> Call {
    Call::get("sellers.get", format!("/sellers/{id}")).with("lang", language.tag())
}

/// Warehouses → `trade::Warehouses`.
pub fn warehouses(language: Language) -> Call {
    Call::get("trade.warehouses", "/trade/warehouses").with("lang", language.tag())
}

/// What lines would cost → `trade::Preview`. Changes nothing, so that it may be repeated.
pub fn preview(request: &PreviewRequest) -> Call {
    Call::post("trade.preview", "/trade/preview", request).safe()
}

/// Places an order → `trade::Order`.
pub fn create_order(order: &NewOrder) -> Call {
    Call::post("trade.create", "/trade/orders", order)
}

/// An order by the service's number → `trade::Order`.
pub fn order(number: CatalogueOrderId) -> Call {
    Call::get("trade.get", format!("/trade/orders/{number}"))
}

/// An order by our reference → `trade::Order`; refused with `ORDER_NOT_FOUND` when there is none.
pub fn order_by_reference(partner_code: &str, out_ref: &str) -> Call {
    Call::get("trade.by_reference", "/trade/orders/byOutRef").with("partnerCode", partner_code).with("outRef", out_ref)
}

/// A partner's orders → `trade::OrderPage`.
pub fn orders(partner_code: &str, page_token: Option<&str>, page_size: u32) -> Call {
    Call::get("trade.list", "/trade/orders")
        .with("partnerCode", partner_code)
        .with_some("pageToken", page_token)
        .with("pageSize", page_size)
}

/// Cancels an unpaid order → `trade::Order`.
pub fn cancel(number: CatalogueOrderId, reason: &str) -> Call {
    Call::post("trade.cancel", format!("/trade/orders/{number}/cancel"), &Cancel { reason })
}

/// Pays an order if it costs `total_fen` → `trade::Paid`; refused with `PRICE_CHANGED` when it does not.
pub fn pay(number: CatalogueOrderId, mode: PayMode, pay_ref: &str, total_fen: i64) -> Call {
    Call::post("trade.pay", format!("/trade/orders/{number}/pay"), &Pay { mode, pay_ref, total_fen })
}

/// A debit by its reference → `trade::Debited`; refused with `PAYMENT_NOT_FOUND` when it was not taken.
pub fn debit_by_reference(partner_code: &str, pay_ref: &str, number: CatalogueOrderId) -> Call {
    let call = Call::get("trade.payment_by_reference", "/trade/payments/byRef").with("partnerCode", partner_code);
    call.with("payRef", pay_ref).with("orderNo", number)
}

/// Replaces the words for the seller → `trade::Order`.
pub fn memo(number: CatalogueOrderId, memo: &str) -> Call {
    Call::post("trade.memo", format!("/trade/orders/{number}/memo"), &Memo { memo })
}

/// An order's refunds, the newest → `trade::RefundsInShort`.
pub fn refunds_of(partner_code: &str, number: CatalogueOrderId) -> Call {
    let call = Call::get("trade.refunds_of_order", "/trade/refunds").with("partnerCode", partner_code);
    call.with("orderNo", number).with("pageSize", 50)
}

/// Confirms that an order's goods arrived → `trade::Order`.
pub fn confirm_receipt(number: CatalogueOrderId) -> Call {
    Call::post("trade.confirm", format!("/trade/orders/{number}/confirmReceipt"), &serde_json::Map::new())
}

/// Changes after a number, waiting up to `wait` for one → `changes::Changes`.
pub fn changes(after: i64, limit: u32, wait: Duration) -> Call {
    let call = Call::get("changes", "/changes").with("after", after).with("limit", limit);
    Call { waits: wait, ..call.with("waitMs", wait.as_millis()) }
}

#[cfg(test)]
mod tests {
    use super::{Search, cancel, create_order, pay, preview, search};
    use crate::model::ids::CatalogueOrderId;
    use crate::upstream::call::Repeat;
    use crate::upstream::wholesale::wire::trade::{CHANNEL, NewOrder, NewOrderLine, PayMode, PreviewRequest};

    #[test]
    fn only_calls_that_change_nothing_are_repeated() {
        let number = CatalogueOrderId::new(1);
        let order = NewOrder {
            out_ref: "ord_1".into(),
            partner_code: "acme".into(),
            channel: CHANNEL,
            dest_country: "JP".into(),
            warehouse_code: "YW01".into(),
            seller_id: 7,
            lines: vec![NewOrderLine { sku_id: 1, quantity: 2, unit_price_fen: 320 }],
            freight_fen: 0,
            total_fen: 640,
            buyer_memo: None,
            quotation_no: None,
        };
        for call in [create_order(&order), cancel(number, "x"), pay(number, PayMode::Debit, "p", 640)] {
            assert_eq!(call.repeat, Repeat::Never, "{}", call.name);
        }
        let asked = PreviewRequest { lines: vec![], warehouse_code: "YW01".into(), dest_country: "JP".into() };
        assert_eq!(preview(&asked).repeat, Repeat::Safe);
        let body = create_order(&order).body.unwrap();
        let text = std::str::from_utf8(&body.bytes).unwrap();
        assert!(text.contains(r#""outRef":"ord_1""#) && text.contains(r#""channel":"CROSS_BORDER""#), "{text}");
        assert!(!text.contains("buyerMemo"));
    }

    #[test]
    fn a_search_sends_only_what_was_asked() {
        let call = search(&Search { lang: "ja", sort: "default", page_size: 20, ..Search::default() });
        let names: Vec<_> = call.query.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["lang", "sort", "pageSize"]);
    }
}
