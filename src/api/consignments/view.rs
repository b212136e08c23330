//! Consignments as partners see them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::consignment::{Consigned, Consignment, Event, Handover, Line, Receipt, Refusal, Report, State};
use crate::model::page::Page;

/// Orders that leave together.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Consignment)]
pub struct ConsignmentView {
    /// Id.
    #[schema(example = "con_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    id: String,
    /// Your own number.
    #[schema(example = "CO-2026-0001")]
    reference: String,
    /// Where it stands: `requested`, `opening`, `unknown`, `rejected`, `open`, `receiving`, `received`, `inspected`,
    /// `handed_over` or `cancelled`.
    #[schema(example = "open")]
    state: &'static str,
    /// What the state means.
    state_description: &'static str,
    /// The warehouse its goods are gathered at.
    #[schema(example = "YW01")]
    warehouse: String,
    /// The country it goes to.
    #[schema(example = "JP")]
    ship_to: String,
    /// Who receives and inspects: `partner` (you report) or `warehouse` (it reports, you follow).
    #[schema(example = "partner")]
    operated_by: &'static str,
    /// The wholesale service's number, once it is known.
    catalogue_consignment_id: Option<String>,
    /// Why it was rejected (a code, see `/docs/errors`) or cancelled.
    reason: Option<String>,
    /// Its orders with the figures of every line.
    orders: Vec<ConsignedOrderView>,
    /// Lines that were inspected and did not pass.
    #[schema(example = 0)]
    lines_not_passed: usize,
    /// What came in, oldest first.
    receipts: Vec<ReceiptView>,
    /// How it left.
    handover: Option<HandoverView>,
    /// Reports whose outcome is not known yet; the gateway settles them by itself.
    pending: Vec<PendingView>,
    /// Its story, oldest first.
    events: Vec<ConsignmentEventView>,
    /// How many events it has.
    #[schema(example = 3)]
    version: u32,
    /// When it was asked for.
    #[schema(format = DateTime)]
    created_at: String,
    /// When something last happened to it.
    #[schema(format = DateTime)]
    updated_at: String,
}

/// An order of a consignment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsignedOrder)]
pub struct ConsignedOrderView {
    /// The order.
    #[schema(example = "ord_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    order_id: String,
    /// Your own number of it.
    reference: String,
    /// Its lines.
    lines: Vec<ConsignedLineView>,
}

/// A line's figures.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsignedLine)]
pub struct ConsignedLineView {
    /// The variant.
    #[schema(example = "610947572360001")]
    sku_id: String,
    /// How many pieces are expected.
    #[schema(example = 10)]
    expected: u32,
    /// How many have come.
    #[schema(example = 10)]
    received: u32,
    /// `pass`, `short`, `damaged`, `wrong` or `other`; null before it was inspected.
    #[schema(example = "damaged")]
    result: Option<&'static str>,
    /// How many pieces are as they should be; null before it was inspected.
    #[schema(example = 9)]
    passed: Option<u32>,
    /// More about it.
    note: Option<String>,
    /// Photos; read them at `GET /v1/vouchers/{voucher_id}`.
    voucher_ids: Vec<String>,
}

/// Goods that came in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Receipt)]
pub struct ReceiptView {
    /// Its id: that of your report, or the warehouse's own.
    id: String,
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// What came.
    lines: Vec<CountedView>,
}

/// So many pieces of a line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CountedLine)]
pub struct CountedView {
    /// The order.
    order_id: String,
    /// The variant.
    sku_id: String,
    /// How many pieces.
    quantity: u32,
}

/// How a consignment left.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Handover)]
pub struct HandoverView {
    /// Your carrier.
    #[schema(example = "DHL")]
    carrier: String,
    /// Its number.
    #[schema(example = "JD014600006281230701")]
    tracking_number: String,
    /// What the whole weighs, in grams.
    #[schema(example = 12400)]
    weight_g: u32,
    /// In how many pieces.
    #[schema(example = 2)]
    pieces: u32,
    /// When.
    #[schema(format = DateTime)]
    at: String,
}

/// A report that is not settled.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PendingReport)]
pub struct PendingView {
    /// Its id.
    #[schema(example = "rpt_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    id: String,
    /// `receipt`, `inspection`, `handover` or `cancellation`.
    #[schema(example = "handover")]
    kind: &'static str,
    /// Since when.
    #[schema(format = DateTime)]
    since: String,
}

/// Something that happened to a consignment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsignmentEvent)]
pub struct ConsignmentEventView {
    /// Id.
    #[schema(example = "evt_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    id: String,
    /// What happened, e.g. `opened`, `received`, `discrepancy`.
    #[schema(example = "opened")]
    kind: &'static str,
    /// When the gateway wrote it down.
    #[schema(format = DateTime)]
    at: String,
    /// Who made it happen: `partner`, `gateway`, `catalogue` (with its warehouse) or `operator`.
    #[schema(example = "catalogue")]
    actor: &'static str,
    /// Why, in words.
    cause: String,
    /// The report that was refused, as `pending` named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    report_id: Option<String>,
    /// Why the wholesale service refused something.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<RefusedView>,
}

/// Why something was refused.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefusedReport)]
pub struct RefusedView {
    /// A code, see `/docs/errors`.
    #[schema(example = "consignment_refused")]
    code: &'static str,
    /// What happened this time.
    detail: String,
}

/// A page of consignments.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsignmentPage)]
pub struct ConsignmentPageView {
    /// The consignments, newest first.
    items: Vec<ConsignmentSummaryView>,
    /// Give it as `cursor` for the next page; null at the end.
    next_cursor: Option<String>,
}

