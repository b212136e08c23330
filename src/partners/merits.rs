//! Points that paid orders have added to partners' days: written down so that every node adds the same, and only ever
//! grown, so that no allowance shrinks while its day lasts. Counting orders is for whoever knows the ledger.

use jiff::Timestamp;

use crate::model::ids::PartnerId;
use crate::model::plan::Merit;
use crate::partners::directory::Directory;
use crate::partners::error::Error;
use crate::sql::args;

/// Days are forgotten after so long.
const KEEP_MS: i64 = 7 * 86_400_000;

/// A partner's day that points may be added to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Earning {
    /// The partner.
    pub partner: PartnerId,
    /// The day policy.
    pub policy: String,
    /// The calendar day, `YYYY-MM-DD`.
    pub day: String,
    /// What an order earns.
    pub merit: Merit,
    /// What is added already.
    pub earned: u32,
    /// Orders paid since then count.
    pub since: Timestamp,
}

impl Earning {
    /// The points of so many paid orders.
    pub fn points(&self, orders: u64) -> u32 {
        let points = orders.saturating_mul(u64::from(self.merit.per_order)).min(u64::from(self.merit.most));
        u32::try_from(points).unwrap_or(self.merit.most)
    }
}

impl Directory {
    /// The days of now that points may be added to.
    pub fn earnings(&self) -> Vec<Earning> {
        let now = self.clock.now();
        let earning = |partner: &crate::model::partner::Partner| -> Vec<Earning> {
            let policies = partner.plan.policies.iter().filter(|policy| !policy.shadow);
            let daily = policies.filter_map(|policy| Some((policy, policy.merit?, policy.span.day(&partner.id, now)?)));
            let one = daily.map(|(policy, merit, day)| Earning {
                partner: partner.id.clone(),
                policy: policy.name.to_string(),
                day: day.date.to_string(),
                merit,
                earned: policy.earned,
                // From the day's beginning, so that no order ages out while the day lasts.
                since: before(day.begins, merit.days),
            });
            one.collect()
        };
        self.snapshot().partners().flat_map(|partner| earning(partner)).collect()
    }

    /// Adds points to days; a day that has as many or more already stays as it is.
    pub async fn add_points(&self, all: Vec<(Earning, u32)>) -> Result<(), Error> {
        const GROW: &str = "INSERT INTO earned_points (partner, policy, day, points) VALUES ($1, $2, $3, $4) \
            ON CONFLICT (partner, policy, day) DO UPDATE SET points = excluded.points \
            WHERE earned_points.points < excluded.points";
        const FORGET: &str = "DELETE FROM earned_points WHERE day < $1";
        const RAISE: &str = "UPDATE directory_version SET version = version + 1 WHERE id = 1";
        let grown: Vec<_> = all.into_iter().filter(|(earning, points)| *points > earning.earned).collect();
        if grown.is_empty() {
            return Ok(());
        }
        let old = Timestamp::from_millisecond(self.clock.now_ms() - KEEP_MS).unwrap_or_default();
        let old = format!("{:.10}", old.to_string());
        let written = self.sql.transaction(move |tx| {
            Box::pin(async move {
                let mut rows = 0;
                for (earning, points) in grown {
                    let row = args![earning.partner.as_str(), earning.policy, earning.day, i64::from(points)];
                    rows += tx.execute(GROW, row).await?;
                }
                if rows > 0 {
                    tx.execute(FORGET, args![old]).await?;
                    tx.execute(RAISE, Vec::new()).await?;
                }
                Ok::<_, crate::sql::Error>(())
            })
        });
        self.changed(written.await).await
    }
}

fn before(begins: Timestamp, days: u32) -> Timestamp {
    begins.saturating_sub(jiff::SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(begins)
}
