//! The first transaction of an inquiry: its key, the pictures that go with it, and the intent.

use jiff::Timestamp;

use super::super::claims::{self, Claimed};
use super::super::{Begun, Error, KeyUse, stories, vouchers};
use super::NewInquiry;
use crate::model::ids::InquiryId;
use crate::model::inquiry::{Deed, Inquiring};
use crate::model::refund::Proof;
use crate::sql::Tx;

/// Claims the key and writes the inquiry down, unless the key has an owner or the wish cannot be.
pub(super) async fn begin(
    tx: &mut Tx,
    asked: KeyUse,
    wish: NewInquiry,
    now: Timestamp,
) -> Result<Begun<InquiryId>, Error> {
    let id = InquiryId::fresh();
    let lease = match claims::claim(tx, &asked, &id, now.as_millisecond()).await? {
        Claimed::Before(begun) => return Ok(begun),
        Claimed::Fresh(lease) => lease,
    };
    stories::reference_is_free::<Inquiring>(tx, &asked.partner, asked.mode, &wish.reference).await?;
    let attachments = vouchers::find(tx, &asked.partner, asked.mode, &wish.attachments).await?;
    let deed = Deed {
        id: id.clone(),
        partner: asked.partner,
        mode: asked.mode,
        reference: wish.reference,
        invited: wish.invited,
        specification: wish.specification,
        quantity: wish.quantity,
        target: wish.target,
        warehouse: wish.warehouse,
        ship_to: wish.ship_to,
        currency: wish.currency,
        attachments: attachments.into_iter().map(|(id, number)| Proof { id, number }).collect(),
        created_at: now,
    };
    stories::open::<Inquiring>(tx, deed, (asked.operation, asked.lease_ms), now).await?;
    Ok(Begun::Fresh(lease, id))
}
