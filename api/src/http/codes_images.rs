//! Words for what keeps an image from being a logo.

pub const FAULTS: &[(&str, &str, &str)] = &[
    (
        "image_too_heavy",
        "Ce fichier dépasse 2 Mio. Enregistrez-le en plus petit, puis réessayez.",
        "This file is over 2 MiB. Save a smaller one and try again.",
    ),
    (
        "unknown_image_format",
        "Ce fichier n'est pas une image PNG, JPEG, WebP ou SVG.",
        "This file is not a PNG, JPEG, WebP or SVG image.",
    ),
    (
        "image_unreadable",
        "Cette image est abîmée ou incomplète. Exportez-la à nouveau, s'il vous plaît.",
        "This image is damaged or incomplete. Please export it again.",
    ),
    (
        "image_dimensions_too_large",
        "Image trop grande : 8192 pixels de côté et 16 mégapixels au plus.",
        "Image too large: at most 8192 pixels a side and 16 megapixels.",
    ),
    (
        "image_too_small",
        "Image trop petite : son plus grand côté doit faire au moins 128 pixels.",
        "Image too small: its longer side must be at least 128 pixels.",
    ),
    (
        "image_too_elongated",
        "Image trop allongée : elle ne serait qu'un trait à côté des autres logos.",
        "Image too long and thin: it would be just a line beside the other logos.",
    ),
    (
        "image_animated",
        "Les animations ne sont pas acceptées : tous les logos sont présentés à égalité.",
        "Animations are not accepted: all logos are shown on equal terms.",
    ),
    (
        "image_blank",
        "Cette image est entièrement transparente : il n'y a rien à voir.",
        "This image is fully transparent: there is nothing to see.",
    ),
    (
        "svg_compressed",
        "Ce SVG est compressé (SVGZ). Enregistrez-le en SVG simple.",
        "This SVG is compressed (SVGZ). Save it as plain SVG.",
    ),
    (
        "svg_entities",
        "Ce SVG déclare des entités. Exportez-le en « SVG simple » ou « optimisé ».",
        "This SVG declares entities. Export it as \"plain\" or \"optimised\" SVG.",
    ),
    (
        "svg_active_content",
        "Ce SVG contient un script ou un morceau de page web. Exportez le dessin seul.",
        "This SVG contains a script or part of a web page. Export the drawing alone.",
    ),
    (
        "svg_external_reference",
        "Ce SVG renvoie à un autre fichier. Intégrez-le au dessin, puis exportez.",
        "This SVG points to another file. Embed it in the drawing, then export.",
    ),
    (
        "svg_text_not_outlined",
        "Ce SVG contient du texte. Convertissez-le en tracés (contours), puis exportez.",
        "This SVG contains text. Convert it to outlines (paths), then export.",
    ),
    (
        "svg_unsupported_feature",
        "Ce SVG utilise un effet que nous ne savons pas rendre fidèlement. Envoyez un PNG.",
        "This SVG uses an effect we cannot draw faithfully. Send a PNG instead.",
    ),
    (
        "svg_too_complex",
        "Ce dessin est trop complexe. Simplifiez-le ou envoyez un PNG.",
        "This drawing is too complex. Simplify it or send a PNG.",
    ),
];
