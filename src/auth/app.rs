//! The proof of the older door: an app signed these parameters with its secret, and its token counts.
//!
//! What the newer door proves with one signature takes two steps here, because between them its answers differ: first
//! the signature ([`Apps::prove`]), then the token ([`Apps::account`]) and whether the app may come at all
//! ([`Apps::admit`]). HMAC-SHA1 without a nonce protects less: a timestamp, where one is sent, bounds how long a
//! captured request is of use, and of writes with a timestamp each is received once. Of identical writes within seconds, with
//! a timestamp or without, one is done and the others hear its answer ([`Apps::twin`]).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};

use crate::auth::request::Class;
use crate::auth::throttle::Throttle;
use crate::clock::Clock;
use crate::counters::twins::Twins;
pub use crate::counters::twins::{First, Twin};
use crate::counters::{Claimed, Nonces};
pub use crate::partners::{App, Granted};
use crate::partners::{Directory, KeyState, TokenRecord};
use crate::signing::aop::AppSecret;

/// How far a timestamp may be from now; clients of the platform are years old, and so are some of their clocks.
pub const WINDOW_S: i64 = 900;
/// A token is looked up anew after this long, so that a withdrawn one ends soon.
const LOOK_AGAIN_MS: i64 = 2_000;
/// What a token was is remembered while the database cannot be asked, for this long at most.
const REMEMBERED: Duration = Duration::from_secs(600);
const MOST_TOKENS: u64 = 100_000;

/// A request that claims to be signed by an app.
#[derive(Clone, Copy, Debug)]
pub struct AppRequest<'a> {
    /// `param2/1/namespace/api/appKey`, as it arrived.
    pub path: &'a str,
    /// The app's number.
    pub app_key: &'a str,
    /// Every parameter, decoded; files are not signed and not among them.
    pub parameters: &'a [(String, String)],
    /// The signature; none when there is none.
    pub signature: Option<&'a str>,
    /// Where it comes from, behind trusted proxies.
    pub address: IpAddr,
}

/// A frame that claims to be signed by an app.
#[derive(Clone, Copy, Debug)]
pub struct AppFrame<'a> {
    /// The app's number.
    pub app_key: &'a str,
    /// What the frame says besides, where it is signed.
    pub content: Option<&'a str>,
    /// When it was sent, in milliseconds.
    pub sent_ms: i64,
    /// The signature; none when there is none.
    pub signature: Option<&'a str>,
    /// Where it comes from, behind trusted proxies.
    pub address: IpAddr,
}

/// Why an app is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unproven {
    /// There is no signature.
    Missing,
    /// It is not the app's over this, or there is no such app; the two are not told apart.
    Invalid,
    /// Too many wrong ones: wait so many seconds.
    Throttled(u64),
}

/// Why a proven app may not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Barred {
    /// The partner has not had this door opened.
    DoorClosed,
    /// The app or its partner is suspended.
    Suspended,
    /// Not from this address.
    Address(IpAddr),
}

/// Why a timestamp is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untimely {
    /// There is none, and this partner's requests have to have one.
    Missing,
    /// It is no number of milliseconds.
    Unreadable,
    /// It is too far from now, which is this.
    Skewed(Timestamp),
    /// This very request was received before.
    Replayed,
}

/// What is known of a token, and since when.
#[derive(Clone, Debug)]
struct Known {
    found: Option<TokenRecord>,
    at_ms: i64,
}

/// Proves which app calls.
#[derive(Debug)]
pub struct Apps {
    pub(super) directory: Arc<Directory>,
    nonces: Arc<Nonces>,
    pub(super) clock: Clock,
    throttle: Throttle,
    tokens: Cache<(Arc<str>, String), Known>,
    decoy: Option<AppSecret>,
    twins: Arc<Twins>,
}

impl Apps {
    /// The proof with these apps and nonces; refusals a minute for each address and app as for keys.
    pub fn new(directory: Arc<Directory>, nonces: Arc<Nonces>, refusals_per_minute: u32, clock: Clock) -> Self {
        let throttle = Throttle::new(refusals_per_minute, clock.clone());
        let tokens = Cache::builder().max_capacity(MOST_TOKENS).time_to_live(REMEMBERED).build();
        let twins = Arc::new(Twins::new(nonces.counters().clone()));
        Self { directory, nonces, clock, throttle, tokens, decoy: AppSecret::decoy(), twins }
    }

    /// The app that signed the request. An unknown or retired app costs the time of a known one.
    pub fn prove(&self, request: &AppRequest<'_>) -> Result<Arc<App>, Unproven> {
        let Some(signature) = request.signature else { return Err(self.refused(request, Unproven::Missing)) };
        let app = self.directory.find_app(request.app_key);
        let app = app.filter(|app| app.state(self.clock.now()) != KeyState::Expired);
        let secret = app.as_deref().map(|app| &app.secret).or(self.decoy.as_ref());
        let fits = secret.is_some_and(|secret| secret.verify(request.path, request.parameters, signature));
        match app {
            Some(app) if fits => Ok(app),
            _ => Err(self.refused(request, Unproven::Invalid)),
        }
    }

