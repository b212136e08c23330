//! What is around every page: its title and place, who sees it, and whether it renews itself.

use actix_web::HttpRequest;
use jiff::Timestamp;

use crate::ops::console::answer::ASSETS;
use crate::ops::console::gate::{Person, asked};
use crate::ops::staff::Role;

/// The pages that stand in the bar: name and address.
pub const TABS: &[(&str, &str)] = &[
    ("Now", "/console"),
    ("Partners", "/console/partners"),
    ("What if", "/console/what-if"),
    ("Orders", "/console/orders"),
    ("Growth", "/console/growth"),
    ("Referrals", "/console/referrals"),
    ("Cache", "/console/cache"),
    ("Webhooks", "/console/webhooks"),
    ("Goods", "/console/goods"),
    ("Catalogue", "/console/catalogue"),
    ("Audit", "/console/audit"),
];

/// The head and bar of a page.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The page's name in the window's title.
    pub title: String,
    /// Under which page of the bar it stands.
    pub tab: &'static str,
    /// Who sees it; none when nobody is logged in.
    pub person: Option<Person>,
    /// Whether the page renews itself.
    pub renews: Renews,
    /// What was searched for.
    pub sought: String,
    /// The query of the page, but for what it says about renewing.
    pub query: String,
    /// The moment it tells of.
    pub now: Timestamp,
}

/// Whether a page renews itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renews {
    /// It has nothing that changes.
    Never,
    /// As it changes.
    On,
    /// Only when asked to; the operator wanted it still.
    Off,
}

impl Frame {
    /// A page for those who are not logged in.
    pub fn outside(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            tab: "",
            person: None,
            renews: Renews::Never,
            sought: String::new(),
            query: String::new(),
            now: Timestamp::UNIX_EPOCH,
        }
    }

    /// A page that stays as it is.
    pub fn still(title: &str, person: &Person) -> Self {
        Self { person: Some(person.clone()), ..Self::outside(title) }
    }

    /// A page of the bar that renews itself, unless it was asked for with `?refresh=off`.
    pub fn live(title: &str, tab: &'static str, person: &Person, request: &HttpRequest, now: Timestamp) -> Self {
        let off = asked(request, "refresh").is_some_and(|value| value == "off");
        let others = url::form_urlencoded::parse(request.query_string().as_bytes());
        let others = others.filter(|(name, _)| name != "refresh");
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(others).finish();
        let renews = if off { Renews::Off } else { Renews::On };
        Self { renews, query, tab, now, ..Self::still(title, person) }
    }

    /// Whether somebody is logged in.
    pub fn is_inside(&self) -> bool {
        self.person.is_some()
    }

    /// The token for forms.
    pub fn token(&self) -> &str {
        self.person.as_ref().map_or("", |person| &person.token)
    }

    /// Whether who sees it may change things.
    pub fn operates(&self) -> bool {
        self.person.as_ref().is_some_and(|person| person.may(Role::Operator))
    }

    /// Whether it renews itself.
    pub fn renews_itself(&self) -> bool {
        self.renews == Renews::On
    }

    /// Whether it would renew itself, had the operator not wanted it still.
    pub fn is_held(&self) -> bool {
        self.renews == Renews::Off
    }

    /// The pages of the bar.
    pub fn tabs(&self) -> &'static [(&'static str, &'static str)] {
        TABS
    }

    /// Where the style sheet is.
    pub fn style(&self) -> &'static str {
        &ASSETS[0].address
    }

    /// Where the script is.
    pub fn script(&self) -> &'static str {
        &ASSETS[1].address
    }

    /// The page's query with a field of another value; without it when the value is empty.
    pub fn query_with(&self, name: &str, value: impl std::fmt::Display) -> String {
        let others = url::form_urlencoded::parse(self.query.as_bytes());
        let others = others.filter(|(field, _)| field != name && field != "cursor");
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(others);
        let value = value.to_string();
        if !value.is_empty() {
            query.append_pair(name, &value);
        }
        query.finish()
    }
}
