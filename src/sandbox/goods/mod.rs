//! The authored goods of the sandbox catalogue: product types and vocabulary of Chinese wholesale in twelve
//! languages, combined by (seed, index) into any number of offers. Search, orders and HTTP live elsewhere.

mod attributes;
mod belt;
mod catalogue;
mod dice;
mod families;
mod generate;
mod glossary;
mod ids;
mod lang;
mod offer;
mod phrase;
mod picture;
mod pools;
mod seller;
mod shop;
mod stall;
mod table;
mod text;
mod trend;

#[cfg(test)]
mod tests;

pub use attributes::CategoryAttribute;
pub use belt::Belt;
pub use catalogue::{Category, ProductType};
pub use lang::{Lang, Words};
pub use offer::{Attribute, CrossBorder, Goods, Sku, Tier};
pub use picture::Studio;
pub use pools::Pool;
pub use seller::{Badge, FreightTemplate, Seller};
pub use shop::Shop;
