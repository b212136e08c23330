//! From where a story stands here to where the catalogue says it stands: after a step of the partner's, when the feed
//! tells of a change, or because it was read again. When another wrote meanwhile, both are read again.

use super::calls::look_up;
use super::{Asks, Render, StoryOf, TRIES};
use crate::feed::Seen;
use crate::ledger::{self, Begun, KeyUse, Lease, Told};
use crate::model::order::Actor;
use crate::model::partner::Mode;
use crate::model::story::sending::{Sent as Sending, Stage};
use crate::model::story::{Asked, IdOf};

/// Takes a step of a partner's once, however often it is asked for. `take` hears whether it is asked for the first time,
/// and writes the answer; when it fails, the same request decides again.
pub async fn step<R: Asks>(
    room: &R,
    asked: KeyUse,
    id: IdOf<R::Plot>,
    take: impl AsyncFnOnce(&Lease, StoryOf<R>, bool) -> Result<Told, R::Error>,
) -> Result<Told, R::Error> {
    let ledger = room.desk().ledger;
    let (lease, story, fresh) = match ledger.begin_step::<R::Plot>(asked, id).await? {
        Begun::Seen(answer) => return Ok(Told { answer, replayed: true }),
        Begun::Fresh(lease, story) => (lease, story, true),
        Begun::Resumed(lease, story) => (lease, story, false),
    };
    let taken = take(&lease, story.clone(), fresh).await;
    if taken.is_err() {
        // Whoever asks again with this key goes on at once instead of waiting for a lease nobody works under.
        if let Err(held) = ledger.release_story(&lease, &story, story.version, 0).await {
            tracing::warn!(error = %held, "the lease of a step that failed could not be ended");
        }
    }
    taken
}

/// Writes where the story stands now together with the answer.
pub async fn conclude<R: Asks>(
    room: &R,
    lease: &Lease,
    mut story: StoryOf<R>,
    mut standing: Option<R::Standing>,
    render: Render<'_, R::Plot>,
) -> Result<Told, R::Error> {
    let desk = room.desk();
    for _ in 0..TRIES {
        let moves = match &standing {
            Some(standing) => room.moves(&story, standing, Actor::Partner, "asked for by the partner").await?,
            None => Vec::new(),
        };
        let after = desk.after(&story, moves);
        let answer = render(&after);
        match desk.ledger.commit_story(lease, &after, story.version, desk.look_at(&after), &answer).await {
            Ok(()) => return Ok(Told { answer, replayed: false }),
            Err(ledger::Error::Moved) => {
                story = desk.again(&story).await?;
                if standing.is_some() {
                    standing = look_up(room, &story.deed).await?;
                }
            }
            Err(other) => return Err(other.into()),
        }
    }
    Err(R::busy())
}

/// Takes in where a story stands at the catalogue.
pub async fn read_back<R: Asks>(room: &R, story: &StoryOf<R>) -> Result<StoryOf<R>, R::Error> {
    let (desk, mut story) = (room.desk(), story.clone());
    for _ in 0..TRIES {
        let Some(standing) = look_up(room, &story.deed).await? else { return Err(R::not_found()) };
        let moves = room.moves(&story, &standing, Actor::Catalogue, "read back").await?;
        if moves.is_empty() {
            return Ok(story);
        }
        match desk.write(&story, moves).await? {
            Some(after) => return Ok(after),
            None => story = desk.again(&story).await?,
        }
    }
    Err(R::busy())
}

/// Brings one story to where the catalogue says it stands.
pub async fn catch_up_with<R: Asks>(room: &R, id: &IdOf<R::Plot>, mode: Mode) -> Result<Seen, R::Error> {
    let desk = room.desk();
    for _ in 0..TRIES {
        let found: Option<StoryOf<R>> = desk.ledger.find_anyones(id).await?;
        // Another gateway's, or another world's: not ours to move.
        let Some(story) = found.filter(|story| story.deed.head().mode == mode) else { return Ok(Seen::NotOurs) };
        let stage = R::Plot::stage(story.state);
        if stage == Stage::Received {
            return Ok(Seen::NotOurs);
        }
        let Some(standing) = look_up(room, &story.deed).await? else { return Ok(Seen::Same) };
        if stage == Stage::Rejected {
            room.undo(&story, &standing).await?;
            return Ok(Seen::Same);
        }
        let moves = room.moves(&story, &standing, Actor::Catalogue, "told by the catalogue").await?;
        if moves.is_empty() {
            return Ok(Seen::Same);
        }
        if desk.write(&story, moves).await?.is_some() {
            return Ok(Seen::Moved);
        }
    }
    Err(R::busy())
}
