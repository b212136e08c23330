//! Mixed orders: how a seller lets fewer pieces of one thing be bought together with others of its things. Told with an
//! offer, and alone by `alibaba.trade.OpQueryMarketingMixConfig`.

use serde::Serialize;

use crate::catalog::Catalog;
use crate::model::quote::MixedOrder;
use crate::param2::account::seller;
use crate::param2::asked::{Asked, Told};
use crate::param2::discovery::goods;
use crate::param2::fault::Refusal;

/// The rule, in pieces and whole yuan.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MixSetting {
    general_hunpi: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    mix_amount: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mix_number: Option<u32>,
}

impl From<Option<MixedOrder>> for MixSetting {
    /// In whole yuan, as the platform counts it; a part of one counts whole.
    fn from(rule: Option<MixedOrder>) -> Self {
        Self {
            general_hunpi: rule.is_some(),
            mix_amount: rule.and_then(|rule| rule.amount).map(|amount| (amount.minor + 99) / 100),
            mix_number: rule.and_then(|rule| rule.pieces),
        }
    }
}

/// `alibaba.openplatform.trade.result.OpMarketingMixConfigModel`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Config {
    #[serde(flatten)]
    setting: MixSetting,
    member_id: String,
}

/// Answers `alibaba.trade.OpQueryMarketingMixConfig`. The catalogue tells a seller's rule with each of its offers.
pub async fn config(asked: Asked) -> Told {
    let named = asked.text("sellerMemberId").or_else(|| asked.text("sellerLoginId"));
    let named = named.ok_or_else(|| Refusal::own("500_1", "sellerMemberId or sellerLoginId is wanted"))?;
    let supplier = seller::named(named)?;
    let audience = asked.audience("language", Some("zh"))?;
    let nothing = || Refusal::own("404", "this seller has nothing on sale");
    let first = goods::first_of(&asked, &audience, supplier).await?.ok_or_else(nothing)?;
    let offer = asked.room::<Catalog>()?.ask(&audience, &first.id).await?.found;
    asked.answer(&Config { setting: offer.mixed_order.into(), member_id: format!("b2b-{supplier}") })
}
