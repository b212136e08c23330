//! Somebody with a browser on the pages where accounts let apps in.

use reqwest::header::{CONTENT_SECURITY_POLICY, LOCATION, RETRY_AFTER, SET_COOKIE};
use reqwest::{Client, Response, redirect};
use serde_json::Value;
use xunyuan::partners::NewBuyer;

use crate::harness::House;
use crate::param2::trader::Trader;

pub const BACK: &str = "https://shop.example/back?from=xunyuan";

/// A browser that follows nothing and keeps its cookie.
pub struct Browser<'a> {
    house: &'a House,
    client: Client,
    cookie: String,
}

pub struct Page {
    pub status: u16,
    pub leads_to: Option<String>,
    pub policy: String,
    cookie: Option<String>,
    pub waits: bool,
    pub text: String,
}

impl Page {
    async fn of(response: Response) -> Self {
        let field = |name| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let (leads_to, cookie, waits) = (field(LOCATION), field(SET_COOKIE), field(RETRY_AFTER).is_some());
        let policy = field(CONTENT_SECURITY_POLICY).unwrap_or_default();
        assert_eq!(field(reqwest::header::X_FRAME_OPTIONS).as_deref(), Some("DENY"));
        assert_eq!(field(reqwest::header::CACHE_CONTROL).as_deref(), Some("no-store"));
        Self {
            status: response.status().as_u16(),
            leads_to,
            policy,
            cookie,
            waits,
            text: response.text().await.unwrap(),
        }
    }

    /// The value of a field of the form.
    pub fn value(&self, name: &str) -> String {
        let at =
            self.text.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap_or_else(|| panic!("{}", self.text));
        let escaped = at.split('"').next().unwrap();
        [("&#34;", "\""), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")]
            .iter()
            .fold(escaped.to_owned(), |text, (from, to)| text.replace(from, to))
    }

    /// What the address it leads to says.
    pub fn told(&self, name: &str) -> Option<String> {
        let url = url::Url::parse(self.leads_to.as_ref()?).unwrap();
        url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
    }
}

impl<'a> Browser<'a> {
    pub fn at(house: &'a House) -> Self {
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Self { house, client, cookie: String::new() }
    }

    pub async fn open(&mut self, pairs: &[(&str, &str)]) -> Page {
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        self.look(&format!("/oauth/authorize?{query}")).await
    }

    /// The page of what an account granted.
    pub async fn grants(&mut self) -> Page {
        self.look("/oauth/grants").await
    }

    async fn look(&mut self, path: &str) -> Page {
        let asked = self.client.get(self.house.url(path)).header("cookie", &self.cookie);
        let page = Page::of(asked.send().await.unwrap()).await;
        if let Some(cookie) = &page.cookie {
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
            self.cookie = cookie.split(';').next().unwrap().to_owned();
        }
        page
    }

    pub async fn send(&self, from: &str, pairs: &[(&str, &str)]) -> Page {
        self.send_to("/oauth/authorize", from, pairs).await
    }

    pub async fn send_to(&self, path: &str, from: &str, pairs: &[(&str, &str)]) -> Page {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let asked = self.client.post(self.house.url(path)).header("cookie", &self.cookie);
        let asked = asked.header("origin", from).header("content-type", "application/x-www-form-urlencoded");
        Page::of(asked.body(body).send().await.unwrap()).await
    }

    /// Fills the form of a page.
    pub async fn fill(&self, page: &Page, account: &str, password: &str, decision: &str) -> Page {
        let origin = self.house.url("");
        let (client, back, token) = (page.value("client_id"), page.value("redirect_uri"), page.value("token"));
        let mut form = vec![("client_id", client.as_str()), ("redirect_uri", &back), ("token", &token)];
        let state = page.text.contains("name=\"state\"").then(|| page.value("state"));
        form.extend(state.as_deref().map(|state| ("state", state)));
        form.extend([("account", account), ("password", password), ("decision", decision)]);
        self.send(origin.trim_end_matches('/'), &form).await
    }
}

pub async fn account(house: &House, partner: &str, branch: Option<&str>) -> (String, String) {
    let new =
        NewBuyer { partner: partner.parse().unwrap(), branch: branch.map(str::to_owned), name: "Osaka".to_owned() };
    let (account, password) = house.running.house.directory.add_buyer("test", new).await.unwrap();
    (account, password.to_string())
}

pub async fn registered(house: &House, trader: &Trader) {
    house.running.house.directory.add_redirect("test", &trader.app_key, BACK).await.unwrap();
}

pub async fn redeem(trader: &Trader, code: &str, told_to: &str) -> Value {
    let pairs = [
        ("grant_type", "authorization_code"),
        ("client_id", &trader.app_key),
        ("client_secret", &trader.shown_secret),
        ("redirect_uri", told_to),
        ("code", code),
    ];
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    trader.post(&format!("http/1/system.oauth2/getToken/{}", trader.app_key), &pairs).await.json()
}
