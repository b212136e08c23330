//! The operator's eye and hand: orders that wait for a person, the whole case of one order, and changes to it that
//! carry the operator's name into the audit. What may be done to an order, and when, is for `orders` to say.

use jiff::Timestamp;

use super::orders::{select, summary};
use super::writing::write;
use super::{Error, Ledger, words};
use crate::audit::{self, Entry, Who};
use crate::model::ids::{EndpointId, EventId, OrderId, PartnerId, PaymentId};
use crate::model::order::{Order, Reference, State};
use crate::model::partner::Mode;
use crate::model::payment::{Method, Part};
use crate::model::webhook::DeliveryState;
use crate::sql::{Row, args};

/// A debit of which nothing was heard for so long wants a person to look.
const SILENT_MS: i64 = 300_000;

/// Which orders of all partners are wanted; all by default.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// Only one partner's.
    pub partner: Option<PartnerId>,
    /// Only one world's.
    pub mode: Option<Mode>,
    /// Only in this state.
    pub state: Option<State>,
    /// Only under this number of a partner's.
    pub reference: Option<Reference>,
    /// Only those that wait for a person: handed over, or with a debit that nobody heard of.
    pub attention: bool,
}

/// Everything that is known of an order.
#[derive(Clone, Debug)]
pub struct Case {
    /// The order with its events.
    pub order: Order,
    /// When the gateway looks at it next by itself; none when it is settled.
    pub next_look: Option<Timestamp>,
    /// Its parts in payments, oldest first.
    pub payments: Vec<Paying>,
    /// The keys under which it was asked for; they are forgotten 72 hours after.
    pub keys: Vec<KeyHeld>,
    /// What its partner was told of it, oldest first.
    pub told: Vec<News>,
    /// What became of that at the partner's endpoints, oldest first.
    pub deliveries: Vec<Carried>,
}

/// An order's part in a payment.
#[derive(Clone, Debug)]
pub struct Paying {
    /// The payment.
    pub payment: PaymentId,
    /// How.
    pub method: Method,
    /// How the part stands.
    pub part: Part,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An idempotency key that stands for the order.
#[derive(Clone, Debug)]
pub struct KeyHeld {
    /// The key.
    pub key: String,
    /// For which operation.
    pub operation: String,
    /// The status of the stored answer; none while the work is under way.
    pub status: Option<u16>,
    /// Until when the worker that has it may go on.
    pub leased_until: Timestamp,
    /// How often it was taken up.
    pub fence: i64,
    /// When it is forgotten.
    pub expires_at: Timestamp,
}

/// An event that the partner was told, or will be.
#[derive(Clone, Debug)]
pub struct News {
    /// The event's id.
    pub event: EventId,
    /// Its public type.
    pub kind: String,
    /// When it was written down.
    pub at: Timestamp,
    /// Its place among the events of all partners; none until it is published.
    pub position: Option<i64>,
}

/// What became of an event at one of its partner's webhook endpoints.
#[derive(Clone, Debug)]
pub struct Carried {
    /// The event's id.
    pub event: EventId,
    /// Its public type.
    pub kind: String,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// Where that is.
    pub url: String,
    /// How the delivery stands.
    pub state: DeliveryState,
    /// How often it was tried, over all rounds.
    pub attempts: u64,
    /// When it was tried last.
    pub tried_at: Option<Timestamp>,
    /// What the endpoint answered then.
    pub status: Option<u16>,
    /// Why that attempt failed, if it did.
    pub problem: Option<String>,
}

/// What an operator does to an order, for the audit.
#[derive(Clone, Debug)]
pub struct Hand {
    /// The operator's name.
    pub operator: String,
    /// What: `order.look`, `order.settle` …
    pub action: &'static str,
    /// The particulars.
    pub detail: String,
}

impl Ledger {
    /// Orders of all partners without their events: the newest first, but those that wait for a person oldest first.
    pub async fn search_orders(&self, which: &Search, limit: u32) -> Result<Vec<Order>, Error> {
        const SEARCH: &str = select!(
            "WHERE ($1 IS NULL OR partner = $1) AND ($2 IS NULL OR mode = $2) AND ($3 IS NULL OR state = $3) \
             AND ($4 IS NULL OR reference = $4) ORDER BY created_at DESC, id DESC LIMIT $5"
        );
        const ATTENTION: &str = select!(
            "WHERE ($1 IS NULL OR partner = $1) AND ($2 IS NULL OR mode = $2) AND ($3 IS NULL OR state = $3) \
             AND ($4 IS NULL OR reference = $4) AND id IN (\
             SELECT o.id FROM orders AS o WHERE o.attention IS NOT NULL \
             UNION SELECT p.order_id FROM payment_orders p JOIN payments m ON m.id = p.payment \
             WHERE p.state IN ('pending', 'unknown') AND m.method = 'debit' AND m.created_at <= $6) \
             ORDER BY created_at, id LIMIT $5"
        );
        let mut args = args![
            which.partner.as_ref().map(PartnerId::as_str),
            which.mode.map(Mode::name),
            which.state.map(State::name),
            which.reference.as_ref().map(Reference::as_str),
            limit
        ];
        let rows = if which.attention {
            args.push((self.clock.now_ms() - SILENT_MS).into());
            self.sql.fetch_all(ATTENTION, args).await?
        } else {
            self.sql.fetch_all(SEARCH, args).await?
        };
        rows.iter().map(summary).collect()
    }

