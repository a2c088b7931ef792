//! Results for people: the tally as a chart and as a table, by `Accept` and by `?format=`.

use base64::Engine as _;
use reqwest::Method;
use roxmltree::Document;
use serde_json::{Value, json};

use crate::support::{Answer, Backend, Request, World, both};
use crate::voting::{Hall, Vote, logo, plurality};

/// A published result: two votes for the first candidate, one for the second, one blank. The organiser
/// is on the roll too.
async fn decided(world: &World) -> Hall {
    let hall = Hall::new(world, 5, plurality()).await;
    vote(&hall).await;
    hall.tally().await;
    hall.workshop.organiser.act(&hall.at("publish")).await.expect(200);
    hall
}

async fn vote(hall: &Hall) {
    hall.open().await;
    let blank = Vote::new(json!({"blank": true}));
    for (voter, vote) in [hall.vote(0), hall.vote(0), hall.vote(1), blank].iter().enumerate() {
        let cast = hall.voters[voter].post(&hall.at("votes"), vote.body());
        cast.await.expect(201);
    }
}

/// What the title and the description of a chart say, with plain spaces.
fn told(chart: &Answer) -> [String; 2] {
    let text = chart.text();
    let document = Document::parse(&text).unwrap_or_else(|error| panic!("{error} in {chart}"));
    ["title", "desc"].map(|name| {
        let child = document
            .root_element()
            .children()
            .find(|child| child.has_tag_name(name));
        let words = child.and_then(|child| child.text()).unwrap_or_default();
        words.replace(['\u{a0}', '\u{202f}'], " ")
    })
}

fn lines(table: &Answer) -> Vec<String> {
    table.text().lines().map(str::to_owned).collect()
}

fn id(candidate: &Value) -> &str {
    candidate.as_str().expect("an id")
}

