//! Messages: what happened to orders, refunds and parcels, by pull with confirmation and over a WebSocket. They are those
//! of the outbox; by form callback they are sent by `webhooks`.

pub mod channel;
pub mod desk;
mod frame;
mod pull;
pub mod rows;

pub use pull::{confirm, list, take};
