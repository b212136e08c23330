//! Buyer accounts: the people of a partner who buy through the older door, each with a name and a password by which they
//! grant apps to buy for them. A partner's own account, called like it, is the main one; the others are its branches.
//!
//! A password is made here and shown once: 120 random bits, of which a digest is kept. What nobody chose cannot be
//! guessed from it, so that the digest need not be slow and the page where people log in cannot be worn out by it.

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::audit::{self, Who};
use crate::model::ids::PartnerId;
use crate::partners::directory::Directory;
use crate::partners::error::Error;
use crate::partners::keys::random;
use crate::partners::load::moment;
use crate::sql::{Row, Tx, args};

/// Letters that nobody takes for others.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz123456789";
const LETTERS_MADE: usize = 24;
const GROUP: usize = 4;
const BRANCH_CHARS: usize = 40;

/// A buyer account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buyer {
    /// Its login: the partner's name, or that, a colon and the branch.
    pub account: String,
    /// Whose it is.
    pub partner: String,
    /// Name for people.
    pub name: String,
    /// Since when it is kept.
    pub created_at: Timestamp,
    /// When it was closed; none while it is open.
    pub closed_at: Option<Timestamp>,
    /// Tokens for it that count now.
    pub tokens: i64,
}

/// A buyer account about to be made.
#[derive(Clone, Debug)]
pub struct NewBuyer {
    /// Whose.
    pub partner: PartnerId,
    /// The branch; none for the main account.
    pub branch: Option<String>,
    /// Name for people.
    pub name: String,
}

impl Directory {
    /// Makes a buyer account, or opens a closed one again; gives its login and its password, which is seen this once.
    pub async fn add_buyer(&self, actor: impl Into<Who>, new: NewBuyer) -> Result<(String, Zeroizing<String>), Error> {
        let (account, password) = (login(&new)?, password()?);
        let entry = self.entry(actor, "buyer.add", &account, format!("{}, partner {}", new.name, new.partner));
        let partner = new.partner.to_string();
        let row = args![&account, &partner, new.name, digest(&account, &password), entry.at.as_millisecond()];
        let made = account.clone();
        let written: Result<(), Error> = self
            .sql
            .transaction(move |tx| {
                Box::pin(async move {
                    let known = tx.fetch_optional("SELECT id FROM partners WHERE id = $1", args![&partner]).await?;
                    known.ok_or(Error::NoSuchPartner(partner))?;
                    let text = "INSERT INTO buyer_accounts (account, partner, name, password, created_at) \
                        VALUES ($1, $2, $3, $4, $5) ON CONFLICT (account) DO UPDATE SET name = excluded.name, \
                        password = excluded.password, closed_at = NULL WHERE buyer_accounts.closed_at IS NOT NULL";
                    if tx.execute(text, row).await? == 0 {
                        return Err(Error::BuyerTaken(made));
                    }
                    Ok(audit::note(tx, &entry).await?)
                })
            })
            .await;
        written.map(|()| (account, password))
    }

    /// Another password in the place of one that was lost; tokens stay.
    pub async fn renew_buyer(&self, actor: impl Into<Who>, account: &str) -> Result<Zeroizing<String>, Error> {
        let password = password()?;
        let entry = self.entry(actor, "buyer.password", account, String::new());
        let (account, kept) = (account.to_owned(), digest(account, &password));
        let written: Result<(), Error> = self
            .sql
            .transaction(move |tx| {
                Box::pin(async move {
                    let text = "UPDATE buyer_accounts SET password = $1 WHERE account = $2 AND closed_at IS NULL";
                    if tx.execute(text, args![kept, &account]).await? == 0 {
                        return Err(Error::NoSuchBuyer(account));
                    }
                    Ok(audit::note(tx, &entry).await?)
                })
            })
            .await;
        written.map(|()| password)
    }

