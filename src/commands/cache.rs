//! `xunyuan cache`: what all gateways on one Redis keep of the catalogue: how it stands, letting go of it, fetching it.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::{ArgGroup, Args, Subcommand};
use serde_json::json;

use crate::audit::{self, Entry};
use crate::cache::{Cache, Key, Moved, Standing, Subject};
use crate::catalog::{Catalog, Warmed};
use crate::clock::Clock;
use crate::commands::{Actor, CannotStart, ConfigFile, serve, table};
use crate::config::Config;
use crate::lookup::Lookup;
use crate::model::ids::{CategoryId, OfferId, SupplierId};
use crate::model::partner::Mode;
use crate::rates::Rates;
use crate::server::settings;
use crate::upstream::{self, Upstream};

/// What to do with what is kept.
#[derive(Debug, Args)]
#[command(after_help = "\
Running gateways hear within a second of what is purged; who purged what is in the audit. Without Redis each gateway keeps everything in its own process, and \
there is nothing to be seen or done from here: restart it.

  xunyuan cache stats
  xunyuan cache purge --offer 610947572360
  xunyuan cache purge --supplier 2200000001 --world sandbox
  xunyuan cache purge --everything
  xunyuan cache warm --most 1000")]
pub struct Asked {
    /// Where the settings are.
    #[command(flatten)]
    pub config: ConfigFile,
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// What is shared: the stream of changes, who follows the catalogue, and what is asked for most
    Stats {
        /// So many of what is asked for most
        #[arg(long, default_value_t = 10)]
        most: usize,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Let go of everything about something, on every gateway
    Purge(Purged),
    /// Fetch what is asked for most into Redis
    Warm {
        /// So many documents at most
        #[arg(long, default_value_t = 500)]
        most: usize,
        /// For so many seconds at most
        #[arg(long, default_value_t = 60)]
        within_s: u64,
    },
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("what").required(true).multiple(true).args(["offer", "supplier", "category", "everything"]))]
struct Purged {
    /// Everything about an offer, and its picture; may be given several times
    #[arg(long, value_name = "ID")]
    offer: Vec<OfferId>,
    /// Everything that shows a supplier
    #[arg(long, value_name = "ID")]
    supplier: Vec<SupplierId>,
    /// Everything narrowed to a category, and the list of categories
    #[arg(long, value_name = "ID")]
    category: Vec<CategoryId>,
    /// All there is, of both worlds
    #[arg(long)]
    everything: bool,
    /// Whose: live or sandbox
    #[arg(long, value_name = "WORLD", default_value = "live", value_parser = world)]
    world: Mode,
    #[command(flatten)]
    actor: Actor,
}

fn world(text: &str) -> Result<Mode, &'static str> {
    text.parse().map_err(|_| "a world is live or sandbox")
}

impl Purged {
    fn moved(&self) -> Vec<Moved> {
        let of = |subject, id| Moved::of(self.world, subject, id);
        let offers =
            self.offer.iter().flat_map(|id| [Subject::Offer, Subject::Picture].map(|what| of(what, id.number())));
        let suppliers = self.supplier.iter().map(|id| of(Subject::Supplier, id.number()));
        // Number 0 stands for the list of all.
        let category = |id: &CategoryId| {
            [of(Subject::Category, id.number()), of(Subject::Category, 0), of(Subject::InCategory, id.number())]
        };
        let everything = self.everything.then_some(Moved::EVERYTHING);
        offers.chain(suppliers).chain(self.category.iter().flat_map(category)).chain(everything).collect()
    }
}

impl Purged {
    /// One entry for each thing that is named.
    fn entries(&self) -> Vec<Entry> {
        let world = self.world.name();
        let named = |what: &'static str, id: i64| (id.to_string(), format!("{world} {what}"));
        let offers = self.offer.iter().map(|id| named("offer", id.number()));
        let suppliers = self.supplier.iter().map(|id| named("supplier", id.number()));
        let categories = self.category.iter().map(|id| named("category", id.number()));
        let everything = self.everything.then(|| ("everything".to_owned(), "both worlds".to_owned()));
        let all = offers.chain(suppliers).chain(categories).chain(everything);
        let now = Clock::System.now();
        all.map(|(subject, detail)| Entry::new(now, self.actor.who(), "cache.purge", subject, detail)).collect()
    }

    /// Writes who lets go of what. Before it is let go of: that no gateway heard of it does less harm than that nobody
    /// knows who did it.
    async fn note(&self, config: &Config) -> Result<()> {
        let sql = serve::open_existing(&config.database.url).await?;
        let entries = Arc::new(self.entries());
        let noted = sql.transaction(move |tx| {
            let entries = Arc::clone(&entries);
            Box::pin(async move {
                for entry in entries.iter() {
                    audit::note(tx, entry).await?;
                }
                Ok::<_, crate::sql::Error>(())
            })
        });
        let noted = noted.await;
        sql.close().await;
        noted.map_err(CannotStart::because)
    }
}

