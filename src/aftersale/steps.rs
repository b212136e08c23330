//! From where a refund stands here to where it stands at the catalogue: the moves that must have happened in between.
//! Pure; writing them down is left to the rest of the room.

use std::collections::VecDeque;

use crate::model::order::Actor;
use crate::model::refund::{Facts, Happening, Kind, Proof, Refund, State};
use crate::translate::aftersale::{Standing, says_the_same};

/// What can have happened at the catalogue while nobody looked.
const STORY: &[Kind] = &[
    Kind::Refused,
    Kind::Modified,
    Kind::Agreed,
    Kind::ReturnAwaited,
    Kind::ReturnSent,
    Kind::ArbitrationAsked,
    Kind::Succeeded,
    Kind::Closed,
];

/// What is to be written so that the refund stands where the catalogue says; nothing when it does already, or when the
/// catalogue's word is older than what is known. `proofs` are the pictures it has there.
pub(super) fn catch_up(
    refund: &Refund,
    standing: &Standing,
    proofs: Vec<Proof>,
    actor: Actor,
    cause: &str,
) -> Vec<Happening> {
    let known = refund.known.catalogue_version;
    if refund.state == State::Received || known.is_some_and(|known| standing.version <= known) {
        return Vec::new();
    }
    let (mut state, mut moves) = (refund.state, Vec::new());
    let mut go = |state: &mut State, kinds: Vec<Kind>| {
        for kind in kinds {
            *state = kind.leads_to();
            moves.push(Happening::new(kind, actor, cause));
        }
    };
    match state {
        State::Requesting | State::Unknown => go(&mut state, vec![Kind::Accepted]),
        _ if is_modified(refund, standing) => {
            let to_refused = way(state, State::Refused);
            go(&mut state, to_refused);
            go(&mut state, vec![Kind::Modified]);
        }
        _ => {}
    }
    let sent_back = standing.parcel.is_some() && !refund.has_been(State::ReturnSent);
    let disputed = standing.arbitration.is_some() && !refund.has_been(State::Arbitrating);
    let by = [(sent_back, State::ReturnSent), (disputed, State::Arbitrating), (true, standing.state)];
    for (_, station) in by.into_iter().filter(|(wanted, _)| *wanted) {
        let kinds = way(state, station);
        go(&mut state, kinds);
    }
    teach(&mut moves, standing, proofs);
    moves
}

/// Each fact goes to the move that it belongs to, and what is left to the last one.
fn teach(moves: &mut [Happening], standing: &Standing, proofs: Vec<Proof>) {
    if let Some(modified) = moves.iter_mut().rev().find(|happening| happening.kind == Kind::Modified) {
        modified.facts = Facts {
            amount: Some(standing.amount),
            freight: Some(standing.freight),
            description: Some(standing.description.clone()),
            proofs: Some(proofs),
            ..Facts::default()
        };
    }
    if let Some(last) = moves.last_mut() {
        last.facts = Facts {
            catalogue_refund: Some(standing.number),
            catalogue_version: Some(standing.version),
            deadline: standing.deadline,
            agreed: standing.agreed,
            supplier_note: standing.supplier_note.clone(),
            return_address: standing.return_address.clone(),
            parcel: standing.parcel.clone(),
            arbitration: standing.arbitration.clone(),
            closing: standing.closing,
            refunded_at: standing.refunded_at,
            ..std::mem::take(&mut last.facts)
        };
    }
}

/// Whether it was modified since: other words are asked with, or it was refused before and is refused anew.
fn is_modified(refund: &Refund, standing: &Standing) -> bool {
    let anew = refund.state == State::Refused && standing.state == State::Refused;
    anew || !says_the_same(refund, standing)
}

