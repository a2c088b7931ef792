//! Adds up the pixels a drawing will touch and hold, before one of them is.
//!
//! Follows the renderer's own steps: layers for opacity, clips, masks and filters, one picture
//! per pattern, edges and dashes per path. Each is counted at least as large as it will be, and
//! the count stops where the budget ends, so that it is itself bounded.

use resvg::tiny_skia::Rect;
use resvg::usvg::filter::{Filter, Kind};
use resvg::usvg::{ClipPath, Group, Mask, Node, Paint, Path, Pattern, Transform, Tree};

use super::LogoFault;
use super::outline::{dashes, edge_rows, magnification};

/// Pixels touched, in units of one pixel of a plain fill, about 2.5 ns. The weights further down
/// were measured against it; what is hardest to foresee can take twice the two seconds.
const MAX_TOUCHED: f64 = 1e9;

/// A row in which an edge of a path begins or ends the fill.
const BROKEN_ROW: f64 = 250.0;

/// A row in which an edge is followed, in four steps.
const EDGE_ROW: f64 = 32.0;

/// A pixel of one step of a filter, blur being the slowest.
const FILTERED: f64 = 32.0;

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
        let layers = if primitives > 0.0 { 2.0 + primitives } else { 1.0 };
        let layer = Surface { size, reach, ..on }.hold(size.area() * layers)?;
        self.touch(size.area() * (4.0 + FILTERED * primitives))?;
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
            self.outline(edge_rows(path, transform, on.size.height, 0.0), size)?;
            self.paint(fill.paint(), size, transform, on)?;
        }
        if let Some(stroke) = path.stroke() {
            let size = Size::of(path.stroke_bounding_box(), transform, on.size);
            let dashes = dashes(path, stroke);
            if dashes > MAX_DASHES {
                return Err(LogoFault::SvgTooComplex);
            }
            // Both sides of the line, and ends and joins that may span its width.
            let breadth = f64::from(stroke.width().get()) * magnification(transform);
            let breadth = breadth.min(on.size.height);
            let rows = edge_rows(path, transform, on.size.height, breadth) + dashes * (breadth + 8.0);
            self.outline(rows * 2.0, size)?;
            self.paint(stroke.paint(), size, transform, on)?;
        }
        Ok(())
    }

    /// An outline can break each pixel's row once: coverage is gathered before it is drawn.
    fn outline(&mut self, rows: f64, size: Size) -> Checked {
        self.touch(rows.min(size.area()) * BROKEN_ROW + rows * EDGE_ROW)
    }

    fn paint(&mut self, paint: &Paint, size: Size, transform: Transform, on: Surface) -> Checked {
        let stops = |stops: usize| 4.0 + stops as f64 / 8.0;
        match paint {
            Paint::Color(_) => self.touch(size.area()),
            Paint::LinearGradient(gradient) => self.touch(size.area() * stops(gradient.stops().len())),
            Paint::RadialGradient(gradient) => self.touch(size.area() * stops(gradient.stops().len())),
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