/// Does it.
pub async fn run(asked: Asked, out: &mut impl Write) -> Result<()> {
    let config = serve::load(&asked.config)?;
    if config.redis.servers.is_none() {
        return Err(CannotStart::because(anyhow::anyhow!(
            "redis.url is empty: each gateway keeps everything in its own process, and lets go of it when it is restarted"
        )));
    }
    let cache = open(&config)?;
    match asked.action {
        Action::Stats { most, json } => {
            let (standing, listed) = (cache.standing().await, cache.listed(most).await);
            let (Some(standing), Some(listed)) = (standing, listed) else { return Err(silent()) };
            stats(&standing, &listed, json, out)
        }
        Action::Purge(purged) => {
            let moved = purged.moved();
            if cache.standing().await.is_none() {
                return Err(silent());
            }
            purged.note(&config).await?;
            if !cache.purge(&moved).await {
                return Err(unheard());
            }
            let told: Vec<_> = moved.iter().map(Moved::to_string).collect();
            Ok(writeln!(out, "all gateways let go of: {}", told.join(", "))?)
        }
        Action::Warm { most, within_s } => {
            let catalog = catalog(&config, cache)?;
            let warmed = catalog.warm(most, Duration::from_secs(within_s)).await;
            told(&warmed, out)
        }
    }
}

fn silent() -> anyhow::Error {
    CannotStart::because(anyhow::anyhow!("Redis at redis.url does not answer, or says no; nothing was done"))
}

fn unheard() -> anyhow::Error {
    CannotStart::because(anyhow::anyhow!(
        "Redis at redis.url did not take it, though it answered a moment ago; the audit says that it was asked for: ask again"
    ))
}

fn open(config: &Config) -> Result<Cache<upstream::Error>> {
    // Nobody waits here for an answer: a person does.
    let settings = crate::cache::Settings { redis_budget: Duration::from_secs(2), ..settings::cache(config) };
    let cache = Cache::new(&settings, Arc::default(), Clock::System);
    cache.map_err(|why| CannotStart::because(anyhow::anyhow!(why)))
}

fn catalog(config: &Config, cache: Cache<upstream::Error>) -> Result<Catalog> {
    // A catalogue that speaks the open platform's protocol is left to the gateways: what its things are called over there
    // is kept in their database, with every document that tells it.
    let settings = settings::upstream(&config.upstream, &upstream::Accounts::default(), &Clock::System);
    let upstream = Upstream::new(&settings, Arc::default()).map_err(CannotStart::because)?;
    let rates = Rates::open(settings::rates(&config.rates), Clock::System).map_err(CannotStart::because)?;
    Ok(Catalog::new(Lookup::new(upstream, cache, rates, Clock::System), &config.server.public_url))
}

fn stats(standing: &Standing, listed: &[(Key, f64)], as_json: bool, out: &mut impl Write) -> Result<()> {
    if as_json {
        let worlds = standing
            .worlds
            .iter()
            .map(|(world, told, followed)| json!({"world": world.name(), "told_up_to": told, "followed": followed}));
        let hot = listed.iter().map(|(key, hits)| json!({"what": key.named(), "hits": hits}));
        let all = json!({
            "moves": standing.moves, "worlds": worlds.collect::<Vec<_>>(),
            "listed": standing.listed, "hot": hot.collect::<Vec<_>>(),
        });
        return Ok(writeln!(out, "{all:#}")?);
    }
    for (world, told, followed) in &standing.worlds {
        let told = told.map_or("not at all yet".to_owned(), |told| format!("up to change {told}"));
        let who = if *followed { "a gateway follows the catalogue" } else { "no gateway follows the catalogue" };
        writeln!(out, "{}: {who}; told {told}", world.name())?;
    }
    writeln!(out, "{} entries in the stream of changes, {} documents listed", standing.moves, standing.listed)?;
    let rows: Vec<_> = listed.iter().map(|(key, hits)| [format!("{hits:.0}"), key.named()]).collect();
    Ok(table::write(out, ["HITS", "WHAT"], &rows)?)
}

