//! The rate script: spends on all policies of a call at once, in Redis. The arithmetic is told in `gcra`.

use redis::Script;

use super::gcra::{Level, Rule, Spend};
use super::redis::{Redis, Unavailable};

/// What Redis decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Redis' own time, microseconds since 1970.
    pub now_us: i64,
    /// Whether every policy admitted the call; otherwise none was charged.
    pub admitted: bool,
    /// Where each policy stands afterwards.
    pub levels: Vec<Level>,
}

/// The script, hashed once.
#[derive(Debug)]
pub struct Rate(Script);

impl Default for Rate {
    fn default() -> Self {
        Self(Script::new(include_str!("rate.lua")))
    }
}

/// The key under which a policy of an account is counted; one account's keys live on one cluster node.
pub fn key(account: &str, policy: &str) -> String {
    format!("xy:rl:{{{account}}}:{policy}")
}

impl Rate {
    /// Spends on all rules or on none; `keys` belong to `rules` one by one.
    pub async fn spend(
        &self,
        redis: &Redis,
        keys: &[String],
        rules: &[Rule],
        spend: Spend,
    ) -> Result<Decision, Unavailable> {
        let mut call = self.0.prepare_invoke();
        keys.iter().for_each(|key| {
            call.key(key);
        });
        call.arg(spend.cost).arg(spend.credit).arg(spend.credit_age_us);
        for rule in rules {
            call.arg(rule.interval_us).arg(rule.burst);
        }
        let call = &call;
        let numbers: Vec<i64> = redis.ask(async |mut connection| call.invoke_async(&mut connection).await).await?;
        read(&numbers).ok_or(Unavailable::Failed)
    }
}

fn read(numbers: &[i64]) -> Option<Decision> {
    let [now_us, admitted, levels @ ..] = numbers else { return None };
    let level = |three: &[i64]| match three {
        [remaining, reset_us, retry_us] => {
            Some(Level { remaining: u32::try_from(*remaining).ok()?, reset_us: *reset_us, retry_us: *retry_us })
        }
        _ => None,
    };
    let levels = levels.chunks(3).map(level).collect::<Option<Vec<_>>>()?;
    Some(Decision { now_us: *now_us, admitted: *admitted == 1, levels })
}
