//! Letters about a ballot to everyone on its roll: reminders while it is open, and the one at
//! publication. Whether somebody voted, neither their getting one nor a word in it tells.

use std::time::Duration;

use palabre::instant::Instant;
use serde_json::{Value, json};

use crate::faults::{hold, run};
use crate::support::{Answer, Backend, BallotClock, MINUTE, Palabre, Person, SECOND, Server, Sql, World, both};
use crate::voting::{Hall, plurality};

const ADMIN: &str = "admin@example.org";

async fn speak_english(person: &Person) {
    let me = person.get("/v1/me").await.expect(200);
    let english = json!({"language": "en"});
    person.patch("/v1/me", &me.etag(), english).await.expect(200);
}

/// So many voters, the second of whom reads English, and the organiser, who is on the roll too.
async fn bilingual(world: &World, voters: usize, ballot: Value) -> Hall {
    let hall = Hall::new(world, voters, ballot).await;
    speak_english(&hall.voters[1]).await;
    hall
}

async fn written(world: &World, kind: &str) -> i64 {
    let sql = world.sql().await;
    sql.number(&format!("SELECT count(*) FROM mail WHERE kind = '{kind}'"))
        .await
}

async fn remind(hall: &Hall) -> Answer {
    hall.workshop.organiser.act(&hall.at("remind")).await
}

async fn publish(hall: &Hall) {
    hall.workshop.organiser.act(&hall.at("publish")).await.expect(200);
}

