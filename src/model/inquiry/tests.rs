//! Inquiries: what may follow what, and what is told of it.

use jiff::Timestamp;

use super::{Deed, Facts, Happening, Inquiry, Invited, Kind, Quotation, State, Talk, TalkState};
use crate::model::event;
use crate::model::ids::{CatalogueQuotationId, InquiryId, OfferId, QuotationId, SkuId, SupplierId};
use crate::model::money::{Currency, Money};
use crate::model::order::Actor;
use crate::model::partner::Mode;
use crate::model::quote::Quantity;

/// An inquiry to two suppliers.
pub(crate) fn deed(reference: &str) -> Deed {
    Deed {
        id: InquiryId::fresh(),
        partner: "acme".parse().unwrap(),
        mode: Mode::Live,
        reference: reference.parse().unwrap(),
        invited: vec![
            Invited { supplier: SupplierId::new(7), sku: Some(SkuId::new(70)) },
            Invited { supplier: SupplierId::new(8), sku: None },
        ],
        specification: "ceramic mug".into(),
        quantity: Quantity::new(500).unwrap(),
        target: Some(Money::fen(900)),
        warehouse: "YW01".parse().unwrap(),
        ship_to: "JP".parse().unwrap(),
        currency: Currency::CNY,
        attachments: Vec::new(),
        created_at: Timestamp::from_second(1_763_867_000).unwrap(),
    }
}

/// What supplier 7 quotes.
pub(crate) fn quotation(number: i64, unit_fen: i64) -> Quotation {
    Quotation {
        id: QuotationId::fresh(),
        number: CatalogueQuotationId::new(number),
        sku: SkuId::new(70),
        offer: OfferId::new(77),
        title: "马克杯".into(),
        specification: "红色".into(),
        quantity: Quantity::new(500).unwrap(),
        unit_price: Money::fen(unit_fen),
        goods: Money::fen(unit_fen * 500),
        freight: Money::fen(800),
        total: Money::fen(unit_fen * 500 + 800),
        weight_g: 300,
        lead_days: 3,
        valid_until: Timestamp::from_second(1_763_967_000).unwrap(),
        is_final: false,
    }
}

/// The inquiry after these.
pub(crate) fn happens(mut inquiry: Inquiry, happenings: Vec<Happening>) -> Inquiry {
    for happening in happenings {
        let event = inquiry.next(inquiry.updated_at, happening).unwrap();
        inquiry.apply(event).unwrap();
    }
    inquiry
}

fn plain(kind: Kind) -> Happening {
    Happening::new(kind, Actor::Catalogue, "test")
}

#[test]
fn an_inquiry_is_the_fold_of_its_events() {
    let talk =
        Talk { quotation: Some(quotation(1, 950)), state: TalkState::Quoted, ..Talk::asked(SupplierId::new(7), None) };
    let facts = Facts { talks: Some(vec![talk]), about: Some(SupplierId::new(7)), ..Facts::default() };
    let story = vec![plain(Kind::SendingStarted), plain(Kind::Sent), plain(Kind::Quoted).with(facts)];
    let inquiry = happens(Inquiry::received(deed("I-1"), "test"), story);
    assert_eq!((inquiry.state, inquiry.version), (State::Open, 4));
    let states: Vec<_> = inquiry.talks().iter().map(|talk| talk.state).collect();
    assert_eq!(states, [TalkState::Quoted, TalkState::Asked], "also of whom nothing was heard yet");
    assert_eq!(inquiry.known.about, None, "what one event is about is not what is known");
    let again = Inquiry::fold(inquiry.deed.clone(), inquiry.events.clone()).unwrap();
    assert_eq!(again, inquiry);
}

#[test]
fn only_an_open_inquiry_can_end_by_its_suppliers() {
    for kind in [Kind::Quoted, Kind::Ordered, Kind::Withdrawn, Kind::Closed] {
        assert!(kind.from() == [State::Open], "{}", kind.name());
        let fresh = Inquiry::received(deed("I-1"), "test");
        assert!(fresh.next(fresh.updated_at, plain(kind)).is_err());
    }
    for kind in Kind::ALL {
        assert!(kind.from().iter().all(|state| !state.is_final()), "{} comes after an end", kind.name());
    }
}

#[test]
fn everything_that_partners_hear_of_is_a_public_event() {
    for kind in Kind::ALL.iter().filter(|kind| kind.is_told()) {
        assert!(event::find(&format!("inquiry.{}", kind.name())).is_some(), "{}", kind.name());
    }
    assert!(TalkState::ALL.iter().filter_map(|state| state.arrives_by()).all(Kind::is_told));
}

#[test]
fn the_quote_of_a_quotation_is_the_same_for_whoever_accepts() {
    let quote = |terms: &Quotation| Quotation::quote_of(&terms.id).unwrap();
    let terms = quotation(1, 950);
    assert_eq!(quote(&terms), quote(&terms));
    assert_ne!(quote(&terms), quote(&quotation(2, 950)), "other terms are another quote");
}
