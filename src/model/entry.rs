//! Entry of goods into cross-border trade: which goods, what came of it, and how many are in which state.

use std::fmt;

use crate::model::ids::{OfferId, SupplierId};
use crate::model::partner::Mode;

/// Which goods are entered or taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// Everything that qualifies; only to be entered.
    Everything,
    /// Everything of a supplier that qualifies.
    Supplier(SupplierId),
    /// These offers.
    Offers(Vec<OfferId>),
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everything => f.write_str("all goods"),
            Self::Supplier(id) => write!(f, "supplier {id}"),
            Self::Offers(ids) => match ids.as_slice() {
                [one] => write!(f, "offer {one}"),
                many => write!(f, "{} offers", many.len()),
            },
        }
    }
}

impl Selection {
    /// The same in full, for the audit: the world, and every offer that was named.
    pub fn detail(&self, mode: Mode) -> String {
        let offers: &[OfferId] = if let Self::Offers(ids) = self { ids } else { &[] };
        let named: Vec<_> = offers.iter().map(OfferId::to_string).collect();
        if named.is_empty() { mode.name().to_owned() } else { format!("{}: {}", mode.name(), named.join(" ")) }
    }
}

/// Which way they go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Into cross-border trade.
    In,
    /// Out of it.
    Out,
}

impl Way {
    /// `goods.enter` or `goods.withdraw`, as the audit knows it.
    pub const fn action(self) -> &'static str {
        match self {
            Self::In => "goods.enter",
            Self::Out => "goods.withdraw",
        }
    }
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entered {
    /// Goods that were changed.
    pub changed: u64,
    /// Goods that were so already.
    pub already: u64,
    /// Selected offers that could not be, and why.
    pub refused: Vec<(OfferId, Refused)>,
}

macro_rules! refused {
    ( $( $(#[$doc:meta])* $variant:ident = $name:literal, $says:literal; )* ) => {
        /// Why a selected offer could not be entered or taken out.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Refused { $( $(#[$doc])* $variant, )* }

        impl Refused {
            /// All reasons.
            pub const ALL: &'static [Self] = &[ $( Self::$variant, )* ];
            /// The machine name, as in the code table.
            pub const fn name(self) -> &'static str { match self { $( Self::$variant => $name, )* } }
            /// A sentence for people.
            pub const fn says(self) -> &'static str { match self { $( Self::$variant => $says, )* } }
        }
    };
}

refused! {
    /// Something holds it back.
    Held = "offer_held", "It is held back and cannot be entered until it is cleared.";
    /// There is none.
    Missing = "offer_not_found", "There is no such offer.";
    /// The number is none of this marketplace's.
    Foreign = "offer_foreign", "The number is none of this marketplace's.";
}

/// Goods by their state; each is in one of the first three.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryCounts {
    /// They are seen.
    pub entered: u64,
    /// They qualify and nobody entered them.
    pub waiting: u64,
    /// Held back, by the catalogue's reason.
    pub held: Vec<(String, u64)>,
    /// Of the entered ones: not to be sold everywhere.
    pub restricted: u64,
}

#[cfg(test)]
mod tests {
    use super::Selection;
    use crate::model::ids::{OfferId, SupplierId};

    #[test]
    fn a_selection_is_told_in_few_words_however_large_it_is() {
        let offers = |numbers: &[i64]| Selection::Offers(numbers.iter().map(|id| OfferId::new(*id)).collect());
        let told = [Selection::Everything, Selection::Supplier(SupplierId::new(8)), offers(&[7]), offers(&[7, 8])];
        assert_eq!(told.map(|one| one.to_string()), ["all goods", "supplier 8", "offer 7", "2 offers"]);
    }
}
