//! Small files of every kind, good or crafted.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};

/// Red on the left, blue on the right.
pub fn two_halves(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_fn(width, height, |x, _| {
        Rgba(if x < width / 2 {
            [255, 0, 0, 255]
        } else {
            [0, 0, 255, 255]
        })
    })
}

pub fn svg(body: &str) -> String {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 100 100">{body}</svg>"#
    )
}

fn written(picture: &RgbaImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    let picture = DynamicImage::ImageRgba8(picture.clone());
    let picture = if format == ImageFormat::Jpeg {
        picture.into_rgb8().into()
    } else {
        picture
    };
    picture.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    bytes
}

pub fn png(picture: &RgbaImage) -> Vec<u8> {
    written(picture, ImageFormat::Png)
}

pub fn jpeg(picture: &RgbaImage) -> Vec<u8> {
    written(picture, ImageFormat::Jpeg)
}

pub fn webp(picture: &RgbaImage) -> Vec<u8> {
    written(picture, ImageFormat::WebP)
}

/// A JPEG whose EXIF block, right after the first marker, holds an orientation alone.
pub fn jpeg_with_orientation(picture: &RgbaImage, orientation: u8) -> Vec<u8> {
    let mut block = b"\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    block.extend_from_slice(&[orientation, 0, 0, 0, 0, 0, 0]);
    let mut bytes = jpeg(picture);
    bytes.splice(2..2, block);
    bytes
}

/// The picture as the one frame of an animation.
pub fn animated_webp(picture: &RgbaImage) -> Vec<u8> {
    let side = |length: u32| (length - 1).to_le_bytes()[..3].to_vec();
    let size = [side(picture.width()), side(picture.height())].concat();
    let still = webp(picture);
    let frame = [&[0; 6], size.as_slice(), &[100, 0, 0, 0], &still[12..]].concat();
    let parts = [
        riff(b"VP8X", &[&[0x12, 0, 0, 0], size.as_slice()].concat()),
        riff(b"ANIM", &[0; 6]),
        riff(b"ANMF", &frame),
    ];
    riff(b"RIFF", &[b"WEBP".as_slice(), &parts.concat()].concat())
}

fn riff(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_le_bytes();
    [kind.as_slice(), &length, body, &[0][..body.len() % 2]].concat()
}

/// A PNG in pieces.
pub struct Png(Vec<u8>);

impl Png {
    pub fn of(picture: &RgbaImage) -> Self {
        Self(png(picture))
    }

    /// A header that claims this size, and nothing to fill it.
    pub fn sized(width: u32, height: u32) -> Self {
        let mut header = [width.to_be_bytes(), height.to_be_bytes()].concat();
        header.extend_from_slice(&[8, 6, 0, 0, 0]);
        let mut file = Self(b"\x89PNG\r\n\x1a\n".to_vec());
        file.0.extend(chunk(b"IHDR", &header));
        file.0.extend(chunk(b"IDAT", &[]));
        file.0.extend(chunk(b"IEND", &[]));
        file
    }

    /// Puts a chunk after the header.
    pub fn insert(&mut self, kind: &[u8; 4], body: &[u8]) {
        self.0.splice(33..33, chunk(kind, body));
    }

    pub fn bytes(self) -> Vec<u8> {
        self.0
    }
}

fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    let checked = [kind.as_slice(), body].concat();
    [length.as_slice(), &checked, &crc(&checked).to_be_bytes()].concat()
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xedb8_8320
            } else {
                crc >> 1
            }
        })
    })
}
