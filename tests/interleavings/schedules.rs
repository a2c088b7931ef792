//! Openings and closings on schedule: once each, late rather than never, and never in silence.

use serde_json::{Value, json};

use crate::support::{Backend, BallotClock, HOUR, MINUTE, Person, Server, World, both};
use crate::voting::{Hall, Vote, counted, plurality};

/// The servers come back so much later, two of them where there can be two.
async fn after_outage(world: &World, clock: &BallotClock, micros: i64) -> Vec<Server> {
    clock.advance(micros).await;
    let mut servers = vec![world.another_server_on(&clock.database()).await];
    if world.backend() == Backend::Postgres {
        servers.push(world.another_server_on(&clock.database()).await);
    }
    servers
}

/// What is due is done by all servers at once, and by their own rounds besides.
async fn run_due(servers: &[Server]) {
    let rounds: Vec<_> = servers
        .iter()
        .cloned()
        .map(|server| tokio::spawn(async move { server.run_due().await }))
        .collect();
    for round in rounds {
        round.await.expect("what is due");
    }
}

/// A ballot with two candidates.
async fn drafted(organiser: &Person, hall: &Hall, times: Value) -> String {
    let mut ballot = plurality();
    for (field, time) in times.as_object().expect("times") {
        ballot[field] = time.clone();
    }
    let created = organiser.post(&hall.workshop.path("ballots"), ballot).await.expect(201);
    let path = format!("/v1/ballots/{}", created.id());
    for name in ["Arbre", "Kora"] {
        organiser
            .post(&format!("{path}/candidates"), json!({"name": name}))
            .await
            .expect(201);
    }
    path
}

