//! What is said, in both languages, and what becomes of names.

use roxmltree::Document;

use super::reading::{check, description, parts, texts, title, titles};
use super::samples::*;
use crate::ballots::chart::model::{Chart, Unit};
use crate::ballots::choice::{Choice, Method};
use crate::ballots::counting::Votes;
use crate::ballots::counting::testing::{BURLINGTON, TENNESSEE, tally};
use crate::http::Language;

fn told(chart: &Chart) -> String {
    let svg = chart.svg();
    check(&svg);
    let words = description(&Document::parse(&svg).unwrap());
    // For those who write tests, spaces are spaces.
    words.replace(['\u{a0}', '\u{202f}'], " ")
}

fn english(chart: Chart) -> Chart {
    Chart {
        language: Language::En,
        ..chart
    }
}

#[test]
fn the_whole_result_is_told_in_words() {
    let chart = || plurality(&[1700, 2200, 0], 1, &LOGOS);
    assert_eq!(
        told(&chart()),
        "« Kora » l'emporte avec 2 200 voix, soit 56,4 % des suffrages exprimés. \
         3 904 inscrits, 3 901 votes, 1 blanc, 3 900 exprimés, participation 99,9 %. \
         « Kora » : 2 200 voix, 56,4 %. « L'arbre à palabres » : 1 700 voix, 43,6 %. « Delta du Niger » : 0 voix, 0,0 %."
    );
    assert_eq!(
        told(&english(chart())),
        "“Kora” wins with 2,200 votes, 56.4% of the valid votes. \
         3,904 on the roll, 3,901 votes, 1 blank, 3,900 valid, turnout 99.9%. \
         “Kora”: 2,200 votes, 56.4%. “L'arbre à palabres”: 1,700 votes, 43.6%. “Delta du Niger”: 0 votes, 0.0%."
    );
    let svg = chart().svg();
    let document = Document::parse(&svg).unwrap();
    let question = "Quel logo pour la coalition guinéenne du numérique ?";
    assert_eq!(title(&document), format!("Résultat\u{a0}: {question}"));
    assert_eq!(
        texts(document.root_element())[0],
        question,
        "the question is the heading"
    );
    assert_eq!(document.root_element().attribute("lang"), Some("fr"));
}

#[test]
fn a_tie_is_a_tie_and_no_votes_are_no_result() {
    let tie = || plurality(&[17, 17, 5], 0, &LOGOS);
    let said = told(&tie());
    assert!(
        said.starts_with(
            "Égalité entre « L'arbre à palabres » et « Kora » avec 17 voix chacun. Le choix entre eux reste à faire."
        ),
        "{said}"
    );
    let said = told(&english(tie()));
    assert!(
        said.starts_with("A tie between “L'arbre à palabres” and “Kora” with 17 votes each."),
        "{said}"
    );
    let none = || plurality(&[0, 0], 3, &LOGOS);
    assert!(told(&none()).starts_with("Aucun suffrage exprimé : personne ne l'emporte."));
    assert!(told(&english(none())).starts_with("No valid vote: nobody wins."));
    // Nobody on the roll: no turnout to divide by.
    let mut empty = none();
    empty.turnout.roll = 0;
    assert!(!told(&empty).contains("participation"));
}

#[test]
fn votes_that_no_count_recognised_do_not_pass_unseen() {
    let mut chart = plurality(&[3, 2], 1, &LOGOS);
    assert!(!told(&chart).contains("reconnu"));
    chart.turnout.votes += 2;
    assert!(told(&chart).contains("8 votes, 1 blanc, 5 exprimés, 2 non reconnus"));
}

