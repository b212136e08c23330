//! Quotes and orders: baskets from previews, the standing of an order, refusals with their new figures.

use jiff::Timestamp;

use super::Nonsense;
use super::words::{beijing, beijing_if_any};
use crate::error::Code;
use crate::model::ids::{CatalogueOrderId, CatalogueQuotationId, OfferId, SkuId, SupplierId};
use crate::model::money::Money;
use crate::model::order::{Deed, Refusal, RefusedLine, State};
use crate::model::quote::{
    Basket, Country, Line, LineProblem, MixedOrder, MixedSoFar, Quantity, Trouble, Wanted, Warehouse,
};
use crate::upstream;
use crate::upstream::wholesale::wire::trade as wire;

/// Their status words and where an order stands then.
const STATUS: &[(&str, State)] = &[
    ("waitbuyerpay", State::AwaitingPayment),
    ("waitsellersend", State::Paid),
    ("sellerpartsend", State::Preparing),
    ("waitbuyerreceive", State::Shipped),
    ("warehousesigned", State::AtWarehouse),
    ("inspected", State::Inspected),
    ("handedover", State::HandedOver),
    ("success", State::Completed),
    ("cancel", State::Cancelled),
    ("terminated", State::Closed),
];

/// Their words for what is wrong with a line.
const TROUBLE: &[(&str, Trouble)] = &[
    ("SKU_NOT_FOUND", Trouble::SkuNotFound),
    ("GOODS_HELD", Trouble::OfferHeld),
    ("GOODS_OFFLINE", Trouble::OfferUnavailable),
    ("STOCK_NOT_ENOUGH", Trouble::OutOfStock),
    ("BELOW_BEGIN_AMOUNT", Trouble::BelowMinimumOrder),
    ("NOT_BATCH_MULTIPLE", Trouble::NotOrderMultiple),
    ("COUNTRY_RESTRICTED", Trouble::RestrictedCountry),
];

/// Where an order stands at the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Their number of it.
    pub number: CatalogueOrderId,
    /// The reference it was placed under.
    pub reference: String,
    /// Where it stands, in our words.
    pub state: State,
    /// Whether money was taken for it.
    pub paid: bool,
    /// Why it ended, in their words.
    pub reason: Option<String>,
    /// Until when it has to be paid.
    pub pay_by: Option<Timestamp>,
    /// What has to be paid, or was.
    pub total: Money,
    /// What was given back.
    pub back: Back,
}

/// What was given back of an order, and what is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Back {
    /// All that was given back so far.
    pub amount: Money,
    /// Whether that is everything there was to give back.
    pub everything: bool,
    /// What is asked for and not decided yet.
    pub asked: Asked,
}

/// How much the refunds that are open ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// None is open.
    Nothing,
    /// Some pieces, or that is not known yet.
    Part,
    /// All pieces that were not given up before.
    Everything,
}

impl Back {
    /// Nothing was given back or asked for.
    pub const NOTHING: Back = Back { amount: Money::fen(0), everything: false, asked: Asked::Nothing };
}

/// What became of a wish to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaidHow {
    /// The money was taken.
    Taken,
    /// Somebody has to pay at this address.
    At(String),
}

/// Asks what lines cost.
pub fn preview_request(wanted: &[Wanted], warehouse: &Warehouse, ship_to: &Country) -> wire::PreviewRequest {
    let line = |line: &Wanted| wire::PreviewLine { sku_id: line.sku.number(), quantity: line.quantity.get() };
    wire::PreviewRequest {
        lines: wanted.iter().map(line).collect(),
        warehouse_code: warehouse.to_string(),
        dest_country: ship_to.to_string(),
    }
}

/// What is wrong with lines of a preview; lines are counted as in `wanted`.
pub fn line_problems(preview: &wire::Preview, wanted: &[Wanted]) -> Result<Vec<LineProblem>, Nonsense> {
    problems(&preview.problems, wanted)
}

