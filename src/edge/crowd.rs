//! The connections of partners: how many one network may hold, and an end for those on which nothing gets done. The
//! server itself bounds the head of a connection's first request only; here is seen to what comes after it, and to callers
//! who do not take their answers.

use std::any::Any;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::net::{IpAddr, Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::dev::Extensions;
use actix_web::rt::net;
use ipnet::IpNet;

use crate::clock::Clock;
use crate::edge::address;

const SHARDS: usize = 16;
/// What a caller is told who holds too many connections.
const FULL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 2\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// What connections may be.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Connections that one address (of IPv6: one /64) may hold at a time; 0 = any number.
    pub per_network: u32,
    /// Proxies, whose connections are everybody's and not counted.
    pub trusted: Vec<IpNet>,
    /// How long a connection may go on without a request that came whole or is being answered.
    pub idle: Duration,
}

/// All connections of partners.
#[derive(Debug)]
pub struct Crowd {
    bounds: Bounds,
    clock: Clock,
    seed: RandomState,
    networks: [Mutex<HashMap<IpAddr, u32>>; SHARDS],
    lines: [Mutex<HashMap<u64, Arc<Line>>>; SHARDS],
    next: AtomicU64,
    refused: AtomicU64,
    cut: AtomicU64,
}

/// One connection, as far as it matters whether something gets done on it.
#[derive(Debug)]
struct Line {
    socket: TcpStream,
    under_way: AtomicU32,
    quiet_since_us: AtomicI64,
}

/// A connection's place in the crowd; kept with the connection and left with it.
#[derive(Debug)]
pub struct Guest {
    crowd: Arc<Crowd>,
    number: u64,
    network: Option<IpAddr>,
    line: Option<Arc<Line>>,
}

