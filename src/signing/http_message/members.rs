//! Reads the members of `Signature-Input` and `Signature` while the structured-field parser walks over them.
//! Picks ours by its tag, keeps its bytes as they came, and remembers the first thing wrong with it.

use std::borrow::Cow;
use std::convert::Infallible;

use sfv::visitor::{DictionaryVisitor, EntryVisitor, Ignored, InnerListVisitor, ItemVisitor, ParameterVisitor};
use sfv::{BareItemFromInput, KeyRef};

use crate::signing::http_message::{Algorithm, Component, Malformed, TAG};

/// More are refused: the duplicates are looked for pair by pair.
const MAX_COMPONENTS: usize = 64;
/// More are refused, for the same reason.
const MAX_MEMBERS: usize = 16;
/// What the contract makes partners send, so that the usual list needs one allocation.
const USUAL_COMPONENTS: usize = 8;

/// One member of `Signature-Input`, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Draft<'a> {
    pub label: &'a str,
    pub raw: &'a str,
    value_at: usize,
    pub components: Vec<Component<'a>>,
    pub created: Option<i64>,
    pub expires: Option<i64>,
    pub nonce: Option<Cow<'a, str>>,
    pub key_id: Option<Cow<'a, str>>,
    pub algorithm: Option<Algorithm>,
    algorithm_seen: bool,
    tag: Option<Cow<'a, str>>,
    problem: Option<Malformed>,
}

impl Draft<'_> {
    fn complain(&mut self, problem: Malformed) {
        self.problem.get_or_insert(problem);
    }
}

/// Collects our member from the lines of `Signature-Input`.
#[derive(Debug, Default)]
pub(super) struct Members<'a> {
    line: &'a [u8],
    labels: Vec<&'a str>,
    open: Option<Draft<'a>>,
    pub ours: Option<Draft<'a>>,
    pub problem: Option<Malformed>,
}

impl<'a> Members<'a> {
    /// Starts over on the next line of the header.
    pub fn line(&mut self, line: &'a [u8]) -> &mut Self {
        self.line = line;
        self.open = None;
        self
    }

    fn complain(&mut self, problem: Malformed) {
        self.problem.get_or_insert(problem);
    }

    /// Settles the member that ends somewhere before `end`: its bytes run to the comma, or to the line's end.
    fn close(&mut self, end: usize) {
        let Some(mut draft) = self.open.take() else {
            return;
        };
        if draft.tag.as_deref() != Some(TAG) {
            return;
        }
        let bytes = self.line.get(draft.value_at..end).unwrap_or_default();
        let bytes = trim_end(bytes);
        let bytes = trim_end(bytes.strip_suffix(b",").unwrap_or(bytes));
        draft.raw = std::str::from_utf8(bytes).unwrap_or_default();
        if let Some(problem) = draft.problem.take() {
            self.complain(problem);
        } else if self.ours.is_some() {
            self.complain(Malformed::TwoSignatures);
        }
        self.ours = Some(draft);
    }
}

fn trim_end(mut bytes: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

impl<'a> DictionaryVisitor<'a> for &mut Members<'a> {
    type Out = ();
    type Error = Infallible;

    fn entry(&mut self, key: &'a KeyRef) -> Result<impl EntryVisitor<'a>, Self::Error> {
        let label: &'a str = key.as_str();
        // The key is a slice of the line, so its address tells where it stands.
        let key_at = (label.as_ptr() as usize).saturating_sub(self.line.as_ptr() as usize);
        self.close(key_at);
        if self.labels.len() == MAX_MEMBERS {
            self.complain(Malformed::TooManySignatures(MAX_MEMBERS));
        } else if self.labels.contains(&label) {
            let label = label.to_owned();
            self.complain(Malformed::RepeatedLabel { field: "Signature-Input", label });
        } else {
            self.labels.push(label);
        }
        self.open = Some(Draft { label, value_at: key_at + label.len() + 1, ..Draft::default() });
        Ok(Member(self))
    }

    fn finish(self) -> Result<Self::Out, Self::Error> {
        let end = self.line.len();
        self.close(end);
        Ok(())
    }
}

struct Member<'m, 'a>(&'m mut Members<'a>);

impl<'a> EntryVisitor<'a> for Member<'_, 'a> {
    type Error = Infallible;

    fn item(self) -> Result<impl ItemVisitor<'a>, Self::Error> {
        let label = self.0.open.as_ref().map_or("", |draft| draft.label);
        self.0.complain(Malformed::NotAList(label.to_owned()));
        Ok(Ignored)
    }

    fn inner_list(self) -> Result<impl InnerListVisitor<'a>, Self::Error> {
        Ok(self.0.open.as_mut().map(|draft| List { draft, length: 0 }))
    }
}

