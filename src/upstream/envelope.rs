//! The wrapper around every JSON answer of the wholesale service; opening it gives the document or the refusal.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::upstream::failure::{Error, Refusal};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    success: bool,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
    error_code: Option<String>,
    error_msg: Option<String>,
    error_data: Option<serde_json::Value>,
}

/// The document inside a well-formed answer, without copying it.
pub(super) fn open(answer: &Bytes) -> Result<Bytes, Error> {
    let envelope: Envelope<'_> =
        serde_json::from_slice(answer).map_err(|why| Error::Nonsense(format!("the envelope: {why}")))?;
    match (envelope.success, envelope.data, envelope.error_code) {
        (true, Some(data), _) => Ok(answer.slice_ref(data.get().as_bytes())),
        (true, None, _) => Err(Error::Nonsense("success without data".into())),
        (false, _, Some(error_code)) => Err(Error::Refused(Box::new(Refusal {
            error_code,
            message: envelope.error_msg.unwrap_or_default(),
            data: envelope.error_data.unwrap_or_default(),
        }))),
        (false, _, None) => Err(Error::Nonsense("failure without an error code".into())),
    }
}

/// The service's words about a refusal by status; what is not an envelope is quoted briefly.
pub(super) fn words(answer: &Bytes) -> String {
    match open(answer) {
        Err(Error::Refused(refusal)) => format!("{} {}", refusal.error_code, refusal.message),
        _ => String::from_utf8_lossy(answer.get(..200).unwrap_or(answer)).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::open;
    use crate::upstream::failure::Error;
    use bytes::Bytes;

    fn opened(text: &'static str) -> Result<Bytes, Error> {
        open(&Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn the_document_is_handed_on_byte_for_byte() {
        let document = opened(r#"{"success":true,"data":{"a": [1, 2]},"traceId":"t"}"#).unwrap();
        assert_eq!(document, Bytes::from_static(br#"{"a": [1, 2]}"#));
    }

    #[test]
    fn a_refusal_keeps_its_word_and_facts() {
        let error =
            opened(r#"{"success":false,"errorCode":"STOCK_NOT_ENOUGH","errorMsg":"库存不足","errorData":{"stock":3}}"#)
                .unwrap_err();
        let refusal = error.refusal().unwrap();
        assert_eq!(refusal.error_code, "STOCK_NOT_ENOUGH");
        assert_eq!(refusal.data["stock"], 3);
    }

    #[test]
    fn what_is_no_envelope_is_nonsense() {
        for text in
            ["", "<html>", "[]", r#"{"success":true}"#, r#"{"success":false}"#, "{\"success\":true,\"data\":\"\u{0}"]
        {
            assert!(matches!(opened(text), Err(Error::Nonsense(_))), "{text}");
        }
    }
}
