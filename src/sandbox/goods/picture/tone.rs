//! Tones of drawings, and the paints one offer mixes for them.

/// Red, green and blue, 0 to 255.
pub(super) type Rgb = [f32; 3];

/// What a mark is painted with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Tone {
    /// The colour of the first variant.
    Main,
    /// The same with the offer's pattern.
    Cloth,
    /// A darker, much darker or paler main colour.
    Dark,
    Deep,
    Pale,
    /// A second colour of the offer.
    Accent,
    /// A stone on jewellery.
    Gem,
    /// A colour of its own with an opacity.
    Fixed(Rgb, f32),
}

/// Colours that are the same in every picture.
const FIXED: [(&str, u32, f32); 24] = [
    ("white", 0xfdfcf9, 1.0),
    ("black", 0x2b2b2e, 1.0),
    ("grey", 0x8a8d92, 1.0),
    ("steel", 0xc5cad0, 1.0),
    ("gold", 0xd8b25a, 1.0),
    ("wood", 0xcda875, 1.0),
    ("woodd", 0xa57c4c, 1.0),
    ("leaf", 0x5ea863, 1.0),
    ("leafd", 0x3c7d49, 1.0),
    ("soil", 0x5a4233, 1.0),
    ("paper", 0xf5f1e6, 1.0),
    ("kraft", 0xc99f6b, 1.0),
    ("kraftd", 0xa67d4d, 1.0),
    ("kraftl", 0xdcb988, 1.0),
    ("tapec", 0xe9d9b4, 0.9),
    ("glass", 0xe4f1f6, 0.6),
    ("glow", 0xffe9a6, 0.92),
    ("red", 0xc9403c, 1.0),
    ("skin", 0xf0cdb2, 1.0),
    ("screen", 0x26364a, 1.0),
    ("screenl", 0xbcd4e0, 0.8),
    ("pearl", 0xf3ead8, 1.0),
    ("shine", 0xffffff, 0.3),
    ("shade", 0x000000, 0.13),
];

impl Tone {
    /// Reads a tone's name.
    pub(super) fn parse(name: &str) -> Option<Tone> {
        match name {
            "main" | "metal" => Some(Tone::Main),
            "cloth" => Some(Tone::Cloth),
            "dark" => Some(Tone::Dark),
            "deep" => Some(Tone::Deep),
            "pale" => Some(Tone::Pale),
            "accent" => Some(Tone::Accent),
            "gem" => Some(Tone::Gem),
            _ => {
                let (_, colour, alpha) = FIXED.iter().find(|(fixed, ..)| *fixed == name)?;
                Some(Tone::Fixed(rgb(*colour), *alpha))
            }
        }
    }
}

/// The paints of one drawn product.
#[derive(Clone, Copy)]
pub(super) struct Paints {
    pub(super) main: Rgb,
    pub(super) accent: Rgb,
    pub(super) gem: Rgb,
}

impl Paints {
    /// The colour and opacity of a tone.
    pub(super) fn mix(&self, tone: Tone) -> (Rgb, f32) {
        match tone {
            Tone::Main | Tone::Cloth => (self.main, 1.0),
            Tone::Dark => (scaled(self.main, 0.74), 1.0),
            Tone::Deep => (scaled(self.main, 0.5), 1.0),
            Tone::Pale => (blend(self.main, [255.0; 3], 0.5), 1.0),
            Tone::Accent => (self.accent, 1.0),
            Tone::Gem => (self.gem, 1.0),
            Tone::Fixed(colour, alpha) => (colour, alpha),
        }
    }
}

/// A colour from its hexadecimal value.
pub(super) fn rgb(hex: u32) -> Rgb {
    [(hex >> 16 & 255) as f32, (hex >> 8 & 255) as f32, (hex & 255) as f32]
}

// Every pixel passes here several times: written out, since a development build does not see through closures.

/// A colour lighter or darker by a factor.
pub(super) fn scaled(colour: Rgb, factor: f32) -> Rgb {
    let [red, green, blue] = colour;
    [(red * factor).clamp(0.0, 255.0), (green * factor).clamp(0.0, 255.0), (blue * factor).clamp(0.0, 255.0)]
}

/// A colour part of the way to another.
pub(super) fn blend(from: Rgb, to: Rgb, share: f32) -> Rgb {
    let ([red, green, blue], [to_red, to_green, to_blue]) = (from, to);
    [red + (to_red - red) * share, green + (to_green - green) * share, blue + (to_blue - blue) * share]
}
