//! What partners ask: to follow, to follow no more, and what they follow.

use std::collections::HashMap;

use super::look::Sight;
use super::{Error, Following, TRIES};
use crate::ledger::{self, Wished};
use crate::model::follow::{Follow, Standing, Watched};
use crate::model::ids::OfferId;
use crate::model::page::{Cursor, Page, PageSize};
use crate::model::partner::{Caller, Mode};

/// How many offers can be followed in one request: what the catalogue gives at once.
pub const MOST_AT_ONCE: usize = 50;

impl Following {
    /// Has the caller's partner follow these offers; each has its own outcome, in the asked order.
    pub async fn follow_offers(
        &self,
        caller: &Caller,
        offers: &[OfferId],
    ) -> Result<Vec<Result<Follow, Error>>, Error> {
        let mut outcomes: HashMap<OfferId, Result<Follow, Error>> = HashMap::new();
        for _ in 0..TRIES {
            let open: Vec<_> = offers.iter().copied().filter(|offer| !outcomes.contains_key(offer)).collect();
            if open.is_empty() {
                return Ok(offers.iter().map(|offer| outcomes.remove(offer).unwrap_or(Err(Error::Busy))).collect());
            }
            let known = self.seen_once(caller.mode, &open, &mut outcomes).await?;
            let most = self.most(caller);
            for (offer, wished) in self.ledger.append_follows(&caller.partner.id, caller.mode, &known, most).await? {
                match wished {
                    Wished::Followed(follow) => outcomes.insert(offer, Ok(*follow)),
                    Wished::TooMany => outcomes.insert(offer, Err(Error::TooMany(most))),
                    Wished::Unseen => None,
                };
            }
        }
        Err(Error::Busy)
    }

    /// Has the caller's partner follow an offer no more.
    pub async fn unfollow(&self, caller: &Caller, offer: OfferId) -> Result<(), Error> {
        let removed = self.ledger.remove_follow(&caller.partner.id, caller.mode, offer).await?;
        if removed { Ok(()) } else { Err(Error::NotFollowed(offer)) }
    }

    /// What the caller's partner follows, newest first.
    pub async fn list(&self, caller: &Caller, after: Option<&Cursor>, size: PageSize) -> Result<Page<Follow>, Error> {
        Ok(self.ledger.list_follows(&caller.partner.id, caller.mode, after, size).await?)
    }

    /// Those of these offers that the caller's partner follows.
    pub async fn followed_of(&self, caller: &Caller, offers: &[OfferId]) -> Result<Vec<OfferId>, Error> {
        Ok(self.ledger.followed_of(&caller.partner.id, caller.mode, offers).await?)
    }

    /// Those of these offers that were looked at, now or before, and that can be followed; why others cannot is an outcome.
    async fn seen_once(
        &self,
        mode: Mode,
        offers: &[OfferId],
        outcomes: &mut HashMap<OfferId, Result<Follow, Error>>,
    ) -> Result<Vec<OfferId>, Error> {
        let all = self.ledger.look_after(mode, offers).await?;
        let (known, fresh): (Vec<_>, Vec<_>) = all.into_iter().partition(|watched| watched.seen.is_some());
        let numbers: Vec<_> = fresh.iter().map(|watched| watched.offer).collect();
        let mut sights = self.look_at_all(mode, &numbers).await?;
        let mut ready = Vec::new();
        for watched in known {
            // Somebody follows it still, though it is gone.
            let is_gone = watched.seen.as_ref().is_some_and(|seen| seen.standing == Standing::Withdrawn);
            if is_gone {
                outcomes.insert(watched.offer, Err(Error::OfferNotFound(watched.offer)));
            } else {
                ready.push(watched.offer);
            }
        }
        for watched in fresh {
            match self.first_look(mode, &watched, sights.remove(&watched.offer)).await? {
                None => ready.push(watched.offer),
                Some(refused) => drop(outcomes.insert(watched.offer, Err(refused))),
            }
        }
        Ok(ready)
    }

    /// Remembers the first look at an offer; gives why it cannot be followed.
    async fn first_look(&self, mode: Mode, watched: &Watched, sight: Option<Sight>) -> Result<Option<Error>, Error> {
        let look = match sight {
            Some(Sight::Seen(look)) if look.standing != Standing::Withdrawn => look,
            Some(Sight::Foreign) => return Ok(Some(Error::OfferForeign(watched.offer))),
            _ => return Ok(Some(Error::OfferNotFound(watched.offer))),
        };
        match self.ledger.take_in_look(mode, watched, &look).await {
            // Somebody else looked first, and later than we did.
            Ok(_) | Err(ledger::Error::Moved) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}
