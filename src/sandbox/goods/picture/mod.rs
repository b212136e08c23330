//! Product pictures, drawn in memory: a seller's backdrop, an authored drawing in the colour of the first variant,
//! the offer's own pattern, angle and second variant, encoded as PNG.

mod backdrop;
mod canvas;
pub(super) mod drawing;
mod path;
mod pattern;
mod tone;

use super::dice::Dice;
use super::generate::colour_attribute;
use super::glossary::COLOURS;
use super::offer::{Goods, Sku};
use backdrop::{Backdrop, shadow};
use canvas::Canvas;
use drawing::Drawing;
use pattern::Pattern;
use tone::{Paints, Rgb, Tone, blend, rgb, scaled};

const PICTURE: u64 = 0x91c7;
const WALL: u64 = 0xba11;
/// Where products stand, as a share of the height.
const GROUND: f32 = 0.815;
/// Colours of products that do not vary in colour.
const UNDYED: [u32; 8] = [0xd9dde1, 0xc8a06a, 0x4f86b5, 0xd77a5b, 0x6f9f7c, 0xe0c36a, 0x8a8f96, 0xb86b79];
const ACCENTS: [u32; 8] = [0xf4f1ea, 0xe3b23c, 0x3f6c8f, 0xc9584f, 0x57896a, 0x2f3437, 0xe8cfc2, 0x8d6aa5];
const GEMS: [u32; 6] = [0x9fd8e6, 0xd84e63, 0x4fa37a, 0x5a6fc4, 0xf2e3ee, 0xe7b94f];

/// Draws the picture of a goods as PNG.
pub(super) fn picture(seed: u64, index: u32, goods: &Goods, size: u32) -> Vec<u8> {
    let size = size.clamp(16, 2048);
    encode(&drawn(seed, index, goods, size), size)
}

/// The same as bare pixels, RGB.
pub(super) fn pixels(seed: u64, index: u32, goods: &Goods, size: u32) -> Vec<u8> {
    drawn(seed, index, goods, size.clamp(16, 2048)).pixels().to_vec()
}

/// Draws many pictures of one size; the wall of a seller is painted once for goods of his that follow one another.
pub struct Studio {
    seed: u64,
    size: u32,
    wall: Option<(i64, Canvas)>,
}

impl Studio {
    pub(super) fn open(seed: u64, size: u32) -> Studio {
        Studio { seed, size: size.clamp(16, 2048), wall: None }
    }

    /// The picture of a goods as bare pixels, RGB.
    pub(super) fn pixels(&mut self, index: u32, goods: &Goods) -> Vec<u8> {
        let canvas = match self.wall.take() {
            Some((seller, canvas)) if seller == goods.seller_id => canvas,
            _ => wall(self.seed, goods, self.size),
        };
        self.wall = Some((goods.seller_id, canvas.clone()));
        on_wall(self.seed, index, goods, canvas, self.size).pixels().to_vec()
    }
}

fn drawn(seed: u64, index: u32, goods: &Goods, size: u32) -> Canvas {
    on_wall(seed, index, goods, wall(seed, goods, size), size)
}

/// What stands behind the goods of a seller.
fn wall(seed: u64, goods: &Goods, size: u32) -> Canvas {
    let wall = Backdrop::cast(&mut Dice::cast(seed, WALL, goods.seller_id as u64));
    Canvas::new(size, |x, y| {
        let dark = shadow(x, y, GROUND);
        if dark > 0.0 { scaled(wall.at(x, y), 1.0 - dark) } else { wall.at(x, y) }
    })
}

fn on_wall(seed: u64, index: u32, goods: &Goods, mut canvas: Canvas, size: u32) -> Canvas {
    let mut dice = Dice::cast(seed, PICTURE, u64::from(index));
    if let Some(drawing) = drawing::find(goods.product_type.facts.shape) {
        let look = Look::cast(goods, &mut dice);
        for pose in poses(&look, &mut dice) {
            draw(&mut canvas, drawing, &look, &pose, size as f32);
        }
    }
    canvas
}

/// The colours and the pattern of an offer.
struct Look {
    colours: Vec<Rgb>,
    accent: Rgb,
    gem: Rgb,
    pattern: Pattern,
}

