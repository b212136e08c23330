//! Hearing what moves in the catalogue, and telling it.
//!
//! With Redis one node has the turn to follow the catalogue's change feed; it tells the stream, and every node hears from
//! there. Without Redis, or while it does not answer, each node follows the feed for itself and hears from nobody else.
//! A node that neither hears nor follows for some seconds is out of touch, and believes nothing for long.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::RedisError;

use crate::cache::keep::{Cache, Trouble};
use crate::cache::moves::{Moves, Position};
use crate::cache::redis::Redis;
use crate::cache::stream::{self, Page, Stream};
use crate::cache::tag::Moved;
use crate::cache::tally::Tally;
use crate::model::partner::Mode;
use crate::redis_link::{BadPlace, Place};

/// Without news for so long a node is out of touch.
const PATIENCE: Duration = Duration::from_secs(3);
/// Nothing of a world's feed was told yet.
const NOT_YET: i64 = -1;

/// Where hearing stands.
#[derive(Debug)]
pub(super) struct Hearing {
    /// Who we are when turns are taken.
    holder: String,
    stream: Option<Stream>,
    /// The stream was read from its beginning once, and the connection has not been lost since.
    is_sure: AtomicBool,
    /// How far each world's feed is known to be told, by us or by the stream.
    told: [AtomicI64; 2],
    /// How far we told ourselves alone what the stream does not tell yet.
    alone: [AtomicI64; 2],
    heard_at: Mutex<Option<Instant>>,
}

impl Hearing {
    pub fn of(place: Option<&Place>) -> Result<Self, BadPlace> {
        let none = || [AtomicI64::new(NOT_YET), AtomicI64::new(NOT_YET)];
        Ok(Self {
            holder: uuid::Uuid::now_v7().simple().to_string(),
            stream: place.map(Stream::to).transpose()?,
            is_sure: AtomicBool::new(false),
            told: none(),
            alone: none(),
            heard_at: Mutex::default(),
        })
    }

    fn told(&self, world: Mode) -> &AtomicI64 {
        let [sandbox, live] = &self.told;
        if world == Mode::Live { live } else { sandbox }
    }

    fn alone(&self, world: Mode) -> &AtomicI64 {
        let [sandbox, live] = &self.alone;
        if world == Mode::Live { live } else { sandbox }
    }

    fn heard_at(&self) -> MutexGuard<'_, Option<Instant>> {
        self.heard_at.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn touched(&self, moves: &Moves) {
        *self.heard_at() = Some(Instant::now());
        moves.set_out_of_touch(false);
    }

    fn untouched(&self, moves: &Moves) {
        let mut heard_at = self.heard_at();
        let since = heard_at.get_or_insert_with(Instant::now).elapsed();
        if since >= PATIENCE {
            moves.set_out_of_touch(true);
        }
    }
}

/// Who follows a world's change feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// This node, for all; `from` is how far the feed was told (none: not at all yet).
    Ours {
        /// The number of the last change that was told.
        from: Option<i64>,
    },
    /// Another node.
    Theirs,
    /// This node, for itself alone.
    Alone {
        /// The number of the last change that this node knows of.
        from: Option<i64>,
    },
}

impl<E: Trouble> Cache<E> {
    /// Takes the turn to follow a world, or keeps it.
    pub async fn take_turn(&self, world: Mode) -> Turn {
        let holder = &self.hearing.holder;
        if let Some(redis) = &self.redis {
            match redis.errand(async |link| stream::take_turn(link, world, holder).await).await {
                Some((true, from)) => return Turn::Ours { from },
                Some((false, _)) => return Turn::Theirs,
                None => {}
            }
        }
        let known =
            self.hearing.told(world).load(Ordering::Acquire).max(self.hearing.alone(world).load(Ordering::Acquire));
        Turn::Alone { from: Some(known).filter(|known| *known != NOT_YET) }
    }

    /// Tells what moved in a world, and that its feed is told up to a number. When it cannot be told to all, this node
    /// at least hears of it.
    pub async fn tell(&self, world: Mode, turn: Turn, upto: i64, moved: &[Moved]) {
        if let (Turn::Ours { from }, Some(redis)) = (turn, &self.redis) {
            if moved.is_empty() && from == Some(upto) {
                return;
            }
            let holder = &self.hearing.holder;
            let told = redis.errand(async |link| stream::tell(link, world, holder, upto, moved).await).await;
            if told.is_some() {
                // We hear of it as all others do; or another has the turn by now, and tells the same.
                return;
            }
        }
        if turn == Turn::Theirs {
            return;
        }
        self.hear_moves(moved, None);
        self.hearing.alone(world).store(upto, Ordering::Release);
        if self.redis.is_some() && !moved.is_empty() {
            self.moves.set_ahead(true);
        }
        self.hearing.touched(&self.moves);
    }

