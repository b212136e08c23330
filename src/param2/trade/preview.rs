//! `alibaba.createOrder.preview`: what an order would cost. Fen, but for the lines, which are in yuan.

use serde::Serialize;

use crate::model::quote::{Line, Quote};
use crate::param2::asked::{Asked, Told};
use crate::param2::discovery::spec;
use crate::param2::fault::Refusal;
use crate::param2::trade::cargo::{self, Failed, Priced};
use crate::param2::trade::yuan::Yuan;

/// How trade is done: the money is kept until the goods are there.
pub const TRADE_TYPE: &str = "assureTrade";

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Previews {
    // The platform's own spelling.
    order_preview_resuslt: Vec<Preview>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Preview {
    trade_mode_name_list: Vec<&'static str>,
    status: bool,
    tao_sample_single_promotion: bool,
    discount_fee: i64,
    sum_payment: i64,
    sum_carriage: i64,
    sum_payment_no_carriage: i64,
    additional_fee: i64,
    flow_flag: String,
    cargo_list: Vec<Cargo>,
    shop_promotion_list: Vec<()>,
    trade_model_list: Vec<TradeModel>,
    can_use_official_solution: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Cargo {
    amount: Yuan,
    final_unit_price: Yuan,
    spec_id: String,
    sku_id: i64,
    offer_id: i64,
    cargo_promotion_list: Vec<()>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct TradeModel {
    trade_type: &'static str,
    name: &'static str,
    description: &'static str,
    op_support: bool,
}

impl Preview {
    fn of(quote: &Quote, flow: &str) -> Self {
        let basket = &quote.basket;
        Self {
            trade_mode_name_list: vec![TRADE_TYPE],
            status: true,
            tao_sample_single_promotion: false,
            discount_fee: 0,
            sum_payment: basket.total.minor,
            sum_carriage: basket.freight.minor,
            sum_payment_no_carriage: basket.goods.minor,
            additional_fee: 0,
            flow_flag: flow.to_owned(),
            cargo_list: basket.lines.iter().map(Cargo::of).collect(),
            shop_promotion_list: Vec::new(),
            trade_model_list: vec![TradeModel {
                trade_type: TRADE_TYPE,
                name: "担保交易",
                description: "买家付款后，货款由平台保管，确认收货后支付给卖家。",
                op_support: true,
            }],
            can_use_official_solution: false,
        }
    }
}

impl Cargo {
    fn of(line: &Line) -> Self {
        Self {
            amount: Yuan(line.amount),
            final_unit_price: Yuan(line.unit_price),
            spec_id: spec::of(line.sku),
            sku_id: line.sku.number(),
            offer_id: line.offer.number(),
            cargo_promotion_list: Vec::new(),
        }
    }
}

/// The reasons in one sentence, and the code of the first.
pub fn refusal(failed: &[Failed]) -> Refusal {
    let code = failed.first().map_or("500_001", |first| first.code);
    Refusal::own(code, sentence(failed))
}

/// The reasons in one sentence.
pub fn sentence(failed: &[Failed]) -> String {
    let each = |one: &Failed| format!("specId {}: {}", spec::of(one.named.wanted.sku), one.why);
    failed.iter().map(each).collect::<Vec<_>>().join(" ")
}

/// Answers.
pub async fn preview(asked: Asked) -> Told {
    let cargo = cargo::read(&asked).await?;
    match cargo::price(&asked, &cargo).await? {
        Priced::Failed(failed) => Err(refusal(&failed)),
        Priced::Whole(quote) => {
            let flow = asked.text("flow").unwrap_or("general");
            asked.answer(&Previews { order_preview_resuslt: vec![Preview::of(&quote, flow)] })
        }
    }
}
