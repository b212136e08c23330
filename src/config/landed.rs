//! What goods cost on their way to another country.

use crate::config::reader::Reader;

/// The `[landed]` section.
#[derive(Clone, Debug)]
pub struct Landed {
    /// `none`, `embedded`, or a path.
    pub tables: String,
}

impl Landed {
    pub(super) fn read(from: &mut Reader) -> Self {
        Self { tables: from.text("landed.tables") }
    }
}
