//! Limits that fields declare: garde's rules answered by codes, and a few of our own.

use std::borrow::Cow;
use std::fmt::Display;

use garde::i18n::{I18n, InvalidCreditCard, InvalidEmail, InvalidPhoneNumber, InvalidUrl, IpKind};

use super::problem::Fault;

/// Garde's messages as `code|parameter`, so that words are chosen at the edge like all others.
pub struct Codes;

/// Turns `code|parameter` into a fault.
pub fn fault(pointer: String, message: &str) -> Fault {
    let (code, parameter) = message.split_once('|').unwrap_or((message, ""));
    let fault = Fault::new(pointer, code);
    match code {
        "too_short" | "too_small" => fault.with("min", parameter),
        "too_long" | "too_large" | "too_many" | "too_many_days" => fault.with("max", parameter),
        _ => fault,
    }
}

type Message = Cow<'static, str>;

impl I18n for Codes {
    fn length_lower_than(&self, min: usize) -> Message {
        format!("too_short|{min}").into()
    }
    fn length_greater_than(&self, max: usize) -> Message {
        format!("too_long|{max}").into()
    }
    fn range_lower_than(&self, min: &dyn Display) -> Message {
        format!("too_small|{min}").into()
    }
    fn range_greater_than(&self, max: &dyn Display) -> Message {
        format!("too_large|{max}").into()
    }
    fn credit_card_invalid(&self, _: InvalidCreditCard) -> Message {
        "unknown_value".into()
    }
    fn pattern_no_match(&self, _: &dyn Display) -> Message {
        "unknown_value".into()
    }
    fn contains_missing(&self, _: &dyn Display) -> Message {
        "unknown_value".into()
    }
    fn url_invalid(&self, _: InvalidUrl) -> Message {
        "not_a_url".into()
    }
    fn prefix_missing(&self, _: &dyn Display) -> Message {
        "unknown_value".into()
    }
    fn suffix_missing(&self, _: &dyn Display) -> Message {
        "unknown_value".into()
    }
    fn phone_number_invalid(&self, _: InvalidPhoneNumber) -> Message {
        "unknown_value".into()
    }
    fn ip_invalid(&self, _: IpKind) -> Message {
        "unknown_value".into()
    }
    fn matches_field_mismatch(&self, _: &dyn Display) -> Message {
        "unknown_value".into()
    }
    fn email_invalid(&self, _: InvalidEmail) -> Message {
        "invalid_email".into()
    }
    fn ascii_invalid(&self) -> Message {
        "unknown_value".into()
    }
    fn alphanumeric_invalid(&self) -> Message {
        "unknown_value".into()
    }
    fn required_not_set(&self) -> Message {
        "required".into()
    }
}

/// One line of text: no control characters at all, and not blank when something is expected.
pub fn line<T: AsRef<str>>(text: &T, _: &()) -> garde::Result {
    let text = text.as_ref();
    if text.chars().any(|c| {
        c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    }) {
        return Err(garde::Error::new("control_characters"));
    }
    if !text.is_empty() && text.trim().is_empty() {
        return Err(garde::Error::new("blank"));
    }
    Ok(())
}

/// Text of several lines: line breaks and tabs are the only control characters.
pub fn text<T: AsRef<str>>(text: &T, _: &()) -> garde::Result {
    if text
        .as_ref()
        .chars()
        .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
    {
        return Err(garde::Error::new("control_characters"));
    }
    Ok(())
}

/// An absolute http or https address.
pub fn optional_url(value: &Option<String>, context: &()) -> garde::Result {
    let Some(value) = value else { return Ok(()) };
    line(value, context)?;
    let uri: Option<actix_web::http::Uri> = value.parse().ok();
    match uri {
        Some(uri)
            if matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.host().is_some_and(|host| !host.is_empty()) =>
        {
            Ok(())
        }
        _ => Err(garde::Error::new("not_a_url")),
    }
}
