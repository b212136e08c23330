//! What a seller charges to the warehouse: one pure function over his template.

use crate::sandbox::goods::FreightTemplate;

/// Freight for so many pieces of so much weight in all, given what the goods cost.
pub fn freight_fen(template: &FreightTemplate, pieces: i64, grams: i64, goods_fen: i64) -> i64 {
    match *template {
        FreightTemplate::Free => 0,
        FreightTemplate::ByWeight { first_g, first_fen, step_g, step_fen, free_above_fen } => {
            stepped(grams, (first_g, first_fen), (step_g, step_fen), free_above_fen, goods_fen)
        }
        FreightTemplate::ByPiece { first, first_fen, step, step_fen, free_above_fen } => {
            stepped(pieces, (first, first_fen), (step, step_fen), free_above_fen, goods_fen)
        }
    }
}

/// The first so many for one price, then every begun step for another; nothing from a certain order value on.
fn stepped(amount: i64, first: (u32, i64), step: (u32, i64), free_above: Option<i64>, goods_fen: i64) -> i64 {
    if free_above.is_some_and(|least| goods_fen >= least) {
        return 0;
    }
    let over = (amount - i64::from(first.0)).max(0);
    let size = i64::from(step.0.max(1));
    first.1 + (over + size - 1) / size * step.1
}

#[cfg(test)]
mod tests {
    use super::freight_fen;
    use crate::sandbox::goods::FreightTemplate;

    #[test]
    fn every_begun_step_is_charged_until_it_is_free() {
        let template = FreightTemplate::ByWeight {
            first_g: 1000,
            first_fen: 800,
            step_g: 500,
            step_fen: 200,
            free_above_fen: Some(9_900),
        };
        let cost = |grams, goods_fen| freight_fen(&template, 1, grams, goods_fen);
        assert_eq!(
            [cost(1, 1), cost(1000, 1), cost(1001, 1), cost(1500, 1), cost(1501, 1)],
            [800, 800, 1000, 1000, 1200]
        );
        assert_eq!([cost(5000, 9_899), cost(5000, 9_900)], [2400, 0]);
    }
}
