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
        "borda" => borda(candidates, choices, tally),
        "score" | "majority_judgment" => grades(method, candidates, choices, tally),
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

/// One point for each candidate it is preferred to and half a point for each it is level with.
fn borda(candidates: &[String], choices: &[Value], tally: &Value) -> bool {
    let points = |choice: &Value, id: &String| -> u64 {
        let others = candidates.iter().filter(|other| *other != id);
        others
            .map(|other| match place(choice, id).cmp(&place(choice, other)) {
                std::cmp::Ordering::Less => 2,
                std::cmp::Ordering::Equal => 1,
                std::cmp::Ordering::Greater => 0,
            })
            .sum()
    };
    let sum = |id: &String| choices.iter().map(|choice| points(choice, id)).sum::<u64>();
    let sums: Vec<u64> = candidates.iter().map(sum).collect();
    let most = sums.iter().max().copied().unwrap_or_default();
    let winners: Vec<&String> = candidates
        .iter()
        .zip(&sums)
        .filter(|(_, sum)| !choices.is_empty() && **sum == most)
        .map(|(id, _)| id)
        .collect();
    let told = tally["working"]["points"].as_array().expect("points");
    let right = |(told, (id, sum)): (&Value, (&String, &u64))| told["candidate"] == *id && told["half_points"] == *sum;
    told.len() == candidates.len()
        && told.iter().zip(candidates.iter().zip(&sums)).all(right)
        && tally["outcome"] == json!({"winners": winners, "tie": winners.len() > 1})
}

/// The sums of grades; who wins by their means, or by their medians taken away one after the other.
fn grades(method: &str, candidates: &[String], choices: &[Value], tally: &Value) -> bool {
    let given = |id: &String| -> Vec<u64> {
        choices
            .iter()
            .filter_map(|choice| choice["grades"][id].as_u64())
            .collect()
    };
    let all: Vec<Vec<u64>> = candidates
        .iter()
        .map(|id| {
            let mut grades = given(id);
            if method == "majority_judgment" {
                grades.resize(choices.len(), 0);
            }
            grades.sort_unstable();
            grades
        })
        .collect();
    let medians = |grades: &Vec<u64>| {
        let mut left = grades.clone();
        let mut medians = Vec::new();
        while !left.is_empty() {
            medians.push(left.remove((left.len() - 1) / 2));
        }
        medians
    };
    let ahead = |a: &Vec<u64>, b: &Vec<u64>| {
        if method == "majority_judgment" {
            return medians(a) > medians(b);
        }
        let (sum, number) = (a.iter().sum::<u64>(), a.len() as u64);
        let (other, others) = (b.iter().sum::<u64>(), b.len() as u64);
        number > 0 && (others == 0 || sum * others > other * number)
    };
    let unbeaten = |grades: &Vec<u64>| !choices.is_empty() && !all.iter().any(|other| ahead(other, grades));
    let winners: Vec<&String> = candidates
        .iter()
        .zip(&all)
        .filter(|(_, grades)| unbeaten(grades))
        .map(|(id, _)| id)
        .collect();
    let told = if method == "score" {
        &tally["working"]["scores"]
    } else {
        &tally["working"]["merits"]
    };
    let right = |(told, (id, grades)): (&Value, (&String, &Vec<u64>))| {
        let counts = told["distribution"].as_array().expect("a distribution");
        let number = |grade: usize| grades.iter().filter(|given| **given == grade as u64).count();
        told["candidate"] == *id && counts.iter().enumerate().all(|(grade, count)| *count == number(grade))
    };
    let told = told.as_array().expect("candidates");
    told.len() == candidates.len()
        && told.iter().zip(candidates.iter().zip(&all)).all(right)
        && tally["outcome"] == json!({"winners": winners, "tie": winners.len() > 1})
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
