//! Saying a report once, and what came of it; consignments by the names that a warehouse has for them.

use crate::error::Failure;
use crate::fulfilment::{Answer as Stored, Error, Fulfilment};
use crate::model::consignment::{Consignment, Report, ReportState, Said};
use crate::orders::Orders;
use crate::param2::asked::{Asked, Told};
use crate::param2::fault::Refusal;
use crate::param2::trade::once;

/// The consignment of a name: its id, or the partner's own number of it.
pub async fn consignment(asked: &Asked, parameter: &str) -> Result<Consignment, Refusal> {
    let (room, text) = (asked.room::<Fulfilment>()?, asked.need(parameter)?.trim());
    let found = match text.parse() {
        Ok(id) => room.get(&asked.caller, &id).await?,
        Err(_) => {
            let reference = text.parse().map_err(|error| Refusal::invalid(parameter, error))?;
            room.by_reference(&asked.caller, &reference).await?
        }
    };
    own(asked, found.consignment).await
}

/// The consignment, unless it has an order that another account than the token's placed: then it is as if there were none.
async fn own(asked: &Asked, consignment: Consignment) -> Result<Consignment, Refusal> {
    if asked.is_branch() {
        let orders = asked.room::<Orders>()?;
        for consigned in &consignment.deed.orders {
            let order = orders.get(&asked.caller, &consigned.order).await?;
            if !orders.is_seen_by(&asked.caller, &order, &asked.account).await? {
                return Err(Error::ConsignmentNotFound.into());
            }
        }
    }
    Ok(consignment)
}

/// What is said, under which name, and what of the request it stands for: another request under the name is refused.
#[derive(Debug)]
pub struct Named {
    /// The name.
    pub name: String,
    /// The figures of the request.
    pub figures: String,
    /// What they come to.
    pub said: Said,
    /// The operation of `/v1` that this is.
    pub operation: &'static str,
}

/// Says it once.
pub async fn say(asked: &Asked, of: &Consignment, named: Named) -> Result<(), Refusal> {
    let Named { name, figures, said, operation } = named;
    let key = once::key(&format!("{name}:{}", of.deed.id), figures.as_bytes());
    let room = asked.room::<Fulfilment>()?;
    let told = room.report(&asked.caller, key, &of.deed.id, said, operation, &stored).await?;
    match told.answer.status {
        200 => Ok(()),
        202 => Err(Refusal::own("500", "it is not known yet whether it was taken; say it again")),
        _ => Err(Refusal::own("400", String::from_utf8_lossy(&told.answer.body))),
    }
}

fn stored(_: &Consignment, report: &Report, _: &[Report]) -> Stored {
    let (status, body) = match (report.state, &report.refusal) {
        (ReportState::Taken, _) => (200, Vec::new()),
        (_, Some(refusal)) => (409, refusal.detail().unwrap_or_default().into_bytes()),
        _ => (202, Vec::new()),
    };
    Stored { status, headers: Vec::new(), body }
}

/// A success: nothing but that it is one.
pub fn done(asked: &Asked) -> Told {
    // The platform's own answer has a model that is null.
    asked.traced(Some(()))
}

/// Pieces, as clients write them.
pub fn pieces(asked: &Asked, parameter: &str) -> Result<u32, Refusal> {
    let number = asked.need_long(parameter)?;
    u32::try_from(number).map_err(|_| Refusal::invalid(parameter, "0 pieces or more"))
}

/// One warehouse says what the figures of several lines are together; which line is meant nobody can tell.
pub fn ambiguous() -> Refusal {
    let why = "the consignment has several lines, and nobody can tell of which the pieces are: report them line by line \
        by POST /v1/consignments/{id}/receipts and /inspections";
    Refusal::own("400", why)
}
