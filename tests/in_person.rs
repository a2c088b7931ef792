//! A code that is handed over to someone whose mail does not arrive, and how little it opens.

use serde_json::{Value, json};

use crate::support::{Answer, HOUR, MINUTE, Person, Workshop, World, both};
use crate::voting::{Hall, Vote, plurality};

const MARIAMA: &str = "Mariama@Example.org";

async fn invited(workshop: &Workshop) -> String {
    workshop.register("participant", MARIAMA).await.expect(201).id()
}

async fn make(workshop: &Workshop, registration: &str) -> Answer {
    workshop
        .organiser
        .act(&format!("/v1/registrations/{registration}/in-person-codes"))
        .await
}

async fn exchange(world: &World, code: &Value) -> Answer {
    let body = json!({"grant_type": "email_code", "email": MARIAMA, "code": code});
    world.anonymous().post("/v1/auth/tokens", body).await
}

async fn lines(workshop: &Workshop, person: &str) -> Vec<String> {
    let journal = workshop.organiser.list(&workshop.path("journal")).await;
    let hers = journal
        .iter()
        .filter(|line| line["actor_id"] == person || line["act"] == "make_in_person_code");
    let text = |line: &Value| format!("{} {} {}", line["actor_role"], line["act"], line["subject"]).replace('"', "");
    hers.map(text).collect()
}

