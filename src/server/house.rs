//! Everything one process shares, made from the settings: doors opened in order, rooms furnished with them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::web::Data;
use arc_swap::ArcSwapOption;

use crate::aftersale::Aftersale;
use crate::api::gate::Gate;
use crate::auth::{Apps, Auth, Throttle};
use crate::cache::{self, Cache};
use crate::catalog::Catalog;
use crate::clock::Clock;
use crate::config::Config;
use crate::counters::Counters;
use crate::counters::nonces::Nonces;
use crate::edge::crowd::Crowd;
use crate::follows::Following;
use crate::fulfilment::Fulfilment;
use crate::landed::Landed;
use crate::language::Interpreter;
use crate::ledger::Ledger;
use crate::limits::Limits;
use crate::links::Links;
use crate::lookup::Lookup;
use crate::ops::console::access::Access;
use crate::ops::staff::Staff;
use crate::orders::Orders;
use crate::param2;
use crate::partners::{Directory, MasterKeys, Sealer};
use crate::pictures::Pictures;
use crate::rates::Rates;
use crate::referrals::Referrals;
use crate::server::books::ProcessBooks;
use crate::server::passes::Passes;
use crate::server::settings;
use crate::sourcing::Sourcing;
use crate::sql::{self, Sql};
use crate::telemetry::access::AccessLog;
use crate::upstream::{self, Upstream};
use crate::usage::Usage;
use crate::webhooks::{Names, Webhooks};

/// Signatures whose nonces are remembered at one time.
const MOST_NONCES: usize = 2_000_000;
/// Pictures a minute for one address.
const STRANGERS_PER_MINUTE: u32 = 1_200;

