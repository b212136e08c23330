//! Asking suppliers in words by the older protocol: each task is an inquiry of the newer face.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::House;
use crate::param2::shapes::hold;
use crate::param2::shop::Shop;
use crate::param2::trader::Trader;

const AGENT: &str = "com.alibaba.agent";
const CREATED: &[&str] = &["success b!", "taskId s!", "sessionId s!", "status s!", "eagleTraceId s!"];
const TASK: &[&str] = &[
    "success b!",
    "taskId s!",
    "sessionId s!",
    "taskType s!",
    "status s!",
    "createdAt s!",
    "startedAt s!",
    "finishedAt s",
    "content s",
    "messages[].type s",
    "messages[].content s",
    "outputStatus s!",
    "eagleTraceId s!",
];
const LISTED: &[&str] = &["taskId s!", "sessionId s!", "taskType s!", "status s!", "createdAt s!", "finishedAt s"];
const UPLOADED: &[&str] = &[
    "success b!",
    "result.downloadUrl s!",
    "result.agentDownloadUrl s!",
    "result.relativePath s!",
    "result.fileSize i!",
    "result.eagleTraceId s!",
];
/// One grey pixel.
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGOoBwAAgQCA05RTSgAAAABJRU5ErkJggg==";

async fn ask(trader: &Trader, api: &str, parameters: &[(&str, &str)]) -> Value {
    trader.told(AGENT, &format!("newtoncloud.{api}"), parameters).await
}

