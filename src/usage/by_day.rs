//! What a partner asked for, by day: read from the database, so with what all nodes wrote, grouped as wished, in pages.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::Error;
use crate::model::partner::Mode;
use crate::sql::{Row, Sql, args};

/// What rows are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// A row for each day.
    pub day: bool,
    /// A row for each operation.
    pub operation: bool,
    /// A row for each outcome.
    pub outcome: bool,
    /// A row for each code of a problem.
    pub code: bool,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct Question {
    /// Whose calls.
    pub partner: String,
    /// Of which keys.
    pub mode: Mode,
    /// The first day, counted from 1970 in UTC.
    pub from: i64,
    /// The last day.
    pub to: i64,
    /// What rows are told apart by.
    pub group: Group,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Rows of a page.
    pub limit: u32,
}

/// Calls of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The day, counted from 1970; none when days are taken together.
    pub day: Option<i64>,
    /// The operation.
    pub operation: Option<String>,
    /// The outcome's name.
    pub outcome: Option<String>,
    /// The problem's code; empty for calls without one.
    pub code: Option<String>,
    /// How many.
    pub calls: i64,
    /// What they were charged.
    pub units: i64,
}

/// Some rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The rows, by day, operation, outcome and code.
    pub items: Vec<Counted>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

// What is taken together is one value in all rows: -1, or a text before all others.
const READ: &str = "SELECT * FROM (SELECT \
    CASE WHEN CAST($5 AS BIGINT) = 1 THEN day ELSE -1 END AS day, \
    CASE WHEN CAST($6 AS BIGINT) = 1 THEN operation ELSE '' END AS operation, \
    CASE WHEN CAST($7 AS BIGINT) = 1 THEN outcome ELSE '' END AS outcome, \
    CASE WHEN CAST($8 AS BIGINT) = 1 THEN code ELSE '' END AS code, \
    CAST(SUM(calls) AS BIGINT) AS calls, CAST(SUM(units) AS BIGINT) AS units \
    FROM usage_days WHERE partner = $1 AND mode = $2 AND day >= $3 AND day <= $4 GROUP BY 1, 2, 3, 4) AS grouped \
    WHERE (day, operation, outcome, code) > ($9, $10, $11, $12) \
    ORDER BY day, operation, outcome, code LIMIT $13";

/// Reads a page.
pub async fn read(sql: &Sql, asked: &Question) -> Result<Page, Error> {
    let Place { day, operation, outcome, code } = match &asked.cursor {
        Some(cursor) => Place::read(cursor).ok_or(Error::WrongCursor)?,
        None => Place { day: i64::MIN, operation: String::new(), outcome: String::new(), code: String::new() },
    };
    let group = asked.group;
    let limit = i64::from(asked.limit.max(1));
    let args = args![
        &asked.partner,
        asked.mode.name(),
        asked.from,
        asked.to,
        group.day,
        group.operation,
        group.outcome,
        group.code,
        day,
        operation,
        outcome,
        code,
        limit + 1,
    ];
    let mut rows = sql.fetch_all(READ, args).await?;
    let more = rows.len() > usize::try_from(limit).unwrap_or(usize::MAX);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next = if more { rows.last().map(Place::of).transpose()?.map(|place| place.written()) } else { None };
    let items = rows.iter().map(|row| counted(row, group)).collect::<Result<_, _>>()?;
    Ok(Page { items, next })
}

/// Calls of each account on so many days in a row; accounts without any are left out.
pub async fn trends(sql: &Sql, first: i64, days: usize) -> Result<HashMap<(String, String), Vec<i64>>, Error> {
    const READ: &str = "SELECT partner, mode, day, CAST(SUM(calls) AS BIGINT) AS calls FROM usage_days \
        WHERE day >= $1 GROUP BY partner, mode, day";
    let mut trends = HashMap::new();
    for row in sql.fetch_all(READ, args![first]).await? {
        let trend: &mut Vec<i64> =
            trends.entry((row.text("partner")?, row.text("mode")?)).or_insert_with(|| vec![0; days]);
        if let Some(calls) = usize::try_from(row.int("day")? - first).ok().and_then(|at| trend.get_mut(at)) {
            *calls = row.int("calls")?;
        }
    }
    Ok(trends)
}

fn counted(row: &Row, group: Group) -> Result<Counted, Error> {
    let text = |apart: bool, column| if apart { row.text(column).map(Some) } else { Ok(None) };
    Ok(Counted {
        day: if group.day { Some(row.int("day")?) } else { None },
        operation: text(group.operation, "operation")?,
        outcome: text(group.outcome, "outcome")?,
        code: text(group.code, "code")?,
        calls: row.int("calls")?,
        units: row.int("units")?,
    })
}

/// The last row of a page, as its cursor.
struct Place {
    day: i64,
    operation: String,
    outcome: String,
    code: String,
}

impl Place {
    fn of(row: &Row) -> Result<Self, Error> {
        let text = |column| row.text(column);
        Ok(Self { day: row.int("day")?, operation: text("operation")?, outcome: text("outcome")?, code: text("code")? })
    }

    fn written(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}/{}/{}/{}", self.day, self.operation, self.outcome, self.code))
    }

    fn read(cursor: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let mut parts = text.split('/').map(str::to_owned);
        let day = parts.next()?.parse().ok()?;
        let place = Self { day, operation: parts.next()?, outcome: parts.next()?, code: parts.next()? };
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        let fits = [&place.operation, &place.outcome, &place.code].into_iter().all(|text| plain(text));
        (fits && parts.next().is_none()).then_some(place)
    }
}
