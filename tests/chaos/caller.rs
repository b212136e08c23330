//! A partner's signed client: asks a node, writes down what was asked and answered, and learns which nodes to avoid.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;
use tokio::sync::Semaphore;
use url::Url;
use xunyuan::clock::Clock;
use xunyuan::commands::client::{Client, Draft};
use xunyuan::signing::http_message::Signer;

use crate::dice::Dice;
use crate::history::{History, Op, Record, is_passing};

/// How long a node that did not answer is left alone.
const AVOIDED_MS: i64 = 1_500;

/// What all partners share.
pub struct Desk {
    /// Where everything is written down.
    pub history: History,
    /// New orders may begin.
    pub open: AtomicBool,
    /// Nothing more is tried.
    pub over: AtomicBool,
    /// Orders that were begun.
    pub begun: AtomicU64,
    /// How many may be.
    pub most: u64,
    /// Orders whose first request has its final answer.
    pub answered: AtomicU64,
    /// Of them, those with an unknown outcome.
    pub unknown: AtomicU64,
    /// Requests sent.
    pub requests: AtomicU64,
    /// Until when each node is avoided: milliseconds since 1970.
    pub avoided: Vec<AtomicI64>,
}

impl Desk {
    /// The number of the next order, while orders may begin.
    pub fn next(&self) -> Option<u64> {
        if !self.open.load(Ordering::Relaxed) {
            return None;
        }
        let number = self.begun.fetch_add(1, Ordering::Relaxed);
        if number < self.most {
            return Some(number);
        }
        self.begun.fetch_sub(1, Ordering::Relaxed);
        self.open.store(false, Ordering::Relaxed);
        None
    }

    /// Whether nothing more is to be tried.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// A node that answered lately, if there is one.
    pub fn node(&self, dice: &mut Dice) -> usize {
        let now = Clock::System.now_ms();
        let first = dice.below(self.avoided.len());
        let turned = (0..self.avoided.len()).map(|step| (first + step) % self.avoided.len());
        let good = |node: &usize| self.avoided.get(*node).is_some_and(|until| until.load(Ordering::Relaxed) < now);
        turned.into_iter().find(good).unwrap_or(first)
    }
}

/// A partner at the door of every node.
pub struct Caller {
    /// The partner's id.
    pub partner: String,
    /// What all share.
    pub desk: Arc<Desk>,
    clients: Vec<Client>,
    hands: Semaphore,
}

/// What was asked for, beside the request itself.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// What for.
    pub op: Op,
    /// Which order.
    pub reference: Option<&'a str>,
}

/// What came back, if anything.
#[derive(Clone, Debug)]
pub struct Said {
    /// The status.
    pub status: Option<u16>,
    /// The body as JSON; null without an answer.
    pub json: Value,
    /// How long the gateway wants us to wait.
    pub wait: Option<Duration>,
}

impl Said {
    /// The code of a problem.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or("")
    }

    /// Whether asking again would bring nothing else.
    pub fn is_final(&self) -> bool {
        self.status.is_some_and(|status| !is_passing(status, self.code()))
    }

    /// Whether it was done.
    pub fn is_good(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

impl Caller {
    /// A partner with so many hands, each good for one request at a time.
    pub fn new(partner: &str, desk: Arc<Desk>, nodes: &[Url], signer: &Signer, hands: usize) -> Result<Self> {
        let client = |url: &Url| Client::new(url.clone(), signer.clone(), Clock::System);
        let clients = nodes.iter().map(client).collect::<Result<_>>()?;
        Ok(Self { partner: partner.to_owned(), desk, clients, hands: Semaphore::new(hands) })
    }

    /// Asks a node and waits so long for its answer; then the connection is dropped.
    pub async fn ask(&self, node: usize, about: About<'_>, draft: &Draft, patience: Duration) -> Result<Said> {
        let _hand = self.hands.acquire().await?;
        let Some(client) = self.clients.get(node) else { anyhow::bail!("there is no node {node}") };
        let (began, at_ms) = (Instant::now(), Clock::System.now_ms());
        self.desk.requests.fetch_add(1, Ordering::Relaxed);
        let got = tokio::time::timeout(patience, client.ask(draft)).await;
        let mut record = Record {
            at_ms,
            took_ms: began.elapsed().as_millis() as i64,
            partner: self.partner.clone(),
            node,
            op: about.op,
            target: draft.target.clone(),
            key: draft.idempotency_key.clone(),
            reference: about.reference.map(str::to_owned),
            asked: (!draft.body.is_empty()).then(|| String::from_utf8_lossy(&draft.body).into_owned()),
            status: None,
            replayed: false,
            answer: String::new(),
        };
        let mut said = Said { status: None, json: Value::Null, wait: None };
        match got {
            Ok(Ok(answer)) => {
                said.status = Some(answer.status);
                said.json = answer.json();
                said.wait = answer.field("retry-after").parse().ok().map(Duration::from_secs);
                record.status = said.status;
                record.replayed = answer.field("idempotency-replayed") == "true";
                if about.op != Op::Search || !said.is_good() {
                    record.answer = String::from_utf8_lossy(&answer.body).into_owned();
                }
            }
            Ok(Err(error)) => {
                record.answer = format!("{error:#}");
                self.avoid(node);
            }
            Err(_) => {
                record.answer = format!("no answer within {} ms", patience.as_millis());
                if patience > Duration::from_secs(1) {
                    self.avoid(node);
                }
            }
        }
        self.desk.history.write(&record)?;
        Ok(said)
    }

    fn avoid(&self, node: usize) {
        if let Some(until) = self.desk.avoided.get(node) {
            until.store(Clock::System.now_ms() + AVOIDED_MS, Ordering::Relaxed);
        }
    }
}
