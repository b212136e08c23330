//! What partners say about inquiries, read into the model's words.

use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::asked::Asked;
use crate::api::payments::MoneyBody;
use crate::api::plain_text::{NOTE_CHARS, check_note};
use crate::edge::problem::Problem;
use crate::error::Place;
use crate::model::ids::{QuotationId, SkuId, SupplierId, VoucherId};
use crate::model::inquiry::{Invited, MOST_ATTACHMENTS, MOST_SUPPLIERS, SPECIFICATION_CHARS};
use crate::model::money::{Currency, Money};
use crate::model::order::Reference;
use crate::model::quote::Quantity;
use crate::orders::{Basis, NewOrder};
use crate::sourcing::{Counter, Wish};

const SHORTEST: usize = 2;
/// The highest price of a piece that can be asked for, in fen.
const MOST_FEN: i64 = 100_000_000;

/// A supplier who is asked.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = InvitedSupplier)]
pub struct InvitedBody {
    /// The supplier; each at most once.
    #[schema(example = "6017342880")]
    supplier_id: String,
    /// One of the supplier's variants; without it the supplier proposes one that fits the specification.
    #[schema(example = "610947572360001")]
    sku_id: Option<String>,
}

/// A wish to hear what several suppliers ask for something.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewInquiry)]
pub struct NewInquiryBody {
    /// Your own number of the inquiry: 1 to 64 of A-Z a-z 0-9 . _ : / - and used once, for ever.
    #[schema(example = "RFQ-2026-0001", min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._:/-]{1,64}$")]
    reference: String,
    /// Who is asked.
    #[schema(min_items = 1, max_items = 10)]
    suppliers: Vec<InvitedBody>,
    /// What is wanted, in words that the suppliers read; best in Chinese.
    #[schema(example = "陶瓷马克杯，350毫升，白色，印单色标志", min_length = 2, max_length = 2000)]
    specification: String,
    /// How many pieces.
    #[schema(example = 500, minimum = 1, maximum = 1_000_000)]
    quantity: i64,
    /// What you would like to pay for a piece, in CNY; suppliers answer it with their own price.
    target_price: Option<MoneyBody>,
    /// Code of the domestic warehouse; the gateway's usual one when left out.
    #[schema(example = "YW01")]
    warehouse: Option<String>,
    /// ISO 3166-1 code of the destination; your account's country when left out.
    #[schema(example = "JP")]
    ship_to_country: Option<String>,
    /// ISO 4217 code of the currency whose rate is locked when you accept a quotation; CNY when left out.
    #[schema(example = "JPY")]
    currency: Option<String>,
    /// Pictures of what is wanted: `voucher_id`s from `POST /v1/vouchers`.
    #[serde(default)]
    #[schema(max_items = 5)]
    attachments: Vec<String>,
}

/// Another price than the one quoted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CounterOffer)]
pub struct CounterBody {
    /// What you would pay for a piece, in CNY.
    target_price: MoneyBody,
    /// For so many pieces; as quoted when left out.
    #[schema(example = 800, minimum = 1, maximum = 1_000_000)]
    quantity: Option<i64>,
    /// A note to the supplier, best in Chinese.
    #[schema(max_length = 500)]
    note: Option<String>,
}

/// An acceptance: the order that the quotation becomes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Acceptance)]
pub struct AcceptBody {
    /// Your own number of the order: 1 to 64 of A-Z a-z 0-9 . _ : / - and used once, for ever.
    #[schema(example = "PO-2026-0002", min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._:/-]{1,64}$")]
    reference: String,
    /// A note to the supplier, best in Chinese.
    #[schema(max_length = 500)]
    note: Option<String>,
}

impl NewInquiryBody {
    /// The wish, or every place that is wrong.
    pub fn read(&self) -> Result<Wish, Problem> {
        let mut asked = Asked::default();
        let reference = asked.body::<Reference>("/reference", Some(&self.reference));
        let invited = self.invited(&mut asked);
        let specification = words(&mut asked, &self.specification);
        let quantity = pieces(&mut asked, self.quantity);
        let target = self.target_price.as_ref().and_then(|money| price(&mut asked, money));
        let warehouse = asked.body("/warehouse", self.warehouse.as_deref());
        let ship_to = asked.body("/ship_to_country", self.ship_to_country.as_deref());
        let currency = asked.body("/currency", self.currency.as_deref()).unwrap_or(Currency::CNY);
        let attachments = self.pictures(&mut asked);
        let wish = reference.zip(quantity).map(|(reference, quantity)| Wish {
            reference,
            invited,
            specification,
            quantity,
            target,
            warehouse,
            ship_to,
            currency,
            attachments,
        });
        asked.done(wish)
    }

