//! The moves between here and there: legal from anywhere to anywhere later, written once, and none from older words.

use super::{Photos, catch_up, shows};
use crate::model::consignment::tests::deed;
use crate::model::consignment::{
    Consignment, Counted, Deed, Facts, Handover, Happening, InspectedLine, Inspection, Kind, Receipt, Report,
    ReportState, Said, State, Verdict,
};
use crate::model::ids::{CatalogueConsignmentId, ReportId, VoucherId};
use crate::model::order::Actor;
use crate::translate::fulfilment::{Finding, Standing, StandingLine};

/// The catalogue's word about a consignment of which nothing came yet.
fn standing(deed: &Deed) -> Standing {
    let line = |line: &crate::model::consignment::Line| StandingLine {
        order: line.order.clone(),
        sku: line.sku,
        expected: line.expected,
        received: 0,
        finding: None,
    };
    Standing {
        number: CatalogueConsignmentId::new(31),
        reference: deed.id.to_string(),
        state: State::Open,
        lines: deed.lines().iter().map(line).collect(),
        receipts: Vec::new(),
        handover: None,
        handover_reference: None,
    }
}

fn receive(there: &mut Standing, deed: &Deed, reference: &str, quantities: [u32; 3]) {
    let mut lines = Vec::new();
    for (line, quantity) in there.lines.iter_mut().zip(quantities) {
        line.received += quantity;
        if quantity > 0 {
            lines.push(Counted { order: line.order.clone(), sku: line.sku, quantity });
        }
    }
    there.receipts.push(Receipt { reference: reference.to_owned(), at: deed.created_at, lines });
}

fn inspect(there: &mut Standing, verdicts: [Verdict; 3]) {
    there.state = State::Inspected;
    for (line, verdict) in there.lines.iter_mut().zip(verdicts) {
        let passed = if verdict == Verdict::Pass { line.expected } else { line.received.saturating_sub(1) };
        let photos = if verdict == Verdict::Pass { Vec::new() } else { vec![77] };
        line.finding = Some(Finding { verdict, passed, note: None, photos });
    }
}

fn hand_over(there: &mut Standing, deed: &Deed) {
    there.state = State::HandedOver;
    there.handover = Some(Handover {
        carrier: "DHL".into(),
        tracking_number: "JD01".into(),
        weight_g: 12_000,
        pieces: 2,
        at: deed.created_at,
    });
}

/// Everything that can be heard of one consignment, in its order.
fn story(deed: &Deed) -> Vec<Standing> {
    let mut words = vec![standing(deed)];
    let mut next = |change: &dyn Fn(&mut Standing)| {
        let mut there = words[words.len() - 1].clone();
        change(&mut there);
        words.push(there);
    };
    next(&|there| there.lines[2].expected = 2);
    next(&|there| receive(there, deed, "rpt_1", [4, 0, 0]));
    next(&|there| receive(there, deed, "rpt_2", [6, 4, 0]));
    next(&|there| {
        receive(there, deed, "rpt_3", [0, 0, 2]);
        there.state = State::Received;
    });
    next(&|there| {
        there.lines[0].finding = Some(Finding { verdict: Verdict::Pass, passed: 10, note: None, photos: Vec::new() });
    });
    next(&|there| inspect(there, [Verdict::Pass, Verdict::Damaged, Verdict::Pass]));
    next(&|there| hand_over(there, deed));
    words
}

fn opening(deed: &Deed) -> Consignment {
    let mut consignment = Consignment::requested(deed.clone(), "test");
    take(&mut consignment, vec![Happening::new(Kind::OpeningStarted, Actor::Gateway, "test")]);
    consignment
}

fn take(consignment: &mut Consignment, moves: Vec<Happening>) {
    for happening in moves {
        let event = consignment.next(consignment.updated_at, happening).unwrap();
        consignment.apply(event).unwrap();
    }
}

fn heard(consignment: &mut Consignment, there: &Standing) -> Vec<Kind> {
    let photos = Photos::from([(77, VoucherId::fresh())]);
    let moves = catch_up(consignment, there, &photos, Actor::Catalogue, "test");
    let kinds = moves.iter().map(|happening| happening.kind).collect();
    take(consignment, moves);
    kinds
}

fn figures(consignment: &Consignment) -> Vec<(u32, u32, Option<u32>)> {
    let passed = |line: &crate::model::consignment::Line| line.inspection.as_ref().map(|one| one.passed);
    consignment.lines.iter().map(|line| (line.expected, line.received, passed(line))).collect()
}

#[test]
fn step_by_step_every_move_is_written_once() {
    use Kind::{Discrepancy, HandedOver, Inspected, LinesChanged, Opened, PartInspected, PartReceived, Received};
    let deed = deed("CO-1");
    let mut consignment = opening(&deed);
    let expected: [&[Kind]; 8] = [
        &[Opened],
        &[LinesChanged],
        &[PartReceived],
        &[PartReceived],
        &[Received],
        &[PartInspected],
        &[Inspected, Discrepancy],
        &[HandedOver],
    ];
    for (there, kinds) in story(&deed).iter().zip(expected) {
        assert_eq!(heard(&mut consignment, there), kinds);
        assert!(heard(&mut consignment, there).is_empty(), "taken in twice");
    }
    assert_eq!(figures(&consignment), [(10, 10, Some(10)), (4, 4, Some(3)), (2, 2, Some(2))]);
    assert_eq!(consignment.lines[1].inspection.as_ref().unwrap().photos.len(), 1);
    let discrepancy = consignment.events.iter().find(|event| event.kind == Kind::Discrepancy).unwrap();
    assert_eq!(discrepancy.facts.not_passed, Some(1));
    assert_eq!(consignment.receipts.len(), 3);
}

