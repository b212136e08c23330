//! `GET /v1/limits` and `GET /v1/me`: what a partner may still spend, and who the gateway takes the caller for.

use std::collections::BTreeMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::gate::{Admitted, Gate};
use crate::api::operations::{ROWS, op};
use crate::edge::reply::{self, Reply};
use crate::limits::{Standing, cost};
use crate::model::partner::{Caller, Scope};

/// What a partner may spend and what is left of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LimitsView {
    /// The plan's short name.
    plan: String,
    /// All of them must admit a call; a call that one refuses is charged to none.
    policies: Vec<PolicyView>,
    /// Requests under way.
    in_flight: InFlightView,
    /// What a call of each operation costs, in the policies' units. A 304 is free.
    costs: BTreeMap<&'static str, u32>,
}

/// One policy and what is left of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyView {
    /// The name used in `RateLimit-Policy` and `violated-policies`.
    name: String,
    /// Units per window.
    quota: u32,
    /// Length of the window in seconds.
    window_s: u32,
    /// Units that may be spent at once.
    burst: u32,
    /// Units left right now.
    remaining: u32,
    /// Seconds until all units are back if nothing more is spent.
    resets_in_s: u64,
}

/// Requests under way.
#[derive(Debug, Serialize, ToSchema)]
pub struct InFlightView {
    /// How many may be under way at one time at one node.
    limit: u32,
    /// How many are, this one included, at the node that answers.
    now: u32,
}

/// Who the gateway takes the caller for.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeView {
    /// The partner.
    partner: PartnerView,
    /// The key that signed this request.
    key: KeyView,
    /// The plan's short name.
    plan: String,
}

/// A partner, as it sees itself.
#[derive(Debug, Serialize, ToSchema)]
pub struct PartnerView {
    /// The partner's short name.
    id: String,
    /// The partner's name.
    name: String,
    /// ISO 3166 country that orders are for unless they say otherwise.
    country: String,
}

/// The key that signed a request.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyView {
    /// The key id.
    id: String,
    /// `live` for real orders, `sandbox` for orders at the sandbox catalogue.
    #[schema(value_type = String, pattern = "^(live|sandbox)$")]
    mode: &'static str,
    /// What the key may do.
    #[schema(value_type = Vec<String>)]
    scopes: Vec<&'static str>,
}

/// Tells what is left of each limit; free of charge.
///
/// The same numbers as in `RateLimit-Policy` and `RateLimit` of every answer, with the cost of each operation.
#[utoipa::path(tag = "Account", responses((status = 200, description = "Every policy and what is left of it", body = LimitsView),
    (status = 304, description = "Nothing changed")))]
#[get("/v1/limits")]
pub async fn get_limits(request: HttpRequest, call: Admitted<op::GetLimits>, gate: Data<Gate>) -> Reply {
    let standing = gate.limits.standing(&call.caller).await;
    reply::read(&request, &LimitsView::from(&standing))
}

/// Tells which partner, key and plan the signature stands for; free of charge.
#[utoipa::path(tag = "Account", responses((status = 200, description = "Partner, key and plan", body = MeView),
    (status = 304, description = "Nothing changed")))]
#[get("/v1/me")]
pub async fn get_me(request: HttpRequest, call: Admitted<op::GetMe>) -> Reply {
    reply::read(&request, &MeView::from(&call.caller))
}

impl From<&Standing> for LimitsView {
    fn from(standing: &Standing) -> Self {
        let policies = standing.rows().map(|row| PolicyView {
            name: row.name.to_owned(),
            quota: row.quota,
            window_s: row.window_s,
            burst: row.burst,
            remaining: row.remaining,
            resets_in_s: row.resets_in_s,
        });
        Self {
            plan: standing.plan().to_owned(),
            policies: policies.collect(),
            in_flight: InFlightView { limit: standing.in_flight_limit(), now: standing.in_flight() },
            costs: ROWS.iter().map(|row| (row.id, cost::of(row.id))).collect(),
        }
    }
}

impl From<&Caller> for MeView {
    fn from(caller: &Caller) -> Self {
        let partner = &caller.partner;
        Self {
            partner: PartnerView {
                id: partner.id.as_str().to_owned(),
                name: partner.name.clone(),
                country: partner.country.clone(),
            },
            key: KeyView {
                id: caller.key_id.to_string(),
                mode: caller.mode.name(),
                scopes: caller.scopes.iter().map(Scope::name).collect(),
            },
            plan: partner.plan.id.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use super::{LimitsView, MeView};
    use crate::api::operations::ROWS;
    use crate::clock::Clock;
    use crate::limits::{Limits, Settings, cost};
    use crate::model::partner::{Caller, Mode, Partner, Scope};
    use crate::model::plan::{Plan, Policy};

    fn caller() -> Caller {
        let policies = vec![Policy::rolling("day", 864, 86_400, 864)];
        let plan = Plan { id: "starter".into(), policies, in_flight: 4, price_tier: "standard".into() };
        let partner = Partner {
            id: "acme".parse().unwrap(),
            name: "Acme".into(),
            country: "JP".into(),
            suspended: false,
            plan: Arc::new(plan),
        };
        let scopes = [Scope::CatalogRead, Scope::AccountRead].into_iter().collect();
        Caller { partner: Arc::new(partner), key_id: "xyk_test_1".into(), mode: Mode::Sandbox, scopes }
    }

    #[test]
    fn every_operation_has_its_own_row_of_costs_and_no_other_has() {
        let operations: HashSet<_> = ROWS.iter().map(|row| row.id).collect();
        let costs: HashSet<_> = cost::COSTS.iter().map(|(operation, _)| *operation).collect();
        assert_eq!(operations, costs);
    }

    #[tokio::test]
    async fn limits_are_told_as_they_stand() {
        let limits = Limits::new(Settings::default(), Default::default(), Clock::shiftable());
        let held = limits.admit(&caller(), 5).await.unwrap();
        let told = serde_json::to_value(LimitsView::from(&limits.standing(&caller()).await)).unwrap();
        let policy = serde_json::json!([{"name": "day", "quota": 864, "window_s": 86_400, "burst": 864,
            "remaining": 859, "resets_in_s": 500}]);
        assert_eq!(told["policies"], policy);
        assert_eq!(told["in_flight"], serde_json::json!({"limit": 4, "now": 1}));
        assert_eq!((&told["plan"], &told["costs"]["create_order"]), (&"starter".into(), &5.into()));
        drop(held);
    }

    #[test]
    fn me_names_partner_key_and_plan() {
        let told = serde_json::to_value(MeView::from(&caller())).unwrap();
        let expected = serde_json::json!({
            "partner": {"id": "acme", "name": "Acme", "country": "JP"},
            "key": {"id": "xyk_test_1", "mode": "sandbox", "scopes": ["catalog:read", "account:read"]},
            "plan": "starter",
        });
        assert_eq!(told, expected);
    }
}
