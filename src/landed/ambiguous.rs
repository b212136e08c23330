//! An address that may mean several places, told with all of them.

use crate::error::{Code, Failure, Place};
use crate::landed::address::Region;

/// The address may mean any of these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the address may mean {} places", .0.len())]
pub struct Ambiguous(pub Vec<Region>);

impl Failure for Ambiguous {
    fn code(&self) -> Code {
        Code::AddressAmbiguous
    }

    fn detail(&self) -> Option<String> {
        Some(format!("The address may mean {} places.", self.0.len()))
    }

    fn places(&self) -> Vec<Place> {
        let names: Vec<_> = self.0.iter().map(|place| place.name.as_str()).collect();
        let detail = format!("it may be {}: give the region_code of the one you mean", names.join(" or "));
        vec![Place::body("/address", detail)]
    }

    fn extras(&self) -> Vec<(&'static str, String)> {
        let candidate = |place: &Region| serde_json::json!({"region_code": place.code.as_str(), "level": place.level().name(), "name": place.name});
        vec![("candidates", serde_json::Value::from_iter(self.0.iter().map(candidate)).to_string())]
    }
}
