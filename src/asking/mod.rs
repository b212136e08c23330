//! Asking the catalogue for something once, under an id of our own, and finding out what came of it: for every room whose
//! stories begin that way. What is asked for, in which words, and what the answers mean is the room's (`Asks`).
//!
//! **The path.** `request` gets what the ledger wrote down with the idempotency key: from then on the intent is durable.
//! Then the catalogue is asked under our id as reference, which it takes once. What comes back is written together with
//! the answer that every repeat gets: taken, rejected, or nobody knows.
//!
//! **When it fails.** A worker that dies leaves a story that is being sent; `reconcile` finds it once its lease is over,
//! looks it up under our reference and takes it in, or asks again under the same reference, which cannot double it. What
//! stays unknown for too long is handed to a person. Every event is written only if no other was written since it was
//! decided, and takes the story from where it stood to where the catalogue says it stands; an answer older than what is
//! known (by the catalogue's version) moves nothing.
//!
//! **What moves on its own** is caught up with (`catch_up`) when the feed tells of it, and compared from time to time.

mod calls;
mod catch_up;
mod reconcile;
mod request;

use std::fmt::Display;

#[cfg(test)]
pub(crate) use calls::send;
pub use calls::{look_up, tell};
pub use catch_up::{catch_up_with, conclude, read_back, step};
pub use reconcile::{Reconciled, reconcile};
pub use request::{key_use, request};

use serde::de::DeserializeOwned;

use crate::clock::Clock;
use crate::ledger::{self, Answer, Ledger, Recorded};
use crate::model::order::Actor;
use crate::model::story::sending::Sent as Sending;
use crate::model::story::{Asked, HappeningOf, Story};
use crate::translate::Nonsense;
use crate::upstream::{self, Call, Upstream};

/// How often a decision is taken again because somebody else wrote first.
pub const TRIES: usize = 8;

/// The longest pause between two looks at something unknown.
const LONGEST_PAUSE_MS: i64 = 10_000;

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// How long one attempt may take until another worker may take over; well above the upstream deadline.
    pub lease_ms: i64,
    /// Pause until something unknown is looked up first; later looks are spaced out.
    pub reconcile_ms: i64,
    /// After so long something unknown is handed to a person, in seconds.
    pub unknown_bound_s: i64,
    /// How often what is under way is compared with the catalogue, beside what the feed tells.
    pub compare_ms: i64,
}

/// What came of asking.
#[derive(Debug)]
pub enum Sent<S, R> {
    /// The catalogue has it, and this is where it stands.
    Taken(Box<S>),
    /// The catalogue does not want it.
    Refused(R),
    /// It surely never got there.
    NotReached(upstream::Error),
    /// It may or may not have it.
    Unknown(String),
}

/// How a story is told to its partner; what it gives is stored for repeats.
pub type Render<'a, P> = &'a (dyn Fn(&Story<P>) -> Answer + Sync);

/// What came of asking for a room's kind of thing.
pub type SentOf<R> = Sent<<R as Asks>::Standing, RejectionOf<R>>;
/// Why the catalogue did not take a room's kind of thing.
pub type RejectionOf<R> = <<R as Asks>::Plot as Sending>::Rejection;
/// What a room's stories are about.
pub type DeedOf<R> = <<R as Asks>::Plot as crate::model::story::Plot>::Deed;
/// A story of a room's.
pub type StoryOf<R> = Story<<R as Asks>::Plot>;
/// What is about to be written into a story of a room's.
pub type MovesOf<R> = Vec<HappeningOf<<R as Asks>::Plot>>;

/// A room that asks the catalogue for something.
pub trait Asks: Sync {
    /// What its stories are about.
    type Plot: Recorded;
    /// What the catalogue answers about one.
    type Answer: DeserializeOwned + Send;
    /// Where one stands at the catalogue.
    type Standing: Send + Sync;
    /// How it fails.
    type Error: From<ledger::Error> + From<upstream::Error> + From<Nonsense> + Display + Send;
    /// The catalogue's word for that it does not have one.
    const MISSING: &'static str;
    /// What a partner is told of one that never arrived, whatever was tried.
    const NEVER_TAKEN: &'static str;

    /// What it works with.
    fn desk(&self) -> Desk<'_>;
    /// That nothing was done, because the catalogue was not reached.
    fn not_done(why: upstream::Error) -> Self::Error;
    /// That others kept writing first.
    fn busy() -> Self::Error;
    /// That there is no such thing.
    fn not_found() -> Self::Error;

