//! The background tasks of a node, all named here. Each repeats one pass of a room and survives a failed pass; all end
//! when the house closes.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::catalog::Warmed;
use crate::feed::Followed;
use crate::model::language::Language;
use crate::model::partner::Mode;
use crate::partners::Refreshed;
use crate::server::allowances;
use crate::server::house::{House, Rooms};
use crate::server::readings;
use crate::upstream::Context;
use crate::upstream::wholesale::calls;
use crate::usage;
use crate::webhooks::Dispatcher;

const DIRECTORY_EVERY: Duration = Duration::from_secs(1);
const RATES_EVERY: Duration = Duration::from_secs(15);
/// Whether the file of landed-cost tables changed is looked at so often.
const LANDED_EVERY: Duration = Duration::from_secs(2);
const TIDY_EVERY: Duration = Duration::from_secs(30);
const FORGET_EVERY: Duration = Duration::from_secs(600);
const COMPARE_LOOK_EVERY: Duration = Duration::from_secs(30);
/// Points of paid orders are counted so often, and partners told so soon that a day runs out.
const EARN_EVERY: Duration = Duration::from_secs(60);
const NEAR_EVERY: Duration = Duration::from_secs(1);
/// Storefronts are read again, and clicks written, so often.
const REFERRALS_EVERY: Duration = Duration::from_secs(1);
const HAND_BACK_EVERY: Duration = Duration::from_millis(50);
const STUCK_EVERY: Duration = Duration::from_secs(1);
const BEAT_EVERY: Duration = Duration::from_secs(1);
/// How often noted calls are added up: often, so that no pass is long enough to be felt by a request on the same core.
const ADD_UP_EVERY: Duration = Duration::from_millis(20);
/// How long the interpreter waits for texts before the task looks whether to stop.
const INTERPRET_WITHIN: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Which apps called is written down so often.
const USES_EVERY: Duration = Duration::from_secs(10);
/// How long written events of other processes may wait to be published; our own are published at once.
const PUBLISH_WITHIN: Duration = Duration::from_millis(200);
/// So many events are published in one transaction.
const PUBLISHED_AT_ONCE: u32 = 500;
/// How long the catalogue may hold a question about changes open; short, so that stopping does not wait for it.
const FEED_PATIENCE: Duration = Duration::from_secs(2);
/// After a failed look at the stream of changes it is tried again this soon.
const HEAR_AGAIN: Duration = Duration::from_millis(200);
/// What is asked for most is listed for other nodes so often, and fades so often.
const LIST_EVERY: Duration = Duration::from_secs(10);
const FADE_EVERY: Duration = Duration::from_secs(300);
/// So much is fetched before a node is ready, for no longer than this.
const WARMED: usize = 500;
const WARM_WITHIN: Duration = Duration::from_secs(5);
/// Comparisons that wait are looked for so often.
const WORK_EVERY: Duration = Duration::from_millis(200);
const WORLDS: [Mode; 2] = [Mode::Live, Mode::Sandbox];

/// Rooms that forget what is past its time, and what is said when they cannot.
macro_rules! forgets {
    ($tasks:ident, $stop:ident: $($room:expr => $trouble:literal,)*) => {
        $(every(&mut $tasks, $stop, FORGET_EVERY, $room, |room| async move {
            if let Err(error) = room.tidy().await {
                tracing::warn!(%error, $trouble);
            }
        });)*
    };
}

/// Rooms that settle what was left open in a world.
macro_rules! reconciles {
    ($world:ident, $pause:ident: $($task:literal => $room:expr,)*) => {
        let mode = $world.mode;
        $($world.every($task, $pause, $room, move |room| async move { room.reconcile(mode).await });)*
    };
}

/// Rooms that follow the catalogue's changes in a world.
macro_rules! follows {
    ($world:ident: $($task:literal => $room:expr,)*) => {
        let mode = $world.mode;
        $($world.follow(
            $task,
            $room,
            move |room| async move { room.follow(mode, FEED_PATIENCE).await },
            move |room| async move { room.stop_following(mode).await },
        );)*
    };
}

