//! SVG, written from the top of the page down; whatever is put in comes out well-formed.

use std::fmt::Display;

use super::typeset::Type;

/// The page in units, which are pixels on a phone of 360 px.
pub const WIDTH: u32 = 360;
pub const MARGIN: u32 = 14;
pub const ROOM: u32 = WIDTH - 2 * MARGIN;

/// Black on white, greys and blues of which the darker ones carry text: all at least 4.5 : 1
/// against what they stand on, and lines and bars 3 : 1.
pub mod ink {
    pub const TEXT: &str = "#16202c";
    pub const SOFT: &str = "#4a5666";
    pub const STRONG: &str = "#123f6d";
    pub const PLAIN: &str = "#718399";
    pub const LINE: &str = "#8492a3";
    pub const FAINT: &str = "#c9d1da";
    pub const TINT: &str = "#e1ebf5";
    pub const PAPER: &str = "#ffffff";
}

pub const HEADING: Type = plain(19, ink::TEXT).bold();
pub const HEADING_LONG: Type = plain(16, ink::TEXT).bold();
pub const LEAD: Type = plain(15, ink::TEXT).bold();
pub const TEXT: Type = plain(14, ink::TEXT);
pub const WARNING: Type = plain(13, ink::TEXT).bold();
pub const SMALL: Type = plain(12, ink::SOFT);

const fn plain(size: u32, ink: &'static str) -> Type {
    Type { size, bold: false, ink }
}

impl Type {
    pub const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub const fn bold_if(self, bold: bool) -> Self {
        Self { bold, ..self }
    }

    pub const fn ink(self, ink: &'static str) -> Self {
        Self { ink, ..self }
    }
}

#[derive(Clone, Copy)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// Hundredths of a unit.
pub struct Length(pub u64);

impl Display for Length {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

pub type Attributes<'a> = &'a [(&'a str, &'a dyn Display)];

#[derive(Default)]
pub struct Page {
    /// How far down it is filled.
    pub y: u32,
    svg: String,
}

impl Page {
    pub fn element(&mut self, name: &str, attributes: Attributes) {
        self.tag(name, attributes);
        self.svg.push_str("/>");
    }

    pub fn within(&mut self, name: &str, attributes: Attributes, content: impl FnOnce(&mut Self)) {
        self.tag(name, attributes);
        self.svg.push('>');
        content(self);
        self.svg.push_str("</");
        self.svg.push_str(name);
        self.svg.push('>');
    }

    fn tag(&mut self, name: &str, attributes: Attributes) {
        self.svg.push('<');
        self.svg.push_str(name);
        for (name, value) in attributes {
            self.svg.push(' ');
            self.svg.push_str(name);
            self.svg.push_str("=\"");
            self.write(&value.to_string());
            self.svg.push('"');
        }
    }