/// Until the outbox holds so many letters like this.
async fn until(sql: &Sql, number: i64, like: &str) {
    let count = format!("SELECT count(*) FROM mail WHERE {like}");
    while sql.number(&count).await != number {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Until so many stand before the lock that is held.
async fn waiting(world: &World, servers: &[&Server], number: usize) {
    loop {
        let waiting = match world.backend() {
            Backend::Postgres => {
                let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
                usize::try_from(world.sql().await.number(waiting).await).expect("a number")
            }
            Backend::Sqlite => {
                let mut waiting = 0;
                for server in servers {
                    waiting += server.app(async |app| app.store.waiting()).await;
                }
                waiting
            }
        };
        if waiting >= number {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// Two servers that go by this clock, and the hall in front of each.
async fn two_servers(world: &World, clock: &BallotClock, hall: &Hall) -> [(Server, Hall); 2] {
    let first = world.another_server_on(&clock.database()).await;
    let second = world.another_server_on(&clock.database()).await;
    [first, second].map(|server| {
        let hall = hall.at_address(server.address);
        (server, hall)
    })
}

/// What stands between the two lines of dashes.
fn checkpoint_in(letter: &str) -> String {
    let lines: Vec<&str> = letter.lines().collect();
    let dashes: Vec<usize> = (0..lines.len())
        .filter(|line| lines[*line].starts_with("-----"))
        .collect();
    let [before, after] = dashes[..] else {
        panic!("no two lines of dashes in {letter}");
    };
    lines[before + 1..after]
        .iter()
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Subject and body as they came over the wire.
fn sealed(raw: &str) -> (String, String) {
    let (head, body) = raw.split_once("\r\n\r\n").expect("a head and a body");
    let (_, subject) = head.split_once("Subject: ").expect("a subject");
    // It goes on in the lines that are indented.
    let lines: Vec<&str> = subject.split("\r\n").collect();
    let end = (1..lines.len()).find(|line| !lines[*line].starts_with(' '));
    (lines[..end.unwrap_or(lines.len())].concat(), body.to_owned())
}

both! {
    async fn everyone_on_the_roll_is_reminded_whether_they_voted_or_not(world: World) {
        let ballot = json!({"question": "Quel logo ?", "method": "plurality", "closes_at": "2100-08-28T18:30:00Z"});
        let hall = bilingual(&world, 4, ballot).await;
        let organiser = &hall.workshop.organiser;
        let workshop = hall.workshop.read().await;
        organiser.patch(&hall.workshop.path, &workshop.etag(), json!({"time_zone": "Asia/Kolkata"})).await.expect(200);
        // Neither is on the roll.
        hall.workshop.member("auditor", "auditor@example.org").await;
        hall.workshop.member("participant", "invited@example.org").await;
        hall.open().await;
        hall.voters[0].post(&hall.at("votes"), hall.vote(1).body()).await.expect(201);
        let reminder = remind(&hall).await.expect(200);
        assert_eq!(reminder["recipients"], 5);
        let [at, next] = ["reminded_at", "next_possible_at"].map(|field| reminder.text_of(field).parse::<Instant>().expect("an instant"));
        assert_eq!(next.micros() - at.micros(), 60 * MINUTE);

        let [voter, english, abstainer, other] = &hall.voters[..] else { panic!("four voters") };
        let voted = world.mailbox().next_to(&voter.email).await;
        let title = "Atelier de consultation du numérique guinéen";
        let link = format!("https://atelier.example.org/workshops/{}/ballots/{}", hall.workshop.id, hall.id());
        assert_eq!(voted.subject, "Rappel\u{a0}: Quel logo ?");
        for words in ["Quel logo ?", title, &link, "29 août 2100 à 0\u{a0}h\u{a0}00 (Asia/Kolkata)", "qu'elles aient voté ou non"] {
            assert!(voted.text.contains(words), "no {words:?} in {}", voted.text);
        }
        for who in [&abstainer.email, &other.email, ADMIN] {
            let did_not = world.mailbox().next_to(who).await;
            assert_eq!((&did_not.subject, &did_not.text), (&voted.subject, &voted.text), "{who}");
        }
        let english = world.mailbox().next_to(&english.email).await;
        assert_eq!(english.subject, "Reminder: Quel logo ?");
        for words in ["Quel logo ?", title, &link, "29 August 2100 at 00:00 (Asia/Kolkata)", "whether they have voted or not"] {
            assert!(english.text.contains(words), "no {words:?} in {}", english.text);
        }
        assert_eq!(written(&world, "reminder").await, 5, "one each, and none to anybody else");
        let acts = organiser.list(&hall.workshop.path("journal?act=remind")).await;
        assert_eq!(acts.len(), 1);
        assert_eq!(acts[0]["after"], reminder.json());
        let export = voter.get("/v1/me/export").await.expect(200);
        assert_eq!(export["letters"][0]["kind"], "reminder");
    }

    async fn there_is_one_reminder_an_hour(world: World) {
        let hall = Hall::new(&world, 3, plurality()).await;
        let clock = BallotClock::of(&world).await;
        world.server().stop().await;
        let servers = two_servers(&world, &clock, &hall).await;
        let [one, other] = [&servers[0].1, &servers[1].1];
        one.open().await;
        let first = remind(one).await.expect(200);
        let next: Instant = first.text_of("next_possible_at").parse().expect("an instant");
        assert_eq!(remind(other).await.expect(200).json(), first.json());
        clock.set(next.plus(-10 * SECOND)).await;
        assert_eq!(remind(one).await.expect(200).json(), first.json());
        assert_eq!(written(&world, "reminder").await, 4);
        clock.set(next).await;
        let second = remind(other).await.expect(200);
        assert!(second.text_of("reminded_at") >= first.text_of("next_possible_at"), "{second}");
        assert_eq!(remind(one).await.expect(200).json(), second.json());
        assert_eq!(written(&world, "reminder").await, 8);
        let acts = one.workshop.organiser.list(&hall.workshop.path("journal?act=remind")).await;
        assert_eq!(acts.len(), 2);
        // Nor does the database take one sooner.
        let sql = world.sql().await;
        let words = sql.refused("UPDATE ballot SET reminded_at = reminded_at + 3599999999").await;
        assert!(words.contains("ballot_reminds_once_an_hour"), "{words}");
        for (server, _) in &servers {
            server.stop().await;
        }
    }

    async fn two_reminders_at_once_are_one(world: World) {
        let hall = Hall::new(&world, 3, plurality()).await;
        hall.open().await;
        let (here, there) = (world.server().clone(), world.another_server().await);
        let sql = world.sql().await;
        let held = sql.begin().await;
        run(&held, &hold(&world, hall.id())).await;
        let asked = [&here, &there].map(|server| {
            let hall = hall.at_address(server.address);
            tokio::spawn(async move { remind(&hall).await.expect(200).json() })
        });
        waiting(&world, &[&here, &there], 2).await;
        held.rollback().await.expect("let go");
        let [first, second] = asked;
        let first = first.await.expect("an answer");
        assert_eq!(first, second.await.expect("an answer"));
        assert_eq!((&first["recipients"], written(&world, "reminder").await), (&json!(4), 4));
        let acts = hall.workshop.organiser.list(&hall.workshop.path("journal?act=remind")).await;
        assert_eq!(acts.len(), 1);
        there.stop().await;
    }

    async fn only_an_open_ballot_is_reminded_of(world: World) {
        let hall = Hall::new(&world, 3, json!({"question": "?", "method": "plurality", "closes_at": "2100-01-01T00:00:00Z"})).await;
        let refused = async |hall: &Hall, state: &str| {
            let refused = remind(hall).await.problem(409, "ballot_not_open");
            assert!(refused["detail"].as_str().expect("words").len() > 10);
            assert_eq!(refused["state"], state, "{refused}");
        };
        refused(&hall, "draft").await;
        hall.open().await;
        hall.voters[0].act(&hall.at("remind")).await.problem(403, "not_allowed");
        // Its time has passed, whether it was closed already or not.
        world.sql().await.time_is_up(hall.id()).await;
        refused(&hall, "closed").await;
        hall.workshop.organiser.act(&hall.at("close")).await.expect(200);
        refused(&hall, "closed").await;
        publish(&hall).await;
        refused(&hall, "published").await;
        let cancelled = Hall::of(hall.workshop.clone(), hall.voters.clone(), plurality()).await;
        cancelled.open().await;
        cancelled.workshop.organiser.post(&cancelled.at("cancel"), json!({"reason": "Une erreur."})).await.expect(200);
        refused(&cancelled, "cancelled").await;
        assert_eq!(written(&world, "reminder").await, 0);
        let stale = Hall::of(hall.workshop.clone(), hall.voters.clone(), plurality()).await;
        let draft = stale.workshop.organiser.get(&stale.path).await.expect(200);
        stale.open().await;
        let outdated = stale.workshop.organiser.act(&stale.at("remind")).if_match(&draft.etag()).await;
        outdated.problem(412, "stale_etag");
    }

    async fn a_reminder_that_waited_until_after_the_closing_is_not_sent(world: World) {
        let hall = Hall::new(&world, 1, plurality()).await;
        hall.open().await;
        world.mailbox().refuse_next(2, 451);
        remind(&hall).await.expect(200);
        let sql = world.sql().await;
        until(&sql, 2, "kind = 'reminder' AND last_error IS NOT NULL").await;
        hall.workshop.organiser.act(&hall.at("close")).await.expect(200);
        world.clock().advance(MINUTE);
        world.code("other@example.org").await;
        until(&sql, 2, "kind = 'reminder' AND finished_at IS NOT NULL").await;
        assert_eq!(sql.texts("SELECT DISTINCT state FROM mail WHERE kind = 'reminder'").await, ["failed"]);
        assert_eq!(world.mailbox().count_to(&hall.voters[0].email) + world.mailbox().count_to(ADMIN), 0);
    }

    async fn whoever_speaks_for_an_organisation_is_written_to(world: World) {
        let hall = Hall::new(&world, 2, json!({"question": "Qui préside ?", "method": "plurality", "unit": "organisation"})).await;
        let organiser = &hall.workshop.organiser;
        let organisation = json!({"name": "Université Gamal Abdel Nasser", "category": "education"});
        let organisation = organiser.post(&hall.workshop.path("organisations"), organisation).await.expect(201);
        for (voter, delegate) in hall.voters.iter().zip([true, false]) {
            let path = format!("/v1/registrations/{}", hall.workshop.registration_of(&voter.email).await);
            let etag = organiser.get(&path).await.expect(200).etag();
            let place = json!({"organisation_id": organisation["id"], "category": null, "delegate": delegate});
            organiser.patch(&path, &etag, place).await.expect(200);
        }
        hall.open().await;
        assert_eq!(remind(&hall).await.expect(200)["recipients"], 1);
        world.mailbox().next_to(&hall.voters[0].email).await;
        hall.tally().await;
        publish(&hall).await;
        world.mailbox().next_to(&hall.voters[0].email).await;
        assert_eq!((written(&world, "reminder").await, written(&world, "result").await), (1, 1));
    }

    async fn the_result_comes_to_everyone_in_one_and_the_same_letter_with_its_anchor(world: World) {
        let hall = bilingual(&world, 3, json!({"question": "Quel logo ?", "method": "plurality", "openings": "public"})).await;
        let organiser = &hall.workshop.organiser;
        let auditor = hall.workshop.member("auditor", "auditor@example.org").await;
        hall.open().await;
        hall.voters[0].post(&hall.at("votes"), hall.vote(1).body()).await.expect(201);
        hall.tally().await;
        assert_eq!(written(&world, "result").await, 0);
        // One letter is late, and meanwhile the workshop moves to another address and name.
        world.mailbox().refuse_next(1, 451);
        publish(&hall).await;
        let sql = world.sql().await;
        until(&sql, 3, "kind = 'result' AND state = 'sent'").await;
        until(&sql, 1, "kind = 'result' AND last_error IS NOT NULL").await;
        let workshop = hall.workshop.read().await;
        let moved = json!({"front_end_url": "https://elsewhere.example.org", "title": "Un autre titre"});
        organiser.patch(&hall.workshop.path, &workshop.etag(), moved).await.expect(200);
        publish(&hall).await;
        world.clock().advance(MINUTE);
        world.code("other@example.org").await;

        let mut letters = Vec::new();
        for voter in hall.voters.iter().map(|voter| voter.email.as_str()).chain([ADMIN]) {
            letters.push(world.mailbox().next_to(voter).await);
        }
        let letter = &letters[0];
        for other in &letters {
            assert_eq!(sealed(&other.raw), sealed(&letter.raw), "{}", other.to);
        }
        assert_eq!(letter.subject, "Résultat · Result\u{a0}: Quel logo ?");
        let link = format!("https://atelier.example.org/workshops/{}/ballots/{}", hall.workshop.id, hall.id());
        let bundle = format!("https://api.example.org/v1/ballots/{}/audit", hall.id());
        for words in ["est publié", "is published", "Quel logo ?", &link, &bundle, "palabre verify bundle.jsonl --checkpoint checkpoint.txt"] {
            assert!(letter.text.contains(words), "no {words:?} in {}", letter.text);
        }
        assert!(letter.raw.contains("Content-Type: text/plain; charset=utf-8"), "{}", letter.raw);
        assert_eq!(written(&world, "result").await, 4, "published twice, written once, and none to the auditor");
        let words = sql.refused("UPDATE announcement SET body = 'Un autre résultat.'").await;
        assert!(words.contains("announcement_is_final"), "{words}");

        // What it says to do, done with what came by mail.
        let checkpoint = checkpoint_in(&letter.text);
        assert_eq!(checkpoint, world.anonymous().get(&hall.at("checkpoint")).await.expect(200).text());
        let folder = tempfile::tempdir().expect("a folder");
        let save = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).expect("written");
        save("checkpoint.txt", checkpoint.as_bytes());
        save("windows.txt", checkpoint.replace('\n', "\r\n").as_bytes());
        for reader in [&hall.voters[2], &auditor] {
            save("bundle.jsonl", &reader.get(&hall.at("audit")).await.expect(200).body);
            for saved in ["checkpoint.txt", "windows.txt"] {
                let told = Palabre::new(["verify", "bundle.jsonl", "--checkpoint", saved]).folder(folder.path()).run().await;
                assert!(told.code == Some(0) && told.output.contains("anchor_checkpoint: PASSED"), "{told:?}");
            }
        }
    }

    async fn a_result_that_was_annulled_unpublished_is_not_announced(world: World) {
        let hall = Hall::new(&world, 2, plurality()).await;
        hall.open().await;
        hall.tally().await;
        hall.workshop.organiser.post(&hall.at("annul"), json!({"reason": "Deux logos échangés."})).await.expect(200);
        assert_eq!(written(&world, "result").await, 0);
    }

    async fn whoever_is_erased_gets_neither(world: World) {
        let hall = Hall::new(&world, 3, plurality()).await;
        hall.open().await;
        hall.voters[0].delete("/v1/me").await.expect(204);
        assert_eq!(remind(&hall).await.expect(200)["recipients"], 3);
        hall.tally().await;
        hall.voters[1].delete("/v1/me").await.expect(204);
        publish(&hall).await;
        let sql = world.sql().await;
        let to = sql.texts("SELECT kind || ' ' || address FROM mail WHERE ballot_id IS NOT NULL ORDER BY 1").await;
        let expected: Vec<String> = ["reminder", "result"]
            .iter()
            .flat_map(|kind| [ADMIN, &hall.voters[2].email].map(|address| format!("{kind} {address}")))
            .collect();
        assert_eq!(to, expected, "what the second was written before has gone with her");
    }

    async fn nobody_is_written_to_while_they_erase_themselves(world: World) {
        let hall = Hall::new(&world, 3, plurality()).await;
        hall.open().await;
        let (here, there) = (world.server().clone(), world.another_server().await);
        let (sql, leaving) = (world.sql().await, hall.voters[0].clone());
        let held = sql.begin().await;
        run(&held, &hold(&world, hall.id())).await;
        // Who writes comes first to the ballot, when the erasure has seen to the letters already.
        let at = hall.at_address(there.address);
        let writing = tokio::spawn(async move { remind(&at).await.expect(200) });
        waiting(&world, &[&there], 1).await;
        let erasing = {
            let leaving = leaving.at(&here);
            tokio::spawn(async move { leaving.delete("/v1/me").await.expect(204) })
        };
        waiting(&world, &[&here, &there], 2).await;
        held.rollback().await.expect("let go");
        writing.await.expect("an answer");
        erasing.await.expect("an answer");
        let left = format!("SELECT count(*) FROM mail WHERE address = '{}'", leaving.email);
        assert_eq!(sql.number(&left).await, 0);
        there.stop().await;
    }

    async fn a_sign_in_code_does_not_wait_behind_a_letter_to_everyone(world: World) {
        const MARIAMA: &str = "mariama@example.org";
        let hall = Hall::crowd(&world, 60, plurality()).await;
        hall.open().await;
        let sql = world.sql().await;
        // All wait to be tried again, the code behind the others.
        world.mailbox().refuse_next(62, 451);
        remind(&hall).await.expect(200);
        until(&sql, 61, "kind = 'reminder' AND last_error IS NOT NULL").await;
        let ask = json!({"email": MARIAMA});
        world.anonymous().post("/v1/auth/codes", ask).await.expect(202);
        until(&sql, 1, "kind = 'sign_in_code' AND last_error IS NOT NULL").await;
        // Who comes now among the first fifty is turned away, and so can be told.
        world.mailbox().refuse_next(50, 550);
        world.clock().advance(MINUTE);
        // Whoever asks next wakes the delivery.
        let ask = json!({"email": "other@example.org"});
        world.anonymous().post("/v1/auth/codes", ask).await.expect(202);
        until(&sql, 1, &format!("address = '{MARIAMA}' AND finished_at IS NOT NULL")).await;
        let state = sql.texts(&format!("SELECT state FROM mail WHERE address = '{MARIAMA}'")).await;
        assert_eq!(state, ["bounced"]);
    }
}
