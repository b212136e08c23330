//! The directory over a real database of each engine.

use jiff::SignedDuration;

use super::example::partner as example_partner;
use super::{
    Directory, Error, Issued, KeyPolicy, KeyState, MasterKeys, Material, NewOverride, NewPartner, Refreshed, Rotation,
    Sealer,
};
use crate::clock::Clock;
use crate::model::ids::PartnerId;
use crate::model::partner::{Mode, Scope, Scopes};
use crate::model::plan::{Merit, Policy, Span};
use crate::signing::http_message::{Ed25519Secret, HmacKey};
use crate::sql::trial::{self, House};

const MASTER: &str = "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const NEWER: &str = "2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
const ACTOR: &str = "tester";

fn sealer(text: &str) -> Sealer {
    Sealer::new(MasterKeys::parse(text).unwrap())
}

fn acme() -> PartnerId {
    "acme".parse().unwrap()
}

fn policy(mode: Mode) -> KeyPolicy {
    KeyPolicy { mode, scopes: Scopes::all(), allowed: Vec::new(), expires_at: None }
}

async fn open(house: &House, clock: &Clock) -> Directory {
    Directory::open(house.another().await, sealer(MASTER), clock.clone()).await.unwrap()
}

/// A directory with partner `acme`.
async fn with_acme(house: &House, clock: &Clock) -> Directory {
    let directory = open(house, clock).await;
    let new = NewPartner { id: acme(), name: "Acme".into(), country: "JP".into(), plan: "starter".into() };
    directory.create_partner(ACTOR, new).await.unwrap();
    directory
}

async fn issue(directory: &Directory) -> Issued {
    directory.issue_key(ACTOR, &acme(), policy(Mode::Live), Material::SharedSecret).await.unwrap()
}

#[tokio::test]
async fn an_issued_key_verifies_what_its_secret_signs() {
    for house in trial::houses().await {
        let directory = with_acme(&house, &Clock::shiftable()).await;
        let issued = issue(&directory).await;
        let record = directory.find(issued.key_id.as_str()).unwrap();
        let signature = HmacKey::new(issued.secret.unwrap().expose().as_bytes()).sign(b"base");
        assert!(record.verifying.verify(b"base", &signature));
        assert!(!record.verifying.verify(b"another base", &signature));
        assert_eq!((record.mode, record.partner.id.as_str()), (Mode::Live, "acme"));
        assert_eq!(record.partner.plan.policies.len(), 3);
        assert_eq!(&*record.partner.plan.policies[0].name, "second");
    }
}

#[tokio::test]
async fn the_secret_is_nowhere_in_the_database() {
    for house in trial::houses().await {
        let directory = with_acme(&house, &Clock::shiftable()).await;
        let secret = issue(&directory).await.secret.unwrap();
        let rows =
            house.sql.fetch_all("SELECT sealed_secret, wrapped_key FROM partner_keys", Vec::new()).await.unwrap();
        assert_eq!(rows.len(), 1);
        for column in ["sealed_secret", "wrapped_key"] {
            let stored = rows[0].bytes(column).unwrap();
            assert!(!stored.windows(8).any(|part| secret.expose().as_bytes().windows(8).any(|own| own == part)));
        }
    }
}

#[tokio::test]
async fn a_sealed_secret_moved_to_another_row_leaves_that_key_out() {
    for house in trial::houses().await {
        let clock = Clock::shiftable();
        let directory = with_acme(&house, &clock).await;
        let (one, two) = (issue(&directory).await, issue(&directory).await);
        let text = "UPDATE partner_keys SET sealed_secret = (SELECT sealed_secret FROM partner_keys WHERE id = $1), \
            wrapped_key = (SELECT wrapped_key FROM partner_keys WHERE id = $1) WHERE id = $2";
        house.sql.execute(text, crate::sql::args![one.key_id.as_str(), two.key_id.as_str()]).await.unwrap();
        let anew = open(&house, &clock).await;
        assert!(anew.find(one.key_id.as_str()).is_some() && anew.find(two.key_id.as_str()).is_none());
        assert_eq!(anew.snapshot().unreadable, 1);
    }
}

#[tokio::test]
async fn a_directory_does_not_open_with_another_master_key() {
    for house in trial::houses().await {
        let clock = Clock::shiftable();
        issue(&with_acme(&house, &clock).await).await;
        let other = sealer(&NEWER.replace("2:", "1:"));
        let opened = Directory::open(house.another().await, other, clock.clone()).await;
        assert!(matches!(opened, Err(Error::WrongMasterKey(1))), "{opened:?}");
    }
}

