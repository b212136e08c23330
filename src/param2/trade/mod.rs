//! Ordering: what it would cost, ordering once, orders one by one and in pages, what is changed about them, and paying.

mod address;
mod cargo;
pub mod change;
pub mod create;
pub mod credit;
pub mod debit;
pub mod detail;
pub mod entry;
pub mod group_pay;
pub mod named;
pub mod once;
pub mod pay;
pub mod preview;
pub mod rows;
pub mod saved;
pub mod spare;
pub mod view;
pub mod words;
pub mod yuan;

pub use saved::{place, site, sites, split};
