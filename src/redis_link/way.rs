//! How a connection is opened: straight to a server, by the sentinels' word to the master, or to a cluster.

use std::time::Duration;

use redis::cluster::ClusterClient;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{
    AsyncConnectionConfig, Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, ErrorKind, IntoConnectionInfo,
    RedisError, RedisResult, ServerErrorKind, TlsCertificates, TlsMode,
};

use super::link::Socket;
use super::place::{Account, Certificates, Form, Place};

/// Questions that may wait for one connection.
const WAITING: usize = 1_000;
/// A question to a cluster is put again where a slot has moved to, so often …
const REDIRECTS: u32 = 3;
/// … and where a node says "later", after so many milliseconds.
const LATER_MS: (u64, u64) = (1, 5);
/// A cluster is asked for its map with the same patience as for anything else, and it may be a large one.
const LEAST_FOR_MAP: Duration = Duration::from_millis(250);

/// How long the library waits; whoever asks waits no longer than it wants by itself.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For an answer.
    pub answer: Duration,
}

/// A place that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the Redis address cannot be used: {0}")]
pub struct BadPlace(#[from] RedisError);

/// A way to open connections.
pub(super) enum Way {
    Server { client: Client, config: AsyncConnectionConfig },
    Sentinels { sentinels: Box<Sentinels>, config: AsyncConnectionConfig },
    Cluster(ClusterClient),
}

impl Way {
    /// Reads the place; connects nowhere.
    pub fn to(place: &Place, patience: Patience) -> Result<Self, BadPlace> {
        let nodes = place.urls.iter().map(|url| url.as_str().into_connection_info());
        let nodes = nodes.collect::<RedisResult<Vec<_>>>()?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(patience.connect))
            .set_response_timeout(Some(patience.answer))
            .set_pipeline_buffer_size(WAITING);
        let certificates = place.certificates.as_ref().map(certificates);
        Ok(match &place.form {
            Form::Single => Self::Server { client: server(nodes, place.account.as_ref(), certificates)?, config },
            Form::Sentinel { master } => {
                let sentinels =
                    Sentinels { nodes, master: master.clone(), account: place.account.clone(), certificates };
                sentinels.client()?;
                Self::Sentinels { sentinels: Box::new(sentinels), config }
            }
            Form::Cluster => Self::Cluster(cluster(nodes, place.account.as_ref(), certificates, patience)?),
        })
    }

    /// Opens a connection on the present runtime.
    pub async fn open(&self) -> RedisResult<Socket> {
        Ok(match self {
            Self::Server { client, config } => {
                Socket::Server(client.get_multiplexed_async_connection_with_config(config).await?)
            }
            Self::Sentinels { sentinels, config } => {
                Socket::Server(sentinels.client()?.get_async_connection_with_config(config).await?)
            }
            Self::Cluster(client) => Socket::Cluster(client.get_async_connection().await?),
        })
    }

    /// Whether a connection that gave this error should not be used again. A cluster's looks after itself.
    pub fn is_lost(&self, error: &RedisError) -> bool {
        let not_the_master =
            || matches!(error.kind(), ErrorKind::Server(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown));
        !matches!(self, Self::Cluster(_)) && (error.is_unrecoverable_error() || not_the_master())
    }
}

fn server(
    nodes: Vec<ConnectionInfo>,
    account: Option<&Account>,
    certificates: Option<TlsCertificates>,
) -> RedisResult<Client> {
    let Ok([node]) = <[ConnectionInfo; 1]>::try_from(nodes) else {
        return Err((ErrorKind::InvalidClientConfig, "a single server has one address").into());
    };
    let mut settings = node.redis_settings().clone().set_skip_set_lib_name();
    if let Some(account) = account {
        settings = settings.set_password(&account.password);
        if let Some(username) = &account.username {
            settings = settings.set_username(username);
        }
    }
    let node = node.set_redis_settings(settings);
    match certificates {
        Some(certificates) => Client::build_with_tls(node, certificates),
        None => Client::open(node),
    }
}

fn cluster(
    nodes: Vec<ConnectionInfo>,
    account: Option<&Account>,
    certificates: Option<TlsCertificates>,
    patience: Patience,
) -> RedisResult<ClusterClient> {
    let mut cluster = ClusterClient::builder(nodes)
        .connection_timeout(patience.connect)
        .response_timeout(patience.answer.max(LEAST_FOR_MAP))
        .retries(REDIRECTS)
        .min_retry_wait(LATER_MS.0)
        .max_retry_wait(LATER_MS.1);
    if let Some(account) = account {
        cluster = cluster.password(&account.password);
        if let Some(username) = &account.username {
            cluster = cluster.username(username);
        }
    }
    if let Some(certificates) = certificates {
        cluster = cluster.certs(certificates);
    }
    cluster.build()
}

/// Those who know where the master is.
pub(super) struct Sentinels {
    nodes: Vec<ConnectionInfo>,
    master: String,
    account: Option<Account>,
    certificates: Option<TlsCertificates>,
}

impl Sentinels {
    /// A client that remembers nothing: whoever opens a connection wants to hear where the master is now.
    fn client(&self) -> RedisResult<SentinelClient> {
        let addresses = self.nodes.iter().map(|node| node.addr().clone());
        let mut builder = SentinelClientBuilder::new(addresses, &self.master, SentinelServerType::Master)?;
        let Some(first) = self.nodes.first() else { return builder.build() };
        let told = first.redis_settings();
        builder = builder.set_client_to_redis_db(told.db());
        if let Some(password) = told.password() {
            builder = builder.set_client_to_sentinel_password(password);
        }
        if let Some(username) = told.username() {
            builder = builder.set_client_to_sentinel_username(username);
        }
        if let Some(account) = &self.account {
            builder = builder.set_client_to_redis_password(&account.password);
            if let Some(username) = &account.username {
                builder = builder.set_client_to_redis_username(username);
            }
        }
        if matches!(first.addr(), ConnectionAddr::TcpTls { .. }) {
            builder =
                builder.set_client_to_redis_tls_mode(TlsMode::Secure).set_client_to_sentinel_tls_mode(TlsMode::Secure);
        }
        if let Some(certificates) = &self.certificates {
            builder = builder
                .set_client_to_redis_certificates(certificates.clone())
                .set_client_to_sentinel_certificates(certificates.clone());
        }
        builder.build()
    }
}

fn certificates(of: &Certificates) -> TlsCertificates {
    let client = of.client.as_ref();
    TlsCertificates {
        client_tls: client.map(|(cert, key)| ClientTlsConfig { client_cert: cert.clone(), client_key: key.clone() }),
        root_cert: of.authority.clone(),
    }
}
