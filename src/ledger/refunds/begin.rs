//! The first transaction of a refund: its key, the order it is about, what proves it, and the intent.

use jiff::Timestamp;

use super::super::claims::{self, Claimed};
use super::super::{Begun, Error, KeyUse, stories, vouchers, words};
use super::{NewRefund, Ordered};
use crate::model::ids::{CatalogueOrderId, RefundId};
use crate::model::order::State;
use crate::model::quote::Basket;
use crate::model::refund::{Deed, Proof, RefundLine, Refunding};
use crate::sql::{Tx, args};

/// Claims the key and writes the refund down, unless the key has an owner or the wish cannot be.
pub(super) async fn begin(
    tx: &mut Tx,
    asked: KeyUse,
    wish: NewRefund,
    now: Timestamp,
) -> Result<Begun<RefundId>, Error> {
    let id = RefundId::fresh();
    let lease = match claims::claim(tx, &asked, &id, now.as_millisecond()).await? {
        Claimed::Before(begun) => return Ok(begun),
        Claimed::Fresh(lease) => lease,
    };
    stories::reference_is_free::<Refunding>(tx, &asked.partner, asked.mode, &wish.reference).await?;
    let (catalogue_order, lines) = bought(tx, &asked, &wish).await?;
    let proofs = vouchers::find(tx, &asked.partner, asked.mode, &wish.vouchers).await?;
    let deed = Deed {
        id: id.clone(),
        partner: asked.partner,
        mode: asked.mode,
        reference: wish.reference,
        order: wish.order,
        catalogue_order,
        remedy: wish.remedy,
        reason: wish.reason,
        amount: wish.amount,
        freight: wish.freight,
        lines,
        description: wish.description,
        proofs: proofs.into_iter().map(|(id, number)| Proof { id, number }).collect(),
        created_at: now,
    };
    stories::open::<Refunding>(tx, deed, (asked.operation, asked.lease_ms), now).await?;
    Ok(Begun::Fresh(lease, id))
}

/// The catalogue's number of the wish's order, and its pieces as lines of that order.
async fn bought(tx: &mut Tx, asked: &KeyUse, wish: &NewRefund) -> Result<(CatalogueOrderId, Vec<RefundLine>), Error> {
    const ORDER: &str = "SELECT document, state, catalogue_order, paying FROM orders \
        WHERE id = $1 AND partner = $2 AND mode = $3";
    let own = args![wish.order.as_str(), asked.partner.as_str(), asked.mode.name()];
    let row = tx.fetch_optional(ORDER, own).await?.ok_or_else(|| Error::OrderNotFound(wish.order.clone()))?;
    let number = row.opt_int("catalogue_order")?.filter(|_| row.text("paying").is_ok_and(|paying| paying == "paid"));
    let number = number.ok_or(Error::NotRefundable(row.parse::<State>("state")?))?;
    let document: words::Bought = words::read("order", &row.text("document")?)?;
    let basket: Basket = document.basket.try_into()?;
    let whole = (1_u32..).zip(&basket.lines).map(|(number, line)| RefundLine {
        number,
        sku: line.sku,
        quantity: line.quantity,
    });
    let whole: Vec<_> = whole.collect();
    let (mut lines, mut wrong) = (Vec::new(), Vec::new());
    for (at, wanted) in wish.pieces.iter().enumerate() {
        let ordered = whole.iter().find(|line| line.sku == wanted.sku);
        match ordered {
            Some(line) if line.quantity >= wanted.quantity => {
                lines.push(RefundLine { quantity: wanted.quantity, ..*line });
            }
            _ => {
                let quantity = ordered.map_or(0, |line| line.quantity.get());
                wrong.push(Ordered { line: at, sku: wanted.sku, quantity });
            }
        }
    }
    if wrong.is_empty() { Ok((CatalogueOrderId::new(number), lines)) } else { Err(Error::TooManyPieces(wrong)) }
}
