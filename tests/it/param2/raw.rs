//! Requests as PHP clients of the platform write them: JSON and text in the request line, just as they are.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::House;
use crate::param2::trader::{Trader, XB};

const SEARCH: &str = "product.search.keywordQuery";
const DETAIL: &str = "product.search.queryProductDetail";

/// Parameters joined without any escaping.
fn raw(parameters: &[(String, String)]) -> String {
    let pairs: Vec<_> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

fn search(trader: &Trader, keyword: &str) -> (String, Vec<(String, String)>) {
    let path = trader.path(XB, SEARCH);
    let asked = json!({"keyword": keyword, "beginPage": 1, "pageSize": 3, "country": "en"}).to_string();
    let all = trader.signed(&path, &[("offerQueryParam", &asked)]);
    (path, all)
}

/// A keyword in Chinese that finds something.
pub async fn keyword(house: &House) -> String {
    let partner = house.partner("finder").await;
    let keywords = partner.get("/v1/trends/keywords?language=en&limit=20").await.json();
    for keyword in keywords["items"].as_array().unwrap() {
        let word = keyword["keyword_original"].as_str().unwrap();
        let query: String = url::form_urlencoded::byte_serialize(word.as_bytes()).collect();
        let found = partner.get(&format!("/v1/offers?q={query}&limit=20&language=en")).await.json();
        if found["items"].as_array().unwrap().len() > 3 {
            return word.to_owned();
        }
    }
    panic!("nothing is found: {keywords}")
}

#[actix_web::test]
async fn raw_text_in_the_request_line_is_read_as_it_was_signed() {
    let house = House::open().await;
    let trader = house.trader("acme").await;
    let host = trader.host().to_owned();
    let word = keyword(&house).await;
    for (method, field) in [("GET", ""), ("POST", "Content-Length: 0\r\n")] {
        let (path, all) = search(&trader, &word);
        let target = format!("/openapi/{path}?{}", raw(&all));
        assert!(!target.is_ascii() && target.contains('"'));
        for target in [target.clone(), format!("http://{host}{target}")] {
            let head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\n{field}");
            let said = trader.send(&head, b"").await;
            assert_eq!((said.status, said.error()), (200, None), "{head}: {}", said.json());
            let found = said.json()["result"]["result"]["data"].as_array().map(Vec::len);
            assert!(found.is_some_and(|found| found > 0), "{}", said.json());
        }
    }
    // A blank and a sharp sign in a keyword.
    let (path, all) = search(&trader, "red cup #1");
    let said = trader.send(&format!("GET /openapi/{path}?{} HTTP/1.1\r\nHost: {host}\r\n", raw(&all)), b"").await;
    assert_eq!((said.status, said.error()), (200, None), "{}", said.json());
    // One letter is another one.
    let (path, mut all) = search(&trader, &word);
    all[0].1 = all[0].1.replace(&word, "杯子杯子");
    let said = trader.send(&format!("GET /openapi/{path}?{} HTTP/1.1\r\nHost: {host}\r\n", raw(&all)), b"").await;
    assert_eq!(said.error().as_deref(), Some("gw.SignatureInvalid"));
    house.close().await;
}

/// Answers of one connection, one after the other.
struct Line(TcpStream);

impl Line {
    async fn ask(&mut self, bytes: &[u8], at_once: usize) -> (u16, Value) {
        for piece in bytes.chunks(at_once) {
            self.0.write_all(piece).await.unwrap();
            self.0.flush().await.unwrap();
        }
        let mut answer = Vec::new();
        loop {
            let head = answer.windows(4).position(|part| part == b"\r\n\r\n");
            if let Some(head) = head {
                let text = String::from_utf8(answer[..head].to_vec()).unwrap().to_ascii_lowercase();
                let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
                if answer.len() == head + 4 + length.trim().parse::<usize>().unwrap() {
                    let body = serde_json::from_slice(&answer[head + 4..]).unwrap_or(Value::Null);
                    return (text.split(' ').nth(1).unwrap().parse().unwrap(), body);
                }
            }
            assert!(self.0.read_buf(&mut answer).await.unwrap() > 0, "closed: {}", String::from_utf8_lossy(&answer));
        }
    }
}

#[actix_web::test]
async fn a_connection_is_kept_over_raw_and_other_requests() {
    let house = House::open().await;
    let trader = house.trader("acme").await;
    let host = trader.host().to_owned();
    let word = keyword(&house).await;
    let (path, all) = search(&trader, &word);
    let raw_get = format!("GET /openapi/{path}?{} HTTP/1.1\r\nHost: {host}\r\n\r\n", raw(&all));
    let id = trader.result(
        SEARCH,
        "offerQueryParam",
        json!({"keyword": word, "beginPage": 1, "pageSize": 3, "country": "en"}),
    );
    let id = id.await["data"][0]["offerId"].clone();
    // The body of a form looks like a raw request line from its first byte on, as far as it can.
    let detail = trader.path(XB, DETAIL);
    let parameter = json!({"offerId": id, "country": "en"}).to_string();
    let odd = ("GET /openapi/param2/1/a/b/1?x".to_owned(), "\"红\" HTTP/1.1\r\nHost: h\r\n\r\n".to_owned());
    let signed = trader.signed(&detail, &[(&odd.0, &odd.1), ("offerDetailParam", &parameter)]);
    let form = raw(&signed);
    let post = format!(
        "POST /openapi/{detail} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n{form}",
        form.len()
    );
    let mut line = Line(TcpStream::connect(&host).await.unwrap());
    line.0.set_nodelay(true).unwrap();
    for at_once in [usize::MAX, 100, 7] {
        let (status, found) = line.ask(raw_get.as_bytes(), at_once).await;
        assert_eq!((status, &found["result"]["result"]["data"][0]["offerId"]), (200, &id), "{found}");
        let (status, told) = line.ask(post.as_bytes(), at_once).await;
        assert_eq!((status, &told["result"]["result"]["offerId"]), (200, &id), "{told}");
        let newer = format!("GET /v1/offers/{id} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(line.ask(newer.as_bytes(), at_once).await.0, 401);
    }
    // Raw text is for the older protocol only.
    let newer = format!("GET /v1/offers?q=\"{word}\" HTTP/1.1\r\nHost: {host}\r\n\r\n");
    assert_eq!(line.ask(newer.as_bytes(), usize::MAX).await.0, 400);
    house.close().await;
}
