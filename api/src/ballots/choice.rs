//! What one voter chose: read strictly from JSON, written back in one form only.
//!
//! The canonical text made here is what voters hash, the server seals and auditors recount, so
//! two choices that mean the same must give the same bytes. This room knows neither who votes
//! nor how votes are counted, and no fault repeats a value of the choice it refuses.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

use super::paper::Paper;

/// A refused body may be one long list of mistakes; this many are enough to mend it.
const MOST_FAULTS: usize = 32;

/// How a ballot is voted on and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// One candidate; most votes win.
    Plurality,
    /// Any number of candidates; most approvals win.
    Approval,
    /// A ranking without ties; the lowest candidates leave until one has a majority.
    InstantRunoff,
    /// A ranking, ties allowed; candidates are compared in pairs.
    Schulze,
    /// A ranking, ties allowed; a candidate gets a point for each that it is ranked above.
    Borda,
    /// A grade for each candidate, as far as one has an opinion; the highest mean wins.
    Score,
    /// A grade for each candidate; the highest median wins.
    MajorityJudgment,
}

impl Method {
    pub const ALL: [Self; 7] = [
        Self::Plurality,
        Self::Approval,
        Self::InstantRunoff,
        Self::Schulze,
        Self::Borda,
        Self::Score,
        Self::MajorityJudgment,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plurality => "plurality",
            Self::Approval => "approval",
            Self::InstantRunoff => "instant_runoff",
            Self::Schulze => "schulze",
            Self::Borda => "borda",
            Self::Score => "score",
            Self::MajorityJudgment => "majority_judgment",
        }
    }

    /// The one member that a choice by this method has, unless it is blank.
    const fn member(self) -> &'static str {
        match self {
            Self::Plurality => "candidate",
            Self::Approval => "candidates",
            Self::InstantRunoff | Self::Schulze | Self::Borda => "ranking",
            Self::Score | Self::MajorityJudgment => "grades",
        }
    }

    const fn allows_ties(self) -> bool {
        matches!(self, Self::Schulze | Self::Borda)
    }

    /// Whether a ballot by this method has a scale, `max_grade`.
    pub const fn has_grades(self) -> bool {
        matches!(self, Self::Score | Self::MajorityJudgment)
    }
}

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(text: &str) -> Result<Self, UnknownMethod> {
        Self::ALL
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or(UnknownMethod)
    }
}

/// The text names no method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownMethod;

impl fmt::Display for UnknownMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the name of a voting method")
    }
}

impl std::error::Error for UnknownMethod {}

/// A vote's content, normalised: sets where order means nothing, groups best first where it does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Choice {
    Blank,
    Candidate(Uuid),
    Candidates(BTreeSet<Uuid>),
    /// Those left out share the place after the last group.
    Ranking(Vec<BTreeSet<Uuid>>),
    /// Of those left out nothing is said; what that means is for the method to say.
    Grades(BTreeMap<Uuid, u8>),
}

/// One thing wrong with a choice.
///
/// Codes: `wrong_type`, `unknown_field`, `required`, `empty`, `not_a_uuid`, `unknown_candidate`,
/// `duplicate`, `ties_not_allowed`, `not_a_grade` (a number, but none of the scale), `must_be_true`
/// and `not_with_blank` (both about `blank`), and from [`Choice::from_canonical`] only, which no person gets to see,
/// `malformed` and `not_canonical`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChoiceFault {
    /// RFC 6901, relative to the choice: `""` is the choice itself.
    pub pointer: String,
    pub code: &'static str,
}

impl ChoiceFault {
    /// Those that people get to see, for the test of their words.
    #[cfg(test)]
    pub const CODES: [&str; 11] = [
        "wrong_type",
        "unknown_field",
        "required",
        "empty",
        "not_a_uuid",
        "unknown_candidate",
        "duplicate",
        "ties_not_allowed",
        "not_a_grade",
        "must_be_true",
        "not_with_blank",
    ];

    fn new(pointer: impl Into<String>, code: &'static str) -> Self {
        let pointer = pointer.into();
        Self { pointer, code }
    }
}

