//! `push.query.messageList`, `push.message.confirm` and `push.cursor.messageList`.

use serde::Serialize;
use serde_json::{Value, json};

use crate::model::{member, topic};
use crate::param2::asked::{Asked, Told};
use crate::param2::fault::{Gw, Refusal};
use crate::param2::gate::Gate;
use crate::webhooks::{Listener, Message, Wanted, Webhooks};

/// Messages on a page: the platform says 20 to 200.
const PAGE: i64 = 20;
const MOST: i64 = 200;
/// So many unheard messages are counted and paged over; what lies behind comes once these are confirmed.
const COUNTED: u32 = 2_000;

#[derive(Serialize)]
struct Row<'a> {
    #[serde(rename = "gmtBorn")]
    born: i64,
    #[serde(rename = "topicGroup")]
    group: &'a str,
    data: &'a Value,
    #[serde(rename = "msgId")]
    id: i64,
    r#type: &'a str,
    #[serde(rename = "userInfo")]
    user: &'a str,
    #[serde(rename = "appKey")]
    app: &'a str,
    #[serde(rename = "topicName")]
    name: &'a str,
}

/// Answers `push.query.messageList`.
pub async fn list(asked: Asked) -> Told {
    let page = within(asked.long("page")?, 1, i64::MAX / MOST);
    let size = within(asked.long("pageSize")?, PAGE, MOST);
    let all = unheard(&asked, COUNTED).await?;
    let begin = usize::try_from((page - 1) * size).unwrap_or(usize::MAX);
    let shown = all.iter().skip(begin).take(usize::try_from(size).unwrap_or(0));
    let rows: Vec<_> = shown.map(|message| row(message, &asked)).collect();
    asked.answer(&json!({"pushMessagePage": {"datas": rows, "totalCount": all.len()}}))
}

/// Answers `push.message.confirm`.
pub async fn confirm(asked: Asked) -> Told {
    let ids: Vec<Value> = asked.json("msgIdList")?;
    let number = |id: &Value| id.as_i64().or_else(|| id.as_str()?.trim().parse().ok());
    let ids: Option<Vec<i64>> = ids.iter().map(number).collect();
    let ids = ids.ok_or_else(|| Refusal::invalid("msgIdList", "a list of whole numbers is wanted"))?;
    if ids.len() > usize::try_from(COUNTED).unwrap_or(usize::MAX) {
        return Err(Refusal::invalid("msgIdList", format!("{COUNTED} at one time are all")));
    }
    let ids = own(&asked, ids).await?;
    asked.room::<Webhooks>()?.confirm(&listener(&asked)?, &ids).await?;
    asked.answer(&json!({"isSuccess": true}))
}

/// Answers `push.cursor.messageList`.
pub async fn take(asked: Asked) -> Told {
    let many = within(asked.long("quantity")?, PAGE, MOST);
    let mut taken = unheard(&asked, COUNTED).await?;
    taken.truncate(usize::try_from(many).unwrap_or(0));
    let ids: Vec<_> = taken.iter().map(|message| message.id).collect();
    asked.room::<Webhooks>()?.confirm(&listener(&asked)?, &ids).await?;
    let rows: Vec<_> = taken.iter().map(|message| row(message, &asked)).collect();
    asked.answer(&json!({"pushMessageList": rows}))
}

/// Those of these numbers that the account of the token is told of.
async fn own(asked: &Asked, ids: Vec<i64>) -> Result<Vec<i64>, Refusal> {
    if !asked.is_branch() {
        return Ok(ids);
    }
    let told = unheard(asked, COUNTED).await?;
    Ok(ids.into_iter().filter(|id| told.iter().any(|message| message.id == *id)).collect())
}

/// The messages asked for, as far as they are counted. Whoever shows a sub-account's token is told of that account alone.
async fn unheard(asked: &Asked, most: u32) -> Result<Vec<Message>, Refusal> {
    let listener = listener(asked)?;
    let kinds = asked.text("type").map(topic::kinds_of);
    if kinds.as_ref().is_some_and(Vec::is_empty) {
        return Ok(Vec::new());
    }
    let own = asked.is_branch().then(|| member::id_of(&asked.account));
    // An event becomes one of its topics by what is known of its order.
    let fits = |message: &Message| {
        asked.text("type").is_none_or(|topic| message.topic == topic)
            && asked.text("userInfo").is_none_or(|user| message.user == user)
            && own.as_ref().is_none_or(|own| message.user == *own)
    };
    let wanted = Wanted {
        after: 0,
        kinds: kinds.unwrap_or_default(),
        from_ms: asked.date("createStartTime")?.map_or(0, |at| at.as_millisecond()),
        to_ms: asked.date("createEndTime")?.map(|at| at.as_millisecond()),
    };
    Ok(asked.room::<Webhooks>()?.unheard_that(&listener, &wanted, most, &fits).await?)
}

/// The app that asks.
fn listener(asked: &Asked) -> Result<Listener, Refusal> {
    let gate = asked.room::<Gate>()?;
    let app = gate.apps.find(&asked.caller.key_id).ok_or(Gw::AclDecline)?;
    Ok(Listener {
        app: app.key.to_string(),
        partner: asked.caller.partner.id.clone(),
        mode: asked.caller.mode,
        since_ms: app.created_at.as_millisecond(),
    })
}

fn row<'a>(message: &'a Message, asked: &'a Asked) -> Row<'a> {
    let (group, name) = message.topic.split_once('_').unwrap_or((message.topic, ""));
    Row {
        born: message.born.as_millisecond(),
        group,
        data: &message.data,
        id: message.id,
        r#type: message.topic,
        user: &message.user,
        app: &asked.caller.key_id,
        name,
    }
}

/// A number of 1 up to `most`; what is beyond is brought there, as the platform does.
fn within(asked: Option<i64>, usual: i64, most: i64) -> i64 {
    asked.unwrap_or(usual).clamp(1, most)
}
