//! The Redis tier: documents that all nodes share, and who of them fetches one. Every kind of trouble is a miss that is
//! counted, and after some silence Redis is left alone for a while.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use redis::{ErrorKind, FromRedisValue, RedisError, RedisResult, ServerErrorKind};

use crate::cache::circuit::Circuit;
use crate::cache::kept::Kept;
use crate::cache::key::Key;
use crate::cache::tally::Tally;
use crate::clock::Clock;
use crate::redis_link::{BadPlace, Link, Links, Patience, Place};

const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// Writing is not waited for by anybody, and what is asked in the background has time; this bounds how long a task lives.
pub(super) const ERRAND_WITHIN: Duration = Duration::from_millis(500);
/// Keys of documents begin with this, those of rendered answers and of leases with those; all go on with a hash of the key
/// in braces, which puts a document and its lease into one slot of a cluster.
const DOCUMENTS: &[u8] = b"xy:doc:2:{";
const ANSWERS: &[u8] = b"xy:ans:1:{";
const LEASES: &[u8] = b"xy:fetch:1:{";
/// Larger documents are not shared: one of them would hold up everyone's small ones on the connection.
const LARGEST_BYTES: usize = 512 * 1024;
/// For what came to be read, handed over, and looked at.
const TURNS: usize = 3;
/// A lease ends by itself after this, should whoever has it die. Others do not wait so long.
const LEASE_MS: u32 = 3_000;

/// Gives up what is ours still.
pub(super) const GIVE_UP: &str =
    "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/// The way to Redis; each worker's connection is its own, the rest is shared.
#[derive(Clone, Debug)]
pub(super) struct Redis(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    links: Links,
    budget: Duration,
    circuit: Circuit,
    tally: Arc<Tally>,
    clock: Clock,
}

/// Who fetches.
#[derive(Debug)]
pub(super) enum Lease {
    /// We do.
    Ours(Token),
    /// Another node does.
    Theirs,
    /// Redis does not say.
    Unknown,
}

/// What shows that a lease is ours.
#[derive(Clone, Debug)]
pub(super) struct Token(String);

impl Redis {
    pub fn to(place: &Place, budget: Duration, tally: Arc<Tally>, clock: Clock) -> Result<Self, BadPlace> {
        let links = Links::to(place, Patience { connect: CONNECT_WITHIN, answer: ERRAND_WITHIN })?;
        Ok(Self(Arc::new(Inner { links, budget, circuit: Circuit::default(), tally, clock })))
    }

    /// Whether Redis is left alone at the moment.
    pub fn is_down(&self) -> bool {
        self.0.circuit.is_open()
    }

    /// The kept document, if Redis has it and says so in time.
    pub async fn find(&self, key: &Key) -> Option<Kept> {
        self.find_as(DOCUMENTS, key, self.0.budget).await
    }

    /// The same of a rendered answer; it has half the time, so that there is some left to look for its document.
    pub async fn find_answer(&self, key: &Key) -> Option<Kept> {
        self.find_as(ANSWERS, key, self.0.budget / 2).await
    }

    async fn find_as(&self, what: &[u8], key: &Key, budget: Duration) -> Option<Kept> {
        let mut command = redis::cmd("GET");
        command.arg(name(what, key));
        let found = self.within(budget, async |mut link| command.query_async(&mut link).await).await?;
        self.read(key, found)
    }

    /// Asks to be the one node that fetches a document, and looks once more whether another has.
    pub async fn lease(&self, key: &Key) -> (Lease, Option<Kept>) {
        let token = Token(uuid::Uuid::now_v7().simple().to_string());
        let mut both = redis::pipe();
        both.cmd("SET").arg(name(LEASES, key)).arg(&token.0).arg("NX").arg("PX").arg(LEASE_MS);
        both.cmd("GET").arg(name(DOCUMENTS, key));
        let asked = self.within(self.0.budget, async |mut link| both.query_async(&mut link).await).await;
        let Some((taken, found)): Option<(Option<String>, Option<Vec<u8>>)> = asked else {
            return (Lease::Unknown, None);
        };
        let lease = if taken.is_some() { Lease::Ours(token) } else { Lease::Theirs };
        (lease, self.read(key, found))
    }

    /// Keeps a document until its last use and then gives up the lease on it, in a task of its own.
    pub fn keep(&self, key: &Key, kept: &Kept, lease: Option<Token>) {
        let left_ms = kept.error_until_ms - self.0.clock.now_ms();
        if left_ms <= 0 || kept.content.weight() > LARGEST_BYTES {
            return self.give_up(key, lease);
        }
        let mut command = redis::cmd("SET");
        command.arg(name(DOCUMENTS, key)).arg(kept.packed().encode(key)).arg("PX").arg(left_ms);
        self.later(key, Some(command), lease);
    }

    /// Keeps a rendered answer while nobody has to be asked about it, in a task of its own.
    pub fn keep_answer(&self, key: &Key, answer: &Kept) {
        let left_ms = answer.soft_until_ms - self.0.clock.now_ms();
        if left_ms <= 0 || answer.content.weight() > LARGEST_BYTES {
            return;
        }
        let mut command = redis::cmd("SET");
        command.arg(name(ANSWERS, key)).arg(answer.encode(key)).arg("PX").arg(left_ms);
        self.later(key, Some(command), None);
    }

    /// Lets another node fetch, in a task of its own.
    pub fn give_up(&self, key: &Key, lease: Option<Token>) {
        if lease.is_some() {
            self.later(key, None, lease);
        }
    }

    /// Forgets a document, in a task of its own.
    pub fn forget(&self, key: &Key) {
        let mut command = redis::cmd("DEL");
        command.arg(name(DOCUMENTS, key));
        self.later(key, Some(command), None);
    }