impl Choice {
    /// Reads a choice in the form of the paper's method and of no other; reports up to 32 faults.
    pub fn parse(paper: &Paper, value: &Value) -> Result<Self, Vec<ChoiceFault>> {
        let mut reader = Reader {
            paper,
            named: BTreeSet::new(),
            faults: Vec::new(),
        };
        match reader.choice(value) {
            Some(choice) if reader.faults.is_empty() => Ok(choice),
            _ => {
                reader.faults.truncate(MOST_FAULTS);
                Err(reader.faults)
            }
        }
    }

    /// RFC 8785 text of the choice.
    ///
    /// Every key here is ASCII and every number a small integer, so compact JSON already is
    /// canonical; UUIDs print in lower case, and their order is the order of that text.
    pub fn canonical(&self) -> String {
        match self {
            Self::Blank => json!({ "blank": true }),
            Self::Candidate(id) => json!({ "candidate": id }),
            Self::Candidates(ids) => json!({ "candidates": ids }),
            Self::Ranking(groups) => json!({ "ranking": groups }),
            Self::Grades(grades) => json!({ "grades": grades }),
        }
        .to_string()
    }

    /// The way back from [`Choice::canonical`]: any other spelling has another hash, so it is refused.
    pub fn from_canonical(text: &str, paper: &Paper) -> Result<Self, Vec<ChoiceFault>> {
        let value = serde_json::from_str(text).map_err(|_| vec![ChoiceFault::new("", "malformed")])?;
        let choice = Self::parse(paper, &value)?;
        if choice.canonical() == text {
            Ok(choice)
        } else {
            Err(vec![ChoiceFault::new("", "not_canonical")])
        }
    }

    /// Whether [`Choice::parse`] could have given this choice for this paper.
    pub fn suits(&self, paper: &Paper) -> bool {
        let method = paper.method();
        match self {
            Self::Blank => true,
            Self::Candidate(id) => method == Method::Plurality && paper.knows(id),
            Self::Candidates(ids) => {
                method == Method::Approval && !ids.is_empty() && ids.iter().all(|id| paper.knows(id))
            }
            Self::Ranking(groups) => {
                let mut named = BTreeSet::new();
                let fits = |group: &BTreeSet<Uuid>| !group.is_empty() && (group.len() == 1 || method.allows_ties());
                matches!(method, Method::InstantRunoff | Method::Schulze | Method::Borda)
                    && !groups.is_empty()
                    && groups.iter().all(fits)
                    && (groups.iter().flatten()).all(|id| paper.knows(id) && named.insert(id))
            }
            Self::Grades(grades) => {
                let fits =
                    |(id, grade): (&Uuid, &u8)| paper.knows(id) && paper.max_grade().is_some_and(|max| *grade <= max);
                method.has_grades() && !grades.is_empty() && grades.iter().all(fits)
            }
        }
    }
}

/// The length of the longest canonical choice. Measured on such a choice, so that it follows the
/// form by itself: naming everyone is longest, and so is a group for each.
pub fn longest_canonical(method: Method, candidates: &[Uuid], max_grade: u8) -> usize {
    let ids = candidates.iter().copied();
    let longest = match method {
        _ if candidates.is_empty() => Choice::Blank,
        Method::Plurality => Choice::Candidate(Uuid::nil()),
        Method::Approval => Choice::Candidates(ids.collect()),
        Method::InstantRunoff | Method::Schulze | Method::Borda => {
            Choice::Ranking(ids.map(|id| BTreeSet::from([id])).collect())
        }
        Method::Score | Method::MajorityJudgment => Choice::Grades(ids.map(|id| (id, max_grade)).collect()),
    };
    longest.canonical().len()
}

/// Reads on after a fault, so that one answer tells all; whatever is `None` has left its fault.
struct Reader<'a> {
    paper: &'a Paper,
    named: BTreeSet<Uuid>,
    faults: Vec<ChoiceFault>,
}

