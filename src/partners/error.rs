//! What can go wrong when the directory is read or changed, in words for the operator.

use crate::audit;
use crate::partners::seal::SealError;
use crate::sql;

/// A change or a reading of the directory that did not happen.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Sql(#[from] sql::Error),
    /// The audit cannot be read.
    #[error(transparent)]
    Audit(#[from] audit::Error),
    /// A secret cannot be sealed or opened.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// None of the stored secrets opens.
    #[error("none of the {0} stored secrets opens with the master key given: is it the one they were sealed with?")]
    WrongMasterKey(usize),
    /// No partner of this name.
    #[error("there is no partner \"{0}\"; `partner list` shows all")]
    NoSuchPartner(String),
    /// No buyer account of this name that is open.
    #[error("there is no open buyer account \"{0}\"; `key account list` shows all")]
    NoSuchBuyer(String),
    /// The buyer account is there already.
    #[error("there already is a buyer account \"{0}\"; `key account password` makes it another password")]
    BuyerTaken(String),
    /// A name that no buyer account can have.
    #[error("{0:?} cannot be a branch: 1 to 40 of a-z, 0-9 and -")]
    NotABranch(String),
    /// The account is none of the partner's.
    #[error(
        "the buyer account \"{account}\" is none of the partner {partner}: it would be {partner}, or {partner}: and a branch"
    )]
    NotItsAccount {
        /// The account.
        account: String,
        /// Whose app it is.
        partner: String,
    },
    /// An address that nobody is sent to.
    #[error(
        "{0:?} is no address to send people to: https (http only of this very machine), without a fragment, at most 512 characters"
    )]
    NotARedirect(String),
    /// The app does not have the address.
    #[error("app {app_key} does not have the address {address:?}; `key app redirects {app_key}` shows those it has")]
    NoSuchRedirect {
        /// The app.
        app_key: String,
        /// The address.
        address: String,
    },
    /// The name is in use.
    #[error("there already is a partner \"{0}\"")]
    PartnerTaken(String),
    /// No plan of this name.
    #[error("there is no plan \"{plan}\"; there are {known}")]
    NoSuchPlan {
        /// What was asked for.
        plan: String,
        /// The plans there are.
        known: String,
    },
    /// A plan's name that cannot be one.
    #[error("{0:?} cannot be a plan's name: 2 to 40 of a-z, 0-9 and -")]
    NotAPlanName(String),
    /// The plan's name is in use.
    #[error("there already is a plan \"{0}\"; `plan set` changes it")]
    PlanTaken(String),
    /// The plan has no such policy.
    #[error("the plan has no policy \"{policy}\"; it has {known}")]
    NoSuchPolicy {
        /// What was asked for.
        policy: String,
        /// The policies it has.
        known: String,
    },
    /// Figures that no limit can have.
    #[error("{0}")]
    Figures(&'static str),
    /// A time zone that nobody knows.
    #[error(transparent)]
    Zone(#[from] crate::model::calendar::NotAZone),
    /// No such override.
    #[error("there is no override {0}; `limit overrides` shows all")]
    NoSuchOverride(String),
    /// The override has ended.
    #[error("override {0} has ended already")]
    OverrideEnded(String),
    /// An override that ends before it begins.
    #[error("an override has to end in the future")]
    OverrideInThePast,
    /// An override without a reason.
    #[error("say why: whoever finds the override later has to know whether it is still wanted")]
    NoReason,
    /// No such key.
    #[error("there is no key \"{0}\"; `key list` shows all")]
    NoSuchKey(String),
    /// No such app, or one that has ended.
    #[error("there is no app \"{0}\" that counts; `key app list` shows all")]
    NoSuchApp(String),
    /// Expired and retired keys are not rotated, nor retired again.
    #[error("key {0} has already ended; issue a new one")]
    KeyEnded(String),
    /// An end that is not in the future.
    #[error("expires_at must be in the future")]
    EndsInThePast,
    /// What was given to rotate with does not belong to the key's algorithm.
    #[error("{0}")]
    WrongMaterial(&'static str),
    /// A text that is no ISO 3166 alpha-2 country code.
    #[error("\"{0}\" is not a country code of two capital letters (ISO 3166), like JP")]
    NotACountry(String),
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
}
