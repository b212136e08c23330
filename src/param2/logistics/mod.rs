//! Parcels on their way to the warehouse, and those who carry them.

pub mod carriers;
pub mod parcels;
pub mod rows;
