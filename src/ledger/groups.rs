//! Orders that are begun, or settled, at the same moment by different callers: written in one transaction, with one
//! statement for each table instead of one for each order. What stands in anybody's way (a key that is in use, a reference
//! that is taken, a quote that is over) takes that order out of the group, and it is dealt with alone.

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::future::{BoxFuture, join_all};

use super::claims;
use super::writing::{self, Start, Written};
use super::{Answer, Error, KeyUse, Lease, NewOrder, quotes, words};
use crate::clock::Clock;
use crate::model::ids::OrderId;
use crate::model::order::Order;
use crate::sql::{self, Sql, Together, Tx};

/// A wish to order, with its key.
#[derive(Clone, Debug)]
pub(super) struct Beginning {
    pub asked: KeyUse,
    pub wish: NewOrder,
}

/// What became of an order, with the answer that repeats of its request get.
#[derive(Clone, Debug)]
pub(super) struct Settling {
    pub lease: Lease,
    pub order: Order,
    pub known: u32,
    pub look_at: i64,
    pub answer: Answer,
}

/// Where beginnings meet.
pub(super) type Beginnings = Together<Beginning, Result<Start, Error>>;
/// Where settlings meet.
pub(super) type Settlings = Together<Settling, Result<(), Error>>;

/// Something that can be written for many at one time, and for each alone.
trait Joint: Sized + Send + Sync + 'static {
    /// What comes of it.
    type Done: Send + 'static;

    /// Which of them cannot be in one group with an earlier one.
    fn doubled(all: &[Self]) -> HashSet<usize>;

    /// Writes those at these places; gives what came of each that was written. What is missing is written alone.
    fn together(tx: &mut Tx, job: &Job<Self>, at: Vec<usize>) -> impl Future<Output = Ends<Self>> + Send;

    /// Writes one.
    fn alone(tx: &mut Tx, job: &Job<Self>, at: usize) -> impl Future<Output = Result<Self::Done, Error>> + Send;
}

/// What came of those that were written.
type Ends<W> = Result<Vec<(usize, <W as Joint>::Done)>, Spoilt>;

/// Why nothing of a group was written.
#[derive(Debug)]
enum Spoilt {
    /// These stand in the way: once more without them.
    By(HashSet<usize>),
    /// Somebody stands in the way: each alone.
    Somehow(Error),
}

impl<E: Into<Error>> From<E> for Spoilt {
    fn from(error: E) -> Self {
        Self::Somehow(error.into())
    }
}

/// What is to be written now.
struct Job<W> {
    all: Vec<W>,
    now_ms: i64,
}

/// A meeting place for beginnings in this database.
pub(super) fn beginnings(sql: &Sql, clock: &Clock) -> Beginnings {
    meeting(sql, clock)
}

/// A meeting place for settlings.
pub(super) fn settlings(sql: &Sql, clock: &Clock) -> Settlings {
    meeting(sql, clock)
}

fn meeting<W: Joint>(sql: &Sql, clock: &Clock) -> Together<W, Result<W::Done, Error>> {
    let (door, clock) = (sql.clone(), clock.clone());
    Together::new(sql, move |all| -> BoxFuture<'static, _> {
        let (door, job) = (door.clone(), Arc::new(Job { all, now_ms: clock.now_ms() }));
        Box::pin(async move { write(&door, &job).await })
    })
}

/// Writes all, as many as can be in one transaction; an answer for each, in their order.
async fn write<W: Joint>(sql: &Sql, job: &Arc<Job<W>>) -> Vec<Result<W::Done, Error>> {
    let mut ends: Vec<Option<Result<W::Done, Error>>> = job.all.iter().map(|_| None).collect();
    let mut out = W::doubled(&job.all);
    loop {
        let group: Vec<_> = (0..job.all.len()).filter(|at| !out.contains(at)).collect();
        if group.len() < 2 {
            break;
        }
        match write_group(sql, job, group.clone()).await {
            Ok(done) => {
                for (at, done) in done {
                    if let Some(end) = ends.get_mut(at) {
                        *end = Some(Ok(done));
                    }
                }
                break;
            }
            Err(Spoilt::By(more)) if !more.is_empty() => out.extend(more),
            // Alone each would hear the same, one after another; and perhaps all of it was written.
            Err(Spoilt::Somehow(Error::Sql(error))) if error.is_unreachable() => {
                for at in group {
                    if let Some(end) = ends.get_mut(at) {
                        *end = Some(Err(error.shared().into()));
                    }
                }
                break;
            }
            Err(spoilt) => {
                tracing::debug!(?spoilt, orders = group.len(), "written one by one");
                break;
            }
        }
    }
    join_all(ends.into_iter().enumerate().map(async |(at, end)| match end {
        Some(end) => end,
        None => write_alone(sql, job, at).await,
    }))
    .await
}

async fn write_group<W: Joint>(sql: &Sql, job: &Arc<Job<W>>, group: Vec<usize>) -> Ends<W> {
    let job = Arc::clone(job);
    sql.transaction(move |tx| {
        Box::pin(async move {
            if tx.is_postgres() {
                // A plan made while a table was small would read all of it for ever.
                tx.execute("SET LOCAL plan_cache_mode = force_custom_plan", Vec::new()).await?;
            }
            W::together(tx, &job, group).await
        })
    })
    .await
}

