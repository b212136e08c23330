//! What must hold of both engines alike.

mod batches;

use std::sync::Arc;

use tokio::sync::Notify;

use super::{Arg, Error, Settings, Sql, args, trial};

async fn houses_with_a_table() -> Vec<trial::House> {
    let houses = trial::empty_houses().await;
    for house in &houses {
        house
            .sql
            .transaction(|tx| {
                Box::pin(async move {
                    let table = "CREATE TABLE things (id TEXT PRIMARY KEY, n BIGINT, b {bytes})";
                    tx.script(table.replace("{bytes}", tx.bytes_type())).await
                })
            })
            .await
            .unwrap();
    }
    houses
}

const INSERT: &str = "INSERT INTO things (id, n, b) VALUES ($1, $2, $3)";

#[tokio::test]
async fn values_come_back_as_they_went_in() {
    for house in houses_with_a_table().await {
        let sql = &house.sql;
        sql.execute(INSERT, args!["陶瓷", i64::MIN, vec![0_u8, 255]]).await.unwrap();
        sql.execute(INSERT, vec!["none".into(), Arg::Int(None), Arg::Bytes(None)]).await.unwrap();
        let rows = sql.fetch_all("SELECT * FROM things ORDER BY n IS NULL, id", vec![]).await.unwrap();
        assert_eq!(rows[0].text("id").unwrap(), "陶瓷");
        assert_eq!(rows[0].int("n").unwrap(), i64::MIN);
        assert_eq!(rows[0].bytes("b").unwrap(), [0, 255]);
        assert_eq!(rows[1].opt_int("n").unwrap(), None);
        assert!(matches!(rows[1].int("n"), Err(Error::Column { .. })));
        assert!(rows[1].text("nowhere").is_err());
        let count = sql.fetch_optional("SELECT COUNT(*) AS c FROM things WHERE n = $1", args![i64::MIN]).await;
        assert_eq!(count.unwrap().unwrap().int("c").unwrap(), 1);
    }
}

#[tokio::test]
async fn a_second_row_with_the_same_key_is_told_apart_from_other_trouble() {
    for house in houses_with_a_table().await {
        let once = |n: i64| house.sql.execute(INSERT, args!["a", n, Arg::Bytes(None)]);
        once(1).await.unwrap();
        assert!(once(2).await.unwrap_err().is_unique());
        assert!(!house.sql.execute("INSERT INTO nowhere VALUES ($1)", args![1]).await.unwrap_err().is_unique());
    }
}

#[tokio::test]
async fn a_refused_transaction_leaves_nothing_behind() {
    for house in houses_with_a_table().await {
        let refused: Result<(), Error> = house
            .sql
            .transaction(|tx| {
                Box::pin(async move {
                    tx.execute(INSERT, args!["a", 1, Arg::Bytes(None)]).await?;
                    Err(Error::Interrupted)
                })
            })
            .await;
        assert!(refused.is_err());
        assert!(house.sql.fetch_all("SELECT id FROM things", vec![]).await.unwrap().is_empty());
    }
}

/// Counts one row up and then the other; in between, once, it tells that it is there and waits for somebody else to be.
async fn count_both(sql: &Sql, first: &'static str, then: &'static str, here: Arc<Notify>, there: Arc<Notify>) {
    const COUNT: &str = "UPDATE things SET n = n + 1 WHERE id = $1";
    let counted: Result<(), Error> = sql
        .transaction(move |tx| {
            Box::pin(async move {
                tx.execute(COUNT, args![first]).await?;
                // A second try finds the other done.
                here.notify_one();
                tokio::time::timeout(std::time::Duration::from_secs(5), there.notified()).await.ok();
                tx.execute(COUNT, args![then]).await?;
                Ok(())
            })
        })
        .await;
    counted.unwrap();
}