/// Starts every task of the house on the current runtime.
pub fn start(house: &Arc<House>, rooms: &Rooms, stop: &CancellationToken) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    let h = || Arc::clone(house);
    let orders = || rooms.orders.clone().into_inner();
    let aftersale = || rooms.aftersale.clone().into_inner();
    let fulfilment = || rooms.fulfilment.clone().into_inner();
    let follows = || rooms.follows.clone().into_inner();
    let sourcing = || rooms.sourcing.clone().into_inner();
    every(&mut tasks, stop, DIRECTORY_EVERY, h(), |house| async move {
        if house.directory.refresh().await == Refreshed::Kept {
            tracing::warn!("partners and keys could not be read again; those known stay in use");
        }
    });
    every(&mut tasks, stop, TIDY_EVERY, h(), |house| async move {
        house.gate.limits.tidy();
        house.nonces.tidy();
        house.param2.apps.tidy();
    });
    every(&mut tasks, stop, STUCK_EVERY, h(), |house| async move {
        house.crowd.cut_idle();
    });
    every(&mut tasks, stop, REFERRALS_EVERY, h(), |house| async move {
        if let Err(error) = house.passes.note(("storefronts_read", ""), house.referrals.refresh().await) {
            tracing::warn!(%error, "storefronts could not be read again; those known stay in use");
        }
        if let Err(error) = house.passes.note(("clicks_write", ""), house.referrals.flush().await) {
            tracing::warn!(%error, "clicks could not be written; they are kept and written with the next");
        }
    });
    every(&mut tasks, stop, EARN_EVERY, h(), |house| async move { allowances::earn(&house).await });
    every(&mut tasks, stop, NEAR_EVERY, h(), |house| async move { allowances::tell_near_limits(&house).await });
    if house.counters.redis().is_some() {
        every(&mut tasks, stop, HAND_BACK_EVERY, h(), |house| async move { house.gate.limits.hand_back().await });
        every(&mut tasks, stop, BEAT_EVERY, h(), |house| async move {
            // While Redis does not answer, the plans are shared among as many nodes as it counted last.
            if let Some(nodes) = house.counters.beat().await {
                house.gate.limits.share_among(nodes);
            }
        });
    }
    every(&mut tasks, stop, ADD_UP_EVERY, h(), |house| async move { house.usage.add_up() });
    every(&mut tasks, stop, usage::FLUSH_EVERY, h(), |house| async move {
        if let Err(error) = house.passes.note(("usage_flush", ""), house.usage.flush().await) {
            tracing::warn!(%error, "usage could not be written; it is kept and written with the next");
        }
    });
    every(&mut tasks, stop, usage::SHARE_EVERY, h(), |house| async move { house.usage.share().await });
    every(&mut tasks, stop, usage::SAMPLE_EVERY, (h(), orders()).into(), |both| async move {
        let (house, orders) = &*both;
        house.usage.sample(readings::sample(house, orders).await);
    });
    every(&mut tasks, stop, FORGET_EVERY, h(), |house| async move {
        if let Err(error) = house.passes.note(("usage_tidy", ""), house.usage.tidy().await) {
            tracing::warn!(%error, "usage past its time could not be removed");
        }
    });
    every(&mut tasks, stop, USES_EVERY, h(), |house| async move { write_uses(&house).await });
    forgets! { tasks, stop:
        orders() => "keys and quotes past their life could not be removed",
        follows() => "offers that nobody follows could not be forgotten",
        sourcing() => "comparisons past their time could not be removed",
    }
    every(&mut tasks, stop, RATES_EVERY.min(house.config.rates.refresh), h(), refresh_rates);
    every(&mut tasks, stop, LANDED_EVERY, h(), refresh_landed);
    every(&mut tasks, stop, Duration::ZERO, h(), |house| async move { house.interpreter.work(INTERPRET_WITHIN).await });
    every(&mut tasks, stop, LOOK_EVERY, h(), look_at_catalogue);
    every(&mut tasks, stop, Duration::ZERO, h(), publish);
    every(&mut tasks, stop, FORGET_EVERY, h(), tidy_webhooks);
    deliver(&mut tasks, stop, house);
    keep_cache(&mut tasks, stop, house, rooms);
    let reconcile = house.config.orders.reconcile;
    // Often enough that what was broken off is begun again soon; the room knows when it is time.
    let compare = COMPARE_LOOK_EVERY.min(house.config.orders.compare);
    for mode in WORLDS {
        let mut in_world = World { tasks: &mut tasks, stop, house, mode };
        reconciles! { in_world, reconcile:
            "orders_reconcile" => orders(),
            "refunds_reconcile" => aftersale(),
            "inquiries_reconcile" => sourcing(),
            "fulfilment_reconcile" => fulfilment(),
        }
        in_world.every("source_matches_work", WORK_EVERY, sourcing(), move |room| async move { room.work(mode).await });
        if !rooms.catalog.serves(mode) {
            continue;
        }
        in_world.follow(
            "cache_changes",
            rooms.catalog.clone().into_inner(),
            move |room| async move {
                let told = room.follow(mode, FEED_PATIENCE).await;
                told.map(|told| Followed { seen: told.seen, moved: told.moved, more: told.more, ..Followed::default() })
            },
            move |room| async move { room.stop_following(mode).await },
        );
        follows! { in_world:
            "orders_follow" => orders(),
            "refunds_follow" => aftersale(),
            "fulfilment_follow" => fulfilment(),
            "follows_follow" => follows(),
            "inquiries_follow" => sourcing(),
        }
        in_world.every("orders_compare", compare, orders(), move |orders| async move { orders.compare(mode).await });
    }
    tasks
}

