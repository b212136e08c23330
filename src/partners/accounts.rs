//! The buyer accounts of a partner, by name: those that are kept, and those that its apps have tokens for; and the apps of
//! an account.

use jiff::Timestamp;

use crate::model::ids::PartnerId;
use crate::model::partner::Mode;
use crate::partners::directory::Directory;
use crate::partners::error::Error;
use crate::partners::load::moment;
use crate::sql::args;

impl Directory {
    /// The accounts that are kept and open, and those that tokens of the partner's apps count for now.
    pub async fn accounts_of(&self, partner: &PartnerId, mode: Mode) -> Result<Vec<String>, Error> {
        let text = "SELECT account FROM buyer_accounts WHERE partner = $1 AND closed_at IS NULL \
            UNION SELECT app_tokens.account AS account FROM app_tokens \
            JOIN apps ON apps.app_key = app_tokens.app_key \
            WHERE apps.partner = $1 AND apps.mode = $2 AND apps.retired_at IS NULL \
            AND app_tokens.kind <> 'code' AND app_tokens.revoked_at IS NULL \
            AND (app_tokens.expires_at IS NULL OR app_tokens.expires_at > $3) ORDER BY account";
        let rows = self.sql.fetch_all(text, args![partner.as_str(), mode.name(), self.clock.now_ms()]).await?;
        Ok(rows.iter().map(|row| row.text("account")).collect::<Result<_, _>>()?)
    }
}

impl Directory {
    /// The accounts that tokens of an app count for now.
    pub async fn accounts_of_app(&self, app_key: &str) -> Result<Vec<String>, Error> {
        let text = "SELECT DISTINCT account FROM app_tokens WHERE app_key = $1 AND kind <> 'code' \
            AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2) ORDER BY account";
        let rows = self.sql.fetch_all(text, args![app_key, self.clock.now_ms()]).await?;
        Ok(rows.iter().map(|row| row.text("account")).collect::<Result<_, _>>()?)
    }

    /// The apps that tokens or codes for an account count of now, and since when each has one of them.
    pub async fn apps_of_account(&self, account: &str) -> Result<Vec<(String, Timestamp)>, Error> {
        let text = "SELECT app_key, MIN(created_at) AS since FROM app_tokens WHERE account = $1 \
            AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2) GROUP BY app_key ORDER BY app_key";
        let rows = self.sql.fetch_all(text, args![account, self.clock.now_ms()]).await?;
        rows.iter().map(|row| Ok((row.text("app_key")?, moment(row.int("since")?)))).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::clock::Clock;
    use crate::model::ids::PartnerId;
    use crate::model::partner::{Mode, Scopes};
    use crate::partners::{ACCESS_LASTS, AppPolicy, Directory, MasterKeys, NewBuyer, NewPartner, Sealer};
    use crate::sql::trial;

    const MASTER: &str = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    #[tokio::test]
    async fn accounts_are_those_that_tokens_count_for() {
        for house in trial::houses().await {
            let (clock, sealer) = (Clock::shiftable(), Sealer::new(MasterKeys::parse(MASTER).unwrap()));
            let directory = Directory::open(house.another().await, sealer, clock.clone()).await.unwrap();
            let (acme, other): (PartnerId, PartnerId) = ("acme".parse().unwrap(), "other".parse().unwrap());
            let mut apps = Vec::new();
            for id in [&acme, &other] {
                let (name, country, plan) = (id.to_string(), "JP".to_owned(), "starter".to_owned());
                directory.create_partner("tester", NewPartner { id: id.clone(), name, country, plan }).await.unwrap();
                let policy = AppPolicy { mode: Mode::Sandbox, scopes: Scopes::all(), allowed: Vec::new() };
                apps.push(directory.issue_app("tester", id, policy).await.unwrap().app_key);
            }
            let accounts = async || directory.accounts_of(&acme, Mode::Sandbox).await.unwrap();
            assert!(accounts().await.is_empty());
            directory.grant_lasting("tester", &apps[0], "acme").await.unwrap();
            directory.grant_lasting("tester", &apps[0], "acme").await.unwrap();
            directory.grant_lasting("tester", &apps[1], "other").await.unwrap();
            let code = directory.issue_code("tester", &apps[0], "acme:osaka").await.unwrap();
            assert_eq!(accounts().await, ["acme"], "a code is no token yet");
            let granted = directory.redeem_code(&apps[0], &code).await.unwrap().unwrap();
            assert_eq!(accounts().await, ["acme", "acme:osaka"]);
            assert!(directory.accounts_of(&acme, Mode::Live).await.unwrap().is_empty());
            clock.advance_ms(i64::try_from(ACCESS_LASTS.as_millis()).unwrap());
            assert!(granted.refresh.is_some());
            assert_eq!(accounts().await, ["acme", "acme:osaka"], "its refresh token counts");
            let held = async |account: &str| directory.apps_of_account(account).await.unwrap();
            let names: Vec<_> = held("acme:osaka").await.into_iter().map(|(app, _)| app).collect();
            assert_eq!(names, [apps[0].clone()]);
            assert!(held("acme:kobe").await.is_empty());
            directory.revoke_tokens("tester", &apps[0]).await.unwrap();
            assert!(accounts().await.is_empty());
            let kyoto = NewBuyer { partner: acme.clone(), branch: Some("kyoto".into()), name: "Kyoto".into() };
            directory.add_buyer("tester", kyoto).await.unwrap();
            assert_eq!(accounts().await, ["acme:kyoto"], "it is kept");
        }
    }
}