#[tokio::test]
async fn after_rewrapping_the_old_master_key_is_not_needed() {
    for house in trial::houses().await {
        let clock = Clock::shiftable();
        let id = issue(&with_acme(&house, &clock).await).await.key_id;
        let both = sealer(&format!("{MASTER}\n{NEWER}"));
        let directory = Directory::open(house.another().await, both, clock.clone()).await.unwrap();
        assert_eq!(directory.rewrap_keys(ACTOR).await.unwrap(), 1);
        assert_eq!(directory.rewrap_keys(ACTOR).await.unwrap(), 0);
        let newer = Directory::open(house.another().await, sealer(NEWER), clock.clone()).await.unwrap();
        assert!(newer.find(id.as_str()).is_some());
    }
}

#[tokio::test]
async fn a_change_by_another_process_is_seen_after_one_refresh() {
    for house in trial::houses().await {
        let clock = Clock::shiftable();
        let cli = with_acme(&house, &clock).await;
        let node = open(&house, &clock).await;
        assert_eq!(node.refresh().await, Refreshed::Same);
        let id = issue(&cli).await.key_id;
        assert!(node.find(id.as_str()).is_none());
        assert_eq!(node.refresh().await, Refreshed::Newer);
        assert_eq!(node.find(id.as_str()).unwrap().state(clock.now()), KeyState::Active);
        cli.suspend_partner(ACTOR, &acme(), "unpaid").await.unwrap();
        node.refresh().await;
        assert_eq!(node.find(id.as_str()).unwrap().state(clock.now()), KeyState::Suspended);
        cli.resume_partner(ACTOR, &acme()).await.unwrap();
        cli.suspend_key(ACTOR, id.as_str(), "leaked").await.unwrap();
        node.refresh().await;
        assert_eq!(node.find(id.as_str()).unwrap().state(clock.now()), KeyState::Suspended);
        cli.resume_key(ACTOR, id.as_str()).await.unwrap();
        cli.retire_key(ACTOR, id.as_str()).await.unwrap();
        assert_eq!(node.refresh().await, Refreshed::Newer);
        assert_eq!(node.find(id.as_str()).unwrap().state(clock.now()), KeyState::Expired);
    }
}

#[tokio::test]
async fn a_failed_refresh_keeps_what_is_known_and_is_counted() {
    for house in trial::houses().await {
        let clock = Clock::shiftable();
        let cli = with_acme(&house, &clock).await;
        let id = issue(&cli).await.key_id;
        let node = open(&house, &clock).await;
        node.sql.close().await;
        assert_eq!(node.refresh().await, Refreshed::Kept);
        assert_eq!(node.failed_refreshes(), 1);
        assert!(node.find(id.as_str()).is_some());
    }
}

#[tokio::test]
async fn a_rotated_key_counts_through_the_overlap_and_its_successor_takes_over() {
    for house in trial::houses().await {
        let clock = Clock::shiftable();
        let directory = with_acme(&house, &clock).await;
        let mut narrow = policy(Mode::Sandbox);
        narrow.scopes = [Scope::CatalogRead].into_iter().collect();
        narrow.allowed = vec!["203.0.113.0/24".parse().unwrap()];
        let old = directory.issue_key(ACTOR, &acme(), narrow.clone(), Material::SharedSecret).await.unwrap();
        let old = old.key_id;
        let rotation =
            Rotation { overlap: SignedDuration::from_hours(24), material: Material::SharedSecret, expires_at: None };
        let new = directory.rotate_key(ACTOR, old.as_str(), rotation.clone()).await.unwrap().key_id;
        let record = directory.find(new.as_str()).unwrap();
        assert_eq!((record.mode, record.scopes, &record.allowed), (Mode::Sandbox, narrow.scopes, &narrow.allowed));
        assert_eq!(record.rotated_from.as_deref(), Some(old.as_str()));
        let state = |id: &str| directory.find(id).unwrap().state(clock.now());
        assert_eq!((state(old.as_str()), state(new.as_str())), (KeyState::Active, KeyState::Active));
        clock.advance_ms(24 * 3_600_000 + 1);
        assert_eq!((state(old.as_str()), state(new.as_str())), (KeyState::Expired, KeyState::Active));
        let again = directory.rotate_key(ACTOR, old.as_str(), rotation).await;
        assert!(matches!(again, Err(Error::KeyEnded(_))), "{again:?}");
    }
}