/// What the cache does behind everybody's back: hear what moves, list what is hot, and be warm before the node is ready.
fn keep_cache(tasks: &mut JoinSet<()>, stop: &CancellationToken, house: &Arc<House>, rooms: &Rooms) {
    every(tasks, stop, FADE_EVERY, Arc::clone(house), |house| async move { house.cache.fade_hot() });
    if !house.cache.has_stream() {
        return;
    }
    every(tasks, stop, Duration::ZERO, Arc::clone(house), |house| async move {
        if let Err(error) = house.passes.note(("cache_hear", ""), house.cache.hear().await) {
            tracing::debug!(%error, "the stream of changes in Redis could not be read; it is tried again");
            tokio::time::sleep(HEAR_AGAIN).await;
        }
    });
    every(tasks, stop, LIST_EVERY, Arc::clone(house), |house| async move { house.cache.list_hot().await });
    house.warming.store(true, Ordering::Release);
    let (stop, house, catalog) = (stop.clone(), Arc::clone(house), rooms.catalog.clone().into_inner());
    tasks.spawn(async move {
        let warm = AssertUnwindSafe(catalog.warm(WARMED, WARM_WITHIN)).catch_unwind();
        tokio::select! {
            () = stop.cancelled() => {}
            warmed = warm => {
                if let Ok(warmed) = warmed {
                    let Warmed { listed, found, fetched, failed, cut } = warmed;
                    tracing::info!(listed, found, fetched, failed, cut, "what is asked for most is at hand");
                }
            }
        }
        house.warming.store(false, Ordering::Release);
    });
}

/// Where the tasks of one world are started.
struct World<'a> {
    tasks: &'a mut JoinSet<()>,
    stop: &'a CancellationToken,
    house: &'a Arc<House>,
    mode: Mode,
}

impl World<'_> {
    /// Repeats a pass of a room; how it fares is counted, and told when it fails.
    fn every<T, F, R, E>(
        &mut self,
        task: &'static str,
        pause: Duration,
        of: Arc<T>,
        pass: impl Fn(Arc<T>) -> F + Send + Sync + 'static,
    ) where
        T: Send + Sync + 'static,
        F: Future<Output = Result<R, E>> + Send,
        R: Send,
        E: std::fmt::Display + Send,
    {
        let (house, mode, pass) = (Arc::clone(self.house), self.mode.name(), Arc::new(pass));
        every(self.tasks, self.stop, pause, of, move |of| {
            let (house, pass) = (Arc::clone(&house), Arc::clone(&pass));
            async move {
                if let Err(error) = house.passes.note((task, mode), pass(of).await) {
                    tracing::error!(%error, task, mode, "a background pass failed; it is tried again");
                }
            }
        });
    }

    /// Repeats a pass of following, without a pause while there is more; when told to stop, the turn is given up.
    fn follow<T, F, E, G>(
        &mut self,
        task: &'static str,
        of: Arc<T>,
        pass: impl Fn(Arc<T>) -> F + Send + Sync + 'static,
        let_go: impl FnOnce(Arc<T>) -> G + Send + 'static,
    ) where
        T: Send + Sync + 'static,
        F: Future<Output = Result<Followed, E>> + Send,
        G: Future<Output = ()> + Send,
        E: std::fmt::Display + Send,
    {
        let (house, mode, pass) = (Arc::clone(self.house), self.mode.name(), Arc::new(pass));
        let (stop, pause, room) = (self.stop.clone(), house.config.orders.follow, Arc::clone(&of));
        let pass = move |of| {
            let (house, pass) = (Arc::clone(&house), Arc::clone(&pass));
            async move {
                let told = house.passes.note((task, mode), pass(of).await);
                told.map(|followed| followed.more).unwrap_or_else(|error| {
                    tracing::error!(%error, task, mode, "a background pass failed; it is tried again");
                    false
                })
            }
        };
        self.tasks.spawn(async move {
            repeat(&stop, pause, of, pass).await;
            let_go(room).await;
        });
    }
}

/// Runs one pass, waits, and so on until told to stop; a pass under way is finished.
fn every<T, F>(
    tasks: &mut JoinSet<()>,
    stop: &CancellationToken,
    pause: Duration,
    of: Arc<T>,
    pass: impl Fn(Arc<T>) -> F + Send + 'static,
) where
    T: Send + Sync + 'static,
    F: Future<Output = ()> + Send,
{
    let stop = stop.clone();
    tasks.spawn(async move { repeat(&stop, pause, of, move |of| pass(of).map(|()| false)).await });
}

