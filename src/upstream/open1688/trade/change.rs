//! What is changed about an order: taking it back, words to the seller, that the goods arrived. Afterwards the order is read.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::upstream::failure::{Error, Loss};
use crate::upstream::open1688::asked::{Asked, before, refused, written};
use crate::upstream::open1688::table::{Api, CANCEL, FEEDBACK, RECEIPT};
use crate::upstream::open1688::trade::order;

const ABSENT: &[&str] = &["ORDER_NOT_EXIST", "404", "400_4"];
const STATUS: &[&str] = &["ORDER_STATUS_ERROR", "500_2", "STATUS_ERROR"];
/// An order cannot be taken back within its first seconds.
const TOO_FAST: (&str, u64) = ("CLOSE_ORDER_TOO_FAST", 10);
/// Characters of a remark and of words to the seller.
const REMARK: usize = 200;
const WORDS: usize = 500;

/// Does it, and reads the order.
async fn change(asked: &Asked<'_>, api: &Api, parameters: &[(&'static str, String)]) -> Result<Bytes, Error> {
    let number = asked.id()?;
    let by = [("orderId", number.to_string())];
    match asked.ask(api, parameters).await {
        Ok(_) => {
            let told = order::view(asked, &by).await.map_err(done)?;
            written(&order::document(asked, &told).await.map_err(done)?)
        }
        Err(Error::Refused(refusal)) if refusal.error_code == TOO_FAST.0 => {
            Err(Error::Denied { status: 425, why: refusal.message, wait_s: Some(TOO_FAST.1) })
        }
        Err(Error::Refused(refusal)) if ABSENT.contains(&refusal.error_code.as_str()) => {
            Err(refused("ORDER_NOT_FOUND", refusal.message, Value::Null))
        }
        Err(Error::Refused(refusal)) if STATUS.contains(&refusal.error_code.as_str()) => {
            // Where it stands instead is a fact of this refusal.
            let told = order::view(asked, &by).await.map_err(before)?;
            let stands = order::document(asked, &told).await.map_err(before)?;
            Err(refused("STATUS_NOT_ALLOWED", refusal.message, json!({"status": stands["status"]})))
        }
        Err(other) => Err(other),
    }
}

/// A failure after it was done.
fn done(error: Error) -> Error {
    Error::Unknown { loss: Loss::Broken, why: format!("it was done, and the order cannot be read: {error}") }
}

/// One line of so many characters.
fn line(text: &str, most: usize) -> String {
    let plain: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(most).collect();
    plain.trim().to_owned()
}

#[derive(Debug, Deserialize)]
struct Reason {
    reason: String,
}

/// Answers `trade.cancel`.
pub(in crate::upstream::open1688) async fn cancel(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let Reason { reason } = asked.body()?;
    let parameters = [
        ("webSite", "1688".to_owned()),
        ("tradeID", asked.id()?.to_string()),
        ("cancelReason", "buyerCancel".to_owned()),
        ("remark", line(&reason, REMARK)),
    ];
    let given = if line(&reason, REMARK).is_empty() { &parameters[..3] } else { &parameters[..] };
    change(asked, &CANCEL, given).await
}

#[derive(Debug, Deserialize)]
struct Memo {
    memo: String,
}

/// Answers `trade.memo`: the platform hands words to the seller on and takes none back, so that the newest follow those
/// before.
pub(in crate::upstream::open1688) async fn memo(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let Memo { memo } = asked.body()?;
    let wanted = json!({"orderId": asked.id()?.to_string(), "feedback": line(&memo, WORDS)});
    change(asked, &FEEDBACK, &[("tradeFeedbackParam", wanted.to_string())]).await
}

/// Answers `trade.confirm`.
pub(in crate::upstream::open1688) async fn confirm(asked: &Asked<'_>) -> Result<Bytes, Error> {
    let number = asked.id()?.to_string();
    let told = order::view(asked, &[("orderId", number.clone())]).await.map_err(before)?;
    let entries: Vec<_> = order::entries(asked, &told).await.map_err(before)?.iter().map(|entry| entry.id).collect();
    change(asked, &RECEIPT, &[("orderId", number), ("orderEntryIds", json!(entries).to_string())]).await
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn words_are_one_line_of_bounded_length() {
        assert_eq!(line(" a\nb ", 500), "a b");
        assert_eq!(line("杯杯杯", 2), "杯杯");
    }
}
