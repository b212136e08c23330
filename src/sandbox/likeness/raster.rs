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
            let (mut red, mut green, mut blue) = (0.0_f32, 0.0_f32, 0.0_f32);
            let (upper, lower) = sums.split_at_mut((y + 1) * stride);
            let above = upper.iter().skip(y * stride + 1);
            for ((pixel, above), here) in row.chunks_exact(3).zip(above).zip(lower.iter_mut().skip(1)) {
                red += f32::from(pixel[0]) - 128.0;
                green += f32::from(pixel[1]) - 128.0;
                blue += f32::from(pixel[2]) - 128.0;
                *here = [above[0] + red, above[1] + green, above[2] + blue];
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
        let across = edges(window.left, window.right, side, self.width);
        let down = edges(window.top, window.bottom, side, self.height);
        match (across, down) {
            (Some(across), Some(down)) => self.lattice(&across, &down),
            _ => self.cells(window, side),
        }
    }

    /// Mean tones between edges, given in pixels: each corner is looked up once for the four cells that meet there.
    fn lattice(&self, across: &[f32], down: &[f32]) -> Vec<Tone> {
        let corners = |y: f32| -> Vec<[f32; 3]> { across.iter().map(|x| self.sum(*x, y)).collect() };
        let mut tones = Vec::with_capacity(across.len() * down.len());
        let mut upper = corners(down.first().copied().unwrap_or(0.0));
        for rows in down.windows(2) {
            let lower = corners(rows[1]);
            for (at, columns) in across.windows(2).enumerate() {
                let area = (columns[1] - columns[0]) * (rows[1] - rows[0]);
                tones.push(tone(between([upper[at], upper[at + 1]], [lower[at], lower[at + 1]], area)));
            }
            upper = lower;
        }
        tones
    }

    /// The same where cells lie outside of the picture, each for itself.
    fn cells(&self, window: Window, side: usize) -> Vec<Tone> {
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
        let upper = [self.sum(left, top), self.sum(right, top)];
        let lower = [self.sum(left, bottom), self.sum(right, bottom)];
        between(upper, lower, (right - left) * (bottom - top))
    }

    /// The sum over everything left of and above a place between pixels.
    fn sum(&self, x: f32, y: f32) -> [f32; 3] {
        let (mut column, mut row) = (x as usize, y as usize);
        if column >= self.width {
            column = self.width - 1;
        }
        if row >= self.height {
            row = self.height - 1;
        }
        let (dx, dy) = (x - column as f32, y - row as f32);
        let at = row * (self.width + 1) + column;
        let (a, c) = (self.sums[at], self.sums[at + self.width + 1]);
        if dx == 0.0 && dy == 0.0 {
            return a;
        }
        let (b, d) = (self.sums[at + 1], self.sums[at + self.width + 2]);
        [
            bilinear(a[0], b[0], c[0], d[0], dx, dy),
            bilinear(a[1], b[1], c[1], d[1], dx, dy),
            bilinear(a[2], b[2], c[2], d[2], dx, dy),
        ]
    }
}

fn bilinear(a: f32, b: f32, c: f32, d: f32, dx: f32, dy: f32) -> f32 {
    let upper = a + (b - a) * dx;
    let lower = c + (d - c) * dx;
    upper + (lower - upper) * dy
}

/// The mean between the sums at four corners.
fn between(upper: [[f32; 3]; 2], lower: [[f32; 3]; 2], area: f32) -> [f32; 3] {
    let ([a, c], [d, b]) = (upper, lower);
    [
        (a[0] + b[0] - c[0] - d[0]) / area + 128.0,
        (a[1] + b[1] - c[1] - d[1]) / area + 128.0,
        (a[2] + b[2] - c[2] - d[2]) / area + 128.0,
    ]
}

/// Where a window is cut into so many parts along a side, in pixels; `None` where a part would have no width of its own.
fn edges(from: f32, to: f32, parts: usize, side: usize) -> Option<Vec<f32>> {
    let (side, step) = (side as f32, 1.0 / parts as f32);
    let mut edges = Vec::with_capacity(parts + 1);
    for at in 0..=parts {
        let edge = (from + at as f32 * step * (to - from)) * side;
        let edge = if at == parts { to * side } else { edge };
        let is_inside = (0.0..=side).contains(&edge);
        if !is_inside || edges.last().is_some_and(|last| edge - last < 0.5) {
            return None;
        }
        edges.push(edge);
    }
    Some(edges)
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

#[cfg(test)]
mod tests {
    use super::{Raster, Window};

    #[test]
    fn a_grid_is_the_means_of_its_cells_however_they_are_looked_up() {
        let rgb: Vec<u8> = (0..50 * 30 * 3_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        let raster = Raster::new(50, 30, &rgb).unwrap();
        let part = Window { left: 0.13, top: 0.2, right: 0.87, bottom: 0.99 };
        for (window, side) in [(Window::WHOLE, 10), (Window::WHOLE, 7), (part, 8)] {
            let far = raster.grid(window, side).into_iter().zip(raster.cells(window, side));
            let far = far.flat_map(|(one, other)| [0, 1, 2].map(|part| (one[part] - other[part]).abs()));
            assert!(far.fold(0.0, f32::max) < 0.05, "{window:?} {side}");
        }
    }

    #[test]
    fn outside_of_the_picture_its_edge_goes_on() {
        let raster = Raster::new(2, 1, &[10, 10, 10, 200, 200, 200]).unwrap();
        let wide = Window { left: -1.0, right: 2.0, ..Window::WHOLE };
        let bright: Vec<_> = raster.grid(wide, 6).iter().take(6).map(|tone| tone[0].round()).collect();
        assert_eq!(bright, [10.0, 10.0, 10.0, 200.0, 200.0, 200.0]);
    }
}
