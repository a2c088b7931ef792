//! Counts of valid choices, by the definitions and not by the server's ways: figures and winners of
//! every method but instant runoff, and of that the first round, in which every vote is seen.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::{Checked, fault};

/// Holds the tally against the choices of all who did not vote blank.
pub fn check(method: &str, candidates: &[String], choices: &[Value], tally: &Value) -> Checked<()> {
    let found = match method {
        "plurality" | "approval" => {
            let names = |choice: &Value, id: &String| {
                choice["candidate"] == *id
                    || choice["candidates"]
                        .as_array()
                        .is_some_and(|ids| ids.contains(&json!(id)))
            };
            let votes: Vec<usize> = candidates
                .iter()
                .map(|id| choices.iter().filter(|choice| names(choice, id)).count())
                .collect();
            let most = votes.iter().max().copied().unwrap_or_default();
            let winners: Vec<&String> = candidates
                .iter()
                .zip(&votes)
                .filter(|(_, votes)| most > 0 && **votes == most)
                .map(|(id, _)| id)
                .collect();
            let counts: Vec<Value> = candidates
                .iter()
                .zip(&votes)
                .map(|(id, votes)| json!({"candidate": id, "votes": votes}))
                .collect();
            tally["working"] == json!({"method": method, "counts": counts})
                && tally["outcome"] == json!({"winners": winners, "tie": winners.len() > 1})
        }
        "schulze" => schulze(candidates, choices, tally),
        "borda" => borda(candidates, choices, tally),
        "score" => score(candidates, choices, tally),
        "majority_judgment" => majority_judgment(candidates, choices, tally),
        "instant_runoff" => {
            let first = |id: &String| choices.iter().filter(|choice| choice["ranking"][0][0] == *id).count();
            let counts: Vec<Value> = candidates
                .iter()
                .map(|id| json!({"candidate": id, "votes": first(id)}))
                .collect();
            choices.is_empty() || tally["working"]["rounds"][0]["counts"] == json!(counts)
        }
        _ => false,
    };
    if found {
        Ok(())
    } else {
        fault("the tally is not the count of the openings")
    }
}

/// Places from 0; who is not named stands behind all who are.
fn place(choice: &Value, id: &String) -> usize {
    let groups = choice["ranking"].as_array().expect("a ranking");
    let holds = |group: &Value| group.as_array().expect("a group").contains(&json!(id));
    groups.iter().position(holds).unwrap_or(groups.len())
}

fn schulze(candidates: &[String], choices: &[Value], tally: &Value) -> bool {
    let n = candidates.len();
    let prefer = |a: usize, b: usize| {
        let prefers = |choice: &&Value| place(choice, &candidates[a]) < place(choice, &candidates[b]);
        choices.iter().filter(prefers).count()
    };
    let pairwise: Vec<Vec<usize>> = (0..n).map(|a| (0..n).map(|b| prefer(a, b)).collect()).collect();
    let mut paths: Vec<Vec<usize>> = (0..n)
        .map(|a| {
            let victory = |b: usize| {
                if pairwise[a][b] > pairwise[b][a] {
                    pairwise[a][b]
                } else {
                    0
                }
            };
            (0..n).map(victory).collect()
        })
        .collect();
    for over in 0..n {
        for a in 0..n {
            for b in 0..n {
                if a != b {
                    paths[a][b] = paths[a][b].max(paths[a][over].min(paths[over][b]));
                }
            }
        }
    }
    let unbeaten = |a: &usize| (0..n).all(|b| paths[*a][b] >= paths[b][*a]);
    let winners: Vec<&String> = (0..n)
        .filter(|a| !choices.is_empty() && unbeaten(a))
        .map(|a| &candidates[a])
        .collect();
    let told = &tally["working"];
    told["candidates"] == json!(candidates)
        && told["pairwise"] == json!(pairwise)
        && told["strongest_paths"] == json!(paths)
        && tally["outcome"] == json!({"winners": winners, "tie": winners.len() > 1})
}

/// Whether these, whom `value` says to be best, are the winners told.
fn won<V: Ord>(candidates: &[String], choices: &[Value], tally: &Value, value: impl Fn(&String) -> V) -> bool {
    let best = candidates.iter().map(&value).max();
    let winners: Vec<&String> = candidates
        .iter()
        .filter(|id| !choices.is_empty() && Some(value(id)) == best)
        .collect();
    tally["outcome"] == json!({"winners": winners, "tie": winners.len() > 1})
}

/// Two for each candidate ranked below, one for each that is level.
fn borda(candidates: &[String], choices: &[Value], tally: &Value) -> bool {
    let half_points = |id: &String| -> usize {
        let of = |choice: &Value| -> usize {
            let against = |other: &&String| match place(choice, id).cmp(&place(choice, other)) {
                Ordering::Less => 2,
                Ordering::Equal => 1,
                Ordering::Greater => 0,
            };
            candidates
                .iter()
                .filter(|other| *other != id)
                .map(|other| against(&other))
                .sum()
        };
        choices.iter().map(of).sum()
    };
    let told = |(id, points): (&String, &Value)| points["candidate"] == *id && points["half_points"] == half_points(id);
    let points = tally["working"]["points"].as_array().expect("points");
    points.len() == candidates.len()
        && candidates.iter().zip(points).all(told)
        && won(candidates, choices, tally, half_points)
}

fn grades(choices: &[Value], id: &String) -> Vec<u64> {
    choices
        .iter()
        .filter_map(|choice| choice["grades"][id].as_u64())
        .collect()
}

/// Means of the grades given; who has none is behind all others.
fn score(candidates: &[String], choices: &[Value], tally: &Value) -> bool {
    let told = |(id, score): (&String, &Value)| {
        let grades = grades(choices, id);
        score["candidate"] == *id && score["total"] == grades.iter().sum::<u64>() && score["grades"] == grades.len()
    };
    // All means over one denominator: the product of all numbers of grades.
    let number = |id: &String| grades(choices, id).len().max(1) as u64;
    let product: u64 = candidates.iter().map(number).product();
    let mean = |id: &String| {
        let grades = grades(choices, id);
        (!grades.is_empty()).then(|| grades.iter().sum::<u64>() * (product / number(id)))
    };
    let scores = tally["working"]["scores"].as_array().expect("scores");
    scores.len() == candidates.len() && candidates.iter().zip(scores).all(told) && won(candidates, choices, tally, mean)
}

/// The majority values: medians, the lower ones, taken away one by one; a missing grade is a 0.
fn majority_judgment(candidates: &[String], choices: &[Value], tally: &Value) -> bool {
    let all = |id: &String| {
        let mut all = grades(choices, id);
        all.resize(choices.len(), 0);
        all.sort_unstable();
        all
    };
    let value = |id: &String| -> Vec<u64> {
        let mut left = all(id);
        (0..left.len()).map(|_| left.remove((left.len() - 1) / 2)).collect()
    };
    let told = |(id, merit): (&String, &Value)| {
        let gauge = &merit["gauge"]["grade"];
        merit["candidate"] == *id && gauge.as_u64() == value(id).first().copied()
    };
    let merits = tally["working"]["merits"].as_array().expect("merits");
    merits.len() == candidates.len()
        && candidates.iter().zip(merits).all(told)
        && won(candidates, choices, tally, value)
}
