//! Wishes of many callers, fulfilled together. Whoever comes while others' wishes are being fulfilled is taken next, with
//! all who came meanwhile: the busier it is, the more share one transaction. Nobody waits for a company to fill.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::{Error, Sql};

/// So many wishes are fulfilled in one go.
const MOST: usize = 64;
/// So many companies are under way at one time: while one waits for the disk, the next is made ready.
const LANES: usize = 2;

/// A way to fulfil wishes; gives an answer for each, in their order.
type Fulfil<W, T> = Box<dyn Fn(Vec<W>) -> BoxFuture<'static, Vec<T>> + Send + Sync>;

/// Where wishes of one kind meet; cheap to clone.
pub struct Together<W, T> {
    desk: Arc<Desk<W, T>>,
    runtime: Handle,
}

struct Desk<W, T> {
    fulfil: Fulfil<W, T>,
    queue: Mutex<Queue<W, T>>,
}

struct Queue<W, T> {
    waiting: VecDeque<(W, oneshot::Sender<T>)>,
    lanes: usize,
}

impl<W, T> Clone for Together<W, T> {
    fn clone(&self) -> Self {
        Self { desk: Arc::clone(&self.desk), runtime: self.runtime.clone() }
    }
}

impl<W: Send + 'static, T: Send + 'static> Together<W, T> {
    /// A meeting place; the wishes are fulfilled on the database's runtime.
    pub fn new(sql: &Sql, fulfil: impl Fn(Vec<W>) -> BoxFuture<'static, Vec<T>> + Send + Sync + 'static) -> Self {
        let queue = Mutex::new(Queue { waiting: VecDeque::new(), lanes: 0 });
        Self { desk: Arc::new(Desk { fulfil: Box::new(fulfil), queue }), runtime: sql.runtime.clone() }
    }

    /// Has a wish fulfilled. It is, even if nobody waits for the answer any more.
    pub async fn ask(&self, wish: W) -> Result<T, Error> {
        let (told, hears) = oneshot::channel();
        if self.desk.join(wish, told) {
            let lane = Lane { desk: Arc::clone(&self.desk), open: true };
            self.runtime.spawn(lane.work());
        }
        hears.await.map_err(|_| Error::Interrupted)
    }
}

impl<W, T> Desk<W, T> {
    fn lock(&self) -> MutexGuard<'_, Queue<W, T>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Stands in line; gives whether another lane is to be opened.
    fn join(&self, wish: W, told: oneshot::Sender<T>) -> bool {
        let mut queue = self.lock();
        queue.waiting.push_back((wish, told));
        let opens = queue.lanes < LANES;
        queue.lanes += usize::from(opens);
        opens
    }
}

/// Somebody who fulfils what waits.
struct Lane<W, T> {
    desk: Arc<Desk<W, T>>,
    open: bool,
}

impl<W, T> Lane<W, T> {
    async fn work(mut self) {
        while let Some((wishes, told)) = self.next() {
            // Who was among them when something broke hears that it was interrupted.
            let answers = AssertUnwindSafe((self.desk.fulfil)(wishes)).catch_unwind().await.unwrap_or_default();
            for (told, answer) in told.into_iter().zip(answers) {
                told.send(answer).ok();
            }
        }
    }

    /// The next company; with nobody there the lane is closed in the same moment.
    fn next(&mut self) -> Option<(Vec<W>, Vec<oneshot::Sender<T>>)> {
        let mut queue = self.desk.lock();
        if queue.waiting.is_empty() {
            queue.lanes -= 1;
            self.open = false;
            return None;
        }
        let some = queue.waiting.len().min(MOST);
        Some(queue.waiting.drain(..some).unzip())
    }
}

/// The runtime ended under it: nobody will come for those who wait.
impl<W, T> Drop for Lane<W, T> {
    fn drop(&mut self) {
        if self.open {
            let mut queue = self.desk.lock();
            queue.lanes -= 1;
            if queue.lanes == 0 {
                queue.waiting.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures_util::future::join_all;
    use tokio::sync::Semaphore;

    use super::{LANES, MOST, Together};
    use crate::sql::{Error, trial};

    #[tokio::test]
    async fn those_who_come_meanwhile_are_taken_together() {
        let house = trial::houses().await.remove(0);
        let (gate, seen) = (Arc::new(Semaphore::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (held, noted) = (Arc::clone(&gate), Arc::clone(&seen));
        let doubled = Together::new(&house.sql, move |wishes: Vec<usize>| {
            let (held, noted) = (Arc::clone(&held), Arc::clone(&noted));
            Box::pin(async move {
                noted.lock().unwrap().push(wishes.len());
                held.acquire().await.unwrap().forget();
                wishes.into_iter().map(|wish| wish * 2).collect()
            })
        });
        let all = (0..LANES + MOST + 3).map(|wish| doubled.ask(wish));
        let opens = async {
            while seen.lock().unwrap().len() < LANES {
                tokio::task::yield_now().await;
            }
            gate.add_permits(100);
        };
        let (answers, ()) = tokio::join!(join_all(all.collect::<Vec<_>>()), opens);
        assert!(answers.into_iter().enumerate().all(|(wish, answer)| answer.unwrap() == wish * 2));
        let seen = seen.lock().unwrap().clone();
        assert_eq!(seen.iter().sum::<usize>(), LANES + MOST + 3);
        assert!(seen.len() <= 2 * LANES && seen.iter().all(|some| *some <= MOST), "{seen:?}");
    }

    #[tokio::test]
    async fn what_breaks_interrupts_only_those_who_were_in_it() {
        let house = trial::houses().await.remove(0);
        let halves = Together::new(&house.sql, |wishes: Vec<u32>| {
            Box::pin(async move {
                assert!(!wishes.contains(&13), "a fault");
                wishes.into_iter().map(|wish| wish / 2).collect()
            })
        });
        assert!(matches!(halves.ask(13).await, Err(Error::Interrupted)));
        assert_eq!(halves.ask(8).await.unwrap(), 4);
        assert!(matches!(halves.ask(13).await, Err(Error::Interrupted)));
        assert_eq!(halves.ask(6).await.unwrap(), 3);
    }
}