/// The shortest way from one state to another by what can happen at the catalogue; none when there is no way.
fn way(from: State, to: State) -> Vec<Kind> {
    let mut ways = VecDeque::from([(from, Vec::new())]);
    let mut seen = vec![from];
    while let Some((state, kinds)) = ways.pop_front() {
        if state == to {
            return kinds;
        }
        for kind in STORY.iter().filter(|kind| kind.from().contains(&state)) {
            if !seen.contains(&kind.leads_to()) {
                seen.push(kind.leads_to());
                ways.push_back((kind.leads_to(), kinds.iter().copied().chain([*kind]).collect()));
            }
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::catch_up;
    use crate::model::ids::CatalogueRefundId;
    use crate::model::money::Money;
    use crate::model::order::Actor;
    use crate::model::refund::tests::{deed, happens};
    use crate::model::refund::{Arbitration, Decision, Facts, Happening, Kind, Parcel, Refund, Remedy, State};
    use crate::translate::aftersale::{Standing, numbers};

    fn standing(refund: &Refund, state: State, version: i64) -> Standing {
        Standing {
            number: CatalogueRefundId::new(31),
            reference: refund.deed.id.to_string(),
            state,
            version,
            amount: refund.amount(),
            freight: refund.freight(),
            description: refund.description().to_owned(),
            vouchers: numbers(refund.proofs()),
            agreed: None,
            supplier_note: None,
            return_address: None,
            parcel: None,
            arbitration: None,
            closing: None,
            deadline: None,
            refunded_at: None,
        }
    }

    fn parcel() -> Parcel {
        Parcel { carrier: "ZTO".parse().unwrap(), tracking_number: "Z-1".parse().unwrap(), sent_at: None }
    }

    fn case(decision: Option<Decision>) -> Arbitration {
        Arbitration { plea: "see the picture".into(), decision, note: None }
    }

    fn requesting(remedy: Remedy) -> Refund {
        let mut refund = Refund::received(deed("R-1", remedy), "test");
        happens(&mut refund, Kind::RequestingStarted, Facts::default()).unwrap();
        refund
    }

    /// Takes in a standing; gives the kinds of the moves.
    fn take(refund: &mut Refund, standing: &Standing) -> Vec<Kind> {
        let proofs = refund.proofs().to_vec();
        let moves = catch_up(refund, standing, proofs, Actor::Catalogue, "test");
        let kinds = moves.iter().map(|happening| happening.kind).collect();
        for Happening { kind, facts, .. } in moves {
            happens(refund, kind, facts).unwrap();
        }
        kinds
    }

    #[test]
    fn from_anywhere_to_anywhere_later_all_moves_are_legal_and_lead_there() {
        use State::{Arbitrating, Closed, Refused, Requested, ReturnAwaited, ReturnSent, Succeeded};
        let stations = [Requested, Refused, ReturnAwaited, ReturnSent, Arbitrating, Succeeded, Closed];
        for from in stations {
            for to in stations {
                let mut refund = requesting(Remedy::Return);
                let start = standing(&refund, from, 1);
                take(&mut refund, &start);
                assert_eq!(refund.state, from);
                let then = standing(&refund, to, 2);
                take(&mut refund, &then);
                if !from.is_final() && refund.state != to {
                    assert!(
                        [(ReturnAwaited, Requested), (ReturnAwaited, Refused)].contains(&(from, to))
                            || matches!(from, ReturnSent | Arbitrating),
                        "{from} to {to}"
                    );
                }
                assert!(take(&mut refund, &then).is_empty(), "taken in twice");
            }
        }
    }

    #[test]
    fn what_was_sent_back_and_what_was_disputed_stands_in_the_story() {
        use Kind::{Accepted, Agreed, ArbitrationAsked, Refused, ReturnAwaited, ReturnSent, Succeeded};
        let mut refund = requesting(Remedy::Return);
        let mut there = standing(&refund, State::Succeeded, 9);
        (there.parcel, there.agreed) = (Some(parcel()), Some(Money::fen(1600)));
        assert_eq!(take(&mut refund, &there), [Accepted, Agreed, ReturnAwaited, ReturnSent, Succeeded]);
        assert_eq!((refund.state, refund.known.agreed), (State::Succeeded, Some(Money::fen(1600))));

        let mut refund = requesting(Remedy::Money);
        let mut there = standing(&refund, State::Succeeded, 9);
        there.arbitration = Some(case(Some(Decision::Split)));
        assert_eq!(take(&mut refund, &there), [Accepted, Refused, ArbitrationAsked, Succeeded]);

        let mut refund = requesting(Remedy::Money);
        let there = standing(&refund, State::Succeeded, 2);
        assert_eq!(take(&mut refund, &there), [Accepted, Agreed, Succeeded]);
    }

    #[test]
    fn a_modification_nobody_heard_of_is_found_by_its_words_or_by_its_version() {
        let mut refund = requesting(Remedy::Money);
        let refused = standing(&refund, State::Refused, 2);
        take(&mut refund, &refused);
        let less = Standing { amount: Money::fen(900), ..standing(&refund, State::Requested, 3) };
        assert_eq!(take(&mut refund, &less), [Kind::Modified]);
        assert_eq!(refund.amount(), Money::fen(900));
        let again = standing(&refund, State::Refused, 6);
        assert_eq!(take(&mut refund, &again), [Kind::Refused]);
        let once_more = standing(&refund, State::Refused, 8);
        assert_eq!(take(&mut refund, &once_more), [Kind::Modified, Kind::Refused]);
        let other = Standing { amount: Money::fen(700), ..standing(&refund, State::Refused, 10) };
        assert_eq!(take(&mut refund, &other), [Kind::Modified, Kind::Refused]);
        assert_eq!(refund.amount(), Money::fen(700));
    }

    #[test]
    fn an_older_word_of_the_catalogue_moves_nothing() {
        let mut refund = requesting(Remedy::Money);
        let refused = standing(&refund, State::Refused, 2);
        take(&mut refund, &refused);
        let modified = Standing { amount: Money::fen(900), ..standing(&refund, State::Requested, 3) };
        take(&mut refund, &modified);
        assert!(take(&mut refund, &refused).is_empty());
        assert_eq!((refund.state, refund.amount()), (State::Requested, Money::fen(900)));
    }

    #[test]
    fn a_refund_that_was_never_sent_is_not_moved() {
        let mut refund = Refund::received(deed("R-1", Remedy::Money), "test");
        let there = standing(&refund, State::Succeeded, 2);
        assert!(take(&mut refund, &there).is_empty());
    }
}
