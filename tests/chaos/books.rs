//! What stands in the two books, in one shape: what was bought, by whom, under which reference, and how far it is.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

/// What was bought, as far as both books tell it. Money in fen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Pieces and price of a piece, by variant.
    pub lines: BTreeMap<String, (i64, i64)>,
    /// Freight to the warehouse.
    pub freight: i64,
    /// Goods and freight.
    pub total: i64,
    /// Where it goes in the end.
    pub country: String,
    /// Where it is gathered.
    pub warehouse: String,
}

impl Content {
    /// Of a quote or an order as the gateway shows it; none when something is missing.
    pub fn of_view(view: &Value) -> Option<Self> {
        let lines = view["lines"].as_array()?.iter().map(|line| {
            Some((line["sku_id"].as_str()?.to_owned(), (line["quantity"].as_i64()?, fen_of(&line["unit_price"])?)))
        });
        Some(Self {
            lines: lines.collect::<Option<_>>()?,
            freight: fen_of(&view["freight"])?,
            total: fen_of(&view["total"])?,
            country: view["ship_to_country"].as_str()?.to_owned(),
            warehouse: view["warehouse"].as_str()?.to_owned(),
        })
    }

    /// Of an order in the catalogue's words.
    pub fn of_catalogue(order: &Value) -> Option<Self> {
        let lines = order["lines"].as_array()?.iter().map(|line| {
            Some((line["skuId"].as_i64()?.to_string(), (line["quantity"].as_i64()?, line["unitPriceFen"].as_i64()?)))
        });
        Some(Self {
            lines: lines.collect::<Option<_>>()?,
            freight: order["freightFen"].as_i64()?,
            total: order["goodsFen"].as_i64()? + order["freightFen"].as_i64()?,
            country: order["destCountry"].as_str()?.to_owned(),
            warehouse: order["warehouseCode"].as_str()?.to_owned(),
        })
    }

    /// What is not the same, in words; none when nothing differs.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let mut told = String::new();
        let mut tell = |what: &str, one: &dyn std::fmt::Debug, two: &dyn std::fmt::Debug| {
            // Writing into a text does not fail.
            let _ = write!(told, "{what} {one:?} / {two:?}; ");
        };
        if self.lines != other.lines {
            tell("lines", &self.lines, &other.lines);
        }
        if (self.freight, self.total) != (other.freight, other.total) {
            tell("freight and total", &(self.freight, self.total), &(other.freight, other.total));
        }
        if (&self.country, &self.warehouse) != (&other.country, &other.warehouse) {
            tell("destination", &(&self.country, &self.warehouse), &(&other.country, &other.warehouse));
        }
        (!told.is_empty()).then_some(told)
    }
}

/// An amount in fen: prices in another currency have the renminbi beside them.
fn fen_of(price: &Value) -> Option<i64> {
    let text = price["cny"].as_str().or_else(|| price["amount"].as_str().filter(|_| price["currency"] == "CNY"))?;
    let (yuan, fen) = text.split_once('.')?;
    Some(yuan.parse::<i64>().ok()? * 100 + fen.parse::<i64>().ok().filter(|_| fen.len() == 2)?)
}

/// An order as the gateway shows it to its partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The gateway's id.
    pub id: String,
    /// The partner's number.
    pub reference: String,
    /// Where it stands.
    pub state: String,
    /// The state of its payment.
    pub payment: String,
    /// The catalogue's number, once known.
    pub number: Option<i64>,
    /// What was bought.
    pub content: Content,
}

impl Shown {
    /// Reads an order's view.
    pub fn read(view: &Value) -> Option<Self> {
        Some(Self {
            id: view["id"].as_str()?.to_owned(),
            reference: view["reference"].as_str()?.to_owned(),
            state: view["state"].as_str()?.to_owned(),
            payment: view["payment"]["state"].as_str()?.to_owned(),
            number: view["catalogue_order_id"].as_str().and_then(|number| number.parse().ok()),
            content: Content::of_view(view)?,
        })
    }
}

/// An order's row in the ledger's own table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The gateway's id; the catalogue's `outRef`.
    pub id: String,
    /// Whose.
    pub partner: String,
    /// The partner's number.
    pub reference: String,
    /// Where it stands.
    pub state: String,
    /// The catalogue's number, once known.
    pub number: Option<i64>,
    /// How many events were written.
    pub events: i64,
    /// The number of the newest, which is the same when none is missing.
    pub version: i64,
}

/// An order in the catalogue's book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Theirs {
    /// Its number.
    pub number: i64,
    /// Our reference.
    pub out_ref: String,
    /// On whose behalf.
    pub partner: String,
    /// Through which channel.
    pub channel: String,
    /// Where it stands.
    pub status: String,
    /// What was paid.
    pub paid: i64,
    /// What has to be paid.
    pub payable: i64,
    /// The buyer's note, where the catalogue tells it: holds the partner's own number, whatever the gateway made of it.
    pub memo: Option<String>,
    /// What was bought.
    pub content: Content,
}

impl Theirs {
    /// Reads an order of the catalogue.
    pub fn read(order: &Value) -> Option<Self> {
        Some(Self {
            number: order["orderNo"].as_i64()?,
            out_ref: order["outRef"].as_str()?.to_owned(),
            partner: order["partnerCode"].as_str()?.to_owned(),
            channel: order["channel"].as_str()?.to_owned(),
            status: order["status"].as_str()?.to_owned(),
            paid: order["paidFen"].as_i64()?,
            payable: order["totalFen"].as_i64()?,
            memo: order["buyerMemo"].as_str().map(str::to_owned),
            content: Content::of_catalogue(order)?,
        })
    }

    /// Whether it moves on by itself.
    pub fn is_moving(&self) -> bool {
        self.is_alive() && !matches!(self.status.as_str(), "waitbuyerpay" | "success")
    }

    /// Whether it still binds somebody.
    pub fn is_alive(&self) -> bool {
        !matches!(self.status.as_str(), "cancel" | "terminated")
    }
}

/// Their status → ours.
const SAME: [(&str, &[&str]); 10] = [
    ("waitbuyerpay", &["awaiting_payment"]),
    ("waitsellersend", &["paid"]),
    ("sellerpartsend", &["preparing"]),
    ("waitbuyerreceive", &["shipped"]),
    ("warehousesigned", &["at_warehouse"]),
    ("inspected", &["inspected"]),
    ("handedover", &["handed_over"]),
    ("success", &["completed"]),
    ("cancel", &["cancelled", "closed"]),
    ("terminated", &["closed", "refunded"]),
];

/// Whether two words for where an order stands say the same.
pub fn is_same_state(theirs: &str, ours: &str) -> bool {
    SAME.iter().any(|(status, states)| *status == theirs && states.contains(&ours))
}

/// Both books at the end of a run.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// What each partner is shown under each reference it ever used; none when there is nothing.
    pub shown: BTreeMap<(String, String), Option<Shown>>,
    /// The ledger's table.
    pub rows: Vec<Row>,
    /// The catalogue's book.
    pub theirs: Vec<Theirs>,
    /// Debits whose outcome the ledger does not know.
    pub open_debits: i64,
}
