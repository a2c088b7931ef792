//! Borda, score and majority judgment as front-ends meet them: the ballot and its scale, the choices,
//! the tally.

use serde_json::{Value, json};

use crate::support::{World, both};
use crate::voting::{Hall, Vote};

fn by(method: &str) -> Value {
    json!({"question": "Qui préside ?", "method": method})
}

/// A ballot among Arbre, Kora and Delta, held from opening to tally; one voter for each choice.
async fn held(world: &World, ballot: Value, choices: impl Fn([&str; 3]) -> Vec<Value>) -> (Hall, Value) {
    let voters = choices([""; 3]).len();
    let hall = Hall::new(world, voters, ballot).await;
    let ids = hall.candidates.clone();
    let choices = choices([0, 1, 2].map(|place| ids[place].as_str().expect("an id")));
    hall.open().await;
    for (voter, choice) in hall.voters.iter().zip(choices) {
        voter
            .post(&hall.at("votes"), Vote::new(choice).body())
            .await
            .expect(201);
    }
    let sql = world.sql().await;
    let lengths = sql.number("SELECT count(DISTINCT length(sealed)) FROM \"cast\"").await;
    assert_eq!(lengths, 1, "no length tells a choice");
    let tally = hall.tally().await;
    assert_eq!(tally["count_failed"], Value::Null);
    (hall, tally)
}

/// The object with these members, whose names are candidates.
fn graded<const N: usize>(grades: [(&str, u8); N]) -> Value {
    json!({ "grades": grades.into_iter().map(|(id, grade)| (id.to_owned(), grade.into())).collect::<serde_json::Map<_, _>>() })
}

/// As in the list of an invalid body, whatever came before.
#[track_caller]
fn has_fault(answer: &crate::support::Answer, pointer: &str, code: &str, detail: &str) {
    let errors = answer["errors"].as_array().cloned().unwrap_or_default();
    let fault = json!({"pointer": pointer, "code": code, "detail": detail});
    assert!(errors.contains(&fault), "no {fault} in {answer}");
}

const STRANGER: &str = "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e";

async fn wrong_grades_are_told(world: &World, method: &str) {
    let not_a_grade = (
        "Attendu : un nombre entier, de 0 à la note maximale du scrutin (max_grade).",
        "Expected: an integer from 0 to the ballot's highest grade (max_grade).",
    );
    let wrong_type = (
        "Le type de cette valeur ne convient pas.",
        "This value has the wrong type.",
    );
    let unknown = (
        "Ce candidat n'est pas de ce scrutin.",
        "This candidate is not of this ballot.",
    );
    let empty = (
        "Vide, ceci n'exprime rien ; pour un vote blanc : {\"blank\": true}.",
        "Empty, this expresses nothing; for a blank vote: {\"blank\": true}.",
    );
    let hall = Hall::new(world, 1, json!({"question": "?", "method": method, "max_grade": 7})).await;
    let id = hall.candidates[0].as_str().expect("an id");
    let (at, stranger) = (format!("/choice/grades/{id}"), format!("/choice/grades/{STRANGER}"));
    let one = |grade: Value| json!({"grades": {id: grade}});
    for (choice, pointer, code, words) in [
        (one(json!(8)), &*at, "not_a_grade", Some(not_a_grade)),
        (one(json!(-1)), &at, "not_a_grade", Some(not_a_grade)),
        (one(json!(6.5)), &at, "not_a_grade", Some(not_a_grade)),
        (one(json!("7")), &at, "wrong_type", Some(wrong_type)),
        (one(Value::Null), &at, "wrong_type", Some(wrong_type)),
        (graded([(STRANGER, 1)]), &stranger, "unknown_candidate", Some(unknown)),
        (
            json!({"grades": {"Arbre": 1}}),
            "/choice/grades/Arbre",
            "not_a_uuid",
            None,
        ),
        (json!({"grades": {}}), "/choice/grades", "empty", Some(empty)),
        (json!({"grades": [1]}), "/choice/grades", "wrong_type", Some(wrong_type)),
        (json!({"ranking": [[id]]}), "/choice/grades", "required", None),
        (json!({"ranking": [[id]]}), "/choice/ranking", "unknown_field", None),
        (
            json!({"grades": {id: 1}, "blank": true}),
            "/choice/grades",
            "not_with_blank",
            None,
        ),
    ] {
        let ask = || hall.voters[0].post(&hall.at("votes"), Vote::new(choice.clone()).body());
        for (answer, detail) in [
            (ask().await, words.map(|words| words.0)),
            (ask().english().await, words.map(|words| words.1)),
        ] {
            let answer = answer.problem(422, "invalid");
            let errors = answer["errors"].as_array().cloned().unwrap_or_default();
            let fault = errors
                .iter()
                .find(|error| error["pointer"] == pointer && error["code"] == code);
            let Some(fault) = fault else {
                panic!("no {code} at {pointer}: {answer}")
            };
            assert!(detail.is_none_or(|detail| fault["detail"] == detail), "{answer}");
        }
    }
    // Two spellings of one candidate; of the same spelling twice, JSON itself is to blame.
    let upper = id.to_uppercase();
    let twice = json!({"grades": {id: 1, upper.clone(): 1}});
    let answer = hall.voters[0]
        .post(&hall.at("votes"), Vote::new(twice).body())
        .await
        .problem(422, "invalid");
    let spellings = [at.clone(), format!("/choice/grades/{upper}")];
    let told = answer["errors"][0]["pointer"].as_str().expect("a pointer").to_owned();
    assert!(
        spellings.contains(&told) && answer["errors"][0]["code"] == "duplicate",
        "{answer}"
    );
    let nonce = Vote::new(Value::Null).body()["nonce"].clone();
    let twice = format!("{{\"choice\": {{\"grades\": {{\"{id}\": 1, \"{id}\": 1}}}}, \"nonce\": {nonce}}}");
    let answer = hall.voters[0]
        .post_bytes(&hall.at("votes"), "application/json", twice)
        .await;
    answer.problem(422, "invalid").faults(&[(&at, "duplicate_field")]);
    // A grade on the scale, whatever the case of the candidate.
    hall.open().await;
    let vote = Vote::new(json!({"grades": {upper: 7}}));
    hall.voters[0].post(&hall.at("votes"), vote.body()).await.expect(201);
}

