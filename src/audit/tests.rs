//! The book over a real database of each engine.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Entry, Error, Filter, Who, list, list_oldest_first, note};
use crate::model::page::Cursor;
use crate::sql::trial::{self, House};
use crate::sql::{self, Sql};

const START: Timestamp = Timestamp::constant(1_800_000_000, 0);

async fn write(sql: &Sql, entry: &Entry) {
    let entry = entry.clone();
    let written: Result<(), sql::Error> =
        sql.transaction(move |tx| Box::pin(async move { note(tx, &entry).await })).await;
    written.unwrap();
}

fn at(second: i64) -> Timestamp {
    START + SignedDuration::from_secs(second)
}

/// Two operators, one partner and the program change things, a second apart.
async fn with_a_story(house: &House) -> Vec<Entry> {
    let partner = Who::Partner { partner: "acme".parse().unwrap(), key: Arc::from("xyk_live_1") };
    let other = Who::Partner { partner: "acme2".parse().unwrap(), key: Arc::from("xyk_live_2") };
    let story = vec![
        Entry::new(at(0), "li", "partner.create", "acme", "Acme"),
        Entry::new(at(1), Who::System, "key.issue", "xyk_live_1", ""),
        Entry::new(at(2), &partner, "webhook_endpoint.create", "whe_1", "https://acme.example/hook"),
        Entry::new(at(3), &other, "webhook_endpoint.create", "whe_2", ""),
        Entry::new(at(4), "wang", "order.settle", "ord_1", "as rejected: \"支付\"\nover the phone"),
        Entry::new(at(4), "li", "order.look", "ord_1", ""),
    ];
    for entry in &story {
        write(&house.sql, entry).await;
    }
    story
}

fn told(entries: &[Entry]) -> Vec<(&str, &str)> {
    entries.iter().map(|entry| (entry.action.as_str(), entry.subject.as_str())).collect()
}

#[tokio::test]
async fn what_was_written_is_read_back_in_both_orders() {
    for house in trial::houses().await {
        let mut story = with_a_story(&house).await;
        let oldest = list_oldest_first(&house.sql, &Filter::default(), None, 100).await.unwrap();
        assert_eq!((&oldest.items, oldest.next), (&story, None));
        story.reverse();
        assert_eq!(list(&house.sql, &Filter::default(), None, 100).await.unwrap().items, story);
        assert_eq!(story[3].actor, "partner:acme key:xyk_live_1");
    }
}

#[tokio::test]
async fn filters_find_by_subject_person_action_and_time() {
    for house in trial::houses().await {
        with_a_story(&house).await;
        let count = async |filter: Filter| list(&house.sql, &filter, None, 100).await.unwrap().items.len();
        let actor = |who: &str| Filter { actor: Some(who.into()), ..Filter::default() };
        let action = |what: &str| Filter { action: Some(what.into()), ..Filter::default() };
        assert_eq!(count(Filter { subject: Some("ord_1".into()), ..Filter::default() }).await, 2);
        for (who, rows) in [("operator:li", 2), ("operator", 3), ("partner:acme", 1), ("partner", 2), ("system", 1)] {
            assert_eq!(count(actor(who)).await, rows, "{who}");
        }
        assert_eq!(count(actor("partner:acme key:xyk_live_1")).await, 1);
        for (what, rows) in [("order.", 2), ("order.settle", 1), ("key", 1), ("%", 0), ("", 6)] {
            assert_eq!(count(action(what)).await, rows, "{what}");
        }
        let between = Filter { since: Some(at(1)), until: Some(at(4)), ..Filter::default() };
        assert_eq!(count(between.clone()).await, 3, "from the first moment on, before the last");
        assert_eq!(count(Filter { action: Some("webhook".into()), ..between }).await, 2);
    }
}

#[tokio::test]
async fn pages_show_every_row_once_also_those_of_one_moment() {
    for house in trial::houses().await {
        let story = with_a_story(&house).await;
        for size in 1..=story.len() as u32 {
            let (mut seen, mut after): (Vec<Entry>, Option<Cursor>) = (Vec::new(), None);
            loop {
                let page = list_oldest_first(&house.sql, &Filter::default(), after.as_ref(), size).await.unwrap();
                seen.extend(page.items);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(told(&seen), told(&story), "{size} a page");
        }
        let wrong = list(&house.sql, &Filter::default(), Some(&Cursor("nonsense".into())), 1).await;
        assert!(matches!(wrong, Err(Error::WrongCursor)));
    }
}

#[tokio::test]
async fn the_database_refuses_to_change_or_remove_a_row() {
    for house in trial::houses().await {
        let story = with_a_story(&house).await;
        let postgres = house.sql.engine_name() == "postgres";
        let replaced = if postgres {
            "TRUNCATE audit"
        } else {
            "INSERT OR REPLACE INTO audit (id, at, actor, action, subject, detail) \
             SELECT id, at, 'nobody', action, subject, detail FROM audit"
        };
        let upsert = "INSERT INTO audit (id, at, actor, action, subject, detail) \
            SELECT id, at, 'nobody', action, subject, detail FROM audit WHERE true \
            ON CONFLICT (id) DO UPDATE SET actor = 'nobody'";
        for text in [
            "UPDATE audit SET actor = 'nobody'",
            "DELETE FROM audit",
            "DELETE FROM audit WHERE subject = 'ord_1'",
            upsert,
            replaced,
        ] {
            let refused = house.sql.execute(text, Vec::new()).await.unwrap_err().to_string();
            assert!(refused.contains("the audit is append-only"), "{text}: {refused}");
        }
        if !postgres {
            let by_row = "INSERT OR REPLACE INTO audit (rowid, id, at, actor, action, subject, detail) \
                VALUES (1, 'aud_x', 1, 'nobody', '', '', '')";
            assert!(house.sql.execute(by_row, Vec::new()).await.is_err());
        }
        assert_eq!(list_oldest_first(&house.sql, &Filter::default(), None, 100).await.unwrap().items, story);
    }
}

#[tokio::test]
async fn a_change_that_is_not_made_leaves_no_row() {
    for house in trial::houses().await {
        let entry = Entry::new(START, Who::System, "a.b", "c", "");
        let undone: Result<(), sql::Error> = house
            .sql
            .transaction(move |tx| {
                Box::pin(async move {
                    note(tx, &entry).await?;
                    Err(sql::Error::Interrupted)
                })
            })
            .await;
        assert!(undone.is_err());
        assert!(list(&house.sql, &Filter::default(), None, 1).await.unwrap().items.is_empty());
    }
}
