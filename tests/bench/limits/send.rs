//! The generator: calls are made when they are due, whatever became of those before. Each takes a connection that is
//! free, or opens one.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::LocalSet;

use super::arrivals::Arrival;
use super::rig::generator::Line;

/// A call that is not answered by then never will be.
const PATIENCE: Duration = Duration::from_secs(5);

/// One call as the caller saw it, in microseconds since 1970.
#[derive(Clone, Copy, Debug)]
pub struct Shot {
    /// Its number.
    pub number: usize,
    /// The node it went to.
    pub node: usize,
    /// When it should have been made.
    pub due_us: i64,
    /// When it was.
    pub sent_us: i64,
    /// When the answer was there.
    pub got_us: i64,
    /// The answer's status; 0 when there was none.
    pub status: u16,
}

/// The machine's clock with microseconds: read once, and counted on by one that is never set.
#[derive(Clone, Copy)]
pub struct Wall {
    began: Instant,
    at_us: i64,
}

impl Wall {
    /// From now on.
    pub fn start() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the gateways' clocks have milliseconds only")]
        let at_us = jiff::Timestamp::now().as_microsecond();
        Self { began: Instant::now(), at_us }
    }

    /// Microseconds since 1970.
    pub fn now_us(&self) -> i64 {
        self.at_us + i64::try_from(self.began.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    /// The moment of the other clock.
    pub fn instant(&self, at_us: i64) -> Instant {
        self.began + Duration::from_micros(u64::try_from(at_us - self.at_us).unwrap_or(0))
    }
}

/// Makes the calls, one for each arrival; gives what became of them in the order they were due.
pub async fn fire(
    nodes: &[SocketAddr],
    arrivals: &[Arrival],
    requests: Vec<Vec<u8>>,
    wall: Wall,
    start_us: i64,
) -> Vec<Shot> {
    let free: Rc<Vec<RefCell<Vec<Line>>>> = Rc::new(nodes.iter().map(|_| RefCell::default()).collect());
    let shots = Rc::new(RefCell::new(Vec::with_capacity(arrivals.len())));
    let local = LocalSet::new();
    local
        .run_until(async {
            let mut calls = Vec::with_capacity(arrivals.len());
            for (number, (arrival, request)) in arrivals.iter().zip(requests).enumerate() {
                let due_us = start_us + i64::try_from(arrival.at_us).unwrap_or(i64::MAX);
                tokio::time::sleep_until(wall.instant(due_us).into()).await;
                let (free, shots, node, at) = (Rc::clone(&free), Rc::clone(&shots), arrival.node, nodes[arrival.node]);
                calls.push(tokio::task::spawn_local(async move {
                    let sent_us = wall.now_us();
                    let status = tokio::time::timeout(PATIENCE, call(&free[node], at, &request)).await;
                    let status = status.ok().flatten().unwrap_or(0);
                    let shot = Shot { number, node, due_us, sent_us, got_us: wall.now_us(), status };
                    shots.borrow_mut().push(shot);
                }));
            }
            for call in calls {
                // A call that panicked is missed among the shots.
                let _ = call.await;
            }
        })
        .await;
    let mut shots = shots.take();
    shots.sort_by_key(|shot| shot.number);
    shots
}

async fn call(free: &RefCell<Vec<Line>>, at: SocketAddr, request: &[u8]) -> Option<u16> {
    let kept = free.borrow_mut().pop();
    let mut line = match kept {
        Some(line) => line,
        None => Line::open(at).await.ok()?,
    };
    let end = line.ask(request).await.ok()?;
    free.borrow_mut().push(line);
    Some(end.status)
}
