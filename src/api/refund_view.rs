//! How refunds, and what can be asked for, are shown.

use serde::Serialize;
use utoipa::ToSchema;

use crate::api::payments::MoneyView;
use crate::model::page::Page;
use crate::model::refund::{Arbitration, Event, Options, Parcel, Refund, RefundLine, State};

/// What can be asked for now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefundReasons)]
pub struct ReasonsView {
    /// The most that can be asked for, for all pieces that are left, freight included.
    max_refundable: MoneyView,
    /// How much of it is freight.
    max_freight: MoneyView,
    /// The reasons to choose from.
    items: Vec<ReasonView>,
    /// Always null: one page holds all.
    next_cursor: Option<String>,
}

/// A reason to ask for money back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefundReason)]
pub struct ReasonView {
    /// What to give as `reason`.
    #[schema(example = "DAMAGED")]
    code: String,
    /// What it says, in the asked language.
    #[schema(example = "Goods damaged")]
    name: String,
    /// The same in Chinese.
    #[schema(example = "商品破损")]
    name_original: String,
    /// Whether at least one voucher has to prove it.
    voucher_required: bool,
}

/// A refund.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Refund)]
pub struct RefundView {
    /// Id.
    #[schema(example = "rfd_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    id: String,
    /// Your own number.
    #[schema(example = "R-2026-0001")]
    reference: String,
    /// Where it stands: `received`, `requesting`, `requested`, `rejected`, `unknown`, `agreed`, `refused`,
    /// `return_awaited`, `return_sent`, `arbitrating`, `succeeded` or `closed`.
    #[schema(example = "requested")]
    state: &'static str,
    /// `live` or `sandbox`.
    #[schema(example = "live")]
    mode: &'static str,
    /// The order it is about.
    order_id: String,
    /// `money` or `return`.
    #[schema(example = "money")]
    r#type: &'static str,
    /// The reason's code.
    #[schema(example = "DAMAGED")]
    reason: String,
    /// How much is asked for now, freight included.
    amount: MoneyView,
    /// How much of it is freight.
    freight: MoneyView,
    /// How much was agreed; what was given back, once it is `succeeded`.
    agreed_amount: Option<MoneyView>,
    /// Which pieces.
    lines: Vec<RefundLineView>,
    /// What is said for it now.
    description: String,
    /// What proves it now.
    voucher_ids: Vec<String>,
    /// What the supplier said to it, in Chinese.
    supplier_note: Option<String>,
    /// Where the goods are to be sent back to, in Chinese.
    return_address: Option<String>,
    /// The goods on their way back.
    return_shipment: Option<ReturnShipmentView>,
    /// The case before the marketplace.
    arbitration: Option<ArbitrationView>,
    /// Until when whoever's turn it is has to act: the supplier while `requested` and `return_sent` (then it counts as
    /// agreed, or as received), you while `refused` and `return_awaited` (then the refund is closed).
    #[schema(format = DateTime)]
    deadline: Option<String>,
    /// Why it was closed: `withdrawn`, `decided_for_supplier`, `deadline_passed` or `order_closed`.
    #[schema(example = "withdrawn")]
    closed_because: Option<&'static str>,
    /// Why the catalogue did not take it: a code, see `/docs/errors`.
    #[schema(example = "refund_amount_too_large")]
    problem: Option<&'static str>,
    /// The catalogue's own number, once it is known.
    #[schema(example = "2600000000000123456")]
    catalogue_refund_id: Option<String>,
    /// When it was received.
    #[schema(format = DateTime)]
    created_at: String,
    /// When its last event was written.
    #[schema(format = DateTime)]
    updated_at: String,
    /// When the money was given back.
    #[schema(format = DateTime)]
    refunded_at: Option<String>,
    /// How many events it has; grows with each.
    version: u32,
    /// What happened to it, oldest first; not in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<Vec<RefundEventView>>,
}

/// Pieces that a refund is about.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefundLine)]
pub struct RefundLineView {
    /// The variant.
    #[schema(example = "610947572360001")]
    sku_id: String,
    /// How many pieces.
    quantity: u32,
}

/// Goods on their way back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReturnShipment)]
pub struct ReturnShipmentView {
    /// The carrier's code.
    #[schema(example = "ZTO")]
    carrier_code: String,
    /// The carrier's number of the parcel.
    tracking_number: String,
    /// When it was sent.
    #[schema(format = DateTime)]
    sent_at: Option<String>,
}

/// A case before the marketplace.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Arbitration)]
pub struct ArbitrationView {
    /// What was said for it.
    reason: String,
    /// `buyer`, `supplier` or `split`, once it is decided.
    #[schema(example = "split")]
    decision: Option<&'static str>,
    /// What the marketplace said to it, in Chinese.
    note: Option<String>,
}

