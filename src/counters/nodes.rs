//! How many nodes count in one Redis: each says every second that it is there, and hears how many others did lately.

use super::Counters;

const KEY: &str = "xy:nodes";
/// A node that was not heard of for so long is not counted.
const SILENT_MS: i64 = 5_000;

/// By Redis' own time, so that a node whose clock is off counts like any other.
const BEAT: &str = "local t = redis.call('TIME'); local now = t[1] * 1000 + math.floor(t[2] / 1000); \
    redis.call('ZADD', KEYS[1], now, ARGV[1]); redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2]); \
    redis.call('PEXPIRE', KEYS[1], 60000); return redis.call('ZCARD', KEYS[1])";

impl Counters {
    /// Says that this node is there; gives how many are. None without Redis, or while it does not answer.
    pub async fn beat(&self) -> Option<u32> {
        let Self::Redis { redis, node, .. } = self else { return None };
        let mut beat = redis::cmd("EVAL");
        beat.arg(BEAT).arg(1).arg(KEY).arg(&**node).arg(SILENT_MS);
        let beat = &beat;
        redis.ask(KEY, async |mut link| beat.query_async(&mut link).await).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use crate::clock::Clock;
    use crate::counters::Counters;
    use crate::counters::redis_server::Server;

    #[tokio::test]
    async fn nodes_hear_of_each_other() {
        let Some(server) = Server::start() else { return };
        let (one, other) = (server.counters(&Clock::default()), server.counters(&Clock::default()));
        assert_eq!((one.beat().await, other.beat().await, one.beat().await), (Some(1), Some(2), Some(2)));
        assert_eq!(Counters::InProcess.beat().await, None);
    }
}
