//! Claims about followed offers in the ledger: looked at once, told once to each follower, forgotten when nobody is left.

use super::Wished;
use crate::clock::Clock;
use crate::ledger::{Error, Ledger};
use crate::model::follow::tests::on_sale;
use crate::model::follow::{Look, Standing};
use crate::model::ids::{OfferId, PartnerId};
use crate::model::page::PageSize;
use crate::model::partner::Mode;
use crate::sql::trial;

const SEVEN: OfferId = OfferId::new(7);
const MODE: Mode = Mode::Live;

fn partner(name: &str) -> PartnerId {
    name.parse().unwrap()
}

async fn followed(ledger: &Ledger, name: &str, offer: OfferId, most: u32) -> Wished {
    let watched = ledger.look_after(MODE, &[offer]).await.unwrap();
    if watched[0].seen.is_none() {
        ledger.take_in_look(MODE, &watched[0], &on_sale(320, 5)).await.unwrap();
    }
    ledger.append_follows(&partner(name), MODE, &[offer], most).await.unwrap().remove(0).1
}

async fn told(ledger: &Ledger, name: &str) -> Vec<String> {
    ledger.publish(100).await.unwrap();
    let events = ledger.list_events(&partner(name), MODE, 0, &[], 100).await.unwrap();
    events.into_iter().map(|event| event.kind).collect()
}

#[tokio::test]
async fn each_follower_hears_of_a_change_once_whoever_saw_it() {
    for house in trial::houses().await {
        let clock = Clock::shiftable();
        let (one, other) =
            (Ledger::new(house.another().await, clock.clone()), Ledger::new(house.another().await, clock));
        for name in ["acme", "bolt"] {
            assert!(matches!(followed(&one, name, SEVEN, 10).await, Wished::Followed(_)));
        }
        let before = one.find_watched(MODE, SEVEN).await.unwrap().unwrap();
        let look = on_sale(350, 5);
        let (first, second) =
            tokio::join!(one.take_in_look(MODE, &before, &look), other.take_in_look(MODE, &before, &look));
        let (won, lost) = if first.is_ok() { (first, second) } else { (second, first) };
        assert_eq!(won.unwrap(), 2, "one event for each follower");
        assert!(matches!(lost, Err(Error::Moved)));
        let after = other.find_watched(MODE, SEVEN).await.unwrap().unwrap();
        assert_eq!(other.take_in_look(MODE, &after, &look).await.unwrap(), 0);
        for name in ["acme", "bolt"] {
            assert_eq!(told(&one, name).await, ["offer.price_changed"], "{name}");
        }
        assert_eq!(told(&one, "cart").await, [""; 0]);
    }
}

#[tokio::test]
async fn nobody_follows_more_than_the_plan_allows_however_many_ask_at_once() {
    for house in trial::houses().await {
        let ledger = Ledger::new(house.another().await, Clock::shiftable());
        let offers: Vec<_> = (1..=6).map(OfferId::new).collect();
        for watched in ledger.look_after(MODE, &offers).await.unwrap() {
            ledger.take_in_look(MODE, &watched, &on_sale(320, 5)).await.unwrap();
        }
        let acme = partner("acme");
        let (low, high) = (&offers[..4], &offers[2..]);
        let (a, b) =
            tokio::join!(ledger.append_follows(&acme, MODE, low, 4), ledger.append_follows(&acme, MODE, high, 4));
        let is_followed = |(_, wished): &&(OfferId, Wished)| matches!(wished, Wished::Followed(_));
        let (a, b) = (a.unwrap(), b.unwrap());
        assert_eq!(a.iter().filter(is_followed).count().max(b.iter().filter(is_followed).count()), 4);
        let page = ledger.list_follows(&acme, MODE, None, PageSize::default()).await.unwrap();
        assert_eq!((page.items.len(), page.total), (4, Some(4)));
        let known = page.items[0].watched.offer;
        assert!(matches!(followed(&ledger, "acme", known, 4).await, Wished::Followed(_)), "it is followed already");
        let left_out = offers.iter().find(|offer| page.items.iter().all(|item| item.watched.offer != **offer)).unwrap();
        assert_eq!(followed(&ledger, "acme", *left_out, 4).await, Wished::TooMany);
        assert!(ledger.remove_follow(&acme, MODE, known).await.unwrap());
        assert!(!ledger.remove_follow(&acme, MODE, known).await.unwrap());
        assert!(matches!(followed(&ledger, "acme", *left_out, 4).await, Wished::Followed(_)));
    }
}

#[tokio::test]
async fn what_nobody_follows_any_more_is_forgotten_and_what_is_about_to_be_is_not() {
    for house in trial::houses().await {
        let clock = Clock::shiftable();
        let ledger = Ledger::new(house.another().await, clock.clone());
        followed(&ledger, "acme", SEVEN, 10).await;
        ledger.look_after(MODE, &[OfferId::new(8)]).await.unwrap();
        assert_eq!(ledger.forget_unfollowed().await.unwrap(), 0);
        clock.advance_ms(3_600_000);
        assert_eq!(ledger.forget_unfollowed().await.unwrap(), 1);
        assert!(ledger.find_watched(MODE, OfferId::new(8)).await.unwrap().is_none());
        assert!(ledger.remove_follow(&partner("acme"), MODE, SEVEN).await.unwrap());
        assert!(ledger.find_watched(MODE, SEVEN).await.unwrap().is_none());
        let unseen = ledger.append_follows(&partner("acme"), MODE, &[SEVEN], 10).await.unwrap();
        assert_eq!(unseen[0].1, Wished::Unseen);
    }
}

#[tokio::test]
async fn follows_are_listed_newest_first_page_by_page() {
    for house in trial::houses().await {
        let clock = Clock::shiftable();
        let ledger = Ledger::new(house.another().await, clock.clone());
        for number in 1..=5 {
            followed(&ledger, "acme", OfferId::new(number), 10).await;
            clock.advance_ms(i64::from(number % 2 == 0));
        }
        let (mut seen, mut cursor) = (Vec::new(), None);
        loop {
            let size = PageSize::new(2).unwrap();
            let page = ledger.list_follows(&partner("acme"), MODE, cursor.as_ref(), size).await.unwrap();
            seen.extend(page.items.iter().map(|follow| follow.watched.offer.number()));
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, [5, 4, 3, 2, 1]);
    }
}

#[tokio::test]
async fn an_offer_that_is_away_keeps_its_figures_for_when_it_comes_back() {
    for house in trial::houses().await {
        let ledger = Ledger::new(house.another().await, Clock::shiftable());
        followed(&ledger, "acme", SEVEN, 10).await;
        for look in [Look { standing: Standing::Held, figures: None }, on_sale(400, 5)] {
            let before = ledger.find_watched(MODE, SEVEN).await.unwrap().unwrap();
            ledger.take_in_look(MODE, &before, &look).await.unwrap();
        }
        assert_eq!(told(&ledger, "acme").await, ["offer.delisted", "offer.relisted", "offer.price_changed"]);
    }
}
