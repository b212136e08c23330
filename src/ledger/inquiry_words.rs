//! How the ledger writes inquiries down: JSON documents with money in fen and times in milliseconds.
//! Released documents must stay readable: add optional fields only.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Error;
use super::kept::Columns;
use super::words::{self, moment};
use crate::error::Code;
use crate::model::ids::{CatalogueInquiryId, CatalogueQuotationId, InquiryId, OfferId, SkuId, SupplierId};
use crate::model::inquiry::{Deed, Facts, Invited, Quotation, Rejection, Talk};
use crate::model::money::Money;
use crate::model::quote::Quantity;
use crate::model::refund::Proof;

/// What of a deed is no column of its own.
#[derive(Serialize, Deserialize)]
pub(super) struct Wished {
    invited: Vec<InvitedWords>,
    specification: String,
    quantity: u32,
    target: Option<i64>,
    warehouse: String,
    ship_to: String,
    currency: String,
    attachments: Vec<(String, i64)>,
}

#[derive(Serialize, Deserialize)]
struct InvitedWords {
    supplier: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sku: Option<i64>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct FactsWords {
    #[serde(skip_serializing_if = "Option::is_none")]
    catalogue_inquiry: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    catalogue_version: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    talks: Option<Vec<TalkWords>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejection: Option<RejectionWords>,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct TalkWords {
    supplier: i64,
    supplier_name: Option<String>,
    state: String,
    quotation: Option<QuotationWords>,
    target: Option<i64>,
    reason: Option<String>,
    note: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct QuotationWords {
    id: String,
    number: i64,
    sku: i64,
    offer: i64,
    title: String,
    specification: String,
    quantity: u32,
    unit_price: i64,
    goods: i64,
    freight: i64,
    total: i64,
    weight_g: i64,
    lead_days: u32,
    valid_until: i64,
    is_final: bool,
}

#[derive(Serialize, Deserialize)]
struct RejectionWords {
    code: String,
    detail: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pointer: Option<String>,
}

fn parse<T: FromStr>(text: &str) -> Result<T, Error>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| Error::unreadable("inquiry", error))
}

fn pieces(quantity: u32) -> Result<Quantity, Error> {
    Quantity::new(quantity.into()).ok_or_else(|| Error::unreadable("inquiry", "quantity"))
}

impl From<&Deed> for Wished {
    fn from(deed: &Deed) -> Self {
        let invited = |one: &Invited| InvitedWords { supplier: one.supplier.number(), sku: one.sku.map(SkuId::number) };
        Self {
            invited: deed.invited.iter().map(invited).collect(),
            specification: deed.specification.clone(),
            quantity: deed.quantity.get(),
            target: deed.target.map(|target| target.minor),
            warehouse: deed.warehouse.to_string(),
            ship_to: deed.ship_to.to_string(),
            currency: deed.currency.code().to_owned(),
            attachments: deed.attachments.iter().map(|proof| (proof.id.to_string(), proof.number)).collect(),
        }
    }
}

impl Wished {
    /// The whole deed.
    pub fn deed(self, columns: Columns<InquiryId>) -> Result<Deed, Error> {
        let invited =
            |one: InvitedWords| Invited { supplier: SupplierId::new(one.supplier), sku: one.sku.map(SkuId::new) };
        let proof = |(id, number): (String, i64)| Ok(Proof { id: parse(&id)?, number });
        Ok(Deed {
            id: columns.id,
            partner: columns.partner,
            mode: columns.mode,
            reference: columns.reference,
            invited: self.invited.into_iter().map(invited).collect(),
            specification: self.specification,
            quantity: pieces(self.quantity)?,
            target: self.target.map(Money::fen),
            warehouse: parse(&self.warehouse)?,
            ship_to: parse(&self.ship_to)?,
            currency: parse(&self.currency)?,
            attachments: self.attachments.into_iter().map(proof).collect::<Result<_, Error>>()?,
            created_at: columns.created_at,
        })
    }
}

impl From<&Talk> for TalkWords {
    fn from(talk: &Talk) -> Self {
        Self {
            supplier: talk.supplier.number(),
            supplier_name: talk.supplier_name.clone(),
            state: talk.state.name().to_owned(),
            quotation: talk.quotation.as_ref().map(QuotationWords::from),
            target: talk.target.map(|target| target.minor),
            reason: talk.reason.map(|reason| reason.name().to_owned()),
            note: talk.note.clone(),
        }
    }
}

impl TalkWords {
    fn read(self) -> Result<Talk, Error> {
        Ok(Talk {
            supplier: SupplierId::new(self.supplier),
            supplier_name: self.supplier_name,
            state: parse(&self.state)?,
            quotation: self.quotation.map(QuotationWords::read).transpose()?,
            target: self.target.map(Money::fen),
            reason: self.reason.as_deref().map(parse).transpose()?,
            note: self.note,
        })
    }
}

impl From<&Quotation> for QuotationWords {
    fn from(quotation: &Quotation) -> Self {
        Self {
            id: quotation.id.to_string(),
            number: quotation.number.number(),
            sku: quotation.sku.number(),
            offer: quotation.offer.number(),
            title: quotation.title.clone(),
            specification: quotation.specification.clone(),
            quantity: quotation.quantity.get(),
            unit_price: quotation.unit_price.minor,
            goods: quotation.goods.minor,
            freight: quotation.freight.minor,
            total: quotation.total.minor,
            weight_g: quotation.weight_g,
            lead_days: quotation.lead_days,
            valid_until: quotation.valid_until.as_millisecond(),
            is_final: quotation.is_final,
        }
    }
}

impl QuotationWords {
    fn read(self) -> Result<Quotation, Error> {
        Ok(Quotation {
            id: parse(&self.id)?,
            number: CatalogueQuotationId::new(self.number),
            sku: SkuId::new(self.sku),
            offer: OfferId::new(self.offer),
            title: self.title,
            specification: self.specification,
            quantity: pieces(self.quantity)?,
            unit_price: Money::fen(self.unit_price),
            goods: Money::fen(self.goods),
            freight: Money::fen(self.freight),
            total: Money::fen(self.total),
            weight_g: self.weight_g,
            lead_days: self.lead_days,
            valid_until: moment("inquiry", self.valid_until)?,
            is_final: self.is_final,
        })
    }
}

/// Writes what an event brought to light.
pub(super) fn write_facts(facts: &Facts) -> Result<String, Error> {
    let rejection = |rejection: &Rejection| RejectionWords {
        code: rejection.code.facts().name.to_owned(),
        detail: rejection.detail.clone(),
        pointer: rejection.pointer.clone(),
    };
    let words = FactsWords {
        catalogue_inquiry: facts.catalogue_inquiry.map(CatalogueInquiryId::number),
        catalogue_version: facts.catalogue_version,
        talks: facts.talks.as_ref().map(|talks| talks.iter().map(TalkWords::from).collect()),
        order: facts.order.as_ref().map(ToString::to_string),
        rejection: facts.rejection.as_ref().map(rejection),
        about: facts.about.map(SupplierId::number),
    };
    words::write("facts", &words)
}

/// Reads what an event brought to light.
pub(super) fn read_facts(text: &str) -> Result<Facts, Error> {
    let words: FactsWords = words::read("facts", text)?;
    let rejection = |words: RejectionWords| {
        let code = Code::find(&words.code).ok_or_else(|| Error::unreadable("facts", "code"))?;
        Ok::<_, Error>(Rejection { code, detail: words.detail, pointer: words.pointer })
    };
    let talks = |talks: Vec<TalkWords>| talks.into_iter().map(TalkWords::read).collect::<Result<_, _>>();
    Ok(Facts {
        catalogue_inquiry: words.catalogue_inquiry.map(CatalogueInquiryId::new),
        catalogue_version: words.catalogue_version,
        talks: words.talks.map(talks).transpose()?,
        order: words.order.as_deref().map(parse).transpose()?,
        rejection: words.rejection.map(rejection).transpose()?,
        about: words.about.map(SupplierId::new),
    })
}

#[cfg(test)]
mod tests {
    use super::{Columns, Wished, read_facts, write_facts};
    use crate::error::Code;
    use crate::model::ids::{CatalogueInquiryId, OrderId, SupplierId, VoucherId};
    use crate::model::inquiry::tests::{deed, quotation};
    use crate::model::inquiry::{Facts, NoReason, Rejection, Talk, TalkState};
    use crate::model::money::Money;
    use crate::model::refund::Proof;

