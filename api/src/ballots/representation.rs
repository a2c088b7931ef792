//! How ballots and candidates are shown.

use garde::Validate;
use sea_orm::prelude::Uuid;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::choice::Method;
use super::eligibility::Eligibility;
use super::entity::{DraftedAs, Kind, Openings, State, Unit, ballot, candidate};
use crate::http::{Caller, Etag, Problem, Resource as _, resource, rules};
use crate::instant::Instant;
use crate::secrets::{hex, sha256};

/// What an organiser says of a ballot, while it is in draft.
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "kind": "logo", "question": "Quel logo pour la coalition guinéenne du numérique ?", "method": "plurality",
    "eligibility": {"min_sessions": 1, "adhered": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e"}
}))]
pub struct BallotInput {
    #[serde(default)]
    #[garde(skip)]
    pub kind: Kind,
    /// What is put to the vote
    #[garde(length(chars, min = 1, max = 500), custom(rules::line))]
    pub question: String,
    #[serde(default)]
    #[garde(length(chars, max = 10_000), custom(rules::text))]
    pub description: String,
    /// How votes are cast and counted
    #[garde(skip)]
    pub method: Method,
    /// The highest grade a vote may give, 0 being the worst: for `score` and `majority_judgment`, 5 unless said otherwise (six mentions); for no other method
    #[serde(default)]
    #[garde(range(min = 1, max = 100))]
    #[schema(minimum = 1, maximum = 100)]
    pub max_grade: Option<u32>,
    /// Who may vote
    #[serde(default)]
    #[garde(dive)]
    pub eligibility: Eligibility,
    /// Who has one vote: each person, or each organisation by its delegate
    #[serde(default)]
    #[garde(skip)]
    pub unit: Unit,
    /// How much of the roll must vote for the result to stand, in percent; null: any
    #[serde(default)]
    #[garde(range(min = 1, max = 100))]
    pub quorum_percent: Option<u32>,
    /// Whether blank votes count towards the quorum
    #[serde(default = "yes")]
    #[garde(skip)]
    pub blanks_count: bool,
    /// Who may see, once counted, what each vote hash stands for
    #[serde(default)]
    #[garde(skip)]
    pub openings: Openings,
    /// Opens by itself then, if its checks pass
    #[serde(default)]
    #[garde(skip)]
    pub opens_at: Option<Instant>,
    /// No vote is taken from then on, and it closes by itself
    #[serde(default)]
    #[garde(skip)]
    pub closes_at: Option<Instant>,
}

fn yes() -> bool {
    true
}

/// A ballot.
#[derive(Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "workshop_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4f",
    "kind": "logo", "question": "Quel logo pour la coalition guinéenne du numérique ?", "description": "", "method": "plurality", "max_grade": null,
    "eligibility": {"roles": [], "min_sessions": 1, "min_minutes": 0, "adhered": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d50", "categories": [], "registration_ids": []},
    "unit": "person", "quorum_percent": 25, "blanks_count": true, "openings": "auditors", "opens_at": null, "closes_at": null, "state": "open", "candidates": [{
        "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d51", "ballot_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "name": "L'arbre à palabres", "description": "",
        "logo": {"url": "https://palabre.example.org/v1/logos/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.png",
                 "thumbnail_url": "https://palabre.example.org/v1/logos/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.png?size=256"},
        "created_at": "2020-08-20T09:00:00Z", "etag": "q1w2e3r4t5y6u7i8o9p0aA"}],
    "roll_size": 42, "vote_body_length": 128, "opened_at": "2020-08-28T15:00:00Z", "closed_at": null, "counted_at": null, "published_at": null,
    "cancelled_at": null, "annulled_at": null, "reason": null, "opening_failed": null, "count_failed": null, "drafted_from": null, "drafted_as": null, "created_at": "2020-08-20T09:00:00Z", "etag": "q1w2e3r4t5y6u7i8o9p0aA"
}))]
pub struct Ballot {
    id: Uuid,
    workshop_id: Uuid,
    #[serde(flatten)]
    pub input: BallotInput,
    pub state: State,
    /// In order of creation in draft; from then on in a random order of the reader's own, stable
    candidates: Vec<Candidate>,
    /// How many are entitled to vote; null before opening
    roll_size: Option<i32>,
    /// Pad the body of a vote with spaces to so many bytes, so that its length tells nothing
    vote_body_length: Option<i32>,
    opened_at: Option<Instant>,
    closed_at: Option<Instant>,
    counted_at: Option<Instant>,
    published_at: Option<Instant>,
    cancelled_at: Option<Instant>,
    annulled_at: Option<Instant>,
    /// Why it was cancelled or annulled
    reason: Option<String>,
    /// The code of why the scheduled opening was refused; it is tried again once the ballot is changed
    opening_failed: Option<String>,
    /// Why the count stopped
    count_failed: Option<String>,
    /// The ballot that this one was drafted from
    drafted_from: Option<Uuid>,
    drafted_as: Option<DraftedAs>,
    created_at: Instant,
    etag: Etag,
}

