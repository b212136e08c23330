//! How a seller answers: from what he makes, what it costs him and what he is offered to a price, or to a reason why not.
//! Pure; writing it down is left to `moves`.

use super::Reason;
use crate::sandbox::trade::wire::Zone;

/// He may answer so often; then what he said last stands.
const MOST_ROUNDS: usize = 6;
/// Nobody talks about less than this part of the list price, per cent.
const INSULT_PCT: i64 = 50;
/// What he has to earn on what it costs him, per cent.
const MARGIN_PCT: i64 = 8;
/// He never goes below this part of the list price, per cent.
const LOWEST_PCT: i64 = 82;
/// What asking alone brings, per cent of the list price.
const ASKED_PCT: i64 = 98;
/// One in so many sellers has no time at all.
const BUSY_ONE_IN: u64 = 16;

/// What the seller knows about what is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Who he is.
    pub seller_id: i64,
    /// Where it goes.
    pub zone: Zone,
    /// How many pieces.
    pub quantity: i64,
    /// The price of a piece for so many by his list.
    pub list_fen: i64,
    /// What a piece costs him.
    pub cost_fen: i64,
    /// The least he sells.
    pub minimum: i64,
    /// What he sells multiples of.
    pub batch: i64,
    /// The most he can deliver.
    pub capacity: i64,
    /// What he is offered for a piece.
    pub target_fen: Option<i64>,
    /// What he asked for last.
    pub last_fen: Option<i64>,
    /// How often he answered.
    pub rounds: usize,
}

/// What he says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    /// So much for a piece; whether that is his last word.
    Price(i64, bool),
    /// Nothing, and why.
    No(Reason),
}

/// What a seller says to a case.
pub fn answer(case: &Case) -> Says {
    match case.in_the_way() {
        Some(reason) => Says::No(reason),
        None => case.price(),
    }
}

/// Whether a seller never has time for inquiries.
pub fn is_busy(seller_id: i64) -> bool {
    // Any spread will do that is the same tomorrow.
    (seller_id.unsigned_abs().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40).is_multiple_of(BUSY_ONE_IN)
}

impl Case {
    fn in_the_way(&self) -> Option<Reason> {
        let insult = self.target_fen.is_some_and(|target| target * 100 < self.list_fen * INSULT_PCT);
        let rows = [
            (is_busy(self.seller_id), Reason::Busy),
            (self.quantity < self.minimum, Reason::BelowMinimum),
            (self.quantity % self.batch.max(1) != 0, Reason::NotMultiple),
            (self.quantity > self.capacity, Reason::OverCapacity),
            (insult, Reason::TargetTooLow),
        ];
        rows.into_iter().find(|(is_so, _)| *is_so).map(|(_, reason)| reason)
    }

    /// The least he takes.
    fn floor(&self) -> i64 {
        let earns = part(self.cost_fen, 100 + MARGIN_PCT);
        earns.max(part(self.list_fen, LOWEST_PCT)).min(self.list_fen).max(1)
    }

    /// He comes half of the way each time, never above his last word and never below his floor.
    fn price(&self) -> Says {
        let floor = self.floor();
        let last = self.last_fen.unwrap_or(self.list_fen).max(floor);
        let Some(target) = self.target_fen else {
            return Says::Price(part(self.list_fen, ASKED_PCT).clamp(floor, last), false);
        };
        if target >= last {
            return Says::Price(last, false);
        }
        let aim = target.max(floor);
        let half = aim + (last - aim + 1) / 2;
        let near = last - aim <= (last / 100).max(1) || self.rounds + 1 >= MOST_ROUNDS;
        let price = if near { aim } else { half.min(last) };
        Says::Price(price, price == floor && target < floor)
    }
}

/// A part of an amount, rounded up.
fn part(fen: i64, per_cent: i64) -> i64 {
    (fen * per_cent + 99) / 100
}

#[cfg(test)]
mod tests {
    use super::{Case, Reason, Says, Zone, answer, is_busy};

    fn case() -> Case {
        let seller_id = (1..).find(|id| !is_busy(*id)).unwrap();
        Case {
            seller_id,
            zone: Zone::Usual,
            quantity: 500,
            list_fen: 1000,
            cost_fen: 600,
            minimum: 10,
            batch: 10,
            capacity: 10_000,
            target_fen: None,
            last_fen: None,
            rounds: 0,
        }
    }

    #[test]
    fn who_asks_gets_a_little_off_and_who_pays_the_list_price_gets_it() {
        assert_eq!(answer(&case()), Says::Price(980, false));
        assert_eq!(
            answer(&Case { target_fen: Some(1200), ..case() }),
            Says::Price(1000, false),
            "never above the list"
        );
    }

    #[test]
    fn counter_offers_meet_at_the_target_or_at_the_floor() {
        for (target, meets, last_word) in [(900, 900, false), (700, 820, true)] {
            let (mut last, mut seen) = (None, Vec::new());
            for rounds in 0..8 {
                let Says::Price(price, is_final) =
                    answer(&Case { target_fen: Some(target), last_fen: last, rounds, ..case() })
                else {
                    panic!("he quotes")
                };
                assert!(last.is_none_or(|last| price <= last), "a price never goes up: {seen:?}");
                seen.push((price, is_final));
                last = Some(price);
            }
            assert_eq!(seen.last(), Some(&(meets, last_word)), "{seen:?}");
        }
    }

    #[test]
    fn what_cannot_be_delivered_is_declined_with_the_reason() {
        let declined = |case: Case| match answer(&case) {
            Says::No(reason) => reason,
            Says::Price(..) => panic!("he does not quote"),
        };
        assert_eq!(declined(Case { quantity: 5, ..case() }), Reason::BelowMinimum);
        assert_eq!(declined(Case { quantity: 505, ..case() }), Reason::NotMultiple);
        assert_eq!(declined(Case { quantity: 20_000, ..case() }), Reason::OverCapacity);
        assert_eq!(declined(Case { target_fen: Some(499), ..case() }), Reason::TargetTooLow);
        let busy = (1..).find(|id| is_busy(*id)).unwrap();
        assert_eq!(declined(Case { seller_id: busy, ..case() }), Reason::Busy);
    }
}
