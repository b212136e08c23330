//! The tree offers are filed in.

use crate::model::ids::CategoryId;
use crate::model::offer::Text;

/// A category.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Its id.
    pub id: CategoryId,
    /// The one above; none for a root.
    pub parent: Option<CategoryId>,
    /// Its name.
    pub name: Text,
    /// Offers in it and below.
    pub offers: u64,
}

/// A category with what stands below it and what its offers have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryDetail {
    /// The category.
    pub category: Category,
    /// Those right below it.
    pub children: Vec<Category>,
    /// Properties of its offers.
    pub attributes: Vec<CategoryAttribute>,
}

/// A property that offers of a category have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CategoryAttribute {
    /// The catalogue's number of it.
    pub id: i64,
    /// Its name.
    pub name: Text,
    /// Variants of one offer differ by it.
    pub of_variants: bool,
    /// The values that occur.
    pub values: Vec<Text>,
}
