//! What a seller charges for the road to a place in the country: one pure function over his template, for estimates as for
//! orders. Places are told apart by the province in their GB/T 2260 code.

use super::wire::{TemplateBy, TemplateWire, Zone};
use crate::sandbox::goods::FreightTemplate;

/// Provinces far from everything: dearer, and nothing is free.
const REMOTE: [&str; 5] = ["15", "54", "62", "63", "65"];
/// Provinces to which the marketplace's domestic carriers do not go.
const NOT_SERVED: [&str; 3] = ["71", "81", "82"];
/// All provinces, by the first two digits of their codes.
const PROVINCES: [&str; 34] = [
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42", "43", "44",
    "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82",
];
/// What is added to the first price of a remote place, fen; each step costs twice as much.
const REMOTE_FIRST_FEN: i64 = 800;

/// What is sent, all lines of one seller together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Pieces.
    pub pieces: i64,
    /// Grams.
    pub grams: i64,
    /// Cubic centimetres.
    pub cm3: i64,
    /// What the goods cost, fen.
    pub goods_fen: i64,
}

/// Where it goes, or that nobody brings it there.
pub fn zone(region_code: &str) -> Option<Zone> {
    let province = province(region_code)?;
    (!NOT_SERVED.contains(&province)).then(|| if REMOTE.contains(&province) { Zone::Remote } else { Zone::Usual })
}

/// The province of a code of six digits; none when there is no such.
pub fn province(region_code: &str) -> Option<&str> {
    let digits = region_code.len() == 6 && region_code.bytes().all(|byte| byte.is_ascii_digit());
    region_code.get(..2).filter(|province| digits && PROVINCES.contains(province))
}

/// Freight for a load into a zone.
pub fn freight_fen(template: &FreightTemplate, zone: Zone, load: Load) -> i64 {
    let terms = terms(template, zone);
    let amount = match terms.by {
        TemplateBy::Free => return 0,
        TemplateBy::Weight => load.grams,
        TemplateBy::Piece => load.pieces,
        TemplateBy::Volume => load.cm3,
    };
    if terms.free_above_fen.is_some_and(|least| load.goods_fen >= least) {
        return 0;
    }
    // The first so many for one price, then every begun step for another.
    let over = (amount - i64::from(terms.first)).max(0);
    let size = i64::from(terms.step.max(1));
    terms.first_fen + (over + size - 1) / size * terms.step_fen
}

/// The template as it is for a zone.
pub fn terms(template: &FreightTemplate, zone: Zone) -> TemplateWire {
    let (by, first, first_fen, step, step_fen, free_above_fen) = match *template {
        FreightTemplate::Free => (TemplateBy::Free, 0, 0, 0, 0, None),
        FreightTemplate::ByWeight { first_g, first_fen, step_g, step_fen, free_above_fen } => {
            (TemplateBy::Weight, first_g, first_fen, step_g, step_fen, free_above_fen)
        }
        FreightTemplate::ByPiece { first, first_fen, step, step_fen, free_above_fen } => {
            (TemplateBy::Piece, first, first_fen, step, step_fen, free_above_fen)
        }
        FreightTemplate::ByVolume { first_cm3, first_fen, step_cm3, step_fen, free_above_fen } => {
            (TemplateBy::Volume, first_cm3, first_fen, step_cm3, step_fen, free_above_fen)
        }
    };
    let usual = TemplateWire { by, zone, first, first_fen, step, step_fen, free_above_fen };
    match (zone, by) {
        (Zone::Usual, _) | (_, TemplateBy::Free) => usual,
        (Zone::Remote, _) => TemplateWire {
            first_fen: first_fen + REMOTE_FIRST_FEN,
            step_fen: step_fen * 2,
            free_above_fen: None,
            ..usual
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Load, Zone, freight_fen, province, zone};
    use crate::sandbox::goods::FreightTemplate;

    const BY_WEIGHT: FreightTemplate = FreightTemplate::ByWeight {
        first_g: 1000,
        first_fen: 800,
        step_g: 500,
        step_fen: 200,
        free_above_fen: Some(9_900),
    };

    #[test]
    fn every_begun_step_is_charged_until_it_is_free() {
        let cost =
            |grams, goods_fen| freight_fen(&BY_WEIGHT, Zone::Usual, Load { pieces: 1, grams, cm3: 1, goods_fen });
        assert_eq!(
            [cost(1, 1), cost(1000, 1), cost(1001, 1), cost(1500, 1), cost(1501, 1)],
            [800, 800, 1000, 1000, 1200]
        );
        assert_eq!([cost(5000, 9_899), cost(5000, 9_900)], [2400, 0]);
    }

    #[test]
    fn far_places_are_dearer_and_never_free() {
        let load = Load { pieces: 1, grams: 1501, cm3: 1, goods_fen: 9_900 };
        assert_eq!(freight_fen(&BY_WEIGHT, Zone::Remote, load), 1_600 + 800);
        assert_eq!(freight_fen(&FreightTemplate::Free, Zone::Remote, load), 0);
    }

    #[test]
    fn volume_counts_where_the_template_says_so() {
        let template = FreightTemplate::ByVolume {
            first_cm3: 10_000,
            first_fen: 500,
            step_cm3: 10_000,
            step_fen: 300,
            free_above_fen: None,
        };
        let cost = |cm3| freight_fen(&template, Zone::Usual, Load { pieces: 9, grams: 90_000, cm3, goods_fen: 1 });
        assert_eq!([cost(10_000), cost(10_001), cost(30_000)], [500, 800, 1_100]);
    }

    #[test]
    fn places_are_known_by_their_province() {
        assert_eq!((zone("330782"), zone("650100"), zone("710000")), (Some(Zone::Usual), Some(Zone::Remote), None));
        for wrong in ["", "33", "33078", "3307822", "990000", "33078x", "三三"] {
            assert_eq!(province(wrong), None, "{wrong}");
        }
    }
}
