//! What must hold of deliveries and endpoints on every engine at hand.

mod disabling;
mod endpoints;
mod order;
mod resend;

use std::sync::Arc;

use super::{Claimed, DeliveryFilter, Made, Settled, Turn, Undelivered, Verdict};
use crate::clock::Clock;
use crate::ledger::outbox::{self, Notice};
use crate::ledger::{EndpointChange, Error, Ledger, NewEndpoint, StoredSecret};
use crate::model::event::ENDPOINT_DISABLED;
use crate::model::ids::{DeliveryId, EndpointId, EventId, PartnerId};
use crate::model::page::PageSize;
use crate::model::partner::{Caller, Mode, Partner, Scopes};
use crate::model::plan::Plan;
use crate::model::webhook::{Attempt, Delivery, DeliveryState, Endpoint, EndpointState, Format, WhyDisabled};
use crate::sql::trial;

const LEASE_MS: i64 = 45_000;
const DAY_MS: i64 = 86_400_000;

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

fn partner(name: &str) -> PartnerId {
    name.parse().unwrap()
}

fn caller(who: &str, mode: Mode) -> Caller {
    let plan = Plan { id: "starter".into(), policies: Vec::new(), in_flight: 4, price_tier: "standard".into() };
    let partner = Partner {
        id: partner(who),
        name: who.to_owned(),
        country: "JP".to_owned(),
        suspended: false,
        plan: Arc::new(plan),
    };
    Caller { partner: Arc::new(partner), key_id: format!("xyk_{who}").into(), mode, scopes: Scopes::all() }
}

fn new(patterns: &[&str]) -> NewEndpoint {
    NewEndpoint {
        id: EndpointId::fresh(),
        url: "https://shop.example/".into(),
        description: String::new(),
        patterns: patterns.iter().map(|pattern| pattern.parse().unwrap()).collect(),
        format: Format::Standard,
        app: None,
        secret: StoredSecret { master_version: 1, wrapped_key: vec![1], ciphertext: vec![2] },
    }
}

impl Book {
    async fn endpoint(&self, who: &str, patterns: &[&str]) -> Endpoint {
        self.ledger.append_endpoint(&caller(who, Mode::Sandbox), new(patterns), 20).await.unwrap().unwrap()
    }

    /// Writes events, one for each type and subject, and publishes them.
    async fn tell(&self, who: &str, told: &[(&str, &str)]) {
        let (who, at) = (partner(who), self.clock.now_ms());
        let told: Vec<_> = told.iter().map(|(kind, subject)| ((*kind).to_owned(), (*subject).to_owned())).collect();
        let written = self.house.sql.transaction(move |tx| {
            Box::pin(async move {
                for (kind, subject) in told {
                    let data = serde_json::json!({"subject": subject});
                    let event = EventId::fresh();
                    let mode = Mode::Sandbox;
                    let notice = Notice { event: &event, partner: &who, mode, subject: &subject, kind, data, at };
                    outbox::post(tx, &[notice]).await?;
                }
                Ok::<_, Error>(())
            })
        });
        written.await.unwrap();
        self.ledger.publish(1_000).await.unwrap();
    }

    async fn turn(&self, settled: Vec<Settled>) -> Turn {
        self.ledger.take_turn(settled, 100, LEASE_MS, &EndpointId::fresh()).await.unwrap()
    }

    /// What is taken now, as types.
    async fn taken(&self) -> Vec<String> {
        self.turn(vec![]).await.claimed.into_iter().map(|claimed| claimed.kind).collect()
    }

    async fn list(&self, endpoint: &Endpoint) -> Vec<Delivery> {
        let (filter, size) = (DeliveryFilter::default(), PageSize::new(50).unwrap());
        self.ledger.list_deliveries(&endpoint.id, &filter, None, size).await.unwrap().items
    }

    async fn standing(&self, endpoint: &Endpoint) -> Endpoint {
        self.ledger.find_endpoint(&endpoint.partner, endpoint.mode, &endpoint.id).await.unwrap().unwrap()
    }

    fn settled(&self, claimed: &Claimed, status: u16, verdict: Verdict) -> Settled {
        settled(&claimed.made, status, verdict, &self.clock)
    }

    /// Fails it, to be tried again after so long.
    async fn fail(&self, claimed: &Claimed, again_ms: i64) -> Turn {
        let settled = self.settled(claimed, 500, Verdict::Again(self.clock.now_ms() + again_ms));
        self.ledger.take_turn(vec![settled], 0, LEASE_MS, &EndpointId::fresh()).await.unwrap()
    }
}

