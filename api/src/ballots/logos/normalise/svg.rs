//! Draws an SVG, after making sure that what will be drawn is what its author sees and that
//! drawing it takes bounded time and memory.
//!
//! SVG is a program for a browser. Four gates stand before the renderer, each refusing what the
//! next could not bear: the text (`text`), the elements and references (`profile`, `style`),
//! the drawing with every reference written out (`weight`), and the pixels to touch (`work`).
//! Nothing here opens a file or an address.

mod outline;
mod profile;
mod style;
mod text;
mod weight;
mod work;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use image::RgbaImage;
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, ImageHrefResolver, ImageKind, Options, Tree, roxmltree};

use super::{LogoFault, SIDE, canvas, raster};

/// Most pixels of all pictures embedded in one drawing, counted as often as they are used.
const MAX_EMBEDDED_PIXELS: u64 = 16 * 1024 * 1024;

/// Draws the SVG to fit the common square; the result carries premultiplied alpha.
pub fn rasterise(source: &str) -> Result<RgbaImage, LogoFault> {
    text::check(source)?;
    let options = roxmltree::ParsingOptions {
        // Old exporters write a DOCTYPE; entities in it have been refused above.
        allow_dtd: true,
        nodes_limit: 200_000,
        ..Default::default()
    };
    let document =
        roxmltree::Document::parse_with_options(source, options).map_err(|error| text::not_parsed(source, &error))?;
    profile::check(&document)?;
    weight::check(&document, &style::rules(&document)?)?;

    let tree = convert(&document)?;
    let size = tree.size();
    // Proportions only: a drawing has no pixels of its own.
    let longer = size.width().max(size.height());
    let parts = |side: f32| (side / longer * 65_536.0).round() as u32;
    let (width, height) = canvas::fitted(parts(size.width()), parts(size.height()))?;
    let scale = Transform::from_scale(width as f32 / size.width(), height as f32 / size.height());
    work::check(&tree, scale, SIDE)?;

    let mut pixmap = Pixmap::new(width, height).ok_or(LogoFault::SvgTooComplex)?;
    resvg::render(&tree, scale, &mut pixmap.as_mut());
    RgbaImage::from_raw(width, height, pixmap.take()).ok_or(LogoFault::Unreadable)
}

/// Resolves the document into plain shapes.
fn convert(document: &roxmltree::Document<'_>) -> Result<Tree, LogoFault> {
    let embedded = Arc::new(Embedded::default());
    let (inside, outside) = (embedded.clone(), embedded.clone());
    let options = Options {
        languages: vec!["fr".to_owned(), "en".to_owned()],
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(move |_declared, data, _| inside.open(&data)),
            resolve_string: Box::new(move |_, _| outside.refuse(LogoFault::SvgExternalReference)),
        },
        ..Options::default()
    };
    let tree = Tree::from_xmltree(document, &options).map_err(|error| match error {
        usvg::Error::ElementsLimitReached | usvg::Error::ParsingFailed(roxmltree::Error::NodesLimitReached) => {
            LogoFault::SvgTooComplex
        }
        _ => LogoFault::Unreadable,
    })?;
    match embedded.fault.get() {
        Some(fault) => Err(*fault),
        None => Ok(tree),
    }
}

/// The pictures a drawing carries in itself. The renderer skips silently what it cannot decode,
/// so they are decoded here, under the same rules as any other picture, and handed over as PNG.
#[derive(Default)]
struct Embedded {
    pixels: AtomicU64,
    fault: OnceLock<LogoFault>,
}

impl Embedded {
    fn open(&self, data: &[u8]) -> Option<ImageKind> {
        // After a first fault the drawing is lost; spare the rest.
        if self.fault.get().is_some() {
            return None;
        }
        match self.reencode(data) {
            Ok(png) => Some(ImageKind::PNG(Arc::new(png))),
            Err(fault) => self.refuse(fault),
        }
    }

    fn reencode(&self, data: &[u8]) -> Result<Vec<u8>, LogoFault> {
        let format = raster::Format::of(data).ok_or(LogoFault::SvgUnsupportedFeature)?;
        let picture = raster::decode_any_size(data, format)?;
        let pixels = u64::from(picture.width()) * u64::from(picture.height());
        let before = self.pixels.fetch_add(pixels, Ordering::Relaxed);
        if before + pixels > MAX_EMBEDDED_PIXELS {
            return Err(LogoFault::SvgTooComplex);
        }
        canvas::encode_quickly(&picture)
    }

    fn refuse(&self, fault: LogoFault) -> Option<ImageKind> {
        // Only the first fault is reported; a later one changes nothing.
        self.fault.get_or_init(|| fault);
        None
    }
}
