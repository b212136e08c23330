//! Tokens of the older door: codes that are redeemed once, access and refresh tokens, withdrawn together.
//! Only digests are stored: a token has 128 random bits, so that a digest cannot be turned back by trying.

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};

use crate::audit::{self, Who};
use crate::partners::buyers;
use crate::partners::directory::Directory;
use crate::partners::error::Error;
use crate::partners::keys::random;
use crate::partners::load::moment;
use crate::sql::{self, Row, Tx, args};

/// How long an access token counts.
pub const ACCESS_LASTS: SignedDuration = SignedDuration::from_hours(10);
/// How long a refresh token counts.
pub const REFRESH_LASTS: SignedDuration = SignedDuration::from_hours(180 * 24);
/// How long a code can be redeemed.
pub const CODE_LASTS: SignedDuration = SignedDuration::from_mins(10);
/// What has ended is kept this much longer, so that it can be told apart from what never was.
const KEPT_AFTER_END: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Tokens just granted; the only time that they are seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// Goes with every call.
    pub access_token: String,
    /// Until when; none for ever.
    pub access_ends: Option<Timestamp>,
    /// Brings the next access token; none with one that never ends.
    pub refresh: Option<Refresh>,
    /// Whose buying it is.
    pub account: String,
}

/// What brings further access tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refresh {
    /// The token.
    pub token: String,
    /// Until when.
    pub ends: Timestamp,
}

/// A stored token, without its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// Whose buying it is.
    pub account: String,
    /// What was granted with it.
    pub family: String,
    /// Until when it counts; none for ever.
    pub ends: Option<Timestamp>,
    /// Of a code: the address that it was told to.
    pub redirect_uri: Option<String>,
}

impl TokenRecord {
    /// Whether it counts at a moment.
    pub fn counts(&self, now: Timestamp) -> bool {
        self.ends.is_none_or(|ends| now < ends)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Code,
    Access,
    Refresh,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }
}

/// A row about to be written.
#[derive(Clone)]
struct Draft {
    digest: String,
    kind: Kind,
    ends: Option<Timestamp>,
    redirect_uri: Option<String>,
}

impl Directory {
    /// Grants an app an access token for an account that lasts until it is withdrawn, as apps for one's own use have.
    pub async fn grant_lasting(&self, actor: impl Into<Who>, app_key: &str, account: &str) -> Result<Granted, Error> {
        let access_token = text()?;
        let draft =
            Draft { digest: digest(app_key, &access_token), kind: Kind::Access, ends: None, redirect_uri: None };
        let entry = self.entry(actor, "app.grant", app_key, format!("account {account}, lasting"));
        self.write_tokens(app_key, account, text()?, vec![draft], Some(entry)).await?;
        Ok(Granted { access_token, access_ends: None, refresh: None, account: account.to_owned() })
    }

    /// Makes a code that the app can redeem for tokens of the account, once and soon.
    pub async fn issue_code(&self, actor: impl Into<Who>, app_key: &str, account: &str) -> Result<String, Error> {
        self.issue_code_to(actor, app_key, account, None).await
    }

    /// The same for somebody who is sent to an address with it.
    pub async fn issue_code_to(
        &self,
        actor: impl Into<Who>,
        app_key: &str,
        account: &str,
        redirect_uri: Option<&str>,
    ) -> Result<String, Error> {
        let code = text()?;
        let ends = Some(self.later(CODE_LASTS)?);
        let redirect = redirect_uri.map(str::to_owned);
        let draft = Draft { digest: digest(app_key, &code), kind: Kind::Code, ends, redirect_uri: redirect };
        let told = redirect_uri.map_or_else(String::new, |address| format!(", told to {address}"));
        let entry = self.entry(actor, "app.authorise", app_key, format!("account {account}{told}"));
        self.write_tokens(app_key, account, text()?, vec![draft], Some(entry)).await?;
        Ok(code)
    }

    /// Redeems a code; none when it is not one of the app's, was redeemed before or has ended.
    pub async fn redeem_code(&self, app_key: &str, code: &str) -> Result<Option<Granted>, Error> {
        self.redeem_code_of(app_key, code, None).await
    }

