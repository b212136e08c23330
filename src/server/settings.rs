//! The operator's settings, as each door and room wants them.

use std::sync::Arc;
use std::time::Duration;

use crate::api::storefront::CountryHeader;
use crate::clock::Clock;
use crate::config::{self, Config};
use crate::counters;
use crate::edge::crowd;
use crate::edge::sealed::BodyBounds;
use crate::model::partner::Mode;
use crate::partners::MasterKeys;
use crate::redis_link;
use crate::server::house::Error;
use crate::sql::Sql;
use crate::{
    aftersale, auth, cache, follows, fulfilment, landed, language, limits, orders, rates, referrals, sourcing,
    telemetry, upstream, webhooks,
};

/// For the telemetry of a process.
pub fn telemetry(config: &config::Telemetry) -> telemetry::Settings {
    telemetry::Settings { log: config.log.clone(), pretty: config.pretty, otlp_endpoint: config.otlp_endpoint.clone() }
}

/// For the proof of who calls.
pub fn auth(config: &Config) -> auth::Settings {
    auth::Settings {
        window: auth::Window {
            past_s: config.auth.past_s,
            future_s: config.auth.future_s,
            order_past_s: config.auth.order_past_s,
        },
        public_names: auth::PublicNames::new(&config.server.public_names),
        ..auth::Settings::default()
    }
}

/// For request bodies.
pub fn body(config: &config::Server) -> BodyBounds {
    BodyBounds { size_bytes: config.body_limit_bytes, within: Duration::from_millis(config.body_timeout_ms) }
}

/// For connections.
pub fn crowd(config: &config::Server) -> crowd::Bounds {
    crowd::Bounds {
        per_network: config.connections_per_address,
        trusted: config.trusted_proxies.clone(),
        idle: Duration::from_secs(config.stuck_s),
    }
}

/// For the shared meter, when there is one.
pub fn counters(config: &config::Redis) -> Option<counters::redis::Settings> {
    let servers = config.servers.as_ref()?;
    Some(counters::redis::Settings { place: place(servers), budget: config.limit_budget })
}

fn place(servers: &config::Servers) -> redis_link::Place {
    let form = match &servers.form {
        config::Form::Single => redis_link::Form::Single,
        config::Form::Sentinel(master) => redis_link::Form::Sentinel { master: master.clone() },
        config::Form::Cluster => redis_link::Form::Cluster,
    };
    let account = servers.account.clone();
    let (authority, client) = (servers.authority.clone(), servers.client.clone());
    redis_link::Place {
        form,
        urls: servers.urls.clone(),
        account: account.map(|(username, password)| redis_link::Account { username, password }),
        certificates: (authority.is_some() || client.is_some())
            .then_some(redis_link::Certificates { authority, client }),
    }
}

/// For services that speak the open platform's protocol; made once, for all clients of the process.
pub fn open1688(config: &config::Upstream, sql: &Sql, clock: &Clock) -> upstream::Accounts {
    let account = |endpoint: &Option<config::Endpoint>, mode: Mode| {
        let endpoint = endpoint.as_ref()?;
        let app = endpoint.app.as_ref()?;
        let identity = upstream::open1688::Identity {
            url: endpoint.url.clone(),
            app_key: app.key.clone(),
            secret: app.secret.clone(),
            access_token: app.access_token.clone(),
            refresh_token: app.refresh_token.clone(),
        };
        let names = upstream::open1688::Names::kept(sql.clone(), clock.clone(), mode);
        Some(Arc::new(upstream::open1688::Account::new(&identity, names)))
    };
    upstream::Accounts { live: account(&config.live, Mode::Live), sandbox: account(&config.sandbox, Mode::Sandbox) }
}

