//! Events by pull: the same as by webhook, for whoever would rather ask.

use actix_web::http::StatusCode;
use actix_web::web::Data;
use actix_web::{HttpRequest, get, post};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};

use crate::api::asked::Asked;
use crate::api::gate::Admitted;
use crate::api::operations::op;
use crate::edge::parts::{Json, Query};
use crate::edge::problem::Problem;
use crate::edge::reply::{self, Reply};
use crate::error::{Code, Place};
use crate::model::event::Pattern;
use crate::webhooks::{Announcement, Pulled, Webhooks};

const USUAL_LIMIT: u32 = 20;
const MOST: u32 = 100;

/// Which events are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct EventsQuery {
    /// The `position` after which to go on; where you acknowledged last when left out.
    #[param(minimum = 0, example = 1204)]
    after: Option<i64>,
    /// Only these types, with commas between them: types such as `order.paid` and groups such as `order.*`.
    #[param(example = "order.*,refund.succeeded")]
    types: Option<String>,
    /// How many: 1 to 100, 20 when left out.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventPage)]
pub struct EventPageView {
    /// The events, in the order they happened.
    items: Vec<EventView>,
    /// Give it as `after` for the next page; null when nothing more is there yet.
    next_cursor: Option<String>,
    /// Everything up to here is told, apart from types you did not ask for: give it as `after` next time, or
    /// acknowledge it once you keep what you got.
    #[schema(example = 1204)]
    position: i64,
}

/// Something that happened. Over webhooks the body holds `type`, `timestamp` and `data`, and `webhook-id` is `id`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Event)]
pub struct EventView {
    /// Id; the same over every way and every repeat.
    #[schema(example = "evt_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    id: String,
    /// What happened, e.g. `order.paid`, `payment.failed`, `shipment.delivered`, `consignment.inspected`,
    /// `refund.succeeded`, `webhook.endpoint_disabled`.
    #[schema(example = "order.paid")]
    r#type: String,
    /// When it happened.
    #[schema(format = DateTime)]
    timestamp: String,
    /// Ids, your reference where there is one, and the new `state`.
    #[schema(value_type = Object, example = json!({"order_id": "ord_0192f5b0c1d27a3e8f4a5b6c7d8e9f01", "reference": "PO-2026-0001", "state": "paid"}))]
    data: Box<RawValue>,
    /// Id of what it happened to; events of one subject are told in their order.
    #[schema(example = "ord_0192f5b0c1d27a3e8f4a5b6c7d8e9f01")]
    subject: String,
    /// Its place in the row of events: later ones have higher ones, with gaps.
    #[schema(example = 1204)]
    position: i64,
}

/// Up to where you have your events.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Acknowledgement)]
pub struct AcknowledgeBody {
    /// The `position` of a page, or of the last event you keep.
    #[schema(minimum = 0, example = 1204)]
    position: i64,
}

/// Up to where your events are acknowledged.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Acknowledged)]
pub struct AcknowledgedView {
    /// `GET /v1/events` without `after` goes on behind it. It never goes back.
    #[schema(example = 1204)]
    position: i64,
}

/// Pulls events: the same that webhooks are sent, with the same ids and the same bytes of data, for 30 days. Without
/// `after` it begins where you acknowledged last, so a reader that acknowledges what it keeps overlooks nothing and needs
/// no memory of its own.
#[utoipa::path(tag = "Events", params(EventsQuery), responses(
    (status = 200, description = "A page of events", body = EventPageView),
    (status = 304, description = "Nothing new; it costs nothing"),
    (status = 400, description = "`invalid_request`: also when `after` is beyond your newest event"),
))]
#[get("/v1/events")]
pub async fn list_events(
    request: HttpRequest,
    call: Admitted<op::ListEvents, Query<EventsQuery>>,
    webhooks: Data<Webhooks>,
) -> Reply {
    let query = &call.parts.0;
    let mut asked = Asked::default();
    let patterns = query.types.as_deref().map(|types| patterns(&mut asked, types)).unwrap_or_default();
    if query.after.is_some_and(|after| after < 0) {
        asked.wrong(Place::query("after", "give the position of an event; 0 for the first one"));
    }
    let limit = query.limit.unwrap_or(USUAL_LIMIT);
    if !(1..=MOST).contains(&limit) {
        asked.wrong(Place::query("limit", "1 to 100"));
    }
    asked.done(Some(()))?;
    let pulled = webhooks.pull(&call.caller, query.after, &patterns, limit).await?;
    reply::read(&request, &EventPageView::try_from(&pulled)?)
}

/// Says that you keep all events up to a position. Shared by all readers of your keys of one world; it never goes back.
#[utoipa::path(tag = "Events", request_body = AcknowledgeBody, responses(
    (status = 200, description = "Kept", body = AcknowledgedView),
    (status = 400, description = "`invalid_request`: you have no event at or behind this position yet"),
))]
#[post("/v1/events/acknowledge")]
pub async fn acknowledge_events(
    request: HttpRequest,
    call: Admitted<op::AcknowledgeEvents, Json<AcknowledgeBody>>,
    webhooks: Data<Webhooks>,
) -> Reply {
    let position = call.parts.0.position;
    if position < 0 {
        let place = Place::body("/position", "give the position of an event; 0 for none");
        return Err(Problem::new(Code::InvalidRequest).places(vec![place]));
    }
    let position = webhooks.acknowledge(&call.caller, position).await?;
    reply::written(&request, StatusCode::OK, &AcknowledgedView { position })
}

fn patterns(asked: &mut Asked, types: &str) -> Vec<Pattern> {
    types.split(',').filter_map(|one| asked.query("types", Some(one.trim()))).collect()
}

impl TryFrom<&Pulled> for EventPageView {
    type Error = Problem;
    fn try_from(pulled: &Pulled) -> Result<Self, Problem> {
        Ok(Self {
            items: pulled.events.iter().map(EventView::try_from).collect::<Result<_, _>>()?,
            next_cursor: pulled.more.then(|| pulled.position.to_string()),
            position: pulled.position,
        })
    }
}

impl TryFrom<&Announcement> for EventView {
    type Error = Problem;
    fn try_from(event: &Announcement) -> Result<Self, Problem> {
        let unreadable = |_| Problem::new(Code::Internal);
        Ok(Self {
            id: event.event.to_string(),
            r#type: event.kind.clone(),
            timestamp: Timestamp::from_millisecond(event.at).unwrap_or_default().to_string(),
            data: RawValue::from_string(event.data.clone()).map_err(unreadable)?,
            subject: event.subject.clone(),
            position: event.position,
        })
    }
}
