//! One partner up close: what it does in each world, its last errors by request, and its own figures.

use serde::Serialize;
use utoipa::ToSchema;

use crate::model::ids::PartnerId;
use crate::model::partner::Mode;
use crate::model::plan::CONCURRENT;
use crate::ops::look::buyers::{self, BuyerView};
use crate::ops::look::overrides::OverrideView;
use crate::ops::look::partners::{self, PartnerView};
use crate::ops::look::standings::{self, AccountView};
use crate::ops::look::{At, Books, Trouble};
use crate::partners::AppRow;
use crate::usage::LastError;

/// Errors of both worlds that are told.
const MOST_ERRORS: usize = 50;
/// Overrides that have ended and are still told of.
const MOST_ENDED: usize = 20;

/// A partner with all that is known of it now.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PartnerStory {
    /// The partner, its keys and orders.
    #[serde(flatten)]
    pub partner: PartnerView,
    /// What it does in each world where a key of it counts.
    pub accounts: Vec<AccountView>,
    /// The last answers of 400 and above, the newest first: fifty of the asked node, ten of each other.
    pub last_errors: Vec<ErrorRow>,
    /// Its own figures: those in force first, then the last that ended.
    pub overrides: Vec<OverrideView>,
    /// What its plan adds to exchange rates when prices are converted, per cent; absent while the plan is not read yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub margin_percent: Option<String>,
    /// What it can be given figures of its own for.
    pub policies: Vec<String>,
    /// Its apps, by which it calls in the older protocol (HMAC-SHA1), the last used first.
    pub apps: Vec<AppView>,
    /// Accounts whose people grant those apps to buy for them, the main one first.
    pub buyers: Vec<BuyerView>,
}

/// An app of the older protocol, and when it was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = OlderApp)]
pub struct AppView {
    /// Its public number.
    pub app_key: String,
    /// `live` or `sandbox`.
    pub mode: &'static str,
    /// `active`, `suspended` or `expired`; suspended also while the older protocol is closed to its partner.
    pub state: &'static str,
    /// What it may do.
    pub scopes: String,
    /// From where; empty for anywhere.
    pub allowed: String,
    /// When it was issued.
    pub created_at: At,
    /// When it called last; what happened in the last seconds may be missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<At>,
    /// How often it called in all.
    pub calls: i64,
    /// Where people are sent back to who grant it something.
    pub redirects: Vec<String>,
}

/// An answer of 400 or above.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ErrorRow {
    /// Whose.
    pub partner: String,
    /// `live` or `sandbox`.
    pub mode: &'static str,
    /// What was answered.
    #[serde(flatten)]
    pub error: LastError,
}

/// Reads one partner up close.
pub async fn story(books: &Books, id: &str) -> Result<PartnerStory, Trouble> {
    let partner = partners::one(books, id).await?;
    let known: PartnerId = id.parse().map_err(|_| Trouble::Missing(format!("No partner is called {id}.")))?;
    // What was written a moment ago by another process is in the list and not yet in the snapshot.
    let in_snapshot: Vec<_> = books.directory.find_partner(id).into_iter().collect();
    let keys = books.directory.list_keys(Some(&known)).await?;
    let accounts = standings::of(books, &in_snapshot, &keys).await?;
    let margin = in_snapshot.first().map(|partner| partner.plan.price_tier.margin);
    let policies = in_snapshot.iter().flat_map(|partner| &partner.plan.policies).filter(|policy| !policy.shadow);
    let mut policies: Vec<_> = policies.map(|policy| policy.name.to_string()).collect();
    policies.push(CONCURRENT.to_owned());
    Ok(PartnerStory {
        last_errors: last_errors(books, id),
        overrides: overrides(books, &known).await?,
        apps: apps(books, &known).await?,
        buyers: buyers::buyers(books, &known).await?,
        partner,
        accounts,
        margin_percent: margin.map(|margin| margin.to_string()),
        policies,
    })
}

/// Reads the apps of one partner, the last used first.
async fn apps(books: &Books, id: &PartnerId) -> Result<Vec<AppView>, Trouble> {
    let mut apps = books.directory.list_apps(Some(id)).await?;
    apps.sort_by_key(|app| std::cmp::Reverse(app.last_used_at));
    let mut views = Vec::new();
    for app in apps {
        let redirects = books.directory.redirects(&app.app_key).await?;
        views.push(view(app, redirects));
    }
    Ok(views)
}

fn view(app: AppRow, redirects: Vec<String>) -> AppView {
    AppView {
        app_key: app.app_key,
        mode: app.mode.name(),
        state: app.state.name(),
        scopes: app.scopes,
        allowed: app.allowed,
        created_at: At(app.created_at),
        last_used_at: app.last_used_at.map(At),
        calls: app.calls,
        redirects,
    }
}

/// Reads the overrides of one partner.
pub async fn overrides(books: &Books, id: &PartnerId) -> Result<Vec<OverrideView>, Trouble> {
    let now = books.clock.now();
    let all = books.directory.overrides(Some(id)).await?.into_iter().map(|one| OverrideView::of(one, now));
    let (in_force, mut ended): (Vec<_>, Vec<_>) = all.partition(|one| one.in_force);
    ended.truncate(MOST_ENDED);
    Ok(in_force.into_iter().chain(ended).collect())
}

/// The last errors of a partner in both worlds.
fn last_errors(books: &Books, id: &str) -> Vec<ErrorRow> {
    let of = |mode: Mode| {
        let errors = books.usage.last_errors(id, mode).into_iter();
        errors.map(move |error| ErrorRow { partner: id.to_owned(), mode: mode.name(), error })
    };
    let mut errors: Vec<_> = of(Mode::Live).chain(of(Mode::Sandbox)).collect();
    errors.sort_by_key(|row| std::cmp::Reverse(row.error.at));
    errors.truncate(MOST_ERRORS);
    errors
}

/// The request of this id, if it failed lately and a key of a partner was named with it.
pub fn request(books: &Books, request_id: &str) -> Option<ErrorRow> {
    let snapshot = books.directory.snapshot();
    let mut rows = snapshot.partners().flat_map(|partner| last_errors(books, partner.id.as_str()));
    rows.find(|row| row.error.request_id == request_id)
}