struct List<'m, 'a> {
    draft: &'m mut Draft<'a>,
    length: usize,
}

impl<'a> InnerListVisitor<'a> for List<'_, 'a> {
    type Error = Infallible;

    fn item(&mut self) -> Result<impl ItemVisitor<'a>, Self::Error> {
        self.length += 1;
        if self.length > MAX_COMPONENTS {
            self.draft.complain(Malformed::TooManyComponents(MAX_COMPONENTS));
            return Ok(None);
        }
        Ok(Some(Covered(self.draft)))
    }

    fn finish(self) -> Result<impl ParameterVisitor<'a>, Self::Error> {
        Ok(Parameters(self.draft))
    }
}

struct Covered<'m, 'a>(&'m mut Draft<'a>);

impl<'a> ItemVisitor<'a> for Covered<'_, 'a> {
    type Out = ();
    type Error = Infallible;

    fn bare_item(self, item: BareItemFromInput<'a>) -> Result<impl ParameterVisitor<'a, Out = ()>, Self::Error> {
        let draft = self.0;
        let name = match item {
            BareItemFromInput::String(Cow::Borrowed(name)) => name.as_str(),
            // A name with an escape in it is no field name.
            BareItemFromInput::String(Cow::Owned(_)) => "\\",
            _ => {
                draft.complain(Malformed::ComponentNotAString);
                return Ok(NoParameters { draft, name: "" });
            }
        };
        match Component::parse(name) {
            Ok(component) if draft.components.contains(&component) => {
                draft.complain(Malformed::RepeatedComponent(name.to_owned()));
            }
            Ok(component) => {
                if draft.components.is_empty() {
                    draft.components.reserve(USUAL_COMPONENTS);
                }
                draft.components.push(component);
            }
            Err(error) => draft.complain(error.into()),
        }
        Ok(NoParameters { draft, name })
    }
}

struct NoParameters<'m, 'a> {
    draft: &'m mut Draft<'a>,
    name: &'a str,
}

impl<'a> ParameterVisitor<'a> for NoParameters<'_, 'a> {
    type Out = ();
    type Error = Infallible;

    fn parameter(&mut self, key: &'a KeyRef, _: BareItemFromInput<'a>) -> Result<(), Infallible> {
        self.draft.complain(Malformed::ComponentParameter {
            component: self.name.to_owned(),
            parameter: key.as_str().to_owned(),
        });
        Ok(())
    }

    fn finish(self) -> Result<(), Infallible> {
        Ok(())
    }
}

struct Parameters<'m, 'a>(&'m mut Draft<'a>);

impl<'a> ParameterVisitor<'a> for Parameters<'_, 'a> {
    type Out = ();
    type Error = Infallible;

