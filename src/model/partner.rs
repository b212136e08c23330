//! Who calls: partners, their keys' environment and scopes, and the caller that a verified request becomes.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::model::ids::PartnerId;
use crate::model::plan::Plan;

/// Which world a key belongs to; orders of the two never meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Real orders.
    Live,
    /// Orders at the sandbox catalogue.
    Sandbox,
}

impl Mode {
    /// `live` or `sandbox`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Sandbox => "sandbox",
        }
    }
}

impl FromStr for Mode {
    type Err = UnknownMode;
    fn from_str(text: &str) -> Result<Self, UnknownMode> {
        [Self::Live, Self::Sandbox].into_iter().find(|mode| mode.name() == text).ok_or(UnknownMode)
    }
}

/// A text that names no mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("live or sandbox")]
pub struct UnknownMode;

macro_rules! scopes {
    ($( $variant:ident = $bit:literal, $name:literal, $doc:literal; )*) => {
        /// One thing a key may do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Scope { $( #[doc = $doc] $variant = $bit, )* }

        impl Scope {
            /// All scopes.
            pub const ALL: &'static [Scope] = &[ $( Scope::$variant, )* ];
            /// The scope's name, e.g. `orders:write`.
            pub const fn name(self) -> &'static str { match self { $( Self::$variant => $name, )* } }
            /// What the scope lets a key do.
            pub const fn meaning(self) -> &'static str { match self { $( Self::$variant => $doc, )* } }
        }
    };
}

scopes! {
    CatalogRead = 1, "catalog:read", "Search and read offers, categories and suppliers.";
    QuotesWrite = 2, "quotes:write", "Ask for quotes.";
    OrdersRead = 4, "orders:read", "Read orders, payments and shipments.";
    OrdersWrite = 8, "orders:write", "Place, cancel and confirm orders.";
    PaymentsWrite = 16, "payments:write", "Pay for orders.";
    AccountRead = 32, "account:read", "Read limits, usage and the account itself.";
    FulfilmentWrite = 64, "fulfilment:write", "Gather orders into consignments, report and hand them over; read consignments and warehouses.";
    RefundsWrite = 128, "refunds:write", "Ask for money back, and see it through.";
    EventsRead = 256, "events:read", "Pull and acknowledge events.";
    WebhooksManage = 512, "webhooks:manage", "Say where events are sent, test and repeat deliveries.";
}

impl FromStr for Scope {
    type Err = UnknownScope;
    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        Self::ALL.iter().copied().find(|scope| scope.name() == text).ok_or(UnknownScope)
    }
}

/// A text that names no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "one of catalog:read, quotes:write, orders:read, orders:write, payments:write, account:read, fulfilment:write, refunds:write, events:read, webhooks:manage"
)]
pub struct UnknownScope;

/// A set of scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scopes(u16);

impl Scopes {
    /// Every scope there is.
    pub fn all() -> Self {
        Scope::ALL.iter().copied().collect()
    }

    /// Whether the scope is in the set.
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & scope as u16 != 0
    }

    /// The scopes of the set.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.has(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope as u16))
    }
}

impl FromStr for Scopes {
    type Err = UnknownScope;
    /// Reads names with spaces or commas between them; at least one.
    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        let names = text.split([' ', ',']).filter(|name| !name.is_empty());
        let scopes: Self = names.map(str::parse::<Scope>).collect::<Result<_, _>>()?;
        if scopes == Self::default() { Err(UnknownScope) } else { Ok(scopes) }
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.iter().map(Scope::name).collect();
        f.write_str(&names.join(" "))
    }
}

/// A partner: an overseas procurement website.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// Short name.
    pub id: PartnerId,
    /// Name for people.
    pub name: String,
    /// ISO 3166 country the partner sells to unless an order says otherwise.
    pub country: String,
    /// Suspended partners are refused.
    pub suspended: bool,
    /// What the partner may spend.
    pub plan: Arc<Plan>,
}

/// Who a verified request comes from.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The partner.
    pub partner: Arc<Partner>,
    /// The key the request was signed with.
    pub key_id: Arc<str>,
    /// The key's world.
    pub mode: Mode,
    /// What the key may do.
    pub scopes: Scopes,
}

#[cfg(test)]
mod tests {
    use super::{Mode, Scope, Scopes};

    #[test]
    fn scopes_are_written_and_read_back() {
        assert_eq!(Scopes::all().to_string().parse(), Ok(Scopes::all()));
        let two: Scopes = "orders:read, catalog:read".parse().unwrap();
        assert!(two.has(Scope::OrdersRead) && two.has(Scope::CatalogRead) && !two.has(Scope::OrdersWrite));
        for wrong in ["", " , ", "orders:read root"] {
            assert!(wrong.parse::<Scopes>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_mode_is_read_by_its_name() {
        assert_eq!("sandbox".parse(), Ok(Mode::Sandbox));
        assert!("test".parse::<Mode>().is_err());
    }
}