/// The same of problems that something else told.
pub fn problems(told: &[wire::PreviewProblem], wanted: &[Wanted]) -> Result<Vec<LineProblem>, Nonsense> {
    let problem = |problem: &wire::PreviewProblem| {
        let nonsense = || Nonsense::new(format!("preview: problem {} of SKU {}", problem.code, problem.sku_id));
        let line = wanted.iter().position(|line| line.sku.number() == problem.sku_id).ok_or_else(nonsense)?;
        let (_, trouble) = *TROUBLE.iter().find(|(word, _)| *word == problem.code).ok_or_else(nonsense)?;
        Ok(LineProblem {
            line,
            trouble,
            minimum_order: problem.begin_amount.map(i64::from),
            order_multiple: problem.batch_amount.map(i64::from),
            stock: problem.stock.map(|stock| i64::try_from(stock).unwrap_or(i64::MAX)),
            mixed: problem.mix.as_ref().map(mixed),
        })
    };
    told.iter().map(problem).collect()
}

fn mixed(mix: &wire::Mix) -> MixedSoFar {
    let rule = MixedOrder { pieces: mix.min_pieces, amount: mix.min_fen.map(Money::fen) };
    MixedSoFar { rule, pieces: mix.pieces, amount: Money::fen(mix.fen) }
}

/// The baskets of a preview, one a supplier.
pub fn baskets(preview: wire::Preview, warehouse: &Warehouse, ship_to: &Country) -> Result<Vec<Basket>, Nonsense> {
    preview.groups.into_iter().map(|group| basket(group, warehouse, ship_to)).collect()
}

fn basket(group: wire::PreviewGroup, warehouse: &Warehouse, ship_to: &Country) -> Result<Basket, Nonsense> {
    let lines = group.lines.into_iter().map(line).collect::<Result<Vec<_>, _>>()?;
    let sum: i64 = lines.iter().map(|line| line.amount.minor).sum();
    if sum != group.goods_fen || group.goods_fen + group.freight_fen != group.total_fen {
        return Err(Nonsense::new(format!("preview: the sums of seller {} do not fit", group.seller_id)));
    }
    Ok(Basket {
        supplier: SupplierId::new(group.seller_id),
        supplier_name: group.seller_name,
        warehouse: warehouse.clone(),
        ship_to: ship_to.clone(),
        lines,
        goods: Money::fen(group.goods_fen),
        freight: Money::fen(group.freight_fen),
        total: Money::fen(group.total_fen),
        quotation: None,
    })
}

fn line(line: wire::PricedLine) -> Result<Line, Nonsense> {
    let quantity = Quantity::new(line.quantity.into()).ok_or_else(|| Nonsense::new("preview: quantity"))?;
    Ok(Line {
        sku: SkuId::new(line.sku_id),
        offer: OfferId::new(line.goods_id),
        title: line.subject,
        specification: line.spec_text.unwrap_or_default(),
        quantity,
        unit_price: Money::fen(line.unit_price_fen),
        amount: Money::fen(line.amount_fen),
        weight_g: line.weight_gram.unwrap_or_default().into(),
        tier_from: line.tier_begin_amount,
    })
}

/// Places what a deed says, under our own id as reference.
pub fn new_order(deed: &Deed) -> wire::NewOrder {
    let basket = &deed.basket;
    let line = |line: &Line| wire::NewOrderLine {
        sku_id: line.sku.number(),
        quantity: line.quantity.get(),
        unit_price_fen: line.unit_price.minor,
    };
    wire::NewOrder {
        out_ref: deed.id.to_string(),
        partner_code: deed.partner.to_string(),
        channel: wire::CHANNEL,
        dest_country: basket.ship_to.to_string(),
        warehouse_code: basket.warehouse.to_string(),
        seller_id: basket.supplier.number(),
        lines: basket.lines.iter().map(line).collect(),
        freight_fen: basket.freight.minor,
        total_fen: basket.total.minor,
        buyer_memo: deed.note.clone(),
        quotation_no: basket.quotation.map(CatalogueQuotationId::number),
    }
}

