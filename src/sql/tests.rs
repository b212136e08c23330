//! What must hold of both engines alike.

mod batches;

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

#[tokio::test]
async fn a_caller_that_gives_up_does_not_leave_a_transaction_open() {
    for house in houses_with_a_table().await {
        let (entered, inside) = tokio::sync::oneshot::channel();
        let (go_on, wait) = tokio::sync::oneshot::channel::<()>();
        let work = house.sql.transaction(move |tx| {
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
