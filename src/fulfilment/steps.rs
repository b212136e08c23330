//! From where a consignment stands here to where it stands at the catalogue: the moves that must have happened in
//! between. Pure; writing them down is left to the rest of the room.

use std::collections::HashMap;

use crate::model::consignment::{
    Consignment, Counted, Facts, Happening, Inspection, Kind, Line, Receipt, Report, Said, State, Verdict,
};
use crate::model::ids::{OrderId, ReportId, SkuId, VoucherId};
use crate::model::order::Actor;
use crate::translate::fulfilment::{Finding, Standing, StandingLine};

/// Our ids of the catalogue's photos.
pub(super) type Photos = HashMap<i64, VoucherId>;

/// What is to be written so that the consignment stands where the catalogue says; nothing when it does already, or when
/// the catalogue's word is older than ours.
pub(super) fn catch_up(
    here: &Consignment,
    there: &Standing,
    photos: &Photos,
    actor: Actor,
    cause: &str,
) -> Vec<Happening> {
    if here.state.is_final() || here.state == State::Requested {
        return Vec::new();
    }
    let happening = |kind: Kind, facts: Facts| Happening::new(kind, actor, cause).with(facts);
    let mut moves = Vec::new();
    let expected = changed(here, there, |line| line.expected, |line| line.expected);
    if matches!(here.state, State::Opening | State::Unknown) {
        let facts = Facts { number: Some(there.number), expected, ..Facts::default() };
        moves.push(Happening::new(Kind::Opened, Actor::Catalogue, cause).with(facts));
    } else if awaits_goods(here.state) && !expected.is_empty() {
        let facts = Facts { expected, ..Facts::default() };
        moves.push(Happening::new(Kind::LinesChanged, Actor::Catalogue, cause).with(facts));
    }
    if there.state == State::Cancelled {
        let reason = if actor == Actor::Partner { cause } else { "given up at the catalogue" };
        let facts = Facts { reason: Some(reason.to_owned()), ..Facts::default() };
        moves.extend((here.state != State::Received).then(|| happening(Kind::Cancelled, facts)));
        return moves;
    }
    if awaits_goods(here.state) || !moves.is_empty() {
        moves.extend(received(here, there).map(|(kind, facts)| match &facts.receipt {
            Some(receipt) => Happening::new(kind, reporter(&receipt.reference), cause).with(facts),
            None => happening(kind, facts),
        }));
    }
    moves.extend(inspected(here, there, photos).into_iter().map(|(kind, facts)| happening(kind, facts)));
    if there.state == State::HandedOver {
        let facts = Facts { handover: there.handover.clone(), ..Facts::default() };
        let actor = there.handover_reference.as_deref().map_or(actor, reporter);
        moves.push(Happening::new(Kind::HandedOver, actor, cause).with(facts));
    }
    moves
}

fn awaits_goods(state: State) -> bool {
    matches!(state, State::Open | State::Receiving)
}

/// What carries one of our own references was reported by the partner.
fn reporter(reference: &str) -> Actor {
    if reference.parse::<ReportId>().is_ok() { Actor::Partner } else { Actor::Catalogue }
}

/// What came in that is not written down yet, receipt by receipt; the last one ends receiving if that is over.
fn received(here: &Consignment, there: &Standing) -> impl Iterator<Item = (Kind, Facts)> {
    let over = matches!(there.state, State::Received | State::Inspected | State::HandedOver);
    let is_new = |receipt: &&Receipt| !here.receipts.iter().any(|known| known.reference == receipt.reference);
    let fresh: Vec<_> = there.receipts.iter().filter(is_new).collect();
    let mut so_far: HashMap<(OrderId, SkuId), u32> =
        here.lines.iter().map(|line| ((line.order.clone(), line.sku), line.received)).collect();
    let mut moves = Vec::new();
    for (at, receipt) in fresh.iter().enumerate() {
        let last = at + 1 == fresh.len();
        let mut counts = Vec::new();
        for line in receipt.lines.iter().filter(|_| !last) {
            let sum = so_far.entry((line.order.clone(), line.sku)).or_default();
            *sum += line.quantity;
            counts.push(Counted { quantity: *sum, ..line.clone() });
        }
        if last {
            counts = beyond(&so_far, there);
        }
        let facts = Facts { receipt: Some((*receipt).clone()), received: counts, ..Facts::default() };
        moves.push((if last && over { Kind::Received } else { Kind::PartReceived }, facts));
    }
    if fresh.is_empty() {
        let counts = beyond(&so_far, there);
        let kind = if over { Some(Kind::Received) } else { (!counts.is_empty()).then_some(Kind::PartReceived) };
        moves.extend(kind.map(|kind| (kind, Facts { received: counts, ..Facts::default() })));
    }
    moves.into_iter()
}