    fn parameter(&mut self, key: &'a KeyRef, value: BareItemFromInput<'a>) -> Result<(), Infallible> {
        let draft = &mut *self.0;
        let stored = match key.as_str() {
            "created" => store(&mut draft.created, "created", time("created", value)),
            "expires" => store(&mut draft.expires, "expires", time("expires", value)),
            "nonce" => store(&mut draft.nonce, "nonce", text("nonce", value)),
            "keyid" => store(&mut draft.key_id, "keyid", text("keyid", value)),
            "tag" => store(&mut draft.tag, "tag", text("tag", value)),
            "alg" => store_algorithm(draft, value),
            other => Err(Malformed::UnknownParameter(other.to_owned())),
        };
        if let Err(problem) = stored {
            draft.complain(problem);
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Infallible> {
        Ok(())
    }
}

fn store<T>(place: &mut Option<T>, parameter: &'static str, value: Result<T, Malformed>) -> Result<(), Malformed> {
    if place.replace(value?).is_some() {
        return Err(Malformed::RepeatedParameter(parameter));
    }
    Ok(())
}

fn store_algorithm(draft: &mut Draft<'_>, value: BareItemFromInput<'_>) -> Result<(), Malformed> {
    if std::mem::replace(&mut draft.algorithm_seen, true) {
        return Err(Malformed::RepeatedParameter("alg"));
    }
    let name = text("alg", value)?;
    let algorithm = Algorithm::parse(&name).ok_or_else(|| Malformed::UnknownAlgorithm(name.into_owned()))?;
    draft.algorithm = Some(algorithm);
    Ok(())
}

fn time(parameter: &'static str, value: BareItemFromInput<'_>) -> Result<i64, Malformed> {
    let seconds = match value {
        BareItemFromInput::Integer(seconds) => i64::from(seconds),
        _ => -1,
    };
    if seconds < 0 {
        return Err(Malformed::ParameterType {
            parameter,
            expected: "an integer of seconds since 1970, without quotes",
        });
    }
    Ok(seconds)
}

fn text<'a>(parameter: &'static str, value: BareItemFromInput<'a>) -> Result<Cow<'a, str>, Malformed> {
    match value {
        BareItemFromInput::String(Cow::Borrowed(text)) => Ok(Cow::Borrowed(text.as_str())),
        BareItemFromInput::String(Cow::Owned(text)) => Ok(Cow::Owned(text.into())),
        _ => Err(Malformed::ParameterType { parameter, expected: "a string in double quotes" }),
    }
}

/// Collects the bytes under one label from the lines of `Signature`.
#[derive(Debug)]
pub(super) struct SignatureBytes<'l> {
    label: &'l str,
    pub seen: bool,
    pub bytes: Option<Vec<u8>>,
    pub problem: Option<Malformed>,
}

impl<'l> SignatureBytes<'l> {
    pub fn under(label: &'l str) -> Self {
        Self { label, seen: false, bytes: None, problem: None }
    }
}

impl<'a> DictionaryVisitor<'a> for &mut SignatureBytes<'_> {
    type Out = ();
    type Error = Infallible;

    fn entry(&mut self, key: &'a KeyRef) -> Result<impl EntryVisitor<'a>, Self::Error> {
        if key.as_str() != self.label {
            return Ok(None);
        }
        if std::mem::replace(&mut self.seen, true) {
            self.problem.get_or_insert(Malformed::RepeatedLabel { field: "Signature", label: self.label.to_owned() });
        }
        Ok(Some(SignatureMember(self)))
    }

    fn finish(self) -> Result<(), Infallible> {
        Ok(())
    }
}

struct SignatureMember<'m, 'l>(&'m mut SignatureBytes<'l>);

impl<'a> EntryVisitor<'a> for SignatureMember<'_, '_> {
    type Error = Infallible;

    fn item(self) -> Result<impl ItemVisitor<'a>, Self::Error> {
        Ok(self)
    }

    fn inner_list(self) -> Result<impl InnerListVisitor<'a>, Self::Error> {
        Ok(Ignored)
    }
}

impl<'a> ItemVisitor<'a> for SignatureMember<'_, '_> {
    type Out = ();
    type Error = Infallible;

    fn bare_item(self, item: BareItemFromInput<'a>) -> Result<impl ParameterVisitor<'a, Out = ()>, Self::Error> {
        if let BareItemFromInput::ByteSequence(bytes) = item {
            self.0.bytes = Some(bytes);
        }
        Ok(Ignored)
    }
}
