//! Consignments in the ledger, on every engine at hand.

use super::{Consigning, NewConsignment, Written};
use crate::clock::Clock;
use crate::error::{Code, Place};
use crate::ledger::trial::{paid, written_order};
use crate::ledger::{Answer, Begun, Error, KeyUse, Lease, Ledger};
use crate::model::consignment::tests::facts;
use crate::model::consignment::{
    Consignment, Counted, Facts, Happening, Hindrance, InspectedLine, Inspection, Kind, OperatedBy, Refusal, Report,
    ReportState, Said, State, Verdict,
};
use crate::model::ids::{OrderId, PartnerId, VoucherId};
use crate::model::order::Actor;
use crate::model::page::PageSize;
use crate::model::partner::Mode;
use crate::model::{consignment, order};
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

fn key(key: &str) -> KeyUse {
    KeyUse {
        partner: acme(),
        mode: Mode::Sandbox,
        operation: "create_consignment",
        key: key.to_owned(),
        body_hash: key.as_bytes().to_vec(),
        lease_ms: LEASE_MS,
    }
}

fn answer(text: &str) -> Answer {
    Answer { status: 201, headers: Vec::new(), body: text.as_bytes().to_vec() }
}

fn wish(reference: &str, orders: &[OrderId]) -> NewConsignment {
    let reference = reference.parse().unwrap();
    NewConsignment { reference, orders: orders.to_vec(), operated_by: OperatedBy::Partner }
}

impl Book {
    async fn paid_order(&self, partner: &str, reference: &str) -> OrderId {
        let deed = written_order(&self.ledger, &self.clock, partner, reference).await;
        let order = self.ledger.get_order(&deed.id).await.unwrap();
        paid(&self.ledger, &self.clock, order, 26).await.deed.id
    }

    async fn begun(&self, reference: &str, orders: &[OrderId]) -> (Lease, Consignment) {
        match self.ledger.begin_consignment(key(&format!("key-{reference}")), wish(reference, orders)).await.unwrap() {
            Begun::Fresh(lease, consignment) => (lease, consignment),
            other => panic!("{other:?}"),
        }
    }

    fn after(&self, consignment: &Consignment, kind: Kind, facts: Facts) -> Consignment {
        let mut after = consignment.clone();
        let what = Happening::new(kind, Actor::Catalogue, "test").with(facts);
        let event = after.next(self.clock.now(), what).unwrap();
        after.apply(event).unwrap();
        after
    }

    async fn append(&self, before: &Consignment, after: &Consignment) -> Result<(), Error> {
        let written = Written { consignment: after, known: before.version, look_at: 0, report: None };
        self.ledger.append_consignment(written).await
    }

    async fn told(&self) -> Vec<String> {
        const TOLD: &str = "SELECT kind FROM events WHERE kind LIKE 'consignment.%' ORDER BY serial";
        let rows = self.house.sql.fetch_all(TOLD, args![]).await.unwrap();
        rows.iter().map(|row| row.text("kind").unwrap()).collect()
    }

    async fn begin_report(&self, name: &str, consignment: &Consignment, said: Said) -> Result<Begun<Report>, Error> {
        let asked = KeyUse { operation: "create_receipt", ..key(name) };
        self.ledger.begin_report(asked, consignment.deed.id.clone(), said).await
    }
}

