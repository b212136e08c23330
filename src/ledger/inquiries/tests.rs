//! What must hold of inquiries in the ledger, on every engine at hand.

use jiff::Timestamp;

use super::super::{Answer, Begun, Error, KeyUse, Ledger};
use super::{Answers, InquiryFilter, NewInquiry};
use crate::clock::Clock;
use crate::model::ids::{PartnerId, SupplierId, VoucherId};
use crate::model::inquiry::tests::{deed, quotation};
use crate::model::inquiry::{Answering, Facts, Happening, Inquiry, Kind, State, Talk, TalkState};
use crate::model::order::Actor;
use crate::model::page::PageSize;
use crate::model::partner::Mode;
use crate::sql::{args, trial};

const LEASE_MS: i64 = 30_000;

struct Book {
    house: trial::House,
    clock: Clock,
    ledger: Ledger,
}

async fn books() -> Vec<Book> {
    let clock = Clock::shiftable();
    let open = |house: trial::House| Book {
        ledger: Ledger::new(house.sql.clone(), clock.clone()),
        clock: clock.clone(),
        house,
    };
    trial::houses().await.into_iter().map(open).collect()
}

fn acme() -> PartnerId {
    "acme".parse().unwrap()
}

fn key(key: &str, operation: &'static str) -> KeyUse {
    let body_hash = key.as_bytes().to_vec();
    KeyUse { partner: acme(), mode: Mode::Live, operation, key: key.to_owned(), body_hash, lease_ms: LEASE_MS }
}

fn wish(reference: &str) -> NewInquiry {
    let deed = deed(reference);
    NewInquiry {
        reference: deed.reference,
        invited: deed.invited,
        specification: deed.specification,
        quantity: deed.quantity,
        target: deed.target,
        warehouse: deed.warehouse,
        ship_to: deed.ship_to,
        currency: deed.currency,
        attachments: Vec::new(),
    }
}

fn after(inquiry: &Inquiry, kind: Kind, facts: Facts) -> Inquiry {
    let mut after = inquiry.clone();
    let event = after.next(inquiry.updated_at, Happening::new(kind, Actor::Catalogue, "test").with(facts)).unwrap();
    after.apply(event).unwrap();
    after
}

impl Book {
    async fn begun(&self, reference: &str) -> (super::super::Lease, Inquiry) {
        match self.ledger.begin_inquiry(key(&format!("key-{reference}"), "create_inquiry"), wish(reference)).await {
            Ok(Begun::Fresh(lease, inquiry)) => (lease, inquiry),
            other => panic!("{other:?}"),
        }
    }

    /// How many suppliers answered how.
    async fn answers(&self) -> Vec<(&'static str, u64)> {
        let known = ["declined", "quoted", "silent", "waiting"];
        let name = |one: &Answers| known.into_iter().find(|name| *name == one.answer).unwrap();
        self.ledger.count_answers().await.unwrap().iter().map(|one| (name(one), one.count)).collect()
    }

    async fn told(&self) -> Vec<(String, serde_json::Value)> {
        let rows = self.house.sql.fetch_all("SELECT kind, data FROM events ORDER BY serial", args![]).await.unwrap();
        let told = |row: &crate::sql::Row| {
            (row.text("kind").unwrap(), serde_json::from_str(&row.text("data").unwrap()).unwrap())
        };
        rows.iter().map(told).collect()
    }
}

#[tokio::test]
async fn an_inquiry_and_its_key_are_written_together_or_not_at_all() {
    for book in books().await {
        let (lease, inquiry) = book.begun("I-1").await;
        assert_eq!((inquiry.state, inquiry.version), (State::Sending, 2));
        assert_eq!(
            book.ledger.get::<Inquiry>(&inquiry.deed.id).await.unwrap(),
            inquiry,
            "the fold is what was written"
        );
        let running = book.ledger.begin_inquiry(key("key-I-1", "create_inquiry"), wish("I-1")).await.unwrap_err();
        assert!(matches!(running, Error::InProgress { .. }), "{running}");
        let taken = book.ledger.begin_inquiry(key("key-2", "create_inquiry"), wish("I-1")).await.unwrap_err();
        assert!(matches!(taken, Error::InquiryReferenceTaken { first } if first == inquiry.deed.id));
        let mut picture = wish("I-2");
        picture.attachments = vec![VoucherId::fresh()];
        let missing = book.ledger.begin_inquiry(key("key-3", "create_inquiry"), picture).await.unwrap_err();
        assert!(matches!(missing, Error::VoucherNotFound(_)));
        let again = book.ledger.begin_inquiry(key("key-3", "create_inquiry"), wish("I-2")).await.unwrap();
        assert!(matches!(again, Begun::Fresh(..)), "nothing was left of it: {again:?}");
        let sent = after(&inquiry, Kind::Sent, Facts::default());
        let answer = Answer { status: 201, headers: Vec::new(), body: b"{}".to_vec() };
        book.ledger.commit_story(&lease, &sent, inquiry.version, 0, &answer).await.unwrap();
        let seen = book.ledger.begin_inquiry(key("key-I-1", "create_inquiry"), wish("I-1")).await.unwrap();
        assert!(matches!(seen, Begun::Seen(stored) if stored == answer));
    }
}

