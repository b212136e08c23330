//! An endpoint is disabled or forgotten while other transactions of other nodes are under way.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::{Book, books};
use crate::ledger::deliveries::{Resend, Verdict, fan_out};
use crate::ledger::endpoints::disable;
use crate::ledger::{EndpointChange, Error};
use crate::model::ids::EndpointId;
use crate::model::partner::Mode;
use crate::model::webhook::{DeliveryState, Endpoint, EndpointState, WhyDisabled};
use crate::sql::{Step, Tx, args};

/// A transaction of another node that is written and not committed yet.
struct Halted {
    go: Arc<Notify>,
    done: JoinHandle<Result<(), Error>>,
}

impl Halted {
    async fn at(
        book: &Book,
        before: impl for<'t> FnOnce(&'t mut Tx) -> Step<'t, (), Error> + Clone + Send + 'static,
        after: impl for<'t> FnOnce(&'t mut Tx) -> Step<'t, (), Error> + Clone + Send + 'static,
    ) -> Self {
        let (go, there) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (may_go, is_there) = (go.clone(), there.clone());
        let sql = book.house.another().await;
        let done = tokio::spawn(async move {
            sql.transaction(move |tx| {
                Box::pin(async move {
                    before(tx).await?;
                    there.notify_one();
                    may_go.notified().await;
                    after(tx).await
                })
            })
            .await
        });
        is_there.notified().await;
        Self { go, done }
    }

    /// Lets it end once the other transaction waits for it, or is done.
    async fn meets<T: Send + 'static>(self, mut other: JoinHandle<T>) -> T {
        let early = tokio::time::timeout(Duration::from_millis(300), &mut other).await.ok();
        self.go.notify_one();
        self.done.await.unwrap().unwrap();
        match early {
            Some(done) => done.unwrap(),
            None => other.await.unwrap(),
        }
    }
}

/// Steps that know for how long the transaction lives.
fn steps<F>(steps: F) -> F
where
    F: for<'t> FnOnce(&'t mut Tx) -> Step<'t, (), Error> + Clone + Send + 'static,
{
    steps
}

fn nothing(_: &mut Tx) -> Step<'_, (), Error> {
    Box::pin(async { Ok(()) })
}

impl Book {
    /// An event that is written and not published.
    async fn unpublished(&self) {
        const WRITE: &str = "INSERT INTO events (event, partner, mode, subject, kind, data, at) \
            VALUES ('evt_0123456789abcdef0123456789abcdef', 'acme', 'sandbox', 'ord_1', 'order.paid', '{}', 1)";
        self.house.sql.execute(WRITE, args![]).await.unwrap();
    }

    /// A publisher that has made its deliveries and not committed them.
    async fn publishing(&self) -> Halted {
        self.unpublished().await;
        let deliver = steps(|tx| {
            Box::pin(async move {
                tx.execute("UPDATE events SET position = 1", args![]).await?;
                assert_eq!(fan_out(tx, 0, 1).await?, 2);
                Ok(())
            })
        });
        Halted::at(self, deliver, nothing).await
    }

    async fn pending(&self) -> Vec<String> {
        const PENDING: &str = "SELECT endpoint FROM webhook_deliveries WHERE state = 'pending' ORDER BY endpoint";
        let rows = self.house.sql.fetch_all(PENDING, args![]).await.unwrap();
        rows.iter().map(|row| row.text("endpoint").unwrap()).collect()
    }

    fn change(&self, endpoint: &Endpoint, state: EndpointState) -> JoinHandle<Result<Option<Endpoint>, Error>> {
        let change = EndpointChange { state: Some(state), ..EndpointChange::default() };
        let (ledger, id) = (self.ledger.clone(), endpoint.id.clone());
        tokio::spawn(async move { ledger.change_endpoint(&super::caller("acme", Mode::Sandbox), &id, change).await })
    }
}

fn disabling(
    id: EndpointId,
    book: &Book,
) -> impl for<'t> FnOnce(&'t mut Tx) -> Step<'t, (), Error> + Clone + Send + 'static {
    let now = book.clock.now();
    steps(move |tx| {
        Box::pin(async move {
            assert!(disable(tx, &id, WhyDisabled::Failing, now).await?.is_some());
            Ok(())
        })
    })
}

#[tokio::test]
async fn what_is_published_while_an_endpoint_is_being_disabled_does_not_wait_for_it() {
    for book in books().await {
        let (well, ill) = (book.endpoint("acme", &["*"]).await, book.endpoint("acme", &["*"]).await);
        book.unpublished().await;
        let halted = Halted::at(&book, disabling(ill.id.clone(), &book), nothing).await;
        let ledger = book.ledger.clone();
        let published = halted.meets(tokio::spawn(async move { ledger.publish(9).await })).await;
        assert!(published.unwrap().count >= 1);
        assert!(book.pending().await.iter().all(|endpoint| well.id.as_str() == endpoint));
    }
}

