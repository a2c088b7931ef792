//! One resource in several formats: by `?format=`, else by `Accept`.
//!
//! A room says which formats it has; the first is what whoever does not care gets.

use actix_web::http::header::{ACCEPT, ACCEPT_LANGUAGE, CONTENT_LANGUAGE, HeaderMap, VARY};
use actix_web::{CustomizeResponder, Either, Responder as _};
use serde::Serialize;

use super::codes::Code;
use super::language::Language;
use super::problem::Problem;
use super::reply::{File, Reply};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Csv,
    Xlsx,
    Svg,
}

impl Format {
    pub fn of(parameter: Option<&str>, headers: &HeaderMap, offered: &[Self]) -> Result<Self, Problem> {
        let chosen = match parameter {
            Some(name) => offered.iter().copied().find(|format| format.name() == name),
            None => accepted(headers, offered),
        };
        chosen.ok_or_else(|| {
            let names: Vec<_> = offered.iter().map(|format| format.name()).collect();
            Problem::from(Code::NotAcceptable).with("formats", names.join(", "))
        })
    }

    /// What `?format=` calls it, and how the names of its files end.
    fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Svg => "svg",
        }
    }

    fn media_type(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("application", "json"),
            Self::Csv => ("text", "csv"),
            Self::Xlsx => ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
            Self::Svg => ("image", "svg+xml"),
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Svg => "image/svg+xml",
        }
    }

    /// A file of this format with words in this language; its name is without the ending.
    pub fn file<T: Serialize>(self, name: &str, bytes: Vec<u8>, language: Language) -> Formatted<T> {
        let file = File {
            content_type: self.content_type(),
            name: format!("{name}.{}", self.name()),
            bytes,
        };
        let file = file
            .customize()
            .insert_header((CONTENT_LANGUAGE, language.as_str()))
            .insert_header((VARY, format!("accept, {ACCEPT_LANGUAGE}")));
        Ok(Either::Right(file))
    }
}

/// What a handler gives back that answers with JSON or a file.
pub type Formatted<T> = Result<Either<CustomizeResponder<Reply<T>>, CustomizeResponder<File>>, Problem>;

/// What a handler gives back that answers with JSON in which sentences stand.
pub type Worded<T> = Result<CustomizeResponder<Reply<T>>, Problem>;

impl<T: Serialize> Reply<T> {
    /// JSON with sentences in this language.
    pub fn worded(self, language: Language) -> Worded<T> {
        let reply = self
            .customize()
            .insert_header((CONTENT_LANGUAGE, language.as_str()))
            .insert_header((VARY, ACCEPT_LANGUAGE.as_str()));
        Ok(reply)
    }

    /// JSON of a resource that has other formats too.
    pub fn or_file(self) -> Formatted<T> {
        Ok(Either::Left(self.customize().insert_header((VARY, "accept"))))
    }
}

/// The format of greatest weight (RFC 9110 §12.5.1), the first among equals.
fn accepted(headers: &HeaderMap, offered: &[Format]) -> Option<Format> {
    let ranges: Vec<String> = headers
        .get_all(ACCEPT)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|range| range.trim().to_ascii_lowercase())
        .filter(|range| !range.is_empty())
        .collect();
    if ranges.is_empty() {
        return offered.first().copied();
    }
    let mut best: Option<(f32, Format)> = None;
    for format in offered {
        let (kind, subtype) = format.media_type();
        // The most specific range speaks for the format.
        let weight = [format!("{kind}/{subtype}"), format!("{kind}/*"), "*/*".to_owned()]
            .iter()
            .find_map(|wanted| ranges.iter().find_map(|range| weight(range, wanted)))
            .unwrap_or(0.0);
        if weight > best.map_or(0.0, |(weight, _)| weight) {
            best = Some((weight, *format));
        }
    }
    best.map(|(_, format)| format)
}

fn weight(range: &str, wanted: &str) -> Option<f32> {
    let mut parts = range.split(';').map(str::trim);
    (parts.next() == Some(wanted)).then(|| {
        parts
            .find_map(|part| part.strip_prefix("q=")?.parse().ok())
            .unwrap_or(1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    const TABLE: &[Format] = &[Format::Json, Format::Csv, Format::Xlsx];
    const CHART: &[Format] = &[Format::Json, Format::Svg, Format::Csv];

    fn by_accept(accept: &'static str) -> Option<Format> {
        among(TABLE, accept)
    }

    fn among(offered: &[Format], accept: &'static str) -> Option<Format> {
        let mut headers = HeaderMap::new();
        if !accept.is_empty() {
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
        }
        Format::of(None, &headers, offered).ok()
    }

    #[test]
    fn accept_chooses_by_weight_and_json_among_equals() {
        for (accept, format) in [
            ("", Some(Format::Json)),
            ("*/*", Some(Format::Json)),
            ("application/json, text/csv", Some(Format::Json)),
            ("text/csv", Some(Format::Csv)),
            ("TEXT/CSV; charset=utf-8", Some(Format::Csv)),
            ("text/csv;q=0.5, application/json;q=0.9", Some(Format::Json)),
            ("text/csv, */*;q=0.1", Some(Format::Csv)),
            ("text/html, text/*;q=0.8, */*;q=0.1", Some(Format::Csv)),
            ("application/json;q=0, */*", Some(Format::Csv)),
            ("application/pdf", None),
            ("text/csv;q=0", None),
        ] {
            assert_eq!(by_accept(accept), format, "{accept}");
        }
    }

    #[test]
    fn only_what_is_offered_is_chosen() {
        for (accept, format) in [
            ("image/svg+xml", Some(Format::Svg)),
            // What browsers ask for in an <img>, and when one types an address.
            (
                "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
                Some(Format::Svg),
            ),
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
                Some(Format::Json),
            ),
            ("text/csv", Some(Format::Csv)),
            (
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                None,
            ),
        ] {
            assert_eq!(among(CHART, accept), format, "{accept}");
        }
        assert!(Format::of(Some("xlsx"), &HeaderMap::new(), CHART).is_err());
        assert!(Format::of(Some("svg"), &HeaderMap::new(), TABLE).is_err());
    }

    #[test]
    fn the_parameter_goes_before_accept() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/pdf"));
        assert_eq!(Format::of(Some("csv"), &headers, TABLE).ok(), Some(Format::Csv));
        assert_eq!(Format::of(Some("json"), &headers, TABLE).ok(), Some(Format::Json));
        for unknown in ["xls", "CSV", ""] {
            assert_eq!(
                Format::of(Some(unknown), &headers, TABLE).map_err(|problem| problem.code),
                Err(Code::NotAcceptable)
            );
        }
    }
}
