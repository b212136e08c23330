//! `alibaba.trade.getMaxRefundFee`: how much can be asked back of some pieces. Fen.

use serde::{Deserialize, Serialize};

use crate::aftersale::Aftersale;
use crate::model::language::Language;
use crate::model::order::Order;
use crate::model::refund::Remedy;
use crate::param2::aftersale::create::{CODES, Count, known_goods};
use crate::param2::asked::{Asked, Told};
use crate::param2::fault::Refusal;
use crate::param2::lenient;
use crate::param2::trade::{entry, named};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Wanted {
    #[serde(deserialize_with = "lenient::text")]
    goods_status: Option<String>,
    #[serde(deserialize_with = "lenient::long")]
    order_id: Option<i64>,
    refund_goods_count_list: Option<Vec<Count>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Most {
    max_goods_fee: i64,
    max_post_fee: i64,
    max_refund_fee: i64,
    max_substitute_fetch_fee: i64,
}

/// Answers.
pub async fn max_refund_fee(asked: Asked) -> Told {
    let wanted: Wanted = asked.json("input")?;
    let missing = |member: &str| Refusal::missing(&format!("input.{member}"));
    known_goods(wanted.goods_status.as_deref().ok_or_else(|| missing("goodsStatus"))?)?;
    let order = named::numbered(&asked, wanted.order_id.ok_or_else(|| missing("orderId"))?).await?;
    let worth = worth(&order, wanted.refund_goods_count_list.as_deref().unwrap_or_default())?;
    let room = asked.room::<Aftersale>()?;
    let options = match room.options(&asked.caller, &order.deed.id, Remedy::Money, Language::Chinese).await {
        Ok(options) => options,
        // What cannot be had without sending the goods back may be had so.
        Err(_) => room
            .options(&asked.caller, &order.deed.id, Remedy::Return, Language::Chinese)
            .await
            .map_err(named::coded(CODES))?,
    };
    let max_post_fee = options.most_freight.minor;
    let max_goods_fee = worth.unwrap_or(i64::MAX).min(options.most.minor - max_post_fee);
    asked.answer(&Most {
        max_goods_fee,
        max_post_fee,
        max_refund_fee: max_goods_fee + max_post_fee,
        max_substitute_fetch_fee: 0,
    })
}

/// What these pieces were paid with; none where none are named, which means all.
fn worth(order: &Order, counts: &[Count]) -> Result<Option<i64>, Refusal> {
    let lines = entry::all(order);
    let mut sum: Option<i64> = None;
    for count in counts {
        let wrong = || Refusal::own("5013", "refundGoodsCountList: pieces of lines of this order");
        let (_, line) = lines.iter().find(|(number, _)| Some(*number) == count.id).ok_or_else(wrong)?;
        let all = i64::from(line.quantity.get());
        let pieces = count.count.filter(|pieces| (1..=all).contains(pieces)).ok_or_else(wrong)?;
        let part = i128::from(line.amount.minor) * i128::from(pieces) / i128::from(all);
        sum = Some(sum.unwrap_or(0).saturating_add(i64::try_from(part).unwrap_or(i64::MAX)));
    }
    Ok(sum)
}
