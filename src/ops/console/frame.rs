//! What is around every page: its title, who sees it, and whether it renews itself.

use actix_web::HttpRequest;

use crate::ops::console::answer;
use crate::ops::console::gate::{Operator, field};

/// The head and bar of a page.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The page's name in the window's title.
    pub title: String,
    /// The token for forms; none when nobody is logged in.
    pub token: Option<String>,
    /// Whether the page renews itself.
    pub renews: Renews,
    /// What was searched for.
    pub sought: String,
    /// The query of the page, but for what it says about renewing.
    pub query: String,
}

/// Whether a page renews itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renews {
    /// It has nothing that changes.
    Never,
    /// Every few seconds.
    On,
    /// Only when asked to; the operator wanted it still.
    Off,
}

impl Frame {
    /// A page for those who are not logged in.
    pub fn outside(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            token: None,
            renews: Renews::Never,
            sought: String::new(),
            query: String::new(),
        }
    }

    /// A page that stays as it is.
    pub fn still(title: &str, operator: &Operator) -> Self {
        Self { token: Some(operator.0.token.clone()), ..Self::outside(title) }
    }

    /// A page that renews itself, unless it was asked for with `?refresh=off`.
    pub fn live(title: &str, operator: &Operator, request: &HttpRequest) -> Self {
        let asked = request.query_string().as_bytes();
        let off = field(asked, "refresh").is_some_and(|value| value == "off");
        let others = url::form_urlencoded::parse(asked).filter(|(name, _)| name != "refresh");
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(others).finish();
        Self { renews: if off { Renews::Off } else { Renews::On }, query, ..Self::still(title, operator) }
    }

    /// Whether somebody is logged in.
    pub fn is_inside(&self) -> bool {
        self.token.is_some()
    }

    /// Whether it renews itself.
    pub fn renews_itself(&self) -> bool {
        self.renews == Renews::On
    }

    /// Whether it would renew itself, had the operator not wanted it still.
    pub fn is_held(&self) -> bool {
        self.renews == Renews::Off
    }

    /// The style sheet.
    pub fn style(&self) -> &'static str {
        answer::STYLE
    }

    /// The script.
    pub fn script(&self) -> &'static str {
        answer::SCRIPT
    }
}
