//! Stories: what was asked for plus the events that happened to it. Where it stands is the fold of the events, and a move
//! that is not in its table cannot be made; which moves there are is for each kind of story to say.

pub mod sending;

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::model::ids::{EventId, NotAnId, PartnerId};
use crate::model::order::{Actor, Reference};
use crate::model::partner::Mode;

/// What every deed says, whatever was asked for.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a, Id> {
    /// Its id; also the reference under which the catalogue knows it.
    pub id: &'a Id,
    /// Whose it is.
    pub partner: &'a PartnerId,
    /// Live or sandbox.
    pub mode: Mode,
    /// The partner's own number of it.
    pub reference: &'a Reference,
    /// When it was received.
    pub created_at: Timestamp,
}

/// What was asked for: what a story is from its first moment on and for ever.
pub trait Asked {
    /// The id of what was asked for.
    type Id: Clone + fmt::Display + FromStr<Err = NotAnId> + Send + Sync + 'static;

    /// What every deed says.
    fn head(&self) -> Head<'_, Self::Id>;
}

/// Says that a deed has the fields of a `Head`.
macro_rules! asked {
    ($deed:ty, $id:ty) => {
        impl crate::model::story::Asked for $deed {
            type Id = $id;

            fn head(&self) -> crate::model::story::Head<'_, $id> {
                let Self { id, partner, reference, .. } = self;
                crate::model::story::Head { id, partner, mode: self.mode, reference, created_at: self.created_at }
            }
        }
    };
}

pub(crate) use asked;

/// Something that happened, by the table of moves of its story.
pub trait Move: Copy + fmt::Debug + Eq + FromStr + Send + Sync + 'static {
    /// Where a story may stand.
    type State: Copy + fmt::Debug + fmt::Display + Eq + FromStr + Send + Sync + 'static;

    /// The machine name.
    fn name(self) -> &'static str;
    /// The states it may happen in.
    fn from(self) -> &'static [Self::State];
    /// The state the story is in afterwards.
    fn leads_to(self) -> Self::State;
}

/// A table of moves: `Kind = name, leads to, whether partners hear of it, [may happen in];`.
macro_rules! moves {
    ($what:literal: $( $variant:ident = $name:literal, $to:ident, $told:ident, [$( $from:ident )*]; )*) => {
        #[doc = concat!("What can happen to ", $what, ".")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Kind { $( #[doc = concat!("`", $name, "`")] $variant, )* }

        impl Kind {
            /// All kinds.
            pub const ALL: &'static [Kind] = &[ $( Kind::$variant, )* ];
            /// The machine name.
            pub const fn name(self) -> &'static str { match self { $( Self::$variant => $name, )* } }
            #[doc = concat!("The state ", $what, " is in afterwards.")]
            pub const fn leads_to(self) -> State { match self { $( Self::$variant => State::$to, )* } }
            /// The states it may happen in.
            pub const fn from(self) -> &'static [State] { match self { $( Self::$variant => &[ $( State::$from, )* ], )* } }
            /// Whether partners hear of it.
            pub const fn is_told(self) -> bool { match self { $( Self::$variant => crate::model::story::moves!($told), )* } }
        }

        impl crate::model::story::Move for Kind {
            type State = State;

            fn name(self) -> &'static str { self.name() }
            fn from(self) -> &'static [State] { self.from() }
            fn leads_to(self) -> State { self.leads_to() }
        }

        impl std::str::FromStr for Kind {
            type Err = crate::model::quote::Unfit;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                let expected = concat!("a kind of event of ", $what);
                Self::ALL.iter().copied().find(|kind| kind.name() == text).ok_or(crate::model::quote::Unfit { expected })
            }
        }
    };
    (told) => { true };
    (quiet) => { false };
}

pub(crate) use moves;

/// What events brought to light.
pub trait Learnt: Clone + fmt::Debug + Default + Eq + Send + Sync + 'static {
    /// Takes newer facts in; what they do not speak of stays.
    fn learn(&mut self, newer: &Self);
}

/// What a story is about.
pub trait Plot: Clone + fmt::Debug + Eq + Send + Sync + 'static {
    /// Its name with an article, such as `a refund`.
    const WHAT: &'static str;
    /// With what it begins.
    const BEGINS: Self::Kind;
    /// What is asked for.
    type Deed: Asked + Clone + fmt::Debug + Eq + Send + Sync;
    /// What can happen to it.
    type Kind: Move;
    /// What that may bring to light.
    type Facts: Learnt;
}

