//! What is to be bought, as `cargoParamList` names it; and the platform's codes for what cannot be.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::catalog::Catalog;
use crate::model::ids::{OfferId, SkuId};
use crate::model::money::Currency;
use crate::model::quote::{Quantity, Quote, Trouble, Wanted};
use crate::orders::{NewQuote, Orders, Quoted};
use crate::param2::asked::Asked;
use crate::param2::discovery::spec;
use crate::param2::fault::Refusal;
use crate::param2::lenient;
use crate::param2::trade::address;

const LIST: &str = "cargoParamList";

/// A line as clients write it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Cargo {
    #[serde(deserialize_with = "lenient::long")]
    offer_id: Option<i64>,
    #[serde(deserialize_with = "lenient::text")]
    spec_id: Option<String>,
    #[serde(deserialize_with = "lenient::long")]
    sku_id: Option<i64>,
    #[serde(deserialize_with = "pieces")]
    quantity: Option<i64>,
}

/// A line that was read.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// What is wanted.
    pub wanted: Wanted,
    /// The offer that it was said to be of.
    pub offer: Option<OfferId>,
}

/// A line that cannot be bought.
#[derive(Clone, Debug)]
pub struct Failed {
    /// The line.
    pub named: Named,
    /// The platform's code.
    pub code: &'static str,
    /// Why.
    pub why: String,
}

/// What came of asking what lines cost.
#[derive(Debug)]
pub enum Priced {
    /// All of it, of one seller.
    Whole(Box<Quote>),
    /// Some of it cannot be had.
    Failed(Vec<Failed>),
}

/// Quantities are doubles on this wire, for no reason: `5`, `5.0` and `"5"`.
fn pieces<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    let text = match Value::deserialize(from)? {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => return Ok(None),
    };
    let whole = text.split_once('.').filter(|(_, rest)| rest.bytes().all(|digit| digit == b'0'));
    Ok(whole.map_or(text.as_str(), |(whole, _)| whole).parse().ok())
}

/// Reads what is to be bought.
pub async fn read(asked: &Asked) -> Result<Vec<Named>, Refusal> {
    let list: Vec<Cargo> = asked.json(LIST)?;
    if list.is_empty() {
        return Err(Refusal::missing(LIST));
    }
    let mut all: Vec<Named> = Vec::new();
    for (at, cargo) in list.iter().enumerate() {
        let place = |member: &str| format!("{LIST}[{at}].{member}");
        let quantity = cargo.quantity.and_then(Quantity::new);
        let quantity = quantity.ok_or_else(|| Refusal::invalid(&place("quantity"), "1 to 1000000 pieces"))?;
        let offer = cargo.offer_id.map(OfferId::new);
        let sku = match (&cargo.spec_id, cargo.sku_id, offer) {
            (Some(text), _, _) => {
                spec::read(text).ok_or_else(|| Refusal::own("500_003", format!("there is no specId {text}")))?
            }
            (None, Some(sku), _) => SkuId::new(sku),
            (None, None, Some(offer)) => only_sku(asked, offer).await?,
            (None, None, None) => return Err(Refusal::missing(&place("offerId"))),
        };
        // One variant in two lines is one line with all the pieces.
        match all.iter_mut().find(|known| known.wanted.sku == sku) {
            Some(known) => {
                let sum = i64::from(known.wanted.quantity.get()) + i64::from(quantity.get());
                known.wanted.quantity =
                    Quantity::new(sum).ok_or_else(|| Refusal::invalid(&place("quantity"), "1 to 1000000 pieces"))?;
            }
            None => all.push(Named { wanted: Wanted { sku, quantity }, offer }),
        }
    }
    Ok(all)
}

/// Offers without variants are named without one.
async fn only_sku(asked: &Asked, offer: OfferId) -> Result<SkuId, Refusal> {
    let found = asked.room::<Catalog>()?.ask(&asked.audience("language", None)?, &offer).await?.found;
    match found.skus.as_slice() {
        [one] => Ok(one.id),
        _ => Err(Refusal::own("500_002", format!("offer {offer} has variants: give the specId of one"))),
    }
}

/// Asks what the lines cost at the address that `addressParam` names.
pub async fn price(asked: &Asked, cargo: &[Named]) -> Result<Priced, Refusal> {
    let warehouse = Some(address::read(asked).await?);
    let lines = cargo.iter().map(|named| named.wanted).collect();
    let wish = NewQuote { lines, warehouse, ship_to: None, currency: Currency::CNY };
    let orders = asked.room::<Orders>()?;
    let quoted = match orders.quote(&asked.caller, wish).await {
        Ok(quoted) => quoted,
        Err(crate::orders::Error::NothingToQuote(problems)) => Quoted { quotes: Vec::new(), problems },
        Err(other) => return Err(other.into()),
    };
    let mut failed: Vec<_> = quoted
        .problems
        .iter()
        .filter_map(|problem| {
            let named = *cargo.get(problem.line)?;
            Some(Failed { named, code: code(problem.trouble), why: Quoted::describe(problem) })
        })
        .collect();
    let bought = quoted.quotes.iter().flat_map(|quote| &quote.basket.lines);
    for line in bought {
        let named = cargo.iter().find(|named| named.wanted.sku == line.sku);
        if let Some(named) = named.filter(|named| named.offer.is_some_and(|offer| offer != line.offer)) {
            let why = format!("this specId belongs to offer {}", line.offer);
            failed.push(Failed { named: *named, code: "500_003", why });
        }
    }
    if !failed.is_empty() {
        return Ok(Priced::Failed(failed));
    }
    let mut quotes = quoted.quotes;
    match (quotes.pop(), quotes.is_empty()) {
        (Some(quote), true) => Ok(Priced::Whole(Box::new(quote))),
        _ => Err(Refusal::own("500_002", "the lines belong to several sellers: order each seller's by itself")),
    }
}

/// The platform's code for why a line cannot be bought.
const fn code(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::SkuNotFound => "500_003",
        Trouble::OfferUnavailable | Trouble::OfferHeld | Trouble::RestrictedCountry => "500_001",
        Trouble::OutOfStock => "500_004",
        Trouble::BelowMinimumOrder => "500_005",
        Trouble::NotOrderMultiple => "500_006",
    }
}

#[cfg(test)]
mod tests {
    use super::Cargo;

    #[test]
    fn quantities_are_read_in_every_spelling() {
        let read = |text: &str| serde_json::from_str::<Cargo>(text).unwrap().quantity;
        for text in ["{\"quantity\":5}", "{\"quantity\":5.0}", "{\"quantity\":\"5\"}", "{\"quantity\":\" 5.00 \"}"] {
            assert_eq!(read(text), Some(5), "{text}");
        }
        for text in ["{\"quantity\":5.5}", "{\"quantity\":\"x\"}", "{\"quantity\":null}", "{}", "{\"quantity\":[]}"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