both! {
    async fn a_result_is_a_chart_or_a_table_for_whoever_asks(world: World) {
        let hall = decided(&world).await;
        let (voter, path) = (&hall.voters[4], hall.at("tally"));
        let asked = |format: &str, accept: &str| -> [Request; 2] {
            [voter.get(&format!("{path}?format={format}")), voter.get(&path).header("accept", accept)]
        };
        for request in asked("svg", "image/avif,image/webp,image/svg+xml,image/*,*/*;q=0.8") {
            let chart = request.await.expect(200);
            assert_eq!(chart.header("content-type"), "image/svg+xml");
            assert_eq!(chart.header("content-language"), "fr");
            assert!(chart.header("content-disposition").ends_with("filename=\"resultat-quel-logo.svg\""), "{:?}", chart.headers);
            assert!(chart.list("vary").contains("accept, accept-language"), "{:?}", chart.headers);
            assert_eq!(chart.header("cache-control"), "private, no-cache");
            let [title, description] = told(&chart);
            assert_eq!(title, "Résultat : Quel logo ?");
            let expected = "« Arbre » l'emporte avec 2 voix, soit 66,7 % des suffrages exprimés. \
                6 inscrits, 4 votes, 1 blanc, 3 exprimés, participation 66,7 %. \
                « Arbre » : 2 voix, 66,7 %. « Kora » : 1 voix, 33,3 %. « Delta » : 0 voix, 0,0 %. Scrutin clos le ";
            assert!(description.starts_with(expected), "{description}");
            assert!(description.ends_with("(Africa/Conakry)."), "{description}");
        }
        for request in asked("csv", "text/csv") {
            let table = request.english().await.expect(200);
            assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
            assert_eq!(table.header("content-language"), "en");
            assert!(table.header("content-disposition").ends_with("filename=\"result-quel-logo.csv\""), "{:?}", table.headers);
            assert!(table.list("vary").contains("accept, accept-language"), "{:?}", table.headers);
            assert_eq!(lines(&table), [
                "Candidate,Name,Votes,% of valid votes,Result,Roll,Votes cast,Blanks,Valid votes,Caveats".to_owned(),
                format!("{},Arbre,2,66.7,winner,6,4,1,3,", id(&hall.candidates[0])),
                format!("{},Kora,1,33.3,,6,4,1,3,", id(&hall.candidates[1])),
                format!("{},Delta,0,0.0,,6,4,1,3,", id(&hall.candidates[2])),
            ]);
        }
        for request in asked("json", "*/*") {
            let tally = request.await.expect(200);
            assert_eq!(tally["votes"], 4);
            assert!(tally.list("vary").contains("accept"), "{:?}", tally.headers);
        }
    }

    async fn what_did_not_change_is_not_drawn_again(world: World) {
        let hall = decided(&world).await;
        let voter = &hall.voters[0];
        let mut tags = Vec::new();
        for format in ["svg", "csv", "json"] {
            let path = hall.at(&format!("tally?format={format}"));
            let tag = voter.get(&path).await.expect(200).header("etag").to_owned();
            let same = voter.get(&path).header("if-none-match", &tag).await.expect(304);
            assert!(same.list("vary").contains("accept"), "{:?}", same.headers);
            let head = voter.request(Method::HEAD, &path).await.expect(200);
            assert_eq!(head.header("etag"), tag);
            tags.push(tag);
        }
        let english = voter.get(&hall.at("tally?format=svg")).english().await.expect(200);
        tags.push(english.header("etag").to_owned());
        tags.sort();
        tags.dedup();
        assert_eq!(tags.len(), 4, "each has a tag of its own");
    }

    async fn a_chart_is_seen_by_whom_the_tally_is(world: World) {
        let hall = Hall::new(&world, 5, plurality()).await;
        let (organiser, voter) = (&hall.workshop.organiser, &hall.voters[0]);
        let auditor = hall.workshop.member("auditor", "auditor@example.org").await;
        let stranger = world.person("stranger@example.org").await;
        let paths = ["svg", "csv"].map(|format| hall.at(&format!("tally?format={format}")));
        for path in &paths {
            organiser.get(path).await.problem(409, "ballot_not_closed");
            world.anonymous().get(path).await.problem(401, "sign_in_required");
        }
        vote(&hall).await;
        for path in &paths {
            organiser.get(path).await.problem(409, "ballot_not_closed");
        }
        hall.tally().await;
        for path in &paths {
            voter.get(path).await.problem(403, "not_allowed");
            stranger.get(path).await.problem(404, "not_found");
            organiser.get(path).await.expect(200);
        }
        let early = auditor.get(&paths[0]).await.expect(200);
        assert!(told(&early)[1].contains("Ce résultat n'est pas encore publié."), "{early}");
        organiser.act(&hall.at("publish")).await.expect(200);
        let public = voter.get(&paths[0]).await.expect(200);
        assert!(!told(&public)[1].contains("publié"), "{public}");
    }

    async fn formats_that_do_not_exist_are_refused_by_name(world: World) {
        let hall = decided(&world).await;
        let voter = &hall.voters[0];
        for query in ["?format=pdf", "?format=xlsx", "?format=SVG", "?format="] {
            let refused = voter.get(&hall.at(&format!("tally{query}"))).english().await.problem(406, "not_acceptable");
            assert!(refused.text_of("detail").contains("json, svg, csv"), "{refused}");
        }
        for accept in ["application/pdf", "image/png", "image/svg+xml;q=0"] {
            voter.get(&hall.at("tally")).header("accept", accept).await.problem(406, "not_acceptable");
        }
        voter.get(&hall.at("tally?size=3")).await.problem(400, "malformed_query").faults(&[("?size", "unknown_field")]);
    }

    async fn what_people_typed_is_text_and_nothing_else(world: World) {
        let hall = Hall::new(&world, 5, json!({"question": "Article <4> & \"suite\" ?", "method": "approval"})).await;
        let organiser = &hall.workshop.organiser;
        for name in ["<script>alert('&')</script>", "=cmd|' /C calc'!A0"] {
            organiser.post(&hall.at("candidates"), json!({"name": name})).await.expect(201);
        }
        hall.open().await;
        for voter in &hall.voters[..2] {
            let both = Vote::new(json!({"candidates": [hall.candidates[0], hall.candidates[2]]}));
            voter.post(&hall.at("votes"), both.body()).await.expect(201);
        }
        hall.tally().await;
        let chart = organiser.get(&hall.at("tally?format=svg")).await.expect(200);
        let text = chart.text();
        let document = Document::parse(&text).expect("XML");
        assert!(document.descendants().all(|node| !node.has_tag_name("script")), "{chart}");
        let [title, description] = told(&chart);
        assert_eq!(title, "Résultat : Article <4> & \"suite\" ?");
        assert!(description.contains("« <script>alert('&')</script> » : 0 approbation, 0,0 %."), "{description}");
        assert!(description.starts_with("Égalité entre « Arbre » et « Delta » avec 2 approbations chacun."), "{description}");
        let table = organiser.get(&hall.at("tally?format=csv")).await.expect(200);
        assert!(lines(&table).iter().any(|line| line.contains(",'=cmd|' /C calc'!A0,")), "{table}");
        assert!(table.header("content-disposition").contains("\"resultat-article-4-suite.csv\""), "{:?}", table.headers);
    }

    async fn logos_travel_inside_the_chart(world: World) {
        let ballot = json!({"kind": "logo", "question": "Quel logo ?", "method": "plurality"});
        let hall = Hall::new(&world, 5, ballot).await;
        let organiser = &hall.workshop.organiser;
        let mut thumbnails = Vec::new();
        for (number, candidate) in (1..).zip(&hall.candidates) {
            let path = format!("/v1/candidates/{}/logo", id(candidate));
            let candidate = organiser.put_bytes(&path, "image/svg+xml", logo(number)).await.expect(200);
            let url = candidate["logo"]["thumbnail_url"].as_str().expect("an address").to_owned();
            let local = url.strip_prefix("https://api.example.org").expect("the public address");
            thumbnails.push(world.anonymous().get(local).await.expect(200).body);
        }
        vote(&hall).await;
        hall.tally().await;
        let chart = organiser.get(&hall.at("tally?format=svg")).await.expect(200);
        let text = chart.text();
        let document = Document::parse(&text).expect("XML");
        let pictures: Vec<Vec<u8>> = document
            .descendants()
            .filter(|node| node.has_tag_name("image"))
            .map(|image| {
                let address = image.attribute("href").and_then(|href| href.strip_prefix("data:image/png;base64,"));
                base64::engine::general_purpose::STANDARD.decode(address.expect("data")).expect("base64")
            })
            .collect();
        assert_eq!(pictures, thumbnails, "in the order of the votes, which is that of the ballot here");
        // Together too heavy for a phone: all are left out alike.
        let zeros = if world.backend() == Backend::Sqlite { "zeroblob(1000000)" } else { "decode(repeat('00', 1000000), 'hex')" };
        world.sql().await.run(&format!("UPDATE logo SET thumbnail = {zeros}")).await;
        let light = organiser.get(&hall.at("tally?format=svg")).await.expect(200);
        assert!(!light.text().contains("<image") && light.text().contains("Arbre"), "{}", light.body.len());
    }

    async fn rounds_and_pairs_have_their_own_drawings(world: World) {
        for (method, words, columns, rows) in [
            ("instant_runoff", "« Kora » l'emporte au 2e tour, avec 3 voix sur 5 encore en jeu (60,0 %).", "Tour,Candidat,Nom,Voix,", 3 + 2),
            ("borda", "« Kora » l'emporte avec 7 points.", "Candidat,Nom,Points,", 3),
            ("schulze", "« Kora » l'emporte, en gagnant la comparaison avec chacun des autres.", "Candidat A,Nom A,Rang A,", 3),
        ] {
            let hall = Hall::new(&world, 5, json!({"question": "Quel logo ?", "method": method})).await;
            hall.open().await;
            for (voter, order) in [[0, 1, 2], [0, 1, 2], [1, 0, 2], [1, 2, 0], [2, 1, 0]].iter().enumerate() {
                let ranking: Vec<Value> = order.iter().map(|place| json!([hall.candidates[*place]])).collect();
                let vote = Vote::new(json!({"ranking": ranking}));
                hall.voters[voter].post(&hall.at("votes"), vote.body()).await.expect(201);
            }
            hall.tally().await;
            let organiser = &hall.workshop.organiser;
            let chart = organiser.get(&hall.at("tally?format=svg")).await.expect(200);
            assert!(told(&chart)[1].starts_with(words), "{:?}", told(&chart));
            let table = lines(&organiser.get(&hall.at("tally?format=csv")).await.expect(200));
            assert!(table[0].starts_with(columns) && table.len() == rows + 1, "{table:?}");
        }
    }
    async fn grades_are_drawn_as_means_or_as_medians(world: World) {
        for (method, words, columns) in [
            ("score", "« Kora » l'emporte avec une moyenne de 4,00 sur 5.", "Candidat,Nom,Moyenne,Notes,Résultat,"),
            ("majority_judgment", "« Arbre » l'emporte avec la note médiane 3 +.", "Candidat,Nom,Note 5,Note 4,Note 3,Note 2,Note 1,Note 0,Notes absentes,Note médiane,"),
        ] {
            let hall = Hall::new(&world, 5, json!({"question": "Quel logo ?", "method": method})).await;
            hall.open().await;
            let [arbre, kora] = [id(&hall.candidates[0]), id(&hall.candidates[1])];
            for (voter, grades) in [json!({arbre: 3, kora: 4}), json!({arbre: 3}), json!({arbre: 5})].into_iter().enumerate() {
                let vote = Vote::new(json!({"grades": grades}));
                hall.voters[voter].post(&hall.at("votes"), vote.body()).await.expect(201);
            }
            hall.tally().await;
            let organiser = &hall.workshop.organiser;
            let chart = organiser.get(&hall.at("tally?format=svg")).await.expect(200);
            assert!(told(&chart)[1].starts_with(words), "{:?}", told(&chart));
            let table = lines(&organiser.get(&hall.at("tally?format=csv")).await.expect(200));
            assert!(table[0].starts_with(columns) && table.len() == 4, "{table:?}");
        }
    }

    async fn a_result_that_does_not_stand_says_so_first(world: World) {
        let ballot = json!({"question": "?", "method": "plurality", "quorum_percent": 60, "blanks_count": false});
        let hall = Hall::new(&world, 5, ballot).await;
        vote(&hall).await;
        hall.tally().await;
        let organiser = &hall.workshop.organiser;
        let path = hall.at("tally?format=svg");
        let short = organiser.get(&path).await.expect(200);
        let expected = "Quorum non atteint : 3 sur 4 votes hors blancs nécessaires (60 % des inscrits). « Arbre » arrive en tête avec 2 voix";
        assert!(told(&short)[1].starts_with(expected), "{short}");
        let why = "Deux logos étaient intervertis.";
        organiser.post(&hall.at("annul"), json!({"reason": why})).await.expect(200);
        let annulled = hall.voters[0].get(&path).english().await.expect(200);
        assert!(told(&annulled)[1].starts_with(&format!("This ballot is annulled: {why} Quorum not reached: 3 of 4")), "{annulled}");
        let table = hall.voters[0].get(&hall.at("tally?format=csv")).await.expect(200);
        assert!(lines(&table)[1..].iter().all(|line| line.contains(why) && line.contains("Quorum non atteint")), "{table}");
        // Reached, it is a note under the chart.
        let hall = Hall::new(&world, 5, json!({"question": "?", "method": "plurality", "quorum_percent": 60})).await;
        vote(&hall).await;
        hall.tally().await;
        let reached = hall.workshop.organiser.get(&hall.at("tally?format=svg")).await.expect(200);
        let description = &told(&reached)[1];
        assert!(description.starts_with("« Arbre » l'emporte") && description.contains("Quorum atteint : 4 sur 4 votes nécessaires (60 % des inscrits)."), "{description}");
    }
}
