//! What must hold of the ledger on every engine at hand; `fault_NN` are the contract's fault points.

mod following;
mod keys;
mod parts;
mod publishing;
mod together;

use super::{Answer, Begun, Error, Filter, KeyUse, Lease, Ledger, NewOrder, Progress, Which};
use crate::clock::Clock;
use crate::error::Code;
use crate::model::ids::{CatalogueOrderId, PartnerId, QuoteId};
use crate::model::money::Money;
use crate::model::order::tests::basket;
use crate::model::order::{Actor, Facts, Happening, Kind, Order, Refusal, RefusedLine, State};
use crate::model::page::PageSize;
use crate::model::partner::Mode;
use crate::model::quote::Quote;
use crate::sql::{args, trial};

const LEASE_MS: i64 = 30_000;

struct Book {
    house: trial::House,
    clock: Clock,
    ledger: Ledger,
}

async fn books() -> Vec<Book> {
    let clock = Clock::shiftable();
    let book = |house: trial::House| Book {
        ledger: Ledger::new(house.sql.clone(), clock.clone()),
        clock: clock.clone(),
        house,
    };
    trial::houses().await.into_iter().map(book).collect()
}

fn acme() -> PartnerId {
    "acme".parse().unwrap()
}

fn key(key: &str, body: &str) -> KeyUse {
    KeyUse {
        partner: acme(),
        mode: Mode::Sandbox,
        operation: "create_order",
        key: key.to_owned(),
        body_hash: body.as_bytes().to_vec(),
        lease_ms: LEASE_MS,
    }
}

fn answer(text: &str) -> Answer {
    let headers = vec![("location".to_owned(), "/v1/orders/x".to_owned())];
    Answer { status: 201, headers, body: text.as_bytes().to_vec() }
}

impl Book {
    async fn quote(&self) -> QuoteId {
        let now = self.clock.now();
        let quote = Quote {
            id: QuoteId::fresh(),
            partner: acme(),
            mode: Mode::Sandbox,
            basket: basket(),
            exchange: crate::model::order::tests::deed("x").exchange,
            created_at: now,
            expires_at: now + jiff::SignedDuration::from_mins(30),
        };
        self.ledger.append_quotes(std::slice::from_ref(&quote)).await.unwrap();
        let stored = self.ledger.find_quote(&acme(), Mode::Sandbox, &quote.id).await.unwrap().unwrap();
        assert_eq!(stored.basket, quote.basket);
        assert!(self.ledger.find_quote(&acme(), Mode::Live, &quote.id).await.unwrap().is_none(), "modes are apart");
        quote.id
    }

    async fn wish(&self, reference: &str) -> NewOrder {
        NewOrder {
            reference: reference.parse().unwrap(),
            quote: self.quote().await,
            note: Some("谢谢".into()),
            referral: None,
        }
    }

    async fn begun(&self, name: &str, reference: &str) -> (Lease, Order) {
        let wish = self.wish(reference).await;
        match self.ledger.begin_order(key(name, reference), wish).await.unwrap() {
            Begun::Fresh(lease, order) => {
                assert_eq!(order, self.ledger.get_order(&order.deed.id).await.unwrap(), "told otherwise than stored");
                (lease, order)
            }
            other => panic!("{other:?}"),
        }
    }

    fn after(&self, order: &Order, kind: Kind, facts: Facts) -> Order {
        let mut after = order.clone();
        let event = after.next(self.clock.now(), Happening::new(kind, Actor::Catalogue, "test").with(facts)).unwrap();
        after.apply(event).unwrap();
        after
    }

    fn accepted(&self, order: &Order, number: i64) -> Order {
        let facts = Facts { catalogue_order: Some(CatalogueOrderId::new(number)), ..Facts::default() };
        self.after(order, Kind::Accepted, facts)
    }

    async fn count(&self, text: &'static str) -> i64 {
        self.house.sql.fetch_optional(text, vec![]).await.unwrap().unwrap().int("n").unwrap()
    }
}

#[tokio::test]
async fn of_two_next_events_only_the_first_is_written() {
    for book in books().await {
        let (_, order) = book.begun("key-0001", "PO-1").await;
        let (one, two) = (book.accepted(&order, 1), book.after(&order, Kind::Unanswered, Facts::default()));
        book.ledger.append(&one, 2, 0).await.unwrap();
        assert!(matches!(book.ledger.append(&two, 2, 0).await, Err(Error::Moved)));
        assert_eq!(book.ledger.get_order(&order.deed.id).await.unwrap(), one);
        assert_eq!(book.count("SELECT COUNT(*) AS n FROM events").await, 1, "the gateway's own steps are not told");
    }
}

