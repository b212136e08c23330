//! What goes wrong, and how it is made good again. Every trouble heals what it broke before it ends; whatever is chosen
//! comes from the seed.

use std::sync::Arc;
use std::sync::Mutex as Quick;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tokio::sync::Mutex;
use xunyuan::clock::Clock;

use crate::caller::Desk;
use crate::dice::Dice;
use crate::history::History;
use crate::process::Process;
use crate::world::{Catalogue, World};

const READY: Duration = Duration::from_secs(60);

macro_rules! troubles {
    ($( $variant:ident = $name:literal, $weight:literal; )*) => {
        /// A kind of trouble.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Trouble { $( #[doc = $name] $variant, )* }

        impl Trouble {
            /// All of them, each as often as it weighs.
            pub const ALL: &'static [(Trouble, u64)] = &[ $( (Trouble::$variant, $weight), )* ];
            /// What people call it.
            pub const fn name(self) -> &'static str { match self { $( Self::$variant => $name, )* } }
        }
    };
}

troubles! {
    NodeKilled = "node-killed", 6;
    NodeFrozen = "node-frozen", 4;
    RedisKilled = "redis-killed", 2;
    RedisFrozen = "redis-frozen", 2;
    PostgresRestarted = "postgres-restarted", 2;
    PostgresCrashed = "postgres-crashed", 2;
    CatalogueFaults = "catalogue-faults", 8;
    CatalogueKilled = "catalogue-killed", 2;
    CatalogueFrozen = "catalogue-frozen", 2;
    PricesMoved = "prices-moved", 1;
}

impl Trouble {
    /// Finds one by its name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.iter().map(|(trouble, _)| *trouble).find(|trouble| trouble.name() == name)
    }
}

/// Calls of the catalogue that faults are asked for: method and path.
const CALLS: [(&str, &str); 8] = [
    ("POST", "/trade/orders"),
    ("POST", "/trade/orders"),
    ("POST", "/trade/orders/{orderNo}/pay"),
    ("POST", "/trade/orders/{orderNo}/cancel"),
    ("GET", "/trade/orders/byOutRef"),
    ("GET", "/changes"),
    ("POST", "/trade/preview"),
    ("POST", "/trade/*"),
];
const FAULTS: [&str; 7] = ["drop_after", "drop_after", "drop_before", "slow", "status", "garbage", "garbage"];

/// Who makes trouble.
pub struct Nemesis {
    world: Arc<World>,
    catalogue: Catalogue,
    desk: Arc<Desk>,
    log: History,
    only: Vec<Trouble>,
    now: Quick<Vec<String>>,
}

impl Nemesis {
    /// A nemesis that knows all troubles, or only these.
    pub fn new(world: Arc<World>, desk: Arc<Desk>, log: History, only: Vec<Trouble>) -> Result<Self> {
        let catalogue = Catalogue::new(world.catalogue_url.clone(), Duration::from_secs(5))?;
        Ok(Self { world, catalogue, desk, log, only, now: Quick::new(Vec::new()) })
    }

    /// What is wrong right now.
    pub fn now(&self) -> String {
        self.now.lock().unwrap_or_else(PoisonError::into_inner).join(", ")
    }

    /// Makes trouble, sometimes two at a time, while new orders may begin; gives how often.
    pub async fn rage(&self, mut dice: Dice) -> Result<u64> {
        let mut times = 0;
        while self.desk.open.load(Ordering::Relaxed) {
            let (one, mut other) = (self.choose(&mut dice), dice.fork());
            if dice.percent(25) {
                let two = self.choose(&mut dice);
                let (done, also) = tokio::join!(self.make(one, &mut dice), self.make(two, &mut other));
                done.and(also)?;
                times += 2;
            } else {
                self.make(one, &mut dice).await?;
                times += 1;
            }
            sleep(&mut dice, 500, 3_000).await;
        }
        Ok(times)
    }

    fn choose(&self, dice: &mut Dice) -> Trouble {
        if let Some(trouble) = dice.pick(&self.only) {
            return *trouble;
        }
        let mut at = dice.between(1, Trouble::ALL.iter().map(|(_, weight)| weight).sum());
        for (trouble, weight) in Trouble::ALL {
            if at <= *weight {
                return *trouble;
            }
            at -= weight;
        }
        Trouble::NodeKilled
    }

    /// One trouble from its beginning to its end.
    pub async fn make(&self, trouble: Trouble, dice: &mut Dice) -> Result<()> {
        let world = &self.world;
        let number = dice.below(world.nodes.len());
        match trouble {
            Trouble::NodeKilled => self.kill(trouble, &world.nodes[number], dice, 3_000).await,
            Trouble::NodeFrozen => self.freeze(trouble, &world.nodes[number], dice, 5_000, 15_000).await,
            Trouble::RedisKilled => self.kill(trouble, &world.redis, dice, 6_000).await,
            Trouble::RedisFrozen => self.freeze(trouble, &world.redis, dice, 2_000, 8_000).await,
            Trouble::PostgresRestarted => self.restart_postgres(trouble, "INT").await,
            Trouble::PostgresCrashed => self.restart_postgres(trouble, "QUIT").await,
            Trouble::CatalogueKilled => self.kill(trouble, &world.catalogue, dice, 3_000).await,
            Trouble::CatalogueFrozen => self.freeze(trouble, &world.catalogue, dice, 2_000, 8_000).await,
            Trouble::CatalogueFaults => self.fail_calls(trouble, dice).await,
            Trouble::PricesMoved => self.move_prices(trouble, dice).await,
        }
    }