    /// The same for an app that says where the code was told to; another address than that is as good as another code.
    pub async fn redeem_code_of(
        &self,
        app_key: &str,
        code: &str,
        redirect_uri: Option<&str>,
    ) -> Result<Option<Granted>, Error> {
        let said = redirect_uri.map(str::to_owned);
        let (access, refresh) = (self.access()?, self.refreshing()?);
        let drafts = vec![access.draft(app_key), refresh.draft(app_key)];
        let (digest, app, now) = (digest(app_key, code), app_key.to_owned(), self.clock.now_ms());
        let owner = self.find_app(app_key).map(|app| app.partner.id.clone());
        let who = owner.map_or(Who::System, |partner| Who::Partner { partner, key: app_key.into() });
        let entry = self.entry(who, "app.redeem", app_key, String::new());
        let redeemed = self.sql.transaction(move |tx| {
            Box::pin(async move {
                let Some(found) = counting(tx, &app, &digest, Kind::Code, now).await? else { return Ok(None) };
                let told_to = found.redirect_uri.as_ref();
                if said.as_ref().zip(told_to).is_some_and(|(said, told_to)| said != told_to) {
                    return Ok(None);
                }
                // Whoever revokes it first has it.
                let text = "UPDATE app_tokens SET revoked_at = $1 WHERE digest = $2 AND revoked_at IS NULL";
                if tx.execute(text, args![now, &digest]).await? == 0 {
                    return Ok(None);
                }
                insert(tx, &app, &found.account, &found.family, &drafts, now).await?;
                audit::note(tx, &audit::Entry { detail: format!("account {}", found.account), ..entry }).await?;
                Ok::<_, sql::Error>(Some(found.account))
            })
        });
        Ok(redeemed.await?.map(|account| granted(access, refresh, account)))
    }

    /// Gives another access token for a refresh token; none when it does not count.
    pub async fn refresh_token(&self, app_key: &str, refresh: &str) -> Result<Option<Granted>, Error> {
        let access = self.access()?;
        let drafts = vec![access.draft(app_key)];
        let (digest, app, now) = (digest(app_key, refresh), app_key.to_owned(), self.clock.now_ms());
        let refreshed = self.sql.transaction(move |tx| {
            Box::pin(async move {
                let Some(found) = counting(tx, &app, &digest, Kind::Refresh, now).await? else { return Ok(None) };
                insert(tx, &app, &found.account, &found.family, &drafts, now).await?;
                Ok::<_, sql::Error>(Some(found))
            })
        });
        let kept = |found: TokenRecord| {
            let ends = found.ends.unwrap_or_default();
            granted(access, Made { text: refresh.to_owned(), kind: Kind::Refresh, ends }, found.account)
        };
        Ok(refreshed.await?.map(kept))
    }

    /// Gives another refresh token in the place of one, with an access token; none when it does not count.
    pub async fn postpone_token(&self, app_key: &str, refresh: &str) -> Result<Option<Granted>, Error> {
        let (access, newer) = (self.access()?, self.refreshing()?);
        let drafts = vec![access.draft(app_key), newer.draft(app_key)];
        let (digest, app, now) = (digest(app_key, refresh), app_key.to_owned(), self.clock.now_ms());
        let postponed = self.sql.transaction(move |tx| {
            Box::pin(async move {
                let Some(found) = counting(tx, &app, &digest, Kind::Refresh, now).await? else { return Ok(None) };
                let text = "UPDATE app_tokens SET revoked_at = $1 WHERE digest = $2 AND revoked_at IS NULL";
                if tx.execute(text, args![now, &digest]).await? == 0 {
                    return Ok(None);
                }
                insert(tx, &app, &found.account, &found.family, &drafts, now).await?;
                Ok::<_, sql::Error>(Some(found.account))
            })
        });
        Ok(postponed.await?.map(|account| granted(access, newer, account)))
    }

    /// An access token of the app, unless it was withdrawn; whether it still counts is for the caller to see.
    pub async fn find_token(&self, app_key: &str, token: &str) -> Result<Option<TokenRecord>, Error> {
        let text = "SELECT * FROM app_tokens WHERE digest = $1 AND app_key = $2 AND kind = 'access' \
            AND revoked_at IS NULL";
        let row = self.sql.fetch_optional(text, args![digest(app_key, token), app_key]).await?;
        Ok(row.as_ref().map(read).transpose()?)
    }

    /// Withdraws all tokens of an app; gives how many counted.
    pub async fn revoke_tokens(&self, actor: impl Into<Who>, app_key: &str) -> Result<u64, Error> {
        let entry = self.entry(actor, "app.revoke_tokens", app_key, String::new());
        let (app, now) = (app_key.to_owned(), self.clock.now_ms());
        let revoked = self.sql.transaction(move |tx| {
            Box::pin(async move {
                let text = "UPDATE app_tokens SET revoked_at = $1 WHERE app_key = $2 AND revoked_at IS NULL";
                let count = tx.execute(text, args![now, &app]).await?;
                audit::note(tx, &entry).await?;
                Ok::<_, sql::Error>(count)
            })
        });
        Ok(revoked.await?)
    }

