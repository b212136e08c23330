//! What must hold of publishing on every engine at hand: every event gets one place, none is overlooked, and a
//! subject's events stay in the order of its story.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::{Book, acme, books};
use crate::ledger::outbox::{Notice, post};
use crate::ledger::{Announcement, Backlog, Error, Ledger, Published};
use crate::model::event;
use crate::model::ids::{EventId, PartnerId};
use crate::model::partner::Mode;
use crate::sql::Sql;

const DAY_MS: i64 = 86_400_000;

impl Book {
    async fn say(&self, subject: &str, kinds: &[&str]) {
        say(&self.house.sql, subject, kinds, self.clock.now_ms(), None).await;
    }

    async fn heard(&self, after: i64, kinds: &[&str]) -> Vec<Announcement> {
        let kinds: Vec<String> = kinds.iter().map(|kind| (*kind).to_owned()).collect();
        self.ledger.list_events(&acme(), Mode::Sandbox, after, &kinds, 1000).await.unwrap()
    }
}

/// A transaction that tells when it has posted, and is committed when it is told to.
#[derive(Default)]
struct Held {
    posted: Notify,
    commit: Notify,
}

/// Posts events about one subject in one transaction, which may be held.
async fn say(sql: &Sql, subject: &str, kinds: &[&str], at: i64, held: Option<Arc<Held>>) {
    let (subject, kinds) = (subject.to_owned(), kinds.iter().map(|kind| (*kind).to_owned()).collect::<Vec<_>>());
    sql.transaction(move |tx| {
        Box::pin(async move {
            let ids: Vec<_> = kinds.iter().map(|_| EventId::fresh()).collect();
            let partner = acme();
            let notice = |(event, kind): (_, &String)| Notice {
                event,
                partner: &partner,
                mode: Mode::Sandbox,
                subject: &subject,
                kind: kind.clone(),
                data: serde_json::json!({ "subject": subject, "state": kind }),
                at,
            };
            let notices: Vec<_> = ids.iter().zip(&kinds).map(notice).collect();
            post(tx, &notices).await?;
            if let Some(held) = held {
                held.posted.notify_one();
                held.commit.notified().await;
            }
            Ok::<_, Error>(())
        })
    })
    .await
    .unwrap();
}

fn subjects(told: &[Announcement]) -> Vec<&str> {
    told.iter().map(|one| one.subject.as_str()).collect()
}

