//! The request as the signature sees it: borrowed parts, headers looked up through a small trait.
//! Where they come from (a server's request, a client's draft, a vector file) is the caller's business.

/// Finds header fields by name without copying them.
pub trait Fields {
    /// Hands every value of the field `name` (given in lower case) to `take`, in the order received, one call a line.
    fn each<'s>(&'s self, name: &str, take: &mut dyn FnMut(&'s [u8]));
}

/// A request without header fields.
#[derive(Clone, Copy, Debug)]
pub struct NoFields;

impl Fields for NoFields {
    fn each<'s>(&'s self, _: &str, _: &mut dyn FnMut(&'s [u8])) {}
}

impl<N: AsRef<str>, V: AsRef<[u8]>> Fields for &[(N, V)] {
    fn each<'s>(&'s self, name: &str, take: &mut dyn FnMut(&'s [u8])) {
        for (field, value) in self.iter() {
            if field.as_ref().eq_ignore_ascii_case(name) {
                take(value.as_ref());
            }
        }
    }
}

impl<N: AsRef<str>, V: AsRef<[u8]>> Fields for Vec<(N, V)> {
    fn each<'s>(&'s self, name: &str, take: &mut dyn FnMut(&'s [u8])) {
        for (field, value) in self {
            if field.as_ref().eq_ignore_ascii_case(name) {
                take(value.as_ref());
            }
        }
    }
}

/// A request, borrowed; path and query keep their percent-encoding exactly as on the wire.
#[derive(Clone, Copy)]
pub struct Message<'a> {
    /// The method, as sent (RFC 9421 §2.2.1: case-sensitive).
    pub method: &'a str,
    /// `https` or `http`, as the partner called it; decides which port is the default one.
    pub scheme: &'a str,
    /// Host and port as the partner called them; lower-casing and the default port are dealt with in the base.
    pub authority: &'a str,
    /// The absolute path; an empty one counts as `/`.
    pub path: &'a str,
    /// What follows the `?`, without it; `None` when there is no `?` at all.
    pub query: Option<&'a str>,
    /// The header fields.
    pub headers: &'a dyn Fields,
}

impl<'a> Message<'a> {
    /// Returns the value of a field that is there exactly once; `Err` holds how often it is there.
    pub fn field(&self, name: &str) -> Result<&'a [u8], usize> {
        let mut count = 0;
        let mut found: &'a [u8] = &[];
        self.headers.each(name, &mut |value| {
            count += 1;
            found = value;
        });
        if count == 1 { Ok(found) } else { Err(count) }
    }

    /// Says whether the field is there at all.
    pub fn has_field(&self, name: &str) -> bool {
        !matches!(self.field(name), Err(0))
    }
}

impl std::fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Message")
            .field("method", &self.method)
            .field("scheme", &self.scheme)
            .field("authority", &self.authority)
            .field("path", &self.path)
            .field("query", &self.query)
            .finish_non_exhaustive()
    }
}
