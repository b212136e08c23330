//! Which partners follow which offers, and what of these was told last. What changed between two looks is told to all
//! followers in the transaction that remembers the newer look, so that it is told once, by whichever node looked.
//!
//! Who follows or gives up locks the partner's count first and then the offers in the order of their numbers; who tells a
//! change locks the offer alone. So a follower hears of everything that changes after what following answered.

mod words;

use super::outbox::{self, Notice};
use super::pages::page;
use super::{Error, Ledger};
use crate::model::follow::{Follow, Look, Watched};
use crate::model::ids::{EventId, OfferId, PartnerId};
use crate::model::page::{Cursor, Page, PageSize};
use crate::model::partner::Mode;
use crate::sql::{Row, Rows, Tx, args};

/// An offer that nobody follows is forgotten after so long: it may be about to be followed.
const KEEP_MS: i64 = 600_000;
/// So many of these at a time.
const FORGOTTEN_AT_ONCE: u32 = 500;

/// What came of a wish to follow an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wished {
    /// It is followed, now or since before.
    Followed(Box<Follow>),
    /// The partner follows as many as it may.
    TooMany,
    /// It was forgotten meanwhile, or nobody looked at it yet: begin again.
    Unseen,
}

/// How many offers are followed, by how many partners' wishes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FollowCount {
    /// Offers.
    pub offers: u64,
    /// Follows.
    pub follows: u64,
}

const FIND: &str = "SELECT offer, standing, figures, revision FROM followed_offers WHERE mode = $1 AND offer = $2";
const LOCK: &str = "UPDATE followed_offers SET revision = revision WHERE mode = $1 AND offer = $2 \
    RETURNING offer, standing, figures, revision, changed_at";
const FORGET: &str = "DELETE FROM followed_offers WHERE mode = $1 AND offer = $2 \
    AND NOT EXISTS (SELECT 1 FROM follows WHERE follows.mode = $1 AND follows.offer = $2)";

