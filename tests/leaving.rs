//! Leaving: the export of everything about a person, and the erasure that changes no count.

use std::path::Path;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::support::{Answer, Backend, HOUR, MINUTE, Person, Sql, Workshop, World, both};

/// As she types it; the two spellings are one address.
const TYPED: &str = "Mariama.Diallo@Example.org";
const CANONICAL: &str = "mariama.diallo@example.org";
const NAME: &str = "Mariama Diallo-Barry";

/// A workshop in which Mariama has done all there is to do.
struct Story {
    workshop: Workshop,
    mariama: Person,
    refresh_token: String,
    registration: String,
    session: String,
    coalition: String,
    group: String,
    /// Published, open and cancelled while open; she has voted in each.
    ballots: [String; 3],
}

async fn tell(world: &World) -> Story {
    let workshop = world.workshop().titled("Atelier").published().await;
    let organiser = &workshop.organiser;
    for number in 1..=5 {
        let email = format!("p{number}@example.org");
        confirm(&workshop.member("participant", &email).await, &workshop).await;
    }
    let kora = json!({"name": "Kora numérique", "category": "startup"});
    let kora = organiser.post(&workshop.path("organisations"), kora).await.expect(201);
    let invited =
        json!({"email": TYPED, "name": NAME, "role": "participant", "organisation_id": kora["id"], "delegate": true});
    let registration = organiser
        .post(&workshop.path("registrations"), invited)
        .await
        .expect(201)
        .id();
    organiser.act(&workshop.path("invitations")).await.expect(202);
    world.mailbox().next_to(TYPED).await;

    let tokens = world.tokens(TYPED).await;
    let mariama = world.bearer(&tokens.text_of("access_token"));
    // Once more, otherwise spelled, and not used; and a try that fails.
    world.code("MARIAMA.diallo@example.org").await;
    let wrong = json!({"grant_type": "email_code", "email": TYPED, "code": "none"});
    world
        .anonymous()
        .post("/v1/auth/tokens", wrong)
        .await
        .problem(401, "invalid_code");
    let me = mariama.get("/v1/me").await.expect(200);
    mariama
        .patch("/v1/me", &me.etag(), json!({"name": NAME}))
        .await
        .expect(200);
    confirm(&mariama, &workshop).await;

    let session = json!({"title": "Ouverture", "starts_at": "2020-08-27T09:00:00Z", "ends_at": "2020-08-27T10:00:00Z"});
    let session = organiser
        .post(&workshop.path("sessions"), session)
        .await
        .expect(201)
        .id();
    // An access token lives for a quarter of an hour: a new one once the day has come.
    world.clock().set("2020-08-27T09:00:00Z");
    let refresh = json!({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]});
    let tokens = world.anonymous().post("/v1/auth/tokens", refresh).await.expect(200);
    let mariama = world.bearer(&tokens.text_of("access_token"));
    mariama
        .post(&format!("/v1/sessions/{session}/check-ins"), json!({}))
        .await
        .expect(201);
    world.clock().advance(10 * MINUTE);
    mariama
        .post(&format!("/v1/sessions/{session}/check-outs"), json!({}))
        .await
        .expect(200);

    let coalition = json!({"name": "Coalition", "mission": "Ensemble."});
    let coalition = organiser
        .post(&workshop.path("coalitions"), coalition)
        .await
        .expect(201)
        .id();
    let charters = format!("/v1/coalitions/{coalition}/charters");
    organiser
        .post(&charters, json!({"text": "Nous adhérons."}))
        .await
        .expect(201);
    let pledges = format!("/v1/coalitions/{coalition}/pledges");
    mariama.post(&pledges, json!({"charter": 1})).await.expect(201);
    mariama
        .post(&pledges, json!({"charter": 1, "on_behalf_of": kora["id"]}))
        .await
        .expect(201);
    let group = json!({"name": "Compétences", "capacity": 3, "leads": [registration]});
    let groups = format!("/v1/coalitions/{coalition}/working-groups");
    let group = organiser.post(&groups, group).await.expect(201).id();
    mariama
        .act(&format!("/v1/working-groups/{group}/commitments"))
        .await
        .expect(201);

    let ballots = [
        voted_on(&workshop, &mariama, "Quel logo ?").await,
        voted_on(&workshop, &mariama, "Quel nom ?").await,
        voted_on(&workshop, &mariama, "Quelle ville ?").await,
    ];
    organiser.act(&format!("{}/close", ballots[0])).await.expect(200);
    organiser.act(&format!("{}/publish", ballots[0])).await.expect(200);
    Story {
        refresh_token: tokens.text_of("refresh_token"),
        workshop,
        mariama,
        registration,
        session,
        coalition,
        group,
        ballots,
    }
}

