//! How the ledger writes consignments down: JSON documents with times in milliseconds.
//! Released documents must stay readable: add optional fields only.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Code, Place};
use crate::ledger::Error;
use crate::ledger::words::{moment, read, write};
use crate::model::consignment::{
    Consigned, Counted, Deed, Facts, Handover, InspectedLine, Inspection, OperatedBy, Receipt, Refusal, Said,
};
use crate::model::ids::{CatalogueConsignmentId, CatalogueOrderId, SkuId};
use crate::model::quote::{Country, Quantity, Wanted, Warehouse};

#[derive(Serialize, Deserialize)]
struct DeedWords {
    warehouse: String,
    ship_to: String,
    operated_by: String,
    orders: Vec<OrderWords>,
}

#[derive(Serialize, Deserialize)]
struct OrderWords {
    order: String,
    reference: String,
    number: i64,
    /// SKU and quantity, line by line.
    lines: Vec<(i64, u32)>,
}

/// Order, SKU, pieces.
type CountedWords = (String, i64, u32);

#[derive(Serialize, Deserialize)]
struct InspectedWords {
    order: String,
    sku: i64,
    verdict: String,
    passed: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    photos: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct ReceiptWords {
    reference: String,
    at: i64,
    lines: Vec<CountedWords>,
}

#[derive(Serialize, Deserialize)]
struct HandoverWords {
    carrier: String,
    tracking_number: String,
    weight_g: u32,
    pieces: u32,
    at: i64,
}

#[derive(Serialize, Deserialize)]
struct RefusalWords {
    code: String,
    detail: String,
    /// Pointer and what is wrong there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    places: Vec<(String, String)>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct FactsWords {
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<RefusalWords>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    expected: Vec<CountedWords>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<ReceiptWords>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    received: Vec<CountedWords>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    inspected: Vec<InspectedWords>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handover: Option<HandoverWords>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_passed: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "said", rename_all = "snake_case")]
enum SaidWords {
    Receipt { lines: Vec<CountedWords>, complete: bool },
    Inspection { lines: Vec<InspectedWords> },
    Handover { carrier: String, tracking_number: String, weight_g: u32, pieces: u32 },
    Cancellation { reason: Option<String> },
}

/// What a deed's document says.
pub(super) struct Gathering {
    pub warehouse: Warehouse,
    pub ship_to: Country,
    pub operated_by: OperatedBy,
    pub orders: Vec<Consigned>,
}

pub(super) fn write_deed(deed: &Deed) -> Result<String, Error> {
    let order = |order: &Consigned| OrderWords {
        order: order.order.to_string(),
        reference: order.reference.to_string(),
        number: order.number.number(),
        lines: order.lines.iter().map(|line| (line.sku.number(), line.quantity.get())).collect(),
    };
    let words = DeedWords {
        warehouse: deed.warehouse.to_string(),
        ship_to: deed.ship_to.to_string(),
        operated_by: deed.operated_by.name().to_owned(),
        orders: deed.orders.iter().map(order).collect(),
    };
    write("consignment", &words)
}

pub(super) fn read_deed(text: &str) -> Result<Gathering, Error> {
    let words: DeedWords = read("consignment", text)?;
    let line = |(sku, quantity): (i64, u32)| {
        let quantity = Quantity::new(quantity.into()).ok_or_else(|| Error::unreadable("consignment", "quantity"))?;
        Ok(Wanted { sku: SkuId::new(sku), quantity })
    };
    let order = |words: OrderWords| {
        Ok::<_, Error>(Consigned {
            order: parsed(&words.order)?,
            reference: parsed(&words.reference)?,
            number: CatalogueOrderId::new(words.number),
            lines: words.lines.into_iter().map(line).collect::<Result<_, Error>>()?,
        })
    };
    Ok(Gathering {
        warehouse: parsed(&words.warehouse)?,
        ship_to: parsed(&words.ship_to)?,
        operated_by: parsed(&words.operated_by)?,
        orders: words.orders.into_iter().map(order).collect::<Result<_, Error>>()?,
    })
}

pub(super) fn write_facts(facts: &Facts) -> Result<String, Error> {
    let inspected = |(order, sku, inspection): &(_, SkuId, Inspection)| looked_at(order, *sku, inspection);
    let words = FactsWords {
        number: facts.number.map(CatalogueConsignmentId::number),
        refusal: facts.refusal.as_ref().map(RefusalWords::from),
        reason: facts.reason.clone(),
        expected: facts.expected.iter().map(counted).collect(),
        receipt: facts.receipt.as_ref().map(ReceiptWords::from),
        received: facts.received.iter().map(counted).collect(),
        inspected: facts.inspected.iter().map(inspected).collect(),
        handover: facts.handover.as_ref().map(HandoverWords::from),
        not_passed: facts.not_passed,
        report: facts.report.as_ref().map(ToString::to_string),
    };
    write("facts", &words)
}

pub(super) fn read_facts(text: &str) -> Result<Facts, Error> {
    let words: FactsWords = read("facts", text)?;
    let inspected = |words: InspectedWords| {
        let line = InspectedLine::try_from(words)?;
        Ok::<_, Error>((line.order, line.sku, line.inspection))
    };
    Ok(Facts {
        number: words.number.map(CatalogueConsignmentId::new),
        refusal: words.refusal.map(Refusal::try_from).transpose()?,
        reason: words.reason,
        expected: all_counted(words.expected)?,
        receipt: words.receipt.map(Receipt::try_from).transpose()?,
        received: all_counted(words.received)?,
        inspected: words.inspected.into_iter().map(inspected).collect::<Result<_, Error>>()?,
        handover: words.handover.map(Handover::try_from).transpose()?,
        not_passed: words.not_passed,
        report: words.report.map(|report| parsed(&report)).transpose()?,
    })
}