#[tokio::test]
async fn of_two_who_write_the_next_event_one_is_first() {
    for book in books().await {
        let (_, inquiry) = book.begun("I-1").await;
        let (one, two) =
            (after(&inquiry, Kind::Sent, Facts::default()), after(&inquiry, Kind::Unanswered, Facts::default()));
        let writes = [&one, &two].map(|next| book.ledger.append_story(next, inquiry.version, 0));
        let done = futures_util::future::join_all(writes).await;
        assert_eq!(done.iter().filter(|done| done.is_ok()).count(), 1);
        assert!(done.iter().any(|done| matches!(done, Err(Error::Moved))));
        assert_eq!(book.told().await.len(), 1, "what was not written is not told");
    }
}

#[tokio::test]
async fn what_partners_hear_names_the_supplier_and_the_quotation() {
    for book in books().await {
        let (_, inquiry) = book.begun("I-1").await;
        let sent = after(&inquiry, Kind::Sent, Facts::default());
        let supplier = SupplierId::new(7);
        let talk =
            Talk { state: TalkState::Quoted, quotation: Some(quotation(27, 950)), ..Talk::asked(supplier, None) };
        let id = talk.quotation.as_ref().unwrap().id.to_string();
        let facts = Facts { talks: Some(vec![talk]), about: Some(supplier), ..Facts::default() };
        let quoted = after(&sent, Kind::Quoted, facts);
        book.ledger.append_story(&quoted, inquiry.version, 0).await.unwrap();
        let told = book.told().await;
        assert_eq!(told.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), ["inquiry.sent", "inquiry.quoted"]);
        let (_, data) = &told[1];
        assert_eq!((data["supplier_id"].as_str(), data["quotation_id"].as_str()), (Some("7"), Some(id.as_str())));
        assert_eq!((data["state"].as_str(), data["reference"].as_str()), (Some("open"), Some("I-1")));
        assert!(told[0].1.get("supplier_id").is_none());
    }
}