async fn write_alone<W: Joint>(sql: &Sql, job: &Arc<Job<W>>, at: usize) -> Result<W::Done, Error> {
    let job = Arc::clone(job);
    sql.transaction(move |tx| Box::pin(async move { W::alone(tx, &job, at).await })).await
}

/// The places of those that have one of these names in common with an earlier one.
fn repeated<W, N: Clone + Eq + std::hash::Hash>(all: &[W], names: impl Fn(&W) -> Vec<N>) -> HashSet<usize> {
    let mut seen = HashSet::new();
    let again = |(at, one)| {
        // All of them are seen, also behind the first that is not new.
        let old = names(one).into_iter().filter(|name| !seen.insert(name.clone())).count();
        (old > 0).then_some(at)
    };
    all.iter().enumerate().filter_map(again).collect()
}

impl Joint for Beginning {
    type Done = Start;

    fn doubled(all: &[Self]) -> HashSet<usize> {
        repeated(all, |Self { asked, wish }| {
            let of = |name: &str| (asked.partner.to_string(), asked.mode.name(), name.to_owned());
            let [key, reference] = [format!("key {}", asked.key), format!("reference {}", wish.reference)];
            vec![of(&key), of(&reference), (String::new(), "quote", wish.quote.to_string())]
        })
    }

    async fn together(tx: &mut Tx, job: &Job<Self>, at: Vec<usize>) -> Ends<Self> {
        let now = words::moment("now", job.now_ms)?;
        let members = || at.iter().filter_map(|at| Some((*at, job.all.get(*at)?)));
        let asked: Vec<_> = members().map(|(_, one)| (&one.asked.partner, one.asked.mode, &one.wish.quote)).collect();
        let quotes = quotes::find_all(tx, &asked).await?;
        let plain = members().filter_map(|(at, one)| {
            let quote = quotes.get(&one.wish.quote).filter(|quote| quote.expires_at > now)?;
            Some((at, one, OrderId::fresh(), quote.clone()))
        });
        let plain: Vec<_> = plain.collect();
        let keys: Vec<_> = plain.iter().map(|(_, one, id, _)| (&one.asked, id.as_str())).collect();
        let leases = claims::claim_fresh(tx, &keys, job.now_ms).await?;
        let mut begun = Vec::new();
        for ((at, one, id, quote), lease) in plain.iter().zip(leases) {
            let Some(lease) = lease else { continue };
            let order = writing::being_placed(id.clone(), one.asked.clone(), one.wish.clone(), quote.clone(), now)?;
            begun.push((*at, lease, order, job.now_ms + one.asked.lease_ms));
        }
        let orders: Vec<_> = begun.iter().map(|(_, _, order, look_at)| (order, *look_at)).collect();
        let written = writing::insert(tx, &orders).await?;
        let in_the_way = begun.iter().filter(|(_, _, order, _)| !written.contains(&order.deed.id));
        let in_the_way: HashSet<_> = in_the_way.map(|(at, ..)| *at).collect();
        if !in_the_way.is_empty() {
            return Err(Spoilt::By(in_the_way));
        }
        writing::note(tx, &begun.iter().map(|(_, _, order, _)| (order, 0)).collect::<Vec<_>>()).await?;
        Ok(begun.into_iter().map(|(at, lease, order, _)| (at, Start::Fresh(lease, Box::new(order)))).collect())
    }

    async fn alone(tx: &mut Tx, job: &Job<Self>, at: usize) -> Result<Start, Error> {
        let Self { asked, wish } = job.at(at)?.clone();
        writing::begin(tx, asked, wish, words::moment("now", job.now_ms)?).await
    }
}

impl Joint for Settling {
    type Done = ();

    fn doubled(all: &[Self]) -> HashSet<usize> {
        repeated(all, |one| vec![one.lease.name(), (String::new(), "order", one.order.deed.id.to_string())])
    }

    async fn together(tx: &mut Tx, job: &Job<Self>, at: Vec<usize>) -> Ends<Self> {
        let members: Vec<_> = at.iter().filter_map(|at| job.all.get(*at)).collect();
        settle(tx, &members).await?;
        Ok(at.into_iter().map(|at| (at, ())).collect())
    }

    async fn alone(tx: &mut Tx, job: &Job<Self>, at: usize) -> Result<(), Error> {
        settle(tx, &[job.at(at)?]).await
    }
}

async fn settle(tx: &mut Tx, all: &[&Settling]) -> Result<(), Error> {
    let answers: Vec<_> = all.iter().map(|one| (&one.lease, &one.answer)).collect();
    claims::settle_all(tx, &answers).await?;
    let written = all.iter().map(|one| Written { order: &one.order, known: one.known, look_at: one.look_at });
    writing::write_all(tx, &written.collect::<Vec<_>>()).await
}

impl<W> Job<W> {
    fn at(&self, at: usize) -> Result<&W, Error> {
        self.all.get(at).ok_or(Error::Sql(sql::Error::Interrupted))
    }
}
