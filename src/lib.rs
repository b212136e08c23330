#![doc = include_str!("README.md")]

pub mod clock;
pub mod error;
pub mod model;
pub mod signing;

pub mod sql;

pub mod partners;
