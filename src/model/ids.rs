//! Ids as types, so that none is taken for another. Catalogue ids are numbers inside and strings outside;
//! our own carry a prefix and a time-ordered UUID.

use std::fmt;
use std::str::FromStr;

/// A text that is not an id of the wanted kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{expected}")]
pub struct NotAnId {
    /// What would be right.
    pub expected: &'static str,
}

macro_rules! catalogue_ids {
    ($( $(#[$meta:meta])* $name:ident; )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(i64);

        impl $name {
            /// The id with the catalogue's own number.
            pub const fn new(number: i64) -> Self { Self(number) }
            /// The catalogue's own number.
            pub const fn number(self) -> i64 { self.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { self.0.fmt(f) }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let plain = !text.is_empty() && text.len() <= 19 && !text.starts_with('0') && text.bytes().all(|b| b.is_ascii_digit());
                let number = if plain { text.parse().ok() } else { None };
                number.map(Self).ok_or(NotAnId { expected: "a string of 1 to 19 digits without leading zero" })
            }
        }
    )* };
}

catalogue_ids! {
    /// An offer: one product of one supplier.
    OfferId;
    /// One variant of an offer that can be bought.
    SkuId;
    /// A category of the catalogue.
    CategoryId;
    /// A supplier.
    SupplierId;
    /// A selected assortment.
    PoolId;
    /// The catalogue's own number of an order.
    CatalogueOrderId;
    /// A parcel on its way.
    ShipmentId;
    /// The catalogue's own number of a refund.
    CatalogueRefundId;
    /// The catalogue's own number of a consignment.
    CatalogueConsignmentId;
    /// The catalogue's own number of an inquiry.
    CatalogueInquiryId;
    /// The catalogue's own number of a quotation.
    CatalogueQuotationId;
}

macro_rules! own_ids {
    ($( $(#[$meta:meta])* $name:ident = $prefix:literal; )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Box<str>);

        impl $name {
            /// A fresh id; later ids sort after earlier ones.
            pub fn fresh() -> Self { Self(format!(concat!($prefix, "_{}"), uuid::Uuid::now_v7().simple()).into()) }
            /// The id as text.
            pub fn as_str(&self) -> &str { &self.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }

        impl FromStr for $name {
            type Err = NotAnId;
            fn from_str(text: &str) -> Result<Self, NotAnId> {
                let hex = text.strip_prefix(concat!($prefix, "_")).unwrap_or("");
                let fits = hex.len() == 32 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
                if fits { Ok(Self(text.into())) } else {
                    Err(NotAnId { expected: concat!("an id of the form ", $prefix, "_ and 32 hexadecimal digits") })
                }
            }
        }
    )* };
}

own_ids! {
    /// An order, as partners know it.
    OrderId = "ord";
    /// A quote with locked figures.
    QuoteId = "quo";
    /// A payment attempt.
    PaymentId = "pay";
    /// Something that happened to an order, payment, shipment, consignment, refund or inquiry.
    EventId = "evt";
    /// A wish to get money back.
    RefundId = "rfd";
    /// Goods gathered at a warehouse to leave the country together.
    ConsignmentId = "con";
    /// Something reported about a consignment: goods received, inspected, handed over, or not wanted any more.
    ReportId = "rpt";
    /// A picture that proves something.
    VoucherId = "vch";
    /// A wish to hear what several suppliers ask for something.
    InquiryId = "inq";
    /// What a supplier quoted to an inquiry: certain terms, other terms are another.
    QuotationId = "qtn";
    /// A comparison of what a partner sells with what the catalogue has.
    SourceMatchId = "smt";
    /// A picture to search by.
    ImageId = "img";
    /// An address of a partner that hears of events.
    EndpointId = "whe";
    /// An event on its way to one endpoint.
    DeliveryId = "dlv";
    /// A partner's own figures for a policy, for a while.
    OverrideId = "ovr";
}

/// A partner's short name: 2 to 40 of `a-z 0-9 -`, chosen when the partner is created; also the catalogue's partner code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartnerId(std::sync::Arc<str>);

impl PartnerId {
    /// The short name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The short name as text that is shared and not copied.
    pub fn shared(&self) -> std::sync::Arc<str> {
        self.0.clone()
    }
}

impl fmt::Display for PartnerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PartnerId {
    type Err = NotAnId;
    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let letters = text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if letters && (2..=40).contains(&text.len()) && !text.starts_with('-') {
            Ok(Self(text.into()))
        } else {
            Err(NotAnId { expected: "a short name of 2 to 40 characters out of a-z, 0-9 and -" })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{OfferId, OrderId, PartnerId};

    #[test]
    fn a_catalogue_id_is_digits_only() {
        assert_eq!("610947572360".parse::<OfferId>().unwrap().number(), 610_947_572_360);
        for wrong in ["", "0", "01", "-1", "1x", "99999999999999999999", "１"] {
            assert!(wrong.parse::<OfferId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_own_id_is_read_back_and_others_are_refused() {
        let id = OrderId::fresh();
        assert_eq!(id.as_str().parse::<OrderId>().unwrap(), id);
        assert!("quo_0".parse::<OrderId>().is_err());
        assert!("Acme!".parse::<PartnerId>().is_err());
    }
}
