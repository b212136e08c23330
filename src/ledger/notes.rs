//! What partners are told of orders and payments: which events, and with which facts.

use serde_json::{Value, json};

use super::Error;
use super::outbox::{self, Notice};
use crate::model::ids::{EventId, OrderId, PartnerId, PaymentId};
use crate::model::money::Money;
use crate::model::order::{Event, Order};
use crate::model::partner::Mode;
use crate::model::payment::{Part, PartState};
use crate::sql::{Tx, args};

/// What an order's partner hears of an event; nothing of the gateway's own steps.
pub(super) fn of_order<'a>(order: &'a Order, event: &'a Event) -> Option<Notice<'a>> {
    event.kind.is_told().then(|| Notice {
        event: &event.id,
        partner: &order.deed.partner,
        mode: order.deed.mode,
        subject: order.deed.id.as_str(),
        kind: format!("order.{}", event.kind.name()),
        data: facts(order, event),
        at: event.at.as_millisecond(),
    })
}

fn facts(order: &Order, event: &Event) -> Value {
    let (deed, facts) = (&order.deed, &event.facts);
    let mut data = json!({
        "order_id": deed.id.as_str(), "reference": deed.reference.as_str(),
        "state": event.state.name(), "version": event.version,
    });
    let refused = facts.refusal.as_ref().map(|refusal| refusal.code.facts().name);
    let more = [
        ("reason", refused.or(facts.reason.as_deref()).map(Value::from)),
        ("amount", facts.payable.map(told)),
        ("refunded", facts.refunded.map(told)),
        ("catalogue_order_id", facts.catalogue_order.map(|number| number.to_string().into())),
        ("pay_by", facts.pay_by.map(|moment| moment.to_string().into())),
    ];
    for (name, value) in more {
        if let Some(value) = value {
            data[name] = value;
        }
    }
    data
}

fn told(money: Money) -> Value {
    json!({"amount": money.amount(), "currency": money.currency.code()})
}

/// Tells how one order's part of a payment stands now.
pub(super) async fn tell_part(tx: &mut Tx, payment: &PaymentId, part: &Part, at: i64) -> Result<(), Error> {
    const WHOSE: &str = "SELECT m.partner, m.mode, m.method, o.reference FROM payments m, orders o \
        WHERE m.id = $1 AND o.id = $2";
    let row = tx.fetch_optional(WHOSE, args![payment.as_str(), part.order.as_str()]).await?;
    let row = row.ok_or_else(|| Error::unreadable("payment", payment))?;
    let (partner, mode): (PartnerId, Mode) = (row.parse("partner")?, row.parse("mode")?);
    let what = match part.state {
        PartState::Pending => "page_opened",
        PartState::Unknown => "unknown",
        PartState::Paid => "paid",
        PartState::Failed => "failed",
    };
    let mut data = json!({
        "payment_id": payment.as_str(), "method": row.text("method")?, "order_id": part.order.as_str(),
        "reference": row.text("reference")?, "state": part.state.name(),
    });
    for (name, value) in [("pay_url", &part.pay_url), ("problem", &part.problem)] {
        if let Some(value) = value {
            data[name] = value.as_str().into();
        }
    }
    let notice = Notice {
        event: &EventId::fresh(),
        partner: &partner,
        mode,
        subject: payment.as_str(),
        kind: format!("payment.{what}"),
        data,
        at,
    };
    outbox::post(tx, &[notice]).await
}

/// The problem of a part whose order is not to be paid, or was paid by something else.
pub(super) const CONFLICT: &str = "order_state_conflict";

/// A part that an order's event settled.
pub(super) fn settled(order: &OrderId, state: PartState, problem: Option<&str>) -> Part {
    Part { order: order.clone(), state, pay_url: None, problem: problem.map(str::to_owned), agreed: None }
}
