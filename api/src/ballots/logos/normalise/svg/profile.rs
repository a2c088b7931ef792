//! The part of SVG that is drawn here exactly as a browser draws it. All else is refused.
//!
//! The renderer runs no script and fetches nothing, so this is not what keeps the server safe:
//! it keeps the logo true. What the renderer would skip in silence must not reach it.

use resvg::usvg::roxmltree::{Attribute, Document, Node, NodeType};

use super::LogoFault;
use super::style;

pub const SVG: &str = "http://www.w3.org/2000/svg";
const XLINK: &str = "http://www.w3.org/1999/xlink";
const XHTML: &str = "http://www.w3.org/1999/xhtml";

/// How deep elements may stand in each other, before and after references are followed. Both
/// the renderer and the checks recurse, on threads with small stacks.
pub const MAX_DEPTH: u32 = 48;

pub fn check(document: &Document<'_>) -> Result<(), LogoFault> {
    let root = document.root_element();
    if !(is_svg(root) && root.tag_name().name() == "svg") {
        return Err(LogoFault::UnknownFormat);
    }
    check_depth(document)?;
    for node in document.descendants() {
        match node.node_type() {
            NodeType::Element => {
                element(node)?;
                node.attributes().try_for_each(|a| attribute(node, a))?;
            }
            NodeType::PI if node.pi().is_some_and(|pi| pi.target == "xml-stylesheet") => {
                return Err(LogoFault::SvgExternalReference);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whether the renderer takes this element for SVG; it is lenient about a missing namespace.
pub fn is_svg(node: Node<'_, '_>) -> bool {
    matches!(node.tag_name().namespace(), None | Some(SVG))
}

/// What an `href` attribute points to, if it is one the renderer follows.
pub fn href<'a>(attribute: &Attribute<'a, '_>) -> Option<&'a str> {
    let known = matches!(attribute.namespace(), None | Some(SVG | XLINK));
    (known && attribute.name() == "href").then(|| attribute.value().trim())
}

/// In document order a parent comes before its children, so depths need no recursion.
fn check_depth(document: &Document<'_>) -> Result<(), LogoFault> {
    let mut depths: Vec<u32> = Vec::new();
    for node in document.descendants() {
        let above = node.parent().and_then(|parent| depths.get(parent.id().get_usize()));
        let depth = above.map_or(0, |depth| depth + 1);
        if depth > MAX_DEPTH {
            return Err(LogoFault::SvgTooComplex);
        }
        depths.push(depth);
    }
    Ok(())
}

fn element(node: Node<'_, '_>) -> Result<(), LogoFault> {
    if node.tag_name().namespace() == Some(XHTML) {
        return Err(LogoFault::SvgActiveContent);
    }
    if !is_svg(node) {
        // Notes of drawing programs, which browsers do not draw either.
        return Ok(());
    }
    match node.tag_name().name() {
        "svg" | "g" | "a" | "defs" | "symbol" | "use" | "switch" | "view" => Ok(()),
        "title" | "desc" | "metadata" | "style" => Ok(()),
        "path" | "rect" | "circle" | "ellipse" | "line" | "polyline" | "polygon" | "image" => Ok(()),
        "linearGradient" | "radialGradient" | "stop" | "pattern" | "clipPath" | "mask" => Ok(()),
        // Filters whose cost does not depend on their parameters.
        "filter" | "feBlend" | "feColorMatrix" | "feComponentTransfer" | "feComposite" => Ok(()),
        "feDropShadow" | "feFlood" | "feGaussianBlur" | "feMerge" | "feMergeNode" => Ok(()),
        "feFuncA" | "feFuncB" | "feFuncG" | "feFuncR" | "feOffset" => Ok(()),
        "text" | "tspan" | "textPath" | "tref" | "altGlyph" => Err(LogoFault::SvgTextNotOutlined),
        "script" | "handler" | "listener" | "foreignObject" | "iframe" | "embed" | "object" | "audio" | "video"
        | "canvas" => Err(LogoFault::SvgActiveContent),
        "animate" | "animateColor" | "animateMotion" | "animateTransform" | "mpath" | "set" | "discard" => {
            Err(LogoFault::Animated)
        }
        _ => Err(LogoFault::SvgUnsupportedFeature),
    }
}

fn attribute(node: Node<'_, '_>, attribute: Attribute<'_, '_>) -> Result<(), LogoFault> {
    if !is_svg(node) {
        return Ok(());
    }
    if attribute.namespace().is_none() && attribute.name().starts_with("on") {
        return Err(LogoFault::SvgActiveContent);
    }
    if let Some(target) = href(&attribute) {
        let script = target
            .get(..11)
            .is_some_and(|start| start.eq_ignore_ascii_case("javascript:"));
        let inside = match node.tag_name().name() {
            // A link is not part of the picture.
            "a" => !script,
            "image" => target.starts_with("data:"),
            _ => target.starts_with('#'),
        };
        return match (inside, script) {
            (true, _) => Ok(()),
            (false, true) => Err(LogoFault::SvgActiveContent),
            (false, false) => Err(LogoFault::SvgExternalReference),
        };
    }
    style::of_attribute(&attribute).map(drop)
}
