//! The calls of messages.

use crate::auth::Class;
use crate::model::partner::Scope;
use crate::param2::dispatch::{Kind, OPEN, Parameter, Row, may, must};
use crate::param2::form::Form;
use crate::param2::messages;

/// Whom messages are told to.
const SCOPES: &[Scope] = &[Scope::EventsRead];

/// Which messages are wanted, beside how many.
const LIST: &[Parameter] = &[
    may("createStartTime", Kind::Date),
    may("createEndTime", Kind::Date),
    may("page", Kind::Long),
    may("pageSize", Kind::Long),
    may("type", Kind::Text),
    may("userInfo", Kind::Text),
];
const TAKE: &[Parameter] = &[
    may("createStartTime", Kind::Date),
    may("createEndTime", Kind::Date),
    may("quantity", Kind::Long),
    may("type", Kind::Text),
    may("userInfo", Kind::Text),
];

/// All of them.
pub const ROWS: &[Row] = &[
    Row::look(OPEN, "push.query.messageList", "list_events", SCOPES)
        .signed_only()
        .takes(LIST)
        .shaped(Form::PLAIN)
        .by(|asked| Box::pin(messages::list(asked)))
        .told(
            "Messages that the app has not had, page by page, the oldest first.",
            "webhooks",
            "tests/it/param2/messages.rs::messages_are_pulled_until_they_are_confirmed",
        ),
    Row {
        class: Class::Write,
        ..Row::look(OPEN, "push.message.confirm", "acknowledge_events", SCOPES)
            .signed_only()
            .takes(&[must("msgIdList", Kind::Json)])
            .shaped(Form::PLAIN)
            .by(|asked| Box::pin(messages::confirm(asked)))
            .told(
                "Says that the app has these messages.",
                "webhooks",
                "tests/it/param2/messages.rs::messages_are_pulled_until_they_are_confirmed",
            )
    },
    Row {
        class: Class::Write,
        ..Row::look(OPEN, "push.cursor.messageList", "list_events", SCOPES)
            .signed_only()
            .takes(TAKE)
            .shaped(Form::PLAIN)
            .by(|asked| Box::pin(messages::take(asked)))
            .told(
                "The oldest messages that the app has not had, confirmed at once.",
                "webhooks",
                "tests/it/param2/messages.rs::messages_that_are_taken_are_confirmed_at_once",
            )
    },
];
