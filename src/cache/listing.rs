//! The list of what is asked for most, which all nodes keep in Redis together, so that a node that starts can fetch it
//! before it is asked; and what else can be told about what the nodes share.

use crate::cache::keep::{Cache, Trouble};
use crate::cache::key::Key;
use crate::cache::redis::{Redis, script, told};
use crate::cache::stream;
use crate::model::partner::Mode;

const LIST: &str = "xy:cache:{hot}:1";
const FADED: &str = "xy:cache:{hot}:faded";
/// So many are listed.
const LENGTH: usize = 1_000;
/// Each node adds so many of its hottest at a time.
const ADDED: usize = 500;
/// The list is halved so often: what was hot an hour ago is not.
const FADE_S: u32 = 300;
/// A list nobody adds to is of no use after this.
const LIFE_S: u32 = 7 * 86_400;

const ADD: &str = "\
    if redis.call('SET', KEYS[2], '1', 'NX', 'EX', ARGV[1]) then
        redis.call('ZUNIONSTORE', KEYS[1], 1, KEYS[1], 'WEIGHTS', '0.5')
    end
    for at = 4, #ARGV, 2 do redis.call('ZINCRBY', KEYS[1], ARGV[at], ARGV[at + 1]) end
    redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -(ARGV[2] + 1))
    redis.call('EXPIRE', KEYS[1], ARGV[3])
    return 1";

/// How what the nodes share stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// Entries of the stream of moves.
    pub moves: u64,
    /// Of each world: how far the catalogue's feed was told, and whether a node follows it at the moment.
    pub worlds: Vec<(Mode, Option<i64>, bool)>,
    /// Documents on the list of those asked for most.
    pub listed: u64,
}

impl<E: Trouble> Cache<E> {
    /// Adds what was asked for lately to the list; with Redis only.
    pub async fn list_hot(&self) {
        let news = self.sketch.news(ADDED);
        let Some(redis) = self.shared().filter(|_| !news.is_empty()) else { return };
        let mut call = script(ADD, &[LIST.as_bytes(), FADED.as_bytes()]);
        call.arg(FADE_S).arg(LENGTH).arg(LIFE_S);
        for (key, hits) in &news {
            call.arg(*hits).arg(key.bytes());
        }
        redis.errand(async |link| told::<i64>(call, link).await).await;
    }

    /// Lets this process' own count of hits fade.
    pub fn fade_hot(&self) {
        self.sketch.fade();
    }

    /// The list of what all nodes are asked for most, hottest first; none when Redis does not answer.
    pub async fn listed(&self, most: usize) -> Option<Vec<(Key, f64)>> {
        let redis = self.shared()?;
        let mut command = redis::cmd("ZREVRANGE");
        command.arg(LIST).arg(0).arg(most.saturating_sub(1)).arg("WITHSCORES");
        let rows: Vec<(Vec<u8>, f64)> = redis.errand(async |link| told(command, link).await).await?;
        // A key that is not read is of another release.
        Some(rows.iter().filter_map(|(key, hits)| Some((Key::parse(key)?, *hits))).collect())
    }

    /// How what the nodes share stands; none when Redis does not answer.
    pub async fn standing(&self) -> Option<Standing> {
        let redis = self.shared()?;
        let (moves, worlds) = redis.errand(async |link| stream::lengths(link).await).await?;
        let listed = listed_count(redis).await?;
        let worlds = worlds.into_iter().map(|(world, upto, holder)| (world, upto, holder.is_some())).collect();
        Some(Standing { moves, worlds, listed })
    }
}

async fn listed_count(redis: &Redis) -> Option<u64> {
    let mut command = redis::cmd("ZCARD");
    command.arg(LIST);
    redis.errand(async |link| told(command, link).await).await
}
