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