async fn confirm(person: &Person, workshop: &Workshop) {
    for registration in person.list("/v1/me/registrations").await {
        if registration["workshop_id"] == workshop.id.as_str() {
            let id = registration["id"].as_str().expect("an id");
            person.act(&format!("/v1/registrations/{id}/confirm")).await.expect(200);
        }
    }
}

/// An open ballot with one vote.
async fn voted_on(workshop: &Workshop, voter: &Person, question: &str) -> String {
    let path = drafted(workshop, question).await;
    workshop.organiser.act(&format!("{path}/open")).await.expect(200);
    let ballot = voter.get(&path).await.expect(200);
    let nonce = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode([7; 32]);
    let vote = json!({"choice": {"candidate": ballot["candidates"][0]["id"]}, "nonce": nonce});
    voter.post(&format!("{path}/votes"), vote).await.expect(201);
    path
}

async fn drafted(workshop: &Workshop, question: &str) -> String {
    let ballot = json!({"question": question, "method": "plurality"});
    let ballot = workshop
        .organiser
        .post(&workshop.path("ballots"), ballot)
        .await
        .expect(201);
    let path = ballot.header("location").to_owned();
    for name in ["Arbre", "Kora"] {
        workshop
            .organiser
            .post(&format!("{path}/candidates"), json!({"name": name}))
            .await
            .expect(201);
    }
    path
}

impl Story {
    /// What auditors fetch of the published ballot, byte for byte, openings included.
    async fn proof(&self, auditor: &Person) -> Vec<Vec<u8>> {
        let mut bytes = Vec::new();
        for what in ["tally", "audit", "turnout", "manifest", "checkpoint"] {
            let path = format!("{}/{what}", self.ballots[0]);
            bytes.push(auditor.get(&path).await.expect(200).body);
        }
        bytes
    }

    /// Everything that adds people up or lists them, but for who they are.
    async fn figures(&self) -> Vec<String> {
        let mut paths = vec![
            self.workshop.path("attendance"),
            self.workshop.path("registrations"),
            format!("/v1/sessions/{}/attendance", self.session),
            format!("/v1/coalitions/{}", self.coalition),
            format!("/v1/coalitions/{}/pledges", self.coalition),
            format!("/v1/coalitions/{}/working-groups", self.coalition),
            format!("/v1/working-groups/{}/commitments", self.group),
            format!("{}/tally", self.ballots[0]),
        ];
        for ballot in &self.ballots {
            paths.extend([format!("{ballot}/turnout"), format!("{ballot}/roll")]);
        }
        let mut figures = Vec::new();
        for path in paths {
            let answer = self.workshop.organiser.get(&path).await.expect(200);
            figures.push(format!("{path}: {}", nameless(answer.json())));
        }
        figures
    }
}

/// Without names, what depends on them, and letters; lists in an order that does not.
fn nameless(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members
                .into_iter()
                .filter(|(name, _)| !["name", "email", "invitation", "etag"].contains(&name.as_str()));
            Value::Object(kept.map(|(name, value)| (name, nameless(value))).collect())
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(nameless).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        other => other,
    }
}

