//! Results to draw: counted ones, and figures by hand.

use uuid::Uuid;

use crate::ballots::chart::model::{Bar, Bars, Candidate, Chart, Drawing, Grades, Median, Stacked, Turnout, Unit};
use crate::ballots::chart::{drawing, figures::Ratio, places};
use crate::ballots::choice::{Choice, Method};
use crate::ballots::counting::testing::tally;
use crate::ballots::counting::{Count, Votes};
use crate::http::Language;

pub const LOGOS: [&str; 4] = ["L'arbre à palabres", "Kora", "Delta du Niger", "Baobab numérique"];

pub fn candidates<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Candidate> {
    (1..)
        .zip(names)
        .map(|(id, name)| Candidate {
            id: Uuid::from_u128(id),
            name: name.to_owned(),
            picture: None,
        })
        .collect()
}

/// The chart of a count, of which the roll is three voters more than voted.
pub fn counted(count: &Count, candidates: Vec<Candidate>) -> Chart {
    Chart {
        id: Uuid::nil(),
        language: Language::Fr,
        question: "Quel logo pour la coalition guinéenne du numérique ?".to_owned(),
        turnout: Turnout {
            roll: count.votes + 3,
            votes: count.votes,
            blanks: count.blanks,
            valid: count.valid,
        },
        winners: places(&count.outcome.winners, &candidates),
        drawing: drawing(&count.working, &candidates),
        candidates,
        warnings: Vec::new(),
        notes: Vec::new(),
    }
}

/// One choice among as many names as there are numbers, each chosen so often.
pub fn plurality(votes: &[u64], blanks: u64, names: &[&str]) -> Chart {
    let candidates = candidates(names.iter().copied().take(votes.len()));
    let ids: Vec<Uuid> = candidates.iter().map(|candidate| candidate.id).collect();
    let mut cast: Votes = ids
        .iter()
        .zip(votes)
        .map(|(id, votes)| (Choice::Candidate(*id), *votes))
        .collect();
    cast.insert(Choice::Blank, blanks);
    counted(&tally(Method::Plurality, &ids, &cast), candidates)
}

/// Rankings of letters, counted by the method; the letters are the first of the names.
pub fn ranked(method: Method, rankings: &str, names: &[&str]) -> Chart {
    let candidates = candidates(names.iter().copied());
    let ids: Vec<Uuid> = candidates.iter().map(|candidate| candidate.id).collect();
    let id = |letter: char| {
        let place = names.iter().position(|name| name.starts_with(letter)).unwrap();
        ids[place]
    };
    let mut votes = Votes::new();
    for line in rankings.lines() {
        let Some((n, ranking)) = line.trim().split_once(' ') else {
            continue;
        };
        let Ok(n) = n.parse::<u64>() else { continue };
        let groups = ranking
            .split_whitespace()
            .map(|group| group.split('=').filter_map(|c| c.chars().next()).map(id).collect());
        *votes.entry(Choice::Ranking(groups.collect())).or_default() += n;
    }
    counted(&tally(method, &ids, &votes), candidates)
}

/// By hand: any figures.
pub fn by_hand(drawing: Drawing, names: &[&str], winners: &[usize], valid: u64) -> Chart {
    Chart {
        id: Uuid::nil(),
        language: Language::Fr,
        question: "Quel logo pour la coalition ?".to_owned(),
        candidates: candidates(names.iter().copied()),
        turnout: Turnout {
            roll: valid + 5,
            votes: valid + 1,
            blanks: 1,
            valid,
        },
        winners: winners.to_vec(),
        drawing,
        warnings: Vec::new(),
        notes: Vec::new(),
    }
}

pub fn bars(unit: Unit, values: &[(u64, u64)]) -> Drawing {
    let bars = values
        .iter()
        .enumerate()
        .map(|(candidate, (numerator, denominator))| Bar {
            candidate,
            value: Ratio::new(*numerator, *denominator),
        });
    Drawing::Bars(Bars {
        unit,
        bars: bars.collect(),
    })
}

pub fn stacked(grades: &[&str], rows: &[(&[u64], usize)]) -> Drawing {
    let rows = rows.iter().enumerate().map(|(candidate, (votes, median))| Grades {
        candidate,
        votes: votes.to_vec(),
        missing: 0,
        median: Some(Median {
            grade: *median,
            plus: true,
        }),
    });
    Drawing::Stacked(Stacked {
        grades: grades.iter().map(|grade| (*grade).to_owned()).collect(),
        rows: rows.collect(),
        told_apart: Vec::new(),
    })
}

/// Grades by letter, from 0 to 4: `3 A:4 B:0`, counted by the method.
pub fn graded(method: Method, grades: &str, names: &[&str]) -> Chart {
    let candidates = candidates(names.iter().copied());
    let ids: Vec<Uuid> = candidates.iter().map(|candidate| candidate.id).collect();
    let mut votes = Votes::new();
    for line in grades.lines() {
        let mut words = line.split_whitespace();
        let n: u64 = words.next().unwrap().parse().unwrap();
        let given = words.map(|word| {
            let (letter, grade) = word.split_once(':').unwrap();
            let place = names.iter().position(|name| name.starts_with(letter)).unwrap();
            (ids[place], grade.parse().unwrap())
        });
        *votes.entry(Choice::Grades(given.collect())).or_default() += n;
    }
    counted(&tally(method, &ids, &votes), candidates)
}
