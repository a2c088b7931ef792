//! Looks at the SVG as text, for what the XML parser itself could not bear.

use resvg::usvg::roxmltree;

use super::LogoFault;

/// The parser compares each namespace and attribute with all others of the element, so many of
/// them cost their square. Real drawings have a dozen and a few dozen.
const MAX_NAMESPACES: usize = 64;
const MAX_ATTRIBUTES: usize = 512;

pub fn check(source: &str) -> Result<(), LogoFault> {
    if source.contains("<!ENTITY") {
        return Err(LogoFault::SvgEntities);
    }
    let too_many_attributes = source.split('<').any(|tag| attributes(tag) > MAX_ATTRIBUTES);
    if too_many_attributes || source.matches("xmlns").count() > MAX_NAMESPACES {
        return Err(LogoFault::SvgTooComplex);
    }
    Ok(())
}

/// At least as many attributes as the tag has: `=` and an opening quote.
fn attributes(tag: &str) -> usize {
    tag.split('=')
        .skip(1)
        .filter(|rest| rest.trim_start().starts_with(['"', '\'']))
        .count()
}

/// What to say of a text that begins like XML but is not.
pub fn not_parsed(source: &str, error: &roxmltree::Error) -> LogoFault {
    match error {
        roxmltree::Error::NodesLimitReached => LogoFault::SvgTooComplex,
        _ if source.contains("<svg") || source.contains(":svg") => LogoFault::Unreadable,
        _ => LogoFault::UnknownFormat,
    }
}
