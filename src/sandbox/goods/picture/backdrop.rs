//! What stands behind a product: every seller photographs in front of his own wall.

use super::super::dice::Dice;
use super::tone::{Rgb, blend, rgb, scaled};

/// A seller's wall.
#[derive(Clone, Copy)]
pub(super) struct Backdrop {
    scene: Scene,
    wall: Rgb,
    floor: Rgb,
}

#[derive(Clone, Copy)]
enum Scene {
    Studio,
    Fade,
    Table,
    Sun,
    Arch,
    Slant,
}

const SCENES: [Scene; 7] =
    [Scene::Studio, Scene::Studio, Scene::Fade, Scene::Table, Scene::Sun, Scene::Arch, Scene::Slant];
const WALLS: [(u32, u32); 12] = [
    (0xf6f5f2, 0xe6e4df),
    (0xf3ece2, 0xdccdb8),
    (0xe7eef2, 0xc4d3dc),
    (0xf7e9e6, 0xe8c9c3),
    (0xe9f1e7, 0xc6d8c2),
    (0xf4efdc, 0xe2d5a8),
    (0xebe7f3, 0xcdc4e0),
    (0xe4f0f0, 0xb9d5d5),
    (0xf5eee9, 0xc9b29f),
    (0xeeeeee, 0xcfd2d6),
    (0xfdf3e7, 0xf0cfa6),
    (0xdfe6ea, 0x9fb2bf),
];

impl Backdrop {
    /// The wall a seller has.
    pub(super) fn cast(dice: &mut Dice) -> Backdrop {
        let scene = dice.pick(&SCENES).unwrap_or(Scene::Studio);
        let (wall, floor) = dice.pick(&WALLS).unwrap_or(WALLS[0]);
        Backdrop { scene, wall: rgb(wall), floor: rgb(floor) }
    }

    /// The colour at a place, both from 0 to 1.
    pub(super) fn at(&self, x: f32, y: f32) -> Rgb {
        let (dx, dy) = (x - 0.5, y - 0.46);
        let soft = |distance: f32| (distance * 240.0 + 0.5).clamp(0.0, 1.0);
        match self.scene {
            Scene::Studio => blend(self.wall, self.floor, ((dx * dx + dy * dy) * 1.5).min(1.0)),
            Scene::Fade => blend(self.wall, self.floor, y * y),
            Scene::Table => {
                let wall = blend(self.wall, self.floor, 0.25 * (1.0 - y));
                blend(wall, scaled(self.floor, 1.0 - 0.12 * y), soft(y - 0.7))
            }
            Scene::Sun => {
                let disc = soft(0.37 - (dx * dx + dy * dy).sqrt());
                blend(blend(self.wall, self.floor, 0.3 * y), self.floor, disc * 0.8)
            }
            Scene::Arch => {
                let top = 0.36 - (dx * dx + (y - 0.46) * (y - 0.46)).sqrt();
                let inside = if y < 0.46 { top } else { 0.36 - dx.abs() };
                let arch = soft(inside) * soft(0.86 - y);
                blend(blend(self.floor, self.wall, 0.35), self.wall, arch)
            }
            Scene::Slant => blend(self.wall, self.floor, soft(x * 0.42 + y - 0.86)),
        }
    }
}

/// How dark the ground is under a product standing at `base`, 0 to 1.
pub(super) fn shadow(x: f32, y: f32, base: f32) -> f32 {
    let dy = (y - base) / 0.045;
    if dy.abs() >= 1.0 {
        return 0.0;
    }
    let dx = (x - 0.51) / 0.34;
    let near = 1.0 - (dx * dx + dy * dy);
    if near > 0.0 { 0.34 * near * near } else { 0.0 }
}
