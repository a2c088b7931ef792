//! What SVG can be besides a drawing.

use std::fmt::Write;

use proptest::prelude::*;

use super::fault;
use super::samples::{png, svg, two_halves};

const SHAPE: &str = r#"<path d="M9 9h80v80z"/>"#;

fn verdict(body: &str) -> &'static str {
    fault(svg(body).as_bytes())
}

/// A `data:` address that needs no base64.
fn data_url(kind: &str, bytes: &[u8]) -> String {
    bytes.iter().fold(format!("data:{kind},"), |mut url, byte| {
        write!(url, "%{byte:02x}").unwrap();
        url
    })
}

#[test]
fn what_drawing_programs_write_is_accepted() {
    for good in [
        r##"<style>/* mine */ .a, path.b { fill: url(#g); stroke:#fff } #x{opacity:.5}</style>
            <linearGradient id="g"><stop stop-color="red"/></linearGradient>
            <g class="a" id="x"><path class="b" d="M0 0h9v9z"/></g>"##,
        r##"<defs><symbol id="s" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></symbol></defs>
            <use xlink:href="#s" width="50" height="50"/><use href="#s"/>"##,
        r##"<filter id="f"><feDropShadow dx="2" dy="2" stdDeviation="3"/></filter>
            <g filter="url(#f)"><path d="M9 9h40v40z"/></g>"##,
        r##"<pattern id="p" width="9" height="9" patternUnits="userSpaceOnUse"><path d="M0 0h4v4z"/></pattern>
            <mask id="m"><rect width="90" height="90" fill="#fff"/></mask>
            <clipPath id="c"><circle cx="50" cy="50" r="40"/></clipPath>
            <g clip-path="url(#c)" mask='url("#m")'><rect width="99" height="99" style="fill:url( #p )"/></g>"##,
        r##"<title>Logo</title><metadata><x:RDF xmlns:x="urn:x"><x:script/></x:RDF></metadata>
            <a href="https://example.org"><path d="M9 9h80v80z" stroke="red" stroke-dasharray="2 3"/></a>"##,
    ] {
        assert_eq!(verdict(good), "accepted", "{good}");
    }
    let with_doctype = format!(
        r#"<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x.dtd">{}"#,
        svg(SHAPE)
    );
    assert_eq!(fault(with_doctype.as_bytes()), "accepted");
    assert_eq!(fault(format!("\u{feff}\n{}", svg(SHAPE)).as_bytes()), "accepted");
}

