//! Payments: how an order can be paid, paying, and how a payment stands.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, get, post};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::api::asked::Asked;
use crate::api::gate::Admitted;
use crate::api::once::{self, KeyHeader, Keyed};
use crate::api::operations::op;
use crate::api::orders::OrderPath;
use crate::edge::parts::{Json, Path};
use crate::edge::problem::Problem;
use crate::edge::reply::{self, Reply};
use crate::error::Place;
use crate::model::ids::{OrderId, PaymentId};
use crate::model::money::{Currency, Money};
use crate::model::payment::{Method, Part, PartState, Payment};
use crate::orders::{Expected, NewPayment, Orders, PaymentOptions};

/// How an order can be paid.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentOptions)]
pub struct OptionsView {
    /// The ways; empty when there is nothing to pay (any more).
    options: Vec<OptionView>,
    /// What has to be paid: the order's `payment.amount`.
    total: MoneyView,
    /// Until when; null when the order does not wait for money.
    #[schema(format = DateTime)]
    pay_by: Option<String>,
    /// Where the order stands; only one that is `awaiting_payment` can be paid.
    #[schema(example = "awaiting_payment")]
    state: &'static str,
    /// Why `options` is empty, and what to do; null when there is a way to pay.
    reason: Option<&'static str>,
}

/// A way to pay.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentOption)]
pub struct OptionView {
    /// `page`: somebody opens a payment page; `debit`: the agreed account is debited at once.
    #[schema(example = "page")]
    method: &'static str,
}

/// An amount of money.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Money)]
pub struct MoneyView {
    /// Decimal string.
    #[schema(example = "40.00")]
    amount: String,
    /// ISO 4217 code.
    #[schema(example = "CNY")]
    currency: &'static str,
}

/// A wish to pay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPayment)]
pub struct NewPaymentBody {
    /// 1 to 20 orders.
    #[schema(min_items = 1, max_items = 20)]
    order_ids: Vec<String>,
    /// `page` or `debit`.
    #[schema(example = "page", pattern = "^(page|debit)$")]
    method: String,
    /// What you think the orders cost together: the sum of their `payment.amount`, in CNY or in the currency that all of
    /// them were quoted in. When it is another by now, nothing is paid and you get 409 `price_changed` with the new sum.
    expected_total: Option<MoneyBody>,
    /// What you agree to pay for single orders: the `payment.amount` of each, in CNY or in the currency it was quoted in.
    /// Where one costs something else by now, nothing is paid for any of them and you get 409 `price_changed`; its member
    /// `orders` has this shape and tells what they cost now.
    #[schema(max_items = 20)]
    expected_amounts: Option<Vec<ExpectedBody>>,
}

/// What you agree to pay for an order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ExpectedAmount)]
pub struct ExpectedBody {
    /// One of `order_ids`.
    #[schema(example = "ord_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    order_id: String,
    /// How much.
    amount: MoneyBody,
}

/// An amount of money.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMoney)]
pub struct MoneyBody {
    /// Decimal string.
    #[schema(example = "40.00")]
    amount: String,
    /// ISO 4217 code.
    #[schema(example = "CNY")]
    currency: String,
}

impl MoneyBody {
    /// The money, if it is; `pointer` is where it stands in the body.
    pub fn read(&self, asked: &mut Asked, pointer: &str) -> Option<Money> {
        let currency = asked.body::<Currency>(&format!("{pointer}/currency"), Some(&self.currency))?;
        let money = Money::parse(&self.amount, currency);
        money.map_err(|why| asked.wrong(Place::body(&format!("{pointer}/amount"), why.to_string()))).ok()
    }
}

/// A payment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub struct PaymentView {
    /// Id.
    #[schema(example = "pay_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    id: String,
    /// `page` or `debit`.
    #[schema(example = "page")]
    method: &'static str,
    /// `pending` while any order is open, `paid` when all are paid, `partly_paid` when only some are, else `failed`.
    #[schema(example = "pending")]
    state: &'static str,
    /// How it stands for each order.
    orders: Vec<PartView>,
    /// When it was begun.
    #[schema(format = DateTime)]
    created_at: String,
}

/// One order of a payment.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PaymentOrder)]
pub struct PartView {
    /// The order.
    order_id: String,
    /// `pending`, `paid` or `failed`. A debit whose answer was lost is `pending` until it is read back.
    #[schema(example = "pending")]
    state: &'static str,
    /// Where to pay, for `page`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pay_url: Option<String>,
    /// Why it was not paid: a code, see `/docs/errors`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "payment_expired")]
    problem: Option<String>,
}

impl From<Money> for MoneyView {
    fn from(money: Money) -> Self {
        Self { amount: money.amount(), currency: money.currency.code() }
    }
}

impl From<&PaymentOptions> for OptionsView {
    fn from(options: &PaymentOptions) -> Self {
        Self {
            options: options.methods.iter().map(|method| OptionView { method: method.name() }).collect(),
            total: options.total.into(),
            pay_by: options.pay_by.map(|moment| moment.to_string()),
            state: options.state.name(),
            reason: options.why_not,
        }
    }
}

