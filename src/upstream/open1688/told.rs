//! The envelopes of the protocol: the gateway's `error_code`, and `success` as each call writes it, a boolean or a text,
//! beside the result or inside.

use serde_json::Value;

use crate::upstream::failure::{Error, Loss, Refusal};
use crate::upstream::open1688::table::Api;
use crate::upstream::open1688::words;

/// What the gateway over there refused with.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ByGateway {
    code: String,
    message: String,
}

/// The gateway's refusal, when that is what a document is.
pub(super) fn by_gateway(told: &Value) -> Option<ByGateway> {
    let code = words::text(told, "/error_code").or_else(|| {
        // Some write it otherwise; a call's own refusals have codes of their own.
        words::text(told, "/errorCode").filter(|code| code.starts_with("gw."))
    })?;
    let message = words::text(told, "/error_message").or_else(|| words::text(told, "/errorMessage"));
    Some(ByGateway { code, message: message.unwrap_or_default() })
}

impl ByGateway {
    /// What it means for a call.
    pub(super) fn judged(&self, api: &Api, status: u16, wait_s: Option<u64>) -> Error {
        let why = format!("{}: {} {}", api.name, self.code, self.message);
        let denied = |status| Error::Denied { status, why: why.clone(), wait_s };
        match self.code.as_str() {
            "401" => denied(401),
            code if code.starts_with("gw.Qos") => denied(429),
            "gw.APIUnsupported" => Error::NotOffered(format!("The catalogue has no {}.", api.name)),
            "gw.APIACLDecline" => {
                Error::NotOffered(format!("The catalogue does not grant {} to this gateway.", api.name))
            }
            code if code.starts_with("gw.Signature") || code == "gw.AppKeyMissing" => denied(403),
            code if code.starts_with("gw.") => denied(400),
            // Their own upstream or their own trouble: whatever was asked for may have been done.
            _ if status >= 500 || self.code.parse::<u16>().is_ok_and(|code| code >= 500) => {
                Error::Unknown { loss: Loss::Status(status), why }
            }
            _ => denied(400),
        }
    }
}

/// The document inside an answer, or the call's own refusal.
pub(super) fn opened(api: &Api, told: Value) -> Result<Value, Error> {
    let inner = told.get("result").filter(|inner| inner.get("success").is_some());
    let parts: Vec<&Value> = [Some(&told), inner].into_iter().flatten().collect();
    let successes: Vec<bool> = parts.iter().filter_map(|part| words::flag(part, "/success")).collect();
    // Nothing in it is what the call is for.
    let empty = told.pointer(api.document).is_none_or(Value::is_null);
    let complaint = parts.iter().rev().find_map(|part| complaint(part));
    let failed = successes.contains(&false) || (complaint.is_some() && (successes.is_empty() || empty));
    // A few answers say that they failed and have everything that was asked for.
    let all_the_same = api.proof.is_some_and(|at| words::text(&told, at).is_some());
    if failed && !all_the_same {
        let (error_code, message) = complaint.unwrap_or_default();
        let data = told.get("result").cloned().unwrap_or_default();
        return Err(Error::Refused(Box::new(Refusal { error_code, message, data })));
    }
    match api.document {
        "" => Ok(told),
        at => match told.pointer(at) {
            Some(document) if !document.is_null() => Ok(document.clone()),
            _ => Err(Error::Nonsense(format!("{}: nothing at {at}", api.name))),
        },
    }
}

