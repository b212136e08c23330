//! The dispatcher: one loop on each node that takes turns at the ledger and has letters posted beside it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::value::RawValue;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::messages::{Message, Unheard};
use super::post::{Dress, Letter, Post, Posted};
use super::{Error, Webhooks, endpoints, schedule};
use crate::ledger::{Claimed, Made, MessageFacts, Settled, Verdict};
use crate::model::ids::EndpointId;
use crate::model::webhook::{Attempt, Endpoint, Format, WhyDisabled};
use crate::signing::webhook::signatures;

/// For so long an attempt holds a place; then it is taken for one that hangs.
const YOUNG: Duration = Duration::from_secs(2);
/// So many times `at_once` attempts may be under way in all, hanging ones included.
const HANGING: u32 = 4;
/// A lease outlives its attempt by so much, for the way there and back and for clocks that differ.
const LEASE_BEYOND: Duration = Duration::from_secs(30);
/// After a turn that failed the ledger is left alone for so long.
const AFTER_FAILURE: Duration = Duration::from_secs(1);
/// One turn takes from each endpoint once; so many in a row make up for that.
const TURNS_IN_A_ROW: usize = 4;

/// Told of an event for which there turned out to be no message, such as of an order the catalogue never numbered.
const WORDLESS: &str = "the older protocol has no message for this; nothing was sent";

/// An attempt that is over, with what is needed to judge it.
struct Done {
    made: Made,
    attempts: u32,
    posted: Posted,
    wordless: bool,
}

/// Takes what is due and posts it, until told to stop.
pub struct Dispatcher {
    room: Webhooks,
    post: Post,
    under_way: JoinSet<Done>,
    begun: HashMap<Id, Instant>,
    unwritten: Vec<Settled>,
    from: EndpointId,
}

impl Dispatcher {
    /// A dispatcher for this node; its sockets will belong to the runtime it runs on.
    pub fn new(room: Webhooks) -> Result<Self, Error> {
        let post = Post::new(room.guard.clone(), &room.names, room.settings.timeout)?;
        let (under_way, begun, unwritten) = (JoinSet::new(), HashMap::new(), Vec::new());
        Ok(Self { room, post, under_way, begun, unwritten, from: EndpointId::fresh() })
    }

