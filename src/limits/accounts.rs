//! All accounts this node has met, bounded in number; found without a lock that writers of others hold for long.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, PoisonError, RwLock};

use super::account::Account;
use crate::model::ids::PartnerId;
use crate::model::partner::Mode;

const SHARDS: usize = 16;
/// When a shard is full, this part of it makes place at once: to look for the one that has least to remember costs a look
/// at all.
const PLACES_SHARE: usize = 8;

type Shard = RwLock<HashMap<PartnerId, Arc<Account>>>;

/// Accounts by partner and mode.
#[derive(Debug)]
pub struct Accounts {
    hasher: RandomState,
    live: [Shard; SHARDS],
    sandbox: [Shard; SHARDS],
    most_per_shard: usize,
}

impl Accounts {
    /// Room for about `most` accounts of each mode; when it is full those that have least to remember make place.
    pub fn with_room_for(most: usize) -> Self {
        Self {
            hasher: RandomState::new(),
            live: Default::default(),
            sandbox: Default::default(),
            most_per_shard: most.div_ceil(SHARDS).max(1),
        }
    }

    /// The account of a partner; a new one if there is none.
    pub fn get(&self, partner: &PartnerId, mode: Mode, fresh: impl FnOnce() -> Account) -> Arc<Account> {
        let shard = self.shard(partner, mode);
        if let Some(account) = shard.read().unwrap_or_else(PoisonError::into_inner).get(partner) {
            return Arc::clone(account);
        }
        let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
        if !shard.contains_key(partner) && shard.len() >= self.most_per_shard {
            make_room(&mut shard);
        }
        Arc::clone(shard.entry(partner.clone()).or_insert_with(|| Arc::new(fresh())))
    }

    /// Forgets accounts with nothing to remember.
    pub fn tidy(&self, now_us: i64) {
        for shard in self.live.iter().chain(&self.sandbox) {
            let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
            shard.retain(|_, account| Arc::strong_count(account) > 1 || account.blank_at_us() > now_us);
        }
    }

    /// Accounts that are kept.
    pub fn len(&self) -> usize {
        let sizes = self.live.iter().chain(&self.sandbox);
        sizes.map(|shard| shard.read().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    fn shard(&self, partner: &PartnerId, mode: Mode) -> &Shard {
        let shards = match mode {
            Mode::Live => &self.live,
            Mode::Sandbox => &self.sandbox,
        };
        &shards[self.hasher.hash_one(partner) as usize % SHARDS]
    }
}

/// Drops the accounts with least to remember that nobody is using.
fn make_room(shard: &mut HashMap<PartnerId, Arc<Account>>) {
    let is_idle = |account: &Arc<Account>| Arc::strong_count(account) == 1;
    let mut ends: Vec<_> =
        shard.values().filter(|account| is_idle(account)).map(|account| account.blank_at_us()).collect();
    let mut most = (shard.len() / PLACES_SHARE).max(1).min(ends.len());
    if most == 0 {
        return;
    }
    let (_, end_us, _) = ends.select_nth_unstable(most - 1);
    let end_us = *end_us;
    shard.retain(|_, account| {
        let goes = most > 0 && is_idle(account) && account.blank_at_us() <= end_us;
        most -= usize::from(goes);
        !goes
    });
}

#[cfg(test)]
mod tests {
    use super::{Accounts, SHARDS};
    use crate::clock::Clock;
    use crate::limits::account::Account;
    use crate::model::ids::PartnerId;
    use crate::model::partner::Mode;
    use crate::model::plan::{Plan, Policy};
    use std::sync::Arc;

    #[test]
    fn when_it_is_full_those_with_least_to_remember_make_place_and_who_is_busy_stays() {
        let clock = Clock::shiftable();
        let policies = vec![Policy::rolling("minute", 600, 60, 600)];
        let plan = Plan { id: "p".into(), policies, in_flight: 4, price_tier: "standard".into() };
        let plan = Arc::new(plan);
        let accounts = Accounts::with_room_for(SHARDS * 16);
        let get = |number: usize| {
            let id: PartnerId = format!("partner-{number}").parse().unwrap();
            accounts.get(&id, Mode::Live, || Account::new(&id, Mode::Live, &plan, clock.clone()))
        };
        let busy = get(0);
        let spender = get(1);
        spender.spend(&plan, 500);
        drop(spender);
        for number in 2..5_000 {
            get(number).spend(&plan, 1);
        }
        assert!(accounts.len() <= SHARDS * 16, "{}", accounts.len());
        assert!(Arc::ptr_eq(&busy, &get(0)), "it is in use");
        let left = get(1).spend(&plan, 0).standing(0).rows().next().unwrap().remaining;
        assert!((100..150).contains(&left), "what it spent is remembered: {left}");
    }
}