/// The code and the words of a refusal, by whatever names.
fn complaint(part: &Value) -> Option<(String, String)> {
    const CODES: [&str; 4] = ["/errorCode", "/code", "/retCode", "/resultCode"];
    const WORDS: [&str; 8] =
        ["/errorMessage", "/errorMsg", "/erroMsg", "/errorInfo", "/extErrorMessage", "/message", "/retMsg", "/msg"];
    const WELL: [&str; 5] = ["200", "S0000", "S000", "0", "SUCCESS"];
    let find = |names: &[&str]| names.iter().find_map(|at| words::text(part, at));
    let code = find(&CODES).filter(|code| !WELL.contains(&code.as_str()));
    let message = find(&WORDS);
    match (code, message) {
        (None, None) => None,
        (None, Some(message)) if words::flag(part, "/success") == Some(false) || part.get("errorMessage").is_some() => {
            Some((String::new(), message))
        }
        (None, Some(_)) => None,
        (Some(code), message) => Some((code, message.unwrap_or_default())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{by_gateway, opened};
    use crate::upstream::failure::Error;
    use crate::upstream::open1688::table::{self, Api};

    fn refused(api: &Api, told: Value) -> (String, String) {
        match opened(api, told).unwrap_err() {
            Error::Refused(refusal) => (refusal.error_code, refusal.message),
            other => panic!("{other}"),
        }
    }

    #[test]
    fn a_success_is_a_boolean_or_a_text_outside_or_inside() {
        let nested = |success: Value| json!({"result": {"success": success, "code": "200", "message": "成功", "result": {"a": 1}}});
        for success in [json!(true), json!("true")] {
            assert_eq!(opened(&table::SEARCH, nested(success)).unwrap(), json!({"a": 1}));
        }
        let no = json!({"result": {"success": "false", "code": "404", "message": "No such offer."}});
        assert_eq!(refused(&table::SEARCH, no), ("404".to_owned(), "No such offer.".to_owned()));
        let whole = json!({"orderPreviewResuslt": [], "success": true});
        assert_eq!(opened(&table::PREVIEW, whole.clone()).unwrap(), whole);
        let no = json!({"success": false, "errorCode": "500_004", "errorMsg": "库存不足"});
        assert_eq!(refused(&table::PREVIEW, no), ("500_004".to_owned(), "库存不足".to_owned()));
    }

    #[test]
    fn odd_answers_are_read_as_what_they_are() {
        // A trace that is not there is told as a success.
        let no = json!({"errorMessage": "该订单没有物流跟踪信息。", "success": true});
        assert_eq!(refused(&table::TRACES, no).1, "该订单没有物流跟踪信息。");
        // An order that was made is told as a failure.
        let made = json!({"success": false, "result": {"orderId": "87407346014789305", "success": false}});
        assert_eq!(opened(&table::CREATE, made).unwrap()["orderId"], "87407346014789305");
        let no = json!({"success": false, "code": "400", "message": "AddressId invalid:AddressId invalid"});
        assert_eq!(refused(&table::CREATE, no).0, "400");
        let empty = json!({"result": {"success": true, "code": "200"}});
        assert!(matches!(opened(&table::SEARCH, empty), Err(Error::Nonsense(_))));
    }

    #[test]
    fn each_error_of_the_gateway_has_its_meaning() {
        let judged = |code: &str, status| {
            let told = json!({"error_code": code, "error_message": "m", "exception": "m", "request_id": "r"});
            by_gateway(&told).unwrap().judged(&table::SEARCH, status, Some(3))
        };
        let status = |error: Error| match error {
            Error::Denied { status, wait_s, .. } => (status, wait_s),
            other => panic!("{other}"),
        };
        for (code, wanted) in [
            ("401", 401),
            ("gw.QosAppFrequencyLimit", 429),
            ("gw.QosRequestLimit", 429),
            ("gw.SignatureInvalid", 403),
            ("gw.SignatureMissing", 403),
            ("gw.AppKeyMissing", 403),
            ("gw.ParamMissing", 400),
        ] {
            assert_eq!(status(judged(code, 400)), (wanted, Some(3)), "{code}");
        }
        for code in ["gw.APIUnsupported", "gw.APIACLDecline"] {
            assert!(matches!(judged(code, 400), Error::NotOffered(_)), "{code}");
        }
        assert!(matches!(judged("504", 504), Error::Unknown { .. }));
        assert_eq!(by_gateway(&json!({"success": false, "errorCode": "404"})), None);
        assert!(by_gateway(&json!({"errorCode": "gw.APIUnsupported", "errorMessage": "x"})).is_some());
    }
}