    async fn kill(&self, trouble: Trouble, of: &Mutex<Process>, dice: &mut Dice, away_ms: u64) -> Result<()> {
        let mut process = of.lock().await;
        let told = self.tell(trouble, &process.recipe.name)?;
        process.kill();
        sleep(dice, 0, away_ms).await;
        process.revive(READY).await?;
        self.untell(&told)
    }

    async fn freeze(&self, trouble: Trouble, of: &Mutex<Process>, dice: &mut Dice, low: u64, high: u64) -> Result<()> {
        let mut process = of.lock().await;
        if process.is_gone() {
            // It fell by itself, which `heal` tells.
            return Ok(());
        }
        let told = self.tell(trouble, &process.recipe.name)?;
        process.signal("STOP")?;
        sleep(dice, low, high).await;
        process.signal("CONT")?;
        self.untell(&told)
    }

    /// `INT` is what `pg_ctl stop -m fast` sends, `QUIT` what `-m immediate` does: then it has to recover.
    async fn restart_postgres(&self, trouble: Trouble, signal: &str) -> Result<()> {
        let mut postgres = self.world.postgres.lock().await;
        let told = self.tell(trouble, "postgres")?;
        postgres.end(signal, Duration::from_secs(20)).await?;
        postgres.revive(READY).await?;
        self.untell(&told)
    }

    async fn fail_calls(&self, trouble: Trouble, dice: &mut Dice) -> Result<()> {
        let (method, path) = dice.pick(&CALLS).copied().unwrap_or(CALLS[0]);
        let kind = dice.pick(&FAULTS).copied().unwrap_or(FAULTS[0]);
        let lasting = dice.percent(40);
        let times = if lasting { -1 } else { dice.between(1, 40) as i64 };
        let told = self.tell(trouble, &format!("{method} {path} {kind} {times}"))?;
        let fault =
            json!({"method": method, "match": path, "kind": kind, "times": times, "ms": dice.between(200, 5_000)});
        // A catalogue that is away or frozen fails by itself.
        let _ = self.catalogue.ask("POST", "/control/faults", Some(&fault)).await;
        sleep(dice, 1_500, 6_000).await;
        self.calm_catalogue().await;
        self.untell(&told)
    }

    async fn calm_catalogue(&self) {
        for _ in 0..5 {
            if self.catalogue.ask("DELETE", "/control/faults", None).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    async fn move_prices(&self, trouble: Trouble, dice: &mut Dice) -> Result<()> {
        let told = self.tell(trouble, "catalogue")?;
        for _ in 0..20 {
            let goods = dice.pick(&self.world.goods).copied().unwrap_or_default();
            let change = json!({"price": if dice.percent(50) { "+3%" } else { "-3%" }});
            let _ = self.catalogue.ask("POST", &format!("/control/goods/{goods}"), Some(&change)).await;
        }
        self.untell(&told)
    }

    /// Makes sure that nothing is broken any more; gives what had ended though nobody had killed it.
    pub async fn heal(&self) -> Result<Vec<String>> {
        let (world, mut fallen) = (&self.world, Vec::new());
        for process in [&world.postgres, &world.redis, &world.catalogue].into_iter().chain(&world.nodes) {
            let mut process = process.lock().await;
            if process.is_gone() {
                fallen.push(process.recipe.name.clone());
                process.revive(READY).await?;
            } else {
                process.signal("CONT")?;
                process.ready(READY).await?;
            }
        }
        self.calm_catalogue().await;
        self.log.flush()?;
        Ok(fallen)
    }

    fn tell(&self, trouble: Trouble, what: &str) -> Result<String> {
        let told = format!("{} {what}", trouble.name());
        self.log.write(&json!({"at_ms": Clock::System.now_ms(), "begins": told}))?;
        self.now.lock().unwrap_or_else(PoisonError::into_inner).push(told.clone());
        Ok(told)
    }

    fn untell(&self, told: &str) -> Result<()> {
        self.log.write(&json!({"at_ms": Clock::System.now_ms(), "ends": told}))?;
        self.now.lock().unwrap_or_else(PoisonError::into_inner).retain(|now| now != told);
        Ok(())
    }
}

async fn sleep(dice: &mut Dice, low_ms: u64, high_ms: u64) {
    tokio::time::sleep(Duration::from_millis(dice.between(low_ms, high_ms))).await;
}
