//! Places inside the country: the six digits of GB/T 2260, of a province, a city or a district.

use std::fmt;
use std::str::FromStr;

/// All provinces, by the first two digits.
const PROVINCES: &str = "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 \
    71 81 82";

/// A place's code, such as 330782.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegionCode([u8; 6]);

/// What kind of place a code names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// A province, or what has its rank.
    Province,
    /// A prefecture.
    City,
    /// A district, county or town of county's rank.
    District,
}

impl Level {
    /// `province`, `city` or `district`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Province => "province",
            Self::City => "city",
            Self::District => "district",
        }
    }
}

impl RegionCode {
    /// The six digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("000000")
    }

    /// What kind of place it is.
    pub fn level(self) -> Level {
        match self.0 {
            [_, _, b'0', b'0', b'0', b'0'] => Level::Province,
            [_, _, _, _, b'0', b'0'] => Level::City,
            _ => Level::District,
        }
    }

    /// The province it lies in, or is.
    pub fn province(self) -> Self {
        let [a, b, ..] = self.0;
        Self([a, b, b'0', b'0', b'0', b'0'])
    }

    /// The prefecture it lies in, or is.
    pub fn city(self) -> Self {
        let [a, b, c, d, ..] = self.0;
        Self([a, b, c, d, b'0', b'0'])
    }

    /// Whether the other place is inside this one, and another.
    pub fn holds(self, other: Self) -> bool {
        self != other
            && match self.level() {
                Level::Province => other.province() == self,
                Level::City => other.city() == self,
                Level::District => false,
            }
    }
}

impl fmt::Display for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no code of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("six digits of GB/T 2260 whose first two are a province's, such as 330700")]
pub struct NotARegion;

impl FromStr for RegionCode {
    type Err = NotARegion;
    fn from_str(text: &str) -> Result<Self, NotARegion> {
        let bytes: [u8; 6] = text.as_bytes().try_into().map_err(|_| NotARegion)?;
        let province = text.get(..2).ok_or(NotARegion)?;
        let known = bytes.iter().all(u8::is_ascii_digit) && PROVINCES.split(' ').any(|one| one == province);
        // A district without a city is a place only where provinces govern it themselves: 9xxx.
        let [_, _, c, d, e, f] = bytes;
        let whole = (c, d) != (b'0', b'0') || (e, f) == (b'0', b'0');
        if known && whole { Ok(Self(bytes)) } else { Err(NotARegion) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Level, RegionCode};

    #[test]
    fn a_code_knows_its_kind_and_what_it_lies_in() {
        let code = |text: &str| text.parse::<RegionCode>().unwrap();
        let (zhejiang, jinhua, yiwu) = (code("330000"), code("330700"), code("330782"));
        assert_eq!([zhejiang, jinhua, yiwu].map(RegionCode::level), [Level::Province, Level::City, Level::District]);
        assert_eq!((yiwu.city(), yiwu.province()), (jinhua, zhejiang));
        assert!(zhejiang.holds(yiwu) && zhejiang.holds(jinhua) && jinhua.holds(yiwu));
        assert!(!jinhua.holds(jinhua) && !yiwu.holds(jinhua) && !jinhua.holds(code("330602")));
        for wrong in ["", "33", "3307", "33078x", "990000", "330082", "3307822", "３３０７８２", "浙江"] {
            assert!(wrong.parse::<RegionCode>().is_err(), "{wrong}");
        }
    }
}
