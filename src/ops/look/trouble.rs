//! Why something is not shown or was not done, for both faces of the operator.

use actix_web::http::StatusCode;

use crate::orders::Declined;
use crate::{audit, catalog, ledger, partners, webhooks};

/// Why not.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// There is no such thing; the sentence says what was looked for.
    #[error("{0}")]
    Missing(String),
    /// What was asked cannot be understood; the sentence says what would be right.
    #[error("{0}")]
    Wrong(String),
    /// It cannot be done as things stand, and what to do instead.
    #[error("{0}")]
    NotSo(String),
    /// Something behind failed; the cause is for the log.
    #[error("{said}")]
    Failed {
        /// For the operator.
        said: &'static str,
        /// For the log.
        cause: String,
    },
}

const DATABASE: &str = "The database did not answer; /readyz says how this node is.";
const UNKNOWN: &str =
    "The catalogue gave no answer: some of it may be done. Ask again in a while; what is done stays done.";
const CATALOGUE: &str = "The catalogue could not be asked, so nothing was changed. Try again in a while.";

impl Trouble {
    /// The status it is told with.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::Missing(_) => StatusCode::NOT_FOUND,
            Self::Wrong(_) => StatusCode::BAD_REQUEST,
            Self::NotSo(_) => StatusCode::CONFLICT,
            Self::Failed { .. } => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Its name in JSON.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "not_found",
            Self::Wrong(_) => "invalid_request",
            Self::NotSo(_) => "not_now",
            Self::Failed { .. } => "unavailable",
        }
    }

    /// Its heading.
    pub const fn title(&self) -> &'static str {
        match self {
            Self::Missing(_) => "There is no such thing",
            Self::Wrong(_) => "This cannot be understood",
            Self::NotSo(_) => "It cannot be done now",
            Self::Failed { .. } => "It cannot be told now",
        }
    }

    /// Logs the cause, once, when there is one.
    pub fn logged(self) -> Self {
        if let Self::Failed { cause, .. } = &self {
            tracing::error!(%cause, "something cannot be shown to the operator");
        }
        self
    }

    fn database(error: impl ToString) -> Self {
        Self::Failed { said: DATABASE, cause: error.to_string() }
    }
}

impl From<ledger::Error> for Trouble {
    fn from(error: ledger::Error) -> Self {
        match error {
            ledger::Error::WrongCursor => Self::Wrong("cursor: give next_cursor of the page before, unaltered".into()),
            ledger::Error::OrderNotFound(id) => Self::Missing(format!("No order has the id {id}.")),
            other => Self::database(other),
        }
    }
}

impl From<audit::Error> for Trouble {
    fn from(error: audit::Error) -> Self {
        match error {
            audit::Error::WrongCursor => Self::Wrong("cursor: give next_cursor of the page before, unaltered".into()),
            other => Self::database(other),
        }
    }
}

impl From<partners::Error> for Trouble {
    fn from(error: partners::Error) -> Self {
        match error {
            partners::Error::Sql(_) | partners::Error::Audit(_) | partners::Error::Seal(_) => Self::database(error),
            partners::Error::NoSuchPartner(_)
            | partners::Error::NoSuchKey(_)
            | partners::Error::NoSuchPlan { .. }
            | partners::Error::NoSuchBuyer(_)
            | partners::Error::NoSuchOverride(_) => Self::Missing(error.to_string()),
            partners::Error::NoSuchPolicy { .. }
            | partners::Error::NotABranch(_)
            | partners::Error::Figures(_)
            | partners::Error::OverrideInThePast
            | partners::Error::NoReason => Self::Wrong(error.to_string()),
            other => Self::NotSo(other.to_string()),
        }
    }
}

impl From<webhooks::Error> for Trouble {
    fn from(error: webhooks::Error) -> Self {
        match error {
            webhooks::Error::Ledger(error) => error.into(),
            webhooks::Error::EndpointNotFound | webhooks::Error::DeliveryNotFound => Self::Missing(error.to_string()),
            other => Self::NotSo(other.to_string()),
        }
    }
}

impl From<Declined> for Trouble {
    fn from(error: Declined) -> Self {
        match error {
            Declined::NotSo(said) => Self::NotSo(said),
            Declined::CannotAsk(cause) => Self::Failed { said: CATALOGUE, cause: cause.to_string() },
            Declined::Failed(crate::orders::Error::OrderNotFound) => Self::Missing("There is no such order.".into()),
            Declined::Failed(cause) => Self::database(cause),
        }
    }
}

impl From<catalog::Error> for Trouble {
    fn from(error: catalog::Error) -> Self {
        match error {
            catalog::Error::SupplierNotFound(id) => Self::Missing(format!("The catalogue has no supplier {id}.")),
            other => Self::Failed { said: UNKNOWN, cause: other.to_string() },
        }
    }
}

impl From<crate::ops::staff::Error> for Trouble {
    fn from(error: crate::ops::staff::Error) -> Self {
        use crate::ops::staff::Error as E;
        match error {
            E::Sql(_) | E::Hash(_) | E::NoRandomness => Self::database(error),
            E::NoSuchOperator(_) | E::NoSuchToken(_) => Self::Missing(error.to_string()),
            E::TokenLife(_) | E::ShortPassword(_) | E::LongPassword(_) => Self::Wrong(error.to_string()),
            E::NameTaken(_) => Self::NotSo(error.to_string()),
        }
    }
}

impl From<crate::usage::Error> for Trouble {
    fn from(error: crate::usage::Error) -> Self {
        match error {
            crate::usage::Error::Sql(error) => Self::database(error),
            crate::usage::Error::WrongCursor => Self::Wrong(error.to_string()),
        }
    }
}

impl From<crate::sql::Error> for Trouble {
    fn from(error: crate::sql::Error) -> Self {
        Self::database(error)
    }
}
