//! The older door in the directory: for whom it is open, and the apps that call through it, issued, suspended, retired.
//! An app's number is public, its secret sealed like that of a key; what it signs is checked in `auth`.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;
use jiff::Timestamp;

use crate::audit::Who;
use crate::model::ids::PartnerId;
use crate::model::partner::{Caller, Mode, Partner, Scopes};
use crate::partners::changes::note;
use crate::partners::directory::Directory;
use crate::partners::error::Error;
use crate::partners::keys::random;
use crate::partners::load::{moment, read_nets, sealed, unfit};
use crate::partners::records::KeyState;
use crate::partners::seal::{Sealer, StoredAt};
use crate::partners::uses::Use;
use crate::signing::aop::AppSecret;
use crate::signing::key_format::Secret;
use crate::sql::{Row, Sql, args};

/// An app number is a random one of seven digits more than this.
const FIRST_NUMBER: u64 = 1_000_000;
const NUMBERS: u64 = 9_000_000;
/// Tries to find a number that nobody has.
const TRIES: usize = 16;

/// An app of a partner, with everything a request needs worked out before.
#[derive(Clone, Debug)]
pub struct App {
    /// Its public number.
    pub key: Arc<str>,
    /// Whose app it is.
    pub partner: Arc<Partner>,
    /// Live or sandbox.
    pub mode: Mode,
    /// Checks signatures.
    pub secret: AppSecret,
    /// What it may do.
    pub scopes: Scopes,
    /// Networks it may be used from; empty for anywhere.
    pub allowed: Vec<IpNet>,
    /// The partner's door; none while it is closed.
    pub door: Option<Door>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// What it did lately.
    pub used: Arc<Use>,
    retired_at: Option<Timestamp>,
    suspended: bool,
}

/// How a partner's door is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Door {
    /// Since when it is open.
    pub opened_at: Timestamp,
    /// Whether requests without a timestamp are refused.
    pub timestamps_required: bool,
}

/// What an app may do and from where.
#[derive(Clone, Debug)]
pub struct AppPolicy {
    /// Live or sandbox.
    pub mode: Mode,
    /// What it may do.
    pub scopes: Scopes,
    /// Networks it may be used from; empty for anywhere.
    pub allowed: Vec<IpNet>,
}

/// An app that was just issued; the only time that its secret is seen.
#[derive(Clone, Debug)]
pub struct IssuedApp {
    /// Its public number.
    pub app_key: String,
    /// What it signs with.
    pub secret: Secret,
}

/// An app in the operator's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppRow {
    /// Its public number.
    pub app_key: String,
    /// Whose it is.
    pub partner: String,
    /// Live or sandbox.
    pub mode: Mode,
    /// Scopes with spaces between them.
    pub scopes: String,
    /// Networks with spaces between them; empty for anywhere.
    pub allowed: String,
    /// When it was issued.
    pub created_at: Timestamp,
    /// Whether it counts now; suspended while the door is closed, too.
    pub state: KeyState,
    /// Whether the partner's door is open.
    pub door_open: bool,
    /// When it called last, as far as it is written down.
    pub last_used_at: Option<Timestamp>,
    /// How often it called in all.
    pub calls: i64,
}

impl App {
    /// Whether the app counts at a moment.
    pub fn state(&self, now: Timestamp) -> KeyState {
        KeyState::at(now, None, self.retired_at, self.suspended || self.partner.suspended)
    }

    /// Whether it may be used from this address; an IPv4 address inside IPv6 counts as IPv4.
    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.allowed.is_empty() || self.allowed.iter().any(|net| net.contains(&address))
    }

    /// The caller that a request signed by this app comes from.
    pub fn caller(&self) -> Caller {
        Caller { partner: self.partner.clone(), key_id: self.key.clone(), mode: self.mode, scopes: self.scopes }
    }
}

impl Directory {
    /// The app with this number; takes no lock and waits for nothing.
    pub fn find_app(&self, app_key: &str) -> Option<Arc<App>> {
        self.snapshot().app(app_key).cloned()
    }

    /// Whether the older door is open to anybody who has an app; takes no lock and waits for nothing.
    pub fn has_open_doors(&self) -> bool {
        self.snapshot().apps().any(|app| app.door.is_some())
    }

