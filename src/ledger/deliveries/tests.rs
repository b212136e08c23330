//! What must hold of deliveries and endpoints on every engine at hand.

mod disabling;

use std::sync::Arc;

use super::{Claimed, DeliveryFilter, Made, Resend, Settled, Turn, Undelivered, Verdict};
use crate::audit;
use crate::clock::Clock;
use crate::ledger::outbox::{self, Notice};
use crate::ledger::{EndpointChange, Error, Ledger, NewEndpoint, StoredSecret};
use crate::model::event::{ENDPOINT_DISABLED, TEST};
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
async fn deliveries_of_a_subject_keep_their_order_until_the_third_attempt_of_the_first_failed() {
    for book in books().await {
        let endpoint = book.endpoint("acme", &["*"]).await;
        book.tell("acme", &[("order.accepted", "a"), ("order.paid", "a"), ("order.shipped", "b")]).await;
        let first = book.turn(vec![]).await.claimed;
        assert_eq!(first[0].kind, "order.accepted");
        let beside = book.turn(vec![]).await.claimed.remove(0);
        assert_eq!(beside.kind, "order.shipped", "another subject need not wait");
        book.turn(vec![book.settled(&beside, 200, Verdict::Delivered)]).await;
        assert!(book.taken().await.is_empty(), "the second event of a subject waits for the first");
        let mut head = first[0].clone();
        for again_ms in [5_000, 300_000] {
            book.fail(&head, again_ms).await;
            assert!(book.taken().await.is_empty());
            book.tell("acme", &[("order.completed", "a")]).await;
            assert!(book.taken().await.is_empty(), "later ones stand in line behind");
            book.clock.advance_ms(again_ms);
            head = book.turn(vec![]).await.claimed.remove(0);
            assert_eq!(head.kind, "order.accepted");
            assert!(book.taken().await.is_empty());
        }
        book.fail(&head, 1_800_000).await;
        let next = book.turn(vec![]).await.claimed;
        assert_eq!(next[0].kind, "order.paid", "the third attempt failed: the line goes on");
        let done = book.settled(&next[0], 204, Verdict::Delivered);
        assert_eq!(book.turn(vec![done]).await.claimed[0].kind, "order.completed");
        assert_eq!(book.standing(&endpoint).await.failing_since, None);
    }
}

#[tokio::test]
async fn the_next_of_a_subject_goes_as_soon_as_the_one_before_it_is_delivered() {
    for book in books().await {
        book.endpoint("acme", &["*"]).await;
        book.tell("acme", &[("order.accepted", "a"), ("order.paid", "a")]).await;
        let head = book.turn(vec![]).await.claimed.remove(0);
        book.fail(&head, 5_000).await;
        book.clock.advance_ms(5_000);
        let head = book.turn(vec![]).await.claimed.remove(0);
        assert_eq!(head.attempts, 1);
        let turn = book.turn(vec![book.settled(&head, 200, Verdict::Delivered)]).await;
        assert_eq!(turn.claimed[0].kind, "order.paid");
    }
}

#[tokio::test]
async fn fault_10_a_node_whose_lease_ran_out_can_not_settle() {
    for book in books().await {
        let endpoint = book.endpoint("acme", &["*"]).await;
        book.tell("acme", &[("order.paid", "a")]).await;
        let frozen = book.turn(vec![]).await.claimed.remove(0);
        assert!(book.taken().await.is_empty(), "it is leased");
        book.clock.advance_ms(LEASE_MS);
        let taken_over = book.turn(vec![]).await.claimed.remove(0);
        assert_eq!(taken_over.made.delivery, frozen.made.delivery);
        book.turn(vec![book.settled(&frozen, 500, Verdict::Exhausted)]).await;
        assert_eq!(book.list(&endpoint).await[0].state, DeliveryState::Pending, "its word does not count");
        book.turn(vec![book.settled(&taken_over, 200, Verdict::Delivered)]).await;
        let delivery = book.list(&endpoint).await.remove(0);
        assert_eq!((delivery.state, delivery.attempts.len()), (DeliveryState::Delivered, 1));
        assert_eq!((delivery.attempts[0].status, delivery.attempts[0].answer.as_str()), (Some(200), "so"));
        assert!(delivery.settled_at.is_some() && delivery.next_attempt_at.is_none());
    }
}