impl Ledger {
    /// Begins to look after these offers, so that no change from now on is overlooked; gives each as it stands here.
    pub async fn look_after(&self, mode: Mode, offers: &[OfferId]) -> Result<Vec<Watched>, Error> {
        static BEGIN: Rows = Rows::with_tail(
            "INSERT INTO followed_offers (mode, offer, revision, created_at, changed_at) VALUES",
            5,
            "ON CONFLICT (mode, offer) DO NOTHING",
        );
        let (offers, now) = (in_order(offers), self.clock.now_ms());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    let row = |offer: &OfferId| args![mode.name(), offer.number(), 0_i64, now, now];
                    BEGIN.insert(tx, offers.iter().map(row).collect()).await?;
                    let mut all = Vec::new();
                    for offer in &offers {
                        let row = tx.fetch_optional(FIND, args![mode.name(), offer.number()]).await?;
                        all.extend(row.as_ref().map(watched).transpose()?);
                    }
                    Ok::<_, Error>(all)
                })
            })
            .await
    }

    /// An offer that is looked after; none when nobody follows it or is about to.
    pub async fn find_watched(&self, mode: Mode, offer: OfferId) -> Result<Option<Watched>, Error> {
        let row = self.sql.fetch_optional(FIND, args![mode.name(), offer.number()]).await?;
        row.as_ref().map(watched).transpose()
    }

    /// Remembers what a look saw and tells all followers what changed since the one before, in one transaction; gives how
    /// many events that were. `Moved` when somebody else remembered a look meanwhile.
    pub async fn take_in_look(&self, mode: Mode, before: &Watched, look: &Look) -> Result<usize, Error> {
        let after = before.after(look);
        let changes = before.changes(look);
        if before.seen.as_ref() == Some(&after) {
            return Ok(0);
        }
        let (before, now) = (before.clone(), self.clock.now_ms());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    write(tx, mode, &before, &after, (!changes.is_empty()).then_some(now)).await?;
                    let followers =
                        if changes.is_empty() { Vec::new() } else { followers(tx, mode, before.offer).await? };
                    let told: Vec<_> = changes.iter().map(|change| words::told(&before, &after, change)).collect();
                    let subject = before.offer.to_string();
                    let ids: Vec<_> = (0..followers.len() * changes.len()).map(|_| EventId::fresh()).collect();
                    let each =
                        followers.iter().flat_map(|partner| changes.iter().zip(&told).map(move |told| (partner, told)));
                    let notices: Vec<_> = each
                        .zip(&ids)
                        .map(|((partner, (change, data)), event)| Notice {
                            event,
                            partner,
                            mode,
                            subject: &subject,
                            kind: change.event().to_owned(),
                            data: data.clone(),
                            at: now,
                        })
                        .collect();
                    outbox::post(tx, &notices).await?;
                    Ok(notices.len())
                })
            })
            .await
    }

    /// Has a partner follow these offers, as many as `most` in all; gives what came of each, in the order of their ids.
    pub async fn append_follows(
        &self,
        partner: &PartnerId,
        mode: Mode,
        offers: &[OfferId],
        most: u32,
    ) -> Result<Vec<(OfferId, Wished)>, Error> {
        let (partner, offers, now) = (partner.clone(), in_order(offers), self.clock.now_ms());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    let mut counted = count_locked(tx, &partner, mode).await?;
                    let mut came_of = Vec::new();
                    for offer in offers {
                        let wished = follow(tx, &partner, mode, offer, (&mut counted, i64::from(most)), now).await?;
                        came_of.push((offer, wished));
                    }
                    set_count(tx, &partner, mode, counted).await?;
                    Ok(came_of)
                })
            })
            .await
    }

    /// Has a partner follow an offer no more; false when it did not.
    pub async fn remove_follow(&self, partner: &PartnerId, mode: Mode, offer: OfferId) -> Result<bool, Error> {
        const REMOVE: &str = "DELETE FROM follows WHERE partner = $1 AND mode = $2 AND offer = $3";
        let partner = partner.clone();
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    let counted = count_locked(tx, &partner, mode).await?;
                    let locked = tx.fetch_optional(LOCK, args![mode.name(), offer.number()]).await?;
                    if tx.execute(REMOVE, args![partner.as_str(), mode.name(), offer.number()]).await? == 0 {
                        return Ok(false);
                    }
                    set_count(tx, &partner, mode, counted - 1).await?;
                    if locked.is_some() {
                        tx.execute(FORGET, args![mode.name(), offer.number()]).await?;
                    }
                    Ok::<_, Error>(true)
                })
            })
            .await
    }

    /// The offers a partner follows, newest first, with how many there are.
    pub async fn list_follows(
        &self,
        partner: &PartnerId,
        mode: Mode,
        after: Option<&Cursor>,
        size: PageSize,
    ) -> Result<Page<Follow>, Error> {
        const LIST: &str = "SELECT o.offer, o.standing, o.figures, o.revision, o.changed_at, f.followed_at \
            FROM follows f, followed_offers o WHERE o.mode = f.mode AND o.offer = f.offer \
            AND f.partner = $1 AND f.mode = $2 \
            AND ($3 IS NULL OR f.followed_at < $3 OR (f.followed_at = $3 AND f.offer < $4)) \
            ORDER BY f.followed_at DESC, f.offer DESC LIMIT $5";
        const COUNT: &str = "SELECT follows FROM follow_counts WHERE partner = $1 AND mode = $2";
        let place = after.map(|cursor| cursor.place::<i64>().ok_or(Error::WrongCursor)).transpose()?;
        let (at, offer) = (place.map(|(at, _)| at), place.map_or(0, |(_, offer)| offer));
        let asked = args![partner.as_str(), mode.name(), at, offer, size.get() + 1];
        let follow = |row: &Row| follow_of(row, row.int("followed_at")?);
        let mark = |last: &Follow| Cursor::behind(last.since, last.watched.offer);
        let listed = page(self.sql.fetch_all(LIST, asked).await?, size.get(), follow, mark)?;
        let total = self.sql.fetch_optional(COUNT, args![partner.as_str(), mode.name()]).await?;
        let total = total.map_or(Ok(0), |row| row.int("follows"))?;
        Ok(Page { total: u64::try_from(total).ok(), ..listed })
    }

    /// How many offers are followed, and how often.
    pub async fn count_follows(&self) -> Result<FollowCount, Error> {
        const COUNT: &str =
            "SELECT (SELECT COUNT(*) FROM followed_offers) AS offers, (SELECT COUNT(*) FROM follows) AS follows";
        let Some(row) = self.sql.fetch_optional(COUNT, Vec::new()).await? else { return Ok(FollowCount::default()) };
        let number = |column| Ok::<_, Error>(u64::try_from(row.int(column)?).unwrap_or(0));
        Ok(FollowCount { offers: number("offers")?, follows: number("follows")? })
    }

    /// Those of these offers that a partner follows.
    pub async fn followed_of(
        &self,
        partner: &PartnerId,
        mode: Mode,
        offers: &[OfferId],
    ) -> Result<Vec<OfferId>, Error> {
        const FIND: &str = "SELECT offer FROM follows WHERE partner = $1 AND mode = $2 \
            AND $3 LIKE '%,' || CAST(offer AS TEXT) || ',%'";
        let numbers: Vec<_> = offers.iter().map(OfferId::to_string).collect();
        let rows = self.sql.fetch_all(FIND, args![partner.as_str(), mode.name(), format!(",{},", numbers.join(","))]);
        rows.await?.iter().map(|row| Ok(OfferId::new(row.int("offer")?))).collect()
    }

    /// Forgets offers that were looked after and that nobody follows; gives how many.
    pub async fn forget_unfollowed(&self) -> Result<u64, Error> {
        const LOOSE: &str = "SELECT o.mode, o.offer FROM followed_offers o WHERE o.created_at <= $1 AND NOT EXISTS \
            (SELECT 1 FROM follows f WHERE f.mode = o.mode AND f.offer = o.offer) LIMIT $2";
        let loose = self.sql.fetch_all(LOOSE, args![self.clock.now_ms() - KEEP_MS, FORGOTTEN_AT_ONCE]).await?;
        let mut gone = 0;
        for row in loose {
            let (mode, offer): (Mode, i64) = (row.parse("mode")?, row.int("offer")?);
            // Under its lock: somebody may be following it at this moment.
            gone += self
                .sql
                .transaction(move |tx| {
                    Box::pin(async move {
                        tx.fetch_optional(LOCK, args![mode.name(), offer]).await?;
                        Ok::<_, Error>(tx.execute(FORGET, args![mode.name(), offer]).await?)
                    })
                })
                .await?;
        }
        Ok(gone)
    }
}