    /// Opens the older door to a partner, or changes how it is set.
    pub async fn open_door(
        &self,
        actor: impl Into<Who>,
        partner: &PartnerId,
        timestamps_required: bool,
    ) -> Result<(), Error> {
        let told = if timestamps_required { "timestamps required" } else { "timestamps optional" };
        let entry = self.entry(actor, "partner.open_door", partner.as_str(), told.to_owned());
        let (id, at) = (partner.to_string(), entry.at.as_millisecond());
        let written = self.sql.transaction(move |tx| {
            Box::pin(async move {
                let known = tx.fetch_optional("SELECT id FROM partners WHERE id = $1", args![&id]).await?;
                known.ok_or_else(|| Error::NoSuchPartner(id.clone()))?;
                let text = "INSERT INTO param2_doors (partner, opened_at, timestamps_required) VALUES ($1, $2, $3) \
                    ON CONFLICT (partner) DO UPDATE SET timestamps_required = excluded.timestamps_required";
                tx.execute(text, args![&id, at, i64::from(timestamps_required)]).await?;
                note(tx, &entry).await.map_err(Error::from)
            })
        });
        self.changed(written.await).await
    }

    /// Closes it: none of the partner's apps is let in. Gives whether it was open.
    pub async fn close_door(&self, actor: impl Into<Who>, partner: &PartnerId) -> Result<bool, Error> {
        let entry = self.entry(actor, "partner.close_door", partner.as_str(), String::new());
        let written = self.sql.transaction(move |tx| {
            Box::pin(async move {
                let text = "DELETE FROM param2_doors WHERE partner = $1";
                if tx.execute(text, args![&entry.subject]).await? == 0 {
                    return Ok(false);
                }
                note(tx, &entry).await.map(|()| true)
            })
        });
        self.changed(written.await).await
    }

    /// Issues an app to a partner.
    pub async fn issue_app(
        &self,
        actor: impl Into<Who>,
        partner: &PartnerId,
        policy: AppPolicy,
    ) -> Result<IssuedApp, Error> {
        let app_key = self.free_number().await?;
        let secret = Secret::generate(&*random::<32>()?);
        let sealed = self.sealer.seal(secret_of(&app_key), secret.expose().as_bytes())?;
        let nets: Vec<_> = policy.allowed.iter().map(IpNet::to_string).collect();
        let detail = format!("partner {partner}, {}, {}", policy.mode.name(), policy.scopes);
        let entry = self.entry(actor, "app.issue", &app_key, detail);
        let columns = args![
            &app_key,
            partner.as_str(),
            policy.mode.name(),
            sealed.master_version,
            sealed.wrapped_key,
            sealed.ciphertext,
            policy.scopes.to_string(),
            nets.join(" "),
            entry.at.as_millisecond(),
        ];
        let owner = partner.to_string();
        let written = self.sql.transaction(move |tx| {
            Box::pin(async move {
                let known = tx.fetch_optional("SELECT id FROM partners WHERE id = $1", args![&owner]).await?;
                known.ok_or(Error::NoSuchPartner(owner))?;
                let text = "INSERT INTO apps (app_key, partner, mode, master_version, wrapped_key, sealed_secret, \
                    scopes, allowed, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
                tx.execute(text, columns).await?;
                note(tx, &entry).await.map_err(Error::from)
            })
        });
        self.changed(written.await).await?;
        Ok(IssuedApp { app_key, secret })
    }

    /// Withdraws an app at once and for ever; its tokens lead nowhere from then on.
    pub async fn retire_app(&self, actor: impl Into<Who>, app_key: &str) -> Result<(), Error> {
        let entry = self.entry(actor, "app.retire", app_key, String::new());
        let at = Some(entry.at.as_millisecond());
        self.set_moment("UPDATE apps SET retired_at = $1 WHERE app_key = $2 AND retired_at IS NULL", at, entry)
            .await?
            .ok_or_else(|| Error::NoSuchApp(app_key.to_owned()))
    }

    /// Suspends an app until it is resumed.
    pub async fn suspend_app(&self, actor: impl Into<Who>, app_key: &str, reason: &str) -> Result<(), Error> {
        let entry = self.entry(actor, "app.suspend", app_key, reason.to_owned());
        let at = Some(entry.at.as_millisecond());
        self.set_moment("UPDATE apps SET suspended_at = $1 WHERE app_key = $2", at, entry)
            .await?
            .ok_or_else(|| Error::NoSuchApp(app_key.to_owned()))
    }

    /// Lets a suspended app in again.
    pub async fn resume_app(&self, actor: impl Into<Who>, app_key: &str) -> Result<(), Error> {
        let entry = self.entry(actor, "app.resume", app_key, String::new());
        self.set_moment("UPDATE apps SET suspended_at = $1 WHERE app_key = $2", None, entry)
            .await?
            .ok_or_else(|| Error::NoSuchApp(app_key.to_owned()))
    }

