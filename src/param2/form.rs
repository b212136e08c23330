//! In which shape a call answers: where `success` stands and whether it is a boolean or a text, and what the members of a
//! failure are called. Every call has its own; clients break where it differs.

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// How `success` is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Success {
    /// `true`.
    Boolean,
    /// `"true"`.
    Text,
}

impl Success {
    /// It as JSON.
    pub fn json(self, success: bool) -> Value {
        match self {
            Self::Boolean => json!(success),
            Self::Text => json!(success.to_string()),
        }
    }
}

/// Where things stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// `{"result": {"success", "code", "message", "result": …}}`
    Nested,
    /// The same without the outer `result`.
    Top,
    /// The call's own members, with `success` among them.
    Own,
    /// A success is the call's own; a failure is told as in `Nested`.
    Inside,
    /// The call's own members and no `success` at all.
    Bare,
}

/// The shape of a call's answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Where things stand.
    pub layout: Layout,
    /// How `success` is written.
    pub success: Success,
    /// The code of a success; empty where a success has neither code nor words.
    pub ok: &'static str,
    /// What the code is called; empty where there is none.
    pub code: &'static str,
    /// What the words are called.
    pub message: &'static str,
    /// What the result is called.
    pub data: &'static str,
    /// What stands around it all, where something does.
    pub outer: &'static str,
}

impl Form {
    /// The cross-border family, `success` a boolean.
    pub const NESTED: Form = Form {
        layout: Layout::Nested,
        success: Success::Boolean,
        ok: "200",
        code: "code",
        message: "message",
        data: "result",
        outer: "result",
    };
    /// The cross-border family, `success` a text.
    pub const NESTED_TEXT: Form = Form { success: Success::Text, ..Form::NESTED };
    /// The trade family, `success` a boolean: `{"result": …, "success"}`, else `errorCode` and `errorMessage`.
    pub const BESIDE: Form =
        Form { layout: Layout::Top, ok: "", code: "errorCode", message: "errorMessage", ..Form::NESTED };
    /// The trade family, `success` a text.
    pub const BESIDE_TEXT: Form = Form { success: Success::Text, ..Form::BESIDE };
    /// Members of its own, `success` a boolean among them.
    pub const OWN: Form = Form { layout: Layout::Own, ..Form::BESIDE };
    /// No `success`, as system calls answer.
    pub const PLAIN: Form = Form { layout: Layout::Bare, code: "error_code", message: "error_message", ..Form::BESIDE };

    /// The same with other names for code and words; an empty name where there is no code.
    pub const fn failing_as(self, code: &'static str, message: &'static str) -> Self {
        Form { code, message, ..self }
    }

    /// The same with another code of a success.
    pub const fn ok_as(self, ok: &'static str) -> Self {
        Form { ok, ..self }
    }

    /// The same with another name for the result.
    pub const fn telling(self, data: &'static str) -> Self {
        Form { data, ..self }
    }

    /// The same with another name around it all.
    pub const fn within(self, outer: &'static str) -> Self {
        Form { outer, ..self }
    }

    /// The same without the outer `result`.
    pub const fn on_top(self) -> Self {
        Form { layout: Layout::Top, ..self }
    }

    /// The whole answer of a success; a failure's members are absent from it.
    pub fn whole(&self, result: &impl Serialize) -> Option<Bytes> {
        let result = serde_json::value::to_raw_value(result).ok()?;
        let whole = match self.layout {
            Layout::Nested => format!("{{\"{}\":{{{}}}}}", self.outer, self.members(&result)),
            Layout::Top => format!("{{{}}}", self.members(&result)),
            Layout::Own => self.with_success(&result),
            Layout::Inside | Layout::Bare => result.get().to_owned(),
        };
        Some(Bytes::from(whole))
    }

    /// The names are ours and need no escaping.
    fn members(&self, result: &RawValue) -> String {
        let success = self.success.json(true);
        let told = match (self.ok, self.code) {
            ("", _) => String::new(),
            (_, "") => format!("\"{}\":\"OK\",", self.message),
            (ok, code) => format!("\"{code}\":\"{ok}\",\"{}\":\"OK\",", self.message),
        };
        format!("\"success\":{success},{told}\"{}\":{}", self.data, result.get())
    }

