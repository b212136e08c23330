//! Who hears of which message on this node: the channels of an app share its messages, each being on its way on one of
//! them at a time. Channels of other nodes know nothing of that: whoever opens several there may hear a message twice,
//! under the same number.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Channels that an app may have on a node.
pub const MOST_CHANNELS: usize = 4;
/// Messages that may be on their way on a channel without being confirmed.
pub const MOST_UNCONFIRMED: usize = 64;
/// What is not confirmed for so long is sent again.
pub const AGAIN_AFTER: Duration = Duration::from_secs(60);
/// So many times a message is sent while an app is connected; then it waits to be pulled, or for the next connection.
pub const MOST_TIMES: u32 = 10;

/// The channels of all apps.
#[derive(Debug, Default)]
pub struct Desk {
    apps: Mutex<HashMap<String, Line>>,
}

#[derive(Debug, Default)]
struct Line {
    channels: Vec<u64>,
    next: u64,
    sent: HashMap<i64, Way>,
}

/// A message on its way.
#[derive(Clone, Copy, Debug)]
struct Way {
    channel: Option<u64>,
    at: Instant,
    times: u32,
}

/// A channel's place; given back when it is dropped.
#[derive(Debug)]
pub struct Place {
    desk: Arc<Desk>,
    app: String,
    number: u64,
}

impl Desk {
    /// A place for another channel of the app; none when it has as many as it may.
    pub fn enter(self: &Arc<Self>, app: &str) -> Option<Place> {
        let mut apps = self.apps();
        let line = apps.entry(app.to_owned()).or_default();
        if line.channels.len() >= MOST_CHANNELS {
            return None;
        }
        line.next += 1;
        line.channels.push(line.next);
        Some(Place { desk: Arc::clone(self), app: app.to_owned(), number: line.next })
    }

    /// How many channels there are.
    pub fn channels(&self) -> usize {
        self.apps().values().map(|line| line.channels.len()).sum()
    }

    fn apps(&self) -> MutexGuard<'_, HashMap<String, Line>> {
        self.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// How many messages have to be looked at to find one that is not on its way.
    pub fn look_at(&self) -> usize {
        self.desk.apps().get(&self.app).map_or(0, |line| line.sent.len()) + MOST_UNCONFIRMED
    }

    /// Takes those of these messages that this channel shall send now.
    pub fn take(&self, ids: &[i64], now: Instant) -> Vec<i64> {
        let mut apps = self.desk.apps();
        let Some(line) = apps.get_mut(&self.app) else { return Vec::new() };
        let on_way = |way: &Way| now.saturating_duration_since(way.at) < AGAIN_AFTER;
        let mine = line.sent.values().filter(|way| way.channel == Some(self.number) && on_way(way)).count();
        let mut taken = Vec::new();
        for id in ids {
            if taken.len() + mine >= MOST_UNCONFIRMED {
                break;
            }
            let before = line.sent.get(id).copied();
            if before.is_some_and(|way| way.times >= MOST_TIMES || (way.channel.is_some() && on_way(&way))) {
                continue;
            }
            let times = before.map_or(0, |way| way.times) + 1;
            line.sent.insert(*id, Way { channel: Some(self.number), at: now, times });
            taken.push(*id);
        }
        taken
    }

    /// A message is confirmed.
    pub fn settle(&self, id: i64) {
        if let Some(line) = self.desk.apps().get_mut(&self.app) {
            line.sent.remove(&id);
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut apps = self.desk.apps();
        let Some(line) = apps.get_mut(&self.app) else { return };
        line.channels.retain(|channel| *channel != self.number);
        for way in line.sent.values_mut().filter(|way| way.channel == Some(self.number)) {
            // Another channel may send it at once.
            way.channel = None;
        }
        if line.channels.is_empty() {
            apps.remove(&self.app);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Instant;

    use super::{AGAIN_AFTER, Desk, MOST_CHANNELS, MOST_TIMES, MOST_UNCONFIRMED};

    #[test]
    fn an_app_has_so_many_channels_and_another_its_own() {
        let desk = Arc::new(Desk::default());
        let places: Vec<_> = (0..MOST_CHANNELS).map(|_| desk.enter("1").unwrap()).collect();
        assert!(desk.enter("1").is_none() && desk.enter("2").is_some());
        drop(places);
        assert!(desk.enter("1").is_some());
        assert_eq!(desk.channels(), 0, "who leaves is forgotten");
    }

    #[test]
    fn a_message_is_on_its_way_on_one_channel() {
        let (desk, now) = (Arc::new(Desk::default()), Instant::now());
        let (one, two) = (desk.enter("1").unwrap(), desk.enter("1").unwrap());
        assert_eq!(one.take(&[1, 2], now), [1, 2]);
        assert_eq!(two.take(&[1, 2, 3], now), [3]);
        drop(one);
        assert_eq!(two.take(&[1, 2, 3], now), [1, 2], "what the other did not bring home");
        two.settle(1);
        assert_eq!(two.take(&[2, 3], now + AGAIN_AFTER), [2, 3], "what nobody confirmed");
    }

    #[test]
    fn so_many_are_under_way_and_none_is_sent_for_ever() {
        let (desk, now) = (Arc::new(Desk::default()), Instant::now());
        let place = desk.enter("1").unwrap();
        let many: Vec<_> = (0..200).collect();
        assert_eq!(place.take(&many, now).len(), MOST_UNCONFIRMED);
        assert!(place.take(&many, now).is_empty());
        place.settle(0);
        assert_eq!(place.take(&many[1..], now), [i64::try_from(MOST_UNCONFIRMED).unwrap()]);
        assert_eq!(place.look_at(), 2 * MOST_UNCONFIRMED);
        let times = (1..=2 * MOST_TIMES).filter(|time| place.take(&[7], now + AGAIN_AFTER * *time) == [7]).count();
        assert_eq!(times, MOST_TIMES as usize - 1);
    }
}
