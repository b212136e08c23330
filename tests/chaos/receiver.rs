//! Receivers of webhooks: addresses on loopback that write down every delivery raw, and now and then answer 500, answer
//! nothing for a while, or hang up. Each event is failed once at most, so that its next attempt is seconds away.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use xunyuan::clock::Clock;

use crate::dice::Dice;
use crate::history::History;

const LARGEST: usize = 1 << 20;

/// One delivery as it came.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Delivery {
    /// When: milliseconds since 1970.
    pub at_ms: i64,
    /// The path it was sent to, which names the endpoint.
    pub endpoint: String,
    /// The header fields, names in small letters.
    pub headers: Vec<(String, String)>,
    /// The body as text; what is no text cannot be verified and is found so.
    pub body: String,
    /// The status it was answered with; 0 for a connection that was dropped without.
    pub answered: u16,
}

impl Delivery {
    /// A header field.
    pub fn field(&self, name: &str) -> &str {
        self.headers.iter().find(|(given, _)| given == name).map_or("", |(_, value)| value)
    }
}

/// All endpoints of a run behind one listener.
pub struct Receiver {
    /// Where it listens.
    pub at: SocketAddr,
    log: History,
    failed: Mutex<HashSet<(String, String)>>,
    dice: Mutex<Dice>,
    calm: bool,
}

impl Receiver {
    /// Listens at an address; `serve` answers.
    pub async fn open(log: History, dice: Dice, calm: bool) -> Result<(Arc<Self>, TcpListener)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (at, failed, dice) = (listener.local_addr()?, Mutex::default(), Mutex::new(dice));
        Ok((Arc::new(Self { at, log, failed, dice, calm }), listener))
    }

    /// Writes everything down that it can be read.
    pub fn flush(&self) -> Result<()> {
        self.log.flush()
    }

    /// Answers for ever.
    pub async fn serve(self: Arc<Self>, listener: TcpListener) -> Result<()> {
        let mut lines: JoinSet<()> = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await?;
            let this = Arc::clone(&self);
            lines.spawn(async move {
                // A sender that goes away in the middle was killed, most likely.
                let _ = this.answer(stream).await;
            });
            while lines.try_join_next().is_some() {}
        }
    }

    async fn answer(&self, mut stream: TcpStream) -> Result<()> {
        let mut buffer = Vec::new();
        loop {
            let Some((endpoint, headers, body)) = request(&mut stream, &mut buffer).await? else { return Ok(()) };
            let mut delivery = Delivery { at_ms: Clock::System.now_ms(), endpoint, headers, body, answered: 204 };
            let (answered, after) = self.mood(&delivery);
            delivery.answered = answered;
            tokio::time::sleep(after).await;
            self.log.write(&delivery)?;
            match answered {
                0 => return Ok(()),
                204 => stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await?,
                _ => stream.write_all(b"HTTP/1.1 500 Oh no\r\ncontent-length: 0\r\n\r\n").await?,
            }
        }
    }

    /// What it is answered, and after how long.
    fn mood(&self, delivery: &Delivery) -> (u16, Duration) {
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        let trouble = !self.calm && dice.percent(4);
        let id = (delivery.endpoint.clone(), delivery.field("webhook-id").to_owned());
        if !trouble || !self.failed.lock().unwrap_or_else(PoisonError::into_inner).insert(id) {
            return (204, Duration::ZERO);
        }
        match dice.below(3) {
            0 => (500, Duration::ZERO),
            1 => (0, Duration::ZERO),
            _ => (0, Duration::from_millis(dice.between(1_000, 4_000))),
        }
    }
}

/// Reads one request; none when the sender hung up in between.
async fn request(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> Result<Option<(String, Vec<(String, String)>, String)>> {
    loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(buffer.get(..end).unwrap_or_default().to_vec())?;
            let mut lines = head.lines();
            let path = lines.next().and_then(|line| line.split(' ').nth(1)).context("no path")?.to_owned();
            let fields = lines.filter_map(|line| line.split_once(':'));
            let headers: Vec<_> =
                fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
            let length = headers.iter().find(|(name, _)| name == "content-length").map(|(_, value)| value.parse());
            let length: usize = length.transpose()?.context("a body without a length")?;
            let whole = end + 4 + length;
            while buffer.len() < whole {
                if fill(stream, buffer).await? == 0 {
                    return Ok(None);
                }
            }
            let body = String::from_utf8_lossy(buffer.get(end + 4..whole).unwrap_or_default()).into_owned();
            buffer.drain(..whole);
            return Ok(Some((path, headers, body)));
        }
        if fill(stream, buffer).await? == 0 {
            return Ok(None);
        }
    }
}

async fn fill(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<usize> {
    if buffer.len() > LARGEST {
        bail!("a request that does not end");
    }
    Ok(stream.read_buf(buffer).await?)
}