#[tokio::test]
async fn rotating_never_prolongs_the_old_key() {
    for house in trial::houses().await {
        let clock = Clock::shiftable();
        let directory = with_acme(&house, &clock).await;
        let end = clock.now() + SignedDuration::from_mins(5);
        let short = KeyPolicy { expires_at: Some(end), ..policy(Mode::Live) };
        let old = directory.issue_key(ACTOR, &acme(), short, Material::SharedSecret).await.unwrap().key_id;
        let rotation =
            Rotation { overlap: SignedDuration::from_hours(24), material: Material::SharedSecret, expires_at: None };
        directory.rotate_key(ACTOR, old.as_str(), rotation).await.unwrap();
        let kept = directory.find(old.as_str()).unwrap().expires_at.unwrap();
        assert_eq!(kept.as_millisecond(), end.as_millisecond());
    }
}

#[tokio::test]
async fn an_uploaded_public_key_is_stored_as_it_is_and_rotates_to_another_public_key_only() {
    for house in trial::houses().await {
        let directory = with_acme(&house, &Clock::shiftable()).await;
        let secret = Ed25519Secret::from_seed(&[7; 32]);
        let public = Material::Public(secret.public());
        let issued = directory.issue_key(ACTOR, &acme(), policy(Mode::Live), public).await.unwrap();
        assert!(issued.secret.is_none());
        let record = directory.find(issued.key_id.as_str()).unwrap();
        assert!(record.verifying.verify(b"base", &secret.sign(b"base")));
        let rotation = Rotation { overlap: SignedDuration::ZERO, material: Material::SharedSecret, expires_at: None };
        let rotated = directory.rotate_key(ACTOR, issued.key_id.as_str(), rotation).await;
        assert!(matches!(rotated, Err(Error::WrongMaterial(_))), "{rotated:?}");
    }
}

#[tokio::test]
async fn every_change_leaves_its_row_in_the_audit_and_none_holds_the_secret() {
    for house in trial::houses().await {
        let directory = with_acme(&house, &Clock::shiftable()).await;
        let issued = issue(&directory).await;
        let (id, secret) = (issued.key_id.as_str(), issued.secret.unwrap());
        directory.suspend_partner(ACTOR, &acme(), "unpaid").await.unwrap();
        directory.resume_partner("li", &acme()).await.unwrap();
        directory.retire_key(ACTOR, id).await.unwrap();
        let entries = directory.audit(10).await.unwrap();
        let mut told: Vec<_> = entries.iter().map(|entry| (entry.action.as_str(), entry.subject.as_str())).collect();
        told.reverse();
        let expected = [
            ("partner.create", "acme"),
            ("key.issue", id),
            ("partner.suspend", "acme"),
            ("partner.resume", "acme"),
            ("key.retire", id),
        ];
        assert_eq!(told, expected);
        assert_eq!(entries[1].actor, "operator:li");
        assert_eq!(entries[2].detail, "unpaid");
        assert!(entries.iter().all(|entry| !entry.detail.contains(secret.expose())));
    }
}