#[tokio::test]
async fn transactions_that_wait_for_each_other_are_both_done() {
    for house in houses_with_a_table().await {
        if house.sql.engine_name() == "sqlite" {
            // Its one writer never waits for another.
            continue;
        }
        for id in ["a", "b"] {
            house.sql.execute(INSERT, args![id, 0, Arg::Bytes(None)]).await.unwrap();
        }
        let (one, two) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        tokio::join!(
            count_both(&house.sql, "a", "b", one.clone(), two.clone()),
            count_both(&house.sql, "b", "a", two, one),
        );
        let rows = house.sql.fetch_all("SELECT n FROM things", vec![]).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.int("n").unwrap()).collect::<Vec<_>>(), [2, 2]);
    }
}

#[tokio::test]
async fn a_deadlock_is_told_from_other_trouble() {
    for house in houses_with_a_table().await {
        let error = house.sql.execute("INSERT INTO nowhere VALUES ($1)", args![1]).await.unwrap_err();
        assert!(!error.is_deadlock());
        if house.sql.engine_name() == "sqlite" {
            continue;
        }
        let raised = "DO $$ BEGIN RAISE EXCEPTION 'as if' USING ERRCODE = '40P01'; END $$";
        let tried = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let count = tried.clone();
        let ended: Result<u64, Error> = house
            .sql
            .transaction(move |tx| {
                Box::pin(async move {
                    count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    tx.execute(raised, vec![]).await
                })
            })
            .await;
        assert!(ended.unwrap_err().is_deadlock());
        assert_eq!(tried.load(std::sync::atomic::Ordering::Relaxed), 4, "it is not tried for ever");
    }
}

#[tokio::test]
async fn a_caller_that_gives_up_does_not_leave_a_transaction_open() {
    for house in houses_with_a_table().await {
        let (entered, inside) = tokio::sync::oneshot::channel();
        let (go_on, wait) = tokio::sync::oneshot::channel::<()>();
        let work = house.sql.transaction_once(move |tx| {
            Box::pin(async move {
                tx.execute(INSERT, args!["a", 1, Arg::Bytes(None)]).await?;
                entered.send(()).ok();
                wait.await.ok();
                Ok::<_, Error>(())
            })
        });
        let mut work = Box::pin(work);
        tokio::select! { _ = &mut work => panic!("cannot be done yet"), _ = inside => {} }
        drop(work);
        go_on.send(()).unwrap();
        // The next writer has to wait for the first one's end: then its row is there.
        house.sql.execute("UPDATE things SET n = 2 WHERE id = $1", args!["nobody"]).await.unwrap();
        let mut found = house.sql.fetch_all("SELECT id FROM things", vec![]).await.unwrap();
        while found.is_empty() {
            tokio::task::yield_now().await;
            found = house.sql.fetch_all("SELECT id FROM things", vec![]).await.unwrap();
        }
    }
}

#[test]
fn a_worker_on_another_runtime_may_ask() {
    let main = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let houses = main.block_on(houses_with_a_table());
    let worker = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for house in &houses {
        assert_eq!(worker.block_on(house.sql.execute(INSERT, args!["a", 1, Arg::Bytes(None)])).unwrap(), 1);
    }
    drop(worker);
    for house in &houses {
        assert_eq!(main.block_on(house.sql.fetch_all("SELECT id FROM things", vec![])).unwrap().len(), 1);
    }
}

#[tokio::test]
async fn reads_cannot_write_on_sqlite() {
    let house = houses_with_a_table().await.remove(0);
    assert!(house.sql.fetch_all("DELETE FROM things RETURNING id", vec![]).await.is_err());
}

#[tokio::test]
async fn a_url_of_neither_engine_is_refused_with_what_would_be_right() {
    for wrong in ["", "mysql://x", "sqlite://", "sqlite://:memory:"] {
        let Err(error) = Sql::open(&Settings { url: wrong.to_owned() }).await else { panic!("{wrong}") };
        assert!(error.to_string().contains("sqlite://"), "{wrong}: {error}");
    }
}
