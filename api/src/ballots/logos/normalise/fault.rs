//! Why a logo is refused. The codes are part of the API: they may be added to, never renamed.

use std::fmt;

/// The reason a logo cannot be taken, each with what the uploader can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogoFault {
    /// More than [`MAX_BYTES`](super::MAX_BYTES).
    TooHeavy,
    /// Neither PNG, JPEG, WebP nor SVG.
    UnknownFormat,
    /// Damaged, cut short or not what its first bytes announce.
    Unreadable,
    /// More pixels than are decoded here.
    DimensionsTooLarge,
    /// Too few pixels to be shown at the size of the others.
    TooSmall,
    /// So long and thin that it would be a line on the square.
    TooElongated,
    /// An animation, which would catch the eye more than its neighbours.
    Animated,
    /// Nothing to see.
    Blank,
    /// SVG packed with gzip, whose real size cannot be known from outside.
    SvgCompressed,
    /// SVG that declares entities.
    SvgEntities,
    /// SVG with a script, an event handler or a piece of a web page.
    SvgActiveContent,
    /// SVG that points to something outside itself.
    SvgExternalReference,
    /// SVG with letters that depend on a font the server does not have.
    SvgTextNotOutlined,
    /// SVG with something that would not be drawn here as in a browser.
    SvgUnsupportedFeature,
    /// SVG that would take too long or too much memory to draw.
    SvgTooComplex,
}

impl LogoFault {
    /// For the test of their words.
    #[cfg(test)]
    pub const ALL: [Self; 15] = [
        Self::TooHeavy,
        Self::UnknownFormat,
        Self::Unreadable,
        Self::DimensionsTooLarge,
        Self::TooSmall,
        Self::TooElongated,
        Self::Animated,
        Self::Blank,
        Self::SvgCompressed,
        Self::SvgEntities,
        Self::SvgActiveContent,
        Self::SvgExternalReference,
        Self::SvgTextNotOutlined,
        Self::SvgUnsupportedFeature,
        Self::SvgTooComplex,
    ];

    /// The stable code under which the API reports this fault.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooHeavy => "image_too_heavy",
            Self::UnknownFormat => "unknown_image_format",
            Self::Unreadable => "image_unreadable",
            Self::DimensionsTooLarge => "image_dimensions_too_large",
            Self::TooSmall => "image_too_small",
            Self::TooElongated => "image_too_elongated",
            Self::Animated => "image_animated",
            Self::Blank => "image_blank",
            Self::SvgCompressed => "svg_compressed",
            Self::SvgEntities => "svg_entities",
            Self::SvgActiveContent => "svg_active_content",
            Self::SvgExternalReference => "svg_external_reference",
            Self::SvgTextNotOutlined => "svg_text_not_outlined",
            Self::SvgUnsupportedFeature => "svg_unsupported_feature",
            Self::SvgTooComplex => "svg_too_complex",
        }
    }
}

impl fmt::Display for LogoFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for LogoFault {}
