//! A partner's plan made ready for counting: rules, keys and the `RateLimit-Policy` text, made once per plan.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::counters::gcra::Rule;
use crate::counters::rate;
use crate::model::partner::Mode;
use crate::model::plan::{Plan, Policy};

/// The policy name of the number of calls under way.
pub const IN_FLIGHT: &str = "concurrent";

/// A plan as one account (partner and mode) is held to it.
#[derive(Debug)]
pub struct Terms {
    /// The plan.
    pub plan: Arc<Plan>,
    /// One rule per policy, in the plan's order.
    pub rules: Vec<Rule>,
    /// The Redis key of each policy, and last that of the leases.
    pub keys: Vec<String>,
    /// The field value of `RateLimit-Policy`.
    pub policy_text: String,
    /// `"name"` of each policy as a structured-field string.
    pub quoted: Vec<String>,
    /// The most one call is charged: a dearer call than the smallest burst would never pass.
    pub most_per_call: u32,
}

impl Terms {
    /// Makes a plan ready for the account of a partner.
    pub fn of(plan: Arc<Plan>, partner: &str, mode: Mode) -> Self {
        let account = format!("{partner}:{}", mode.name());
        let rules: Vec<_> = plan.policies.iter().map(Rule::of).collect();
        let mut keys: Vec<_> = plan.policies.iter().map(|policy| rate::key(&account, &policy.name)).collect();
        keys.push(rate::leases_key(&account));
        Self {
            keys,
            policy_text: policy_text(&plan),
            quoted: plan.policies.iter().map(|policy| quoted(&policy.name)).collect(),
            most_per_call: rules.iter().map(|rule| rule.burst).min().unwrap_or(u32::MAX),
            rules,
            plan,
        }
    }

    /// Policies with their rules.
    pub fn policies(&self) -> impl Iterator<Item = (&Policy, Rule)> {
        self.plan.policies.iter().zip(self.rules.iter().copied())
    }
}

/// `"second";q=50;w=1, …, "concurrent";q=8;qu="concurrent-requests"` (draft-ietf-httpapi-ratelimit-headers-10).
fn policy_text(plan: &Plan) -> String {
    let mut text = String::new();
    for policy in &plan.policies {
        let _ = write!(text, "{};q={};w={}, ", quoted(&policy.name), policy.quota, policy.window_s);
    }
    let _ = write!(text, "\"{IN_FLIGHT}\";q={};qu=\"concurrent-requests\"", plan.in_flight);
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