/// What can be chosen.
#[derive(Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d51", "ballot_id": "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e", "name": "L'arbre à palabres", "description": "",
    "logo": {"url": "https://palabre.example.org/v1/logos/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.png",
             "thumbnail_url": "https://palabre.example.org/v1/logos/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08.png?size=256"},
    "created_at": "2020-08-20T09:00:00Z", "etag": "q1w2e3r4t5y6u7i8o9p0aA"
}))]
pub struct Candidate {
    pub id: Uuid,
    pub ballot_id: Uuid,
    #[serde(flatten)]
    pub input: CandidateInput,
    /// Null until one is uploaded
    logo: Option<LogoUrls>,
    created_at: Instant,
    etag: Etag,
}

resource!(Ballot, Candidate);

/// What an organiser says of a candidate.
#[derive(Clone, Serialize, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"name": "L'arbre à palabres"}))]
pub struct CandidateInput {
    #[garde(length(chars, min = 1, max = 200), custom(rules::line))]
    pub name: String,
    #[serde(default)]
    #[garde(length(chars, max = 5000), custom(rules::text))]
    pub description: String,
}

/// Where the image is, for anyone, without a token.
#[derive(Clone, Serialize, ToSchema)]
struct LogoUrls {
    /// PNG, 1024 × 1024 px
    url: String,
    /// PNG, 256 × 256 px
    thumbnail_url: String,
}

impl Candidate {
    pub fn of(caller: &Caller, row: candidate::Model) -> Self {
        Self::at(&caller.app.settings.public_url, row)
    }

    /// With its logo at this address of the API.
    pub fn at(public_url: &str, row: candidate::Model) -> Self {
        let logo = row.logo_digest.map(|digest| {
            let url = format!("{public_url}/v1/logos/{}.png", hex(&digest));
            LogoUrls {
                thumbnail_url: format!("{url}?size=256"),
                url,
            }
        });
        Self {
            id: row.id,
            ballot_id: row.ballot_id,
            input: CandidateInput {
                name: row.name,
                description: row.description,
            },
            logo,
            created_at: row.created_at,
            etag: Etag::default(),
        }
    }
}

impl Ballot {
    pub fn id(&self) -> Uuid {
        self.id
    }

    pub fn of(caller: &Caller, row: &ballot::Model, candidates: Vec<candidate::Model>) -> Result<Self, Problem> {
        let candidates = candidates.into_iter().map(|row| Candidate::of(caller, row).sealed());
        Self::seen(caller, row, &candidates.collect::<Vec<_>>())
    }

    /// With candidates that carry their tags, in order of creation.
    pub fn seen(caller: &Caller, row: &ballot::Model, candidates: &[Candidate]) -> Result<Self, Problem> {
        Ok(Self {
            input: BallotInput {
                method: row.method()?,
                max_grade: row.max_grade.map(i32::unsigned_abs),
                kind: row.kind,
                question: row.question.clone(),
                description: row.description.clone(),
                eligibility: row.eligibility.clone(),
                unit: row.unit,
                quorum_percent: row.quorum_percent.map(i32::unsigned_abs),
                blanks_count: row.blanks_count,
                openings: row.openings,
                opens_at: row.opens_at,
                closes_at: row.closes_at,
            },
            id: row.id,
            workshop_id: row.workshop_id,
            state: row.state,
            candidates: in_order(caller, row, candidates),
            roll_size: row.roll_size,
            vote_body_length: row.vote_body_length,
            opened_at: row.opened_at,
            closed_at: row.closed_at,
            counted_at: row.counted_at,
            published_at: row.published_at,
            cancelled_at: row.cancelled_at,
            annulled_at: row.annulled_at,
            reason: row.reason.clone(),
            opening_failed: row.opening_failed.clone(),
            count_failed: row.count_failed.clone(),
            drafted_from: row.drafted_from,
            drafted_as: row.drafted_as,
            created_at: row.created_at,
            etag: Etag::default(),
        })
    }
}

/// Whoever stands first in a list gets more votes; so everyone has an order of their own, which
/// stays the same however often they look.
pub fn order(caller: &Caller, ballot: &ballot::Model, candidates: &[Candidate]) -> Vec<usize> {
    let mut order: Vec<(Option<[u8; 32]>, usize)> = candidates.iter().map(|_| None).zip(0..).collect();
    if ballot.state != State::Draft
        && let Ok(reader) = caller.person_id()
    {
        for ((place, _), candidate) in order.iter_mut().zip(candidates) {
            *place = Some(sha256(&[
                b"palabre/order/v1\0",
                reader.as_bytes(),
                candidate.id.as_bytes(),
            ]));
        }
        order.sort_unstable();
    }
    order.into_iter().map(|(_, index)| index).collect()
}

pub fn in_order(caller: &Caller, ballot: &ballot::Model, candidates: &[Candidate]) -> Vec<Candidate> {
    let order = order(caller, ballot, candidates);
    order
        .into_iter()
        .filter_map(|index| candidates.get(index).cloned())
        .collect()
}
