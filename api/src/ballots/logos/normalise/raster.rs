//! Decodes PNG, JPEG and WebP, once their headers have shown that they fit in memory.
//!
//! May not scale or judge what the picture shows; it only gives upright pixels or a fault.

use std::io::Cursor;

use image::codecs::{jpeg::JpegDecoder, png::PngDecoder, webp::WebPDecoder};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, Limits, RgbaImage};

use super::LogoFault;

/// Longest side that is decoded.
const MAX_SIDE: u32 = 8192;

/// Most pixels that are decoded: a photograph of 16 megapixels. A decoder may hold the picture
/// twice at up to 8 bytes a pixel, so this is what keeps one upload under about 250 MB.
const MAX_PIXELS: u64 = 16 * 1024 * 1024;

/// Below this longer side a picture would be blown up eightfold and look blurred by our doing.
const MIN_LONGER_SIDE: u32 = 128;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Png,
    Jpeg,
    WebP,
}

impl Format {
    /// The format whose signature the bytes carry.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
            Some(Self::Jpeg)
        } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            Some(Self::WebP)
        } else {
            None
        }
    }
}

/// Decodes a picture that is to be a logo by itself.
pub fn decode(bytes: &[u8], format: Format) -> Result<RgbaImage, LogoFault> {
    let picture = decode_any_size(bytes, format)?;
    if picture.width().max(picture.height()) < MIN_LONGER_SIDE {
        return Err(LogoFault::TooSmall);
    }
    Ok(picture)
}

/// Decodes a picture that may be a small part of a drawing.
pub fn decode_any_size(bytes: &[u8], format: Format) -> Result<RgbaImage, LogoFault> {
    let input = Cursor::new(bytes);
    match format {
        Format::Png => {
            let decoder = PngDecoder::with_limits(input, limits())?;
            still(decoder.is_apng()?)?;
            pixels(decoder)
        }
        Format::Jpeg => pixels(JpegDecoder::new(input)?),
        Format::WebP => {
            let decoder = WebPDecoder::new(input)?;
            still(decoder.has_animation())?;
            pixels(decoder)
        }
    }
}

/// Refuses animations rather than choosing a frame: the first one is often empty.
fn still(animated: bool) -> Result<(), LogoFault> {
    if animated { Err(LogoFault::Animated) } else { Ok(()) }
}

fn pixels(mut decoder: impl ImageDecoder) -> Result<RgbaImage, LogoFault> {
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(LogoFault::DimensionsTooLarge);
    }
    decoder.set_limits(limits())?;
    // A camera's picture may lie on its side with a note to turn it; the note is lost below.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture.into_rgba8())
}

fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_PIXELS * 8);
    limits
}

impl From<ImageError> for LogoFault {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Limits(_) => Self::DimensionsTooLarge,
            _ => Self::Unreadable,
        }
    }
}
