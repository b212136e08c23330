//! Goods that come in: signed for, put on the shelves, or not as expected. The protocol counts all pieces of an inbound
//! order together, so that a part of several lines cannot be said.

use crate::model::consignment::{Counted, InspectedLine, Inspection, Line, OperatedBy, Said, State, Verdict};
use crate::param2::asked::{Asked, Told};
use crate::param2::consignment::said::{self, Named, ambiguous, consignment, done, pieces};
use crate::param2::fault::Refusal;
use crate::param2::trade::change;

const RECEIPT: &str = "create_receipt";
const INSPECTION: &str = "create_inspection";
/// The sheet's number and its reason have to fit into a note.
const REASON_CHARS: usize = 400;
const SHEET_CHARS: usize = 64;

/// Answers `consignment.co.status.sync`.
pub async fn sync(asked: Asked) -> Told {
    let (at, num) = (asked.need_long("processTime")?, pieces(&asked, "num")?);
    let of = consignment(&asked, "bizInboundOrderId").await?;
    let status = asked.need("status")?;
    let (said, operation) = match status {
        "signed" => (received(&of.lines, num)?, RECEIPT),
        "onShelves" => (shelved(&of.lines, num)?, INSPECTION),
        _ => return Err(Refusal::invalid("status", "signed | onShelves")),
    };
    let named = Named { name: format!("{status}:{at}"), figures: num.to_string(), said, operation };
    said::say(&asked, &of, named).await?;
    done(&asked)
}

/// So many pieces came in: all that are missing, or some of the only line that misses any.
fn received(lines: &[Line], num: u32) -> Result<Said, Refusal> {
    let missing = |line: &Line| line.expected.saturating_sub(line.received);
    let open: Vec<_> = lines.iter().filter(|line| missing(line) > 0).collect();
    let all: u32 = open.iter().map(|line| missing(line)).sum();
    let counted = |line: &Line, quantity| Counted { order: line.order.clone(), sku: line.sku, quantity };
    match open.as_slice() {
        _ if num == 0 => Err(Refusal::invalid("num", "1 piece or more")),
        // What came before is for the room to judge: the same request may have come before, too.
        [] => {
            Ok(Said::Receipt { lines: lines.iter().map(|line| counted(line, line.expected)).collect(), complete: true })
        }
        _ if num > all => Err(Refusal::own("400", format!("only {all} pieces are expected yet"))),
        several if num == all => {
            let lines = several.iter().map(|line| counted(line, missing(line))).collect();
            Ok(Said::Receipt { lines, complete: true })
        }
        [line] => Ok(Said::Receipt { lines: vec![counted(line, num)], complete: false }),
        _ => Err(ambiguous()),
    }
}

/// All pieces that came are as they should be.
fn shelved(lines: &[Line], num: u32) -> Result<Said, Refusal> {
    let came: u32 = lines.iter().map(|line| line.received).sum();
    if num != came {
        let why = format!("{came} pieces came in; what differs is said by consignment.tally.create");
        return Err(Refusal::own("400", why));
    }
    let verdict = |line: &Line| if line.received == line.expected { Verdict::Pass } else { Verdict::Short };
    let lines = lines.iter().map(|line| looked_at(line, verdict(line), line.received, None));
    Ok(Said::Inspection { lines: lines.collect() })
}

fn looked_at(line: &Line, verdict: Verdict, passed: u32, note: Option<String>) -> InspectedLine {
    let inspection = Inspection { verdict, passed, note, photos: Vec::new() };
    InspectedLine { order: line.order.clone(), sku: line.sku, inspection }
}

/// Answers `consignment.tally.create`: what came and is good, what is missing or wrong, and why.
pub async fn tally(asked: Asked) -> Told {
    asked.need_long("processTime")?;
    if asked.need("status")? != "tallysheet" {
        return Err(Refusal::invalid("status", "tallysheet"));
    }
    let sheet = change::line("tallySheetId", asked.need("tallySheetId")?, SHEET_CHARS)?.to_owned();
    let reason = change::line("tallySheetReason", asked.need("tallySheetReason")?, REASON_CHARS)?.to_owned();
    let (good, variance) = (pieces(&asked, "inboundCount")?, pieces(&asked, "varianceCount")?);
    let of = consignment(&asked, "bizInboundOrderId").await?;
    let [line] = of.lines.as_slice() else { return Err(ambiguous()) };
    if good.checked_add(variance) != Some(line.expected) || variance == 0 {
        let why = format!("inboundCount and varianceCount are together the {} pieces that are expected", line.expected);
        return Err(Refusal::own("400", why));
    }
    let figures = format!("{good} {variance} {reason}");
    if matches!(of.state, State::Open | State::Receiving) && of.deed.operated_by == OperatedBy::Partner {
        // Where more came than is good, all of that is here already.
        let more = good.saturating_sub(line.received);
        let counted = (more > 0).then(|| Counted { order: line.order.clone(), sku: line.sku, quantity: more });
        let lines = counted.into_iter().collect();
        let said = Said::Receipt { lines, complete: true };
        let named = Named { name: format!("tally:{sheet}:came"), figures: figures.clone(), said, operation: RECEIPT };
        said::say(&asked, &of, named).await?;
    }
    let looked = looked_at(line, Verdict::Short, good, Some(format!("{sheet}: {reason}")));
    let said = Said::Inspection { lines: vec![looked] };
    let named = Named { name: format!("tally:{sheet}"), figures, said, operation: INSPECTION };
    said::say(&asked, &of, named).await?;
    done(&asked)
}

#[cfg(test)]
mod tests {
    use super::{received, shelved};
    use crate::model::consignment::{Line, Said, Verdict};
    use crate::model::ids::{OrderId, SkuId};

    fn line(sku: i64, expected: u32, received: u32) -> Line {
        Line { order: OrderId::fresh(), sku: SkuId::new(sku), expected, received, inspection: None }
    }

    fn receipt(lines: &[Line], num: u32) -> Option<(Vec<u32>, bool)> {
        match received(lines, num).ok()? {
            Said::Receipt { lines, complete } => Some((lines.iter().map(|line| line.quantity).collect(), complete)),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn pieces_are_received_where_it_is_clear_which_they_are() {
        let two = [line(1, 5, 0), line(2, 3, 1)];
        assert_eq!(receipt(&two, 7), Some((vec![5, 2], true)));
        assert_eq!(receipt(&two, 3), None, "of which line?");
        assert_eq!(receipt(&two, 8), None, "more than is missing");
        assert_eq!(receipt(&[line(1, 5, 5), line(2, 3, 1)], 1), Some((vec![1], false)));
        assert_eq!(receipt(&[line(1, 5, 0)], 2), Some((vec![2], false)));
        assert_eq!(receipt(&two, 0), None);
    }

    #[test]
    fn what_is_on_the_shelves_is_what_came() {
        let lines = [line(1, 5, 5), line(2, 3, 2)];
        assert!(shelved(&lines, 8).is_err());
        let Said::Inspection { lines } = shelved(&lines, 7).unwrap() else { panic!("no inspection") };
        let told: Vec<_> = lines.iter().map(|line| (line.inspection.verdict, line.inspection.passed)).collect();
        assert_eq!(told, [(Verdict::Pass, 5), (Verdict::Short, 2)]);
    }
}
