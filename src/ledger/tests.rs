//! What must hold of the ledger on every engine at hand; `fault_NN` are the contract's fault points.

mod publishing;

use super::{Answer, Begun, Error, Filter, Hold, KeyUse, Lease, Ledger, NewOrder, Progress, Which};
use crate::clock::Clock;
use crate::error::Code;
use crate::model::ids::{CatalogueOrderId, PartnerId, QuoteId};
use crate::model::money::Money;
use crate::model::order::tests::basket;
use crate::model::order::{Actor, Facts, Happening, Kind, Order, Refusal, RefusedLine, State};
use crate::model::page::PageSize;
use crate::model::partner::Mode;
use crate::model::payment::{Method, Part, PartState, Whole};
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
        NewOrder { reference: reference.parse().unwrap(), quote: self.quote().await, note: Some("谢谢".into()) }
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
async fn fault_05_a_repeat_gets_the_stored_bytes() {
    for book in books().await {
        let (lease, order) = book.begun("key-0001", "PO-1").await;
        assert_eq!((order.state, order.version), (State::Placing, 2));
        let after = book.accepted(&order, 26);
        book.ledger.commit(&lease, &after, order.version, 0, &answer("one")).await.unwrap();
        let wish = NewOrder { reference: "PO-1".parse().unwrap(), quote: order.deed.quote.clone(), note: None };
        match book.ledger.begin_order(key("key-0001", "PO-1"), wish).await.unwrap() {
            Begun::Seen(seen) => assert_eq!(seen, answer("one")),
            other => panic!("{other:?}"),
        }
        let stored = book.ledger.get_order(&order.deed.id).await.unwrap();
        assert_eq!((stored.state, stored.version, stored.events.len()), (State::AwaitingPayment, 3, 3));
        assert_eq!(stored.deed.note.as_deref(), Some("谢谢"));
        assert_eq!(book.count("SELECT COUNT(*) AS n FROM events").await, 1, "the gateway's own steps are not told");
    }
}

#[tokio::test]
async fn fault_06_of_parallel_calls_with_one_key_on_two_nodes_one_does_the_work() {
    for book in books().await {
        let wish = book.wish("PO-1").await;
        let other = Ledger::new(book.house.another().await, book.clock.clone());
        let calls = (0..8).map(|n| {
            let ledger = if n % 2 == 0 { &book.ledger } else { &other };
            ledger.begin_order(key("key-0001", "PO-1"), wish.clone())
        });
        let results = futures_util::future::join_all(calls).await;
        let fresh = results.iter().filter(|result| matches!(result, Ok(Begun::Fresh(..)))).count();
        let waiting = results.iter().filter(|result| matches!(result, Err(Error::InProgress { .. }))).count();
        assert_eq!((fresh, waiting), (1, 7), "{results:?}");
        assert_eq!(book.count("SELECT COUNT(*) AS n FROM orders").await, 1);
    }
}

#[tokio::test]
async fn parallel_calls_with_different_keys_cannot_take_one_reference_twice() {
    for book in books().await {
        let other = Ledger::new(book.house.another().await, book.clock.clone());
        let wishes = [book.wish("PO-1").await, book.wish("PO-1").await];
        let one = book.ledger.begin_order(key("key-0001", "a"), wishes[0].clone());
        let two = other.begin_order(key("key-0002", "b"), wishes[1].clone());
        let (one, two) = tokio::join!(one, two);
        let (first, refused) = if one.is_ok() { (one, two) } else { (two, one) };
        let Ok(Begun::Fresh(_, order)) = first else { panic!("{first:?}") };
        assert!(matches!(refused, Err(Error::ReferenceTaken { first }) if first == order.deed.id));
        assert_eq!(book.count("SELECT COUNT(*) AS n FROM idempotency").await, 1, "the refused key is not used up");
    }
}

#[tokio::test]
async fn fault_07_the_same_key_with_another_body_or_operation_is_refused() {
    for book in books().await {
        let (_, order) = book.begun("key-0001", "PO-1").await;
        let again = book.ledger.begin_order(key("key-0001", "other"), book.wish("PO-2").await).await;
        assert!(matches!(again, Err(Error::KeyMismatch)), "{again:?}");
        let pay = KeyUse { operation: "create_payment", ..key("key-0001", "PO-1") };
        let pay = book.ledger.begin_payment(pay, Method::Page, vec![(order.deed.id, None)]).await;
        assert!(matches!(pay, Err(Error::KeyMismatch)), "{pay:?}");
    }
}

