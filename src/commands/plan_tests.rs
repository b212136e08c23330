//! `xunyuan plan` and `xunyuan limit` as typed, over a real directory.

use clap::Parser;

use super::{limit, partner, plan};
use crate::clock::Clock;
use crate::partners::{Directory, MasterKeys, Sealer};
use crate::sql::trial::{self, House};

#[derive(Parser)]
enum Typed {
    Partner(partner::Asked),
    Plan(plan::Asked),
    Limit(limit::Asked),
}

struct Desk {
    directory: Directory,
    clock: Clock,
    _house: House,
}

impl Desk {
    async fn with_acme() -> Self {
        let house = trial::houses().await.remove(0);
        let sealer = Sealer::new(MasterKeys::parse(&MasterKeys::generate(1).unwrap()).unwrap());
        let clock = Clock::shiftable();
        let directory = Directory::open(house.another().await, sealer, clock.clone()).await.unwrap();
        let desk = Self { directory, clock, _house: house };
        desk.say("partner create acme --name Acme --country JP --actor li").await.unwrap();
        desk
    }

    /// Words are divided by spaces; `_` stands for one inside a word.
    async fn say(&self, line: &str) -> Result<String, String> {
        let words =
            line.split(' ').map(|word| if word.starts_with('\'') { word.replace('_', " ") } else { word.to_owned() });
        let typed = Typed::try_parse_from(std::iter::once("xunyuan".to_owned()).chain(words));
        let mut out = Vec::new();
        let done = match typed.map_err(|error| error.to_string())? {
            Typed::Partner(asked) => partner::run(asked, &self.directory, &mut out).await,
            Typed::Plan(asked) => plan::run(asked, &self.directory, &mut out).await,
            Typed::Limit(asked) => limit::run(asked, &self.directory, &mut out).await,
        };
        done.map(|()| String::from_utf8(out).unwrap()).map_err(|error| format!("{error:#}"))
    }

    async fn json(&self, line: &str) -> serde_json::Value {
        serde_json::from_str(&self.say(&format!("{line} --json")).await.unwrap()).unwrap()
    }
}

#[tokio::test]
async fn a_plan_is_made_from_another_changed_and_given_to_a_partner() {
    let desk = Desk::with_acme().await;
    assert!(desk.say("plan list").await.unwrap().starts_with("PLAN"));
    desk.say("plan create gold --like starter").await.unwrap();
    desk.say("plan set gold minute --quota 6000 --actor li").await.unwrap();
    desk.say("plan set gold hour --quota 90000 --burst 500 --window 1h --shadow").await.unwrap();
    desk.say("plan set gold day --quota 800000 --day Asia/Tokyo --points-per-order 50 --points-most 1000")
        .await
        .unwrap();
    desk.say("plan set gold day --points-days 7").await.unwrap();
    desk.say("plan concurrent gold 64").await.unwrap();
    desk.say("plan margin gold 1.5 --actor li").await.unwrap();
    desk.say("plan assign acme gold").await.unwrap();
    let gold = desk.json("plan show gold").await[0].clone();
    let policies = gold["policies"].as_array().unwrap();
    let policy = |name: &str| policies.iter().find(|policy| policy["name"] == name).unwrap();
    assert_eq!((&policy("minute")["quota"], &policy("minute")["burst"]), (&6_000.into(), &6_000.into()));
    assert_eq!((&policy("hour")["window_s"], &policy("hour")["shadow"]), (&3_600.into(), &true.into()));
    assert_eq!((&policy("day")["time_zone"], &policy("day")["jitter_s"]), (&"Asia/Tokyo".into(), &900.into()));
    assert_eq!(policy("day")["points"], serde_json::json!({"per_order": 50, "most": 1_000, "days": 7}));
    assert_eq!(gold["concurrent"], 64);
    assert_eq!(gold["margin_percent"], "1.5");
    let plan = desk.directory.find_partner("acme").unwrap().plan.clone();
    assert_eq!((&*plan.id, plan.price_tier.margin.hundredths()), ("gold", 150));
    desk.say("plan create golder --like gold").await.unwrap();
    assert_eq!(desk.json("plan show golder").await[0]["margin_percent"], "1.5", "a copy has the margin, too");
    assert!(desk.say("plan show gold").await.unwrap().contains("1.5 %"));
    let audited = desk.directory.audit(30).await.unwrap();
    assert!(audited.iter().any(|entry| entry.subject == "gold" && entry.detail == "margin 1.5 %"));
    desk.say("plan set gold hour --binding").await.unwrap();
    desk.say("plan drop gold second").await.unwrap();
    let told = desk.say("plan show gold").await.unwrap();
    assert!(!told.contains("second") && !told.contains("in shadow") && told.contains("day of Asia/Tokyo"), "{told}");
    assert_eq!(
        desk.directory.audit(20).await.unwrap().iter().find(|entry| entry.action == "plan.set").unwrap().subject,
        "gold"
    );
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_what_to_do() {
    let desk = Desk::with_acme().await;
    for (line, says) in [
        ("plan show lead", "business, enterprise, starter"),
        ("plan set starter week --quota 5", "--window 60s or --day UTC"),
        ("plan set starter week --window 60s", "--quota"),
        ("plan set starter day --burst 5", "no burst"),
        ("plan set starter day --day Mars/Olympus", "Asia/Tokyo"),
        ("plan set starter day --points-per-order 5", "--points-most"),
        ("plan set starter minute --jitter 5m", "--day"),
        ("plan drop starter week", "second, minute, day"),
        ("plan margin starter 31", "0 to 30 per cent"),
        ("plan margin lead 3", "business, enterprise, starter"),
        ("plan assign nobody starter", "partner list"),
        ("limit override acme week --quota 5 --for 1h --reason x", "second, minute, day, concurrent"),
        ("limit override acme minute --for 1h --reason x", "give a quota"),
        ("limit override acme minute --quota 5 --reason x", "--until"),
        ("limit override acme minute --quota 5 --for 1h --until 1d --reason x", "cannot be used with"),
        ("limit override acme minute --quota 5 --for 1h", "--reason"),
        ("limit end ovr_00000000000000000000000000000000", "limit overrides"),
    ] {
        let told = desk.say(line).await.unwrap_err();
        assert!(told.contains(says), "{line}: {told}");
    }
}

#[tokio::test]
async fn an_override_is_set_listed_and_ended() {
    let desk = Desk::with_acme().await;
    let told =
        desk.say("limit override acme minute --quota 6000 --for 2h --reason 'sale_in_Osaka' --actor li").await.unwrap();
    let id = told.split(' ').next().unwrap();
    assert!(id.starts_with("ovr_") && told.contains(&format!("xunyuan limit end {id}")), "{told}");
    desk.say("limit override acme concurrent --quota 99 --for 1h --reason more").await.unwrap();
    assert_eq!(desk.directory.find_partner("acme").unwrap().plan.in_flight, 99);
    let list = desk.say("limit overrides acme").await.unwrap();
    assert!(list.contains("quota 6000") && list.contains("sale in Osaka") && list.contains("operator:li"), "{list}");
    desk.say(&format!("limit end {id} --actor wang")).await.unwrap();
    assert_eq!(desk.json("limit overrides").await.as_array().unwrap().len(), 1);
    let all = desk.json("limit overrides --all").await;
    assert_eq!((&all[1]["ended_by"], &all[1]["in_force"]), (&"operator:wang".into(), &false.into()));
    desk.clock.advance_ms(3_600_000);
    assert_eq!(desk.json("limit overrides acme").await, serde_json::json!([]));
}
