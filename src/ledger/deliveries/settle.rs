//! Writing down what was tried and taking what is due, in a handful of statements however much it is. Rows travel as
//! one JSON argument, which each engine unfolds in its own words.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::turn::{Settled, Verdict};
use crate::ledger::{Error, endpoints};
use crate::model::ids::EndpointId;
use crate::model::webhook::{Endpoint, WhyDisabled};
use crate::sql::{Tx, args};

/// An endpoint whose every attempt failed for so long is disabled.
const FAILING_MS: i64 = 3 * 86_400_000;
/// So many failed attempts keep later deliveries of the same subject waiting; `take` in `turn.rs` says the same.
const EARLY: u32 = 3;

/// The statements in one engine's words.
pub(super) struct Texts {
    /// Holds the endpoints, in their order, before anything of theirs is written.
    hold: Option<&'static str>,
    settle: &'static str,
    note: &'static str,
    line: &'static str,
    well: &'static str,
    fails: &'static str,
    overdue: &'static str,
    /// Takes deliveries by their ids.
    pub take: &'static str,
    /// Said at the beginning of a turn.
    pub hint: Option<&'static str>,
}

macro_rules! texts {
    ($rows:literal, $take:expr, $hold:expr, $hint:expr) => {
        Texts {
            take: $take,
            hold: $hold,
            // What was given up meanwhile stays given up, unless the endpoint has it. What was written down already, in a
            // turn whose end was not heard, is not written down again.
            settle: concat!(
                "UPDATE webhook_deliveries SET attempts = attempts + 1, claimed_at = NULL, claim = NULL, \
                 state = CASE WHEN webhook_deliveries.state = 'failed' AND s.state <> 'delivered' THEN 'failed' \
                 ELSE s.state END, due_at = s.due_at, \
                 settled_at = CASE WHEN s.state = 'pending' THEN settled_at ELSE $2 END FROM ",
                $rows,
                " AS s WHERE webhook_deliveries.id = s.id AND webhook_deliveries.fence = s.fence \
                 AND webhook_deliveries.claimed_at IS NOT NULL RETURNING webhook_deliveries.id"
            ),
            note: concat!(
                "INSERT INTO webhook_attempts (delivery, number, at, duration_ms, status, problem, answer) \
                 SELECT s.id, s.fence, s.at, s.duration_ms, s.status, s.problem, s.answer FROM ",
                $rows,
                " AS s WHERE 1 = 1 ON CONFLICT DO NOTHING"
            ),
            // Those behind one in line are looked at when it is tried again, or at once when it is out of their way.
            // They are looked at, no more: whether they still have to wait is asked when they are taken.
            line: concat!(
                "UPDATE webhook_deliveries SET due_at = s.due_at FROM ",
                $rows,
                " AS s WHERE webhook_deliveries.endpoint = s.endpoint AND webhook_deliveries.subject = s.subject \
                 AND webhook_deliveries.state = 'pending' AND webhook_deliveries.serial > s.serial \
                 AND webhook_deliveries.attempts = 0 AND webhook_deliveries.claimed_at IS NULL"
            ),
            well: concat!(
                "UPDATE webhook_endpoints SET failing_since = NULL WHERE failing_since IS NOT NULL \
                 AND id IN (SELECT s.endpoint FROM ",
                $rows,
                " AS s)"
            ),
            fails: concat!(
                "UPDATE webhook_endpoints SET failing_since = s.at FROM ",
                $rows,
                " AS s WHERE webhook_endpoints.id = s.endpoint AND webhook_endpoints.failing_since IS NULL"
            ),
            overdue: concat!(
                "SELECT w.id FROM webhook_endpoints AS w WHERE w.state = 'enabled' AND w.failing_since <= $2 \
                 AND w.id IN (SELECT s.endpoint FROM ",
                $rows,
                " AS s) ORDER BY w.id"
            ),
            hint: $hint,
        }
    };
}

const SQLITE: Texts = texts!(
    "(SELECT json_extract(value, '$.id') AS id, json_extract(value, '$.fence') AS fence, \
     json_extract(value, '$.endpoint') AS endpoint, json_extract(value, '$.subject') AS subject, \
     json_extract(value, '$.serial') AS serial, json_extract(value, '$.state') AS state, \
     json_extract(value, '$.due_at') AS due_at, json_extract(value, '$.at') AS at, \
     json_extract(value, '$.duration_ms') AS duration_ms, json_extract(value, '$.status') AS status, \
     json_extract(value, '$.problem') AS problem, json_extract(value, '$.answer') AS answer FROM json_each($1))",
    "UPDATE webhook_deliveries SET fence = fence + 1, claimed_at = $1, due_at = $1 + $2, claim = $3 \
     WHERE state = 'pending' AND due_at <= $1 AND id IN (SELECT value FROM json_each($4))",
    None,
    None
);
const POSTGRES: Texts = texts!(
    "(SELECT * FROM json_to_recordset(CAST($1 AS JSON)) AS r(id TEXT, fence BIGINT, endpoint TEXT, subject TEXT, \
     serial BIGINT, state TEXT, due_at BIGINT, at BIGINT, duration_ms BIGINT, status BIGINT, problem TEXT, answer TEXT))",
    // What another node takes or writes down this very moment is left to it.
    "WITH due AS MATERIALIZED (SELECT id FROM webhook_deliveries WHERE state = 'pending' AND due_at <= $1 \
     AND id IN (SELECT json_array_elements_text(CAST($4 AS JSON))) FOR UPDATE SKIP LOCKED) \
     UPDATE webhook_deliveries SET fence = fence + 1, claimed_at = $1, due_at = $1 + $2, claim = $3 \
     FROM due WHERE webhook_deliveries.id = due.id",
    Some(
        "SELECT w.id FROM webhook_endpoints AS w \
         WHERE w.id IN (SELECT json_array_elements_text(CAST($1 AS JSON))) ORDER BY w.id FOR NO KEY UPDATE"
    ),
    // A queue's figures are never what they were when the planner last looked; compiling for a few rows is no gain.
    Some("SELECT set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)")
);

