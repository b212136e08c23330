//! How the ledger writes refunds down: JSON documents with money in fen and times in milliseconds.
//! Released documents must stay readable: add optional fields only.

use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Error;
use super::kept::Columns;
use super::words::moment;
use crate::error::Code;
use crate::model::ids::{CatalogueOrderId, CatalogueRefundId, OrderId, RefundId, SkuId};
use crate::model::money::Money;
use crate::model::quote::Quantity;
use crate::model::refund::{Arbitration, Deed, Facts, Parcel, Proof, RefundLine, Rejection};

/// What of a deed is no column of its own.
#[derive(Serialize, Deserialize)]
pub(super) struct Wished {
    pub catalogue_order: i64,
    pub remedy: String,
    pub reason: String,
    pub amount: i64,
    pub freight: i64,
    lines: Vec<LineWords>,
    pub description: String,
    proofs: Vec<ProofWords>,
}

#[derive(Serialize, Deserialize)]
struct LineWords {
    number: u32,
    sku: i64,
    quantity: u32,
}

#[derive(Clone, Serialize, Deserialize)]
struct ProofWords {
    id: String,
    number: i64,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct FactsWords {
    #[serde(skip_serializing_if = "Option::is_none")]
    catalogue_refund: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    catalogue_version: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    freight: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proofs: Option<Vec<ProofWords>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    deadline: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agreed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    supplier_note: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parcel: Option<ParcelWords>,
    #[serde(skip_serializing_if = "Option::is_none")]
    arbitration: Option<ArbitrationWords>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refunded_at: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closing: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejection: Option<RejectionWords>,
}

#[derive(Serialize, Deserialize)]
struct ParcelWords {
    carrier: String,
    tracking_number: String,
    sent_at: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct ArbitrationWords {
    plea: String,
    decision: Option<String>,
    note: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct RejectionWords {
    code: String,
    detail: String,
    most: Option<i64>,
    most_freight: Option<i64>,
    #[serde(default)]
    lines: Vec<(i64, u32)>,
    open: Option<String>,
}

fn parse<T: FromStr>(text: &str) -> Result<T, Error>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| Error::unreadable("refund", error))
}

impl From<&Proof> for ProofWords {
    fn from(proof: &Proof) -> Self {
        Self { id: proof.id.to_string(), number: proof.number }
    }
}

impl ProofWords {
    fn read(&self) -> Result<Proof, Error> {
        Ok(Proof { id: parse(&self.id)?, number: self.number })
    }
}

impl From<&Deed> for Wished {
    fn from(deed: &Deed) -> Self {
        let line = |line: &RefundLine| LineWords {
            number: line.number,
            sku: line.sku.number(),
            quantity: line.quantity.get(),
        };
        Self {
            catalogue_order: deed.catalogue_order.number(),
            remedy: deed.remedy.name().to_owned(),
            reason: deed.reason.to_string(),
            amount: deed.amount.minor,
            freight: deed.freight.minor,
            lines: deed.lines.iter().map(line).collect(),
            description: deed.description.clone(),
            proofs: deed.proofs.iter().map(ProofWords::from).collect(),
        }
    }
}

impl Wished {
    /// The whole deed.
    pub fn deed(self, columns: Columns<RefundId>, order: OrderId) -> Result<Deed, Error> {
        let line = |line: &LineWords| {
            let quantity =
                Quantity::new(line.quantity.into()).ok_or_else(|| Error::unreadable("refund", "quantity"))?;
            Ok(RefundLine { number: line.number, sku: SkuId::new(line.sku), quantity })
        };
        Ok(Deed {
            id: columns.id,
            partner: columns.partner,
            mode: columns.mode,
            reference: columns.reference,
            order,
            catalogue_order: CatalogueOrderId::new(self.catalogue_order),
            remedy: parse(&self.remedy)?,
            reason: parse(&self.reason)?,
            amount: Money::fen(self.amount),
            freight: Money::fen(self.freight),
            lines: self.lines.iter().map(line).collect::<Result<_, Error>>()?,
            description: self.description,
            proofs: self.proofs.iter().map(ProofWords::read).collect::<Result<_, _>>()?,
            created_at: columns.created_at,
        })
    }
}

/// Writes what an event brought to light.
pub(super) fn write_facts(facts: &Facts) -> Result<String, Error> {
    let fen = |money: Option<Money>| money.map(|money| money.minor);
    let ms = |moment: Option<Timestamp>| moment.map(Timestamp::as_millisecond);
    let words = FactsWords {
        catalogue_refund: facts.catalogue_refund.map(CatalogueRefundId::number),
        catalogue_version: facts.catalogue_version,
        amount: fen(facts.amount),
        freight: fen(facts.freight),
        description: facts.description.clone(),
        proofs: facts.proofs.as_ref().map(|proofs| proofs.iter().map(ProofWords::from).collect()),
        deadline: ms(facts.deadline),
        agreed: fen(facts.agreed),
        supplier_note: facts.supplier_note.clone(),
        return_address: facts.return_address.clone(),
        parcel: facts.parcel.as_ref().map(|parcel| ParcelWords {
            carrier: parcel.carrier.to_string(),
            tracking_number: parcel.tracking_number.to_string(),
            sent_at: ms(parcel.sent_at),
        }),
        arbitration: facts.arbitration.as_ref().map(|case| ArbitrationWords {
            plea: case.plea.clone(),
            decision: case.decision.map(|decision| decision.name().to_owned()),
            note: case.note.clone(),
        }),
        refunded_at: ms(facts.refunded_at),
        closing: facts.closing.map(|why| why.name().to_owned()),
        rejection: facts.rejection.as_ref().map(|rejection| RejectionWords {
            code: rejection.code.facts().name.to_owned(),
            detail: rejection.detail.clone(),
            most: fen(rejection.most),
            most_freight: fen(rejection.most_freight),
            lines: rejection.lines.iter().map(|(sku, most)| (sku.number(), *most)).collect(),
            open: rejection.open.as_ref().map(ToString::to_string),
        }),
    };
    super::words::write("facts", &words)
}

/// Reads what an event brought to light.
pub(super) fn read_facts(text: &str) -> Result<Facts, Error> {
    let words: FactsWords = super::words::read("facts", text)?;
    let at = |ms: Option<i64>| ms.map(|ms| moment("facts", ms)).transpose();
    Ok(Facts {
        catalogue_refund: words.catalogue_refund.map(CatalogueRefundId::new),
        catalogue_version: words.catalogue_version,
        amount: words.amount.map(Money::fen),
        freight: words.freight.map(Money::fen),
        description: words.description,
        proofs: words.proofs.map(|proofs| proofs.iter().map(ProofWords::read).collect()).transpose()?,
        deadline: at(words.deadline)?,
        agreed: words.agreed.map(Money::fen),
        supplier_note: words.supplier_note,
        return_address: words.return_address,
        parcel: words.parcel.map(parcel).transpose()?,
        arbitration: words.arbitration.map(arbitration).transpose()?,
        refunded_at: at(words.refunded_at)?,
        closing: words.closing.as_deref().map(parse).transpose()?,
        rejection: words.rejection.map(rejection).transpose()?,
    })
}

fn parcel(words: ParcelWords) -> Result<Parcel, Error> {
    Ok(Parcel {
        carrier: parse(&words.carrier)?,
        tracking_number: parse(&words.tracking_number)?,
        sent_at: words.sent_at.map(|ms| moment("facts", ms)).transpose()?,
    })
}

fn arbitration(words: ArbitrationWords) -> Result<Arbitration, Error> {
    let decision = words.decision.as_deref().map(parse).transpose()?;
    Ok(Arbitration { plea: words.plea, decision, note: words.note })
}

fn rejection(words: RejectionWords) -> Result<Rejection, Error> {
    Ok(Rejection {
        code: Code::find(&words.code).ok_or_else(|| Error::unreadable("facts", "code"))?,
        detail: words.detail,
        most: words.most.map(Money::fen),
        most_freight: words.most_freight.map(Money::fen),
        lines: words.lines.into_iter().map(|(sku, most)| (SkuId::new(sku), most)).collect(),
        open: words.open.as_deref().map(parse).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::{Columns, Wished, read_facts, write_facts};
    use crate::error::Code;
    use crate::model::ids::{CatalogueRefundId, RefundId, SkuId, VoucherId};
    use crate::model::money::Money;
    use crate::model::refund::tests::deed;
    use crate::model::refund::{Arbitration, Closing, Decision, Facts, Parcel, Proof, Rejection, Remedy};

    #[test]
    fn every_fact_is_read_back_as_it_was_written() {
        let at = jiff::Timestamp::from_second(1_800_000_000).unwrap();
        let facts = Facts {
            catalogue_refund: Some(CatalogueRefundId::new(31)),
            catalogue_version: Some(4),
            amount: Some(Money::fen(900)),
            freight: Some(Money::fen(100)),
            description: Some("four are broken".into()),
            proofs: Some(vec![Proof { id: VoucherId::fresh(), number: 8 }]),
            deadline: Some(at),
            agreed: Some(Money::fen(450)),
            supplier_note: Some("只有两个坏了".into()),
            return_address: Some("浙江省义乌市".into()),
            parcel: Some(Parcel {
                carrier: "ZTO".parse().unwrap(),
                tracking_number: "ZTO-1234".parse().unwrap(),
                sent_at: Some(at),
            }),
            arbitration: Some(Arbitration {
                plea: "the picture shows five".into(),
                decision: Some(Decision::Split),
                note: Some("各半".into()),
            }),
            refunded_at: Some(at),
            closing: Some(Closing::TooLate),
            rejection: Some(Rejection {
                code: Code::RefundAmountTooLarge,
                detail: "At most 9.00 CNY.".into(),
                most: Some(Money::fen(900)),
                most_freight: Some(Money::fen(100)),
                lines: vec![(SkuId::new(7), 4)],
                open: Some(RefundId::fresh()),
            }),
        };
        assert_eq!(read_facts(&write_facts(&facts).unwrap()).unwrap(), facts);
        assert_eq!(write_facts(&Facts::default()).unwrap(), "{}");
    }

    #[test]
    fn a_deed_is_read_back_as_it_was_written() {
        let wish = deed("R-1", Remedy::Return);
        let text = serde_json::to_string(&Wished::from(&wish)).unwrap();
        let columns = Columns {
            id: wish.id.clone(),
            partner: wish.partner.clone(),
            mode: wish.mode,
            reference: wish.reference.clone(),
            created_at: wish.created_at,
        };
        assert_eq!(serde_json::from_str::<Wished>(&text).unwrap().deed(columns, wish.order.clone()).unwrap(), wish);
    }
}