    /// All apps, or those of one partner, oldest first.
    pub async fn list_apps(&self, partner: Option<&PartnerId>) -> Result<Vec<AppRow>, Error> {
        let text = "SELECT a.*, p.suspended_at AS partner_suspended_at, d.opened_at AS opened_at, \
            u.last_at AS last_at, COALESCE(u.calls, 0) AS calls FROM apps a JOIN partners p ON p.id = a.partner \
            LEFT JOIN param2_doors d ON d.partner = a.partner LEFT JOIN app_uses u ON u.app_key = a.app_key \
            WHERE CAST($1 AS TEXT) IS NULL OR a.partner = $1 ORDER BY a.partner, a.created_at, a.app_key";
        let rows = self.sql.fetch_all(text, args![partner.map(PartnerId::as_str)]).await?;
        rows.iter().map(|row| listed(row, self.clock.now())).collect()
    }

    async fn free_number(&self) -> Result<String, Error> {
        for _ in 0..TRIES {
            let number = FIRST_NUMBER + u64::from_be_bytes(*random::<8>()?) % NUMBERS;
            let number = number.to_string();
            let taken = self.sql.fetch_optional("SELECT app_key FROM apps WHERE app_key = $1", args![&number]).await?;
            if taken.is_none() {
                return Ok(number);
            }
        }
        Err(Error::NoRandomness)
    }
}

/// Where an app's secret is stored.
pub(super) fn secret_of(app_key: &str) -> StoredAt<'_> {
    StoredAt { table: "apps", row: app_key, column: "sealed_secret" }
}

fn listed(row: &Row, now: Timestamp) -> Result<AppRow, Error> {
    let there = |column| row.opt_int(column).map(|ms| ms.is_some());
    let door_open = there("opened_at")?;
    let suspended = there("suspended_at")? || there("partner_suspended_at")? || !door_open;
    Ok(AppRow {
        app_key: row.text("app_key")?,
        partner: row.text("partner")?,
        mode: row.parse("mode")?,
        scopes: row.text("scopes")?,
        allowed: row.text("allowed")?,
        created_at: moment(row.int("created_at")?),
        state: KeyState::at(now, None, row.opt_int("retired_at")?.map(moment), suspended),
        door_open,
        last_used_at: row.opt_int("last_at")?.map(moment),
        calls: row.int("calls")?,
    })
}

/// Reads all apps; one whose secret does not open is left out.
pub(super) async fn load(
    sql: &Sql,
    sealer: &Sealer,
    partners: &HashMap<String, Arc<Partner>>,
) -> Result<Vec<App>, Error> {
    let mut doors = HashMap::new();
    for row in sql.fetch_all("SELECT * FROM param2_doors", Vec::new()).await? {
        let timestamps_required = row.int("timestamps_required")? != 0;
        doors.insert(row.text("partner")?, Door { opened_at: moment(row.int("opened_at")?), timestamps_required });
    }
    let mut apps = Vec::new();
    for row in sql.fetch_all("SELECT * FROM apps", Vec::new()).await? {
        match app(&row, sealer, partners, &doors) {
            Ok(app) => apps.push(app),
            Err(error) => {
                let key = row.text("app_key").unwrap_or_default();
                tracing::error!(key_id = key, %error, "a stored app cannot be read and is left out");
            }
        }
    }
    Ok(apps)
}

fn app(
    row: &Row,
    sealer: &Sealer,
    partners: &HashMap<String, Arc<Partner>>,
    doors: &HashMap<String, Door>,
) -> Result<App, Error> {
    let (key, owner) = (row.text("app_key")?, row.text("partner")?);
    let secret = sealer.open(secret_of(&key), &sealed(row)?)?;
    Ok(App {
        partner: partners.get(&owner).cloned().ok_or_else(|| unfit("partner", "a partner's name"))?,
        mode: row.parse("mode")?,
        secret: AppSecret::new(&secret).ok_or_else(|| unfit("sealed_secret", "a secret"))?,
        scopes: row.parse("scopes")?,
        allowed: read_nets(&row.text("allowed")?)?,
        door: doors.get(&owner).copied(),
        created_at: moment(row.int("created_at")?),
        used: Arc::default(),
        retired_at: row.opt_int("retired_at")?.map(moment),
        suspended: row.opt_int("suspended_at")?.is_some(),
        key: key.into(),
    })
}

#[cfg(test)]
mod tests {
    use super::{AppPolicy, IssuedApp};
    use crate::clock::Clock;
    use crate::model::ids::PartnerId;
    use crate::model::partner::{Mode, Scopes};
    use crate::partners::{Directory, Error, KeyState, MasterKeys, NewPartner, Refreshed, Sealer};
    use crate::sql::trial::{self, House};

    const OLD: &str = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    const NEW: &str = "2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

    fn acme() -> PartnerId {
        "acme".parse().unwrap()
    }

