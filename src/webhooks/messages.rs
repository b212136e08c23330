//! Messages of the older protocol: an event as one of its topics, in an envelope, signed with an app's secret. By form
//! callback they go the way of all deliveries; by pull and WebSocket apps take them from the same outbox and confirm them.

mod document;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use serde::Serialize;
use serde_json::Value;

use super::{Error, Webhooks};
use crate::ledger::MessageFacts;
pub use crate::ledger::{Listener, Unheard, Wanted};
use crate::model::event::TEST;
use crate::model::member;
use crate::model::topic::{self, Topic};
use crate::partners::App;
use crate::signing::aop::{AppSecret, SIGNATURE};

/// The name under which a message stands in a form, and the only one that is signed.
const MESSAGE: &str = "message";
/// So many messages that cannot be told are passed over in one look.
const LOOKED_AT: u32 = 2_000;

/// A message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Its number, the same for every way and every repeat it is told by.
    pub id: i64,
    /// Its place among all published events.
    pub position: i64,
    /// What it is called.
    pub topic: Topic,
    /// The member it is for.
    pub user: String,
    /// When it came about.
    pub born: Timestamp,
    /// What it says.
    pub data: Value,
}

/// The envelope, member for member as clients read it.
#[derive(Serialize)]
struct Envelope<'a> {
    #[serde(rename = "msgId")]
    id: i64,
    #[serde(rename = "gmtBorn")]
    born: i64,
    data: &'a Value,
    #[serde(rename = "userInfo")]
    user: &'a str,
    r#type: &'a str,
    #[serde(rename = "extraInfo")]
    extra: &'a str,
}

impl Message {
    /// The message an event is; none when the protocol has no word for it, or the catalogue no number. What is about an
    /// order is for the member that it was placed for, all else for the partner's own.
    pub fn of(event: &Unheard, partner: &str, facts: &MessageFacts) -> Option<Self> {
        let born = Timestamp::from_millisecond(event.at).ok()?;
        let order = document::named(event).order.and_then(|id| facts.orders.get(&id));
        let user = member::id_of(order.map_or(partner, |order| order.account.as_str()));
        let (topic, data) = if event.kind == TEST {
            (topic::TEST, Value::Object(serde_json::Map::new()))
        } else {
            document::write(event, born, &user, facts)?
        };
        Some(Self { id: event.serial, position: event.position, topic, user, born, data })
    }

    /// The envelope as JSON.
    pub fn text(&self) -> String {
        let envelope = Envelope {
            id: self.id,
            born: self.born.as_millisecond(),
            data: &self.data,
            user: &self.user,
            r#type: self.topic,
            extra: "",
        };
        serde_json::to_string(&envelope).unwrap_or_default()
    }

    /// The body of a form callback.
    pub fn form(&self, secret: &AppSecret) -> Bytes {
        let text = self.text();
        let signature = secret.sign("", &[(MESSAGE, text.as_str())]);
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        form.append_pair(MESSAGE, &text).append_pair(SIGNATURE, &signature);
        Bytes::from(form.finish())
    }
}

impl Webhooks {
    /// The same room with the apps that sign messages of the older protocol.
    pub fn with_apps(self, directory: Arc<crate::partners::Directory>) -> Self {
        Self { apps: Some(directory), ..self }
    }

    /// The app of this number, if it signs for a partner's world now.
    pub(super) fn signer(&self, app_key: &str, partner: &str, mode: crate::model::partner::Mode) -> Option<Arc<App>> {
        let directory = self.apps.as_ref()?;
        let app = directory.find_app(app_key)?;
        let counts = app.state(self.clock.now()) == crate::partners::KeyState::Active && app.door.is_some();
        (counts && app.partner.id.as_str() == partner && app.mode == mode).then_some(app)
    }

    /// What an app has not had, the oldest first: at most so many. Events that cannot be told as a message are confirmed
    /// for it on the way, so that they are not looked at again.
    pub async fn unheard(&self, of: &Listener, wanted: &Wanted, limit: u32) -> Result<Vec<Message>, Error> {
        self.unheard_that(of, wanted, limit, &|_| true).await
    }

    /// The same, of those messages that fit; however many others wait before them.
    pub async fn unheard_that(
        &self,
        of: &Listener,
        wanted: &Wanted,
        limit: u32,
        fits: &dyn Fn(&Message) -> bool,
    ) -> Result<Vec<Message>, Error> {
        let (mut wanted, limit) = (wanted.clone(), limit.min(LOOKED_AT));
        let (mut messages, mut nothing) = (Vec::new(), Vec::new());
        loop {
            let events = self.ledger.list_unheard(of, &wanted, limit).await?;
            let facts = self.facts(events.iter()).await?;
            for event in &events {
                match Message::of(event, of.partner.as_str(), &facts) {
                    Some(message) if fits(&message) => messages.push(message),
                    Some(_) => {}
                    None => nothing.push(event.serial),
                }
            }
            let (whole, most) =
                (u32::try_from(events.len()) == Ok(limit), usize::try_from(limit).unwrap_or(usize::MAX));
            match events.last() {
                Some(last) if whole && messages.len() < most => wanted.after = last.position,
                _ => break,
            }
        }
        messages.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        self.ledger.confirm_messages(of, &nothing).await?;
        Ok(messages)
    }

    /// Keeps that an app has these messages.
    pub async fn confirm(&self, of: &Listener, ids: &[i64]) -> Result<u64, Error> {
        Ok(self.ledger.confirm_messages(of, ids).await?)
    }

    /// What is needed to write these events as messages.
    pub(super) async fn facts(&self, events: impl Iterator<Item = &Unheard>) -> Result<MessageFacts, Error> {
        let (mut orders, mut refunds) = (BTreeSet::new(), BTreeSet::new());
        for event in events {
            let named = document::named(event);
            orders.extend(named.order);
            refunds.extend(named.refund);
        }
        let list = |ids: BTreeSet<String>| ids.into_iter().collect::<Vec<_>>();
        Ok(self.ledger.message_facts(&list(orders), &list(refunds)).await?)
    }
}

/// A moment in the marketplace's own time, as these messages write it.
fn told_at(at: Timestamp) -> String {
    let here = TimeZone::fixed(Offset::constant(8)).to_datetime(at);
    here.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