#[tokio::test]
async fn a_quote_is_used_once_unless_its_order_was_rejected() {
    for book in books().await {
        let (lease, order) = book.begun("key-0001", "PO-1").await;
        let again = |reference: &str| NewOrder {
            reference: reference.parse().unwrap(),
            quote: order.deed.quote.clone(),
            note: None,
            referral: None,
        };
        let used = book.ledger.begin_order(key("key-0002", "b"), again("PO-2")).await;
        assert!(matches!(used, Err(Error::QuoteUsed { order: by }) if by == order.deed.id));
        let refusal = Refusal {
            code: Code::PriceChanged,
            detail: "dearer".into(),
            lines: vec![RefusedLine {
                sku: order.deed.basket.lines[0].sku,
                unit_price: Some(Money::fen(340)),
                stock: None,
            }],
            freight: Some(Money::fen(800)),
            total: Some(Money::fen(4200)),
        };
        let rejected = book.after(&order, Kind::Refused, Facts { refusal: Some(refusal), ..Facts::default() });
        book.ledger.commit(&lease, &rejected, 2, 0, &answer("no")).await.unwrap();
        let stored = book.ledger.get_order(&order.deed.id).await.unwrap();
        assert_eq!((&stored, stored.reason.as_deref()), (&rejected, Some("price_changed")));
        assert!(matches!(book.ledger.begin_order(key("key-0003", "c"), again("PO-3")).await, Ok(Begun::Fresh(..))));
    }
}

#[tokio::test]
async fn an_expired_quote_leaves_no_trace() {
    for book in books().await {
        let wish = book.wish("PO-1").await;
        book.clock.advance_ms(31 * 60_000);
        let late = book.ledger.begin_order(key("key-0001", "a"), wish).await;
        assert!(matches!(late, Err(Error::QuoteExpired)), "{late:?}");
        let missing = NewOrder { quote: QuoteId::fresh(), ..book.wish("PO-1").await };
        let missing = book.ledger.begin_order(key("key-0001", "a"), missing).await;
        assert!(matches!(missing, Err(Error::QuoteNotFound)), "{missing:?}");
        assert_eq!(book.count("SELECT COUNT(*) AS n FROM orders").await, 0);
        assert_eq!(book.count("SELECT COUNT(*) AS n FROM idempotency").await, 0);
    }
}

#[tokio::test]
async fn lists_show_what_the_fold_says_newest_first_page_by_page() {
    for book in books().await {
        for n in 0..7 {
            let (_, order) = book.begun(&format!("key-000{n}"), &format!("PO-{n}")).await;
            book.clock.advance_ms(1000);
            if n % 2 == 0 {
                book.ledger.append(&book.accepted(&order, n), 2, 0).await.unwrap();
            }
        }
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let size = PageSize::new(3).unwrap();
            let (whose, all) = (acme(), Filter::default());
            let page = book.ledger.list_orders(&whose, Mode::Sandbox, &all, cursor.as_ref(), size).await.unwrap();
            seen.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        let references: Vec<_> = seen.iter().map(|order| order.deed.reference.as_str()).collect();
        assert_eq!(references, ["PO-6", "PO-5", "PO-4", "PO-3", "PO-2", "PO-1", "PO-0"]);
        for order in &seen {
            let whole = book.ledger.find_by_reference(&acme(), Mode::Sandbox, &order.deed.reference).await.unwrap();
            assert_eq!(&Order { events: Vec::new(), ..whole.unwrap() }, order);
        }
        let filter = Filter { state: Some(State::Placing), created_after: Some(seen[3].deed.created_at) };
        let some = book.ledger.list_orders(&acme(), Mode::Sandbox, &filter, None, PageSize::default()).await.unwrap();
        assert_eq!(some.items.len(), 2);
        let other: PartnerId = "other".parse().unwrap();
        for (partner, mode) in [(&other, Mode::Sandbox), (&acme(), Mode::Live)] {
            let none = book.ledger.list_orders(partner, mode, &Filter::default(), None, PageSize::default()).await;
            assert!(none.unwrap().items.is_empty());
            assert!(book.ledger.find_order(partner, mode, &seen[0].deed.id).await.unwrap().is_none());
        }
    }
}