#[test]
fn approvals_are_said_not_to_add_up() {
    let candidates = candidates(LOGOS);
    let ids: Vec<_> = candidates.iter().map(|candidate| candidate.id).collect();
    let both = Choice::Candidates([ids[0], ids[1]].into());
    let votes = Votes::from([(both, 3), (Choice::Candidates([ids[1]].into()), 1)]);
    let said = told(&counted(&tally(Method::Approval, &ids, &votes), candidates));
    for words in [
        "« Kora » l'emporte avec 4 approbations, sur 100,0 % des suffrages exprimés.",
        "« L'arbre à palabres » : 3 approbations, 75,0 %.",
        "les pourcentages ne s'additionnent pas",
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
}

#[test]
fn rounds_are_told_one_by_one() {
    let chart = ranked(Method::InstantRunoff, BURLINGTON, &["Kiss", "Montroll", "Wright"]);
    let said = told(&english(chart));
    for words in [
        "“Kiss” wins in round 2, with 4,314 votes of the 8,",
        "Round 1 (“Wright” 3,297 votes, “Kiss” 2,982 votes, “Montroll” 2,554 votes): “Montroll” leaves; \
         passed on: 1,332 to “Kiss”, 767 to “Wright”, 455 exhausted.",
        "Round 2 (“Kiss” 4,314 votes, “Wright” 4,064 votes, 455 exhausted): “Kiss” has 4,314 votes of 8,378, more than half.",
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
}

#[test]
fn a_tie_for_the_fewest_votes_says_what_came_of_it() {
    for (rankings, words) in [
        (
            "4 A\n 2 B A\n 2 C A",
            "“Baobab” and “Citron” are last and tied; in every order the result is the same.",
        ),
        (
            "4 A\n 3 B C\n 3 C A",
            "“Baobab” and “Citron” are last and tied; depending on who leaves first, “Arbre” and “Citron” may win.",
        ),
    ] {
        let chart = ranked(Method::InstantRunoff, rankings, &["Arbre", "Baobab", "Citron"]);
        let said = told(&english(chart));
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn pairs_are_told_from_the_winner_down() {
    let capitals = ["Memphis", "Nashville", "Chattanooga", "Knoxville"];
    let said = told(&ranked(Method::Schulze, TENNESSEE, &capitals));
    for words in [
        "« Nashville » l'emporte, en gagnant la comparaison avec chacun des autres.",
        "Classement : 1. « Nashville », 2. « Chattanooga », 3. « Knoxville », 4. « Memphis ».",
        "« Nashville » face à « Memphis » : 58 contre 42.",
        "« Chattanooga » face à « Knoxville » : 83 contre 17.",
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
    // A circle: nobody beats all.
    let circle = ranked(
        Method::Schulze,
        "5 A B C\n 4 B C A\n 3 C A B",
        &["Arbre", "Baobab", "Citron"],
    );
    let said = told(&english(circle));
    for words in [
        "“Arbre” wins by the strongest chains of preferences.",
        "“Arbre” against “Citron”: 5 to 7. Strongest chain from “Arbre” to “Citron”: 8, the way back: 7.",
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
}

#[test]
fn points_and_means_have_their_words() {
    let points = |language| Chart {
        language,
        ..by_hand(bars(Unit::Points, &[(129, 2), (1, 1), (0, 1)]), &LOGOS, &[0], 9)
    };
    let said = told(&points(Language::Fr));
    assert!(
        said.contains("avec 64,5 points.")
            && said.contains("« Kora » : 1 point.")
            && said.contains("« Delta du Niger » : 0 point."),
        "{said}"
    );
    assert!(told(&points(Language::En)).contains("“Delta du Niger”: 0 points."));
}

#[test]
fn borda_is_told_in_points() {
    let said = told(&ranked(
        Method::Borda,
        "2 A B=C\n 1 C A B",
        &["Arbre", "Baobab", "Citron"],
    ));
    for words in [
        "« Arbre » l'emporte avec 5 points.",
        "« Citron » : 3 points. « Baobab » : 1 point.",
        "un demi-point pour chaque ex æquo",
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
}

#[test]
fn means_rest_on_grades_and_no_grade_is_no_nought() {
    let chart = || {
        graded(
            Method::Score,
            "2 A:4 B:3\n 1 A:1 B:0 C:0",
            &["Arbre", "Baobab", "Citron", "Datte"],
        )
    };
    let said = told(&chart());
    for words in [
        "« Arbre » l'emporte avec une moyenne de 3,00 sur 4.",
        "« Arbre » : 3,00 sur 4, 3 notes. « Baobab » : 2,00 sur 4, 3 notes. « Citron » : 0,00 sur 4, 1 note. « Datte » : aucune note.",
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
    assert!(told(&english(chart())).contains("“Datte”: no grade."));
}

#[test]
fn majority_judgment_is_told_by_medians_and_their_signs() {
    let grades = "2 A:4 B:4\n 3 A:3 B:3\n 1 A:0 B:1\n 2 B:2";
    let said = told(&graded(
        Method::MajorityJudgment,
        grades,
        &["Arbre", "Baobab", "Citron"],
    ));
    for words in [
        "« Baobab » l'emporte avec la note médiane 3 −.",
        "« Baobab » : note médiane 3 − (3 au-dessous), note 4 : 2, note 3 : 3, note 2 : 2, note 1 : 1.",
        "« Arbre » : note médiane 3 − (3 au-dessous), note 4 : 2, note 3 : 3, note 0 : 3, 2 notes absentes.",
        "Entre « Baobab » et « Arbre », rien de cela ne tranche : une fois 2 notes médianes retirées à chacun, la suivante est 2 pour « Baobab », 0 pour « Arbre ».",
        "« Citron » : note médiane 0 − (0 au-dessous), note 0 : 8, 8 notes absentes.",
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
    let titles = titles(
        &Document::parse(&graded(Method::MajorityJudgment, grades, &["Arbre", "Baobab", "Citron"]).svg()).unwrap(),
    );
    assert!(titles[0].contains("Baobab") && titles[1].contains("Arbre") && titles[2].contains("Citron"));
}

#[test]
fn what_nobody_may_miss_comes_before_the_outcome() {
    let mut chart = plurality(&[2, 1], 0, &LOGOS);
    chart.warnings = vec!["Scrutin annulé : deux logos étaient intervertis.".to_owned()];
    assert!(told(&chart).starts_with(
        "Scrutin annulé : deux logos étaient intervertis. « L'arbre à palabres » arrive en tête avec 2 voix"
    ));
    let svg = chart.svg();
    let shown = texts(Document::parse(&svg).unwrap().root_element());
    let at = |words: &str| shown.iter().position(|text| text.contains(words)).unwrap();
    assert!(
        at("coalition") < at("annulé") && at("annulé") < at("arrive en tête"),
        "{shown:?}"
    );
    assert!(shown.contains(&"En tête".to_owned()) && !svg.contains("Choix retenu"));
    let table = chart.table();
    assert!(
        table
            .lines
            .iter()
            .all(|line| *line.last().unwrap() == chart.warnings[0].as_str().into())
    );
}

#[test]
fn names_come_out_as_they_went_in() {
    let names = [
        "<script>alert(1)</script>",
        "\"A\" & 'B' ]]> &amp;",
        "a\u{0}b\u{1b}c\u{fffe}",
        "ߒߞߏ",
        "  blancs  ",
    ];
    let svg = plurality(&[5, 4, 3, 2, 1], 0, &names).svg();
    check(&svg);
    let document = Document::parse(&svg).unwrap();
    for (name, expected) in names.iter().zip([
        "<script>alert(1)</script>",
        "\"A\" & 'B' ]]> &amp;",
        "a\u{fffd}b\u{fffd}c\u{fffd}",
        "ߒߞߏ",
        "blancs",
    ]) {
        let part = parts(&document, expected);
        assert_eq!(part.len(), 1, "{name}");
        assert!(texts(part[0]).contains(&expected.to_owned()), "{name}");
    }
    // A name that runs from right to left does not turn its figures around.
    assert!(
        titles(&document)
            .iter()
            .any(|title| title.contains("\u{2068}ߒߞߏ\u{2069}"))
    );
}

#[test]
fn a_long_name_is_cut_and_stands_whole_in_the_title() {
    let long = "Une coalition guinéenne du numérique ouverte ".repeat(4);
    let svg = plurality(&[2, 1], 0, &[&long, "Kora"]).svg();
    check(&svg);
    let document = Document::parse(&svg).unwrap();
    let shown = &texts(parts(&document, long.trim())[0])[1];
    assert!(shown.ends_with('…') && shown.len() < long.len(), "{shown}");
    assert!(description(&document).contains(long.trim()));
}

#[test]
fn a_long_question_stands_whole() {
    let mut chart = plurality(&[2, 1], 0, &LOGOS);
    chart.question = "Approuvez-vous la nouvelle rédaction de l'article quatre ? ".repeat(8);
    let svg = chart.svg();
    check(&svg);
    let document = Document::parse(&svg).unwrap();
    assert_eq!(texts(document.root_element())[0].trim(), chart.question.trim());
}