/// How often the text stands anywhere in the database.
async fn traces(world: &World, sql: &Sql, text: &str) -> i64 {
    match world.backend() {
        Backend::Sqlite => {
            sql.number("PRAGMA wal_checkpoint(TRUNCATE)").await;
            let files = ["palabre.db", "palabre.db-wal"].map(|name| world.folder().join(name));
            files.iter().map(|file| occurrences(file, text)).sum()
        }
        Backend::Postgres => {
            let columns = "SELECT format('SELECT count(*) FROM %I WHERE strpos(lower(%I::text), lower(%L)) > 0 \
                           OR strpos(lower(%I::text), encode(lower(%L)::bytea, ''hex'')) > 0', \
                           table_name, column_name, '{text}', column_name, '{text}') \
                           FROM information_schema.columns WHERE table_schema = 'public'";
            let mut found = 0;
            for query in sql.texts(&columns.replace("{text}", text)).await {
                found += sql.number(&query).await;
            }
            found
        }
    }
}

fn occurrences(file: &Path, text: &str) -> i64 {
    let bytes = std::fs::read(file).unwrap_or_default().to_ascii_lowercase();
    let text = text.to_ascii_lowercase().into_bytes();
    let found = bytes.windows(text.len()).filter(|window| *window == text).count();
    i64::try_from(found).expect("not that many")
}

/// Lines of a ballot's roll whose salt is gone.
async fn salts_wiped(world: &World, sql: &Sql, ballot: &str) -> i64 {
    let id = ballot.rsplit('/').next().expect("an id");
    let query = match world.backend() {
        Backend::Sqlite => format!(
            "SELECT count(*) FROM roll WHERE ballot_id = x'{}' AND salt = zeroblob(16)",
            id.replace('-', "")
        ),
        Backend::Postgres => {
            format!("SELECT count(*) FROM roll WHERE ballot_id = '{id}' AND salt = decode(repeat('00', 16), 'hex')")
        }
    };
    sql.number(&query).await
}

fn texts<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    let items = list.as_array().expect("a list");
    items.iter().map(|item| item[field].as_str().expect("a text")).collect()
}

/// Mariama's sign-in was on the day of the workshop: she comes back with a code.
async fn sign_in_again(world: &World) -> Answer {
    let tokens = world.tokens(TYPED).await;
    world
        .bearer(&tokens.text_of("access_token"))
        .get("/v1/me")
        .await
        .expect(200)
}