/// Where a story of this kind may stand.
pub type StateOf<P> = <<P as Plot>::Kind as Move>::State;
/// The id of a story of this kind.
pub type IdOf<P> = <<P as Plot>::Deed as Asked>::Id;
/// An event of a story of this kind.
pub type EventOf<P> = Event<<P as Plot>::Kind, <P as Plot>::Facts>;
/// What is about to happen in a story of this kind.
pub type HappeningOf<P> = Happening<<P as Plot>::Kind, <P as Plot>::Facts>;

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<K, F> {
    /// Its id.
    pub id: EventId,
    /// Its place in the story, from 1.
    pub version: u32,
    /// When the gateway wrote it down.
    pub at: Timestamp,
    /// Who made it happen.
    pub actor: Actor,
    /// What happened.
    pub kind: K,
    /// Why, in words.
    pub cause: String,
    /// What it brought to light.
    pub facts: F,
}

impl<K, F: Default> Event<K, F> {
    /// The first event of a story.
    pub fn first(kind: K, at: Timestamp, cause: &str) -> Self {
        Happening::new(kind, Actor::Partner, cause).at(1, at)
    }
}

/// Something that is about to be written into a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening<K, F> {
    /// What happens.
    pub kind: K,
    /// Who makes it happen.
    pub actor: Actor,
    /// Why, in words.
    pub cause: String,
    /// What it brings to light.
    pub facts: F,
}

impl<K, F: Default> Happening<K, F> {
    /// Something without further facts.
    pub fn new(kind: K, actor: Actor, cause: impl Into<String>) -> Self {
        Self { kind, actor, cause: cause.into(), facts: F::default() }
    }
}

impl<K, F> Happening<K, F> {
    /// The same with facts.
    pub fn with(self, facts: F) -> Self {
        Self { facts, ..self }
    }

    /// The event that it is when it happens in that place of the story.
    pub fn at(self, version: u32, at: Timestamp) -> Event<K, F> {
        let Self { kind, actor, cause, facts } = self;
        Event { id: EventId::fresh(), version, at, actor, kind, cause, facts }
    }
}

/// An event that may not follow where a story stands.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} that is {state} cannot be {kind}")]
pub struct IllegalMove {
    /// What it was to happen to.
    pub what: &'static str,
    /// Where that stands.
    pub state: String,
    /// What was to happen.
    pub kind: &'static str,
}

/// The deed and the fold of what happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story<P: Plot> {
    /// What was asked for at first.
    pub deed: P::Deed,
    /// Where it stands.
    pub state: StateOf<P>,
    /// How many events it has.
    pub version: u32,
    /// Everything that came to light.
    pub known: P::Facts,
    /// When its last event was written.
    pub updated_at: Timestamp,
    /// Its events, oldest first; empty in lists.
    pub events: Vec<EventOf<P>>,
}

impl<P: Plot> Story<P> {
    /// A fresh story with its first event.
    pub fn received(deed: P::Deed, cause: &str) -> Self {
        let at = deed.head().created_at;
        Self::opened(deed, Event::first(P::BEGINS, at, cause))
    }

    /// The story that these events made; `None` when they do not make one.
    pub fn fold(deed: P::Deed, events: impl IntoIterator<Item = EventOf<P>>) -> Option<Self> {
        let mut events = events.into_iter();
        let first = events.next().filter(|event| event.kind == P::BEGINS && event.version == 1)?;
        let mut story = Self::opened(deed, first);
        for event in events {
            story.apply(event).ok()?;
        }
        Some(story)
    }

    fn opened(deed: P::Deed, first: EventOf<P>) -> Self {
        let (state, known, updated_at) = (first.kind.leads_to(), first.facts.clone(), first.at);
        Self { deed, state, version: 1, known, updated_at, events: vec![first] }
    }

    /// The event that this happening would be, if it may happen now.
    pub fn next(&self, at: Timestamp, what: HappeningOf<P>) -> Result<EventOf<P>, IllegalMove> {
        if self.may_follow(what.kind) { Ok(what.at(self.version + 1, at)) } else { Err(self.illegal(what.kind)) }
    }

    /// Takes the next event into the state.
    pub fn apply(&mut self, event: EventOf<P>) -> Result<(), IllegalMove> {
        if !self.may_follow(event.kind) || event.version != self.version + 1 {
            return Err(self.illegal(event.kind));
        }
        self.state = event.kind.leads_to();
        self.version = event.version;
        self.updated_at = event.at;
        self.known.learn(&event.facts);
        self.events.push(event);
        Ok(())
    }

    /// The story after these happenings; those that may not happen (any more) are left out, and with them the rest.
    #[must_use]
    pub fn after(&self, at: Timestamp, happenings: Vec<HappeningOf<P>>) -> Self {
        let mut after = self.clone();
        for happening in happenings {
            let Ok(event) = after.next(at, happening) else { break };
            if after.apply(event).is_err() {
                break;
            }
        }
        after
    }

    fn may_follow(&self, kind: P::Kind) -> bool {
        kind.from().contains(&self.state)
    }

    fn illegal(&self, kind: P::Kind) -> IllegalMove {
        IllegalMove { what: P::WHAT, state: self.state.to_string(), kind: kind.name() }
    }
}
