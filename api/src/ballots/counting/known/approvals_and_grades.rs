//! Published elections by approvals and by grades.

use std::collections::BTreeSet;

use super::super::testing::*;
use super::super::{Choice, Method, Votes, Working};

/// Certified approvals of Tishaura Jones, Spencer, Reed and Andrew Jones, 44,571 ballots. Who approved
/// whom besides is made up: the approvals are laid round the ballots one after the other.
#[test]
fn st_louis_2021_by_approval() {
    let ballots = 44_571;
    let approvals = [("T", 25_388), ("S", 20_659), ("R", 17_186), ("A", 6_428)];
    let mut approved = vec![BTreeSet::new(); ballots];
    let given = approvals.iter().flat_map(|(label, n)| vec![*label; *n]);
    for (label, ballot) in given.zip((0..ballots).cycle()) {
        approved[ballot].insert(id(label));
    }
    let mut votes = Votes::new();
    for ids in approved {
        *votes.entry(Choice::Candidates(ids)).or_default() += 1;
    }
    let count = tally(Method::Approval, &ids("T S R A"), &votes);
    assert_eq!((count.votes, count.valid), (44_571, 44_571));
    assert_eq!(count.outcome.winners, ids("T"));
    let Working::Approval { counts } = count.working else {
        panic!()
    };
    let figures: Vec<u64> = counts.iter().map(|count| count.votes).collect();
    assert_eq!(figures, [25_388, 20_659, 17_186, 6_428]);
}

/// Wikipedia, "Approval voting": the four cities, each voter approving the two nearest.
#[test]
fn tennessee_by_approval() {
    let approve = |labels| Choice::Candidates(ids(labels).into_iter().collect());
    let votes = Votes::from([(approve("M N"), 42), (approve("N C"), 26), (approve("C K"), 15 + 17)]);
    let count = tally(Method::Approval, &ids("M N C K"), &votes);
    assert_eq!(count.outcome.winners, ids("N"));
    let Working::Approval { counts } = count.working else {
        panic!()
    };
    let figures: Vec<u64> = counts.iter().map(|count| count.votes).collect();
    assert_eq!(figures, [42, 68, 58, 32]);
}

/// Order, and gauges as (above, grade, +/−, below).
fn judged(candidates: &str, max_grade: u8, votes: &Votes) -> (String, Vec<(u64, u8, char, u64)>) {
    let candidates: Vec<&str> = candidates.split_whitespace().collect();
    let count = graded(Method::MajorityJudgment, &ids(&candidates.join(" ")), max_grade, votes);
    let json = serde_json::json!(count.working);
    let label = |told: &serde_json::Value| {
        let named = candidates.iter().find(|label| *told == serde_json::json!(id(label)));
        *named.unwrap()
    };
    let list = |value: &serde_json::Value| value.as_array().unwrap().clone();
    let group = |group: &serde_json::Value| list(group).iter().map(label).collect::<Vec<_>>().join("=");
    let order: Vec<String> = list(&json["order"]).iter().map(group).collect();
    let Working::MajorityJudgment { merits, .. } = count.working else {
        panic!()
    };
    let gauges = merits.iter().map(|merit| {
        let gauge = merit.gauge.unwrap();
        let sign = if serde_json::json!(gauge.sign) == "plus" {
            '+'
        } else {
            '-'
        };
        (gauge.above, gauge.grade, sign, gauge.below)
    });
    (order.join(" "), gauges.collect())
}