#[tokio::test]
async fn an_unsettled_order_is_claimed_by_one_node_at_a_time() {
    for book in books().await {
        let (_, order) = book.begun("key-0001", "PO-1").await;
        let claim = || book.ledger.claim_due::<Order>(Mode::Sandbox, 10, 10_000);
        assert!(claim().await.unwrap().is_empty(), "its worker is still at it");
        book.clock.advance_ms(LEASE_MS + 1);
        assert!(book.ledger.claim_due::<Order>(Mode::Live, 10, 10_000).await.unwrap().is_empty(), "the other world's");
        let (one, two) = tokio::join!(claim(), claim());
        assert_eq!(one.unwrap().len() + two.unwrap().len(), 1);
        assert!(claim().await.unwrap().is_empty(), "it is claimed");
        book.clock.advance_ms(10_001);
        let unknown = book.after(&order, Kind::Unanswered, Facts::default());
        book.ledger.append(&unknown, 2, 0).await.unwrap();
        let unsettled = book.ledger.unsettled::<Order>().await.unwrap();
        assert_eq!((unsettled.unknown, unsettled.oldest_s >= 40), (1, true));
    }
}

#[tokio::test]
async fn events_cannot_be_written_twice_at_one_place() {
    for book in books().await {
        let (_, order) = book.begun("key-0001", "PO-1").await;
        const TWICE: &str = "INSERT INTO order_events (order_id, version, id, kind, state, actor, cause, facts, at) \
            VALUES ($1, 2, 'evt_x', 'paid', 'paid', 'gateway', '', '{}', 0)";
        assert!(book.house.sql.execute(TWICE, args![order.deed.id.as_str()]).await.unwrap_err().is_unique());
    }
}

#[tokio::test]
async fn the_operator_sees_the_newest_orders_and_counts_of_all_partners() {
    const HOUR_MS: i64 = 3_600_000;
    for book in books().await {
        let (_, first) = book.begun("key-0001", "PO-1").await;
        book.ledger.append(&book.accepted(&first, 1), 2, 0).await.unwrap();
        book.clock.advance_ms(HOUR_MS / 2);
        let wish = book.wish("PO-2").await;
        book.ledger.begin_order(key("key-0002", "PO-2"), wish).await.unwrap();
        let found = async |which: Which, limit| {
            let page = book.ledger.list_all_orders(&which, None, limit).await.unwrap();
            page.items.iter().map(|order| order.deed.reference.to_string()).collect::<Vec<_>>()
        };
        let named = |text: &str| Which { reference: Some(text.parse().unwrap()), ..Which::default() };
        let in_state = Which { state: Some(State::AwaitingPayment), ..Which::default() };
        assert_eq!(found(Which::default(), 9).await, ["PO-2", "PO-1"]);
        assert_eq!(found(Which::default(), 1).await, ["PO-2"]);
        assert_eq!(found(in_state.clone(), 9).await, ["PO-1"]);
        assert_eq!(found(named("PO-2"), 9).await, ["PO-2"]);
        assert!(found(Which { state: in_state.state, ..named("PO-2") }, 9).await.is_empty());
        let first = book.ledger.list_all_orders(&Which::default(), None, 1).await.unwrap();
        let rest = book.ledger.list_all_orders(&Which::default(), first.next.as_ref(), 1).await.unwrap();
        assert_eq!((rest.items[0].deed.reference.as_str(), rest.next), ("PO-1", None));
        let progress = book.ledger.progress(HOUR_MS, None).await.unwrap();
        let of = |reached, state| Progress { reached, state, orders: 1 };
        let stood = [of(State::Received, State::Placing), of(State::AwaitingPayment, State::AwaitingPayment)];
        assert_eq!(progress, stood);
        assert!(book.ledger.progress(HOUR_MS, Some(&"nobody".parse().unwrap())).await.unwrap().is_empty());
        let counted = async |within_ms| {
            let counts = book.ledger.count_by_state(within_ms).await.unwrap();
            counts.into_iter().map(|count| (count.partner, count.state, count.orders)).collect::<Vec<_>>()
        };
        let (waiting, placing) = ((acme(), State::AwaitingPayment, 1), (acme(), State::Placing, 1));
        assert_eq!(counted(HOUR_MS).await, [waiting, placing.clone()]);
        // However slow the machine is, this is far from either bound.
        book.clock.advance_ms(HOUR_MS * 3 / 4);
        assert_eq!(counted(HOUR_MS).await, [placing], "older ones are not counted");
    }
}
