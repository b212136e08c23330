//! Stories of what the catalogue is asked for: the moves they have in common until it is known what came of that.

use super::{HappeningOf, Plot, StateOf};
use crate::model::order::Actor;

/// How far the asking is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Written down; nothing was sent.
    Received,
    /// Being sent.
    Sending,
    /// Sent, and no answer came.
    Unknown,
    /// The catalogue did not take it.
    Rejected,
    /// The catalogue has it.
    Taken,
}

/// What the catalogue is asked for once, under an id of our own.
pub trait Sent: Plot {
    /// It is about to be sent.
    const STARTED: Self::Kind;
    /// It surely never got there.
    const NOT_REACHED: Self::Kind;
    /// No answer came.
    const UNANSWERED: Self::Kind;
    /// It is about to be sent again.
    const TRIED_AGAIN: Self::Kind;
    /// Somebody has to look.
    const HANDED_TO_PERSON: Self::Kind;
    /// The catalogue did not take it.
    const REJECTED: Self::Kind;
    /// Why not.
    type Rejection: Clone + std::fmt::Debug + Send + Sync;

    /// How far one that stands there is.
    fn stage(state: StateOf<Self>) -> Stage;
    /// What comes to light when it is not taken.
    fn rejection(why: Self::Rejection) -> Self::Facts;
    /// The same in a sentence for the partner.
    fn detail(why: &Self::Rejection) -> &str;
    /// Why the gateway ended one that never arrived, in a sentence for the partner.
    fn given_up(detail: &str) -> Self::Rejection;

    /// That it was not taken.
    fn rejected(why: Self::Rejection, by: Actor, cause: &str) -> HappeningOf<Self> {
        HappeningOf::<Self>::new(Self::REJECTED, by, cause).with(Self::rejection(why))
    }
}

impl Stage {
    /// Whether it is not known yet what comes of it.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Received | Self::Sending | Self::Unknown)
    }

    /// Whether the catalogue may have it without our knowing.
    pub const fn is_in_doubt(self) -> bool {
        matches!(self, Self::Sending | Self::Unknown)
    }
}
