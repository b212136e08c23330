//! Quotes: `POST /v1/quotes`, `GET /v1/quotes/{quote_id}`.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, get, post};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::asked::Asked;
use crate::api::basket::{ExchangeView, Figures, LineView};
use crate::api::gate::Admitted;
use crate::api::operations::op;
use crate::api::payments::MoneyView;
use crate::api::price::PriceView;
use crate::edge::parts::{Json, Path};
use crate::edge::problem::Problem;
use crate::edge::reply::{self, Reply};
use crate::error::Place;
use crate::model::ids::{QuoteId, SkuId};
use crate::model::money::Currency;
use crate::model::quote::{LineProblem, MixedSoFar, Quantity, Quote, Wanted};
use crate::orders::{NewQuote, Orders, Quoted};

/// What is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewQuote)]
pub struct NewQuoteBody {
    /// 1 to 50 different SKUs, of any number of suppliers.
    #[schema(min_items = 1, max_items = 50)]
    lines: Vec<NewLineBody>,
    /// Code of the domestic warehouse; the gateway's usual one when left out.
    #[schema(example = "YW01")]
    warehouse: Option<String>,
    /// ISO 3166-1 code of the destination; your account's country when left out.
    #[schema(example = "JP")]
    ship_to_country: Option<String>,
    /// ISO 4217 code of the currency whose rate is locked; CNY when left out.
    #[schema(example = "JPY")]
    currency: Option<String>,
}

/// One wanted line.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewQuoteLine)]
pub struct NewLineBody {
    /// The variant.
    #[schema(example = "610947572360001")]
    sku_id: String,
    /// How many pieces.
    #[schema(minimum = 1, maximum = 1_000_000, example = 10)]
    quantity: i64,
}

/// The quotes, and the lines that are in none of them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Quotes)]
pub struct QuotesView {
    /// One quote a supplier; each becomes one order.
    quotes: Vec<QuoteView>,
    /// Which of your lines went into which quote: an order has one supplier, so the lines are split by supplier.
    split: Vec<SplitView>,
    /// Lines that cannot be had so, and why.
    problems: Vec<LineProblemView>,
}

/// The lines of one quote.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QuoteSplit)]
pub struct SplitView {
    /// The quote.
    #[schema(example = "quo_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    quote_id: String,
    /// JSON Pointers to its lines in your request.
    #[schema(example = json!(["#/lines/0", "#/lines/2"]))]
    lines: Vec<String>,
}