both! {
    async fn the_export_shows_everything_that_was_done(world: World) {
        let story = tell(&world).await;
        let export = story.mariama.get("/v1/me/export").await.expect(200);
        let person = &export["person"];
        assert_eq!((&person["email"], &person["canonical_email"]), (&json!(TYPED), &json!(CANONICAL)));
        assert_eq!((&person["name"], &person["administrator"]), (&json!(NAME), &json!(false)));
        assert_eq!(export["sign_ins"].as_array().map(Vec::len), Some(1));
        assert_eq!(export["sign_ins"][0]["revoked_at"], Value::Null);

        let registration = &export["registrations"][0];
        assert_eq!(registration["id"], story.registration.as_str());
        assert_eq!((&registration["workshop_title"], &registration["name"]), (&json!("Atelier"), &json!(NAME)));
        assert_eq!((&registration["role"], &registration["state"]), (&json!("participant"), &json!("confirmed")));
        assert_eq!((&registration["organisation"], &registration["category"]), (&json!("Kora numérique"), &json!("startup")));
        assert_eq!(registration["delegate"], true);

        let attendance = &export["attendance"][0];
        assert_eq!((&attendance["session_title"], &attendance["source"]), (&json!("Ouverture"), &json!("self")));
        assert_eq!((&attendance["joined_at"], &attendance["left_at"]), (&json!("2020-08-27T09:00:00Z"), &json!("2020-08-27T09:10:00Z")));

        assert_eq!(texts(&export["pledges"], "coalition"), ["Coalition", "Coalition"]);
        assert_eq!((&export["pledges"][0]["on_behalf_of"], &export["pledges"][1]["on_behalf_of"]), (&Value::Null, &json!("Kora numérique")));
        assert_eq!((&export["commitments"][0]["working_group"], &export["commitments"][0]["state"]), (&json!("Compétences"), &json!("committed")));
        assert_eq!(texts(&export["leads"], "working_group"), ["Compétences"]);

        assert_eq!(texts(&export["ballots"], "question"), ["Quel logo ?", "Quel nom ?", "Quelle ville ?"]);
        assert_eq!(texts(&export["ballots"], "state"), ["published", "open", "open"]);
        for ballot in export["ballots"].as_array().expect("a list") {
            assert_eq!((&ballot["on_roll"], &ballot["voted"]), (&json!(true), &json!(true)), "{ballot}");
        }
        assert_eq!(texts(&export["letters"], "kind"), ["invitation", "sign_in_code", "sign_in_code", "result"]);
        assert_eq!(texts(&export["letters"], "recipient"), [TYPED, TYPED, "MARIAMA.diallo@example.org", TYPED]);
        assert_eq!(texts(&export["acts"], "act"), ["pledge", "pledge", "commit"]);

        // No choice, and nothing of anyone else.
        let whole = export.text();
        for ballot in &story.ballots {
            let candidates = story.mariama.get(ballot).await.expect(200)["candidates"].clone();
            assert!(texts(&candidates, "id").iter().all(|id| !whole.contains(id)));
        }
        assert!(!whole.contains("p1@example.org") && !whole.contains("admin@example.org"), "{whole}");
        // Whoever did not vote sees just that; whoever was never there, nothing.
        let other = world.person("p1@example.org").await.get("/v1/me/export").await.expect(200);
        assert_eq!(other["ballots"].as_array().map(Vec::len), Some(3));
        assert!(other["ballots"].as_array().expect("a list").iter().all(|ballot| ballot["on_roll"] == true && ballot["voted"] == false));
        let stranger = world.person("stranger@example.org").await.get("/v1/me/export").await.expect(200);
        for list in ["registrations", "attendance", "pledges", "commitments", "leads", "ballots", "letters", "acts"] {
            assert_eq!(stranger[list], json!([]), "{list}");
        }
        // What was never established is not told.
        story.workshop.organiser.post(&format!("{}/cancel", story.ballots[2]), json!({"reason": "Une erreur."})).await.expect(200);
        let export = story.mariama.get("/v1/me/export").await.expect(200);
        assert_eq!((&export["ballots"][2]["on_roll"], &export["ballots"][2]["voted"]), (&json!(true), &Value::Null));
    }

    async fn a_draft_that_will_invite_someone_stays_unknown_to_them(world: World) {
        let workshop = world.workshop().titled("Secret").await;
        let mariama = workshop.member("participant", CANONICAL).await;
        let facilitator = workshop.member("facilitator", "f@example.org").await;
        let export = mariama.get("/v1/me/export").await.expect(200);
        assert_eq!((&export["registrations"][0]["workshop_title"], &export["registrations"][0]["state"]), (&Value::Null, &json!("invited")));
        assert_eq!(facilitator.get("/v1/me/export").await.expect(200)["registrations"][0]["workshop_title"], "Secret");
    }

    async fn erasure_takes_the_person_away_and_changes_no_figure(world: World) {
        let story = tell(&world).await;
        let sql = world.sql().await;
        let mariama = &story.mariama;
        let me = mariama.get("/v1/me").await.expect(200);
        assert!(traces(&world, &sql, CANONICAL).await > 0 && traces(&world, &sql, NAME).await > 0);
        let auditor = story.workshop.member("auditor", "auditor@example.org").await;
        let before = story.figures().await;
        let proof = story.proof(&auditor).await;

        let refused = mariama.delete("/v1/me").if_match("another").await.problem(412, "stale_etag");
        assert!(refused["errors"].is_null() || refused["errors"] == json!([]));
        mariama.delete("/v1/me").if_match(&me.etag()).await.expect(204);

        assert_eq!(story.figures().await, before);
        assert_eq!(story.proof(&auditor).await, proof, "tally and bundle, byte for byte");
        for text in [CANONICAL, NAME, "mariama"] {
            assert_eq!(traces(&world, &sql, text).await, 0, "{text}");
        }
        let listed = story.workshop.organiser.get(&format!("/v1/registrations/{}", story.registration)).await.expect(200);
        assert_eq!((&listed["name"], &listed["state"], &listed["role"]), (&json!("Personne effacée"), &json!("confirmed"), &json!("participant")));

        // Every token is dead, at once.
        for path in ["/v1/me", "/v1/me/export", "/v1/me/registrations"] {
            mariama.get(path).await.problem(401, "sign_in_required");
        }
        mariama.delete("/v1/me").await.problem(401, "sign_in_required");
        let refresh = json!({"grant_type": "refresh_token", "refresh_token": story.refresh_token});
        world.anonymous().post("/v1/auth/tokens", refresh).await.problem(401, "invalid_refresh_token");

        // The journal says that it happened, not to whom.
        let lines = sql.number("SELECT count(*) FROM journal WHERE act = 'erase' AND subject = 'person' AND \"before\" IS NULL AND \"after\" IS NULL").await;
        assert_eq!(lines, 1);

        // The same address is someone new.
        let stranger = sign_in_again(&world).await;
        assert_ne!(stranger["id"], me["id"]);
        assert_eq!((&stranger["email"], &stranger["name"]), (&json!(TYPED), &json!("")));
        let stranger = world.person(CANONICAL).await;
        assert_eq!(stranger.list("/v1/me/registrations").await, Vec::<Value>::new());
        stranger.get(&story.workshop.path).await.problem(404, "not_found");
        let export = stranger.get("/v1/me/export").await.expect(200);
        for list in ["registrations", "attendance", "pledges", "commitments", "leads", "ballots", "acts"] {
            assert_eq!(export[list], json!([]), "{list}");
        }
    }

    async fn whoever_is_erased_stays_on_frozen_rolls_and_comes_on_no_other(world: World) {
        let story = tell(&world).await;
        let organiser = &story.workshop.organiser;
        let sql = world.sql().await;
        let draft = drafted(&story.workshop, "Quelle date ?").await;
        let turnout = async |ballot: &str| {
            let turnout = organiser.get(&format!("{ballot}/turnout")).await.expect(200);
            (turnout["roll"].as_i64().expect("a number"), turnout["votes"].as_i64().expect("a number"))
        };
        assert_eq!(turnout(&draft).await, (7, 0));
        story.mariama.delete("/v1/me").await.expect(204);

        let [published, open, cancelled] = &story.ballots;
        // A salt goes only once nothing rests on the roll any more.
        assert_eq!(salts_wiped(&world, &sql, published).await, 1);
        assert_eq!(salts_wiped(&world, &sql, open).await, 0);
        organiser.act(&format!("{open}/close")).await.expect(200);
        organiser.post(&format!("{cancelled}/cancel"), json!({"reason": "Une erreur."})).await.expect(200);
        assert_eq!(salts_wiped(&world, &sql, open).await, 1);
        assert_eq!(salts_wiped(&world, &sql, cancelled).await, 1);
        let tally = organiser.get(&format!("{open}/tally")).await.expect(200);
        assert_eq!((&tally["roll"], &tally["votes"]), (&json!(7), &json!(1)), "her vote counts");

        // Nobody is left to vote for her, so no later roll waits for her; the preview says why.
        let preview = organiser.get(&format!("{draft}/roll?limit=200")).await.expect(200);
        let everyone = organiser.list(&story.workshop.path("registrations?limit=200")).await.len();
        assert_eq!((&preview["on_roll"], &preview["not_on_roll"]), (&json!(6), &json!(everyone - 6)), "together everyone registered");
        let lines = preview["items"].as_array().expect("a list");
        let hers = lines.iter().find(|line| line["registration_id"] == *story.registration).expect("a line");
        assert_eq!((&hers["name"], &hers["lacks"]), (&json!("Personne effacée"), &json!([{"code": "erased", "detail": "Compte effacé."}])));
        assert_eq!(turnout(&draft).await, (6, 0));
        organiser.act(&format!("{draft}/open")).await.expect(200);
        assert_eq!(turnout(&draft).await, (6, 0));
    }

    async fn whoever_is_erased_is_written_to_no_more(world: World) {
        let workshop = world.workshop().published().await;
        let mariama = workshop.member("participant", CANONICAL).await;
        let registration = mariama.list("/v1/me/registrations").await[0]["id"].clone();
        mariama.delete("/v1/me").await.expect(204);
        let all = workshop.organiser.act(&workshop.path("invitations")).await.expect(202);
        assert_eq!(all["queued"], 0);
        let named = json!({"registration_ids": [registration]});
        let named = workshop.organiser.post(&workshop.path("invitations"), named).await.problem(422, "invalid");
        named.faults(&[("/registration_ids/0", "not_invited")]);
    }

    async fn the_last_organiser_archives_before_leaving(world: World) {
        let workshop = world.workshop().published().await;
        let first = &workshop.organiser;
        let refused = first.delete("/v1/me").await.problem(409, "last_organiser");
        assert_eq!(refused["workshop_ids"], json!([workshop.id]));
        first.get("/v1/me").await.expect(200);
        // Who is only invited does not organise yet.
        let second = workshop.member("organiser", "second@example.org").await;
        first.delete("/v1/me").await.problem(409, "last_organiser");
        confirm(&second, &workshop).await;
        first.delete("/v1/me").await.expect(204);
        // Whoever is erased organises no more, though their line stays.
        second.delete("/v1/me").await.problem(409, "last_organiser");
        let own = second.list("/v1/me/registrations").await[0]["id"].clone();
        second.act(&format!("/v1/registrations/{}/decline", own.as_str().expect("an id"))).await.problem(409, "last_organiser");
        second.act(&workshop.path("archive")).await.expect(200);
        second.delete("/v1/me").await.expect(204);
    }

    async fn two_organisers_who_leave_at_once_do_not_both_leave(world: World) {
        let other = world.another_server().await;
        for round in 0..4 {
            let workshop = world.workshop().published().by(&world.administrator().await).await;
            let second = workshop.member("organiser", &format!("second{round}@example.org")).await;
            confirm(&second, &workshop).await;
            let first = &workshop.organiser;
            let (one, two) = tokio::join!(
                async { first.delete("/v1/me").await },
                async { second.at(&other).delete("/v1/me").await },
            );
            let mut statuses = [one.status, two.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [204, 409], "{one} and {two}");
            let left = if one.status == 204 { &second } else { first };
            left.act(&workshop.path("archive")).await.expect(200);
        }
        other.stop().await;
    }

    async fn a_sign_in_that_crosses_an_erasure_is_of_a_new_person_or_dead(world: World) {
        let other = world.another_server().await;
        for _ in 0..4 {
            let code = world.code(CANONICAL).await;
            let mariama = world.person(CANONICAL).await;
            let id = mariama.get("/v1/me").await.expect(200).id();
            let exchange = json!({"grant_type": "email_code", "email": CANONICAL, "code": code});
            let anonymous = world.anonymous();
            let (erased, exchanged) = tokio::join!(
                async { mariama.delete("/v1/me").await.expect(204) },
                async { anonymous.at(&other).post("/v1/auth/tokens", exchange).await },
            );
            assert!(erased.body.is_empty());
            match exchanged.status {
                // The code was gone with the person.
                401 => {}
                200 => {
                    let account = world.bearer(&exchanged.text_of("access_token")).get("/v1/me").await;
                    assert!(account.status == 401 || account.id() != id, "{account}");
                }
                _ => panic!("{exchanged}"),
            }
            world.clock().advance(HOUR);
        }
        other.stop().await;
    }
}
