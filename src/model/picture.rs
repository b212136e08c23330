//! Pictures to search by, and parts of them.

use std::fmt;
use std::str::FromStr;

use crate::model::ids::{ImageId, OfferId};

/// A picture to search by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Alike {
    /// Which picture.
    pub picture: Pictured,
    /// Only this part of it.
    pub region: Option<Region>,
}

/// Which picture is searched by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Pictured {
    /// One that the partner uploaded.
    Uploaded {
        /// Our id of it.
        image: ImageId,
        /// The catalogue's id of it.
        catalogue_id: String,
    },
    /// The picture of an offer.
    Offer(OfferId),
}

/// A part of a picture, in thousandths of its sides from the upper left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Region {
    /// Left edge.
    pub x1: u16,
    /// Upper edge.
    pub y1: u16,
    /// Right edge.
    pub x2: u16,
    /// Lower edge.
    pub y2: u16,
}

/// The smallest width and height, in thousandths.
const SMALLEST: u16 = 50;
const WHOLE: u16 = 1000;

/// A text that is no part of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("x1,y1,x2,y2 as shares of the picture's sides from 0 to 1, e.g. 0.1,0.2,0.9,0.8; at least 0.05 wide and high")]
pub struct NoRegion;

impl FromStr for Region {
    type Err = NoRegion;

    fn from_str(text: &str) -> Result<Self, NoRegion> {
        let mut numbers = text.split(',').map(permille);
        let mut next = || numbers.next().flatten().ok_or(NoRegion);
        let region = Self { x1: next()?, y1: next()?, x2: next()?, y2: next()? };
        let fits = region.x1 + SMALLEST <= region.x2 && region.y1 + SMALLEST <= region.y2;
        if fits && numbers.next().is_none() { Ok(region) } else { Err(NoRegion) }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{},{}", self.x1, self.y1, self.x2, self.y2)
    }
}

/// `0`, `1`, `0.25`, `.5`: a share with up to six decimals, as thousandths.
fn permille(text: &str) -> Option<u16> {
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = part.bytes().all(|byte| byte.is_ascii_digit()) && part.len() <= 6;
    let whole: u16 = match whole {
        "" if !part.is_empty() => 0,
        "0" => 0,
        "1" => WHOLE,
        _ => return None,
    };
    let thousandths: u16 = format!("{part:0<3}").get(..3)?.parse().ok()?;
    Some(whole + thousandths).filter(|share| digits && *share <= WHOLE)
}

#[cfg(test)]
mod tests {
    use super::Region;

    #[test]
    fn a_region_is_four_shares_with_room_between_them() {
        let region: Region = "0.1, .25,0.9,1".parse().unwrap();
        assert_eq!((region.x1, region.y1, region.x2, region.y2), (100, 250, 900, 1000));
        assert_eq!(region.to_string(), "100,250,900,1000");
        let wrong = [
            "",
            "0,0,1",
            "0,0,1,1,1",
            "0.5,0,0.5,1",
            "0.5,0,0.54,1",
            "0,0,2,1",
            "-0.1,0,1,1",
            "0,0,1.5,1",
            "a,0,1,1",
            "0,0,1,0.1x",
            "10,10,200,200",
            ",,,",
            "0,.,1,1",
            "0,0,NaN,1",
            "0,0,1e0,1",
        ];
        for text in wrong {
            assert!(text.parse::<Region>().is_err(), "{text}");
        }
    }
}
