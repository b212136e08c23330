//! Orders and what hangs on them: pricing, placing, paying, the walk to the warehouse, refunds, consignments. Everything
//! here is plain data under one lock, which `market` holds; HTTP is left to the `*_http` files.

mod basket;
mod book;
pub mod consignment;
mod filing;
mod freight;
pub mod inquiry;
mod order;
pub mod parcel;
mod pay;
mod place;
pub mod refund;
mod shipments;
mod steps;
mod voucher;
mod warehouses;
pub mod wire;

pub use basket::{check_shape, estimate, price};
pub use book::Book;
pub use consignment::Consignment;
pub use freight::{province, zone};
pub use inquiry::Inquiry;
pub use order::{CloseReason, Order, Status};
pub use pay::{PaidHow, debit, page, receipt};
pub use refund::Refund;
pub use shipments::shipments;
pub use voucher::{Source, Voucher};
pub use warehouses::{WAREHOUSES, find as find_warehouse, zone_of};
