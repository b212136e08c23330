//! The access token: fetched by the refresh token before it ends and when it is refused, by one at a time for all.

use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use tokio::sync::Mutex as Turn;
use zeroize::Zeroizing;

use crate::aop::dates;
use crate::upstream::client::Line;
use crate::upstream::failure::Error;
use crate::upstream::open1688::door::form;
use crate::upstream::open1688::{Account, Identity, words};

/// A token is fetched anew so long before it ends.
const BEFORE_MS: i64 = 120_000;
/// After a failure the next fetch waits so long; what is asked meanwhile fails at once.
const AFTER_FAILURE_MS: i64 = 5_000;
/// A refresh token that ends within this time is told of in the log.
const ENDS_SOON_MS: i64 = 30 * 24 * 3_600_000;

/// What is known of the tokens.
pub(super) struct Keeper {
    state: Mutex<State>,
    turn: Turn<()>,
}

#[derive(Clone, Default)]
struct State {
    access: Zeroizing<String>,
    /// When it ends, as far as that is known.
    ends_ms: Option<i64>,
    refresh: Zeroizing<String>,
    /// Why it could not be fetched, and until when nobody tries again.
    failed: Option<(String, i64)>,
}

impl Keeper {
    pub(super) fn new(identity: &Identity) -> Self {
        let (access, refresh) = (identity.access_token.clone(), identity.refresh_token.clone());
        Self { state: Mutex::new(State { access, refresh, ..State::default() }), turn: Turn::default() }
    }

    /// A token that counts, as far as is known.
    pub(super) async fn token(&self, account: &Account, line: Line<'_>) -> Result<Zeroizing<String>, Error> {
        let state = self.state(|state| state.clone());
        let ends = state.ends_ms.is_some_and(|ends_ms| ends_ms - BEFORE_MS <= line.now_ms());
        if !state.access.is_empty() && (!ends || state.refresh.is_empty()) {
            return Ok(state.access);
        }
        match self.another(account, line, &state.access).await {
            // Before its end it is good enough.
            Err(_) if !state.access.is_empty() && state.ends_ms.is_some_and(|ends_ms| ends_ms > line.now_ms()) => {
                Ok(state.access)
            }
            other => other,
        }
    }

    /// A token other than this one, which does not count any more.
    pub(super) async fn another(
        &self,
        account: &Account,
        line: Line<'_>,
        than: &str,
    ) -> Result<Zeroizing<String>, Error> {
        let _turn = self.turn.lock().await;
        let state = self.state(|state| state.clone());
        // Somebody else fetched it meanwhile.
        if !state.access.is_empty() && state.access.as_str() != than {
            return Ok(state.access);
        }
        if state.refresh.is_empty() {
            return Err(denied(
                "the access token is refused, and there is no refresh token to fetch another by".into(),
            ));
        }
        if let Some((why, until_ms)) = state.failed.filter(|(_, until_ms)| *until_ms > line.now_ms()) {
            tracing::debug!(until_ms, "the token is not fetched again yet");
            return Err(denied(why));
        }
        match fetched(account, line, &state.refresh).await {
            Ok(next) => {
                tracing::info!(?account, "an access token was fetched");
                Ok(self.state(|state| {
                    *state = next;
                    state.access.clone()
                }))
            }
            Err(error) => {
                tracing::error!(?account, %error, "no access token could be fetched");
                // A service that cannot be reached is no matter of the token.
                if let Error::Denied { status: 401, why, .. } = &error {
                    let failed = (why.clone(), line.now_ms() + AFTER_FAILURE_MS);
                    self.state(|state| state.failed = Some(failed));
                }
                Err(error)
            }
        }
    }

    fn state<T>(&self, look: impl FnOnce(&mut State) -> T) -> T {
        look(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn denied(why: String) -> Error {
    Error::Denied { status: 401, why, wait_s: None }
}

/// Asks for a token; whatever fails, nothing was done.
async fn fetched(account: &Account, line: Line<'_>, refresh: &str) -> Result<State, Error> {
    let url = format!("{}/openapi/param2/1/system.oauth2/getToken/{}", account.prefix, account.app_key);
    let body = form(&[
        ("grant_type", "refresh_token"),
        ("client_id", &account.app_key),
        ("client_secret", &account.client_secret),
        ("refresh_token", refresh),
    ]);
    let said = line.post(&url, body).await.map_err(|error| Error::NotSent(format!("no token: {error}")))?;
    let told: Value = serde_json::from_slice(&said.answer).unwrap_or_default();
    let access = words::text(&told, "/access_token").filter(|_| said.status.is_success());
    let Some(access) = access else {
        let why = ["/error_description", "/error_message", "/error"].into_iter().find_map(|at| words::text(&told, at));
        let why = format!("no token ({}): {}", said.status.as_u16(), why.unwrap_or_default());
        return Err(if said.status.is_server_error() { Error::NotSent(why) } else { denied(why) });
    };
    let now_ms = line.now_ms();
    let ends_ms = words::long(&told, "/expires_in").filter(|seconds| *seconds > 0);
    let refresh_ends = words::text(&told, "/refresh_token_timeout").and_then(|text| dates::read(&text));
    if let Some(ends) = refresh_ends.filter(|ends| ends.as_millisecond() - now_ms < ENDS_SOON_MS) {
        tracing::warn!(?account, %ends, "the refresh token ends soon: authorise the app anew and give the newer one");
    }
    let next = words::text(&told, "/refresh_token").unwrap_or_else(|| refresh.to_owned());
    if next != refresh {
        tracing::warn!(?account, "the service replaced the refresh token; the configured one may not count any more");
    }
    Ok(State {
        access: Zeroizing::new(access),
        ends_ms: ends_ms.map(|seconds| now_ms.saturating_add(seconds.saturating_mul(1_000))),
        refresh: Zeroizing::new(next),
        failed: None,
    })
}
