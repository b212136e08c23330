//! `label.url.receive`: labels that the supplier prints and puts on the goods. Their addresses are added to the note to it,
//! which is all that a supplier is told of an order besides the order.

use crate::error::Code;
use crate::orders::Orders;
use crate::param2::asked::{Asked, Told};
use crate::param2::fault::Refusal;
use crate::param2::trade::{change, named};

const CODES: &[(Code, &str)] = &[(Code::OrderNotFound, "404"), (Code::OrderStateConflict, "409")];

/// Answers.
pub async fn receive(asked: Asked) -> Told {
    let urls = named::texts(&asked, "printUrls");
    if urls.is_empty() {
        return Err(Refusal::missing("printUrls"));
    }
    if let Some(wrong) = urls.iter().find(|text| !is_address(text)) {
        return Err(Refusal::invalid(
            "printUrls",
            format!("{wrong} is no address that begins with https:// or http://"),
        ));
    }
    let order = named::order(&asked, "orderId").await?;
    if asked.text("outOrderId").is_some_and(|text| text != order.deed.reference.as_str()) {
        return Err(Refusal::own("404", format!("outOrderId of this order is {}", order.deed.reference)));
    }
    let mut note = order.note.clone();
    for url in urls {
        note = Some(change::joined(note.as_deref(), &format!("请打印标签 {url}")));
    }
    let note = note.unwrap_or_default();
    if note.chars().count() > change::NOTE_CHARS {
        let most = change::NOTE_CHARS;
        return Err(Refusal::own(
            "400",
            format!("all that the supplier is told of an order has at most {most} characters"),
        ));
    }
    if order.note.as_ref() != Some(&note) {
        let orders = asked.room::<Orders>()?;
        orders.add_note(&asked.caller, &order.deed.id, &note).await.map_err(named::coded(CODES))?;
    }
    asked.answer(&true)
}

/// An address that a browser opens; no separator of notes in it.
fn is_address(text: &str) -> bool {
    let known = url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    known && !text.contains('；') && !text.chars().any(|letter| letter.is_control() || letter.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::is_address;

    #[test]
    fn labels_are_at_addresses_that_can_be_opened() {
        assert!(is_address("https://wms.example/labels/1.pdf?a=1&b=2"));
        for wrong in ["", "labels/1.pdf", "javascript:alert(1)", "file:///etc/passwd", "https://", "https://a/；b"] {
            assert!(!is_address(wrong), "{wrong}");
        }
    }
}
