//! The operator's console from outside: closed to everybody else, complete without a script, silent about secrets.

use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER, SET_COOKIE};
use reqwest::{Client, Response, redirect};
use serde_json::json;

use crate::harness::House;

/// A browser that follows nothing and keeps its cookie.
struct Browser<'a> {
    house: &'a House,
    client: Client,
    cookie: String,
}

struct Page {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl<'a> Browser<'a> {
    fn at(house: &'a House) -> Self {
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Self { house, client, cookie: String::new() }
    }

    /// A browser that logged in with a fresh one-time password.
    async fn inside(house: &'a House) -> Self {
        let mut browser = Self::at(house);
        let password = house.running.house.console.issue_one_time().unwrap();
        let page = browser.log_in(&password).await;
        assert_eq!((page.status, page.field("location")), (303, "/console"), "{}", page.text);
        browser
    }

    async fn get(&self, path: &str) -> Page {
        Page::of(self.client.get(self.house.ops(path)).header("cookie", &self.cookie).send().await.unwrap()).await
    }

    async fn post(&self, path: &str, from: &str, form: &[(&str, &str)]) -> Page {
        let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let asked = self.client.post(self.house.ops(path)).header("cookie", &self.cookie).header("origin", from);
        let asked = asked.header("content-type", "application/x-www-form-urlencoded").body(body);
        Page::of(asked.send().await.unwrap()).await
    }

    async fn log_in(&mut self, password: &str) -> Page {
        let page = self.post("/console/login", &self.house.ops(""), &[("password", password)]).await;
        if let Some(cookie) = page.headers.get(SET_COOKIE) {
            self.cookie = cookie.to_str().unwrap().split(';').next().unwrap().to_owned();
        }
        page
    }
}

impl Page {
    async fn of(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, text: response.text().await.unwrap() }
    }