/// Prices, freight and exchange rate, locked until `expires_at`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Quote)]
pub struct QuoteView {
    /// Id to order by.
    #[schema(example = "quo_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    id: String,
    /// Who sells.
    supplier: SellerView,
    /// Where the supplier sends the goods.
    #[schema(example = "YW01")]
    warehouse: String,
    /// Where they go in the end.
    #[schema(example = "JP")]
    ship_to_country: String,
    /// What is bought.
    lines: Vec<LineView>,
    /// The sum of the lines.
    goods: PriceView,
    /// Domestic freight to the warehouse.
    freight: PriceView,
    /// Goods and freight.
    total: PriceView,
    /// The locked rate.
    exchange: ExchangeView,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// From when on it cannot be ordered.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// A supplier in short.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QuoteSupplier)]
pub struct SellerView {
    /// Id.
    id: String,
    /// Chinese name.
    name: String,
}

/// A line that is in no quote.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = LineProblem)]
pub struct LineProblemView {
    /// JSON Pointer to the line in your request.
    #[schema(example = "#/lines/1")]
    pointer: String,
    /// `below_minimum_order`, `out_of_stock`, `not_order_multiple`, `sku_not_found`, `restricted_country` or
    /// `offer_unavailable`.
    #[schema(example = "below_minimum_order")]
    code: &'static str,
    /// The reason, and what would be right.
    detail: String,
    /// The smallest quantity.
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_order: Option<i64>,
    /// Quantities must be a multiple of this.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_multiple: Option<i64>,
    /// How many pieces there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    stock: Option<i64>,
    /// With `below_minimum_order`, where the supplier takes mixed orders: what two or more of its SKUs have to make
    /// together for no minimum to apply, and what these lines make.
    #[serde(skip_serializing_if = "Option::is_none")]
    mixed_order: Option<MixedSoFarView>,
}

/// A supplier's rule for mixed orders, and what the lines come to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MixedOrderSoFar)]
pub struct MixedSoFarView {
    /// So many pieces are enough; null when pieces do not count.
    #[schema(example = 30)]
    min_pieces: Option<u32>,
    /// Goods of this price are enough; null when money does not count.
    min_amount: Option<MoneyView>,
    /// Pieces of the lines of this supplier.
    #[schema(example = 12)]
    pieces: i64,
    /// What they cost.
    amount: MoneyView,
}

impl From<&MixedSoFar> for MixedSoFarView {
    fn from(mixed: &MixedSoFar) -> Self {
        Self {
            min_pieces: mixed.rule.pieces,
            min_amount: mixed.rule.amount.map(MoneyView::from),
            pieces: mixed.pieces,
            amount: mixed.amount.into(),
        }
    }
}

impl From<&Quote> for QuoteView {
    fn from(quote: &Quote) -> Self {
        let (basket, exchange) = (&quote.basket, &quote.exchange);
        let figures = Figures::of(basket, exchange);
        Self {
            id: quote.id.to_string(),
            supplier: SellerView { id: basket.supplier.to_string(), name: basket.supplier_name.clone() },
            warehouse: basket.warehouse.to_string(),
            ship_to_country: basket.ship_to.to_string(),
            lines: figures.lines,
            goods: figures.goods,
            freight: figures.freight,
            total: figures.total,
            exchange: exchange.into(),
            created_at: quote.created_at.to_string(),
            expires_at: quote.expires_at.to_string(),
        }
    }
}

impl From<&LineProblem> for LineProblemView {
    fn from(problem: &LineProblem) -> Self {
        Self {
            pointer: format!("#/lines/{}", problem.line),
            code: problem.trouble.name(),
            detail: Quoted::describe(problem),
            minimum_order: problem.minimum_order,
            order_multiple: problem.order_multiple,
            stock: problem.stock,
            mixed_order: problem.mixed.as_ref().map(MixedSoFarView::from),
        }
    }
}

impl QuotesView {
    fn of(quoted: &Quoted, asked: &[Wanted]) -> Self {
        let place = |sku: SkuId| asked.iter().position(|line| line.sku == sku);
        let split = |quote: &Quote| SplitView {
            quote_id: quote.id.to_string(),
            lines: quote
                .basket
                .lines
                .iter()
                .filter_map(|line| place(line.sku))
                .map(|at| format!("#/lines/{at}"))
                .collect(),
        };
        Self {
            quotes: quoted.quotes.iter().map(QuoteView::from).collect(),
            split: quoted.quotes.iter().map(split).collect(),
            problems: quoted.problems.iter().map(LineProblemView::from).collect(),
        }
    }
}

/// Reads the lines of a quote or an order; `None` when one is wrong, which is noted.
pub fn read_lines(asked: &mut Asked, lines: &[NewLineBody]) -> Option<Vec<Wanted>> {
    let read = lines.iter().enumerate().map(|(at, line)| {
        let sku = asked.body::<SkuId>(&format!("/lines/{at}/sku_id"), Some(&line.sku_id));
        let quantity = Quantity::new(line.quantity);
        if quantity.is_none() {
            asked.wrong(Place::body(&format!("/lines/{at}/quantity"), "a whole number from 1 to 1000000"));
        }
        Some(Wanted { sku: sku?, quantity: quantity? })
    });
    // All of them, so that every wrong line is named.
    read.collect::<Vec<_>>().into_iter().collect()
}

impl NewQuoteBody {
    fn read(&self) -> Result<NewQuote, Problem> {
        let mut asked = Asked::default();
        let lines = read_lines(&mut asked, &self.lines);
        let warehouse = asked.body("/warehouse", self.warehouse.as_deref());
        let ship_to = asked.body("/ship_to_country", self.ship_to_country.as_deref());
        let currency = asked.body("/currency", self.currency.as_deref()).unwrap_or(Currency::CNY);
        asked.done(lines.map(|lines| NewQuote { lines, warehouse, ship_to, currency }))
    }
}

/// Asks for quotes: one a supplier, with prices, freight and exchange rate locked for half an hour.
#[utoipa::path(tag = "Quotes", request_body = NewQuoteBody, responses(
    (status = 201, description = "What can be had, and why the rest cannot", body = QuotesView),
    (status = 409, description = "`nothing_to_quote`: none of the lines; `errors` says why for each, `problems` with the figures of a quote's `problems`"),
))]
#[post("/v1/quotes")]
pub async fn create_quote(
    request: HttpRequest,
    call: Admitted<op::CreateQuote, Json<NewQuoteBody>>,
    orders: Data<Orders>,
) -> Reply {
    let wish = call.parts.0.read()?;
    let lines = wish.lines.clone();
    let quoted = orders.quote(&call.caller, wish).await?;
    reply::written(&request, StatusCode::CREATED, &QuotesView::of(&quoted, &lines))
}

/// Names a quote.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct QuotePath {
    /// Id of the quote.
    quote_id: String,
}

/// Reads a quote again.
#[utoipa::path(tag = "Quotes", params(QuotePath), responses(
    (status = 200, description = "The quote", body = QuoteView),
    (status = 304, description = "You hold it already; it costs nothing"),
    (status = 404, description = "`quote_not_found`"),
))]
#[get("/v1/quotes/{quote_id}")]
pub async fn get_quote(
    request: HttpRequest,
    call: Admitted<op::GetQuote, Path<QuotePath>>,
    orders: Data<Orders>,
) -> Reply {
    let mut asked = Asked::default();
    let id = asked.path::<QuoteId>("quote_id", &call.parts.0.quote_id);
    let quote = orders.get_quote(&call.caller, &asked.done(id)?).await?;
    reply::read(&request, &QuoteView::from(&quote))
}