    /// The app that signed a frame of the message channel, sent at this moment in milliseconds.
    pub fn prove_frame(&self, frame: &AppFrame<'_>) -> Result<Arc<App>, Unproven> {
        let refused = |why| self.charge(frame.address, frame.app_key).map_or(why, Unproven::Throttled);
        let Some(signature) = frame.signature else { return Err(refused(Unproven::Missing)) };
        let app = self.directory.find_app(frame.app_key);
        let app = app.filter(|app| app.state(self.clock.now()) != KeyState::Expired);
        let secret = app.as_deref().map(|app| &app.secret).or(self.decoy.as_ref());
        let fits =
            secret.is_some_and(|secret| secret.verify_frame(frame.app_key, frame.content, frame.sent_ms, signature));
        let age_ms = self.clock.now_ms().saturating_sub(frame.sent_ms).unsigned_abs();
        match app {
            Some(app) if fits && age_ms <= WINDOW_S.unsigned_abs() * 1_000 => Ok(app),
            _ => Err(refused(Unproven::Invalid)),
        }
    }

    /// The app of this number, for what is asked without a signature and gives nothing away.
    pub fn find(&self, app_key: &str) -> Option<Arc<App>> {
        self.directory.find_app(app_key)
    }

    fn refused(&self, request: &AppRequest<'_>, why: Unproven) -> Unproven {
        self.charge(request.address, request.app_key).map_or(why, Unproven::Throttled)
    }

    /// Counts a refusal; gives the seconds to wait when there were too many.
    pub fn charge(&self, address: IpAddr, app_key: &str) -> Option<u64> {
        self.throttle.charge(address, Some(app_key))
    }

    /// Whether a proven app may come.
    pub fn admit(&self, app: &App, address: IpAddr) -> Result<(), Barred> {
        if app.door.is_none() {
            return Err(Barred::DoorClosed);
        }
        if app.state(self.clock.now()) != KeyState::Active {
            return Err(Barred::Suspended);
        }
        if app.allows(address) { Ok(()) } else { Err(Barred::Address(address)) }
    }

    /// The account an access token of the app is for; none when it does not count. While the database cannot be asked,
    /// what was known of the token lately stands; an error when nothing was.
    pub async fn account(&self, app: &App, token: &str) -> Result<Option<String>, Unasked> {
        let (key, now) = ((app.key.clone(), token.to_owned()), self.clock.now());
        let known = self.tokens.get(&key);
        let fresh = known.as_ref().filter(|known| known.at_ms + LOOK_AGAIN_MS > now.as_millisecond());
        let found = match fresh {
            Some(known) => known.found.clone(),
            None => match self.directory.find_token(&app.key, token).await {
                Ok(found) => {
                    self.tokens.insert(key, Known { found: found.clone(), at_ms: now.as_millisecond() });
                    found
                }
                Err(error) => {
                    tracing::warn!(%error, "tokens cannot be looked up; the last known stand");
                    known.ok_or(Unasked)?.found
                }
            },
        };
        Ok(found.filter(|found| found.counts(now)).map(|found| found.account))
    }