impl Reader<'_> {
    fn fault<T>(&mut self, pointer: &str, code: &'static str) -> Option<T> {
        self.faults.push(ChoiceFault::new(pointer, code));
        None
    }

    fn choice(&mut self, value: &Value) -> Option<Choice> {
        let method = self.paper.method();
        let Some(fields) = value.as_object() else {
            return self.fault("", "wrong_type");
        };
        let member = method.member();
        for key in fields.keys().filter(|key| *key != member && *key != "blank") {
            self.fault::<()>(&format!("/{}", escape(key)), "unknown_field");
        }
        let pointer = format!("/{member}");
        match (fields.get("blank"), fields.get(member)) {
            (Some(Value::Bool(true)), None) => Some(Choice::Blank),
            (Some(Value::Bool(true)), Some(_)) => self.fault(&pointer, "not_with_blank"),
            (Some(Value::Bool(false)), _) => self.fault("/blank", "must_be_true"),
            (Some(_), _) => self.fault("/blank", "wrong_type"),
            (None, None) => self.fault(&pointer, "required"),
            (None, Some(value)) => match method {
                Method::Plurality => self.candidate(value, &pointer).map(Choice::Candidate),
                Method::Approval => self.candidates(value, &pointer).map(Choice::Candidates),
                Method::InstantRunoff | Method::Schulze | Method::Borda => {
                    self.ranking(value, &pointer, method.allows_ties())
                }
                Method::Score | Method::MajorityJudgment => self.grades(value, &pointer).map(Choice::Grades),
            },
        }
    }

    fn grades(&mut self, value: &Value, pointer: &str) -> Option<BTreeMap<Uuid, u8>> {
        let Some(fields) = value.as_object() else {
            return self.fault(pointer, "wrong_type");
        };
        if fields.is_empty() {
            return self.fault(pointer, "empty");
        }
        let mut grades = BTreeMap::new();
        for (key, value) in fields {
            let pointer = format!("{pointer}/{}", escape(key));
            let id = self.id(key, &pointer);
            if let (Some(grade), Some(id)) = (self.grade(value, &pointer), id) {
                grades.insert(id, grade);
            }
        }
        Some(grades)
    }

    fn grade(&mut self, value: &Value, pointer: &str) -> Option<u8> {
        let Value::Number(number) = value else {
            return self.fault(pointer, "wrong_type");
        };
        let grade = number.as_u64().and_then(|grade| u8::try_from(grade).ok());
        match (grade, self.paper.max_grade()) {
            (Some(grade), Some(max)) if grade <= max => Some(grade),
            _ => self.fault(pointer, "not_a_grade"),
        }
    }

    fn ranking(&mut self, value: &Value, pointer: &str, allows_ties: bool) -> Option<Choice> {
        let mut groups = Vec::new();
        for (index, value) in self.list(value, pointer)?.iter().enumerate() {
            let pointer = format!("{pointer}/{index}");
            let group = self.candidates(value, &pointer);
            if !allows_ties && value.as_array().is_some_and(|ids| ids.len() > 1) {
                self.fault::<()>(&pointer, "ties_not_allowed");
            }
            groups.extend(group);
        }
        Some(Choice::Ranking(groups))
    }

    fn candidates(&mut self, value: &Value, pointer: &str) -> Option<BTreeSet<Uuid>> {
        let mut ids = BTreeSet::new();
        for (index, value) in self.list(value, pointer)?.iter().enumerate() {
            ids.extend(self.candidate(value, &format!("{pointer}/{index}")));
        }
        Some(ids)
    }

    fn list<'v>(&mut self, value: &'v Value, pointer: &str) -> Option<&'v [Value]> {
        match value.as_array() {
            None => self.fault(pointer, "wrong_type"),
            Some(items) if items.is_empty() => self.fault(pointer, "empty"),
            Some(items) => Some(items),
        }
    }

    fn candidate(&mut self, value: &Value, pointer: &str) -> Option<Uuid> {
        let Some(text) = value.as_str() else {
            return self.fault(pointer, "wrong_type");
        };
        self.id(text, pointer)
    }

    fn id(&mut self, text: &str, pointer: &str) -> Option<Uuid> {
        // Upper case is forgiven; braces, `urn:uuid:` and missing hyphens are not.
        let Ok(id) = text.parse::<Hyphenated>().map(Hyphenated::into_uuid) else {
            return self.fault(pointer, "not_a_uuid");
        };
        if !self.paper.knows(&id) {
            return self.fault(pointer, "unknown_candidate");
        }
        if !self.named.insert(id) {
            return self.fault(pointer, "duplicate");
        }
        Some(id)
    }
}

/// A step of a JSON pointer.
fn escape(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
