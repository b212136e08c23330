//! What partners hear of: one row for each event, written in the transaction that made it true. Sending and pulling
//! come later and read from here; what is told of which event is decided by whoever writes it.

use super::Error;
use crate::model::ids::{EventId, PartnerId};
use crate::model::partner::Mode;
use crate::sql::{Tx, args};

/// Something a partner is told.
#[derive(Clone, Debug)]
pub struct Notice<'a> {
    /// Its id; the same for every way and every repeat it is told by.
    pub event: &'a EventId,
    /// Whom it is told.
    pub partner: &'a PartnerId,
    /// In which world.
    pub mode: Mode,
    /// The id of what it happened to; events of one subject are told in their order.
    pub subject: &'a str,
    /// The public type, e.g. `order.paid`.
    pub kind: String,
    /// Ids, the partner's reference, the new state.
    pub data: serde_json::Value,
    /// When it was written down, in milliseconds.
    pub at: i64,
}

/// Writes them down, in this order.
pub(super) async fn post(tx: &mut Tx, notices: &[Notice<'_>]) -> Result<(), Error> {
    const POST: &str = "INSERT INTO events (event, partner, mode, subject, kind, data, at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    for notice in notices {
        let row = args![
            notice.event.as_str(),
            notice.partner.as_str(),
            notice.mode.name(),
            notice.subject,
            &notice.kind,
            notice.data.to_string(),
            notice.at,
        ];
        tx.execute(POST, row).await?;
    }
    Ok(())
}
