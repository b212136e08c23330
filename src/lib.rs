//! Xunyuan.
