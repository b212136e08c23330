//! The one envelope of every answer, and the table of refusals. What is inside the envelope is left to the handlers.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, Responder, ResponseError};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

/// What every call answers: `data` when it went well, otherwise an error code with a Chinese sentence.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Envelope<T: ToSchema> {
    /// Whether the business call went well. HTTP is 200 either way; 4xx and 5xx are transport trouble only.
    pub success: bool,
    /// The answer; absent after a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<T>,
    /// Why it was refused, as a stable word such as `STOCK_NOT_ENOUGH`; absent when it went well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// The same for people, in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_msg: Option<String>,
    /// Facts that belong to the refusal, such as the stock that is left.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub error_data: Option<Value>,
    /// Names this one answer in the service's own records.
    pub trace_id: String,
}

/// A successful answer.
pub struct Sent<T>(pub T);

/// What a handler gives back.
pub type Answer<T> = Result<Sent<T>, Refusal>;

impl<T: Serialize + ToSchema> Responder for Sent<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().json(Envelope {
            success: true,
            data: Some(self.0),
            error_code: None,
            error_msg: None,
            error_data: None,
            trace_id: trace_id(),
        })
    }
}

/// Every reason to refuse; `facts` says how each is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the table in `facts` says what each means")]
pub enum Code {
    ParamInvalid,
    GoodsNotFound,
    GoodsHeld,
    GoodsForeign,
    CategoryNotFound,
    PoolNotFound,
    SellerNotFound,
    SkuNotFound,
    GoodsOffline,
    StockNotEnough,
    BelowBeginAmount,
    NotBatchMultiple,
    CountryRestricted,
    RegionNotServed,
    TooManyLines,
    PriceChanged,
    OutRefConflict,
    OrderNotFound,
    StatusNotAllowed,
    PayExpired,
    PaymentNotFound,
    RefundNotFound,
    ConsignmentNotFound,
    InquiryNotFound,
    QuotationNotFound,
    QuotationClosed,
    VoucherInvalid,
    VoucherNotFound,
    PictureInvalid,
    PictureNotFound,
    LinkNotFound,
    ReasonInvalid,
    VoucherRequired,
    RefundOpen,
    QuantityTooLarge,
    AmountTooLarge,
    WarehouseMismatch,
    CountryMismatch,
    AlreadyConsigned,
    NotOperator,
    AlreadyInspected,
    TokenInvalid,
    PathNotFound,
    BodyTooLarge,
    SystemError,
}

