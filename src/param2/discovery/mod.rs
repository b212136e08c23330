//! Finding goods: search by words, one offer in full, offers alike, categories, pools, rankings, trends, follows, listing.

pub mod alike;
pub mod categories;
pub mod detail;
pub mod follow;
pub mod goods;
mod listing;
pub mod marks;
pub mod mix;
pub mod pictures;
pub mod points;
pub mod pools;
mod product;
pub mod pushed;
pub mod recommend;
pub mod rows;
pub mod search;
pub mod spec;
pub mod trends;
