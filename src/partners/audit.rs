//! The record of who changed what: rows are added in the transaction of the change and never altered.

use jiff::Timestamp;

use crate::partners::error::Error;
use crate::sql::{self, Row, Sql, Tx, args};

/// One change that somebody made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who: `cli:<user>`, `demo`, `operator:<name>`.
    pub actor: String,
    /// What: `partner.create`, `key.rotate` …
    pub action: String,
    /// To whom: a partner's short name or a key id.
    pub subject: String,
    /// The particulars; never a secret.
    pub detail: String,
}

/// Adds a row and raises the directory's version, so that no change can forget either.
pub(super) async fn note(tx: &mut Tx, entry: Entry) -> Result<(), sql::Error> {
    let id = format!("aud_{}", uuid::Uuid::now_v7().simple());
    let at = entry.at.as_millisecond();
    tx.execute(
        "INSERT INTO audit (id, at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6)",
        args![id, at, entry.actor, entry.action, entry.subject, entry.detail],
    )
    .await?;
    tx.execute("UPDATE directory_version SET version = version + 1 WHERE id = 1", Vec::new()).await?;
    Ok(())
}

/// The newest rows first.
pub(super) async fn newest(sql: &Sql, limit: u32) -> Result<Vec<Entry>, Error> {
    let text = "SELECT at, actor, action, subject, detail FROM audit ORDER BY at DESC, id DESC LIMIT $1";
    let rows = sql.fetch_all(text, args![limit]).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<Entry, Error> {
    Ok(Entry {
        at: moment(row.int("at")?),
        actor: row.text("actor")?,
        action: row.text("action")?,
        subject: row.text("subject")?,
        detail: row.text("detail")?,
    })
}

/// A moment as it is stored.
pub(super) fn moment(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or_default()
}