    /// Whether this very request of an app came before within seconds: the same words to the same path, with the same
    /// files, whether or not a time was sent. The first one says what came of it, and the others hear that.
    pub async fn twin(&self, app: &App, path: &str, words: &[(String, String)], files: &[(String, Bytes)]) -> Twin {
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_be_bytes());
            hash.update(bytes);
        };
        part(path.as_bytes());
        let mut words: Vec<_> = words.iter().collect();
        words.sort();
        part(&words.len().to_be_bytes());
        words.iter().for_each(|(name, value)| [name, value].iter().for_each(|text| part(text.as_bytes())));
        files.iter().for_each(|(name, bytes)| [name.as_bytes(), bytes].iter().for_each(|bytes| part(bytes)));
        let digest: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.twins.begin(&format!("{}:{digest}", app.key)).await
    }

    /// Forgets what was answered a while ago; called by a task.
    pub fn tidy(&self) {
        self.twins.tidy();
    }

    /// Checks the timestamp, and of writes that the request was not received before. Whoever sends no timestamp is not
    /// protected against replays, unless the partner's door requires one.
    pub async fn timely(
        &self,
        app: &App,
        timestamp: Option<&str>,
        signature: &str,
        class: Class,
    ) -> Result<(), Untimely> {
        let Some(text) = timestamp else {
            let required = app.door.is_some_and(|door| door.timestamps_required);
            return if required { Err(Untimely::Missing) } else { Ok(()) };
        };
        let (ms, now) = (text.parse::<i64>().map_err(|_| Untimely::Unreadable)?, self.clock.now());
        if (now.as_millisecond().saturating_sub(ms)).unsigned_abs() > WINDOW_S.unsigned_abs() * 1_000 {
            return Err(Untimely::Skewed(now));
        }
        if class == Class::Read {
            return Ok(());
        }
        let until_s = ms / 1_000 + WINDOW_S + 1;
        match self.nonces.claim(&app.key, &signature.to_ascii_uppercase(), until_s, class.reach()).await {
            Claimed::Fresh => Ok(()),
            Claimed::Seen => Err(Untimely::Replayed),
        }
    }

    /// Tokens for a code, once; none when it does not count, or was told to another address than is said.
    pub async fn redeem(&self, app: &App, code: &str, told_to: Option<&str>) -> Result<Option<Granted>, Unasked> {
        told(self.directory.redeem_code_of(&app.key, code, told_to).await)
    }

    /// Another access token for a refresh token; none when it does not count.
    pub async fn refresh(&self, app: &App, token: &str) -> Result<Option<Granted>, Unasked> {
        told(self.directory.refresh_token(&app.key, token).await)
    }

    /// Another refresh token in the place of one, with an access token; none when it does not count.
    pub async fn postpone(&self, app: &App, token: &str) -> Result<Option<Granted>, Unasked> {
        told(self.directory.postpone_token(&app.key, token).await)
    }

    /// The app of this number that was not withdrawn.
    pub fn open(&self, app_key: &str) -> Option<Arc<App>> {
        self.find(app_key).filter(|app| app.state(self.clock.now()) != KeyState::Expired)
    }

    /// Whether the app may call now, from wherever it may.
    pub fn is_let_in(&self, app: &App) -> bool {
        app.door.is_some() && app.state(self.clock.now()) == KeyState::Active
    }
}

pub(super) fn told<T>(outcome: Result<T, crate::partners::Error>) -> Result<T, Unasked> {
    outcome.map_err(|error| {
        tracing::error!(%error, "tokens cannot be granted");
        Unasked
    })
}