#[test]
fn embedded_pictures_are_drawn_and_judged_like_others() {
    let image = |kind: &str, bytes: &[u8]| format!(r#"<image href="{}"/>"#, data_url(kind, bytes));
    let good = png(&two_halves(20, 20));
    assert_eq!(verdict(&image("image/png", &good)), "accepted");
    // The bytes decide, not what they are declared to be.
    assert_eq!(verdict(&image("image/svg+xml", &good)), "accepted");
    assert_eq!(verdict(&image("image/png", &good[..60])), "image_unreadable");
    assert_eq!(
        verdict(&image("image/png", &super::Png::sized(50_000, 50_000).bytes())),
        "image_dimensions_too_large"
    );
    assert_eq!(
        verdict(&image("image/svg+xml", svg(SHAPE).as_bytes())),
        "svg_unsupported_feature"
    );
    assert_eq!(verdict(&image("image/gif", b"GIF89a")), "svg_unsupported_feature");
    let large = data_url("image/png", &png(&two_halves(2_000, 2_000)));
    let often = r##"<use href="#i"/>"##.repeat(5);
    assert_eq!(
        verdict(&format!(r#"<image id="i" href="{large}"/>{often}"#)),
        "svg_too_complex"
    );
}

#[test]
fn active_content_is_refused() {
    for active in [
        "<script>alert(1)</script>",
        r#"<path d="M0 0h9v9z" onload="alert(1)"/>"#,
        r#"<foreignObject><body xmlns="http://www.w3.org/1999/xhtml">x</body></foreignObject>"#,
        r#"<g xmlns:h="http://www.w3.org/1999/xhtml"><h:video/></g>"#,
        r#"<a href="JavaScript:alert(1)"><path d="M0 0h9v9z"/></a>"#,
        "<iframe/>",
    ] {
        assert_eq!(verdict(&format!("{SHAPE}{active}")), "svg_active_content", "{active}");
    }
}

#[test]
fn nothing_outside_is_referred_to() {
    for outside in [
        r#"<image href="http://example.org/a.png"/>"#,
        r#"<image xlink:href="file:///etc/passwd"/>"#,
        r#"<image href="logo.png"/>"#,
        r##"<image href="#a"/>"##,
        r##"<use href="other.svg#a"/>"##,
        r#"<path d="M0 0h9v9z" fill="url(http://example.org/#a)"/>"#,
        r#"<path d="M0 0h9v9z" style="fill:URL( 'x.svg#a' )"/>"#,
        "<style>@import 'x.css';</style>",
        "<style>.a{fill:url(x.svg#a)}</style>",
        "<?xml-stylesheet href='x.css'?>",
    ] {
        assert_eq!(
            verdict(&format!("{SHAPE}{outside}")),
            "svg_external_reference",
            "{outside}"
        );
    }
}

#[test]
fn what_would_be_lost_is_refused() {
    for (lost, code) in [
        ("<text>Coalition</text>", "svg_text_not_outlined"),
        ("<animate/>", "image_animated"),
        ("<style>@keyframes a{}</style>", "image_animated"),
        ("<marker/>", "svg_unsupported_feature"),
        ("<filter><feTurbulence/></filter>", "svg_unsupported_feature"),
        ("<style>g > path{fill:red}</style>", "svg_unsupported_feature"),
        (r"<style>.\61{fill:red}</style>", "svg_unsupported_feature"),
        (r#"<g clip-path="inherit"/>"#, "svg_unsupported_feature"),
    ] {
        assert_eq!(verdict(&format!("{SHAPE}{lost}")), code, "{lost}");
    }
    let entities = format!("<!DOCTYPE svg [<!ENTITY a 'aaaa'>]>{}", svg(SHAPE));
    assert_eq!(fault(entities.as_bytes()), "svg_entities");
    assert_eq!(fault(b"<svg xmlns='http://www.w3.org/2000/svg'>"), "image_unreadable");
    assert_eq!(
        fault(br"<svg xmlns='http://www.w3.org/2000/svg' width='0' height='9'/>"),
        "image_unreadable"
    );
}

/// Ten references a level: ten thousand million shapes from a page of text.
fn bomb(level: impl Fn(u32) -> String) -> String {
    (0..10).map(level).collect()
}

#[test]
fn bombs_of_references_are_weighed() {
    let ten = |element: &str| element.repeat(10);
    let bombs = [
        bomb(|n| {
            format!(
                r#"<g id="a{n}">{}</g>"#,
                ten(&format!(r##"<use href="#a{}"/>"##, n + 1))
            )
        }),
        bomb(|n| {
            let rect = format!(r#"<rect width="9" height="9" fill="url(#a{})"/>"#, n + 1);
            format!(r#"<pattern id="a{n}" width="1" height="1">{}</pattern>"#, ten(&rect))
        }) + r#"<rect width="9" height="9" fill="url(#a0)"/>"#,
        // Paint named once and inherited by ten.
        bomb(|n| {
            let rects = ten(r#"<rect width="9" height="9"/>"#);
            let fill = format!("url(#a{})", n + 1);
            format!(r#"<g fill="{fill}"><pattern id="a{n}" width="1" height="1">{rects}</pattern></g>"#)
        }) + r#"<rect width="9" height="9" fill="url(#a0)"/>"#,
        bomb(|n| {
            let rect = format!(r#"<rect width="9" height="9" clip-path="url(#a{})"/>"#, n + 1);
            format!(
                r#"<clipPath id="a{n}" clipPathUnits="objectBoundingBox">{}</clipPath>"#,
                ten(&rect)
            )
        }) + r#"<rect width="9" height="9" clip-path="url(#a0)"/>"#,
        // The references stand in the style sheet.
        bomb(|n| format!("<style>.b{n}{{mask:url(#a{n})}}</style>"))
            + &bomb(|n| {
                let rect = format!(r#"<rect width="9" height="9" class="b{}"/>"#, n + 1);
                format!(r#"<mask id="a{n}">{}</mask>"#, ten(&rect))
            })
            + r#"<rect width="9" height="9" class="b0"/>"#,
        r##"<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>"##.to_owned(),
    ];
    for bomb in bombs {
        assert_eq!(verdict(&bomb), "svg_too_complex", "{bomb}");
    }
}

#[test]
fn floods_are_stopped_early() {
    let many = |count: usize, each: &dyn Fn(usize) -> String| (0..count).map(each).collect::<String>();
    let nested = "<g>".repeat(100_000) + &"</g>".repeat(100_000);
    let attributes = format!("<g {}/>", many(100_000, &|n| format!("a{n}='' ")));
    let namespaces = many(20_000, &|n| format!("<g xmlns:a{n}='u{n}'/>"));
    let rules = format!("<style>{}</style>", many(100_000, &|n| format!(".a{n}{{}}")));
    let elements = "<g/>".repeat(200_000);
    for flood in [nested, attributes, namespaces, rules, elements] {
        assert_eq!(verdict(&flood), "svg_too_complex");
    }
}

#[test]
fn slow_drawings_are_foreseen() {
    let blur = r#"<feGaussianBlur stdDeviation="500"/>"#.repeat(500);
    let stops: String = (0..10_000)
        .map(|n| format!(r#"<stop offset="{}" stop-color="red"/>"#, f64::from(n) / 1e4))
        .collect();
    let zigzag = "L99 99L0 0".repeat(40_000);
    let merges = r#"<feMergeNode in="SourceGraphic"/>"#.repeat(10_000);
    for slow in [
        format!(
            r#"<filter id="f" x="-9" y="-9" width="99" height="99">{blur}</filter><g filter="url(#f)">{SHAPE}</g>"#
        ),
        format!(r#"<filter id="f"><feMerge>{merges}</feMerge></filter><g filter="url(#f)">{SHAPE}</g>"#),
        format!(r#"<linearGradient id="g">{stops}</linearGradient><rect width="100" height="100" fill="url(#g)"/>"#),
        format!(r#"<path d="M0 0{zigzag}"/>"#),
        r#"<rect width="100" height="100"/>"#.repeat(20_000),
        r#"<path stroke="red" stroke-dasharray=".0001" d="M0 0h99"/>"#.to_owned(),
        r#"<path stroke="red" stroke-dasharray="1" d="M-1e9 0h2e9"/>"#.to_owned(),
        r#"<pattern id="p" width="99999" height="99999" patternUnits="userSpaceOnUse"><path d="M0 0h9v9z"/></pattern>
           <rect width="100" height="100" fill="url(#p)"/>"#
            .to_owned(),
        // Turned filters, each with a layer twice as large as the one around it.
        r#"<filter id="f" x="-99" y="-99" width="199" height="199"><feFlood/></filter>"#.to_owned()
            + &r#"<g filter="url(#f)" transform="rotate(45)">"#.repeat(20)
            + SHAPE
            + &"</g>".repeat(20),
    ] {
        assert_eq!(verdict(&slow), "svg_too_complex", "{slow:.200}");
    }
}

#[test]
fn the_deepest_drawing_fits_a_small_stack() {
    // Test threads have the 2 MiB the server's blocking threads have.
    let clip = r#"<clipPath id="c"><circle cx="50" cy="50" r="40"/></clipPath>"#;
    let open = r#"<g opacity=".99" clip-path="url(#c)" transform="translate(.1)">"#;
    let deep = |levels: usize| format!("{clip}{}{SHAPE}{}", open.repeat(levels), "</g>".repeat(levels));
    assert_eq!(verdict(&deep(45)), "accepted");
    assert_eq!(verdict(&deep(48)), "svg_too_complex");
    let chain = |element: &dyn Fn(usize) -> String| (0..22).map(element).collect::<String>();
    let last = r#"<path id="a22" d="M9 9h80v80z"/>"#;
    let uses = chain(&|n| format!(r##"<symbol id="a{n}"><use href="#a{}" opacity=".9"/></symbol>"##, n + 1));
    assert_eq!(verdict(&format!(r##"{uses}{last}<use href="#a0"/>"##)), "accepted");
    // Of all nests the one that takes most stack.
    let patterns = chain(&|n| {
        let rect = format!(r#"<rect width="90" height="90" fill="url(#a{})"/>"#, n + 1);
        format!(r#"<pattern id="a{n}" width="90" height="90" patternUnits="userSpaceOnUse">{rect}</pattern>"#)
    });
    let last = r#"<linearGradient id="a22"><stop stop-color="red"/></linearGradient>"#;
    assert_eq!(
        verdict(&format!(
            r#"{patterns}{last}<rect width="90" height="90" fill="url(#a0)"/>"#
        )),
        "accepted"
    );
}

/// Elements that are mostly allowed, with attributes that mostly make no sense.
pub fn strange_elements() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "g",
        "path",
        "rect",
        "use",
        "pattern",
        "mask",
        "clipPath",
        "linearGradient",
        "radialGradient",
        "stop",
        "filter",
        "feGaussianBlur",
        "feOffset",
        "feMerge",
        "image",
        "svg",
        "symbol",
        "switch",
        "circle",
        "style",
    ]);
    let attribute = prop::sample::select(vec![
        "d",
        "x",
        "y",
        "width",
        "height",
        "r",
        "fill",
        "stroke",
        "stroke-width",
        "stroke-dasharray",
        "transform",
        "viewBox",
        "href",
        "id",
        "class",
        "style",
        "filter",
        "mask",
        "clip-path",
        "opacity",
        "offset",
        "gradientTransform",
        "patternUnits",
        "stdDeviation",
        "preserveAspectRatio",
        "dx",
    ]);
    let value = prop::sample::select(vec![
        "0",
        "-1",
        "1e38",
        "-1e38",
        "1e-38",
        "50",
        "100%",
        "NaN",
        "#a",
        "#b",
        "url(#a)",
        "url(#b)",
        "a",
        "b",
        "red",
        "M0 0h90v90z",
        "M1e38 0L-1e38 1e38 0 0C1 1e38 2 2 1e38 0z",
        "scale(0)",
        "scale(1e20)",
        "rotate(45) skewX(89.9)",
        "matrix(1e-20 0 0 1e20 0 0)",
        "0 0 1e-9 1e9",
        "0 0 10 10",
        "objectBoundingBox",
        "userSpaceOnUse",
        "1 0",
        "0 0",
        "1e-9",
        "fill:url(#a);opacity:.3",
        "blur(1e9)",
        "drop-shadow(1px 1px 9px red)",
        "xMinYMax slice",
        "data:,",
    ]);
    let attributes = prop::collection::btree_map(attribute, value, 0..6);
    let element = (name, attributes, any::<bool>());
    prop::collection::vec(element, 1..24).prop_map(|elements| {
        let mut body = String::new();
        let mut open = Vec::new();
        for (name, attributes, closed) in elements {
            write!(body, "<{name}").unwrap();
            for (attribute, value) in attributes {
                write!(body, r#" {attribute}="{value}""#).unwrap();
            }
            body.push_str(if closed { "/>" } else { ">" });
            if !closed {
                open.push(name);
            }
        }
        while let Some(name) = open.pop() {
            write!(body, "</{name}>").unwrap();
        }
        body
    })
}
