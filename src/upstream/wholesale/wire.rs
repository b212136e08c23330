//! Documents of the wholesale service, field for field; unknown fields are passed over.
//! Internal facts (cost, telephone numbers, contacts) have no field here: what is not read cannot leak.

pub mod aftersale;
pub mod browse;
pub mod changes;
pub mod freight;
pub mod fulfilment;
pub mod goods;
pub mod inquiry;
pub mod pictures;
pub mod trade;
pub mod trans;
