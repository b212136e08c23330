//! People, sessions and tokens over a real database of each engine.

use std::net::{IpAddr, Ipv4Addr};

use super::{Error, Role, Staff, Way};
use crate::audit;
use crate::clock::Clock;
use crate::sql::{Sql, trial};

const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const HOUR_MS: i64 = 3_600_000;

fn secret(text: &str) -> zeroize::Zeroizing<String> {
    text.to_owned().into()
}

async fn with_li(sql: &Sql) -> (Staff, Clock) {
    let clock = Clock::shiftable();
    let staff = Staff::new(sql.clone(), clock.clone());
    staff.add("root", &"li".parse().unwrap(), Role::Operator, secret("correct horse")).await.unwrap();
    (staff, clock)
}

fn li() -> Way {
    Way::Person("li".to_owned())
}

async fn actions(sql: &Sql) -> Vec<(String, String)> {
    let all = audit::list_oldest_first(sql, &audit::Filter::default(), None, 100).await.unwrap().items;
    all.into_iter().map(|entry| (entry.action, entry.actor)).collect()
}

#[tokio::test]
async fn a_name_and_its_password_belong_together_and_others_do_not() {
    for house in trial::houses().await {
        let (staff, _) = with_li(&house.sql).await;
        assert_eq!(staff.check("li", secret("correct horse")).await.unwrap(), Some(Role::Operator));
        assert_eq!(staff.check("li", secret("correct horsf")).await.unwrap(), None);
        assert_eq!(staff.check("wang", secret("correct horse")).await.unwrap(), None);
        let again = staff.add("root", &"li".parse().unwrap(), Role::Admin, secret("another password")).await;
        assert!(matches!(again, Err(Error::NameTaken(name)) if name == "li"));
        let kept = house.sql.fetch_all("SELECT password_hash FROM operators", Vec::new()).await.unwrap();
        assert!(kept[0].text("password_hash").unwrap().starts_with("$argon2id$"));
    }
}

#[tokio::test]
async fn a_session_counts_at_every_node_until_its_time_or_its_end() {
    for house in trial::houses().await {
        let (staff, clock) = with_li(&house.sql).await;
        let cookie = staff.open(&li(), HOME).await.unwrap();
        let elsewhere = Staff::new(house.another().await, clock.clone());
        let found = elsewhere.find_session(&cookie, "").await.unwrap().unwrap();
        assert_eq!((found.name.as_str(), found.role, found.is_person), ("li", Role::Operator, true));
        assert!(elsewhere.find_session("", "").await.unwrap().is_none());
        assert!(elsewhere.find_session(&found.digest, "").await.unwrap().is_none(), "what is kept opens nothing");
        elsewhere.close(&found).await.unwrap();
        assert!(staff.find_session(&cookie, "").await.unwrap().is_none());
        let cookie = staff.open(&li(), HOME).await.unwrap();
        clock.advance_ms(12 * HOUR_MS + 1);
        assert!(staff.find_session(&cookie, "").await.unwrap().is_none());
    }
}

#[tokio::test]
async fn another_role_counts_at_once_and_another_password_or_removal_ends_all() {
    for house in trial::houses().await {
        let (staff, _) = with_li(&house.sql).await;
        let cookie = staff.open(&li(), HOME).await.unwrap();
        staff.set_role("root", "li", Role::Viewer).await.unwrap();
        assert_eq!(staff.find_session(&cookie, "").await.unwrap().unwrap().role, Role::Viewer);
        staff.set_password("root", "li", secret("a new password")).await.unwrap();
        assert!(staff.find_session(&cookie, "").await.unwrap().is_none());
        assert_eq!(staff.check("li", secret("a new password")).await.unwrap(), Some(Role::Viewer));
        let cookie = staff.open(&li(), HOME).await.unwrap();
        let (_, token) = staff.issue_token("root", "li", Role::Viewer, "grafana", 30).await.unwrap();
        staff.remove("root", "li").await.unwrap();
        assert!(staff.find_session(&cookie, "").await.unwrap().is_none());
        assert!(staff.find_token(&token).await.unwrap().is_none());
        assert!(staff.is_empty().await.unwrap());
        assert!(matches!(staff.remove("root", "li").await, Err(Error::NoSuchOperator(_))));
    }
}

#[tokio::test]
async fn logging_out_everywhere_ends_every_session_of_that_name_alone() {
    for house in trial::houses().await {
        let (staff, _) = with_li(&house.sql).await;
        let (one, two) = (staff.open(&li(), HOME).await.unwrap(), staff.open(&li(), HOME).await.unwrap());
        let once = staff.open(&Way::Once, HOME).await.unwrap();
        assert_eq!(staff.sessions("li", "").await.unwrap().len(), 2);
        assert_eq!(staff.close_all("li", "li").await.unwrap(), 2);
        for cookie in [one, two] {
            assert!(staff.find_session(&cookie, "").await.unwrap().is_none());
        }
        assert_eq!(staff.find_session(&once, "").await.unwrap().unwrap().role, Role::Admin);
    }
}

