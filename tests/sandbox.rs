//! The sandbox catalogue over its own HTTP contract: started in the process, asked as any client asks.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test that cannot go on says so by failing")]

use std::collections::HashSet;
use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use xunyuan::sandbox::goods::{CrossBorder, Lang, Shop};
use xunyuan::sandbox::{Clock, Error, Running, Settings, start};

#[path = "sandbox/consignments.rs"]
mod consignments;
#[path = "sandbox/inquiries.rs"]
mod inquiries;
#[path = "sandbox/journal.rs"]
mod journal;
#[path = "sandbox/pictures.rs"]
mod pictures;
#[path = "sandbox/refunds.rs"]
mod refunds;
#[path = "sandbox/told.rs"]
mod told;
#[path = "sandbox/vouchers.rs"]
mod vouchers;

const TOKEN: &str = "test-token";
const SEED: u64 = 7;
const OFFERS: u32 = 600;
/// 2026-11-23 11:08:48 in Beijing.
const NOW: i64 = 1_795_403_328;

struct Sandbox {
    running: Running,
    client: Client,
}

impl Sandbox {
    async fn open() -> Sandbox {
        Sandbox::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut Settings)) -> Sandbox {
        let mut settings = Settings {
            offers: OFFERS,
            seed: SEED,
            pace: 0.0,
            token: TOKEN.into(),
            clock: Clock::manual(NOW),
            workers: 1,
            ..Settings::default()
        };
        change(&mut settings);
        let running = start(settings, |_| {}).await.unwrap();
        let client = Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        Sandbox { running, client }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = self.client.request(method, format!("{}{path}", self.running.url()));
        request = request.header("X-Internal-Token", TOKEN);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        data(self.send(Method::GET, path, None).await)
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        data(self.send(Method::POST, path, Some(body)).await)
    }

    async fn refused(&self, path: &str, body: Value) -> (String, Value) {
        let (status, answer) = self.send(Method::POST, path, Some(body)).await;
        assert_eq!((status, &answer["success"]), (StatusCode::OK, &json!(false)), "{answer}");
        (answer["errorCode"].as_str().unwrap().to_owned(), answer["errorData"].clone())
    }

    async fn search(&self, query: &[(&str, &str)]) -> Value {
        let url = reqwest::Url::parse_with_params(&format!("{}/goods/search", self.running.url()), query).unwrap();
        self.get(&format!("{}?{}", url.path(), url.query().unwrap_or(""))).await
    }

    /// A goods that anybody may order, with at least so many SKUs in stock.
    async fn orderable(&self, skus: usize) -> Value {
        let shop = Shop::open(SEED, OFFERS);
        let index = (0..shop.len()).find(|index| {
            let goods = shop.goods(*index);
            let plenty = goods.skus.iter().all(|sku| sku.stock > goods.min_order * 2);
            goods.cross_border == CrossBorder::Open && goods.batch.is_none() && plenty && goods.skus.len() >= skus
        });
        self.get(&format!("/goods/{}?lang=en", shop.goods(index.unwrap()).id)).await
    }

    /// Everything that placing an order for the first SKUs of a goods takes.
    async fn order_for(&self, detail: &Value, skus: usize, out_ref: &str) -> Value {
        let quantity = detail["beginAmount"].as_i64().unwrap();
        let wanted: Vec<Value> = detail["skus"].as_array().unwrap()[..skus]
            .iter()
            .map(|sku| json!({ "skuId": sku["skuId"], "quantity": quantity }))
            .collect();
        let asked = json!({ "lines": wanted, "warehouseCode": "YW01", "destCountry": "JP" });
        let preview = self.post("/trade/preview", asked).await;
        assert_eq!(preview["problems"], json!([]));
        let group = &preview["groups"][0];
        let lines: Vec<Value> = group["lines"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| json!({ "skuId": line["skuId"], "quantity": line["quantity"], "unitPriceFen": line["unitPriceFen"] }))
            .collect();
        json!({
            "outRef": out_ref, "partnerCode": "acme", "channel": "CROSS_BORDER", "destCountry": "JP",
            "warehouseCode": "YW01", "sellerId": group["sellerId"], "lines": lines,
            "freightFen": group["freightFen"], "totalFen": group["totalFen"], "buyerMemo": "请仔细包装"
        })
    }

    async fn placed(&self, out_ref: &str) -> Value {
        let detail = self.orderable(1).await;
        let asked = self.order_for(&detail, 1, out_ref).await;
        self.post("/trade/orders", asked).await
    }

    /// An order with so many lines that is paid.
    async fn paid(&self, out_ref: &str, lines: usize) -> Value {
        let detail = self.orderable(lines).await;
        let asked = self.order_for(&detail, lines, out_ref).await;
        let order = self.post("/trade/orders", asked).await;
        let pay = format!("/trade/orders/{}/pay", order["orderNo"]);
        self.post(&pay, json!({ "mode": "DEBIT", "payRef": format!("pay-{out_ref}") })).await;
        self.order(&order).await
    }

    /// An order as it is now.
    async fn order(&self, order: &Value) -> Value {
        self.get(&format!("/trade/orders/{}", order["orderNo"])).await
    }

    /// Moves an order on.
    async fn advance(&self, order: &Value, to: &str) -> Value {
        self.post("/control/advance", json!({ "orderNo": order["orderNo"], "to": to })).await
    }

    /// Lets so many seconds go by, with the background's work after each.
    fn wait(&self, seconds: i64, step: i64) {
        for _ in 0..seconds / step {
            self.running.clock.advance(step);
            self.running.tick();
        }
    }

    /// What comes back on a bare connection until the server closes it.
    async fn raw(&self, request: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(self.running.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // A reset instead of an orderly end is no answer either.
        let _ = stream.read_to_end(&mut answer).await;
        answer
    }
}

fn data((status, answer): (StatusCode, Value)) -> Value {
    assert_eq!((status, &answer["success"]), (StatusCode::OK, &json!(true)), "{answer}");
    answer["data"].clone()
}

fn ids(page: &Value) -> Vec<i64> {
    page["items"].as_array().unwrap().iter().map(|item| item["goodsId"].as_i64().unwrap()).collect()
}

fn fen(yuan: &Value) -> i64 {
    yuan.as_str().unwrap().replace('.', "").parse().unwrap()
}

