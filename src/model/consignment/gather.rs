//! Which orders can leave together: paid and not ended, gathered at one warehouse, bound for one country, each once.

use super::Consigned;
use crate::model::ids::{ConsignmentId, OrderId};
use crate::model::order::{Order, State};
use crate::model::quote::{Country, Wanted, Warehouse};

/// What orders have in common that can leave together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gathered {
    /// Where they are gathered.
    pub warehouse: Warehouse,
    /// Where they go.
    pub ship_to: Country,
    /// The orders.
    pub orders: Vec<Consigned>,
}

/// Why an order cannot be part of a consignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hindrance {
    /// The partner has no such order.
    NotFound,
    /// It is listed before.
    Twice,
    /// It is in another consignment that was not given up.
    Consigned(ConsignmentId),
    /// It is not paid, or it has ended.
    State(State),
    /// Its goods go to another warehouse than the first order's.
    Warehouse(Warehouse),
    /// It is bound for another country than the first order.
    Country(Country),
}

/// An order that stands in the way, by its place in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// Its place in the list, from 0.
    pub at: usize,
    /// The order.
    pub order: OrderId,
    /// Why it cannot be part.
    pub why: Hindrance,
}

/// Gathers orders, or names every one that stands in the way. There must be at least one.
pub fn gather(orders: &[Order]) -> Result<Gathered, Vec<Obstacle>> {
    let Some(first) = orders.first() else { return Err(Vec::new()) };
    let (warehouse, ship_to) = (&first.deed.basket.warehouse, &first.deed.basket.ship_to);
    let mut obstacles = Vec::new();
    let mut consigned = Vec::with_capacity(orders.len());
    for (at, order) in orders.iter().enumerate() {
        let basket = &order.deed.basket;
        let why = match (order.catalogue_order, order.state) {
            (Some(_), _) if orders.iter().take(at).any(|other| other.deed.id == order.deed.id) => Hindrance::Twice,
            (Some(_), _) if basket.warehouse != *warehouse => Hindrance::Warehouse(basket.warehouse.clone()),
            (Some(_), _) if basket.ship_to != *ship_to => Hindrance::Country(basket.ship_to.clone()),
            (Some(number), State::Paid | State::Preparing | State::Shipped | State::AtWarehouse | State::Inspected) => {
                let line = |line: &crate::model::quote::Line| Wanted { sku: line.sku, quantity: line.quantity };
                consigned.push(Consigned {
                    order: order.deed.id.clone(),
                    reference: order.deed.reference.clone(),
                    number,
                    lines: basket.lines.iter().map(line).collect(),
                });
                continue;
            }
            (_, state) => Hindrance::State(state),
        };
        obstacles.push(Obstacle { at, order: order.deed.id.clone(), why });
    }
    if obstacles.is_empty() {
        Ok(Gathered { warehouse: warehouse.clone(), ship_to: ship_to.clone(), orders: consigned })
    } else {
        Err(obstacles)
    }
}

#[cfg(test)]
mod tests {
    use super::{Hindrance, gather};
    use crate::model::ids::CatalogueOrderId;
    use crate::model::order::tests::deed;
    use crate::model::order::{Order, State};

    fn order(reference: &str, state: State) -> Order {
        let order = Order::received(deed(reference), "test");
        Order { state, catalogue_order: Some(CatalogueOrderId::new(26)), ..order }
    }

    #[test]
    fn orders_that_can_leave_together_are_gathered_with_their_lines() {
        let orders = [order("PO-1", State::Paid), order("PO-2", State::Shipped)];
        let gathered = gather(&orders).unwrap();
        assert_eq!((gathered.warehouse.as_str(), gathered.ship_to.as_str()), ("YW01", "JP"));
        assert_eq!(gathered.orders.len(), 2);
        assert_eq!(gathered.orders[1].lines[0].quantity.get(), 10);
    }

    #[test]
    fn everything_in_the_way_is_named_at_once() {
        let mut orders = vec![order("PO-1", State::Paid), order("PO-2", State::AwaitingPayment)];
        let mut elsewhere = order("PO-3", State::Paid);
        elsewhere.deed.basket.warehouse = "GZ01".parse().unwrap();
        let mut abroad = order("PO-4", State::Paid);
        abroad.deed.basket.ship_to = "KR".parse().unwrap();
        orders.extend([elsewhere, abroad, orders[0].clone()]);
        orders.push(Order { catalogue_order: None, ..order("PO-5", State::Unknown) });
        let obstacles = gather(&orders).unwrap_err();
        let told: Vec<_> = obstacles.iter().map(|obstacle| (obstacle.at, obstacle.why.clone())).collect();
        let expected = [
            (1, Hindrance::State(State::AwaitingPayment)),
            (2, Hindrance::Warehouse("GZ01".parse().unwrap())),
            (3, Hindrance::Country("KR".parse().unwrap())),
            (4, Hindrance::Twice),
            (5, Hindrance::State(State::Unknown)),
        ];
        assert_eq!(told, expected);
        assert!(gather(&[]).unwrap_err().is_empty());
    }
}