/// The statements for this engine.
pub(super) fn texts(engine: &str) -> &'static Texts {
    if engine == "postgres" { &POSTGRES } else { &SQLITE }
}

/// Writes attempts down whose leases are still the newest; gives the endpoints that this disabled.
pub(super) async fn settle(
    tx: &mut Tx,
    texts: &Texts,
    settled: &[Settled],
    now: Timestamp,
) -> Result<Vec<(Endpoint, WhyDisabled)>, Error> {
    if settled.is_empty() {
        return Ok(Vec::new());
    }
    let now_ms = now.as_millisecond();
    if let Some(hold) = texts.hold {
        let endpoints: BTreeSet<_> = settled.iter().map(|one| one.made.endpoint.as_str()).collect();
        tx.fetch_all(hold, args![told(endpoints.into_iter().map(Value::from).collect())]).await?;
    }
    let all: Vec<_> = settled.iter().map(|one| row(one, now_ms)).collect();
    let counted = tx.fetch_all(texts.settle, args![told(all), now_ms]).await?;
    let counted = counted.iter().map(|row| Ok(row.text("id")?)).collect::<Result<BTreeSet<_>, Error>>()?;
    let counted: Vec<_> = settled.iter().filter(|one| counted.contains(one.made.delivery.as_str())).collect();
    if counted.is_empty() {
        return Ok(Vec::new());
    }
    tx.execute(texts.note, args![told(counted.iter().map(|one| row(one, now_ms)).collect())]).await?;
    let moving = counted.iter().filter(|one| moves_the_line(one)).map(|one| row(one, now_ms));
    tx.execute(texts.line, args![told(moving.collect())]).await?;
    judge(tx, texts, &counted, now).await
}

/// After the third failed attempt those behind it wait no longer; their time has come already.
fn moves_the_line(one: &Settled) -> bool {
    !(matches!(one.verdict, Verdict::Again(_)) && one.made.tried + 1 >= EARLY)
}

/// Keeps since when endpoints fail, and disables those that are gone or failed for too long.
async fn judge(
    tx: &mut Tx,
    texts: &Texts,
    counted: &[&Settled],
    now: Timestamp,
) -> Result<Vec<(Endpoint, WhyDisabled)>, Error> {
    let well: BTreeSet<_> = counted.iter().filter(|one| one.verdict == Verdict::Delivered).map(endpoint).collect();
    let mut fails = BTreeMap::new();
    for one in counted.iter().filter(|one| !well.contains(endpoint(one))) {
        let at = one.attempt.at.as_millisecond();
        fails.entry(endpoint(one)).and_modify(|first: &mut i64| *first = at.min(*first)).or_insert(at);
    }
    if !well.is_empty() {
        let rows = well.iter().map(|endpoint| json!({"endpoint": endpoint.as_str()}));
        tx.execute(texts.well, args![told(rows.collect())]).await?;
    }
    let mut wrong: BTreeMap<EndpointId, WhyDisabled> = BTreeMap::new();
    if !fails.is_empty() {
        let rows = fails.iter().map(|(endpoint, at)| json!({"endpoint": endpoint.as_str(), "at": at}));
        let rows = told(rows.collect());
        tx.execute(texts.fails, args![&rows]).await?;
        for row in tx.fetch_all(texts.overdue, args![rows, now.as_millisecond() - FAILING_MS]).await? {
            wrong.insert(row.parse("id")?, WhyDisabled::Failing);
        }
    }
    for one in counted.iter().filter(|one| one.verdict == Verdict::Gone) {
        wrong.insert(one.made.endpoint.clone(), WhyDisabled::Gone);
    }
    let mut disabled = Vec::new();
    for (id, why) in wrong {
        disabled.extend(endpoints::disable(tx, &id, why, now).await?.map(|endpoint| (endpoint, why)));
    }
    Ok(disabled)
}

fn endpoint<'s>(one: &&'s Settled) -> &'s EndpointId {
    &one.made.endpoint
}

fn row(one: &Settled, now: i64) -> Value {
    let (state, due_at) = match one.verdict {
        Verdict::Delivered => ("delivered", now),
        Verdict::Again(at) => ("pending", at),
        Verdict::Exhausted | Verdict::Gone => ("failed", now),
    };
    let (made, attempt) = (&one.made, &one.attempt);
    json!({
        "id": made.delivery.as_str(), "fence": made.fence, "endpoint": made.endpoint.as_str(),
        "subject": &made.subject, "serial": made.serial, "state": state, "due_at": due_at,
        "at": attempt.at.as_millisecond(), "duration_ms": attempt.duration_ms, "status": attempt.status,
        "problem": attempt.problem.as_deref().map(storable), "answer": storable(&attempt.answer),
    })
}

/// No database takes a NUL in a text.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn told(rows: Vec<Value>) -> String {
    Value::from(rows).to_string()
}