    /// Closes a buyer account: nobody grants anything for it any more, and its tokens end; gives how many counted.
    pub async fn close_buyer(&self, actor: impl Into<Who>, account: &str) -> Result<u64, Error> {
        let entry = self.entry(actor, "buyer.close", account, String::new());
        let (account, now) = (account.to_owned(), self.clock.now_ms());
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    let text = "UPDATE buyer_accounts SET closed_at = $1 WHERE account = $2 AND closed_at IS NULL";
                    if tx.execute(text, args![now, &account]).await? == 0 {
                        return Err(Error::NoSuchBuyer(account));
                    }
                    let text = "UPDATE app_tokens SET revoked_at = $1 WHERE account = $2 AND revoked_at IS NULL \
                        AND (expires_at IS NULL OR expires_at > $1)";
                    let count = tx.execute(text, args![now, &account]).await?;
                    audit::note(tx, &entry).await?;
                    Ok(count)
                })
            })
            .await
    }

    /// The buyer accounts of a partner, or of all, the main one first.
    pub async fn buyers(&self, partner: Option<&PartnerId>) -> Result<Vec<Buyer>, Error> {
        let text = "SELECT b.*, (SELECT COUNT(*) FROM app_tokens t WHERE t.account = b.account AND t.kind <> 'code' \
            AND t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > $2)) AS tokens \
            FROM buyer_accounts b WHERE CAST($1 AS TEXT) IS NULL OR b.partner = $1 ORDER BY b.partner, b.account";
        let rows = self.sql.fetch_all(text, args![partner.map(PartnerId::as_str), self.clock.now_ms()]).await?;
        rows.iter().map(read).collect()
    }

    /// Whether an account of the partner is open and this is its password.
    pub async fn is_buyer(&self, partner: &PartnerId, account: &str, password: &str) -> Result<bool, Error> {
        let text = "SELECT account FROM buyer_accounts WHERE account = $1 AND partner = $2 AND password = $3 \
            AND closed_at IS NULL";
        let found = args![account, partner.as_str(), digest(account, password)];
        Ok(self.sql.fetch_optional(text, found).await?.is_some())
    }
}

/// Refuses an account that is not the partner's, or that is closed; one that is not kept needs no password of ours.
pub(super) async fn check(tx: &mut Tx, partner: &str, account: &str) -> Result<(), Error> {
    let is_its = account.strip_prefix(partner).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'));
    if !is_its {
        return Err(Error::NotItsAccount { account: account.to_owned(), partner: partner.to_owned() });
    }
    let text = "SELECT account FROM buyer_accounts WHERE account = $1 AND closed_at IS NOT NULL";
    match tx.fetch_optional(text, args![account]).await? {
        Some(_) => Err(Error::NoSuchBuyer(account.to_owned())),
        None => Ok(()),
    }
}

fn login(new: &NewBuyer) -> Result<String, Error> {
    let Some(branch) = &new.branch else { return Ok(new.partner.to_string()) };
    let fits = branch.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if !fits || !(1..=BRANCH_CHARS).contains(&branch.len()) {
        return Err(Error::NotABranch(branch.clone()));
    }
    Ok(format!("{}:{branch}", new.partner))
}

/// Letters in groups of four.
fn password() -> Result<Zeroizing<String>, Error> {
    let bytes = random::<LETTERS_MADE>()?;
    let mut text = Zeroizing::new(String::with_capacity(LETTERS_MADE + LETTERS_MADE / GROUP));
    for (place, byte) in bytes.iter().enumerate() {
        if place > 0 && place % GROUP == 0 {
            text.push('-');
        }
        // 256 is a multiple of 32: every letter is as likely.
        text.push(char::from(LETTERS.get(usize::from(byte % 32)).copied().unwrap_or(b'a')));
    }
    Ok(text)
}

