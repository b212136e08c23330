//! What a signature can cover: derived components (`@method` …) and header fields (RFC 9421 §2).
//! Leaves out `@status` and `@query-param` and all component parameters, which the profile does not know.

/// One covered component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Component<'a> {
    /// `@method`
    Method,
    /// `@authority`
    Authority,
    /// `@path`
    Path,
    /// `@query`
    Query,
    /// `@target-uri`
    TargetUri,
    /// `@scheme`
    Scheme,
    /// `@request-target`
    RequestTarget,
    /// A header field, by its name in lower case.
    Field(&'a str),
}

/// Says why a component name cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ComponentError {
    /// A derived component that does not exist or that requests of this profile do not have.
    #[error("the derived component \"{0}\" is not known here")]
    UnknownDerived(String),
    /// Not a header field name in lower case.
    #[error("\"{0}\" is not a header field name in lower case")]
    NotAFieldName(String),
}

const DERIVED: [(&str, Component<'static>); 7] = [
    ("@method", Component::Method),
    ("@authority", Component::Authority),
    ("@path", Component::Path),
    ("@query", Component::Query),
    ("@target-uri", Component::TargetUri),
    ("@scheme", Component::Scheme),
    ("@request-target", Component::RequestTarget),
];

impl<'a> Component<'a> {
    /// Reads a component name as it stands between the quotes.
    pub fn parse(name: &'a str) -> Result<Self, ComponentError> {
        if name.starts_with('@') {
            return DERIVED
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, component)| *component)
                .ok_or_else(|| ComponentError::UnknownDerived(name.to_owned()));
        }
        if is_field_name(name) { Ok(Self::Field(name)) } else { Err(ComponentError::NotAFieldName(name.to_owned())) }
    }

    /// Returns the name as it stands between the quotes.
    pub fn name(&self) -> &'a str {
        match self {
            Self::Method => "@method",
            Self::Authority => "@authority",
            Self::Path => "@path",
            Self::Query => "@query",
            Self::TargetUri => "@target-uri",
            Self::Scheme => "@scheme",
            Self::RequestTarget => "@request-target",
            Self::Field(name) => name,
        }
    }
}

/// RFC 9110 `token`, upper case excluded: RFC 9421 §2.1 wants names in lower case.
fn is_field_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::{Component, DERIVED};

    #[test]
    fn every_derived_name_reads_back_as_itself() {
        for (name, component) in DERIVED {
            assert_eq!(Component::parse(name), Ok(component));
            assert_eq!(component.name(), name);
        }
    }

    #[test]
    fn unknown_and_ill_shaped_names_are_refused() {
        for name in ["@status", "@query-param", "@Method", "Date", "a b", "", "日付"] {
            assert!(Component::parse(name).is_err(), "{name}");
        }
    }
}