    #[expect(clippy::disallowed_methods, reason = "nobody waits for a write to the cache")]
    fn later(&self, key: &Key, command: Option<redis::Cmd>, lease: Option<Token>) {
        let (this, lease_name) = (self.clone(), name(LEASES, key));
        tokio::spawn(async move {
            if let Some(command) = command {
                this.errand(async |mut link| command.query_async::<redis::Value>(&mut link).await).await;
            }
            // After the document is there: whoever finds the lease free finds the document.
            if let Some(Token(token)) = lease {
                let mut call = script(GIVE_UP, &[&lease_name]);
                call.arg(token);
                this.errand(async |link| told::<i64>(call, link).await).await;
            }
        });
    }

    /// Asks something that nobody waits for; none when Redis does not answer, or is left alone.
    pub async fn errand<T, F>(&self, question: impl FnOnce(Link) -> F) -> Option<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        self.within(ERRAND_WITHIN, question).await
    }

    fn read(&self, key: &Key, found: Option<Vec<u8>>) -> Option<Kept> {
        let kept = Kept::decode(key, Bytes::from(found?));
        if kept.is_none() {
            Tally::one(&self.0.tally.redis_foreign);
            tracing::debug!("an entry in Redis has foreign or damaged bytes; it is passed over");
        }
        kept
    }

    async fn within<T, F>(&self, budget: Duration, question: impl FnOnce(Link) -> F) -> Option<T>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let inner = &self.0;
        if !inner.circuit.may_try(inner.clock.now_ms()) {
            Tally::one(&inner.tally.redis_left_alone);
            return None;
        }
        let why = match answered(budget, inner.links.ask(question)).await {
            Some(Ok(value)) => {
                inner.circuit.worked();
                return Some(value);
            }
            Some(Err(error)) if is_an_answer(&error) => {
                inner.circuit.worked();
                Tally::one(&inner.tally.redis_refused);
                error.to_string()
            }
            Some(Err(error)) => {
                Tally::one(&inner.tally.redis_gone);
                self.silent();
                error.to_string()
            }
            None => {
                Tally::one(&inner.tally.redis_slow);
                self.silent();
                format!("no answer within {} ms", budget.as_millis())
            }
        };
        tracing::debug!(why, "Redis gave no answer; the lookup is a miss");
        None
    }

    fn silent(&self) {
        if self.0.circuit.failed(self.0.clock.now_ms()) {
            // Perhaps Redis is somewhere else by now, or the connection leads nowhere.
            self.0.links.renew();
        }
    }
}

/// What Redis says within this time. A busy thread may notice the end of the time before it has read what came long ago:
/// so it gets some turns to read it. Else a node with much to do would take Redis for slow, and have more to do.
async fn answered<T>(budget: Duration, answer: impl Future<Output = T>) -> Option<T> {
    let mut answer = pin!(answer);
    if let Ok(told) = tokio::time::timeout(budget, &mut answer).await {
        return Some(told);
    }
    for _ in 0..TURNS {
        tokio::task::yield_now().await;
        if let Some(told) = answer.as_mut().now_or_never() {
            return Some(told);
        }
    }
    None
}

/// Whether the server is there and said no: full, of the wrong type, not allowed.
fn is_an_answer(error: &RedisError) -> bool {
    use ServerErrorKind::{BusyLoading, ClusterDown, MasterDown, ReadOnly, TryAgain};
    match error.kind() {
        ErrorKind::Server(BusyLoading | ClusterDown | MasterDown | ReadOnly | TryAgain) => false,
        ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::UnexpectedReturnType => true,
        _ => false,
    }
}

fn name(prefix: &[u8], key: &Key) -> Vec<u8> {
    let slot = format!("{:016x}}}", hashed(key.bytes()));
    [prefix, slot.as_bytes(), key.bytes()].concat()
}

/// FNV-1a: the same on every node and in every release.
fn hashed(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A script over these keys; arguments follow. The text is sent each time: loading it is a right of its own.
pub(super) fn script(text: &str, keys: &[&[u8]]) -> redis::Cmd {
    let mut call = redis::cmd("EVAL");
    call.arg(text).arg(keys.len()).arg(keys);
    call
}

/// A reply in a wanted shape.
pub(super) async fn told<T: FromRedisValue>(command: redis::Cmd, mut link: Link) -> RedisResult<T> {
    command.query_async(&mut link).await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::oneshot;

    use super::{DOCUMENTS, LEASES, answered, name};
    use crate::cache::freshness::Kind;
    use crate::cache::key::Key;
    use crate::redis_link::slot;

    #[tokio::test]
    async fn what_came_in_time_is_read_though_this_thread_was_late() {
        let (says, hears) = oneshot::channel();
        // Stands for the connection's own task: what came is handed over when it has its turn.
        let hands_over = tokio::spawn(async move {
            tokio::task::yield_now().await;
            says.send(7)
        });
        let busy = async {
            std::thread::sleep(Duration::from_millis(20));
            hears.await
        };
        assert_eq!(answered(Duration::from_millis(5), busy).await, Some(Ok(7)));
        assert_eq!(hands_over.await.unwrap(), Ok(()));
        assert_eq!(answered(Duration::from_millis(5), std::future::pending::<()>()).await, None);
    }

    #[test]
    fn a_document_and_its_lease_are_in_one_slot_whatever_the_key_says() {
        for text in ["", "}", "{}", "a{b}c", "花盆"] {
            let key = Key::of(Kind::Search).text(text).finish();
            let [document, lease] = [DOCUMENTS, LEASES].map(|prefix| name(prefix, &key));
            let slots = [&document, &lease].map(|name| slot::of(&String::from_utf8_lossy(name)));
            assert_eq!(slots[0], slots[1]);
            assert!(document.ends_with(key.bytes()));
        }
    }
}
