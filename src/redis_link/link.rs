//! One runtime's connection to Redis; cheap to clone, and shared by all questions of the runtime.

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster_async::ClusterConnection;
use redis::{Cmd, Pipeline, RedisFuture, Value};

/// A connection; commands are sent over it as over the library's own.
#[derive(Clone)]
pub struct Link {
    /// Which of all that were opened it is.
    pub(super) serial: u64,
    pub(super) socket: Socket,
}

#[derive(Clone)]
pub(super) enum Socket {
    /// To one server, which is or was the master.
    Server(MultiplexedConnection),
    /// To all nodes of a cluster.
    Cluster(ClusterConnection),
}

impl ConnectionLike for Link {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match &mut self.socket {
            Socket::Server(server) => server.req_packed_command(command),
            Socket::Cluster(cluster) => cluster.req_packed_command(command),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        commands: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match &mut self.socket {
            Socket::Server(server) => server.req_packed_commands(commands, offset, count),
            Socket::Cluster(cluster) => cluster.req_packed_commands(commands, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match &self.socket {
            Socket::Server(server) => server.get_db(),
            Socket::Cluster(cluster) => cluster.get_db(),
        }
    }
}
