//! The stream of moves in Redis, through which every node hears what moved in the catalogue: read from where one stopped,
//! so that a node which was away misses nothing, and trimmed to what kept documents can still be judged by.
//!
//! One node follows the catalogue and tells the others. Whose turn it is, how far the catalogue's feed has been told, and
//! the stream itself live in one slot and are moved by one script, so that nothing is told twice or left out.

use std::time::Duration;

use redis::{Cmd, RedisResult};

use crate::cache::moves::Position;
use crate::cache::redis::{GIVE_UP, script, told};
use crate::cache::tag::Moved;
use crate::model::partner::Mode;
use crate::redis_link::{BadPlace, Link, Links, Patience, Place};

const STREAM: &str = "xy:cache:{moves}:1";
/// Longer than any offer or page is shown; what lives longer is asked for anew by a node that was not there.
const HISTORY_S: u32 = 75 * 60;
const PAGE: usize = 1_000;
/// How long a read waits for news.
const BLOCK: Duration = Duration::from_millis(1_000);
const CONNECT_WITHIN: Duration = Duration::from_secs(2);
/// A turn that is not renewed ends after this. A pass that takes longer has told nothing, and another node reads the same.
const TURN_MS: u32 = 6_000;
/// Moves in one entry.
const TOGETHER: usize = 100;

const TURN: &str = "\
    if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) or redis.call('GET', KEYS[1]) == ARGV[1] then
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
        return {1, redis.call('GET', KEYS[2])}
    end
    return {0, false}";

const TELL: &str = "\
    if ARGV[1] ~= '' then
        if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        redis.call('PEXPIRE', KEYS[1], ARGV[2])
    end
    local oldest = (redis.call('TIME')[1] - ARGV[3]) .. '000'
    for at = 6, #ARGV do
        redis.call('XADD', KEYS[3], 'MINID', '~', oldest, '*', 'upto', ARGV[5], 'moved', ARGV[at])
    end
    if ARGV[4] ~= '' then redis.call('SET', KEYS[2], ARGV[4]) end
    return 1";

/// What was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    /// Where each entry stands, what moved, and how far the catalogue's feed was told with it.
    pub entries: Vec<Entry>,
    /// There may be more at once.
    pub full: bool,
}

/// One entry.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub at: Position,
    pub moved: Vec<Moved>,
    pub upto: Option<(Mode, i64)>,
}

type Read = Option<Vec<(String, Vec<(String, Vec<Vec<u8>>)>)>>;

/// One way to read the stream; reading waits, so that it has a connection of its own.
#[derive(Debug)]
pub(super) struct Stream {
    links: Links,
}

impl Stream {
    pub fn to(place: &Place) -> Result<Self, BadPlace> {
        let links = Links::to(place, Patience { connect: CONNECT_WITHIN, answer: BLOCK + CONNECT_WITHIN })?;
        Ok(Self { links })
    }

    /// Entries after a place; waits a moment for the first one when told to.
    pub async fn read(&self, after: Position, waiting: bool) -> RedisResult<Page> {
        let mut command = redis::cmd("XREAD");
        command.arg("COUNT").arg(PAGE);
        if waiting {
            command.arg("BLOCK").arg(BLOCK.as_millis() as u64);
        }
        command.arg("STREAMS").arg(STREAM).arg(after.id());
        let read: Read = self.ask(command).await?;
        let entries: Vec<_> = read.into_iter().flatten().flat_map(|(_, entries)| entries).map(entry).collect();
        Ok(Page { full: entries.len() >= PAGE, entries })
    }

    /// Where the newest entry stands.
    pub async fn newest(&self) -> RedisResult<Position> {
        let mut command = redis::cmd("XREVRANGE");
        command.arg(STREAM).arg("+").arg("-").arg("COUNT").arg(1);
        let read: Vec<(String, Vec<Vec<u8>>)> = self.ask(command).await?;
        Ok(read.first().and_then(|(id, _)| Position::parse(id)).unwrap_or(Position::START))
    }

    /// Says right after a place that everything moved; refused when others said something after it.
    pub async fn begin_anew_after(&self, place: Position) -> RedisResult<()> {
        let mut command = redis::cmd("XADD");
        command.arg(STREAM).arg(Position(place.0 + 1).id()).arg("upto").arg("").arg("moved");
        command.arg(Moved::EVERYTHING.to_string());
        self.ask::<String>(command).await.map(drop)
    }

    /// Opens a new connection with the next question: this one may lead nowhere.
    pub fn renew(&self) {
        self.links.renew();
    }

    async fn ask<T: redis::FromRedisValue>(&self, command: redis::Cmd) -> RedisResult<T> {
        let patience = BLOCK + CONNECT_WITHIN;
        let asked = self.links.ask(async |link| told(command, link).await);
        match tokio::time::timeout(patience, asked).await {
            Ok(told) => told,
            Err(_) => Err((redis::ErrorKind::Io, "no answer in time").into()),
        }
    }
}

