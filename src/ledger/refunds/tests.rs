//! What must hold of refunds and vouchers in the ledger, on every engine at hand.

use super::super::words::{self, Bought};
use super::super::{Answer, Begun, Error, KeyUse, Lease, Ledger, NewVoucher};
use super::{NewRefund, RefundFilter, WantedPieces};
use crate::clock::Clock;
use crate::model::ids::{CatalogueRefundId, EventId, OrderId, PartnerId, QuoteId, SkuId, VoucherId};
use crate::model::money::Money;
use crate::model::order::Actor;
use crate::model::order::tests::{basket, deed};
use crate::model::page::PageSize;
use crate::model::partner::Mode;
use crate::model::quote::{Basket, Quantity};
use crate::model::refund::{Facts, Happening, Kind, Refund, Refunding, Remedy, State};
use crate::sql::{Sql, args, trial};

const LEASE_MS: i64 = 30_000;

/// An order that was paid, for tests that begin there.
pub(crate) struct Sold {
    /// Its id.
    pub id: OrderId,
    /// Whose it is.
    pub partner: PartnerId,
    /// In which world.
    pub mode: Mode,
    /// The catalogue's number of it.
    pub number: i64,
    /// What was bought.
    pub basket: Basket,
    /// How far it is: `paid` or a later state.
    pub state: &'static str,
}

/// Writes a paid order down as if it had been placed and followed until there.
pub(crate) async fn sell(sql: &Sql, sold: &Sold) {
    const ORDER: &str = "INSERT INTO orders (id, partner, mode, reference, quote, document, created_at, state, version, \
        catalogue_order, paying, updated_at, look_at) VALUES ($1, $2, $3, $1, $8, $4, 0, $5, 4, $6, $7, 0, 0)";
    const EVENT: &str = "INSERT INTO order_events (order_id, version, id, kind, state, actor, cause, facts, at) \
        VALUES ($1, $2, $3, $4, $6, 'gateway', 'test', $5, 0)";
    let exchange = deed("x").exchange;
    let bought =
        Bought { basket: (&sold.basket).into(), exchange: (&exchange).into(), note: None, quote_expires_at: None };
    let document = words::write("order", &bought).unwrap();
    let paying = if sold.state == "awaiting_payment" { "none" } else { "paid" };
    let row = args![
        sold.id.as_str(),
        sold.partner.as_str(),
        sold.mode.name(),
        document,
        sold.state,
        sold.number,
        paying,
        QuoteId::fresh().as_str()
    ];
    sql.execute(ORDER, row).await.unwrap();
    let number = format!("{{\"catalogue_order\":{}}}", sold.number);
    let story = [
        ("received", "received", "{}"),
        ("placing_started", "placing", "{}"),
        ("accepted", "awaiting_payment", number.as_str()),
        ("paid", "paid", "{}"),
    ];
    let known = if paying == "paid" { 4 } else { 3 };
    for (version, (kind, state, facts)) in (1_i64..).zip(story).take(known) {
        let row = args![sold.id.as_str(), version, EventId::fresh().as_str(), kind, facts, state];
        sql.execute(EVENT, row).await.unwrap();
    }
}

struct Book {
    house: trial::House,
    clock: Clock,
    ledger: Ledger,
    order: OrderId,
}

async fn books() -> Vec<Book> {
    let clock = Clock::shiftable();
    let mut books = Vec::new();
    for house in trial::houses().await {
        let order = OrderId::fresh();
        let sold = Sold {
            id: order.clone(),
            partner: acme(),
            mode: Mode::Sandbox,
            number: 26,
            basket: basket(),
            state: "paid",
        };
        sell(&house.sql, &sold).await;
        books.push(Book { ledger: Ledger::new(house.sql.clone(), clock.clone()), clock: clock.clone(), house, order });
    }
    books
}

fn acme() -> PartnerId {
    "acme".parse().unwrap()
}

fn key(key: &str, operation: &'static str) -> KeyUse {
    let body_hash = key.as_bytes().to_vec();
    KeyUse { partner: acme(), mode: Mode::Sandbox, operation, key: key.to_owned(), body_hash, lease_ms: LEASE_MS }
}

fn answer(text: &str) -> Answer {
    Answer { status: 201, headers: Vec::new(), body: text.as_bytes().to_vec() }
}

impl Book {
    fn wish(&self, reference: &str) -> NewRefund {
        NewRefund {
            reference: reference.parse().unwrap(),
            order: self.order.clone(),
            remedy: Remedy::Money,
            reason: "DAMAGED".parse().unwrap(),
            amount: Money::fen(1600),
            freight: Money::fen(0),
            pieces: vec![WantedPieces { sku: SkuId::new(7), quantity: Quantity::new(5).unwrap() }],
            description: "five are broken".into(),
            vouchers: Vec::new(),
        }
    }

