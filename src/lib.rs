//! Xunyuan.

pub mod sandbox;
