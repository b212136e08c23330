//! Forms of answers that only this group has.

use crate::param2::form::{Form, Layout, Success};

/// `{"result": {"success", "result"}}`, a failure with `code` and `message` inside.
pub const MODEL: Form = Form::NESTED.ok_as("");
/// `{"result": …, "success"}`, a failure with `code` and `message`.
pub const BESIDE_CODE: Form = Form::BESIDE.failing_as("code", "message");
/// Members of its own with `success` a boolean, a failure with `errorCode` and `errorMsg`.
pub const OWN_MSG: Form = Form::OWN.failing_as("errorCode", "errorMsg");
/// The same with `success` a text.
pub const OWN_MSG_TEXT: Form = Form { success: Success::Text, ..OWN_MSG };
/// Members of its own without `success`, a failure with `errorCode` and `errorMessage`.
pub const BARE: Form = Form::PLAIN.failing_as("errorCode", "errorMessage");
/// The same with `errorCode` and `errorMsg`.
pub const BARE_MSG: Form = Form::PLAIN.failing_as("errorCode", "errorMsg");
/// `{"result": {"msg", "traceId", "success", "model"}}`; the call writes a success itself.
pub const TRACED: Form = Form { layout: Layout::Inside, ..Form::NESTED.failing_as("", "msg") };
/// The same with `success` a text.
pub const TRACED_TEXT: Form = Form { success: Success::Text, ..TRACED };
/// `{"result": {"success"}}`; a failure with `errorCode` and `errorInfo` inside. The call writes a success itself.
pub const INFO: Form = Form { layout: Layout::Inside, ..Form::NESTED.failing_as("errorCode", "errorInfo") };
/// `{"result": {"success"}}`; a failure with `errorCode` and `errorMsg` inside. The call writes a success itself.
pub const ERROR_INSIDE: Form = Form { layout: Layout::Inside, ..Form::NESTED.failing_as("errorCode", "errorMsg") };
/// The same as `INFO` in `results`.
pub const INFOS: Form = INFO.within("results");
