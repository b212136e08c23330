//! Redis servers of a test's own on loopback ports: clusters, a master with a replica and a sentinel, and one that
//! speaks TLS; only compiled into tests.

use std::fmt::Write as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::place::{Certificates, Form, Place};

/// How long a server may take to be what it should be, on a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// What sentinels call the master.
pub const MASTER: &str = "xy";

/// Whether there is a redis-server to test with; says so when there is none, and fails if there has to be one
/// (`XUNYUAN_TEST_REDIS=required`).
pub fn at_hand() -> bool {
    #[expect(clippy::disallowed_methods, reason = "not a setting of the gateway")]
    let required = std::env::var("XUNYUAN_TEST_REDIS").is_ok_and(|wish| wish == "required");
    let there = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status().is_ok();
    assert!(there || !required, "XUNYUAN_TEST_REDIS=required, but there is no redis-server on PATH");
    if !there {
        println!("skipped: there is no redis-server on PATH");
    }
    there
}

/// Asks again until it is so.
pub fn until(what: &str, mut so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !so() {
        assert!(started.elapsed() < READY_WITHIN, "{what}: not within {READY_WITHIN:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// One server; ended when dropped.
pub struct Node {
    _folder: tempfile::TempDir,
    arguments: Vec<String>,
    child: Child,
    /// Where it listens.
    pub port: u16,
}

impl Node {
    /// Starts one with these arguments on top; `PORT` in them is its own, `FOLDER` where it runs.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), free_port(), arguments)
    }

    fn start_in(folder: tempfile::TempDir, port: u16, arguments: &[&str]) -> Self {
        let here = folder.path().display().to_string();
        let filled = |text: &&str| text.replace("PORT", &port.to_string()).replace("FOLDER", &here);
        let arguments: Vec<_> = arguments.iter().map(filled).collect();
        let child = spawn(folder.path(), port, &arguments);
        Self { _folder: folder, arguments, child, port }
    }

    /// A plain one.
    pub fn plain(more: &[&str]) -> Self {
        let usual = ["--port", "PORT", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
        Self::start(&[&usual, more].concat())
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Runs one command on a connection of its own.
    pub fn command<T: redis::FromRedisValue>(&self, words: &[&str]) -> redis::RedisResult<T> {
        let mut connection = redis::Client::open(self.url())?.get_connection()?;
        redis::cmd(words[0]).arg(&words[1..]).query(&mut connection)
    }

    /// Ends it at once.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Stops it in its tracks: connections stay open and nothing is answered.
    pub fn freeze(&self) {
        assert!(Command::new("kill").args(["-STOP", &self.child.id().to_string()]).status().unwrap().success());
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

fn spawn(folder: &Path, port: u16, arguments: &[String]) -> Child {
    let mut command = Command::new("redis-server");
    let mut child = command.args(arguments).current_dir(folder).stdout(Stdio::null()).spawn().unwrap();
    until("redis-server listens", || {
        assert!(child.try_wait().unwrap().is_none(), "redis-server {arguments:?} ended");
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    child
}

/// Masters that share the slots evenly.
pub struct Cluster {
    /// The masters, then the replica of the first, if there is one.
    pub nodes: Vec<Node>,
    masters: usize,
}

impl Cluster {
    /// Starts three masters.
    pub fn start(more: &[&str]) -> Self {
        Self::of(3, more)
    }

    /// Starts three masters, the first with a replica that takes over soon.
    pub fn with_replica() -> Self {
        let cluster = Self::of(4, &["--repl-diskless-sync-delay", "0"]);
        let first: String = cluster.nodes[0].command(&["CLUSTER", "MYID"]).unwrap();
        let replica = &cluster.nodes[3];
        until("the replica hears of its master", || replica.command::<()>(&["CLUSTER", "REPLICATE", &first]).is_ok());
        until("the replica follows its master", || {
            replica.command::<String>(&["INFO", "replication"]).unwrap().contains("master_link_status:up")
        });
        cluster
    }

    fn of(count: usize, more: &[&str]) -> Self {
        let bus = |_| free_port().to_string();
        let nodes = (0..count).map(bus).map(|bus| {
            let usual = ["--cluster-enabled", "yes", "--cluster-port", &bus, "--cluster-node-timeout", "1000"];
            Node::plain(&[&usual, more].concat())
        });
        let cluster = Self { nodes: nodes.collect(), masters: 3 };
        cluster.form();
        cluster
    }

    fn form(&self) {
        let admin = |node: &Node, words: &[&str]| node.command::<()>(words).unwrap();
        for (at, node) in self.nodes.iter().enumerate() {
            admin(node, &["CLUSTER", "SET-CONFIG-EPOCH", &(at + 1).to_string()]);
            if at < self.masters {
                let (from, to) = (16_384 * at / self.masters, 16_384 * (at + 1) / self.masters - 1);
                admin(node, &["CLUSTER", "ADDSLOTSRANGE", &from.to_string(), &to.to_string()]);
            }
        }
        for node in &self.nodes[1..] {
            let bus = node.arguments.iter().skip_while(|word| *word != "--cluster-port").nth(1).unwrap();
            admin(&self.nodes[0], &["CLUSTER", "MEET", "127.0.0.1", &node.port.to_string(), bus]);
        }
        let all = format!("cluster_known_nodes:{}", self.nodes.len());
        until("the cluster is whole", || {
            let told = self.nodes.iter().map(|node| node.command::<String>(&["CLUSTER", "INFO"]).unwrap());
            told.into_iter().all(|told| told.contains("cluster_state:ok") && told.contains(&all))
        });
    }

    /// How to reach it.
    pub fn place(&self) -> Place {
        let urls = self.nodes.iter().take(self.masters).map(Node::url).collect();
        Place { form: Form::Cluster, urls, account: None, certificates: None }
    }

    /// Which of the masters a key was given to in the beginning.
    pub fn home(&self, key: &str) -> usize {
        self.slot(key) * self.masters / 16_384
    }

    /// The slot of a key.
    pub fn slot(&self, key: &str) -> usize {
        self.nodes.iter().find_map(|node| node.command(&["CLUSTER", "KEYSLOT", key]).ok()).unwrap()
    }

    /// Says to both that a slot is about to move.
    pub fn begin_to_move(&self, slot: usize, from: usize, to: usize) {
        let [from_id, to_id] = [from, to].map(|at| self.id(at));
        let slot = slot.to_string();
        self.nodes[to].command::<()>(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &from_id]).unwrap();
        self.nodes[from].command::<()>(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &to_id]).unwrap();
    }

    /// Moves what is in it.
    pub fn move_keys(&self, slot: usize, from: usize, to: usize) {
        let keys: Vec<String> =
            self.nodes[from].command(&["CLUSTER", "GETKEYSINSLOT", &slot.to_string(), "100"]).unwrap();
        let port = self.nodes[to].port.to_string();
        for key in &keys {
            self.nodes[from].command::<()>(&["MIGRATE", "127.0.0.1", &port, key, "0", "5000"]).unwrap();
        }
    }

    /// Says to all whose the slot is now.
    pub fn end_move(&self, slot: usize, to: usize) {
        let (slot, id) = (slot.to_string(), self.id(to));
        for at in [to].into_iter().chain((0..self.masters).filter(|at| *at != to)) {
            self.nodes[at].command::<()>(&["CLUSTER", "SETSLOT", &slot, "NODE", &id]).unwrap();
        }
    }

    fn id(&self, at: usize) -> String {
        self.nodes[at].command(&["CLUSTER", "MYID"]).unwrap()
    }
}

/// A master, its replica, and a sentinel who makes the replica master half a second after the master is gone.
pub struct Watched {
    /// The first master.
    pub master: Node,
    /// The next.
    pub replica: Node,
    /// Who watches them.
    pub sentinel: Node,
}

impl Watched {
    /// Starts all three.
    pub fn start() -> Self {
        let master = Node::plain(&["--repl-diskless-sync-delay", "0"]);
        let replica = Node::plain(&["--replicaof", "127.0.0.1", &master.port.to_string()]);
        until("the replica follows", || {
            replica.command::<String>(&["INFO", "replication"]).unwrap().contains("master_link_status:up")
        });
        let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
        let mut settings =
            format!("port {port}\nbind 127.0.0.1\nsentinel monitor {MASTER} 127.0.0.1 {} 1\n", master.port);
        for (name, value) in [("down-after-milliseconds", 500), ("failover-timeout", 3_000)] {
            writeln!(settings, "sentinel {name} {MASTER} {value}").unwrap();
        }
        std::fs::write(folder.path().join("sentinel.conf"), settings).unwrap();
        let sentinel = Node::start_in(folder, port, &["FOLDER/sentinel.conf", "--sentinel"]);
        let watched = Self { master, replica, sentinel };
        until("the sentinel knows the replica", || {
            let told: redis::Value = watched.sentinel.command(&["SENTINEL", "REPLICAS", MASTER]).unwrap();
            matches!(told, redis::Value::Array(replicas) if replicas.len() == 1)
        });
        watched
    }

    /// How to reach the master.
    pub fn place(&self) -> Place {
        let form = Form::Sentinel { master: MASTER.to_owned() };
        // One that is not there is passed over.
        let urls = vec![format!("redis://127.0.0.1:{}", free_port()), self.sentinel.url()];
        Place { form, urls, account: None, certificates: None }
    }
}

/// A server that speaks TLS alone, and wants to see a certificate of who asks.
pub struct Sealed {
    /// The server.
    pub node: Node,
    papers: tempfile::TempDir,
}

impl Sealed {
    /// Makes an authority and certificates, and starts the server.
    pub fn start() -> Self {
        let papers = tempfile::tempdir().unwrap();
        let at = |name: &str| papers.path().join(name).display().to_string();
        authority(papers.path(), "ca");
        authority(papers.path(), "other");
        signed(papers.path(), "server");
        signed(papers.path(), "client");
        let node = Node::start(&[
            "--port",
            "0",
            "--tls-port",
            "PORT",
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--tls-auth-clients",
            "yes",
            "--tls-ca-cert-file",
            &at("ca.pem"),
            "--tls-cert-file",
            &at("server.pem"),
            "--tls-key-file",
            &at("server.key"),
        ]);
        Self { node, papers }
    }

    /// How to reach it, trusting an authority, with or without a certificate of our own.
    pub fn place(&self, authority: &str, with_client: bool) -> Place {
        let read = |name: &str| std::fs::read(self.papers.path().join(name)).unwrap();
        let client = with_client.then(|| (read("client.pem"), read("client.key")));
        let certificates = Certificates { authority: Some(read(&format!("{authority}.pem"))), client };
        let url = format!("rediss://127.0.0.1:{}", self.node.port);
        Place { certificates: Some(certificates), ..Place::at(url) }
    }
}

fn openssl(folder: &Path, arguments: &[&str]) {
    let told = Command::new("openssl").args(arguments).current_dir(folder).output().expect("openssl is not installed");
    assert!(told.status.success(), "openssl {arguments:?}: {}", String::from_utf8_lossy(&told.stderr));
}

const KEY: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];

fn authority(folder: &Path, name: &str) {
    let (key, pem, subject) = (format!("{name}.key"), format!("{name}.pem"), format!("/CN={name}"));
    let mut arguments = vec!["req", "-x509", "-days", "2", "-keyout", &key, "-out", &pem, "-subj", &subject];
    arguments.extend(KEY);
    openssl(folder, &arguments);
}

fn signed(folder: &Path, name: &str) {
    let [key, request, pem] = ["key", "csr", "pem"].map(|end| format!("{name}.{end}"));
    let subject = format!("/CN={name}");
    let mut arguments = vec!["req", "-keyout", &key, "-out", &request, "-subj", &subject];
    arguments.extend(KEY);
    openssl(folder, &arguments);
    let more: PathBuf = folder.join("more.ext");
    std::fs::write(&more, "subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n").unwrap();
    openssl(
        folder,
        &[
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "2",
            "-out",
            &pem,
            "-extfile",
            "more.ext",
        ],
    );
}
