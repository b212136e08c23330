//! Small pictures of numbers over time, as SVG inside the page: no style of their own, so that the page's policy and
//! its colours hold for them too.

use std::fmt::Write as _;

const WIDE: f64 = 120.0;
const HIGH: f64 = 28.0;

/// A line with the surface below it; `says` is what it shows, for those who do not see it.
pub fn line(points: &[f64], says: &str) -> String {
    if points.len() < 2 {
        return String::new();
    }
    let top = points.iter().copied().fold(0.0, f64::max);
    let step = WIDE / (points.len() - 1) as f64;
    let mut path = String::new();
    for (at, point) in points.iter().enumerate() {
        let sign = if at == 0 { 'M' } else { 'L' };
        let _ = write!(path, "{sign}{:.1} {:.1}", at as f64 * step, height(*point, top));
    }
    let below = format!("{path}L{WIDE} {HIGH}L0 {HIGH}Z");
    framed(says, &format!(r#"<path class="below" d="{below}"/><path class="line" d="{path}"/>"#))
}

/// Columns side by side.
pub fn columns(points: &[f64], says: &str) -> String {
    if points.is_empty() {
        return String::new();
    }
    let top = points.iter().copied().fold(0.0, f64::max);
    let step = WIDE / points.len() as f64;
    let mut inner = format!(r#"<path class="base" d="M0 {HIGH}L{WIDE} {HIGH}"/>"#);
    for (at, point) in points.iter().enumerate().filter(|(_, point)| **point > 0.0) {
        let y = height(*point, top);
        let (x, wide, high) = (at as f64 * step, step * 0.72, (HIGH - y).max(0.6));
        let _ = write!(inner, r#"<rect x="{x:.1}" y="{:.1}" width="{wide:.1}" height="{high:.1}"/>"#, HIGH - high);
    }
    framed(says, &inner)
}

/// Where a point lies: the largest at the top, with room for the width of the line; nothing at the bottom.
fn height(point: f64, top: f64) -> f64 {
    if top <= 0.0 { HIGH - 1.0 } else { HIGH - 1.0 - (point.max(0.0) / top) * (HIGH - 2.5) }
}

fn framed(says: &str, inner: &str) -> String {
    let says = says.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    format!(
        r#"<svg class="spark" viewBox="0 0 {WIDE} {HIGH}" preserveAspectRatio="none" role="img" aria-label="{says}">{inner}</svg>"#
    )
}

#[cfg(test)]
mod tests {
    use super::{columns, line};

    #[test]
    fn the_largest_is_at_the_top_and_nothing_at_the_bottom() {
        let svg = line(&[0.0, 5.0, 10.0], "a <b>");
        assert!(svg.contains(r#"class="line" d="M0.0 27.0L60.0 14.2L120.0 1.5""#), "{svg}");
        assert!(svg.contains("aria-label=\"a &lt;b>\"") && !svg.contains("style"));
        assert_eq!(columns(&[1.0, 0.0], "").matches("<rect").count(), 1, "nothing has no column");
    }

    #[test]
    fn nothing_to_show_breaks_nothing() {
        assert_eq!((line(&[1.0], "").as_str(), columns(&[], "").as_str()), ("", ""));
        assert!(line(&[0.0, 0.0], "").contains("M0.0 27.0L120.0 27.0"));
    }
}
