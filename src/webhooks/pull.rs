//! The same events by pull, and the partner's word up to where it has them.

use super::{Error, Webhooks};
use crate::error::Place;
use crate::ledger::Announcement;
use crate::model::event::Pattern;
use crate::model::partner::Caller;

/// How many events are looked at for one page, whatever the patterns let through.
const LOOKED_AT: u32 = 1_000;

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
            Some(after) => {
                self.must_be_told(caller, after, |told| Place::query("after", told)).await?;
                after
            }
            None => self.ledger.event_cursor(partner, mode).await?,
        };
        let look_at = if patterns.is_empty() { limit } else { LOOKED_AT };
        let mut rows = self.ledger.list_events(partner, mode, after, &[], look_at + 1).await?;
        let mut more = rows.len() > look_at as usize;
        rows.truncate(look_at as usize);
        let mut pulled = Pulled { events: Vec::new(), position: after, more: false };
        for event in rows {
            if pulled.events.len() >= limit as usize {
                more = true;
                break;
            }
            pulled.position = event.position;
            if patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(&event.kind)) {
                pulled.events.push(event);
            }
        }
        Ok(Pulled { more, ..pulled })
    }

    /// Keeps that the partner has everything up to a position; gives where it stands now, which is never less.
    pub async fn acknowledge(&self, caller: &Caller, position: i64) -> Result<i64, Error> {
        let (partner, mode) = (&caller.partner.id, caller.mode);
        self.must_be_told(caller, position, |told| Place::body("/position", told)).await?;
        Ok(self.ledger.acknowledge_events(partner, mode, position).await?)
    }

    /// Whoever names a position that no event of theirs has reached took it from elsewhere, and would wait in vain.
    async fn must_be_told(&self, caller: &Caller, position: i64, place: fn(String) -> Place) -> Result<(), Error> {
        let (partner, mode) = (&caller.partner.id, caller.mode);
        // What is acknowledged was told, though it may be forgotten by now.
        if position <= self.ledger.event_cursor(partner, mode).await? {
            return Ok(());
        }
        let newest = self.ledger.newest_event(partner, mode).await?;
        // Oldest are forgotten first: while one is there it is the newest; without any, what was told may be forgotten.
        let bound = if newest > 0 { newest } else { self.ledger.newest_of_all().await? };
        if position > bound {
            let told = format!("your newest event has position {newest}; give a position that you were told");
            return Err(Error::Invalid(vec![place(told)]));
        }
        Ok(())
    }
}
