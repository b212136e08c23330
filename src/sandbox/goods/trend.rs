//! How many units of a goods were sold on each of the last ninety days: drawn per day, and in sum exactly what its
//! record says of the last thirty.

use super::dice::Dice;
use super::generate::{DAY, NEWEST};

/// Days that are told.
const DAYS: usize = 90;
const MONTH: usize = 30;
const WEEK: usize = 7;
const TREND: u64 = 0x7e4d;

/// Units a day, oldest first; nothing before the goods was listed (`listed_at` as authored).
pub(super) fn daily(seed: u64, index: u32, monthly: u32, total: u32, listed_at: i64) -> Vec<u32> {
    let mut dice = Dice::cast(seed, TREND, u64::from(index));
    let age = usize::try_from((NEWEST - listed_at) / DAY).unwrap_or(0).max(1);
    // Buyers of wholesale goods order on working days.
    let rhythm = |day: usize| if day % WEEK >= 5 { 0.55 } else { 1.0 };
    let weights: Vec<f64> = (0..DAYS).map(|day| dice.spread(0.5, 1.6) * rhythm(day)).collect();
    let alive = |day: &usize| DAYS - day <= age;
    let before = (f64::from(monthly) * 2.0 * dice.spread(0.5, 1.1)) as u32;
    let before = before.min(total.saturating_sub(monthly));
    let mut sold = vec![0; DAYS];
    let (first, last): (Vec<usize>, Vec<usize>) = (0..DAYS).filter(alive).partition(|day| *day < DAYS - MONTH);
    share(before, &first, &weights, &mut sold);
    share(monthly, &last, &weights, &mut sold);
    sold
}

/// Shares a sum among days by their weights, to the last unit.
fn share(sum: u32, days: &[usize], weights: &[f64], sold: &mut [u32]) {
    let weight = |day: &usize| weights.get(*day).copied().unwrap_or(0.0);
    let all: f64 = days.iter().map(weight).sum();
    let (mut passed, mut given) = (0.0, 0);
    for (at, day) in days.iter().enumerate() {
        passed += weight(day);
        let until = if at + 1 == days.len() { sum } else { (f64::from(sum) * passed / all) as u32 };
        if let Some(slot) = sold.get_mut(*day) {
            *slot = until.saturating_sub(given);
        }
        given = until.max(given);
    }
}

/// What a piece cost on each day, oldest first: the price of today after at most two changes on the way.
pub(super) fn prices(seed: u64, index: u32, today_fen: i64) -> Vec<i64> {
    let mut dice = Dice::cast(seed, TREND + 1, u64::from(index));
    let mut prices = vec![today_fen; DAYS];
    for _ in 0..dice.below(3) {
        let until = dice.below(DAYS as u64) as usize;
        let permille = 1000 + dice.between(-60, 100);
        prices.iter_mut().take(until).for_each(|fen| *fen = (*fen * permille / 1000).max(1));
    }
    prices
}

/// Of the last seven days.
pub(super) fn week(daily: &[u32]) -> u32 {
    daily.iter().rev().take(WEEK).sum()
}

#[cfg(test)]
mod tests {
    use super::{DAYS, MONTH, daily, week};
    use crate::sandbox::goods::generate::{DAY, NEWEST};

    #[test]
    fn the_last_month_is_what_the_record_says_whatever_the_age() {
        for (index, (monthly, total, days)) in
            [(0, 0, 400), (1, 1, 5), (977, 30_000, 900), (90_000, 91_000, 31), (12, 12, 3)].into_iter().enumerate()
        {
            let sold = daily(7, index as u32, monthly, total, NEWEST - days * DAY);
            assert_eq!(sold.len(), DAYS);
            assert_eq!(sold[DAYS - MONTH..].iter().sum::<u32>(), monthly, "{index}");
            assert!(sold.iter().sum::<u32>() <= total.max(monthly) && week(&sold) <= monthly);
            let unborn = DAYS.saturating_sub(days as usize);
            assert!(sold[..unborn].iter().all(|units| *units == 0), "{index} sold before it was listed");
        }
    }
}