    /// Asks for it, under our own id.
    fn asking(deed: &DeedOf<Self>) -> Call;
    /// Looks it up, by our own id.
    fn finding(deed: &DeedOf<Self>) -> Call;
    /// Their answer in our words.
    fn standing(answer: Self::Answer) -> Result<Self::Standing, Nonsense>;
    /// Under which reference that was asked for.
    fn reference(standing: &Self::Standing) -> &str;
    /// Why the catalogue refused something, in our words.
    fn rejection(
        &self,
        refused: &upstream::Refusal,
        deed: &DeedOf<Self>,
    ) -> impl Future<Output = Result<RejectionOf<Self>, Self::Error>> + Send;
    /// What is to be written so that a story stands where the catalogue says; nothing when it does already, or when the
    /// catalogue's word is older than what is known.
    fn moves(
        &self,
        story: &StoryOf<Self>,
        standing: &Self::Standing,
        actor: Actor,
        cause: &str,
    ) -> impl Future<Output = Result<MovesOf<Self>, Self::Error>> + Send;
    /// Deals with one that was told to be rejected, and yet is at the catalogue: the partner may have asked again.
    fn undo(
        &self,
        story: &StoryOf<Self>,
        standing: &Self::Standing,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// What a room works with.
#[derive(Clone, Copy)]
pub struct Desk<'a> {
    /// Where stories are kept.
    pub ledger: &'a Ledger,
    /// The catalogue.
    pub upstream: &'a Upstream,
    /// The time.
    pub clock: &'a Clock,
    /// How long things may take.
    pub times: Times,
}

impl Desk<'_> {
    fn stage<P: Sending>(story: &Story<P>) -> crate::model::story::sending::Stage {
        P::stage(story.state)
    }

    /// The story after these happenings; those that may not happen (any more) are left out, and with them the rest.
    fn after<P: Sending>(&self, story: &Story<P>, moves: Vec<HappeningOf<P>>) -> Story<P> {
        story.after(self.clock.now(), moves)
    }

    /// When a story should be looked at next: an open one soon at first, then less often; one that is under way to be
    /// compared.
    fn look_at<P: Sending>(&self, story: &Story<P>) -> i64 {
        let (now, times) = (self.clock.now_ms(), self.times);
        if !Self::stage(story).is_open() {
            return now + times.compare_ms;
        }
        let age_ms = now - story.deed.head().created_at.as_millisecond();
        now + (age_ms / 4).clamp(times.reconcile_ms, times.reconcile_ms.max(LONGEST_PAUSE_MS))
    }

    fn until_lease_ends(&self) -> i64 {
        self.clock.now_ms() + self.times.lease_ms
    }

    /// Whether every call that was ever made for it is surely over: what the catalogue does not have then, and refuses
    /// now, it will never have. Before, a refusal proves nothing: an earlier call may still get through.
    fn is_quiet<P: Sending>(&self, story: &Story<P>) -> bool {
        let sent = |kind| kind == P::STARTED || kind == P::TRIED_AGAIN;
        let last = story.events.iter().rev().find(|event| sent(event.kind)).map(|event| event.at);
        last.is_none_or(|at| self.clock.now_ms() - at.as_millisecond() >= self.times.lease_ms)
    }

    fn is_overdue<P: Sending>(&self, story: &Story<P>) -> bool {
        let age_s = self.clock.now().as_second() - story.deed.head().created_at.as_second();
        age_s > self.times.unknown_bound_s
    }

    /// Writes what happened; `None` when another wrote first.
    pub async fn write<P: Recorded>(
        &self,
        story: &Story<P>,
        moves: Vec<HappeningOf<P>>,
    ) -> Result<Option<Story<P>>, ledger::Error> {
        let after = self.after(story, moves);
        let look_at = self.look_at(&after);
        self.append(story, after, look_at).await
    }

    /// The same before a call: nobody else should look while it is under way.
    async fn write_and_hold<P: Recorded>(
        &self,
        story: &Story<P>,
        moves: Vec<HappeningOf<P>>,
    ) -> Result<Option<Story<P>>, ledger::Error> {
        self.append(story, self.after(story, moves), self.until_lease_ends()).await
    }

    async fn append<P: Recorded>(
        &self,
        before: &Story<P>,
        after: Story<P>,
        look_at: i64,
    ) -> Result<Option<Story<P>>, ledger::Error> {
        match self.ledger.append_story(&after, before.version, look_at).await {
            Ok(()) => Ok(Some(after)),
            Err(ledger::Error::Moved) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// The story as it is written down now.
    pub async fn again<P: Recorded>(&self, story: &Story<P>) -> Result<Story<P>, ledger::Error> {
        self.ledger.get(story.deed.head().id).await
    }
}