impl Code {
    /// The word, the sentence, and the HTTP status.
    pub fn facts(self) -> (&'static str, &'static str, StatusCode) {
        const OK: StatusCode = StatusCode::OK;
        match self {
            Code::ParamInvalid => ("PARAM_INVALID", "参数错误", OK),
            Code::GoodsNotFound => ("GOODS_NOT_FOUND", "商品不存在", OK),
            Code::GoodsHeld => ("GOODS_HELD", "商品暂不可跨境销售", OK),
            Code::GoodsForeign => ("GOODS_FOREIGN", "非本平台商品编号", OK),
            Code::CategoryNotFound => ("CATEGORY_NOT_FOUND", "类目不存在", OK),
            Code::PoolNotFound => ("POOL_NOT_FOUND", "选品池不存在", OK),
            Code::SellerNotFound => ("SELLER_NOT_FOUND", "商家不存在", OK),
            Code::SkuNotFound => ("SKU_NOT_FOUND", "规格不存在", OK),
            Code::GoodsOffline => ("GOODS_OFFLINE", "商品已下架", OK),
            Code::StockNotEnough => ("STOCK_NOT_ENOUGH", "库存不足", OK),
            Code::BelowBeginAmount => ("BELOW_BEGIN_AMOUNT", "低于起批量", OK),
            Code::NotBatchMultiple => ("NOT_BATCH_MULTIPLE", "须按整批购买", OK),
            Code::CountryRestricted => ("COUNTRY_RESTRICTED", "该国家不可售", OK),
            Code::RegionNotServed => ("REGION_NOT_SERVED", "该地区暂不支持配送", OK),
            Code::TooManyLines => ("TOO_MANY_LINES", "商品行数超限", OK),
            Code::PriceChanged => ("PRICE_CHANGED", "价格已变动", OK),
            Code::OutRefConflict => ("OUT_REF_CONFLICT", "外部单号已被占用", OK),
            Code::OrderNotFound => ("ORDER_NOT_FOUND", "订单不存在", OK),
            Code::StatusNotAllowed => ("STATUS_NOT_ALLOWED", "当前状态不允许此操作", OK),
            Code::PayExpired => ("PAY_EXPIRED", "支付已超时", OK),
            Code::PaymentNotFound => ("PAYMENT_NOT_FOUND", "支付单不存在", OK),
            Code::RefundNotFound => ("REFUND_NOT_FOUND", "退款单不存在", OK),
            Code::ConsignmentNotFound => ("CONSIGNMENT_NOT_FOUND", "集运单不存在", OK),
            Code::InquiryNotFound => ("INQUIRY_NOT_FOUND", "询盘不存在", OK),
            Code::QuotationNotFound => ("QUOTATION_NOT_FOUND", "报价不存在", OK),
            Code::QuotationClosed => ("QUOTATION_CLOSED", "报价已失效", OK),
            Code::VoucherInvalid => ("VOUCHER_INVALID", "凭证图片无效", OK),
            Code::VoucherNotFound => ("VOUCHER_NOT_FOUND", "凭证不存在", OK),
            Code::PictureInvalid => ("PICTURE_INVALID", "图片无效", OK),
            Code::PictureNotFound => ("PICTURE_NOT_FOUND", "图片不存在或已过期", OK),
            Code::LinkNotFound => ("LINK_NOT_FOUND", "链接不存在", OK),
            Code::ReasonInvalid => ("REASON_INVALID", "退款原因不可用", OK),
            Code::VoucherRequired => ("VOUCHER_REQUIRED", "请上传凭证", OK),
            Code::RefundOpen => ("REFUND_OPEN", "该商品已有进行中的退款", OK),
            Code::QuantityTooLarge => ("QUANTITY_TOO_LARGE", "数量超限", OK),
            Code::AmountTooLarge => ("AMOUNT_TOO_LARGE", "退款金额超限", OK),
            Code::WarehouseMismatch => ("WAREHOUSE_MISMATCH", "订单不在该仓库", OK),
            Code::CountryMismatch => ("COUNTRY_MISMATCH", "订单目的国不一致", OK),
            Code::AlreadyConsigned => ("ALREADY_CONSIGNED", "订单已在集运单中", OK),
            Code::NotOperator => ("NOT_OPERATOR", "该集运单由仓库操作", OK),
            Code::AlreadyInspected => ("ALREADY_INSPECTED", "该商品已验货", OK),
            Code::TokenInvalid => ("TOKEN_INVALID", "令牌无效", StatusCode::UNAUTHORIZED),
            Code::PathNotFound => ("PATH_NOT_FOUND", "接口不存在", StatusCode::NOT_FOUND),
            Code::BodyTooLarge => ("BODY_TOO_LARGE", "请求体过大", StatusCode::PAYLOAD_TOO_LARGE),
            Code::SystemError => ("SYSTEM_ERROR", "系统异常", StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// The word alone.
    pub fn word(self) -> &'static str {
        self.facts().0
    }

    /// The sentence alone.
    pub fn sentence(self) -> &'static str {
        self.facts().1
    }
}

/// A refusal with the facts that belong to it.
#[derive(Debug)]
pub struct Refusal {
    /// Why.
    pub code: Code,
    /// What the caller needs to know about it.
    pub data: Option<Value>,
}

impl Refusal {
    /// A refusal that carries facts.
    pub fn with(code: Code, data: Value) -> Refusal {
        Refusal { code, data: Some(data) }
    }

    /// `PARAM_INVALID`, naming the parameter or the path inside the body.
    pub fn param(name: &str) -> Refusal {
        Refusal::with(Code::ParamInvalid, json!({ "param": name }))
    }
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Refusal {
        Refusal { code, data: None }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.word())
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.code.facts().2
    }

    fn error_response(&self) -> HttpResponse {
        let (word, sentence, status) = self.code.facts();
        refused(status, word, sentence, self.data.clone())
    }
}

/// Writes a refusal that is not in the table (faults choose their own words).
pub fn refused(status: StatusCode, word: &str, sentence: &str, data: Option<Value>) -> HttpResponse {
    HttpResponse::build(status).json(Envelope::<String> {
        success: false,
        data: None,
        error_code: Some(word.to_owned()),
        error_msg: Some(sentence.to_owned()),
        error_data: data,
        trace_id: trace_id(),
    })
}

/// A name that this process gives once.
fn trace_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    // The odd multiplier spreads consecutive numbers over the whole range without ever meeting twice.
    format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}
