//! A board where every node pins one sheet of a topic and reads what the others pinned, in the Redis they count in.
//! Sheets that are not pinned anew fall off. Knows nothing of what is on them.

use super::Counters;

/// A sheet of another node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// Whose it is.
    pub node: String,
    /// How long ago it was pinned.
    pub age_ms: u64,
    /// What is on it.
    pub bytes: Vec<u8>,
}

/// Pins and reads in one go, by Redis' own time. One hash a topic, so that it lives on one node of a cluster; a sheet
/// carries the time it was pinned in front.
const EXCHANGE: &str = "\
    local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000); \
    redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f:', now) .. ARGV[2]); \
    redis.call('PEXPIRE', KEYS[1], ARGV[3]); \
    local all = redis.call('HGETALL', KEYS[1]); local out = {}; \
    for at = 1, #all, 2 do \
        local colon = string.find(all[at + 1], ':', 1, true) or 1; \
        local age = now - (tonumber(string.sub(all[at + 1], 1, colon - 1)) or 0); \
        if age >= tonumber(ARGV[3]) then redis.call('HDEL', KEYS[1], all[at]) \
        elseif all[at] ~= ARGV[1] then \
            out[#out + 1] = all[at]; out[#out + 1] = string.format('%.0f', age); \
            out[#out + 1] = string.sub(all[at + 1], colon + 1) \
        end \
    end \
    return out";

impl Counters {
    /// Pins this node's sheet and gives those of all others that were pinned in the last `lasts_ms`. None without Redis,
    /// or while it does not answer.
    pub async fn exchange(&self, topic: &str, sheet: &[u8], lasts_ms: u64) -> Option<Vec<Sheet>> {
        let Self::Redis { redis, node, .. } = self else { return None };
        let key = format!("xy:board:{topic}");
        let mut exchange = redis::cmd("EVAL");
        exchange.arg(EXCHANGE).arg(1).arg(&key).arg(&**node).arg(sheet).arg(lasts_ms);
        let exchange = &exchange;
        let answer = redis.ask(&key, async |mut connection| exchange.query_async(&mut connection).await).await;
        let rows: Vec<Vec<u8>> = answer.ok()?;
        Some(rows.chunks_exact(3).filter_map(read).collect())
    }
}

fn read(row: &[Vec<u8>]) -> Option<Sheet> {
    let [node, age_ms, bytes] = row else { return None };
    let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).ok();
    Some(Sheet { node: text(node)?, age_ms: text(age_ms)?.parse().ok()?, bytes: bytes.clone() })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Sheet;
    use crate::clock::Clock;
    use crate::counters::Counters;
    use crate::counters::redis_server::Server;

    #[tokio::test]
    async fn nodes_read_what_the_others_pinned_last_and_what_is_old_falls_off() {
        let Some(server) = Server::start() else { return };
        let (one, other) = (server.counters(&Clock::default()), server.counters(&Clock::default()));
        assert_eq!(one.exchange("now", b"first", 2_000).await, Some(vec![]));
        let bytes =
            |sheets: Option<Vec<Sheet>>| sheets.unwrap().into_iter().map(|sheet| sheet.bytes).collect::<Vec<_>>();
        let binary: Vec<u8> = (0..=255).collect();
        assert_eq!(bytes(other.exchange("now", &binary, 2_000).await), [b"first"]);
        assert_eq!(bytes(one.exchange("now", b"second:", 2_000).await), [&binary[..]]);
        let seen = other.exchange("now", b"", 2_000).await.unwrap();
        assert!(seen[0].bytes == b"second:" && seen[0].age_ms < 2_000, "{seen:?}");
        assert_eq!(bytes(one.exchange("hour", b"x", 2_000).await), Vec::<Vec<u8>>::new(), "topics are apart");
        // Redis' own time decides, which no test can set.
        for _ in 0..200 {
            if other.exchange("now", b"", 50).await.unwrap().is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("a sheet that was not pinned anew stays");
    }

    #[tokio::test]
    async fn without_redis_there_is_no_board() {
        assert_eq!(Counters::InProcess.exchange("now", b"x", 1_000).await, None);
    }
}