    /// Withdraws the tokens that an app has for one account; gives how many counted.
    pub async fn revoke_tokens_of(&self, actor: impl Into<Who>, app_key: &str, account: &str) -> Result<u64, Error> {
        let entry = self.entry(actor, "app.revoke_tokens", app_key, format!("account {account}"));
        let (app, account, now) = (app_key.to_owned(), account.to_owned(), self.clock.now_ms());
        let revoked = self.sql.transaction(move |tx| {
            Box::pin(async move {
                let text = "UPDATE app_tokens SET revoked_at = $1 WHERE app_key = $2 AND account = $3 \
                    AND revoked_at IS NULL";
                let count = tx.execute(text, args![now, &app, &account]).await?;
                audit::note(tx, &entry).await?;
                Ok::<_, sql::Error>(count)
            })
        });
        Ok(revoked.await?)
    }

    async fn write_tokens(
        &self,
        app_key: &str,
        account: &str,
        family: String,
        drafts: Vec<Draft>,
        entry: Option<audit::Entry>,
    ) -> Result<(), Error> {
        let (app, account, now) = (app_key.to_owned(), account.to_owned(), self.clock.now_ms());
        let written = self.sql.transaction(move |tx| {
            Box::pin(async move {
                let text = "SELECT partner FROM apps WHERE app_key = $1 AND retired_at IS NULL";
                let known = tx.fetch_optional(text, args![&app]).await?;
                let partner = known.ok_or_else(|| Error::NoSuchApp(app.clone()))?.text("partner")?;
                buyers::check(tx, &partner, &account).await?;
                insert(tx, &app, &account, &family, &drafts, now).await?;
                if let Some(entry) = &entry {
                    audit::note(tx, entry).await?;
                }
                Ok::<_, Error>(())
            })
        });
        written.await
    }

    fn later(&self, by: SignedDuration) -> Result<Timestamp, Error> {
        self.clock.now().saturating_add(by).map_err(|_| Error::EndsInThePast)
    }

    fn access(&self) -> Result<Made, Error> {
        Ok(Made { text: text()?, kind: Kind::Access, ends: self.later(ACCESS_LASTS)? })
    }

    fn refreshing(&self) -> Result<Made, Error> {
        Ok(Made { text: text()?, kind: Kind::Refresh, ends: self.later(REFRESH_LASTS)? })
    }
}

/// A token just made.
#[derive(Clone)]
struct Made {
    text: String,
    kind: Kind,
    ends: Timestamp,
}

impl Made {
    fn draft(&self, app_key: &str) -> Draft {
        Draft { digest: digest(app_key, &self.text), kind: self.kind, ends: Some(self.ends), redirect_uri: None }
    }
}

fn granted(access: Made, refresh: Made, account: String) -> Granted {
    let refresh = Some(Refresh { token: refresh.text, ends: refresh.ends });
    Granted { access_token: access.text, access_ends: Some(access.ends), refresh, account }
}

/// A token of the app that counts now.
async fn counting(
    tx: &mut Tx,
    app: &str,
    digest: &str,
    kind: Kind,
    now: i64,
) -> Result<Option<TokenRecord>, sql::Error> {
    let text = "SELECT * FROM app_tokens WHERE digest = $1 AND app_key = $2 AND kind = $3 AND revoked_at IS NULL \
        AND expires_at > $4";
    let row = tx.fetch_optional(text, args![digest, app, kind.name(), now]).await?;
    row.as_ref().map(read).transpose()
}

async fn insert(
    tx: &mut Tx,
    app: &str,
    account: &str,
    family: &str,
    drafts: &[Draft],
    now: i64,
) -> Result<(), sql::Error> {
    for draft in drafts {
        let text = "INSERT INTO app_tokens \
            (digest, kind, app_key, account, family, created_at, expires_at, redirect_uri) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let (ends, redirect) = (draft.ends.map(Timestamp::as_millisecond), draft.redirect_uri.as_deref());
        tx.execute(text, args![&draft.digest, draft.kind.name(), app, account, family, now, ends, redirect]).await?;
    }
    // Whoever asks for tokens takes the ended ones away.
    let long_ago = now - i64::try_from(KEPT_AFTER_END.as_millis()).unwrap_or(i64::MAX);
    tx.execute("DELETE FROM app_tokens WHERE expires_at < $1", args![long_ago]).await?;
    Ok(())
}

fn read(row: &Row) -> Result<TokenRecord, sql::Error> {
    Ok(TokenRecord {
        account: row.text("account")?,
        family: row.text("family")?,
        ends: row.opt_int("expires_at")?.map(moment),
        redirect_uri: row.opt_text("redirect_uri")?,
    })
}

/// 128 random bits in the form that clients of the platform know.
fn text() -> Result<String, Error> {
    Ok(uuid::Uuid::from_bytes(*random::<16>()?).to_string())
}

