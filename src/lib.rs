//! Xunyuan.

pub mod signing;
