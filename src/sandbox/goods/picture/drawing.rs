//! The authored drawings, read once: every mark as polygons on a grid of 100 × 100 and the tone it is painted in.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::path::{self, Outline};
use super::tone::Tone;

pub(in crate::sandbox::goods) const FILE: &str = include_str!("shapes.txt");

/// One mark of a drawing.
pub(super) struct Mark {
    pub(super) tone: Tone,
    pub(super) outlines: Vec<Outline>,
}

/// A drawing is its marks, painted in order.
pub(super) type Drawing = Vec<Mark>;

struct Drawings {
    drawings: Vec<Drawing>,
    by_key: HashMap<&'static str, usize>,
}

static DRAWINGS: LazyLock<Drawings> = LazyLock::new(|| {
    let mut all = Drawings { drawings: Vec::new(), by_key: HashMap::new() };
    for line in FILE.lines().filter(|line| !line.starts_with('#')) {
        if let Some(keys) = line.strip_prefix("shape ") {
            all.by_key.extend(keys.split_whitespace().map(|key| (key, all.drawings.len())));
            all.drawings.push(Drawing::new());
        } else if let (Some(drawing), Some(mark)) = (all.drawings.last_mut(), mark(line)) {
            drawing.push(mark);
        }
    }
    all
});

/// The drawing under a key; a box stands in for an unknown one (a test proves that there is none).
pub(super) fn find(key: &str) -> Option<&'static Drawing> {
    let at = DRAWINGS.by_key.get(key).or_else(|| DRAWINGS.by_key.get("carton"))?;
    DRAWINGS.drawings.get(*at)
}

/// Whether a drawing is authored under exactly this key.
#[cfg(test)]
pub(in crate::sandbox::goods) fn exists(key: &str) -> bool {
    DRAWINGS.by_key.contains_key(key)
}

/// Reads one mark; `None` for an empty line or one that says nothing known.
fn mark(line: &str) -> Option<Mark> {
    let mut words = line.splitn(3, ' ');
    let (tone, form, rest) = (words.next()?, words.next()?, words.next()?);
    Some(Mark { tone: Tone::parse(tone)?, outlines: outlines(form, rest)? })
}

fn outlines(form: &str, rest: &str) -> Option<Vec<Outline>> {
    let numbers = || -> Vec<f32> { rest.split_whitespace().filter_map(|word| word.parse().ok()).collect() };
    match form {
        "path" => Some(path::polylines(rest)),
        "curve" => {
            let (width, line) = rest.split_once(' ')?;
            let width = width.parse().ok()?;
            Some(path::polylines(line).iter().flat_map(|line| path::stroke(line, width)).collect())
        }
        "line" => {
            let numbers = numbers();
            let (width, line) = numbers.split_first()?;
            let points: Outline = line.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
            Some(path::stroke(&points, *width))
        }
        "rect" => match numbers()[..] {
            [x, y, width, height, corner] => Some(vec![path::rect(x, y, width, height, corner)]),
            _ => None,
        },
        "oval" => match numbers()[..] {
            [x, y, rx, ry] => Some(vec![path::oval((x, y), rx, ry)]),
            _ => None,
        },
        "ring" => match numbers()[..] {
            [x, y, rx, ry, width] => Some(path::ring((x, y), rx, ry, width)),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a line is a mark with an outline.
#[cfg(test)]
pub(in crate::sandbox::goods) fn understands(line: &str) -> bool {
    mark(line).is_some_and(|mark| mark.outlines.iter().any(|outline| outline.len() > 2))
}
