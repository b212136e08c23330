//! Tokens for programs that ask `/ops/api`: issued to a person, with that person's role at most, for a limited time.

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::people::moment;
use super::{Error, Role, Staff, digest, secret};
use crate::audit::{self, Who};
use crate::sql::{Row, args};

/// How a token begins, so that it is found where it should not be.
pub const TOKEN_PREFIX: &str = "xyo_";
/// A token counts for so many days at most.
pub const LONGEST_TOKEN_DAYS: u32 = 366;
const DAY_MS: i64 = 86_400_000;

/// A token, without what it is shown as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: String,
    /// Whose.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// What it is for.
    pub purpose: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

impl Staff {
    /// Issues a token; what is given back is shown this once.
    pub async fn issue_token(
        &self,
        who: impl Into<Who>,
        name: &str,
        role: Role,
        purpose: &str,
        days: u32,
    ) -> Result<(Token, Zeroizing<String>), Error> {
        const ISSUE: &str = "INSERT INTO operator_tokens (id, digest, name, role, purpose, created_at, expires_at) \
            SELECT $1, $2, name, $4, $5, $6, $7 FROM operators WHERE name = $3";
        if !(1..=LONGEST_TOKEN_DAYS).contains(&days) {
            return Err(Error::TokenLife(LONGEST_TOKEN_DAYS));
        }
        let shown = Zeroizing::new(format!("{TOKEN_PREFIX}{}", *secret::fresh()?));
        let now = self.clock.now_ms();
        let token = Token {
            id: format!("opt_{}", uuid::Uuid::now_v7().simple()),
            name: name.to_owned(),
            role,
            purpose: purpose.to_owned(),
            created_at: moment(now),
            expires_at: moment(now + i64::from(days) * DAY_MS),
        };
        let detail = format!("for {name} as {role}, until {:.0}: {purpose}", token.expires_at);
        let entry = self.entry(who, "operator.token", &token.id, &detail);
        let until = token.expires_at.as_millisecond();
        let row = args![&token.id, digest(&shown), name, role.name(), purpose, now, until];
        let name = name.to_owned();
        let issued: Result<(), Error> = self
            .sql
            .transaction(move |tx| {
                Box::pin(async move {
                    if tx.execute(ISSUE, row).await? == 0 {
                        return Err(Error::NoSuchOperator(name));
                    }
                    Ok(audit::note(tx, &entry).await?)
                })
            })
            .await;
        issued.map(|()| (token, shown))
    }

    /// The token that is shown as this, with the role it has now: its own, or its person's if that is less.
    pub async fn find_token(&self, shown: &str) -> Result<Option<Token>, Error> {
        const FIND: &str = "SELECT t.id, t.name, t.role, t.purpose, t.created_at, t.expires_at, o.role AS held \
            FROM operator_tokens t JOIN operators o ON o.name = t.name WHERE t.digest = $1 AND t.expires_at > $2";
        let row = self.sql.fetch_optional(FIND, args![digest(shown), self.clock.now_ms()]).await?;
        row.as_ref().map(token).transpose()
    }

    /// The tokens that count, the newest first: all, or one person's.
    pub async fn tokens(&self, name: Option<&str>) -> Result<Vec<Token>, Error> {
        const LIST: &str = "SELECT t.id, t.name, t.role, t.purpose, t.created_at, t.expires_at, o.role AS held \
            FROM operator_tokens t JOIN operators o ON o.name = t.name \
            WHERE ($1 IS NULL OR t.name = $1) AND t.expires_at > $2 ORDER BY t.created_at DESC, t.id";
        let rows = self.sql.fetch_all(LIST, args![name, self.clock.now_ms()]).await?;
        rows.iter().map(token).collect()
    }

    /// Withdraws a token: anybody's, or only one that `owner` has.
    pub async fn withdraw_token(&self, who: impl Into<Who>, id: &str, owner: Option<&str>) -> Result<(), Error> {
        const WITHDRAW: &str = "DELETE FROM operator_tokens WHERE id = $1 AND ($2 IS NULL OR name = $2)";
        let entry = self.entry(who, "operator.token_withdraw", id, "");
        let (id, owner) = (id.to_owned(), owner.map(str::to_owned));
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    if tx.execute(WITHDRAW, args![&id, owner]).await? == 0 {
                        return Err(Error::NoSuchToken(id));
                    }
                    Ok(audit::note(tx, &entry).await?)
                })
            })
            .await
    }
}

fn token(row: &Row) -> Result<Token, Error> {
    let (own, held): (Role, Role) = (row.parse("role")?, row.parse("held")?);
    Ok(Token {
        id: row.text("id")?,
        name: row.text("name")?,
        role: own.at_most(held),
        purpose: row.text("purpose")?,
        created_at: moment(row.int("created_at")?),
        expires_at: moment(row.int("expires_at")?),
    })
}
