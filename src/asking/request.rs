//! Answering a request: what was written down with its key is sent, and event and answer are written together.

use super::calls::{look_up, send};
use super::{Asks, Desk, Render, Sent, SentOf, StoryOf, TRIES};
use crate::ledger::{self, Begun, KeyUse, Lease, Once, Told};
use crate::model::order::Actor;
use crate::model::partner::Caller;
use crate::model::story::sending::{Sent as Sending, Stage};
use crate::model::story::{Asked, HappeningOf, Plot};
use crate::upstream;

/// What a key is claimed with.
pub fn key_use<R: Asks>(room: &R, caller: &Caller, once: Once, operation: &'static str) -> KeyUse {
    KeyUse {
        partner: caller.partner.id.clone(),
        mode: caller.mode,
        operation,
        key: once.key,
        body_hash: once.body_hash,
        lease_ms: room.desk().times.lease_ms,
    }
}

/// Goes on with what was begun, once, however often it is asked for. `render` must tell every state a story may have by
/// then: taken, unknown, or rejected.
pub async fn request<R: Asks>(
    room: &R,
    begun: Begun<StoryOf<R>>,
    render: Render<'_, R::Plot>,
) -> Result<Told, R::Error> {
    match begun {
        Begun::Seen(answer) => Ok(Told { answer, replayed: true }),
        Begun::Fresh(lease, story) => send_now(room, &lease, story, render).await,
        Begun::Resumed(lease, story) => resume(room, &lease, story, render).await,
    }
}

/// Goes on where an earlier worker stopped.
async fn resume<R: Asks>(
    room: &R,
    lease: &Lease,
    story: StoryOf<R>,
    render: Render<'_, R::Plot>,
) -> Result<Told, R::Error> {
    let (desk, again) = (room.desk(), "asked again with the same key");
    let (moves, alone) = match Desk::stage(&story) {
        Stage::Received if desk.is_overdue(&story) => (vec![never_sent::<R::Plot>()], true),
        Stage::Received => (vec![happening::<R::Plot>(R::Plot::STARTED, Actor::Partner, again)], true),
        // Perhaps it was sent, perhaps not; under the same reference it can be sent again.
        Stage::Sending => {
            let again = happening::<R::Plot>(R::Plot::TRIED_AGAIN, Actor::Partner, again);
            (vec![lost::<R::Plot>(), again], desk.is_quiet(&story))
        }
        _ => return settle(room, lease, story, None, render).await,
    };
    let after = desk.after(&story, moves);
    match desk.ledger.append_story(&after, story.version, desk.until_lease_ends()).await {
        Ok(()) => match Desk::stage(&after) {
            Stage::Sending => send_now(room, lease, after, render).await,
            Stage::Unknown => send_again(room, lease, after, alone, render).await,
            _ => settle(room, lease, after, None, render).await,
        },
        // Settled or let go in the same moment: then that is what there is to tell.
        Err(ledger::Error::Moved) => {
            let story = desk.again(&story).await?;
            settle(room, lease, story, None, render).await
        }
        Err(other) => Err(other.into()),
    }
}

/// Sends what no earlier attempt may have got through with.
async fn send_now<R: Asks>(
    room: &R,
    lease: &Lease,
    story: StoryOf<R>,
    render: Render<'_, R::Plot>,
) -> Result<Told, R::Error> {
    match send(room, &story.deed).await? {
        Sent::NotReached(error) => give_back(room, lease, &story, error).await,
        sent => settle(room, lease, story, Some(sent), render).await,
    }
}

/// Sends what may have been sent before. A refusal is final only when no earlier call can be under way.
async fn send_again<R: Asks>(
    room: &R,
    lease: &Lease,
    story: StoryOf<R>,
    alone: bool,
    render: Render<'_, R::Plot>,
) -> Result<Told, R::Error> {
    let sent = match send(room, &story.deed).await? {
        Sent::Refused(why) if !alone => {
            Sent::Unknown(format!("refused while an earlier call may be under way: {}", R::Plot::detail(&why)))
        }
        sent => sent,
    };
    settle(room, lease, story, Some(sent), render).await
}

