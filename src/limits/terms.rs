//! A partner's plan made ready for counting: rules, keys and the `RateLimit-Policy` text, made once per plan and day.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::counters::gcra::Rule;
use crate::counters::rate;
use crate::model::ids::PartnerId;
use crate::model::partner::Mode;
use crate::model::plan::{CONCURRENT, Plan, Policy};

/// A plan as one account (partner and mode) is held to it.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The plan.
    pub plan: Arc<Plan>,
    /// Whose.
    pub partner: PartnerId,
    /// One rule per policy, in the plan's order.
    pub rules: Vec<Rule>,
    /// The Redis key of each policy, and last that of the leases.
    pub keys: Vec<String>,
    /// The field value of `RateLimit-Policy`; shadow policies do not stand there.
    pub policy_text: String,
    /// `"name"` of each policy as a structured-field string.
    pub quoted: Vec<String>,
    /// The most one call is charged: a dearer call than the smallest burst would never pass.
    pub most_per_call: u32,
    /// Whether any policy only counts.
    pub shadows: bool,
}

impl Terms {
    /// Makes a plan ready for the account of a partner, at a moment in microseconds since 1970.
    pub fn of(plan: Arc<Plan>, partner: &PartnerId, mode: Mode, now_us: i64) -> Self {
        let account = format!("{partner}:{}", mode.name());
        let rules: Vec<_> = plan.policies.iter().map(|policy| Rule::at(policy, partner, now_us)).collect();
        let mut keys: Vec<_> = plan.policies.iter().map(|policy| rate::key(&account, &policy.name)).collect();
        keys.push(rate::leases_key(&account));
        let binding = rules.iter().filter(|rule| !rule.shadow);
        Self {
            keys,
            policy_text: policy_text(&plan),
            quoted: plan.policies.iter().map(|policy| quoted(&policy.name)).collect(),
            most_per_call: binding.map(|rule| rule.burst).min().unwrap_or(u32::MAX),
            shadows: rules.iter().any(|rule| rule.shadow),
            partner: partner.clone(),
            rules,
            plan,
        }
    }

    /// The same for the days of another moment; none while they are the same days.
    pub fn renewed(&self, now_us: i64) -> Option<Self> {
        if self.rules.iter().all(|rule| rule.holds_at(now_us)) {
            return None;
        }
        let rules = self.plan.policies.iter().map(|policy| Rule::at(policy, &self.partner, now_us)).collect();
        Some(Self { rules, ..self.clone() })
    }

    /// Policies with their rules.
    pub fn policies(&self) -> impl Iterator<Item = (&Policy, Rule)> {
        self.plan.policies.iter().zip(self.rules.iter().copied())
    }
}

/// `"second";q=50;w=1, …, "concurrent";q=8;qu="concurrent-requests"` (draft-ietf-httpapi-ratelimit-headers-10).
fn policy_text(plan: &Plan) -> String {
    let mut text = String::new();
    for policy in plan.policies.iter().filter(|policy| !policy.shadow) {
        let _ = write!(text, "{};q={};w={}, ", quoted(&policy.name), policy.allowance(), policy.span.seconds());
    }
    let _ = write!(text, "\"{CONCURRENT}\";q={};qu=\"concurrent-requests\"", plan.in_flight);
    text
}

/// A structured-field string (RFC 9651 §3.3.3); what cannot stand in one is left out.
fn quoted(name: &str) -> String {
    let mut text = String::with_capacity(name.len() + 2);
    text.push('"');
    for letter in name.chars().filter(|letter| matches!(letter, ' '..='~')) {
        if matches!(letter, '"' | '\\') {
            text.push('\\');
        }
        text.push(letter);
    }
    text.push('"');
    text
}