impl Look {
    fn cast(goods: &Goods, dice: &mut Dice) -> Look {
        let mut colours: Vec<Rgb> = Vec::new();
        for colour in goods.skus.iter().filter_map(dye) {
            if !colours.contains(&colour) {
                colours.push(colour);
            }
        }
        let undyed = rgb(dice.pick(&UNDYED).unwrap_or(UNDYED[0]));
        if colours.is_empty() {
            colours.push(undyed);
        }
        Look {
            colours,
            accent: rgb(dice.pick(&ACCENTS).unwrap_or(ACCENTS[0])),
            gem: rgb(dice.pick(&GEMS).unwrap_or(GEMS[0])),
            pattern: Pattern::cast(dice),
        }
    }
}

/// The RGB of a variant's colour.
fn dye(sku: &Sku) -> Option<Rgb> {
    let colour = colour_attribute()?;
    let value = sku.spec.iter().find(|attribute| attribute.id == colour)?.value;
    let term = COLOURS.terms().iter().find(|term| term.words == value)?;
    u32::from_str_radix(term.extra, 16).ok().map(rgb)
}

/// Where and in which colour one copy of the product stands.
struct Pose {
    colour: usize,
    centre: (f32, f32),
    scale: f32,
    angle: f32,
}

fn poses(look: &Look, dice: &mut Dice) -> Vec<Pose> {
    let angle = (dice.fraction() as f32 - 0.5) * 0.24;
    let side = if dice.chance(500) { -1.0 } else { 1.0 };
    if look.colours.len() > 1 && dice.chance(420) {
        let back = Pose { colour: 1, centre: (0.5 + side * 0.17, 0.42), scale: 0.0052, angle: -angle };
        let front = Pose { colour: 0, centre: (0.5 - side * 0.11, 0.54), scale: 0.0062, angle };
        return vec![back, front];
    }
    let scale = 0.0068 + dice.fraction() as f32 * 0.0009;
    vec![Pose { colour: 0, centre: (0.5, 0.5), scale, angle }]
}

fn draw(canvas: &mut Canvas, drawing: &Drawing, look: &Look, pose: &Pose, size: f32) {
    let main = look.colours.get(pose.colour).copied().unwrap_or([128.0; 3]);
    let paints = Paints { main, accent: look.accent, gem: look.gem };
    let (sin, cos) = pose.angle.sin_cos();
    let scale = pose.scale * size;
    let centre = (pose.centre.0 * size, pose.centre.1 * size);
    let place = |(x, y): (f32, f32)| {
        let (x, y) = ((x - 50.0) * scale, (y - 50.0) * scale);
        (centre.0 + x * cos - y * sin, centre.1 + x * sin + y * cos)
    };
    let back = |x: f32, y: f32| {
        let (x, y) = ((x - centre.0) / scale, (y - centre.1) / scale);
        (50.0 + x * cos + y * sin, 50.0 - x * sin + y * cos)
    };
    let print = contrast(look.accent, main);
    for mark in drawing {
        let (colour, alpha) = paints.mix(mark.tone);
        let cloth = mark.tone == Tone::Cloth && look.pattern != Pattern::Plain;
        canvas.trace(&mark.outlines, place);
        canvas.paint(|x, y| {
            let (u, v) = back(x, y);
            let colour = if cloth { blend(colour, print, 0.8 * look.pattern.share(u, v)) } else { colour };
            // Light falls from the upper left.
            (scaled(colour, 1.09 - 0.0019 * (u * 0.6 + v * 0.4)), alpha)
        });
    }
}

/// A print that would not show on its ground is made lighter or darker.
fn contrast(print: Rgb, ground: Rgb) -> Rgb {
    let apart: f32 = print.iter().zip(ground).map(|(a, b)| (a - b).abs()).sum();
    match apart {
        apart if apart > 150.0 => print,
        _ if ground.iter().sum::<f32>() > 380.0 => scaled(ground, 0.62),
        _ => blend(ground, [255.0; 3], 0.6),
    }
}

fn encode(canvas: &Canvas, size: u32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity((size * size / 4) as usize);
    let mut encoder = png::Encoder::new(&mut bytes, size, size);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Fast);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(canvas.pixels()));
    // Writing into memory fails for no size allowed here; an empty answer would say so.
    if written.is_err() {
        bytes.clear();
    }
    bytes
}
