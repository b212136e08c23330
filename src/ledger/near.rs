//! That a partner's day runs out, told once: the row that says so is written in the transaction of the event, so that of
//! several nodes that notice it one tells it.

use jiff::Timestamp;
use serde_json::json;

use super::outbox::{self, Notice};
use super::{Error, Ledger};
use crate::model::event::NEAR_LIMIT;
use crate::model::ids::{EventId, PartnerId};
use crate::model::partner::Mode;
use crate::sql::args;

/// Rows are kept for so long.
const KEEP_MS: i64 = 30 * 86_400_000;

/// A partner's day that runs out.
#[derive(Clone, Debug)]
pub struct NearLimit<'a> {
    /// Whose.
    pub partner: &'a PartnerId,
    /// In which world.
    pub mode: Mode,
    /// The day policy.
    pub policy: &'a str,
    /// The calendar day, `YYYY-MM-DD`.
    pub day: &'a str,
    /// The plan's short name.
    pub plan: &'a str,
    /// Units of the day.
    pub allowance: u32,
    /// Units used.
    pub used: u32,
    /// When the day ends.
    pub resets_at: Timestamp,
}

impl Ledger {
    /// Tells a partner that a day runs out; false when it was told already.
    pub async fn tell_near_limit(&self, near: &NearLimit<'_>) -> Result<bool, Error> {
        const ONCE: &str = "INSERT INTO limit_notices (partner, mode, policy, day, event, at) \
            VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        const FORGET: &str = "DELETE FROM limit_notices WHERE at <= $1";
        let (event, at) = (EventId::fresh(), self.clock.now_ms());
        let (partner, mode) = (near.partner.clone(), near.mode);
        let row = args![partner.as_str(), mode.name(), near.policy, near.day, event.as_str(), at];
        let subject = format!("{}:{}", near.policy, near.day);
        let data = json!({
            "policy": near.policy,
            "day": near.day,
            "plan": near.plan,
            "quota": near.allowance,
            "used": near.used,
            "remaining": near.allowance.saturating_sub(near.used),
            "resets_at": near.resets_at.to_string(),
        });
        let told = self.sql.transaction(move |tx| {
            Box::pin(async move {
                if tx.execute(ONCE, row).await? == 0 {
                    return Ok(false);
                }
                tx.execute(FORGET, args![at - KEEP_MS]).await?;
                let kind = NEAR_LIMIT.to_owned();
                let (partner, subject) = (&partner, subject.as_str());
                outbox::post(tx, &[Notice { event: &event, partner, mode, subject, kind, data, at }]).await?;
                Ok::<_, Error>(true)
            })
        });
        told.await
    }
}

#[cfg(test)]
mod tests {
    use super::NearLimit;
    use crate::clock::Clock;
    use crate::ledger::Ledger;
    use crate::model::partner::Mode;
    use crate::sql::trial;

    #[tokio::test]
    async fn of_several_nodes_that_notice_it_one_tells_it() {
        for house in trial::houses().await {
            let clock = Clock::shiftable();
            let acme = "acme".parse().unwrap();
            let near = |policy, day, mode| NearLimit {
                partner: &acme,
                mode,
                policy,
                day,
                plan: "starter",
                allowance: 100,
                used: 81,
                resets_at: clock.now(),
            };
            let (one, other) =
                (Ledger::new(house.another().await, clock.clone()), Ledger::new(house.another().await, clock.clone()));
            let today = near("day", "2026-11-23", Mode::Live);
            let (told, again) = tokio::join!(one.tell_near_limit(&today), other.tell_near_limit(&today));
            assert!(told.unwrap() != again.unwrap());
            assert!(!one.tell_near_limit(&today).await.unwrap());
            for other_day in [near("day", "2026-11-24", Mode::Live), near("day", "2026-11-23", Mode::Sandbox)] {
                assert!(other.tell_near_limit(&other_day).await.unwrap());
            }
            one.publish(10).await.unwrap();
            let told = one.list_events(&acme, Mode::Live, 0, &[], 10).await.unwrap();
            let data: serde_json::Value = serde_json::from_str(&told[0].data).unwrap();
            assert_eq!((told.len(), told[0].kind.as_str(), &data["remaining"]), (2, "quota.near_limit", &19.into()));
        }
    }
}
