//! The checker against planted errors: each must be found, and a run without any must be found well.

use anyhow::Result;
use serde_json::{Value, json};

use crate::books::{Books, Row, Shown, Theirs};
use crate::checker::{Verdict, Wrong, check};
use crate::history::{Op, Record};

/// A run of one order that all agree on, to plant errors in.
struct Run {
    history: Vec<Record>,
    books: Books,
}

fn price(amount: &str) -> Value {
    json!({"amount": "1234", "currency": "JPY", "cny": amount, "rate": "20", "rate_date": "2026-11-20"})
}

fn view(state: &str, payment: &str) -> Value {
    json!({
        "id": "ord_1", "reference": "PO-1", "state": state, "payment": {"state": payment}, "quote_id": "quo_1",
        "catalogue_order_id": "2600", "ship_to_country": "JP", "warehouse": "YW01", "freight": price("8.00"),
        "total": price("40.00"), "lines": [{"sku_id": "7", "quantity": 10, "unit_price": price("3.20")}],
    })
}

fn theirs(number: i64, out_ref: &str, status: &str, paid: i64) -> Theirs {
    let order = json!({
        "orderNo": number, "outRef": out_ref, "partnerCode": "acme", "channel": "CROSS_BORDER", "destCountry": "JP",
        "warehouseCode": "YW01", "status": status, "goodsFen": 3200, "freightFen": 800, "totalFen": 4000,
        "paidFen": paid, "lines": [{"skuId": 7, "quantity": 10, "unitPriceFen": 320}],
    });
    Theirs::read(&order).unwrap()
}

fn row(id: &str, reference: &str, state: &str, number: Option<i64>) -> Row {
    let (id, partner, reference, state) = (id.into(), "acme".into(), reference.into(), state.into());
    Row { id, partner, reference, state, number, events: 4, version: 4 }
}

fn record(op: Op, key: &str, asked: Value, status: Option<u16>, answer: &Value) -> Record {
    Record {
        at_ms: 0,
        took_ms: 1,
        partner: "acme".into(),
        node: 0,
        op,
        target: "/".into(),
        key: Some(key.into()),
        reference: Some("PO-1".into()),
        asked: Some(asked.to_string()),
        status,
        replayed: false,
        answer: answer.to_string(),
    }
}

fn asked() -> Value {
    json!({"reference": "PO-1", "quote_id": "quo_1"})
}

impl Run {
    /// Quoted, answered 201, paid by debit, finished.
    fn well() -> Self {
        let mut quote = view("", "");
        quote["id"] = json!("quo_1");
        let part = json!({"id": "pay_1", "state": "paid", "orders": [{"order_id": "ord_1", "state": "paid"}]});
        let history = vec![
            record(Op::Quote, "", json!({}), Some(201), &json!({"quotes": [quote]})),
            record(Op::Order, "key-1", asked(), None, &Value::Null),
            record(Op::Order, "key-1", asked(), Some(409), &json!({"code": "order_in_progress"})),
            record(Op::Order, "key-1", asked(), Some(201), &view("awaiting_payment", "none")),
            record(Op::Order, "key-1", asked(), Some(201), &view("awaiting_payment", "none")),
            record(Op::OtherBody, "key-1", json!({}), Some(422), &json!({"code": "idempotency_mismatch"})),
            record(Op::OtherKey, "key-2", asked(), Some(409), &json!({"code": "reference_taken", "order_id": "ord_1"})),
            record(Op::Pay, "pay-1", json!({"order_ids": ["ord_1"], "method": "debit"}), Some(201), &part),
        ];
        let mut books = Books {
            rows: vec![row("ord_1", "PO-1", "completed", Some(2600))],
            theirs: vec![theirs(2600, "ord_1", "success", 4000)],
            ..Books::default()
        };
        books.shown.insert(("acme".into(), "PO-1".into()), Shown::read(&view("completed", "paid")));
        Self { history, books }
    }