/// For the wholesale services.
pub fn upstream(config: &config::Upstream, accounts: &upstream::Accounts, clock: &Clock) -> upstream::Settings {
    let endpoint = |endpoint: &config::Endpoint| upstream::Endpoint {
        url: endpoint.url.clone(),
        token: endpoint.token.to_string().into(),
    };
    let own = |endpoint: &&config::Endpoint| endpoint.app.is_none();
    upstream::Settings {
        clock: clock.clone(),
        open1688: accounts.clone(),
        live: config.live.as_ref().filter(own).map(endpoint),
        sandbox: config.sandbox.as_ref().filter(own).map(endpoint),
        connect_timeout: config.connect_timeout,
        deadline: config.deadline,
        order_deadline: config.order_deadline,
        max_answer_bytes: config.answer_limit_bytes,
        stall: config.stall,
        at_once: config.at_once,
        place_wait: config.place_wait,
        hedge: config.hedge,
        ..upstream::Settings::default()
    }
}

/// For what is kept of the catalogue.
pub fn cache(config: &Config) -> cache::Settings {
    cache::Settings {
        documents_bytes: config.cache.documents_bytes,
        rendered_bytes: config.cache.rendered_bytes,
        redis: config.redis.servers.as_ref().map(place),
        redis_budget: config.redis.cache_budget,
        // Answers name addresses of ours, and a release may say more in them than the one before.
        renderer: format!("{} {}", env!("CARGO_PKG_VERSION"), config.server.public_url),
    }
}

/// For the limiter.
pub fn limits(config: &config::Limits) -> limits::Settings {
    let bounds = limits::Bounds {
        calls: config.shed_calls,
        upstream: config.shed_upstream,
        wait: Duration::from_millis(config.shed_wait_ms),
    };
    limits::Settings { nodes: config.nodes, bounds, ..limits::Settings::default() }
}

/// For exchange rates.
pub fn rates(config: &config::Rates) -> rates::Settings {
    rates::Settings {
        source: rates::Source::named(&config.source),
        stale_after_days: config.stale_after_days,
        fixed: config.fixed.clone(),
        fixed_date: config.fixed_date,
        largest_change_percent: config.largest_change_percent,
        every_ms: i64::try_from(config.refresh.as_millis()).unwrap_or(i64::MAX),
    }
}

/// For estimates to other countries.
pub fn landed(config: &Config, rates: &rates::Rates) -> Result<landed::Landed, Error> {
    let warehouse = config.orders.warehouse.parse().map_err(|wrong| Error::Warehouse(format!("{wrong}")))?;
    Ok(landed::Landed::open(&landed::Source::named(&config.landed.tables), warehouse, rates.clone())?)
}

/// For translating what the catalogue leaves open.
pub fn language(config: &config::Language) -> language::Settings {
    let provider = config.provider.as_ref().map(|(name, url)| language::ProviderSettings {
        kind: if name == "deepl" { language::Kind::DeepL } else { language::Kind::LibreTranslate },
        url: url.clone(),
        key: config.token.clone(),
    });
    language::Settings { provider, budget: config.budget, characters_per_day: config.characters_per_day }
}

/// For orders.
pub fn orders(config: &Config) -> Result<orders::Settings, Error> {
    let warehouse = config.orders.warehouse.parse().map_err(|wrong| Error::Warehouse(format!("{wrong}")))?;
    Ok(orders::Settings {
        quote_valid_s: config.orders.quote_valid_s,
        warehouse,
        lease_ms: lease_ms(&config.upstream),
        reconcile_ms: i64::try_from(config.orders.reconcile.as_millis()).unwrap_or(i64::MAX),
        unknown_bound_s: config.orders.unknown_bound_s,
        compare_ms: i64::try_from(config.orders.compare.as_millis()).unwrap_or(i64::MAX),
        live_in_cny_only: rates::Source::named(&config.rates.source) == rates::Source::Embedded
            && config.orders.quotes_on_embedded_rates == config::For::Sandbox,
    })
}

/// For inquiries and comparisons, which are settled like orders are.
pub fn sourcing(config: &Config) -> Result<sourcing::Settings, Error> {
    const COMPARE_MS: i64 = 15 * 60_000;
    let orders = orders(config)?;
    Ok(sourcing::Settings {
        lease_ms: orders.lease_ms,
        reconcile_ms: orders.reconcile_ms,
        unknown_bound_s: orders.unknown_bound_s,
        compare_ms: COMPARE_MS,
        warehouse: orders.warehouse,
        live_in_cny_only: orders.live_in_cny_only,
    })
}

