//! Starting and stopping: loads the market, binds the address, lists all routes once.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpRequest, HttpServer, ResponseError, web};
use tokio::task::JoinHandle;
use utoipa_actix_web::AppExt;
use utoipa_actix_web::service_config::ServiceConfig;

use super::advance::advance;
use super::asked::BODY_LIMIT;
use super::clock::Clock;
use super::envelope::{Code, Refusal};
use super::gate::gate;
use super::market::Market;
use super::settings::{Error, Progress, Settings};
use super::{
    browse_http, cashier, consignment_http, control, control_trade, feed_http, freight_http, goods_http, inquiry_http,
    links_http, openapi, picture_http, refund_http, trade_http, voucher_http,
};

/// A sandbox that answers.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// The token callers must present.
    pub token: String,
    /// Its clock, for tests that move it.
    pub clock: Clock,
    market: web::Data<Market>,
    handle: ServerHandle,
    server: JoinHandle<std::io::Result<()>>,
    mover: JoinHandle<()>,
}

/// Loads the goods and starts to answer; returns when it does. Must be called inside a tokio runtime.
pub async fn start(settings: Settings, progress: impl Fn(Progress) + Send + Sync + 'static) -> Result<Running, Error> {
    check(&settings)?;
    // Bound before the goods are loaded: a taken address is told at once.
    let listener = TcpListener::bind(settings.bind).map_err(|error| bind_error(settings.bind, error))?;
    let address = listener.local_addr().map_err(|error| Error::Bind(settings.bind, error))?;
    let progress = Arc::new(progress);
    let wanted = settings.clone();
    let loading = tokio::task::spawn_blocking(move || Market::open(&wanted, &*progress));
    let loaded = loading.await.map_err(|_| Error::Setting(String::from("loading the goods was interrupted")))?;
    let market = web::Data::new(loaded?);
    market.set_public_url(settings.public_url.clone().unwrap_or_else(|| format!("http://{address}")));
    if settings.describe_pictures {
        let market = market.clone();
        std::thread::spawn(move || {
            market.likeness.describe(&market.shop, 1);
        });
    }
    let shared = market.clone();
    let server = HttpServer::new(move || app(shared.clone()))
        .workers(settings.workers)
        .disable_signals()
        .shutdown_timeout(3)
        .listen(listener)
        .map_err(|error| Error::Bind(address, error))?
        .run();
    Ok(Running {
        address,
        token: settings.token,
        clock: settings.clock,
        handle: server.handle(),
        server: tokio::spawn(server),
        mover: tokio::spawn(advance(market.clone())),
        market,
    })
}

impl Running {
    /// `http://127.0.0.1:1234`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Moves on everything that is due now, without waiting for the background task; says how much moved.
    pub fn tick(&self) -> usize {
        self.market.tick()
    }

    /// Answers what was begun, then stops.
    pub async fn stop(self) {
        self.market.close();
        self.handle.stop(true).await;
        // Both end by themselves once told to; an error of theirs has been logged where it happened.
        let _ = tokio::join!(self.server, self.mover);
        // Worker threads may hold the market a little longer; the next sandbox need not wait for them.
        self.market.release();
    }
}

fn check(settings: &Settings) -> Result<(), Error> {
    let wrong = |text: &str| Err(Error::Setting(text.to_owned()));
    if !(0.0..=1_000_000.0).contains(&settings.pace) {
        return wrong("the pace must be a number from 0 to 1000000");
    }
    if settings.token.is_empty() {
        return wrong("the internal token must not be empty");
    }
    if settings.workers == 0 {
        return wrong("there must be at least one worker");
    }
    Ok(())
}

fn bind_error(address: SocketAddr, error: std::io::Error) -> Error {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => Error::AddressTaken(address),
        _ => Error::Bind(address, error),
    }
}

fn app(
    market: web::Data<Market>,
) -> App<
    impl actix_web::dev::ServiceFactory<
        actix_web::dev::ServiceRequest,
        Config = (),
        Response = actix_web::dev::ServiceResponse,
        Error = actix_web::Error,
        InitError = (),
    >,