both! {
    async fn a_ballot_by_borda_shares_points_and_reports_a_tie(world: World) {
        let (hall, tally) = held(&world, by("borda"), |[a, k, d]| vec![
            json!({"ranking": [[a], [k], [d]]}),
            json!({"ranking": [[a], [k, d]]}),
            json!({"ranking": [[k]]}),
            json!({"ranking": [[d], [k], [a]]}),
            json!({"ranking": [[a, k]]}),
            json!({"blank": true}),
        ]).await;
        let [a, k, d] = [0, 1, 2].map(|place| &hall.candidates[place]);
        assert_eq!((&tally["votes"], &tally["blanks"], &tally["valid"]), (&json!(6), &json!(1), &json!(5)));
        assert_eq!(tally["outcome"], json!({"winners": [a, k], "tie": true}));
        assert_eq!(tally["working"], json!({
            "method": "borda",
            "points": [
                {"candidate": a, "half_points": 12, "distribution": [1, 1, 0, 1, 2]},
                {"candidate": k, "half_points": 12, "distribution": [0, 1, 2, 1, 1]},
                {"candidate": d, "half_points": 6, "distribution": [2, 2, 0, 0, 1]},
            ],
            "order": [[a, k], [d]],
        }));
        let manifest = world.anonymous().get(&hall.at("manifest")).await.expect(200).text();
        assert!(manifest.contains("\"max_grade\":null,\"method\":\"borda\""), "{manifest}");
    }

    async fn a_ballot_by_score_takes_the_mean_of_the_grades_given(world: World) {
        let ballot = json!({"question": "Quel lieu ?", "method": "score", "max_grade": 10});
        let (hall, tally) = held(&world, ballot, |[a, k, d]| vec![
            graded([(a, 10), (k, 7)]),
            graded([(k, 7), (a, 0)]),
            graded([(k, 8), (d, 9)]),
            graded([(a, 4)]),
            json!({"blank": true}),
        ]).await;
        let [a, k, d] = [0, 1, 2].map(|place| &hall.candidates[place]);
        assert_eq!((&tally["votes"], &tally["blanks"], &tally["valid"]), (&json!(5), &json!(1), &json!(4)));
        // 9 / 1, 22 / 3, 14 / 3: what one left out says nothing against Delta.
        assert_eq!(tally["outcome"], json!({"winners": [d], "tie": false}));
        assert_eq!(tally["working"], json!({
            "method": "score",
            "scores": [
                {"candidate": a, "total": 14, "grades": 3, "distribution": [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]},
                {"candidate": k, "total": 22, "grades": 3, "distribution": [0, 0, 0, 0, 0, 0, 0, 2, 1, 0, 0]},
                {"candidate": d, "total": 9, "grades": 1, "distribution": [0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]},
            ],
            "order": [[d], [k], [a]],
        }));
        let manifest = world.anonymous().get(&hall.at("manifest")).await.expect(200).text();
        assert!(manifest.contains("\"max_grade\":10,\"method\":\"score\""), "{manifest}");
    }

    async fn a_ballot_by_majority_judgment_shows_its_medians(world: World) {
        let (hall, tally) = held(&world, by("majority_judgment"), |[a, k, d]| vec![
            graded([(a, 5), (k, 3), (d, 1)]),
            graded([(a, 4), (k, 3)]),
            graded([(a, 1), (k, 3), (d, 5)]),
            graded([(a, 0), (k, 2), (d, 5)]),
            json!({"blank": true}),
        ]).await;
        let [a, k, d] = [0, 1, 2].map(|place| &hall.candidates[place]);
        assert_eq!((&tally["votes"], &tally["blanks"], &tally["valid"]), (&json!(5), &json!(1), &json!(4)));
        assert_eq!(tally["outcome"], json!({"winners": [k], "tie": false}));
        assert_eq!(tally["working"], json!({
            "method": "majority_judgment",
            "merits": [
                {"candidate": a, "distribution": [1, 1, 0, 0, 1, 1], "missing": 0,
                 "gauge": {"grade": 1, "above": 2, "below": 1, "sign": "plus"}},
                {"candidate": k, "distribution": [0, 0, 1, 3, 0, 0], "missing": 0,
                 "gauge": {"grade": 3, "above": 0, "below": 1, "sign": "minus"}},
                {"candidate": d, "distribution": [1, 1, 0, 0, 0, 2], "missing": 1,
                 "gauge": {"grade": 1, "above": 2, "below": 1, "sign": "plus"}},
            ],
            "order": [[k], [d], [a]],
            "gauge_ties": [{"ahead": d, "behind": a, "removed": 1, "grade_ahead": 5, "grade_behind": 4}],
        }));
        let manifest = world.anonymous().get(&hall.at("manifest")).await.expect(200).text();
        assert!(manifest.contains("\"max_grade\":5,\"method\":\"majority_judgment\""), "{manifest}");
        // What is published is what was counted.
        hall.workshop.organiser.act(&hall.at("publish")).await.expect(200);
        assert_eq!(hall.voters[0].get(&hall.at("tally")).await.expect(200)["working"], tally["working"]);
    }

    async fn wrong_grades_of_a_score_are_told_in_both_languages(world: World) {
        wrong_grades_are_told(&world, "score").await;
    }

    async fn wrong_grades_of_a_judgment_are_told_in_both_languages(world: World) {
        wrong_grades_are_told(&world, "majority_judgment").await;
    }

    async fn wrong_rankings_by_borda_are_told(world: World) {
        let hall = Hall::new(&world, 1, by("borda")).await;
        let [a, k] = [0, 1].map(|place| &hall.candidates[place]);
        for (choice, pointer, code) in [
            (json!({"ranking": [[a], [k, a]]}), "/choice/ranking/1/1", "duplicate"),
            (json!({"ranking": [[a], []]}), "/choice/ranking/1", "empty"),
            (json!({"ranking": [a]}), "/choice/ranking/0", "wrong_type"),
            (json!({"ranking": [[STRANGER]]}), "/choice/ranking/0/0", "unknown_candidate"),
        ] {
            let answer = hall.voters[0].post(&hall.at("votes"), Vote::new(choice).body()).await;
            answer.problem(422, "invalid").faults(&[(pointer, code)]);
        }
    }

    async fn a_scale_goes_with_methods_that_have_grades(world: World) {
        let workshop = world.workshop().published().await;
        let (organiser, ballots) = (&workshop.organiser, workshop.path("ballots"));
        let asked = async |method: &str, max_grade: Value| {
            organiser.post(&ballots, json!({"question": "?", "method": method, "max_grade": max_grade})).await
        };
        for method in ["plurality", "approval", "instant_runoff", "schulze", "borda"] {
            assert_eq!(organiser.post(&ballots, by(method)).await.expect(201)["max_grade"], Value::Null);
            asked(method, Value::Null).await.expect(201);
            asked(method, json!(5)).await.problem(422, "invalid").faults(&[("/max_grade", "method_without_grades")]);
        }
        for method in ["score", "majority_judgment"] {
            assert_eq!(organiser.post(&ballots, by(method)).await.expect(201)["max_grade"], 5);
            assert_eq!(asked(method, Value::Null).await.expect(201)["max_grade"], 5);
            for max_grade in [1, 100] {
                assert_eq!(asked(method, json!(max_grade)).await.expect(201)["max_grade"], max_grade);
            }
            asked(method, json!(0)).await.problem(422, "invalid").faults(&[("/max_grade", "too_small")]);
            asked(method, json!(101)).await.problem(422, "invalid").faults(&[("/max_grade", "too_large")]);
            for wrong in [json!("5"), json!(2.5), json!(-1), json!([5])] {
                asked(method, wrong).await.problem(422, "invalid").faults(&[("/max_grade", "wrong_type")]);
            }
        }
        let french = asked("plurality", json!(5)).await;
        has_fault(&french, "/max_grade", "method_without_grades", "Ce mode de scrutin n'a pas de notes ; max_grade ne va qu'avec score et majority_judgment.");
        let english = organiser.post(&ballots, json!({"question": "?", "method": "borda", "max_grade": 5})).english().await;
        has_fault(&english, "/max_grade", "method_without_grades", "This method has no grades; max_grade goes with score and majority_judgment only.");

        // Changed with the method, or by itself.
        let ballot = asked("score", json!(20)).await.expect(201);
        let path = format!("/v1/ballots/{}", ballot.id());
        let changed = async |body: Value| {
            let etag = organiser.get(&path).await.expect(200).etag();
            organiser.patch(&path, &etag, body).await
        };
        for (body, max_grade) in [
            (json!({"question": "Combien ?"}), json!(20)),
            (json!({"method": "majority_judgment"}), json!(20)),
            (json!({"max_grade": 6}), json!(6)),
            (json!({"max_grade": null}), json!(5)),
            (json!({"method": "schulze"}), Value::Null),
            (json!({"method": "score"}), json!(5)),
            (json!({"method": "approval", "max_grade": null}), Value::Null),
        ] {
            assert_eq!(changed(body.clone()).await.expect(200)["max_grade"], max_grade, "{body}");
        }
        changed(json!({"max_grade": 5})).await.problem(422, "invalid").faults(&[("/max_grade", "method_without_grades")]);
        changed(json!({"method": "score", "max_grade": 9})).await.expect(200);
        changed(json!({"method": "borda", "max_grade": 9})).await.problem(422, "invalid").faults(&[("/max_grade", "method_without_grades")]);
    }

    async fn a_scale_is_frozen_when_the_ballot_opens(world: World) {
        let hall = Hall::new(&world, 1, by("score")).await;
        let draft = hall.workshop.organiser.get(&hall.path).await.expect(200).etag();
        hall.workshop.organiser.patch(&hall.path, &draft, json!({"max_grade": 3})).await.expect(200);
        hall.open().await;
        let open = hall.workshop.organiser.get(&hall.path).await.expect(200);
        assert_eq!(open["max_grade"], 3);
        hall.workshop.organiser.patch(&hall.path, &open.etag(), json!({"max_grade": 5})).await.problem(409, "ballot_not_draft");
        let words = world.sql().await.refused("UPDATE ballot SET max_grade = 5").await;
        assert!(words.contains("ballot_terms_are_frozen"), "{words}");
        let id = hall.candidates[0].as_str().expect("an id");
        let at = format!("/choice/grades/{id}");
        hall.voters[0].post(&hall.at("votes"), Vote::new(graded([(id, 4)])).body()).await.problem(422, "invalid").faults(&[(&at, "not_a_grade")]);
        hall.voters[0].post(&hall.at("votes"), Vote::new(graded([(id, 3)])).body()).await.expect(201);
    }
}