#[test]
fn from_any_place_to_any_later_one_all_moves_are_legal_and_older_words_change_nothing() {
    let deed = deed("CO-1");
    let words = story(&deed);
    for from in 0..words.len() {
        for to in 0..words.len() {
            let mut consignment = opening(&deed);
            heard(&mut consignment, &words[from]);
            let before = consignment.clone();
            let kinds = heard(&mut consignment, &words[to]);
            if to <= from {
                // A quantity that is expected may rise and fall; nothing else goes back.
                assert!(kinds.iter().all(|kind| *kind == Kind::LinesChanged), "{from} to {to}: {kinds:?}");
                assert_eq!(consignment.state, before.state);
                continue;
            }
            let mut straight = opening(&deed);
            heard(&mut straight, &words[to]);
            assert_eq!((consignment.state, figures(&consignment)), (straight.state, figures(&straight)));
            assert!(heard(&mut consignment, &words[to]).is_empty(), "{from} to {to}: taken in twice");
        }
    }
}

#[test]
fn what_the_partner_reported_is_told_as_the_partners() {
    let deed = deed("CO-1");
    let mut consignment = opening(&deed);
    let mut there = standing(&deed);
    heard(&mut consignment, &there);
    receive(&mut there, &deed, ReportId::fresh().as_str(), [1, 0, 0]);
    receive(&mut there, &deed, "warehouse-7", [1, 0, 0]);
    let moves = catch_up(&consignment, &there, &Photos::new(), Actor::Catalogue, "test");
    let actors: Vec<_> = moves.iter().map(|happening| happening.actor).collect();
    assert_eq!(actors, [Actor::Partner, Actor::Catalogue]);
    let counts: Vec<_> = moves.iter().map(|happening| happening.facts.received[0].quantity).collect();
    assert_eq!(counts, [1, 2], "each event has the count of its own moment");
}

#[test]
fn what_was_given_up_there_is_given_up_here() {
    let deed = deed("CO-1");
    let gone = Standing { state: State::Cancelled, ..standing(&deed) };
    let mut fresh = opening(&deed);
    assert_eq!(heard(&mut fresh, &gone), [Kind::Opened, Kind::Cancelled]);
    assert!(heard(&mut fresh, &standing(&deed)).is_empty(), "it does not come back");
    let mut open = opening(&deed);
    heard(&mut open, &standing(&deed));
    assert_eq!(heard(&mut open, &gone), [Kind::Cancelled]);
}

#[test]
fn a_report_is_found_in_the_catalogues_word() {
    let deed = deed("CO-1");
    let report = |said| Report {
        id: ReportId::fresh(),
        consignment: deed.id.clone(),
        said,
        state: ReportState::Sent,
        refusal: None,
        created_at: deed.created_at,
        attempted_at: deed.created_at,
    };
    let mut there = standing(&deed);
    let receipt = report(Said::Receipt { lines: Vec::new(), complete: true });
    assert!(!shows(&there, &receipt));
    receive(&mut there, &deed, receipt.id.as_str(), [10, 4, 2]);
    assert!(shows(&there, &receipt));
    let inspection = |passed| Inspection { verdict: Verdict::Damaged, passed, note: None, photos: Vec::new() };
    let line = &there.lines[0];
    let said = |passed| {
        let line = InspectedLine { order: line.order.clone(), sku: line.sku, inspection: inspection(passed) };
        Said::Inspection { lines: vec![line] }
    };
    let (ours, others) = (report(said(9)), report(said(8)));
    let mut inspected = there.clone();
    inspect(&mut inspected, [Verdict::Damaged, Verdict::Pass, Verdict::Pass]);
    assert!(shows(&inspected, &ours) && !shows(&inspected, &others) && !shows(&there, &ours));
    let handover =
        report(Said::Handover { carrier: "DHL".into(), tracking_number: "JD01".into(), weight_g: 1, pieces: 1 });
    hand_over(&mut inspected, &deed);
    assert!(!shows(&inspected, &handover), "somebody else's handover is not ours");
    inspected.handover_reference = Some(handover.id.to_string());
    assert!(shows(&inspected, &handover));
}

#[test]
fn facts_are_whole_when_everything_is_heard_at_once() {
    let deed = deed("CO-1");
    let mut consignment = opening(&deed);
    let words = story(&deed);
    heard(&mut consignment, &words[words.len() - 1]);
    assert_eq!(consignment.state, State::HandedOver);
    assert_eq!(Consignment::fold(deed, consignment.events.clone()).unwrap(), consignment);
    let opened: Vec<&Facts> =
        consignment.events.iter().filter(|event| event.kind == Kind::Opened).map(|event| &event.facts).collect();
    assert_eq!((opened.len(), opened[0].expected.len()), (1, 1));
}
