//! Finding goods: search by words, one offer in full, offers alike, categories, pools, rankings, trends, follows.

pub mod alike;
pub mod categories;
pub mod detail;
pub mod follow;
mod goods;
mod listing;
pub mod marks;
pub mod pictures;
pub mod points;
pub mod pools;
pub mod recommend;
pub mod rows;
pub mod search;
pub mod spec;
pub mod trends;
