//! Why the service keeps something back, told apart from "there is none": kept like a document, so that the reason is
//! known wherever the document is.

use bytes::Bytes;

use crate::lookup::failure::Error;
use crate::lookup::question::CATEGORY_NOT_FOUND;
use crate::model::ids::OfferId;

/// Why there is no answer, where that can be more than one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Held back from cross-border trade.
    Held,
    /// The number is none of this marketplace's.
    Foreign,
    /// It was to be looked for in a category that there is not.
    NoCategory,
}

const ALL: [(Reason, &str, &[u8]); 3] = [
    (Reason::Held, "GOODS_HELD", b"{\"keptBack\":\"held\"}"),
    (Reason::Foreign, "GOODS_FOREIGN", b"{\"keptBack\":\"foreign\"}"),
    (Reason::NoCategory, CATEGORY_NOT_FOUND, b"{\"keptBack\":\"no category\"}"),
];

impl Reason {
    /// The reason that a refusal of the service tells.
    pub(super) fn of_code(error_code: &str) -> Option<Self> {
        ALL.iter().find(|(_, code, _)| *code == error_code).map(|(reason, ..)| *reason)
    }

    /// What is kept in the place of a document.
    pub(super) fn marker(self) -> Bytes {
        ALL.iter().find(|(reason, ..)| *reason == self).map_or_else(Bytes::new, |(.., mark)| Bytes::from_static(mark))
    }

    /// The reason that is kept, when it is no document.
    pub(super) fn read(kept: &[u8]) -> Option<Self> {
        ALL.iter().find(|(.., mark)| *mark == kept).map(|(reason, ..)| *reason)
    }

    /// The failure that it makes.
    pub(super) fn of(self, offer: OfferId) -> Error {
        match self {
            Self::Held => Error::OfferHeld(offer),
            Self::Foreign => Error::OfferForeign(offer),
            Self::NoCategory => Error::OfferNotFound(offer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL, Reason};

    #[test]
    fn each_reason_is_read_back_from_what_is_kept() {
        for (reason, code, _) in ALL {
            assert_eq!(Reason::of_code(code), Some(reason));
            assert_eq!(Reason::read(&reason.marker()), Some(reason));
        }
        assert_eq!((Reason::of_code("GOODS_NOT_FOUND"), Reason::read(b"{}")), (None, None));
    }
}
