//! What an attacker looks for: every spelling of what names a voter, and of what names a vote.

use std::collections::HashSet;

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use uuid::Uuid;

/// Voters and their votes are numbered in the order of voting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    Voter(usize),
    /// Something that only this one vote has: nonce or hash.
    Vote(usize),
    /// Something that all votes for this have: the choice itself.
    Choice(usize),
    /// What is sealed and nobody's: the key of a ballot, votes in another one.
    Sealed,
}

/// What was found, of which kind, and where.
#[derive(Clone, Copy, Debug)]
pub struct Hit {
    pub at: usize,
    pub subject: Subject,
    pub kind: &'static str,
}

/// So much of a long value is as good as all of it.
const ENOUGH: usize = 16;

#[derive(Default)]
pub struct Spellings {
    patterns: Vec<Vec<u8>>,
    meaning: Vec<(Subject, &'static str)>,
    known: HashSet<Vec<u8>>,
}

impl Spellings {
    fn add(&mut self, subject: Subject, kind: &'static str, pattern: impl Into<Vec<u8>>) {
        let pattern = pattern.into();
        // The standard and the URL-safe alphabet often agree.
        if self.known.insert(pattern.clone()) {
            self.patterns.push(pattern);
            self.meaning.push((subject, kind));
        }
    }

    pub fn bytes(&mut self, subject: Subject, kind: &'static str, bytes: &[u8]) {
        let enough = &bytes[..bytes.len().min(ENOUGH)];
        self.add(subject, kind, enough);
        self.add(subject, kind, hex(enough));
        // Two characters less: the last ones also depend on what follows.
        for text in [URL_SAFE_NO_PAD.encode(enough), STANDARD_NO_PAD.encode(enough)] {
            self.add(subject, kind, &text.as_bytes()[..text.len() - 2]);
        }
    }

    pub fn id(&mut self, subject: Subject, kind: &'static str, id: Uuid) {
        self.add(subject, kind, *id.as_bytes());
        self.add(subject, kind, id.hyphenated().to_string());
        self.add(subject, kind, id.simple().to_string());
    }

    /// As it is, inside a JSON text, and as PostgreSQL spells JSON.
    pub fn text(&mut self, subject: Subject, kind: &'static str, text: &str) {
        self.add(subject, kind, text);
        self.add(subject, kind, text.replace('"', "\\\""));
        self.add(subject, kind, text.replace(':', ": ").replace(',', ", "));
        self.add(subject, kind, hex(text.as_bytes()));
        let base64 = URL_SAFE_NO_PAD.encode(text);
        self.add(subject, kind, &base64.as_bytes()[..base64.len() - 2]);
    }

    pub fn ready(self) -> Tokens {
        Tokens {
            automaton: AhoCorasick::new(self.patterns).expect("patterns"),
            meaning: self.meaning,
        }
    }
}

pub struct Tokens {
    automaton: AhoCorasick,
    meaning: Vec<(Subject, &'static str)>,
}

impl Tokens {
    /// In order of place.
    pub fn hits<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = Hit> + 'a {
        self.automaton.find_iter(bytes).map(|found| {
            let (subject, kind) = self.meaning[found.pattern().as_usize()];
            Hit {
                at: found.start(),
                subject,
                kind,
            }
        })
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| u8::try_from(digit.to_digit(16).expect("a digit")).expect("small"))
        .collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}
