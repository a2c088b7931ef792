//! A real logo election: 143 people register and cast the ballots of the Debian project's election
//! of 1999, by plurality and by every ranked method, through the API.
//!
//! Figures: PrefLib, dataset 00002 (Debian), election 8; see `fixtures/debian-logo.txt`.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::support::{Person, Workshop, World, both};
use crate::voting::Vote;

/// Rankings, best first, one per voter; options by letter.
fn ballots() -> (HashMap<char, &'static str>, Vec<Vec<char>>) {
    let text = include_str!("fixtures/debian-logo.txt");
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty());
    let (mut names, mut rankings) = (HashMap::new(), Vec::new());
    for line in lines {
        if let Some((letter, name)) = line.strip_prefix("option ").and_then(|option| option.split_once(' ')) {
            names.insert(letter.chars().next().expect("a letter"), name);
            continue;
        }
        let (voters, ranking) = line.split_once(' ').expect("voters and a ranking");
        let ranking: Vec<char> = ranking.chars().filter(|letter| names.contains_key(letter)).collect();
        rankings.extend(std::iter::repeat_n(
            ranking,
            voters.parse().expect("a number of voters"),
        ));
    }
    (names, rankings)
}

const HALF_POINTS: [(&str, u64); 8] = [
    ("Swirl", 1420),
    ("DV", 1233),
    ("Old Logo", 1156),
    ("Modified", 1064),
    ("Fixed Chicken", 1037),
    ("Further Discussion", 773),
    ("Ants", 670),
    ("Seal", 655),
];

struct Election {
    path: String,
    ids: HashMap<String, Value>,
}

impl Election {
    async fn draft(workshop: &Workshop, method: &str, names: &HashMap<char, &str>) -> Self {
        let ballot = json!({"question": "Quel logo ?", "method": method});
        let ballot = workshop
            .organiser
            .post(&workshop.path("ballots"), ballot)
            .await
            .expect(201);
        let path = format!("/v1/ballots/{}", ballot.id());
        let mut ids = HashMap::new();
        for name in names.values() {
            let candidate = workshop
                .organiser
                .post(&format!("{path}/candidates"), json!({"name": name}))
                .await
                .expect(201);
            ids.insert((*name).to_owned(), candidate["id"].clone());
        }
        workshop.organiser.act(&format!("{path}/open")).await.expect(200);
        Self { path, ids }
    }

    async fn cast(&self, voter: &Person, choice: Value) {
        voter
            .post(&format!("{}/votes", self.path), Vote::new(choice).body())
            .await
            .expect(201);
    }

    async fn tally(&self, workshop: &Workshop) -> Value {
        workshop
            .organiser
            .act(&format!("{}/close", self.path))
            .await
            .expect(200);
        workshop
            .organiser
            .get(&format!("{}/tally", self.path))
            .await
            .expect(200)
            .json()
    }

    fn name(&self, id: &Value) -> &str {
        self.ids.iter().find(|(_, known)| *known == id).expect("a candidate").0
    }

    fn named<'a>(&'a self, counts: &'a Value) -> HashMap<&'a str, u64> {
        let counts = counts.as_array().expect("counts").iter();
        counts
            .map(|count| (self.name(&count["candidate"]), count["votes"].as_u64().expect("votes")))
            .collect()
    }
}

both! {
    async fn the_debian_logo_election_has_its_known_outcome_under_each_method(world: World) {
        let (names, rankings) = ballots();
        assert_eq!(rankings.len(), 143);
        let workshop = world.workshop().published().await;
        let mut csv = String::from("email;name\n");
        for number in 1..=143 {
            csv.push_str(&format!("voter.{number:03}@example.org;Voter {number:03}\n"));
        }
        workshop.organiser.post_bytes(&workshop.path("registrations/import"), "text/csv", csv).await.expect(200);
        let mut voters = Vec::new();
        for registration in workshop.organiser.list(&workshop.path("registrations?role=participant&limit=200")).await {
            let voter = world.person(registration["email"].as_str().expect("an address")).await;
            voter.act(&format!("/v1/registrations/{}/confirm", registration["id"].as_str().expect("an id"))).await.expect(200);
            voters.push(voter);
        }
        assert_eq!(voters.len(), 143);

        let plurality = Election::draft(&workshop, "plurality", &names).await;
        let runoff = Election::draft(&workshop, "instant_runoff", &names).await;
        let schulze = Election::draft(&workshop, "schulze", &names).await;
        let borda = Election::draft(&workshop, "borda", &names).await;
        for (voter, ranking) in voters.iter().zip(&rankings) {
            let ranked = |election: &Election| -> Value {
                json!({"ranking": ranking.iter().map(|letter| [&election.ids[names[letter]]]).collect::<Vec<_>>()})
            };
            plurality.cast(voter, json!({"candidate": plurality.ids[names[&ranking[0]]]})).await;
            runoff.cast(voter, ranked(&runoff)).await;
            schulze.cast(voter, ranked(&schulze)).await;
            borda.cast(voter, ranked(&borda)).await;
        }

        let tally = plurality.tally(&workshop).await;
        assert_eq!((&tally["votes"], &tally["valid"]), (&json!(143), &json!(143)));
        let expected = HashMap::from([
            ("Swirl", 43), ("DV", 36), ("Old Logo", 21), ("Modified", 16), ("Fixed Chicken", 11), ("Ants", 8), ("Further Discussion", 7), ("Seal", 1),
        ]);
        assert_eq!(plurality.named(&tally["working"]["counts"]), expected);
        assert_eq!(plurality.name(&tally["outcome"]["winners"][0]), "Swirl");

        let tally = runoff.tally(&workshop).await;
        let rounds = tally["working"]["rounds"].as_array().expect("rounds");
        let last = rounds.last().expect("a last round");
        assert_eq!(runoff.named(&last["counts"]), HashMap::from([("Swirl", 77), ("DV", 57)]));
        assert_eq!(last["exhausted"], 9);
        assert_eq!(runoff.name(&tally["outcome"]["winners"][0]), "Swirl");

        let tally = schulze.tally(&workshop).await;
        assert_eq!(tally["outcome"]["winners"].as_array().map(Vec::len), Some(1));
        assert_eq!(schulze.name(&tally["outcome"]["winners"][0]), "Swirl");
        let order = tally["working"]["candidates"].as_array().expect("candidates");
        let at = |name: &str| order.iter().position(|id| schulze.name(id) == name).expect("a place");
        let pairwise = |row: &str, column: &str| tally["working"]["pairwise"][at(row)][at(column)].clone();
        assert_eq!((pairwise("Swirl", "DV"), pairwise("DV", "Swirl")), (json!(77), json!(57)));

        let tally = borda.tally(&workshop).await;
        let points = tally["working"]["points"].as_array().expect("points").iter();
        let points: HashMap<&str, &Value> = points.map(|points| (borda.name(&points["candidate"]), &points["half_points"])).collect();
        // Added up by another program, those left out sharing the last places.
        for (name, half_points) in HALF_POINTS {
            assert_eq!(points[name], half_points, "{name}");
        }
        assert_eq!(borda.name(&tally["outcome"]["winners"][0]), "Swirl");
    }
}
