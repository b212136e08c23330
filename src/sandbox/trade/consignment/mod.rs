//! A consignment as the sandbox remembers it. Opening and closing one is left to `open`, what people report to
//! `report`, what the warehouse does by itself to `staff`, answers to `wire`.

mod open;
mod report;
mod staff;
pub mod wire;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::filing::Document;
use super::order::Order;
pub use staff::{Job, Override};

/// Whose people receive and inspect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum Operator {
    Warehouse,
    Partner,
}

/// Where a consignment stands; the last one is a way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum ConsignmentStatus {
    Open,
    Received,
    Inspected,
    HandedOver,
    Cancel,
}

impl ConsignmentStatus {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            ConsignmentStatus::Open => "open",
            ConsignmentStatus::Received => "received",
            ConsignmentStatus::Inspected => "inspected",
            ConsignmentStatus::HandedOver => "handedover",
            ConsignmentStatus::Cancel => "cancel",
        }
    }
}

/// What inspecting a line found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[allow(missing_docs, reason = "the words are those of the contract")]
pub enum Finding {
    Pass,
    Short,
    Damaged,
    Wrong,
    Other,
}

/// A line of an order in a consignment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsignedLine {
    /// Line of the order.
    pub line_no: u32,
    /// What was bought.
    pub sku_id: i64,
    /// Pieces that are to come.
    pub expected: i64,
    /// Pieces that came.
    pub received: i64,
    /// What was found; null until it was inspected.
    pub result: Option<Finding>,
    /// Pieces that passed.
    pub passed: i64,
    /// What the inspector wrote.
    pub note: Option<String>,
    /// What the inspector photographed: vouchers.
    pub photo_ids: Vec<i64>,
}

/// An order in a consignment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsignedOrder {
    /// The order.
    pub order_no: i64,
    /// The caller's reference of the order.
    pub out_ref: String,
    /// Its lines.
    pub lines: Vec<ConsignedLine>,
}

/// Pieces of a line that came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedLine {
    /// The order.
    pub order_no: i64,
    /// Its line.
    pub line_no: u32,
    /// Pieces.
    #[schema(minimum = 1)]
    pub quantity: i64,
}

/// What inspecting a line found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InspectedLine {
    /// The order.
    pub order_no: i64,
    /// Its line.
    pub line_no: u32,
    /// What was found.
    pub result: Finding,
    /// Pieces that passed.
    #[schema(minimum = 0)]
    pub passed: i64,
    /// What the inspector wrote.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub note: Option<String>,
    /// What the inspector photographed: vouchers.
    #[serde(default)]
    #[schema(max_items = 5)]
    pub photo_ids: Vec<i64>,
}

/// Something came.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of the contract, see `wire::ReceiptWire`")]
pub struct Receipt {
    pub out_ref: String,
    pub at: i64,
    pub complete: bool,
    pub lines: Vec<ReceivedLine>,
}

/// Something was inspected.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of the contract, see `wire::InspectionAsked`")]
pub struct Inspection {
    pub out_ref: String,
    pub lines: Vec<InspectedLine>,
}

/// It was given to the international carrier.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of the contract, see `wire::HandoverWire`")]
pub struct Handover {
    pub out_ref: String,
    pub carrier: String,
    pub tracking_no: String,
    pub weight_gram: i64,
    pub pieces: i64,
    pub at: i64,
}

/// Everything about a consignment. Times are unix seconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the names are those of the contract, see `wire::ConsignmentWire`")]
pub struct Consignment {
    pub consignment_no: i64,
    pub out_ref: String,
    pub partner_code: String,
    pub warehouse_code: String,
    pub dest_country: String,
    pub operated_by: Operator,
    pub status: ConsignmentStatus,
    pub orders: Vec<ConsignedOrder>,
    pub receipts: Vec<Receipt>,
    pub inspections: Vec<Inspection>,
    pub handover: Option<Handover>,
    pub created_at: i64,
    pub modified_at: i64,
    pub version: i64,
    /// When the warehouse goes on by itself, milliseconds.
    pub due_ms: Option<i64>,
}

impl Document for Consignment {
    fn number(&self) -> i64 {
        self.consignment_no
    }

    fn partner(&self) -> &str {
        &self.partner_code
    }

    fn out_ref(&self) -> &str {
        &self.out_ref
    }
}

impl Consignment {
    /// All lines.
    fn lines(&self) -> impl Iterator<Item = &ConsignedLine> {
        self.orders.iter().flat_map(|order| &order.lines)
    }

    /// All lines with the numbers of their orders, to be changed.
    fn lines_mut(&mut self) -> impl Iterator<Item = (i64, &mut ConsignedLine)> {
        self.orders.iter_mut().flat_map(|order| {
            let number = order.order_no;
            order.lines.iter_mut().map(move |line| (number, line))
        })
    }

    /// The line of an order, when something is expected of it.
    fn line_mut(&mut self, order_no: i64, line_no: u32) -> Option<&mut ConsignedLine> {
        let order = self.orders.iter_mut().find(|order| order.order_no == order_no)?;
        order.lines.iter_mut().find(|line| line.line_no == line_no && line.expected > 0)
    }

    /// The numbers of its orders.
    fn order_nos(&self) -> Vec<i64> {
        self.orders.iter().map(|order| order.order_no).collect()
    }

    /// Whether everything that is expected has come.
    fn is_complete(&self) -> bool {
        self.lines().all(|line| line.received == line.expected)
    }

    /// Whether every line was inspected.
    fn is_inspected(&self) -> bool {
        self.lines().all(|line| line.expected == 0 || line.result.is_some())
    }
}

/// What is to come of an order.
fn consigned(order: &Order) -> ConsignedOrder {
    let lines = order.lines.iter().map(|line| ConsignedLine {
        line_no: line.line_no,
        sku_id: line.sku_id,
        expected: line.quantity - order.called_off(line.line_no),
        received: 0,
        result: None,
        passed: 0,
        note: None,
        photo_ids: Vec::new(),
    });
    ConsignedOrder { order_no: order.order_no, out_ref: order.out_ref.clone(), lines: lines.collect() }
}