    async fn begun(&self, reference: &str) -> (Lease, Refund) {
        match self.ledger.begin_refund(key(reference, "create_refund"), self.wish(reference)).await.unwrap() {
            Begun::Fresh(lease, refund) => (lease, refund),
            other => panic!("{other:?}"),
        }
    }

    fn after(&self, refund: &Refund, kinds: &[Kind]) -> Refund {
        let mut after = refund.clone();
        for kind in kinds {
            let facts = Facts { catalogue_refund: Some(CatalogueRefundId::new(31)), ..Facts::default() };
            let what = Happening::new(*kind, Actor::Catalogue, "test").with(facts);
            let event = after.next(self.clock.now(), what).unwrap();
            after.apply(event).unwrap();
        }
        after
    }

    async fn told(&self, subject: &str) -> Vec<String> {
        const TOLD: &str = "SELECT kind FROM events WHERE subject = $1 ORDER BY serial";
        let rows = self.house.sql.fetch_all(TOLD, args![subject]).await.unwrap();
        rows.iter().map(|row| row.text("kind").unwrap()).collect()
    }

    async fn voucher(&self, number: i64) -> VoucherId {
        let new = NewVoucher {
            catalogue_number: number,
            media_type: "image/png",
            size_bytes: 10,
            sha256: format!("{number:064}"),
        };
        self.ledger.keep_voucher(&acme(), Mode::Sandbox, new).await.unwrap()
    }
}

#[tokio::test]
async fn the_intent_the_event_the_notice_and_the_answer_are_kept_together() {
    for book in books().await {
        let (lease, refund) = book.begun("R-1").await;
        assert_eq!((refund.state, refund.version), (State::Requesting, 2));
        assert!(book.told(refund.deed.id.as_str()).await.is_empty(), "an intent is nothing to hear of");
        let after = book.after(&refund, &[Kind::Accepted]);
        book.ledger.commit_story(&lease, &after, refund.version, 0, &answer("one")).await.unwrap();
        match book.ledger.begin_refund(key("R-1", "create_refund"), book.wish("R-1")).await.unwrap() {
            Begun::Seen(seen) => assert_eq!(seen, answer("one")),
            other => panic!("{other:?}"),
        }
        let stored = book.ledger.get::<Refund>(&refund.deed.id).await.unwrap();
        assert_eq!(stored.events.len(), 3);
        assert_eq!(Refund { events: stored.events.clone(), ..after.clone() }, stored);
        assert_eq!(book.told(refund.deed.id.as_str()).await, ["refund.requested"]);
        let number = CatalogueRefundId::new(31);
        let found = book.ledger.find_refund_id(&acme(), Mode::Sandbox, number).await.unwrap();
        assert_eq!(found, Some(refund.deed.id.clone()));
        assert_eq!(book.ledger.find_refund_id(&acme(), Mode::Live, number).await.unwrap(), None);
        assert!(
            book.ledger
                .find::<Refund>(&"other".parse().unwrap(), Mode::Sandbox, &refund.deed.id)
                .await
                .unwrap()
                .is_none()
        );
    }
}

#[tokio::test]
async fn partners_hear_each_state_once_and_none_of_the_inner_steps() {
    for book in books().await {
        let (_, refund) = book.begun("R-1").await;
        use Kind::{
            Accepted, Agreed, HandedToPerson, Modified, ModifyAsked, Refused, Succeeded, TriedAgain, Unanswered,
        };
        let kinds =
            [Unanswered, TriedAgain, HandedToPerson, Accepted, Refused, ModifyAsked, Modified, Agreed, Succeeded];
        let after = book.after(&refund, &kinds);
        book.ledger.append_story(&after, refund.version, 0).await.unwrap();
        let told = book.told(refund.deed.id.as_str()).await;
        let expected = ["unknown", "requested", "refused", "requested", "agreed", "succeeded"];
        assert_eq!(told, expected.map(|state| format!("refund.{state}")));
    }
}

#[tokio::test]
async fn of_two_that_decided_on_the_same_version_one_writes() {
    for book in books().await {
        let (_, refund) = book.begun("R-1").await;
        let one = book.after(&refund, &[Kind::Accepted]);
        let other = book.after(&refund, &[Kind::Unanswered]);
        book.ledger.append_story(&one, refund.version, 0).await.unwrap();
        let late = book.ledger.append_story(&other, refund.version, 0).await;
        assert!(matches!(late, Err(Error::Moved)), "{late:?}");
        assert_eq!(book.ledger.get::<Refund>(&refund.deed.id).await.unwrap().state, State::Requested);
    }
}