fn in_order(offers: &[OfferId]) -> Vec<OfferId> {
    let mut offers = offers.to_vec();
    offers.sort();
    offers.dedup();
    offers
}

async fn write(tx: &mut Tx, mode: Mode, before: &Watched, after: &Look, changed_at: Option<i64>) -> Result<(), Error> {
    const WRITE: &str = "UPDATE followed_offers SET standing = $4, figures = $5, revision = $3 + 1, \
        changed_at = COALESCE($6, changed_at) WHERE mode = $1 AND offer = $2 AND revision = $3";
    let figures = after.figures.as_ref().map(words::write).transpose()?;
    let (standing, revision) = (after.standing.name(), before.revision);
    let row = args![mode.name(), before.offer.number(), revision, standing, figures, changed_at];
    if tx.execute(WRITE, row).await? == 0 { Err(Error::Moved) } else { Ok(()) }
}

async fn followers(tx: &mut Tx, mode: Mode, offer: OfferId) -> Result<Vec<PartnerId>, Error> {
    const WHO: &str = "SELECT partner FROM follows WHERE mode = $1 AND offer = $2 ORDER BY partner";
    let rows = tx.fetch_all(WHO, args![mode.name(), offer.number()]).await?;
    rows.iter().map(|row| Ok(row.parse("partner")?)).collect()
}

/// How many offers a partner follows; nobody else changes that until the transaction ends.
async fn count_locked(tx: &mut Tx, partner: &PartnerId, mode: Mode) -> Result<i64, Error> {
    const COUNTED: &str = "INSERT INTO follow_counts (partner, mode, follows) VALUES ($1, $2, 0) \
        ON CONFLICT (partner, mode) DO UPDATE SET follows = follow_counts.follows RETURNING follows";
    let row = tx.fetch_optional(COUNTED, args![partner.as_str(), mode.name()]).await?;
    row.map_or(Ok(0), |row| Ok(row.int("follows")?))
}

async fn set_count(tx: &mut Tx, partner: &PartnerId, mode: Mode, count: i64) -> Result<(), Error> {
    const SET: &str = "UPDATE follow_counts SET follows = $3 WHERE partner = $1 AND mode = $2";
    tx.execute(SET, args![partner.as_str(), mode.name(), count.max(0)]).await?;
    Ok(())
}

async fn follow(
    tx: &mut Tx,
    partner: &PartnerId,
    mode: Mode,
    offer: OfferId,
    (counted, most): (&mut i64, i64),
    now: i64,
) -> Result<Wished, Error> {
    const SINCE: &str = "SELECT followed_at FROM follows WHERE partner = $1 AND mode = $2 AND offer = $3";
    const FOLLOW: &str = "INSERT INTO follows (partner, mode, offer, followed_at) VALUES ($1, $2, $3, $4)";
    let Some(row) = tx.fetch_optional(LOCK, args![mode.name(), offer.number()]).await? else {
        return Ok(Wished::Unseen);
    };
    if row.opt_text("standing")?.is_none() {
        return Ok(Wished::Unseen);
    }
    let known = tx.fetch_optional(SINCE, args![partner.as_str(), mode.name(), offer.number()]).await?;
    let since = match known {
        Some(known) => known.int("followed_at")?,
        None if *counted >= most => return Ok(Wished::TooMany),
        None => {
            tx.execute(FOLLOW, args![partner.as_str(), mode.name(), offer.number(), now]).await?;
            *counted += 1;
            now
        }
    };
    Ok(Wished::Followed(Box::new(follow_of(&row, since)?)))
}

fn watched(row: &Row) -> Result<Watched, Error> {
    let standing = row.opt_text("standing")?;
    let figures = row.opt_text("figures")?.as_deref().map(words::read).transpose()?;
    let seen =
        standing.map(|standing| Ok::<_, Error>(Look { standing: words::standing(&standing)?, figures })).transpose()?;
    Ok(Watched { offer: OfferId::new(row.int("offer")?), revision: row.int("revision")?, seen })
}

fn follow_of(row: &Row, since: i64) -> Result<Follow, Error> {
    Ok(Follow { watched: watched(row)?, since, changed_at: row.int("changed_at")? })
}

#[cfg(test)]
mod tests;
