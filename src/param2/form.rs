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
    fn json(self, success: bool) -> Value {
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
    /// `{"result": …, "success"}`
    Beside,
    /// The call's own members, with `success` among them.
    Own,
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
    /// `code` of a success where there is one.
    pub ok: &'static str,
    /// What the code of a failure is called.
    pub code: &'static str,
    /// What the words of a failure are called.
    pub message: &'static str,
}

impl Form {
    /// The cross-border family, `success` a boolean.
    pub const NESTED: Form =
        Form { layout: Layout::Nested, success: Success::Boolean, ok: "200", code: "code", message: "message" };
    /// The cross-border family, `success` a text.
    pub const NESTED_TEXT: Form = Form { success: Success::Text, ..Form::NESTED };
    /// The trade family, `success` a boolean.
    pub const BESIDE: Form =
        Form { layout: Layout::Beside, success: Success::Boolean, ok: "", code: "errorCode", message: "errorMessage" };
    /// The trade family, `success` a text.
    pub const BESIDE_TEXT: Form = Form { success: Success::Text, ..Form::BESIDE };
    /// Members of its own, `success` a boolean among them.
    pub const OWN: Form = Form { layout: Layout::Own, ..Form::BESIDE };
    /// No `success`, as system calls answer.
    pub const PLAIN: Form = Form { layout: Layout::Bare, code: "error_code", message: "error_message", ..Form::BESIDE };

    /// The same with other names for the members of a failure.
    pub const fn failing_as(self, code: &'static str, message: &'static str) -> Self {
        Form { code, message, ..self }
    }

    /// The same with another code of a success.
    pub const fn ok_as(self, ok: &'static str) -> Self {
        Form { ok, ..self }
    }

    /// The whole answer of a success; a failure's members are absent from it.
    pub fn whole(&self, result: &impl Serialize) -> Option<Bytes> {
        let result = serde_json::value::to_raw_value(result).ok()?;
        let success = self.success.json(true);
        let whole = match self.layout {
            Layout::Nested => {
                let inner = Nested { success, code: self.ok, message: "OK", result: &result };
                serde_json::to_vec(&Outer { result: inner })
            }
            Layout::Beside => serde_json::to_vec(&Beside { result: &result, success }),
            Layout::Own => with_success(&result, &success),
            Layout::Bare => serde_json::to_vec(&result),
        };
        whole.ok().map(Bytes::from)
    }

    /// The whole answer of a failure.
    pub fn failure(&self, code: &str, message: &str) -> Value {
        let mut members = serde_json::Map::new();
        if self.layout != Layout::Bare {
            members.insert("success".to_owned(), self.success.json(false));
        }
        members.insert(self.code.to_owned(), json!(code));
        members.insert(self.message.to_owned(), json!(message));
        if self.layout == Layout::Nested { json!({"result": members}) } else { Value::Object(members) }
    }

    /// The shape in a few words, for the page.
    pub fn told(&self) -> String {
        let success = match self.success {
            Success::Boolean => "true",
            Success::Text => "\"true\"",
        };
        match self.layout {
            Layout::Nested => format!("`{{result: {{success: {success}, code: \"{}\", message, result}}}}`", self.ok),
            Layout::Beside => format!("`{{result, success: {success}}}`; else `{}`, `{}`", self.code, self.message),
            Layout::Own => format!("`{{…, success: {success}}}`; else `{}`, `{}`", self.code, self.message),
            Layout::Bare => "its own".to_owned(),
        }
    }
}

#[derive(Serialize)]
struct Outer<'a> {
    result: Nested<'a>,
}

#[derive(Serialize)]
struct Nested<'a> {
    success: Value,
    code: &'a str,
    message: &'a str,
    result: &'a RawValue,
}

#[derive(Serialize)]
struct Beside<'a> {
    result: &'a RawValue,
    success: Value,
}

/// `success` before the members of an object.
fn with_success(result: &RawValue, success: &Value) -> serde_json::Result<Vec<u8>> {
    let members = result.get().trim().strip_prefix('{').unwrap_or("}");
    let comma = if members.trim() == "}" { "" } else { "," };
    Ok(format!("{{\"success\":{success}{comma}{members}").into_bytes())
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
        assert_eq!(whole(Form::PLAIN, json!(7)), json!(7));
        assert_eq!(whole(Form::PLAIN, result.clone()), result);
    }

    #[test]
    fn a_failure_names_its_members_as_the_call_does() {
        let form = Form::OWN.failing_as("errorCode", "erroMsg");
        assert_eq!(form.failure("404", "no"), json!({"success": false, "errorCode": "404", "erroMsg": "no"}));
        assert_eq!(Form::PLAIN.failure("404", "no"), json!({"error_code": "404", "error_message": "no"}));
    }
}