    /// The feed could not be read.
    pub fn heard_nothing(&self, turn: Turn) {
        if matches!(turn, Turn::Alone { .. }) {
            self.hearing.untouched(&self.moves);
        }
    }

    /// Gives the turn up, if it is ours.
    pub async fn give_up_turn(&self, world: Mode) {
        if let Some(redis) = &self.redis {
            let holder = &self.hearing.holder;
            redis.errand(async |link| stream::give_up(link, world, holder).await).await;
        }
    }

    /// Whether there is a stream to be heard.
    pub fn has_stream(&self) -> bool {
        self.hearing.stream.is_some()
    }

    /// Reads the stream of moves on, waiting a moment for news; gives how many entries there were.
    pub async fn hear(&self) -> Result<usize, RedisError> {
        let Some(stream) = &self.hearing.stream else { return Ok(0) };
        match self.read_on(stream).await {
            Ok(entries) => {
                self.hearing.touched(&self.moves);
                Ok(entries)
            }
            Err(error) => {
                self.hearing.is_sure.store(false, Ordering::Release);
                self.hearing.untouched(&self.moves);
                stream.renew();
                Err(error)
            }
        }
    }

    async fn read_on(&self, stream: &Stream) -> Result<usize, RedisError> {
        if self.hearing.is_sure.load(Ordering::Acquire) {
            let page = stream.read(self.moves.position(), true).await?;
            return Ok(self.take_in(page));
        }
        self.look_for_losses(stream).await?;
        let from_start = self.moves.position() == Position::START;
        if from_start {
            self.moves.know_from(Position(u64::MAX));
        }
        let (mut first, mut count) = (None, 0);
        loop {
            let page = stream.read(self.moves.position(), false).await?;
            first = first.or(page.entries.first().map(|entry| entry.at));
            let full = page.full;
            count += self.take_in(page);
            if !full {
                break;
            }
        }
        if from_start {
            // What stood before the first entry is trimmed away, or never was.
            self.moves.know_from(first.unwrap_or(Position::START));
        }
        self.hearing.is_sure.store(true, Ordering::Release);
        Ok(count)
    }

    fn take_in(&self, page: Page) -> usize {
        let count = page.entries.len();
        for entry in page.entries {
            self.hear_moves(&entry.moved, Some(entry.at));
            if let Some((world, upto)) = entry.upto {
                self.hearing.told(world).fetch_max(upto, Ordering::AcqRel);
            }
        }
        if count > 0 {
            self.catch_up();
        }
        count
    }

    /// A server that lost its memory, or a replica that had not heard the last entries of its master, makes what this
    /// node heard of later than what is there. Nobody knows then what others missed: everything moved.
    async fn look_for_losses(&self, stream: &Stream) -> Result<(), RedisError> {
        let (ours, newest) = (self.moves.position(), stream.newest().await?);
        if newest >= ours {
            return Ok(());
        }
        Tally::one(&self.tally.moves_lost);
        tracing::warn!("the stream of changes in Redis has lost entries; everything kept is let go");
        self.hear_moves(&[Moved::EVERYTHING], None);
        match stream.begin_anew_after(ours).await {
            // Another node was quicker; what it said is read next.
            Err(error) if error.kind() == redis::ErrorKind::Server(redis::ServerErrorKind::ResponseError) => Ok(()),
            done => done,
        }
    }

    fn hear_moves(&self, moved: &[Moved], at: Option<Position>) {
        if !moved.is_empty() || at.is_some() {
            self.moves.hear(moved, at);
            Tally::add(&self.tally.moves, moved.len());
        }
    }

    /// Once the stream tells all that we know, it can be relied on again.
    fn catch_up(&self) {
        let worlds = [Mode::Live, Mode::Sandbox];
        let behind = |world: &Mode| {
            self.hearing.told(*world).load(Ordering::Acquire) < self.hearing.alone(*world).load(Ordering::Acquire)
        };
        if !worlds.iter().any(behind) {
            self.moves.set_ahead(false);
        }
    }

    /// Lets go of everything that is about these things, on every node that shares our Redis; false when Redis does not
    /// answer, and nobody did.
    pub async fn purge(&self, moved: &[Moved]) -> bool {
        match &self.redis {
            // We hear of it as all others do.
            Some(redis) => redis.errand(async |link| stream::purge(link, moved).await).await.is_some(),
            None => {
                self.hear_moves(moved, None);
                true
            }
        }
    }

    /// The way to Redis, for whoever looks at what the nodes share.
    pub(super) fn shared(&self) -> Option<&Redis> {
        self.redis.as_ref()
    }
}