impl From<&Payment> for PaymentView {
    fn from(payment: &Payment) -> Self {
        Self {
            id: payment.id.to_string(),
            method: payment.method.name(),
            state: payment.state().name(),
            orders: payment.parts.iter().map(PartView::from).collect(),
            created_at: payment.created_at.to_string(),
        }
    }
}

impl From<&Part> for PartView {
    fn from(part: &Part) -> Self {
        let state = if part.state == PartState::Unknown { PartState::Pending } else { part.state };
        Self {
            order_id: part.order.to_string(),
            state: state.name(),
            pay_url: part.pay_url.clone(),
            problem: part.problem.clone(),
        }
    }
}

/// Lists how an order can be paid now.
#[utoipa::path(tag = "Payments", params(OrderPath), responses(
    (status = 200, description = "The ways to pay", body = OptionsView),
    (status = 304, description = "You hold them already; it costs nothing"),
    (status = 404, description = "`order_not_found`"),
))]
#[get("/v1/orders/{order_id}/payment-options")]
pub async fn list_payment_options(
    request: HttpRequest,
    call: Admitted<op::ListPaymentOptions, Path<OrderPath>>,
    orders: Data<Orders>,
) -> Reply {
    let options = orders.payment_options(&call.caller, &call.parts.0.id()?).await?;
    reply::read(&request, &OptionsView::from(&options))
}

/// Pays for one or several orders, by a page that somebody opens or by debit. Each order has its own outcome in
/// `orders`. Sent twice with the same Idempotency-Key it is done once. What is paid is the order's `payment.amount`;
/// when the supplier changed it meanwhile, that order fails with `price_changed`, nothing is debited for it, and the
/// order shows the new amount: pay again, under a new key, if you agree to it.
#[utoipa::path(tag = "Payments", params(KeyHeader), request_body = NewPaymentBody, responses(
    (status = 201, description = "Begun; `orders` says how it went for each", body = PaymentView,
        headers(("Location" = String, description = "The payment"),
                ("Idempotency-Replayed" = Option<bool>, description = "`true` when this is a repeat's answer"))),
    (status = 400, description = "`invalid_request`, `idempotency_key_missing`"),
    (status = 404, description = "`order_not_found`: one of the orders is not yours"),
    (status = 409, description = "`order_in_progress`: the first request with this key is still running; `price_changed`: it does not cost what `expected_total` or `expected_amounts` say, `total` and `orders` tell what is; `order_state_conflict`: with either of them, one of the orders does not wait for money (`order_id`, `state`)"),
    (status = 422, description = "`idempotency_mismatch`: the key was used with another body"),
))]
#[post("/v1/payments")]
pub async fn create_payment(
    request: HttpRequest,
    call: Admitted<op::CreatePayment, (Keyed, Json<NewPaymentBody>)>,
    orders: Data<Orders>,
) -> Reply {
    let (Keyed(once), Json(body)) = &call.parts;
    let wish = body.read()?;
    let render = |payment: &Payment| {
        let location = ("location".to_owned(), format!("/v1/payments/{}", payment.id));
        once::answer(StatusCode::CREATED, vec![location], &PaymentView::from(payment))
    };
    let told = orders.pay(&call.caller, once.clone(), wish, &render).await?;
    Ok(once::send(&request, told))
}

impl NewPaymentBody {
    fn read(&self) -> Result<NewPayment, Problem> {
        let mut asked = Asked::default();
        let ids = self.order_ids.iter().enumerate().map(|(at, id)| asked.body(&format!("/order_ids/{at}"), Some(id)));
        let orders: Option<Vec<_>> = ids.collect::<Vec<_>>().into_iter().collect();
        let method = asked.body::<Method>("/method", Some(&self.method));
        let expected = self.expected(&mut asked);
        asked.done(orders.zip(method).map(|(orders, method)| NewPayment { orders, method, expected }))
    }

    fn expected(&self, asked: &mut Asked) -> Expected {
        let total = self.expected_total.as_ref().and_then(|money| money.read(asked, "/expected_total"));
        let mut amounts = Vec::new();
        for (at, one) in self.expected_amounts.iter().flatten().enumerate() {
            let order = asked.body::<OrderId>(&format!("/expected_amounts/{at}/order_id"), Some(&one.order_id));
            let amount = one.amount.read(asked, &format!("/expected_amounts/{at}/amount"));
            amounts.extend(order.zip(amount));
        }
        Expected { total, amounts }
    }
}

/// Names a payment.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct PaymentPath {
    /// Id of the payment.
    #[param(example = "pay_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    payment_id: String,
}

/// Reads how a payment stands.
#[utoipa::path(tag = "Payments", params(PaymentPath), responses(
    (status = 200, description = "The payment", body = PaymentView),
    (status = 304, description = "You hold it already; it costs nothing"),
    (status = 404, description = "`payment_not_found`"),
))]
#[get("/v1/payments/{payment_id}")]
pub async fn get_payment(
    request: HttpRequest,
    call: Admitted<op::GetPayment, Path<PaymentPath>>,
    orders: Data<Orders>,
) -> Reply {
    let mut asked = Asked::default();
    let id = asked.path::<PaymentId>("payment_id", &call.parts.0.payment_id);
    let payment = orders.payment(&call.caller, &asked.done(id)?).await?;
    reply::read(&request, &PaymentView::from(&payment))
}