#[tokio::test]
async fn a_story_is_read_back_as_it_was_written_with_every_fact() {
    for book in books().await {
        let order = book.paid_order("acme", "PO-1").await;
        let (lease, begun) = book.begun("CO-1", std::slice::from_ref(&order)).await;
        assert_eq!((begun.state, begun.version), (State::Opening, 2));
        let opened = book.after(&begun, Kind::Opened, Facts::default());
        let written = Written { consignment: &opened, known: 2, look_at: 0, report: None };
        book.ledger.commit_consignment(&lease, written, &answer("one")).await.unwrap();
        // Every fact there is, about a deed with a second order in it.
        let twice = consignment::Deed {
            orders: [opened.deed.orders.clone(), opened.deed.orders.clone()].concat(),
            ..opened.deed.clone()
        };
        let refusal =
            Refusal { code: Code::ConsignmentRefused, detail: "no".into(), places: vec![Place::body("/x", "y")] };
        let all = Facts { refusal: Some(refusal), ..facts(&twice) };
        let received = book.after(&opened, Kind::PartReceived, all);
        book.append(&opened, &received).await.unwrap();
        assert_eq!(book.ledger.get_consignment(&opened.deed.id).await.unwrap(), received);
        let found = book.ledger.find_consignment_by_reference(&acme(), Mode::Sandbox, &opened.deed.reference).await;
        assert_eq!(found.unwrap().unwrap(), received);
        assert_eq!(book.told().await, ["consignment.opened", "consignment.part_received"], "inner steps are not told");
        for (partner, mode) in [("other", Mode::Sandbox), ("acme", Mode::Live)] {
            let found = book.ledger.find_consignment(&partner.parse().unwrap(), mode, &opened.deed.id).await.unwrap();
            assert!(found.is_none());
        }
        match book.ledger.begin_consignment(key("key-CO-1"), wish("CO-1", &[order])).await.unwrap() {
            Begun::Seen(seen) => assert_eq!(seen, answer("one")),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn of_two_next_events_only_the_first_is_written() {
    for book in books().await {
        let order = book.paid_order("acme", "PO-1").await;
        let (_, begun) = book.begun("CO-1", &[order]).await;
        let (one, two) = (
            book.after(&begun, Kind::Opened, Facts::default()),
            book.after(&begun, Kind::Unanswered, Facts::default()),
        );
        book.append(&begun, &one).await.unwrap();
        assert!(matches!(book.append(&begun, &two).await, Err(Error::Moved)));
        assert_eq!(book.ledger.get_consignment(&begun.deed.id).await.unwrap(), one);
        assert_eq!(book.told().await, ["consignment.opened"]);
    }
}

#[tokio::test]
async fn an_order_is_in_one_consignment_until_that_is_given_up() {
    for book in books().await {
        let order = book.paid_order("acme", "PO-1").await;
        let (_, first) = book.begun("CO-1", std::slice::from_ref(&order)).await;
        let again = book.ledger.begin_consignment(key("key-CO-2"), wish("CO-2", std::slice::from_ref(&order))).await;
        let Err(Error::Consigning(Consigning::Obstacles(obstacles))) = again else { panic!("{again:?}") };
        assert_eq!(obstacles[0].why, Hindrance::Consigned(first.deed.id.clone()));
        let refusal = Refusal { code: Code::ConsignmentRefused, detail: "no".into(), places: Vec::new() };
        let refused = book.after(&first, Kind::Refused, Facts { refusal: Some(refusal), ..Facts::default() });
        book.append(&first, &refused).await.unwrap();
        let taken = book.ledger.begin_consignment(key("key-CO-3"), wish("CO-1", std::slice::from_ref(&order))).await;
        let taken_by_first = matches!(
            &taken,
            Err(Error::Consigning(Consigning::ReferenceTaken { first: by })) if *by == first.deed.id
        );
        assert!(taken_by_first, "a reference is used for ever: {taken:?}");
        book.begun("CO-2", &[order]).await;
    }
}

#[tokio::test]
async fn parallel_wishes_for_one_order_make_one_consignment() {
    for book in books().await {
        let order = book.paid_order("acme", "PO-1").await;
        let other = Ledger::new(book.house.another().await, book.clock.clone());
        let wishes = (0..6).map(|n| {
            let ledger = if n % 2 == 0 { &book.ledger } else { &other };
            let (name, reference) = (format!("key-000{n}"), format!("CO-{n}"));
            let wish = wish(&reference, std::slice::from_ref(&order));
            async move { ledger.begin_consignment(key(&name), wish).await }
        });
        let begun = futures_util::future::join_all(wishes).await;
        assert_eq!(begun.iter().filter(|one| matches!(one, Ok(Begun::Fresh(..)))).count(), 1, "{begun:?}");
    }
}

#[tokio::test]
async fn every_order_in_the_way_is_named_and_nothing_is_left_behind() {
    for book in books().await {
        let own = book.paid_order("acme", "PO-1").await;
        let unpaid = written_order(&book.ledger, &book.clock, "acme", "PO-2").await.id;
        let foreign = book.paid_order("other", "PO-1").await;
        let orders = [foreign, own.clone(), unpaid, own.clone()];
        let refused = book.ledger.begin_consignment(key("key-CO-1"), wish("CO-1", &orders)).await;
        let Err(Error::Consigning(Consigning::Obstacles(obstacles))) = refused else { panic!("{refused:?}") };
        let told: Vec<_> = obstacles.into_iter().map(|obstacle| (obstacle.at, obstacle.why)).collect();
        let expected = [(0, Hindrance::NotFound), (2, Hindrance::State(order::State::Placing)), (3, Hindrance::Twice)];
        assert_eq!(told, expected);
        book.begun("CO-1", &[own]).await;
    }
}

#[tokio::test]
async fn a_report_is_written_before_it_is_said_and_settled_once() {
    for book in books().await {
        let order = book.paid_order("acme", "PO-1").await;
        let (_, begun) = book.begun("CO-1", std::slice::from_ref(&order)).await;
        let line = &begun.lines[0];
        let counted = Counted { order: order.clone(), sku: line.sku, quantity: 3 };
        let receipt = Said::Receipt { lines: vec![counted], complete: true };
        let early = book.begin_report("key-0001", &begun, receipt.clone()).await;
        assert!(matches!(early, Err(Error::Consigning(Consigning::NotNow(_)))), "{early:?}");
        let opened = book.after(&begun, Kind::Opened, Facts::default());
        book.append(&begun, &opened).await.unwrap();
        let inspection = Inspection {
            verdict: Verdict::Short,
            passed: 2,
            note: Some("少".into()),
            photos: vec![VoucherId::fresh()],
        };
        let inspection = Said::Inspection { lines: vec![InspectedLine { order, sku: line.sku, inspection }] };
        let inspected = book.begin_report("key-0002", &opened, inspection).await;
        assert!(matches!(inspected, Err(Error::Consigning(Consigning::NotNow(_)))), "nothing came yet");
        let Begun::Fresh(lease, report) = book.begin_report("key-0001", &opened, receipt.clone()).await.unwrap() else {
            panic!("a refused key is not used up")
        };
        assert_eq!((&report.said, report.state), (&receipt, ReportState::Sent));
        assert_eq!(book.ledger.list_open_reports(&opened.deed.id).await.unwrap(), std::slice::from_ref(&report));
        assert!(
            book.ledger.claim_due_reports(Mode::Sandbox, 10, 1000).await.unwrap().is_empty(),
            "its worker is at it"
        );
        book.clock.advance_ms(LEASE_MS + 1);
        let claim = || book.ledger.claim_due_reports(Mode::Sandbox, 10, 10_000);
        let (one, two) = tokio::join!(claim(), claim());
        assert_eq!([one.unwrap(), two.unwrap()].concat(), std::slice::from_ref(&report.id), "one has it");
        let unknown = Report { state: ReportState::Unknown, ..report.clone() };
        book.ledger.update_report(&unknown, i64::MAX).await.unwrap();
        let waiting = book.ledger.unsettled_consignments().await.unwrap();
        assert_eq!((waiting.unknown, waiting.oldest_s >= 30), (1, true));
        let received = book.after(&opened, Kind::Received, Facts::default());
        let taken = Report { state: ReportState::Taken, ..report.clone() };
        let written = Written { consignment: &received, known: 3, look_at: 0, report: Some((&taken, 0)) };
        book.ledger.commit_consignment(&lease, written, &answer("done")).await.unwrap();
        book.ledger.update_report(&unknown, 0).await.unwrap();
        assert_eq!(book.ledger.get_report(&report.id).await.unwrap().state, ReportState::Taken, "settled is settled");
        assert!(matches!(book.begin_report("key-0001", &opened, receipt).await, Ok(Begun::Seen(_))));
        let stranger = KeyUse { partner: "other".parse().unwrap(), ..key("key-0003") };
        let cancel = Said::Cancellation { reason: None };
        let none = book.ledger.begin_report(stranger, opened.deed.id.clone(), cancel).await;
        assert!(matches!(none, Err(Error::Consigning(Consigning::NotFound(_)))), "{none:?}");
    }
}

#[tokio::test]
async fn lists_are_pages_newest_first_and_due_ones_are_claimed_once() {
    for book in books().await {
        for n in 0..5 {
            let order = book.paid_order("acme", &format!("PO-{n}")).await;
            book.begun(&format!("CO-{n}"), &[order]).await;
            book.clock.advance_ms(1000);
        }
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let size = PageSize::new(2).unwrap();
            let page =
                book.ledger.list_consignments(&acme(), Mode::Sandbox, None, cursor.as_ref(), size).await.unwrap();
            seen.extend(page.items.into_iter().map(|one| one.deed.reference.to_string()));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, ["CO-4", "CO-3", "CO-2", "CO-1", "CO-0"]);
        let open = Some(State::Open);
        let none =
            book.ledger.list_consignments(&acme(), Mode::Sandbox, open, None, PageSize::default()).await.unwrap();
        assert!(none.items.is_empty());
        assert!(book.ledger.claim_due::<Consignment>(Mode::Sandbox, 10, 1000).await.unwrap().is_empty());
        book.clock.advance_ms(LEASE_MS);
        assert!(
            book.ledger.claim_due::<Consignment>(Mode::Live, 10, 1000).await.unwrap().is_empty(),
            "worlds are apart"
        );
        let claim = || book.ledger.claim_due::<Consignment>(Mode::Sandbox, 3, 10_000);
        let mut due = Vec::new();
        for count in [3, 2, 0] {
            let claimed = claim().await.unwrap();
            assert_eq!(claimed.len(), count);
            due.extend(claimed);
        }
        due.sort();
        due.dedup();
        assert_eq!(due.len(), 5, "each was claimed once");
    }
}
