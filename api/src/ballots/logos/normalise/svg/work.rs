//! Adds up the pixels a drawing will touch and hold, before one of them is.
//!
//! Follows the renderer's own steps: layers for opacity, clips, masks and filters, one picture
//! per pattern, edges and dashes per path. Each is counted at least as large as it will be, and
//! the count stops where the budget ends, so that it is itself bounded.

use resvg::tiny_skia::{PathSegment, Point, Rect};
use resvg::usvg::filter::{Filter, Kind};
use resvg::usvg::{ClipPath, Group, Mask, Node, Paint, Path, Pattern, Stroke, Transform, Tree};

use super::LogoFault;

/// Pixels touched, in simple fills. About two seconds of one core at worst.
const MAX_TOUCHED: f64 = 1e9;

/// Pixels held at one time in layers, at four bytes each.
const MAX_HELD: f64 = 48.0 * 1024.0 * 1024.0;

/// Most dashes of one outline.
const MAX_DASHES: f64 = 20_000.0;

pub fn check(tree: &Tree, transform: Transform, side: u32) -> Result<(), LogoFault> {
    let side = side as f32;
    // The renderer lets layers reach twice the canvas beyond each edge.
    let reach = Rect::from_xywh(-2.0 * side, -2.0 * side, 5.0 * side, 5.0 * side);
    let surface = Surface {
        size: Size {
            width: side.into(),
            height: side.into(),
        },
        reach: reach.ok_or(LogoFault::SvgTooComplex)?,
        held: 0.0,
    };
    let mut work = Work { touched: 0.0 };
    work.nodes(tree.root(), transform, surface)
}

#[derive(Clone, Copy)]
struct Size {
    width: f64,
    height: f64,
}

impl Size {
    fn area(self) -> f64 {
        self.width * self.height
    }

    /// The size of a box after the transform, no larger than the surface it is drawn on. A box
    /// that cannot be computed counts as the whole surface.
    fn of(bounds: Rect, transform: Transform, surface: Self) -> Self {
        match bounds.transform(transform) {
            Some(bounds) => Self {
                width: (f64::from(bounds.width()) + 4.0).min(surface.width),
                height: (f64::from(bounds.height()) + 4.0).min(surface.height),
            },
            None => surface,
        }
    }
}

/// What is being drawn on: its size, how far layers on it may reach, what is held below it.
#[derive(Clone, Copy)]
struct Surface {
    size: Size,
    reach: Rect,
    held: f64,
}

impl Surface {
    fn hold(self, pixels: f64) -> Result<Self, LogoFault> {
        let held = self.held + pixels;
        if held <= MAX_HELD {
            Ok(Self { held, ..self })
        } else {
            Err(LogoFault::SvgTooComplex)
        }
    }
}

type Checked = Result<(), LogoFault>;

struct Work {
    touched: f64,
}

impl Work {
    fn touch(&mut self, pixels: f64) -> Checked {
        self.touched += pixels;
        // Not `>`: what is not a number is too much as well.
        if self.touched <= MAX_TOUCHED {
            Ok(())
        } else {
            Err(LogoFault::SvgTooComplex)
        }
    }

    fn nodes(&mut self, group: &Group, transform: Transform, on: Surface) -> Checked {
        for node in group.children() {
            self.touch(16.0)?;
            match node {
                Node::Group(group) => self.group(group, transform, on)?,
                Node::Path(path) => self.path(path, transform, on)?,
                Node::Image(image) => {
                    let own = f64::from(image.size().width()) * f64::from(image.size().height());
                    on.hold(own)?;
                    self.touch(own * 8.0 + on.size.area() * 8.0)?;
                }
                // Refused long before; nothing would be drawn.
                Node::Text(_) => return Err(LogoFault::SvgTextNotOutlined),
            }
        }
        Ok(())
    }

    fn group(&mut self, group: &Group, transform: Transform, on: Surface) -> Checked {
        let transform = transform.pre_concat(group.transform());
        if !group.should_isolate() {
            return self.nodes(group, transform, on);
        }
        // A filtered layer is drawn upright and turned afterwards, so its reach is turned back.
        let turn = if group.filters().is_empty() {
            Transform::identity()
        } else {
            rotation(transform)
        };
        let Some(back) = turn.invert() else {
            return Ok(());
        };
        let Some(reach) = on.reach.transform(back) else {
            return Ok(());
        };
        let transform = back.pre_concat(transform);
        let whole = Size {
            width: f64::from(reach.width()) + 2.0,
            height: f64::from(reach.height()) + 2.0,
        };
        let size = Size::of(group.layer_bounding_box().to_rect(), transform, whole);

        let primitives: f64 = group.filters().iter().map(|filter| cost(filter)).sum();
        let layers = if primitives > 0.0 {
            2.0 + primitives
        } else {
            1.0
        };
        let layer = Surface { size, reach, ..on }.hold(size.area() * layers)?;
        self.touch(size.area() * (4.0 + 12.0 * primitives))?;
        self.nodes(group, transform, layer)?;
        if let Some(clip) = group.clip_path() {
            self.clip(clip, transform, layer)?;
        }
        if let Some(mask) = group.mask() {
            self.mask(mask, transform, layer)?;
        }
        Ok(())
    }

