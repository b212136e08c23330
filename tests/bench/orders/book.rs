//! The ledger alone: the two transactions of an order that the catalogue takes, without network and without rooms.

use anyhow::{Result, bail};
use jiff::SignedDuration;
use xunyuan::clock::Clock;
use xunyuan::ledger::{Answer, Begun, KeyUse, Ledger, NewOrder};
use xunyuan::model::ids::{CatalogueOrderId, OfferId, QuoteId, SkuId, SupplierId};
use xunyuan::model::money::{Exchange, Money};
use xunyuan::model::order::{Actor, Facts, Happening, Kind};
use xunyuan::model::partner::Mode;
use xunyuan::model::quote::{Basket, Line, Quantity, Quote};
use xunyuan::sql::{Settings, Sql};

use super::drive::{drive, numbered};
use crate::rig::generator::Sent;

/// About as much as the answer to an order.
const ANSWER_BYTES: usize = 1_500;
const LEASE_MS: i64 = 30_000;

/// A ledger in a database of its own.
pub struct Book {
    ledger: Ledger,
}

impl Book {
    /// Opens it and makes its tables.
    pub async fn open(url: &str) -> Result<Self> {
        let sql = Sql::open(&Settings { url: url.to_owned() }).await?;
        sql.migrate().await?;
        Ok(Self { ledger: Ledger::new(sql, Clock::System) })
    }

    /// Places so many orders; their quotes are written before the clock runs.
    pub async fn turn(&self, at_once: usize, count: usize) -> Result<Sent> {
        let mut quotes = Vec::new();
        for _ in 0..count {
            quotes.push(quote()?);
        }
        self.ledger.append_quotes(&quotes).await?;
        let wishes = quotes.into_iter().zip(numbered("PO", count)).collect();
        drive(at_once, wishes, async |(quote, name)| self.place(quote, name).await).await
    }

    async fn place(&self, quote: Quote, name: String) -> Result<()> {
        let asked = KeyUse {
            partner: quote.partner,
            mode: quote.mode,
            operation: "create_order",
            body_hash: name.as_bytes().to_vec(),
            key: name.clone(),
            lease_ms: LEASE_MS,
        };
        let wish = NewOrder { reference: name.parse()?, quote: quote.id, note: None, referral: None };
        let Begun::Fresh(lease, order) = self.ledger.begin_order(asked, wish).await? else {
            bail!("{name} was there before");
        };
        let facts = Facts { catalogue_order: Some(CatalogueOrderId::new(1)), ..Facts::default() };
        let accepted = Happening::new(Kind::Accepted, Actor::Catalogue, "placed at the catalogue").with(facts);
        let mut after = order.clone();
        after.apply(order.next(Clock::System.now(), accepted)?)?;
        let headers = vec![("location".to_owned(), format!("/v1/orders/{}", order.deed.id))];
        let answer = Answer { status: 201, headers, body: vec![b'x'; ANSWER_BYTES] };
        Ok(self.ledger.commit(&lease, &after, order.version, 0, &answer).await?)
    }
}

fn quote() -> Result<Quote> {
    let now = Clock::System.now();
    let line = Line {
        sku: SkuId::new(610_947_572_360_001),
        offer: OfferId::new(610_947_572_360),
        title: "陶瓷杯 马克杯 定制 批发".into(),
        specification: "红色/L".into(),
        quantity: Quantity::new(10).ok_or_else(|| anyhow::anyhow!("a quantity"))?,
        unit_price: Money::fen(320),
        amount: Money::fen(3200),
        weight_g: 250,
        tier_from: None,
    };
    let basket = Basket {
        supplier: SupplierId::new(42),
        supplier_name: "义乌饰品厂".into(),
        warehouse: "YW01".parse()?,
        ship_to: "JP".parse()?,
        lines: vec![line],
        goods: Money::fen(3200),
        freight: Money::fen(800),
        total: Money::fen(4000),
        quotation: None,
    };
    Ok(Quote {
        id: QuoteId::fresh(),
        partner: "bench".parse()?,
        mode: Mode::Live,
        basket,
        exchange: Exchange::identity(jiff::civil::date(2026, 11, 20)),
        created_at: now,
        expires_at: now + SignedDuration::from_hours(1),
    })
}