fn told(warmed: &Warmed, out: &mut impl Write) -> Result<()> {
    let Warmed { listed, found, fetched, failed, cut } = warmed;
    writeln!(out, "{listed} listed: {found} were there, {fetched} fetched, {failed} not to be had")?;
    if *cut {
        writeln!(out, "the time was over before the list was; ask again, or give more with --within-s")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{Action, Asked, run};
    use crate::audit;
    use crate::cache::{Cache, Fetched, Key, Kind, Moved, Subject, Trouble};
    use crate::clock::Clock;
    use crate::commands::{Command, Line};
    use crate::model::partner::Mode;
    use crate::redis_link::Place;
    use crate::redis_link::trial::{Node, at_hand};
    use crate::sql::Sql;

    #[derive(Clone, Debug)]
    struct Down;

    impl Trouble for Down {
        fn stale_may_stand_in(&self) -> bool {
            false
        }
    }

    fn asked(words: &[&str]) -> Option<Asked> {
        let words = ["xunyuan", "cache"].iter().chain(words);
        match Line::try_parse_from(words).ok()?.command {
            Command::Cache(asked) => Some(asked),
            _ => None,
        }
    }

    async fn told(words: &[&str]) -> Result<String, String> {
        let mut out = Vec::new();
        let done = run(asked(words).unwrap(), &mut out).await;
        done.map(|()| String::from_utf8(out).unwrap()).map_err(|error| error.to_string())
    }

    fn settings(folder: &tempfile::TempDir, redis: &str) -> String {
        let file = folder.path().join("x.toml");
        let text = format!("[redis]\nurl = \"{redis}\"\n[database]\nurl = \"{}\"\n", database(folder));
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    }

    fn database(folder: &tempfile::TempDir) -> String {
        format!("sqlite://{}", folder.path().join("x.db").display())
    }

    #[test]
    fn a_purge_says_what_of() {
        assert!(asked(&["purge"]).is_none() && asked(&["purge", "--offer", "x"]).is_none());
        assert!(asked(&["purge", "--offer", "7", "--world", "moon"]).is_none());
        let asked = asked(&["purge", "--offer", "7", "--offer", "8", "--supplier", "9", "--world", "sandbox"]).unwrap();
        let Action::Purge(purged) = asked.action else { panic!("no purge") };
        let named: Vec<_> = purged.entries().into_iter().map(|one| (one.subject, one.detail)).collect();
        let wanted = [("7", "sandbox offer"), ("8", "sandbox offer"), ("9", "sandbox supplier")];
        assert_eq!(named, wanted.map(|(id, what)| (id.to_owned(), what.to_owned())));
    }

    #[tokio::test]
    async fn without_redis_there_is_nothing_to_be_seen_from_here() {
        let folder = tempfile::tempdir().unwrap();
        let file = settings(&folder, "");
        assert!(told(&["stats", "--config", &file]).await.unwrap_err().contains("redis.url is empty"));
        let silent = settings(&folder, "redis://127.0.0.1:1");
        assert!(told(&["purge", "--everything", "--config", &silent]).await.unwrap_err().contains("does not answer"));
    }

    #[tokio::test]
    async fn a_purge_is_heard_by_running_gateways_and_stats_tell_what_is_hot() {
        if !at_hand() {
            return;
        }
        let (server, folder) = (Node::plain(&[]), tempfile::tempdir().unwrap());
        let file = settings(&folder, &server.url());
        let settings = crate::cache::Settings { redis: Some(Place::at(server.url())), ..Default::default() };
        let gateway = Cache::<Down>::new(&settings, std::sync::Arc::default(), Clock::System).unwrap();
        let key = Key::of(Kind::Offer).text("live").text("standard").text("/goods/7").text("lang").text("ja").finish();
        let tag = Moved::of(Mode::Live, Subject::Offer, 7).tag();
        let ask = async |text: &'static str| {
            let fetch = move || async move { Ok(Fetched::document(text.into()).about([tag])) };
            gateway.document(&key, Kind::Offer, fetch).await.unwrap().kept.content.document().unwrap()
        };
        for _ in 0..40 {
            assert_eq!(&ask("one").await[..], b"one");
        }
        let purge = ["purge", "--offer", "7", "--actor", "li", "--config", &file];
        let refused = told(&purge).await.unwrap_err();
        assert!(refused.contains("there is no database at"), "{refused}");
        let house = Sql::open(&crate::sql::Settings { url: database(&folder) }).await.unwrap();
        house.migrate().await.unwrap();
        assert_eq!(&ask("one").await[..], b"one", "what cannot be written down is not done");
        let purged = told(&purge).await.unwrap();
        assert_eq!(purged, "all gateways let go of: live offer 7, live picture 7\n");
        let written = audit::list(&house, &audit::Filter::default(), None, 9).await.unwrap();
        let written: Vec<_> =
            written.items.iter().map(|one| [&*one.actor, &one.action, &one.subject, &one.detail]).collect();
        assert_eq!(written, [["operator:li", "cache.purge", "7", "live offer"]]);
        gateway.hear().await.unwrap();
        assert_eq!(&ask("two").await[..], b"two");
        gateway.list_hot().await;
        let stats = told(&["stats", "--config", &file]).await.unwrap();
        assert!(stats.contains("offer live standard /goods/7 lang=ja"), "{stats}");
        assert!(stats.contains("live: no gateway follows the catalogue"), "{stats}");
        let json: serde_json::Value =
            serde_json::from_str(&told(&["stats", "--json", "--config", &file]).await.unwrap()).unwrap();
        assert_eq!((&json["listed"], &json["moves"]), (&1.into(), &1.into()));
    }
}