#[tokio::test]
async fn goods_of_a_type_are_found_by_its_name_in_every_language() {
    let sandbox = Sandbox::open().await;
    let shop = Shop::open(SEED, OFFERS);
    let sold: HashSet<&str> = (0..shop.len())
        .map(|index| shop.goods(index))
        .filter(|goods| goods.cross_border != CrossBorder::HeldPatent)
        .map(|goods| goods.product_type.key)
        .collect();
    let mut missed = Vec::new();
    for (number, kind) in Shop::product_types().iter().filter(|kind| sold.contains(kind.key)).enumerate() {
        // Every type in two languages, every language for many types.
        for lang in [Lang::ALL[number % 12], Lang::ALL[(number * 5 + 6) % 12]] {
            let name = kind.name.get(lang);
            let page = sandbox.search(&[("keyword", name), ("lang", lang.tag()), ("pageSize", "10")]).await;
            let found =
                ids(&page).iter().any(|id| shop.goods(shop.index_of(*id).unwrap()).product_type.key == kind.key);
            if !found {
                missed.push(format!("{} {} {name}", kind.key, lang.tag()));
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[tokio::test]
async fn a_goods_is_found_by_its_own_subject_in_every_language() {
    let sandbox = Sandbox::open().await;
    let id = sandbox.orderable(1).await["goodsId"].as_i64().unwrap();
    let shop = Shop::open(SEED, OFFERS);
    let goods = shop.goods(shop.index_of(id).unwrap());
    for lang in Lang::ALL {
        let subject = goods.subject(lang);
        let page = sandbox.search(&[("keyword", &subject), ("lang", lang.tag())]).await;
        assert!(ids(&page).contains(&id), "{} {subject}", lang.tag());
        let item = page["items"].as_array().unwrap().iter().find(|item| item["goodsId"] == id).unwrap();
        assert_eq!(item["subject"], goods.subject(Lang::Zh));
        assert_eq!(item.get("subjectTrans").is_none(), lang == Lang::Zh);
    }
    let by_id = sandbox.search(&[("keyword", &id.to_string())]).await;
    assert!(ids(&by_id).contains(&id));
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repeat_while_goods_change() {
    let sandbox = Sandbox::open().await;
    for sort in ["default", "price_asc", "price_desc", "sold_desc", "repurchase_desc", "newest"] {
        let mut seen = Vec::new();
        let mut token = String::new();
        let total = loop {
            let page = sandbox.search(&[("sort", sort), ("pageSize", "50"), ("pageToken", &token)]).await;
            seen.extend(ids(&page));
            match page["nextPageToken"].as_str() {
                Some(next) => token = next.to_owned(),
                None => break page["total"].as_u64().unwrap(),
            }
        };
        let distinct: HashSet<&i64> = seen.iter().collect();
        assert_eq!((distinct.len(), seen.len() as u64), (seen.len(), total), "{sort}");
    }
    let first = sandbox.search(&[("sort", "newest"), ("pageSize", "5")]).await;
    let gone = ids(&first)[1];
    let path = format!("/control/goods/{gone}");
    let before = sandbox
        .search(&[("sort", "newest"), ("pageSize", "5"), ("pageToken", first["nextPageToken"].as_str().unwrap())])
        .await;
    sandbox.post(&path, json!({ "state": "held" })).await;
    let after = sandbox
        .search(&[("sort", "newest"), ("pageSize", "5"), ("pageToken", first["nextPageToken"].as_str().unwrap())])
        .await;
    assert_eq!(ids(&before), ids(&after));
}

#[tokio::test]
async fn filters_narrow_and_sorts_order() {
    let sandbox = Sandbox::open().await;
    let page =
        sandbox.search(&[("priceMin", "2.00"), ("priceMax", "20.00"), ("sort", "price_asc"), ("pageSize", "50")]).await;
    let prices: Vec<i64> = page["items"].as_array().unwrap().iter().map(|item| fen(&item["price"])).collect();
    assert!(
        prices.is_sorted() && prices.iter().all(|fen| (200..=2000).contains(fen)) && prices.len() > 5,
        "{prices:?}"
    );
    let page = sandbox.search(&[("maxBeginAmount", "2"), ("pageSize", "50")]).await;
    assert!(page["items"].as_array().unwrap().iter().all(|item| item["beginAmount"].as_i64().unwrap() <= 2));
    let seller_id = &page["items"][0]["sellerId"];
    let seller = seller_id.to_string();
    let own = sandbox.search(&[("sellerId", &seller)]).await;
    assert!(own["items"].as_array().unwrap().iter().all(|item| item["sellerId"] == *seller_id));
    let known = sandbox.get(&format!("/sellers/{seller}?lang=fr")).await;
    assert_eq!(known["goodsCount"], own["total"]);
    assert!(known["nameTrans"].is_string() && known["contactPhone"].is_string());
    let categories = sandbox.get("/categories?lang=ko").await;
    let all = sandbox.search(&[]).await["total"].as_u64().unwrap();
    let roots = categories["items"].as_array().unwrap().iter().filter(|category| category["parentId"].is_null());
    assert_eq!(roots.map(|root| root["goodsCount"].as_u64().unwrap()).sum::<u64>(), all);
}

#[tokio::test]
async fn wrong_parameters_are_named() {
    let sandbox = Sandbox::open().await;
    for (query, param) in [
        ("priceMin=cheap", "priceMin"),
        ("priceMax=1.234", "priceMax"),
        ("pageSize=51", "pageSize"),
        ("pageSize=0", "pageSize"),
        ("sort=best", "sort"),
        ("lang=tlh", "lang"),
        ("categoryId=x", "categoryId"),
        ("pageToken=AAAA", "pageToken"),
        ("maxBeginAmount=-1", "maxBeginAmount"),
    ] {
        let (status, answer) = sandbox.send(Method::GET, &format!("/goods/search?{query}"), None).await;
        assert_eq!(status, StatusCode::OK);
        assert_eq!((&answer["errorCode"], &answer["errorData"]["param"]), (&json!("PARAM_INVALID"), &json!(param)));
    }
    let first = sandbox.search(&[("pageSize", "3")]).await;
    let token = first["nextPageToken"].as_str().unwrap();
    let (_, answer) = sandbox.send(Method::GET, &format!("/goods/search?sort=newest&pageToken={token}"), None).await;
    assert_eq!(answer["errorData"]["param"], "pageToken", "a token belongs to its own question");
}

#[tokio::test]
async fn transport_trouble_is_answered_in_the_envelope() {
    let sandbox = Sandbox::open().await;
    let (status, answer) = sandbox.send(Method::GET, "/no/such/path", None).await;
    assert_eq!((status, &answer["errorCode"]), (StatusCode::NOT_FOUND, &json!("PATH_NOT_FOUND")));
    let (_, answer) = sandbox.send(Method::GET, "/goods/flowerpot", None).await;
    assert_eq!((&answer["errorCode"], &answer["errorData"]["param"]), (&json!("PARAM_INVALID"), &json!("goodsId")));
    let url = sandbox.running.url();
    let bare = sandbox.client.get(format!("{url}/categories")).send().await.unwrap();
    assert_eq!(bare.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(bare.json::<Value>().await.unwrap()["errorCode"], "TOKEN_INVALID");
    let post = |body: Vec<u8>| {
        sandbox.client.post(format!("{url}/trade/preview")).header("X-Internal-Token", TOKEN).body(body)
    };
    let half = post(b"{\"lines\":".to_vec()).send().await.unwrap().json::<Value>().await.unwrap();
    assert_eq!(half["errorCode"], "PARAM_INVALID");
    let wrong = br#"{"lines":[{"skuId":"x","quantity":1}],"warehouseCode":"YW01","destCountry":"JP"}"#.to_vec();
    let wrong = post(wrong).send().await.unwrap().json::<Value>().await.unwrap();
    assert_eq!(wrong["errorData"]["param"], "lines[0].skuId");
    let huge = post(vec![b' '; 2 << 20]).send().await.unwrap();
    assert_eq!(huge.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(huge.json::<Value>().await.unwrap()["success"], false);
}

#[tokio::test]
async fn a_detail_says_everything_and_a_batch_names_what_is_missing() {
    let sandbox = Sandbox::open().await;
    let detail = sandbox.orderable(2).await;
    for field in
        ["subjectTrans", "descriptionTrans", "attributes", "gmtCreate", "costPrice", "sellerPhone", "unitTrans"]
    {
        assert!(!detail[field].is_null(), "{field} in {detail}");
    }
    let ranges = detail["priceRanges"].as_array().unwrap();
    assert_eq!(fen(&ranges[0]["price"]), fen(&detail["priceMax"]));
    assert_eq!(fen(&ranges[ranges.len() - 1]["price"]), fen(&detail["price"]));
    assert!(fen(&detail["costPrice"]) < fen(&detail["price"]));
    let id = detail["goodsId"].as_i64().unwrap();
    let batch = sandbox.post("/goods/batchGet", json!({ "goodsIds": [id, 1], "lang": "en" })).await;
    assert_eq!((&batch["items"][0], &batch["missing"], &batch["foreign"]), (&detail, &json!([]), &json!([1])));
}

#[tokio::test]
async fn a_picture_is_a_png_that_need_not_be_sent_twice() {
    let sandbox = Sandbox::open().await;
    let id = sandbox.orderable(1).await["goodsId"].clone();
    let url = format!("{}/goods/{id}/picture.png?size=64", sandbox.running.url());
    let ask = || sandbox.client.get(&url).header("X-Internal-Token", TOKEN);
    let answer = ask().send().await.unwrap();
    let tag = answer.headers()["etag"].clone();
    assert_eq!(answer.headers()["content-type"], "image/png");
    assert!(answer.bytes().await.unwrap().starts_with(b"\x89PNG"));
    let again = ask().header("If-None-Match", tag).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn held_goods_are_nowhere() {
    let sandbox = Sandbox::open().await;
    let shop = Shop::open(SEED, OFFERS);
    let held =
        (0..shop.len()).map(|index| shop.goods(index)).find(|goods| goods.cross_border == CrossBorder::HeldPatent);
    let held = held.unwrap();
    let (_, answer) = sandbox.send(Method::GET, &format!("/goods/{}", held.id), None).await;
    assert_eq!(answer["errorCode"], "GOODS_HELD");
    let page = sandbox.search(&[("keyword", &held.id.to_string())]).await;
    assert!(!ids(&page).contains(&held.id));
    let asked =
        json!({ "lines": [{ "skuId": held.skus[0].id, "quantity": 1 }], "warehouseCode": "YW01", "destCountry": "JP" });
    let preview = sandbox.post("/trade/preview", asked).await;
    assert_eq!((&preview["problems"][0]["code"], &preview["groups"]), (&json!("GOODS_OFFLINE"), &json!([])));
    sandbox.post(&format!("/control/goods/{}", held.id), json!({ "state": "open" })).await;
    let page = sandbox.search(&[("keyword", &held.id.to_string())]).await;
    assert!(ids(&page).contains(&held.id));
}

#[tokio::test]
async fn a_preview_tells_every_problem() {
    let sandbox = Sandbox::open().await;
    let shop = Shop::open(SEED, OFFERS);
    let all: Vec<_> = (0..shop.len()).map(|index| shop.goods(index)).collect();
    let dear = all.iter().find(|goods| goods.min_order > 1 && goods.cross_border == CrossBorder::Open).unwrap();
    let batched = all
        .iter()
        .find(|goods| {
            goods.batch.is_some_and(|batch| batch > 1)
                && goods.cross_border == CrossBorder::Open
                && goods.seller_id != dear.seller_id
        })
        .unwrap();
    let (restricted, country) = all
        .iter()
        .find_map(|goods| match goods.cross_border {
            CrossBorder::Restricted(countries) => Some((goods, countries[0])),
            _ => None,
        })
        .unwrap();
    let batch = i64::from(batched.batch.unwrap());
    let lines = json!([
        { "skuId": 1, "quantity": 1 },
        { "skuId": dear.skus[0].id, "quantity": 1 },
        { "skuId": batched.skus[0].id, "quantity": batch * 1000 + 1 },
        { "skuId": restricted.skus[0].id, "quantity": 999_999 },
    ]);
    let preview = sandbox
        .post("/trade/preview", json!({ "lines": lines, "warehouseCode": "GZ01", "destCountry": country }))
        .await;
    let problem = |sku: i64, code: &str| {
        let problems = preview["problems"].as_array().unwrap().iter();
        problems.filter(|problem| problem["skuId"] == sku && problem["code"] == code).count()
    };
    assert_eq!(problem(1, "SKU_NOT_FOUND"), 1, "{preview}");
    assert_eq!(problem(dear.skus[0].id, "BELOW_BEGIN_AMOUNT"), 1, "{preview}");
    assert_eq!(problem(batched.skus[0].id, "NOT_BATCH_MULTIPLE"), 1, "{preview}");
    assert_eq!(problem(restricted.skus[0].id, "COUNTRY_RESTRICTED"), 1, "{preview}");
    assert_eq!(problem(restricted.skus[0].id, "STOCK_NOT_ENOUGH"), 1, "{preview}");
    let many: Vec<Value> = (1..=51).map(|sku| json!({ "skuId": sku, "quantity": 1 })).collect();
    let asked = json!({ "lines": many, "warehouseCode": "GZ01", "destCountry": "JP" });
    assert_eq!(sandbox.refused("/trade/preview", asked).await.0, "TOO_MANY_LINES");
    let twice = json!({ "lines": [{ "skuId": 1, "quantity": 1 }, { "skuId": 1, "quantity": 1 }], "warehouseCode": "GZ01", "destCountry": "JP" });
    assert_eq!(sandbox.refused("/trade/preview", twice).await.1["param"], "lines[1].skuId");
}

#[tokio::test]
async fn quantities_of_one_goods_reach_a_tier_together() {
    let sandbox = Sandbox::open().await;
    let detail = sandbox.orderable(2).await;
    let ranges = detail["priceRanges"].as_array().unwrap();
    let second = ranges[1]["beginAmount"].as_i64().unwrap();
    let (one, other) = (second - second / 2, second / 2);
    let line = |place: usize, quantity: i64| json!({ "skuId": detail["skus"][place]["skuId"], "quantity": quantity });
    let asked = json!({ "lines": [line(0, one), line(1, other)], "warehouseCode": "SZ01", "destCountry": "DE" });
    let preview = sandbox.post("/trade/preview", asked).await;
    let lines = preview["groups"][0]["lines"].as_array().unwrap();
    for (place, line) in lines.iter().enumerate() {
        let offset = fen(&detail["skus"][place]["priceOffset"]);
        assert_eq!(line["unitPriceFen"].as_i64().unwrap(), fen(&ranges[1]["price"]) + offset);
    }
    let goods: i64 = lines.iter().map(|line| line["amountFen"].as_i64().unwrap()).sum();
    let group = &preview["groups"][0];
    assert_eq!(group["goodsFen"], goods);
    assert_eq!(group["totalFen"].as_i64().unwrap(), goods + group["freightFen"].as_i64().unwrap());
}

#[tokio::test]
async fn freight_to_a_warehouse_is_what_a_preview_and_an_order_say() {
    let sandbox = Sandbox::open().await;
    let shop = Shop::open(SEED, OFFERS);
    let open = (0..shop.len()).map(|index| shop.goods(index)).filter(|goods| goods.cross_border == CrossBorder::Open);
    let skus: Vec<_> = open.step_by(7).take(40).map(|goods| (goods.skus[0].id, i64::from(goods.min_order))).collect();
    let lines: Vec<_> = skus.iter().map(|(sku, n)| json!({ "skuId": sku, "quantity": n })).collect();
    let asked: Vec<_> = skus.iter().map(|(sku, n)| format!("{sku}:{n}")).collect();
    let asked = asked.join(",");
    let preview =
        sandbox.post("/trade/preview", json!({ "lines": lines, "warehouseCode": "GZ01", "destCountry": "JP" })).await;
    let told = sandbox.get(&format!("/trade/freight?lines={asked}&warehouseCode=GZ01&destCountry=JP")).await;
    let place = sandbox.get(&format!("/trade/freight?lines={asked}&regionCode=440111&destCountry=JP")).await;
    assert_eq!((&told, &told["problems"]), (&place, &preview["problems"]));
    let groups = told["groups"].as_array().unwrap();
    for (group, previewed) in groups.iter().zip(preview["groups"].as_array().unwrap()) {
        for part in ["sellerId", "goodsFen", "freightFen", "totalFen"] {
            assert_eq!(group[part], previewed[part], "{part}");
        }
        let sum = |of: &dyn Fn(&Value) -> i64| group["lines"].as_array().unwrap().iter().map(of).sum::<i64>();
        let number = |line: &Value, name: &str| line[name].as_i64().unwrap();
        assert_eq!(group["weightGram"], sum(&|line| number(line, "weightGram") * number(line, "quantity")));
        let space =
            |line: &Value| line["sizeMm"].as_array().unwrap().iter().map(|mm| mm.as_i64().unwrap()).product::<i64>();
        let mm3 = sum(&|line| space(line) * number(line, "quantity"));
        assert_eq!(group["volumeCm3"], (mm3 + 999) / 1000);
        // By hand, from the template that is told.
        let template = &group["template"];
        let amount = match template["by"].as_str().unwrap() {
            "WEIGHT" => &group["weightGram"],
            "PIECE" => &group["pieces"],
            "VOLUME" => &group["volumeCm3"],
            _ => &Value::Null,
        };
        let free = template["freeAboveFen"].as_i64().is_some_and(|least| group["goodsFen"].as_i64().unwrap() >= least);
        let by_hand = amount.as_i64().filter(|_| !free).map_or(0, |amount| {
            let over = (amount - number(template, "first")).max(0);
            number(template, "firstFen")
                + (over as u64).div_ceil(number(template, "step") as u64) as i64 * number(template, "stepFen")
        });
        assert_eq!(group["freightFen"], by_hand, "{group}");
    }
    let kinds: std::collections::HashSet<_> =
        groups.iter().map(|group| group["template"]["by"].as_str().unwrap()).collect();
    assert!(kinds.contains("WEIGHT") && kinds.contains("VOLUME") && kinds.contains("PIECE"), "{kinds:?}");
    let far = sandbox.get(&format!("/trade/freight?lines={asked}&regionCode=650100")).await;
    for (group, far) in groups.iter().zip(far["groups"].as_array().unwrap()) {
        assert!(far["freightFen"].as_i64() >= group["freightFen"].as_i64());
        assert!(far["template"]["freeAboveFen"].is_null() && far["template"]["zone"] == "REMOTE");
    }
}

#[tokio::test]
async fn freight_is_refused_by_the_parameter_that_makes_no_sense() {
    let sandbox = Sandbox::open().await;
    for (query, param) in [
        ("regionCode=330782", "lines"),
        ("lines=&regionCode=330782", "lines"),
        ("lines=7&regionCode=330782", "lines"),
        ("lines=7:x&regionCode=330782", "lines[0].quantity"),
        ("lines=7:1,x:1&regionCode=330782", "lines[1].skuId"),
        ("lines=7:1,7:2&regionCode=330782", "lines[1].skuId"),
        ("lines=7:0&regionCode=330782", "lines[0].quantity"),
        ("lines=7:1", "regionCode"),
        ("lines=7:1&regionCode=99", "regionCode"),
        ("lines=7:1&regionCode=330782&warehouseCode=YW01", "regionCode"),
        ("lines=7:1&warehouseCode=XX99", "warehouseCode"),
        ("lines=7:1&warehouseCode=YW01&destCountry=japan", "destCountry"),
    ] {
        let (_, answer) = sandbox.send(Method::GET, &format!("/trade/freight?{query}"), None).await;
        assert_eq!(
            (&answer["errorCode"], &answer["errorData"]["param"]),
            (&json!("PARAM_INVALID"), &json!(param)),
            "{query}"
        );
    }
    let (_, answer) = sandbox.send(Method::GET, "/trade/freight?lines=7:1&regionCode=710000", None).await;
    assert_eq!(answer["errorCode"], "REGION_NOT_SERVED");
}

#[tokio::test]
async fn a_mixed_order_of_a_seller_waives_the_smallest_quantity() {
    let sandbox = Sandbox::open().await;
    let shop = Shop::open(SEED, OFFERS);
    let (goods, mix) = (0..shop.len())
        .map(|index| shop.goods(index))
        .filter(|goods| goods.cross_border == CrossBorder::Open && goods.batch.is_none())
        .filter(|goods| {
            goods.min_order > 1 && goods.skus.len() > 1 && goods.skus.iter().take(2).all(|sku| sku.stock > 200)
        })
        .find_map(|goods| {
            let mix = shop.seller(goods.seller_id)?.mix?;
            (goods.min_order > 2 && mix.fen > 2 * goods.tiers[0].price_fen).then_some((goods, mix))
        })
        .unwrap();
    let detail = sandbox.get(&format!("/goods/{}", goods.id)).await;
    assert_eq!(detail["mixBatch"]["minPieces"], mix.pieces);
    let preview = async |lines: Value| {
        sandbox.post("/trade/preview", json!({ "lines": lines, "warehouseCode": "YW01", "destCountry": "JP" })).await
    };
    let few = preview(json!([{ "skuId": goods.skus[0].id, "quantity": 1 }])).await;
    let told = &few["problems"][0];
    assert_eq!((&told["code"], &told["mix"]["pieces"]), (&json!("BELOW_BEGIN_AMOUNT"), &json!(1)), "{few}");
    assert_eq!((&told["mix"]["minPieces"], &told["mix"]["minFen"]), (&json!(mix.pieces), &json!(mix.fen)));
    assert_eq!(told["mix"]["fen"], few["groups"][0]["goodsFen"]);
    // Another goods of the seller, of which enough is bought.
    let other = shop.goods_of(goods.seller_id).into_iter().map(|index| shop.goods(index)).find(|other| {
        other.id != goods.id
            && other.cross_border == CrossBorder::Open
            && other.batch.is_none()
            && other.skus[0].stock > 200
    });
    let Some(other) = other else { return };
    let pieces = i64::from(mix.pieces.max(other.min_order));
    let lines = json!([
        { "skuId": goods.skus[0].id, "quantity": 1 }, { "skuId": other.skus[0].id, "quantity": pieces },
    ]);
    let mixed = preview(lines).await;
    assert_eq!(mixed["problems"], json!([]), "{mixed}");
    assert_eq!(
        mixed["groups"][0]["lines"][0]["unitPriceFen"],
        goods.tiers[0].price_fen + goods.skus[0].price_offset_fen
    );
}

#[tokio::test]
async fn an_order_sent_twice_is_placed_once() {
    let sandbox = Sandbox::open().await;
    let detail = sandbox.orderable(1).await;
    let asked = sandbox.order_for(&detail, 1, "A-1").await;
    let mut first = sandbox.post("/trade/orders", asked.clone()).await;
    let mut again = asked.clone();
    again["buyerMemo"] = json!("another memo");
    let second = sandbox.post("/trade/orders", again).await;
    assert_eq!((&first["replayed"], &second["replayed"]), (&json!(false), &json!(true)));
    assert_eq!(first["orderNo"].to_string().len(), 19);
    first["replayed"] = json!(true);
    assert_eq!(first, second);
    assert_eq!(sandbox.get("/trade/orders/byOutRef?partnerCode=acme&outRef=A-1").await["orderNo"], first["orderNo"]);
    let mut other = asked.clone();
    other["warehouseCode"] = json!("GZ01");
    let (code, facts) = sandbox.refused("/trade/orders", other).await;
    assert_eq!((code.as_str(), &facts["orderNo"]), ("OUT_REF_CONFLICT", &first["orderNo"]));
    let mut stranger = asked;
    stranger["partnerCode"] = json!("other");
    assert_ne!(sandbox.post("/trade/orders", stranger).await["orderNo"], first["orderNo"]);
    let stats = sandbox.get("/control/stats").await;
    assert_eq!(
        (&stats["ordersCreated"], &stats["duplicatesSeen"], &stats["conflictsSeen"]),
        (&json!(2), &json!(1), &json!(1))
    );
    assert_eq!(stats["calls"]["POST /trade/orders"], 4);
}

#[tokio::test]
async fn orders_of_a_partner_are_listed_newest_first() {
    let sandbox = Sandbox::open().await;
    let mut placed = Vec::new();
    for number in 0..5 {
        placed.insert(0, sandbox.placed(&format!("L-{number}")).await["orderNo"].clone());
    }
    let first = sandbox.get("/trade/orders?partnerCode=acme&pageSize=3").await;
    let token = first["nextPageToken"].as_str().unwrap();
    let rest = sandbox.get(&format!("/trade/orders?partnerCode=acme&pageSize=3&pageToken={token}")).await;
    let listed = first["items"].as_array().unwrap().iter().chain(rest["items"].as_array().unwrap());
    assert_eq!(listed.map(|order| order["orderNo"].clone()).collect::<Vec<_>>(), placed);
    assert!(rest["nextPageToken"].is_null());
    assert_eq!(sandbox.get("/trade/orders?partnerCode=nobody").await["items"], json!([]));
}

#[tokio::test]
async fn a_changed_price_is_refused_with_the_new_one() {
    let sandbox = Sandbox::open().await;
    let detail = sandbox.orderable(1).await;
    let mut asked = sandbox.order_for(&detail, 1, "P-1").await;
    let path = format!("/control/goods/{}", detail["goodsId"]);
    let touched = sandbox.post(&path, json!({ "price": "+10%" })).await;
    assert!(fen(&touched["price"]) > fen(&detail["price"]));
    assert!(touched["version"].as_i64() > detail["version"].as_i64());
    let (code, facts) = sandbox.refused("/trade/orders", asked.clone()).await;
    assert_eq!(code, "PRICE_CHANGED");
    asked["lines"][0]["unitPriceFen"] = facts["lines"][0]["unitPriceFen"].clone();
    asked["freightFen"] = facts["freightFen"].clone();
    asked["totalFen"] = facts["totalFen"].clone();
    sandbox.post("/trade/orders", asked).await;
    let cheap = sandbox.post(&path, json!({ "price": "0.07" })).await;
    assert_eq!(cheap["price"], "0.07");
    let found = sandbox.search(&[("priceMax", "0.07"), ("pageSize", "50")]).await;
    assert!(ids(&found).contains(&detail["goodsId"].as_i64().unwrap()), "the search knows the new price");
}

#[tokio::test]
async fn stock_is_set_aside_and_put_back() {
    let sandbox = Sandbox::open().await;
    let detail = sandbox.orderable(1).await;
    let path = format!("/goods/{}", detail["goodsId"]);
    let quantity = detail["beginAmount"].as_i64().unwrap();
    let left = async || sandbox.get(&path).await["skus"][0]["stock"].as_i64().unwrap();
    sandbox.post(&format!("/control{path}"), json!({ "stock": quantity + 1 })).await;
    let asked = sandbox.order_for(&detail, 1, "S-1").await;
    let order = sandbox.post("/trade/orders", asked.clone()).await;
    assert_eq!(left().await, 1);
    let mut second = asked;
    second["outRef"] = json!("S-2");
    let (code, facts) = sandbox.refused("/trade/orders", second.clone()).await;
    assert_eq!((code.as_str(), &facts["lines"][0]["stock"]), ("STOCK_NOT_ENOUGH", &json!(1)));
    let cancel = format!("/trade/orders/{}/cancel", order["orderNo"]);
    let cancelled = sandbox.post(&cancel, json!({ "reason": "不要了" })).await;
    assert_eq!((&cancelled["status"], &cancelled["closeReason"]), (&json!("cancel"), &json!("buyer_cancel")));
    assert_eq!(sandbox.post(&cancel, json!({})).await, cancelled, "cancelling again changes nothing");
    assert_eq!(left().await, quantity + 1);
    sandbox.post("/trade/orders", second).await;
    let (code, facts) = sandbox
        .refused(&format!("/trade/orders/{}/pay", order["orderNo"]), json!({ "mode": "DEBIT", "payRef": "x" }))
        .await;
    assert_eq!((code.as_str(), &facts["status"]), ("STATUS_NOT_ALLOWED", &json!("cancel")));
}

#[tokio::test]
async fn a_person_pays_at_the_cashier() {
    let sandbox = Sandbox::open().await;
    let order = sandbox.placed("C-1").await;
    let pay = format!("/trade/orders/{}/pay", order["orderNo"]);
    let page = sandbox.post(&pay, json!({ "mode": "PAGE" })).await;
    assert_eq!(sandbox.post(&pay, json!({ "mode": "PAGE" })).await, page, "the same page every time");
    let url = page["payUrl"].as_str().unwrap();
    let html = sandbox.client.get(url).send().await.unwrap().text().await.unwrap();
    assert!(html.contains("<form method=\"post\">") && html.contains(&order["orderNo"].to_string()));
    let html = sandbox.client.post(url).send().await.unwrap().text().await.unwrap();
    assert!(html.contains("已支付") && !html.contains("<form"));
    let paid = sandbox.get(&format!("/trade/orders/{}", order["orderNo"])).await;
    assert_eq!((&paid["status"], &paid["paidFen"]), (&json!("waitsellersend"), &order["totalFen"]));
    let after = sandbox.post(&pay, json!({ "mode": "DEBIT", "payRef": "late" })).await;
    assert_eq!(
        (&after["status"], &after["paidFen"]),
        (&json!("PAID"), &order["totalFen"]),
        "the first payment answers"
    );
    let unknown = sandbox.client.get(format!("{}/cashier/0000", sandbox.running.url())).send().await.unwrap();
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_order_walks_to_success_on_command() {
    let sandbox = Sandbox::open().await;
    let detail = sandbox.orderable(2).await;
    let asked = sandbox.order_for(&detail, 2, "W-1").await;
    let order = sandbox.post("/trade/orders", asked).await;
    let path = format!("/trade/orders/{}", order["orderNo"]);
    let debit = json!({ "mode": "DEBIT", "payRef": "D-1" });
    let paid = sandbox.post(&format!("{path}/pay"), debit.clone()).await;
    assert_eq!(sandbox.post(&format!("{path}/pay"), debit).await, paid);
    assert_eq!(sandbox.refused(&format!("{path}/confirmReceipt"), json!({})).await.0, "STATUS_NOT_ALLOWED");
    let mut statuses = Vec::new();
    while statuses.last() != Some(&json!("success")) {
        sandbox.running.clock.advance(60);
        let now = sandbox.post("/control/advance", json!({ "orderNo": order["orderNo"] })).await;
        statuses.push(now["status"].clone());
    }
    statuses.retain(|status| status != "sellerpartsend");
    assert_eq!(json!(statuses), json!(["waitbuyerreceive", "warehousesigned", "inspected", "handedover", "success"]));
    let done = sandbox.get(&path).await;
    for moment in ["gmtPay", "gmtSend", "gmtSign", "gmtFinish"] {
        assert!(done[moment].as_str().unwrap() >= order["gmtCreate"].as_str().unwrap(), "{moment}");
    }
    let lines = done["lines"].as_array().unwrap();
    assert!(lines.iter().all(|line| line["shippedQuantity"] == line["quantity"]));
    let parcels = sandbox.get(&format!("{path}/shipments")).await;
    let sent: i64 = parcels["items"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|parcel| parcel["lines"].as_array().unwrap())
        .map(|line| line["quantity"].as_i64().unwrap())
        .sum();
    assert_eq!(sent, lines.iter().map(|line| line["quantity"].as_i64().unwrap()).sum::<i64>());
    let parcel = &parcels["items"][0];
    let times: Vec<&str> =
        parcel["traces"].as_array().unwrap().iter().map(|trace| trace["time"].as_str().unwrap()).collect();
    assert!(parcel["status"] == "signed" && times.len() == 3 && times.is_sorted(), "{parcel}");
    assert_eq!(sandbox.post(&format!("{path}/confirmReceipt"), json!({})).await, done, "success stays success");
    let (code, _) =
        sandbox.refused("/control/advance", json!({ "orderNo": order["orderNo"], "to": "inspected" })).await;
    assert_eq!(code, "STATUS_NOT_ALLOWED");
}

#[tokio::test]
async fn orders_move_by_themselves_at_their_pace() {
    let sandbox = Sandbox::with(|settings| settings.pace = 10.0).await;
    let order = sandbox.placed("M-1").await;
    let path = format!("/trade/orders/{}", order["orderNo"]);
    let status = async || sandbox.get(&path).await["status"].as_str().unwrap().to_owned();
    sandbox.running.clock.advance(3600);
    sandbox.running.tick();
    assert_eq!(status().await, "waitbuyerpay", "nobody pays but the buyer");
    sandbox.post(&format!("{path}/pay"), json!({ "mode": "DEBIT", "payRef": "M" })).await;
    sandbox.running.clock.advance(12);
    sandbox.running.tick();
    assert_eq!(status().await, "waitbuyerreceive");
    for _ in 0..5 {
        sandbox.running.clock.advance(20);
        sandbox.running.tick();
    }
    assert_eq!(status().await, "success");
    let late = sandbox.placed("M-2").await;
    sandbox.running.clock.advance(24 * 3600);
    let pay = format!("/trade/orders/{}/pay", late["orderNo"]);
    assert_eq!(sandbox.refused(&pay, json!({ "mode": "PAGE" })).await.0, "PAY_EXPIRED");
    sandbox.running.tick();
    let closed = sandbox.get(&format!("/trade/orders/{}", late["orderNo"])).await;
    assert_eq!((&closed["status"], &closed["closeReason"]), (&json!("cancel"), &json!("pay_timeout")));
}

#[tokio::test]
async fn a_seller_changes_the_price_or_gives_up() {
    let sandbox = Sandbox::open().await;
    let order = sandbox.placed("G-1").await;
    let touch = format!("/control/orders/{}", order["orderNo"]);
    let cheaper = sandbox.post(&touch, json!({ "priceFen": 1 })).await;
    assert_eq!(cheaper["totalFen"], 1);
    assert_eq!(cheaper["adjustFen"].as_i64().unwrap(), 1 - order["totalFen"].as_i64().unwrap());
    let paid = sandbox
        .post(&format!("/trade/orders/{}/pay", order["orderNo"]), json!({ "mode": "DEBIT", "payRef": "G" }))
        .await;
    assert_eq!(paid["paidFen"], 1);
    let closed = sandbox.post(&touch, json!({ "close": "seller_goods_lack" })).await;
    assert_eq!((&closed["status"], &closed["refundedFen"]), (&json!("terminated"), &json!(1)));
    assert_eq!(sandbox.refused(&touch, json!({ "priceFen": 5 })).await.0, "STATUS_NOT_ALLOWED");
}

#[tokio::test]
async fn the_feed_has_no_holes_and_wakes_who_waits() {
    let sandbox = Sandbox::open().await;
    let waiting = {
        let url = format!("{}/changes?after=0&waitMs=20000", sandbox.running.url());
        let request = sandbox.client.get(url).header("X-Internal-Token", TOKEN).timeout(Duration::from_secs(15));
        tokio::spawn(async move { request.send().await.unwrap().json::<Value>().await.unwrap() })
    };
    let detail = sandbox.orderable(1).await;
    let goods = format!("/control/goods/{}", detail["goodsId"]);
    sandbox.post(&goods, json!({ "price": "9.99" })).await;
    let woken = waiting.await.unwrap()["data"].clone();
    assert_eq!((&woken["items"][0]["change"], &woken["items"][0]["seq"]), (&json!("price"), &json!(1)));
    let asked = sandbox.order_for(&detail, 1, "F-1").await;
    let order = sandbox.post("/trade/orders", asked).await;
    sandbox.post("/control/advance", json!({ "orderNo": order["orderNo"], "to": "success" })).await;
    sandbox.post(&goods, json!({ "stock": 0 })).await;
    sandbox.post(&goods, json!({ "state": "held" })).await;
    let told = sandbox.get("/changes?after=0&limit=500").await;
    let items = told["items"].as_array().unwrap();
    let seqs: Vec<i64> = items.iter().map(|item| item["seq"].as_i64().unwrap()).collect();
    assert_eq!(seqs, (1..=told["lastSeq"].as_i64().unwrap()).collect::<Vec<_>>());
    let changes: Vec<&str> =
        items.iter().filter(|item| item["kind"] == "goods").map(|item| item["change"].as_str().unwrap()).collect();
    assert_eq!(changes, ["price", "stock", "offline"]);
    let of_order: Vec<&Value> = items.iter().filter(|item| item["kind"] == "order").collect();
    assert_eq!((&of_order[0]["change"], &of_order[0]["outRef"]), (&json!("created"), &json!("F-1")));
    assert_eq!(of_order.last().unwrap()["status"], "success");
    let versions: Vec<i64> = of_order.iter().map(|item| item["version"].as_i64().unwrap()).collect();
    assert_eq!(versions, (1..=versions.len() as i64).collect::<Vec<_>>());
    assert_eq!(sandbox.get("/changes?after=3&limit=2").await["items"].as_array().unwrap().len(), 2);
    let quiet = sandbox.get(&format!("/changes?after={}&waitMs=10", told["lastSeq"])).await;
    assert_eq!(quiet["items"], json!([]));
}

fn raw_get(path: &str, extra: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: sandbox\r\nX-Internal-Token: {TOKEN}\r\n{extra}\r\n")
}

#[tokio::test]
async fn faults_happen_as_asked_and_no_longer() {
    let sandbox = Sandbox::open().await;
    let ask = async |fault: Value| sandbox.post("/control/faults", fault).await;
    ask(json!({ "match": "/categories", "kind": "drop_before" })).await;
    assert_eq!(sandbox.raw(&raw_get("/categories", "")).await, b"", "not one byte is answered");
    assert!(sandbox.get("/categories").await["items"].is_array(), "once is once");
    ask(json!({ "match": "/categories", "kind": "status", "status": 500, "errorCode": "BOOM", "times": 2 })).await;
    for _ in 0..2 {
        let (status, answer) = sandbox.send(Method::GET, "/categories", None).await;
        assert_eq!((status.as_u16(), &answer["errorCode"]), (500, &json!("BOOM")));
    }
    ask(json!({ "match": "/categories", "method": "GET", "kind": "refuse", "errorCode": "SELLER_ASLEEP" })).await;
    let (status, answer) = sandbox.send(Method::GET, "/categories", None).await;
    assert_eq!((status.as_u16(), &answer["errorCode"]), (200, &json!("SELLER_ASLEEP")));
    ask(json!({ "match": "/categories", "kind": "garbage" })).await;
    let garbage = sandbox.raw(&raw_get("/categories", "Connection: close\r\n")).await;
    let body = String::from_utf8(garbage).unwrap().split_once("\r\n\r\n").unwrap().1.to_owned();
    assert!(!body.is_empty() && serde_json::from_str::<Value>(&body).is_err(), "{body}");
    ask(json!({ "match": "/goods/{goodsId}", "kind": "slow", "ms": 60, "times": -1 })).await;
    let begun = std::time::Instant::now();
    sandbox.send(Method::GET, "/goods/1", None).await;
    assert!(begun.elapsed() >= Duration::from_millis(60));
    let cleared = data(sandbox.send(Method::DELETE, "/control/faults", None).await);
    assert_eq!(cleared["waiting"], 0);
    assert_eq!(sandbox.get("/control/stats").await["faultsDone"], 6);
}

#[tokio::test]
async fn a_dropped_answer_does_not_undo_the_order() {
    let sandbox = Sandbox::with(|settings| settings.faults_by_header = true).await;
    let detail = sandbox.orderable(1).await;
    let body = sandbox.order_for(&detail, 1, "X-1").await.to_string();
    let request = |fault: &str| {
        let length = body.len();
        format!(
            "POST /trade/orders HTTP/1.1\r\nHost: sandbox\r\nX-Internal-Token: {TOKEN}\r\n{fault}Content-Length: {length}\r\n\r\n{body}"
        )
    };
    assert_eq!(sandbox.raw(&request("X-Sandbox-Fault: drop_before\r\n")).await, b"");
    let (_, absent) = sandbox.send(Method::GET, "/trade/orders/byOutRef?partnerCode=acme&outRef=X-1", None).await;
    assert_eq!(absent["errorCode"], "ORDER_NOT_FOUND");
    assert_eq!(sandbox.raw(&request("X-Sandbox-Fault: drop_after\r\n")).await, b"");
    let order = sandbox.get("/trade/orders/byOutRef?partnerCode=acme&outRef=X-1").await;
    assert_eq!(order["status"], "waitbuyerpay");
}

#[tokio::test]
async fn a_data_folder_keeps_orders_stock_and_changes() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_path_buf();
    let open = async || Sandbox::with(|settings| settings.data = Some(data.clone())).await;
    let first = open().await;
    let second =
        start(Settings { offers: 1, seed: SEED, data: Some(data.clone()), ..Settings::default() }, |_| {}).await;
    assert!(matches!(second, Err(Error::Foreign { .. })), "one at a time");
    let order = first.placed("K-1").await;
    let page = first.post(&format!("/trade/orders/{}/pay", order["orderNo"]), json!({ "mode": "PAGE" })).await;
    let goods = first.orderable(1).await;
    let touched =
        first.post(&format!("/control/goods/{}", goods["goodsId"]), json!({ "price": "8.88", "stock": 77 })).await;
    let told = first.get("/changes?limit=500").await;
    first.running.stop().await;
    let again = open().await;
    assert_eq!(again.get(&format!("/trade/orders/{}", order["orderNo"])).await, order);
    assert_eq!(again.get("/changes?limit=500").await, told);
    let kept = again.get(&format!("/goods/{}", goods["goodsId"])).await;
    assert_eq!(
        (&kept["version"], &kept["price"], &kept["skus"][0]["stock"]),
        (&touched["version"], &json!("8.88"), &json!(77))
    );
    let word = page["payUrl"].as_str().unwrap().rsplit('/').next().unwrap();
    let html = again.client.get(format!("{}/cashier/{word}", again.running.url())).send().await.unwrap();
    assert_eq!(html.status(), StatusCode::OK);
    assert!(again.placed("K-2").await["orderNo"].as_i64() > order["orderNo"].as_i64());
    again.running.stop().await;
    let other = start(Settings { offers: 1, seed: SEED + 1, data: Some(data), ..Settings::default() }, |_| {}).await;
    assert!(matches!(other, Err(Error::Foreign { .. })), "another seed is another shop");
}

#[tokio::test]
async fn a_taken_address_is_told_before_goods_are_loaded() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let bind = taken.local_addr().unwrap();
    let settings = Settings { bind, offers: 1_000_000, ..Settings::default() };
    assert!(matches!(start(settings, |_| {}).await, Err(Error::AddressTaken(address)) if address == bind));
}

#[tokio::test]
async fn the_committed_document_is_the_one_that_is_served() {
    let sandbox = Sandbox::open().await;
    let url = format!("{}/openapi.json", sandbox.running.url());
    let served = sandbox.client.get(url).send().await.unwrap().text().await.unwrap();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi/wholesale.json");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(path, &served).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap();
    assert!(committed == served, "openapi/wholesale.json is stale: run this test once with UPDATE_OPENAPI=1");
}
