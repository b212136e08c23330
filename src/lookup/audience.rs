//! For whom a question is answered: everything about a caller that may change what an answer says, and nothing else.

use crate::model::language::Language;
use crate::model::margin::Tariff;
use crate::model::money::Currency;
use crate::model::partner::{Caller, Mode};

/// What an answer depends on beside the question.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Audience {
    /// Whose goods.
    pub mode: Mode,
    /// Whose prices.
    pub price_tier: Tariff,
    /// The language of texts.
    pub language: Language,
    /// The currency of prices.
    pub currency: Currency,
}

impl Audience {
    /// The audience a caller is, in this language and currency.
    pub fn of(caller: &Caller, language: Language, currency: Currency) -> Self {
        Self { mode: caller.mode, price_tier: caller.partner.plan.price_tier.clone(), language, currency }
    }

    /// Anyone at all, for what is public.
    pub fn anyone(mode: Mode) -> Self {
        Self { mode, price_tier: "".into(), language: Language::Chinese, currency: Currency::CNY }
    }
}
