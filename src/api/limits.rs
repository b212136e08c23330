//! `GET /v1/limits` and `GET /v1/me`: what a partner may still spend, and who the gateway takes the caller for.

use std::collections::BTreeMap;

use actix_web::web::Data;
use actix_web::{HttpRequest, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::gate::{Admitted, Gate};
use crate::api::operations::{ROWS, op};
use crate::edge::reply::{self, Reply};
use crate::limits::{Row, Standing, cost};
use crate::model::partner::{Caller, Scope};
use crate::model::plan::Span;

/// What a partner may spend and what is left of it. Figures are cost units: `costs` says how many a call takes.
#[derive(Debug, Serialize, ToSchema)]
pub struct LimitsView {
    /// The plan's short name.
    #[schema(example = "business")]
    plan: String,
    /// All of them must admit a call; a call that one refuses is charged to none.
    policies: Vec<PolicyView>,
    /// Requests under way.
    in_flight: InFlightView,
    /// What a call of each operation costs, in the policies' units. A 304 is free.
    #[schema(example = json!({"get_offer": 1, "search_offers": 3, "create_order": 5, "get_limits": 0}))]
    costs: BTreeMap<&'static str, u32>,
    /// Calls that cost more than `costs` says because a parameter asks for more work.
    dearer: Vec<DearerView>,
    /// Operations that cost by the length of a list in their body; `costs` says the most they cost.
    by_items: Vec<ByItemsView>,
}

/// What a call costs that has a certain parameter.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DearerCall)]
pub struct DearerView {
    /// The operation.
    #[schema(example = "search_offers")]
    operation: &'static str,
    /// The parameter of its query.
    #[schema(example = "image_id")]
    parameter: &'static str,
    /// What a call with it costs.
    #[schema(example = 10)]
    cost: u32,
}

/// How the cost of an operation grows with a list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CostByItems)]
pub struct ByItemsView {
    /// The operation.
    #[schema(example = "batch_offers")]
    operation: &'static str,
    /// The member of its body that holds the list.
    #[schema(example = "offer_ids")]
    list: &'static str,
    /// So many items cost one unit; a call costs at least one.
    #[schema(example = 5)]
    items_for_one: u32,
}

/// One policy and what is left of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PolicyView {
    /// The name used in `RateLimit-Policy` and `violated-policies`.
    #[schema(example = "day")]
    name: String,
    /// `rolling`: units come back evenly, over any stretch of `window_s`. `day`: a calendar day of `time_zone`, and all
    /// units come back at once when the next begins.
    #[schema(value_type = String, pattern = "^(rolling|day)$", example = "day")]
    kind: &'static str,
    /// Cost units per window, with what your paid orders added.
    #[schema(example = 512_500)]
    quota: u32,
    /// Length of the window in seconds; 86,400 for a day, also when clocks are set.
    #[schema(example = 86_400)]
    window_s: u32,
    /// IANA time zone of a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Asia/Tokyo")]
    time_zone: Option<String>,
    /// When the day ends, RFC 3339: a while after midnight, at the same moment of each of your days.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2026-11-23T15:07:41Z", format = DateTime)]
    resets_at: Option<String>,
    /// Units that may be spent at once.
    #[schema(example = 512_500)]
    burst: u32,
    /// Units left right now.
    #[schema(example = 498_220)]
    remaining: u32,
    /// Seconds until all units are back if nothing more is spent; of a day, until it ends.
    #[schema(example = 31_061)]
    resets_in_s: u64,
    /// What paid orders add to the day.
    #[serde(skip_serializing_if = "Option::is_none")]
    merit: Option<MeritView>,
    /// An override in force: the figures are yours alone, until it ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    r#override: Option<OverrideView>,
}

/// What paid orders add to a day's quota. It grows within a minute of a payment, and never shrinks while the day lasts.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeritView {
    /// Units that one paid order adds.
    #[schema(example = 50)]
    per_order: u32,
    /// The most that is added, in units.
    #[schema(example = 100_000)]
    most: u32,
    /// Live orders paid within so many days before the day began, or on it, count.
    #[schema(example = 30)]
    days: u32,
    /// Units added to this day so far; part of `quota`.
    #[schema(example = 12_500)]
    earned: u32,
}

/// Figures of one partner's own, for a while.
#[derive(Debug, Serialize, ToSchema)]
pub struct OverrideView {
    /// When the plan's own figures count again, RFC 3339.
    #[schema(example = "2026-11-30T00:00:00Z", format = DateTime)]
    until: String,
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
    /// What your plan adds to exchange rates when prices are shown in another currency than CNY, per cent.
    #[schema(example = "1.5")]
    margin_percent: String,
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
/// The same numbers as in `RateLimit-Policy` and `RateLimit` of every answer, with the time zone and the end of days, with
/// what your paid orders have added, with figures that are yours for a while, and with the cost of each operation.
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
        let policies = standing.rows().map(PolicyView::from);
        let dearer = cost::DEARER.iter();
        let dearer = dearer.map(|(operation, parameter, cost)| DearerView { operation, parameter, cost: *cost });
        let by_items = cost::BY_ITEMS.iter();
        let by_items =
            by_items.map(|(operation, rule)| ByItemsView { operation, list: rule.list, items_for_one: rule.for_one });
        Self {
            plan: standing.plan().to_owned(),
            policies: policies.collect(),
            in_flight: InFlightView { limit: standing.in_flight_limit(), now: standing.in_flight() },
            costs: ROWS.iter().map(|row| (row.id, cost::of(row.id))).collect(),
            dearer: dearer.collect(),
            by_items: by_items.collect(),
        }
    }
}

