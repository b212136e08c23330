//! The one writer of a SQLite file. Transactions queue here and are run one after another; those that wait together are
//! committed together, so that they share the one slow thing about a commit: waiting for the disk.
//!
//! A batch is one `BEGIN IMMEDIATE … COMMIT`. Each transaction in it has a savepoint of its own: one that refuses or
//! panics is undone alone. Nobody hears of anything, not even of a refusal, before the disk has what it rests on; if the
//! commit fails, all of the batch are told so. Nobody waits for a batch to fill: it takes what is there.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::{Notify, mpsc, oneshot};

use super::{Error, Step, Tx};

/// A batch ends with so many transactions, or after so long.
const MOST: usize = 64;
const LONGEST: Duration = Duration::from_millis(if cfg!(test) { 60_000 } else { 5 });

/// Says how a transaction ended once that is certain.
type Answer = Box<dyn FnOnce(Result<(), Error>) + Send>;

/// What is left to do for a transaction that was run.
struct Done {
    keep: bool,
    answer: Answer,
}

/// A transaction that waits for its turn.
trait Job: Send {
    fn run<'t>(self: Box<Self>, tx: &'t mut Tx) -> BoxFuture<'t, Done>;
    fn fail(self: Box<Self>, error: Error);
}

enum Order {
    Run(Box<dyn Job>),
    Close(oneshot::Sender<()>),
}

/// The queue to the writer; cheap to clone.
#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::UnboundedSender<Order>,
}

impl Writer {
    /// The queue, and the work itself, which ends when the writer is closed or nobody holds the queue any more.
    /// After every commit of something new the bell is rung.
    pub(super) fn new(tx: Tx, bell: Arc<Notify>) -> (Self, impl Future<Output = ()> + Send + 'static) {
        let (queue, orders) = mpsc::unbounded_channel();
        (Self { queue }, work(tx, orders, bell))
    }

    /// Queues a transaction and waits for its end. It is run to its end even if nobody waits any more.
    pub(super) async fn transaction<T, E, F>(&self, steps: F) -> Result<T, E>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> Step<'t, T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Error> + Send + 'static,
    {
        let (told, hears) = oneshot::channel();
        let job = Box::new(Steps { steps, told });
        self.queue.send(Order::Run(job)).map_err(|_| Error::Engine(sqlx::Error::PoolClosed))?;
        hears.await.unwrap_or_else(|_| Err(Error::Interrupted.into()))
    }

    /// Ends everything that is queued, then closes the file.
    pub(super) async fn close(&self) {
        let (closed, is_closed) = oneshot::channel();
        if self.queue.send(Order::Close(closed)).is_ok() {
            is_closed.await.ok();
        }
    }
}

struct Steps<F, T, E> {
    steps: F,
    told: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Steps<F, T, E>
where
    F: for<'t> FnOnce(&'t mut Tx) -> Step<'t, T, E> + Send + 'static,
    T: Send + 'static,
    E: From<Error> + Send + 'static,
{
    fn run<'t>(self: Box<Self>, tx: &'t mut Tx) -> BoxFuture<'t, Done> {
        Box::pin(async move {
            let Self { steps, told } = *self;
            let result = steps(tx).await;
            let keep = result.is_ok();
            let answer = move |certain: Result<(), Error>| {
                // Who does not listen any more has lost nothing but the answer.
                told.send(certain.map_err(E::from).and(result)).ok();
            };
            Done { keep, answer: Box::new(answer) }
        })
    }

    fn fail(self: Box<Self>, error: Error) {
        self.told.send(Err(error.into())).ok();
    }
}

async fn work(mut tx: Tx, mut orders: mpsc::UnboundedReceiver<Order>, bell: Arc<Notify>) {
    let mut closing = Vec::new();
    while let Some(order) = orders.recv().await {
        match order {
            Order::Run(job) => batch(&mut tx, job, &mut orders, &mut closing, &bell).await,
            Order::Close(closed) => closing.push(closed),
        }
        if !closing.is_empty() {
            // What is in the queue by now is still done; nothing new gets in.
            orders.close();
        }
    }
    if let Err(error) = tx.close().await {
        tracing::warn!(%error, "the file was not closed properly");
    }
    for closed in closing {
        closed.send(()).ok();
    }
}

