//! A hall of people signs in from one address; a flood is cut; whoever guesses is stopped.

use std::sync::Arc;
use std::time::Instant;

use palabre::settings::Database;
use serde_json::json;
use tokio::task::JoinSet;

use crate::support::{Answer, Backend, MINUTE, Person, Runs, SECOND, Wire, World, both};

const HALL: usize = 300;

fn guest(number: usize) -> String {
    format!("guest.{number}@example.org")
}

async fn ask(person: &Person, email: &str, network: &str) -> Answer {
    let ask = person.post("/v1/auth/codes", json!({"email": email}));
    ask.via(network).await
}

async fn exchange(person: &Person, email: &str, code: &str, network: &str) -> Answer {
    let body = json!({"grant_type": "email_code", "email": email, "code": code});
    person.post("/v1/auth/tokens", body).via(network).await
}

/// Signs in as people in a hall do: every fifth asks twice, every fourth mistypes first.
async fn arrive(world: World, number: usize, network: &'static str) -> [usize; 2] {
    let (email, anonymous) = (guest(number), world.anonymous());
    let mut asked = 1;
    ask(&anonymous, &email, network).await.expect(202);
    if number.is_multiple_of(5) {
        ask(&anonymous, &email, network).await.expect(202);
        asked += 1;
    }
    let code = world.mailbox().next_code_to(&email).await;
    let mut typed = 1;
    if number.is_multiple_of(4) {
        let mistyped = format!("{:08}", (code.parse::<u64>().expect("digits") + 1) % 100_000_000);
        exchange(&anonymous, &email, &mistyped, network)
            .await
            .problem(401, "invalid_code");
        typed += 1;
    }
    let tokens = exchange(&anonymous, &email, &code, network).await.expect(200);
    let me = world
        .bearer(&tokens.text_of("access_token"))
        .get("/v1/me")
        .await
        .expect(200);
    assert_eq!(me["email"], email.as_str());
    [asked, typed]
}

/// Asks for codes, each for another address, until that is refused; says how many were let pass.
async fn flood(anonymous: &Person, network: impl Fn(usize) -> String) -> (usize, Answer) {
    let mut number = 0;
    loop {
        let answer = ask(anonymous, &format!("flooded.{number}@example.org"), &network(number)).await;
        if answer.status == 429 {
            return (number, answer);
        }
        answer.expect(202);
        number += 1;
        assert!(number < 1000, "a flood of {number} is let pass");
    }
}

#[expect(clippy::print_stdout, reason = "figures for whoever runs the test with --nocapture")]
fn tell(text: &str) {
    println!("{text}");
}

