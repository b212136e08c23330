//! The members that problems carry beyond those of RFC 9457 and our own common ones: one table, from which the OpenAPI
//! document describes them. What a failure adds and this table does not know is refused by every test that sees it.

use serde_json::{Value, json};
use utoipa::openapi::schema::{Array, ObjectBuilder, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{KnownFormat, Ref, RefOr, Schema};

/// What a member holds.
#[derive(Clone, Copy, Debug)]
enum Holds {
    Text(&'static str),
    Moment(&'static str),
    Words(&'static str),
    Money,
    LineProblems,
    /// A list of objects: name, schema and meaning of each member; those after `0` may be absent.
    Rows(usize, &'static [(&'static str, Holds, &'static str)]),
    Count(i64),
}

/// A member of problems with some codes.
#[derive(Clone, Copy, Debug)]
pub struct Extra {
    /// Its name.
    pub name: &'static str,
    /// The codes it comes with; there may be answers with the code that have no use for it.
    pub codes: &'static [&'static str],
    /// What it tells.
    pub says: &'static str,
    holds: Holds,
}

const SUPPLIER_QUOTE: &[(&str, Holds, &str)] = &[
    ("quote_id", Holds::Text("quo_0192f5b0c1d27a3e8f4a5b6c7d8e9f01"), "Order by this."),
    ("supplier_id", Holds::Text("6017342880"), "Whose lines these are."),
    ("sku_ids", Holds::Words("610947572360001"), "The lines that it holds."),
    ("total", Holds::Money, "What has to be paid for it."),
    ("expires_at", Holds::Moment("2026-11-23T10:30:00Z"), "Until when it holds."),
];
const CHANGED_LINE: &[(&str, Holds, &str)] = &[
    ("sku_id", Holds::Text("610947572360001"), "The variant."),
    ("unit_price", Holds::Money, "What one costs now, where that is why."),
    ("stock", Holds::Count(3), "How many are left, where that is why."),
    ("max_quantity", Holds::Count(3), "How many can be asked back; with `refund_quantity_too_large`."),
];
const ORDER_PART: &[(&str, Holds, &str)] = &[
    ("order_id", Holds::Text("ord_0192f5b0c1d27a3e8f4a5b6c7d8e9f01"), "The order."),
    ("amount", Holds::Money, "Its part of the total."),
];

const TRIED: &[(&str, Holds, &str)] = &[
    (
        "form",
        Holds::Text("short_link"),
        "`offer_page`, `mobile_page`, `short_link`, `share_text`, `qr_picture` or `offer_number`.",
    ),
    ("why", Holds::Text("There is no link in it."), "Why it is not that, for people."),
];

const CANDIDATE: &[(&str, Holds, &str)] = &[
    ("region_code", Holds::Text("220000"), "Give this to mean the place."),
    ("level", Holds::Text("province"), "`province`, `city` or `district`."),
    ("name", Holds::Text("吉林省"), "Its name with all that it lies in."),
];

/// All of them.
pub const ALL: &[Extra] = &[
    extra(
        "violated-policies",
        &["rate_limited", "quota_used_up", "too_many_in_flight"],
        "Names of the policies of your plan that refused.",
        Holds::Words("second"),
    ),
    extra("server_time", &["clock_skew"], "Our time, to set your clock by.", Holds::Moment("2026-11-23T10:06:52Z")),
    extra(
        "signature_base",
        &[
            "signature_mismatch",
            "digest_mismatch",
            "coverage_insufficient",
            "clock_skew",
            "unknown_key",
            "key_expired",
            "key_suspended",
            "address_not_allowed",
            "authority_not_served",
            "replayed",
            "signature_malformed",
        ],
        "The text that we computed the signature over; for sandbox keys only.",
        Holds::Text("\"@method\": GET"),
    ),
    extra(
        "order_id",
        &["reference_taken", "quote_used", "order_state_conflict"],
        "The order that is there already, or of several the one that cannot be paid.",
        Holds::Text("ord_0192f5b0c1d27a3e8f4a5b6c7d8e9f01"),
    ),
    extra(
        "refund_id",
        &["refund_reference_taken", "refund_open"],
        "The refund that is there already.",
        Holds::Text("rfd_0192f5b0c1d27a3e8f4a5b6c7d8e9f01"),
    ),
    extra(
        "inquiry_id",
        &["inquiry_reference_taken"],
        "The inquiry that is there already.",
        Holds::Text("inq_0192f5b0c1d27a3e8f4a5b6c7d8e9f01"),
    ),
    extra(
        "consignment_id",
        &["consignment_reference_taken"],
        "The consignment that is there already.",
        Holds::Text("con_0192f5b0c1d27a3e8f4a5b6c7d8e9f01"),
    ),
    extra(
        "state",
        &[
            "order_state_conflict",
            "refund_not_possible",
            "refund_state_conflict",
            "consignment_state_conflict",
            "inquiry_state_conflict",
            "quotation_closed",
        ],
        "Where the order, refund, consignment or inquiry stands.",
        Holds::Text("awaiting_payment"),
    ),
    extra(
        "total",
        &["price_changed", "out_of_stock", "order_refused"],
        "What has to be paid now, in CNY.",
        Holds::Money,
    ),
    extra("total_converted", &["price_changed"], "The same in the currency of the quote.", Holds::Money),
    extra(
        "quote_id",
        &["price_changed"],
        "A quote over the new total, where one was made: order by it.",
        Holds::Text("quo_0192f5b0c1d27a3e8f4a5b6c7d8e9f01"),
    ),
    extra("orders", &["price_changed"], "What each order of the payment costs now.", Holds::Rows(2, ORDER_PART)),
    extra(
        "freight",
        &["price_changed", "out_of_stock", "order_refused"],
        "What freight costs now, in CNY.",
        Holds::Money,
    ),
    extra(
        "lines",
        &["price_changed", "out_of_stock", "order_refused", "refund_quantity_too_large"],
        "The lines that are concerned, with the figures of now.",
        Holds::Rows(1, CHANGED_LINE),
    ),
    extra(
        "quotes",
        &["order_needs_split"],
        "A quote for each supplier's part of the lines.",
        Holds::Rows(5, SUPPLIER_QUOTE),
    ),
    extra(
        "problems",
        &["nothing_to_quote", "lines_unavailable"],
        "Each line that cannot be had so, and why.",
        Holds::LineProblems,
    ),
    extra("candidates", &["address_ambiguous"], "The places that the address may mean.", Holds::Rows(3, CANDIDATE)),
    extra(
        "max_refundable",
        &["refund_amount_too_large"],
        "The most that can be asked back for these pieces.",
        Holds::Money,
    ),
    extra(
        "tried",
        &["link_unrecognised", "link_not_offer", "link_foreign", "short_link_not_found", "code_not_found"],
        "The forms that it was not, and why.",
        Holds::Rows(2, TRIED),
    ),
    extra("max_freight", &["refund_amount_too_large"], "How much of it has to be asked for as freight.", Holds::Money),
];

const fn extra(name: &'static str, codes: &'static [&'static str], says: &'static str, holds: Holds) -> Extra {
    Extra { name, codes, says, holds }
}

/// The members that may come with a code.
pub fn of(code: &str) -> impl Iterator<Item = &'static Extra> {
    ALL.iter().filter(move |extra| extra.codes.contains(&code))
}

/// Whether a problem with this code may carry this member.
pub fn is_known(code: &str, name: &str) -> bool {
    of(code).any(|extra| extra.name == name)
}

impl Extra {
    /// How the OpenAPI document describes it.
    pub fn schema(&self) -> RefOr<Schema> {
        let codes: Vec<_> = self.codes.iter().map(|code| format!("`{code}`")).collect();
        self.holds.schema(&format!("With {}: {}", codes.join(", "), self.says))
    }
}

impl Holds {
    fn schema(self, says: &str) -> RefOr<Schema> {
        let typed = |kind| ObjectBuilder::new().schema_type(SchemaType::Type(kind)).description(Some(says));
        match self {
            Self::Text(example) => typed(Type::String).examples([Value::from(example)]).into(),
            Self::Moment(example) => typed(Type::String)
                .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
                .examples([Value::from(example)])
                .into(),
            Self::Count(example) => typed(Type::Integer).examples([Value::from(example)]).into(),
            Self::Words(example) => {
                let mut list = Array::new(ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)));
                (list.description, list.example) = (Some(says.to_owned()), Some(json!([example])));
                Schema::Array(list).into()
            }
            Self::Money => described("Money", says),
            Self::LineProblems => list_of(Ref::from_schema_name("LineProblem"), says),
            Self::Rows(always, members) => {
                let mut row = ObjectBuilder::new();
                for (at, (name, holds, says)) in members.iter().enumerate() {
                    row = row.property(*name, holds.schema(says));
                    row = if at < always { row.required(*name) } else { row };
                }
                list_of(Schema::Object(row.build()), says)
            }
        }
    }
}

fn described(name: &str, says: &str) -> RefOr<Schema> {
    let mut to = Ref::from_schema_name(name);
    to.description = says.to_owned();
    RefOr::Ref(to)
}

fn list_of(items: impl Into<RefOr<Schema>>, says: &str) -> RefOr<Schema> {
    let mut list = Array::new(items);
    list.description = Some(says.to_owned());
    Schema::Array(list).into()
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use crate::error::Code;

    #[test]
    fn members_belong_to_codes_that_exist_and_none_is_told_twice() {
        for (at, extra) in ALL.iter().enumerate() {
            assert!(
                extra.says.ends_with('.') && extra.codes.iter().all(|code| Code::find(code).is_some()),
                "{extra:?}"
            );
            assert!(ALL[at + 1..].iter().all(|other| other.name != extra.name), "{}", extra.name);
        }
    }
}
