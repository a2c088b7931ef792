//! Names as they are kept, compared and reported.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

use crate::identity::address::is_hidden;

/// Longest piece of a cell that a report repeats, in characters.
const MAX_SHOWN: usize = 60;

/// Trimmed, NFC, every run of white space one space.
pub fn tidy(text: &str) -> String {
    collapse(&text.nfc().collect::<String>())
}

/// For comparing names of people and organisations: no case, accents, ligatures, kinds of
/// apostrophe or hyphen, or characters that cannot be seen. Not for display.
pub fn fold_name(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    let plain = text
        .nfkd()
        .filter(|c| canonical_combining_class(*c) == 0 && !is_noise(*c));
    for c in plain.flat_map(char::to_lowercase) {
        match c {
            'œ' => folded.push_str("oe"),
            'æ' => folded.push_str("ae"),
            'ß' => folded.push_str("ss"),
            'ς' => folded.push('σ'),
            '\u{2018}' | '\u{2019}' | '\u{2BC}' => folded.push('\''),
            '\u{2010}'..='\u{2015}' => folded.push('-'),
            c => folded.push(c),
        }
    }
    collapse(&folded)
}

/// For recognising a header or a word: its letters and digits alone, folded.
pub(super) fn key(text: &str) -> String {
    fold_name(text).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// At most 60 characters, and none that would disturb the page that shows them.
pub(super) fn shorten(text: &str) -> String {
    let mut shown: Vec<char> = text.chars().take(MAX_SHOWN + 1).collect();
    if shown.len() > MAX_SHOWN {
        shown.truncate(MAX_SHOWN - 1);
        shown.push('…');
    }
    shown
        .into_iter()
        .map(|c| if is_unprintable(c) { '\u{FFFD}' } else { c })
        .collect()
}

/// Hidden characters, but for the joiners and selectors that some scripts and emoji need.
pub fn is_unprintable(c: char) -> bool {
    is_hidden(c) && !matches!(c, '\u{34F}' | '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}')
}

/// White space is hidden too in part, and is collapsed rather than dropped.
fn is_noise(c: char) -> bool {
    is_hidden(c) && !c.is_whitespace()
}

fn collapse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}
