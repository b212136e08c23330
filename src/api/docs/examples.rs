//! What the table of codes does not say: how each failure usually comes about, and what its answer looks like.
//! A code without a row here still has a page; its advice is the detail then.

/// One code's story.
#[derive(Clone, Copy, Debug)]
pub struct Example {
    /// The code's machine name.
    pub code: &'static str,
    /// The request that fails, method and target.
    pub request: &'static str,
    /// What happened this time; empty when the answer repeats the advice of the code.
    pub detail: &'static str,
    /// Further members of the problem document: name and JSON text.
    pub extra: &'static [(&'static str, &'static str)],
    /// How it usually comes about.
    pub causes: &'static [&'static str],
}

/// What is shown for a code without a row.
pub const PLAIN: Example = Example { code: "", request: "GET /v1/offers", detail: "", extra: &[], causes: &[] };

macro_rules! examples {
    ($( $code:literal $request:literal $detail:literal { $( $name:literal: $json:literal ),* } [ $( $cause:literal ),* ] )*) => {
        /// All rows, in the order of the table of codes.
        pub const ALL: &[Example] = &[ $( Example {
            code: $code, request: $request, detail: $detail,
            extra: &[ $( ($name, $json) ),* ], causes: &[ $( $cause ),* ],
        }, )* ];
    };
}