/// A consignment in a list, without its figures.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConsignmentSummary)]
pub struct ConsignmentSummaryView {
    /// Id.
    #[schema(example = "con_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    id: String,
    /// Your own number.
    #[schema(example = "CO-2026-0001")]
    reference: String,
    /// Where it stands.
    #[schema(example = "inspected")]
    state: &'static str,
    /// The warehouse its goods are gathered at.
    warehouse: String,
    /// The country it goes to.
    ship_to: String,
    /// `partner` or `warehouse`.
    operated_by: &'static str,
    /// Its orders.
    order_ids: Vec<String>,
    /// Why it was rejected or cancelled.
    reason: Option<String>,
    /// How many events it has.
    version: u32,
    /// When it was asked for.
    #[schema(format = DateTime)]
    created_at: String,
    /// When something last happened to it.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl ConsignmentView {
    /// The whole consignment, with the reports that are not settled.
    pub fn new(consignment: &Consignment, pending: &[Report]) -> Self {
        let deed = &consignment.deed;
        let failed = |line: &&Line| {
            line.inspection.as_ref().is_some_and(|one| one.verdict != crate::model::consignment::Verdict::Pass)
        };
        Self {
            id: deed.id.to_string(),
            reference: deed.reference.to_string(),
            state: consignment.state.name(),
            state_description: consignment.state.says(),
            warehouse: deed.warehouse.to_string(),
            ship_to: deed.ship_to.to_string(),
            operated_by: deed.operated_by.name(),
            catalogue_consignment_id: consignment.number.map(|number| number.to_string()),
            reason: consignment.reason.clone(),
            orders: deed.orders.iter().map(|order| ConsignedOrderView::new(order, &consignment.lines)).collect(),
            lines_not_passed: consignment.lines.iter().filter(failed).count(),
            receipts: consignment.receipts.iter().map(ReceiptView::from).collect(),
            handover: consignment.handover.as_ref().map(HandoverView::from),
            pending: pending.iter().map(PendingView::from).collect(),
            events: consignment.events.iter().map(ConsignmentEventView::from).collect(),
            version: consignment.version,
            created_at: deed.created_at.to_string(),
            updated_at: consignment.updated_at.to_string(),
        }
    }
}

impl ConsignedOrderView {
    fn new(order: &Consigned, lines: &[Line]) -> Self {
        Self {
            order_id: order.order.to_string(),
            reference: order.reference.to_string(),
            lines: lines.iter().filter(|line| line.order == order.order).map(ConsignedLineView::from).collect(),
        }
    }
}

impl From<&Line> for ConsignedLineView {
    fn from(line: &Line) -> Self {
        let inspection = line.inspection.as_ref();
        Self {
            sku_id: line.sku.to_string(),
            expected: line.expected,
            received: line.received,
            result: inspection.map(|one| one.verdict.name()),
            passed: inspection.map(|one| one.passed),
            note: inspection.and_then(|one| one.note.clone()),
            voucher_ids: inspection.iter().flat_map(|one| &one.photos).map(ToString::to_string).collect(),
        }
    }
}

impl From<&Receipt> for ReceiptView {
    fn from(receipt: &Receipt) -> Self {
        let line = |line: &crate::model::consignment::Counted| CountedView {
            order_id: line.order.to_string(),
            sku_id: line.sku.to_string(),
            quantity: line.quantity,
        };
        Self {
            id: receipt.reference.clone(),
            at: receipt.at.to_string(),
            lines: receipt.lines.iter().map(line).collect(),
        }
    }
}

impl From<&Handover> for HandoverView {
    fn from(handover: &Handover) -> Self {
        Self {
            carrier: handover.carrier.clone(),
            tracking_number: handover.tracking_number.clone(),
            weight_g: handover.weight_g,
            pieces: handover.pieces,
            at: handover.at.to_string(),
        }
    }
}

impl From<&Report> for PendingView {
    fn from(report: &Report) -> Self {
        Self { id: report.id.to_string(), kind: report.said.name(), since: report.created_at.to_string() }
    }
}

impl From<&Event> for ConsignmentEventView {
    fn from(event: &Event) -> Self {
        Self {
            id: event.id.to_string(),
            kind: event.kind.name(),
            at: event.at.to_string(),
            actor: event.actor.name(),
            cause: event.cause.clone(),
            report_id: event.facts.report.as_ref().map(ToString::to_string),
            problem: event.facts.refusal.as_ref().map(RefusedView::from),
        }
    }
}

impl From<&Refusal> for RefusedView {
    fn from(refusal: &Refusal) -> Self {
        Self { code: refusal.code.facts().name, detail: refusal.detail.clone() }
    }
}

impl From<&Page<Consignment>> for ConsignmentPageView {
    fn from(page: &Page<Consignment>) -> Self {
        Self {
            items: page.items.iter().map(ConsignmentSummaryView::from).collect(),
            next_cursor: page.next.as_ref().map(|cursor| cursor.0.clone()),
        }
    }
}

impl From<&Consignment> for ConsignmentSummaryView {
    fn from(consignment: &Consignment) -> Self {
        let deed = &consignment.deed;
        Self {
            id: deed.id.to_string(),
            reference: deed.reference.to_string(),
            state: State::name(consignment.state),
            warehouse: deed.warehouse.to_string(),
            ship_to: deed.ship_to.to_string(),
            operated_by: deed.operated_by.name(),
            order_ids: deed.orders.iter().map(|order| order.order.to_string()).collect(),
            reason: consignment.reason.clone(),
            version: consignment.version,
            created_at: deed.created_at.to_string(),
            updated_at: consignment.updated_at.to_string(),
        }
    }
}