#[tokio::test]
async fn what_is_being_published_while_an_endpoint_is_disabled_is_given_up_with_the_rest() {
    for book in books().await {
        let (well, ill) = (book.endpoint("acme", &["*"]).await, book.endpoint("acme", &["*"]).await);
        let halted = book.publishing().await;
        let stopped = halted.meets(book.change(&ill, EndpointState::Disabled)).await.unwrap().unwrap();
        assert_eq!(stopped.state, EndpointState::Disabled);
        assert_eq!(book.pending().await, [well.id.as_str()]);
        assert_eq!(book.list(&ill).await[0].state, DeliveryState::Failed);
    }
}

#[tokio::test]
async fn what_is_being_published_while_an_endpoint_is_forgotten_goes_with_it() {
    for book in books().await {
        let (well, gone) = (book.endpoint("acme", &["*"]).await, book.endpoint("acme", &["*"]).await);
        let halted = book.publishing().await;
        let (ledger, id) = (book.ledger.clone(), gone.id.clone());
        let delete =
            tokio::spawn(async move { ledger.delete_endpoint(&super::caller("acme", Mode::Sandbox), &id).await });
        assert!(halted.meets(delete).await.unwrap());
        assert_eq!(book.pending().await, [well.id.as_str()]);
        assert!(book.list(&gone).await.is_empty());
    }
}

#[tokio::test]
async fn nothing_is_sent_again_to_an_endpoint_that_was_disabled_meanwhile() {
    for book in books().await {
        let endpoint = book.endpoint("acme", &["*"]).await;
        book.tell("acme", &[("order.paid", "ord_1")]).await;
        let delivery = book.list(&endpoint).await.remove(0).id;
        let halted = Halted::at(&book, disabling(endpoint.id.clone(), &book), nothing).await;
        let (ledger, again) = (book.ledger.clone(), endpoint.clone());
        let resent =
            halted.meets(tokio::spawn(async move { ledger.resend(&again, &Resend::One(delivery)).await })).await;
        assert_eq!((resent.unwrap(), book.pending().await.len()), (0, 0));
        let (from, to) = (book.clock.now() - jiff::SignedDuration::from_mins(1), book.clock.now());
        let to = to + jiff::SignedDuration::from_mins(1);
        assert_eq!(book.ledger.resend(&endpoint, &Resend::All(from, to)).await.unwrap(), 0);
        assert!(book.ledger.append_test(&endpoint).await.unwrap().is_none());
        assert!(book.pending().await.is_empty());
    }
}

#[tokio::test]
async fn an_endpoint_is_disabled_while_its_attempts_are_written_down_and_nobody_is_in_the_others_way() {
    for book in books().await {
        let endpoint = book.endpoint("acme", &["*"]).await;
        book.tell("acme", &[("order.paid", "ord_1")]).await;
        let claimed = book.turn(vec![]).await.claimed.remove(0);
        let settled = book.settled(&claimed, 500, Verdict::Again(book.clock.now_ms() + 5_000));
        // As when a partner disables it: the endpoint first, then what was on its way.
        let (id, again) = (endpoint.id.clone(), endpoint.id.clone());
        let first = steps(move |tx| {
            Box::pin(async move {
                const STOP: &str = "UPDATE webhook_endpoints SET state = 'disabled', why = 'by_partner' WHERE id = $1";
                tx.execute(STOP, args![id.as_str()]).await?;
                Ok(())
            })
        });
        let then = steps(move |tx| {
            Box::pin(async move {
                const GIVE_UP: &str = "UPDATE webhook_deliveries SET state = 'failed', settled_at = 1 \
                    WHERE endpoint = $1 AND state = 'pending'";
                tx.execute(GIVE_UP, args![again.as_str()]).await?;
                Ok(())
            })
        });
        let halted = Halted::at(&book, first, then).await;
        let ledger = book.ledger.clone();
        let turn =
            tokio::spawn(
                async move { ledger.take_turn(vec![settled], 0, super::LEASE_MS, &EndpointId::fresh()).await },
            );
        halted.meets(turn).await.unwrap();
        assert!(book.pending().await.is_empty());
        assert_eq!(book.list(&endpoint).await[0].attempts.len(), 1, "what was tried is written down");
    }
}

#[tokio::test]
async fn two_nodes_that_take_the_same_deliveries_are_not_in_each_others_way() {
    for book in books().await {
        let (one, two) = (book.endpoint("acme", &["*"]).await, book.endpoint("acme", &["*"]).await);
        book.tell("acme", &[("order.paid", "ord_1")]).await;
        // Another node holds one of them and wants the other next.
        let hold = |id: EndpointId| {
            steps(move |tx| {
                Box::pin(async move {
                    const TAKE: &str = "UPDATE webhook_deliveries SET claimed_at = 1, due_at = $2 WHERE endpoint = $1";
                    tx.execute(TAKE, args![id.as_str(), i64::MAX]).await?;
                    Ok(())
                })
            })
        };
        let halted = Halted::at(&book, hold(two.id.clone()), hold(one.id.clone())).await;
        let ledger = book.ledger.clone();
        let turn =
            tokio::spawn(async move { ledger.take_turn(vec![], 9, super::LEASE_MS, &EndpointId::fresh()).await });
        halted.meets(turn).await.unwrap();
    }
}