#[tokio::test]
async fn parallel_requests_take_one_reference_once() {
    for book in books().await {
        let other = Ledger::new(book.house.another().await, book.clock.clone());
        let keys: Vec<_> = (0..6).map(|n| format!("key-{n}")).collect();
        let calls = keys.iter().enumerate().map(|(n, name)| {
            let ledger = if n % 2 == 0 { &book.ledger } else { &other };
            ledger.begin_refund(key(name, "create_refund"), book.wish("R-1"))
        });
        let results = futures_util::future::join_all(calls).await;
        let fresh = results.iter().filter(|result| matches!(result, Ok(Begun::Fresh(..)))).count();
        let taken = results.iter().filter(|result| matches!(result, Err(Error::RefundReferenceTaken { .. }))).count();
        assert_eq!((fresh, taken), (1, 5), "{results:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_asked_back_is_refused_and_leaves_nothing_behind() {
    for book in books().await {
        let begin = |name: &'static str, wish: NewRefund| book.ledger.begin_refund(key(name, "create_refund"), wish);
        let foreign = NewRefund { order: OrderId::fresh(), ..book.wish("R-1") };
        assert!(matches!(begin("k1", foreign).await, Err(Error::OrderNotFound(_))));
        let many =
            |sku: i64, pieces: i64| WantedPieces { sku: SkuId::new(sku), quantity: Quantity::new(pieces).unwrap() };
        let wish = NewRefund { pieces: vec![many(7, 10), many(7, 11), many(8, 1)], ..book.wish("R-1") };
        match begin("k2", wish).await {
            Err(Error::TooManyPieces(lines)) => {
                let told: Vec<_> = lines.iter().map(|line| (line.line, line.quantity)).collect();
                assert_eq!(told, [(1, 10), (2, 0)]);
            }
            other => panic!("{other:?}"),
        }
        let wish = NewRefund { vouchers: vec![VoucherId::fresh()], ..book.wish("R-1") };
        assert!(matches!(begin("k3", wish).await, Err(Error::VoucherNotFound(_))));
        let unpaid = Sold {
            id: OrderId::fresh(),
            partner: acme(),
            mode: Mode::Sandbox,
            number: 27,
            basket: basket(),
            state: "awaiting_payment",
        };
        sell(&book.house.sql, &unpaid).await;
        let wish = NewRefund { order: unpaid.id.clone(), ..book.wish("R-1") };
        assert!(matches!(begin("k4", wish).await, Err(Error::NotRefundable(_))));
        let wish = NewRefund { vouchers: vec![book.voucher(9).await], ..book.wish("R-1") };
        match begin("k4", wish).await.unwrap() {
            Begun::Fresh(_, refund) => {
                assert_eq!(refund.deed.proofs[0].number, 9, "neither key nor reference was used up")
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_step_needs_the_partners_own_refund_and_its_key_belongs_to_that_one() {
    for book in books().await {
        let (_, refund) = book.begun("R-1").await;
        let (_, second) = book.begun("R-2").await;
        let id = |refund: &Refund| refund.deed.id.clone();
        let begin = |name: &str, id| book.ledger.begin_step::<Refunding>(key(name, "withdraw_refund"), id);
        let nobody = crate::model::ids::RefundId::fresh();
        assert!(matches!(begin("step-1", nobody).await, Err(Error::RefundNotFound(_))));
        let Begun::Fresh(lease, _) = begin("step-1", id(&refund)).await.unwrap() else { panic!("not fresh") };
        assert!(matches!(begin("step-1", id(&refund)).await, Err(Error::InProgress { .. })));
        book.ledger.release_story(&lease, &refund, refund.version, 0).await.unwrap();
        assert!(
            matches!(begin("step-1", id(&second)).await, Err(Error::KeyMismatch)),
            "another refund, another request"
        );
        let Begun::Resumed(lease, _) = begin("step-1", id(&refund)).await.unwrap() else { panic!("not resumed") };
        book.ledger.commit_story(&lease, &refund, refund.version, 0, &answer("done")).await.unwrap();
        assert!(matches!(begin("step-1", id(&refund)).await.unwrap(), Begun::Seen(seen) if seen == answer("done")));
        assert!(
            matches!(begin("step-1", id(&second)).await, Err(Error::KeyMismatch)),
            "whether it was answered or not"
        );
    }
}

#[tokio::test]
async fn what_is_due_is_claimed_by_one_and_what_ended_is_not_due() {
    for book in books().await {
        let (_, refund) = book.begun("R-1").await;
        assert!(
            book.ledger.claim_due::<Refund>(Mode::Sandbox, 10, 1000).await.unwrap().is_empty(),
            "its worker may still live"
        );
        book.clock.advance_ms(LEASE_MS + 1);
        assert!(book.ledger.claim_due::<Refund>(Mode::Live, 10, 1000).await.unwrap().is_empty());
        let claim = || book.ledger.claim_due::<Refund>(Mode::Sandbox, 10, 1000);
        let (one, two) = tokio::join!(claim(), claim());
        assert_eq!([one.unwrap(), two.unwrap()].concat(), std::slice::from_ref(&refund.deed.id), "one has it");
        let unknown = book.after(&refund, &[Kind::Unanswered]);
        book.ledger.append_story(&unknown, refund.version, 0).await.unwrap();
        let unsettled = book.ledger.unsettled::<Refund>().await.unwrap();
        assert_eq!((unsettled.unknown, unsettled.oldest_s), (1, LEASE_MS / 1000));
        let ended = book.after(&unknown, &[Kind::Accepted, Kind::Closed]);
        book.ledger.append_story(&ended, unknown.version, 0).await.unwrap();
        assert!(claim().await.unwrap().is_empty());
        assert_eq!(book.ledger.unsettled::<Refund>().await.unwrap().unknown, 0);
    }
}

#[tokio::test]
async fn lists_go_on_where_the_page_before_ended_and_show_what_is_known() {
    for book in books().await {
        for n in 0..5 {
            let (_, refund) = book.begun(&format!("R-{n}")).await;
            if n % 2 == 0 {
                let after = book.after(&refund, &[Kind::Accepted]);
                book.ledger.append_story(&after, refund.version, 0).await.unwrap();
            }
            book.clock.advance_ms(5);
        }
        let (partner, size) = (acme(), PageSize::new(2).unwrap());
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let filter = RefundFilter { order: Some(book.order.clone()), state: None };
            let page = book.ledger.list_refunds(&partner, Mode::Sandbox, &filter, cursor.as_ref(), size).await.unwrap();
            seen.extend(page.items.iter().map(|refund| refund.deed.reference.to_string()));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["R-4", "R-3", "R-2", "R-1", "R-0"]);
        let filter = RefundFilter { order: None, state: Some(State::Requested) };
        let size = PageSize::default();
        let page = book.ledger.list_refunds(&partner, Mode::Sandbox, &filter, None, size).await.unwrap();
        assert_eq!(page.items.len(), 3);
        assert!(page.items.iter().all(|refund| refund.known.catalogue_refund == Some(CatalogueRefundId::new(31))));
        let elsewhere = RefundFilter { order: Some(OrderId::fresh()), state: None };
        let page = book.ledger.list_refunds(&partner, Mode::Sandbox, &elsewhere, None, size).await.unwrap();
        assert!(page.items.is_empty());
    }
}

#[tokio::test]
async fn a_picture_has_one_id_whoever_saw_it_first() {
    for book in books().await {
        let adopted = book.ledger.adopt_voucher(&acme(), Mode::Sandbox, 9).await.unwrap();
        assert_eq!(book.ledger.adopt_voucher(&acme(), Mode::Sandbox, 9).await.unwrap(), adopted);
        assert_eq!(book.voucher(9).await, adopted, "the partner gave what the warehouse took before");
        let known = book.ledger.find_voucher_by_content(&acme(), Mode::Sandbox, &format!("{:064}", 9)).await.unwrap();
        assert_eq!(known.unwrap().id, adopted);
        let other = book.voucher(10).await;
        let ids = [other.clone(), adopted.clone()];
        let found = book.ledger.find_vouchers(&acme(), Mode::Sandbox, &ids).await.unwrap();
        assert_eq!(found, [(other, 10), (adopted.clone(), 9)]);
        let strangers = book.ledger.find_vouchers(&"other".parse().unwrap(), Mode::Sandbox, &ids).await;
        assert!(matches!(strangers, Err(Error::VoucherNotFound(_))));
        assert!(book.ledger.find_voucher(&acme(), Mode::Live, &adopted).await.unwrap().is_none());
        let new: PartnerId = "new".parse().unwrap();
        let again = (0..6).map(|_| book.ledger.adopt_voucher(&new, Mode::Sandbox, 9));
        let again = futures_util::future::join_all(again).await;
        let ids: std::collections::HashSet<_> = again.into_iter().map(Result::unwrap).collect();
        assert!(ids.len() == 1 && !ids.contains(&adopted), "one id a partner");
    }
}