both! {
    async fn a_hall_of_300_signs_in_from_one_address(world: World) {
        let before = world.now();
        // Printed, and nothing rests on it.
        let began = Instant::now();
        let mut hall = JoinSet::new();
        for number in 0..HALL {
            hall.spawn(arrive(world.clone(), number, "198.51.100.7"));
        }
        let done = hall.join_all().await;
        let [asked, typed] = [0, 1].map(|what| done.iter().map(|person| person[what]).sum::<usize>());
        assert_eq!((done.len(), asked, typed), (300, 360, 375));
        assert_eq!(world.sql().await.number("SELECT count(*) FROM person").await, 300);
        // Not because the clock ran: what it ticks by itself lets no more than a few in.
        let ran = (world.now() - before) / SECOND;
        assert!(ran < 2 * 60, "{ran} s");
        tell(&format!("{HALL} people, {asked} codes, {typed} tries: {} ms", began.elapsed().as_millis()));
    }

    async fn a_flood_from_one_network_is_cut_and_another_signs_in(world: World) {
        let anonymous = world.anonymous();
        let (passed, refused) = flood(&anonymous, |_| "203.0.113.9".into()).await;
        assert!((400..460).contains(&passed), "{passed}");
        let refused = refused.problem(429, "too_many_requests");
        let seconds: i64 = refused.header("retry-after").parse().expect("seconds");
        assert!((1..=2).contains(&seconds), "{seconds}");
        assert_eq!(refused["detail"], format!("Trop de demandes arrivent de votre réseau. Réessayez dans {seconds} secondes."));
        let english = anonymous.post("/v1/auth/codes", json!({"email": "x@example.org"})).via("203.0.113.9").english().await;
        assert!(english.problem(429, "too_many_requests").text_of("detail").starts_with("Too many requests"));
        // Nothing was written for it.
        let letters = world.sql().await.number("SELECT count(*) FROM mail").await;
        assert_eq!(usize::try_from(letters), Ok(passed));
        // Elsewhere nobody notices, and neither does who is signed in already.
        arrive(world.clone(), 0, "198.51.100.7").await;
        let seated = arrive(world.clone(), 1, "2001:db8:0:1::5").await;
        assert_eq!(seated, [1, 1]);
        world.clock().advance(seconds * SECOND);
        ask(&anonymous, "late@example.org", "203.0.113.9").await.expect(202);
    }

    async fn one_customer_has_one_measure_however_many_addresses(world: World) {
        let anonymous = world.anonymous();
        let (passed, _) = flood(&anonymous, |number| format!("2001:db8:0:1::{number:x}")).await;
        assert!((400..460).contains(&passed), "{passed}");
        ask(&anonymous, "next.door@example.org", "2001:db8:0:2::1").await.expect(202);
    }

    async fn guessing_from_one_network_is_cut_and_what_is_right_is_not_counted(world: World) {
        let anonymous = world.anonymous();
        let (here, elsewhere) = ("203.0.113.9", "198.51.100.7");
        let tokens = world.tokens("mariama@example.org").await;
        let mut refresh_token = tokens.text_of("refresh_token");
        let refresh = async |token: &str| {
            let body = json!({"grant_type": "refresh_token", "refresh_token": token});
            anonymous.post("/v1/auth/tokens", body).via(here).await
        };
        // A right one costs nothing, however often.
        for _ in 0..320 {
            refresh_token = refresh(&refresh_token).await.expect(200).text_of("refresh_token");
        }
        let mut wrong = 0;
        let refused = loop {
            // Codes and refresh tokens are one measure.
            let answer = if wrong % 2 == 0 {
                exchange(&anonymous, &guest(wrong), "00000000", here).await
            } else {
                refresh("guessed").await
            };
            if answer.status == 429 {
                break answer;
            }
            assert_eq!(answer.status, 401, "{answer}");
            wrong += 1;
            assert!(wrong < 1000, "{wrong} wrong tries are let pass");
        };
        assert!((300..360).contains(&wrong), "{wrong}");
        refused.problem(429, "too_many_requests");
        let code = world.code("late@example.org").await;
        exchange(&anonymous, "late@example.org", &code, here).await.problem(429, "too_many_requests");
        exchange(&anonymous, "late@example.org", &code, elsewhere).await.expect(200);
        world.clock().advance(10 * SECOND);
        refresh(&refresh_token).await.expect(200);
    }

    async fn codes_of_one_address_are_counted_across_servers_that_are_asked_at_once(world: World) {
        let other = world.another_server().await;
        let mut asks = JoinSet::new();
        for number in 0..30 {
            let anonymous = if number % 2 == 0 { world.anonymous() } else { world.anonymous().at(&other) };
            // From as many networks, so that only the address is the same.
            let network = format!("198.51.100.{number}");
            asks.spawn(async move { ask(&anonymous, "mariama@example.org", &network).await.status });
        }
        assert_eq!(asks.join_all().await, [202; 30]);
        assert_eq!(world.sql().await.number("SELECT count(*) FROM mail").await, 10);
        other.stop().await;
    }

    async fn known_and_unknown_addresses_leave_the_same_traces(world: World) {
        // Known in every way: signed in before, registered, an administrator.
        let workshop = world.workshop().published().await;
        let known = "mariama@example.org";
        workshop.register("participant", known).await.expect(201);
        world.sign_in(known).await;
        world.another_administrator(known).await;
        world.clock().advance(31 * MINUTE);
        let sql = world.sql().await;
        let mut traces = Vec::new();
        for email in [known, "nobody@example.org"] {
            let rows = async || {
                let mut rows = Vec::new();
                for table in ["person", "sign_in", "sign_in_code", "sign_in_try", "mail", "registration", "journal"] {
                    rows.push(sql.number(&format!("SELECT count(*) FROM {table}")).await);
                }
                rows
            };
            let before = rows().await;
            let asked = ask(&world.anonymous(), email, "198.51.100.7").await.expect(202);
            world.mailbox().next_code_to(email).await;
            let tried = exchange(&world.anonymous(), email, "no code", "198.51.100.7").await.problem(401, "invalid_code");
            let mut headers = [&asked, &tried].map(|answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>());
            headers.iter_mut().for_each(|names| names.sort());
            let more: Vec<i64> = rows().await.iter().zip(&before).map(|(after, before)| after - before).collect();
            traces.push((asked.status, asked.body, tried["detail"].clone(), headers, more));
        }
        assert_eq!(traces[0], traces[1]);
        assert_eq!(traces[0].4, [0, 0, 1, 1, 1, 0, 0]);
    }

    async fn reading_never_uses_up_a_code(world: World) {
        let code = world.code("mariama@example.org").await;
        // As a scanner follows whatever looks like a link.
        let query = format!("grant_type=email_code&email=mariama@example.org&code={code}");
        for method in [reqwest::Method::GET, reqwest::Method::HEAD, reqwest::Method::OPTIONS] {
            for path in ["/v1/auth/tokens", "/v1/auth/codes"] {
                let answer = world.request(method.clone(), &format!("{path}?{query}")).await;
                assert_eq!(answer.status, 405, "{answer}");
            }
        }
        exchange(&world.anonymous(), "mariama@example.org", &code, "198.51.100.7").await.expect(200);
    }

    async fn a_check_in_code_is_not_found_by_trying(world: World) {
        let other = world.another_server().await;
        let workshop = world.workshop().published().await;
        let mariama = workshop.member("participant", "mariama@example.org").await;
        let binta = workshop.member("participant", "binta@example.org").await;
        let mut sessions = Vec::new();
        for title in ["Ouverture", "Plan"] {
            let session = json!({"title": title, "starts_at": "2020-08-27T09:00:00Z", "ends_at": "2020-08-27T12:00:00Z", "check_in_code": "KORA"});
            sessions.push(workshop.organiser.post(&workshop.path("sessions"), session).await.expect(201).id());
        }
        world.clock().set("2020-08-27T09:10:00Z");
        let check_in = |person: &Person, session: &str, code: &str| person.post(&format!("/v1/sessions/{session}/check-ins"), json!({"code": code}));
        // Twenty at once on two servers: ten are looked at.
        let mut tries = JoinSet::new();
        for number in 0..20 {
            let person = if number % 2 == 0 { mariama.clone() } else { mariama.at(&other) };
            let request = check_in(&person, &sessions[0], &format!("A{number:03}"));
            tries.spawn(async { request.await.status });
        }
        let mut statuses = tries.join_all().await;
        statuses.sort_unstable();
        assert_eq!(statuses, [[422; 10], [429; 10]].concat());
        // The right one has to wait as well.
        let pause = check_in(&mariama, &sessions[0], "KORA").await.problem(429, "too_many_tries");
        let seconds: i64 = pause.header("retry-after").parse().expect("seconds");
        assert!((800..=900).contains(&seconds), "{seconds}");
        // Nobody else, and nowhere else.
        check_in(&binta, &sessions[0], "kora").await.expect(201);
        check_in(&mariama, &sessions[1], "kora").await.expect(201);
        world.clock().advance(15 * MINUTE);
        check_in(&mariama, &sessions[0], "A100").await.problem(422, "invalid").faults(&[("/code", "wrong_code")]);
        check_in(&mariama, &sessions[0], "KORA").await.expect(201);
        other.stop().await;
    }

    async fn what_has_served_its_time_is_swept(world: World) {
        let sql = world.sql().await;
        let rows = async || {
            let mut rows = Vec::new();
            for table in ["sign_in_code", "sign_in_try", "refresh_token", "mail"] {
                rows.push(sql.number(&format!("SELECT count(*) FROM {table}")).await);
            }
            rows
        };
        world.code("unused@example.org").await;
        exchange(&world.anonymous(), "wrong@example.org", "00000000", "198.51.100.7").await.problem(401, "invalid_code");
        let tokens = world.tokens("mariama@example.org").await;
        world.sweep().await;
        assert_eq!(rows().await, [2, 2, 1, 2], "nothing before its time");
        world.clock().advance(31 * MINUTE);
        world.sweep().await;
        assert_eq!(rows().await, [2, 0, 1, 2]);
        world.clock().advance(26 * crate::support::HOUR);
        world.sweep().await;
        assert_eq!(rows().await, [0, 0, 1, 2]);
        let refresh = json!({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]});
        world.anonymous().post("/v1/auth/tokens", refresh).await.expect(200);
        world.clock().advance(31 * crate::support::DAY);
        world.sweep().await;
        assert_eq!(rows().await, [0, 0, 0, 0]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_no_trusted_proxy_stays_where_they_are() {
    World::with(Backend::Sqlite, async |world: World| {
        let command = world.command(["serve", "--listen", "127.0.0.1:0"]);
        let process = command.env("PALABRE_LOG", "off").serve().await;
        let anonymous = world.anonymous().at_address(process.address);
        let (passed, _) = flood(&anonymous, |number| format!("198.51.100.{}", number % 250)).await;
        assert!((400..600).contains(&passed), "{passed}");
        process.kill().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_or_guesses_costs_the_same_whether_the_address_is_known_or_not() {
    World::with(Backend::Postgres, async |world: World| {
        // Known in every way, with a code from the organiser waiting.
        let workshop = world.workshop().published().await;
        let known = "mariama@example.org";
        let registration = workshop.register("participant", known).await.expect(201).id();
        world.sign_in(known).await;
        let handed_over = format!("/v1/registrations/{registration}/in-person-codes");
        workshop.organiser.act(&handed_over).await.expect(201);
        world.clock().advance(31 * MINUTE);
        let Database::Postgres(url) = world.database() else {
            panic!("not PostgreSQL")
        };
        let runs = Arc::new(Runs::default());
        let wire = Wire::to(url, runs.watch()).await;
        let wired = world.another_server_on(&Database::Postgres(wire.instead_of(url))).await;
        let anonymous = world.anonymous().at(&wired);
        let mut cost = Vec::new();
        for email in [known, "nobody@example.org"] {
            ask(&anonymous, email, "198.51.100.7").await.expect(202);
            let tried = exchange(&anonymous, email, "no code", "198.51.100.7").await;
            tried.problem(401, "invalid_code");
            cost.push(runs.take("INSERT INTO \"sign_in_try\""));
        }
        assert_eq!(cost[0].len(), 2, "{cost:#?}");
        assert_eq!(cost[0], cost[1]);
        let about_people = |statement: &String| statement.contains("person");
        assert!(!cost[0].concat().iter().any(about_people), "{cost:#?}");
        wired.stop().await;
    })
    .await;
}