/// Where their order stands.
pub fn standing(order: wire::Order) -> Result<Standing, Nonsense> {
    let known = STATUS.iter().find(|(word, _)| *word == order.status);
    let (_, state) = known.ok_or_else(|| Nonsense::new(format!("order: status {}", order.status)))?;
    let all_back = order.refunded_fen > 0 && order.refunded_fen >= order.paid_fen;
    let back = Back {
        amount: Money::fen(order.refunded_fen),
        // Pieces that were all given up end the order, even when less was asked for them.
        everything: all_back || (*state == State::Closed && order.close_reason.as_deref() == Some("refunded")),
        asked: if order.refund_status.as_deref() == Some("open") { Asked::Part } else { Asked::Nothing },
    };
    Ok(Standing {
        number: CatalogueOrderId::new(order.order_no),
        reference: order.out_ref,
        state: *state,
        paid: order.paid_fen > 0,
        reason: order.close_reason,
        pay_by: beijing_if_any(order.pay_expire.as_deref())?,
        total: Money::fen(order.total_fen),
        back,
    })
}

/// When their order was placed, if that can be read.
pub fn placed_at(order: &wire::Order) -> Option<Timestamp> {
    beijing(&order.gmt_create).ok()
}

/// Their words for refunds that are over.
const REFUND_OVER: &[&str] = &["refundsuccess", "refundclose"];

/// How much an order's open refunds ask for.
pub fn asked_back(order: &[wire::OrderLine], refunds: &wire::RefundsInShort) -> Asked {
    let open: Vec<_> = refunds.items.iter().filter(|refund| !REFUND_OVER.contains(&refund.status.as_str())).collect();
    let asked = |number: u32| -> u64 {
        let lines = open.iter().flat_map(|refund| &refund.lines).filter(|line| line.line_no == number);
        lines.map(|line| u64::from(line.quantity)).sum()
    };
    let whole =
        |line: &wire::OrderLine| asked(line.line_no) + u64::from(line.refunded_quantity) >= line.quantity.into();
    match (open.is_empty(), order.iter().all(whole)) {
        (true, _) => Asked::Nothing,
        (false, true) => Asked::Everything,
        (false, false) => Asked::Part,
    }
}

/// Where an order stands by a status word alone.
pub fn state(word: &str) -> Option<State> {
    STATUS.iter().find(|(status, _)| *status == word).map(|(_, state)| *state)
}

/// Why an order was not taken, with the new figures beside the quoted ones.
pub fn refusal(refused: &upstream::Refusal, deed: &Deed) -> Refusal {
    let (code, lines, figures) = match refused.error_code.as_str() {
        "PRICE_CHANGED" => {
            let facts = refused.facts::<wire::PriceChanged>();
            let lines = facts.iter().flat_map(|facts| &facts.lines).filter_map(|line| dearer(line, deed)).collect();
            (Code::PriceChanged, lines, facts)
        }
        "STOCK_NOT_ENOUGH" => {
            let facts = refused.facts::<wire::StockLeft>();
            (Code::OutOfStock, facts.iter().flat_map(|facts| &facts.lines).map(left).collect(), None)
        }
        "QUOTATION_NOT_FOUND" | "QUOTATION_CLOSED" => (Code::QuotationClosed, Vec::new(), None),
        _ => (Code::OrderRefused, Vec::new(), None),
    };
    let detail = match code {
        Code::PriceChanged => "Prices or freight are not those of the quote any more; nothing was ordered.".to_owned(),
        Code::OutOfStock => "There are fewer pieces left than ordered; nothing was ordered.".to_owned(),
        Code::QuotationClosed => "The supplier's quotation does not hold any more; nothing was ordered.".to_owned(),
        _ => match TROUBLE.iter().find(|(word, _)| *word == refused.error_code) {
            Some((_, trouble)) => format!("{} Nothing was ordered.", trouble.says()),
            None => "The catalogue did not accept the order; nothing was ordered.".to_owned(),
        },
    };
    let fen = |pick: fn(&wire::PriceChanged) -> Option<i64>| figures.as_ref().and_then(pick).map(Money::fen);
    Refusal { code, detail, lines, freight: fen(|facts| facts.freight_fen), total: fen(|facts| facts.total_fen) }
}

