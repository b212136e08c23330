//! Quotes: written once, read until they are forgotten.

use std::collections::HashMap;

use super::words::{self, Bought};
use super::{Error, Ledger};
use crate::model::ids::{OrderId, PartnerId, QuoteId};
use crate::model::partner::Mode;
use crate::model::quote::Quote;
use crate::sql::{Row, Rows, Tx, args};

const FIND: &str =
    "SELECT id, document, created_at, expires_at FROM quotes WHERE id = $1 AND partner = $2 AND mode = $3";
static FIND_ALL: Rows = Rows::with_tail(
    "SELECT id, document, created_at, expires_at FROM quotes JOIN (VALUES",
    3,
    ") AS asked ON id = asked.column1 AND partner = asked.column2 AND mode = asked.column3",
);

/// Rejected orders leave their quote free.
pub(super) const BECAME: &str = "SELECT id FROM orders WHERE quote = $1 AND state <> 'rejected'";

impl Ledger {
    /// Writes quotes down, all or none. One that is there already stays as it is: what a quotation was accepted for holds
    /// for whoever accepts it again.
    pub async fn append_quotes(&self, quotes: &[Quote]) -> Result<(), Error> {
        static INSERT: Rows = Rows::with_tail(
            "INSERT INTO quotes (id, partner, mode, document, expires_at, created_at) VALUES",
            6,
            " ON CONFLICT (id) DO NOTHING",
        );
        let rows = quotes.iter().map(to_args).collect::<Result<Vec<_>, Error>>()?;
        self.sql.transaction(move |tx| Box::pin(async move { Ok(INSERT.insert(tx, rows).await?) })).await
    }

    /// The order that a quote became, if it did.
    pub async fn quote_became(&self, id: &QuoteId) -> Result<Option<OrderId>, Error> {
        let row = self.sql.fetch_optional(BECAME, args![id.as_str()]).await?;
        row.map(|row| Ok(row.parse("id")?)).transpose()
    }

    /// A partner's quote.
    pub async fn find_quote(&self, partner: &PartnerId, mode: Mode, id: &QuoteId) -> Result<Option<Quote>, Error> {
        let row = self.sql.fetch_optional(FIND, args![id.as_str(), partner.as_str(), mode.name()]).await?;
        row.map(|row| from_row(&row, partner, mode)).transpose()
    }
}

/// The same inside a transaction.
pub(super) async fn find(tx: &mut Tx, partner: &PartnerId, mode: Mode, id: &QuoteId) -> Result<Option<Quote>, Error> {
    let row = tx.fetch_optional(FIND, args![id.as_str(), partner.as_str(), mode.name()]).await?;
    row.map(|row| from_row(&row, partner, mode)).transpose()
}

/// Quotes of partners, by their ids; those that are not there are left out.
pub(super) async fn find_all(
    tx: &mut Tx,
    asked: &[(&PartnerId, Mode, &QuoteId)],
) -> Result<HashMap<QuoteId, Quote>, Error> {
    let row = |(partner, mode, id): &(&PartnerId, Mode, &QuoteId)| args![id.as_str(), partner.as_str(), mode.name()];
    let found = FIND_ALL.fetch(tx, asked.iter().map(row).collect()).await?;
    let mut whose: HashMap<&str, _> = HashMap::new();
    whose.extend(asked.iter().map(|(partner, mode, id)| (id.as_str(), (*partner, *mode))));
    let mut quotes = HashMap::new();
    for row in &found {
        if let Some((partner, mode)) = whose.get(row.text("id")?.as_str()) {
            let quote = from_row(row, partner, *mode)?;
            quotes.insert(quote.id.clone(), quote);
        }
    }
    Ok(quotes)
}

fn to_args(quote: &Quote) -> Result<Vec<crate::sql::Arg>, Error> {
    let bought = Bought {
        basket: (&quote.basket).into(),
        exchange: (&quote.exchange).into(),
        note: None,
        quote_expires_at: None,
    };
    Ok(args![
        quote.id.as_str(),
        quote.partner.as_str(),
        quote.mode.name(),
        words::write("quote", &bought)?,
        quote.expires_at.as_millisecond(),
        quote.created_at.as_millisecond(),
    ])
}

fn from_row(row: &Row, partner: &PartnerId, mode: Mode) -> Result<Quote, Error> {
    let bought: Bought = words::read("quote", &row.text("document")?)?;
    Ok(Quote {
        id: row.parse("id")?,
        partner: partner.clone(),
        mode,
        basket: bought.basket.try_into()?,
        exchange: bought.exchange.try_into()?,
        created_at: words::moment("quote", row.int("created_at")?)?,
        expires_at: words::moment("quote", row.int("expires_at")?)?,
    })
}
