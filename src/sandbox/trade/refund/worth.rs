//! What pieces are worth when money goes back: pure arithmetic over one order. All shares of the goods together are
//! exactly what was paid for them.

use crate::sandbox::trade::order::Order;

/// How much of what was paid is freight.
pub fn freight_paid(order: &Order) -> i64 {
    // A price that the seller changed by hand moves what the goods cost, until nothing is left of it.
    order.freight_fen.clamp(0, order.paid_fen.max(0))
}

/// What so many further pieces of a line are worth, after those that were given back before.
pub fn pieces_fen(order: &Order, line_no: u32, pieces: i64) -> i64 {
    let goods_paid = i128::from(order.paid_fen - freight_paid(order));
    let all: i128 = order.lines.iter().map(|line| i128::from(line.amount_fen)).sum();
    // Shares are cut from the running sum, so that rounding loses nothing between the lines.
    let mut before: i128 = 0;
    for line in &order.lines {
        let upto = before + i128::from(line.amount_fen);
        if line.line_no == line_no {
            let share = |sum: i128| goods_paid * sum / all.max(1);
            let whole = share(upto) - share(before);
            let part = |count: i64| whole * i128::from(count) / i128::from(line.quantity.max(1));
            let given = line.refunded_quantity;
            return i64::try_from(part(given + pieces) - part(given)).unwrap_or(0);
        }
        before = upto;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::{freight_paid, pieces_fen};
    use crate::sandbox::trade::order::tests::order;

    #[test]
    fn all_shares_together_are_what_was_paid_whatever_the_steps() {
        for paid in [1, 700, 801, 12_345, 99_999] {
            let mut order = order(&[(3, 333), (7, 101), (1, 1)], 800);
            order.paid_fen = paid;
            let mut back = freight_paid(&order);
            for (line, steps) in [(1, vec![1, 1, 1]), (2, vec![3, 4]), (3, vec![1])] {
                for step in steps {
                    let worth = pieces_fen(&order, line, step);
                    assert!(worth >= 0);
                    back += worth;
                    order.lines[line as usize - 1].refunded_quantity += step;
                }
            }
            assert_eq!(back, paid);
        }
    }

    #[test]
    fn an_unpaid_order_gives_nothing_back() {
        let order = order(&[(3, 333)], 800);
        assert_eq!((freight_paid(&order), pieces_fen(&order, 1, 3), pieces_fen(&order, 9, 1)), (0, 0, 0));
    }
}