/// For webhooks.
pub fn webhooks(config: &config::Webhooks) -> webhooks::Settings {
    webhooks::Settings {
        allow_networks: config.allow_networks.clone(),
        at_once: config.at_once,
        look_every: config.look_every,
        ..webhooks::Settings::default()
    }
}

/// For visitors who are sent to partners.
pub fn referrals(config: &Config) -> Result<referrals::Settings, Error> {
    let keys = MasterKeys::parse(&config.secrets.master_key)?.derived("xunyuan: clicks of referrals, v1");
    let country = config.referrals.country.as_deref().and_then(|code| code.parse().ok());
    Ok(referrals::Settings { keys: referrals::Keys::new(keys), country })
}

/// By which header a trusted proxy tells a visitor's country.
pub fn country_header(config: &Config) -> CountryHeader {
    CountryHeader(config.referrals.country_header.as_deref().and_then(|name| name.to_lowercase().parse().ok()))
}

/// For offers that partners follow.
pub fn follows(config: &config::Follows) -> follows::Settings {
    let by_plan = config.of_plans.iter().map(|of| (of.plan.clone(), of.most)).collect();
    follows::Settings { most: config.most, by_plan }
}

/// For refunds, which are settled like the orders they are about.
pub fn aftersale(config: &Config) -> aftersale::Settings {
    const COMPARE_MS: i64 = 15 * 60_000;
    aftersale::Settings {
        lease_ms: lease_ms(&config.upstream),
        reconcile_ms: i64::try_from(config.orders.reconcile.as_millis()).unwrap_or(i64::MAX),
        unknown_bound_s: config.orders.unknown_bound_s,
        compare_ms: COMPARE_MS,
    }
}

/// For parcels and consignments, which are followed and settled as orders are.
pub fn fulfilment(config: &Config) -> fulfilment::Settings {
    const COMPARE_MS: i64 = 600_000;
    fulfilment::Settings {
        // Longer than the calls of one attempt may take: looked up, said again, looked up.
        lease_ms: lease_ms(&config.upstream),
        reconcile_ms: i64::try_from(config.orders.reconcile.as_millis()).unwrap_or(i64::MAX),
        unknown_bound_s: config.orders.unknown_bound_s,
        compare_ms: COMPARE_MS,
    }
}

/// Longer than any call may take, so that nobody takes over what is still running.
fn lease_ms(config: &config::Upstream) -> i64 {
    let longest = config.order_deadline.max(config.deadline);
    3 * i64::try_from(longest.as_millis()).unwrap_or(i64::MAX / 3)
}

/// Tells everything about the settings that the rooms would refuse, in one answer.
pub fn verify(config: &Config) -> Result<(), Unusable> {
    let master_key = if config.secrets.master_key.is_empty() {
        Err(Error::NoMasterKey)
    } else {
        MasterKeys::parse(&config.secrets.master_key).map(drop).map_err(Error::from)
    };
    let trial = rates::Rates::open(rates::Settings::default(), Clock::System).map_err(Error::from);
    let landed = match trial.and_then(|rates| landed(config, &rates)) {
        // Told with the orders' settings already.
        Err(Error::Warehouse(_)) => Ok(()),
        other => other.map(drop),
    };
    let rates = rates::Rates::open(self::rates(&config.rates), Clock::System).map(drop).map_err(Error::from);
    let redis = counters(&config.redis).map(|redis| counters::redis::Redis::open(&redis, Clock::System).map(drop));
    let redis = redis.unwrap_or(Ok(())).map_err(Error::from);
    let wrong: Vec<_> =
        [master_key, redis, orders(config).map(drop), rates, landed].into_iter().filter_map(Result::err).collect();
    if wrong.is_empty() { Ok(()) } else { Err(Unusable(wrong)) }
}

/// Settings that no house can be opened with.
#[derive(Debug, thiserror::Error)]
pub struct Unusable(Vec<Error>);

impl std::fmt::Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "the settings cannot be used:")?;
        self.0.iter().try_for_each(|error| writeln!(f, "  {error}"))
    }
}