#[tokio::test]
async fn events_get_places_without_holes_in_the_order_they_were_written() {
    for book in books().await {
        assert_eq!(book.ledger.publish(10).await.unwrap(), Published { count: 0, newest: 0 });
        book.say("ord_a", &["order.accepted", "order.paid"]).await;
        book.say("ord_b", &["order.accepted"]).await;
        assert!(book.heard(0, &[]).await.is_empty(), "nothing is told before it is published");
        let first = book.ledger.publish(2).await.unwrap();
        assert_eq!((first.count, first.newest), (2, 2));
        let rest = book.ledger.publish(2).await.unwrap();
        assert_eq!((rest.count, rest.newest), (1, 3));
        let told = book.heard(0, &[]).await;
        assert_eq!(told.iter().map(|one| one.position).collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(subjects(&told), ["ord_a", "ord_a", "ord_b"]);
        assert_eq!(told[1].kind, "order.paid");
        assert_eq!(told[1].data, r#"{"state":"order.paid","subject":"ord_a"}"#);
        assert_eq!(book.ledger.publish(2).await.unwrap(), Published { count: 0, newest: 3 });
    }
}

#[tokio::test]
async fn what_is_committed_late_is_published_later_and_never_overlooked() {
    for book in books().await.into_iter().filter(|book| book.house.sql.engine_name() == "postgres") {
        let other = book.house.another().await;
        let held = Arc::<Held>::default();
        let slow = say(&other, "ord_slow", &["order.accepted", "order.paid"], 0, Some(held.clone()));
        let quick = async {
            held.posted.notified().await;
            book.say("ord_quick", &["order.accepted"]).await;
            assert_eq!(book.ledger.publish(10).await.unwrap().newest, 1);
            let told = book.heard(0, &[]).await;
            assert_eq!(subjects(&told), ["ord_quick"], "the higher serial alone is visible");
            held.commit.notify_one();
            told[0].position
        };
        let ((), read_up_to) = tokio::join!(slow, quick);
        assert_eq!(book.ledger.publish(10).await.unwrap().newest, 3);
        let told = book.heard(read_up_to, &[]).await;
        let kinds: Vec<_> = told.iter().map(|one| one.kind.as_str()).collect();
        assert_eq!((subjects(&told), kinds), (vec!["ord_slow"; 2], vec!["order.accepted", "order.paid"]));
    }
}

#[tokio::test]
async fn nodes_that_publish_while_others_write_keep_every_story_in_order() {
    const SUBJECTS: usize = 8;
    const STEPS: usize = 12;
    for book in books().await {
        let nodes = [book.ledger.clone(), Ledger::new(book.house.another().await, book.clock.clone())];
        let mut steps: Vec<_> = event::KINDS.iter().map(|kind| kind.name).collect();
        steps.sort_unstable();
        let steps = &steps[..STEPS];
        let writers = (0..SUBJECTS).map(|subject| {
            let (sql, subject) = (book.house.sql.clone(), format!("ord_{subject}"));
            async move {
                for step in steps {
                    say(&sql, &subject, &[step], 0, None).await;
                }
            }
        });
        let all = (SUBJECTS * STEPS) as i64;
        let publishers = nodes.iter().map(|node| async move {
            for _ in 0..10_000 {
                if node.publish(7).await.unwrap().newest == all {
                    return;
                }
            }
            panic!("not everything was published");
        });
        tokio::join!(futures_util::future::join_all(writers), futures_util::future::join_all(publishers));
        let told = book.heard(0, &[]).await;
        assert!(told.iter().map(|one| one.position).eq(1..=all), "holes or doubles");
        for subject in 0..SUBJECTS {
            let subject = format!("ord_{subject}");
            let heard: Vec<_> = told.iter().filter(|one| one.subject == subject).map(|one| one.kind.as_str()).collect();
            assert_eq!(heard, steps, "{subject}");
        }
    }
}

#[tokio::test]
async fn lists_and_finds_show_a_partner_its_own_kinds_only() {
    for book in books().await {
        // A type that differs in one letter must not be taken for the other; no table holds such a pair.
        const OTHER: &str = "UPDATE events SET kind = 'order.partXshipped' WHERE kind = 'order.shipped'";
        book.say("ord_a", &["order.part_shipped", "order.shipped", "order.paid", "refund.agreed"]).await;
        book.house.sql.execute(OTHER, Vec::new()).await.unwrap();
        assert_eq!(book.ledger.publish(10).await.unwrap().count, 4);
        let kinds = async |wanted: &[&str], after| {
            book.heard(after, wanted).await.into_iter().map(|one| one.kind).collect::<Vec<_>>()
        };
        assert_eq!(kinds(&["order.part_shipped"], 0).await, ["order.part_shipped"]);
        assert_eq!(kinds(&["refund.agreed", "order.paid"], 0).await, ["order.paid", "refund.agreed"]);
        assert_eq!(kinds(&["order.paid", "order.part_shipped"], 1).await, ["order.paid"]);
        assert!(kinds(&["order"], 0).await.is_empty());
        let told = book.heard(0, &[]).await;
        let found = book.ledger.find_event(&acme(), Mode::Sandbox, &told[2].event).await.unwrap();
        assert_eq!(found.as_ref(), Some(&told[2]));
        let other: PartnerId = "other".parse().unwrap();
        for (partner, mode) in [(&other, Mode::Sandbox), (&acme(), Mode::Live)] {
            assert!(book.ledger.list_events(partner, mode, 0, &[], 10).await.unwrap().is_empty());
            assert!(book.ledger.find_event(partner, mode, &told[2].event).await.unwrap().is_none());
        }
    }
}

#[tokio::test]
async fn the_backlog_is_what_waits_and_for_how_long() {
    for book in books().await {
        assert_eq!(book.ledger.events_backlog().await.unwrap(), Backlog::default());
        book.say("ord_a", &["order.accepted"]).await;
        book.clock.advance_ms(1_500);
        book.say("ord_a", &["order.paid"]).await;
        let backlog = book.ledger.events_backlog().await.unwrap();
        assert!(backlog.count == 2 && (1_500..60_000).contains(&backlog.oldest_ms), "{backlog:?}");
        book.ledger.publish(1).await.unwrap();
        let backlog = book.ledger.events_backlog().await.unwrap();
        assert!(backlog.count == 1 && backlog.oldest_ms < 1_500, "{backlog:?}");
    }
}

#[tokio::test]
async fn only_events_published_long_ago_are_forgotten_and_places_go_on() {
    for book in books().await {
        book.say("ord_old", &["order.accepted"; 3]).await;
        assert_eq!(book.ledger.publish(2).await.unwrap().count, 2);
        book.clock.advance_ms(31 * DAY_MS);
        assert_eq!(book.ledger.tidy().await.unwrap(), 2, "the one that waits is kept");
        book.say("ord_new", &["order.accepted"]).await;
        assert_eq!(book.ledger.publish(10).await.unwrap().newest, 4);
        assert_eq!(book.heard(0, &[]).await.iter().map(|one| one.position).collect::<Vec<_>>(), [3, 4]);
        book.clock.advance_ms(DAY_MS);
        assert_eq!(book.ledger.tidy().await.unwrap(), 1, "its day was counted from when it was written");
        book.clock.advance_ms(31 * DAY_MS);
        assert_eq!(book.ledger.tidy().await.unwrap(), 1);
        book.say("ord_again", &["order.accepted"]).await;
        assert_eq!(book.ledger.publish(10).await.unwrap().newest, 5, "no place is given twice");
    }
}

#[tokio::test]
async fn a_commit_that_tells_something_wakes_the_publisher_and_others_do_not() {
    for book in books().await {
        let woken = async |at_most| {
            let before = std::time::Instant::now();
            book.ledger.wait_for_news(at_most).await;
            before.elapsed() < at_most
        };
        let (soon, long) = (Duration::from_millis(20), Duration::from_secs(30));
        assert!(!woken(soon).await, "nothing was written");
        book.say("ord_a", &[]).await;
        assert!(!woken(soon).await, "nothing was told");
        book.say("ord_a", &["order.accepted"]).await;
        assert!(woken(long).await, "what was committed before the wait counts");
        assert!(!woken(soon).await, "once");
        let (_, woken) = tokio::join!(book.say("ord_a", &["order.paid"]), woken(long));
        assert!(woken);
    }
}
