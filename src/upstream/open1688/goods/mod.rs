//! Goods: searches and lists, offers in full, categories, pictures, sellers, how offers sold.

pub(super) mod categories;
pub(super) mod detail;
pub(super) mod lists;
pub(super) mod pictures;
pub(super) mod search;
pub(super) mod sellers;
pub(super) mod trends;
