//! The first transaction of an inquiry: its key, the pictures that go with it, and the intent.

use jiff::Timestamp;

use super::super::claims::{self, Claimed};
use super::super::inquiry_words::{self, Wished};
use super::super::{Begun, Error, KeyUse, vouchers, words};
use super::{NewInquiry, note, write};
use crate::model::ids::InquiryId;
use crate::model::inquiry::{Deed, Happening, Inquiry, Kind};
use crate::model::order::{Actor, Reference};
use crate::model::refund::Proof;
use crate::sql::{Tx, args};

/// Claims the key and writes the inquiry down, unless the key has an owner or the wish cannot be.
pub(super) async fn begin(
    tx: &mut Tx,
    asked: KeyUse,
    wish: NewInquiry,
    now: Timestamp,
) -> Result<Begun<InquiryId>, Error> {
    let id = InquiryId::fresh();
    let lease = match claims::claim(tx, &asked, id.as_str(), now.as_millisecond()).await? {
        Claimed::Seen(answer) => return Ok(Begun::Seen(answer)),
        Claimed::Resumed(lease, subject) => {
            let id = subject.parse().map_err(|error| Error::unreadable("subject", error))?;
            return Ok(Begun::Resumed(lease, id));
        }
        Claimed::Fresh(lease) => lease,
    };
    taken(tx, asked.partner.as_str(), asked.mode.name(), &wish.reference).await?;
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
    let mut inquiry = Inquiry::received(deed, asked.operation);
    let look_at = now.as_millisecond() + asked.lease_ms;
    insert(tx, &inquiry, look_at).await?;
    let started = Happening::new(Kind::SendingStarted, Actor::Gateway, "sending it to the catalogue");
    let event = inquiry.next(now, started).map_err(|error| Error::unreadable("inquiry", error))?;
    inquiry.apply(event).map_err(|error| Error::unreadable("inquiry", error))?;
    write(tx, &inquiry, 1, look_at).await?;
    Ok(Begun::Fresh(lease, id))
}

/// A reference that is taken is the most useful thing to learn, whatever else is wrong.
async fn taken(tx: &mut Tx, partner: &str, mode: &str, reference: &Reference) -> Result<(), Error> {
    const TAKEN: &str = "SELECT id FROM inquiries WHERE partner = $1 AND mode = $2 AND reference = $3";
    match tx.fetch_optional(TAKEN, args![partner, mode, reference.as_str()]).await? {
        Some(row) => Err(Error::InquiryReferenceTaken { first: row.parse("id")? }),
        None => Ok(()),
    }
}

async fn insert(tx: &mut Tx, inquiry: &Inquiry, look_at: i64) -> Result<(), Error> {
    const INSERT: &str = "INSERT INTO inquiries \
        (id, partner, mode, reference, document, created_at, state, version, known, updated_at, look_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $6, $10) ON CONFLICT DO NOTHING";
    let deed = &inquiry.deed;
    let row = args![
        deed.id.as_str(),
        deed.partner.as_str(),
        deed.mode.name(),
        deed.reference.as_str(),
        words::write("inquiry", &Wished::from(deed))?,
        deed.created_at.as_millisecond(),
        inquiry.state.name(),
        inquiry.version,
        inquiry_words::write_facts(&inquiry.known)?,
        look_at,
    ];
    if tx.execute(INSERT, row).await? == 0 {
        // Another request of the same moment took the reference.
        taken(tx, deed.partner.as_str(), deed.mode.name(), &deed.reference).await?;
        return Err(Error::Moved);
    }
    for event in &inquiry.events {
        note(tx, inquiry, event).await?;
    }
    Ok(())
}