    async fn open(house: &House, master: &str) -> Directory {
        let sealer = Sealer::new(MasterKeys::parse(master).unwrap());
        Directory::open(house.another().await, sealer, Clock::shiftable()).await.unwrap()
    }

    async fn with_app(house: &House) -> (Directory, IssuedApp) {
        let directory = open(house, OLD).await;
        let new = NewPartner { id: acme(), name: "Acme".into(), country: "JP".into(), plan: "starter".into() };
        directory.create_partner("tester", new).await.unwrap();
        let policy = AppPolicy { mode: Mode::Sandbox, scopes: Scopes::all(), allowed: Vec::new() };
        let issued = directory.issue_app("tester", &acme(), policy).await.unwrap();
        (directory, issued)
    }

    #[tokio::test]
    async fn an_issued_app_verifies_what_its_secret_signs_on_every_node() {
        for house in trial::houses().await {
            let (directory, issued) = with_app(&house).await;
            assert!(issued.app_key.len() == 7 && issued.app_key.bytes().all(|byte| byte.is_ascii_digit()));
            let own = crate::signing::aop::AppSecret::new(issued.secret.expose().as_bytes()).unwrap();
            let signature = own.sign("p", &[("a", "1")]);
            for node in [&directory, &open(&house, OLD).await] {
                let app = node.find_app(&issued.app_key).unwrap();
                assert!(app.secret.verify("p", &[("a", "1")], &signature));
                assert!(app.door.is_none(), "closed until somebody opens it");
            }
        }
    }

    #[tokio::test]
    async fn the_door_is_opened_and_closed_for_all_nodes_and_noted() {
        for house in trial::houses().await {
            let (directory, issued) = with_app(&house).await;
            let node = open(&house, OLD).await;
            directory.open_door("tester", &acme(), true).await.unwrap();
            assert_eq!(node.refresh().await, Refreshed::Newer);
            assert!(node.find_app(&issued.app_key).unwrap().door.unwrap().timestamps_required);
            directory.open_door("tester", &acme(), false).await.unwrap();
            node.refresh().await;
            assert!(!node.find_app(&issued.app_key).unwrap().door.unwrap().timestamps_required);
            assert!(directory.close_door("tester", &acme()).await.unwrap());
            assert!(!directory.close_door("tester", &acme()).await.unwrap());
            node.refresh().await;
            assert_eq!(node.find_app(&issued.app_key).unwrap().door, None);
            let actions: Vec<_> = directory.audit(10).await.unwrap().into_iter().map(|entry| entry.action).collect();
            assert_eq!(
                actions,
                ["partner.close_door", "partner.open_door", "partner.open_door", "app.issue", "partner.create"]
            );
            let nobody = directory.open_door("tester", &"nobody".parse().unwrap(), false).await;
            assert!(matches!(nobody, Err(Error::NoSuchPartner(_))), "{nobody:?}");
        }
    }

    #[tokio::test]
    async fn a_retired_or_suspended_app_is_told_as_such() {
        for house in trial::houses().await {
            let (directory, issued) = with_app(&house).await;
            directory.open_door("tester", &acme(), false).await.unwrap();
            let state = |directory: &Directory| {
                let now = directory.clock().now();
                directory.find_app(&issued.app_key).unwrap().state(now)
            };
            assert_eq!(state(&directory), KeyState::Active);
            directory.suspend_app("tester", &issued.app_key, "leaked").await.unwrap();
            assert_eq!(state(&directory), KeyState::Suspended);
            directory.resume_app("tester", &issued.app_key).await.unwrap();
            directory.retire_app("tester", &issued.app_key).await.unwrap();
            assert_eq!(state(&directory), KeyState::Expired);
            assert!(directory.retire_app("tester", &issued.app_key).await.is_err(), "it has ended already");
            let listed = directory.list_apps(Some(&acme())).await.unwrap();
            assert_eq!((listed.len(), listed[0].state, listed[0].door_open), (1, KeyState::Expired, true));
        }
    }

    #[tokio::test]
    async fn the_secret_is_sealed_and_wrapped_anew_with_the_keys() {
        for house in trial::houses().await {
            let (_, issued) = with_app(&house).await;
            let rows = house.sql.fetch_all("SELECT sealed_secret FROM apps", Vec::new()).await.unwrap();
            let stored = rows[0].bytes("sealed_secret").unwrap();
            let own = issued.secret.expose().as_bytes();
            assert!(!stored.windows(8).any(|part| own.windows(8).any(|own| own == part)));
            let both = open(&house, &format!("{OLD}\n{NEW}")).await;
            assert_eq!(both.rewrap_keys("tester").await.unwrap(), 1);
            assert!(open(&house, NEW).await.find_app(&issued.app_key).is_some());
        }
    }
}
