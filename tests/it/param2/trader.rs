//! A partner that speaks the older protocol: signs by itself and sends whatever bytes a test wants.

use std::collections::BTreeMap;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use xunyuan::model::partner::{Mode, Scopes};
use xunyuan::partners::{AppPolicy, NewPartner};
use xunyuan::signing::aop::{AppSecret, SIGNATURE};

use crate::harness::House;

/// The cross-border namespace.
pub const XB: &str = "com.alibaba.fenxiao.crossborder";

/// An app with a token.
pub struct Trader {
    pub app_key: String,
    pub secret: AppSecret,
    pub shown_secret: String,
    pub token: String,
    address: String,
}

/// What came back.
#[derive(Debug)]
pub struct Said {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Said {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The gateway's code; none when it let the call through.
    pub fn error(&self) -> Option<String> {
        let code = self.json().get("error_code")?.as_str()?.to_owned();
        let body = self.json();
        assert_eq!(self.headers["content-type"], "application/json");
        assert_eq!(body["exception"], body["error_message"]);
        assert_eq!(body["request_id"], self.headers["x-request-id"].as_str());
        assert_eq!(self.status, if code == "401" { 401 } else { 400 }, "{body}");
        Some(code)
    }
}

impl House {
    /// The same person as `partner`, speaking the older protocol, with the door open.
    pub async fn trader(&self, name: &str) -> Trader {
        let trader = self.trader_with(name, "enterprise", Scopes::all()).await;
        self.running.house.directory.open_door("test", &name.parse().unwrap(), false).await.unwrap();
        trader
    }

    /// An app of these scopes; the door is as it was.
    pub async fn trader_with(&self, name: &str, plan: &str, scopes: Scopes) -> Trader {
        let directory = &self.running.house.directory;
        let id = name.parse().unwrap();
        if directory.find_partner(name).is_none() {
            let new = NewPartner { id, name: name.to_owned(), country: "JP".to_owned(), plan: plan.to_owned() };
            directory.create_partner("test", new).await.unwrap();
        }
        let policy = AppPolicy { mode: Mode::Sandbox, scopes, allowed: Vec::new() };
        let issued = directory.issue_app("test", &name.parse().unwrap(), policy).await.unwrap();
        let token = directory.grant_lasting("test", &issued.app_key, name).await.unwrap().access_token;
        let shown_secret = issued.secret.expose().to_owned();
        let secret = AppSecret::new(shown_secret.as_bytes()).unwrap();
        Trader { app_key: issued.app_key, secret, shown_secret, token, address: self.running.address.to_string() }
    }
}

impl Trader {
    /// The same app with another token.
    pub fn with_token(&self, token: String) -> Self {
        let (app_key, shown_secret) = (self.app_key.clone(), self.shown_secret.clone());
        let secret = AppSecret::new(shown_secret.as_bytes()).unwrap();
        Self { app_key, secret, shown_secret, token, address: self.address.clone() }
    }

    /// `param2/1/namespace/api/appKey`
    pub fn path(&self, namespace: &str, api: &str) -> String {
        format!("param2/1/{namespace}/{api}/{}", self.app_key)
    }

    /// These parameters with the token and the signature, as the official clients put them together.
    pub fn signed(&self, path: &str, parameters: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut all: Vec<_> =
            parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        all.push(("access_token".to_owned(), self.token.clone()));
        self.signed_without_token(path, all)
    }

    pub fn signed_without_token(&self, path: &str, mut all: Vec<(String, String)>) -> Vec<(String, String)> {
        let signature = self.secret.sign(path, &all);
        all.push((SIGNATURE.to_owned(), signature));
        all
    }

    /// Calls as the official clients do: everything in an urlencoded body.
    pub async fn call(&self, namespace: &str, api: &str, parameters: &[(&str, &str)]) -> Said {
        let path = self.path(namespace, api);
        self.post(&path, &self.signed(&path, parameters)).await
    }

    /// A call that has to be let through.
    pub async fn told(&self, namespace: &str, api: &str, parameters: &[(&str, &str)]) -> Value {
        let said = self.call(namespace, api, parameters).await;
        assert_eq!((said.status, said.error()), (200, None), "{}", said.json());
        said.json()
    }

    /// A cross-border call with one JSON parameter; gives what stands inside its `result`.
    pub async fn result(&self, api: &str, parameter: &str, value: Value) -> Value {
        let told = self.told(XB, api, &[(parameter, &value.to_string())]).await;
        assert_eq!(told["result"]["code"], "200", "{told}");
        told["result"]["result"].clone()
    }

    pub async fn post(&self, path: &str, parameters: &[(String, String)]) -> Said {
        let body = form(parameters);
        let head = format!(
            "POST /openapi/{path} HTTP/1.1\r\nHost: {}\r\nContent-type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n",
            self.address,
            body.len()
        );
        self.send(&head, body.as_bytes()).await
    }

    /// Sends a head (without its closing line) and a body just as they are.
    pub async fn send(&self, head: &str, body: &[u8]) -> Said {
        let mut link = TcpStream::connect(&self.address).await.unwrap();
        let mut bytes = head.as_bytes().to_vec();
        bytes.extend_from_slice(b"Connection: close\r\n\r\n");
        bytes.extend_from_slice(body);
        link.write_all(&bytes).await.unwrap();
        let mut answer = Vec::new();
        link.read_to_end(&mut answer).await.unwrap();
        read(&answer)
    }

    pub fn host(&self) -> &str {
        &self.address
    }
}

/// Parameters as `a=1&b=2`.
pub fn form(parameters: &[(String, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

fn read(answer: &[u8]) -> Said {
    let at = answer.windows(4).position(|part| part == b"\r\n\r\n").expect("an answer with a head");
    let head = String::from_utf8(answer[..at].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let field = |line: &str| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim().to_owned())
    };
    let headers: BTreeMap<_, _> = lines.map(field).collect();
    let body = answer[at + 4..].to_vec();
    let body = if headers.get("transfer-encoding").is_some_and(|how| how == "chunked") { joined(&body) } else { body };
    Said { status, headers, body }
}

fn joined(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(at) = chunks.windows(2).position(|part| part == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&chunks[..at]).unwrap().trim(), 16).unwrap();
        body.extend_from_slice(&chunks[at + 2..at + 2 + size]);
        chunks = &chunks[at + 2 + size + 2..];
        if size == 0 {
            break;
        }
    }
    body
}
