//! How a call to the wholesale service fails, and what may have happened over there.

use serde::de::DeserializeOwned;

use crate::error::{Code, Failure};
use crate::model::partner::Mode;

/// Seconds after which it makes sense to ask again, if the service does not say; and the most that is believed if it does.
const PAUSE_S: u64 = 2;
const LONGEST_PAUSE_S: u64 = 60;

/// How an answer got lost after the request was (perhaps) sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The deadline passed.
    Timeout,
    /// The connection broke.
    Broken,
    /// The service, or something on the way to it, answered with this status, which does not say what was done.
    Status(u16),
}

/// A business refusal in the service's own words.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// The service's error word, e.g. `STOCK_NOT_ENOUGH`.
    pub error_code: String,
    /// Its sentence, in Chinese; for logs only.
    pub message: String,
    /// Its facts; `null` when it gave none.
    pub data: serde_json::Value,
}

impl Refusal {
    /// The facts in a wanted shape; `None` when they do not have it.
    pub fn facts<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_value(self.data.clone()).ok()
    }
}

/// What is known about the execution of a call that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Surely not executed.
    NotExecuted,
    /// Read, judged and refused: not executed, and repeating it does not help.
    Refused,
    /// Perhaps executed.
    Unknown,
}

/// A call that brought no document.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// This world has no wholesale service.
    #[error("no wholesale service is configured for {0:?} keys")]
    NoEndpoint(Mode),
    /// The client could not be set up.
    #[error("the upstream client could not be made: {0}")]
    Setup(String),
    /// Nothing was sent: the connection could not be opened, or no time was left.
    #[error("not sent: {0}")]
    NotSent(String),
    /// Not sent on purpose: the service is spared, or too much is under way.
    #[error("held back: {0}")]
    HeldBack(&'static str),
    /// Sent or being sent, and no usable answer came.
    #[error("outcome unknown ({loss:?}): {why}")]
    Unknown {
        /// How the answer got lost.
        loss: Loss,
        /// The technical reason, for the log.
        why: String,
    },
    /// Turned away before any business was done (HTTP 401, 404, 413, 429 …).
    #[error("denied with status {status}: {why}")]
    Denied {
        /// The HTTP status.
        status: u16,
        /// The service's words, for the log.
        why: String,
        /// When it wants to be asked again, in seconds.
        wait_s: Option<u64>,
    },
    /// What is asked for does not exist in the protocol that this upstream speaks, or not for us; nothing was sent for it.
    #[error("not offered by this upstream: {0}")]
    NotOffered(String),
    /// Refused with a business reason.
    #[error("refused: {} {}", .0.error_code, .0.message)]
    Refused(Box<Refusal>),
    /// An answer came and is not what the contract says.
    #[error("nonsense: {0}")]
    Nonsense(String),
}

impl Error {
    /// What is known about the call's execution.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::NoEndpoint(_)
            | Self::Setup(_)
            | Self::NotSent(_)
            | Self::HeldBack(_)
            | Self::NotOffered(_)
            | Self::Denied { .. } => Outcome::NotExecuted,
            Self::Refused(_) => Outcome::Refused,
            Self::Unknown { .. } | Self::Nonsense(_) => Outcome::Unknown,
        }
    }

    /// The business refusal, if that is what it is.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }

    /// Whether the service is in trouble (and not the question): stale answers may stand in.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::HeldBack(_) | Self::Unknown { .. } | Self::Nonsense(_) | Self::Setup(_) => true,
            Self::Denied { status, .. } => matches!(status, 401 | 403 | 425 | 429),
            Self::NoEndpoint(_) | Self::NotOffered(_) | Self::Refused(_) => false,
        }
    }

    /// The code of what surely was not done because of this: whatever kept it from being sent, the same request can
    /// succeed later, unless there is nobody to send it to.
    pub fn code_of_undone(&self) -> Code {
        match self.code() {
            code @ (Code::SandboxUnavailable | Code::UpstreamNotOffered) => code,
            _ => Code::UpstreamUnavailable,
        }
    }

    /// Seconds after which the same request makes sense again, when surely nothing was done because of this.
    pub fn retry_undone_after_s(&self) -> Option<u64> {
        (self.code_of_undone() == Code::UpstreamUnavailable).then_some(PAUSE_S)
    }

    /// Whether asking a harmless question again at once may help.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::NotSent(_) => true,
            Self::Unknown { loss, .. } => matches!(loss, Loss::Broken | Loss::Status(_)),
            // Who says 429 wants to be left alone for a while.
            Self::Denied { status, .. } => *status == 425,
            _ => false,
        }
    }
}

impl Failure for Error {
    fn code(&self) -> Code {
        match self {
            Self::NoEndpoint(Mode::Sandbox) => Code::SandboxUnavailable,
            Self::Unknown { loss: Loss::Timeout, .. } => Code::UpstreamTimeout,
            Self::Denied { status: 425 | 429, .. } => Code::UpstreamUnavailable,
            Self::NoEndpoint(_) | Self::Setup(_) | Self::NotSent(_) | Self::HeldBack(_) | Self::Unknown { .. } => {
                Code::UpstreamUnavailable
            }
            Self::NotOffered(_) => Code::UpstreamNotOffered,
            Self::Denied { .. } | Self::Refused(_) => Code::UpstreamRefused,
            Self::Nonsense(_) => Code::UpstreamNonsense,
        }
    }

    fn detail(&self) -> Option<String> {
        match self {
            Self::NotOffered(what) => Some(what.clone()),
            _ => None,
        }
    }

    fn retry_after_s(&self) -> Option<u64> {
        let told = match self {
            Self::Denied { wait_s, .. } => *wait_s,
            _ => None,
        };
        let helps = matches!(self.code(), Code::UpstreamUnavailable | Code::UpstreamTimeout);
        helps.then(|| told.unwrap_or(PAUSE_S).clamp(1, LONGEST_PAUSE_S))
    }

    fn internal(&self) -> Option<String> {
        Some(self.to_string())
    }
}