    #[test]
    fn what_is_written_is_read_back() {
        let mut deed = deed("I-1");
        deed.attachments = vec![Proof { id: VoucherId::fresh(), number: 9 }];
        let text = serde_json::to_string(&Wished::from(&deed)).unwrap();
        let columns = Columns {
            id: deed.id.clone(),
            partner: deed.partner.clone(),
            mode: deed.mode,
            reference: deed.reference.clone(),
            created_at: deed.created_at,
        };
        assert_eq!(serde_json::from_str::<Wished>(&text).unwrap().deed(columns).unwrap(), deed);
        let quoted = Talk {
            supplier_name: Some("杯厂".into()),
            state: TalkState::Quoted,
            quotation: Some(quotation(27, 950)),
            note: Some("好".into()),
            ..Talk::asked(SupplierId::new(7), Some(Money::fen(900)))
        };
        let declined = Talk {
            state: TalkState::Declined,
            reason: Some(NoReason::OverCapacity),
            ..Talk::asked(SupplierId::new(8), None)
        };
        let facts = Facts {
            catalogue_inquiry: Some(CatalogueInquiryId::new(26)),
            catalogue_version: Some(3),
            talks: Some(vec![quoted, declined]),
            order: Some(OrderId::fresh()),
            rejection: Some(Rejection { code: Code::InquiryRefused, detail: "no".into(), pointer: Some("/x".into()) }),
            about: Some(SupplierId::new(7)),
        };
        assert_eq!(read_facts(&write_facts(&facts).unwrap()).unwrap(), facts);
        assert_eq!(write_facts(&Facts::default()).unwrap(), "{}");
    }
}