/// What is stored of a token; another app's token of the same text is another one.
fn digest(app_key: &str, token: &str) -> String {
    let mut hash = Sha256::new();
    hash.update((app_key.len() as u64).to_be_bytes());
    hash.update(app_key);
    hash.update(token);
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::{ACCESS_LASTS, CODE_LASTS, Granted};
    use crate::clock::Clock;
    use crate::model::ids::PartnerId;
    use crate::model::partner::{Mode, Scopes};
    use crate::partners::{AppPolicy, Directory, Error, MasterKeys, NewPartner, Sealer};
    use crate::sql::trial::{self, House};

    const MASTER: &str = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    async fn with_apps(house: &House) -> (Directory, Clock, [String; 2]) {
        let (clock, sealer) = (Clock::shiftable(), Sealer::new(MasterKeys::parse(MASTER).unwrap()));
        let directory = Directory::open(house.another().await, sealer, clock.clone()).await.unwrap();
        let acme: PartnerId = "acme".parse().unwrap();
        let new = NewPartner { id: acme.clone(), name: "Acme".into(), country: "JP".into(), plan: "starter".into() };
        directory.create_partner("tester", new).await.unwrap();
        let policy = AppPolicy { mode: Mode::Sandbox, scopes: Scopes::all(), allowed: Vec::new() };
        let one = directory.issue_app("tester", &acme, policy.clone()).await.unwrap().app_key;
        let two = directory.issue_app("tester", &acme, policy).await.unwrap().app_key;
        (directory, clock, [one, two])
    }

    async fn counts(directory: &Directory, app: &str, token: &str) -> bool {
        let found = directory.find_token(app, token).await.unwrap();
        found.is_some_and(|found| found.counts(directory.clock().now()))
    }

    fn refresh(granted: &Granted) -> &str {
        &granted.refresh.as_ref().unwrap().token
    }

    #[tokio::test]
    async fn a_code_is_redeemed_once_by_its_own_app_and_soon() {
        for house in trial::houses().await {
            let (directory, clock, [app, other]) = with_apps(&house).await;
            let code = directory.issue_code("tester", &app, "acme").await.unwrap();
            assert_eq!(directory.redeem_code(&other, &code).await.unwrap(), None);
            let granted = directory.redeem_code(&app, &code).await.unwrap().unwrap();
            assert_eq!(granted.account, "acme");
            assert!(counts(&directory, &app, &granted.access_token).await);
            assert!(!counts(&directory, &other, &granted.access_token).await);
            assert!(!counts(&directory, &app, refresh(&granted)).await, "a refresh token opens nothing");
            assert_eq!(directory.redeem_code(&app, &code).await.unwrap(), None);
            let late = directory.issue_code("tester", &app, "acme").await.unwrap();
            clock.advance_ms(i64::try_from(CODE_LASTS.as_millis()).unwrap());
            assert_eq!(directory.redeem_code(&app, &late).await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn an_access_token_ends_and_a_refresh_token_brings_the_next() {
        for house in trial::houses().await {
            let (directory, clock, [app, _]) = with_apps(&house).await;
            let code = directory.issue_code("tester", &app, "acme").await.unwrap();
            let first = directory.redeem_code(&app, &code).await.unwrap().unwrap();
            clock.advance_ms(i64::try_from(ACCESS_LASTS.as_millis()).unwrap());
            assert!(!counts(&directory, &app, &first.access_token).await);
            let second = directory.refresh_token(&app, refresh(&first)).await.unwrap().unwrap();
            assert!(counts(&directory, &app, &second.access_token).await);
            assert_eq!(second.refresh, first.refresh);
            let third = directory.postpone_token(&app, refresh(&first)).await.unwrap().unwrap();
            assert!(third.refresh.as_ref().unwrap().ends > first.refresh.as_ref().unwrap().ends);
            assert_eq!(directory.refresh_token(&app, refresh(&first)).await.unwrap(), None);
            assert!(directory.refresh_token(&app, refresh(&third)).await.unwrap().is_some());
        }
    }

    #[tokio::test]
    async fn withdrawn_tokens_count_no_more_and_no_text_is_stored() {
        for house in trial::houses().await {
            let (directory, _, [app, other]) = with_apps(&house).await;
            let lasting = directory.grant_lasting("tester", &app, "acme").await.unwrap();
            let kept = directory.grant_lasting("tester", &other, "acme").await.unwrap();
            let rows = house.sql.fetch_all("SELECT digest FROM app_tokens", Vec::new()).await.unwrap();
            assert_eq!(rows.len(), 2);
            assert!(rows.iter().all(|row| row.text("digest").unwrap() != lasting.access_token));
            assert_eq!(directory.revoke_tokens("tester", &app).await.unwrap(), 1);
            assert!(!counts(&directory, &app, &lasting.access_token).await);
            assert!(counts(&directory, &other, &kept.access_token).await);
            assert!(matches!(directory.grant_lasting("tester", "12", "acme").await, Err(Error::NoSuchApp(_))));
        }
    }
}
