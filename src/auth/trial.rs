//! For tests: a gateway's door with a partner and keys, and requests to try it with.

use std::net::IpAddr;
use std::sync::Arc;

use crate::auth::{Auth, Class, PublicNames, Refusal, Request, Settings};
use crate::clock::Clock;
use crate::counters::{Counters, Nonces};
use crate::error::Failure;
use crate::model::partner::{Caller, Mode, Scopes};
use crate::partners::{Directory, Issued, KeyPolicy, MasterKeys, Material, NewPartner, Sealer};
use crate::signing::http_message::{HmacKey, Message, Signer, SigningKey};
use crate::sql::trial;
pub use crate::sql::trial::House;

pub const MASTER: &str = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
pub const ACTOR: &str = "cli:tester";
pub const HOST: &str = "api.example.com";

/// A database of a test's own.
pub async fn house() -> House {
    trial::houses().await.remove(0)
}

/// A request on its way, owned.
#[derive(Clone)]
pub struct Call {
    pub method: String,
    pub authority: String,
    pub path: String,
    pub query: Option<String>,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    pub address: IpAddr,
    pub class: Class,
}

impl Call {
    pub fn get() -> Self {
        Self {
            method: "GET".into(),
            authority: HOST.into(),
            path: "/v1/offers".into(),
            query: Some("q=%E6%9D%AF&page=1".into()),
            headers: Vec::new(),
            body: Vec::new(),
            address: [203, 0, 113, 9].into(),
            class: Class::Read,
        }
    }

    pub fn order() -> Self {
        let headers = [("content-type", "application/json"), ("idempotency-key", "order-0001")];
        Self {
            method: "POST".into(),
            path: "/v1/orders".into(),
            query: None,
            headers: headers.map(|(name, value)| (name.to_owned(), value.into())).to_vec(),
            body: br#"{"reference":"PO-1"}"#.to_vec(),
            class: Class::OrderWrite,
            ..Self::get()
        }
    }

    pub fn message(&self) -> Message<'_> {
        Message {
            method: &self.method,
            scheme: "https",
            authority: &self.authority,
            path: &self.path,
            query: self.query.as_deref(),
            headers: &self.headers,
        }
    }

    pub fn signed(mut self, signer: &Signer, created: i64) -> Self {
        let nonce = uuid::Uuid::now_v7().simple().to_string();
        let signed = signer.sign(&self.message(), &self.body, created, &nonce).unwrap();
        self.set("signature-input", &signed.signature_input);
        self.set("signature", &signed.signature);
        if let Some(digest) = signed.content_digest {
            self.set("content-digest", &digest);
        }
        self
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.headers.retain(|(field, _)| field != name);
        self.headers.push((name.to_owned(), value.into()));
    }

    pub fn value(&self, name: &str) -> String {
        let (_, value) = self.headers.iter().find(|(field, _)| field == name).unwrap();
        String::from_utf8(value.clone()).unwrap()
    }

    pub fn altered(mut self, name: &str, from: &str, to: &str) -> Self {
        let value = self.value(name);
        assert!(value.contains(from), "{value}");
        self.set(name, &value.replace(from, to));
        self
    }
}

/// A gateway's door with partner `acme` and its keys.
pub struct Door {
    pub auth: Auth,
    pub directory: Arc<Directory>,
    pub clock: Clock,
    pub live: Signer,
    pub sandbox: Signer,
    pub house: House,
}

impl Door {
    pub async fn open() -> Self {
        Self::with(Settings { public_names: PublicNames::new([HOST]), ..Settings::default() }).await
    }

    pub async fn with(settings: Settings) -> Self {
        let house = trial::houses().await.remove(0);
        let clock = Clock::shiftable();
        let sealer = Sealer::new(MasterKeys::parse(MASTER).unwrap());
        let directory = Directory::open(house.another().await, sealer, clock.clone()).await.unwrap();
        let directory = Arc::new(directory);
        let nonces = Arc::new(Nonces::new(Counters::InProcess, clock.clone(), 10_000));
        for id in ["acme", "rival"] {
            let new =
                NewPartner { id: id.parse().unwrap(), name: id.into(), country: "JP".into(), plan: "starter".into() };
            directory.create_partner(ACTOR, new).await.unwrap();
        }
        let auth = Auth::new(settings, directory.clone(), nonces, clock.clone());
        let live = issue(&directory, "acme", policy(Mode::Live)).await;
        let sandbox = issue(&directory, "acme", policy(Mode::Sandbox)).await;
        Self { auth, directory, clock, live, sandbox, house }
    }

    pub fn now(&self) -> i64 {
        self.clock.now_s()
    }

    pub async fn verify(&self, call: &Call) -> Result<Caller, Box<Refusal>> {
        let request = Request { message: call.message(), body: &call.body, address: call.address, class: call.class };
        self.auth.verify(&request).await
    }

    pub async fn refusal(&self, call: &Call) -> Refusal {
        *self.verify(call).await.unwrap_err()
    }

    pub async fn code(&self, call: &Call) -> &'static str {
        match self.verify(call).await {
            Ok(_) => "let in",
            Err(refusal) => refusal.code().facts().name,
        }
    }
}

pub fn policy(mode: Mode) -> KeyPolicy {
    KeyPolicy { mode, scopes: Scopes::all(), allowed: Vec::new(), expires_at: None }
}

pub async fn issue(directory: &Directory, partner: &str, policy: KeyPolicy) -> Signer {
    let partner = partner.parse().unwrap();
    signer(directory.issue_key(ACTOR, &partner, policy, Material::SharedSecret).await.unwrap())
}

pub fn signer(issued: Issued) -> Signer {
    let secret = issued.secret.unwrap();
    let key = SigningKey::HmacSha256(HmacKey::new(secret.expose().as_bytes()));
    Signer { key_id: issued.key_id.to_string(), key }
}

pub fn with_id(signer: &Signer, key_id: &str) -> Signer {
    Signer { key_id: key_id.to_owned(), key: signer.key.clone() }
}

pub fn stranger() -> SigningKey {
    SigningKey::HmacSha256(HmacKey::new(b"not the secret"))
}
