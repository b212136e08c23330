//! Every operation of `/v1` in one table: its id (the handler's name and OpenAPI operation id), the scope it needs
//! (one of several where more than one kind of key has use for it), and how strict its signature is. A handler names its operation in its signature, `Admitted<op::GetOffer, …>`.

use crate::auth::Class;
use crate::limits::{Priority, cost};
use crate::model::partner::{Scope, Scopes};

/// Scopes of which any one is enough.
#[derive(Clone, Copy, Debug)]
pub struct AnyOf(pub &'static [Scope]);

impl AnyOf {
    /// Whether a key with these scopes has one that is enough.
    pub fn is_met_by(self, held: Scopes) -> bool {
        self.0.iter().any(|scope| held.has(*scope))
    }

    /// The names, for a sentence: `a`, `a or b`.
    pub fn told(self, name: impl Fn(&'static str) -> String) -> String {
        self.0.iter().map(|scope| name(scope.name())).collect::<Vec<_>>().join(" or ")
    }
}

/// The facts of one operation, as a type.
pub trait Operation: 'static {
    /// The operation id.
    const ID: &'static str;
    /// A key needs one of these scopes.
    const SCOPES: AnyOf;
    /// How old a signature may be, and how far its nonce is remembered.
    const CLASS: Class;
    /// What a call costs the partner, from `limits/cost.rs`.
    const COST: u32;
    /// What is put off before it when the node is too busy.
    const PRIORITY: Priority;
}

/// The facts of one operation, as a row.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// The operation id.
    pub id: &'static str,
    /// A key needs one of these scopes.
    pub scopes: AnyOf,
    /// How old a signature may be, and how far its nonce is remembered.
    pub class: Class,
}

/// Reading the catalogue is browsing; what moves goods or money is an order; what is free is never put off.
const fn priority(class: Class, cost: u32, scopes: &[Scope]) -> Priority {
    match (class, scopes) {
        _ if cost == 0 => Priority::Free,
        (Class::OrderWrite, _) => Priority::Order,
        (Class::Read, [Scope::CatalogRead, ..]) => Priority::Browse,
        _ => Priority::Trade,
    }
}

macro_rules! operations {
    ($( $name:ident = $id:literal, $( $scope:ident )|+, $class:ident; )*) => {
        /// One type an operation.
        pub mod op {
            $(
                #[doc = concat!("`", $id, "`")]
                #[derive(Clone, Copy, Debug)]
                pub struct $name;
            )*
        }

        $(
            impl Operation for op::$name {
                const ID: &'static str = $id;
                const SCOPES: AnyOf = AnyOf(&[ $( Scope::$scope ),+ ]);
                const CLASS: Class = Class::$class;
                const COST: u32 = cost::of($id);
                const PRIORITY: Priority = priority(Class::$class, cost::of($id), &[ $( Scope::$scope ),+ ]);
            }
        )*

        /// The table as rows.
        pub const ROWS: &[Row] = &[
            $( Row { id: $id, scopes: AnyOf(&[ $( Scope::$scope ),+ ]), class: Class::$class }, )*
        ];
    };
}