#[tokio::test]
async fn fault_08_a_key_reused_after_its_life_meets_the_reference() {
    for book in books().await {
        let (lease, order) = book.begun("key-0001", "PO-1").await;
        book.ledger.commit(&lease, &book.accepted(&order, 1), 2, 0, &answer("one")).await.unwrap();
        book.clock.advance_ms(73 * 3_600_000);
        let again = book.ledger.begin_order(key("key-0001", "PO-1"), book.wish("PO-1").await).await;
        assert!(matches!(again, Err(Error::ReferenceTaken { first }) if first == order.deed.id));
        assert!(book.ledger.tidy().await.unwrap() >= 1);
        assert_eq!(book.count("SELECT COUNT(*) AS n FROM idempotency").await, 0);
    }
}

#[tokio::test]
async fn a_key_whose_life_is_over_is_as_good_as_new_and_its_first_worker_is_locked_out() {
    for book in books().await {
        let (slow, order) = book.begun("key-0001", "PO-1").await;
        book.clock.advance_ms(72 * 3_600_000);
        let (lease, second) = book.begun("key-0001", "PO-2").await;
        assert_ne!(second.deed.id, order.deed.id);
        let late = book.ledger.commit(&slow, &book.accepted(&order, 1), 2, 0, &answer("late")).await;
        assert!(matches!(late, Err(Error::LeaseLost)), "{late:?}");
        book.ledger.commit(&lease, &book.accepted(&second, 2), 2, 0, &answer("two")).await.unwrap();
        let wish = NewOrder { reference: "PO-2".parse().unwrap(), quote: second.deed.quote, note: None };
        match book.ledger.begin_order(key("key-0001", "PO-2"), wish).await.unwrap() {
            Begun::Seen(seen) => assert_eq!(seen, answer("two")),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn fault_10_a_worker_whose_lease_ran_out_cannot_write() {
    for book in books().await {
        let (slow, order) = book.begun("key-0001", "PO-1").await;
        let wish = NewOrder { reference: "PO-1".parse().unwrap(), quote: order.deed.quote.clone(), note: None };
        let early = book.ledger.begin_order(key("key-0001", "PO-1"), wish.clone()).await;
        assert!(matches!(early, Err(Error::InProgress { retry_after_s: 1..=31 })), "{early:?}");
        book.clock.advance_ms(LEASE_MS + 1);
        let Begun::Resumed(second, left) = book.ledger.begin_order(key("key-0001", "PO-1"), wish).await.unwrap() else {
            panic!("the second worker did not take over")
        };
        assert_eq!(left, order);
        let after = book.accepted(&order, 26);
        let late = book.ledger.commit(&slow, &after, 2, 0, &answer("slow")).await;
        assert!(matches!(late, Err(Error::LeaseLost)), "{late:?}");
        assert_eq!(book.ledger.get_order(&order.deed.id).await.unwrap().version, 2, "its event was written");
        book.ledger.commit(&second, &after, 2, 0, &answer("second")).await.unwrap();
    }
}

#[tokio::test]
async fn a_released_key_starts_again_where_it_ended() {
    for book in books().await {
        let (lease, order) = book.begun("key-0001", "PO-1").await;
        let back = book.after(&order, Kind::NotReached, Facts::default());
        book.ledger.release(&lease, &back, 2, i64::MAX).await.unwrap();
        let wish = NewOrder { reference: "PO-1".parse().unwrap(), quote: order.deed.quote.clone(), note: None };
        match book.ledger.begin_order(key("key-0001", "PO-1"), wish).await.unwrap() {
            Begun::Resumed(_, left) => assert_eq!((left.state, left.version), (State::Received, 3)),
            other => panic!("{other:?}"),
        }
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
        let claim = || book.ledger.claim_due(Mode::Sandbox, 10, 10_000);
        assert!(claim().await.unwrap().is_empty(), "its worker is still at it");
        book.clock.advance_ms(LEASE_MS + 1);
        assert!(book.ledger.claim_due(Mode::Live, 10, 10_000).await.unwrap().is_empty(), "the other world's");
        let (one, two) = tokio::join!(claim(), claim());
        assert_eq!(one.unwrap().len() + two.unwrap().len(), 1);
        assert!(claim().await.unwrap().is_empty(), "it is claimed");
        book.clock.advance_ms(10_001);
        let unknown = book.after(&order, Kind::Unanswered, Facts::default());
        book.ledger.append(&unknown, 2, 0).await.unwrap();
        let unsettled = book.ledger.unsettled().await.unwrap();
        assert_eq!((unsettled.unknown, unsettled.oldest_s >= 40), (1, true));
    }
}

#[tokio::test]
async fn a_feed_is_followed_by_one_node_until_it_is_gone() {
    for book in books().await {
        let ledger = &book.ledger;
        let (one, two) = tokio::join!(ledger.take_feed("live", "a"), ledger.take_feed("live", "b"));
        let (one, two) = (one.unwrap(), two.unwrap());
        let (mut turn, first, second) = match (one, two) {
            (Some(turn), None) => (turn, "a", "b"),
            (None, Some(turn)) => (turn, "b", "a"),
            both => panic!("both begin in the same moment, one may: {both:?}"),
        };
        assert!(ledger.advance_feed(&mut turn, Mode::Live, 7, Vec::new()).await.unwrap());
        assert!(ledger.take_feed("live", second).await.unwrap().is_none());
        assert_eq!(ledger.take_feed("live", first).await.unwrap().unwrap().from, 7, "it keeps its turn");
        assert!(ledger.take_feed("sandbox", second).await.unwrap().is_some(), "feeds are apart");
        book.clock.advance_ms(15_001);
        let mut next = ledger.take_feed("live", second).await.unwrap().unwrap();
        assert_eq!(next.from, 7);
        let left = crate::ledger::LeftOut { kind: "order".into(), reference: "ord_1".into(), why: "garbled".into() };
        assert!(!ledger.advance_feed(&mut turn, Mode::Live, 9, vec![left.clone()]).await.unwrap(), "it was halted");
        assert!(ledger.list_left_out(9).await.unwrap().is_empty(), "what is not passed is not left out");
        assert!(ledger.advance_feed(&mut next, Mode::Live, 8, vec![left.clone()]).await.unwrap());
        assert_eq!((ledger.feed_cursor("live").await.unwrap(), ledger.feed_cursor("other").await.unwrap()), (8, 0));
        assert_eq!(ledger.list_left_out(9).await.unwrap()[0].what, left);
        ledger.release_feed("live", second).await.unwrap();
        assert_eq!(ledger.take_feed("live", first).await.unwrap().unwrap().from, 8, "given up, and taken at once");
        // A node whose clock was a day ahead held it last.
        book.clock.advance_ms(86_400_000);
        ledger.take_feed("live", first).await.unwrap().unwrap();
        book.clock.advance_ms(-86_400_000);
        assert!(ledger.take_feed("live", second).await.unwrap().is_some());
    }
}

#[tokio::test]
async fn what_is_left_out_is_looked_up_with_growing_pauses_until_it_is_settled() {
    for book in books().await {
        let ledger = &book.ledger;
        let mut turn = ledger.take_feed("live", "a").await.unwrap().unwrap();
        let left = crate::ledger::LeftOut { kind: "refund".into(), reference: "ref_1".into(), why: "謎".repeat(900) };
        assert!(ledger.advance_feed(&mut turn, Mode::Live, 3, vec![left.clone()]).await.unwrap());
        assert!(ledger.list_due_left_out("live", 9).await.unwrap().is_empty(), "not at once");
        for pause in [5_000, 10_000, 20_000] {
            book.clock.advance_ms(pause - 1_000);
            assert!(ledger.list_due_left_out("live", 9).await.unwrap().is_empty(), "{pause}");
            book.clock.advance_ms(1_001);
            let due = ledger.list_due_left_out("live", 9).await.unwrap();
            assert!(ledger.list_due_left_out("sandbox", 9).await.unwrap().is_empty());
            ledger.put_left_out_off(&due[0], "still").await.unwrap();
            assert!(!ledger.settle_left_out(&due[0]).await.unwrap(), "it is another entry by now");
        }
        let count = &ledger.count_left_out().await.unwrap()[0];
        assert_eq!((count.kind.as_str(), count.count, count.oldest_s >= 35), ("refund", 1, true));
        let before = ledger.list_left_out(9).await.unwrap().remove(0);
        assert_eq!((before.tries, before.what.why.as_str()), (3, "still"));
        assert!(ledger.advance_feed(&mut turn, Mode::Live, 4, vec![left]).await.unwrap());
        assert!(!ledger.settle_left_out(&before).await.unwrap(), "it changed again meanwhile, and was left out again");
        let now = ledger.list_left_out(9).await.unwrap().remove(0);
        assert_eq!((now.first_seen, now.tries), (before.first_seen, 3));
        assert!(ledger.settle_left_out(&now).await.unwrap());
        assert!(ledger.count_left_out().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_payment_follows_its_orders_and_never_changes_once_settled() {
    for book in books().await {
        let (_, order) = book.begun("key-0001", "PO-1").await;
        let waiting = book.accepted(&order, 1);
        book.ledger.append(&waiting, 2, 0).await.unwrap();
        let asked = || KeyUse { operation: "create_payment", ..key("key-0002", "pay") };
        let foreign = crate::model::ids::OrderId::fresh();
        let refused = book.ledger.begin_payment(asked(), Method::Debit, vec![(foreign, None)]).await;
        assert!(matches!(refused, Err(Error::OrderNotFound(_))), "{refused:?}");
        let begun =
            book.ledger.begin_payment(asked(), Method::Debit, vec![(order.deed.id.clone(), None)]).await.unwrap();
        let Begun::Fresh(lease, payment) = begun else { panic!("{begun:?}") };
        assert_eq!(payment.state(), Whole::Pending);
        book.clock.advance_ms(60_000);
        let silent = async |ms| book.ledger.claim_silent_debits(Mode::Sandbox, ms, 9).await.unwrap().len();
        let held = Hold::of_fresh(&payment).remove(0);
        assert_eq!((silent(30_000).await, silent(30_000).await), (1, 0), "claimed by one, and quiet for a while then");
        book.ledger.append(&book.after(&waiting, Kind::Paid, Facts::default()), 3, 0).await.unwrap();
        let doubted = book.ledger.claim_doubted(Mode::Sandbox, 30_000, 9).await.unwrap();
        assert_eq!((doubted.len(), &doubted[0].payment), (1, &payment.id), "whose debit it was is to be asked");
        assert!(!book.ledger.end_doubt(&doubted[0], true).await.unwrap(), "it was not called failed before");
        let failed = Part {
            order: order.deed.id.clone(),
            state: PartState::Failed,
            pay_url: None,
            problem: Some("x".into()),
            agreed: None,
        };
        assert!(!book.ledger.settle_part(&held, &failed).await.unwrap(), "it is settled");
        let paid = book.ledger.find_payment(&acme(), Mode::Sandbox, &payment.id).await.unwrap().unwrap();
        assert_eq!((paid.state(), paid.parts[0].problem.as_deref()), (Whole::Paid, None));
        assert_eq!(silent(0).await, 0);
        book.ledger.commit_payment(&lease, &answer("paid")).await.unwrap();
        let again = book.ledger.begin_payment(asked(), Method::Debit, vec![(order.deed.id, None)]).await.unwrap();
        assert!(matches!(again, Begun::Seen(seen) if seen == answer("paid")));
    }
}

#[tokio::test]
async fn a_debit_of_an_order_that_ended_here_and_goes_on_there_is_asked_for() {
    for book in books().await {
        let (_, order) = book.begun("key-0001", "PO-1").await;
        let waiting = book.accepted(&order, 1);
        book.ledger.append(&waiting, 2, 0).await.unwrap();
        let asked = KeyUse { operation: "create_payment", ..key("key-0002", "pay") };
        let begun = book.ledger.begin_payment(asked, Method::Debit, vec![(order.deed.id.clone(), None)]).await.unwrap();
        let Begun::Fresh(_, payment) = begun else { panic!("{begun:?}") };
        let part = async || {
            let found = book.ledger.find_payment(&acme(), Mode::Sandbox, &payment.id).await.unwrap();
            found.unwrap().parts.remove(0)
        };
        let agreed = part().await.agreed.unwrap();
        assert_eq!((agreed.amount, agreed.version), (waiting.payable, waiting.version));
        let cancelled = book.after(&waiting, Kind::Cancelled, Facts::default());
        book.ledger.append(&cancelled, 3, 0).await.unwrap();
        assert_eq!(part().await.state, PartState::Failed);
        let doubted = async || book.ledger.claim_doubted(Mode::Sandbox, 30_000, 9).await.unwrap();
        assert!(doubted().await.is_empty(), "it ended unpaid");
        book.ledger.append(&book.after(&cancelled, Kind::WentOn, Facts::default()), 4, 0).await.unwrap();
        let doubted = doubted().await;
        assert!(book.ledger.end_doubt(&doubted[0], true).await.unwrap(), "it was called failed");
        assert_eq!((part().await.state, part().await.problem), (PartState::Paid, None));
    }
}

#[tokio::test]
async fn only_the_newest_holder_of_a_part_may_debit_and_say_how_it_went() {
    for book in books().await {
        let (_, order) = book.begun("key-0001", "PO-1").await;
        let (_, other) = book.begun("key-0003", "PO-2").await;
        for (order, number) in [(&order, 1), (&other, 2)] {
            book.ledger.append(&book.accepted(order, number), 2, 0).await.unwrap();
        }
        let asked = KeyUse { operation: "create_payment", ..key("key-0002", "pay") };
        let both = vec![(order.deed.id.clone(), None), (other.deed.id.clone(), None)];
        let begun = book.ledger.begin_payment(asked, Method::Debit, both).await.unwrap();
        let Begun::Fresh(_, payment) = begun else { panic!("{begun:?}") };
        let first = Hold::of_fresh(&payment);
        book.clock.advance_ms(60_000);
        book.ledger.renew_holds(&first[1..]).await.unwrap();
        let mut taken = book.ledger.claim_silent_debits(Mode::Sandbox, 30_000, 9).await.unwrap();
        assert_eq!((taken.len(), &taken[0].order), (1, &order.deed.id), "what is held on is not silent");
        let second = taken.remove(0);
        assert!((second.asked.is_none(), second.is_first()) == (true, false));
        let part = |state| Part { order: order.deed.id.clone(), state, pay_url: None, problem: None, agreed: None };
        let settle = async |hold: &Hold, state| book.ledger.settle_part(hold, &part(state)).await.unwrap();
        assert_eq!(book.ledger.mark_asked(&first[0]).await.unwrap(), None);
        assert!(!settle(&first[0], PartState::Failed).await && !settle(&first[0], PartState::Pending).await);
        let at = book.ledger.mark_asked(&second).await.unwrap();
        assert!(at.is_some());
        let third = book.ledger.take_parts(&payment.id).await.unwrap();
        assert_eq!(third.iter().map(|hold| &hold.order).collect::<Vec<_>>(), [&order.deed.id, &other.deed.id]);
        assert_eq!((third[0].asked, third[1].asked), (at, None), "a debit may be under way");
        assert!(!settle(&second, PartState::Unknown).await);
        assert!(settle(&third[0], PartState::Unknown).await && settle(&third[0], PartState::Failed).await);
        assert!(!settle(&third[0], PartState::Unknown).await, "it is settled");
        assert_eq!(book.ledger.mark_asked(&third[0]).await.unwrap(), None);
        assert!(book.ledger.mark_asked(&third[1]).await.unwrap().is_some());
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
    for book in books().await {
        let (_, first) = book.begun("key-0001", "PO-1").await;
        book.ledger.append(&book.accepted(&first, 1), 2, 0).await.unwrap();
        book.clock.advance_ms(1_000);
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
        let progress = book.ledger.progress(3_600_000, None).await.unwrap();
        let of = |reached, state| Progress { reached, state, orders: 1 };
        let stood = [of(State::Received, State::Placing), of(State::AwaitingPayment, State::AwaitingPayment)];
        assert_eq!(progress, stood);
        assert!(book.ledger.progress(3_600_000, Some(&"nobody".parse().unwrap())).await.unwrap().is_empty());
        let counted = async |within_ms| {
            let counts = book.ledger.count_by_state(within_ms).await.unwrap();
            counts.into_iter().map(|count| (count.partner, count.state, count.orders)).collect::<Vec<_>>()
        };
        let (waiting, placing) = ((acme(), State::AwaitingPayment, 1), (acme(), State::Placing, 1));
        assert_eq!(counted(60_000).await, [waiting, placing.clone()]);
        book.clock.advance_ms(59_500);
        assert_eq!(counted(60_000).await, [placing], "older ones are not counted");
    }
}
