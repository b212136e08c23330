//! What an app wants and what the person answers, read off query or form.

use std::sync::Arc;

use zeroize::Zeroizing;

use crate::auth::{App, Unasked};
use crate::param2::gate::Gate;

/// More than any client sends along to have it back.
const MOST_STATE: usize = 2_048;
const MOST_WORDS: usize = 512;

/// An app that wants to buy for an account, and where the person is sent back to.
#[derive(Clone, Debug)]
pub struct Wish {
    /// The app.
    pub app: Arc<App>,
    /// One of the app's own addresses.
    pub redirect_uri: String,
    /// Goes back as it came; none when there was none.
    pub state: Option<String>,
}

/// Why nothing can be granted here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// There is no such app, or it is withdrawn.
    App,
    /// The app may not call at all now.
    Barred,
    /// The address is not one of the app's.
    Address,
    /// The state is longer than can be handed back.
    State,
    /// The database cannot be asked.
    Unasked,
}

impl Unfit {
    /// In words, for the person.
    pub const fn words(self) -> &'static str {
        match self {
            Self::App => "There is no app of this number (client_id). Tell those who sent you here.",
            Self::Barred => {
                "This app is not let in at present: it or its partner is suspended, or this way of calling is not \
                 switched on. Tell those who sent you here."
            }
            Self::Address => {
                "The address to go back to (redirect_uri) is not one that is registered for this app, letter for \
                 letter. Nothing was granted, and you were not sent there. Tell those who sent you here."
            }
            Self::State => "What the app wants back (state) is too long. Tell those who sent you here.",
            Self::Unasked => "Grants cannot be looked up at present. Nothing was changed; try again in a moment.",
        }
    }
}

impl From<Unasked> for Unfit {
    fn from(_: Unasked) -> Self {
        Self::Unasked
    }
}

impl Wish {
    /// Reads it, and that app and address fit together.
    pub async fn read(pairs: &[u8], gate: &Gate) -> Result<Self, Unfit> {
        let app_key = field(pairs, "client_id").unwrap_or_default();
        let app = gate.apps.open(&app_key).ok_or(Unfit::App)?;
        let redirect_uri = field(pairs, "redirect_uri").unwrap_or_default();
        if !gate.apps.leads_to(&app, &redirect_uri).await? {
            return Err(Unfit::Address);
        }
        if !gate.apps.is_let_in(&app) {
            return Err(Unfit::Barred);
        }
        let state = field(pairs, "state").filter(|state| !state.is_empty());
        if state.as_ref().is_some_and(|state| state.len() > MOST_STATE) {
            return Err(Unfit::State);
        }
        Ok(Self { app, redirect_uri, state })
    }

    /// The address with what is told there behind it.
    pub fn way_back(&self, told: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(told);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        let sign = if self.redirect_uri.contains('?') { '&' } else { '?' };
        format!("{}{sign}{}", self.redirect_uri, query.finish())
    }
}

/// What the person decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The app may.
    Allow,
    /// It may not.
    Deny,
}

/// The form that a page sends.
pub struct Form {
    /// The account that grants.
    pub account: String,
    /// Its password.
    pub password: Zeroizing<String>,
    /// What the page carried.
    pub token: String,
    /// What was decided; whatever is not said to be allowed is not.
    pub decision: Decision,
}

impl Form {
    /// Reads it.
    pub fn read(body: &[u8]) -> Self {
        let text = |name| field(body, name).filter(|text| text.len() <= MOST_WORDS).unwrap_or_default();
        Self {
            account: text("account").trim().to_lowercase(),
            password: Zeroizing::new(text("password")),
            token: text("token"),
            decision: if text("decision") == "allow" { Decision::Allow } else { Decision::Deny },
        }
    }
}

/// The first of this name.
pub fn field(pairs: &[u8], name: &str) -> Option<String> {
    url::form_urlencoded::parse(pairs).find(|(known, _)| known == name).map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::{Decision, Form};

    #[test]
    fn whatever_is_not_allowed_in_so_many_words_is_declined() {
        let decision = |body: &str| Form::read(body.as_bytes()).decision;
        assert_eq!(decision("decision=allow"), Decision::Allow);
        for other in ["", "decision=", "decision=deny", "decision=Allow", "decision=deny&decision=allow"] {
            assert_eq!(decision(other), Decision::Deny, "{other}");
        }
        let form = Form::read(b"account=+Acme%3AOsaka+&password=abcd-efgh&token=t");
        assert_eq!((&*form.account, &**form.password, &*form.token), ("acme:osaka", "abcd-efgh", "t"));
    }
}
