//! The whole story of an order, for people and as JSON.

use std::io::Write;

use anyhow::Result;
use serde_json::{Value, json};

use super::moment;
use crate::audit::Entry;
use crate::commands::audit::{EntryRow, write_table};
use crate::commands::table;
use crate::ledger::{Carried, Case, KeyHeld, News, Paying};
use crate::model::money::Money;
use crate::model::order::{Attention, Event, Order};
use crate::model::quote::Line;

/// Writes it for people.
pub(super) fn write(case: &Case, audit: &[Entry], out: &mut impl Write) -> Result<()> {
    head(case, out)?;
    part(out, "lines")?;
    let line = |line: &Line| {
        [
            line.sku.to_string(),
            line.quantity.get().to_string(),
            cny(line.unit_price),
            cny(line.amount),
            line.title.clone(),
        ]
    };
    let lines: Vec<_> = case.order.deed.basket.lines.iter().map(line).collect();
    table::write(out, ["SKU", "PIECES", "EACH", "AMOUNT", "TITLE"], &lines)?;
    part(out, "events")?;
    let events: Vec<_> = case.order.events.iter().map(event).collect();
    table::write(out, ["#", "AT", "BY", "WHAT", "THEN", "WHY"], &events)?;
    if !case.payments.is_empty() {
        part(out, "payments")?;
        let rows: Vec<_> = case.payments.iter().map(paying).collect();
        table::write(out, ["PAYMENT", "HOW", "STATE", "ASKED", "CHANGED", "PROBLEM"], &rows)?;
    }
    part(out, "idempotency keys (kept for 72 hours)")?;
    let rows: Vec<_> = case.keys.iter().map(key).collect();
    table::write(out, ["KEY", "OPERATION", "ANSWER", "TAKEN UP", "FORGOTTEN"], &rows)?;
    part(out, "what the partner is told")?;
    let rows: Vec<_> = case.told.iter().map(told).collect();
    table::write(out, ["EVENT", "TYPE", "AT", "PUBLISHED AS"], &rows)?;
    part(out, "at the partner's webhook endpoints")?;
    if case.deliveries.is_empty() {
        writeln!(out, "nothing was sent: no endpoint of the partner's wanted it, or it is longer ago than 30 days")?;
    } else {
        let rows: Vec<_> = case.deliveries.iter().map(carried).collect();
        table::write(out, ["TYPE", "EVENT", "STATE", "TRIES", "LAST AT", "ANSWER", "ENDPOINT", "URL"], &rows)?;
    }
    if !audit.is_empty() {
        part(out, "by hand")?;
        write_table(audit, out)?;
    }
    Ok(())
}

fn part(out: &mut impl Write, name: &str) -> Result<()> {
    Ok(writeln!(out, "\n{name}")?)
}

fn head(case: &Case, out: &mut impl Write) -> Result<()> {
    let (order, deed) = (&case.order, &case.order.deed);
    let mut facts = vec![
        ("order", deed.id.to_string()),
        ("state", format!("{} since {}, version {}", order.state, moment(order.updated_at), order.version)),
        ("partner", format!("{} ({})", deed.partner, deed.mode.name())),
        ("reference", deed.reference.to_string()),
        ("received", moment(deed.created_at)),
        ("catalogue's number", order.catalogue_order.map_or("-".to_owned(), |number| number.to_string())),
        ("supplier", format!("{} {}", deed.basket.supplier, deed.basket.supplier_name)),
        ("warehouse, country", format!("{}, {}", deed.basket.warehouse, deed.basket.ship_to)),
        (
            "to pay",
            format!("{} (goods {}, freight {})", cny(order.payable), cny(deed.basket.goods), cny(deed.basket.freight)),
        ),
        ("payment", order.paying.name().to_owned()),
        ("quote", deed.quote.to_string()),
    ];
    facts.extend(order.pay_by.map(|at| ("pay by", moment(at))));
    facts.extend(order.reason.clone().map(|reason| ("reason", reason)));
    facts.extend(deed.note.clone().map(|note| ("note", note)));
    facts.extend(order.attention.map(|why| ("look at it", why.says().to_owned())));
    facts.extend(case.next_look.map(|at| ("next look", moment(at))));
    for (name, fact) in facts {
        writeln!(out, "{name:<20}{}", table::plain(&fact))?;
    }
    Ok(())
}

fn event(event: &Event) -> [String; 6] {
    [
        event.version.to_string(),
        moment(event.at),
        event.actor.name().to_owned(),
        event.kind.name().to_owned(),
        event.state.to_string(),
        event
            .facts
            .refusal
            .as_ref()
            .map_or(event.cause.clone(), |refusal| format!("{}: {}", event.cause, refusal.detail)),
    ]
}

fn paying(paying: &Paying) -> [String; 6] {
    [
        paying.payment.to_string(),
        paying.method.name().to_owned(),
        paying.part.state.name().to_owned(),
        moment(paying.created_at),
        moment(paying.updated_at),
        paying.part.problem.clone().unwrap_or_default(),
    ]
}