fn settled(made: &Made, status: u16, verdict: Verdict, clock: &Clock) -> Settled {
    let problem = (verdict != Verdict::Delivered).then(|| format!("answered {status}"));
    let attempt = Attempt { at: clock.now(), duration_ms: 7, status: Some(status), problem, answer: "so".into() };
    Settled { made: made.clone(), attempt, verdict }
}

#[tokio::test]
async fn an_event_goes_to_every_endpoint_that_wants_it_and_to_no_other() {
    for book in books().await {
        let all = book.endpoint("acme", &["*"]).await;
        let orders = book.endpoint("acme", &["order.*", "refund.succeeded"]).await;
        let paid = book.endpoint("acme", &["order.paid"]).await;
        let stopped = book.endpoint("acme", &["*"]).await;
        let change = EndpointChange { state: Some(EndpointState::Disabled), ..Default::default() };
        book.ledger.change_endpoint(&caller("acme", Mode::Sandbox), &stopped.id, change).await.unwrap().unwrap();
        let other = book.endpoint("other", &["*"]).await;
        let live = book.ledger.append_endpoint(&caller("acme", Mode::Live), new(&["*"]), 20).await.unwrap().unwrap();
        book.tell("acme", &[("order.paid", "a"), ("order.part_shipped", "b"), ("refund.agreed", "c")]).await;
        let mut told = Vec::new();
        for endpoint in [&all, &orders, &paid, &stopped, &other, &live] {
            let mut kinds: Vec<_> = book.list(endpoint).await.into_iter().map(|delivery| delivery.kind).collect();
            kinds.sort();
            told.push(kinds.join(" "));
        }
        let three = "order.paid order.part_shipped refund.agreed";
        assert_eq!(told, [three, "order.paid order.part_shipped", "order.paid", "", "", ""]);
        book.ledger.publish(100).await.unwrap();
        assert_eq!(book.list(&all).await.len(), 3, "publishing once more changes nothing");
    }
}

