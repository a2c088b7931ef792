//! Turns whatever somebody uploads as a logo into the one picture everybody votes on.
//!
//! Every logo leaves this room in the same shape: a PNG of 1024×1024 pixels, the drawing centred
//! on transparency and as large as fits, and a thumbnail of 256×256. A ballot is fair only when
//! no candidate is shown larger, sharper or livelier than another, so animation is refused too.
//!
//! The room trusts nothing: it knows the format from the bytes, checks sizes before it decodes,
//! reads no file, fetches nothing, runs nothing and never panics. It would rather refuse a
//! drawing it cannot show exactly than show one with something missing.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "colours are 0 to 255 and sides a few thousand pixels, rounded on purpose"
)]

mod canvas;
mod fault;
mod raster;
mod svg;
#[cfg(test)]
mod tests;

use std::panic;

use sha2::{Digest, Sha256};

pub use fault::LogoFault;

/// What a logo may weigh. The HTTP layer refuses more before it buffers; this is the same rule
/// for every other way in.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;

/// Side of the square every logo is drawn on, in pixels.
pub const SIDE: u32 = 1024;

/// Side of the thumbnail, in pixels.
pub const THUMBNAIL_SIDE: u32 = 256;

/// A logo as it will be shown, served and named in the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// SHA-256 of `png`: the logo's name in the manifest and in its URL.
    pub digest: [u8; 32],
    /// The logo centred on a transparent square of [`SIDE`] pixels.
    pub png: Vec<u8>,
    /// The same square at [`THUMBNAIL_SIDE`] pixels.
    pub thumbnail: Vec<u8>,
    /// Width the drawing itself takes on the square.
    pub width: u32,
    /// Height the drawing itself takes on the square.
    pub height: u32,
}

/// Normalises an uploaded image. The same bytes always give the same logo.
pub fn normalise(bytes: &[u8]) -> Result<Logo, LogoFault> {
    if bytes.len() > MAX_BYTES {
        return Err(LogoFault::TooHeavy);
    }
    // The renderer unwraps its own allocations and decoders have had panics on crafted files.
    // A bad logo is the uploader's trouble, not the server's.
    panic::catch_unwind(|| draw(bytes)).unwrap_or(Err(LogoFault::Unreadable))
}

fn draw(bytes: &[u8]) -> Result<Logo, LogoFault> {
    let drawing = match sniff(bytes)? {
        Format::Raster(format) => canvas::premultiplied(raster::decode(bytes, format)?),
        Format::Svg(text) => svg::rasterise(text)?,
    };
    let drawing = canvas::fit(drawing)?;
    let square = canvas::centred(&drawing)?;
    let png = canvas::encode(square.clone())?;
    Ok(Logo {
        digest: Sha256::digest(&png).into(),
        thumbnail: canvas::encode_lightly(&canvas::thumbnail(&square))?,
        png,
        width: drawing.width(),
        height: drawing.height(),
    })
}

enum Format<'a> {
    Raster(raster::Format),
    Svg(&'a str),
}

/// Tells the format from the first bytes. What a file also pretends to be further on does not
/// matter: it is read as this format only, and only its pixels get through.
fn sniff(bytes: &[u8]) -> Result<Format<'_>, LogoFault> {
    if let Some(format) = raster::Format::of(bytes) {
        return Ok(Format::Raster(format));
    }
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return Err(LogoFault::SvgCompressed);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| LogoFault::UnknownFormat)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().starts_with('<') {
        Ok(Format::Svg(text))
    } else {
        Err(LogoFault::UnknownFormat)
    }
}