    fn verdict(self) -> Verdict {
        check(self.history.into_iter().map(Result::Ok), &self.books).unwrap()
    }

    /// What is found wrong, each kind once.
    fn wrongs(self) -> Vec<Wrong> {
        let mut wrongs: Vec<_> = self.verdict().findings.into_iter().map(|finding| finding.wrong).collect();
        wrongs.sort();
        wrongs.dedup();
        wrongs
    }

    /// The same run with something planted.
    fn with(plant: impl FnOnce(&mut Self)) -> Self {
        let mut run = Self::well();
        plant(&mut run);
        run
    }

    fn show(&mut self, state: &str, payment: &str) {
        self.books.shown.insert(("acme".into(), "PO-1".into()), Shown::read(&view(state, payment)));
    }
}

#[test]
fn a_run_in_which_all_agree_is_well() {
    let verdict = Run::well().verdict();
    assert_eq!(verdict.findings, []);
    let count = |what: &str| verdict.counts.iter().find(|(name, _)| name.trim() == what).map(|(_, number)| *number);
    assert_eq!((count("orders asked for"), count("answered 201")), (Some(1), Some(1)));
    assert_eq!(count("final answers repeated"), Some(1));
}

#[test]
fn a_doubled_order_is_found() {
    // The gateway made two orders of one reference.
    let twice = Run::with(|run| {
        run.books.rows.push(row("ord_2", "PO-1", "awaiting_payment", Some(2601)));
        run.books.theirs.push(theirs(2601, "ord_2", "waitbuyerpay", 0));
    });
    assert!(twice.wrongs().contains(&Wrong::Doubled));
    // The catalogue took one order twice.
    let there = Run::with(|run| run.books.theirs.push(theirs(2601, "ord_1", "waitbuyerpay", 0)));
    assert!(there.wrongs().contains(&Wrong::Doubled));
    // The ledger lost its own row, but the memo tells whose it is.
    let forgotten = Run::with(|run| {
        run.books.theirs[0].memo = Some("ref PO-1".into());
        run.books.theirs.push(Theirs { memo: Some("ref PO-1".into()), ..theirs(2601, "ord_9", "waitbuyerpay", 0) });
    });
    assert_eq!(forgotten.wrongs(), [Wrong::Doubled, Wrong::Orphan]);
    // A second key got a second order.
    let other = Run::with(|run| {
        run.history[6] = record(Op::OtherKey, "key-2", asked(), Some(201), &json!({"id": "ord_2"}));
    });
    assert!(other.wrongs().contains(&Wrong::Doubled));
}

#[test]
fn a_lost_order_is_found() {
    let here = Run::with(|run| {
        run.books.shown.insert(("acme".into(), "PO-1".into()), None);
        run.books.rows.clear();
        run.books.theirs.clear();
    });
    assert_eq!(here.wrongs(), [Wrong::Lost]);
    let there = Run::with(|run| run.books.theirs.clear());
    assert_eq!(there.wrongs(), [Wrong::Lost]);
    let accepted = Run::with(|run| {
        run.history.truncate(3);
        run.history.push(record(Op::Order, "key-1", asked(), Some(202), &view("unknown", "none")));
        run.books.theirs.clear();
        run.show("awaiting_payment", "none");
    });
    assert_eq!(accepted.wrongs(), [Wrong::Lost]);
}

#[test]
fn an_order_with_another_content_is_found() {
    for plant in [
        |theirs: &mut Theirs| theirs.content.lines.values_mut().for_each(|line| line.0 = 11),
        |theirs: &mut Theirs| theirs.content.total = 4001,
        |theirs: &mut Theirs| theirs.content.country = "KR".into(),
        |theirs: &mut Theirs| theirs.channel = "DOMESTIC".into(),
        |theirs: &mut Theirs| theirs.partner = "other".into(),
    ] {
        assert_eq!(Run::with(|run| plant(&mut run.books.theirs[0])).wrongs(), [Wrong::Content]);
    }
    let shown = Run::with(|run| {
        let shown = run.books.shown.values_mut().next().unwrap().as_mut().unwrap();
        shown.content.freight = 900;
    });
    assert_eq!(shown.wrongs(), [Wrong::Content]);
}