    /// `success` before the members of an object.
    fn with_success(&self, result: &RawValue) -> String {
        let members = result.get().trim().strip_prefix('{').unwrap_or("}");
        let comma = if members.trim() == "}" { "" } else { "," };
        format!("{{\"success\":{}{comma}{members}", self.success.json(true))
    }

    /// The whole answer of a failure.
    pub fn failure(&self, code: &str, message: &str) -> Value {
        let mut members = serde_json::Map::new();
        if self.layout != Layout::Bare {
            members.insert("success".to_owned(), self.success.json(false));
        }
        if !self.code.is_empty() {
            members.insert(self.code.to_owned(), json!(code));
        }
        members.insert(self.message.to_owned(), json!(message));
        let nested = matches!(self.layout, Layout::Nested | Layout::Inside);
        if nested { json!({self.outer: members}) } else { Value::Object(members) }
    }

    /// The shape in a few words, for the page.
    pub fn told(&self) -> String {
        let success = match self.success {
            Success::Boolean => "true",
            Success::Text => "\"true\"",
        };
        let code = if self.ok.is_empty() { String::new() } else { format!(" {}: \"{}\",", self.code, self.ok) };
        let inner = format!("{{success: {success},{code} {}}}", self.data);
        match self.layout {
            Layout::Nested => format!("`{{{}: {inner}}}`", self.outer),
            Layout::Top => format!("`{inner}`"),
            Layout::Own => format!("`{{success: {success}, …}}`"),
            Layout::Inside => format!("`{{{}: {{success: {success}, …}}}}`", self.outer),
            Layout::Bare => "its own".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Form;

    fn whole(form: Form, result: Value) -> Value {
        serde_json::from_slice(&form.whole(&result).unwrap()).unwrap()
    }

    #[test]
    fn every_layout_puts_success_where_its_clients_look() {
        let result = json!({"a": 1});
        let nested =
            |success| json!({"result": {"success": success, "code": "200", "message": "OK", "result": {"a": 1}}});
        assert_eq!(whole(Form::NESTED, result.clone()), nested(json!(true)));
        assert_eq!(whole(Form::NESTED_TEXT, result.clone()), nested(json!("true")));
        assert_eq!(whole(Form::BESIDE_TEXT, result.clone()), json!({"result": {"a": 1}, "success": "true"}));
        assert_eq!(whole(Form::OWN, result.clone()), json!({"a": 1, "success": true}));
        assert_eq!(whole(Form::OWN, json!({})), json!({"success": true}));
        let analytics = Form::NESTED.ok_as("S000").failing_as("retCode", "retMsg");
        let wanted = json!({"result": {"success": true, "retCode": "S000", "retMsg": "OK", "result": {"a": 1}}});
        assert_eq!(whole(analytics, result.clone()), wanted);
        let listing = Form::NESTED.failing_as("", "msg").telling("data").on_top();
        assert_eq!(whole(listing, result.clone()), json!({"success": true, "msg": "OK", "data": {"a": 1}}));
        assert_eq!(listing.failure("404", "no"), json!({"success": false, "msg": "no"}));
        assert_eq!(whole(Form::PLAIN, json!(7)), json!(7));
        assert_eq!(whole(Form::PLAIN, result.clone()), result);
    }

    #[test]
    fn a_failure_names_its_members_as_the_call_does() {
        let form = Form::OWN.failing_as("errorCode", "erroMsg");
        assert_eq!(form.failure("404", "no"), json!({"success": false, "errorCode": "404", "erroMsg": "no"}));
        assert_eq!(Form::PLAIN.failure("404", "no"), json!({"error_code": "404", "error_message": "no"}));
        let within = Form::NESTED.within("results");
        assert_eq!(within.failure("4", "no"), json!({"results": {"success": false, "code": "4", "message": "no"}}));
        assert_eq!(whole(within.ok_as(""), json!(7)), json!({"results": {"success": true, "result": 7}}));
    }
}
