//! The journal: what was answered is there after a restart, whatever the end of the file looks like.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};
use xunyuan::sandbox::{Error, Settings, start};

use super::{Sandbox, data};
use reqwest::Method;

async fn open(folder: &Path) -> Sandbox {
    Sandbox::with(|settings| settings.data = Some(folder.to_path_buf())).await
}

fn append(folder: &Path, bytes: &[u8]) {
    let journal = folder.join("journal.jsonl");
    std::fs::OpenOptions::new().append(true).open(journal).unwrap().write_all(bytes).unwrap();
}

#[tokio::test]
async fn orders_placed_at_once_share_the_disk_and_are_all_there_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = open(folder.path()).await;
    let detail = sandbox.orderable(1).await;
    sandbox.post(&format!("/control/goods/{}", detail["goodsId"]), json!({ "stock": 100_000 })).await;
    let asked = sandbox.order_for(&detail, 1, "J").await;
    let bodies: Vec<Value> = (0..40)
        .map(|number| {
            let mut body = asked.clone();
            body["outRef"] = json!(format!("J-{}", number % 20));
            body
        })
        .collect();
    let calls = bodies.iter().map(|body| sandbox.send(Method::POST, "/trade/orders", Some(body.clone())));
    let placed: Vec<Value> = futures_util::future::join_all(calls).await.into_iter().map(data).collect();
    let feed = sandbox.get("/changes?limit=500").await;
    let created = feed["items"].as_array().unwrap().iter().filter(|item| item["change"] == "created").count();
    assert_eq!(created, 20, "what was answered can be read in the feed");
    sandbox.running.stop().await;
    let sandbox = open(folder.path()).await;
    for order in placed {
        let path = format!("/trade/orders/byOutRef?partnerCode=acme&outRef={}", order["outRef"].as_str().unwrap());
        let kept = sandbox.get(&path).await;
        let mut order = order.clone();
        order["replayed"] = json!(false);
        assert_eq!(kept, order);
    }
    let all = sandbox.get("/control/orders").await;
    assert!(all["items"].as_array().unwrap().iter().all(|order| order["createCalls"] == 2), "repeats are counted too");
    assert_eq!(sandbox.get("/changes?limit=500").await, feed);
}

#[tokio::test]
async fn a_torn_end_is_cut_off_and_a_hole_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = open(folder.path()).await;
    let order = sandbox.placed("T-1").await;
    sandbox.running.stop().await;
    for end in [&b"[{\"order\":{\"order_no\":26"[..], b"\0\0\0\0\0\0", b"[{\"order\":\n\0\0\xff\n\0"] {
        append(folder.path(), end);
        let sandbox = open(folder.path()).await;
        assert_eq!(sandbox.order(&order).await, order);
        let number = sandbox.get("/changes").await["lastSeq"].as_i64().unwrap();
        sandbox.placed(&format!("after-{number}")).await;
        assert_eq!(sandbox.get("/changes").await["lastSeq"].as_i64(), Some(number + 1), "numbers go on without a hole");
        sandbox.running.stop().await;
    }
    append(folder.path(), b"half a line\n[]\n");
    let settings = Settings { offers: 1, seed: super::SEED, data: Some(folder.path().into()), ..Settings::default() };
    assert!(
        matches!(start(settings, |_| {}).await, Err(Error::Foreign { .. })),
        "sound lines behind are not thrown away"
    );
}

#[tokio::test]
async fn without_fsync_a_restart_loses_nothing_either() {
    let folder = tempfile::tempdir().unwrap();
    let quick = async || {
        Sandbox::with(|settings| {
            settings.data = Some(folder.path().to_path_buf());
            settings.fsync = false;
        })
        .await
    };
    let sandbox = quick().await;
    let order = sandbox.paid("Q-1", 1).await;
    let feed = sandbox.get("/changes").await;
    sandbox.running.stop().await;
    let sandbox = quick().await;
    assert_eq!((sandbox.order(&order).await, sandbox.get("/changes").await), (order, feed));
    assert_eq!(sandbox.get("/trade/payments/byRef?partnerCode=acme&payRef=pay-Q-1").await["status"], "PAID");
}
