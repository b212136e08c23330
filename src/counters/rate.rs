//! The rate script: spends on all policies of a call at once, in Redis, and takes leases. The arithmetic is told in
//! `gcra`.

use std::time::Duration;

use redis::{Cmd, ErrorKind, Script, ServerErrorKind};

use super::gcra::{Level, Mark, Rule, Spend};
use super::redis::{Redis, Unavailable};

/// What Redis is asked.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// One key per policy, and last the account's leases.
    pub keys: &'a [String],
    /// The policies, one by one.
    pub rules: &'a [Rule],
    /// What the asker takes for stored and when that was; only used where Redis has lost its memory.
    pub known: (&'a [Mark], i64),
    /// What to spend.
    pub spend: Spend,
    /// Units that the asker still holds.
    pub held: u32,
    /// The asking node.
    pub node: &'a str,
    /// How long the units on top may be used.
    pub lasts_us: i64,
}

/// What Redis decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Redis' own time, microseconds since 1970.
    pub now_us: i64,
    /// Units charged: the cost, and those given on top.
    pub units: u32,
    /// Whether every policy admitted the call; otherwise none was charged.
    pub admitted: bool,
    /// Where each policy stands afterwards.
    pub levels: Vec<Level>,
}

const SCRIPT: &str = include_str!("rate.lua");

/// The script, hashed once.
#[derive(Debug)]
pub struct Rate {
    hash: String,
}

impl Default for Rate {
    fn default() -> Self {
        Self { hash: Script::new(SCRIPT).get_hash().to_owned() }
    }
}

/// The key under which a policy of an account is counted; one account's keys live on one cluster node.
pub fn key(account: &str, policy: &str) -> String {
    format!("xy:rl:{{{account}}}:p:{policy}")
}

/// The key under which an account's leases are kept.
pub fn leases_key(account: &str) -> String {
    format!("xy:rl:{{{account}}}:leases")
}

impl Rate {
    /// Spends on all rules or on none, waiting for Redis no longer than `within`. A server that does not know the script
    /// (it was started again, or it is a cluster's node that never saw it) is sent the whole of it, and knows it then.
    pub async fn spend(&self, redis: &Redis, ask: Ask<'_>, within: Duration) -> Result<Decision, Unavailable> {
        let ask = &ask;
        let about = ask.keys.last().map_or("", String::as_str);
        let asked = redis.ask_within(within, about, async |mut link| {
            let answer = command("EVALSHA", &self.hash, ask).query_async(&mut link).await;
            match answer {
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => {
                    command("EVAL", SCRIPT, ask).query_async(&mut link).await
                }
                answer => answer,
            }
        });
        let numbers: Vec<i64> = asked.await?;
        read(&numbers).ok_or(Unavailable::Failed)
    }
}

fn command(name: &str, script: &str, ask: &Ask<'_>) -> Cmd {
    let mut call = redis::cmd(name);
    call.arg(script).arg(ask.keys.len()).arg(ask.keys);
    let spend = ask.spend;
    call.arg(spend.cost).arg(spend.more).arg(spend.credit).arg(spend.credit_age_us).arg(spend.credit_day_us);
    call.arg(spend.debt).arg(spend.nodes).arg(ask.node).arg(ask.held).arg(ask.lasts_us);
    let (marks, at_us) = ask.known;
    for (rule, mark) in ask.rules.iter().zip(marks) {
        let known = match rule.is_daily() {
            // What was spent on another day is of no use today.
            true if mark.at_us == rule.ends[1] => i64::from(mark.spent),
            true => 0,
            false => (mark.at_us - at_us).max(0),
        };
        call.arg(rule.interval_us).arg(rule.burst).arg(u8::from(rule.shadow)).arg(known);
        rule.ends.iter().for_each(|end| {
            call.arg(*end);
        });
    }
    call
}

fn read(numbers: &[i64]) -> Option<Decision> {
    let [now_us, units, admitted, levels @ ..] = numbers else { return None };
    let level = |four: &[i64]| match four {
        [remaining, reset_us, retry_us, charged] => Some(Level {
            remaining: u32::try_from(*remaining).ok()?,
            reset_us: *reset_us,
            retry_us: *retry_us,
            charged: u32::try_from(*charged).ok()?,
        }),
        _ => None,
    };
    let levels = levels.chunks(4).map(level).collect::<Option<Vec<_>>>()?;
    Some(Decision { now_us: *now_us, units: u32::try_from(*units).ok()?, admitted: *admitted == 1, levels })
}
