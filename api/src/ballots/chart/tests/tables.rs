//! The table: its columns, its lines, and that they fit each other.

use super::samples::*;
use crate::ballots::chart::model::{Chart, Unit};
use crate::ballots::choice::Method;
use crate::ballots::counting::testing::TENNESSEE;
use crate::http::Language;
use crate::http::csv;

fn written(chart: &Chart) -> Vec<String> {
    let table = chart.table();
    for line in &table.lines {
        assert_eq!(line.len(), table.header.len());
    }
    let header: Vec<&str> = table.header.iter().map(String::as_str).collect();
    let text = String::from_utf8(csv::table(&header, table.lines)).unwrap();
    text.lines()
        .map(|line| line.replace("00000000-0000-0000-0000-00000000000", "#"))
        .collect()
}

#[test]
fn a_line_for_each_candidate_with_the_summary() {
    let chart = plurality(&[17, 2200], 1, &["=1+1", "Kora, la"]);
    assert_eq!(
        written(&chart),
        [
            "Candidat,Nom,Voix,% des exprimés,Résultat,Inscrits,Votes,Blancs,Exprimés,Réserves",
            "#2,\"Kora, la\",2200,\"99,2\",choix retenu,2221,2218,1,2217,",
            "#1,'=1+1,17,\"0,8\",,2221,2218,1,2217,",
        ]
    );
    let english = Chart {
        language: Language::En,
        ..plurality(&[17, 17], 0, &LOGOS)
    };
    assert_eq!(
        written(&english),
        [
            "Candidate,Name,Votes,% of valid votes,Result,Roll,Votes cast,Blanks,Valid votes,Caveats",
            "#1,L'arbre à palabres,17,50.0,tied,37,34,0,34,",
            "#2,Kora,17,50.0,tied,37,34,0,34,",
        ]
    );
    assert_eq!(
        written(&plurality(&[0, 0], 2, &LOGOS))[1],
        "#1,L'arbre à palabres,0,,,5,2,2,0,"
    );
}

#[test]
fn a_line_for_each_candidate_of_each_round() {
    let capitals = ["Memphis", "Nashville", "Chattanooga", "Knoxville"];
    let lines = written(&ranked(Method::InstantRunoff, TENNESSEE, &capitals));
    assert_eq!(
        lines[0],
        "Tour,Candidat,Nom,Voix,% du tour,Voix reportées du tour précédent,Issue du tour,Épuisés,Inscrits,Votes,Blancs,Exprimés,Réserves"
    );
    assert_eq!(lines.len(), 1 + 4 + 3 + 2);
    assert_eq!(lines[3], "1,#3,Chattanooga,15,\"15,0\",,sort,0,103,100,0,100,");
    assert_eq!(lines[7], "2,#4,Knoxville,32,\"32,0\",15,,0,103,100,0,100,");
    assert_eq!(lines[9], "3,#4,Knoxville,58,\"58,0\",26,choix retenu,0,103,100,0,100,");
}

#[test]
fn a_line_for_each_pair() {
    let chart = Chart {
        language: Language::En,
        ..ranked(Method::Schulze, "2 A B=C\n 1 C A B", &["Arbre", "Baobab", "Citron"])
    };
    assert_eq!(
        written(&chart),
        [
            "Candidate A,Name A,Rank A,Candidate B,Name B,Rank B,Prefer A,Prefer B,Outcome,Strongest chain from A to B,Strongest chain from B to A,Roll,Votes cast,Blanks,Valid votes,Caveats",
            "#1,Arbre,1,#3,Citron,2,2,1,A,2,0,6,3,0,3,",
            "#1,Arbre,1,#2,Baobab,3,3,0,A,3,0,6,3,0,3,",
            "#3,Citron,2,#2,Baobab,3,1,0,A,1,0,6,3,0,3,",
        ]
    );
}

#[test]
fn points_means_and_grades_have_columns_of_their_own() {
    let points = by_hand(bars(Unit::Points, &[(129, 2), (3, 1)]), &LOGOS, &[0], 9);
    assert_eq!(
        written(&points)[1],
        "#1,L'arbre à palabres,\"64,5\",choix retenu,14,10,1,9,"
    );
    let mean = by_hand(bars(Unit::Mean { best: 5 }, &[(13, 3), (4, 1)]), &LOGOS, &[0], 3);
    assert_eq!(
        written(&mean)[1..],
        [
            "#1,L'arbre à palabres,\"4,3333\",3,choix retenu,8,4,1,3,",
            "#2,Kora,4,1,,8,4,1,3,"
        ]
    );
    let grades = by_hand(stacked(&["Bien", "=Mal"], &[(&[3, 1], 0)]), &LOGOS, &[0], 4);
    assert_eq!(
        written(&grades),
        [
            "Candidat,Nom,Note Bien,Note =Mal,Notes absentes,Note médiane,Au-dessus,Au-dessous,Résultat,Inscrits,Votes,Blancs,Exprimés,Réserves",
            "#1,L'arbre à palabres,3,1,0,Bien,0,1,choix retenu,9,5,1,4,",
        ]
    );
}