/// Of the letters alone, however they were typed in.
fn digest(account: &str, password: &str) -> String {
    let mut hash = Sha256::new();
    hash.update((account.len() as u64).to_be_bytes());
    hash.update(account);
    for letter in password.chars().filter(|letter| !letter.is_whitespace() && *letter != '-') {
        hash.update(letter.to_lowercase().collect::<String>());
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(row: &Row) -> Result<Buyer, Error> {
    Ok(Buyer {
        account: row.text("account")?,
        partner: row.text("partner")?,
        name: row.text("name")?,
        created_at: moment(row.int("created_at")?),
        closed_at: row.opt_int("closed_at")?.map(moment),
        tokens: row.int("tokens")?,
    })
}

#[cfg(test)]
mod tests {
    use super::NewBuyer;
    use crate::clock::Clock;
    use crate::model::ids::PartnerId;
    use crate::model::partner::{Mode, Scopes};
    use crate::partners::{AppPolicy, Directory, Error, MasterKeys, NewPartner, Sealer};
    use crate::sql::trial::{self, House};

    const MASTER: &str = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

    fn acme() -> PartnerId {
        "acme".parse().unwrap()
    }

    fn branch(name: &str) -> NewBuyer {
        NewBuyer { partner: acme(), branch: Some(name.to_owned()), name: "Somebody".to_owned() }
    }

    async fn open(house: &House) -> (Directory, String) {
        let sealer = Sealer::new(MasterKeys::parse(MASTER).unwrap());
        let directory = Directory::open(house.another().await, sealer, Clock::shiftable()).await.unwrap();
        let new = NewPartner { id: acme(), name: "Acme".into(), country: "JP".into(), plan: "starter".into() };
        directory.create_partner("tester", new).await.unwrap();
        let policy = AppPolicy { mode: Mode::Sandbox, scopes: Scopes::all(), allowed: Vec::new() };
        let app = directory.issue_app("tester", &acme(), policy).await.unwrap().app_key;
        (directory, app)
    }

    #[tokio::test]
    async fn a_password_is_made_fits_its_account_alone_and_is_kept_nowhere() {
        for house in trial::houses().await {
            let (directory, _) = open(&house).await;
            let (account, password) = directory.add_buyer("tester", branch("osaka")).await.unwrap();
            assert_eq!((&*account, password.len()), ("acme:osaka", 29));
            let main = NewBuyer { branch: None, ..branch("") };
            let (main, _) = directory.add_buyer("tester", main).await.unwrap();
            assert_eq!(main, "acme");
            let fits =
                async |account: &str, password: &str| directory.is_buyer(&acme(), account, password).await.unwrap();
            assert!(fits("acme:osaka", &password).await);
            assert!(fits("acme:osaka", &password.to_uppercase().replace('-', " ")).await, "however it is typed in");
            assert!(!fits("acme", &password).await && !fits("acme:osaka", "").await);
            let other: PartnerId = "other".parse().unwrap();
            assert!(!directory.is_buyer(&other, "acme:osaka", &password).await.unwrap());
            let rows = house.sql.fetch_all("SELECT password FROM buyer_accounts", Vec::new()).await.unwrap();
            assert!(rows.iter().all(|row| row.text("password").unwrap().len() == 64));
            let newer = directory.renew_buyer("tester", "acme:osaka").await.unwrap();
            assert!(!fits("acme:osaka", &password).await && fits("acme:osaka", &newer).await);
            assert!(matches!(directory.renew_buyer("tester", "acme:kobe").await, Err(Error::NoSuchBuyer(_))));
            let written = directory.audit(10).await.unwrap();
            assert!(
                written.iter().all(|entry| !entry.detail.contains(&**password) && !entry.detail.contains(&**newer))
            );
            assert_eq!((&*written[0].action, &*written[0].subject), ("buyer.password", "acme:osaka"));
        }
    }

    #[tokio::test]
    async fn a_closed_account_has_no_tokens_and_gets_none_until_it_is_opened_again() {
        for house in trial::houses().await {
            let (directory, app) = open(&house).await;
            let (account, password) = directory.add_buyer("tester", branch("osaka")).await.unwrap();
            assert!(matches!(directory.add_buyer("tester", branch("osaka")).await, Err(Error::BuyerTaken(_))));
            let token = directory.grant_lasting("tester", &app, &account).await.unwrap().access_token;
            assert_eq!(directory.buyers(Some(&acme())).await.unwrap()[0].tokens, 1);
            assert_eq!(directory.close_buyer("tester", &account).await.unwrap(), 1);
            assert_eq!(directory.find_token(&app, &token).await.unwrap(), None);
            assert!(!directory.is_buyer(&acme(), &account, &password).await.unwrap());
            assert!(matches!(directory.issue_code("tester", &app, &account).await, Err(Error::NoSuchBuyer(_))));
            assert!(matches!(directory.close_buyer("tester", &account).await, Err(Error::NoSuchBuyer(_))));
            let (again, newer) = directory.add_buyer("tester", branch("osaka")).await.unwrap();
            assert_eq!(again, account);
            assert!(!directory.is_buyer(&acme(), &account, &password).await.unwrap());
            assert!(directory.is_buyer(&acme(), &account, &newer).await.unwrap());
            assert_eq!(directory.find_token(&app, &token).await.unwrap(), None, "what was withdrawn stays so");
        }
    }

    #[tokio::test]
    async fn accounts_are_the_partners_own_and_their_tokens_are_withdrawn_by_account() {
        for house in trial::houses().await {
            let (directory, app) = open(&house).await;
            for wrong in ["", "Osaka", "o:saka", "ö", &"a".repeat(41)] {
                assert!(matches!(directory.add_buyer("tester", branch(wrong)).await, Err(Error::NotABranch(_))));
            }
            for strange in ["other", "acmeosaka", "acme2:osaka"] {
                let refused = directory.grant_lasting("tester", &app, strange).await;
                assert!(matches!(refused, Err(Error::NotItsAccount { .. })), "{strange}");
            }
            let osaka = directory.grant_lasting("tester", &app, "acme:osaka").await.unwrap().access_token;
            let main = directory.grant_lasting("tester", &app, "acme").await.unwrap().access_token;
            assert_eq!(directory.revoke_tokens_of("tester", &app, "acme:osaka").await.unwrap(), 1);
            assert_eq!(directory.find_token(&app, &osaka).await.unwrap(), None);
            assert!(directory.find_token(&app, &main).await.unwrap().is_some());
        }
    }
}
