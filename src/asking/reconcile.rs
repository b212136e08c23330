//! Settling what was left open, and comparing what is under way: stories whose worker died or whose answer was lost are
//! looked up under our reference; those the catalogue has are read again from time to time, whatever the feed told.

use super::calls::{look_up, send};
use super::catch_up::read_back;
use super::request::{happening, lost, never_sent, outcome};
use super::{Asks, Desk, Sent, SentOf, StoryOf};
use crate::feed::work_off;
use crate::model::order::Actor;
use crate::model::partner::Mode;
use crate::model::story::sending::{Sent as Sending, Stage};
use crate::model::story::{Asked, IdOf, Plot, Story};

/// Pause between looks at what was handed to a person.
const SELDOM_MS: i64 = 300_000;

/// What one pass brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// Stories whose outcome is known now.
    pub settled: usize,
    /// Stories still open.
    pub open: usize,
    /// Stories handed to a person in this pass.
    pub handed_over: usize,
    /// Stories that were compared with the catalogue.
    pub compared: usize,
    /// Compared ones that the feed had left behind.
    pub repaired: usize,
}

/// How a story was left.
#[derive(Clone, Copy)]
enum Left {
    Settled,
    Open,
    WithAPerson,
    Same,
    Repaired,
}

impl Left {
    /// By where it stands; open while that is not known, because another wrote first.
    fn at<P: Sending>(after: Option<&Story<P>>) -> Self {
        if after.is_none_or(|story| Desk::stage(story).is_open()) { Self::Open } else { Self::Settled }
    }
}

/// One pass over the stories of one world whose time has come; the worlds do not wait for each other.
pub async fn reconcile<R: Asks>(room: &R, mode: Mode) -> Result<Reconciled, R::Error> {
    let desk = room.desk();
    let claim = async |limit| Ok(desk.ledger.claim_due::<StoryOf<R>>(mode, limit, desk.times.lease_ms).await?);
    let settle = async |id: IdOf<R::Plot>| (settle_due(room, &id).await, id);
    let mut told = Reconciled::default();
    for (left, id) in work_off::<_, _, R::Error, _, _>(desk.clock, claim, settle).await? {
        match left {
            Ok(Left::Settled) => told.settled += 1,
            Ok(Left::Open) => told.open += 1,
            Ok(Left::WithAPerson) => told.handed_over += 1,
            Ok(Left::Same) => told.compared += 1,
            Ok(Left::Repaired) => (told.compared, told.repaired) = (told.compared + 1, told.repaired + 1),
            Err(error) => {
                tracing::warn!(%id, %error, "{} that is due could not be looked at", R::Plot::WHAT);
                told.open += 1;
            }
        }
    }
    Ok(told)
}

/// Takes one claimed story as far as it goes now.
async fn settle_due<R: Asks>(room: &R, id: &IdOf<R::Plot>) -> Result<Left, R::Error> {
    let desk = room.desk();
    let story: StoryOf<R> = desk.ledger.get(id).await?;
    match Desk::stage(&story) {
        Stage::Received => Ok(Left::at(desk.write(&story, vec![never_sent::<R::Plot>()]).await?.as_ref())),
        Stage::Sending => match desk.write(&story, vec![lost::<R::Plot>()]).await? {
            Some(unknown) => find_out(room, unknown).await,
            None => Ok(Left::Open),
        },
        Stage::Unknown => find_out(room, story).await,
        Stage::Rejected | Stage::Taken => compare(room, &story).await,
    }
}

/// Reads a story that is under way again, in case the feed left something out.
async fn compare<R: Asks>(room: &R, story: &StoryOf<R>) -> Result<Left, R::Error> {
    let (desk, id) = (room.desk(), story.deed.head().id);
    let after = read_back(room, story).await?;
    if after.version > story.version {
        tracing::info!(%id, state = %after.state, "{} had moved without our having heard", R::Plot::WHAT);
        return Ok(Left::Repaired);
    }
    desk.ledger.look_again::<StoryOf<R>>(id, desk.look_at(story)).await?;
    Ok(Left::Same)
}

