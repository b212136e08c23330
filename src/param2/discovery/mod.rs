//! Finding goods: search by words, one offer in full, offers alike, categories, pools, rankings, trends.

pub mod detail;
mod goods;
pub mod spec;
