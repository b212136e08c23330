//! A limit on refusals, by address and by key id: guessing and misconfigured loops get a 429 instead of a story.
//! Asked only once a request is refused anyway, so that nobody's valid requests are ever in its way.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::clock::Clock;
use crate::edge::address::network;

/// Addresses and key ids are counted in this many slots each. Two that meet in one slot share its limit, which costs
/// them a friendlier answer at worst; a table with a row for each could be filled by anybody.
const SLOTS: u16 = 1 << 15;

/// Counts refusals.
pub struct Throttle {
    limiter: Option<RateLimiter<u16, DashMapStateStore<u16>, Ticks, NoOpMiddleware<Duration>>>,
    ticks: Ticks,
    /// Seeded anew in each process, so that nobody can aim for another's slot.
    seed: RandomState,
}

impl Throttle {
    /// Lets through this many refusals a minute for each address and each key id; 0 for no limit.
    pub fn new(refusals_per_minute: u32, clock: Clock) -> Self {
        let ticks = Ticks(clock);
        let limiter = NonZeroU32::new(refusals_per_minute)
            .map(|number| RateLimiter::new(Quota::per_minute(number), DashMapStateStore::default(), ticks.clone()));
        Self { limiter, ticks, seed: RandomState::new() }
    }

    /// Counts one refusal; gives the seconds to wait when there were too many.
    pub fn charge(&self, address: IpAddr, key_id: Option<&str>) -> Option<u64> {
        let limiter = self.limiter.as_ref()?;
        let slots = [Some(self.slot(network(address))), key_id.map(|id| SLOTS + self.slot(id))];
        let waits = slots.into_iter().flatten().filter_map(|slot| {
            let refused = limiter.check_key(&slot).err()?;
            Some(refused.wait_time_from(self.ticks.now()))
        });
        // Every slot is charged before the longest wait is taken.
        waits.max().map(|wait| wait.as_secs().saturating_add(1))
    }

    fn slot(&self, of: impl Hash) -> u16 {
        (self.seed.hash_one(of) % u64::from(SLOTS)) as u16
    }
}

/// Our clock in the limiter's words.
#[derive(Clone, Debug)]
struct Ticks(Clock);

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.now_ms()).unwrap_or(0))
    }
}

impl std::fmt::Debug for Throttle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Throttle({} slots in use)", self.limiter.as_ref().map_or(0, RateLimiter::len))
    }
}

#[cfg(test)]
mod tests {
    use super::{SLOTS, Throttle};
    use crate::clock::Clock;

    #[test]
    fn too_many_refusals_from_one_network_have_to_wait_and_then_may_again() {
        let clock = Clock::shiftable();
        let throttle = Throttle::new(3, clock.clone());
        let near = ["2001:db8::1", "2001:db8::2", "2001:db8:0:0:9::"].map(|text| text.parse().unwrap());
        for address in near {
            assert_eq!(throttle.charge(address, None), None);
        }
        let wait = throttle.charge(near[0], None).unwrap();
        assert!((15..=21).contains(&wait), "{wait}");
        assert_eq!(throttle.charge("2001:db8:1::1".parse().unwrap(), None), None);
        clock.advance_ms(21_000);
        assert_eq!(throttle.charge(near[0], None), None);
    }

    #[test]
    fn one_key_id_tried_from_many_addresses_is_noticed() {
        let throttle = Throttle::new(3, Clock::shiftable());
        let waits: Vec<_> =
            (0..5_u8).map(|last| throttle.charge([198, 51, 100, last].into(), Some("xyk_live_x"))).collect();
        assert!(waits[..3].iter().all(Option::is_none) && waits[3..].iter().all(Option::is_some), "{waits:?}");
    }

    #[test]
    fn any_number_of_invented_key_ids_takes_no_more_room_than_the_slots() {
        let throttle = Throttle::new(1, Clock::shiftable());
        for number in 0..200_000_u32 {
            throttle.charge(std::net::Ipv4Addr::from(number).into(), Some(&format!("xyk_live_{number}")));
        }
        assert!(throttle.limiter.as_ref().unwrap().len() <= usize::from(SLOTS) * 2);
    }

    #[test]
    fn zero_means_no_limit() {
        let throttle = Throttle::new(0, Clock::shiftable());
        assert!((0..1000).all(|_| throttle.charge([127, 0, 0, 1].into(), None).is_none()));
    }
}
