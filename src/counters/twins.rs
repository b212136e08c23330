//! Twins: the very same request twice within seconds, as clients that repeat by themselves send it. The second one waits
//! for the first one's answer and is given it. Kept in the process, and in Redis where nodes share one, so that the twin
//! may come to another node; while Redis does not answer, twins are only known where the first one came.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::watch;

use super::Counters;
use super::redis::{Redis, Unavailable};

/// How long an answer is kept for a twin.
pub const KEPT: Duration = Duration::from_secs(5);
/// How long a twin waits for it; the first one is taken for lost then.
pub const WAITS: Duration = Duration::from_secs(30);
/// How often a twin of another node looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Longer answers are not shared with other nodes.
const MOST_BYTES: usize = 64 * 1024;
/// So many requests are remembered; beyond that none is taken for a twin.
const MOST_REQUESTS: usize = 100_000;
/// In Redis an answer begins so, and the word of whoever works on one so.
const ANSWER: u8 = b'=';
const WORKING: u8 = b'?';

/// What a request turned out to be.
#[derive(Debug)]
pub enum Twin {
    /// The first of its kind: whoever has it does the work, and says what came of it.
    First(First),
    /// Another: this is what the first one was answered.
    Again(Bytes),
    /// Another, whose first one has not been answered in all this time.
    Lost,
}

/// The right, and the duty, to answer a request.
#[derive(Debug)]
pub struct First {
    twins: Arc<Twins>,
    key: String,
    told: watch::Sender<Option<Bytes>>,
    shared: bool,
}

/// Requests that are under way or were answered a moment ago.
#[derive(Debug)]
pub struct Twins {
    counters: Counters,
    /// What this node writes where it is at work.
    mark: Vec<u8>,
    here: Mutex<HashMap<String, Here>>,
}

#[derive(Debug)]
struct Here {
    answer: watch::Receiver<Option<Bytes>>,
    begun: Instant,
}

impl Here {
    fn counts(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.begun) < WAITS + KEPT
    }
}

/// What Redis has of a request.
enum There {
    Mine,
    Working,
    Answered(Bytes),
}

impl Twins {
    /// None yet.
    pub fn new(counters: Counters) -> Self {
        let mark = [&[WORKING], uuid::Uuid::now_v7().simple().to_string().as_bytes()].concat();
        Self { counters, mark, here: Mutex::default() }
    }

    /// What the request is that these words stand for: they have to name its caller, and everything it asks for.
    pub async fn begin(self: &Arc<Self>, request: &str) -> Twin {
        let until = Instant::now() + WAITS;
        loop {
            let mut answer = match self.enter(request) {
                Ok(first) => return self.ask_others(first, until).await,
                Err(answer) => answer,
            };
            match tokio::time::timeout_at(until.into(), answer.wait_for(Option::is_some)).await {
                Ok(Ok(told)) => return told.clone().map_or(Twin::Lost, Twin::Again),
                // The first one was broken off; somebody has to do it.
                Ok(Err(_)) => {}
                Err(_) => return Twin::Lost,
            }
        }
    }

    /// A place as the first one here, or where the first one's answer will be.
    fn enter(self: &Arc<Self>, request: &str) -> Result<First, watch::Receiver<Option<Bytes>>> {
        let (mut here, now) = (self.here(), Instant::now());
        if let Some(known) = here.get(request).filter(|known| known.counts(now)) {
            // Broken off: its sender is gone and nothing was said.
            if known.answer.has_changed().is_ok() || known.answer.borrow().is_some() {
                return Err(known.answer.clone());
            }
        }
        if here.len() >= MOST_REQUESTS {
            here.retain(|_, known| known.counts(now));
        }
        let (told, answer) = watch::channel(None);
        if here.len() < MOST_REQUESTS {
            here.insert(request.to_owned(), Here { answer, begun: now });
        }
        Ok(First { twins: Arc::clone(self), key: format!("xy:twin:{request}"), told, shared: false })
    }

    /// Whether another node has it, or had.
    async fn ask_others(&self, mut first: First, until: Instant) -> Twin {
        let Counters::Redis { redis, .. } = &self.counters else { return Twin::First(first) };
        loop {
            match self.look(redis, &first.key).await {
                Ok(There::Mine) => {
                    first.shared = true;
                    return Twin::First(first);
                }
                Ok(There::Answered(answer)) => {
                    first.tell(&answer);
                    return Twin::Again(answer);
                }
                Ok(There::Working) if Instant::now() < until => tokio::time::sleep(LOOK_EVERY).await,
                Ok(There::Working) => return Twin::Lost,
                Err(Unavailable::HeldBack | Unavailable::Failed) => return Twin::First(first),
            }
        }
    }

