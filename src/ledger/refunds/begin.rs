//! The first transaction of a refund: its key, the order it is about, what proves it, and the intent.

use jiff::Timestamp;

use super::super::claims::{self, Claimed};
use super::super::refund_words::{self, Wished};
use super::super::{Begun, Error, KeyUse, vouchers, words};
use super::{NewRefund, Ordered, note, write};
use crate::model::ids::{CatalogueOrderId, RefundId};
use crate::model::order::{Actor, Reference, State};
use crate::model::quote::Basket;
use crate::model::refund::{Deed, Happening, Kind, Proof, Refund, RefundLine};
use crate::sql::{Tx, args};

/// Claims the key and writes the refund down, unless the key has an owner or the wish cannot be.
pub(super) async fn begin(
    tx: &mut Tx,
    asked: KeyUse,
    wish: NewRefund,
    now: Timestamp,
) -> Result<Begun<RefundId>, Error> {
    let id = RefundId::fresh();
    let lease = match claims::claim(tx, &asked, id.as_str(), now.as_millisecond()).await? {
        Claimed::Seen(answer) => return Ok(Begun::Seen(answer)),
        Claimed::Resumed(lease, subject) => {
            let id = subject.parse().map_err(|error| Error::unreadable("subject", error))?;
            return Ok(Begun::Resumed(lease, id));
        }
        Claimed::Fresh(lease) => lease,
    };
    taken(tx, asked.partner.as_str(), asked.mode.name(), &wish.reference).await?;
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
    let mut refund = Refund::received(deed, asked.operation);
    let look_at = now.as_millisecond() + asked.lease_ms;
    insert(tx, &refund, look_at).await?;
    let started = Happening::new(Kind::RequestingStarted, Actor::Gateway, "sending it to the catalogue");
    let event = refund.next(now, started).map_err(|error| Error::unreadable("refund", error))?;
    refund.apply(event).map_err(|error| Error::unreadable("refund", error))?;
    write(tx, &refund, 1, look_at).await?;
    Ok(Begun::Fresh(lease, id))
}

/// A reference that is taken is the most useful thing to learn, whatever else is wrong.
async fn taken(tx: &mut Tx, partner: &str, mode: &str, reference: &Reference) -> Result<(), Error> {
    const TAKEN: &str = "SELECT id FROM refunds WHERE partner = $1 AND mode = $2 AND reference = $3";
    match tx.fetch_optional(TAKEN, args![partner, mode, reference.as_str()]).await? {
        Some(row) => Err(Error::RefundReferenceTaken { first: row.parse("id")? }),
        None => Ok(()),
    }
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

async fn insert(tx: &mut Tx, refund: &Refund, look_at: i64) -> Result<(), Error> {
    const INSERT: &str = "INSERT INTO refunds \
        (id, partner, mode, reference, order_id, document, created_at, state, version, known, updated_at, look_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $7, $11) ON CONFLICT DO NOTHING";
    let deed = &refund.deed;
    let row = args![
        deed.id.as_str(),
        deed.partner.as_str(),
        deed.mode.name(),
        deed.reference.as_str(),
        deed.order.as_str(),
        words::write("refund", &Wished::from(deed))?,
        deed.created_at.as_millisecond(),
        refund.state.name(),
        refund.version,
        refund_words::write_facts(&refund.known)?,
        look_at,
    ];
    if tx.execute(INSERT, row).await? == 0 {
        // Another request of the same moment took the reference.
        taken(tx, deed.partner.as_str(), deed.mode.name(), &deed.reference).await?;
        return Err(Error::Moved);
    }
    for event in &refund.events {
        note(tx, refund, event).await?;
    }
    Ok(())
}
