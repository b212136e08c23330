//! What a partner must sign (contract §1): always method, authority, path and query; more when there is more.

use crate::signing::http_message::{Message, Presented};

/// What a request carries that makes more coverage necessary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// There is a body.
    pub body: bool,
    /// There is an `Idempotency-Key`.
    pub idempotency_key: bool,
}

impl Needs {
    /// Looks at a request and at the length of its body.
    pub fn of(message: &Message<'_>, body_len: usize) -> Self {
        Self { body: body_len > 0, idempotency_key: message.has_field("idempotency-key") }
    }

    /// Lists the components that must be covered, in the order `Accept-Signature` should name them.
    pub fn components(self) -> impl Iterator<Item = &'static str> {
        REQUIRED
            .iter()
            .filter(move |(_, needed)| match needed {
                When::Always => true,
                When::Body => self.body,
                When::IdempotencyKey => self.idempotency_key,
            })
            .map(|(name, _)| *name)
    }
}

#[derive(Clone, Copy)]
enum When {
    Always,
    Body,
    IdempotencyKey,
}

const REQUIRED: [(&str, When); 7] = [
    ("@method", When::Always),
    ("@authority", When::Always),
    ("@path", When::Always),
    ("@query", When::Always),
    ("content-digest", When::Body),
    ("content-type", When::Body),
    ("idempotency-key", When::IdempotencyKey),
];

/// Lists what is missing; empty (and without an allocation) when enough is covered.
pub fn coverage(presented: &Presented<'_>, needs: &Needs) -> Vec<&'static str> {
    needs.components().filter(|name| !presented.covers(name)).collect()
}
