//! JSON or a table to download: by `?format=`, else by `Accept`.

use actix_web::http::header::{ACCEPT, HeaderMap};

use crate::http::{Code, Problem};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Json,
    Csv,
    Xlsx,
}

const FORMATS: [(Format, &str, &str, &str); 3] = [
    (Format::Json, "json", "application", "json"),
    (Format::Csv, "csv", "text", "csv"),
    (
        Format::Xlsx,
        "xlsx",
        "application",
        "vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
];

impl Format {
    pub fn of(parameter: Option<&str>, headers: &HeaderMap) -> Result<Self, Problem> {
        let chosen = match parameter {
            Some(name) => FORMATS.iter().find(|format| format.1 == name).map(|format| format.0),
            None => accepted(headers),
        };
        chosen.ok_or_else(|| Problem::from(Code::NotAcceptable).with("formats", "json, csv, xlsx"))
    }
}

/// The format of greatest weight (RFC 9110 §12.5.1), JSON among equals.
fn accepted(headers: &HeaderMap) -> Option<Format> {
    let ranges: Vec<String> = headers
        .get_all(ACCEPT)
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|range| range.trim().to_ascii_lowercase())
        .filter(|range| !range.is_empty())
        .collect();
    if ranges.is_empty() {
        return Some(Format::Json);
    }
    let mut best: Option<(f32, Format)> = None;
    for (format, _, kind, subtype) in FORMATS {
        // The most specific range speaks for the format.
        let weight = [format!("{kind}/{subtype}"), format!("{kind}/*"), "*/*".to_owned()]
            .iter()
            .find_map(|wanted| ranges.iter().find_map(|range| weight(range, wanted)))
            .unwrap_or(0.0);
        if weight > best.map_or(0.0, |(weight, _)| weight) {
            best = Some((weight, format));
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

    fn by_accept(accept: &'static str) -> Option<Format> {
        let mut headers = HeaderMap::new();
        if !accept.is_empty() {
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
        }
        Format::of(None, &headers).ok()
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
    fn the_parameter_goes_before_accept() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/pdf"));
        assert_eq!(Format::of(Some("csv"), &headers).ok(), Some(Format::Csv));
        assert_eq!(Format::of(Some("json"), &headers).ok(), Some(Format::Json));
        for unknown in ["xls", "CSV", ""] {
            assert_eq!(
                Format::of(Some(unknown), &headers).map_err(|problem| problem.code),
                Err(Code::NotAcceptable)
            );
        }
    }
}
