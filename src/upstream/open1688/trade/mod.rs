//! Trade: what lines cost, orders, payments, parcels.

pub(super) mod change;
pub(super) mod create;
pub(super) mod order;
pub(super) mod parcels;
pub(super) mod pay;
pub(super) mod preview;
pub(super) mod warehouses;
