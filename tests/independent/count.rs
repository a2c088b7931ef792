//! Counts of valid choices: plurality and approval wholly, Schulze up to its strongest paths, and
//! of instant runoff the first round, which is where every vote is seen.

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