pub(super) fn write_said(said: &Said) -> Result<String, Error> {
    let line = |line: &InspectedLine| looked_at(&line.order, line.sku, &line.inspection);
    let words = match said {
        Said::Receipt { lines, complete } => {
            SaidWords::Receipt { lines: lines.iter().map(counted).collect(), complete: *complete }
        }
        Said::Inspection { lines } => SaidWords::Inspection { lines: lines.iter().map(line).collect() },
        Said::Handover { carrier, tracking_number, weight_g, pieces } => SaidWords::Handover {
            carrier: carrier.clone(),
            tracking_number: tracking_number.clone(),
            weight_g: *weight_g,
            pieces: *pieces,
        },
        Said::Cancellation { reason } => SaidWords::Cancellation { reason: reason.clone() },
    };
    write("report", &words)
}

pub(super) fn read_said(text: &str) -> Result<Said, Error> {
    Ok(match read("report", text)? {
        SaidWords::Receipt { lines, complete } => Said::Receipt { lines: all_counted(lines)?, complete },
        SaidWords::Inspection { lines } => {
            Said::Inspection { lines: lines.into_iter().map(InspectedLine::try_from).collect::<Result<_, Error>>()? }
        }
        SaidWords::Handover { carrier, tracking_number, weight_g, pieces } => {
            Said::Handover { carrier, tracking_number, weight_g, pieces }
        }
        SaidWords::Cancellation { reason } => Said::Cancellation { reason },
    })
}

pub(super) fn write_refusal(refusal: &Refusal) -> Result<String, Error> {
    write("refusal", &RefusalWords::from(refusal))
}

pub(super) fn read_refusal(text: &str) -> Result<Refusal, Error> {
    read::<RefusalWords>("refusal", text)?.try_into()
}

fn parsed<T: std::str::FromStr>(text: &str) -> Result<T, Error> {
    text.parse().map_err(|_| Error::unreadable("consignment", text))
}

fn counted(counted: &Counted) -> CountedWords {
    (counted.order.to_string(), counted.sku.number(), counted.quantity)
}

fn all_counted(words: Vec<CountedWords>) -> Result<Vec<Counted>, Error> {
    let counted =
        |(order, sku, quantity): CountedWords| Ok(Counted { order: parsed(&order)?, sku: SkuId::new(sku), quantity });
    words.into_iter().map(counted).collect()
}

fn looked_at(order: &crate::model::ids::OrderId, sku: SkuId, inspection: &Inspection) -> InspectedWords {
    InspectedWords {
        order: order.to_string(),
        sku: sku.number(),
        verdict: inspection.verdict.name().to_owned(),
        passed: inspection.passed,
        note: inspection.note.clone(),
        photos: inspection.photos.iter().map(ToString::to_string).collect(),
    }
}

impl TryFrom<InspectedWords> for InspectedLine {
    type Error = Error;
    fn try_from(words: InspectedWords) -> Result<Self, Error> {
        let photos = words.photos.iter().map(|photo| parsed(photo)).collect::<Result<_, Error>>()?;
        let verdict = parsed(&words.verdict)?;
        let inspection = Inspection { verdict, passed: words.passed, note: words.note, photos };
        Ok(Self { order: parsed(&words.order)?, sku: SkuId::new(words.sku), inspection })
    }
}

impl From<&Receipt> for ReceiptWords {
    fn from(receipt: &Receipt) -> Self {
        Self {
            reference: receipt.reference.clone(),
            at: receipt.at.as_millisecond(),
            lines: receipt.lines.iter().map(counted).collect(),
        }
    }
}

impl TryFrom<ReceiptWords> for Receipt {
    type Error = Error;
    fn try_from(words: ReceiptWords) -> Result<Self, Error> {
        Ok(Self { reference: words.reference, at: moment("receipt", words.at)?, lines: all_counted(words.lines)? })
    }
}

impl From<&Handover> for HandoverWords {
    fn from(handover: &Handover) -> Self {
        Self {
            carrier: handover.carrier.clone(),
            tracking_number: handover.tracking_number.clone(),
            weight_g: handover.weight_g,
            pieces: handover.pieces,
            at: Timestamp::as_millisecond(handover.at),
        }
    }
}

impl TryFrom<HandoverWords> for Handover {
    type Error = Error;
    fn try_from(words: HandoverWords) -> Result<Self, Error> {
        Ok(Self {
            carrier: words.carrier,
            tracking_number: words.tracking_number,
            weight_g: words.weight_g,
            pieces: words.pieces,
            at: moment("handover", words.at)?,
        })
    }
}

impl From<&Refusal> for RefusalWords {
    fn from(refusal: &Refusal) -> Self {
        Self {
            code: refusal.code.facts().name.to_owned(),
            detail: refusal.detail.clone(),
            places: refusal.places.iter().map(|place| (place.pointer.clone(), place.detail.clone())).collect(),
        }
    }
}

impl TryFrom<RefusalWords> for Refusal {
    type Error = Error;
    fn try_from(words: RefusalWords) -> Result<Self, Error> {
        let code = Code::find(&words.code).ok_or_else(|| Error::unreadable("refusal", &words.code))?;
        let places = words.places.into_iter().map(|(pointer, detail)| Place { pointer, detail }).collect();
        Ok(Self { code, detail: words.detail, places })
    }
}