#[tokio::test]
async fn a_session_of_the_settings_ends_with_the_password_that_opened_it() {
    for house in trial::houses().await {
        let staff = Staff::new(house.sql.clone(), Clock::shiftable());
        let cookie = staff.open(&Way::Settings("one".to_owned()), HOME).await.unwrap();
        assert!(staff.find_session(&cookie, "one").await.unwrap().is_some());
        for other in ["two", ""] {
            assert!(staff.find_session(&cookie, other).await.unwrap().is_none(), "{other:?}");
        }
        let cookie = staff.open(&Way::Settings(String::new()), HOME).await.unwrap();
        assert!(staff.find_session(&cookie, "").await.unwrap().is_none(), "without a password nobody came in by it");
    }
}

#[tokio::test]
async fn a_token_has_its_persons_role_at_most_and_ends_in_time() {
    for house in trial::houses().await {
        let (staff, clock) = with_li(&house.sql).await;
        let (token, shown) = staff.issue_token("root", "li", Role::Admin, "ci", 30).await.unwrap();
        assert!(shown.starts_with("xyo_"));
        assert_eq!(staff.find_token(&shown).await.unwrap().unwrap().role, Role::Operator);
        assert!(staff.find_token("xyo_x").await.unwrap().is_none());
        assert_eq!(staff.tokens(Some("li")).await.unwrap().len(), 1);
        assert!(matches!(staff.withdraw_token("wang", &token.id, Some("wang")).await, Err(Error::NoSuchToken(_))));
        staff.withdraw_token("li", &token.id, Some("li")).await.unwrap();
        assert!(staff.find_token(&shown).await.unwrap().is_none());
        let (_, shown) = staff.issue_token("root", "li", Role::Viewer, "ci", 1).await.unwrap();
        clock.advance_ms(24 * HOUR_MS + 1);
        assert!(staff.find_token(&shown).await.unwrap().is_none());
        for days in [0, 367] {
            let refused = staff.issue_token("root", "li", Role::Viewer, "ci", days).await;
            assert!(matches!(refused, Err(Error::TokenLife(366))));
        }
        let nobody = staff.issue_token("root", "wang", Role::Viewer, "ci", 1).await;
        assert!(matches!(nobody, Err(Error::NoSuchOperator(_))));
    }
}

#[tokio::test]
async fn every_change_and_login_is_in_the_audit_under_its_name() {
    for house in trial::houses().await {
        let (staff, _) = with_li(&house.sql).await;
        let cookie = staff.open(&li(), HOME).await.unwrap();
        let session = staff.find_session(&cookie, "").await.unwrap().unwrap();
        staff.close(&session).await.unwrap();
        staff.set_role("root", "li", Role::Admin).await.unwrap();
        staff.set_password("li", "li", secret("a new password")).await.unwrap();
        staff.close_all("li", "li").await.unwrap();
        let rows = actions(&house.sql).await;
        let told: Vec<_> = rows.iter().map(|(action, actor)| (action.as_str(), actor.as_str())).collect();
        let by_li = |action| (action, "operator:li");
        let by_root = |action| (action, "operator:root");
        let expected = [
            by_root("operator.add"),
            by_li("console.login"),
            by_li("console.logout"),
            by_root("operator.role"),
            by_li("operator.password"),
            by_li("console.logout_everywhere"),
        ];
        assert_eq!(told, expected);
        let text = format!("{:?}", house.sql.fetch_all("SELECT detail FROM audit", Vec::new()).await.unwrap());
        assert!(!text.contains("password") && !text.contains(&**cookie));
    }
}

#[tokio::test]
async fn a_name_has_so_many_sessions_and_no_more() {
    for house in trial::houses().await {
        let (staff, clock) = with_li(&house.sql).await;
        let first = staff.open(&li(), HOME).await.unwrap();
        for _ in 0..20 {
            clock.advance_ms(1_000);
            staff.open(&li(), HOME).await.unwrap();
        }
        assert_eq!(staff.sessions("li", "").await.unwrap().len(), 20);
        assert!(staff.find_session(&first, "").await.unwrap().is_none(), "the oldest went");
    }
}

#[test]
fn names_are_short_and_not_those_of_other_ways_in() {
    use super::Name;
    for right in ["li", "wang.wei", "ops-2", "a"] {
        assert!(right.parse::<Name>().is_ok(), "{right}");
    }
    let long = "x".repeat(41);
    for wrong in ["", "Li", "2li", "li wang", "one-time", "settings", "system", "operator:li", "-li", &long] {
        assert!(wrong.parse::<Name>().is_err(), "{wrong}");
    }
}