    async fn look(&self, redis: &Redis, key: &str) -> Result<There, Unavailable> {
        let mut set = redis::cmd("SET");
        set.arg(key).arg(&self.mark).arg("NX").arg("PX").arg(millis(WAITS));
        let set = &set;
        let was_set: Option<String> = redis.ask(key, async |mut link| set.query_async(&mut link).await).await?;
        if was_set.is_some() {
            return Ok(There::Mine);
        }
        let mut get = redis::cmd("GET");
        get.arg(key);
        let get = &get;
        let found: Option<Vec<u8>> = redis.ask(key, async |mut link| get.query_async(&mut link).await).await?;
        Ok(match found {
            Some(bytes) if bytes.first() == Some(&ANSWER) => There::Answered(Bytes::from(bytes).slice(1..)),
            // Ours, and nobody here is at it any more: it was broken off.
            Some(bytes) if bytes == self.mark => There::Mine,
            _ => There::Working,
        })
    }

    /// Requests remembered here.
    pub fn remembered(&self) -> usize {
        self.here().len()
    }

    /// Forgets what was answered a while ago; called by a task every few seconds.
    pub fn tidy(&self) {
        let now = Instant::now();
        self.here().retain(|_, known| known.counts(now));
    }

    fn here(&self) -> MutexGuard<'_, HashMap<String, Here>> {
        self.here.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl First {
    /// Says what came of it.
    pub async fn answered(self, answer: Bytes) {
        self.tell(&answer);
        let Counters::Redis { redis, .. } = &self.twins.counters else { return };
        if !self.shared || answer.len() > MOST_BYTES {
            return;
        }
        let value = [&[ANSWER], answer.as_ref()].concat();
        let mut set = redis::cmd("SET");
        set.arg(&self.key).arg(value).arg("PX").arg(millis(KEPT));
        let set = &set;
        // Without it a twin at another node waits and is told to come again.
        let _: Result<(), _> = redis.ask(&self.key, async |mut link| set.query_async(&mut link).await).await;
    }

    /// Says that nothing came of it: whoever asks again does it anew.
    pub async fn nothing(self) {
        let Counters::Redis { redis, .. } = &self.twins.counters else { return };
        if !self.shared {
            return;
        }
        let mut forget = redis::cmd("DEL");
        forget.arg(&self.key);
        let forget = &forget;
        let _: Result<(), _> = redis.ask(&self.key, async |mut link| forget.query_async(&mut link).await).await;
    }

    fn tell(&self, answer: &Bytes) {
        self.told.send_replace(Some(answer.clone()));
        let request = self.key.trim_start_matches("xy:twin:");
        if let Some(known) = self.twins.here().get_mut(request) {
            // From now on it is kept for so long.
            known.begun = Instant::now().checked_sub(WAITS).unwrap_or(known.begun);
        }
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::super::redis_server::Server;
    use super::{Twin, Twins};
    use crate::clock::Clock;
    use crate::counters::Counters;

    fn answer() -> Bytes {
        Bytes::from_static(b"{\"orderId\":26}")
    }

    #[tokio::test]
    async fn a_twin_hears_the_answer_of_the_first_whether_it_waits_for_it_or_comes_after() {
        let twins = Arc::new(Twins::new(Counters::InProcess));
        let Twin::First(first) = twins.begin("a").await else { panic!("nobody was before it") };
        let Twin::First(other) = twins.begin("b").await else { panic!("it is another request") };
        let waits = twins.begin("a");
        let answers = async {
            tokio::task::yield_now().await;
            first.answered(answer()).await;
        };
        let (heard, ()) = tokio::join!(waits, answers);
        assert!(matches!(heard, Twin::Again(bytes) if bytes == answer()));
        assert!(matches!(twins.begin("a").await, Twin::Again(bytes) if bytes == answer()));
        drop(other);
        assert!(matches!(twins.begin("b").await, Twin::First(_)), "it was broken off");
    }

    #[tokio::test]
    async fn one_of_many_does_the_work() {
        let twins = Arc::new(Twins::new(Counters::InProcess));
        let each = (0..20).map(|_| async {
            match twins.begin("a").await {
                Twin::First(first) => {
                    tokio::task::yield_now().await;
                    first.answered(answer()).await;
                    1
                }
                Twin::Again(bytes) => {
                    assert_eq!(bytes, answer());
                    0
                }
                Twin::Lost => panic!("it was answered"),
            }
        });
        assert_eq!(futures_util::future::join_all(each).await.into_iter().sum::<i32>(), 1);
        assert_eq!(twins.remembered(), 1);
        twins.tidy();
        assert_eq!(twins.remembered(), 1, "it is fresh");
    }

    #[tokio::test]
    async fn a_twin_at_another_node_hears_it_too() {
        let Some(mut server) = Server::start() else { return };
        let clock = Clock::shiftable();
        let node = || Arc::new(Twins::new(server.counters(&clock)));
        let (one, two) = (node(), node());
        let Twin::First(first) = one.begin("a").await else { panic!("nobody was before it") };
        let (heard, ()) = tokio::join!(two.begin("a"), first.answered(answer()));
        assert!(matches!(heard, Twin::Again(bytes) if bytes == answer()));
        let Twin::First(first) = one.begin("b").await else { panic!("nobody was before it") };
        first.nothing().await;
        let Twin::First(first) = two.begin("b").await else { panic!("nothing came of the first") };
        drop(first);
        assert!(matches!(two.begin("b").await, Twin::First(_)), "broken off at this very node");
        server.kill();
        assert!(matches!(one.begin("c").await, Twin::First(_)), "each node by itself");
    }
}
