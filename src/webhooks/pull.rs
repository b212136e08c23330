//! The same events by pull, and the partner's word up to where it has them.

use super::{Error, Webhooks};
use crate::error::Place;
use crate::ledger::Announcement;
use crate::model::event::{KINDS, Pattern};
use crate::model::partner::Caller;

/// A page of events.
#[derive(Clone, Debug)]
pub struct Pulled {
    /// The events, in the order they were published.
    pub events: Vec<Announcement>,
    /// Everything up to here is told, apart from types that were not asked for: where the next page starts.
    pub position: i64,
    /// Whether there is more behind it already.
    pub more: bool,
}

impl Webhooks {
    /// A partner's events after a position, or after what it acknowledged; of the types that a pattern matches, or all.
    pub async fn pull(
        &self,
        caller: &Caller,
        after: Option<i64>,
        patterns: &[Pattern],
        limit: u32,
    ) -> Result<Pulled, Error> {
        let (partner, mode) = (&caller.partner.id, caller.mode);
        let after = match after {
            Some(after) => after,
            None => self.ledger.event_cursor(partner, mode).await?,
        };
        // Read first: what is published while we look is on a later page.
        let newest = self.ledger.newest_event(partner, mode).await?;
        let kinds = kinds(patterns);
        let mut events = self.ledger.list_events(partner, mode, after, &kinds, limit + 1).await?;
        let more = events.len() > limit as usize;
        events.truncate(limit as usize);
        let last = events.last().map_or(after, |event| event.position);
        let position = if more { last } else { last.max(newest).max(after) };
        Ok(Pulled { events, position, more })
    }

    /// Keeps that the partner has everything up to a position; gives where it stands now, which is never less.
    pub async fn acknowledge(&self, caller: &Caller, position: i64) -> Result<i64, Error> {
        let (partner, mode) = (&caller.partner.id, caller.mode);
        let newest = self.ledger.newest_event(partner, mode).await?;
        if position > newest {
            let told = format!("your newest event has position {newest}; acknowledge what you have received");
            return Err(Error::Invalid(vec![Place::body("/position", told)]));
        }
        Ok(self.ledger.acknowledge_events(partner, mode, position).await?)
    }
}

/// The types that patterns stand for; none for all.
fn kinds(patterns: &[Pattern]) -> Vec<String> {
    if patterns.iter().any(|pattern| pattern.as_str() == "*") {
        return Vec::new();
    }
    let wanted = |name: &str| patterns.iter().any(|pattern| pattern.matches(name));
    KINDS.iter().filter(|kind| wanted(kind.name)).map(|kind| kind.name.to_owned()).collect()
}