/// The same here; a pass that says that there is more is followed by the next one at once.
async fn repeat<T, F>(stop: &CancellationToken, pause: Duration, of: Arc<T>, pass: impl Fn(Arc<T>) -> F)
where
    F: Future<Output = bool>,
{
    loop {
        let more = AssertUnwindSafe(pass(Arc::clone(&of))).catch_unwind().await.unwrap_or_else(|_| {
            tracing::error!("a background task panicked; it goes on with its next pass");
            false
        });
        let pause = if more { Duration::ZERO } else { pause };
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// Gives written events their place and their deliveries, until none waits; then waits for the next.
async fn publish(house: Arc<House>) {
    match house.passes.note(("events_publish", ""), house.ledger.publish(PUBLISHED_AT_ONCE).await) {
        Ok(published) if published.count == 0 => house.ledger.wait_for_news(PUBLISH_WITHIN).await,
        Ok(_) => house.webhooks.ring(),
        Err(error) => {
            tracing::error!(%error, "events could not be published; it is tried again");
            tokio::time::sleep(PUBLISH_WITHIN).await;
        }
    }
}

/// Writes down which apps of the older protocol called.
pub async fn write_uses(house: &House) {
    if let Err(error) = house.passes.note(("uses_write", ""), house.directory.write_uses().await) {
        tracing::warn!(%error, "which apps called could not be written; it is kept and written with the next");
    }
}

async fn tidy_webhooks(house: Arc<House>) {
    if let Err(error) = house.passes.note(("webhooks_tidy", ""), house.webhooks.tidy().await) {
        tracing::warn!(%error, "deliveries past their time could not be removed");
    }
    match house.webhooks.rewrap_secrets().await {
        Ok(0) => {}
        Ok(count) => tracing::info!(count, "secrets of webhook endpoints are wrapped under the newest master key"),
        Err(error) => tracing::error!(%error, "secrets of webhook endpoints could not be wrapped anew"),
    }
}

/// Sends what is due, until told to stop; attempts under way are finished.
fn deliver(tasks: &mut JoinSet<()>, stop: &CancellationToken, house: &Arc<House>) {
    let (stop, webhooks) = (stop.clone(), house.webhooks.clone());
    tasks.spawn(async move {
        while !stop.is_cancelled() {
            let run = async {
                match Dispatcher::new(webhooks.clone()) {
                    Ok(mut dispatcher) => dispatcher.run(&stop).await,
                    Err(error) => {
                        tracing::error!(%error, "no webhooks are sent");
                        tokio::select! { () = stop.cancelled() => {}, () = tokio::time::sleep(FORGET_EVERY) => {} }
                    }
                }
            };
            if AssertUnwindSafe(run).catch_unwind().await.is_err() {
                tracing::error!("the dispatcher of webhooks panicked; it begins anew");
                tokio::time::sleep(DIRECTORY_EVERY).await;
            }
        }
    });
}

/// Reads exchange rates when it is time, and sooner again after it failed.
async fn refresh_rates(house: Arc<House>) {
    match house.rates.refresh_when_due().await {
        Some(Err(error)) => tracing::warn!(%error, "exchange rates could not be taken over; the last ones stay in use"),
        Some(Ok(true)) => tracing::info!("exchange rates were taken over"),
        Some(Ok(false)) | None => {}
    }
}

/// Reads the tables of landed costs again when their file changed.
async fn refresh_landed(house: Arc<House>) {
    match house.landed.refresh().await {
        Some(Err(error)) => {
            tracing::warn!(%error, "landed.tables could not be taken over; the last ones stay in use until the file is mended");
        }
        Some(Ok(origin)) => {
            tracing::info!(source = origin.source, date = %origin.date, "landed.tables were taken over");
        }
        None => {}
    }
}

/// Asks the catalogue something cheap, so that `/readyz` can say whether it answers.
async fn look_at_catalogue(house: Arc<House>) {
    let trouble = match house.lookout.ask(Mode::Live, &calls::warehouses(Language::Chinese), Context::default()).await {
        Ok(_) => None,
        Err(error) => Some(Arc::new(format!("the wholesale service does not answer: {error}"))),
    };
    let known = house.catalogue_trouble.swap(trouble.clone());
    match (known.is_some(), trouble) {
        (false, Some(trouble)) => tracing::warn!(%trouble, "the catalogue is in trouble; kept answers stand in"),
        (true, None) => tracing::info!("the catalogue answers again"),
        _ => {}
    }
}