> {
    App::new()
        .app_data(market)
        .app_data(web::PayloadConfig::new(BODY_LIMIT))
        .app_data(web::QueryConfig::default().error_handler(|_, _| Refusal::param("?").into()))
        .app_data(web::PathConfig::default().error_handler(|_, request| Refusal::param(&wrong_segment(request)).into()))
        .into_utoipa_app()
        .configure(routes)
        .into_app()
        .default_service(web::to(|| async { Refusal::from(Code::PathNotFound).error_response() }))
        .wrap(from_fn(gate))
}

/// The path parameter that is no number.
fn wrong_segment(request: &HttpRequest) -> String {
    let mut segments = request.match_info().iter();
    segments.find(|(_, text)| text.parse::<i64>().is_err()).map_or_else(String::new, |(name, _)| name.to_owned())
}

/// Every route, once; the OpenAPI document is read from the same list.
pub fn routes(config: &mut ServiceConfig<'_>) {
    config
        .service(goods_http::search_goods)
        .service(goods_http::batch_get_goods)
        // Before the goods' number, which would take the word for one.
        .service(picture_http::search_by_picture)
        .service(picture_http::add_picture)
        .service(links_http::expand_link)
        .service(links_http::share_goods)
        .service(goods_http::get_picture)
        .service(goods_http::get_goods)
        .service(goods_http::list_categories)
        .service(goods_http::get_seller)
        .service(browse_http::list_related)
        .service(browse_http::get_goods_trend)
        .service(browse_http::get_category)
        .service(browse_http::list_pools)
        .service(browse_http::list_pool_goods)
        .service(browse_http::list_ranking)
        .service(browse_http::list_keywords)
        .service(trade_http::list_warehouses)
        .service(trade_http::preview)
        .service(freight_http::estimate_freight)
        .service(trade_http::place_order)
        .service(trade_http::list_orders)
        // Before the order number, which would take the word for one.
        .service(trade_http::get_order_by_ref)
        .service(trade_http::get_order)
        .service(trade_http::cancel_order)
        .service(trade_http::pay_order)
        .service(trade_http::confirm_receipt)
        .service(trade_http::list_shipments)
        .service(trade_http::get_payment_by_ref)
        .service(trade_http::write_memo)
        .service(voucher_http::add_voucher)
        .service(voucher_http::get_voucher)
        .service(refund_http::list_reasons)
        .service(refund_http::apply)
        .service(refund_http::list_refunds)
        .service(refund_http::get_refund_by_ref)
        .service(refund_http::get_refund)
        .service(refund_http::modify_refund)
        .service(refund_http::send_back)
        .service(refund_http::arbitrate)
        .service(refund_http::withdraw)
        .service(consignment_http::open_consignment)
        .service(consignment_http::list_consignments)
        .service(consignment_http::get_consignment_by_ref)
        .service(consignment_http::get_consignment)
        .service(consignment_http::add_receipt)
        .service(consignment_http::add_inspection)
        .service(consignment_http::hand_over)
        .service(consignment_http::cancel_consignment)
        .service(inquiry_http::inquire)
        .service(inquiry_http::get_inquiry_by_ref)
        .service(inquiry_http::get_inquiry)
        .service(inquiry_http::counter)
        .service(inquiry_http::withdraw_inquiry)
        .service(cashier::show_cashier)
        .service(cashier::press_pay)
        .service(feed_http::list_changes)
        .service(control::advance_order)
        .service(control::touch_goods)
        .service(control::touch_seller)
        .service(control::touch_order)
        .service(control_trade::list_all_orders)
        .service(control_trade::act_on_refund)
        .service(control_trade::work_on_consignment)
        .service(inquiry_http::act_on_inquiry)
        .service(control::get_stats)
        .service(control::add_fault)
        .service(control::clear_faults)
        .service(openapi::get_openapi)
        .service(openapi::get_health);
}