fn key(key: &KeyHeld) -> [String; 5] {
    let answer =
        key.status.map_or_else(|| format!("running until {}", moment(key.leased_until)), |status| status.to_string());
    [key.key.clone(), key.operation.clone(), answer, format!("{}x", key.fence), moment(key.expires_at)]
}

fn told(told: &News) -> [String; 4] {
    let place = told.position.map_or("not yet".to_owned(), |position| position.to_string());
    [told.event.to_string(), told.kind.clone(), moment(told.at), place]
}

fn cny(money: Money) -> String {
    format!("{} {}", money.currency.code(), money.amount())
}

fn money(money: Money) -> Value {
    json!({ "amount": money.amount(), "currency": money.currency.code() })
}

fn carried(delivery: &Carried) -> [String; 8] {
    let answer = match (delivery.status, &delivery.problem) {
        (Some(status), None) => status.to_string(),
        (_, Some(problem)) => problem.clone(),
        (None, None) => "-".to_owned(),
    };
    [
        delivery.kind.clone(),
        delivery.event.to_string(),
        delivery.state.name().to_owned(),
        delivery.attempts.to_string(),
        delivery.tried_at.map_or("-".to_owned(), moment),
        answer,
        delivery.endpoint.to_string(),
        delivery.url.clone(),
    ]
}

/// An order in a list.
pub(super) fn brief(order: &Order) -> Value {
    let deed = &order.deed;
    json!({
        "id": deed.id.as_str(), "partner": deed.partner.as_str(), "mode": deed.mode.name(),
        "reference": deed.reference.as_str(), "state": order.state.name(), "version": order.version,
        "reason": order.reason, "catalogue_order_id": order.catalogue_order.map(|number| number.to_string()),
        "payable": money(order.payable), "payment": order.paying.name(),
        "attention": order.attention.map(Attention::name),
        "pay_by": order.pay_by.map(|at| at.to_string()),
        "created_at": deed.created_at.to_string(), "updated_at": order.updated_at.to_string(),
    })
}

/// The whole story.
pub(super) fn to_json(case: &Case, audit: &[Entry]) -> Value {
    let deed = &case.order.deed;
    let line = |line: &Line| {
        json!({
            "sku_id": line.sku.to_string(), "offer_id": line.offer.to_string(), "title": line.title,
            "specification": line.specification, "quantity": line.quantity.get(),
            "unit_price": money(line.unit_price), "amount": money(line.amount),
        })
    };
    let event = |event: &Event| {
        json!({
            "version": event.version, "id": event.id.as_str(), "at": event.at.to_string(),
            "actor": event.actor.name(), "kind": event.kind.name(), "state": event.state.name(),
            "cause": event.cause,
            "refusal": event.facts.refusal.as_ref().map(|refusal| {
                json!({ "code": refusal.code.facts().name, "detail": refusal.detail })
            }),
        })
    };
    let paying = |paying: &Paying| {
        json!({
            "payment_id": paying.payment.as_str(), "method": paying.method.name(), "state": paying.part.state.name(),
            "problem": paying.part.problem, "pay_url": paying.part.pay_url,
            "created_at": paying.created_at.to_string(), "updated_at": paying.updated_at.to_string(),
        })
    };
    let key = |key: &KeyHeld| {
        json!({
            "key": key.key, "operation": key.operation, "status": key.status, "taken_up": key.fence,
            "leased_until": key.leased_until.to_string(), "expires_at": key.expires_at.to_string(),
        })
    };
    let told = |told: &News| json!({ "id": told.event.as_str(), "type": told.kind, "at": told.at.to_string(), "position": told.position });
    let carried = |delivery: &Carried| {
        json!({
            "event_id": delivery.event.as_str(), "type": delivery.kind, "endpoint_id": delivery.endpoint.as_str(),
            "url": delivery.url, "state": delivery.state.name(), "attempts": delivery.attempts,
            "tried_at": delivery.tried_at.map(|at| at.to_string()), "status": delivery.status,
            "problem": delivery.problem,
        })
    };
    let mut whole = brief(&case.order);
    let more = json!({
        "quote_id": deed.quote.as_str(), "note": deed.note, "supplier_id": deed.basket.supplier.to_string(),
        "supplier_name": deed.basket.supplier_name, "warehouse": deed.basket.warehouse.to_string(),
        "ship_to": deed.basket.ship_to.to_string(), "goods": money(deed.basket.goods),
        "freight": money(deed.basket.freight), "total": money(deed.basket.total),
        "lines": deed.basket.lines.iter().map(line).collect::<Vec<_>>(),
        "next_look": case.next_look.map(|at| at.to_string()),
        "events": case.order.events.iter().map(event).collect::<Vec<_>>(),
        "payments": case.payments.iter().map(paying).collect::<Vec<_>>(),
        "keys": case.keys.iter().map(key).collect::<Vec<_>>(),
        "told": case.told.iter().map(told).collect::<Vec<_>>(),
        "deliveries": case.deliveries.iter().map(carried).collect::<Vec<_>>(),
        "audit": audit.iter().map(EntryRow::from).collect::<Vec<_>>(),
    });
    if let (Some(whole), Value::Object(more)) = (whole.as_object_mut(), more) {
        whole.extend(more);
    }
    whole
}
