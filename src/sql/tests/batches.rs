//! What must hold of transactions that share a commit: each fails alone, and nobody hears of anything too early.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use tokio::sync::oneshot;

use super::{INSERT, houses_with_a_table};
use crate::sql::{Arg, Error, Sql, Step, Tx, args, trial};

type Writing = BoxFuture<'static, Result<u64, Error>>;

async fn insert(tx: &mut Tx, id: &str) -> Result<u64, Error> {
    tx.execute(INSERT, args![id, 1, Arg::Bytes(None)]).await
}

/// A transaction that is asked for now: unlike a plain future it stands in line before anybody waits for it.
fn ask(sql: &Sql, steps: impl for<'t> FnOnce(&'t mut Tx) -> Step<'t, u64, Error> + Send + 'static) -> Writing {
    let sql = sql.clone();
    let mut asked = async move { sql.transaction_once(steps).await }.boxed();
    match (&mut asked).now_or_never() {
        Some(done) => std::future::ready(done).boxed(),
        None => asked,
    }
}

/// A transaction that writes `held` and keeps the writer until it is told to go on; a dropped sender makes it refuse.
async fn hold(sql: &Sql) -> (oneshot::Sender<()>, Writing) {
    let (go_on, wait) = oneshot::channel::<()>();
    let (entered, inside) = oneshot::channel();
    let held = ask(sql, move |tx| {
        Box::pin(async move {
            insert(tx, "held").await?;
            entered.send(()).ok();
            wait.await.map_err(|_| Error::Interrupted)?;
            Ok(1)
        })
    });
    inside.await.unwrap();
    (go_on, held)
}

async fn ids(sql: &Sql) -> Vec<String> {
    let rows = sql.fetch_all("SELECT id FROM things ORDER BY id", vec![]).await.unwrap();
    rows.iter().map(|row| row.text("id").unwrap()).collect()
}

async fn sqlite() -> trial::House {
    houses_with_a_table().await.remove(0)
}