    fn invited(&self, asked: &mut Asked) -> Vec<Invited> {
        if !(1..=MOST_SUPPLIERS).contains(&self.suppliers.len()) {
            asked.wrong(Place::body("/suppliers", format!("1 to {MOST_SUPPLIERS} suppliers")));
        }
        let mut invited: Vec<Invited> = Vec::with_capacity(self.suppliers.len().min(MOST_SUPPLIERS));
        for (at, one) in self.suppliers.iter().enumerate().take(MOST_SUPPLIERS) {
            let at_id = format!("/suppliers/{at}/supplier_id");
            let supplier = asked.body::<SupplierId>(&at_id, Some(&one.supplier_id));
            let sku = asked.body::<SkuId>(&format!("/suppliers/{at}/sku_id"), one.sku_id.as_deref());
            if invited.iter().any(|before| Some(before.supplier) == supplier) {
                asked.wrong(Place::body(&at_id, "this supplier is listed before: one inquiry asks each once"));
            }
            invited.extend(supplier.map(|supplier| Invited { supplier, sku }));
        }
        invited
    }

    fn pictures(&self, asked: &mut Asked) -> Vec<VoucherId> {
        if self.attachments.len() > MOST_ATTACHMENTS {
            asked.wrong(Place::body("/attachments", format!("at most {MOST_ATTACHMENTS}")));
        }
        let mut read: Vec<VoucherId> = Vec::new();
        for (at, id) in self.attachments.iter().enumerate().take(MOST_ATTACHMENTS) {
            let id = asked.body(&format!("/attachments/{at}"), Some(id));
            if id.as_ref().is_some_and(|id| read.contains(id)) {
                asked.wrong(Place::body(&format!("/attachments/{at}"), "this picture is listed before"));
            }
            read.extend(id);
        }
        read
    }
}

impl CounterBody {
    /// The counter-offer, or every place that is wrong.
    pub fn read(&self, mut asked: Asked, quotation: Option<QuotationId>) -> Result<Counter, Problem> {
        let target = price(&mut asked, &self.target_price);
        let quantity = self.quantity.and_then(|quantity| pieces(&mut asked, quantity));
        let note = note(&mut asked, self.note.as_ref());
        let read = quotation.zip(target);
        asked.done(read.map(|(quotation, target)| Counter { quotation, target, quantity, note }))
    }
}

impl AcceptBody {
    /// The order on the quote that holds the quotation, or every place that is wrong.
    pub fn read(&self) -> Result<impl FnOnce(crate::model::ids::QuoteId) -> NewOrder + use<>, Problem> {
        let mut asked = Asked::default();
        let reference = asked.body::<Reference>("/reference", Some(&self.reference));
        let note = note(&mut asked, self.note.as_ref());
        let reference = asked.done(reference)?;
        Ok(move |quote| NewOrder { reference, basis: Basis::Quote(quote), note, expected_total: None })
    }
}

fn note(asked: &mut Asked, note: Option<&String>) -> Option<String> {
    let note = note.filter(|note| !note.trim().is_empty())?;
    check_note(asked, note);
    Some(note.chars().take(NOTE_CHARS).collect())
}

fn pieces(asked: &mut Asked, quantity: i64) -> Option<Quantity> {
    let read = Quantity::new(quantity);
    if read.is_none() {
        asked.wrong(Place::body("/quantity", "1 to 1000000"));
    }
    read
}

/// The price of a piece: suppliers quote in CNY.
fn price(asked: &mut Asked, money: &MoneyBody) -> Option<Money> {
    let read = money.read(asked, "/target_price")?;
    if read.currency != Currency::CNY {
        asked.wrong(Place::body("/target_price/currency", "give CNY: suppliers quote in it"));
    } else if !(1..=MOST_FEN).contains(&read.minor) {
        asked.wrong(Place::body("/target_price/amount", "0.01 to 1000000.00"));
    }
    Some(read)
}