fn dearer(now: &wire::NewPrice, deed: &Deed) -> Option<RefusedLine> {
    let quoted = deed.basket.lines.iter().find(|line| line.sku.number() == now.sku_id)?;
    let changed = quoted.unit_price.minor != now.unit_price_fen;
    changed.then(|| RefusedLine { sku: quoted.sku, unit_price: Some(Money::fen(now.unit_price_fen)), stock: None })
}

fn left(line: &wire::SkuStock) -> RefusedLine {
    let stock = i64::try_from(line.stock).unwrap_or(i64::MAX);
    RefusedLine { sku: SkuId::new(line.sku_id), unit_price: None, stock: Some(stock) }
}

/// What became of a wish to pay.
pub fn paid(paid: wire::Paid) -> Result<PaidHow, Nonsense> {
    match (paid.status.as_deref(), paid.pay_url) {
        (Some("PAID"), _) => Ok(PaidHow::Taken),
        (_, Some(url)) => Ok(PaidHow::At(url)),
        (status, None) => Err(Nonsense::new(format!("payment: status {status:?} without a page"))),
    }
}

#[cfg(test)]
mod tests {
    use super::{Asked, asked_back, line_problems, refusal, standing};
    use crate::error::Code;
    use crate::model::ids::SkuId;
    use crate::model::money::Money;
    use crate::model::order::State;
    use crate::model::order::tests::deed;
    use crate::model::quote::{Quantity, Trouble, Wanted};
    use crate::upstream::Refusal;