/// The database cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unasked;

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;

    use super::{AppRequest, Apps, Barred, Unproven, Untimely, WINDOW_S};
    use crate::auth::Class;
    use crate::auth::trial::{self, House};
    use crate::clock::Clock;
    use crate::counters::{Counters, Nonces};
    use crate::model::ids::PartnerId;
    use crate::model::partner::{Mode, Scopes};
    use crate::partners::{App, AppPolicy, Directory, MasterKeys, NewPartner, Sealer};
    use crate::signing::aop::AppSecret;

    const MASTER: &str = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    struct Scene {
        apps: Apps,
        directory: Arc<Directory>,
        clock: Clock,
        app_key: String,
        secret: AppSecret,
        _house: House,
    }

    fn acme() -> PartnerId {
        "acme".parse().unwrap()
    }

    async fn scene(refusals: u32, allowed: &str) -> Scene {
        let (house, clock) = (trial::house().await, Clock::shiftable());
        let sealer = Sealer::new(MasterKeys::parse(MASTER).unwrap());
        let directory = Arc::new(Directory::open(house.another().await, sealer, clock.clone()).await.unwrap());
        let new = NewPartner { id: acme(), name: "Acme".into(), country: "JP".into(), plan: "starter".into() };
        directory.create_partner("tester", new).await.unwrap();
        let allowed = allowed.split_whitespace().map(|net| net.parse().unwrap()).collect();
        let policy = AppPolicy { mode: Mode::Live, scopes: Scopes::all(), allowed };
        let issued = directory.issue_app("tester", &acme(), policy).await.unwrap();
        directory.open_door("tester", &acme(), false).await.unwrap();
        let nonces = Arc::new(Nonces::new(Counters::InProcess, clock.clone(), 1_000));
        let apps = Apps::new(directory.clone(), nonces, refusals, clock.clone());
        let secret = AppSecret::new(issued.secret.expose().as_bytes()).unwrap();
        Scene { apps, directory, clock, app_key: issued.app_key, secret, _house: house }
    }

    impl Scene {
        fn prove(
            &self,
            app_key: &str,
            signature: Option<&str>,
            parameters: &[(String, String)],
        ) -> Result<Arc<App>, Unproven> {
            let address = [203, 0, 113, 9].into();
            self.apps.prove(&AppRequest { path: "p", app_key, parameters, signature, address })
        }
    }

    fn one(value: &str) -> Vec<(String, String)> {
        vec![("keyword".to_owned(), value.to_owned())]
    }

    #[tokio::test]
    async fn an_app_is_proven_by_its_signature_and_by_nothing_else() {
        let scene = scene(0, "").await;
        let signature = scene.secret.sign("p", &one("cup"));
        assert_eq!(&*scene.prove(&scene.app_key, Some(&signature), &one("cup")).unwrap().key, scene.app_key);
        let refused = |app: &str, signature, value| scene.prove(app, signature, &one(value)).unwrap_err();
        assert_eq!(refused(&scene.app_key, None, "cup"), Unproven::Missing);
        assert_eq!(refused(&scene.app_key, Some(&signature), "mug"), Unproven::Invalid);
        assert_eq!(refused("7654321", Some(&signature), "cup"), Unproven::Invalid);
        scene.directory.retire_app("tester", &scene.app_key).await.unwrap();
        assert_eq!(refused(&scene.app_key, Some(&signature), "cup"), Unproven::Invalid);
    }

    #[tokio::test]
    async fn a_decoy_signs_for_nobody() {
        let scene = scene(0, "").await;
        let signature = AppSecret::decoy().unwrap().sign("p", &one("cup"));
        assert_eq!(scene.prove("7654321", Some(&signature), &one("cup")).unwrap_err(), Unproven::Invalid);
    }

    #[tokio::test]
    async fn guessing_is_slowed_down() {
        let scene = scene(3, "").await;
        let guess = || scene.prove(&scene.app_key, Some("00"), &one("cup")).unwrap_err();
        assert_eq!([guess(), guess(), guess()], [Unproven::Invalid; 3]);
        assert!(matches!(guess(), Unproven::Throttled(1..)));
    }

    #[tokio::test]
    async fn a_proven_app_comes_only_by_an_open_door_and_from_its_networks() {
        let scene = scene(0, "203.0.113.0/24").await;
        let address: IpAddr = [203, 0, 113, 9].into();
        let admit = |address| scene.apps.admit(&scene.apps.find(&scene.app_key).unwrap(), address);
        assert_eq!(admit(address), Ok(()));
        let elsewhere = [198, 51, 100, 1].into();
        assert_eq!(admit(elsewhere), Err(Barred::Address(elsewhere)));
        scene.directory.suspend_partner("tester", &acme(), "").await.unwrap();
        assert_eq!(admit(address), Err(Barred::Suspended));
        scene.directory.resume_partner("tester", &acme()).await.unwrap();
        scene.directory.close_door("tester", &acme()).await.unwrap();
        assert_eq!(admit(address), Err(Barred::DoorClosed));
    }

    #[tokio::test]
    async fn a_withdrawn_token_ends_within_two_seconds() {
        let scene = scene(0, "").await;
        let app = scene.apps.find(&scene.app_key).unwrap();
        let token = scene.directory.grant_lasting("tester", &app.key, "acme").await.unwrap().access_token;
        assert_eq!(scene.apps.account(&app, &token).await, Ok(Some("acme".to_owned())));
        assert_eq!(scene.apps.account(&app, "another").await, Ok(None));
        scene.directory.revoke_tokens("tester", &app.key).await.unwrap();
        scene.clock.advance_ms(2_000);
        assert_eq!(scene.apps.account(&app, &token).await, Ok(None));
    }

    #[tokio::test]
    async fn a_write_with_a_timestamp_is_received_once_and_in_time() {
        let scene = scene(0, "").await;
        let app = scene.apps.find(&scene.app_key).unwrap();
        let ms = |by: i64| (scene.clock.now_ms() + by).to_string();
        let now = ms(0);
        let timely = async |timestamp: Option<&str>, class| scene.apps.timely(&app, timestamp, "AB", class).await;
        assert_eq!(timely(None, Class::OrderWrite).await, Ok(()));
        assert_eq!(timely(Some(&now), Class::Read).await, Ok(()));
        assert_eq!(timely(Some(&now), Class::Read).await, Ok(()));
        assert_eq!(timely(Some(&now), Class::OrderWrite).await, Ok(()));
        assert_eq!(timely(Some(&now), Class::OrderWrite).await, Err(Untimely::Replayed));
        assert_eq!(timely(Some("soon"), Class::Read).await, Err(Untimely::Unreadable));
        for by in [-WINDOW_S * 1_000 - 1_000, WINDOW_S * 1_000 + 1_000] {
            assert!(matches!(timely(Some(&ms(by)), Class::Read).await, Err(Untimely::Skewed(_))));
        }
        assert!(matches!(timely(Some(&i64::MIN.to_string()), Class::Read).await, Err(Untimely::Skewed(_))));
        scene.directory.open_door("tester", &acme(), true).await.unwrap();
        let strict = scene.apps.find(&scene.app_key).unwrap();
        assert_eq!(scene.apps.timely(&strict, None, "CD", Class::Read).await, Err(Untimely::Missing));
    }
}
