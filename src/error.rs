//! Every public failure of the gateway, in one table: its name, status, whose fault it is, and what to do next.
//! Knows codes, not HTTP rendering: that is `edge::problem` (and each face's `fault`).

/// Who has to act before the same request can succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The partner's request or account.
    Partner,
    /// The gateway itself.
    Gateway,
    /// The wholesale service behind the gateway.
    Catalogue,
}

/// What repeating the identical request would bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The same request will fail again.
    Never,
    /// The same request may succeed later (wait as `Retry-After` says).
    Later,
    /// A freshly signed request (new `created` and `nonce`) may succeed at once.
    Resign,
}

/// The facts of one code, as rendered in problems, docs and metrics.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The stable machine name, e.g. `rate_limited`.
    pub name: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Who has to act.
    pub fault: Fault,
    /// Whether repeating helps.
    pub retry: Retry,
    /// One short sentence, the same for every occurrence.
    pub title: &'static str,
    /// What to do next, in a sentence or two.
    pub advice: &'static str,
}

/// Something that failed and can say so to a caller.
pub trait Failure: std::fmt::Debug {
    /// The public code.
    fn code(&self) -> Code;
    /// What happened this time, for the caller; nothing internal.
    fn detail(&self) -> Option<String> {
        None
    }
    /// The places in the request that are wrong.
    fn places(&self) -> Vec<Place> {
        Vec::new()
    }
    /// Seconds after which a repeat makes sense.
    fn retry_after_s(&self) -> Option<u64> {
        None
    }
    /// Extra members of the problem document (name, JSON text of the value).
    fn extras(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
    /// What the operator should read in the log; never shown to a caller.
    fn internal(&self) -> Option<String> {
        None
    }
}

/// One wrong place in a request: a JSON Pointer into the body, or a parameter or header by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// `#/lines/0/quantity` for bodies, `query:price_min`, `path:offer_id`, `header:idempotency-key` else.
    pub pointer: String,
    /// What is wrong there and what would be right.
    pub detail: String,
}

impl Place {
    /// A wrong member of the JSON body; `path` is a JSON Pointer without the leading `#`.
    pub fn body(path: &str, detail: impl Into<String>) -> Self {
        Self { pointer: format!("#{path}"), detail: detail.into() }
    }
    /// A wrong query parameter.
    pub fn query(name: &str, detail: impl Into<String>) -> Self {
        Self { pointer: format!("query:{name}"), detail: detail.into() }
    }
    /// A cursor that no page before ended with.
    pub fn wrong_cursor() -> Self {
        Self::query("cursor", "next_cursor of the page before, unaltered")
    }
    /// A wrong part of the path.
    pub fn path(name: &str, detail: impl Into<String>) -> Self {
        Self { pointer: format!("path:{name}"), detail: detail.into() }
    }
    /// A wrong header field.
    pub fn header(name: &str, detail: impl Into<String>) -> Self {
        Self { pointer: format!("header:{name}"), detail: detail.into() }
    }
}

macro_rules! codes {
    ($( $variant:ident = $name:literal, $status:literal, $fault:ident, $retry:ident, $title:literal, $advice:literal; )*) => {
        /// Every public failure. `facts` gives its row of the table.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $( #[doc = $title] $variant, )* }

        impl Code {
            /// All codes, in the order of the walk.
            pub const ALL: &'static [Code] = &[ $( Code::$variant, )* ];

            /// Name, status, fault, retry advice and meaning of this code.
            pub const fn facts(self) -> Facts {
                match self {
                    $( Code::$variant => Facts {
                        name: $name, status: $status, fault: Fault::$fault, retry: Retry::$retry,
                        title: $title, advice: $advice,
                    }, )*
                }
            }
        }
    };
}

