//! `consignment.co.inventory`: pieces that the warehouse took out of a consignment, once for each `bizId`.

use crate::fulfilment::{Fulfilment, Outbound, TakenOut};
use crate::param2::asked::{Asked, Told};
use crate::param2::consignment::said::{consignment, done, pieces};
use crate::param2::discovery::spec;
use crate::param2::fault::Refusal;
use crate::param2::trade::change;

const ID_CHARS: usize = 64;

/// Answers.
pub async fn take(asked: Asked) -> Told {
    let taken_as = change::line("bizId", asked.need("bizId")?, ID_CHARS)?.to_owned();
    let quantity = pieces(&asked, "outboundQuantity")?;
    if quantity == 0 {
        return Err(Refusal::invalid("outboundQuantity", "1 piece or more"));
    }
    let sku = spec::read(asked.need("bizSkuId")?);
    let sku = sku.ok_or_else(|| Refusal::invalid("bizSkuId", "the skuId or specId of a variant is wanted"))?;
    let of = consignment(&asked, "sourceItemId").await?;
    if of.lines.iter().all(|line| line.sku != sku) {
        return Err(Refusal::own("404", format!("the consignment has no line of {sku}")));
    }
    let room = asked.room::<Fulfilment>()?;
    match room.take_out(&of, Outbound { taken_as, sku, quantity }).await? {
        TakenOut::Taken { .. } => done(&asked),
        TakenOut::TooMany { left } => Err(Refusal::own("400", format!("only {left} pieces are there"))),
        TakenOut::Spoken => Err(Refusal::own("400", "this bizId was said with other words before")),
        TakenOut::NotThere => {
            let state = of.state;
            Err(Refusal::own("400", format!("the consignment is {state}: pieces are taken out of an inspected one")))
        }
    }
}
