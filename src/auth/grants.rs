//! What accounts grant apps of the older door, and take back; who may grant for whom. Tokens themselves are proven in `app`.

use std::sync::Arc;

use jiff::Timestamp;

use crate::audit::Who;
use crate::auth::app::{App, Apps, Granted, Unasked, told};
use crate::model::ids::PartnerId;
use crate::model::partner::Caller;

/// An app that an account let in, and since when.
#[derive(Clone, Debug)]
pub struct Held {
    /// The app.
    pub app: Arc<App>,
    /// When the oldest of its tokens for the account was granted.
    pub since: Timestamp,
}

impl Apps {
    /// Whether people who grant the app something are sent to this very address.
    pub async fn leads_to(&self, app: &App, address: &str) -> Result<bool, Unasked> {
        Ok(told(self.directory.redirects(&app.key).await)?.iter().any(|known| known == address))
    }

    /// Whether this is an account of the app's partner, and its password.
    pub async fn is_buyer(&self, app: &App, account: &str, password: &str) -> Result<bool, Unasked> {
        told(self.directory.is_buyer(&app.partner.id, account, password).await)
    }

    /// Whether this is an account of any partner, and its password.
    pub async fn is_account(&self, account: &str, password: &str) -> Result<bool, Unasked> {
        let Some(partner) = partner_of(account) else { return Ok(false) };
        told(self.directory.is_buyer(&partner, account, password).await)
    }

    /// A code that the app may redeem for tokens of an account, which grants it; told to an address.
    pub async fn authorise(&self, app: &App, account: &str, told_to: &str) -> Result<String, Unasked> {
        told(self.directory.issue_code_to(itself(&app.partner.id, account), &app.key, account, Some(told_to)).await)
    }

    /// The apps that tokens or codes for an account count of now, by their numbers.
    pub async fn let_in_by(&self, account: &str) -> Result<Vec<Held>, Unasked> {
        let all = told(self.directory.apps_of_account(account).await)?;
        let held = |(key, since): (String, Timestamp)| Some(Held { app: self.open(&key)?, since });
        Ok(all.into_iter().filter_map(held).collect())
    }

    /// Takes back what an account granted an app, as that account; whether there was anything.
    pub async fn give_back(&self, app_key: &str, account: &str) -> Result<bool, Unasked> {
        let Some(partner) = partner_of(account) else { return Ok(false) };
        if self.let_in_by(account).await?.iter().all(|held| &*held.app.key != app_key) {
            return Ok(false);
        }
        let revoked = self.directory.revoke_tokens_of(itself(&partner, account), app_key, account).await;
        Ok(told(revoked)? > 0)
    }

    /// A lasting token for an account, granted by the main account of the app's partner.
    pub async fn grant(&self, app: &App, account: &str) -> Result<Granted, Unasked> {
        told(self.directory.grant_lasting(by(app), &app.key, account).await)
    }

    /// Withdraws the tokens that an app has for an account; gives how many counted.
    pub async fn withdraw(&self, app: &App, account: &str) -> Result<u64, Unasked> {
        told(self.directory.revoke_tokens_of(by(app), &app.key, account).await)
    }

    /// The accounts that the app has tokens for.
    pub async fn held(&self, app: &App) -> Result<Vec<String>, Unasked> {
        told(self.directory.accounts_of_app(&app.key).await)
    }

    /// The accounts that buy for the caller's partner: its own, and those that its apps have tokens for.
    pub async fn accounts(&self, caller: &Caller) -> Result<Vec<String>, Unasked> {
        told(self.directory.accounts_of(&caller.partner.id, caller.mode).await)
    }
}

/// An app that asks for itself.
fn by(app: &App) -> Who {
    Who::Partner { partner: app.partner.id.clone(), key: app.key.clone() }
}

/// An account that asks for itself.
fn itself(partner: &PartnerId, account: &str) -> Who {
    Who::Partner { partner: partner.clone(), key: account.into() }
}

/// `acme` of `acme` and of `acme:osaka`.
fn partner_of(account: &str) -> Option<PartnerId> {
    account.split(':').next()?.parse().ok()
}