    /// Everything that is known of one order.
    pub async fn case(&self, id: &OrderId) -> Result<Case, Error> {
        const LOOK: &str = "SELECT look_at FROM orders WHERE id = $1";
        const PAYMENTS: &str = "SELECT p.payment, m.method, m.created_at, p.order_id, p.state, p.pay_url, p.problem, \
            p.agreed, p.agreed_currency, p.agreed_version, p.updated_at FROM payment_orders p JOIN payments m ON m.id = p.payment WHERE p.order_id = $1 \
            ORDER BY m.created_at, p.payment";
        // By the partner, because that is how keys are found quickly; nobody has more of them than fit into three days.
        const KEYS: &str = "SELECT key, operation, status, leased_until, fence, expires_at FROM idempotency \
            WHERE partner = $1 AND mode = $2 AND (subject = $3 OR subject IN \
            (SELECT payment FROM payment_orders WHERE order_id = $3)) ORDER BY created_at, key";
        const TOLD: &str = "SELECT event, kind, at, position FROM events WHERE subject = $1 OR subject IN \
            (SELECT payment FROM payment_orders WHERE order_id = $1) ORDER BY serial";
        const CARRIED: &str = "SELECT d.event, e.kind, d.endpoint, w.url, d.state, l.at, l.status, l.problem, \
            (SELECT COUNT(*) FROM webhook_attempts AS a WHERE a.delivery = d.id) AS attempts FROM events AS e \
            JOIN webhook_endpoints AS w ON w.partner = e.partner AND w.mode = e.mode \
            JOIN webhook_deliveries AS d ON d.endpoint = w.id AND d.event = e.event \
            LEFT JOIN webhook_attempts AS l ON l.delivery = d.id \
            AND l.number = (SELECT MAX(m.number) FROM webhook_attempts AS m WHERE m.delivery = d.id) \
            WHERE e.subject = $1 OR e.subject IN (SELECT payment FROM payment_orders WHERE order_id = $1) \
            ORDER BY e.serial, d.endpoint";
        let order = self.get_order(id).await?;
        let (sql, deed) = (&self.sql, &order.deed);
        let open = matches!(order.state, State::Received | State::Placing | State::Unknown);
        let look = sql.fetch_optional(LOOK, args![id.as_str()]).await?.filter(|_| open);
        let payments = sql.fetch_all(PAYMENTS, args![id.as_str()]).await?;
        let keys = sql.fetch_all(KEYS, args![deed.partner.as_str(), deed.mode.name(), id.as_str()]).await?;
        let told = sql.fetch_all(TOLD, args![id.as_str()]).await?;
        let deliveries = sql.fetch_all(CARRIED, args![id.as_str()]).await?;
        Ok(Case {
            next_look: look.map(|row| moment(&row, "look_at")).transpose()?,
            payments: payments.iter().map(paying).collect::<Result<_, Error>>()?,
            keys: keys.iter().map(key).collect::<Result<_, Error>>()?,
            told: told.iter().map(self::told).collect::<Result<_, Error>>()?,
            deliveries: deliveries.iter().map(carried).collect::<Result<_, Error>>()?,
            order,
        })
    }

    /// Writes the events beyond `known` and the operator's hand in one transaction; without events, the hand alone.
    pub async fn append_by(&self, hand: Hand, order: &Order, known: u32, look_at: i64) -> Result<(), Error> {
        let who = Who::Operator(hand.operator);
        let entry = Entry::new(self.clock.now(), who, hand.action, &order.deed.id, hand.detail);
        let order = order.clone();
        self.sql
            .transaction(move |tx| {
                Box::pin(async move {
                    write(tx, &order, known, look_at).await?;
                    Ok(audit::note(tx, &entry).await?)
                })
            })
            .await
    }

    /// What was done to an order or anything else by hand, oldest first.
    pub async fn audited(&self, subject: &str, limit: u32) -> Result<Vec<Entry>, Error> {
        let filter = audit::Filter { subject: Some(subject.to_owned()), ..audit::Filter::default() };
        let page = audit::list_oldest_first(&self.sql, &filter, None, limit).await;
        Ok(page.map_err(|error| Error::unreadable("audit", error))?.items)
    }
}

fn moment(row: &Row, column: &str) -> Result<Timestamp, Error> {
    words::moment("order", row.int(column)?)
}

fn paying(row: &Row) -> Result<Paying, Error> {
    Ok(Paying {
        payment: row.parse("payment")?,
        method: row.parse("method")?,
        part: super::payments::part(row)?,
        created_at: moment(row, "created_at")?,
        updated_at: moment(row, "updated_at")?,
    })
}

fn key(row: &Row) -> Result<KeyHeld, Error> {
    let status = row.opt_int("status")?.map(u16::try_from).transpose();
    Ok(KeyHeld {
        key: row.text("key")?,
        operation: row.text("operation")?,
        status: status.map_err(|error| Error::unreadable("answer", error))?,
        leased_until: moment(row, "leased_until")?,
        fence: row.int("fence")?,
        expires_at: moment(row, "expires_at")?,
    })
}

fn told(row: &Row) -> Result<News, Error> {
    Ok(News {
        event: row.parse("event")?,
        kind: row.text("kind")?,
        at: moment(row, "at")?,
        position: row.opt_int("position")?,
    })
}

fn carried(row: &Row) -> Result<Carried, Error> {
    Ok(Carried {
        event: row.parse("event")?,
        kind: row.text("kind")?,
        endpoint: row.parse("endpoint")?,
        url: row.text("url")?,
        state: row.parse("state")?,
        attempts: u64::try_from(row.int("attempts")?).unwrap_or(0),
        tried_at: row.opt_int("at")?.map(|at| words::moment("attempt", at)).transpose()?,
        status: row.opt_int("status")?.and_then(|status| u16::try_from(status).ok()),
        problem: row.opt_text("problem")?,
    })
}