    fn clip(&mut self, clip: &ClipPath, transform: Transform, on: Surface) -> Checked {
        let on = on.hold(on.size.area())?;
        self.touch(on.size.area() * 4.0)?;
        self.clip_nodes(clip.root(), transform.pre_concat(clip.transform()), on)?;
        match clip.clip_path() {
            Some(clip) => self.clip(clip, transform, on),
            None => Ok(()),
        }
    }

    fn clip_nodes(&mut self, group: &Group, transform: Transform, on: Surface) -> Checked {
        for node in group.children() {
            self.touch(16.0)?;
            match node {
                Node::Path(path) => self.path(path, transform, on)?,
                Node::Group(group) => {
                    let transform = transform.pre_concat(group.transform());
                    match group.clip_path() {
                        Some(clip) => {
                            let on = on.hold(on.size.area())?;
                            self.touch(on.size.area() * 4.0)?;
                            self.clip_nodes(group, transform, on)?;
                            self.clip(clip, transform, on)?;
                        }
                        None => self.clip_nodes(group, transform, on)?,
                    }
                }
                Node::Image(_) | Node::Text(_) => {}
            }
        }
        Ok(())
    }

    fn mask(&mut self, mask: &Mask, transform: Transform, on: Surface) -> Checked {
        let on = on.hold(on.size.area() * 2.0)?;
        self.touch(on.size.area() * 8.0)?;
        self.nodes(mask.root(), transform, on)?;
        match mask.mask() {
            Some(mask) => self.mask(mask, transform, on),
            None => Ok(()),
        }
    }

    fn path(&mut self, path: &Path, transform: Transform, on: Surface) -> Checked {
        if !path.is_visible() {
            return Ok(());
        }
        if let Some(fill) = path.fill() {
            let size = Size::of(path.bounding_box(), transform, on.size);
            self.touch(edges(path, transform, on.size.height, 0.0))?;
            self.paint(fill.paint(), size, transform, on)?;
        }
        if let Some(stroke) = path.stroke() {
            let size = Size::of(path.stroke_bounding_box(), transform, on.size);
            let dashes = dashes(path, stroke);
            if dashes > MAX_DASHES {
                return Err(LogoFault::SvgTooComplex);
            }
            // Both sides of the line, and joins that may span its width.
            let breadth = f64::from(stroke.width().get()) * magnification(transform);
            let breadth = breadth.min(on.size.height);
            self.touch(edges(path, transform, on.size.height, breadth) * 4.0)?;
            self.touch(dashes * (64.0 + 4.0 * breadth))?;
            self.paint(stroke.paint(), size, transform, on)?;
        }
        Ok(())
    }

    fn paint(&mut self, paint: &Paint, size: Size, transform: Transform, on: Surface) -> Checked {
        let stops = |stops: usize| 4.0 + stops as f64;
        match paint {
            Paint::Color(_) => self.touch(size.area()),
            Paint::LinearGradient(gradient) => {
                self.touch(size.area() * stops(gradient.stops().len()))
            }
            Paint::RadialGradient(gradient) => {
                self.touch(size.area() * stops(gradient.stops().len()))
            }
            Paint::Pattern(pattern) => {
                self.touch(size.area() * 8.0)?;
                self.pattern(pattern, transform, on)
            }
        }
    }

    /// A pattern is drawn anew for each shape it fills, as large as it comes.
    fn pattern(&mut self, pattern: &Pattern, transform: Transform, on: Surface) -> Checked {
        let (x, y) = transform.pre_concat(pattern.transform()).get_scale();
        let size = Size {
            width: f64::from(pattern.rect().width() * x).round(),
            height: f64::from(pattern.rect().height() * y).round(),
        };
        let tile = Surface { size, ..on }.hold(size.area())?;
        self.touch(size.area())?;
        self.nodes(pattern.root(), Transform::from_scale(x, y), tile)
    }
}

/// The turn and slant of a transform, without its scale and shift; as the renderer takes it.
fn rotation(ts: Transform) -> Transform {
    let (x, y) = (ts.sx.hypot(ts.ky), ts.kx.hypot(ts.sy));
    Transform::from_row(ts.sx / x, ts.ky / x, ts.kx / y, ts.sy / y, 0.0, 0.0)
}

fn magnification(ts: Transform) -> f64 {
    let (x, y) = (ts.sx.hypot(ts.ky), ts.kx.hypot(ts.sy));
    f64::from(x.max(y))
}

/// How many whole layers a filter keeps and passes over.
fn cost(filter: &Filter) -> f64 {
    let layers = |kind: &Kind| match kind {
        Kind::Merge(merge) => merge.inputs().len() as f64 + 1.0,
        _ => 1.0,
    };
    filter
        .primitives()
        .iter()
        .map(|primitive| layers(primitive.kind()))
        .sum()
}

/// Steps down the lines of the surface that all edges of a path take together.
fn edges(path: &Path, transform: Transform, height: f64, breadth: f64) -> f64 {
    let mut steps = 0.0;
    legs(path, |points| {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for mut point in points.iter().copied() {
            transform.map_point(&mut point);
            low = low.min(point.y.into());
            high = high.max(point.y.into());
        }
        steps += 8.0 + (high - low).min(height) + breadth;
    });
    // Edges are stepped through in quarters of a line.
    steps * 4.0
}

/// How many dashes a stroke breaks into, at most: a curve is no longer than its control polygon.
fn dashes(path: &Path, stroke: &Stroke) -> f64 {
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