/// Looks an unknown story up; asks again under the same reference when the catalogue does not have it, or ends it when
/// that went on for too long. Only what cannot be asked about is handed to a person.
async fn find_out<R: Asks>(room: &R, story: StoryOf<R>) -> Result<Left, R::Error> {
    let desk = room.desk();
    match look_up(room, &story.deed).await {
        Ok(Some(standing)) => take_outcome(room, &story, &Sent::Taken(Box::new(standing))).await,
        Ok(None) if desk.is_overdue(&story) => give_up(room, &story).await,
        Ok(None) => ask_again(room, &story).await,
        Err(error) => {
            let id = story.deed.head().id;
            tracing::info!(%id, %error, "{} that is unknown could not be looked up yet", R::Plot::WHAT);
            if desk.is_overdue(&story) {
                return hand_over(room, &story).await;
            }
            take_outcome(room, &story, &Sent::Unknown(error.to_string())).await
        }
    }
}

async fn ask_again<R: Asks>(room: &R, story: &StoryOf<R>) -> Result<Left, R::Error> {
    let desk = room.desk();
    let alone = desk.is_quiet(story);
    let again = happening::<R::Plot>(R::Plot::TRIED_AGAIN, Actor::Gateway, "the catalogue does not have it");
    let Some(story) = desk.write_and_hold(story, vec![again]).await? else { return Ok(Left::Open) };
    match send(room, &story.deed).await? {
        Sent::Refused(_) if !alone => wait_for_quiet(room, &story).await,
        sent => take_outcome(room, &story, &sent).await,
    }
}

async fn wait_for_quiet<R: Asks>(room: &R, story: &StoryOf<R>) -> Result<Left, R::Error> {
    let desk = room.desk();
    desk.ledger.look_again::<StoryOf<R>>(story.deed.head().id, desk.until_lease_ends()).await?;
    Ok(Left::Open)
}

/// The catalogue does not have it and it is too late to ask again.
async fn give_up<R: Asks>(room: &R, story: &StoryOf<R>) -> Result<Left, R::Error> {
    let desk = room.desk();
    if !desk.is_quiet(story) {
        return wait_for_quiet(room, story).await;
    }
    let why = R::Plot::given_up(R::NEVER_TAKEN);
    let ended = R::Plot::rejected(why, Actor::Gateway, "never arrived at the catalogue");
    Ok(Left::at(desk.write(story, vec![ended]).await?.as_ref()))
}

async fn take_outcome<R: Asks>(room: &R, story: &StoryOf<R>, sent: &SentOf<R>) -> Result<Left, R::Error> {
    let desk = room.desk();
    let moves = outcome(room, story, sent).await?;
    if moves.is_empty() {
        desk.ledger.look_again::<StoryOf<R>>(story.deed.head().id, desk.look_at(story)).await?;
        return Ok(Left::at(Some(story)));
    }
    Ok(Left::at(desk.write(story, moves).await?.as_ref()))
}

/// From now on it is only looked up, seldom, and never asked for again by itself.
async fn hand_over<R: Asks>(room: &R, story: &StoryOf<R>) -> Result<Left, R::Error> {
    let (desk, id) = (room.desk(), story.deed.head().id);
    let handed = story.events.iter().any(|event| event.kind == R::Plot::HANDED_TO_PERSON);
    if !handed {
        tracing::error!(%id, "{} stayed unknown for too long; somebody has to look", R::Plot::WHAT);
        let why = "unknown for too long";
        desk.write(story, vec![happening::<R::Plot>(R::Plot::HANDED_TO_PERSON, Actor::Gateway, why)]).await?;
    }
    desk.ledger.look_again::<StoryOf<R>>(id, desk.clock.now_ms() + SELDOM_MS).await?;
    Ok(if handed { Left::Open } else { Left::WithAPerson })
}
