//! Reads which parts of a drawing its styles refer to, from attributes and from style sheets.
//!
//! Style sheets are taken only in the plain form drawing programs write, `.a, #b, path {…}`:
//! deeper selectors can take the renderer for ever to match.

use resvg::usvg::roxmltree::{Attribute, Document, Node};

use super::LogoFault;

/// Most rules of all style sheets together.
const MAX_RULES: usize = 2_000;

/// A style's reference to another part of the drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    pub id: String,
    /// Paint is inherited: every shape below the element resolves it anew.
    pub inherited: bool,
}

/// One rule of a style sheet.
pub struct Rule {
    /// Names in its selectors: `*`, `path`, `.class`, `#id`.
    names: Vec<String>,
    pub references: Vec<Reference>,
    /// Length of its declarations.
    pub bytes: usize,
}

impl Rule {
    /// Whether the rule may apply to the element: never false when it does.
    pub fn may_apply(&self, node: Node<'_, '_>) -> bool {
        self.names.iter().any(|name| match name.split_at_checked(1) {
            Some((".", class)) => node
                .attribute("class")
                .is_some_and(|all| all.split_whitespace().any(|c| c == class)),
            Some(("#", id)) => node.attribute("id") == Some(id),
            _ => name == "*" || name == node.tag_name().name(),
        })
    }
}

/// The rules of all the document's style sheets.
pub fn rules(document: &Document<'_>) -> Result<Vec<Rule>, LogoFault> {
    let mut rules = Vec::new();
    // The renderer reads every element of this name, whatever its namespace.
    for sheet in document.descendants().filter(|node| node.tag_name().name() == "style") {
        for text in sheet.children().filter_map(|child| child.text()) {
            read_sheet(text, &mut rules)?;
        }
    }
    Ok(rules)
}

fn read_sheet(text: &str, rules: &mut Vec<Rule>) -> Result<(), LogoFault> {
    let text = without_comments(text)?;
    let lower = text.to_ascii_lowercase();
    if lower.contains("@import") {
        return Err(LogoFault::SvgExternalReference);
    }
    if lower.contains("@keyframes") {
        return Err(LogoFault::Animated);
    }
    if text.contains('\\') {
        return Err(LogoFault::SvgUnsupportedFeature);
    }
    for rule in text.split_inclusive('}') {
        let Some((selectors, declarations)) = rule.split_once('{') else {
            if rule.trim().is_empty() {
                continue;
            }
            return Err(LogoFault::SvgUnsupportedFeature);
        };
        let declarations = declarations.trim_end_matches('}');
        rules.push(Rule {
            names: selector_names(selectors)?,
            references: of_declarations(declarations)?,
            bytes: declarations.len(),
        });
        if rules.len() > MAX_RULES {
            return Err(LogoFault::SvgTooComplex);
        }
    }
    Ok(())
}

fn without_comments(text: &str) -> Result<String, LogoFault> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, comment)) = rest.split_once("/*") {
        plain.push_str(before);
        // A space, so that what stood apart stays apart.
        plain.push(' ');
        (_, rest) = comment.split_once("*/").ok_or(LogoFault::SvgUnsupportedFeature)?;
    }
    plain.push_str(rest);
    Ok(plain)
}

/// Cuts `.a, path.b` into `.a`, `path` and `.b`.
fn selector_names(selectors: &str) -> Result<Vec<String>, LogoFault> {
    let mut names = Vec::new();
    for selector in selectors.split(',') {
        let selector = selector.trim();
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '#' | '*');
        if selector.is_empty() || !selector.chars().all(plain) {
            return Err(LogoFault::SvgUnsupportedFeature);
        }
        let mut name = String::new();
        for c in selector.chars() {
            if matches!(c, '.' | '#') && !name.is_empty() {
                names.push(std::mem::take(&mut name));
            }
            name.push(c);
        }
        names.push(name);
    }
    Ok(names)
}

/// The references of one attribute, be it `style` or a property of its own.
pub fn of_attribute(attribute: &Attribute<'_, '_>) -> Result<Vec<Reference>, LogoFault> {
    match attribute.name() {
        "style" => of_declarations(attribute.value()),
        name => of_property(name, attribute.value()),
    }
}

fn of_declarations(declarations: &str) -> Result<Vec<Reference>, LogoFault> {
    if declarations.contains(['{', '}', '@', '\\']) {
        return Err(LogoFault::SvgUnsupportedFeature);
    }
    let mut references = Vec::new();
    for declaration in without_comments(declarations)?.split(';') {
        let (name, value) = declaration.split_once(':').unwrap_or(("", declaration));
        references.append(&mut of_property(name.trim(), value)?);
    }
    Ok(references)
}

fn of_property(name: &str, value: &str) -> Result<Vec<Reference>, LogoFault> {
    // In doubt a reference counts as inherited, which weighs more.
    let inherited = !matches!(name, "clip-path" | "mask" | "filter");
    if !inherited && value.contains("inherit") {
        return Err(LogoFault::SvgUnsupportedFeature);
    }
    let mut references = Vec::new();
    // Letters keep their place in lower case, so positions found there hold in the value.
    for (at, _) in value.to_ascii_lowercase().match_indices("url(") {
        let target = value
            .get(at + 4..)
            .and_then(|rest| rest.split(')').next())
            .unwrap_or_default();
        let target = target.trim().trim_matches(['"', '\'']).trim();
        let id = target.strip_prefix('#').ok_or(LogoFault::SvgExternalReference)?;
        if id.contains(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '(' | '#')) {
            return Err(LogoFault::SvgUnsupportedFeature);
        }
        references.push(Reference {
            id: id.to_owned(),
            inherited,
        });
    }
    Ok(references)
}
