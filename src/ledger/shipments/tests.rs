//! Parcels in the ledger, on every engine at hand: each step is told once.

use crate::clock::Clock;
use crate::ledger::Ledger;
use crate::ledger::trial::written_order;
use crate::model::ids::{OrderId, PartnerId, ShipmentId};
use crate::model::partner::Mode;
use crate::model::shipment::{Mark, Shipment, Trace, Transit};
use crate::sql::{args, trial};

fn parcel(id: i64, transit: Transit, marks: usize) -> Shipment {
    let trace = Trace {
        at: jiff::Timestamp::UNIX_EPOCH,
        mark: Mark::Collected,
        place: "金华市".into(),
        description: "快件已揽收".into(),
    };
    Shipment {
        id: ShipmentId::new(id),
        carrier: "中通快递".into(),
        carrier_code: "ZTO".into(),
        tracking_number: "75".into(),
        transit,
        packed: Vec::new(),
        shipped_at: None,
        delivered_at: None,
        traces: vec![trace; marks],
    }
}

async fn told(house: &trial::House, order: &OrderId) -> Vec<(String, String)> {
    const TOLD: &str = "SELECT subject, kind, data FROM events WHERE kind LIKE 'shipment.%' ORDER BY serial";
    let rows = house.sql.fetch_all(TOLD, args![]).await.unwrap();
    let of_order = rows.iter().filter(|row| row.text("data").unwrap().contains(order.as_str()));
    of_order.map(|row| (row.text("subject").unwrap(), row.text("kind").unwrap())).collect()
}

#[tokio::test]
async fn each_step_of_a_parcel_is_told_once_and_in_order() {
    for house in trial::houses().await {
        let clock = Clock::shiftable();
        let ledger = Ledger::new(house.sql.clone(), clock.clone());
        let deed = written_order(&ledger, &clock, "acme", "PO-1").await;
        let news = |parcels: Vec<Shipment>| {
            let (ledger, deed) = (ledger.clone(), deed.clone());
            async move { ledger.take_in_shipments(&deed, &parcels).await.unwrap() }
        };
        assert_eq!(news(vec![parcel(1, Transit::Collected, 1)]).await, 1);
        assert_eq!(news(vec![parcel(1, Transit::Collected, 1)]).await, 0);
        assert_eq!(news(vec![parcel(1, Transit::Collected, 2), parcel(2, Transit::Delivered, 3)]).await, 3);
        assert_eq!(news(vec![parcel(1, Transit::Delivered, 3)]).await, 2);
        assert_eq!(news(vec![parcel(1, Transit::InTransit, 2)]).await, 0, "older words change nothing");
        let told = told(&house, &deed.id).await;
        let of = |id: &str| told.iter().filter(|(one, _)| one == id).map(|(_, kind)| kind.as_str()).collect::<Vec<_>>();
        let whole = ["shipment.dispatched", "shipment.in_transit", "shipment.delivered"];
        assert_eq!((of("1"), of("2")), (whole.to_vec(), whole.to_vec()));
        let known = ledger.find_shipment(&deed.partner, Mode::Sandbox, ShipmentId::new(1)).await.unwrap().unwrap();
        assert_eq!((known.order.clone(), known.transit, known.traces), (deed.id.clone(), Transit::Delivered, 3));
        let stranger: PartnerId = "other".parse().unwrap();
        assert!(ledger.find_shipment(&stranger, Mode::Sandbox, ShipmentId::new(1)).await.unwrap().is_none());
        assert!(ledger.find_shipment(&deed.partner, Mode::Live, ShipmentId::new(1)).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn of_many_who_look_at_once_one_tells() {
    for house in trial::houses().await {
        let clock = Clock::shiftable();
        let ledger = Ledger::new(house.sql.clone(), clock.clone());
        let other = Ledger::new(house.another().await, clock.clone());
        let deed = written_order(&ledger, &clock, "acme", "PO-1").await;
        for transit in [Transit::Collected, Transit::Delivered] {
            let parcels = [parcel(1, transit, 1)];
            let looks = (0..8).map(|n| {
                let ledger = if n % 2 == 0 { &ledger } else { &other };
                ledger.take_in_shipments(&deed, &parcels)
            });
            let looks = futures_util::future::join_all(looks).await;
            let tellers = looks.iter().filter(|look| matches!(look, Ok(news) if *news > 0)).count();
            assert_eq!(tellers, 1, "{looks:?}");
        }
        assert_eq!(told(&house, &deed.id).await.len(), 3);
    }
}

#[tokio::test]
async fn a_parcel_is_found_by_its_carriers_number_even_when_that_changed() {
    for house in trial::houses().await {
        let clock = Clock::shiftable();
        let ledger = Ledger::new(house.sql.clone(), clock.clone());
        let deed = written_order(&ledger, &clock, "acme", "PO-1").await;
        ledger.take_in_shipments(&deed, &[parcel(1, Transit::Collected, 1)]).await.unwrap();
        let order = async |partner: &PartnerId, mode: Mode, number: &str| {
            ledger.find_waybill(partner, mode, number).await.unwrap().map(|known| known.order)
        };
        assert_eq!(order(&deed.partner, Mode::Sandbox, "75").await, Some(deed.id.clone()));
        let stranger: PartnerId = "other".parse().unwrap();
        assert_eq!(order(&stranger, Mode::Sandbox, "75").await, None);
        assert_eq!(order(&deed.partner, Mode::Live, "75").await, None);
        let told_before = told(&house, &deed.id).await;
        let renumbered = Shipment { tracking_number: "76".into(), ..parcel(1, Transit::Collected, 1) };
        assert_eq!(ledger.take_in_shipments(&deed, &[renumbered]).await.unwrap(), 0, "no step is news");
        assert_eq!(told(&house, &deed.id).await, told_before);
        assert_eq!(order(&deed.partner, Mode::Sandbox, "76").await, Some(deed.id.clone()));
        assert_eq!(order(&deed.partner, Mode::Sandbox, "75").await, None);
    }
}