/// Something in the stream that is not understood moved everything: a newer release may know more than we do.
fn entry((id, fields): (String, Vec<Vec<u8>>)) -> Entry {
    let field = |name: &[u8]| {
        let found = fields.chunks(2).find(|pair| pair.first().is_some_and(|one| one == name));
        found.and_then(|pair| pair.get(1)).and_then(|value| std::str::from_utf8(value).ok())
    };
    let moved = field(b"moved").and_then(|text| {
        let all = text.split(',').filter(|one| !one.is_empty());
        all.map(|one| one.parse().ok()).collect::<Option<Vec<Moved>>>()
    });
    let upto = field(b"upto").and_then(|text| text.split_once(' '));
    Entry {
        at: Position::parse(&id).unwrap_or(Position::START),
        moved: moved.unwrap_or_else(|| vec![Moved::EVERYTHING]),
        upto: upto.and_then(|(world, seq)| Some((world.parse().ok()?, seq.parse().ok()?))),
    }
}

fn names(world: Mode) -> [String; 3] {
    let of = |what: &str| format!("xy:cache:{{moves}}:{what}:{}", world.name());
    [of("turn"), of("cursor"), STREAM.to_owned()]
}

fn over(text: &str, world: Mode) -> Cmd {
    let [turn, cursor, stream] = names(world);
    script(text, &[turn.as_bytes(), cursor.as_bytes(), stream.as_bytes()])
}

/// Takes or keeps the turn to follow a world: whether it is the holder's, and how far the feed was told.
pub(super) async fn take_turn(link: Link, world: Mode, holder: &str) -> RedisResult<(bool, Option<i64>)> {
    let mut call = over(TURN, world);
    call.arg(holder).arg(TURN_MS);
    told(call, link).await
}

/// Tells what moved, as whoever has the turn, and how far the feed is told with it; false when another has the turn.
pub(super) async fn tell(link: Link, world: Mode, holder: &str, upto: i64, moved: &[Moved]) -> RedisResult<bool> {
    let mut call = over(TELL, world);
    call.arg(holder).arg(TURN_MS).arg(HISTORY_S).arg(upto).arg(format!("{} {upto}", world.name()));
    batches(moved).for_each(|batch| _ = call.arg(batch));
    told(call, link).await
}

/// Tells what moved because a person says so.
pub(super) async fn purge(link: Link, moved: &[Moved]) -> RedisResult<bool> {
    let mut call = over(TELL, Mode::Live);
    call.arg("").arg(TURN_MS).arg(HISTORY_S).arg("").arg("");
    batches(moved).for_each(|batch| _ = call.arg(batch));
    told(call, link).await
}

/// Gives the turn up.
pub(super) async fn give_up(link: Link, world: Mode, holder: &str) -> RedisResult<bool> {
    let mut call = over(GIVE_UP, world);
    call.arg(holder);
    told(call, link).await
}

/// How long the stream is, and how far each world's feed was told.
pub(super) async fn lengths(mut link: Link) -> RedisResult<(u64, Vec<(Mode, Option<i64>, Option<String>)>)> {
    let length = redis::cmd("XLEN").arg(STREAM).query_async(&mut link).await?;
    let mut worlds = Vec::new();
    for world in [Mode::Live, Mode::Sandbox] {
        let [turn, cursor, _] = names(world);
        let told = redis::cmd("GET").arg(cursor).query_async(&mut link).await?;
        let holder = redis::cmd("GET").arg(turn).query_async(&mut link).await?;
        worlds.push((world, told, holder));
    }
    Ok((length, worlds))
}

fn batches(moved: &[Moved]) -> impl Iterator<Item = String> {
    moved.chunks(TOGETHER).map(|some| some.iter().map(Moved::to_string).collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::{Entry, entry};
    use crate::cache::moves::Position;
    use crate::cache::tag::{Moved, Subject};
    use crate::model::partner::Mode;

    fn read(fields: &[&str]) -> Entry {
        entry(("5-1".into(), fields.iter().map(|field| field.as_bytes().to_vec()).collect()))
    }

    #[test]
    fn an_entry_tells_what_moved_and_how_far_the_feed_is() {
        let told = read(&["upto", "live 123", "moved", "live offer 7,live picture 7"]);
        let moved = [Subject::Offer, Subject::Picture].map(|subject| Moved::of(Mode::Live, subject, 7));
        let at = Position::parse("5-1").unwrap();
        assert_eq!(told, Entry { at, moved: moved.into(), upto: Some((Mode::Live, 123)) });
    }

    #[test]
    fn what_is_not_understood_moved_everything() {
        for fields in [&["moved", "live hat 7"][..], &["moved", "live offer 7,?"], &["else", "x"], &[], &["moved"]] {
            assert_eq!(read(fields).moved, [Moved::EVERYTHING], "{fields:?}");
        }
        assert_eq!(read(&["upto", "", "moved", ""]).moved, []);
    }
}
