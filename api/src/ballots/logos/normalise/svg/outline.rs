//! Measures outlines: what an edge crosses, how many dashes a line breaks into.

use resvg::tiny_skia::{PathSegment, Point};
use resvg::usvg::{Path, Stroke, Transform};

/// How many times longer a line can become, whatever its direction.
pub fn magnification(ts: Transform) -> f64 {
    f64::from(ts.sx.hypot(ts.ky).hypot(ts.kx.hypot(ts.sy)))
}

/// The rows of the surface that all edges of a path cross together.
pub fn edge_rows(path: &Path, transform: Transform, height: f64, breadth: f64) -> f64 {
    let mut rows = 0.0;
    legs(path, |points| {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for mut point in points.iter().copied() {
            transform.map_point(&mut point);
            low = low.min(point.y.into());
            high = high.max(point.y.into());
        }
        rows += 1.0 + (high - low).min(height) + breadth;
    });
    rows
}

/// How many dashes a stroke breaks into, at most: a curve is no longer than its control polygon.
pub fn dashes(path: &Path, stroke: &Stroke) -> f64 {
    let Some(pattern) = stroke.dasharray() else {
        return 0.0;
    };
    let mut length = 0.0;
    legs(path, |points| {
        for pair in points.windows(2) {
            if let [from, to] = pair {
                length += f64::from(from.distance(*to));
            }
        }
    });
    let period: f64 = pattern.iter().copied().map(f64::from).sum();
    length / period * pattern.len() as f64
}

/// Gives each leg of a path as its control points, the start first.
fn legs(path: &Path, mut each: impl FnMut(&[Point])) {
    let (mut start, mut last) = (Point::zero(), Point::zero());
    for segment in path.data().segments() {
        match segment {
            PathSegment::MoveTo(to) => (start, last) = (to, to),
            PathSegment::LineTo(to) => {
                each(&[last, to]);
                last = to;
            }
            PathSegment::QuadTo(by, to) => {
                each(&[last, by, to]);
                last = to;
            }
            PathSegment::CubicTo(by, and_by, to) => {
                each(&[last, by, and_by, to]);
                last = to;
            }
            PathSegment::Close => {
                each(&[last, start]);
                last = start;
            }
        }
    }
}
