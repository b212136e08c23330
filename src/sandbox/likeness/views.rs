//! Ways in which a picture may have come from one of ours: as it is, with a frame put around it, or with a part of its
//! edge cut off. Each is a window: where our whole picture would lie on the one that was given.

use super::raster::{Raster, Window};

/// The largest frame that is looked for, as a share of a side.
const WIDEST: f32 = 0.22;
/// Steps of a side in which a frame's end is looked for.
const STEPS: usize = 160;
/// What of a side is left after a cut.
const LEFT: f32 = 0.9;
const CUTS: [f32; 3] = [0.0, 0.05, 0.1];
/// How far a row of a frame may be from its colour, in the sum of three parts.
const PLAIN: f32 = 26.0;

/// All views of a part of a picture, the likeliest first.
pub fn views(raster: &Raster, part: Window) -> Vec<Window> {
    let mut views = vec![part];
    // A plain background looks like a frame, so that a frame does not say that nothing was cut off.
    views.extend(inside_frame(raster, part));
    let (width, height) = raster.size();
    let shape = width as f32 * (part.right - part.left) / (height as f32 * (part.bottom - part.top)).max(0.001);
    if !(0.97..=1.03).contains(&shape) && (0.7..=1.43).contains(&shape) {
        // Cut on one or two opposite sides only: what is missing makes it square.
        for cut in [0.0, 0.5, 1.0] {
            let (across, down) = (shape.min(1.0), (1.0 / shape).min(1.0));
            views.push(uncut(part, (across, down), ((1.0 - across) * cut, (1.0 - down) * cut)));
        }
    } else {
        let places = CUTS.iter().flat_map(|left| CUTS.iter().map(move |top| (*left, *top)));
        views.extend(places.map(|place| uncut(part, (LEFT, LEFT), place)));
    }
    views
}

/// Where the whole picture lies when the part shows only `left` of it, beginning at `place`.
fn uncut(part: Window, left: (f32, f32), place: (f32, f32)) -> Window {
    part.within(Window {
        left: -place.0 / left.0,
        top: -place.1 / left.1,
        right: (1.0 - place.0) / left.0,
        bottom: (1.0 - place.1) / left.1,
    })
}

/// What a plain frame on all four sides surrounds.
fn inside_frame(raster: &Raster, part: Window) -> Option<Window> {
    let colour = raster.mean(part.within(Window { right: 0.008, bottom: 0.008, ..Window::WHOLE }));
    let plain = |window: Window| {
        let cells = 12;
        let (wide, high) = (window.right - window.left, window.bottom - window.top);
        let differ = |at: usize| {
            let share = at as f32 / cells as f32;
            let cell = if wide > high {
                Window {
                    left: window.left + wide * share,
                    right: window.left + wide * (share + 1.0 / cells as f32),
                    ..window
                }
            } else {
                Window {
                    top: window.top + high * share,
                    bottom: window.top + high * (share + 1.0 / cells as f32),
                    ..window
                }
            };
            let mean = raster.mean(part.within(cell));
            mean.iter().zip(colour).map(|(a, b)| (a - b).abs()).sum::<f32>() > PLAIN
        };
        !(0..cells).any(differ)
    };
    let step = 1.0 / STEPS as f32;
    let most = (WIDEST * STEPS as f32) as usize;
    let depth = |strip: &dyn Fn(f32, f32) -> Window| {
        let plain_steps = (0..most).take_while(|at| plain(strip(*at as f32 * step, (*at + 1) as f32 * step))).count();
        (plain_steps > 0 && plain_steps < most).then_some(plain_steps as f32 * step)
    };
    let left = depth(&|from, to| Window { left: from, right: to, ..Window::WHOLE })?;
    let right = depth(&|from, to| Window { left: 1.0 - to, right: 1.0 - from, ..Window::WHOLE })?;
    let top = depth(&|from, to| Window { top: from, bottom: to, ..Window::WHOLE })?;
    let bottom = depth(&|from, to| Window { top: 1.0 - to, bottom: 1.0 - from, ..Window::WHOLE })?;
    Some(part.within(Window { left, top, right: 1.0 - right, bottom: 1.0 - bottom }))
}