/// A request that came whole, until it is answered.
#[derive(Debug)]
pub struct Busy(Arc<Line>, Clock);

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Crowd {
    /// An empty one.
    pub fn within(bounds: Bounds, clock: Clock) -> Self {
        Self {
            bounds,
            clock,
            seed: RandomState::new(),
            networks: std::array::from_fn(|_| Mutex::default()),
            lines: std::array::from_fn(|_| Mutex::default()),
            next: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            cut: AtomicU64::new(0),
        }
    }

    /// Takes a new connection in and puts its place among its data, or ends it.
    pub fn receive(self: &Arc<Self>, connection: &dyn Any, data: &mut Extensions) {
        let Some(stream) = connection.downcast_ref::<net::TcpStream>() else { return };
        let socket = stream.as_fd().try_clone_to_owned().map(TcpStream::from);
        let Ok(peer) = stream.peer_addr() else { return };
        match (self.enter(peer.ip()), socket) {
            (Some(mut guest), Ok(socket)) => {
                guest.line = Some(self.watch(guest.number, socket));
                data.insert(guest);
            }
            // No descriptor is left to watch it by; it still counts.
            (Some(guest), Err(_)) => drop(data.insert(guest)),
            (None, socket) => {
                self.refused.fetch_add(1, Ordering::Relaxed);
                if let Ok(mut socket) = socket {
                    // Whoever does not take this does not take it.
                    let _ = socket.write(FULL);
                    let _ = socket.shutdown(Shutdown::Both);
                }
            }
        }
    }

    fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Guest> {
        let network = address::network(address);
        let counted = self.bounds.per_network > 0 && !address::is_trusted(address.to_canonical(), &self.bounds.trusted);
        if counted {
            let mut networks = locked(self.shard_of(network)?);
            let held = networks.entry(network).or_insert(0);
            if *held >= self.bounds.per_network {
                return None;
            }
            *held += 1;
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        Some(Guest { crowd: Arc::clone(self), number, network: counted.then_some(network), line: None })
    }

    fn watch(&self, number: u64, socket: TcpStream) -> Arc<Line> {
        let now_us = self.clock.ticks_us();
        let line = Arc::new(Line { socket, under_way: AtomicU32::new(0), quiet_since_us: AtomicI64::new(now_us) });
        if let Some(lines) = self.lines_of(number) {
            locked(lines).insert(number, Arc::clone(&line));
        }
        line
    }

    fn shard_of(&self, network: IpAddr) -> Option<&Mutex<HashMap<IpAddr, u32>>> {
        self.networks.get(self.seed.hash_one(network) as usize % SHARDS)
    }

    fn lines_of(&self, number: u64) -> Option<&Mutex<HashMap<u64, Arc<Line>>>> {
        self.lines.get(number as usize % SHARDS)
    }

    /// Ends connections on which nothing gets done; called by a task every second or so. Gives how many.
    pub fn cut_idle(&self) -> usize {
        let longest_us = i64::try_from(self.bounds.idle.as_micros()).unwrap_or(i64::MAX);
        let before_us = self.clock.ticks_us().saturating_sub(longest_us);
        let mut ended = 0;
        for lines in &self.lines {
            let idle = |line: &&Arc<Line>| {
                line.under_way.load(Ordering::Relaxed) == 0 && line.quiet_since_us.load(Ordering::Relaxed) < before_us
            };
            let idle: Vec<_> = locked(lines).values().filter(idle).cloned().collect();
            for line in idle {
                // Its worker sees the end of it and lets it go; until then it is not counted again.
                line.quiet_since_us.store(self.clock.ticks_us(), Ordering::Relaxed);
                ended += usize::from(line.socket.shutdown(Shutdown::Both).is_ok());
            }
        }
        self.cut.fetch_add(ended as u64, Ordering::Relaxed);
        ended
    }

    /// Connections that are held now.
    pub fn connections(&self) -> usize {
        self.lines.iter().map(|lines| locked(lines).len()).sum()
    }

    /// Connections refused because their network holds too many.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Connections ended because nothing got done on them.
    pub fn cut(&self) -> u64 {
        self.cut.load(Ordering::Relaxed)
    }
}

impl Guest {
    /// Notes that a request of this connection came whole, until the note is dropped.
    pub fn begin(&self) -> Option<Busy> {
        let line = self.line.as_ref()?;
        line.under_way.fetch_add(1, Ordering::Relaxed);
        Some(Busy(Arc::clone(line), self.crowd.clock.clone()))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.quiet_since_us.store(self.1.ticks_us(), Ordering::Relaxed);
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        if let Some(lines) = self.crowd.lines_of(self.number) {
            locked(lines).remove(&self.number);
        }
        let Some(network) = self.network else { return };
        let Some(networks) = self.crowd.shard_of(network) else { return };
        let mut networks = locked(networks);
        if let Some(held) = networks.get_mut(&network) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                networks.remove(&network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Crowd};
    use crate::clock::Clock;
    use std::net::{IpAddr, TcpListener, TcpStream};
    use std::sync::Arc;
    use std::sync::atomic::Ordering;
    use std::time::Duration;

    fn crowd(per_network: u32, clock: &Clock) -> Arc<Crowd> {
        let trusted = vec!["10.0.0.0/8".parse().unwrap()];
        Arc::new(Crowd::within(Bounds { per_network, trusted, idle: Duration::from_secs(90) }, clock.clone()))
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_network_holds_so_many_and_another_its_own() {
        let crowd = crowd(2, &Clock::System);
        let held = [crowd.enter(ip("2001:db8::1")), crowd.enter(ip("2001:db8::2"))];
        assert!(held.iter().all(Option::is_some));
        assert!(crowd.enter(ip("2001:db8:0:0:ffff::9")).is_none(), "one /64 is one customer");
        let other = crowd.enter(ip("203.0.113.7"));
        assert!(other.is_some() && crowd.enter(ip("::ffff:203.0.113.7")).is_some());
        drop(held);
        assert!(crowd.enter(ip("2001:db8::3")).is_some());
    }

    #[test]
    fn who_leaves_is_forgotten() {
        let crowd = crowd(1, &Clock::System);
        for last in 0..=255 {
            assert!(crowd.enter(IpAddr::from([198, 51, 100, last])).is_some());
        }
        assert!(crowd.networks.iter().all(|networks| networks.lock().unwrap().is_empty()));
    }

    #[test]
    fn a_proxy_may_hold_any_number_and_so_may_all_where_no_bound_is_set() {
        let crowd_of = |per_network| crowd(per_network, &Clock::System);
        for (crowd, address) in [(crowd_of(1), "10.1.2.3"), (crowd_of(0), "203.0.113.7")] {
            let held: Vec<_> = (0..50).map(|_| crowd.enter(ip(address))).collect();
            assert!(held.iter().all(Option::is_some), "{address}");
        }
    }

    #[test]
    fn a_connection_on_which_nothing_gets_done_is_ended_and_a_busy_one_is_not() {
        let (clock, listener) = (Clock::shiftable(), TcpListener::bind("127.0.0.1:0").unwrap());
        let crowd = crowd(0, &clock);
        let mut callers = Vec::new();
        let mut guests = Vec::new();
        for _ in 0..2 {
            callers.push(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
            let (socket, from) = listener.accept().unwrap();
            let mut guest = crowd.enter(from.ip()).unwrap();
            guest.line = Some(crowd.watch(guest.number, socket));
            guests.push(guest);
        }
        guests[1].line.as_ref().unwrap().under_way.fetch_add(1, Ordering::Relaxed);
        assert_eq!(crowd.cut_idle(), 0);
        clock.advance_ms(91_000);
        assert_eq!((crowd.cut_idle(), crowd.cut_idle(), crowd.cut()), (1, 0, 1));
        let mut byte = [0];
        assert_eq!(std::io::Read::read(&mut callers[0], &mut byte).unwrap(), 0, "the caller sees the end");
        callers[1].set_nonblocking(true).unwrap();
        let other = std::io::Read::read(&mut callers[1], &mut byte).unwrap_err();
        assert_eq!(other.kind(), std::io::ErrorKind::WouldBlock);
        drop(guests);
        assert_eq!(crowd.connections(), 0);
    }
}
