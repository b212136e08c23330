//! The generator: keep-alive connections over plain HTTP/1.1 that send a batch in turn, each its next request when it
//! has the whole answer, or each request at its own moment. Everything but the wanted status is a failure.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

use super::batch::Batch;

/// How many connections send unless said otherwise.
pub const CONNECTIONS: usize = 64;
const FAILURES_TOLD: usize = 3;
const TIMER_COARSENESS: Duration = Duration::from_millis(2);

/// What a batch came to.
#[derive(Debug, Default)]
pub struct Sent {
    /// From the first request to the last answer.
    pub seconds: f64,
    /// Time of each answer in microseconds, sorted; from the moment a request was due.
    pub micros: Vec<u32>,
    /// Answers of another status than wanted.
    pub failures: usize,
    /// The first of them.
    pub told: Vec<String>,
}

impl Sent {
    /// Answers a second.
    pub fn rate(&self) -> f64 {
        self.micros.len() as f64 / self.seconds
    }

    /// A quantile of the times, in microseconds.
    pub fn quantile(&self, share: f64) -> f64 {
        let at = (self.micros.len() as f64 * share) as usize;
        self.micros.get(at.min(self.micros.len().saturating_sub(1))).copied().unwrap_or(0).into()
    }
}

/// One answer, as far as it matters.
pub struct Got {
    /// Its status.
    pub status: u16,
    /// Its head without the empty line.
    pub head: String,
    /// Its body.
    pub body: Vec<u8>,
}

/// Sends the batch as fast as answers come, or `per_second` evenly.
pub async fn send(at: SocketAddr, batch: Batch, per_second: Option<f64>) -> Result<Sent> {
    send_over(CONNECTIONS, at, batch, per_second).await
}

/// The same over so many connections.
pub async fn send_over(connections: usize, at: SocketAddr, batch: Batch, per_second: Option<f64>) -> Result<Sent> {
    let mut lines = Vec::new();
    for _ in 0..connections {
        lines.push(Line::open(at).await?);
    }
    let work = Rc::new(Work {
        gap: per_second.map(|rate| Duration::from_secs_f64(1.0 / rate)),
        next: Cell::new(0),
        began: Instant::now(),
        sent: RefCell::new(Sent { micros: Vec::with_capacity(batch.len()), ..Sent::default() }),
        batch,
    });
    let local = LocalSet::new();
    let ends: Vec<_> = lines.into_iter().map(|line| local.spawn_local(line.serve(Rc::clone(&work)))).collect();
    local
        .run_until(async {
            for end in ends {
                end.await??;
            }
            anyhow::Ok(())
        })
        .await?;
    let mut sent = work.sent.take();
    sent.seconds = work.began.elapsed().as_secs_f64();
    sent.micros.sort_unstable();
    Ok(sent)
}

/// Sends one request and gives its answer.
pub async fn ask(at: SocketAddr, batch: &Batch) -> Result<Got> {
    let mut line = Line::open(at).await?;
    let end = line.ask(batch.get(0).context("an empty batch")?).await?;
    let head = String::from_utf8_lossy(line.buffer.get(..end.head).unwrap_or_default()).into_owned();
    Ok(Got { status: end.status, head, body: line.buffer.get(end.head + 4..end.whole).unwrap_or_default().to_vec() })
}

struct Work {
    batch: Batch,
    gap: Option<Duration>,
    next: Cell<usize>,
    began: Instant,
    sent: RefCell<Sent>,
}

impl Work {
    /// The moment a request is due; times are taken from it, so that what waits behind a slow answer is counted as slow
    /// itself. Sleeps as long as a timer is good for and spins the rest: timers are coarse and the core is ours.
    async fn due(&self, index: usize) -> Instant {
        let Some(gap) = self.gap else { return Instant::now() };
        let due = self.began + gap.mul_f64(index as f64);
        if let Some(early) = due.checked_sub(TIMER_COARSENESS).filter(|early| *early > Instant::now()) {
            tokio::time::sleep_until(early.into()).await;
        }
        while Instant::now() < due {
            tokio::task::yield_now().await;
        }
        due
    }

    fn note(&self, due: Instant, status: u16, answer: &[u8]) {
        let mut sent = self.sent.borrow_mut();
        sent.micros.push(u32::try_from(due.elapsed().as_micros()).unwrap_or(u32::MAX));
        if status != self.batch.wanted() {
            sent.failures += 1;
            if sent.told.len() < FAILURES_TOLD {
                sent.told.push(String::from_utf8_lossy(answer).into_owned());
            }
        }
    }
}

/// Where an answer ends in the buffer.
#[derive(Clone, Copy)]
pub struct End {
    /// Its status.
    pub status: u16,
    head: usize,
    whole: usize,
}

/// One keep-alive connection.
pub struct Line {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
}

impl Line {
    /// Opens one.
    pub async fn open(at: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(at).await.with_context(|| format!("nothing listens at {at}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: vec![0; 64 * 1024], filled: 0 })
    }

    async fn serve(mut self, work: Rc<Work>) -> Result<()> {
        loop {
            let index = work.next.replace(work.next.get() + 1);
            let Some(request) = work.batch.get(index) else { return Ok(()) };
            let due = work.due(index).await;
            let end = self.ask(request).await?;
            work.note(due, end.status, self.buffer.get(..end.whole).unwrap_or_default());
        }
    }

    /// Sends a request and waits for the whole answer.
    pub async fn ask(&mut self, request: &[u8]) -> Result<End> {
        self.stream.write_all(request).await?;
        self.filled = 0;
        let mut end = None;
        loop {
            let room = self.buffer.get_mut(self.filled..).context("the buffer")?;
            let read = self.stream.read(room).await?;
            if read == 0 {
                bail!("the server closed the connection or its answer is larger than the buffer");
            }
            self.filled += read;
            let so_far = self.buffer.get(..self.filled).unwrap_or_default();
            if end.is_none() {
                end = end_of(so_far);
            }
            if let Some(end) = end.filter(|end| end.whole <= self.filled) {
                return Ok(end);
            }
        }
    }
}

/// Where the answer will end, once its head is there.
fn end_of(bytes: &[u8]) -> Option<End> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let text = std::str::from_utf8(bytes.get(..head)?).ok()?;
    let status = text.get(9..12)?.parse().ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    Some(End { status, head, whole: head + 4 + length.unwrap_or(0) })
}
