//! The nouns of wholesale trade, as the gateway thinks of them. Silent: no serde, SQL or HTTP in here;
//! every border converts to and from its own words.

pub mod browse;
pub mod calendar;
pub mod category;
pub mod consignment;
pub mod event;
pub mod freight;
pub mod ids;
pub mod inquiry;
pub mod language;
pub mod margin;
pub mod money;
pub mod offer;
pub mod order;
pub mod page;
pub mod partner;
pub mod payment;
pub mod picture;
pub mod plan;
pub mod quote;
pub mod refund;
pub mod region;
pub mod search;
pub mod shipment;
pub mod supplier;
pub mod warehouse;
pub mod webhook;