/// France, president 2012, poll of OpinionWay for Terra Nova, 737 voters: M. Balinski and R. Laraki,
/// "Majority Judgment vs Majority Rule", *Social Choice and Welfare* 54 (2020). To reject, poor, fair,
/// good, very good, excellent, outstanding; the paper's percentages are these numbers of voters.
#[test]
fn france_2012_by_majority_judgment() {
    let votes = distributed(
        "Hollande 105 105 109 86 121 119 92
         Bayrou 64 88 148 186 160 72 19
         Sarkozy 234 58 82 81 120 91 71
         Melenchon 187 111 126 108 95 70 40
         DupontAignan 250 188 149 83 44 19 4
         Joly 284 182 108 87 48 22 6
         Poutou 337 207 92 57 33 10 1
         LePen 351 46 103 69 70 54 44
         Arthaud 368 186 97 48 28 10 0
         Cheminade 383 198 86 43 18 6 3",
    );
    let named = "Hollande Bayrou Sarkozy Melenchon DupontAignan Joly Poutou LePen Arthaud Cheminade";
    let (order, gauges) = judged(named, 6, &votes);
    assert_eq!(order, named);
    assert_eq!(
        gauges,
        [
            // 45.05% good + 43.28%, 34.06% good − 40.71%, 49.25% fair + 39.62% …
            (332, 3, '+', 319),
            (251, 3, '-', 300),
            (363, 2, '+', 292),
            (313, 2, '+', 298),
            (299, 1, '+', 250),
            (271, 1, '-', 284),
            (193, 1, '-', 337),
            (340, 1, '-', 351),
            (183, 1, '-', 368),
            (354, 0, '+', 0),
        ]
    );
}

/// English Wikipedia, "Highest median voting rules": percentages from bad to excellent.
#[test]
fn the_encyclopaedias_three_candidates_by_majority_judgment() {
    let votes = distributed("A 15 17 9 20 21 13 5\nB 24 12 13 13 19 14 5\nC 25 24 16 15 10 6 4");
    let (order, gauges) = judged("A B C", 6, &votes);
    assert_eq!(order, "A B C");
    assert_eq!(gauges, [(39, 3, '-', 41), (38, 3, '-', 49), (35, 2, '-', 49)]);
}

/// Electowiki, "Majority Judgment": the four cities, each voter giving each grade once.
#[test]
fn tennessee_by_majority_judgment_and_by_score() {
    let votes = grades(
        "42 M:3 N:2 C:1 K:0
         26 N:3 C:2 K:1 M:0
         15 C:3 K:2 N:1 M:0
         17 K:3 C:2 N:1 M:0",
    );
    let (order, gauges) = judged("M N C K", 3, &votes);
    assert_eq!(order, "N C K M");
    assert_eq!(
        gauges,
        [(42, 0, '+', 0), (26, 2, '-', 32), (15, 2, '-', 42), (32, 1, '-', 42)]
    );
    let count = graded(Method::Score, &ids("M N C K"), 3, &votes);
    let Working::Score { scores, .. } = count.working else {
        panic!()
    };
    let totals: Vec<u64> = scores.iter().map(|score| score.total).collect();
    assert_eq!((totals, count.outcome.winners), (vec![126, 194, 173, 107], ids("N")));
}

/// Wikipedia's illustration of the tie-break: good, good, fair, poor against excellent, fair, fair, fair.
#[test]
fn four_voters_by_majority_judgment() {
    let (order, gauges) = judged("X Y", 3, &distributed("X 1 1 2 0\nY 0 3 0 1"));
    assert_eq!(order, "X Y");
    assert_eq!(gauges, [(2, 1, '+', 1), (1, 1, '+', 0)]);
}

/// <https://rangevoting.org/Blanks.html>: 9, 15, blank, 72, blank make a mean of 96 / 3 = 32.
#[test]
fn the_mean_of_a_candidate_with_blanks() {
    let votes = grades("1 A:9 B:31\n 1 A:15 B:31\n 1 B:31\n 1 A:72 B:31\n 1 B:31");
    let count = graded(Method::Score, &ids("A B"), 99, &votes);
    // By totals B would win, 155 to 96.
    assert_eq!(count.outcome.winners, ids("A"));
    let Working::Score { scores, .. } = count.working else {
        panic!()
    };
    assert_eq!((scores[0].total, scores[0].grades), (96, 3));
}