/// Something that happened to a refund.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefundEvent)]
pub struct RefundEventView {
    /// Id.
    #[schema(example = "evt_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    id: String,
    /// When it was written down.
    #[schema(format = DateTime)]
    at: String,
    /// Who made it happen: `partner`, `gateway`, `catalogue` or `operator`.
    #[schema(example = "catalogue")]
    actor: &'static str,
    /// Why, in words.
    cause: String,
    /// The state the refund was in afterwards.
    #[schema(example = "agreed")]
    state: &'static str,
}

/// A page of refunds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefundPage)]
pub struct RefundPageView {
    /// The refunds, newest first.
    items: Vec<RefundView>,
    /// Where the next page starts; null at the end.
    next_cursor: Option<String>,
}

impl From<&Options> for ReasonsView {
    fn from(options: &Options) -> Self {
        let reason = |reason: &crate::model::refund::Reason| ReasonView {
            code: reason.code.to_string(),
            name: reason.name_shown.clone(),
            name_original: reason.name.clone(),
            voucher_required: reason.needs_voucher,
        };
        Self {
            max_refundable: options.most.into(),
            max_freight: options.most_freight.into(),
            items: options.reasons.iter().map(reason).collect(),
            next_cursor: None,
        }
    }
}

impl RefundView {
    /// The refund with its events.
    pub fn whole(refund: &Refund) -> Self {
        Self { events: Some(refund.events.iter().map(RefundEventView::from).collect()), ..Self::brief(refund) }
    }

    /// The refund without its events.
    pub fn brief(refund: &Refund) -> Self {
        let (deed, known) = (&refund.deed, &refund.known);
        let agreed = known.agreed.filter(|_| refund.state != State::Closed);
        Self {
            id: deed.id.to_string(),
            reference: deed.reference.to_string(),
            state: refund.state.name(),
            mode: deed.mode.name(),
            order_id: deed.order.to_string(),
            r#type: deed.remedy.name(),
            reason: deed.reason.to_string(),
            amount: refund.amount().into(),
            freight: refund.freight().into(),
            agreed_amount: agreed.map(MoneyView::from),
            lines: deed.lines.iter().map(RefundLineView::from).collect(),
            description: refund.description().to_owned(),
            voucher_ids: refund.proofs().iter().map(|proof| proof.id.to_string()).collect(),
            supplier_note: known.supplier_note.clone(),
            return_address: known.return_address.clone(),
            return_shipment: known.parcel.as_ref().map(ReturnShipmentView::from),
            arbitration: known.arbitration.as_ref().map(ArbitrationView::from),
            deadline: refund.deadline().map(|moment| moment.to_string()),
            closed_because: known.closing.map(|closing| closing.name()),
            problem: refund.rejection().map(|rejection| rejection.code.facts().name),
            catalogue_refund_id: known.catalogue_refund.map(|number| number.to_string()),
            created_at: deed.created_at.to_string(),
            updated_at: refund.updated_at.to_string(),
            refunded_at: known.refunded_at.map(|moment| moment.to_string()),
            version: refund.version,
            events: None,
        }
    }
}

impl From<&RefundLine> for RefundLineView {
    fn from(line: &RefundLine) -> Self {
        Self { sku_id: line.sku.to_string(), quantity: line.quantity.get() }
    }
}

impl From<&Parcel> for ReturnShipmentView {
    fn from(parcel: &Parcel) -> Self {
        Self {
            carrier_code: parcel.carrier.to_string(),
            tracking_number: parcel.tracking_number.to_string(),
            sent_at: parcel.sent_at.map(|moment| moment.to_string()),
        }
    }
}

impl From<&Arbitration> for ArbitrationView {
    fn from(case: &Arbitration) -> Self {
        Self {
            reason: case.plea.clone(),
            decision: case.decision.map(|decision| decision.name()),
            note: case.note.clone(),
        }
    }
}

impl From<&Event> for RefundEventView {
    fn from(event: &Event) -> Self {
        Self {
            id: event.id.to_string(),
            at: event.at.to_string(),
            actor: event.actor.name(),
            cause: event.cause.clone(),
            state: event.kind.leads_to().name(),
        }
    }
}

impl From<&Page<Refund>> for RefundPageView {
    fn from(page: &Page<Refund>) -> Self {
        Self {
            items: page.items.iter().map(RefundView::brief).collect(),
            next_cursor: page.next.as_ref().map(|cursor| cursor.0.clone()),
        }
    }
}
