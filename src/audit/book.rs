//! Writing an entry in the transaction of its change, and finding entries again; what an entry says is in `entry.rs`.

use jiff::Timestamp;

use super::Entry;
use crate::model::page::{Cursor, Page};
use crate::sql::{self, Arg, Row, Sql, Tx, args};

/// Why the book was not read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Sql(#[from] sql::Error),
    /// The mark is none that a page ended with.
    #[error("not the mark of a page; give it as the page before told it")]
    WrongCursor,
}

/// Which entries are wanted; all by default.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The id of what was changed.
    pub subject: Option<String>,
    /// Who, wholly (`operator:li`, `partner:acme key:xyk_…`) or up to a colon or a space (`operator`, `partner:acme`).
    pub actor: Option<String>,
    /// What, or how it begins: `order.settle`, `order.`, `key`.
    pub action: Option<String>,
    /// From this moment on.
    pub since: Option<Timestamp>,
    /// Before this moment.
    pub until: Option<Timestamp>,
}

/// Writes an entry in the transaction of the change it tells of.
pub async fn note(tx: &mut Tx, entry: &Entry) -> Result<(), sql::Error> {
    const NOTE: &str = "INSERT INTO audit (id, at, actor, action, subject, detail) VALUES ($1, $2, $3, $4, $5, $6)";
    let at = entry.at.as_millisecond();
    tx.execute(NOTE, args![&entry.id, at, &entry.actor, &entry.action, &entry.subject, &entry.detail]).await?;
    Ok(())
}

macro_rules! select {
    ($beyond:literal, $order:literal) => {
        concat!(
            "SELECT id, at, actor, action, subject, detail FROM audit ",
            "WHERE ($1 IS NULL OR subject = $1) ",
            "AND ($2 IS NULL OR actor = $2 OR substr(actor, 1, length($2) + 1) IN ($2 || ':', $2 || ' ')) ",
            "AND ($3 IS NULL OR substr(action, 1, length($3)) = $3) ",
            "AND ($4 IS NULL OR at >= $4) AND ($5 IS NULL OR at < $5) ",
            "AND ($6 IS NULL OR at ",
            $beyond,
            " $6 OR (at = $6 AND id ",
            $beyond,
            " $7)) ",
            "ORDER BY at ",
            $order,
            ", id ",
            $order,
            " LIMIT $8"
        )
    };
}

/// A page of entries, the newest first.
pub async fn list(sql: &Sql, filter: &Filter, after: Option<&Cursor>, limit: u32) -> Result<Page<Entry>, Error> {
    page(sql, select!("<", "DESC"), filter, after, limit).await
}

/// A page of entries, the oldest first: the order in which they are exported.
pub async fn list_oldest_first(
    sql: &Sql,
    filter: &Filter,
    after: Option<&Cursor>,
    limit: u32,
) -> Result<Page<Entry>, Error> {
    page(sql, select!(">", "ASC"), filter, after, limit).await
}

async fn page(
    sql: &Sql,
    text: &'static str,
    filter: &Filter,
    after: Option<&Cursor>,
    limit: u32,
) -> Result<Page<Entry>, Error> {
    let place = after.map(|cursor| cursor.place().ok_or(Error::WrongCursor)).transpose()?;
    let mut rows = sql.fetch_all(text, arguments(filter, place, limit.saturating_add(1))).await?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let items = rows.iter().map(read).collect::<Result<Vec<_>, Error>>()?;
    let next = items.last().filter(|_| more).map(|last| Cursor::behind(last.at.as_millisecond(), &last.id));
    Ok(Page { items, next, total: None })
}

/// All kinds of changes that were ever written down.
pub async fn list_actions(sql: &Sql) -> Result<Vec<String>, Error> {
    let rows = sql.fetch_all("SELECT DISTINCT action FROM audit ORDER BY action", Vec::new()).await?;
    rows.iter().map(|row| Ok(row.text("action")?)).collect()
}

fn arguments(filter: &Filter, place: Option<(i64, String)>, limit: u32) -> Vec<Arg> {
    let (at, id) = place.map_or((None, String::new()), |(at, id)| (Some(at), id));
    args![
        filter.subject.clone(),
        filter.actor.clone(),
        filter.action.clone(),
        filter.since.map(Timestamp::as_millisecond),
        filter.until.map(Timestamp::as_millisecond),
        at,
        id,
        limit
    ]
}

fn read(row: &Row) -> Result<Entry, Error> {
    Ok(Entry {
        id: row.text("id")?,
        at: Timestamp::from_millisecond(row.int("at")?).unwrap_or_default(),
        actor: row.text("actor")?,
        action: row.text("action")?,
        subject: row.text("subject")?,
        detail: row.text("detail")?,
    })
}
