//! Suppliers: factories and merchants, where they are and what is known of their record. Contacts stay inside.

use rust_decimal::Decimal;

use crate::model::ids::SupplierId;
use crate::model::offer::Text;

/// A supplier.
#[derive(Clone, Debug, PartialEq)]
pub struct Supplier {
    /// Its id.
    pub id: SupplierId,
    /// Its name.
    pub name: Text,
    /// The industrial belt it belongs to.
    pub belt: Option<Text>,
    /// Province.
    pub province: Option<Text>,
    /// City.
    pub city: Option<Text>,
    /// Code of the place in the Chinese standard GB/T 2260.
    pub region_code: Option<String>,
    /// What the marketplace certifies.
    pub badges: Vec<Badge>,
    /// Years on the marketplace.
    pub years: Option<u32>,
    /// Rating out of five.
    pub rating: Option<Decimal>,
    /// Share of orders sent in time, 0 to 1.
    pub on_time_rate: Option<Decimal>,
    /// People employed.
    pub staff: Option<u32>,
    /// Floor space in square metres.
    pub area_m2: Option<u32>,
    /// Offers on sale.
    pub offers: u64,
}

macro_rules! badges {
    ($( $variant:ident = $name:literal, $doc:literal; )*) => {
        /// Something the marketplace certifies of a supplier.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Badge { $( #[doc = $doc] $variant, )* }

        impl Badge {
            /// All badges.
            pub const ALL: &'static [Badge] = &[ $( Badge::$variant, )* ];
            /// The badge's name, e.g. `super_factory`.
            pub const fn name(self) -> &'static str { match self { $( Self::$variant => $name, )* } }
        }
    };
}

impl std::str::FromStr for Badge {
    type Err = UnknownBadge;
    fn from_str(text: &str) -> Result<Self, UnknownBadge> {
        Self::ALL.iter().copied().find(|badge| badge.name() == text).ok_or(UnknownBadge)
    }
}

/// A text that names no badge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one of super_factory, powerful_merchant, certified_factory, origin_factory")]
pub struct UnknownBadge;

badges! {
    SuperFactory = "super_factory", "A large factory whose capability was inspected on site.";
    PowerfulMerchant = "powerful_merchant", "A merchant with a strong record and a deposit.";
    CertifiedFactory = "certified_factory", "A factory whose papers and site were certified.";
    OriginFactory = "origin_factory", "A factory in the belt its goods are known for.";
}
