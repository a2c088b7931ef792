//! What a chart of the tally shows besides the count: names and logos of the candidates, and notes.

use std::collections::HashMap;

use sea_orm::entity::prelude::*;
use sea_orm::{QuerySelect, sea_query::Expr};

use crate::ballots::chart::{self, Candidate, Chart, Turnout};
use crate::ballots::counting::Count;
use crate::ballots::entity::{State, ballot, candidate, logo};
use crate::ballots::quorum::Quorum;
use crate::http::{Code, Format, Language, Problem};
use crate::registrations::roster::fold_name;
use crate::workshops::{calendar, entity as workshop};

/// What logos may weigh together in one chart, in bytes; above, all are left out alike.
const HEAVIEST: i64 = 2 * 1024 * 1024;

pub async fn chart(
    on: &impl ConnectionTrait,
    row: ballot::Model,
    count: Count,
    format: Format,
    language: Language,
) -> Result<Chart, Problem> {
    let rows = candidate::of(on, [row.id]).await?;
    let logos = if format == Format::Svg {
        logos(on, &rows).await?
    } else {
        HashMap::new()
    };
    let candidates: Vec<Candidate> = rows
        .into_iter()
        .map(|row| Candidate {
            id: row.id,
            name: row.name,
            picture: row.logo_digest.and_then(|digest| logos.get(&digest).cloned()),
        })
        .collect();
    let quorum = row.quorum(row.roll(), count.votes, Some(count.blanks));
    Ok(Chart {
        id: row.id,
        language,
        turnout: Turnout {
            roll: row.roll(),
            votes: count.votes,
            blanks: count.blanks,
            valid: count.valid,
        },
        winners: chart::places(&count.outcome.winners, &candidates),
        drawing: chart::drawing(&count.working, &candidates),
        candidates,
        warnings: warnings(&row, quorum, language),
        notes: notes(on, &row, quorum, language).await?,
        question: row.question,
    })
}

/// Thumbnails by digest; none when they would make the chart too heavy for a phone.
async fn logos(
    on: &impl ConnectionTrait,
    candidates: &[candidate::Model],
) -> Result<HashMap<Vec<u8>, Vec<u8>>, Problem> {
    let digests = || candidates.iter().filter_map(|row| row.logo_digest.clone());
    let chosen = logo::Entity::find().filter(logo::Column::Digest.is_in(digests()));
    let weight: Option<Option<i64>> = chosen
        .clone()
        .select_only()
        .column_as(Expr::cust("SUM(LENGTH(thumbnail))"), "weight")
        .into_tuple()
        .one(on)
        .await?;
    if weight.flatten().unwrap_or(0) > HEAVIEST {
        return Ok(HashMap::new());
    }
    let rows: Vec<(Vec<u8>, Vec<u8>)> = chosen
        .select_only()
        .columns([logo::Column::Digest, logo::Column::Thumbnail])
        .into_tuple()
        .all(on)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Why the result does not stand, if it does not.
fn warnings(row: &ballot::Model, quorum: Option<Quorum>, language: Language) -> Vec<String> {
    let mut warnings = Vec::new();
    if row.state == State::Annulled {
        let reason = row.reason.as_deref().unwrap_or_default();
        warnings.push(match language {
            Language::Fr => format!("Scrutin invalidé\u{a0}: {reason}"),
            Language::En => format!("This ballot is annulled: {reason}"),
        });
    }
    warnings.extend(
        quorum
            .filter(|quorum| quorum.reached == Some(false))
            .map(|quorum| said(quorum, language)),
    );
    warnings
}

fn said(quorum: Quorum, language: Language) -> String {
    let Quorum { percent, needed, .. } = quorum;
    let votes = quorum.votes.unwrap_or_default();
    let reached = quorum.reached == Some(true);
    match language {
        Language::Fr => {
            let reached = if reached { "atteint" } else { "non atteint" };
            let blanks = if quorum.blanks_count { "" } else { " hors blancs" };
            format!(
                "Quorum {reached}\u{a0}: {votes} sur {needed} votes{blanks} nécessaires ({percent}\u{202f}% des inscrits)."
            )
        }
        Language::En => {
            let reached = if reached { "reached" } else { "not reached" };
            let blanks = if quorum.blanks_count {
                ""
            } else {
                ", blank ones not counted"
            };
            format!("Quorum {reached}: {votes} of {needed} votes needed ({percent}% of the roll{blanks}).")
        }
    }
}

/// Sentences under the chart.
async fn notes(
    on: &impl ConnectionTrait,
    row: &ballot::Model,
    quorum: Option<Quorum>,
    language: Language,
) -> Result<Vec<String>, Problem> {
    let mut notes = Vec::new();
    notes.extend(
        quorum
            .filter(|quorum| quorum.reached == Some(true))
            .map(|quorum| said(quorum, language)),
    );
    if !row.is_public() {
        notes.push(match language {
            Language::Fr => "Ce résultat n'est pas encore publié.".to_owned(),
            Language::En => "This result is not published yet.".to_owned(),
        });
    }
    if let Some(closed_at) = row.closed_at {
        let zone = &workshop::find(on, row.workshop_id).await?.time_zone;
        let local = calendar::told(language, closed_at, zone).ok_or(Code::Internal)?;
        notes.push(match language {
            Language::Fr => format!("Scrutin clos le {local} ({zone})."),
            Language::En => format!("Voting closed on {local} ({zone})."),
        });
    }
    Ok(notes)
}

/// Of the file, after the question.
pub fn name(row: &ballot::Model, language: Language) -> String {
    let word = match language {
        Language::Fr => "resultat",
        Language::En => "result",
    };
    let folded = fold_name(&row.question);
    let words = folded.split(|c: char| !c.is_ascii_alphanumeric());
    let mut name = word.to_owned();
    for word in words.filter(|word| !word.is_empty()) {
        if name.len() + word.len() >= LONGEST {
            break;
        }
        name.push('-');
        name.push_str(word);
    }
    name
}

/// Of a file's name without its ending.
const LONGEST: usize = 64;
