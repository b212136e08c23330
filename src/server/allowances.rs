//! Where limits and ledger meet: paid orders add to days, and partners are told that a day runs out. One pass each; how
//! often is told in `tasks`.

use std::collections::HashMap;

use crate::ledger::NearLimit;
use crate::server::house::House;

/// Adds the points of paid orders to partners' days. Every node counts the same orders in the same ledger and writes down
/// what is more than before, so that all have the same figures and none shrinks while its day lasts.
pub async fn earn(house: &House) {
    let (mut grown, mut counted) = (Vec::new(), HashMap::new());
    for earning in house.directory.earnings() {
        let asked = (earning.partner.clone(), earning.since);
        let orders = match counted.get(&asked) {
            Some(orders) => *orders,
            None => match house.ledger.count_paid(&earning.partner, earning.since).await {
                Ok(orders) => orders,
                Err(error) => {
                    tracing::warn!(%error, partner = %earning.partner, "paid orders could not be counted; points stay");
                    return;
                }
            },
        };
        counted.insert(asked, orders);
        let points = earning.points(orders);
        grown.push((earning, points));
    }
    if let Err(error) = house.directory.add_points(grown).await {
        tracing::warn!(%error, "points could not be written down; they are counted again");
    }
}

/// Tells partners whose day runs out; what cannot be told now is told in the next pass.
pub async fn tell_near_limits(house: &House) {
    let mut waiting = house.gate.limits.take_near().into_iter();
    while let Some(near) = waiting.next() {
        let told = NearLimit {
            partner: &near.partner,
            mode: near.mode,
            policy: &near.policy,
            day: &near.day,
            plan: &near.plan,
            allowance: near.allowance,
            used: near.used,
            resets_at: near.resets_at,
        };
        if let Err(error) = house.ledger.tell_near_limit(&told).await {
            tracing::warn!(%error, "a partner could not be told that its day runs out; it is tried again");
            house.gate.limits.near_again(std::iter::once(near).chain(waiting).collect());
            return;
        }
    }
}