#[tokio::test]
async fn two_nodes_never_have_one_delivery_at_the_same_time() {
    for book in books().await {
        let mut endpoints = Vec::new();
        for _ in 0..8 {
            endpoints.push(book.endpoint("acme", &["*"]).await);
        }
        let told: Vec<_> = (0..4).map(|n| ("order.paid", ["a", "b", "c", "d"][n])).collect();
        book.tell("acme", &told).await;
        let other = Ledger::new(book.house.another().await, book.clock.clone());
        let from = EndpointId::fresh();
        let turns = (0..12).map(|n| {
            let ledger = if n % 2 == 0 { &book.ledger } else { &other };
            ledger.take_turn(vec![], 5, LEASE_MS, &from)
        });
        let mut taken = Vec::new();
        for turn in futures_util::future::join_all(turns).await {
            taken.extend(turn.unwrap().claimed.into_iter().map(|claimed| claimed.made.delivery.to_string()));
        }
        while let Some(claimed) = Some(book.turn(vec![]).await.claimed).filter(|claimed| !claimed.is_empty()) {
            taken.extend(claimed.into_iter().map(|claimed| claimed.made.delivery.to_string()));
        }
        let distinct: std::collections::HashSet<_> = taken.iter().collect();
        assert_eq!((taken.len(), distinct.len()), (32, 32), "{}", book.house.sql.engine_name());
    }
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_disabled_and_the_others_hear_of_it() {
    for book in books().await {
        let (gone, other) = (book.endpoint("acme", &["order.*"]).await, book.endpoint("acme", &["webhook.*"]).await);
        book.tell("acme", &[("order.paid", "a"), ("order.paid", "b")]).await;
        let claimed = book.turn(vec![]).await.claimed.remove(0);
        let turn = book.turn(vec![book.settled(&claimed, 410, Verdict::Gone)]).await;
        assert_eq!((turn.disabled.len(), turn.disabled[0].1, turn.claimed.len()), (1, WhyDisabled::Gone, 0));
        let standing = book.standing(&gone).await;
        assert_eq!((standing.state, standing.why), (EndpointState::Disabled, Some(WhyDisabled::Gone)));
        assert!(book.list(&gone).await.iter().all(|delivery| delivery.state == DeliveryState::Failed));
        book.ledger.publish(10).await.unwrap();
        let news = book.list(&other).await.remove(0);
        assert_eq!((news.kind.as_str(), news.subject.as_str()), (ENDPOINT_DISABLED, gone.id.as_str()));
        let claimed = book.turn(vec![]).await.claimed.remove(0);
        let data: serde_json::Value = serde_json::from_str(&claimed.data).unwrap();
        assert_eq!((data["reason"].as_str(), data["state"].as_str()), (Some("gone"), Some("disabled")));
        assert_eq!(book.ledger.count_disabled().await.unwrap(), [(WhyDisabled::Gone, 1)]);
    }
}

#[tokio::test]
async fn three_days_without_a_success_disable_and_one_success_in_between_does_not() {
    for book in books().await {
        let endpoint = book.endpoint("acme", &["*"]).await;
        book.tell("acme", &[("order.paid", "a")]).await;
        let mut turn = book.turn(vec![]).await;
        for _ in 0..3 {
            let turned = book.fail(&turn.claimed[0], DAY_MS).await;
            assert!(turned.disabled.is_empty());
            book.clock.advance_ms(DAY_MS);
            turn = book.turn(vec![]).await;
        }
        book.turn(vec![book.settled(&turn.claimed[0], 200, Verdict::Delivered)]).await;
        book.tell("acme", &[("order.paid", "b")]).await;
        let claimed = book.turn(vec![]).await.claimed.remove(0);
        assert!(book.fail(&claimed, 3 * DAY_MS).await.disabled.is_empty(), "the count begins anew");
        book.clock.advance_ms(3 * DAY_MS);
        let claimed = book.turn(vec![]).await.claimed.remove(0);
        let turned = book.fail(&claimed, DAY_MS).await;
        assert_eq!(turned.disabled[0].1, WhyDisabled::Failing);
        assert_eq!(book.standing(&endpoint).await.why, Some(WhyDisabled::Failing));
        assert!(book.ledger.append_test(&endpoint).await.unwrap().is_none(), "it is not even tested");
        assert_eq!(book.ledger.undelivered().await.unwrap(), Undelivered::default());
    }
}

#[tokio::test]
async fn an_event_of_no_known_type_is_not_written() {
    for book in books().await {
        let posted = book.house.sql.transaction(|tx| {
            Box::pin(async move {
                let (event, partner, data) = (&EventId::fresh(), &partner("acme"), serde_json::json!({}));
                let (mode, kind) = (Mode::Sandbox, "order.lost".to_owned());
                outbox::post(tx, &[Notice { event, partner, mode, subject: "a", kind, data, at: 1 }]).await
            })
        });
        let refused: Error = posted.await.unwrap_err();
        assert!(refused.to_string().contains("order.lost"), "{refused}");
        assert_eq!(book.ledger.events_backlog().await.unwrap().count, 0);
    }
}

#[tokio::test]
async fn lists_go_on_where_the_page_before_ended_and_old_deliveries_are_forgotten() {
    for book in books().await {
        let endpoint = book.endpoint("acme", &["*"]).await;
        for subject in ["a", "b", "c"] {
            book.tell("acme", &[("order.paid", subject)]).await;
            book.clock.advance_ms(10);
        }
        let (filter, two) = (DeliveryFilter::default(), PageSize::new(2).unwrap());
        let page = book.ledger.list_deliveries(&endpoint.id, &filter, None, two).await.unwrap();
        let subjects = |items: &[Delivery]| items.iter().map(|one| one.subject.clone()).collect::<Vec<_>>().join("");
        assert_eq!(subjects(&page.items), "cb");
        let rest = book.ledger.list_deliveries(&endpoint.id, &filter, page.next.as_ref(), two).await.unwrap();
        assert_eq!((subjects(&rest.items), rest.next), ("a".to_owned(), None));
        let only = DeliveryFilter { event: Some(page.items[0].event.clone()), state: Some(DeliveryState::Pending) };
        let found = book.ledger.list_deliveries(&endpoint.id, &only, None, two).await.unwrap();
        assert_eq!(subjects(&found.items), "c");
        let waiting = book.ledger.undelivered().await.unwrap();
        assert_eq!(waiting.pending, 3);
        assert_eq!(book.ledger.tidy_deliveries().await.unwrap(), 0);
        book.clock.advance_ms(30 * DAY_MS);
        assert_eq!(book.ledger.tidy_deliveries().await.unwrap(), 3);
    }
}

#[tokio::test]
async fn what_was_acknowledged_never_goes_back() {
    for book in books().await {
        let (acme, other) = (partner("acme"), partner("other"));
        assert_eq!(book.ledger.event_cursor(&acme, Mode::Sandbox).await.unwrap(), 0);
        for (said, stands) in [(5, 5), (3, 5), (7, 7)] {
            assert_eq!(book.ledger.acknowledge_events(&acme, Mode::Sandbox, said).await.unwrap(), stands);
        }
        assert_eq!(book.ledger.event_cursor(&acme, Mode::Live).await.unwrap(), 0);
        assert_eq!(book.ledger.event_cursor(&other, Mode::Sandbox).await.unwrap(), 0);
    }
}

#[test]
fn ids_of_deliveries_read_back() {
    let made = format!("dlv_{}{}", &EventId::fresh().as_str()[16..], &EndpointId::fresh().as_str()[24..]);
    assert!(made.parse::<DeliveryId>().is_ok(), "{made}");
}
