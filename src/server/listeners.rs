//! The two listeners: one for partners, one for the operator. Binds both before anything is served, and stops in
//! order: not ready, drained, requests finished, tasks ended, database closed.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_http::{HttpService, Protocol};
use actix_service::{IntoServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::dev::{AppConfig, Server, ServerHandle};
use actix_web::rt::net::TcpStream;
use actix_web::web::{self, Data};
use actix_web::{App, Error as WebError, HttpServer};
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use utoipa_actix_web::AppExt;

use crate::api::unmatched::{Paths, unmatched};
use crate::api::{self, DocumentText};
use crate::edge::front::Front;
use crate::ops::console::Console;
use crate::ops::health::Health;
use crate::ops::look::Books;
use crate::ops::{self, Meters};
use crate::param2;
use crate::rates;
use crate::server::connection::Connection;
use crate::server::house::{Error, House, Rooms};
use crate::server::{readings, settings, tasks};

/// How long the end of a connection may take.
const DISCONNECT_WITHIN: Duration = Duration::from_secs(1);

/// Two sockets, bound and not yet served.
#[derive(Debug)]
pub struct Doors {
    partners: TcpListener,
    operator: TcpListener,
}

/// A listener's address cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("{setting} = {address} cannot be listened on: {source}; stop what listens there, or choose another port")]
pub struct Taken {
    setting: &'static str,
    address: SocketAddr,
    source: std::io::Error,
}

impl Doors {
    /// Binds both addresses.
    pub fn bind(partners: SocketAddr, operator: SocketAddr) -> Result<Self, Taken> {
        let bind = |setting, address| TcpListener::bind(address).map_err(|source| Taken { setting, address, source });
        Ok(Self { partners: bind("server.bind", partners)?, operator: bind("ops.bind", operator)? })
    }
}

impl Doors {
    /// Where partners will reach the house.
    pub fn partners_address(&self) -> std::io::Result<SocketAddr> {
        self.partners.local_addr()
    }
}

/// A gateway that answers.
#[derive(Debug)]
pub struct Running {
    /// Where partners reach it.
    pub address: SocketAddr,
    /// Where the operator reaches it.
    pub ops_address: SocketAddr,
    /// What it is made of.
    pub house: Arc<House>,
    partners: (ServerHandle, JoinHandle<std::io::Result<()>>),
    operator: (ServerHandle, JoinHandle<std::io::Result<()>>),
    tasks: JoinSet<()>,
    stop: CancellationToken,
}

/// Serves the house at these doors.
#[expect(clippy::disallowed_methods, reason = "the listeners themselves run here")]
pub fn serve(house: House, doors: Doors) -> Result<Running, Error> {
    let house = Arc::new(house);
    let rooms = house.rooms()?;
    let stop = CancellationToken::new();
    let address = doors.partners.local_addr().map_err(Error::Listen)?;
    let ops_address = doors.operator.local_addr().map_err(Error::Listen)?;
    let partners = partners(&house, doors.partners).map_err(Error::Listen)?;
    let operator = operator(&house, &rooms, doors.operator).map_err(Error::Listen)?;
    Ok(Running {
        address,
        ops_address,
        tasks: tasks::start(&house, &rooms, &stop),
        partners: (partners.handle(), tokio::spawn(partners)),
        operator: (operator.handle(), tokio::spawn(operator)),
        house,
        stop,
    })
}

fn partners(house: &Arc<House>, listener: TcpListener) -> std::io::Result<Server> {
    let document = api::document();
    let paths = Data::new(Paths::of(&document));
    let text = Data::new(DocumentText::from(web::Bytes::from(api::openapi::text(&document))));
    let settings = house.config.server.clone();
    let shared = Arc::clone(house);
    let app = move || {
        let (app, _) = App::new().into_utoipa_app().configure(api::operations).split_for_parts();
        app.app_data(shared.gate.clone())
            .app_data(paths.clone())
            .app_data(text.clone())
            .app_data(Data::from(shared.usage.clone()))
            .app_data(Data::from(shared.referrals.clone()))
            .app_data(Data::new(settings::country_header(&shared.config)))
            .configure(|config| furnish(config, &shared))
            .service(api::serve_document)
            .service(api::pictures::get_picture)
            .service(api::storefront::go)
            .configure(api::docs::routes)
            .app_data(shared.param2.clone())
            .configure(param2::routes)
            .default_service(web::to(unmatched))
            .wrap(Front {
                books: shared.books.clone(),
                trace_share: shared.config.telemetry.trace_share,
                deadline: Duration::from_millis(shared.config.server.request_deadline_ms),
                draining: shared.draining.clone(),
            })
    };
    let builder = Server::build().disable_signals().shutdown_timeout(settings.shutdown_s);
    let builder = if settings.workers > 0 { builder.workers(settings.workers) } else { builder };
    let (crowd, leaving) = (Arc::clone(&house.crowd), builder.graceful_shutdown_signal());
    let directory = Arc::clone(&house.directory);
    // As the framework's own server does it, but for the connection between socket and parser.
    let builder = builder.listen("partners", listener, move || {
        let (crowd, leaving) = (Arc::clone(&crowd), leaving.clone());
        let app = app().into_factory().map_err(|error: WebError| error.error_response());
        let served = HttpService::build()
            .graceful_shutdown_signal(move || {
                let leaving = leaving.clone();
                async move { leaving.notified().await }
            })
            .keep_alive(Duration::from_secs(settings.keep_alive_s))
            .client_request_timeout(Duration::from_millis(settings.head_timeout_ms))
            .client_disconnect_timeout(DISCONNECT_WITHIN)
            .on_connect_ext(move |connection: &Connection, data| crowd.receive(connection.socket(), data))
            .finish(map_config(app, |()| AppConfig::default()));
        let directory = Arc::clone(&directory);
        let opened = fn_service(move |socket: TcpStream| {
            let (peer, older) = (socket.peer_addr().ok(), directory.has_open_doors());
            async move { Ok::<_, DispatchError>((Connection::new(socket, older), Protocol::Http1, peer)) }
        });
        opened.and_then(served)
    })?;
    Ok(builder.run())
}

/// Gives a worker rooms of its own; called on the worker's runtime.
fn furnish(config: &mut web::ServiceConfig, house: &House) {
    match house.rooms() {
        Ok(rooms) => {
            config.app_data(rooms.catalog).app_data(rooms.orders).app_data(rooms.fulfilment);
            config.app_data(rooms.webhooks).app_data(rooms.aftersale).app_data(rooms.follows);
            config.app_data(rooms.sourcing);
            config.app_data(rooms.pictures).app_data(rooms.links).app_data(rooms.landed);
        }
        // The same was made once before the listener opened; without rooms this worker answers internal_error.
        Err(error) => tracing::error!(%error, "a worker has no rooms"),
    }
}

/// Built-in rates have no age at which quotes stop.
fn rates_age_bound(house: &House) -> Option<i64> {
    let rates = settings::rates(&house.config.rates);
    (rates.source != rates::Source::Embedded).then_some(i64::from(rates.stale_after_days))
}

fn operator(house: &Arc<House>, rooms: &Rooms, listener: TcpListener) -> std::io::Result<Server> {
    let health = Data::new(Health {
        sql: house.sql.clone(),
        counters: house.counters.clone(),
        draining: house.draining.clone(),
        warming: house.warming.clone(),
        catalogue_trouble: house.catalogue_trouble.clone(),
    });
    let meters = Data::new(Meters { metrics: house.books.metrics.clone(), readings: readings::of(house, rooms) });
    let console = Data::new(Console {
        access: house.console.clone(),
        books: Books {
            directory: house.directory.clone(),
            limits: house.gate.limits.clone(),
            ledger: house.ledger.clone(),
            usage: house.usage.clone(),
            cache: house.cache.clone(),
            rates: house.rates.clone(),
            rates_stale_after_days: rates_age_bound(house),
            sql: house.sql.clone(),
            started: house.clock.now(),
            clock: house.clock.clone(),
        },
        trusted_proxies: house.config.server.trusted_proxies.clone(),
        streams: Arc::default(),
    });
    let shared = Arc::clone(house);
    let server = HttpServer::new(move || {
        let (app, _) = App::new().into_utoipa_app().configure(ops::json::operations).split_for_parts();
        let app = app.app_data(health.clone()).app_data(meters.clone()).app_data(console.clone());
        app.configure(|config| furnish(config, &shared)).configure(ops::routes)
    });
    Ok(server.workers(1).disable_signals().shutdown_timeout(1).listen(listener)?.run())
}

impl Running {
    /// Says not ready, waits for balancers to notice, finishes what is under way, and closes the house.
    pub async fn stop(mut self) {
        self.house.draining.store(true, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(self.house.config.server.drain_s)).await;
        self.partners.0.stop(true).await;
        self.stop.cancel();
        while self.tasks.join_next().await.is_some() {}
        self.house.usage.close().await;
        if let Err(error) = self.house.referrals.flush().await {
            tracing::warn!(%error, "the clicks of the last second could not be written; they are lost");
        }
        tasks::write_uses(&self.house).await;
        self.operator.0.stop(true).await;
        // Both end by themselves once told to.
        let _ = tokio::join!(self.partners.1, self.operator.1);
        self.house.sql.close().await;
    }
}