/// Nothing was asked for: the story waits to be asked for again, at the latest until it is overdue.
async fn give_back<R: Asks>(
    room: &R,
    lease: &Lease,
    story: &StoryOf<R>,
    error: upstream::Error,
) -> Result<Told, R::Error> {
    let (desk, why) = (room.desk(), "the catalogue could not be reached");
    let after = desk.after(story, vec![happening::<R::Plot>(R::Plot::NOT_REACHED, Actor::Gateway, why)]);
    let look_at = story.deed.head().created_at.as_millisecond() + desk.times.unknown_bound_s * 1000;
    match desk.ledger.release_story(lease, &after, story.version, look_at).await {
        // Somebody who saw the story stand still took over; theirs is the word now.
        Ok(()) | Err(ledger::Error::LeaseLost | ledger::Error::Moved) => Err(R::not_done(error)),
        Err(other) => Err(other.into()),
    }
}

/// Writes what became of the story together with the answer; without an outcome, only the answer.
async fn settle<R: Asks>(
    room: &R,
    lease: &Lease,
    mut story: StoryOf<R>,
    mut sent: Option<SentOf<R>>,
    render: Render<'_, R::Plot>,
) -> Result<Told, R::Error> {
    let desk = room.desk();
    if let Some(Sent::Unknown(why)) = &sent {
        tracing::warn!(id = %story.deed.head().id, why, "nobody knows yet whether {} was asked for", R::Plot::WHAT);
    }
    for _ in 0..TRIES {
        let moves = match &sent {
            Some(sent) => outcome(room, &story, sent).await?,
            None => Vec::new(),
        };
        let after = desk.after(&story, moves);
        let answer = render(&after);
        match desk.ledger.commit_story(lease, &after, story.version, desk.look_at(&after), &answer).await {
            Ok(()) => return Ok(Told { answer, replayed: false }),
            Err(ledger::Error::Moved) => {
                story = desk.again(&story).await?;
                // Another wrote, and may have sent it once more: what was heard before that may be old.
                sent = if Desk::stage(&story).is_in_doubt() { Some(found(room, &story).await) } else { None };
            }
            Err(other) => return Err(other.into()),
        }
    }
    Err(R::busy())
}

/// What came of all calls for a story so far, as the catalogue says now.
async fn found<R: Asks>(room: &R, story: &StoryOf<R>) -> SentOf<R> {
    match look_up(room, &story.deed).await {
        Ok(Some(standing)) => Sent::Taken(Box::new(standing)),
        Ok(None) => Sent::Unknown("another try is under way, and the catalogue does not have it yet".into()),
        Err(error) => Sent::Unknown(error.to_string()),
    }
}

/// What the outcome of a call means for a story that may have moved on since.
pub(super) async fn outcome<R: Asks>(
    room: &R,
    story: &StoryOf<R>,
    sent: &SentOf<R>,
) -> Result<super::MovesOf<R>, R::Error> {
    let stage = Desk::stage(story);
    Ok(match sent {
        Sent::Taken(standing) => room.moves(story, standing, Actor::Catalogue, "taken by the catalogue").await?,
        Sent::Refused(why) if stage.is_in_doubt() => {
            vec![R::Plot::rejected(why.clone(), Actor::Catalogue, "rejected by the catalogue")]
        }
        Sent::Unknown(_) | Sent::NotReached(_) if stage == Stage::Sending => {
            let why = "no answer came from the catalogue";
            vec![happening::<R::Plot>(R::Plot::UNANSWERED, Actor::Gateway, why)]
        }
        _ => Vec::new(),
    })
}

/// The end of what surely was not sent and was not asked for again.
pub(super) fn never_sent<P: Sending>() -> HappeningOf<P> {
    let detail = "The catalogue could not be reached, and the request was not repeated in time.";
    P::rejected(P::given_up(detail), Actor::Gateway, "never sent")
}

/// Whoever sent it is gone, and with them the answer.
pub(super) fn lost<P: Sending>() -> HappeningOf<P> {
    happening::<P>(P::UNANSWERED, Actor::Gateway, "its worker did not come back")
}

/// Something without further facts.
pub(super) fn happening<P: Plot>(kind: P::Kind, actor: Actor, cause: &str) -> HappeningOf<P> {
    HappeningOf::<P>::new(kind, actor, cause)
}