impl From<Row<'_>> for PolicyView {
    fn from(row: Row<'_>) -> Self {
        let policy = row.policy;
        let (kind, time_zone) = match &policy.span {
            Span::Rolling { .. } => ("rolling", None),
            Span::Day { zone, .. } => ("day", Some(zone.to_string())),
        };
        let earned = policy.earned;
        let merit = policy.merit.map(|merit| MeritView {
            per_order: merit.per_order,
            most: merit.most,
            days: merit.days,
            earned,
        });
        Self {
            name: row.name.to_owned(),
            kind,
            quota: row.quota,
            window_s: row.window_s,
            time_zone,
            resets_at: row.day_ends.map(|at| at.to_string()),
            burst: row.burst,
            remaining: row.remaining,
            resets_in_s: row.resets_in_s,
            merit,
            r#override: policy.overridden.as_ref().map(|one| OverrideView { until: one.until.to_string() }),
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
            margin_percent: partner.plan.price_tier.margin.to_string(),
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
    use crate::model::plan::{InForce, Merit, Plan, Policy};

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
        let policy = serde_json::json!([{"name": "day", "kind": "rolling", "quota": 864, "window_s": 86_400, "burst": 864,
            "remaining": 859, "resets_in_s": 500}]);
        assert_eq!(told["policies"], policy);
        assert_eq!(told["in_flight"], serde_json::json!({"limit": 4, "now": 1}));
        assert_eq!((&told["plan"], &told["costs"]["create_order"]), (&"starter".into(), &5.into()));
        let dearer = &told["dearer"];
        for (operation, parameter, cost) in cost::DEARER {
            let row = serde_json::json!({"operation": operation, "parameter": parameter, "cost": cost});
            assert!(dearer.as_array().unwrap().contains(&row), "{dearer}");
            assert_eq!(cost::asked(operation, cost::of(operation), &format!("{parameter}=x")), *cost, "and charged so");
        }
        assert_eq!(told["by_items"][0]["items_for_one"], 5, "{told}");
        drop(held);
    }

    #[tokio::test]
    async fn a_day_tells_its_zone_its_end_what_was_earned_and_how_long_figures_are_the_partners_own() {
        let mut day = Policy::daily("day", 1_000, "Asia/Tokyo", 0);
        day.merit = Some(Merit { per_order: 50, most: 500, days: 30 });
        day.earned = 150;
        day.overridden = Some(InForce { id: "ovr_1".into(), until: "2030-01-01T00:00:00Z".parse().unwrap() });
        let trial = Policy { name: "day.trial".into(), shadow: true, ..day.clone() };
        let mut caller = caller();
        let plan = Plan { policies: vec![day, trial], ..(*caller.partner.plan).clone() };
        caller.partner = Arc::new(Partner { plan: Arc::new(plan), ..(*caller.partner).clone() });
        let limits = Limits::new(Settings::default(), Default::default(), Clock::shiftable());
        let standing = limits.standing(&caller).await;
        assert_eq!(standing.rate_limit_policy(), r#""day";q=1150;w=86400, "concurrent";q=4;qu="concurrent-requests""#);
        let told = serde_json::to_value(LimitsView::from(&standing)).unwrap();
        let day = &told["policies"][0];
        assert_eq!(told["policies"].as_array().unwrap().len(), 1, "partners do not see what only counts");
        assert_eq!((&day["quota"], &day["remaining"], &day["kind"]), (&1_150.into(), &1_150.into(), &"day".into()));
        assert!(day["resets_at"].as_str().unwrap().ends_with("T15:00:00Z"), "{day}");
        assert_eq!(day["merit"]["earned"], 150);
        assert_eq!(day["override"], serde_json::json!({"until": "2030-01-01T00:00:00Z"}));
    }

    #[test]
    fn me_names_partner_key_and_plan() {
        let told = serde_json::to_value(MeView::from(&caller())).unwrap();
        let expected = serde_json::json!({
            "partner": {"id": "acme", "name": "Acme", "country": "JP"},
            "key": {"id": "xyk_test_1", "mode": "sandbox", "scopes": ["catalog:read", "account:read"]},
            "plan": "starter",
            "margin_percent": "0",
        });
        assert_eq!(told, expected);
        let mut caller = caller();
        let plan = &*caller.partner.plan;
        let tier = plan.price_tier.clone().with("1.5".parse().unwrap());
        let plan = Plan { price_tier: tier, ..plan.clone() };
        caller.partner = Arc::new(Partner { plan: Arc::new(plan), ..(*caller.partner).clone() });
        assert_eq!(serde_json::to_value(MeView::from(&caller)).unwrap()["margin_percent"], "1.5");
    }
}