    /// Characters, with those replaced that XML reserves or forbids.
    pub fn write(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '&' => self.svg.push_str("&amp;"),
                '<' => self.svg.push_str("&lt;"),
                '>' => self.svg.push_str("&gt;"),
                '"' => self.svg.push_str("&quot;"),
                '\t' | '\n' | '\r' => self.svg.push(' '),
                '\0'..=' ' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' if c != ' ' => {
                    self.svg.push(char::REPLACEMENT_CHARACTER);
                }
                c => self.svg.push(c),
            }
        }
    }

    pub fn down(&mut self, units: u32) {
        self.y = self.y.saturating_add(units);
    }

    /// A part of the chart that says in a few words what it is.
    pub fn part(&mut self, title: &str, content: impl FnOnce(&mut Self)) {
        self.within("g", &[], |page| {
            page.within("title", &[], |page| page.write(title));
            content(page);
        });
    }

    /// One line of which `y` is the top.
    pub fn text(&mut self, x: u32, y: u32, kind: Type, anchor: Anchor, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        self.words(x, y, kind, anchor, |page| page.write(text));
    }

    fn words(&mut self, x: u32, y: u32, kind: Type, anchor: &str, content: impl FnOnce(&mut Self)) {
        let y = y.saturating_add(kind.ascent());
        let weight = if kind.bold { "bold" } else { "normal" };
        self.within(
            "text",
            &[
                ("x", &x),
                ("y", &y),
                ("font-size", &kind.size),
                ("font-weight", &weight),
                ("fill", &kind.ink),
                ("text-anchor", &anchor),
            ],
            content,
        );
    }

    /// Lines one under the other as one text; returns how high they are.
    pub fn lines(&mut self, x: u32, y: u32, kind: Type, lines: &[String]) -> u32 {
        if let [line] = lines {
            self.text(x, y, kind, Anchor::Start, line);
        } else if !lines.is_empty() {
            self.words(x, y, kind, "start", |page| {
                for (index, line) in lines.iter().enumerate() {
                    let down = if index == 0 { 0 } else { kind.leading() };
                    page.within("tspan", &[("x", &x), ("dy", &down)], |page| page.write(line));
                }
            });
        }
        kind.leading()
            .saturating_mul(u32::try_from(lines.len()).unwrap_or(u32::MAX))
    }

    /// From here down, over the whole page.
    pub fn paragraph(&mut self, kind: Type, most: usize, text: &str) {
        let height = self.lines(MARGIN, self.y, kind, &kind.lines(text, ROOM, most));
        self.down(height);
    }

    /// A paragraph in a heavy frame.
    pub fn warning(&mut self, text: &str) {
        const SIDE: u32 = 10;
        let lines = WARNING.lines(text, ROOM - 2 * SIDE, 12);
        let y = self.y;
        let height = self.lines(MARGIN + SIDE, y + 7, WARNING, &lines) + 14;
        self.element(
            "rect",
            &[
                ("x", &(MARGIN + 1)),
                ("y", &(y + 1)),
                ("width", &(ROOM - 2)),
                ("height", &(height - 2)),
                ("fill", &"none"),
                ("stroke", &ink::TEXT),
                ("stroke-width", &2),
            ],
        );
        self.down(height);
    }

    pub fn rect(&mut self, x: u32, y: u32, width: &dyn Display, height: u32, fill: &str) {
        self.element(
            "rect",
            &[
                ("x", &x),
                ("y", &y),
                ("width", width),
                ("height", &height),
                ("fill", &fill),
            ],
        );
    }

    /// A rule across the page.
    pub fn rule(&mut self) {
        let y = self.y;
        self.rect(MARGIN, y, &ROOM, 1, ink::FAINT);
        self.down(1);
    }

    /// The sign of a winner, 12 units wide and high.
    pub fn star(&mut self, x: u32, y: u32) {
        self.sign(
            x,
            y,
            "M6 0l1.8 3.9 4.2.5-3.1 2.9.8 4.2L6 9.4 2.3 11.5l.8-4.2L0 4.4l4.2-.5z",
        );
    }

    /// The sign of a tie, as large.
    pub fn equals(&mut self, x: u32, y: u32) {
        self.sign(x, y, "M0 2h12v3H0zM0 7h12v3H0z");
    }

    fn sign(&mut self, x: u32, y: u32, path: &str) {
        let place = format!("translate({x} {y})");
        self.element("path", &[("d", &path), ("transform", &place), ("fill", &ink::STRONG)]);
    }

    /// A square picture in a frame.
    pub fn picture(&mut self, x: u32, y: u32, side: u32, address: &str) {
        let place = [("x", x), ("y", y), ("width", side), ("height", side)];
        let place = place.each_ref().map(|(name, value)| (*name, value as &dyn Display));
        let frame: &[(&str, &dyn Display)] = &[("rx", &3), ("fill", &ink::PAPER), ("stroke", &ink::FAINT)];
        self.element("rect", &[&place, frame].concat());
        self.element("image", &[&place[..], &[("href", &address)]].concat());
    }

    /// The whole page: a root with a head of its own and this as its body.
    pub fn rooted(self, attributes: Attributes, head: impl FnOnce(&mut Self)) -> String {
        let mut root = Self::default();
        root.within("svg", attributes, |root| {
            head(root);
            root.svg.push_str(&self.svg);
        });
        root.svg.push('\n');
        root.svg
    }
}
