//! Why there is no rate.

use jiff::civil::Date;

use crate::error::{Code, Failure, Place};
use crate::model::money::Currency;

/// No rate.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The source has none for this currency.
    #[error("no rate for {}", .currency.code())]
    NoRate {
        /// The asked currency.
        currency: Currency,
        /// Codes there are rates for.
        known: Vec<&'static str>,
    },
    /// No table was read yet.
    #[error("no rates have been read yet")]
    NotYet,
    /// The rates are of a day too long ago.
    #[error("the rate of {} of {date} is too old", .currency.code())]
    TooOld {
        /// The asked currency.
        currency: Currency,
        /// Their day.
        date: Date,
    },
    /// The source cannot be read.
    #[error("the rates cannot be read: {0}")]
    Unreadable(String),
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            // Asking again will not help; another currency will.
            Self::NoRate { .. } => Code::UnknownCurrency,
            Self::TooOld { .. } => Code::RateStale,
            Self::NotYet | Self::Unreadable(_) => Code::RateUnavailable,
        }
    }

    fn detail(&self) -> Option<String> {
        Some(match self {
            Self::NoRate { currency, known } => {
                format!("no rate for {}; there are rates for {}", currency.code(), known.join(", "))
            }
            Self::TooOld { currency, date } => {
                let code = currency.code();
                format!("The newest rate of {code} is of {date}, too long ago to be held to. Quote in CNY meanwhile.")
            }
            Self::NotYet | Self::Unreadable(_) => "there are no rates at present; CNY is always shown".to_owned(),
        })
    }

    fn places(&self) -> Vec<Place> {
        match self {
            // Of a body; who was asked in the query says so.
            Self::NoRate { known, .. } => vec![Place::body("/currency", format!("one of {}", known.join(", ")))],
            _ => Vec::new(),
        }
    }

    fn retry_after_s(&self) -> Option<u64> {
        (!matches!(self, Self::NoRate { .. })).then_some(60)
    }

    fn internal(&self) -> Option<String> {
        Some(self.to_string())
    }
}