/// Runs `first` and what waits behind it.
async fn batch(
    tx: &mut Tx,
    first: Box<dyn Job>,
    orders: &mut mpsc::UnboundedReceiver<Order>,
    closing: &mut Vec<oneshot::Sender<()>>,
    bell: &Notify,
) {
    let mut started = None;
    let mut batch = Batch { open: false, saved: false, answers: Vec::new() };
    let mut next = Some(first);
    while let Some(job) = next.take() {
        if let Err(error) = batch.enter(tx).await {
            let why = error.uncommitted();
            job.fail(error);
            batch.give_up(tx, &why).await;
            // They waited as long for the file as the first one did.
            while let Some(job) = waiting(orders, closing) {
                job.fail(why.uncommitted());
            }
            return;
        }
        let before = Instant::now();
        if let Err(error) = batch.run(tx, job).await {
            batch.give_up(tx, &error).await;
            return;
        }
        // Waiting for another process's lock at the start does not count.
        let started = *started.get_or_insert(before);
        if batch.answers.len() < MOST && started.elapsed() < LONGEST {
            next = waiting(orders, closing);
        }
    }
    batch.commit(tx, bell).await;
}

fn waiting(
    orders: &mut mpsc::UnboundedReceiver<Order>,
    closing: &mut Vec<oneshot::Sender<()>>,
) -> Option<Box<dyn Job>> {
    loop {
        match orders.try_recv().ok()? {
            Order::Run(job) => return Some(job),
            Order::Close(closed) => closing.push(closed),
        }
    }
}

/// Transactions that are committed together.
struct Batch {
    open: bool,
    /// Whether the last one's savepoint is still there; it goes with the next one's, or with the commit.
    saved: bool,
    answers: Vec<Answer>,
}

impl Batch {
    /// Before each transaction: the first one opens the batch, later ones can be undone alone.
    async fn enter(&mut self, tx: &mut Tx) -> Result<(), Error> {
        match (self.open, self.saved) {
            (false, _) => tx.control("BEGIN IMMEDIATE").await,
            (true, false) => tx.control("SAVEPOINT job").await,
            (true, true) => tx.control("RELEASE job; SAVEPOINT job").await,
        }
    }

    /// Runs one transaction; an error means that the whole batch is lost.
    async fn run(&mut self, tx: &mut Tx, job: Box<dyn Job>) -> Result<(), Error> {
        let first = !std::mem::replace(&mut self.open, true);
        self.saved = !first;
        let news = tx.has_news();
        match AssertUnwindSafe(job.run(tx)).catch_unwind().await {
            Ok(Done { keep: true, answer }) => {
                self.answers.push(answer);
                Ok(())
            }
            refused => {
                tx.set_news(news);
                let answer = refused.ok().map(|done| done.answer);
                if first {
                    self.open = false;
                    undo(tx).await;
                    // It rests on nothing but what was committed before.
                    answer.into_iter().for_each(|answer| answer(Ok(())));
                    return Ok(());
                }
                self.answers.extend(answer);
                tx.control("ROLLBACK TO job").await
            }
        }
    }

    async fn commit(self, tx: &mut Tx, bell: &Notify) {
        if !self.open {
            return;
        }
        if let Err(error) = tx.control("COMMIT").await {
            return self.give_up(tx, &error).await;
        }
        if tx.has_news() {
            tx.set_news(false);
            bell.notify_one();
        }
        self.answers.into_iter().for_each(|answer| answer(Ok(())));
    }

    /// Undoes everything and tells everybody.
    async fn give_up(self, tx: &mut Tx, error: &Error) {
        tracing::error!(%error, transactions = self.answers.len(), "nothing of a batch could be written");
        tx.set_news(false);
        undo(tx).await;
        self.answers.into_iter().for_each(|answer| answer(Err(error.uncommitted())));
    }
}

/// An engine in trouble ends the transaction by itself; then there is nothing left to end.
async fn undo(tx: &mut Tx) {
    if let Err(error) = tx.control("ROLLBACK").await {
        tracing::debug!(%error, "no transaction was open any more");
    }
}
