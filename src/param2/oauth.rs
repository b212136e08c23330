//! `system.oauth2`: tokens for a code or a refresh token. The app shows its secret instead of a signature; where both are
//! sent, both are checked.

use jiff::Timestamp;
use serde::Serialize;

use crate::auth::{App, Granted, Unasked};
use crate::edge::address;
use crate::edge::problem::Problem;
use crate::error::Code;
use crate::model::member;
use crate::param2::asked::{Asked, Told};
use crate::param2::dates;
use crate::param2::fault::{Gw, Refusal};
use crate::param2::gate::Gate;

#[derive(Debug, Serialize)]
struct Token {
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    expires_in: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token_timeout: Option<String>,
    resource_owner: String,
    #[serde(rename = "aliId")]
    ali_id: String,
    #[serde(rename = "memberId")]
    member_id: String,
}

/// Answers `getToken`.
pub async fn get_token(asked: Asked) -> Told {
    let gate = asked.room::<Gate>()?;
    let app = shown(&asked, &gate)?;
    let granted = match asked.text("grant_type").unwrap_or("authorization_code") {
        "authorization_code" => gate.apps.redeem(&app, asked.need("code")?, told_to(&asked)).await,
        "refresh_token" => gate.apps.refresh(&app, refresh(&asked)?).await,
        _ => {
            let why = "grant_type is authorization_code or refresh_token".to_owned();
            return Err(Refusal::NoToken("unsupported_grant_type", why));
        }
    };
    told(asked, &gate, granted)
}

/// Answers `postponeToken`.
pub async fn postpone_token(asked: Asked) -> Told {
    let gate = asked.room::<Gate>()?;
    let app = shown(&asked, &gate)?;
    let granted = gate.apps.postpone(&app, refresh(&asked)?).await;
    told(asked, &gate, granted)
}

/// The app that showed its secret.
fn shown(asked: &Asked, gate: &Gate) -> Result<std::sync::Arc<App>, Refusal> {
    let (id, secret) = (asked.need("client_id")?, asked.need("client_secret")?);
    let address = address::caller(asked.request(), &gate.trusted_proxies);
    let app = gate.apps.find(&asked.caller.key_id).filter(|app| &*app.key == id && app.secret.is(secret));
    let Some(app) = app else {
        return Err(match gate.apps.charge(address, id) {
            Some(seconds) => Refusal::limited(Gw::Frequency, Some(seconds)),
            None => {
                Refusal::NoToken("invalid_client", "client_id and client_secret are not those of the app".to_owned())
            }
        });
    };
    gate.apps.admit(&app, address).map_err(|_| Gw::AclDecline)?;
    app.used.note(gate.clock.now_ms());
    Ok(app)
}

/// Where the code was told to, as far as the app says so: official clients say `default`, whatever it was.
fn told_to(asked: &Asked) -> Option<&str> {
    asked.text("redirect_uri").filter(|address| *address != "default")
}

/// The official Java client sends `refreshToken`.
fn refresh(asked: &Asked) -> Result<&str, Refusal> {
    let given = asked.text("refresh_token").or_else(|| asked.text("refreshToken"));
    given.ok_or_else(|| Refusal::missing("refresh_token"))
}

fn told(asked: Asked, gate: &Gate, granted: Result<Option<Granted>, Unasked>) -> Told {
    let granted = granted.map_err(|_| Problem::new(Code::LedgerUnavailable))?;
    let Some(granted) = granted else {
        let why = "the code or refresh token is unknown, used or past its end".to_owned();
        return Err(Refusal::NoToken("invalid_grant", why));
    };
    asked.answer(&Token::of(granted, gate.clock.now()))
}

impl Token {
    fn of(granted: Granted, now: Timestamp) -> Self {
        let left_s = granted.access_ends.map_or(0, |ends| (ends.as_second() - now.as_second()).max(0));
        let ali_id = member::number_of(&granted.account);
        Self {
            access_token: granted.access_token,
            expires_in: left_s.to_string(),
            refresh_token_timeout: granted.refresh.as_ref().map(|refresh| dates::wire(refresh.ends)),
            refresh_token: granted.refresh.map(|refresh| refresh.token),
            member_id: member::id_of(&granted.account),
            resource_owner: granted.account,
            ali_id,
        }
    }
}