/// Lines of which more came, by the catalogue's count, than was counted so far.
fn beyond(so_far: &HashMap<(OrderId, SkuId), u32>, there: &Standing) -> Vec<Counted> {
    let counted = |line: &StandingLine| {
        let known = so_far.get(&(line.order.clone(), line.sku)).copied().unwrap_or(0);
        (line.received > known).then(|| Counted { order: line.order.clone(), sku: line.sku, quantity: line.received })
    };
    there.lines.iter().filter_map(counted).collect()
}

/// Lines of which a figure is another one there.
fn changed(
    here: &Consignment,
    there: &Standing,
    ours: fn(&Line) -> u32,
    theirs: fn(&StandingLine) -> u32,
) -> Vec<Counted> {
    let other = |line: &StandingLine| {
        let known = here.lines.iter().find(|known| known.order == line.order && known.sku == line.sku)?;
        let quantity = theirs(line);
        (ours(known) != quantity).then(|| Counted { order: line.order.clone(), sku: line.sku, quantity })
    };
    there.lines.iter().filter_map(other).collect()
}

/// What was found that is not written down yet, and whether all is as it should be once every line was looked at.
fn inspected(here: &Consignment, there: &Standing, photos: &Photos) -> Vec<(Kind, Facts)> {
    if here.state == State::Inspected {
        return Vec::new();
    }
    let inspected: Vec<_> = fresh_findings(here, there)
        .map(|(line, finding)| (line.order.clone(), line.sku, inspection(finding, photos)))
        .collect();
    let over = matches!(there.state, State::Inspected | State::HandedOver);
    if !over {
        let facts = Facts { inspected, ..Facts::default() };
        return if facts.inspected.is_empty() { Vec::new() } else { vec![(Kind::PartInspected, facts)] };
    }
    let bad = there.lines.iter().filter(|line| line.finding.as_ref().is_some_and(|one| one.verdict != Verdict::Pass));
    let not_passed = u32::try_from(bad.count()).unwrap_or(u32::MAX);
    let mut moves = vec![(Kind::Inspected, Facts { inspected, ..Facts::default() })];
    if not_passed > 0 {
        moves.push((Kind::Discrepancy, Facts { not_passed: Some(not_passed), ..Facts::default() }));
    }
    moves
}

/// What was found of lines that were not looked at as far as we know.
pub(super) fn fresh_findings<'a>(
    here: &'a Consignment,
    there: &'a Standing,
) -> impl Iterator<Item = (&'a StandingLine, &'a Finding)> {
    there.lines.iter().filter_map(|line| {
        let known = here.lines.iter().find(|known| known.order == line.order && known.sku == line.sku)?;
        let finding = line.finding.as_ref()?;
        known.inspection.is_none().then_some((line, finding))
    })
}

fn inspection(finding: &Finding, photos: &Photos) -> Inspection {
    Inspection {
        verdict: finding.verdict,
        passed: finding.passed,
        note: finding.note.clone(),
        photos: finding.photos.iter().filter_map(|number| photos.get(number).cloned()).collect(),
    }
}

/// Whether a report is in what the catalogue says.
pub(super) fn shows(there: &Standing, report: &Report) -> bool {
    match &report.said {
        Said::Receipt { .. } => there.receipts.iter().any(|receipt| receipt.reference == report.id.as_str()),
        Said::Inspection { lines } => lines.iter().all(|said| {
            let line = there.lines.iter().find(|line| line.order == said.order && line.sku == said.sku);
            let found = line.and_then(|line| line.finding.as_ref());
            found
                .is_some_and(|found| (found.verdict, found.passed) == (said.inspection.verdict, said.inspection.passed))
        }),
        Said::Handover { .. } => there.handover_reference.as_deref() == Some(report.id.as_str()),
        Said::Cancellation { .. } => there.state == State::Cancelled,
    }
}

#[cfg(test)]
mod tests;