#[tokio::test]
async fn four_attempts_to_an_endpoint_are_under_way_at_most_and_one_while_it_fails() {
    for book in books().await {
        book.endpoint("acme", &["*"]).await;
        let subjects: Vec<_> = (0..8).map(|n| n.to_string()).collect();
        let told: Vec<_> = subjects.iter().map(|subject| ("order.paid", subject.as_str())).collect();
        book.tell("acme", &told).await;
        let mut claimed = Vec::new();
        for _ in 0..6 {
            claimed.extend(book.turn(vec![]).await.claimed);
        }
        assert_eq!(claimed.len(), 4);
        for one in claimed {
            book.fail(&one, 5_000).await;
        }
        let alone = book.turn(vec![]).await.claimed;
        assert_eq!((alone.len(), book.taken().await.len()), (1, 0));
        let turn = book.turn(vec![book.settled(&alone[0], 200, Verdict::Delivered)]).await;
        assert_eq!((turn.claimed.len(), book.taken().await.len()), (1, 1), "a success lets it have more again");
    }
}

#[tokio::test]
async fn every_endpoint_has_its_turn_when_places_are_few() {
    for book in books().await {
        let mut ids = Vec::new();
        for _ in 0..5 {
            ids.push(book.endpoint("acme", &["*"]).await.id);
        }
        book.tell("acme", &[("order.paid", "a"), ("order.paid", "b")]).await;
        ids.sort();
        let (mut from, mut seen) = (EndpointId::fresh(), Vec::new());
        for _ in 0..5 {
            let turn = book.ledger.take_turn(vec![], 1, LEASE_MS, &from).await.unwrap();
            from = turn.claimed[0].made.endpoint.clone();
            seen.push(from.clone());
        }
        assert_eq!(seen, ids);
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
async fn what_was_missed_is_sent_again_with_what_never_was_sent() {
    for book in books().await {
        let endpoint = book.endpoint("acme", &["order.*"]).await;
        let begun = book.clock.now();
        book.tell("acme", &[("order.paid", "delivered"), ("order.paid", "failed")]).await;
        for verdict in [Verdict::Delivered, Verdict::Exhausted] {
            let claimed = book.turn(vec![]).await.claimed.remove(0);
            book.ledger.take_turn(vec![book.settled(&claimed, 200, verdict)], 0, 0, &endpoint.id).await.unwrap();
        }
        let acme = caller("acme", Mode::Sandbox);
        for state in [EndpointState::Disabled, EndpointState::Enabled] {
            let change = EndpointChange { state: Some(state), ..Default::default() };
            book.ledger.change_endpoint(&acme, &endpoint.id, change).await.unwrap();
            if state == EndpointState::Disabled {
                book.tell("acme", &[("order.paid", "unsent"), ("refund.agreed", "unwanted")]).await;
            }
        }
        book.clock.advance_ms(2 * 3_600_000);
        book.tell("acme", &[("order.paid", "later")]).await;
        let until = begun + jiff::SignedDuration::from_hours(1);
        assert_eq!(book.ledger.count_events(&endpoint, begun, until).await.unwrap(), 4);
        assert_eq!(book.ledger.resend(&endpoint, &Resend::Missed(begun, until)).await.unwrap(), 2);
        let state = |list: &[Delivery], subject: &str| {
            list.iter().find(|delivery| delivery.subject == subject).map(|delivery| delivery.state)
        };
        let list = book.list(&endpoint).await;
        assert_eq!(state(&list, "failed"), Some(DeliveryState::Pending));
        assert_eq!(state(&list, "unsent"), Some(DeliveryState::Pending));
        assert_eq!((state(&list, "delivered"), state(&list, "unwanted")), (Some(DeliveryState::Delivered), None));
        assert_eq!(book.ledger.resend(&endpoint, &Resend::All(begun, until)).await.unwrap(), 1);
        let delivered = list.iter().find(|delivery| delivery.subject == "delivered").unwrap();
        let one = Resend::One(delivered.id.clone());
        book.ledger.resend(&endpoint, &one).await.unwrap();
        let again = book.list(&endpoint).await;
        assert_eq!(state(&again, "delivered"), Some(DeliveryState::Pending));
        let told = again.iter().find(|delivery| delivery.subject == "delivered").unwrap();
        assert_eq!(told.attempts.len(), 1, "the log keeps what was tried before");
        let stranger = book.endpoint("other", &["*"]).await;
        assert_eq!(book.ledger.resend(&stranger, &one).await.unwrap(), 0);
        assert!(!book.ledger.has_delivery(&stranger.id, &delivered.id).await.unwrap());
    }
}

#[tokio::test]
async fn what_is_under_way_is_not_taken_a_second_time_by_a_resend() {
    for book in books().await {
        let endpoint = book.endpoint("acme", &["*"]).await;
        book.tell("acme", &[("order.paid", "a")]).await;
        let claimed = book.turn(vec![]).await.claimed.remove(0);
        let one = Resend::One(claimed.made.delivery.clone());
        assert_eq!(book.ledger.resend(&endpoint, &one).await.unwrap(), 0);
        assert!(book.taken().await.is_empty());
    }
}

#[tokio::test]
async fn a_test_goes_to_its_endpoint_alone_whatever_that_hears_of() {
    for book in books().await {
        let (tested, other) = (book.endpoint("acme", &["refund.*"]).await, book.endpoint("acme", &["*"]).await);
        let delivery = book.ledger.append_test(&tested).await.unwrap().unwrap();
        book.ledger.publish(10).await.unwrap();
        let claimed = book.turn(vec![]).await.claimed;
        assert_eq!((claimed.len(), claimed[0].kind.as_str()), (1, TEST));
        assert_eq!((&claimed[0].made.delivery, &claimed[0].made.endpoint), (&delivery, &tested.id));
        assert!(book.list(&other).await.is_empty());
        let pulled = book.ledger.list_events(&partner("acme"), Mode::Sandbox, 0, &[], 10).await.unwrap();
        assert_eq!(pulled.len(), 1);
    }
}

#[tokio::test]
async fn endpoints_are_bounded_changed_and_forgotten_with_all_they_had() {
    for book in books().await {
        let acme = caller("acme", Mode::Sandbox);
        let endpoint = book.endpoint("acme", &["order.paid"]).await;
        assert!(book.ledger.append_endpoint(&acme, new(&["*"]), 1).await.unwrap().is_none());
        let change = EndpointChange {
            url: Some("https://other.example/".into()),
            patterns: Some(vec!["refund.*".parse().unwrap()]),
            ..Default::default()
        };
        let changed = book.ledger.change_endpoint(&acme, &endpoint.id, change.clone()).await.unwrap().unwrap();
        assert_eq!((changed.url.as_str(), changed.patterns[0].as_str()), ("https://other.example/", "refund.*"));
        let foreign = book.ledger.change_endpoint(&caller("other", Mode::Sandbox), &endpoint.id, change).await.unwrap();
        assert!(foreign.is_none(), "nobody changes somebody else's");
        book.tell("acme", &[("order.paid", "a"), ("refund.agreed", "b")]).await;
        let claimed = book.turn(vec![]).await.claimed;
        assert_eq!((claimed.len(), claimed[0].kind.as_str()), (1, "refund.agreed"));
        assert!(!book.ledger.delete_endpoint(&caller("acme", Mode::Live), &endpoint.id).await.unwrap());
        assert!(book.ledger.delete_endpoint(&acme, &endpoint.id).await.unwrap());
        book.turn(vec![book.settled(&claimed[0], 200, Verdict::Delivered)]).await;
        for table in [
            "SELECT COUNT(*) AS n FROM webhook_endpoints",
            "SELECT COUNT(*) AS n FROM webhook_patterns",
            "SELECT COUNT(*) AS n FROM webhook_deliveries",
            "SELECT COUNT(*) AS n FROM webhook_attempts",
        ] {
            let row = book.house.sql.fetch_optional(table, vec![]).await.unwrap().unwrap();
            assert_eq!(row.int("n").unwrap(), 0, "{table}");
        }
    }
}

#[tokio::test]
async fn who_changed_an_endpoint_is_noted_and_no_secret_with_it() {
    for book in books().await {
        let (acme, id) = (caller("acme", Mode::Sandbox), EndpointId::fresh());
        let secret = |byte| StoredSecret { master_version: 1, wrapped_key: vec![byte; 3], ciphertext: vec![byte; 3] };
        let url = "https://shop.example/hook?token=hush".to_owned();
        let made = NewEndpoint { id: id.clone(), url, secret: secret(b'Z'), ..new(&["*"]) };
        book.ledger.append_endpoint(&acme, made, 20).await.unwrap().unwrap();
        let change = |change| book.ledger.change_endpoint(&acme, &id, change);
        let moved = EndpointChange {
            url: Some("https://shop.example/other?token=hush".into()),
            patterns: Some(vec!["order.*".parse().unwrap(), "refund.agreed".parse().unwrap()]),
            ..Default::default()
        };
        change(moved.clone()).await.unwrap();
        change(moved).await.unwrap();
        for state in [EndpointState::Enabled, EndpointState::Disabled, EndpointState::Disabled, EndpointState::Enabled]
        {
            change(EndpointChange { state: Some(state), ..Default::default() }).await.unwrap();
        }
        let until = jiff::Timestamp::constant(1_900_000_000, 0);
        book.ledger.rotate_endpoint(&acme, &id, secret(b'Y'), until).await.unwrap().unwrap();
        let stranger = caller("other", Mode::Sandbox);
        assert!(book.ledger.rotate_endpoint(&stranger, &id, secret(b'X'), until).await.unwrap().is_none());
        assert!(!book.ledger.delete_endpoint(&stranger, &id).await.unwrap());
        book.tell("acme", &[("order.paid", "a")]).await;
        let claimed = book.turn(vec![]).await.claimed.remove(0);
        book.turn(vec![book.settled(&claimed, 410, Verdict::Gone)]).await;
        assert!(book.ledger.delete_endpoint(&acme, &id).await.unwrap());
        let filter = audit::Filter { subject: Some(id.to_string()), ..audit::Filter::default() };
        let noted = audit::list_oldest_first(&book.house.sql, &filter, None, 100).await.unwrap().items;
        let by_acme = "partner:acme key:xyk_acme";
        let told: Vec<_> = noted
            .iter()
            .map(|entry| {
                let action = entry.action.strip_prefix("webhook_endpoint.").unwrap();
                (entry.actor.as_str(), action, entry.detail.as_str())
            })
            .collect();
        let changed = "url: https://shop.example/other?…; types: order.* refund.agreed";
        let expected = [
            (by_acme, "create", "https://shop.example/hook?…"),
            (by_acme, "change", changed),
            (by_acme, "disable", "by_partner"),
            (by_acme, "enable", ""),
            (by_acme, "rotate_secret", "the one before counts until 2030-03-17T17:46:40Z"),
            ("system", "disable", "gone"),
            (by_acme, "delete", "https://shop.example/other?…"),
        ];
        assert_eq!(told, expected);
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
