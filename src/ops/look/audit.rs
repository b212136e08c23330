//! The audit: who changed what, found by person, subject, action and time.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::audit::{self, Entry, Filter};
use crate::model::page::Cursor;
use crate::ops::look::{At, Books, Listed, PAGE, Trouble};

/// One change that somebody made; the order of the fields is part of the export's promise.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EntryRow {
    /// Its id.
    pub id: String,
    /// When.
    pub at: At,
    /// Who: `operator:li`, `partner:acme key:xyk_…` or `system`.
    pub actor: String,
    /// What: `order.settle`, `key.rotate` …
    pub action: String,
    /// The id of what was changed.
    pub subject: String,
    /// The particulars.
    pub detail: String,
}

impl From<Entry> for EntryRow {
    fn from(entry: Entry) -> Self {
        let Entry { id, at, actor, action, subject, detail } = entry;
        Self { id, at: At(at), actor, action, subject, detail }
    }
}

/// What is sought, as it was typed.
#[derive(Clone, Debug, Default)]
pub struct Sought {
    /// Who.
    pub actor: Option<String>,
    /// What, or how it begins.
    pub action: Option<String>,
    /// To whom.
    pub subject: Option<String>,
    /// From then on.
    pub since: Option<String>,
    /// Until before then.
    pub until: Option<String>,
    /// Where a page before ended.
    pub cursor: Option<String>,
}

impl Sought {
    /// The same as a filter.
    pub fn filter(&self, now: Timestamp) -> Result<Filter, Trouble> {
        let read = |name: &str, text: &Option<String>| text.as_deref().map(|text| moment(name, text, now)).transpose();
        Ok(Filter {
            subject: self.subject.clone(),
            actor: self.actor.clone(),
            action: self.action.clone(),
            since: read("since", &self.since)?,
            until: read("until", &self.until)?,
        })
    }
}

/// A date, a moment, or how long ago (`24h`, `7d`).
fn moment(name: &str, text: &str, now: Timestamp) -> Result<Timestamp, Trouble> {
    if let Ok(moment) = text.parse() {
        return Ok(moment);
    }
    if let Ok(date) = text.parse::<Date>()
        && let Ok(midnight) = date.to_zoned(TimeZone::UTC)
    {
        return Ok(midnight.timestamp());
    }
    let unit = text.chars().last().and_then(|unit| match unit {
        'm' => Some(60),
        'h' => Some(3_600),
        'd' => Some(86_400),
        _ => None,
    });
    let number = text.strip_suffix(['m', 'h', 'd']).and_then(|number| number.parse::<u32>().ok());
    let ago = number.zip(unit).map(|(number, unit)| SignedDuration::from_secs(i64::from(number) * unit));
    ago.and_then(|ago| now.checked_sub(ago).ok()).ok_or_else(|| {
        Trouble::Wrong(format!(
            "{name}: a date like 2026-11-01, a moment like 2026-11-01T12:00:00Z, or 30m, 24h, 7d ago"
        ))
    })
}

/// Reads a page of entries, newest first.
pub async fn list(books: &Books, sought: &Sought) -> Result<Listed<EntryRow>, Trouble> {
    let after = sought.cursor.clone().map(Cursor);
    let page = audit::list(&books.sql, &sought.filter(books.clock.now())?, after.as_ref(), PAGE).await?;
    Ok(Listed {
        items: page.items.into_iter().map(EntryRow::from).collect(),
        next_cursor: page.next.map(|mark| mark.0),
    })
}

/// A stretch of the export as JSON lines, the oldest first, and where the next one begins.
pub async fn export(
    books: &Books,
    filter: &Filter,
    after: Option<Cursor>,
) -> Result<(String, Option<Cursor>), Trouble> {
    const STRETCH: u32 = 1000;
    let page = audit::list_oldest_first(&books.sql, filter, after.as_ref(), STRETCH).await?;
    let mut text = String::new();
    for entry in page.items {
        let line = serde_json::to_string(&EntryRow::from(entry));
        text.push_str(
            &line.map_err(|error| Trouble::Failed { said: "An entry cannot be written.", cause: error.to_string() })?,
        );
        text.push('\n');
    }
    Ok((text, page.next))
}

#[cfg(test)]
mod tests {
    use super::moment;
    use jiff::Timestamp;

    #[test]
    fn moments_are_read_as_people_type_them() {
        let now: Timestamp = "2026-11-23T10:00:00Z".parse().unwrap();
        for (text, at) in [
            ("2026-11-01", "2026-11-01T00:00:00Z"),
            ("2026-11-01T12:00:00+09:00", "2026-11-01T03:00:00Z"),
            ("7d", "2026-11-16T10:00:00Z"),
            ("30m", "2026-11-23T09:30:00Z"),
        ] {
            assert_eq!(moment("since", text, now).unwrap().to_string(), at, "{text}");
        }
        for wrong in ["soon", "7", "d", "-7d", "7w", "4294967296d", "é"] {
            assert!(moment("since", wrong, now).is_err(), "{wrong}");
        }
    }
}