#[tokio::test]
async fn what_is_due_is_claimed_by_one_and_ends_are_never_due() {
    for book in books().await {
        let (_, inquiry) = book.begun("I-1").await;
        assert!(book.ledger.claim_due::<Inquiry>(Mode::Live, 9, LEASE_MS).await.unwrap().is_empty());
        book.clock.advance_ms(LEASE_MS + 1);
        let claims = (0..3).map(|_| book.ledger.claim_due::<Inquiry>(Mode::Live, 9, LEASE_MS));
        let claimed: Vec<_> =
            futures_util::future::join_all(claims).await.into_iter().flat_map(Result::unwrap).collect();
        assert_eq!(claimed, std::slice::from_ref(&inquiry.deed.id));
        let rejected = after(&inquiry, Kind::Rejected, Facts::default());
        book.ledger.append_story(&rejected, inquiry.version, 0).await.unwrap();
        book.clock.advance_ms(10 * LEASE_MS);
        assert!(book.ledger.claim_due::<Inquiry>(Mode::Live, 9, LEASE_MS).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn lists_are_the_partners_own_and_go_on_where_they_stopped() {
    for book in books().await {
        for n in 1..=3 {
            book.begun(&format!("I-{n}")).await;
            book.clock.advance_ms(5);
        }
        let size = PageSize::new(2).unwrap();
        let filter = InquiryFilter::default();
        let page = book.ledger.list_inquiries(&acme(), Mode::Live, &filter, None, size).await.unwrap();
        let next = book.ledger.list_inquiries(&acme(), Mode::Live, &filter, page.next.as_ref(), size).await.unwrap();
        let references: Vec<_> =
            page.items.iter().chain(&next.items).map(|one| one.deed.reference.to_string()).collect();
        assert_eq!((references.as_slice(), next.next), (&["I-3", "I-2", "I-1"].map(String::from)[..], None));
        let other = "other".parse().unwrap();
        let theirs = book.ledger.list_inquiries(&other, Mode::Live, &filter, None, size).await.unwrap();
        assert!(theirs.items.is_empty());
    }
}

/// The inquiry after this kind, so long after it was last written.
fn later(inquiry: &Inquiry, ms: i64, kind: Kind, talks: Vec<Talk>) -> Inquiry {
    let at = Timestamp::from_millisecond(inquiry.updated_at.as_millisecond() + ms).unwrap();
    let facts = Facts { talks: (!talks.is_empty()).then_some(talks), ..Facts::default() };
    let mut after = inquiry.clone();
    let event = after.next(at, Happening::new(kind, Actor::Catalogue, "test").with(facts)).unwrap();
    after.apply(event).unwrap();
    after
}

fn talk(supplier: i64, state: TalkState) -> Talk {
    let quoted = matches!(state, TalkState::Quoted | TalkState::Expired);
    let quotation = quoted.then(|| quotation(supplier, 950));
    Talk { state, quotation, ..Talk::asked(SupplierId::new(supplier), None) }
}

#[tokio::test]
async fn how_suppliers_answer_is_told_of_those_who_were_asked_and_by_their_first_answer() {
    const HOUR_MS: i64 = 3_600_000;
    for book in books().await {
        let write = async |before: &Inquiry, after: Inquiry| {
            book.ledger.append_story(&after, before.version, 0).await.unwrap();
            after
        };
        let answering =
            async |number: i64| book.ledger.answering(&acme(), Mode::Live, SupplierId::new(number)).await.unwrap();
        let (_, never_sent) = book.begun("I-0").await;
        write(&never_sent, later(&never_sent, 0, Kind::Rejected, vec![])).await;
        assert_eq!(answering(7).await, Answering::default(), "nobody was asked");
        let mut open = Vec::new();
        for (reference, hours) in [("I-1", 2), ("I-2", 8)] {
            let (_, begun) = book.begun(reference).await;
            let sent = write(&begun, later(&begun, 0, Kind::Sent, vec![])).await;
            let talks = vec![talk(7, TalkState::Quoted), talk(8, TalkState::Asked)];
            open.push(write(&sent, later(&sent, hours * HOUR_MS, Kind::Quoted, talks)).await);
        }
        let all = Answering { asked: 2, quoted: 2, declined: 0, median_ms: Some(5 * HOUR_MS) };
        assert_eq!(answering(7).await, all);
        let again = vec![talk(7, TalkState::Expired), talk(8, TalkState::Declined)];
        write(&open[0], later(&open[0], HOUR_MS, Kind::Declined, again)).await;
        assert_eq!(answering(7).await, all, "the first answer counts");
        assert_eq!(answering(8).await, Answering { asked: 2, quoted: 0, declined: 1, median_ms: None });
        let other = book.ledger.answering(&"other".parse().unwrap(), Mode::Live, SupplierId::new(7)).await.unwrap();
        assert_eq!(other, Answering::default());
        assert_eq!(book.answers().await, [("declined", 1), ("quoted", 2), ("waiting", 1)]);
        book.clock.advance_ms(4 * 24 * HOUR_MS);
        assert_eq!(book.answers().await, [("declined", 1), ("quoted", 2), ("silent", 1)]);
        assert!(book.ledger.longest_wait_s().await.unwrap() >= 4 * 24 * 3600);
        write(&open[1], later(&open[1], HOUR_MS, Kind::Withdrawn, vec![])).await;
        assert_eq!(book.answers().await, [("declined", 1), ("quoted", 2), ("silent", 1)]);
        assert_eq!(book.ledger.longest_wait_s().await.unwrap(), 0, "nobody is waited for");
        book.clock.advance_ms(90 * 24 * HOUR_MS);
        assert_eq!((answering(7).await, book.answers().await), (Answering::default(), Vec::new()), "long ago");
    }
}
