//! Refunds: reasons, asking, reading, pictures as proof, sending goods back, and asking the marketplace to decide.

pub mod create;
mod reason;
pub mod rows;
pub mod show;
pub mod steps;
mod view;
pub mod voucher;
