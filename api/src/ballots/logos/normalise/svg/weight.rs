//! Weighs the drawing as if every reference in it were written out.
//!
//! A few lines of `use`, pattern, mask or clip path that name each other stand for billions of
//! shapes, and the renderer does write most of them out. Here each element is weighed once and
//! its weight reused wherever it is named, so that weighing takes no longer than reading.

use std::collections::HashMap;
use std::rc::Rc;

use resvg::usvg::roxmltree::{Document, Node, NodeId};

use super::LogoFault;
use super::profile::{MAX_DEPTH, href, is_svg};
use super::style::{self, Reference, Rule};

/// Most bytes of drawing with all references written out.
const MAX_WEIGHT: u64 = 12 * 1024 * 1024;

/// What an element weighs besides its attributes: about what the renderer keeps of it.
const ELEMENT: u64 = 256;

/// What a reference weighs besides what it names, which may not exist.
const REFERENCE: u64 = 64;

/// What it weighs to hold one rule of a style sheet against one element.
const RULE: u64 = 8;

pub fn check(document: &Document<'_>, rules: &[Rule]) -> Result<(), LogoFault> {
    let mut scales = Scales {
        ids: HashMap::new(),
        elements: HashMap::new(),
        known: HashMap::new(),
    };
    let elements = || document.descendants().filter(|node| node.is_element() && is_svg(*node));
    // First what can be told at a glance: even to look closer at too much would take too long.
    let mut glance = Load::default();
    for node in elements() {
        glance.add(Load::of(attributes_weight(node, rules)))?;
    }
    let mut total = Load::default();
    for node in elements() {
        let element = Element::new(node, rules)?;
        total.add(Load::of(element.weight))?;
        scales.elements.insert(node.id(), element);
        if let Some(id) = node.attribute("id") {
            scales.ids.entry(id).or_default().push(node);
        }
    }
    scales.weigh(document.root_element(), 0).map(drop)
}

/// One element without what is below it or named by it.
struct Element {
    weight: u64,
    references: Rc<[Reference]>,
}

impl Element {
    fn new(node: Node<'_, '_>, rules: &[Rule]) -> Result<Self, LogoFault> {
        let mut weight = attributes_weight(node, rules);
        let mut references = Vec::new();
        for attribute in node.attributes().filter(|a| href(a).is_none()) {
            references.append(&mut style::of_attribute(&attribute)?);
        }
        for rule in rules.iter().filter(|rule| rule.may_apply(node)) {
            weight += rule.bytes as u64;
            references.extend_from_slice(&rule.references);
        }
        weight += references.len() as u64 * REFERENCE;
        Ok(Self {
            weight,
            references: references.into(),
        })
    }
}

fn attributes_weight(node: Node<'_, '_>, rules: &[Rule]) -> u64 {
    let bytes: usize = node.attributes().map(|a| a.value().len()).sum();
    let classes = node.attribute("class").map_or(0, str::len);
    ELEMENT + bytes as u64 + rules.len() as u64 * (RULE + classes as u64)
}

/// What an element comes to, all below and all it names included.
#[derive(Clone, Copy, Default)]
struct Load {
    weight: u64,
    /// Shapes that resolve the paint they inherit.
    shapes: u64,
    height: u32,
}

struct Scales<'a, 'input> {
    ids: HashMap<&'a str, Vec<Node<'a, 'input>>>,
    elements: HashMap<NodeId, Element>,
    /// `None` while an element is being weighed: meeting it again is a circle.
    known: HashMap<NodeId, Option<Load>>,
}

impl<'a, 'input> Scales<'a, 'input> {
    fn weigh(&mut self, node: Node<'a, 'input>, depth: u32) -> Result<Load, LogoFault> {
        match self.known.get(&node.id()) {
            Some(Some(load)) if depth + load.height <= MAX_DEPTH => return Ok(*load),
            None if depth <= MAX_DEPTH => {}
            _ => return Err(LogoFault::SvgTooComplex),
        }
        self.known.insert(node.id(), None);

        let mut load = Load::of(self.elements.get(&node.id()).map_or(0, |element| element.weight));
        for child in node.children().filter(|child| child.is_element() && is_svg(*child)) {
            let below = self.weigh(child, depth + 1)?;
            load.add(below)?;
            load.shapes += below.shapes;
        }
        load.add(self.weigh_references(node, false, depth)?)?;
        let paint = if is_painted(node) {
            self.paint(node, depth)?
        } else {
            Load::default()
        };
        if is_painted(node) {
            load.shapes += 1;
            load.add(paint)?;
        }
        for target in node.attributes().filter_map(|a| href(&a)?.strip_prefix('#')) {
            let named = self.weigh_named(target, depth)?;
            load.add(named)?;
            if is_use(node) {
                load.shapes += named.shapes;
                load.add(Load {
                    weight: paint.weight.saturating_mul(named.shapes),
                    ..paint
                })?;
            }
        }
        load.height += 1;
        self.known.insert(node.id(), Some(load));
        Ok(load)
    }

    /// What the element's own styles name: paint, or all the rest.
    fn weigh_references(&mut self, node: Node<'a, 'input>, inherited: bool, depth: u32) -> Result<Load, LogoFault> {
        let mut load = Load::default();
        let Some(references) = self.elements.get(&node.id()).map(|e| Rc::clone(&e.references)) else {
            return Ok(load);
        };
        for reference in references.iter().filter(|reference| reference.inherited == inherited) {
            load.add(Load::of(REFERENCE))?;
            load.add(self.weigh_named(&reference.id, depth)?)?;
        }
        Ok(load)
    }

    /// All elements of that id: which of several counts, readers of SVG do not agree on.
    fn weigh_named(&mut self, id: &str, depth: u32) -> Result<Load, LogoFault> {
        let mut load = Load::default();
        for target in self.ids.get(id).cloned().unwrap_or_default() {
            let named = self.weigh(target, depth + 1)?;
            load.add(named)?;
            load.shapes += named.shapes;
        }
        Ok(load)
    }

    /// All paint a shape may inherit, whichever of it the shape ends up with.
    fn paint(&mut self, node: Node<'a, 'input>, depth: u32) -> Result<Load, LogoFault> {
        let mut load = Load::default();
        for above in node.ancestors() {
            load.add(self.weigh_references(above, true, depth)?)?;
        }
        Ok(load)
    }
}

impl Load {
    fn of(weight: u64) -> Self {
        Self {
            weight,
            shapes: 0,
            height: 0,
        }
    }

    /// Adds weight and height; shapes are the caller's, for only some of them inherit.
    fn add(&mut self, other: Self) -> Result<(), LogoFault> {
        self.weight = self.weight.saturating_add(other.weight);
        self.height = self.height.max(other.height);
        if self.weight > MAX_WEIGHT {
            Err(LogoFault::SvgTooComplex)
        } else {
            Ok(())
        }
    }
}

fn is_use(node: Node<'_, '_>) -> bool {
    node.tag_name().name() == "use"
}

fn is_painted(node: Node<'_, '_>) -> bool {
    let name = node.tag_name().name();
    matches!(
        name,
        "path" | "rect" | "circle" | "ellipse" | "line" | "polyline" | "polygon" | "use"
    )
}
