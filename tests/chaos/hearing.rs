//! The side of a run that hears of events: endpoints made through the partners' own API, what was pulled, and the two
//! official libraries that verify what was delivered.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::json;
use sqlx::{PgPool, Row};
use tokio::task::JoinSet;
use xunyuan::commands::client::Draft;

use crate::caller::{About, Said};
use crate::checker::{Verdict, Wrong};
use crate::dice::Dice;
use crate::events::{Endpoint, Event, Told, check};
use crate::history::{self, History, Op};
use crate::partner::Partner;
use crate::receiver::{Delivery, Receiver};

const PATIENCE: Duration = Duration::from_secs(10);
const PAGE: usize = 100;
const ABOUT: About<'static> = About { op: Op::Endpoint, reference: None };

/// Receivers, and who has which.
pub struct Hearing {
    receiver: Arc<Receiver>,
    endpoints: Vec<Heard>,
    path: PathBuf,
    serving: JoinSet<Result<()>>,
    there: bool,
}

struct Heard {
    endpoint: Endpoint,
    id: String,
    owner: Arc<Partner>,
}

impl Hearing {
    /// Makes endpoints for the first partners, two for the very first; none where the gateway has no such operation.
    pub async fn open(folder: &Path, partners: &[Arc<Partner>], count: usize, dice: Dice, calm: bool) -> Result<Self> {
        let path = folder.join("deliveries.jsonl");
        let (receiver, listener) = Receiver::open(History::begin(path.clone())?, dice, calm).await?;
        let mut serving = JoinSet::new();
        serving.spawn(Arc::clone(&receiver).serve(listener));
        let mut hearing = Self { receiver, endpoints: Vec::new(), path, serving, there: true };
        for number in 0..count.min(partners.len() + 1) {
            let Some(owner) = partners.get(number.saturating_sub(1)).map(Arc::clone) else { break };
            let path = format!("/endpoint-{number}");
            let body = json!({"url": format!("http://{}{path}", hearing.receiver.at), "types": ["*"]});
            let said = persist(&owner, &Draft::post("/v1/webhook-endpoints", &body)).await?;
            if said.code() == "no_such_route" {
                hearing.there = false;
                break;
            }
            ensure!(said.status == Some(201), "an endpoint was answered {:?} {}", said.status, said.json);
            let text = |name: &str| said.json[name].as_str().map(str::to_owned).with_context(|| format!("no {name}"));
            let endpoint = Endpoint { path, partner: owner.caller().partner.clone(), secret: text("secret")? };
            hearing.endpoints.push(Heard { endpoint, id: text("id")?, owner });
        }
        Ok(hearing)
    }

    /// How many endpoints there are.
    pub fn len(&self) -> usize {
        self.endpoints.len()
    }

