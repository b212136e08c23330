//! Outlines: authored forms flattened to polygons, and strokes widened to polygons.

/// A point on the drawing grid.
pub(super) type Point = (f32, f32);
/// A closed outline.
pub(super) type Outline = Vec<Point>;

const CURVE_STEPS: usize = 14;
const OVAL_STEPS: usize = 64;
const JOINT_STEPS: usize = 16;

/// Reads a path of absolute M, L, H, V, Q, C and Z into polylines; each `M` opens a new one.
pub(super) fn polylines(text: &str) -> Vec<Outline> {
    let mut pen = Pen::default();
    let mut words = text.split_whitespace().peekable();
    let mut command = 'L';
    while let Some(word) = words.peek() {
        let (letter, number) = split(word);
        if let Some(letter) = letter {
            command = letter;
            if number.is_empty() {
                words.next();
                if command == 'Z' {
                    pen.close();
                    continue;
                }
            }
        }
        let mut numbers = Vec::with_capacity(6);
        while numbers.len() < wants(command) {
            let Some(word) = words.next() else { break };
            numbers.push(split(word).1.parse().unwrap_or(0.0));
        }
        pen.follow(command, &numbers);
        if command == 'M' {
            command = 'L';
        }
    }
    pen.done
}

/// Parts `M18` into its letter and its number.
fn split(word: &str) -> (Option<char>, &str) {
    match word.chars().next() {
        Some(letter) if letter.is_ascii_uppercase() => (Some(letter), &word[1..]),
        _ => (None, word),
    }
}

fn wants(command: char) -> usize {
    match command {
        'H' | 'V' => 1,
        'Q' => 4,
        'C' => 6,
        _ => 2,
    }
}

#[derive(Default)]
struct Pen {
    done: Vec<Outline>,
    at: Point,
}

impl Pen {
    fn follow(&mut self, command: char, numbers: &[f32]) {
        match (command, numbers) {
            ('M', &[x, y]) => {
                self.done.push(vec![(x, y)]);
                self.at = (x, y);
            }
            ('L', &[x, y]) => self.to((x, y)),
            ('H', &[x]) => self.to((x, self.at.1)),
            ('V', &[y]) => self.to((self.at.0, y)),
            ('Q', &[a, b, x, y]) => self.curve(&[self.at, (a, b), (x, y)]),
            ('C', &[a, b, c, d, x, y]) => self.curve(&[self.at, (a, b), (c, d), (x, y)]),
            _ => {}
        }
    }

    fn to(&mut self, point: Point) {
        if let Some(line) = self.done.last_mut() {
            line.push(point);
        }
        self.at = point;
    }

    /// De Casteljau over control points of any degree.
    fn curve(&mut self, controls: &[Point]) {
        for step in 1..=CURVE_STEPS {
            let t = step as f32 / CURVE_STEPS as f32;
            let mut points = controls.to_vec();
            while points.len() > 1 {
                points = points.windows(2).map(|pair| between(pair[0], pair[1], t)).collect();
            }
            self.to(points[0]);
        }
    }

    fn close(&mut self) {
        if let Some(&start) = self.done.last().and_then(|line| line.first()) {
            self.to(start);
        }
    }
}

fn between(a: Point, b: Point, t: f32) -> Point {
    (a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t)
}

/// An ellipse.
pub(super) fn oval(centre: Point, rx: f32, ry: f32) -> Outline {
    arc(centre, rx, ry, OVAL_STEPS)
}

fn arc((x, y): Point, rx: f32, ry: f32, steps: usize) -> Outline {
    let turn = |step| step as f32 * std::f32::consts::TAU / steps as f32;
    (0..steps).map(|step| (x + rx * turn(step).cos(), y + ry * turn(step).sin())).collect()
}

/// The band between two ellipses: the inner outline runs the other way and cuts the hole.
pub(super) fn ring(centre: Point, rx: f32, ry: f32, width: f32) -> Vec<Outline> {
    let half = width / 2.0;
    let mut inner = oval(centre, (rx - half).max(0.0), (ry - half).max(0.0));
    inner.reverse();
    vec![oval(centre, rx + half, ry + half), inner]
}

/// A rectangle with round corners.
pub(super) fn rect(x: f32, y: f32, width: f32, height: f32, corner: f32) -> Outline {
    let corner = corner.min(width / 2.0).min(height / 2.0);
    let centres = [
        (x + width - corner, y + height - corner),
        (x + corner, y + height - corner),
        (x + corner, y + corner),
        (x + width - corner, y + corner),
    ];
    let quarter = JOINT_STEPS / 2;
    let mut outline = Vec::with_capacity(4 * (quarter + 1));
    for (side, centre) in centres.into_iter().enumerate() {
        for step in 0..=quarter {
            let turn = (side as f32 + step as f32 / quarter as f32) * std::f32::consts::FRAC_PI_2;
            outline.push((centre.0 + corner * turn.cos(), centre.1 + corner * turn.sin()));
        }
    }
    outline
}

/// A polyline drawn with a round pen: a quad to a segment, a disc to a joint, all turning the same way.
pub(super) fn stroke(line: &[Point], width: f32) -> Vec<Outline> {
    let half = width / 2.0;
    let mut outlines: Vec<Outline> = line.iter().map(|point| arc(*point, half, half, JOINT_STEPS)).collect();
    for pair in line.windows(2) {
        let (a, b) = (pair[0], pair[1]);
        let (dx, dy) = (b.0 - a.0, b.1 - a.1);
        let length = (dx * dx + dy * dy).sqrt();
        if length > 0.0 {
            let (nx, ny) = (-dy / length * half, dx / length * half);
            outlines.push(vec![(a.0 - nx, a.1 - ny), (b.0 - nx, b.1 - ny), (b.0 + nx, b.1 + ny), (a.0 + nx, a.1 + ny)]);
        }
    }
    outlines
}