/// What is wanted: lines are allowed, other control characters are not.
fn words(asked: &mut Asked, text: &str) -> String {
    let text = text.trim();
    if !(SHORTEST..=SPECIFICATION_CHARS).contains(&text.chars().count()) {
        asked.wrong(Place::body("/specification", format!("{SHORTEST} to {SPECIFICATION_CHARS} characters")));
    }
    if text.chars().any(|letter| letter.is_control() && letter != '\n') {
        asked.wrong(Place::body("/specification", "text without control characters other than line breaks"));
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::{AcceptBody, CounterBody, NewInquiryBody};
    use crate::api::asked::Asked;
    use crate::edge::problem::Problem;
    use crate::model::ids::QuotationId;
    use crate::model::money::Money;
    use serde_json::{Value, json};

    fn body() -> Value {
        json!({
            "reference": "RFQ-1", "suppliers": [{"supplier_id": "7", "sku_id": "70"}, {"supplier_id": "8"}],
            "specification": " mug\nwhite ", "quantity": 500, "target_price": {"amount": "9.00", "currency": "CNY"},
            "attachments": [format!("vch_{}", "0".repeat(32))],
        })
    }

    fn read<T: serde::de::DeserializeOwned>(body: Value) -> T {
        serde_json::from_value(body).unwrap()
    }

    fn pointers(problem: Problem) -> Vec<String> {
        let document: Value = serde_json::from_slice(&problem.render("req", "/")).unwrap();
        let errors = document["errors"].as_array().unwrap();
        errors.iter().map(|error| error["pointer"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn a_wish_is_read_whole() {
        let wish = read::<NewInquiryBody>(body()).read().unwrap();
        assert_eq!((wish.invited.len(), wish.target, wish.quantity.get()), (2, Some(Money::fen(900)), 500));
        assert_eq!(wish.specification, "mug\nwhite", "lines stay, spaces around it go");
        assert!(wish.invited[1].sku.is_none() && wish.attachments.len() == 1);
    }

    #[test]
    fn every_wrong_member_is_named() {
        let mut wrong = body();
        wrong["reference"] = json!("a b");
        wrong["suppliers"] = json!([{"supplier_id": "x"}, {"supplier_id": "7", "sku_id": "0"}, {"supplier_id": "7"}]);
        wrong["specification"] = json!("a\u{0}b");
        wrong["quantity"] = json!(0);
        wrong["target_price"] = json!({"amount": "9.00", "currency": "USD"});
        wrong["warehouse"] = json!("y");
        wrong["ship_to_country"] = json!("XX");
        wrong["currency"] = json!("yen");
        wrong["attachments"] = json!(["vch_1"]);
        let expected = [
            "#/reference",
            "#/suppliers/0/supplier_id",
            "#/suppliers/1/sku_id",
            "#/suppliers/2/supplier_id",
            "#/specification",
            "#/quantity",
            "#/target_price/currency",
            "#/warehouse",
            "#/ship_to_country",
            "#/currency",
            "#/attachments/0",
        ];
        assert_eq!(pointers(read::<NewInquiryBody>(wrong).read().unwrap_err()), expected);
        let mut empty = body();
        (empty["suppliers"], empty["target_price"]) = (json!([]), json!({"amount": "0.00", "currency": "CNY"}));
        let wrong = pointers(read::<NewInquiryBody>(empty).read().unwrap_err());
        assert_eq!(wrong, ["#/suppliers", "#/target_price/amount"]);
        let mut many = body();
        many["suppliers"] = (1..=11).map(|id| json!({"supplier_id": id.to_string()})).collect();
        assert_eq!(pointers(read::<NewInquiryBody>(many).read().unwrap_err()), ["#/suppliers"]);
    }

    #[test]
    fn steps_are_read_or_refused_with_their_places() {
        let counter = json!({"target_price": {"amount": "x", "currency": "CNY"}, "quantity": -1, "note": "a\u{7}"});
        let told = read::<CounterBody>(counter).read(Asked::default(), Some(QuotationId::fresh())).unwrap_err();
        assert_eq!(pointers(told), ["#/target_price/amount", "#/quantity", "#/note"]);
        let accept = read::<AcceptBody>(json!({"reference": "", "note": "x".repeat(501)}));
        assert_eq!(pointers(accept.read().err().unwrap()), ["#/reference", "#/note"]);
    }
}