    /// Delivers until told to stop.
    pub async fn run(&mut self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match self.turn().await {
                Ok(0) => self.room.settings.look_every,
                Ok(_) => Duration::ZERO,
                Err(error) => {
                    tracing::warn!(%error, "deliveries could not be written down or taken; it is tried again");
                    AFTER_FAILURE
                }
            };
            if pause > Duration::ZERO {
                self.wait(pause, stop).await;
            }
        }
        self.finish(YOUNG).await;
    }

    /// Writes down what is over and takes what is due; gives how many were taken.
    pub async fn turn(&mut self) -> Result<usize, Error> {
        self.gather();
        let lease = i64::try_from((self.room.settings.timeout + LEASE_BEYOND).as_millis()).unwrap_or(i64::MAX);
        let mut taken = 0;
        for _ in 0..TURNS_IN_A_ROW {
            let settled = std::mem::take(&mut self.unwritten);
            let turn = self.room.ledger.take_turn(settled.clone(), self.places(), lease, &self.from).await;
            // What was tried is written down by a later turn.
            let turn = turn.inspect_err(|_| self.unwritten = settled)?;
            turn.disabled.iter().for_each(|(endpoint, why)| self.tell_disabled(endpoint, *why));
            let Some(last) = turn.claimed.iter().map(|claimed| &claimed.made.endpoint).max() else { break };
            self.from = last.clone();
            taken += turn.claimed.len();
            // Without them their leases run out, and they are taken again.
            let facts = self.facts(&turn.claimed).await?;
            turn.claimed.into_iter().for_each(|claimed| self.begin(claimed, &facts));
        }
        Ok(taken)
    }

    /// Waits so long for what is under way and writes it down; takes nothing new. What hangs is let go: its lease runs
    /// out, and it is tried again.
    pub async fn finish(&mut self, within: Duration) {
        let until = tokio::time::Instant::now() + within;
        while let Ok(Some(ended)) = tokio::time::timeout_at(until, self.under_way.join_next_with_id()).await {
            self.end(ended);
        }
        self.under_way.abort_all();
        let settled = std::mem::take(&mut self.unwritten);
        match self.room.ledger.take_turn(settled, 0, 0, &self.from).await {
            Ok(turn) => turn.disabled.iter().for_each(|(endpoint, why)| self.tell_disabled(endpoint, *why)),
            // Their leases run out and they are tried again.
            Err(error) => tracing::warn!(%error, "the last attempts could not be written down"),
        }
    }

    /// Until something ends, somebody rings, or it is time to look.
    async fn wait(&mut self, pause: Duration, stop: &CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.room.bell.notified() => {}
            () = tokio::time::sleep(pause) => {}
            Some(ended) = self.under_way.join_next_with_id(), if !self.under_way.is_empty() => self.end(ended),
        }
    }

    /// Takes in what ended meanwhile.
    fn gather(&mut self) {
        while let Some(ended) = self.under_way.try_join_next_with_id() {
            self.end(ended);
        }
    }

    /// How many attempts may begin now.
    fn places(&self) -> u32 {
        let at_once = self.room.settings.at_once;
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let young = count(self.begun.values().filter(|begun| begun.elapsed() < YOUNG).count());
        let in_all = count(self.begun.len());
        at_once.saturating_sub(young).min((at_once * HANGING).saturating_sub(in_all))
    }

    /// What has to be looked up for those that are written as messages of the older protocol.
    async fn facts(&self, claimed: &[Claimed]) -> Result<MessageFacts, Error> {
        let events: Vec<_> = claimed.iter().filter(|one| one.format == Format::Aop).map(event).collect();
        if events.is_empty() { Ok(MessageFacts::default()) } else { self.room.facts(events.iter()).await }
    }

    fn begin(&mut self, claimed: Claimed, facts: &MessageFacts) {
        let now = self.room.clock.now();
        let letter = match claimed.format {
            Format::Standard => self.letter(&claimed, now.as_second()).map(Some),
            Format::Aop => self.message(&claimed, facts),
        };
        let (post, made, attempts) = (self.post.clone(), claimed.made, claimed.attempts);
        self.room.tally.begun();
        let task = self.under_way.spawn(async move {
            let unsent = |problem: String| {
                let (status, answer) = (None, String::new());
                let attempt = Attempt { at: now, duration_ms: 0, status, problem: Some(problem), answer };
                Posted { attempt, retry_after_s: None }
            };
            let (posted, wordless) = match letter {
                Ok(Some(letter)) => (post.send(letter, now).await, false),
                Ok(None) => (unsent(WORDLESS.to_owned()), true),
                Err(problem) => (unsent(problem), false),
            };
            Done { made, attempts, posted, wordless }
        });
        self.begun.insert(task.id(), Instant::now());
    }

    /// Why there is none is for the operator; the partner learns that it is not the endpoint's fault.
    fn letter(&self, claimed: &Claimed, timestamp_s: i64) -> Result<Letter, String> {
        let unsigned = |error: &dyn std::fmt::Display| {
            tracing::error!(endpoint = %claimed.made.endpoint, %error, "a delivery cannot be signed");
            "the gateway could not sign the delivery; the operator is told".to_owned()
        };
        let secrets = endpoints::open(&self.room.sealer, &claimed.secrets).map_err(|error| unsigned(&error))?;
        let body = body(claimed).map_err(|error| unsigned(&error))?;
        let id = claimed.event.to_string();
        let signature = signatures(&secrets, &id, timestamp_s, &body);
        let dress = Dress::Standard { id, timestamp_s, signature };
        Ok(Letter { url: claimed.url.clone(), dress, body: body.into() })
    }

    /// The same in the older protocol; none when it has no word for the event.
    fn message(&self, claimed: &Claimed, facts: &MessageFacts) -> Result<Option<Letter>, String> {
        let key = claimed.app.as_deref().unwrap_or_default();
        let app = self.room.signer(key, claimed.partner.as_str(), claimed.mode).ok_or_else(|| {
            format!("app {key} does not count now, so that nothing can be signed; use another app, or ask the operator")
        })?;
        let message = Message::of(&event(claimed), claimed.partner.as_str(), facts);
        let body = message.map(|message| message.form(&app.secret));
        Ok(body.map(|body| Letter { url: claimed.url.clone(), dress: Dress::Form, body }))
    }

    fn end(&mut self, ended: Result<(Id, Done), JoinError>) {
        match ended {
            Ok((id, done)) => {
                self.begun.remove(&id);
                self.room.tally.ended(done.posted.attempt.status);
                let verdict = self.judge(&done);
                self.unwritten.push(Settled { made: done.made, attempt: done.posted.attempt, verdict });
            }
            Err(error) => {
                self.begun.remove(&error.id());
                self.room.tally.ended(None);
                tracing::error!(%error, "an attempt to deliver broke; its lease runs out and it is tried again");
            }
        }
    }

    fn judge(&self, done: &Done) -> Verdict {
        if done.posted.is_delivered() || done.wordless {
            return Verdict::Delivered;
        }
        if done.posted.is_gone() {
            return Verdict::Gone;
        }
        let mut chance = [0_u8; 1];
        // Without randomness it is only less spread out.
        let _ = getrandom::fill(&mut chance);
        let [chance] = chance;
        let pause = schedule::pause_ms(done.attempts.saturating_add(1), chance, done.posted.retry_after_s);
        pause.map_or(Verdict::Exhausted, |pause| Verdict::Again(self.room.clock.now_ms() + pause))
    }

    fn tell_disabled(&self, endpoint: &Endpoint, why: WhyDisabled) {
        self.room.tally.disabled();
        tracing::error!(
            partner = %endpoint.partner, mode = endpoint.mode.name(), endpoint = %endpoint.id, url = %endpoint.url,
            reason = why.name(), failing_since = endpoint.failing_since.map(|at| at.to_string()),
            "a webhook endpoint was disabled; tell the partner, who enables it again and has missed events resent",
        );
    }
}

fn event(claimed: &Claimed) -> Unheard {
    Unheard {
        serial: claimed.made.serial,
        // Not needed to write it, and not given yet to a test.
        position: 0,
        kind: claimed.kind.clone(),
        subject: claimed.made.subject.clone(),
        data: claimed.data.clone(),
        at: claimed.at.as_millisecond(),
    }
}

/// The body of an event: the same bytes at every attempt.
fn body(claimed: &Claimed) -> Result<Vec<u8>, serde_json::Error> {
    #[derive(Serialize)]
    struct Body<'a> {
        r#type: &'a str,
        timestamp: String,
        data: &'a RawValue,
    }
    let data = serde_json::from_str(&claimed.data)?;
    serde_json::to_vec(&Body { r#type: &claimed.kind, timestamp: claimed.at.to_string(), data })
}
