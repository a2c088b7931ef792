//! A chart as a reader of XML finds it.

use roxmltree::{Document, Node};

use crate::ballots::chart::page::{MARGIN, WIDTH};
use crate::ballots::chart::typeset::Type;

pub fn title(document: &Document) -> String {
    own(document.root_element(), "title")
}

pub fn description(document: &Document) -> String {
    own(document.root_element(), "desc")
}

fn own(node: Node, name: &str) -> String {
    let child = node.children().find(|child| child.has_tag_name(name));
    child.and_then(|child| child.text()).unwrap_or_default().to_owned()
}

/// The parts of the drawing whose short description holds these words.
pub fn parts<'a>(document: &'a Document, words: &str) -> Vec<Node<'a, 'a>> {
    let parts = document.descendants().filter(|node| node.has_tag_name("g"));
    parts.filter(|part| own(*part, "title").contains(words)).collect()
}

pub fn titles(document: &Document) -> Vec<String> {
    let parts = document.descendants().filter(|node| node.has_tag_name("g"));
    parts.map(|part| own(part, "title")).collect()
}

/// Each text in or under a node; lines of one text as one.
pub fn texts(node: Node) -> Vec<String> {
    let texts = node.descendants().filter(|node| node.has_tag_name("text"));
    texts.map(words).collect()
}

fn words(text: Node) -> String {
    let pieces = text.descendants().filter(Node::is_text);
    pieces.filter_map(|piece| piece.text()).collect()
}

pub fn named<'a>(node: Node<'a, 'a>, name: &'static str) -> impl Iterator<Item = Node<'a, 'a>> {
    node.descendants().filter(move |node| node.has_tag_name(name))
}

pub fn number(node: Node, attribute: &str) -> f64 {
    let value = node.attribute(attribute);
    value
        .and_then(|value| value.parse().ok())
        .unwrap_or_else(|| panic!("{attribute} of {node:?}"))
}

/// Whether everything is where it can be seen, and nothing comes from elsewhere.
pub fn check(svg: &str) {
    let document = Document::parse(svg).unwrap_or_else(|error| panic!("{error}\n{svg}"));
    let root = document.root_element();
    let view: Vec<f64> = root
        .attribute("viewBox")
        .unwrap()
        .split(' ')
        .map(|part| part.parse().unwrap())
        .collect();
    let [0.0, 0.0, width, height] = view[..] else {
        panic!("{view:?}");
    };
    assert!((width - f64::from(WIDTH)).abs() < 0.001);
    let labels: Vec<&str> = root.attribute("aria-labelledby").unwrap().split(' ').collect();
    let ids: Vec<&str> = document.descendants().filter_map(|node| node.attribute("id")).collect();
    assert_eq!((root.attribute("role"), &ids), (Some("img"), &labels));
    for node in document.descendants().filter(Node::is_element) {
        let name = node.tag_name().name();
        assert!(
            ["svg", "title", "desc", "g", "rect", "path", "text", "tspan", "image"].contains(&name),
            "{name}"
        );
        match name {
            "rect" | "image" => {
                let (x, y) = (number(node, "x"), number(node, "y"));
                let (wide, high) = (number(node, "width"), number(node, "height"));
                assert!(x >= 0.0 && y >= 0.0 && wide >= 0.0 && high >= 0.0, "{node:?}");
                assert!(x + wide <= width + 0.01 && y + high <= height, "{node:?}");
            }
            "text" => check_text(node, height),
            _ => {}
        }
        for attribute in node.attributes() {
            let value = attribute.value();
            assert!(!value.contains("NaN") && !value.contains("inf"), "{value}");
            let here = value.starts_with("data:image/png;base64,") || value == "http://www.w3.org/2000/svg";
            assert!(here || !value.contains(':') || attribute.name() == "style", "{value}");
            assert!(
                !value.contains("url(") && !attribute.name().starts_with("on"),
                "{value}"
            );
        }
    }
}

fn check_text(node: Node, height: f64) {
    let bold = node.attribute("font-weight") == Some("bold");
    let size = node.attribute("font-size").unwrap().parse().unwrap();
    let (x, y) = (number(node, "x"), number(node, "y"));
    let lines: Vec<Node> = named_children(node);
    let lines: Vec<String> = if lines.is_empty() {
        vec![words(node)]
    } else {
        lines.into_iter().map(words).collect()
    };
    let kind = Type { size, bold, ink: "" };
    for line in &lines {
        let wide = f64::from(kind.width(line));
        let (from, to) = match node.attribute("text-anchor") {
            Some("start") => (x, x + wide),
            Some("end") => (x - wide, x),
            _ => (x - wide / 2.0, x + wide / 2.0),
        };
        let margin = f64::from(MARGIN) - 2.0;
        assert!(
            from >= margin && to <= f64::from(WIDTH) - margin,
            "{line:?} from {from} to {to}"
        );
    }
    let last = y + f64::from(kind.leading()) * (lines.len() as f64 - 1.0);
    assert!(last <= height, "{lines:?} end at {last} of {height}");
    assert!(size >= 12, "legible on a phone");
}

fn named_children<'a>(node: Node<'a, 'a>) -> Vec<Node<'a, 'a>> {
    node.children().filter(|child| child.has_tag_name("tspan")).collect()
}
