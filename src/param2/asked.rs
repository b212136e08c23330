//! A call that may be made, with its parameters ready to be read: what the writer of an answer gets.

use actix_web::HttpRequest;
use actix_web::web::Data;
use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::catalog::{Audience, Shown};
use crate::edge::problem::Problem;
use crate::edge::visit::Shared;
use crate::error::Code;
use crate::model::language::Language;
use crate::model::money::Currency;
use crate::model::partner::Caller;
use crate::param2::dates;
use crate::param2::dispatch::Row;
use crate::param2::fault::Refusal;
use crate::param2::parameters::Parameters;

/// A call on its way to a room.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Who calls.
    pub caller: Caller,
    /// The buyer account of the token; the partner's own where none is needed and none was sent.
    pub account: String,
    /// The row of the table.
    pub row: &'static Row,
    /// The visit this request is.
    pub visit: Shared,
    pub(super) request: HttpRequest,
    pub(super) parameters: Parameters,
}

/// `alibaba.national.common.result.ResultModel`
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Traced<M> {
    msg: &'static str,
    trace_id: String,
    success: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<M>,
}

/// What a call answers with.
#[derive(Debug)]
pub enum Answer {
    /// The whole body.
    Whole(Bytes),
    /// A rendered answer that is kept, with its codings.
    Kept(Box<Shown>),
}

/// What the writer of an answer gives back.
pub type Told = Result<Answer, Refusal>;

impl Asked {
    /// A room, as the worker has it.
    pub fn room<R: 'static>(&self) -> Result<Data<R>, Refusal> {
        let room = self.request.app_data::<Data<R>>().cloned();
        room.ok_or_else(|| Problem::new(Code::Internal).into())
    }

    /// Whether the token is a sub-account's, which sees only what is its own.
    pub fn is_branch(&self) -> bool {
        self.account != self.caller.partner.id.as_str()
    }

    /// A parameter's text; none when it is not there or empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.parameters.text(name)
    }

    /// A parameter's text that has to be there.
    pub fn need(&self, name: &str) -> Result<&str, Refusal> {
        self.text(name).ok_or_else(|| Refusal::missing(name))
    }

    /// A whole number.
    pub fn long(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        text.trim().parse().map(Some).map_err(|_| Refusal::invalid(name, "a whole number is wanted"))
    }

    /// A whole number that has to be there.
    pub fn need_long(&self, name: &str) -> Result<i64, Refusal> {
        self.long(name)?.ok_or_else(|| Refusal::missing(name))
    }

    /// A date in any of the forms that clients send.
    pub fn date(&self, name: &str) -> Result<Option<Timestamp>, Refusal> {
        let Some(text) = self.text(name) else { return Ok(None) };
        dates::read(text)
            .map(Some)
            .ok_or_else(|| Refusal::invalid(name, "a date like 20240101000000000+0800 is wanted"))
    }

    /// `true`; anything else is no.
    pub fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// A parameter that is JSON; `null` members are as good as absent.
    pub fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, Refusal> {
        read_json(name, self.need(name)?)
    }

    /// The same, none when it is not there.
    pub fn some_json<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Refusal> {
        self.text(name).map(|text| read_json(name, text)).transpose()
    }

    /// A file.
    pub fn file(&self, name: &str) -> Result<Bytes, Refusal> {
        self.parameters.file(name).ok_or_else(|| Refusal::missing(name))
    }

    /// For whom the catalogue is asked: this language, prices in CNY as everywhere on this face.
    pub fn audience(&self, name: &str, language: Option<&str>) -> Result<Audience, Refusal> {
        Ok(Audience::of(&self.caller, language_of(name, language)?, Currency::CNY))
    }

    /// Scheme and host as the caller knows us, for addresses that are told.
    pub fn origin(&self) -> String {
        let info = self.request.connection_info();
        format!("{}://{}", info.scheme(), info.host())
    }

    /// The request itself, for what is told by its connection.
    pub fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// The number of this visit, which some calls tell as a trace.
    pub fn request_id(&self) -> String {
        self.visit.with(|visit| visit.request_id.to_string())
    }

    /// A success as the calls that tell a trace have it: `{"result": {"msg", "traceId", "success", "model"}}`.
    pub fn traced(&self, model: Option<impl Serialize>) -> Told {
        let success = self.row.form.success.json(true);
        self.answer(&json!({"result": Traced { msg: "OK", trace_id: self.request_id(), success, model }}))
    }

    /// A success in the call's own form.
    pub fn answer(&self, result: &impl Serialize) -> Told {
        let whole = self.row.form.whole(result);
        whole.map(Answer::Whole).ok_or_else(|| Problem::new(Code::Internal).into())
    }
}

fn read_json<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, Refusal> {
    let reader = &mut serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(reader).map_err(|error| {
        let (path, why) = (error.path().to_string(), error.inner().to_string());
        // Where the text ends too early, there is no place either.
        let place = if matches!(path.as_str(), "." | "?") { name.to_owned() } else { format!("{name}.{path}") };
        Refusal::invalid(&place, why)
    })
}

/// A language as this face names it: `en`, `ja`, … ; Java's `ja_JP` too. Texts are English where none is asked for.
fn language_of(name: &str, tag: Option<&str>) -> Result<Language, Refusal> {
    let Some(tag) = tag.map(str::trim).filter(|tag| !tag.is_empty()) else { return Ok(Language::English) };
    let tag = tag.replace('_', "-");
    tag.parse().map_err(|error| Refusal::invalid(name, error))
}

#[cfg(test)]
mod tests {
    use super::{language_of, read_json};
    use crate::model::language::Language;
    use crate::param2::fault::Refusal;

    #[test]
    fn languages_are_read_in_every_spelling() {
        for (tag, wanted) in [("ja", Language::Japanese), ("en_US", Language::English), (" ko ", Language::Korean)] {
            assert_eq!(language_of("country", Some(tag)).unwrap(), wanted);
        }
        assert_eq!(language_of("country", None).unwrap(), Language::English);
        assert!(language_of("country", Some("xx")).is_err());
    }

    #[test]
    fn json_that_cannot_be_read_is_told_with_its_place() {
        #[derive(Debug, serde::Deserialize)]
        struct Wanted {
            #[serde(rename = "offerId")]
            _offer: i64,
        }
        let told = |text: &str| match read_json::<Wanted>("offerDetailParam", text) {
            Err(Refusal::Gateway { message, .. }) => message.unwrap(),
            other => panic!("{other:?}"),
        };
        assert!(told("{\"offerId\":[]}").starts_with("param offerDetailParam.offerId is invalid"), "{}", told("{}"));
        assert!(told("{").starts_with("param offerDetailParam is invalid"));
    }
}