operations! {
    SearchOffers = "search_offers", CatalogRead, Read;
    GetOffer = "get_offer", CatalogRead, Read;
    BatchOffers = "batch_offers", CatalogRead, Read;
    ListRelatedOffers = "list_related_offers", CatalogRead, Read;
    GetOfferTrends = "get_offer_trends", CatalogRead, Read;
    CreateImage = "create_image", CatalogRead, Write;
    ResolveLink = "resolve_link", CatalogRead, Read;
    ListCategories = "list_categories", CatalogRead, Read;
    GetCategory = "get_category", CatalogRead, Read;
    GetSupplier = "get_supplier", CatalogRead, Read;
    ListSupplierOffers = "list_supplier_offers", CatalogRead, Read;
    ListPools = "list_pools", CatalogRead, Read;
    ListPoolOffers = "list_pool_offers", CatalogRead, Read;
    ListRankings = "list_rankings", CatalogRead, Read;
    ListTrendingKeywords = "list_trending_keywords", CatalogRead, Read;
    CreateFreightEstimate = "create_freight_estimate", CatalogRead | QuotesWrite, Read;
    CreateQuote = "create_quote", QuotesWrite, Write;
    GetQuote = "get_quote", QuotesWrite, Read;
    CreateOrder = "create_order", OrdersWrite, OrderWrite;
    ListOrders = "list_orders", OrdersRead, Read;
    GetOrder = "get_order", OrdersRead, Read;
    GetOrderByReference = "get_order_by_reference", OrdersRead, Read;
    CancelOrder = "cancel_order", OrdersWrite, OrderWrite;
    ConfirmReceipt = "confirm_receipt", OrdersWrite, OrderWrite;
    CreateOrderNote = "create_order_note", OrdersWrite, OrderWrite;
    ListPaymentOptions = "list_payment_options", OrdersRead, Read;
    CreatePayment = "create_payment", PaymentsWrite, OrderWrite;
    GetPayment = "get_payment", OrdersRead, Read;
    ListShipments = "list_shipments", OrdersRead, Read;
    ListEvents = "list_events", EventsRead, Read;
    AcknowledgeEvents = "acknowledge_events", EventsRead, Write;
    CreateWebhookEndpoint = "create_webhook_endpoint", WebhooksManage, Write;
    ListWebhookEndpoints = "list_webhook_endpoints", WebhooksManage, Read;
    GetWebhookEndpoint = "get_webhook_endpoint", WebhooksManage, Read;
    UpdateWebhookEndpoint = "update_webhook_endpoint", WebhooksManage, Write;
    DeleteWebhookEndpoint = "delete_webhook_endpoint", WebhooksManage, Write;
    RotateWebhookSecret = "rotate_webhook_secret", WebhooksManage, Write;
    EnableWebhookEndpoint = "enable_webhook_endpoint", WebhooksManage, Write;
    TestWebhookEndpoint = "test_webhook_endpoint", WebhooksManage, Write;
    ListWebhookDeliveries = "list_webhook_deliveries", WebhooksManage, Read;
    ResendWebhookDeliveries = "resend_webhook_deliveries", WebhooksManage, Write;
    ListRefundReasons = "list_refund_reasons", OrdersRead, Read;
    CreateRefund = "create_refund", RefundsWrite, OrderWrite;
    ListRefunds = "list_refunds", OrdersRead, Read;
    GetRefund = "get_refund", OrdersRead, Read;
    WithdrawRefund = "withdraw_refund", RefundsWrite, OrderWrite;
    ModifyRefund = "modify_refund", RefundsWrite, OrderWrite;
    CreateReturnShipment = "create_return_shipment", RefundsWrite, OrderWrite;
    CreateArbitration = "create_arbitration", RefundsWrite, OrderWrite;
    CreateSourceMatch = "create_source_match", CatalogRead, Write;
    GetSourceMatch = "get_source_match", CatalogRead, Read;
    CreateInquiry = "create_inquiry", QuotesWrite, OrderWrite;
    ListInquiries = "list_inquiries", QuotesWrite | OrdersRead, Read;
    GetInquiry = "get_inquiry", QuotesWrite | OrdersRead, Read;
    CounterQuotation = "counter_quotation", QuotesWrite, OrderWrite;
    AcceptQuotation = "accept_quotation", OrdersWrite, OrderWrite;
    WithdrawInquiry = "withdraw_inquiry", QuotesWrite, OrderWrite;
    CreateVoucher = "create_voucher", RefundsWrite | FulfilmentWrite | QuotesWrite, Write;
    GetVoucher = "get_voucher", OrdersRead, Read;
    GetShipment = "get_shipment", OrdersRead, Read;
    ListWarehouses = "list_warehouses", OrdersRead | FulfilmentWrite, Read;
    CreateConsignment = "create_consignment", FulfilmentWrite, OrderWrite;
    ListConsignments = "list_consignments", OrdersRead | FulfilmentWrite, Read;
    GetConsignment = "get_consignment", OrdersRead | FulfilmentWrite, Read;
    GetConsignmentByReference = "get_consignment_by_reference", OrdersRead | FulfilmentWrite, Read;
    CreateReceipt = "create_receipt", FulfilmentWrite, OrderWrite;
    CreateInspection = "create_inspection", FulfilmentWrite, OrderWrite;
    CreateHandover = "create_handover", FulfilmentWrite, OrderWrite;
    CancelConsignment = "cancel_consignment", FulfilmentWrite, OrderWrite;
    GetLimits = "get_limits", AccountRead, Read;
    GetMe = "get_me", AccountRead, Read;
    GetUsage = "get_usage", AccountRead, Read;
    DebugSignature = "debug_signature", AccountRead, Read;
}