both! {
    async fn what_fell_due_during_an_outage_is_done_once_and_late(world: World) {
        let hall = Hall::new(&world, 5, plurality()).await;
        let organiser = &hall.workshop.organiser;
        let clock = BallotClock::of(&world).await;
        // Under PostgreSQL this server's database has a clock of its own, which is years ahead.
        let before = match world.backend() {
            Backend::Sqlite => world.server().clone(),
            Backend::Postgres => {
                world.server().stop().await;
                world.another_server_on(&clock.database()).await
            }
        };
        let organiser = &organiser.at(&before);
        let now = clock.now().await;
        let (soon, later) = (now.plus(HOUR), now.plus(2 * HOUR));
        let closing = drafted(organiser, &hall, json!({"closes_at": soon})).await;
        organiser.act(&format!("{closing}/open")).await.expect(200);
        let candidate = organiser.get(&closing).await.expect(200)["candidates"][0]["id"].clone();
        let vote = Vote::for_candidate(&candidate);
        hall.voters[0].at(&before).post(&format!("{closing}/votes"), vote.body()).await.expect(201);
        let opening = drafted(organiser, &hall, json!({"opens_at": soon})).await;
        let missed = drafted(organiser, &hall, json!({"opens_at": soon, "closes_at": later})).await;
        before.stop().await;

        let servers = after_outage(&world, &clock, 3 * HOUR).await;
        run_due(&servers).await;
        for server in &servers {
            let organiser = organiser.at(server);
            let opening = organiser.get(&opening).await.expect(200);
            assert_eq!(opening["state"], "open");
            assert!(opening["opened_at"].as_str() > Some(&later.to_string()), "late, and it says so: {opening}");
            let closed = organiser.get(&closing).await.expect(200);
            assert_eq!(closed["state"], "closed");
            assert!(closed["closed_at"].as_str() > Some(&later.to_string()), "late, and it says so: {closed}");
            counted(&organiser, &closing).await;
            assert_eq!(organiser.get(&format!("{closing}/tally")).await.expect(200)["votes"], 1);
            // Both its times have passed: nobody could have voted, and a person must decide.
            let missed = organiser.get(&missed).await.expect(200);
            assert_eq!((&missed["state"], &missed["opening_failed"]), (&json!("draft"), &json!("ballot_closing_passed")));
        }
        let told = world.mailbox().next_to("admin@example.org").await;
        assert!(told.text.contains("L'heure de clôture prévue est déjà passée."), "{}", told.text);
        let journal = organiser.at(&servers[0]).list(&hall.workshop.path("journal?subject=ballot&limit=200")).await;
        let of_schedule = journal.iter().filter(|line| line["actor_role"] == "schedule");
        let mut acts: Vec<_> = of_schedule.map(|line| line["act"].as_str().expect("an act")).collect();
        acts.sort_unstable();
        assert_eq!(acts, ["close", "open", "opening_refused"]);
        for server in &servers {
            server.stop().await;
        }
    }

    async fn organisers_are_told_once_why_a_ballot_did_not_open(world: World) {
        let hall = Hall::new(&world, 5, plurality()).await;
        let organiser = &hall.workshop.organiser;
        let mary = hall.workshop.member("organiser", "mary@example.org").await;
        let me = mary.get("/v1/me").await.expect(200);
        mary.patch("/v1/me", &me.etag(), json!({"language": "en"})).await.expect(200);
        let ballot = json!({"question": "Quel nom pour la coalition ?", "method": "approval", "opens_at": "2020-01-01T00:00:00Z"});
        let lonely = organiser.post(&hall.workshop.path("ballots"), ballot).await.expect(201);
        let path = format!("/v1/ballots/{}", lonely.id());
        world.run_due().await;
        world.run_due().await;
        let french = world.mailbox().next_to("admin@example.org").await;
        let english = world.mailbox().next_to("mary@example.org").await;
        let title = "Atelier de consultation du numérique guinéen";
        assert_eq!(french.subject, format!("Le scrutin ne s'est pas ouvert : {title}"));
        assert_eq!(english.subject, format!("The ballot did not open: {title}"));
        for (mail, why) in [
            (&french, "Il faut au moins deux candidats."),
            (&english, "It needs at least two candidates."),
        ] {
            for words in ["Quel nom pour la coalition ?", title, why, "https://atelier.example.org/workshops/"] {
                assert!(mail.text.contains(words), "no {words:?} in {}", mail.text);
            }
        }
        let letters = async || world.sql().await.number("SELECT count(*) FROM mail WHERE kind = 'opening_refused'").await;
        assert_eq!(letters().await, 2, "one to each organiser, and to nobody else");
        // Candidates alone open nothing behind the organisers' backs, while they still add more.
        for name in ["Arbre", "Kora"] {
            organiser.post(&format!("{path}/candidates"), json!({"name": name})).await.expect(201);
        }
        world.run_due().await;
        let draft = organiser.get(&path).await.expect(200);
        assert_eq!((&draft["state"], &draft["opening_failed"]), (&json!("draft"), &json!("ballot_needs_candidates")));
        // Changed, but not for the better: tried again, and told again, of what is wrong now.
        let nobody = json!({"eligibility": {"min_minutes": 10}});
        organiser.patch(&path, &draft.etag(), nobody).await.expect(200);
        world.run_due().await;
        let draft = organiser.get(&path).await.expect(200);
        assert_eq!(draft["opening_failed"], "ballot_needs_voters");
        assert!(world.mailbox().next_to("mary@example.org").await.text.contains("Nobody meets the eligibility rule."));
        // Mended.
        organiser.patch(&path, &draft.etag(), json!({"eligibility": null})).await.expect(200);
        world.run_due().await;
        let open = organiser.get(&path).await.expect(200);
        assert_eq!((&open["state"], &open["opening_failed"]), (&json!("open"), &Value::Null));
        assert_eq!(letters().await, 4);
    }

    async fn a_ballot_that_cannot_be_handled_holds_up_no_other(world: World) {
        let hall = Hall::new(&world, 5, plurality()).await;
        let organiser = &hall.workshop.organiser;
        let sql = world.sql().await;
        let stuck = sql.id(hall.id());
        let (trap, no_trap) = match world.backend() {
            Backend::Sqlite => (
                format!("CREATE TRIGGER trap BEFORE INSERT ON proof WHEN NEW.ballot_id = {stuck} BEGIN SELECT RAISE(ABORT, 'trap'); END"),
                "DROP TRIGGER trap",
            ),
            Backend::Postgres => (
                format!(
                    "CREATE FUNCTION trap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'trap'; END $$;
                     CREATE TRIGGER trap BEFORE INSERT ON proof FOR EACH ROW WHEN (NEW.ballot_id = {stuck}) EXECUTE FUNCTION trap()"
                ),
                "DROP TRIGGER trap ON proof; DROP FUNCTION trap",
            ),
        };
        sql.run(&trap).await;
        let second = drafted(organiser, &hall, json!({})).await;
        sql.run("UPDATE ballot SET opens_at = 1").await;
        world.run_due().await;
        let state = async |path: &str| organiser.get(path).await.expect(200)["state"].clone();
        assert_eq!((state(&hall.path).await, state(&second).await), (json!("draft"), json!("open")));
        // It is no refusal: nobody is told, and it comes round again.
        assert_eq!(organiser.get(&hall.path).await.expect(200)["opening_failed"], Value::Null);
        sql.run(no_trap).await;
        world.run_due().await;
        assert_eq!(state(&hall.path).await, json!("open"));
    }

    async fn the_schedule_keeps_an_extended_closing_time(world: World) {
        let stage = super::Stage::new(&world, 1).await;
        let piece = stage.piece(super::Start::Closing).await;
        let (organiser, server) = (stage.organiser(0), &stage.servers[0]);
        let extension = json!({"closes_at": piece.closings[1], "reason": "Panne de réseau à Kankan."});
        organiser.post(&format!("{}/extend", piece.path), extension).await.expect(200);
        stage.clock.set(piece.closings[0].plus(MINUTE)).await;
        server.run_due().await;
        assert_eq!(organiser.get(&piece.path).await.expect(200)["state"], "open");
        let between = Vote::for_candidate(&piece.candidates[1]);
        let votes = format!("{}/votes", piece.path);
        stage.voter(0, 0).post(&votes, between.body()).await.expect(201);
        stage.clock.set(piece.closings[1]).await;
        let late = Vote::for_candidate(&piece.candidates[1]);
        stage.voter(1, 0).post(&votes, late.body()).await.problem(409, "ballot_not_open");
        server.run_due().await;
        let tally = organiser.get(&format!("{}/tally", piece.path)).await.expect(200).json();
        assert_eq!(super::model::counts(&tally, &piece.candidates), [1, 1]);
        stage.end().await;
    }
}