examples! {
    "malformed_request" "GET /v1/offers" "" {} [
        "The address was put together without percent-encoding.",
        "A client or proxy on the way changed the request line or a header field."
    ]
    "body_too_large" "POST /v1/quotes" "at most 262144 bytes are accepted here" {} [
        "More lines in one request than the operation is made for."
    ]
    "headers_too_large" "GET /v1/offers" "" {} [
        "Cookies or tracing baggage were attached to the call.",
        "The signature covers a long list of header fields; method, authority, path and query are enough for a read."
    ]
    "body_timeout" "POST /v1/orders" "" {} [
        "A slow or broken connection.",
        "Content-Length says more than was sent.",
        "A request line and header fields that come too slowly are answered 408 as well, but without a document: they are no request yet."
    ]
    "authority_not_served" "GET /v1/offers" "\"10.0.0.7:8080\" is not a name of this gateway." {} [
        "The call went to the machine's address instead of the public name.",
        "A proxy of yours replaces the Host header."
    ]
    "signature_missing" "GET /v1/offers" "There is no signature with tag=\"xunyuan-v1\" in Signature-Input." {} [
        "The request was sent unsigned, for example from a browser's address bar.",
        "The signature parameters lack tag=\"xunyuan-v1\".",
        "A proxy on your side removed Signature-Input or Signature."
    ]
    "signature_malformed" "GET /v1/offers" "The signature parameter \"created\" must be an integer of seconds since 1970, without quotes." {} [
        "created was sent in milliseconds, or between quotes.",
        "The nonce holds fewer than 128 bits: 22 characters of base64url or 32 hexadecimal digits are the least.",
        "The value of Signature is not between colons: sig=:BASE64:"
    ]
    "coverage_insufficient" "POST /v1/orders" "The signature must also cover \"content-digest\", \"idempotency-key\"." {
        "errors": "[{\"pointer\": \"header:signature-input\", \"detail\": \"\\\"content-digest\\\" must be covered.\"}, {\"pointer\": \"header:signature-input\", \"detail\": \"\\\"idempotency-key\\\" must be covered.\"}]"
    } [
        "A request with a body must cover content-digest and content-type.",
        "An Idempotency-Key that is sent must be covered."
    ]
    "clock_skew" "GET /v1/offers" "Created is 412 seconds in the past; at most 300 are accepted for this operation." { "server_time": "\"2025-12-01T10:06:52Z\"" } [
        "The machine's clock is not kept by NTP.",
        "Requests were signed early and waited in a queue: sign right before sending."
    ]
    "unknown_key" "GET /v1/offers" "There is no sandbox key of this id." {} [
        "The key id was not copied whole.",
        "The key belongs to another installation of the gateway."
    ]
    "key_expired" "GET /v1/offers" "" {} [
        "The key was rotated and the overlap is over.",
        "The key was issued with an end and nobody issued the next one."
    ]
    "key_suspended" "GET /v1/offers" "" {} [
        "The operator stopped the key or the partner."
    ]
    "address_not_allowed" "GET /v1/offers" "The key may not be used from 203.0.113.9." {} [
        "Your servers moved or a new way out was added, and the allow-list was not.",
        "The key is used from a developer's machine."
    ]
    "signature_mismatch" "GET /v1/offers?q=cup" "Compare signature_base with the base you signed, byte for byte; if they are equal, the secret differs." { "signature_base": "\"\\\"@method\\\": GET\\n\\\"@authority\\\": …\"" } [
        "The query was encoded once for signing and once more, differently, for sending (+ and %20, the order of parameters).",
        "@authority holds a port that was not sent, or the name of a proxy.",
        "The secret was decoded or trimmed: the HMAC key is the text xys_… itself, all of it.",
        "The base ends with a line feed; the last line has none."
    ]
    "digest_mismatch" "POST /v1/quotes" "The sha-256 digest does not fit the body received." {
        "errors": "[{\"pointer\": \"header:content-digest\", \"detail\": \"The sha-256 digest does not fit the body received.\"}]"
    } [
        "The body was serialised a second time after the digest was made.",
        "The digest was sent as hexadecimal digits; it is base64 between colons."
    ]
    "replayed" "GET /v1/offers" "" {} [
        "A retry layer repeated the finished request with its old headers: sign inside the retry loop.",
        "The random generator was seeded with a constant."
    ]
    "auth_throttled" "GET /v1/offers" "" {} [
        "A worker repeats a wrongly signed call without pause."
    ]
    "scope_missing" "POST /v1/orders" "the key has no scope orders:write; it has: catalog:read quotes:write" {} [
        "The key was issued for reading only."
    ]
    "sandbox_only" "POST /v1/debug/signature" "" {} [
        "A live key was used with a tool made for developing."
    ]
    "sandbox_unavailable" "GET /v1/offers" "" {} [
        "The operator runs this gateway for live keys only."
    ]
    "rate_limited" "GET /v1/offers" "Policy \"second\" gives 50 units per 1 s; 0 left, this call costs 1. It will pass in 1 s." { "violated-policies": "[\"second\"]" } [
        "Many workers share one plan without sharing a brake.",
        "A search costs more than a single read; GET /v1/limits lists the costs."
    ]
    "quota_used_up" "GET /v1/offers" "Policy \"day\" gives 200000 units per day of Asia/Tokyo; 0 left, this call costs 1. It will pass in 3120 s." { "violated-policies": "[\"day\"]" } [
        "A full copy of the catalogue runs through search.",
        "Unchanged offers are fetched again: a read answered with 304 costs nothing."
    ]
    "too_many_in_flight" "GET /v1/offers" "20 of your requests are being answered at this moment, which is the limit." { "violated-policies": "[\"concurrent\"]" } [
        "The connection pool is larger than the plan's concurrency."
    ]
    "overloaded" "GET /v1/offers" "The gateway answers orders first; this call was put off and cost nothing." {} [
        "Many partners browse at once, or the wholesale service answers slowly.",
        "Orders, payments and refunds still pass: browsing is put off first."
    ]
    "no_such_route" "GET /v1/offer" "" {} [
        "A misspelt path, or a slash at the end."
    ]
    "method_not_allowed" "DELETE /v1/orders" "allowed here: GET, HEAD, POST" {} [
        "The operation exists under another method; Allow lists them."
    ]
    "unsupported_media_type" "POST /v1/quotes" "" {} [
        "The client library chose its own Content-Type for a plain string."
    ]
    "invalid_request" "POST /v1/quotes" "" {
        "errors": "[{\"pointer\": \"#/lines/0/quantity\", \"detail\": \"Give a whole number from 1 to 1000000.\"}, {\"pointer\": \"#/currency\", \"detail\": \"Give a three-letter ISO 4217 code in capitals, such as JPY.\"}]"
    } [
        "A field or parameter that does not exist: unknown names are refused, so that a typing mistake is never silently ignored.",
        "A number was sent where ids and amounts are strings."
    ]
    "unknown_language" "GET /v1/offers?language=de" "" {
        "errors": "[{\"pointer\": \"query:language\", \"detail\": \"Give one of zh, en, ja, ko, ru, es, fr, pt, vi, th, ar, id (a region such as pt-BR may follow).\"}]"
    } [
        "A language of your shop that the catalogue does not speak: show English, or leave the parameter out and send Accept-Language."
    ]
    "unknown_currency" "GET /v1/offers?currency=XAF" "no rate for XAF; there are rates for CNY, EUR, JPY, USD" {
        "errors": "[{\"pointer\": \"query:currency\", \"detail\": \"Give one of CNY, EUR, JPY, USD.\"}]"
    } [
        "The code is not in capitals.",
        "The operator's table of rates does not list the currency."
    ]
    "offer_not_found" "GET /v1/offers/610947572360" "offer 610947572360 does not exist" {} [
        "The supplier withdrew it since you stored the id."
    ]
    "offer_held" "GET /v1/offers/610947572360" "offer 610947572360 is held back from cross-border trade at present" {} [
        "A patent or a mark may be infringed: the offer comes back when that is cleared."
    ]
    "offer_foreign" "GET /v1/offers/12345678" "the number 12345678 is none of this marketplace's offers" {} [
        "The id of an offer of another marketplace was stored.",
        "The id of a SKU or supplier was taken for that of an offer."
    ]
    "follow_not_found" "DELETE /v1/follows/610947572360" "You do not follow offer 610947572360; GET /v1/follows lists those you do." {} [
        "It was given up before, perhaps by another worker of yours.",
        "It is followed in the other world: sandbox and live follows are kept apart."
    ]
    "too_many_follows" "PUT /v1/follows/610947572360" "Your plan lets you follow 200 offers; give up others, or ask for a larger plan." {} [
        "Offers that are not sold any more are still followed: DELETE /v1/follows/{offer_id} gives one up.",
        "Everything a search finds is followed; follow what you list in your shop."
    ]
    "storefront_not_found" "GET /v1/storefront" "" {} [
        "It was set with a key of the other world: sandbox and live storefronts are kept apart."
    ]
    "no_storefront_open" "GET /go/610947572360" "" {} [
        "No partner set a storefront for the visitor's country and languages, or all of them are disabled.",
        "The visitor's country is not known: referrals.country_header is not set, or the proxy is not in server.trusted_proxies."
    ]
    "pool_not_found" "GET /v1/pools/1/offers" "pool 1 does not exist" {} []
    "category_not_found" "GET /v1/offers?category=1" "" {} []
    "supplier_not_found" "GET /v1/suppliers/1" "supplier 1 does not exist" {} []
    "region_not_served" "POST /v1/freight-estimates" "" {} [
        "The place lies in Hong Kong, Macau or Taiwan, where suppliers' domestic freight does not reach."
    ]
    "address_ambiguous" "POST /v1/freight-estimates" "The address may mean 2 places." {
        "candidates": "[{\"region_code\": \"220000\", \"level\": \"province\", \"name\": \"吉林省\"}, {\"region_code\": \"220200\", \"level\": \"city\", \"name\": \"吉林省吉林市\"}]"
    } [
        "Only the short name of a place was given, and a province and a city share it.",
        "A district was given without its city."
    ]
    "rate_unavailable" "GET /v1/offers?currency=USD" "there are no rates at present; CNY is always shown" {} [
        "The operator's source of rates could not be read since the gateway was started."
    ]
    "rate_stale" "POST /v1/quotes" "The newest rate of JPY is of 2026-11-02, too long ago to be held to. Quote in CNY meanwhile." {} [
        "The operator's source of rates has not been renewed for days, or what it said could not be taken over."
    ]
    "upstream_timeout" "GET /v1/offers" "" {} [
        "The wholesale service is slow at the moment. For orders the gateway answers 202 instead and settles the outcome."
    ]
    "upstream_unavailable" "POST /v1/orders" "The catalogue could not be reached and nothing was ordered; repeat with the same Idempotency-Key." {} []
    "upstream_refused" "GET /v1/offers" "" {} []
    "upstream_nonsense" "GET /v1/offers" "" {} []
    "upstream_not_offered" "GET /v1/offers" "Searches without words are not offered by the catalogue behind this gateway. Give q, supplier or image_id." {} [
        "The gateway stands in front of a catalogue that is asked in an older protocol, which has no word for this."
    ]
    "quote_not_found" "POST /v1/orders" "" {} [
        "Sandbox and live quotes are kept apart."
    ]
    "quote_expired" "POST /v1/orders" "" {} [
        "Somebody had to approve the purchase, and that took longer than the quote lives."
    ]
    "quote_used" "POST /v1/orders" "The quote became order ord_0192f0c4b1c27d3e8f4a5b6c7d8e9f01." { "order_id": "\"ord_0192f0c4b1c27d3e8f4a5b6c7d8e9f01\"" } [
        "The order was sent again under a new reference."
    ]
    "nothing_to_quote" "POST /v1/quotes" "" {
        "errors": "[{\"pointer\": \"#/lines/0\", \"detail\": \"The quantity is below the minimum order. Order at least 20.\"}]"
    } [
        "Every line fails for its own reason; errors lists them."
    ]
    "idempotency_key_missing" "POST /v1/orders" "" {} [
        "Without the key nobody could tell a repeated order from a second one."
    ]
    "idempotency_mismatch" "POST /v1/orders" "" {} [
        "The key is made from something that does not change with the order, such as the customer.",
        "The body holds a time stamp or has its fields in another order on each try: keep the bytes of the first."
    ]
    "order_in_progress" "POST /v1/orders" "" {} [
        "The client gave up waiting and repeated; that is right, only too early."
    ]
    "reference_taken" "POST /v1/orders" "The reference belongs to order ord_0192f0c4b1c27d3e8f4a5b6c7d8e9f01. Use a new reference for a new order." { "order_id": "\"ord_0192f0c4b1c27d3e8f4a5b6c7d8e9f01\"" } [
        "The order exists already and the answer to it got lost: read it by its reference.",
        "Your numbering starts anew each year: a reference is unique for ever."
    ]
    "price_changed" "POST /v1/orders" "" {
        "errors": "[{\"pointer\": \"#/quote_id\", \"detail\": \"SKU 610947572360001 costs 3.40 CNY a piece now.\"}]",
        "lines": "[{\"sku_id\": \"610947572360001\", \"unit_price\": {\"amount\": \"3.40\", \"currency\": \"CNY\"}}]",
        "freight": "{\"amount\": \"8.00\", \"currency\": \"CNY\"}", "total": "{\"amount\": \"42.00\", \"currency\": \"CNY\"}"
    } [
        "The supplier changed the price after the quote."
    ]
    "out_of_stock" "POST /v1/orders" "" {
        "errors": "[{\"pointer\": \"#/lines/0\", \"detail\": \"Of SKU 610947572360001 there are 6 left.\"}]"
    } []
    "order_refused" "POST /v1/orders" "" {} []
    "order_not_found" "GET /v1/orders/by-reference/PO-2026-0001" "" {} [
        "The order was placed with a key of the other environment.",
        "The reference was not percent-encoded in the path."
    ]
    "order_state_conflict" "POST /v1/orders/ord_0192f0c4b1c27d3e8f4a5b6c7d8e9f01/cancel" "The order is shipped. Only orders that are not paid can be cancelled." { "state": "\"shipped\"" } [
        "The order moved on since you last read it."
    ]
    "payment_expired" "POST /v1/payments" "" {} []
    "endpoint_not_found" "GET /v1/webhook-endpoints/whe_0192f0c4b1c27d3e8f4a5b6c7d8e9f01" "" {} [
        "The endpoint was deleted.",
        "It was made with a key of the other environment."
    ]
    "delivery_not_found" "POST /v1/webhook-endpoints/whe_0192f0c4b1c27d3e8f4a5b6c7d8e9f01/resend" "" {} [
        "The delivery belongs to another endpoint.",
        "It is older than 30 days."
    ]
    "too_many_endpoints" "POST /v1/webhook-endpoints" "You have 20 endpoints, as many as there may be. Delete one, or let one endpoint hear more types." {} [
        "An endpoint is made at every start of your service: list them first."
    ]
    "endpoint_disabled" "POST /v1/webhook-endpoints/whe_0192f0c4b1c27d3e8f4a5b6c7d8e9f01/test" "" {} [
        "It answered 410, or every attempt failed for three days; disabled_reason says which.",
        "You disabled it."
    ]
    "shipment_not_found" "GET /v1/shipments/2600000000000123456" "" {} [
        "The id of the order was taken for that of a parcel.",
        "The supplier has not sent anything yet."
    ]
    "consignment_not_found" "GET /v1/consignments/con_0192f0c4b1c27d3e8f4a5b6c7d8e9f01" "" {} [
        "The consignment was opened with a key of the other environment."
    ]
    "consignment_reference_taken" "POST /v1/consignments" "The reference belongs to consignment con_0192f0c4b1c27d3e8f4a5b6c7d8e9f01. Use a new reference for a new one." { "consignment_id": "\"con_0192f0c4b1c27d3e8f4a5b6c7d8e9f01\"" } [
        "The consignment exists already and the answer to it got lost: read it by its reference."
    ]
    "consignment_state_conflict" "POST /v1/consignments/con_0192f0c4b1c27d3e8f4a5b6c7d8e9f01/inspections" "The consignment is open. Report all receipts first, the last one with complete set to true if something is missing." { "state": "\"open\"" } [
        "Steps were reported out of order: receipts, then inspections, then the handover.",
        "The consignment is operated by the warehouse, which receives and inspects by itself."
    ]
    "consignment_refused" "POST /v1/consignments/con_0192f0c4b1c27d3e8f4a5b6c7d8e9f01/receipts" "More pieces are reported than were sent and are still expected." {
        "errors": "[{\"pointer\": \"#/lines/0/quantity\", \"detail\": \"Give at most 10; more cannot have come.\"}]"
    } [
        "The same pieces were reported in an earlier receipt."
    ]
    "order_consigned" "POST /v1/consignments" "" {
        "errors": "[{\"pointer\": \"#/order_ids/0\", \"detail\": \"Order ord_0192f0c4b1c27d3e8f4a5b6c7d8e9f01 is in consignment con_0192f0c4b1c27d3e8f4a5b6c7d8e9f02.\"}]"
    } [
        "Two people gathered the same orders."
    ]
    "refund_not_found" "GET /v1/refunds/rfd_0192f0c4b1c27d3e8f4a5b6c7d8e9f01" "" {} [
        "The refund was asked for with a key of the other environment."
    ]
    "refund_reference_taken" "POST /v1/refunds" "The reference belongs to refund rfd_0192f0c4b1c27d3e8f4a5b6c7d8e9f01." { "refund_id": "\"rfd_0192f0c4b1c27d3e8f4a5b6c7d8e9f01\"" } [
        "The refund exists already and the answer to it got lost: read it.",
        "The order's number was taken as the refund's, and this is its second refund."
    ]
    "refund_not_possible" "POST /v1/refunds" "The order is awaiting_payment: nothing is paid that could be given back." { "state": "\"awaiting_payment\"" } [
        "The order is not paid; cancel it instead.",
        "Goods are to be sent back that have not arrived at the warehouse."
    ]
    "refund_reason_invalid" "POST /v1/refunds" "The order stands where this reason cannot be given for this type. Nothing was asked for." {} [
        "The order moved on since the reasons were listed.",
        "The reason is one of the other type."
    ]
    "refund_amount_too_large" "POST /v1/refunds" "These pieces are worth less. At most 40.00 CNY can be given back, 8.00 CNY of it as freight. Nothing was asked for." {
        "max_refundable": "{\"amount\": \"40.00\", \"currency\": \"CNY\"}", "max_freight": "{\"amount\": \"8.00\", \"currency\": \"CNY\"}"
    } [
        "The amount holds freight that freight does not tell.",
        "The amount was computed in another currency than the order was paid in.",
        "Freight is asked back a second time."
    ]
    "refund_quantity_too_large" "POST /v1/refunds" "Some of the pieces were given back already. Of SKU 610947572360001 3 can be asked back. Nothing was asked for." { "lines": "[{\"sku_id\": \"610947572360001\", \"max_quantity\": 3}]" } []
    "refund_open" "POST /v1/refunds" "One of the lines has an open refund. Nothing was asked for." { "refund_id": "\"rfd_0192f0c4b1c27d3e8f4a5b6c7d8e9f01\"" } [
        "The supplier refused the first one: modify it, or take it to arbitration."
    ]
    "refund_refused" "POST /v1/refunds" "The catalogue did not accept it. Nothing was asked for." {} []
    "source_match_not_found" "GET /v1/source-matches/smt_0192f0c4b1c27d3e8f4a5b6c7d8e9f01" "" {} [
        "The comparison is older than seven days."
    ]
    "source_matches_waiting" "POST /v1/source-matches" "At most 5000 items wait at one time; read what is done, and send more later." {} [
        "A large list was sent several times."
    ]
    "inquiry_not_found" "GET /v1/inquiries/inq_0192f0c4b1c27d3e8f4a5b6c7d8e9f01" "" {} [
        "The inquiry was made with a key of the other environment."
    ]
    "inquiry_reference_taken" "POST /v1/inquiries" "The reference belongs to inquiry inq_0192f0c4b1c27d3e8f4a5b6c7d8e9f01." { "inquiry_id": "\"inq_0192f0c4b1c27d3e8f4a5b6c7d8e9f01\"" } [
        "The inquiry exists already and the answer to it got lost: read it."
    ]
    "inquiry_refused" "POST /v1/inquiries" "At /suppliers/0/sku_id: the supplier has no such SKU. Nobody was asked." {} [
        "The SKU belongs to another supplier than the one it is named with."
    ]
    "inquiry_state_conflict" "POST /v1/inquiries/inq_0192f0c4b1c27d3e8f4a5b6c7d8e9f01/withdraw" "The inquiry is ordered. It has ended." { "state": "\"ordered\"" } [
        "A quotation was accepted meanwhile."
    ]
    "quotation_not_found" "POST /v1/inquiries/inq_0192f0c4b1c27d3e8f4a5b6c7d8e9f01/quotations/qtn_0192f0c4b1c27d3e8f4a5b6c7d8e9f01/accept" "" {} [
        "The quotation belongs to another inquiry."
    ]
    "quotation_closed" "POST /v1/inquiries/inq_0192f0c4b1c27d3e8f4a5b6c7d8e9f01/quotations/qtn_0192f0c4b1c27d3e8f4a5b6c7d8e9f01/accept" "The supplier quoted anew since; read the inquiry." {} [
        "The quotation expired, or you asked for another price meanwhile."
    ]
    "refund_state_conflict" "POST /v1/refunds/rfd_0192f0c4b1c27d3e8f4a5b6c7d8e9f01/modify" "The refund is requested. Only a refund that the supplier refused can be modified." { "state": "\"requested\"" } [
        "The refund moved on since you last read it.",
        "A deadline passed."
    ]
    "image_not_found" "GET /v1/offers?image_id=img_0192f5b0c1d27a3e8f4a5b6c7d8e9f01" "" {} [
        "The id is another partner's, or of the other world: sandbox keys do not see what live keys uploaded.",
        "Two weeks after the upload nothing is known of it any more."
    ]
    "image_expired" "GET /v1/offers?image_id=img_0192f5b0c1d27a3e8f4a5b6c7d8e9f01" "The picture img_0192f5b0c1d27a3e8f4a5b6c7d8e9f01 was kept for seven days; upload it again." {} [
        "A link to a search was kept for longer than the picture."
    ]
    "image_invalid" "POST /v1/images" "It cannot be taken: its bytes are not of the kind that Content-Type says." {} [
        "The file was renamed from another kind, such as HEIC.",
        "The upload broke off, or the picture was sent as base64 or as a form."
    ]
    "link_unrecognised" "POST /v1/links/resolve" "" {
        "tried": "[{\"form\": \"offer_page\", \"why\": \"There is no link in it.\"}, {\"form\": \"offer_number\", \"why\": \"It is not digits alone.\"}]"
    } [
        "Only the title was copied."
    ]
    "link_not_offer" "POST /v1/links/resolve" "https://shop1234567890.1688.com/ is a page of the marketplace, but not of an offer." {
        "tried": "[{\"form\": \"offer_page\", \"why\": \"The page is one of the marketplace, but not of an offer.\"}]"
    } [
        "The address of a shop or of a list of offers was pasted."
    ]
    "link_foreign" "POST /v1/links/resolve" "The link leads to item.taobao.com, which is another site." {
        "tried": "[{\"form\": \"offer_page\", \"why\": \"The link's host is none of the marketplace's.\"}]"
    } [
        "The offer is one of another marketplace."
    ]
    "short_link_not_found" "POST /v1/links/resolve" "The marketplace does not know https://qr.1688.com/s/none." {
        "tried": "[{\"form\": \"short_link\", \"why\": \"The marketplace does not know this short link.\"}]"
    } [
        "The last letters were lost while copying.",
        "Capital and small letters were mixed up."
    ]
    "code_not_found" "POST /v1/links/resolve" "" {
        "tried": "[{\"form\": \"qr_picture\", \"why\": \"No QR code on the picture can be read.\"}]"
    } [
        "The code is blurred, cut off, or very small on a large picture."
    ]
    "voucher_not_found" "GET /v1/vouchers/vch_0192f0c4b1c27d3e8f4a5b6c7d8e9f01" "" {} []
    "voucher_required" "POST /v1/refunds" "The reason needs at least one picture. Nothing was asked for." {} []
    "voucher_invalid" "POST /v1/vouchers" "It cannot be taken: its bytes are not of the kind that Content-Type says." {} [
        "The picture was cut off while it was read or stored.",
        "A HEIC or WebP picture was sent as JPEG: convert it.",
        "The picture is larger than any that is needed as a proof: scale it down."
    ]
    "shutting_down" "GET /v1/offers" "" {} []
    "ledger_unavailable" "POST /v1/orders" "" {} [
        "The gateway's database is being restarted or moved; it takes seconds.",
        "When the detail says that it may have been done, the connection broke while it was written: only a repeat with the same Idempotency-Key tells."
    ]
    "internal_error" "GET /v1/offers" "" {} []
}

/// The row of a code, or the plain one.
pub fn of(code: &str) -> &'static Example {
    ALL.iter().find(|row| row.code == code).unwrap_or(&PLAIN)
}
