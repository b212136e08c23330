//! `xunyuan partner` and `xunyuan key` as typed, over a real directory.

use std::os::unix::fs::PermissionsExt;

use clap::Parser;

use super::key_file::KeyFile;
use super::{key, partner};
use crate::clock::Clock;
use crate::partners::{Directory, KeyState, MasterKeys, Sealer};
use crate::signing::http_message::Ed25519Secret;
use crate::sql::trial::{self, House};

#[derive(Parser)]
enum Typed {
    Partner(partner::Asked),
    Key(key::Asked),
}

struct Desk {
    directory: Directory,
    folder: tempfile::TempDir,
    _house: House,
}

impl Desk {
    async fn open() -> Self {
        let house = trial::houses().await.remove(0);
        let master = MasterKeys::generate(1).unwrap();
        let sealer = Sealer::new(MasterKeys::parse(&master).unwrap());
        let directory = Directory::open(house.another().await, sealer, Clock::shiftable()).await.unwrap();
        Self { directory, folder: tempfile::tempdir().unwrap(), _house: house }
    }

    async fn with_acme() -> Self {
        let desk = Self::open().await;
        desk.say("partner create acme --name Acme --country JP --actor li").await.unwrap();
        desk
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    async fn say(&self, line: &str) -> Result<String, String> {
        let typed = Typed::try_parse_from(std::iter::once("xunyuan").chain(line.split(' ')));
        let mut out = Vec::new();
        let done = match typed.map_err(|error| error.to_string())? {
            Typed::Partner(asked) => partner::run(asked, &self.directory, &mut out).await,
            Typed::Key(asked) => key::run(asked, &self.directory, &mut out).await,
        };
        done.map(|()| String::from_utf8(out).unwrap()).map_err(|error| format!("{error:#}"))
    }

    async fn issue(&self, more: &str) -> serde_json::Value {
        let told = self.say(&format!("key issue acme --json{more}")).await.unwrap();
        serde_json::from_str(&told).unwrap()
    }
}

#[tokio::test]
async fn a_partner_is_created_listed_suspended_and_resumed() {
    let desk = Desk::with_acme().await;
    let list = desk.say("partner list").await.unwrap();
    assert!(list.starts_with("ID    NAME  COUNTRY  PLAN     CREATED"), "{list}");
    assert!(list.contains("active"), "{list}");
    desk.say("partner suspend acme --reason unpaid --actor li").await.unwrap();
    assert!(desk.say("partner list").await.unwrap().contains("suspended since"));
    desk.say("partner resume acme").await.unwrap();
    let json: serde_json::Value = serde_json::from_str(&desk.say("partner list --json").await.unwrap()).unwrap();
    assert_eq!(json[0]["id"], "acme");
    assert!(json[0]["suspended_at"].is_null());
    let audit: serde_json::Value = serde_json::from_str(&desk.say("partner audit --json").await.unwrap()).unwrap();
    assert_eq!((&audit[1]["actor"], &audit[1]["detail"]), (&"operator:li".into(), &"unpaid".into()));
}

#[tokio::test]
async fn an_issued_secret_is_shown_once_with_a_sentence_saying_so() {
    let desk = Desk::with_acme().await;
    let told = desk
        .say("key issue acme --mode live --expires 90d --allow 203.0.113.7 --scopes catalog:read,orders:read")
        .await;
    let told = told.unwrap();
    assert!(told.contains("xyk_live_") && told.contains("xys_") && told.contains("shown this once"), "{told}");
    let list = desk.say("key list --partner acme").await.unwrap();
    assert!(list.contains("203.0.113.7/32") && list.contains("catalog:read orders:read"), "{list}");
    assert!(!list.contains("xys_") && !desk.say("key list --json").await.unwrap().contains("xys_"));
}

#[tokio::test]
async fn a_saved_key_file_signs_and_its_secret_is_not_shown() {
    let desk = Desk::with_acme().await;
    let path = desk.path("acme.key");
    let told = desk.say(&format!("key issue acme --save {path} --url https://api.example.com")).await.unwrap();
    assert!(!told.contains("xys_"), "{told}");
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let file = KeyFile::read(path.as_ref()).unwrap();
    assert_eq!(file.url, "https://api.example.com");
    let record = desk.directory.find(&file.key_id).unwrap();
    assert!(record.verifying.verify(b"base", &file.signer().unwrap().key.sign(b"base")));
    let again = desk.say(&format!("key issue acme --save {path}")).await.unwrap_err();
    assert!(again.contains("already exists"), "{again}");
    assert_eq!(desk.directory.list_keys(None).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_secret_that_cannot_be_saved_is_shown_rather_than_lost() {
    let desk = Desk::with_acme().await;
    let path = desk.path("no such folder/acme.key").replace(' ', "-");
    let typed = ["xunyuan", "key", "issue", "acme", "--save", &path];
    let Typed::Key(asked) = Typed::try_parse_from(typed).unwrap_or_else(|error| panic!("{error}")) else { panic!() };
    let mut out = Vec::new();
    assert!(key::run(asked, &desk.directory, &mut out).await.is_err());
    assert!(String::from_utf8(out).unwrap().contains("xys_"));
}

#[tokio::test]
async fn a_public_key_from_a_file_is_issued_and_has_no_secret() {
    let desk = Desk::with_acme().await;
    let secret = Ed25519Secret::from_seed(&[7; 32]);
    let path = desk.path("acme.pem");
    std::fs::write(&path, secret.public().to_pem()).unwrap();
    let told = desk.issue(&format!(" --alg ed25519 --public-key {path}")).await;
    assert!(told["secret"].is_null());
    let record = desk.directory.find(told["key_id"].as_str().unwrap()).unwrap();
    assert!(record.verifying.verify(b"base", &secret.sign(b"base")));
    for wrong in
        ["--alg ed25519", &format!("--public-key {path}"), &format!("--alg ed25519 --public-key {path} --save x")]
    {
        assert!(desk.say(&format!("key issue acme {wrong}")).await.is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn keys_are_rotated_suspended_and_retired() {
    let desk = Desk::with_acme().await;
    let old = desk.issue("").await["key_id"].as_str().unwrap().to_owned();
    let told = desk.say(&format!("key rotate {old} --overlap 7d --json")).await.unwrap();
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let new = told["key_id"].as_str().unwrap();
    let state = |id: &str| desk.directory.find(id).unwrap().state(desk.directory.clock().now());
    assert_eq!((state(&old), state(new)), (KeyState::Active, KeyState::Active));
    desk.directory.clock().advance_ms(7 * 86_400_000 + 1000);
    assert_eq!(state(&old), KeyState::Expired);
    desk.say(&format!("key suspend {new}")).await.unwrap();
    assert_eq!(state(new), KeyState::Suspended);
    desk.say(&format!("key resume {new}")).await.unwrap();
    desk.say(&format!("key retire {new}")).await.unwrap();
    assert_eq!(state(new), KeyState::Expired);
    assert!(desk.say(&format!("key retire {new}")).await.unwrap_err().contains("already ended"));
}

#[tokio::test]
async fn a_made_master_key_can_be_read() {
    let desk = Desk::open().await;
    let made = desk.say("key master --key-version 3").await.unwrap();
    assert_eq!(MasterKeys::parse(&made).unwrap().current(), 3);
    assert!(desk.say("key master --key-version 0").await.is_err());
}

#[tokio::test]
async fn what_is_mistyped_is_refused_with_what_would_be_right() {
    let desk = Desk::with_acme().await;
    for (line, hint) in [
        ("key issue acme --mode test", "live or sandbox"),
        ("key issue acme --alg rsa", "hmac-sha256 or ed25519"),
        ("key issue acme --scopes root", "catalog:read"),
        ("key issue acme --allow everywhere", "203.0.113.0/24"),
        ("key issue acme --expires soon", "90d"),
        ("key issue acme --expires 2020-01-01", "future"),
        ("key issue nobody", "no partner"),
        ("partner create Acme --country JP", "a-z"),
        ("partner create b2 --country JP --plan gold", "starter"),
    ] {
        let told = desk.say(line).await.unwrap_err();
        assert!(told.contains(hint), "{line}: {told}");
    }
}
