//! Text in a given room, without knowing the font that will show it.
//!
//! Widths are those of a wide sans serif, so that in most others there is room to spare.

use unicode_normalization::char::is_combining_mark;
use unicode_segmentation::UnicodeSegmentation;

const ELLIPSIS: &str = "…";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Type {
    pub size: u32,
    pub bold: bool,
    pub ink: &'static str,
}

impl Type {
    /// From one line to the next.
    pub const fn leading(self) -> u32 {
        self.size * 13 / 10
    }

    /// From the top of a line to what its letters stand on.
    pub const fn ascent(self) -> u32 {
        self.size
    }

    /// In units, rounded up; a space at the end takes none.
    pub fn width(self, text: &str) -> u32 {
        let advances: u64 = text.trim_end().chars().map(|c| u64::from(advance(c))).sum();
        let advances = if self.bold { advances * 11 / 10 } else { advances };
        u32::try_from((advances * u64::from(self.size)).div_ceil(1000)).unwrap_or(u32::MAX)
    }

    /// As it is if it fits, or as much as fits with an ellipsis.
    pub fn cut(self, text: &str, room: u32) -> String {
        if self.width(text) <= room {
            return text.to_owned();
        }
        let mut kept = String::new();
        for grapheme in text.graphemes(true) {
            if self.width(&format!("{kept}{grapheme}{ELLIPSIS}")) > room {
                break;
            }
            kept.push_str(grapheme);
        }
        format!("{}{ELLIPSIS}", kept.trim_end())
    }

    /// Broken at spaces where possible. Together the lines are the text, unless there would be more
    /// than `most`: then the last one is cut.
    pub fn lines(self, text: &str, room: u32, most: usize) -> Vec<String> {
        let mut lines = vec![String::new()];
        let mut rest = text;
        while let Some(word) = first_word(rest) {
            let line = lines.last().map_or("", String::as_str);
            if self.width(&format!("{line}{word}")) <= room {
                append(&mut lines, word);
            } else if lines.len() >= most {
                let last = lines.pop().unwrap_or_default();
                lines.push(self.cut(&format!("{last}{rest}"), room));
                return lines;
            } else if line.is_empty() {
                // Longer than a line: broken where it must be.
                let part = self.fitting(word, room);
                append(&mut lines, part);
                lines.push(String::new());
                rest = rest.strip_prefix(part).unwrap_or_default();
                continue;
            } else {
                lines.push(String::new());
                continue;
            }
            rest = rest.strip_prefix(word).unwrap_or_default();
        }
        lines.retain(|line| !line.is_empty());
        lines
    }

    /// The beginning of a word that fits, and at least one character of it.
    fn fitting(self, word: &str, room: u32) -> &str {
        let ends = word
            .grapheme_indices(true)
            .map(|(start, grapheme)| start + grapheme.len());
        let parts = ends.filter_map(|end| word.get(..end));
        let mut fitting = parts.clone().take_while(|part| self.width(part) <= room);
        let first = parts.clone().next();
        fitting.by_ref().last().or(first).unwrap_or(word)
    }
}

/// Up to the first space at which a line may end: French has spaces before marks that are none.
fn first_word(text: &str) -> Option<&str> {
    let mut after = text.match_indices(' ').map(|(space, _)| space + 1);
    let end = after.find(|after| {
        let next = text.get(*after..).and_then(|rest| rest.chars().next());
        !next.is_some_and(|next| matches!(next, '?' | '!' | ':' | ';' | '»'))
    });
    let word = text.get(..end.unwrap_or(text.len()))?;
    (!word.is_empty()).then_some(word)
}

fn append(lines: &mut [String], text: &str) {
    if let Some(line) = lines.last_mut() {
        line.push_str(text);
    }
}

/// In thousandths of the size.
fn advance(c: char) -> u32 {
    match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | '·' | ' ' | '\u{a0}' => 350,
        '\u{202f}' | '\u{2009}' => 250,
        'f' | 'r' | 't' | 'J' | '(' | ')' | '[' | ']' | '-' | '"' | '/' => 430,
        '0'..='9' | 'a'..='l' | 'n'..='v' | 'x'..='z' => 640,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | 'œ' | 'Œ' | 'æ' | 'Æ' | '…' | '—' => 1000,
        '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' => 0,
        _ if is_combining_mark(c) => 0,
        'A'..='Z' => 790,
        '\u{a0}'..='\u{24f}' if c.is_uppercase() => 800,
        '\u{a0}'..='\u{24f}' => 660,
        '\u{370}'..='\u{10ff}' => 900,
        _ => 1200,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: Type = Type {
        size: 14,
        bold: false,
        ink: "#000",
    };

    #[test]
    fn text_breaks_at_spaces_and_long_words_where_they_must() {
        let room = PLAIN.width("numérique");
        assert_eq!(
            PLAIN.lines("Coalition du numérique", room, 9),
            ["Coalition ", "du ", "numérique"]
        );
        let lines = PLAIN.lines("Anticonstitutionnellement", room, 9);
        assert!(lines.len() > 1);
        assert_eq!(lines.concat(), "Anticonstitutionnellement");
        assert_eq!(PLAIN.lines("", room, 9), [""; 0]);
        // A question mark never begins a line.
        let room = PLAIN.width("Quel logo");
        assert_eq!(PLAIN.lines("Quel logo ?", room, 9), ["Quel ", "logo ?"]);
    }

    #[test]
    fn what_does_not_fit_is_cut_between_characters_as_people_count_them() {
        // A family is one character of seven code points.
        let family = "👨‍👩‍👧‍👦";
        let text = format!("{family}{family}{family}{family}");
        let cut = PLAIN.cut(&text, PLAIN.width(&format!("{family}{family}…")));
        assert_eq!(cut, format!("{family}{family}…"));
        assert_eq!(PLAIN.cut("Delta", 100), "Delta");
    }

    proptest! {
        #[test]
        fn lines_are_the_text_and_keep_to_the_room(text in "[a-zéW ̀👪]{0,60}", room in 20_u32..300, most in 1_usize..6) {
            let lines = PLAIN.lines(&text, room, most);
            prop_assert!(lines.len() <= most);
            for line in &lines {
                prop_assert!(PLAIN.width(line) <= room, "{line:?}");
            }
            if lines.last().is_some_and(|line| !line.ends_with('…')) {
                prop_assert_eq!(lines.concat(), text);
            }
        }

        #[test]
        fn what_is_cut_fits(text in "\\PC{0,60}", room in 20_u32..300) {
            prop_assert!(PLAIN.width(&PLAIN.cut(&text, room)) <= room);
        }
    }
}
