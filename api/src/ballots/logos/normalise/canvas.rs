//! Lays a drawing on the common square, makes the thumbnail and writes both as PNG.
//!
//! All pictures in here carry premultiplied alpha, so that scaling does not draw the hidden
//! colour of transparent pixels into the edges; only `encode` goes back to plain alpha.

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::imageops::{self, FilterType as Scaling};
use image::{ExtendedColorType, ImageEncoder, RgbaImage};

use super::{LogoFault, SIDE, THUMBNAIL_SIDE};

/// A drawing longer than this many times its breadth would be a line on the square.
const MAX_RATIO: u32 = 32;

pub fn premultiplied(mut picture: RgbaImage) -> RgbaImage {
    for pixel in picture.pixels_mut() {
        let [colour @ .., alpha] = &mut pixel.0;
        for c in colour {
            *c = ((u32::from(*c) * u32::from(*alpha) + 127) / 255) as u8;
        }
    }
    picture
}

/// The size a drawing of these proportions takes on the square.
pub fn fitted(width: u32, height: u32) -> Result<(u32, u32), LogoFault> {
    let (long, short) = (width.max(height), width.min(height));
    if short == 0 || long / short >= MAX_RATIO {
        return Err(LogoFault::TooElongated);
    }
    let breadth = (u64::from(short) * u64::from(SIDE) + u64::from(long) / 2) / u64::from(long);
    let breadth = u32::try_from(breadth).unwrap_or(SIDE);
    Ok(if width >= height {
        (SIDE, breadth)
    } else {
        (breadth, SIDE)
    })
}

/// Scales a drawing, up or down, to touch the square's sides.
pub fn fit(drawing: RgbaImage) -> Result<RgbaImage, LogoFault> {
    let (width, height) = fitted(drawing.width(), drawing.height())?;
    if drawing.dimensions() == (width, height) {
        return Ok(drawing);
    }
    Ok(imageops::resize(&drawing, width, height, Scaling::Lanczos3))
}

/// Centres a fitted drawing on the transparent square.
pub fn centred(drawing: &RgbaImage) -> Result<RgbaImage, LogoFault> {
    if drawing.pixels().all(|pixel| pixel.0[3] == 0) {
        return Err(LogoFault::Blank);
    }
    let mut square = RgbaImage::new(SIDE, SIDE);
    let left = (SIDE - drawing.width()) / 2;
    let top = (SIDE - drawing.height()) / 2;
    imageops::replace(&mut square, drawing, left.into(), top.into());
    Ok(square)
}

pub fn thumbnail(square: &RgbaImage) -> RgbaImage {
    imageops::resize(square, THUMBNAIL_SIDE, THUMBNAIL_SIDE, Scaling::Triangle)
}

/// Writes a drawing as PNG: pixels only, no date, no text, no profile. Voters fetch it over poor
/// links, so of two ways to pack it the smaller is kept: flat drawings pack better unfiltered.
pub fn encode(mut picture: RgbaImage) -> Result<Vec<u8>, LogoFault> {
    for pixel in picture.pixels_mut() {
        let [colour @ .., alpha] = &mut pixel.0;
        let alpha = u32::from(*alpha);
        for c in colour {
            // Scaling may overshoot, leaving more colour than alpha.
            let plain = (u32::from(*c) * 255 + alpha / 2).checked_div(alpha).unwrap_or(0);
            *c = plain.min(255) as u8;
        }
    }
    let flat = encode_with(&picture, CompressionType::Best, FilterType::NoFilter)?;
    let shaded = encode_with(&picture, CompressionType::Best, FilterType::Adaptive)?;
    Ok(if flat.len() <= shaded.len() { flat } else { shaded })
}

/// Writes a picture of plain alpha as PNG without taking time to pack it.
pub fn encode_quickly(picture: &RgbaImage) -> Result<Vec<u8>, LogoFault> {
    encode_with(picture, CompressionType::Fast, FilterType::NoFilter)
}

/// Heavier than this a thumbnail loses shades: five of them shall fit in a phone's first visit.
const LIGHT: usize = 20_000;

/// As [`encode`], with fewer shades where it would be heavy, most often for what a JPEG has left
/// around the edges of a drawing; never so few that one would see it.
pub fn encode_lightly(picture: &RgbaImage) -> Result<Vec<u8>, LogoFault> {
    let mut png = encode(picture.clone())?;
    for bits in [6, 5] {
        if png.len() <= LIGHT {
            break;
        }
        let mut fewer = picture.clone();
        for pixel in fewer.pixels_mut() {
            for c in &mut pixel.0 {
                *c = shade(*c, bits);
            }
        }
        png = encode(fewer)?;
    }
    Ok(png)
}

/// The nearest of `2^bits` shades, none and all among them.
fn shade(c: u8, bits: u32) -> u8 {
    let last = (1 << bits) - 1;
    let nearest = (u32::from(c) * last + 127) / 255;
    ((nearest * 255 + last / 2) / last) as u8
}

fn encode_with(picture: &RgbaImage, packing: CompressionType, filter: FilterType) -> Result<Vec<u8>, LogoFault> {
    let mut png = Vec::new();
    PngEncoder::new_with_quality(&mut png, packing, filter).write_image(
        picture.as_raw(),
        picture.width(),
        picture.height(),
        ExtendedColorType::Rgba8,
    )?;
    Ok(png)
}
