//! Patterns on cloth, as a share of the second colour at a place on the drawing grid.

use super::super::dice::Dice;

/// What is printed on a product.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Pattern {
    /// Nothing.
    Plain,
    /// Level stripes of a width.
    Stripes(f32),
    /// Upright stripes of a width.
    Bars(f32),
    /// A grid of dots with a distance.
    Dots(f32),
    /// Crossing bands with a distance.
    Check(f32),
    /// Small flowers with a distance.
    Flowers(f32),
    /// One band across the middle.
    Band,
}

impl Pattern {
    /// Draws a pattern; half of all products are plain.
    pub(super) fn cast(dice: &mut Dice) -> Pattern {
        let width = 5.0 + dice.fraction() as f32 * 6.0;
        match dice.below(12) {
            0 => Pattern::Stripes(width),
            1 => Pattern::Bars(width),
            2 => Pattern::Dots(width + 4.0),
            3 => Pattern::Check(width + 7.0),
            4 => Pattern::Flowers(width + 9.0),
            5 => Pattern::Band,
            _ => Pattern::Plain,
        }
    }

    /// How much of the second colour shows at a place, 0 to 1.
    pub(super) fn share(self, x: f32, y: f32) -> f32 {
        match self {
            Pattern::Plain => 0.0,
            Pattern::Stripes(width) => stripe(y, width, 0.5),
            Pattern::Bars(width) => stripe(x, width, 0.5),
            Pattern::Dots(step) => {
                let odd = if (y / step).floor() as i32 % 2 == 0 { 0.0 } else { step / 2.0 };
                disc(centred(x + odd, step), centred(y, step), step * 0.24)
            }
            Pattern::Check(step) => 0.5 * stripe(x, step, 0.35) + 0.5 * stripe(y, step, 0.35),
            Pattern::Flowers(step) => flower(x, y, step),
            Pattern::Band => edge(7.0 - (y - 58.0).abs()),
        }
    }
}

/// Distance from the middle of the cell, along one axis.
fn centred(place: f32, step: f32) -> f32 {
    place.rem_euclid(step) - step / 2.0
}

/// A soft step from 0 to 1 about half a unit wide, so that patterns do not stair.
fn edge(distance: f32) -> f32 {
    (distance * 2.5 + 0.5).clamp(0.0, 1.0)
}

fn stripe(place: f32, step: f32, share: f32) -> f32 {
    edge(step * share / 2.0 - centred(place, step).abs())
}

fn disc(x: f32, y: f32, radius: f32) -> f32 {
    edge(radius - (x * x + y * y).sqrt())
}

fn flower(x: f32, y: f32, step: f32) -> f32 {
    let odd = if (y / step).floor() as i32 % 2 == 0 { 0.0 } else { step / 2.0 };
    let (x, y) = (centred(x + odd, step), centred(y, step));
    let petals = 0.75 + 0.25 * (5.0 * y.atan2(x)).cos();
    let distance = (x * x + y * y).sqrt();
    edge(step * 0.3 * petals - distance) * (1.0 - edge(step * 0.07 - distance))
}
