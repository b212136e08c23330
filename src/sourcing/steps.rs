//! From where an inquiry stands here to where it stands at the catalogue: the moves that must have happened in between.
//! Pure; writing them down is left to the rest of the room.

use crate::model::inquiry::{Facts, Happening, Inquiry, Kind, State, Talk};
use crate::model::order::Actor;
use crate::translate::inquiry::Standing;

/// What is to be written so that the inquiry stands where the catalogue says; nothing when it does already, or when the
/// catalogue's word is older than what is known.
pub(super) fn catch_up(inquiry: &Inquiry, standing: &Standing, actor: Actor, cause: &str) -> Vec<Happening> {
    let known = inquiry.known.catalogue_version;
    if inquiry.state == State::Received || known.is_some_and(|known| standing.version <= known) {
        return Vec::new();
    }
    let before = inquiry.talks();
    let talks: Vec<Talk> = standing.talks.iter().map(|talk| named(talk, &before)).collect();
    let mut moves = Vec::new();
    if matches!(inquiry.state, State::Sending | State::Unknown) {
        moves.push(Happening::new(Kind::Sent, actor, cause));
    }
    for talk in talks.iter().filter(|talk| !before.contains(talk)) {
        let was = before.iter().find(|was| was.supplier == talk.supplier);
        let moved = was.is_none_or(|was| was.state != talk.state || was.quotation != talk.quotation);
        if let Some(kind) = talk.state.arrives_by().filter(|_| moved) {
            let facts = Facts { about: Some(talk.supplier), talks: Some(talks.clone()), ..Facts::default() };
            moves.push(Happening::new(kind, actor, cause).with(facts));
        }
    }
    if let Some(kind) = standing.state.ends_by() {
        moves.push(Happening::new(kind, actor, cause));
    }
    if let Some(last) = moves.last_mut() {
        last.facts = Facts {
            catalogue_inquiry: Some(standing.number),
            catalogue_version: Some(standing.version),
            talks: Some(talks),
            order: standing.order.clone(),
            about: last.facts.about,
            ..Facts::default()
        };
    }
    moves
}

/// The talk with the id that its quotation has here already.
fn named(talk: &Talk, before: &[Talk]) -> Talk {
    let mut talk = talk.clone();
    let known = before.iter().filter_map(|was| was.quotation.as_ref());
    if let Some(quotation) = &mut talk.quotation
        && let Some(was) = known.into_iter().find(|was| was.number == quotation.number)
    {
        quotation.id = was.id.clone();
    }
    talk
}

#[cfg(test)]
mod tests {
    use super::catch_up;
    use crate::model::ids::{CatalogueInquiryId, OrderId, SupplierId};
    use crate::model::inquiry::tests::{deed, happens, quotation};
    use crate::model::inquiry::{Happening, Inquiry, Kind, State, Talk, TalkState};
    use crate::model::order::Actor;
    use crate::translate::inquiry::Standing;

    fn talk(supplier: i64, state: TalkState, number: Option<i64>) -> Talk {
        let quotation = number.map(|number| quotation(number, 950));
        let deed = deed("x");
        Talk { state, quotation, ..Talk::asked(SupplierId::new(supplier), deed.target) }
    }

    fn standing(inquiry: &Inquiry, state: State, version: i64, talks: Vec<Talk>) -> Standing {
        let number = CatalogueInquiryId::new(26);
        Standing { number, reference: inquiry.deed.id.to_string(), state, version, talks, order: None }
    }

    fn kinds(moves: &[Happening]) -> Vec<Kind> {
        moves.iter().map(|happening| happening.kind).collect()
    }

    fn sent() -> Inquiry {
        let started = Happening::new(Kind::SendingStarted, Actor::Gateway, "test");
        happens(Inquiry::received(deed("I-1"), "test"), vec![started])
    }

    #[test]
    fn each_supplier_is_told_by_itself_and_the_end_comes_last() {
        let inquiry = sent();
        let talks = vec![talk(7, TalkState::Quoted, Some(1)), talk(8, TalkState::Declined, None)];
        let moves = catch_up(&inquiry, &standing(&inquiry, State::Open, 3, talks.clone()), Actor::Catalogue, "test");
        assert_eq!(kinds(&moves), [Kind::Sent, Kind::Quoted, Kind::Declined]);
        let inquiry = happens(inquiry, moves);
        let id = inquiry.talks()[0].quotation.as_ref().unwrap().id.clone();
        let again = catch_up(&inquiry, &standing(&inquiry, State::Open, 3, talks.clone()), Actor::Catalogue, "test");
        assert!(again.is_empty(), "the same version moves nothing");
        let mut ended = standing(
            &inquiry,
            State::Ordered,
            4,
            vec![talk(7, TalkState::Ordered, Some(1)), talk(8, TalkState::Declined, None)],
        );
        ended.order = Some(OrderId::fresh());
        let moves = catch_up(&inquiry, &ended, Actor::Catalogue, "test");
        assert_eq!(kinds(&moves), [Kind::Ordered]);
        let inquiry = happens(inquiry, moves);
        assert_eq!((inquiry.state, &inquiry.known.order), (State::Ordered, &ended.order));
        assert_eq!(inquiry.talks()[0].quotation.as_ref().unwrap().id, id, "the same terms keep their id");
    }

    #[test]
    fn other_terms_are_another_quotation() {
        let inquiry = sent();
        let first = standing(&inquiry, State::Open, 2, vec![talk(7, TalkState::Quoted, Some(1))]);
        let inquiry = happens(inquiry.clone(), catch_up(&inquiry, &first, Actor::Catalogue, "test"));
        let id = inquiry.talks()[0].quotation.as_ref().unwrap().id.clone();
        let second = standing(&inquiry, State::Open, 4, vec![talk(7, TalkState::Quoted, Some(2))]);
        let moves = catch_up(&inquiry, &second, Actor::Catalogue, "test");
        assert_eq!(kinds(&moves), [Kind::Quoted]);
        let inquiry = happens(inquiry, moves);
        assert!(inquiry.ever_had(&id) && inquiry.talk_of(&id).is_none(), "known, and void");
    }

    #[test]
    fn an_older_word_of_the_catalogue_moves_nothing() {
        let inquiry = sent();
        let newer = standing(&inquiry, State::Open, 5, vec![talk(7, TalkState::Quoted, Some(1))]);
        let inquiry = happens(inquiry.clone(), catch_up(&inquiry, &newer, Actor::Catalogue, "test"));
        let older = standing(&inquiry, State::Open, 1, vec![talk(7, TalkState::Asked, None)]);
        assert!(catch_up(&inquiry, &older, Actor::Catalogue, "test").is_empty());
    }
}
