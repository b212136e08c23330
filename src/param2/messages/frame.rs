//! Frames of the message channel: JSON texts, in both directions the same members.

use serde::{Deserialize, Serialize};

use crate::param2::lenient;
use crate::webhooks::Message;

/// A frame that a client sends; members that only a server sets are not looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Received {
    /// `CONNECT`, `HEARTBEAT`, `CONFIRM` or `CLOSE`.
    #[serde(deserialize_with = "lenient::text")]
    pub r#type: Option<String>,
    /// The app.
    #[serde(rename = "appKey", deserialize_with = "lenient::text")]
    pub app_key: Option<String>,
    /// When it was sent, in milliseconds.
    #[serde(rename = "pubTime", deserialize_with = "lenient::long")]
    pub sent_ms: Option<i64>,
    /// What it says besides.
    #[serde(deserialize_with = "lenient::text")]
    pub content: Option<String>,
    /// Its signature.
    #[serde(deserialize_with = "lenient::text")]
    pub sign: Option<String>,
    /// Which message a `CONFIRM` is about.
    #[serde(rename = "relatedId", deserialize_with = "lenient::long")]
    pub related: Option<i64>,
}

/// A frame that the gateway sends.
#[derive(Debug, Serialize)]
struct Sent<'a> {
    r#type: &'a str,
    #[serde(rename = "appKey")]
    app_key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    #[serde(rename = "pubTime")]
    sent_ms: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<String>,
    #[serde(rename = "msgSource")]
    source: &'a str,
}

/// What the gateway says.
#[derive(Clone, Copy, Debug)]
pub enum Saying<'a> {
    /// The app was recognised; messages follow.
    Welcome,
    /// A message.
    Push(&'a Message),
    /// Something about the channel itself.
    System(&'a str),
    /// The channel is about to end; connect again.
    Close,
}

impl Saying<'_> {
    /// The frame as text.
    pub fn text(self, app_key: &str, now_ms: i64) -> String {
        let (r#type, id, content) = match self {
            Self::Welcome => ("CONNECT_ACK", None, None),
            Self::Push(message) => ("SERVER_PUSH", Some(message.id.to_string()), Some(message.text())),
            Self::System(words) => ("SYSTEM", None, Some(words.to_owned())),
            Self::Close => ("CLOSE", None, None),
        };
        let sent = Sent { r#type, app_key, id, sent_ms: now_ms, content, source: "REAL" };
        serde_json::to_string(&sent).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Received, Saying};

    #[test]
    fn frames_are_read_whichever_way_numbers_are_written() {
        for text in [
            r#"{"type":"CONFIRM","id":"x","relatedId":1001,"pubTime":1,"costInIsv":5,"msgSource":null}"#,
            r#"{"type":"CONFIRM","relatedId":"1001","pubTime":"1"}"#,
        ] {
            let frame: Received = serde_json::from_str(text).unwrap();
            assert_eq!((frame.r#type.as_deref(), frame.related, frame.sent_ms), (Some("CONFIRM"), Some(1001), Some(1)));
        }
        assert!(serde_json::from_str::<Received>("CONNECT").is_err());
    }

    #[test]
    fn what_is_not_said_is_not_there() {
        let frame: Value = serde_json::from_str(&Saying::Welcome.text("12", 7)).unwrap();
        assert_eq!(frame, json!({"type": "CONNECT_ACK", "appKey": "12", "pubTime": 7, "msgSource": "REAL"}));
    }
}