both! {
    async fn someone_whose_mail_does_not_arrive_comes_in_with_a_printed_code(world: World) {
        let workshop = world.workshop().published().await;
        let registration = invited(&workshop).await;
        let made = make(&workshop, &registration).await.expect(201);
        assert_eq!((&made["email"], &made["name"], &made["registration_id"]), (&json!(MARIAMA), &json!("Mariama"), &json!(registration)));
        let code = made.text_of("code");
        assert!(code.len() == 8 && code.bytes().all(|byte| byte.is_ascii_digit()), "{made}");
        // She is told, without the code.
        let letter = world.mailbox().next_to(MARIAMA).await;
        assert!(letter.subject.starts_with("Un code de connexion a été fait pour vous"), "{letter:?}");
        assert!(!letter.text.contains(&code) && !letter.text.contains(&code[..4]), "{}", letter.text);

        let tokens = exchange(&world, &made["code"]).await.expect(200);
        assert_eq!(tokens["workshop_id"], workshop.id.as_str());
        let mariama = world.bearer(&tokens.text_of("access_token"));
        let me = mariama.get("/v1/me").await.expect(200);
        assert_eq!(me["email"], MARIAMA);
        mariama.act(&format!("/v1/registrations/{registration}/confirm")).await.expect(200);
        let first = mariama.get(&workshop.path("me")).await.expect(200);
        assert_eq!((&first["registration"]["state"], &first["ballots"]), (&json!("confirmed"), &json!([])));
        exchange(&world, &made["code"]).await.problem(401, "invalid_code");
        // What she then does that the journal keeps says how she came in.
        let coalition = workshop.organiser.post(&workshop.path("coalitions"), json!({"name": "Coalition"})).await.expect(201).id();
        let of_coalition = |rest: &str| format!("/v1/coalitions/{coalition}/{rest}");
        workshop.organiser.post(&of_coalition("charters"), json!({"text": "Charte"})).await.expect(201);
        mariama.post(&of_coalition("pledges"), json!({"charter": 1})).await.expect(201);
        let id = me.id();
        assert_eq!(lines(&workshop, &id).await, [
            "organiser make_in_person_code registration",
            "participant_in_person sign_in_in_person registration",
            "participant_in_person pledge pledge",
        ]);
        let journal = workshop.organiser.get(&workshop.path("journal")).await.expect(200).text();
        assert!(!journal.contains(&code));
        // Nor does the database hold it.
        let sql = world.sql().await;
        assert_eq!(sql.number("SELECT count(*) FROM sign_in_code WHERE length(digest) = 32").await, 1);
    }

    async fn it_neither_votes_nor_tells_whether_its_holder_has_voted(world: World) {
        let hall = Hall::new(&world, 5, plurality()).await;
        hall.open().await;
        let voter = &hall.voters[0];
        let registration = hall.workshop.registration_of(&voter.email).await;
        let impostor = hall.workshop.organiser.in_person(&registration).await;
        let vote = Vote::for_candidate(&hall.candidates[0]);
        // The server has taken votes in this ballot before, and asks the database less about the next.
        hall.voters[1].post(&hall.at("votes"), vote.body()).await.expect(201);
        impostor.post(&hall.at("votes"), vote.body()).await.problem(403, "mail_sign_in_required");
        voter.post(&hall.at("votes"), vote.body()).await.expect(201);
        for path in [hall.at("participation"), hall.path.clone(), hall.workshop.path("ballots"), hall.at("votes")] {
            let request = if path.ends_with("votes") { impostor.post(&path, vote.body()) } else { impostor.get(&path) };
            let refused = request.await.problem(403, "mail_sign_in_required");
            assert!(!refused.text().contains("voted"), "{refused}");
        }
        let first = impostor.get(&hall.workshop.path("me")).await.expect(200);
        assert_eq!(first["ballots"], json!([]));
        impostor.get("/v1/me/export").await.problem(403, "mail_sign_in_required");
        // With the code from the mail the same person is let in.
        let mariama = world.sign_in(&voter.email).await;
        assert_eq!(mariama.get(&hall.at("participation")).await.expect(200)["voted"], true);
    }

    async fn it_opens_one_workshop_and_no_account(world: World) {
        let workshop = world.workshop().published().await;
        let registration = invited(&workshop).await;
        // Elsewhere she organises, and she may create workshops.
        let herself = world.another_administrator(MARIAMA).await;
        let own = world.workshop().by(&herself).public().published().await;
        let impostor = workshop.organiser.in_person(&registration).await;
        let ids = async |path: &str, field: &str| impostor.list(path).await.iter().map(|item| item[field].clone()).collect::<Vec<_>>();
        assert_eq!(ids("/v1/workshops", "id").await, [json!(workshop.id)]);
        assert_eq!(ids("/v1/me/registrations", "workshop_id").await, [json!(workshop.id)]);
        impostor.get(&own.path("registrations")).await.problem(404, "not_found");
        impostor.get(&own.path("me")).await.problem(404, "not_found");
        impostor.patch(&own.path, "x", json!({"title": "Autre"})).await.problem(404, "not_found");
        // A public one as anyone sees it.
        impostor.get(&own.path).await.expect(200);
        impostor.post("/v1/workshops", json!({"title": "x", "time_zone": "UTC", "first_day": "2020-09-01", "last_day": "2020-09-01"})).await.problem(403, "mail_sign_in_required");
        impostor.delete("/v1/me").await.problem(403, "mail_sign_in_required");
        let etag = impostor.get("/v1/me").await.expect(200).etag();
        impostor.patch("/v1/me", &etag, json!({"name": "Autre"})).await.problem(403, "mail_sign_in_required");
        // Nor does it ask to take part elsewhere.
        let open = world.workshop().with("self_registration", true).published().await;
        impostor.post(&open.path("registrations"), json!({"name": "Mariama"})).await.problem(404, "not_found");
        // Whom an organiser gives another role no longer comes in that way.
        impostor.get(&workshop.path).await.expect(200);
        let path = format!("/v1/registrations/{registration}");
        let etag = workshop.organiser.get(&path).await.expect(200).etag();
        workshop.organiser.patch(&path, &etag, json!({"role": "auditor"})).await.expect(200);
        impostor.get(&workshop.path).await.problem(404, "not_found");
        impostor.get(&workshop.path("journal")).await.problem(404, "not_found");
    }

    async fn it_is_made_for_participants_of_a_published_workshop(world: World) {
        let draft = world.workshop().await;
        let registration = invited(&draft).await;
        make(&draft, &registration).await.problem(409, "workshop_not_published");
        draft.organiser.act(&draft.path("publish")).await.expect(200);
        make(&draft, &registration).await.expect(201);
        for role in ["organiser", "facilitator", "auditor"] {
            let email = format!("{role}@example.org");
            let registration = draft.register(role, &email).await.expect(201).id();
            make(&draft, &registration).await.problem(409, "in_person_not_possible");
        }
        let mariama = world.person(MARIAMA).await;
        mariama.act(&format!("/v1/registrations/{registration}/decline")).await.expect(200);
        make(&draft, &registration).await.problem(409, "in_person_not_possible");
        // One made before is void, too.
        mariama.act(&format!("/v1/registrations/{registration}/confirm")).await.expect(200);
        let made = make(&draft, &registration).await.expect(201);
        mariama.act(&format!("/v1/registrations/{registration}/decline")).await.expect(200);
        exchange(&world, &made["code"]).await.problem(401, "invalid_code");
        mariama.delete("/v1/me").await.expect(204);
        make(&draft, &registration).await.problem(409, "in_person_not_possible");
        draft.archive().await;
        make(&draft, &registration).await.problem(409, "workshop_archived");
    }

    async fn it_lives_for_twelve_hours_and_only_the_latest_is_good(world: World) {
        let workshop = world.workshop().published().await;
        let registration = invited(&workshop).await;
        let first = make(&workshop, &registration).await.expect(201);
        let second = make(&workshop, &registration).await.expect(201);
        assert_ne!(first["code"], second["code"]);
        exchange(&world, &first["code"]).await.problem(401, "invalid_code");
        world.clock().advance(11 * HOUR);
        let tokens = exchange(&world, &second["code"]).await.expect(200);
        // Refreshed or not, the sign-in ends after a day.
        let mut token = tokens.text_of("refresh_token");
        let refresh = async |token: &str| {
            let body = json!({"grant_type": "refresh_token", "refresh_token": token});
            world.anonymous().post("/v1/auth/tokens", body).await
        };
        for _ in 0..3 {
            world.clock().advance(7 * HOUR + 50 * MINUTE);
            let refreshed = refresh(&token).await.expect(200);
            assert_eq!(refreshed["workshop_id"], workshop.id.as_str());
            token = refreshed.text_of("refresh_token");
        }
        let latest = refresh(&token).await.expect(200);
        let mariama = world.bearer(&latest.text_of("access_token"));
        mariama.get("/v1/me").await.expect(200);
        world.clock().advance(31 * MINUTE);
        mariama.get("/v1/me").await.problem(401, "sign_in_required");
        refresh(&latest.text_of("refresh_token")).await.problem(401, "invalid_refresh_token");
        let late = make(&workshop, &registration).await.expect(201);
        world.clock().advance(12 * HOUR);
        exchange(&world, &late["code"]).await.problem(401, "invalid_code");
    }

    async fn a_code_from_the_mail_ends_what_was_opened_without_it(world: World) {
        let other = world.another_server().await;
        let workshop = world.workshop().published().await;
        let registration = invited(&workshop).await;
        let impostor = workshop.organiser.in_person(&registration).await;
        let unused = make(&workshop, &registration).await.expect(201);
        impostor.get("/v1/me").await.expect(200);
        let mariama = world.sign_in(MARIAMA).await;
        impostor.get("/v1/me").await.problem(401, "sign_in_required");
        impostor.at(&other).get("/v1/me").await.problem(401, "sign_in_required");
        exchange(&world, &unused["code"]).await.problem(401, "invalid_code");
        mariama.get("/v1/me").await.expect(200);
        // She sees it in her export.
        let export = mariama.get("/v1/me/export").await.expect(200);
        let sign_ins = export["sign_ins"].as_array().expect("a list");
        assert_eq!((&sign_ins[0]["workshop_id"], &sign_ins[1]["workshop_id"]), (&json!(workshop.id), &Value::Null));
        assert!(sign_ins[0]["revoked_at"].is_string(), "{export}");
        other.stop().await;
    }

    async fn whoever_mistyped_at_the_desk_need_not_wait(world: World) {
        let workshop = world.workshop().published().await;
        let registration = invited(&workshop).await;
        for _ in 0..5 {
            exchange(&world, &json!("00000000")).await.problem(401, "invalid_code");
        }
        exchange(&world, &json!("00000000")).await.problem(429, "too_many_tries");
        let made = make(&workshop, &registration).await.expect(201);
        exchange(&world, &made["code"]).await.expect(200);
    }

    async fn no_more_than_fifty_wait_in_a_workshop(world: World) {
        let workshop = world.workshop().published().await;
        let mut registrations = Vec::new();
        for number in 0..51 {
            registrations.push(workshop.register("participant", &format!("p{number}@example.org")).await.expect(201).id());
        }
        for registration in &registrations[..50] {
            make(&workshop, registration).await.expect(201);
        }
        make(&workshop, &registrations[50]).await.problem(409, "too_many_in_person_codes");
        // Another for one of them takes the place of theirs; elsewhere is another desk.
        make(&workshop, &registrations[0]).await.expect(201);
        let elsewhere = world.workshop().by(&workshop.organiser).published().await;
        let registration = invited(&elsewhere).await;
        make(&elsewhere, &registration).await.expect(201);
        world.clock().advance(12 * HOUR);
        make(&workshop, &registrations[50]).await.expect(201);
    }

    async fn an_organiser_makes_one_for_their_own_workshop_only(world: World) {
        let here = world.workshop().published().await;
        let registration = invited(&here).await;
        let elsewhere: Person = world.another_administrator("other@example.org").await;
        world.workshop().by(&elsewhere).published().await;
        let path = format!("/v1/registrations/{registration}/in-person-codes");
        elsewhere.act(&path).await.problem(404, "not_found");
        here.member("facilitator", "facilitator@example.org").await.act(&path).await.problem(403, "not_allowed");
        assert_eq!(world.sql().await.number("SELECT count(*) FROM sign_in_code").await, 0);
        assert_eq!(world.mailbox().count_to(MARIAMA), 0);
    }
}
