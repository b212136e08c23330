//! Warehouses: where goods of several suppliers are gathered before they leave the country.

use crate::model::offer::Text;
use crate::model::quote::Warehouse;

/// A warehouse goods can be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its short code.
    pub code: Warehouse,
    /// Its name.
    pub name: Text,
    /// The GB/T 2260 code of its place.
    pub region_code: Option<String>,
    /// Its postal address, in Chinese.
    pub address: Option<String>,
}