codes! {
    // bytes
    MalformedRequest = "malformed_request", 400, Partner, Never, "The request is not well-formed HTTP.", "Look at the detail, mend the request line or headers, and send it again.";
    BodyTooLarge = "body_too_large", 413, Partner, Never, "The body is larger than this operation accepts.", "Send a smaller body; the detail gives the limit in bytes.";
    HeadersTooLarge = "headers_too_large", 431, Partner, Never, "The header fields are larger than the gateway accepts.", "Send fewer or shorter header fields.";
    BodyTimeout = "body_timeout", 408, Partner, Later, "The body did not arrive in time.", "Send the body without long pauses; check the connection.";
    AuthorityNotServed = "authority_not_served", 421, Partner, Never, "The host name of the request is not one of this gateway's public names.", "Call the gateway by the host name you were given and sign @authority with that name.";
    // who
    SignatureMissing = "signature_missing", 401, Partner, Never, "The request carries no signature for this gateway.", "Sign it as RFC 9421 says with tag=\"xunyuan-v1\"; Accept-Signature lists what to cover.";
    SignatureMalformed = "signature_malformed", 401, Partner, Never, "Signature-Input or Signature cannot be read.", "Compare both header fields with the worked example under /docs; the detail names the first thing that is wrong.";
    CoverageInsufficient = "coverage_insufficient", 401, Partner, Never, "The signature does not cover everything it must.", "Add the listed components to Signature-Input and sign again.";
    ClockSkew = "clock_skew", 401, Partner, Resign, "The signature's creation time is outside the accepted window.", "Set your clock (server_time tells ours) and sign again with a fresh created.";
    UnknownKey = "unknown_key", 401, Partner, Never, "No such key.", "Check the key id; was it copied whole, and is it of this environment?";
    KeyExpired = "key_expired", 401, Partner, Never, "The key has expired or was retired.", "Sign with your newer key, or ask the operator for one.";
    KeySuspended = "key_suspended", 401, Partner, Never, "The key or its partner is suspended.", "Contact the operator; quote the request id.";
    AddressNotAllowed = "address_not_allowed", 401, Partner, Never, "The key may not be used from this network address.", "Call from an allowed address, or have the key's allow-list changed.";
    SignatureMismatch = "signature_mismatch", 401, Partner, Never, "The signature does not match the request.", "Rebuild the signature base byte for byte; try the same request with a sandbox key at POST /v1/debug/signature, which shows the base the server computes.";
    DigestMismatch = "digest_mismatch", 401, Partner, Never, "Content-Digest does not match the received body.", "Compute the digest over exactly the bytes that are sent, after serialising.";
    Replayed = "replayed", 401, Partner, Resign, "This signed request was already received.", "Sign again with a fresh nonce; for orders keep the same Idempotency-Key.";
    AuthThrottled = "auth_throttled", 429, Partner, Later, "Too many refused signatures from this address.", "Mend the signature first, then wait as Retry-After says.";
    TokenRefused = "token_refused", 401, Partner, Never, "The access token is missing, has ended or was withdrawn.", "Refresh the token at system.oauth2/getToken, or have the account authorise the app again.";
    // may they
    ScopeMissing = "scope_missing", 403, Partner, Never, "The key lacks the scope this operation needs.", "Use a key with the named scope, or ask the operator to add it.";
    SandboxOnly = "sandbox_only", 403, Partner, Never, "Only sandbox keys may call this operation.", "Repeat the call with an xyk_test_ key.";
    SandboxUnavailable = "sandbox_unavailable", 403, Gateway, Never, "This gateway has no sandbox catalogue behind it.", "Use a live key, or ask the operator to configure upstream.sandbox.";
    RateLimited = "rate_limited", 429, Partner, Later, "Too many calls at once.", "Wait as Retry-After says; RateLimit tells what is left.";
    QuotaUsedUp = "quota_used_up", 429, Partner, Later, "The day's quota is used up.", "Wait for the reset that Retry-After tells, or ask for a larger plan.";
    TooManyInFlight = "too_many_in_flight", 429, Partner, Later, "Too many of your requests are being answered right now.", "Wait for answers before sending more; keep fewer connections busy.";
    Overloaded = "overloaded", 503, Gateway, Later, "The gateway has more to do than it can at this moment.", "Wait as Retry-After says and send the same request again; orders are answered before browsing, and the refused call cost nothing.";
    // where to
    NoSuchRoute = "no_such_route", 404, Partner, Never, "There is nothing at this path.", "Check the path against the OpenAPI document at /openapi/partner.json.";
    MethodNotAllowed = "method_not_allowed", 405, Partner, Never, "The path exists, but not with this method.", "Use one of the methods in Allow.";
    UnsupportedMediaType = "unsupported_media_type", 415, Partner, Never, "The body's media type is not accepted here.", "Send one that the detail names, and say so in Content-Type.";
    InvalidRequest = "invalid_request", 400, Partner, Never, "Some part of the request is not acceptable.", "Mend every place listed in errors.";
    UnknownLanguage = "unknown_language", 400, Partner, Never, "The catalogue is not shown in this language.", "Use one of zh, en, ja, ko, ru, es, fr, pt, vi, th, ar, id.";
    UnknownCurrency = "unknown_currency", 400, Partner, Never, "Prices are not shown in this currency.", "Use an ISO 4217 code in capitals for which there is a rate; errors lists what is known.";
    // catalogue
    OfferNotFound = "offer_not_found", 404, Partner, Never, "No such offer.", "Search again; offers can be withdrawn.";
    OfferHeld = "offer_held", 404, Partner, Never, "The offer is held back from cross-border trade.", "Leave it out for now; it may come back.";
    OfferForeign = "offer_foreign", 404, Partner, Never, "The number is none of this marketplace's offers.", "Take offer ids from searches; ids of other marketplaces are not known here.";
    PoolNotFound = "pool_not_found", 404, Partner, Never, "No such pool.", "List the pools at GET /v1/pools.";
    CategoryNotFound = "category_not_found", 404, Partner, Never, "No such category.", "List the categories at GET /v1/categories.";
    SupplierNotFound = "supplier_not_found", 404, Partner, Never, "No such supplier.", "Take supplier ids from offers.";
    FollowNotFound = "follow_not_found", 404, Partner, Never, "You do not follow this offer.", "List the offers you follow at GET /v1/follows.";
    TooManyFollows = "too_many_follows", 409, Partner, Never, "You follow as many offers as your plan allows.", "Give up others at DELETE /v1/follows/{offer_id}, or ask for a larger plan.";
    StorefrontNotFound = "storefront_not_found", 404, Partner, Never, "You have set no storefront.", "Set one with PUT /v1/storefront.";
    NoStorefrontOpen = "no_storefront_open", 404, Gateway, Later, "No collaborating shop takes visitors of this country and language.", "Search for the offer at a shop you know.";
    ImageNotFound = "image_not_found", 404, Partner, Never, "You have no such picture.", "Upload the picture at POST /v1/images and use the image_id it gives; sandbox and live pictures are kept apart.";
    ImageExpired = "image_expired", 410, Partner, Never, "The picture's time is over.", "Upload it again at POST /v1/images; the same bytes get the same image_id.";
    ImageInvalid = "image_invalid", 400, Partner, Never, "The picture cannot be taken.", "Send one complete JPEG, PNG or WebP of at most 3 MB, 8,000 pixels a side and 16 million in all, with the matching Content-Type.";
    LinkUnrecognised = "link_unrecognised", 422, Partner, Never, "There is neither a link nor an offer's number in it.", "Paste the address of an offer's page, a short link, the text that the marketplace's app shares, or the offer's number.";
    LinkNotOffer = "link_not_offer", 422, Partner, Never, "The link leads to a page of the marketplace that is not an offer's.", "Open the offer itself and copy its address.";
    LinkForeign = "link_foreign", 422, Partner, Never, "The link leads to another site.", "Only links of the marketplace lead to its offers; to find the like of what another site sells, search by its picture.";
    ShortLinkNotFound = "short_link_not_found", 404, Partner, Never, "The marketplace does not know this short link.", "Copy it anew, whole, or open it and copy the address of the page.";
    CodeNotFound = "code_not_found", 422, Partner, Never, "No QR code on the picture can be read.", "Send a sharper picture that shows the whole code with some white around it.";
    RegionNotServed = "region_not_served", 409, Partner, Never, "No domestic carrier goes to this place.", "Have the goods sent to a warehouse of GET /v1/warehouses, or to another place on the mainland.";
    AddressAmbiguous = "address_ambiguous", 409, Partner, Never, "The address may mean several places.", "Choose one of candidates and give its region_code, or write the province and city into the address.";
    RateUnavailable = "rate_unavailable", 503, Gateway, Later, "No usable exchange rate for this currency.", "Ask for CNY, or for a currency listed in the detail, or try again later.";
    RateStale = "rate_stale", 503, Gateway, Later, "The newest exchange rate is too old to be quoted at.", "Quote in CNY, or wait as Retry-After says for newer rates; prices are still shown in the currency, marked rate_stale.";
    // catalogue's connection
    UpstreamTimeout = "upstream_timeout", 504, Catalogue, Later, "The wholesale service did not answer in time.", "Try again; for orders repeat with the same Idempotency-Key.";
    UpstreamUnavailable = "upstream_unavailable", 503, Catalogue, Later, "The wholesale service cannot be reached.", "Try again as Retry-After says.";
    UpstreamRefused = "upstream_refused", 502, Catalogue, Never, "The wholesale service refused the call.", "Report the request id to the operator.";
    UpstreamNonsense = "upstream_nonsense", 502, Catalogue, Later, "The wholesale service's answer could not be understood.", "Report the request id to the operator.";
    UpstreamNotOffered = "upstream_not_offered", 501, Catalogue, Never, "The catalogue behind this gateway does not offer this.", "Leave out what the detail names, or ask the operator for a gateway in front of another catalogue.";
    // quotes and orders
    QuoteNotFound = "quote_not_found", 404, Partner, Never, "No such quote.", "Ask for a new quote at POST /v1/quotes.";
    QuoteExpired = "quote_expired", 409, Partner, Never, "The quote is past its expires_at.", "Ask for a new quote and order on that.";
    QuoteUsed = "quote_used", 409, Partner, Never, "The quote already became an order.", "Look the order up by the id in the detail, or ask for a new quote.";
    NothingToQuote = "nothing_to_quote", 409, Partner, Never, "None of the lines can be quoted.", "Look at errors for the reason of each line.";
    IdempotencyKeyMissing = "idempotency_key_missing", 400, Partner, Never, "The operation needs an Idempotency-Key header.", "Send a unique key of 8 to 128 characters, cover it in the signature, and repeat the same key when you retry.";
    IdempotencyMismatch = "idempotency_mismatch", 422, Partner, Never, "This Idempotency-Key was used with another body.", "Use a new key for a new request; repeat an old one only byte for byte.";
    OrderInProgress = "order_in_progress", 409, Gateway, Later, "The first request with this key is still running.", "Wait as Retry-After says and repeat the same request.";
    ReferenceTaken = "reference_taken", 409, Partner, Never, "You already placed an order under this reference.", "Read the first order at GET /v1/orders/by-reference/{reference}; use a new reference for a new order.";
    PriceChanged = "price_changed", 409, Partner, Never, "Price or freight changed since the quote.", "Look at errors and total for the new figures; if you agree, ask for a new quote, or repeat with the new total under a new key.";
    OutOfStock = "out_of_stock", 409, Partner, Never, "The supplier does not have enough of something.", "Look at errors for what is left and order less.";
    OrderRefused = "order_refused", 409, Catalogue, Never, "The wholesale service refused the order.", "The detail gives its reason; mend the order and place it under a new reference.";
    OrderNotFound = "order_not_found", 404, Partner, Never, "No such order.", "Check the id or reference; sandbox and live orders are kept apart.";
    OrderStateConflict = "order_state_conflict", 409, Partner, Never, "The order's state does not allow this.", "Read the order; its state and events say where it stands.";
    PaymentExpired = "payment_expired", 409, Partner, Never, "The order was not paid in time.", "Place a new order.";
    PaymentNotFound = "payment_not_found", 404, Partner, Never, "No such payment.", "Check the id; sandbox and live payments are kept apart.";
    OrderNeedsSplit = "order_needs_split", 409, Partner, Never, "The lines belong to several suppliers, and an order has one.", "Place one order for each entry of quotes by its quote_id, each under a reference and key of its own.";
    LinesUnavailable = "lines_unavailable", 409, Partner, Never, "Some of the lines cannot be ordered so.", "Look at problems for the reason and the figures of each; mend them or leave them out, and repeat.";
    // fulfilment
    ShipmentNotFound = "shipment_not_found", 404, Partner, Never, "No such parcel.", "Take parcel ids from GET /v1/orders/{order_id}/shipments or from shipment events.";
    ConsignmentNotFound = "consignment_not_found", 404, Partner, Never, "No such consignment.", "Check the id or reference; sandbox and live consignments are kept apart.";
    ConsignmentReferenceTaken = "consignment_reference_taken", 409, Partner, Never, "You already opened a consignment under this reference.", "Read the first one at GET /v1/consignments/by-reference/{reference}; use a new reference for a new consignment.";
    ConsignmentStateConflict = "consignment_state_conflict", 409, Partner, Never, "The consignment's state does not allow this.", "Read the consignment; its state and events say where it stands.";
    ConsignmentRefused = "consignment_refused", 409, Catalogue, Never, "The wholesale service refused the consignment or the report about it.", "The detail and errors give its reason; mend the request and send it under a new Idempotency-Key.";
    OrderConsigned = "order_consigned", 409, Partner, Never, "An order is in another consignment already.", "Leave the order out, or cancel the other consignment first; errors names both.";
    // after sales
    RefundNotFound = "refund_not_found", 404, Partner, Never, "No such refund.", "Check the id; sandbox and live refunds are kept apart.";
    RefundReferenceTaken = "refund_reference_taken", 409, Partner, Never, "You already asked for a refund under this reference.", "Read the first one at GET /v1/refunds/{refund_id}; use a new reference for a new refund.";
    RefundNotPossible = "refund_not_possible", 409, Partner, Never, "This cannot be asked back for the order now.", "GET /v1/orders/{order_id}/refund-reasons says for type=money and for type=return whether and why it can be asked for now; before an order is paid, neither can.";
    RefundReasonInvalid = "refund_reason_invalid", 409, Partner, Never, "The reason is not one that can be given now for this type.", "Take a code from GET /v1/orders/{order_id}/refund-reasons of the same type.";
    RefundAmountTooLarge = "refund_amount_too_large", 409, Partner, Never, "More is asked back than can be given back for these pieces.", "Ask for at most max_refundable, of which max_freight has to be asked for as freight, under a new reference.";
    RefundQuantityTooLarge = "refund_quantity_too_large", 409, Partner, Never, "More pieces are asked back than there are.", "Ask for at most what lines tells, under a new reference.";
    RefundOpen = "refund_open", 409, Partner, Never, "A refund is open already for one of the lines.", "See the open one through, modify or withdraw it; then ask under a new reference.";
    RefundRefused = "refund_refused", 409, Catalogue, Never, "The wholesale service refused the refund.", "The detail gives its reason; mend the refund and ask under a new reference.";
    SourceMatchNotFound = "source_match_not_found", 404, Partner, Never, "No such source match.", "Check the id; comparisons are kept for seven days, sandbox and live ones apart.";
    SourceMatchesWaiting = "source_matches_waiting", 429, Partner, Later, "Too many of your items wait to be compared.", "Wait until some are done, as Retry-After says, then send more.";
    InquiryNotFound = "inquiry_not_found", 404, Partner, Never, "No such inquiry.", "Check the id; sandbox and live inquiries are kept apart.";
    InquiryReferenceTaken = "inquiry_reference_taken", 409, Partner, Never, "You already made an inquiry under this reference.", "Read the first one at GET /v1/inquiries/{inquiry_id}; use a new reference for a new inquiry.";
    InquiryRefused = "inquiry_refused", 409, Catalogue, Never, "The wholesale service refused the inquiry.", "The detail gives its reason; mend the inquiry and make it under a new reference.";
    InquiryStateConflict = "inquiry_state_conflict", 409, Partner, Never, "The inquiry's state does not allow this.", "Read the inquiry; its state, its suppliers and its events say where it stands and what can be done.";
    QuotationNotFound = "quotation_not_found", 404, Partner, Never, "The inquiry has no such quotation.", "Read the inquiry and take the id of a supplier's quotation.";
    QuotationClosed = "quotation_closed", 409, Partner, Never, "The quotation does not hold any more.", "Read the inquiry: the supplier may have quoted anew; otherwise make a new inquiry.";
    RefundStateConflict = "refund_state_conflict", 409, Partner, Never, "The refund's state does not allow this.", "Read the refund; its state and events say where it stands and what can be done.";
    VoucherNotFound = "voucher_not_found", 404, Partner, Never, "No such voucher.", "Upload the picture at POST /v1/vouchers and use the voucher_id it gives.";
    VoucherRequired = "voucher_required", 409, Partner, Never, "This reason has to be proven by a picture.", "Upload one at POST /v1/vouchers and ask again with its voucher_id, under a new reference.";
    VoucherInvalid = "voucher_invalid", 400, Partner, Never, "The picture cannot be taken.", "Send one complete JPEG or PNG of at most 8,000 pixels a side and 25 million in all, with the matching Content-Type.";
    // webhooks
    EndpointNotFound = "endpoint_not_found", 404, Partner, Never, "No such webhook endpoint.", "List yours at GET /v1/webhook-endpoints; sandbox and live endpoints are kept apart.";
    DeliveryNotFound = "delivery_not_found", 404, Partner, Never, "This endpoint has no such delivery.", "List its deliveries at GET /v1/webhook-endpoints/{endpoint_id}/deliveries; they are kept for 30 days.";
    TooManyEndpoints = "too_many_endpoints", 409, Partner, Never, "You have as many webhook endpoints as there may be.", "Delete one, or let one endpoint hear more types.";
    EndpointDisabled = "endpoint_disabled", 409, Partner, Never, "The webhook endpoint is disabled.", "Mend the receiver, then POST /v1/webhook-endpoints/{endpoint_id}/enable and try again.";
    // ourselves
    ShuttingDown = "shutting_down", 503, Gateway, Later, "This gateway node is about to stop.", "Repeat the request; another node will answer.";
    LedgerUnavailable = "ledger_unavailable", 503, Gateway, Later, "The ledger cannot be reached.", "Repeat the request as Retry-After says, with the same Idempotency-Key if it has one: it gives the outcome, and nothing is done twice.";
    Internal = "internal_error", 500, Gateway, Later, "Something in the gateway went wrong.", "Try again; if it stays, report the request id to the operator.";
}

impl Code {
    /// The code with this machine name.
    pub fn find(name: &str) -> Option<Code> {
        Self::ALL.iter().copied().find(|code| code.facts().name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::Code;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_found_again() {
        let names: HashSet<_> = Code::ALL.iter().map(|code| code.facts().name).collect();
        assert_eq!(names.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|code| Code::find(code.facts().name) == Some(*code)));
    }

    #[test]
    fn every_code_says_what_to_do_next() {
        for code in Code::ALL {
            let facts = code.facts();
            assert!(facts.advice.len() > 10 && facts.title.ends_with('.'), "{}", facts.name);
            assert!((400..600).contains(&facts.status), "{}", facts.name);
        }
    }
}
