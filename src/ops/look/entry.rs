//! Goods in cross-border trade for the operator: how many are in which state, in each world.

use serde::Serialize;
use utoipa::ToSchema;

use crate::catalog::Entries;
use crate::model::entry::EntryCounts;
use crate::model::partner::Mode;

/// Goods by their state, in each world that this gateway serves.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EntryView {
    /// Live, then sandbox.
    pub worlds: Vec<EntryOfWorld>,
}

/// Goods of one world by their state.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EntryOfWorld {
    /// `live` or `sandbox`.
    pub mode: &'static str,
    /// Absent when its catalogue did not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub goods: Option<GoodsByState>,
}

/// Goods by their state; each is in one of the first three.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct GoodsByState {
    /// Partners see them.
    pub entered: u64,
    /// They qualify and nobody entered them.
    pub waiting: u64,
    /// Held back, for whatever reason.
    pub held: u64,
    /// Held back, by the catalogue's reason.
    pub held_for: Vec<HeldFor>,
    /// Of the entered ones: not to be sold everywhere.
    pub restricted: u64,
}

/// Goods that are held back for one reason.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HeldFor {
    /// The catalogue's word, such as `patent` or `infringement`.
    pub reason: String,
    /// How many.
    pub goods: u64,
}

/// How many goods are in which state.
pub async fn entry(entries: &Entries) -> EntryView {
    let worlds = [Mode::Live, Mode::Sandbox].into_iter().filter(|mode| entries.serves(*mode));
    let told = worlds.map(async |mode| {
        let counts = entries.counts(mode).await;
        let counts = counts.inspect_err(|error| tracing::warn!(%error, world = mode.name(), "goods were not counted"));
        EntryOfWorld { mode: mode.name(), goods: counts.ok().map(GoodsByState::from) }
    });
    EntryView { worlds: futures_util::future::join_all(told).await }
}

impl From<EntryCounts> for GoodsByState {
    fn from(counts: EntryCounts) -> Self {
        Self {
            entered: counts.entered,
            waiting: counts.waiting,
            held: counts.held.iter().map(|(_, goods)| goods).sum(),
            held_for: counts.held.into_iter().map(|(reason, goods)| HeldFor { reason, goods }).collect(),
            restricted: counts.restricted,
        }
    }
}