    fn field(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    fn says(&self, words: &str) {
        assert!(self.text.contains(words), "{words:?} is not in {}", self.text);
    }

    /// The value of the page's hidden token.
    fn token(&self) -> &str {
        let (_, rest) = self.text.split_once(r#"name="token" value=""#).unwrap();
        rest.split('"').next().unwrap()
    }
}

#[actix_web::test]
async fn without_a_password_the_console_is_closed_and_says_how_to_open_it() {
    let house = House::open().await;
    let mut browser = Browser::at(&house);
    for path in
        ["/console", "/console/", "/console/login", "/console/orders", "/console/orders/ord_x", "/console/nothing"]
    {
        let page = browser.get(path).await;
        assert_eq!(page.status, 503, "{path}");
        page.says("xunyuan console-password");
    }
    assert_eq!(browser.log_in("").await.status, 503);
    house.close().await;
}

#[actix_web::test]
async fn nobody_sees_a_page_without_logging_in() {
    let house = House::open().await;
    house.partner("acme").await;
    house.running.house.console.issue_one_time().unwrap();
    let mut browser = Browser::at(&house);
    for cookie in ["", "xunyuan_console=", "xunyuan_console=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        browser.cookie = cookie.to_owned();
        for path in ["/console", "/console?page=1", "/console/orders", "/console/orders?find=PO-1", "/console/nothing"]
        {
            let page = browser.get(path).await;
            assert_eq!((page.status, page.headers[LOCATION].to_str().unwrap()), (303, "/console/login"), "{path}");
            assert!(page.text.is_empty());
        }
    }
    assert_eq!(browser.get("/console/login").await.status, 200);
    house.close().await;
}

#[actix_web::test]
async fn a_one_time_password_opens_one_session() {
    let house = House::open().await;
    let password = house.running.house.console.issue_one_time().unwrap();
    let (mut first, mut second) = (Browser::at(&house), Browser::at(&house));
    let page = first.log_in(&password).await;
    assert_eq!(page.status, 303);
    let cookie = page.field("set-cookie");
    assert!(cookie.contains("Path=/console; HttpOnly; SameSite=Strict") && !cookie.contains("Secure"), "{cookie}");
    let again = second.log_in(&password).await;
    assert_eq!(again.status, 403);
    again.says("one-time password was used");
    assert_eq!((first.get("/console").await.status, second.get("/console").await.status), (200, 303));
    house.clock.advance_ms(13 * 3_600_000);
    assert_eq!(first.get("/console").await.status, 200, "it lasts as long as the process");
    house.close().await;
}

#[actix_web::test]
async fn the_configured_password_opens_for_twelve_hours() {
    // Argon2id of "correct horse", as cheap as it gets.
    let hash = cheap_hash("correct horse");
    let house = House::with(&[("OPS__PASSWORD_HASH", &hash)]).await;
    assert!(!house.running.house.config.masked().contains(&hash));
    let mut browser = Browser::at(&house);
    assert_eq!(browser.log_in("correct horse ").await.status, 403);
    assert_eq!(browser.log_in("correct horse").await.status, 303);
    assert_eq!(browser.get("/console").await.status, 200);
    house.clock.advance_ms(12 * 3_600_000 + 1);
    assert_eq!(browser.get("/console").await.status, 303);
    house.close().await;
}

fn cheap_hash(password: &str) -> String {
    use argon2::password_hash::PasswordHasher;
    let params = argon2::Params::new(64, 1, 1, None).unwrap();
    let cheap = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    cheap.hash_password(password.as_bytes()).unwrap().to_string()
}

#[actix_web::test]
async fn wrong_passwords_are_refused_and_then_not_even_looked_at() {
    let house = House::open().await;
    let password = house.running.house.console.issue_one_time().unwrap();
    let mut browser = Browser::at(&house);
    for _ in 0..5 {
        let page = browser.log_in("guess").await;
        assert_eq!((page.status, page.field("set-cookie")), (403, ""));
        page.says("This is not the password.");
    }
    let page = browser.log_in(&password).await;
    assert_eq!((page.status, page.field("cache-control")), (429, "no-store"));
    let wait_s: i64 = page.headers[RETRY_AFTER].to_str().unwrap().parse().unwrap();
    house.clock.advance_ms(wait_s * 1000);
    assert_eq!(browser.log_in(&password).await.status, 303);
    house.close().await;
}

#[actix_web::test]
async fn a_form_of_another_site_does_nothing() {
    let house = House::open().await;
    let password = house.running.house.console.issue_one_time().unwrap();
    let mut browser = Browser::at(&house);
    for origin in ["https://evil.example", "null"] {
        let page = browser.post("/console/login", origin, &[("password", &password)]).await;
        assert_eq!((page.status, page.field("set-cookie")), (403, ""), "{origin}");
    }
    assert_eq!(browser.log_in(&password).await.status, 303, "the password was not used up");
    let token = browser.get("/console").await.token().to_owned();
    let here = house.ops("");
    for (origin, token) in [("https://evil.example", token.as_str()), (&here, ""), (&here, "guess")] {
        assert_eq!(browser.post("/console/logout", origin, &[("token", token)]).await.status, 403, "{origin} {token}");
    }
    assert_eq!(browser.get("/console").await.status, 200);
    assert_eq!(browser.post("/console/logout", &here, &[("token", &token)]).await.status, 303);
    assert_eq!(browser.get("/console").await.status, 303, "the session is over, whatever the browser keeps");
    house.close().await;
}

#[actix_web::test]
async fn the_overview_shows_the_node_a_partner_and_its_orders_and_no_secret() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let order = partner.order("PO-77").await;
    assert_eq!(order.status, 201, "{}", order.json());
    let order = order.json();
    let id = order["id"].as_str().unwrap();
    let refused = partner.get("/v1/orders/ord_00000000000000000000000000000000").await;
    assert_eq!(refused.status, 404);
    let browser = Browser::inside(&house).await;
    let overview = browser.get("/console").await;
    for words in [
        "This node takes traffic",
        "acme",
        &partner.key_id,
        "enterprise",
        "of 1,000",
        "PO-77",
        "awaiting_payment",
        "create_order",
        "<noscript><meta http-equiv=\"refresh\"",
        "order_not_found",
    ] {
        overview.says(words);
    }
    let found = browser.get("/console/orders?find=PO-77").await;
    found.says(&format!("href=\"/console/orders/{id}\""));
    found.says("?find=PO-77&amp;refresh=off");
    let by_id = browser.get(&format!("/console/orders?find={id}")).await;
    let story = browser.get(&format!("/console/orders/{id}")).await;
    for page in [&story, &by_id] {
        for words in ["received", "placing_started", "accepted", "awaiting_payment", "PO-77"] {
            page.says(words);
        }
    }
    let in_state = browser.get("/console/orders?state=unknown").await;
    in_state.says("There are none.");
    let held = browser.get("/console?refresh=off").await;
    assert!(!held.text.contains("http-equiv=\"refresh\"") && !held.text.contains("<script"));
    for page in [overview, found, by_id, story, in_state, held] {
        assert_eq!(page.status, 200);
        assert!(!page.text.contains("xys_") && !page.text.contains(&partner.secret), "a secret is shown");
    }
    house.close().await;
}

#[actix_web::test]
async fn a_suspended_partner_and_what_it_had_left_are_told() {
    let house = House::open().await;
    house.partner("acme").await;
    let idle = house.partner("idle").await;
    let directory = &house.running.house.directory;
    directory.suspend_partner("test", &"acme".parse().unwrap(), "a trial").await.unwrap();
    let used = idle.get("/v1/limits").await;
    assert_eq!(used.status, 200);
    let page = Browser::inside(&house).await.get("/console").await;
    page.says("every request is refused");
    page.says("suspended 0 s ago");
    page.says("of 30,000");
    house.close().await;
}

#[actix_web::test]
async fn what_people_type_is_only_text() {
    let house = House::open().await;
    let partner = house.partner("acme").await;
    let quote = partner.quote().await;
    let note = "<script>alert(1)</script>";
    let body = json!({"reference": "PO-1", "quote_id": quote["id"], "note": note});
    let order = partner.post_once("/v1/orders", "key-PO-1", body).await;
    assert_eq!(order.status, 201, "{}", order.json());
    let browser = Browser::inside(&house).await;
    let story = browser.get(&format!("/console/orders/{}", order.json()["id"].as_str().unwrap())).await;
    story.says("alert(1)");
    assert!(!story.text.contains(note));
    let sought = browser.get("/console/orders?find=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E").await;
    assert_eq!(sought.status, 404);
    assert!(!sought.text.contains(note));
    assert_eq!(browser.get("/console/orders/ord_00000000000000000000000000000000").await.status, 404);
    assert_eq!(browser.get("/console/nothing").await.status, 404);
    house.close().await;
}

#[actix_web::test]
async fn every_answer_is_kept_by_nobody_and_framed_by_nobody() {
    let house = House::open().await;
    let browser = Browser::inside(&house).await;
    let outside = Browser::at(&house);
    let pages = [
        browser.get("/console").await,
        browser.get("/console/orders").await,
        browser.get("/console/nothing").await,
        outside.get("/console").await,
        outside.get("/console/login").await,
        outside.post("/console/login", "https://evil.example", &[]).await,
        outside.post("/console/login", &house.ops(""), &[("password", &"x".repeat(10_000))]).await,
    ];
    for page in pages {
        assert_eq!(page.field("cache-control"), "no-store");
        assert_eq!((page.field("x-frame-options"), page.field("x-content-type-options")), ("DENY", "nosniff"));
        let policy = page.field("content-security-policy");
        assert!(policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe") && !page.text.contains(" style=") && !page.text.contains(" onclick="));
        for outside in ["src=\"http", "href=\"http", "url(http"] {
            assert!(!page.text.contains(outside));
        }
    }
    house.close().await;
}