/// Why a house cannot be opened; each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No master key is configured.
    #[error("secrets.master_key is empty; make one with `xunyuan key master` and give it by file or environment")]
    NoMasterKey,
    /// The master key cannot be read.
    #[error("secrets.master_key: {0}")]
    MasterKey(#[from] crate::partners::InvalidMasterKey),
    /// The database cannot be used.
    #[error("the database at database.url cannot be used: {0}")]
    Sql(#[from] sql::Error),
    /// Partners cannot be read.
    #[error("partners and keys cannot be read: {0}")]
    Partners(#[from] crate::partners::Error),
    /// The Redis address is none, or its certificates are none.
    #[error("[redis] in the settings: {0}")]
    Redis(#[from] crate::redis_link::BadPlace),
    /// The cache cannot be made.
    #[error("the cache cannot be made: {0}")]
    Cache(String),
    /// Rates cannot be read.
    #[error("rates.source cannot be used: {0}")]
    Rates(#[from] crate::rates::Error),
    /// Tables for estimates to other countries cannot be used.
    #[error("landed.tables cannot be used: {0}")]
    Landed(#[from] crate::landed::Unusable),
    /// The client to the translation provider cannot be made.
    #[error("[language] in the settings: {0}")]
    Language(#[from] crate::language::Error),
    /// The client to the catalogue cannot be made.
    #[error("the client to the wholesale service cannot be made: {0}")]
    Upstream(#[from] upstream::Error),
    /// The configured warehouse is no warehouse code.
    #[error("orders.warehouse: {0}")]
    Warehouse(String),
    /// A listener does not work.
    #[error("the listener cannot be served: {0}")]
    Listen(std::io::Error),
}

/// What one process shares.
pub struct House {
    /// The settings it was made from.
    pub config: Config,
    /// Its clock.
    pub clock: Clock,
    /// The database.
    pub sql: Sql,
    /// Partners and keys.
    pub directory: Arc<Directory>,
    /// Proof and limits.
    pub gate: Data<Gate>,
    /// Proof and limits of the older door.
    pub param2: Data<param2::gate::Gate>,
    /// Who may open the operator's console.
    pub console: Arc<Access>,
    /// Signatures seen.
    pub nonces: Arc<Nonces>,
    /// Where is counted.
    pub counters: Counters,
    /// The ledger of orders.
    pub ledger: Ledger,
    /// Endpoints and what is sent to them.
    pub webhooks: Webhooks,
    /// What was seen of the catalogue.
    pub cache: Cache<upstream::Error>,
    /// Exchange rates.
    pub rates: Rates,
    /// Estimates to other countries.
    pub landed: Landed,
    /// Who translates what the catalogue leaves open.
    pub interpreter: Interpreter,
    /// Who asked for what, how often, and what came of it.
    pub usage: Arc<Usage>,
    /// Visitors who are sent to partners.
    pub referrals: Arc<Referrals>,
    /// Requests counted and logged.
    pub books: Arc<ProcessBooks>,
    /// How the background passes fare.
    pub passes: Passes,
    /// A client of the main runtime that looks whether the catalogue answers.
    pub lookout: Upstream,
    /// Accounts at services that speak the open platform's protocol.
    pub accounts: upstream::Accounts,
    /// What calls to the catalogue counted.
    pub upstream_tally: Arc<upstream::Tally>,
    /// Connections of partners.
    pub crowd: Arc<Crowd>,
    /// The node is about to stop.
    pub draining: Arc<AtomicBool>,
    /// The node fetches what is asked for most before it is ready.
    pub warming: Arc<AtomicBool>,
    /// Why the catalogue could not be reached lately.
    pub catalogue_trouble: Arc<ArcSwapOption<String>>,
}

impl std::fmt::Debug for House {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("House").finish_non_exhaustive()
    }
}

/// The rooms of one worker: those that own sockets.
#[derive(Clone)]
pub struct Rooms {
    /// Search and read.
    pub catalog: Data<Catalog>,
    /// Quote, place, follow.
    pub orders: Data<Orders>,
    /// Endpoints, and events by pull.
    pub webhooks: Data<Webhooks>,
    /// Ask for money back, follow.
    pub aftersale: Data<Aftersale>,
    /// Parcels and consignments.
    pub fulfilment: Data<Fulfilment>,
    /// Offers that partners follow.
    pub follows: Data<Following>,
    /// Ask suppliers, compare.
    pub sourcing: Data<Sourcing>,
    /// Pictures to search by.
    pub pictures: Data<Pictures>,
    /// What people paste.
    pub links: Data<Links>,
    /// Places, and estimates to other countries.
    pub landed: Data<Landed>,
}

/// What seals secrets at rest.
fn sealer(config: &Config) -> Result<Sealer, Error> {
    Ok(Sealer::new(MasterKeys::parse(&config.secrets.master_key)?))
}

/// Opens and migrates the database and reads partners and keys; enough for the command line.
pub async fn open_directory(config: &Config, clock: &Clock) -> Result<(Sql, Arc<Directory>), Error> {
    if config.secrets.master_key.is_empty() {
        return Err(Error::NoMasterKey);
    }
    let sealer = sealer(config)?;
    let sql = Sql::open(&sql::Settings { url: config.database.url.clone() }).await?;
    sql.migrate().await?;
    let directory = Directory::open(sql.clone(), sealer, clock.clone()).await?;
    Ok((sql, Arc::new(directory)))
}

/// The room of orders with a client of its own, for the command line.
pub fn open_orders(config: &Config, sql: &Sql, clock: &Clock) -> Result<(Orders, Ledger), Error> {
    let ledger = Ledger::new(sql.clone(), clock.clone());
    let accounts = settings::open1688(&config.upstream, sql, clock);
    let upstream = Upstream::new(&settings::upstream(&config.upstream, &accounts, clock), Arc::default())?;
    let rates = Rates::open(settings::rates(&config.rates), clock.clone())?;
    Ok((Orders::new(settings::orders(config)?, ledger.clone(), upstream, rates, clock.clone()), ledger))
}

impl House {
    /// Opens every door. Must be called on the main runtime: SQL lives there.
    pub async fn open(config: Config, clock: Clock, log: AccessLog) -> Result<Self, Error> {
        let (sql, directory) = open_directory(&config, &clock).await?;
        let counters = match settings::counters(&config.redis) {
            Some(redis) => Counters::in_redis(&redis, clock.clone())?,
            None => Counters::InProcess,
        };
        let nonces = Arc::new(Nonces::new(counters.clone(), clock.clone(), MOST_NONCES));
        let gate = Gate {
            auth: Auth::new(settings::auth(&config), directory.clone(), nonces.clone(), clock.clone()),
            limits: Arc::new(Limits::new(settings::limits(&config.limits), counters.clone(), clock.clone())),
            strangers: Throttle::new(STRANGERS_PER_MINUTE, clock.clone()),
            body: settings::body(&config.server),
            trusted_proxies: config.server.trusted_proxies.clone(),
            scheme: config.server.scheme.clone(),
        };
        let draining = Arc::<AtomicBool>::default();
        let refusals = settings::auth(&config).refusals_per_minute;
        let param2 = param2::gate::Gate {
            apps: Apps::new(directory.clone(), nonces.clone(), refusals, clock.clone()),
            limits: gate.limits.clone(),
            strangers: Throttle::new(STRANGERS_PER_MINUTE, clock.clone()),
            body: gate.body,
            trusted_proxies: gate.trusted_proxies.clone(),
            marks: param2::gate::Marks::default(),
            desk: Arc::default(),
            draining: draining.clone(),
            clock: clock.clone(),
        };
        let accounts = settings::open1688(&config.upstream, &sql, &clock);
        let upstream_tally = Arc::<upstream::Tally>::default();
        let asked = Arc::clone(&upstream_tally);
        gate.limits.pressure().watch(Box::new(move || asked.in_flight.load(Ordering::Relaxed)));
        let cache = Cache::new(&settings::cache(&config), Arc::<cache::Tally>::default(), clock.clone());
        let ledger = Ledger::new(sql.clone(), clock.clone());
        let usage = Arc::new(Usage::new(sql.clone(), counters.clone(), clock.clone()));
        let hooks = settings::webhooks(&config.webhooks);
        let referrals = Arc::new(Referrals::new(settings::referrals(&config)?, ledger.clone(), clock.clone()));
        let rates = Rates::open(settings::rates(&config.rates), clock.clone())?;
        Ok(Self {
            webhooks: Webhooks::new(hooks, ledger.clone(), sealer(&config)?, Names::System, clock.clone())
                .with_apps(directory.clone()),
            ledger,
            referrals,
            cache: cache.map_err(Error::Cache)?,
            landed: settings::landed(&config, &rates)?,
            rates,
            interpreter: Interpreter::new(settings::language(&config.language), sql.clone(), clock.clone())?,
            books: Arc::new(ProcessBooks::new(log, config.telemetry.access_log_share, usage.clone(), clock.clone())),
            usage,
            lookout: Upstream::new(&settings::upstream(&config.upstream, &accounts, &clock), Arc::default())?,
            accounts,
            upstream_tally,
            passes: Passes::new(clock.clone()),
            // Connections live by the machine's time, whatever a test has set.
            crowd: Arc::new(Crowd::within(settings::crowd(&config.server), Clock::System)),
            draining,
            warming: Arc::default(),
            catalogue_trouble: Arc::default(),
            gate: Data::new(gate),
            param2: Data::new(param2),
            console: Arc::new(Access::new(
                config.ops.password_hash.clone(),
                Arc::new(Staff::new(sql.clone(), clock.clone())),
                clock.clone(),
            )),
            sql,
            directory,
            nonces,
            counters,
            clock,
            config,
        })
    }

    /// Rooms with sockets of their own, for the runtime this is called on.
    pub fn rooms(&self) -> Result<Rooms, Error> {
        let settings = settings::upstream(&self.config.upstream, &self.accounts, &self.clock);
        let upstream = Upstream::new(&settings, self.upstream_tally.clone())?;
        let (cache, rates, clock) = (self.cache.clone(), self.rates.clone(), self.clock.clone());
        let lookup = Lookup::new(upstream.clone(), cache, rates.clone(), clock.clone());
        let lookup = lookup.interpreted(self.interpreter.clone());
        let catalog = Catalog::new(lookup.clone(), &self.config.server.public_url);
        let aftersale =
            Aftersale::new(settings::aftersale(&self.config), self.ledger.clone(), upstream.clone(), clock.clone());
        let fulfilment =
            Fulfilment::new(settings::fulfilment(&self.config), self.ledger.clone(), upstream.clone(), clock.clone());
        let follows = Following::new(
            settings::follows(&self.config.follows),
            self.ledger.clone(),
            upstream.clone(),
            clock.clone(),
        );
        let sourcing = Sourcing::new(
            settings::sourcing(&self.config)?,
            self.ledger.clone(),
            upstream.clone(),
            lookup,
            rates.clone(),
            clock.clone(),
        );
        let pictures = Pictures::new(self.ledger.clone(), upstream.clone(), clock.clone());
        let links = Links::new(upstream.clone());
        let orders = Orders::new(settings::orders(&self.config)?, self.ledger.clone(), upstream, rates, clock);
        Ok(Rooms {
            catalog: Data::new(catalog),
            orders: Data::new(orders),
            webhooks: Data::new(self.webhooks.clone()),
            aftersale: Data::new(aftersale),
            fulfilment: Data::new(fulfilment),
            follows: Data::new(follows),
            sourcing: Data::new(sourcing),
            pictures: Data::new(pictures),
            links: Data::new(links),
            landed: Data::new(self.landed.clone()),
        })
    }
}
