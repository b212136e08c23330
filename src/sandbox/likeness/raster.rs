//! Pixels in memory, and areas of them averaged onto small grids. Where pixels come from is left to `decode`.

/// A part of a picture, in shares of its sides; what lies outside 0 to 1 is taken from the nearest edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Left edge.
    pub left: f32,
    /// Upper edge.
    pub top: f32,
    /// Right edge.
    pub right: f32,
    /// Lower edge.
    pub bottom: f32,
}

impl Window {
    /// The whole picture.
    pub const WHOLE: Window = Window { left: 0.0, top: 0.0, right: 1.0, bottom: 1.0 };

    /// The place of a share of this window within the picture.
    pub fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.left + x * (self.right - self.left), self.top + y * (self.bottom - self.top))
    }

    /// A window inside this one.
    pub fn within(&self, inner: Window) -> Window {
        let (left, top) = self.at(inner.left, inner.top);
        let (right, bottom) = self.at(inner.right, inner.bottom);
        Window { left, top, right, bottom }
    }
}

/// A picture as sums over the area left of and above each pixel's corner, so that any area is four look-ups.
#[derive(Clone)]
pub struct Raster {
    width: usize,
    height: usize,
    sums: Vec<[f32; 3]>,
}

/// Brightness and two differences of colour, 0 to 255 each.
pub type Tone = [f32; 3];

impl Raster {
    /// A picture from its RGB bytes; `None` when they are not as many as its sides say.
    pub fn new(width: usize, height: usize, rgb: &[u8]) -> Option<Raster> {
        if width == 0 || height == 0 || rgb.len() != width.checked_mul(height)?.checked_mul(3)? {
            return None;
        }
        let stride = width + 1;
        let mut sums = vec![[0.0; 3]; stride * (height + 1)];
        for (y, row) in rgb.chunks_exact(width * 3).enumerate() {
            let mut line = [0.0_f32; 3];
            for (x, pixel) in row.chunks_exact(3).enumerate() {
                let above = sums[y * stride + x + 1];
                let here = &mut sums[(y + 1) * stride + x + 1];
                for part in 0..3 {
                    line[part] += f32::from(pixel[part]) - 128.0;
                    here[part] = above[part] + line[part];
                }
            }
        }
        Some(Raster { width, height, sums })
    }

    /// Width and height.
    pub fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// The window's mean tones on a grid of `side` × `side`, row by row.
    pub fn grid(&self, window: Window, side: usize) -> Vec<Tone> {
        let step = 1.0 / side as f32;
        let mut tones = Vec::with_capacity(side * side);
        for row in 0..side {
            for column in 0..side {
                let (x, y) = (column as f32 * step, row as f32 * step);
                let (left, top) = window.at(x, y);
                let (right, bottom) = window.at(x + step, y + step);
                tones.push(tone(self.mean(Window { left, top, right, bottom })));
            }
        }
        tones
    }

    /// The mean colour of a window; outside the picture its edge goes on.
    pub fn mean(&self, window: Window) -> [f32; 3] {
        let (left, right) = clamped(window.left, window.right, self.width);
        let (top, bottom) = clamped(window.top, window.bottom, self.height);
        let area = (right - left) * (bottom - top);
        let (a, b) = (self.sum(left, top), self.sum(right, bottom));
        let (c, d) = (self.sum(right, top), self.sum(left, bottom));
        std::array::from_fn(|part| (a[part] + b[part] - c[part] - d[part]) / area + 128.0)
    }

    /// The sum over everything left of and above a place between pixels.
    fn sum(&self, x: f32, y: f32) -> [f32; 3] {
        let (column, row) = ((x as usize).min(self.width - 1), (y as usize).min(self.height - 1));
        let (dx, dy) = (x - column as f32, y - row as f32);
        let at = row * (self.width + 1) + column;
        let (a, b) = (self.sums[at], self.sums[at + 1]);
        let (c, d) = (self.sums[at + self.width + 1], self.sums[at + self.width + 2]);
        std::array::from_fn(|part| {
            let upper = a[part] + (b[part] - a[part]) * dx;
            let lower = c[part] + (d[part] - c[part]) * dx;
            upper + (lower - upper) * dy
        })
    }
}

/// Shares of a side as pixels, inside the picture and at least half a pixel apart.
fn clamped(from: f32, to: f32, side: usize) -> (f32, f32) {
    let side = side as f32;
    let from = (from * side).clamp(0.0, side - 0.5);
    (from, (to * side).clamp(from + 0.5, side))
}

fn tone([red, green, blue]: [f32; 3]) -> Tone {
    let bright = 0.299 * red + 0.587 * green + 0.114 * blue;
    [bright, 128.0 + (blue - bright) * 0.564, 128.0 + (red - bright) * 0.713]
}
