//! How suppliers answer inquiries: noted with the events that tell it, and added up for who asked them and for whoever
//! watches over all.

use crate::ledger::{Error, Ledger};
use crate::model::ids::{PartnerId, SupplierId};
use crate::model::inquiry::{Answering, Deed, Event, Kind, Talk, TalkState};
use crate::model::partner::Mode;
use crate::sql::{Arg, Row, args};

/// So far back suppliers are judged by how they answered a partner.
const JUDGED_MS: i64 = 90 * 86_400_000;
/// So many of a partner's questions to one supplier count, the newest.
const JUDGED: i64 = 500;
/// So far back answers are counted for whoever watches.
const COUNTED_MS: i64 = 30 * 86_400_000;
/// Who was asked so long ago and said nothing is silent: quotations hold no longer either.
const SILENT_MS: i64 = 3 * 86_400_000;

/// How many suppliers that were asked answered how, in one world, in the last thirty days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answers {
    /// The world.
    pub mode: Mode,
    /// `quoted`, `declined`, `waiting` or `silent`.
    pub answer: String,
    /// How many.
    pub count: u64,
}

/// What an event writes into the book of answers.
pub(super) fn entries(deed: &Deed, event: &Event) -> Vec<(&'static str, Vec<Arg>)> {
    const ASKED: &str = "INSERT INTO inquiry_suppliers (inquiry_id, supplier, partner, mode, asked_at) \
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    const ANSWERED: &str = "UPDATE inquiry_suppliers SET answered_at = $3, answer = $4 \
        WHERE inquiry_id = $1 AND supplier = $2 AND answered_at IS NULL";
    const LEFT: &str = "UPDATE inquiry_suppliers SET left_at = $2 WHERE inquiry_id = $1 AND answered_at IS NULL";
    let (id, at) = (deed.id.as_str(), event.at.as_millisecond());
    let (partner, mode) = (deed.partner.as_str(), deed.mode.name());
    let mut entries = Vec::new();
    if event.kind == Kind::Sent {
        let asked = deed.invited.iter().map(|one| (ASKED, args![id, one.supplier.number(), partner, mode, at]));
        entries.extend(asked);
    }
    let answered = event.facts.talks.iter().flatten().filter_map(|talk| Some((talk.supplier, answer(talk)?)));
    entries.extend(answered.map(|(supplier, answer)| (ANSWERED, args![id, supplier.number(), at, answer])));
    if event.kind.leads_to().is_final() {
        entries.push((LEFT, args![id, at]));
    }
    entries
}

/// What a supplier answered, as far as a talk tells.
fn answer(talk: &Talk) -> Option<&'static str> {
    match talk.state {
        _ if talk.quotation.is_some() => Some("quoted"),
        TalkState::Declined => Some("declined"),
        _ => None,
    }
}

impl Ledger {
    /// How a supplier answered a partner's inquiries of the last ninety days.
    pub async fn answering(&self, partner: &PartnerId, mode: Mode, supplier: SupplierId) -> Result<Answering, Error> {
        const READ: &str = "SELECT asked_at, answered_at, answer FROM inquiry_suppliers \
            WHERE partner = $1 AND mode = $2 AND supplier = $3 AND asked_at >= $4 ORDER BY asked_at DESC LIMIT $5";
        let since = self.clock.now_ms() - JUDGED_MS;
        let asked = args![partner.as_str(), mode.name(), supplier.number(), since, JUDGED];
        let rows = self.sql.fetch_all(READ, asked).await?;
        let mut answering = Answering::default();
        let mut waits = Vec::new();
        for row in &rows {
            answering.asked += 1;
            match row.opt_text("answer")?.as_deref() {
                Some("quoted") => {
                    answering.quoted += 1;
                    waits.push(wait(row)?);
                }
                Some(_) => answering.declined += 1,
                None => {}
            }
        }
        answering.median_ms = median(waits);
        Ok(answering)
    }

    /// How the suppliers that were asked in the last thirty days answered.
    pub async fn count_answers(&self) -> Result<Vec<Answers>, Error> {
        const COUNT: &str = "SELECT mode, CASE WHEN answer IS NOT NULL THEN answer \
            WHEN left_at IS NOT NULL OR asked_at < $2 THEN 'silent' ELSE 'waiting' END AS how, COUNT(*) AS count \
            FROM inquiry_suppliers WHERE asked_at >= $1 GROUP BY 1, 2 ORDER BY 1, 2";
        let now = self.clock.now_ms();
        let rows = self.sql.fetch_all(COUNT, args![now - COUNTED_MS, now - SILENT_MS]).await?;
        let read = |row: &Row| {
            let count = u64::try_from(row.int("count")?).unwrap_or(0);
            Ok(Answers { mode: row.parse("mode")?, answer: row.text("how")?, count })
        };
        rows.iter().map(read).collect()
    }

    /// For how many seconds the longest has been waited for an answer, in inquiries that are open.
    pub async fn longest_wait_s(&self) -> Result<u64, Error> {
        const OLDEST: &str =
            "SELECT MIN(asked_at) AS oldest FROM inquiry_suppliers WHERE answered_at IS NULL AND left_at IS NULL";
        let row = self.sql.fetch_optional(OLDEST, args![]).await?;
        let oldest = row.map(|row| row.opt_int("oldest")).transpose()?.flatten();
        let waited = oldest.map_or(0, |oldest| (self.clock.now_ms() - oldest) / 1000);
        Ok(u64::try_from(waited).unwrap_or(0))
    }
}

fn wait(row: &Row) -> Result<i64, Error> {
    Ok((row.int("answered_at")? - row.int("asked_at")?).max(0))
}

/// The middle one, or the mean of the two in the middle.
fn median(mut all: Vec<i64>) -> Option<i64> {
    all.sort_unstable();
    let middle = all.len() / 2;
    let upper = *all.get(middle)?;
    if all.len() % 2 == 1 { Some(upper) } else { Some(i64::midpoint(*all.get(middle.checked_sub(1)?)?, upper)) }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_the_middle_or_between_the_two_in_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![9]), Some(9));
        assert_eq!(median(vec![9, 1, 4]), Some(4));
        assert_eq!(median(vec![9, 1, 4, 6]), Some(5));
    }
}