#[tokio::test]
async fn mistakes_change_nothing_and_say_what_is_wrong() {
    for house in trial::houses().await {
        let directory = with_acme(&house, &Clock::shiftable()).await;
        let before = directory.audit(100).await.unwrap().len();
        let new = |country: &str, plan: &str, id: &str| NewPartner {
            id: id.parse().unwrap(),
            name: "X".into(),
            country: country.into(),
            plan: plan.into(),
        };
        let create = |new| directory.create_partner(ACTOR, new);
        assert!(matches!(create(new("JP", "starter", "acme")).await, Err(Error::PartnerTaken(_))));
        assert!(matches!(create(new("Japan", "starter", "b2")).await, Err(Error::NotACountry(_))));
        let no_plan = create(new("JP", "gold", "b2")).await.unwrap_err().to_string();
        assert!(no_plan.contains("business, enterprise, starter"), "{no_plan}");
        let nobody = example_partner("nobody").id;
        let orphan = directory.issue_key(ACTOR, &nobody, policy(Mode::Live), Material::SharedSecret).await;
        assert!(matches!(orphan, Err(Error::NoSuchPartner(_))));
        assert!(matches!(directory.suspend_partner(ACTOR, &nobody, "").await, Err(Error::NoSuchPartner(_))));
        assert!(matches!(directory.retire_key(ACTOR, "xyk_live_0").await, Err(Error::NoSuchKey(_))));
        let past = KeyPolicy { expires_at: Some(jiff::Timestamp::UNIX_EPOCH), ..policy(Mode::Live) };
        let past = directory.issue_key(ACTOR, &acme(), past, Material::SharedSecret).await;
        assert!(matches!(past, Err(Error::EndsInThePast)));
        assert_eq!(directory.audit(100).await.unwrap().len(), before);
        assert!(directory.list_keys(None).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn lists_show_states_and_no_secrets() {
    for house in trial::houses().await {
        let directory = with_acme(&house, &Clock::shiftable()).await;
        let (one, two) = (issue(&directory).await.key_id, issue(&directory).await.key_id);
        directory.retire_key(ACTOR, one.as_str()).await.unwrap();
        let states = |rows: Vec<super::KeyRow>| -> Vec<_> { rows.into_iter().map(|row| (row.id, row.state)).collect() };
        let rows = states(directory.list_keys(Some(&acme())).await.unwrap());
        assert!(
            rows.contains(&(one.to_string(), KeyState::Expired)) && rows.contains(&(two.to_string(), KeyState::Active))
        );
        assert!(directory.list_keys(Some(&"other".parse().unwrap())).await.unwrap().is_empty());
        directory.suspend_partner(ACTOR, &acme(), "").await.unwrap();
        let rows = states(directory.list_keys(None).await.unwrap());
        assert!(rows.contains(&(two.to_string(), KeyState::Suspended)));
        assert!(directory.list_partners().await.unwrap()[0].suspended_at.is_some());
    }
}

fn other(policy: &str, quota: u32, until: jiff::Timestamp) -> NewOverride {
    let (policy, reason) = (policy.to_owned(), "sale".to_owned());
    NewOverride { partner: acme(), policy, quota: Some(quota), burst: None, shadow: false, reason, until }
}

fn quota(directory: &Directory, policy: &str) -> Option<u32> {
    let partner = directory.find_partner("acme").unwrap();
    partner.plan.policies.iter().find(|one| &*one.name == policy).map(|one| one.quota)
}

#[tokio::test]
async fn an_override_is_in_force_on_every_node_until_it_ends_by_itself_or_is_ended() {
    for house in trial::houses().await {
        let clock = Clock::shiftable();
        let cli = with_acme(&house, &clock).await;
        let node = open(&house, &clock).await;
        let hour = clock.now() + SignedDuration::from_hours(1);
        let id = cli.set_override(other("minute", 6_000, hour), "li").await.unwrap();
        assert_eq!((quota(&cli, "minute"), quota(&node, "minute")), (Some(6_000), Some(600)));
        assert_eq!((node.refresh().await, quota(&node, "minute")), (Refreshed::Newer, Some(6_000)));
        assert_eq!(node.refresh().await, Refreshed::Same);
        let trial = NewOverride { shadow: true, ..other("second", 5, hour) };
        cli.set_override(trial, "li").await.unwrap();
        node.refresh().await;
        assert_eq!((quota(&node, "second"), quota(&node, "second.trial")), (Some(20), Some(5)));
        cli.end_override(&id, "wang").await.unwrap();
        node.refresh().await;
        assert_eq!(quota(&node, "minute"), Some(600));
        clock.advance_ms(3_600_001);
        assert_eq!(
            (node.refresh().await, quota(&node, "second.trial")),
            (Refreshed::Newer, None),
            "nobody changed a row"
        );
        assert_eq!(node.refresh().await, Refreshed::Same);
        let again = cli.end_override(&id, "wang").await;
        assert!(matches!(again, Err(Error::OverrideEnded(_))), "{again:?}");
        let told = cli.overrides(Some(&acme())).await.unwrap();
        assert_eq!(
            (told.len(), told[1].ended_by.as_deref(), told[1].by.as_str()),
            (2, Some("operator:wang"), "operator:li")
        );
        let audited = cli.audit(3).await.unwrap();
        assert_eq!((audited[0].action.as_str(), audited[2].action.as_str()), ("limit.end", "limit.override"));
        assert!(audited[2].detail.ends_with("sale") && audited[2].subject == "acme", "{}", audited[2].detail);
    }
}

#[tokio::test]
async fn an_override_that_means_nothing_is_refused_with_what_would() {
    for house in trial::houses().await {
        let clock = Clock::shiftable();
        let directory = with_acme(&house, &clock).await;
        let hour = clock.now() + SignedDuration::from_hours(1);
        let good = || other("minute", 6_000, hour);
        for (wrong, says) in [
            (other("week", 1, hour), "second, minute, day, concurrent"),
            (other("minute", 0, hour), "suspend"),
            (other("minute", 10, clock.now()), "future"),
            (NewOverride { reason: " ".into(), ..good() }, "why"),
            (NewOverride { quota: None, ..good() }, "quota, a burst"),
            (NewOverride { burst: Some(6_001), ..good() }, "at most the quota"),
            (NewOverride { burst: Some(1), ..other("day", 9, hour) }, "no burst"),
            (NewOverride { shadow: true, ..other("concurrent", 9, hour) }, "shadow"),
            (NewOverride { partner: "nobody".parse().unwrap(), ..good() }, "nobody"),
        ] {
            let told = directory.set_override(wrong, ACTOR).await.unwrap_err().to_string();
            assert!(told.contains(says), "{told}");
        }
        assert!(directory.overrides(None).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn plans_change_under_running_nodes_and_days_are_days_of_a_zone() {
    for house in trial::houses().await {
        let clock = Clock::shiftable();
        let cli = with_acme(&house, &clock).await;
        let node = open(&house, &clock).await;
        cli.create_plan("gold", "starter", "li").await.unwrap();
        let mut day = Policy::daily("day", 70_000, "asia/tokyo", 600);
        day.merit = Some(Merit { per_order: 50, most: 1_000, days: 30 });
        cli.set_policy("gold", &day, "li").await.unwrap();
        cli.set_policy("gold", &Policy { shadow: true, ..Policy::rolling("hour", 9_000, 3_600, 9_000) }, "li")
            .await
            .unwrap();
        cli.set_in_flight("gold", 17, "li").await.unwrap();
        cli.drop_policy("gold", "second", "li").await.unwrap();
        cli.assign_plan(&acme(), "gold", "li").await.unwrap();
        node.refresh().await;
        let plan = node.find_partner("acme").unwrap().plan.clone();
        let names: Vec<_> = plan.policies.iter().map(|policy| &*policy.name).collect();
        assert_eq!((names, plan.in_flight), (vec!["minute", "hour", "day"], 17));
        assert_eq!(plan.policies[2].span, Span::Day { zone: "Asia/Tokyo".into(), jitter_s: 600 });
        assert!(plan.policies[1].shadow && plan.policies[2].merit == day.merit);
        let starter = cli.get_plan("starter").await.unwrap();
        assert!(matches!(&starter.policies[2].span, Span::Day { zone, jitter_s: 900 } if &**zone == "UTC"));
        for wrong in [
            Policy::daily("day", 1, "Mars/Olympus", 0),
            Policy::daily("day", 1, "UTC", 3_601),
            Policy::rolling("week", 1, 604_800, 1),
            Policy::rolling("concurrent", 1, 1, 1),
            Policy::rolling("minute", 10, 60, 11),
        ] {
            assert!(cli.set_policy("gold", &wrong, "li").await.is_err(), "{wrong:?}");
        }
        assert!(matches!(cli.create_plan("gold", "starter", "li").await, Err(Error::PlanTaken(_))));
        assert!(matches!(cli.assign_plan(&acme(), "lead", "li").await, Err(Error::NoSuchPlan { .. })));
        let actions: Vec<_> = cli.audit(6).await.unwrap().into_iter().map(|entry| entry.action).collect();
        assert_eq!(actions, ["partner.plan", "plan.drop", "plan.set", "plan.set", "plan.set", "plan.create"]);
    }
}

#[tokio::test]
async fn points_grow_and_never_shrink_while_their_day_lasts_and_are_the_same_on_every_node() {
    for house in trial::houses().await {
        let clock = Clock::shiftable();
        let one = with_acme(&house, &clock).await;
        let other = open(&house, &clock).await;
        let mut day = Policy::daily("day", 1_000, "UTC", 0);
        day.merit = Some(Merit { per_order: 10, most: 95, days: 7 });
        one.set_policy("starter", &day, "li").await.unwrap();
        other.refresh().await;
        let add = async |directory: &Directory, orders: u64| {
            let earning = directory.earnings().remove(0);
            let points = earning.points(orders);
            directory.add_points(vec![(earning, points)]).await.unwrap();
        };
        let allowance =
            |directory: &Directory| directory.find_partner("acme").unwrap().plan.policies.last().unwrap().allowance();
        add(&one, 4).await;
        add(&other, 2).await;
        one.refresh().await;
        other.refresh().await;
        assert_eq!((allowance(&one), allowance(&other)), (1_040, 1_040), "who counted less takes nothing away");
        add(&other, 50).await;
        one.refresh().await;
        assert_eq!(allowance(&one), 1_095, "and never more than the most");
        assert_eq!(one.refresh().await, Refreshed::Same);
        clock.advance_ms(86_400_000);
        one.refresh().await;
        assert_eq!(allowance(&one), 1_000, "another day begins with nothing");
    }
}