    #[test]
    fn an_order_at_the_catalogue_is_read_in_our_words() {
        let text = r#"{"orderNo":2600000000000123456,"outRef":"ord_1","partnerCode":"acme","sellerId":7,
            "status":"waitsellersend","goodsFen":3200,"freightFen":800,"totalFen":4000,"paidFen":4000,
            "gmtCreate":"2026-11-23 11:08:48","payExpire":"2026-11-24 11:08:48"}"#;
        let stands = standing(serde_json::from_str(text).unwrap()).unwrap();
        assert_eq!((stands.state, stands.paid, stands.total), (State::Paid, true, Money::fen(4000)));
        assert_eq!(stands.pay_by.unwrap().to_string(), "2026-11-24T03:08:48Z");
        assert!(standing(serde_json::from_str(&text.replace("waitsellersend", "lost")).unwrap()).is_err());
    }

    #[test]
    fn a_changed_price_names_only_the_lines_that_changed() {
        let refused = |code: &str, data: serde_json::Value| {
            refusal(&Refusal { error_code: code.into(), message: "库存不足".into(), data }, &deed("PO-1"))
        };
        let lines = serde_json::json!([{"skuId":7,"unitPriceFen":340},{"skuId":8,"unitPriceFen":1}]);
        let told = refused("PRICE_CHANGED", serde_json::json!({"lines": lines, "freightFen": 800, "totalFen": 4200}));
        assert_eq!((told.code, told.total, told.lines.len()), (Code::PriceChanged, Some(Money::fen(4200)), 1));
        let told = refused("STOCK_NOT_ENOUGH", serde_json::json!({"lines":[{"skuId":7,"stock":3}]}));
        assert_eq!((told.code, told.lines[0].stock), (Code::OutOfStock, Some(3)));
        let told = refused("COUNTRY_RESTRICTED", serde_json::Value::Null);
        assert_eq!(told.code, Code::OrderRefused);
        assert!(!told.detail.contains('库'), "their words are not ours");
    }

    #[test]
    fn what_was_given_back_and_what_is_asked_for_are_read_apart() {
        let text = r#"{"orderNo":26,"outRef":"ord_1","partnerCode":"acme","sellerId":7,"status":"STATUS","goodsFen":3200,
            "freightFen":800,"totalFen":4000,"paidFen":4000,"refundedFen":BACK,"refundStatus":"ASKED","closeReason":WHY,
            "gmtCreate":"2026-11-23 11:08:48"}"#;
        let read = |status: &str, back: &str, asked: &str, why: &str| {
            let text = text.replace("STATUS", status).replace("BACK", back).replace("ASKED", asked).replace("WHY", why);
            standing(serde_json::from_str(&text).unwrap()).unwrap().back
        };
        let part = read("warehousesigned", "1000", "open", "null");
        assert_eq!((part.amount, part.everything, part.asked), (Money::fen(1000), false, Asked::Part));
        assert!(read("success", "4000", "full", "null").everything);
        assert!(read("terminated", "3000", "part", "\"refunded\"").everything, "all pieces were given up for less");
        assert!(!read("waitsellersend", "0", "none", "null").everything);
    }

    #[test]
    fn a_refund_of_everything_covers_all_pieces_that_were_not_given_up_before() {
        let line = |number: u32, refunded: u32| -> crate::upstream::wholesale::wire::trade::OrderLine {
            let text = format!(
                r#"{{"lineNo":{number},"skuId":1,"goodsId":1,"subject":"","quantity":10,"unitPriceFen":1,"amountFen":10,
                "refundedQuantity":{refunded}}}"#
            );
            serde_json::from_str(&text).unwrap()
        };
        let order = [line(1, 4), line(2, 0)];
        let asked = |refunds: &str| asked_back(&order, &serde_json::from_str(refunds).unwrap());
        let all = r#"{"status":"waitselleragree","lines":[{"lineNo":1,"quantity":6},{"lineNo":2,"quantity":10}]}"#;
        assert_eq!(asked(&format!(r#"{{"items":[{all}]}}"#)), Asked::Everything);
        assert_eq!(asked(&format!(r#"{{"items":[{}]}}"#, all.replace(":6", ":5"))), Asked::Part);
        assert_eq!(
            asked(&format!(r#"{{"items":[{}]}}"#, all.replace("waitselleragree", "refundclose"))),
            Asked::Nothing
        );
        let two = r#"{"items":[{"status":"arbitrating","lines":[{"lineNo":1,"quantity":6}]},
            {"status":"sellerrefused","lines":[{"lineNo":2,"quantity":10}]}]}"#;
        assert_eq!(asked(two), Asked::Everything, "in two refunds as well");
    }

    #[test]
    fn problems_point_at_the_line_that_was_asked_for() {
        let text = r#"{"groups":[],"problems":[{"skuId":8,"code":"BELOW_BEGIN_AMOUNT","beginAmount":10,
            "mix":{"minPieces":30,"minFen":10000,"pieces":4,"fen":1280}}]}"#;
        let wanted = [7, 8].map(|sku| Wanted { sku: SkuId::new(sku), quantity: Quantity::new(2).unwrap() });
        let problems = line_problems(&serde_json::from_str(text).unwrap(), &wanted).unwrap();
        let problem = &problems[0];
        assert_eq!((problem.line, problem.trouble), (1, Trouble::BelowMinimumOrder));
        assert_eq!(problem.minimum_order, Some(10));
        let mixed = problem.mixed.unwrap();
        assert_eq!((mixed.rule.pieces, mixed.rule.amount, mixed.pieces), (Some(30), Some(Money::fen(10_000)), 4));
        assert_eq!(mixed.amount, Money::fen(1_280));
    }
}