#[tokio::test]
async fn who_refuses_or_panics_in_a_batch_is_undone_alone() {
    for house in houses_with_a_table().await {
        let sql = &house.sql;
        let (go_on, held) = hold(sql).await;
        let good = |id: &'static str| ask(sql, move |tx| Box::pin(insert(tx, id)));
        let waiting = [
            good("a"),
            ask(sql, |tx| {
                Box::pin(async move {
                    insert(tx, "refused").await?;
                    Err(Error::Url("refused".to_owned()))
                })
            }),
            good("b"),
            ask(sql, |tx| {
                Box::pin(async move {
                    insert(tx, "panicked").await?;
                    panic!("a broken transaction")
                })
            }),
            ask(sql, |tx| {
                Box::pin(async move {
                    insert(tx, "half").await?;
                    insert(tx, "half").await
                })
            }),
            good("c"),
        ];
        go_on.send(()).unwrap();
        held.await.unwrap();
        let [a, refused, b, panicked, half, c]: [_; 6] = join_all(waiting).await.try_into().unwrap();
        assert_eq!((a.unwrap(), b.unwrap(), c.unwrap()), (1, 1, 1));
        assert!(matches!(refused, Err(Error::Url(_))), "{refused:?}");
        assert!(matches!(panicked, Err(Error::Interrupted)), "{panicked:?}");
        assert!(half.unwrap_err().is_unique());
        assert_eq!(ids(sql).await, ["a", "b", "c", "held"], "{}", sql.engine_name());
        assert_eq!(sql.execute(INSERT, args!["after", 1, Arg::Bytes(None)]).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn the_first_of_a_batch_is_undone_alone_too() {
    let house = sqlite().await;
    let (go_on, held) = hold(&house.sql).await;
    let second = ask(&house.sql, |tx| Box::pin(insert(tx, "second")));
    drop(go_on);
    assert!(held.await.is_err());
    assert_eq!(second.await.unwrap(), 1);
    assert_eq!(ids(&house.sql).await, ["second"]);
}

/// A row that refers to nothing is found only at the commit.
const DEFERRED: &str = "CREATE TABLE parts (id TEXT PRIMARY KEY, \
    thing TEXT NOT NULL REFERENCES things (id) DEFERRABLE INITIALLY DEFERRED)";

#[tokio::test]
async fn a_commit_that_fails_fails_all_of_its_batch_and_nothing_else() {
    let house = sqlite().await;
    let sql = &house.sql;
    sql.execute(DEFERRED, vec![]).await.unwrap();
    let (go_on, held) = hold(sql).await;
    let good = ask(sql, |tx| Box::pin(insert(tx, "good")));
    let bad = ask(sql, |tx| {
        Box::pin(async move { tx.execute("INSERT INTO parts (id, thing) VALUES ('p', 'nowhere')", vec![]).await })
    });
    let refused = ask(sql, |tx| {
        Box::pin(async move {
            // What it saw was never true.
            let seen = tx.fetch_all("SELECT id FROM things WHERE id = 'good'", vec![]).await?;
            assert_eq!(seen.len(), 1);
            Err(Error::Url("good is there".to_owned()))
        })
    });
    go_on.send(()).unwrap();
    for (name, told) in [("held", held.await), ("good", good.await), ("bad", bad.await), ("refused", refused.await)] {
        assert!(matches!(told, Err(Error::Uncommitted(_))), "{name}: {told:?}");
    }
    assert!(ids(sql).await.is_empty());
    assert_eq!(ask(sql, |tx| Box::pin(insert(tx, "next"))).await.unwrap(), 1);
    assert_eq!(ids(sql).await, ["next"]);
}

#[tokio::test]
async fn nobody_hears_of_a_write_before_it_is_committed() {
    let house = sqlite().await;
    let sql = &house.sql;
    let (go_on, held) = hold(sql).await;
    let quick = ask(sql, |tx| Box::pin(insert(tx, "quick")));
    let (go_on_too, wait) = oneshot::channel::<()>();
    let (entered, inside) = oneshot::channel();
    let slow = ask(sql, move |tx| {
        Box::pin(async move {
            entered.send(()).ok();
            wait.await.ok();
            insert(tx, "slow").await
        })
    });
    go_on.send(()).unwrap();
    inside.await.unwrap();
    // They are done and share their commit with the slow one.
    let (mut held, mut quick) = (held, quick);
    assert!((&mut held).now_or_never().is_none() && (&mut quick).now_or_never().is_none());
    assert!(ids(sql).await.is_empty());
    go_on_too.send(()).unwrap();
    slow.await.unwrap();
    assert_eq!((held.await.unwrap(), quick.await.unwrap()), (1, 1));
    assert_eq!(ids(sql).await, ["held", "quick", "slow"]);
}

#[tokio::test]
async fn transactions_run_in_the_order_they_were_asked_for() {
    let house = sqlite().await;
    let (go_on, held) = hold(&house.sql).await;
    let turn = Arc::new(AtomicUsize::new(0));
    let asked: Vec<_> = (0..200_i64)
        .map(|n| {
            let turn = turn.clone();
            ask(&house.sql, move |tx| {
                Box::pin(async move {
                    let at = turn.fetch_add(1, Ordering::SeqCst);
                    tx.execute(INSERT, args![format!("{n:03}"), i64::try_from(at).unwrap(), Arg::Bytes(None)]).await
                })
            })
        })
        .collect();
    go_on.send(()).unwrap();
    held.await.unwrap();
    assert!(join_all(asked).await.into_iter().all(|one| one.is_ok()));
    let rows = house.sql.fetch_all("SELECT n FROM things WHERE id <> 'held' ORDER BY id", vec![]).await.unwrap();
    assert!(rows.iter().map(|row| row.int("n").unwrap()).eq(0..200));
}

#[tokio::test]
async fn a_caller_that_goes_away_harms_nobody_in_its_batch() {
    for house in houses_with_a_table().await {
        let (go_on, held) = hold(&house.sql).await;
        let gone = ask(&house.sql, |tx| Box::pin(insert(tx, "gone")));
        let stays = ask(&house.sql, |tx| Box::pin(insert(tx, "stays")));
        drop((gone, held));
        go_on.send(()).unwrap();
        stays.await.unwrap();
        let mut found = ids(&house.sql).await;
        while found.len() < 3 {
            tokio::task::yield_now().await;
            found = ids(&house.sql).await;
        }
        assert_eq!(found, ["gone", "held", "stays"]);
    }
}

#[tokio::test]
async fn closing_ends_what_is_queued_and_refuses_the_rest() {
    let house = sqlite().await;
    let (go_on, held) = hold(&house.sql).await;
    let queued: Vec<_> = (0..100_i64)
        .map(|n| {
            ask(&house.sql, move |tx| {
                Box::pin(async move { tx.execute(INSERT, args![format!("{n:03}"), n, Arg::Bytes(None)]).await })
            })
        })
        .collect();
    let other = house.another().await;
    let closing = house.sql.close();
    go_on.send(()).unwrap();
    closing.await;
    assert!(held.await.is_ok() && join_all(queued).await.into_iter().all(|one| one.is_ok()));
    assert_eq!(ids(&other).await.len(), 101);
    let late = house.sql.execute(INSERT, args!["late", 1, Arg::Bytes(None)]).await;
    assert!(matches!(late, Err(Error::Engine(sqlx::Error::PoolClosed))), "{late:?}");
}

#[tokio::test]
async fn only_what_is_committed_is_news() {
    for house in houses_with_a_table().await {
        // Nothing comes, however long one waits; what comes is there long before the patience ends.
        let told = async |sql: &Sql, patience_ms: u64| {
            let (before, patience) = (std::time::Instant::now(), std::time::Duration::from_millis(patience_ms));
            sql.wait_for_news(patience).await;
            before.elapsed() < patience
        };
        let refused = ask(&house.sql, |tx| {
            Box::pin(async move {
                tx.is_news();
                insert(tx, "refused").await?;
                Err(Error::Interrupted)
            })
        });
        let quiet = ask(&house.sql, |tx| Box::pin(insert(tx, "quiet")));
        assert!(refused.await.is_err() && quiet.await.is_ok());
        assert!(!told(&house.sql, 20).await);
        let loud = ask(&house.sql, |tx| {
            tx.is_news();
            Box::pin(insert(tx, "loud"))
        });
        loud.await.unwrap();
        assert!(told(&house.sql, 30_000).await);
    }
}

#[tokio::test]
async fn a_restarted_server_is_met_by_the_next_connection() {
    for house in houses_with_a_table().await.into_iter().filter(|house| house.sql.engine_name() == "postgres") {
        let other = house.another().await;
        for kind in ["transaction", "read"] {
            let pid = house.sql.fetch_optional("SELECT pg_backend_pid() AS pid", vec![]).await.unwrap().unwrap();
            let pid = pid.int("pid").unwrap();
            const END: &str = "SELECT CAST(pg_terminate_backend(CAST($1 AS INTEGER)) AS TEXT) AS ended";
            other.fetch_all(END, args![pid]).await.unwrap();
            const THERE: &str = "SELECT pid FROM pg_stat_activity WHERE pid = $1";
            while !other.fetch_all(THERE, args![pid]).await.unwrap().is_empty() {
                tokio::task::yield_now().await;
            }
            match kind {
                "transaction" => assert_eq!(ask(&house.sql, |tx| Box::pin(insert(tx, "after"))).await.unwrap(), 1),
                _ => assert_eq!(ids(&house.sql).await, ["after"]),
            }
        }
    }
}
