//! Where visitors who are sent to partners are taken to be.

use crate::config::reader::Reader;

/// The `[referrals]` section.
#[derive(Clone, Debug)]
pub struct Referrals {
    /// The header by which a trusted proxy tells a visitor's country; none when it is empty.
    pub country_header: Option<String>,
    /// The country of visitors of whom none is told; none when it is empty.
    pub country: Option<String>,
}

impl Referrals {
    pub(super) fn read(from: &mut Reader) -> Self {
        let given = |text: String| (!text.is_empty()).then_some(text);
        let country_header = given(from.text("referrals.country_header"));
        let is_token = |name: &String| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if country_header.as_ref().is_some_and(|name| !is_token(name)) {
            from.complain("referrals.country_header", "must be the name of a header, such as \"cf-ipcountry\"");
        }
        let country = given(from.text("referrals.country"));
        let is_code = |code: &String| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
        if country.as_ref().is_some_and(|code| !is_code(code)) {
            from.complain("referrals.country", "must be an ISO 3166-1 code in capitals, such as \"JP\"");
        }
        Self { country_header, country }
    }
}