#[test]
fn an_orphan_is_found() {
    let refused = Run::with(|run| {
        run.history.truncate(3);
        run.history.push(record(Op::Order, "key-1", asked(), Some(409), &json!({"code": "out_of_stock"})));
        run.books.rows = vec![row("ord_1", "PO-1", "rejected", None)];
        run.books.theirs = vec![theirs(2600, "ord_1", "waitbuyerpay", 0)];
        run.show("rejected", "none");
    });
    assert_eq!(refused.wrongs(), [Wrong::Orphan]);
    let taken_back = Run::with(|run| {
        run.history.truncate(3);
        run.history.push(record(Op::Order, "key-1", asked(), Some(409), &json!({"code": "out_of_stock"})));
        run.books.rows = vec![row("ord_1", "PO-1", "rejected", None)];
        run.books.theirs = vec![theirs(2600, "ord_1", "cancel", 0)];
        run.show("rejected", "none");
    });
    assert_eq!(taken_back.wrongs(), []);
    let stranger = Run::with(|run| run.books.theirs.push(theirs(2601, "ord_7", "waitsellersend", 4000)));
    assert_eq!(stranger.wrongs(), [Wrong::Orphan]);
}

#[test]
fn states_and_payments_that_differ_are_found() {
    let state = Run::with(|run| run.books.rows[0].state = "shipped".into());
    assert_eq!(state.wrongs(), [Wrong::State]);
    let unknown = Run::with(|run| run.books.rows[0].state = "unknown".into());
    assert_eq!(unknown.wrongs(), [Wrong::Unknown]);
    let cancelled = Run::with(|run| run.history.push(record(Op::Cancel, "", json!({}), Some(200), &json!({}))));
    assert_eq!(cancelled.wrongs(), [Wrong::State]);
    let twice = Run::with(|run| run.books.theirs[0].paid = 8000);
    assert_eq!(twice.wrongs(), [Wrong::Paid]);
    let unpaid = Run::with(|run| run.books.theirs[0].paid = 0);
    assert_eq!(unpaid.wrongs(), [Wrong::Paid]);
    let failed = Run::with(|run| {
        let part = json!({"state": "failed", "orders": [{"order_id": "ord_1", "state": "failed"}]});
        run.history[7] = record(Op::Pay, "pay-1", json!({"order_ids": ["ord_1"]}), Some(201), &part);
    });
    assert_eq!(failed.wrongs(), [Wrong::Paid]);
    let broken = Run::with(|run| run.books.rows[0].events = 3);
    assert_eq!(broken.wrongs(), [Wrong::Broken]);
}

#[test]
fn answers_that_differ_and_answers_that_never_came_are_found() {
    let bytes = Run::with(|run| run.history[4].answer.push(' '));
    assert_eq!(bytes.wrongs(), [Wrong::Answers]);
    let other = Run::with(|run| {
        let mut view = view("awaiting_payment", "none");
        view["id"] = json!("ord_2");
        run.history[3].answer = view.to_string();
        run.history.remove(4);
    });
    assert!(other.wrongs().contains(&Wrong::Answers));
    let taken = Run::with(|run| run.history[5].status = Some(201));
    assert_eq!(taken.wrongs(), [Wrong::OtherBody, Wrong::Surprise]);
    let silent = Run::with(|run| {
        run.history.drain(3..7);
    });
    assert_eq!(silent.wrongs(), [Wrong::Unanswered]);
    let strange = Run::with(|run| run.history.push(record(Op::Read, "", json!({}), Some(401), &json!({"code": "x"}))));
    assert_eq!(strange.wrongs(), [Wrong::Surprise]);
}