    /// How many events are not published yet, and how many deliveries wait; of them those that wait for long.
    pub async fn open_ends(&self, pool: &PgPool) -> Result<(i64, i64, i64)> {
        if !self.there {
            return Ok((0, 0, 0));
        }
        const ASK: &str = "SELECT (SELECT count(*) FROM events WHERE position IS NULL), \
            (SELECT count(*) FROM webhook_deliveries WHERE state = 'pending'), (SELECT count(*) FROM webhook_deliveries \
            WHERE state = 'pending' AND claimed_at IS NULL AND due_at > extract(epoch FROM now()) * 1000 + 20000)";
        let row = sqlx::query(ASK).fetch_one(pool).await?;
        Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))
    }

    /// Does what a partner does after a bad day: has what still waits for its next attempt sent again now.
    pub async fn resend(&self, pool: &PgPool) -> Result<usize> {
        const ASK: &str = "SELECT id, endpoint FROM webhook_deliveries WHERE state <> 'delivered' \
            AND claimed_at IS NULL AND due_at > extract(epoch FROM now()) * 1000 + 20000";
        let mut asked = 0;
        for row in sqlx::query(ASK).fetch_all(pool).await? {
            let (id, endpoint): (String, String) = (row.try_get(0)?, row.try_get(1)?);
            let Some(heard) = self.endpoints.iter().find(|heard| heard.id == endpoint) else { continue };
            let path = format!("/v1/webhook-endpoints/{endpoint}/resend");
            let said = persist(&heard.owner, &Draft::post(path, &json!({"delivery_id": id}))).await?;
            ensure!(said.is_good(), "resending {id} was answered {:?} {}", said.status, said.json);
            asked += 1;
        }
        Ok(asked)
    }

    /// Compares what was told with what happened, and has the official libraries verify it.
    pub async fn judge(
        mut self,
        pool: &PgPool,
        partners: &[Arc<Partner>],
        folder: &Path,
        tools: &Path,
        verdict: &mut Verdict,
    ) -> Result<()> {
        self.serving.abort_all();
        self.receiver.flush()?;
        let mut told = Told {
            events: events(pool).await?,
            publishes: self.there,
            endpoints: self.endpoints.iter().map(|heard| heard.endpoint.clone()).collect(),
            ..Told::default()
        };
        let mut pulls = self.there;
        for partner in partners {
            match pull(partner).await? {
                Some(events) => drop(told.pulled.insert(partner.caller().partner.clone(), events)),
                None => pulls = false,
            }
        }
        told.pulls = pulls;
        if !self.there {
            verdict.unchecked(Wrong::Events, "this gateway has no /v1/webhook-endpoints");
        } else if !pulls {
            verdict.unchecked(Wrong::Events, "this gateway has no /v1/events");
        }
        check(&told, history::read::<Delivery>(&self.path)?, verdict)?;
        self.verify(folder, tools, verdict)
    }

    fn verify(&self, folder: &Path, tools: &Path, verdict: &mut Verdict) -> Result<()> {
        if self.endpoints.is_empty() {
            verdict.unchecked(Wrong::Signature, "nothing was delivered");
            return Ok(());
        }
        let secrets: BTreeMap<_, _> =
            self.endpoints.iter().map(|heard| (&heard.endpoint.path, &heard.endpoint.secret)).collect();
        let file = folder.join("endpoints.json");
        std::fs::write(&file, serde_json::to_vec(&secrets)?)?;
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/chaos");
        let (python, packages) = (tools.join("venv/bin/python"), tools.join("node"));
        if !python.exists() || !packages.join("node_modules/standardwebhooks").exists() {
            verdict.unchecked(Wrong::Signature, "the official libraries are not there: run tests/run tools");
            return Ok(());
        }
        let mut by_python = Command::new(python);
        by_python.arg(here.join("verify.py"));
        let mut by_node = Command::new("node");
        by_node.arg(here.join("verify.mjs")).arg(&packages);
        for (name, command) in [("PyPI", &mut by_python), ("npm", &mut by_node)] {
            let done = command.arg(&file).arg(&self.path).output().with_context(|| format!("{name} cannot verify"))?;
            let complaint = String::from_utf8_lossy(&done.stderr);
            ensure!(done.status.success(), "the verifier of {name} failed: {complaint}");
            let result: Verified = serde_json::from_slice(&done.stdout)?;
            verdict.count(format!("  verified by standardwebhooks of {name}"), result.verified);
            for (endpoint, id, why) in result.refused {
                verdict.wrong(Wrong::Signature, &endpoint, &id, format!("{name}: {why}"));
            }
            if result.verified == 0 || result.forged > 0 {
                let detail = format!("{} verified, {} with a forged body", result.verified, result.forged);
                verdict.wrong(Wrong::Signature, "", name, detail);
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Verified {
    verified: usize,
    refused: Vec<(String, String, String)>,
    forged: usize,
}

/// The ledger's table of events.
async fn events(pool: &PgPool) -> Result<Vec<Event>> {
    const ASK: &str = "SELECT event, partner, subject, kind, serial, position FROM events ORDER BY serial";
    let read = |row: sqlx::postgres::PgRow| -> Result<Event> {
        Ok(Event {
            id: row.try_get(0)?,
            partner: row.try_get(1)?,
            subject: row.try_get(2)?,
            kind: row.try_get(3)?,
            serial: row.try_get(4)?,
            position: row.try_get(5)?,
        })
    };
    sqlx::query(ASK).fetch_all(pool).await?.into_iter().map(read).collect()
}

/// Everything a partner can pull, from the beginning; none where there is no such operation.
async fn pull(partner: &Arc<Partner>) -> Result<Option<Vec<(String, String)>>> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let said = persist(partner, &Draft::get(format!("/v1/events?after={after}&limit={PAGE}"))).await?;
        if said.code() == "no_such_route" {
            return Ok(None);
        }
        ensure!(said.status == Some(200), "pulling was answered {:?} {}", said.status, said.json);
        for item in said.json["items"].as_array().context("a page of events without items")? {
            let text = |name: &str| item[name].as_str().map(str::to_owned).with_context(|| format!("no {name}"));
            all.push((text("id")?, text("type")?));
        }
        match said.json["position"].as_i64().context("a page of events without a position")? {
            there if there > after => after = there,
            _ => return Ok(Some(all)),
        }
    }
}

/// Asks until there is an answer that means something.
async fn persist(partner: &Arc<Partner>, draft: &Draft) -> Result<Said> {
    let caller = partner.caller();
    for attempt in 0..10 {
        let said = caller.ask(attempt % caller.desk.avoided.len(), ABOUT, draft, PATIENCE).await?;
        if said.is_final() {
            return Ok(said);
        }
        tokio::time::sleep(said.wait.unwrap_or(Duration::from_millis(300)).min(Duration::from_secs(3))).await;
    }
    bail!("{} {} is not answered", draft.method, draft.target)
}
