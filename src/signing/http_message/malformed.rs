//! Why signature headers cannot be read. Codes and statuses are chosen by `auth`; the sentences are for partners.

use crate::signing::http_message::{ComponentError, HEADERS_MAX_BYTES, TAG, WeakNonce};

/// Says why `Signature-Input` and `Signature` were refused before any key was looked at.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// No signature at all, or none with our tag: the caller should answer "signature missing".
    #[error("there is no signature with tag=\"{TAG}\" in Signature-Input")]
    Missing,
    /// Both headers together are over the limit.
    #[error("the signature headers hold {0} bytes, more than the {HEADERS_MAX_BYTES} allowed")]
    TooLarge(usize),
    /// Not a structured field of type dictionary.
    #[error("{field} is not a valid structured field: {reason}")]
    Syntax {
        /// The header's name.
        field: &'static str,
        /// What the parser said, with the position.
        reason: String,
    },
    /// Two members with our tag.
    #[error("two signatures carry tag=\"{TAG}\"; send one")]
    TwoSignatures,
    /// More signatures than anyone needs.
    #[error("Signature-Input has more than {0} members")]
    TooManySignatures(usize),
    /// A label twice in one header.
    #[error("{field} has the label \"{label}\" twice")]
    RepeatedLabel {
        /// The header's name.
        field: &'static str,
        /// The label.
        label: String,
    },
    /// A member of `Signature-Input` that is not a list in parentheses.
    #[error("Signature-Input member \"{0}\" is not a list of components in parentheses")]
    NotAList(String),
    /// An item of the list that is not a string.
    #[error("a covered component is not a quoted string")]
    ComponentNotAString,
    /// A name that cannot be covered.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// A component with `;bs`, `;sf`, `;req`, `;tr`, `;key` or anything else.
    #[error("component parameters are not supported: \"{component}\" has \"{parameter}\"")]
    ComponentParameter {
        /// The component's name.
        component: String,
        /// The parameter's name.
        parameter: String,
    },
    /// A component covered twice.
    #[error("\"{0}\" is covered twice")]
    RepeatedComponent(String),
    /// More components than anyone needs.
    #[error("more than {0} components are covered")]
    TooManyComponents(usize),
    /// A signature parameter the profile does not know.
    #[error("the signature parameter \"{0}\" is not known; known are created, expires, nonce, alg, keyid and tag")]
    UnknownParameter(String),
    /// A signature parameter given twice.
    #[error("the signature parameter \"{0}\" is given twice")]
    RepeatedParameter(&'static str),
    /// A parameter of the wrong type.
    #[error("the signature parameter \"{parameter}\" must be {expected}")]
    ParameterType {
        /// The parameter's name.
        parameter: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// A required parameter that is not there.
    #[error("the signature parameter \"{0}\" is missing")]
    ParameterMissing(&'static str),
    /// `expires` is not after `created`.
    #[error("expires is not after created")]
    ExpiresBeforeCreated,
    /// An algorithm we do not speak.
    #[error("alg=\"{0}\" is not supported; supported are \"hmac-sha256\" and \"ed25519\"")]
    UnknownAlgorithm(String),
    /// A nonce that does not hold 128 bits, or is absurdly long.
    #[error(transparent)]
    Nonce(#[from] WeakNonce),
    /// `Signature` has no member with the label.
    #[error("Signature has no member \"{0}\", though Signature-Input has")]
    SignatureAbsent(String),
    /// The member is not a byte sequence.
    #[error("Signature member \"{0}\" is not a byte sequence like :BASE64:")]
    SignatureNotBytes(String),
}
