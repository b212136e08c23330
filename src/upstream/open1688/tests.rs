//! The connector against a service of a few lines that says what a test wants, and remembers what it was asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::error::{Code, Failure};
use crate::model::ids::{CatalogueOrderId, OfferId};
use crate::model::language::Language;
use crate::model::partner::Mode;
use crate::signing::aop::{AppSecret, SIGNATURE};
use crate::upstream::open1688::{Account, Identity, Names};
use crate::upstream::wholesale::calls::{self, Search};
use crate::upstream::wholesale::wire::trade::PayMode;
use crate::upstream::{Accounts, Context, Error, Outcome, Settings, Tally, Upstream};

/// One request as it arrived: its path and its parameters.
#[derive(Clone, Debug)]
struct Heard {
    path: String,
    parameters: BTreeMap<String, String>,
}

impl Heard {
    fn api(&self) -> &str {
        self.path.split('/').nth(5).unwrap_or_default()
    }
}

type Says = fn(&Heard, usize) -> (u16, &'static str, Value);

struct Service {
    upstream: Upstream,
    clock: Clock,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Service {
    async fn saying(says: Says) -> Self {
        Self::with_token("", says).await
    }

    async fn with_token(access_token: &str, says: Says) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let heard = Arc::<Mutex<Vec<Heard>>>::default();
        let shared = heard.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let shared = shared.clone();
                tokio::spawn(async move {
                    let request = read(&mut stream).await;
                    let before = {
                        let mut all = shared.lock().unwrap();
                        let before = all.iter().filter(|one| one.api() == request.api()).count();
                        all.push(request.clone());
                        before
                    };
                    let (status, head, body) = says(&request, before);
                    let body = body.to_string();
                    let answer = format!(
                        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n{head}content-length: {}\r\n\
                         connection: close\r\n\r\n{body}",
                        body.len()
                    );
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        let clock = Clock::shiftable();
        let secret = |text: &str| Zeroizing::new(text.to_owned());
        let identity = Identity {
            url,
            app_key: "1234567".into(),
            secret: secret("secretXYZ"),
            access_token: secret(access_token),
            refresh_token: secret("refresh-1"),
        };
        let account = Arc::new(Account::new(&identity, Names::at_hand(clock.clone())));
        let settings = Settings {
            clock: clock.clone(),
            open1688: Accounts { sandbox: Some(account), live: None },
            ..Settings::default()
        };
        let upstream = Upstream::new(&settings, Arc::<Tally>::default()).unwrap();
        Self { upstream, clock, heard }
    }

    async fn offer(&self) -> Result<Value, Error> {
        let call = calls::goods(OfferId::new(610_947_572_360), Language::English);
        self.upstream.read(Mode::Sandbox, &call, Context::default()).await
    }

    fn heard(&self, api: &str) -> Vec<Heard> {
        self.heard.lock().unwrap().iter().filter(|one| one.api() == api).cloned().collect()
    }
}

async fn read(stream: &mut tokio::net::TcpStream) -> Heard {
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        bytes.extend_from_slice(&buffer[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if read > 0 && body.len() < length.unwrap_or(0) {
            continue;
        }
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        let parameters = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
        return Heard { path, parameters };
    }
}

const DETAIL: &str = "product.search.queryProductDetail";
const NOTHING: &str = "";

fn token(number: usize) -> (u16, &'static str, Value) {
    (
        200,
        NOTHING,
        json!({"access_token": format!("access-{number}"), "refresh_token": "refresh-1", "expires_in": "36000"}),
    )
}

fn detail() -> (u16, &'static str, Value) {
    let sample = json!({
        "offerId": 610_947_572_360_i64, "categoryId": 32, "subject": "杯", "subjectTrans": "cup",
        "productSkuInfos": [{"amountOnSale": "123", "price": "10.50", "skuId": 5_104_790_281_451_i64, "specId": "b266e0726506185beaf205cbae88530d",
            "skuAttributes": [{"attributeName": "颜色", "attributeNameTrans": "colour", "value": "红", "valueTrans": "red"}]}],
        "productSaleInfo": {"priceRangeList": [{"startQuantity": 10, "price": "10"}], "quoteType": 1,
            "unitInfo": {"unit": "盒", "transUnit": "Box"}},
        "productShippingInfo": {"weight": 0.25, "width": 1.5, "height": 3.0, "length": 2.0,
            "shippingTimeGuarantee": "shipIn24Hours"},
        "sellerOpenId": "23tsdvcdsjngp3oj4j3i5", "minOrderQuantity": 10, "batchNumber": 5, "status": "published",
        "tagInfoList": [{"key": "isOnePsale", "value": "true"}], "soldOut": "12342", "tradeScore": "5.0",
        "sellerMixSetting": {"generalHunpi": true, "mixAmount": 100, "mixNumber": 2},
        "createDate": "2024-05-24 00:00:00", "companyName": "杭州公司", "offerIdentities": ["super_factory"],
    });
    (200, NOTHING, json!({"result": {"success": "true", "code": "200", "message": "成功", "result": sample}}))
}

fn gateway(status: u16, code: &str) -> (u16, &'static str, Value) {
    (status, NOTHING, json!({"error_code": code, "error_message": "m", "exception": "m", "request_id": "r"}))
}

#[actix_web::test]
async fn a_request_is_signed_whole_and_its_answer_is_told_in_the_internal_words() {
    let service = Service::with_token("tok-abc", |_, _| detail()).await;
    let told = service.offer().await.unwrap();
    let heard = service.heard(DETAIL).remove(0);
    assert_eq!(heard.path, format!("/openapi/param2/1/com.alibaba.fenxiao.crossborder/{DETAIL}/1234567"));
    let mut parameters: Vec<_> = heard.parameters.into_iter().collect();
    let at = parameters.iter().position(|(name, _)| name == SIGNATURE).unwrap();
    let (_, signature) = parameters.remove(at);
    let secret = AppSecret::new(b"secretXYZ").unwrap();
    assert!(secret.verify(heard.path.trim_start_matches("/openapi/"), &parameters, &signature));
    let names: Vec<_> = parameters.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["_aop_timestamp", "access_token", "offerDetailParam"]);
    assert_eq!(parameters[1].1, "tok-abc");
    let offer: crate::upstream::wholesale::wire::goods::Detail = serde_json::from_value(told).unwrap();
    assert_eq!((offer.brief.price.as_str(), offer.brief.begin_amount), ("10.00", 10));
    assert_eq!((offer.rest.skus[0].price_offset.as_deref(), offer.rest.skus[0].stock), (Some("0.50"), 123));
    assert_eq!(
        (offer.rest.weight_gram, offer.rest.size_mm, offer.rest.batch_amount),
        (Some(250), Some([20, 15, 30]), Some(5))
    );
    assert_eq!(offer.rest.mix_batch.unwrap().min_amount.as_deref(), Some("100.00"));
    assert_eq!((offer.brief.one_piece.as_deref(), offer.brief.send_within_hours), (Some("Y"), Some(24)));
    assert_eq!(offer.brief.badges, ["super_factory"]);
    assert!(offer.brief.seller_id > 1 << 60, "a seller without a number gets one");
}

#[actix_web::test]
async fn a_token_is_fetched_once_for_all_and_anew_before_it_ends_and_when_it_is_refused() {
    let service = Service::saying(|heard, before| match heard.api() {
        "getToken" => token(before + 1),
        _ if heard.parameters["access_token"] == "access-2" => gateway(401, "401"),
        _ => detail(),
    })
    .await;
    let all = futures_util::future::join_all((0..8).map(|_| service.offer())).await;
    assert!(all.iter().all(Result::is_ok), "{all:?}");
    assert_eq!(service.heard("getToken").len(), 1, "eight waited for one");
    let asked = service.heard("getToken").remove(0).parameters;
    assert_eq!((asked["grant_type"].as_str(), asked["refresh_token"].as_str()), ("refresh_token", "refresh-1"));
    assert_eq!((asked["client_id"].as_str(), asked["client_secret"].as_str()), ("1234567", "secretXYZ"));
    service.clock.advance_ms(35_990_000);
    service.offer().await.unwrap();
    assert_eq!(service.heard("getToken").len(), 3, "the second was refused at once, the third counts");
    assert_eq!(service.heard(DETAIL).last().unwrap().parameters["access_token"], "access-3");
}

#[actix_web::test]
async fn a_refresh_token_that_does_not_count_is_told_and_not_tried_at_every_call() {
    let service = Service::saying(|heard, _| match heard.api() {
        "getToken" => (400, NOTHING, json!({"error": "invalid_grant", "error_description": "used"})),
        _ => detail(),
    })
    .await;
    for _ in 0..3 {
        let error = service.offer().await.unwrap_err();
        assert!(matches!(&error, Error::Denied { status: 401, .. }) && error.is_outage(), "{error}");
        assert_eq!(error.outcome(), Outcome::NotExecuted);
    }
    assert_eq!((service.heard("getToken").len(), service.heard(DETAIL).len()), (1, 0));
    service.clock.advance_ms(6_000);
    service.offer().await.unwrap_err();
    assert_eq!(service.heard("getToken").len(), 2);
}

#[actix_web::test]
async fn an_app_that_calls_too_often_backs_off_and_says_for_how_long() {
    let service = Service::with_token("t", |_, before| match before {
        0 => gateway(400, "gw.QosAppFrequencyLimit"),
        1 => (400, "retry-after: 7\r\n", gateway(400, "gw.QosRequestLimit").2),
        _ => detail(),
    })
    .await;
    let error = service.offer().await.unwrap_err();
    assert_eq!((error.code(), error.retry_after_s()), (Code::UpstreamUnavailable, Some(1)), "{error}");
    let error = service.offer().await.unwrap_err();
    assert_eq!((error.retry_after_s(), service.heard(DETAIL).len()), (Some(1), 1), "nothing is sent meanwhile");
    service.clock.advance_ms(1_001);
    assert_eq!(service.offer().await.unwrap_err().retry_after_s(), Some(7));
    service.clock.advance_ms(7_001);
    service.offer().await.unwrap();
}

#[actix_web::test]
async fn what_an_app_is_not_granted_is_not_offered_and_what_is_broken_is_unknown() {
    let service = Service::with_token("t", |heard, _| match heard.api() {
        DETAIL => gateway(400, "gw.APIACLDecline"),
        _ => gateway(503, "503"),
    })
    .await;
    let error = service.offer().await.unwrap_err();
    assert_eq!(error.code(), Code::UpstreamNotOffered);
    assert!(error.detail().unwrap().contains(DETAIL) && !error.is_outage());
    let search =
        calls::search(&Search { keyword: Some("杯"), lang: "en", sort: "default", page_size: 5, ..Search::default() });
    let error = service.upstream.ask(Mode::Sandbox, &search, Context::default()).await.unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::UpstreamUnavailable, Outcome::Unknown));
    let wordless = calls::search(&Search { lang: "en", sort: "default", page_size: 5, ..Search::default() });
    let error = service.upstream.ask(Mode::Sandbox, &wordless, Context::default()).await.unwrap_err();
    assert_eq!((error.code(), error.outcome()), (Code::UpstreamNotOffered, Outcome::NotExecuted));
}

fn order(status: &str, paid: bool) -> (u16, &'static str, Value) {
    let mut base = json!({"id": 26, "idOfStr": "26", "outOrderId": "ord_1", "status": status, "totalAmount": 40,
        "sumProductPayment": 32, "shippingFee": 8, "createTime": "20261123110848000+0800"});
    if paid {
        base["payTime"] = json!("20261123120000000+0800");
    }
    (200, NOTHING, json!({"result": {"baseInfo": base, "productItems": []}, "success": "true"}))
}

#[actix_web::test]
async fn a_debit_that_says_nothing_sure_is_unknown_and_the_order_tells_what_became_of_it() {
    let service = Service::with_token("t", |heard, before| match heard.api() {
        "alibaba.trade.get.buyerView" => order(if before == 0 { "waitbuyerpay" } else { "waitsellersend" }, before > 0),
        _ => (
            200,
            NOTHING,
            json!({"result": {"success": true, "result": {"payChannel": "alipay", "paySuccess": false}}}),
        ),
    })
    .await;
    let number = CatalogueOrderId::new(26);
    let pay = calls::pay(number, PayMode::Debit, "pay_1", 4_000);
    let error = service.upstream.ask(Mode::Sandbox, &pay, Context::default()).await.unwrap_err();
    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    let sent = service.heard("alibaba.trade.pay.protocolPay.preparePay").remove(0);
    let sent: Value = serde_json::from_str(&sent.parameters["tradeWithholdPreparePayParam"]).unwrap();
    assert_eq!((&sent["opRequestId"], &sent["payAmount"]), (&json!("pay_1"), &json!(4_000)));
    let asked = calls::debit_by_reference("acme", "pay_1", number);
    let told: Value = service.upstream.read(Mode::Sandbox, &asked, Context::default()).await.unwrap();
    assert_eq!(told, json!({"orderNo": 26, "status": "PAID"}));
}

#[actix_web::test]
async fn nothing_is_paid_that_costs_something_else_than_was_agreed() {
    let service = Service::with_token("t", |_, _| order("waitbuyerpay", false)).await;
    let pay = calls::pay(CatalogueOrderId::new(26), PayMode::Debit, "pay_1", 3_999);
    let error = service.upstream.ask(Mode::Sandbox, &pay, Context::default()).await.unwrap_err();
    assert_eq!(error.refusal().map(|refusal| refusal.error_code.as_str()), Some("PRICE_CHANGED"));
    assert_eq!(service.heard("alibaba.trade.pay.protocolPay.preparePay").len(), 0);
}
