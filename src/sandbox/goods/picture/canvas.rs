//! A small rasteriser: polygons become exact coverage (signed areas summed along each row), coverage becomes paint.

use super::path::{Outline, Point};
use super::tone::{Rgb, blend};

/// A square picture and the coverage of the mark being painted.
#[derive(Clone)]
pub(super) struct Canvas {
    size: usize,
    pixels: Vec<u8>,
    areas: Vec<f32>,
    dirty: Dirty,
}

#[derive(Clone, Copy)]
struct Dirty {
    left: usize,
    right: usize,
    top: usize,
    bottom: usize,
}

const CLEAN: Dirty = Dirty { left: usize::MAX, right: 0, top: usize::MAX, bottom: 0 };

impl Canvas {
    /// A canvas painted by a function of the pixel's place.
    pub(super) fn new(size: u32, ground: impl Fn(f32, f32) -> Rgb) -> Canvas {
        let side = size as usize;
        let mut pixels = vec![0; side * side * 3];
        let unit = 1.0 / size as f32;
        for (y, row) in pixels.chunks_exact_mut(side * 3).enumerate() {
            for (x, pixel) in row.chunks_exact_mut(3).enumerate() {
                put(pixel, ground(x as f32 * unit, y as f32 * unit));
            }
        }
        Canvas { size: side, pixels, areas: vec![0.0; side * (side + 2)], dirty: CLEAN }
    }

    /// The finished picture, RGB.
    pub(super) fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// Adds outlines, given in pixels, to the coverage.
    pub(super) fn trace(&mut self, outlines: &[Outline], place: impl Fn(Point) -> Point) {
        let edge = self.size as f32;
        for outline in outlines {
            let Some(last) = outline.last() else { continue };
            let mut from = place(*last);
            for point in outline {
                let to = place(*point);
                self.edge(
                    (from.0.clamp(0.0, edge), from.1.clamp(0.0, edge)),
                    (to.0.clamp(0.0, edge), to.1.clamp(0.0, edge)),
                );
                from = to;
            }
        }
    }

    /// Paints what has been traced; `paint` gives the colour and opacity at a pixel.
    pub(super) fn paint(&mut self, paint: impl Fn(f32, f32) -> (Rgb, f32)) {
        let dirty = std::mem::replace(&mut self.dirty, CLEAN);
        if dirty.top > dirty.bottom {
            return;
        }
        let stride = self.size + 2;
        for y in dirty.top..=dirty.bottom.min(self.size - 1) {
            let row = &mut self.areas[y * stride + dirty.left..=y * stride + dirty.right];
            let start = (y * self.size + dirty.left) * 3;
            let end = (y + 1) * self.size * 3;
            let mut pixels = self.pixels[start.min(end)..end].chunks_exact_mut(3);
            let mut area = 0.0;
            for (step, part) in row.iter_mut().enumerate() {
                area += std::mem::take(part);
                let cover = f32::min(area.abs(), 1.0);
                let Some(pixel) = pixels.next() else { continue };
                if cover > 0.004 {
                    let (colour, alpha) = paint((dirty.left + step) as f32, y as f32);
                    put(pixel, blend(seen(pixel), colour, cover * alpha));
                }
            }
        }
    }

    /// Adds the signed area one edge leaves to its right, row by row.
    fn edge(&mut self, from: Point, to: Point) {
        if from.1 == to.1 {
            return;
        }
        let (sign, top, bottom) = if from.1 < to.1 { (1.0, from, to) } else { (-1.0, to, from) };
        let slope = (bottom.0 - top.0) / (bottom.1 - top.1);
        let mut x = top.0;
        let last = (bottom.1.ceil() as usize).min(self.size);
        let first = top.1 as usize;
        self.dirty.top = self.dirty.top.min(first);
        self.dirty.bottom = self.dirty.bottom.max(last.saturating_sub(1));
        for y in first..last {
            let height = (y as f32 + 1.0).min(bottom.1) - (y as f32).max(top.1);
            let next = x + slope * height;
            self.span(y, x.min(next), x.max(next), height * sign);
            x = next;
        }
    }

    /// Spreads the area of an edge's piece within one row over the columns it crosses.
    fn span(&mut self, y: usize, left: f32, right: f32, height: f32) {
        let (left, right) = (left.max(0.0), right.min(self.size as f32));
        let (first, last) = (left as usize, (right.ceil() as usize).max(left as usize + 1));
        self.dirty.left = self.dirty.left.min(first);
        self.dirty.right = self.dirty.right.max(last.min(self.size + 1));
        let row = &mut self.areas[y * (self.size + 2)..(y + 1) * (self.size + 2)];
        if last <= first + 1 {
            let inside = 0.5 * (left + right) - first as f32;
            add(row, first, height - height * inside);
            add(row, first + 1, height * inside);
            return;
        }
        let per_column = height / (right - left);
        let mut before = 0.0;
        for column in first..last {
            // Area of the trapezium this column sees, as the integral of the share of the edge passed so far.
            let enter = (column as f32).max(left);
            let leave = (column as f32 + 1.0).min(right);
            let passed = |x: f32| (x - left) * per_column;
            let inside =
                0.5 * (passed(enter) + passed(leave)) * (leave - enter) + passed(leave) * (column as f32 + 1.0 - leave);
            add(row, column, inside - before);
            before = inside;
        }
        add(row, last, height - before);
    }
}

fn put(pixel: &mut [u8], [red, green, blue]: Rgb) {
    if let [r, g, b] = pixel {
        (*r, *g, *b) = (red as u8, green as u8, blue as u8);
    }
}

fn seen(pixel: &[u8]) -> Rgb {
    match *pixel {
        [red, green, blue] => [f32::from(red), f32::from(green), f32::from(blue)],
        _ => [0.0; 3],
    }
}

fn add(row: &mut [f32], column: usize, area: f32) {
    if let Some(cell) = row.get_mut(column) {
        *cell += area;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn red(canvas: &Canvas, x: usize, y: usize) -> u8 {
        canvas.pixels()[(y * canvas.size + x) * 3]
    }

    #[test]
    fn a_half_covered_pixel_is_half_painted() {
        let mut canvas = Canvas::new(8, |_, _| [0.0; 3]);
        canvas.trace(&[vec![(1.5, 1.0), (5.0, 1.0), (5.0, 4.0), (1.5, 4.0)]], |point| point);
        canvas.paint(|_, _| ([200.0; 3], 1.0));
        assert_eq!([red(&canvas, 0, 2), red(&canvas, 1, 2), red(&canvas, 2, 2), red(&canvas, 5, 2)], [0, 100, 200, 0]);
    }

    #[test]
    fn a_slanted_edge_covers_by_area() {
        let mut canvas = Canvas::new(8, |_, _| [0.0; 3]);
        canvas.trace(&[vec![(0.0, 0.0), (8.0, 8.0), (0.0, 8.0)]], |point| point);
        canvas.paint(|_, _| ([200.0; 3], 1.0));
        assert_eq!([red(&canvas, 3, 3), red(&canvas, 2, 3), red(&canvas, 4, 3)], [100, 200, 0]);
    }

    #[test]
    fn nothing_outside_the_canvas_is_touched() {
        let mut canvas = Canvas::new(8, |_, _| [9.0; 3]);
        canvas.trace(&[vec![(-50.0, -50.0), (90.0, -50.0), (90.0, 90.0), (-50.0, 90.0)]], |point| point);
        canvas.paint(|_, _| ([200.0; 3], 1.0));
        assert!(canvas.pixels().iter().all(|part| *part == 200));
    }
}
