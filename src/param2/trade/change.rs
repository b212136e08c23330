//! What is changed about an order: taking it back, words to the seller, and that the goods arrived. Each can be said again.

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::error::Code;
use crate::model::order::Order;
use crate::orders::Orders;
use crate::param2::asked::{Asked, Told};
use crate::param2::fault::Refusal;
use crate::param2::lenient;
use crate::param2::trade::{entry, named};

/// So long is all that is said of an order.
pub const NOTE_CHARS: usize = 500;
const CANCEL: &[(Code, &str)] =
    &[(Code::OrderNotFound, "ORDER_NOT_EXIST"), (Code::OrderStateConflict, "ORDER_STATUS_ERROR")];
const CANCEL_REASONS: &[&str] = &["buyerCancel", "sellerGoodsLack", "other"];
const NOTE: &[(Code, &str)] = &[(Code::OrderNotFound, "400_4"), (Code::OrderStateConflict, "400_4")];
const FEEDBACK: &[(Code, &str)] = &[(Code::OrderNotFound, "500_2"), (Code::OrderStateConflict, "500_2")];
const RECEIPT: &[(Code, &str)] =
    &[(Code::OrderNotFound, "ORDER_NOT_EXIST"), (Code::OrderStateConflict, "ORDER_STATUS_ERROR")];

#[derive(Debug, Serialize)]
struct Nothing {}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Feedback {
    #[serde(deserialize_with = "lenient::long")]
    order_id: Option<i64>,
    #[serde(deserialize_with = "lenient::text")]
    feedback: Option<String>,
}

/// The order of a number, told as missing in the call's own words.
async fn found(asked: &Asked, number: i64, table: &'static [(Code, &'static str)]) -> Result<Order, Refusal> {
    named::numbered_or(asked, number, named::coded(table)).await
}

/// Answers `alibaba.trade.cancel`.
pub async fn cancel(asked: Asked) -> Told {
    let reason = asked.need("cancelReason")?;
    if !CANCEL_REASONS.contains(&reason) {
        return Err(Refusal::invalid("cancelReason", CANCEL_REASONS.join(" | ")));
    }
    let order = found(&asked, asked.need_long("tradeID")?, CANCEL).await?;
    let cause = match asked.text("remark") {
        Some(remark) => format!("{reason}: {}", line("remark", remark, 200)?),
        None => reason.to_owned(),
    };
    let orders = asked.room::<Orders>()?;
    orders.cancel(&asked.caller, &order.deed.id, Some(&cause)).await.map_err(named::coded(CANCEL))?;
    asked.answer(&Nothing {})
}

/// Answers `alibaba.order.memoAdd`: the words take the place of those before.
pub async fn memo(asked: Asked) -> Told {
    let icon = asked.need_long("remarkIcon")?;
    if !(1..=4).contains(&icon) {
        return Err(Refusal::invalid("remarkIcon", "1 to 4"));
    }
    let memo = line("memo", asked.need("memo")?, NOTE_CHARS)?;
    let order = found(&asked, asked.need_long("orderId")?, NOTE).await?;
    let orders = asked.room::<Orders>()?;
    orders.add_note(&asked.caller, &order.deed.id, memo).await.map_err(named::coded(NOTE))?;
    asked.answer(&Nothing {})
}

/// Answers `alibaba.trade.addFeedback`: the words follow those before; said again they stand there once.
pub async fn feedback(asked: Asked) -> Told {
    let wanted: Feedback = asked.json("tradeFeedbackParam")?;
    let missing = |member: &str| Refusal::missing(&format!("tradeFeedbackParam.{member}"));
    let said = wanted.feedback.as_deref().ok_or_else(|| missing("feedback"))?;
    let said = line("tradeFeedbackParam.feedback", said, NOTE_CHARS)?;
    let order = found(&asked, wanted.order_id.ok_or_else(|| missing("orderId"))?, FEEDBACK).await?;
    let whole = joined(order.note.as_deref(), said);
    if whole.chars().count() > NOTE_CHARS {
        let why = format!("all that is said of an order has at most {NOTE_CHARS} characters");
        return Err(Refusal::own("500_2", why));
    }
    let orders = asked.room::<Orders>()?;
    orders.add_note(&asked.caller, &order.deed.id, &whole).await.map_err(named::coded(FEEDBACK))?;
    asked.answer(&json!({"success": true}))
}

/// Answers `trade.receivegoods.confirm`: an order is received as a whole.
pub async fn receipt(asked: Asked) -> Told {
    let order = found(&asked, asked.need_long("orderId")?, RECEIPT).await?;
    let entries = named::numbers(&asked, "orderEntryIds")?;
    let lines: Vec<_> = entry::all(&order).into_iter().map(|(number, _)| number).collect();
    if let Some(strange) = entries.iter().find(|entry| !lines.contains(entry)) {
        return Err(Refusal::own("400", format!("{strange} is no line of this order")));
    }
    if entries.len() < lines.len() {
        return Err(Refusal::own("400", "an order is received as a whole: give all of its orderEntryIds"));
    }
    let orders = asked.room::<Orders>()?;
    orders.confirm_receipt(&asked.caller, &order.deed.id).await.map_err(named::coded(RECEIPT))?;
    asked.answer(&json!({"result": {"success": true}}))
}

/// A line of text that people read.
pub fn line<'a>(name: &str, text: &'a str, most: usize) -> Result<&'a str, Refusal> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > most || text.chars().any(char::is_control) {
        return Err(Refusal::invalid(name, format!("1 to {most} characters in one line")));
    }
    Ok(text)
}

/// What was said before, and this behind it, once.
pub fn joined(before: Option<&str>, said: &str) -> String {
    match before {
        Some(before) if before.split('；').any(|one| one == said) => before.to_owned(),
        Some(before) => format!("{before}；{said}"),
        None => said.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn what_is_said_again_stands_there_once() {
        assert_eq!(joined(None, "快点"), "快点");
        assert_eq!(joined(Some("快点"), "快点"), "快点");
        assert_eq!(joined(Some("请用纸箱"), "快点"), "请用纸箱；快点");
        assert_eq!(joined(Some("请用纸箱；快点"), "快点"), "请用纸箱；快点");
        assert_eq!(joined(Some("请用纸箱；快点"), "请用纸箱"), "请用纸箱；快点");
    }
}
