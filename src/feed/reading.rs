//! One pass: what was left out before and is due, then a page of the feed, looked up side by side and told in its order.

use std::collections::HashSet;
use std::pin::pin;
use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::judge::Decided;
use super::{Fault, Feed, Followed, Follows, Seen};
use crate::ledger::{FeedTurn, LeftOut};
use crate::model::partner::Mode;
use crate::upstream::Context;
use crate::upstream::wholesale::calls;
use crate::upstream::wholesale::wire::changes::{Change, Changes};

/// How many changes are read at once.
const PAGE: u32 = 500;
/// Things that are looked up at one time.
const SIDE_BY_SIDE: usize = 16;
/// The cursor is moved after so many changes at the latest, so that a crash does not cost a page.
const STRIDE: usize = 100;
/// After so long a pass begins nothing new: one that is under way is waited for when the node stops.
const PASS_MS: i64 = 15_000;

/// The catalogue's word for a change of goods.
const GOODS: &str = "goods";
/// Its word for something new.
const CREATED: &str = "created";

/// How a page was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    /// All of it was looked at.
    Whole,
    /// The pass took long enough; the next one goes on.
    Cut,
    /// Somebody else has the turn now.
    NotOurs,
}

/// What a change is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Thing {
    kind: String,
    reference: String,
}

impl Feed {
    pub(super) async fn pass<F: Follows>(
        &self,
        by: &F,
        mode: Mode,
        wait: Duration,
        mut turn: FeedTurn,
    ) -> Result<Followed, F::Error> {
        let mut followed = self.look_again(by, mode, &turn.feed).await?;
        // Who has something to do at once does not wait for more.
        let wait = if followed.more { Duration::ZERO } else { wait };
        let page = self.changes::<F>(mode, turn.from, wait).await?;
        if page.last_seq < turn.from {
            // The catalogue counts from the start again (it lost its memory): read everything it has.
            tracing::warn!(from = turn.from, last = page.last_seq, feed = turn.feed, "the change feed begins anew");
            self.ledger.advance_feed(&mut turn, mode, 0, Vec::new()).await?;
            return Ok(Followed { more: true, ..followed });
        }
        let is_full = page.items.len() >= PAGE as usize;
        followed.seen = page.items.len();
        let newest = page.last_seq;
        let mut decided = Decided::new(turn.from);
        let read = self.read(by, mode, page.items, &mut turn, &mut decided, &mut followed).await;
        // A page that is not full is all there is; what lies between are changes of other things.
        if matches!(read, Ok(Page::Whole)) && !is_full {
            decided.to = decided.to.max(newest);
        }
        followed.more |= is_full || matches!(read, Ok(Page::Cut));
        if !matches!(read, Ok(Page::NotOurs)) {
            self.settle(mode, &mut turn, &mut decided, &mut followed).await?;
        }
        read.map(|_| followed)
    }

    /// Takes in the changes of a page.
    async fn read<F: Follows>(
        &self,
        by: &F,
        mode: Mode,
        changes: Vec<Change>,
        turn: &mut FeedTurn,
        decided: &mut Decided<F::Error>,
        followed: &mut Followed,
    ) -> Result<Page, F::Error> {
        let mut done = HashSet::new();
        let went_on: HashSet<_> = changes.iter().filter(|one| one.change != CREATED).filter_map(about).collect();
        // A thing is read as it stands now, so that one look takes in all its changes of a page.
        let mut first = |thing: Thing| done.insert(thing.clone()).then_some(thing);
        let things: Vec<_> = changes.iter().map(|change| (change.seq, about(change).and_then(&mut first))).collect();
        let (ends, all) = (self.clock.now_ms() + PASS_MS, things.len());
        let begun = things.into_iter().take_while(|_| self.clock.now_ms() < ends);
        let looks = stream::iter(begun).map(async |(seq, thing)| {
            let seen = match &thing {
                Some(thing @ Thing { kind, reference }) => {
                    let is_new = !went_on.contains(thing);
                    match is_new && by.knows_of(kind, reference, mode).await.unwrap_or(false) {
                        true => Ok(Seen::Same),
                        false => by.take_in(kind, reference, mode).await,
                    }
                }
                None => Ok(Seen::NotOurs),
            };
            (seq, thing, seen)
        });
        // Side by side, as each is another thing; in the feed's order, so that the cursor stops before an outage.
        let mut looks = pin!(looks.buffered(SIDE_BY_SIDE));
        let (mut looked, mut since) = (0, 0);
        while let Some((seq, thing, seen)) = looks.next().await {
            match (seen, thing) {
                (Ok(Seen::NotOurs), _) => decided.passed(seq),
                (Ok(seen), _) => {
                    followed.moved += usize::from(seen == Seen::Moved);
                    decided.answered(seq);
                }
                (Err(error), Some(Thing { kind, reference })) => {
                    let (fault, why) = (F::fault(&error), error.to_string());
                    tracing::warn!(kind, reference, ?fault, why, "a change could not be taken in");
                    decided.failed(seq, LeftOut { kind, reference, why }, fault, error)?;
                }
                (Err(error), None) => return Err(error),
            }
            (looked, since) = (looked + 1, since + 1);
            if (since >= STRIDE || self.ledger.is_ageing(turn)) && decided.to > turn.from {
                since = 0;
                if !self.settle(mode, turn, decided, followed).await? {
                    return Ok(Page::NotOurs);
                }
            }
        }
        decided.end()?;
        Ok(if looked == all { Page::Whole } else { Page::Cut })
    }

