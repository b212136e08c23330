//! Dates on this wire: the ground's own, under the name that this face's calls know them by.

pub use crate::aop::dates::{plain, read, wire};