/// The task once it stands there.
async fn until(trader: &Trader, task: &str, status: &str) -> Value {
    for _ in 0..1_600 {
        let told = ask(trader, "task.get", &[("taskId", task)]).await;
        if told["status"] == status {
            return told;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the task never was {status}: {}", ask(trader, "task.get", &[("taskId", task)]).await);
}

/// What the shop buys, as a message that links to it.
fn message(shop: &Shop) -> String {
    let line = &shop.quote["lines"][0];
    let (offer, count) = (line["offer_id"].as_str().unwrap(), line["quantity"].as_f64().unwrap());
    format!("我想采购{count}件 https://detail.1688.com/offer/{offer}.html 白色")
}

/// The only inquiry of the newer face under this number.
async fn newer(shop: &Shop, reference: &str) -> Value {
    let all = shop.partner.get("/v1/inquiries").await.json();
    let named: Vec<_> = all["items"].as_array().unwrap().iter().filter(|one| one["reference"] == reference).collect();
    assert_eq!(named.len(), 1, "{all}");
    named[0].clone()
}

async fn control(house: &House, inquiry: &Value, what: Value) {
    let number = inquiry["catalogue_inquiry_id"].as_str().unwrap();
    house.tell_catalogue(&format!("/control/inquiries/{number}"), what).await;
}

#[actix_web::test]
async fn a_task_is_an_inquiry_and_tells_what_suppliers_quote() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let trader = &shop.trader;
    let picture = ask(trader, "file.upload", &[("contentBase64", PNG), ("filename", "a.png")]).await;
    hold(&picture, UPLOADED);
    let address = picture["result"]["agentDownloadUrl"].as_str().unwrap();
    let (told, files) = (message(&shop), json!([address]).to_string());
    let wish = [("message", told.as_str()), ("taskId", "TASK-1"), ("fileUrls", &files)];
    let made = ask(trader, "task.create", &wish).await;
    hold(&made, CREATED);
    assert_eq!(made["taskId"], "TASK-1");
    // Said again, it is asked once; said otherwise under the same number, it is refused.
    assert_eq!(ask(trader, "task.create", &[&wish[..], &[("auto", "true")]].concat()).await["taskId"], "TASK-1");
    let other = trader.call(AGENT, "newtoncloud.task.create", &[("message", "100件杯子"), ("taskId", "TASK-1")]).await;
    assert_eq!((other.status, &other.json()["success"]), (200, &json!(false)), "{}", other.json());
    let inquiry = newer(&shop, "TASK-1").await;
    assert_eq!((&inquiry["specification"], inquiry["suppliers"].as_array().map(Vec::len)), (&json!(told), Some(1)));
    assert_eq!(inquiry["suppliers"][0]["supplier_id"], shop.quote["supplier"]["id"]);
    assert_eq!(inquiry["quantity"].as_f64(), shop.quote["lines"][0]["quantity"].as_f64());
    assert!(address.ends_with(inquiry["attachments"][0].as_str().unwrap()), "{inquiry}");
    control(&house, &inquiry, json!({"do": "quote", "priceFen": 123})).await;
    let waits = until(trader, "TASK-1", "WAIT_USER").await;
    hold(&waits, TASK);
    assert!(waits["content"].as_str().unwrap().contains("单价1.23元"), "{waits}");
    assert_eq!((&waits["outputStatus"], waits.get("messages")), (&json!("wait_user"), None));
    let quoted = &newer(&shop, "TASK-1").await["suppliers"][0]["quotation"];
    for name in ["wwTaskId", "taskId"] {
        let result = ask(trader, "batchInquiry.getResult", &[(name, "TASK-1")]).await;
        assert_eq!((&result["success"], &result["inquiryStatus"]), (&json!(true), &json!("WAIT_USER")), "{result}");
        let data: Value = serde_json::from_str(result["data"].as_str().unwrap()).unwrap();
        let told = &data["subTasks"][0]["quotation"];
        assert_eq!((&told["quotationId"], &told["unitPrice"]), (&quoted["id"], &json!("1.23")), "{data}");
        assert_eq!(told["total"], quoted["total"]["amount"]);
    }
    // Without links the words find who is asked, at most ten; without a number the task has one of its own.
    let title = shop.partner.get(&format!("/v1/offers/{}", shop.quote["lines"][0]["offer_id"].as_str().unwrap())).await;
    let title = title.json()["title_original"].as_str().unwrap().to_owned();
    let made = ask(trader, "task.create", &[("message", &format!("采购50件{title}"))]).await;
    let own = made["taskId"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned();
    let asked = newer(&shop, &own).await["suppliers"].as_array().unwrap().clone();
    assert!((1..=10).contains(&asked.len()));
    assert!(asked.iter().any(|one| one["supplier_id"] == shop.quote["supplier"]["id"]), "{asked:?}");
    let all = ask(trader, "task.list", &[]).await;
    let names: Vec<_> = all["data"].as_array().unwrap().iter().map(|one| one["taskId"].as_str().unwrap()).collect();
    assert_eq!((names, &all["total"]), (vec![own.as_str(), "TASK-1"], &json!(2)));
    all["data"].as_array().unwrap().iter().for_each(|one| hold(one, LISTED));
    let second = ask(trader, "task.list", &[("pageNo", "2"), ("pageSize", "1")]).await;
    assert_eq!((&second["data"][0]["taskId"], &second["total"]), (&json!("TASK-1"), &json!(2)));
    // What is missing in the message is said.
    for (message, why) in [("陶瓷马克杯", "how many"), ("20件zzzzqqqq", "links")] {
        let told = ask(trader, "task.create", &[("message", message)]).await;
        assert_eq!((&told["success"], &told["errorCode"]), (&json!(false), &json!("INVALID_REQUEST")), "{told}");
        assert!(told["error"].as_str().unwrap().contains(why), "{told}");
    }
    let unknown = ask(trader, "task.get", &[("taskId", "TASK-9")]).await;
    assert_eq!((&unknown["success"], &unknown["errorCode"]), (&json!(false), &json!("404")), "{unknown}");
    // An agent's own calls have no counterpart.
    for api in ["task.resume", "task.fetch", "model.list", "points.query"] {
        let said = trader.call(AGENT, &format!("newtoncloud.{api}"), &[("taskId", "TASK-1")]).await;
        assert_eq!(said.error().as_deref(), Some("gw.APIUnsupported"), "{api}");
    }
    house.close().await;
}

#[actix_web::test]
async fn a_task_is_taken_back_once_and_not_after_it_ended() {
    let house = House::open().await;
    let shop = Shop::open(&house, "acme").await;
    let trader = &shop.trader;
    let told = message(&shop);
    for task in ["TASK-1", "TASK-2"] {
        let made = ask(trader, "task.create", &[("message", &told), ("taskId", task)]).await;
        assert_eq!(made["success"], true, "{made}");
    }
    for reason in ["不需要了", "again"] {
        let killed = ask(trader, "task.kill", &[("taskId", "TASK-1"), ("reason", reason)]).await;
        assert_eq!((&killed["success"], &killed["killed"]), (&json!(true), &json!(true)), "{killed}");
    }
    assert_eq!(newer(&shop, "TASK-1").await["state"], "withdrawn");
    let over = until(trader, "TASK-1", "KILL").await;
    hold(&over, TASK);
    assert!(over["finishedAt"].is_string() && over.get("content").is_none(), "{over}");
    control(&house, &newer(&shop, "TASK-2").await, json!({"do": "decline"})).await;
    let ended = until(trader, "TASK-2", "END").await;
    assert!(ended["messages"][0]["content"].as_str().unwrap().contains("无法报价"), "{ended}");
    let late = ask(trader, "task.kill", &[("taskId", "TASK-2"), ("reason", "x")]).await;
    assert_eq!((&late["success"], late.get("killed")), (&json!(false), None), "{late}");
    // Suppliers are asked by the main account.
    let directory = &house.running.house.directory;
    let token = directory.grant_lasting("test", &trader.app_key, "acme:osaka").await.unwrap().access_token;
    let branch = trader.with_token(token);
    for (api, asked) in [("task.create", ("message", told.as_str())), ("task.get", ("taskId", "TASK-1"))] {
        let told = ask(&branch, api, &[asked]).await;
        assert!(told["success"] == false && told["error"].as_str().unwrap().contains("main account"), "{told}");
    }
    house.close().await;
}
