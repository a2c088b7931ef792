//! Good logos of every format, and everything an upload may be instead.

mod bad_svg;
mod samples;

use image::{Rgba, RgbaImage, imageops};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::{Logo, LogoFault, MAX_BYTES, SIDE, THUMBNAIL_SIDE, normalise};
use samples::{Png, jpeg, jpeg_with_orientation, png, svg, two_halves, webp};

const BLUE: [u8; 4] = [0, 0, 255, 255];
const CLEAR: [u8; 4] = [0, 0, 0, 0];
const RED: [u8; 4] = [255, 0, 0, 255];

fn shown(logo: &Logo) -> RgbaImage {
    image::load_from_memory(&logo.png).unwrap().into_rgba8()
}

fn fault(bytes: &[u8]) -> &'static str {
    normalise(bytes).map_or_else(LogoFault::code, |_| "accepted")
}

fn near(a: [u8; 4], b: [u8; 4]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.abs_diff(b) < 12)
}

#[test]
fn every_format_becomes_the_same_square() {
    let drawing = r#"<svg xmlns="http://www.w3.org/2000/svg" width="300" height="150">
        <path fill="red" d="M0 0h150v150H0z"/><path fill="blue" d="M150 0h150v150H150z"/></svg>"#;
    let picture = two_halves(300, 150);
    for bytes in [png(&picture), jpeg(&picture), webp(&picture), drawing.into()] {
        let logo = normalise(&bytes).unwrap();
        let square = shown(&logo);
        assert_eq!(square.dimensions(), (SIDE, SIDE));
        assert_eq!((logo.width, logo.height), (1024, 512));
        assert!(near(square[(256, 512)].0, RED));
        assert!(near(square[(768, 512)].0, BLUE));
        assert_eq!(square[(512, 250)].0, CLEAR);
        assert_eq!(square[(512, 774)].0, CLEAR);
        let digest: [u8; 32] = Sha256::digest(&logo.png).into();
        assert_eq!(logo.digest, digest);
        let thumbnail = image::load_from_memory(&logo.thumbnail).unwrap();
        assert_eq!(
            (thumbnail.width(), thumbnail.height()),
            (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
        );
    }
}

#[test]
fn the_same_bytes_give_the_same_logo() {
    let bytes = png(&two_halves(200, 333));
    assert_eq!(normalise(&bytes).unwrap(), normalise(&bytes).unwrap());
}

const DEMO: [&[u8]; 5] = [
    include_bytes!("../../../demo/logos/1-arbre-a-palabres.svg"),
    include_bytes!("../../../demo/logos/2-fibre-et-calebasse.svg"),
    include_bytes!("../../../demo/logos/3-kora-numerique.svg"),
    include_bytes!("../../../demo/logos/4-mains-liees.svg"),
    include_bytes!("../../../demo/logos/5-delta-du-niger.svg"),
];

#[test]
fn five_thumbnails_are_light_even_of_drawings_saved_as_small_jpegs() {
    let mut bytes = 0;
    for drawing in DEMO {
        let square = shown(&normalise(drawing).unwrap());
        let mut on_white = RgbaImage::from_pixel(SIDE, SIDE, Rgba([255; 4]));
        imageops::overlay(&mut on_white, &square, 0, 0);
        // What the web is full of: the marks of its compression would weigh more than the drawing.
        let small = jpeg(&imageops::resize(&on_white, 300, 300, imageops::FilterType::Triangle));
        let logo = normalise(&small).unwrap();
        bytes += logo.thumbnail.len();
        // It looks as it did.
        let light = image::load_from_memory(&logo.thumbnail).unwrap().into_rgba8();
        let full = imageops::resize(
            &shown(&logo),
            THUMBNAIL_SIDE,
            THUMBNAIL_SIDE,
            imageops::FilterType::Triangle,
        );
        for (light, full) in light.pixels().zip(full.pixels()) {
            assert!(
                light.0.iter().zip(full.0).all(|(one, other)| one.abs_diff(other) <= 6),
                "{light:?} {full:?}"
            );
        }
    }
    assert!(bytes < 110_000, "{bytes}");
}

#[test]
fn the_demo_logos_are_drawn() {
    for logo in DEMO {
        assert!(logo.len() < 4_000);
        assert_eq!(fault(logo), "accepted");
    }
}

#[test]
fn a_photograph_is_turned_upright() {
    // 6: the camera lay on its side, what is left belongs on top.
    let logo = normalise(&jpeg_with_orientation(&two_halves(300, 150), 6)).unwrap();
    let square = shown(&logo);
    assert_eq!((logo.width, logo.height), (512, 1024));
    assert!(near(square[(512, 256)].0, RED));
    assert!(near(square[(512, 768)].0, BLUE));
}

#[test]
fn only_pixels_get_through() {
    let mut file = Png::of(&two_halves(200, 200));
    file.insert(b"tEXt", b"Author\0Mariama");
    let mut bytes = file.bytes();
    bytes.extend_from_slice(b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>");
    let logo = normalise(&bytes).unwrap();
    for found in [b"tEXt".as_slice(), b"Mariama", b"script", b"eXIf", b"tIME"] {
        assert!(!logo.png.windows(found.len()).any(|window| window == found));
    }
}

#[test]
fn transparent_pixels_do_not_stain_the_edges() {
    // White hidden under full transparency next to black: no grey may appear.
    let picture = RgbaImage::from_fn(200, 200, |x, _| {
        image::Rgba(if x < 100 { [0, 0, 0, 255] } else { [255, 255, 255, 0] })
    });
    let square = shown(&normalise(&png(&picture)).unwrap());
    assert!(square.pixels().all(|pixel| pixel.0[..3] == [0, 0, 0]));
}

#[test]
fn what_is_no_image_is_told_apart() {
    assert_eq!(fault(b""), "unknown_image_format");
    assert_eq!(fault(b"Bonjour, voici notre logo"), "unknown_image_format");
    assert_eq!(fault(b"GIF89a\x01\0\x01\0"), "unknown_image_format");
    assert_eq!(fault(b"<!doctype html><p>Bonjour"), "unknown_image_format");
    assert_eq!(
        fault(b"<html xmlns='http://www.w3.org/1999/xhtml'/>"),
        "unknown_image_format"
    );
    assert_eq!(fault(b"\x1f\x8b\x08\0\0\0\0\0"), "svg_compressed");
    assert_eq!(fault(&vec![b' '; MAX_BYTES + 1]), "image_too_heavy");
}

#[test]
fn damaged_pictures_are_unreadable() {
    let picture = two_halves(300, 150);
    for whole in [png(&picture), jpeg(&picture), webp(&picture)] {
        assert_eq!(fault(&whole[..40]), "image_unreadable");
    }
    let whole = png(&picture);
    assert_eq!(fault(&whole[..whole.len() / 2]), "image_unreadable");
    assert_eq!(fault(&Png::sized(0, 0).bytes()), "image_unreadable");
}

#[test]
fn sizes_are_judged_by_the_header() {
    assert_eq!(fault(&Png::sized(50_000, 50_000).bytes()), "image_dimensions_too_large");
    assert_eq!(fault(&Png::sized(8_000, 8_000).bytes()), "image_dimensions_too_large");
    assert_eq!(fault(&png(&two_halves(1, 1))), "image_too_small");
    assert_eq!(fault(&png(&two_halves(127, 127))), "image_too_small");
    assert_eq!(fault(&png(&two_halves(128, 16))), "accepted");
    assert_eq!(fault(&png(&two_halves(4_000, 10))), "image_too_elongated");
}

#[test]
fn animations_are_refused() {
    let mut apng = Png::of(&two_halves(200, 200));
    apng.insert(b"acTL", &[0, 0, 0, 1, 0, 0, 0, 0]);
    assert_eq!(fault(&apng.bytes()), "image_animated");
    assert_eq!(fault(&samples::animated_webp(&two_halves(200, 200))), "image_animated");
}

#[test]
fn nothing_to_see_is_refused() {
    assert_eq!(fault(&png(&RgbaImage::new(200, 200))), "image_blank");
    assert_eq!(fault(svg("").as_bytes()), "image_blank");
}

#[test]
fn codes_are_distinct() {
    let codes: std::collections::HashSet<_> = LogoFault::ALL.iter().map(|fault| fault.code()).collect();
    assert_eq!(codes.len(), LogoFault::ALL.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        drop(super::draw(&bytes));
    }

    /// `draw` and not `normalise`, which would hide a panic.
    #[test]
    fn spoilt_pictures_never_panic(
        kind in 0..3_usize,
        spoils in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let picture = two_halves(140, 30);
        let mut bytes = [png, jpeg, webp][kind](&picture);
        for (at, byte) in spoils {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        drop(super::draw(&bytes));
    }

    #[test]
    fn strange_drawings_never_panic(body in bad_svg::strange_elements()) {
        drop(super::draw(svg(&body).as_bytes()));
    }
}