    /// Writes down how far everything is decided; false when somebody else has the turn now.
    async fn settle<E: From<crate::ledger::Error>>(
        &self,
        mode: Mode,
        turn: &mut FeedTurn,
        decided: &mut Decided<E>,
        followed: &mut Followed,
    ) -> Result<bool, E> {
        if decided.to == turn.from {
            return Ok(true);
        }
        let left = std::mem::take(&mut decided.left);
        for one in &left {
            let LeftOut { kind, reference, why } = one;
            tracing::error!(kind, reference, why, "a change is left out for now; it is looked up again");
        }
        let count = left.len();
        let kept = self.ledger.advance_feed(turn, mode, decided.to, left).await?;
        followed.left_out += if kept { count } else { 0 };
        Ok(kept)
    }

    /// Looks up again what was left out before and whose time has come.
    async fn look_again<F: Follows>(&self, by: &F, mode: Mode, feed: &str) -> Result<Followed, F::Error> {
        let due = self.ledger.list_due_left_out(feed, SIDE_BY_SIDE as u32).await?;
        let mut followed = Followed { more: due.len() == SIDE_BY_SIDE, ..Followed::default() };
        let looks =
            due.into_iter().map(async |left| (by.take_in(&left.what.kind, &left.what.reference, mode).await, left));
        for (seen, left) in futures_util::future::join_all(looks).await {
            let LeftOut { kind, reference, .. } = &left.what;
            match seen {
                Ok(seen) => {
                    tracing::info!(kind, reference, tries = left.tries, "a change that was left out is taken in");
                    followed.moved += usize::from(seen == Seen::Moved);
                    self.ledger.settle_left_out(&left).await?;
                }
                // Nobody knows anything new about it.
                Err(error) if F::fault(&error) == Fault::Outage => followed.more = false,
                Err(error) => {
                    tracing::warn!(kind, reference, tries = left.tries, %error, "a change cannot be taken in still");
                    self.ledger.put_left_out_off(&left, &error.to_string()).await?;
                }
            }
        }
        Ok(followed)
    }

    async fn changes<F: Follows>(&self, mode: Mode, after: i64, wait: Duration) -> Result<Changes, F::Error> {
        let call = calls::changes(after, PAGE, wait).with("kinds", F::KINDS);
        Ok(self.upstream.read(mode, &call, Context::here()).await?)
    }
}

/// Goods are known by their number, all else by the reference of ours that it carries.
fn about(change: &Change) -> Option<Thing> {
    let is_goods = change.kind == GOODS;
    let reference = if is_goods { Some(change.id.to_string()) } else { change.out_ref.clone() };
    Some(Thing { reference: reference?, kind: change.kind.clone() })
}

#[cfg(test)]
mod tests {
    use super::about;
    use serde_json::json;

    #[test]
    fn goods_are_known_by_their_number_and_all_else_by_our_reference() {
        let of = |change: serde_json::Value| {
            let thing = about(&serde_json::from_value(change).unwrap());
            thing.map(|thing| (thing.kind, thing.reference))
        };
        let goods = json!({"seq": 1, "kind": "goods", "id": 610_947_572_360_i64, "change": "price", "version": 2});
        assert_eq!(of(goods), Some(("goods".into(), "610947572360".into())));
        let order = json!({"seq": 2, "kind": "order", "id": 26, "change": "status", "outRef": "ord_1"});
        assert_eq!(of(order), Some(("order".into(), "ord_1".into())));
        assert_eq!(of(json!({"seq": 3, "kind": "order", "id": 27, "change": "status"})), None);
    }
}
