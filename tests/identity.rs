//! Signing in with a code from the mail, staying signed in, and signing out.

use serde_json::{Value, json};

use crate::support::{Answer, DAY, MINUTE, Person, SECOND, World, both};

const MARIAMA: &str = "mariama@example.org";

async fn exchange(world: &World, email: &str, code: &str) -> Answer {
    let body = json!({"grant_type": "email_code", "email": email, "code": code});
    world.anonymous().post("/v1/auth/tokens", body).await
}

async fn refresh(world: &World, token: &str) -> Answer {
    let body = json!({"grant_type": "refresh_token", "refresh_token": token});
    world.anonymous().post("/v1/auth/tokens", body).await
}

async fn revoke(world: &World, token: &str) {
    let revocation = world.anonymous().post("/v1/auth/revocations", json!({"token": token}));
    revocation.await.expect(204);
}

/// Eight digits that are not the code.
fn wrong(code: &str) -> String {
    format!("{:08}", (code.parse::<u64>().expect("digits") + 1) % 100_000_000)
}

fn me(person: &Person) -> crate::support::Request {
    person.get("/v1/me")
}

both! {
    async fn a_person_signs_in_with_a_code_from_the_mail(world: World) {
        let tokens = world.tokens(MARIAMA).await;
        assert_eq!(tokens["token_type"], "Bearer");
        assert_eq!(tokens["expires_in"], 900);
        assert_eq!(tokens.header("cache-control"), "no-store");
        let mariama = world.bearer(&tokens.text_of("access_token"));
        let account = me(&mariama).await.expect(200);
        assert_eq!(account["email"], MARIAMA);
        assert_eq!(account["administrator"], false);
        // The next time it is the same person, however the address is typed.
        let again = world.sign_in("  Mariama@EXAMPLE.org ".trim()).await;
        assert_eq!(me(&again).await.expect(200)["id"], account["id"]);
        assert_eq!(mariama.list("/v1/workshops").await, Vec::<Value>::new());
    }

    async fn the_mail_speaks_the_language_of_who_asks(world: World) {
        for (language, subject, word) in [
            ("fr", "Votre code de connexion", "30 minutes"),
            ("en-GB,en", "Your sign-in code", "30 minutes"),
        ] {
            let ask = world.anonymous().post("/v1/auth/codes", json!({"email": MARIAMA}));
            ask.header("accept-language", language).await.expect(202);
            let mail = world.mailbox().next_to(MARIAMA).await;
            assert_eq!(mail.subject, subject);
            assert_eq!(mail.from, "no-reply@example.org");
            assert!(mail.text.contains(word), "{}", mail.text);
        }
    }

    async fn asking_for_a_code_does_not_tell_whether_an_address_is_known(world: World) {
        world.sign_in("known@example.org").await;
        let mut answers = Vec::new();
        for email in ["known@example.org", "nobody@example.org"] {
            let answer = world
                .anonymous()
                .post("/v1/auth/codes", json!({"email": email}))
                .await
                .expect(202);
            let mut headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
            headers.sort();
            answers.push((answer.status, answer.body, headers));
        }
        assert_eq!(answers[0], answers[1]);
        // Nor does a wrong code.
        let known = exchange(&world, "known@example.org", "00000000")
            .await
            .problem(401, "invalid_code");
        let unknown = exchange(&world, "new@example.org", "00000000")
            .await
            .problem(401, "invalid_code");
        assert_eq!(
            (&known["title"], &known["detail"]),
            (&unknown["title"], &unknown["detail"])
        );
        // A wrong code makes nobody.
        assert_eq!(world.sql().await.number("SELECT count(*) FROM person").await, 1);
    }

    async fn a_code_is_good_once(world: World) {
        let code = world.code(MARIAMA).await;
        exchange(&world, MARIAMA, &code).await.expect(200);
        exchange(&world, MARIAMA, &code).await.problem(401, "invalid_code");
    }

    async fn of_two_who_bring_a_code_at_once_one_gets_in(world: World) {
        let other = world.another_server().await;
        for round in 0..5 {
            let email = format!("p{round}@example.org");
            let code = world.code(&email).await;
            let body = json!({"grant_type": "email_code", "email": email, "code": code});
            let anonymous = world.anonymous();
            let (one, two) = tokio::join!(async { anonymous.post("/v1/auth/tokens", body.clone()).await }, async {
                anonymous.at(&other).post("/v1/auth/tokens", body.clone()).await
            },);
            let mut statuses = [one.status, two.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 401], "{one} and {two}");
        }
        other.stop().await;
    }

    async fn a_code_belongs_to_its_address(world: World) {
        let code = world.code(MARIAMA).await;
        exchange(&world, "someone@example.org", &code)
            .await
            .problem(401, "invalid_code");
        // Read aloud in two groups, and typed so.
        let (first, last) = code.split_at(4);
        exchange(&world, MARIAMA, &format!(" {first} {last} "))
            .await
            .expect(200);
    }

    async fn a_code_expires_after_thirty_minutes(world: World) {
        let (early, late) = (world.code(MARIAMA).await, world.code("late@example.org").await);
        world.clock().advance(29 * MINUTE);
        exchange(&world, MARIAMA, &early).await.expect(200);
        world.clock().advance(MINUTE);
        exchange(&world, "late@example.org", &late)
            .await
            .problem(401, "invalid_code");
    }

    async fn an_older_code_stays_good_because_mail_is_late(world: World) {
        let first = world.code(MARIAMA).await;
        world.clock().advance(5 * MINUTE);
        let second = world.code(MARIAMA).await;
        assert_ne!(first, second);
        exchange(&world, MARIAMA, &first).await.expect(200);
        exchange(&world, MARIAMA, &second).await.expect(200);
    }

    async fn five_wrong_tries_pause_an_address_for_thirty_minutes(world: World) {
        let code = world.code(MARIAMA).await;
        for _ in 0..4 {
            exchange(&world, MARIAMA, &wrong(&code))
                .await
                .problem(401, "invalid_code");
        }
        // Tries count across codes, and however the address is typed.
        let newer = world.code(MARIAMA).await;
        exchange(&world, "MARIAMA@example.org", "no digits at all")
            .await
            .problem(401, "invalid_code");
        for code in [&code, &newer, &wrong(&code)] {
            let pause = exchange(&world, MARIAMA, code).await.problem(429, "too_many_tries");
            let seconds: i64 = pause.header("retry-after").parse().expect("seconds");
            assert!((1700..=1801).contains(&seconds), "{seconds}");
            assert!(pause.text_of("detail").contains("30 minutes"), "{pause}");
        }
        // Nobody else waits.
        world.sign_in("other@example.org").await;
        world.clock().advance(30 * MINUTE);
        let code = world.code(MARIAMA).await;
        exchange(&world, MARIAMA, &wrong(&code))
            .await
            .problem(401, "invalid_code");
        exchange(&world, MARIAMA, &code).await.expect(200);
        // And a sign-in wipes the slate.
        let code = world.code(MARIAMA).await;
        for _ in 0..4 {
            exchange(&world, MARIAMA, &wrong(&code))
                .await
                .problem(401, "invalid_code");
        }
        exchange(&world, MARIAMA, &code).await.expect(200);
    }

    async fn wrong_tries_are_counted_across_servers_that_try_at_once(world: World) {
        let other = world.another_server().await;
        let code = world.code(MARIAMA).await;
        let body = json!({"grant_type": "email_code", "email": MARIAMA, "code": wrong(&code)});
        let mut tries = tokio::task::JoinSet::new();
        for number in 0..20 {
            let person = if number % 2 == 0 {
                world.anonymous()
            } else {
                world.anonymous().at(&other)
            };
            let request = person.post("/v1/auth/tokens", body.clone());
            tries.spawn(async { request.await.status });
        }
        let mut statuses = tries.join_all().await;
        statuses.sort_unstable();
        assert_eq!(statuses, [[401; 5].as_slice(), &[429; 15]].concat());
        other.stop().await;
    }

    async fn no_address_is_flooded_with_codes(world: World) {
        for _ in 0..10 {
            world.code(MARIAMA).await;
        }
        // Nobody is told, and nothing is sent, however the address is spelled.
        for spelling in [MARIAMA, "MARIAMA@Example.org"] {
            world
                .anonymous()
                .post("/v1/auth/codes", json!({"email": spelling}))
                .await
                .expect(202);
        }
        world.code("other@example.org").await;
        assert_eq!(world.mailbox().count_to(MARIAMA), 0);
        world.clock().advance(30 * MINUTE);
        world.code(MARIAMA).await;
    }

    async fn a_mail_server_that_is_away_is_tried_again(world: World) {
        world.mailbox().refuse_next(1, 450);
        world
            .anonymous()
            .post("/v1/auth/codes", json!({"email": MARIAMA}))
            .await
            .expect(202);
        let sql = world.sql().await;
        while sql
            .number("SELECT count(*) FROM mail WHERE last_error IS NOT NULL")
            .await
            == 0
        {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(world.mailbox().count_to(MARIAMA), 0);
        world.clock().advance(MINUTE);
        // Whoever asks next wakes the delivery.
        world.code("other@example.org").await;
        let code = world.mailbox().next_to(MARIAMA).await.code();
        exchange(&world, MARIAMA, &code).await.expect(200);
    }

    async fn every_mail_server_can_write_to_a_domain_of_other_letters(world: World) {
        world.mailbox().know_ascii_only();
        // The domain is what it stands for in DNS, the mailbox as it was typed.
        let ask = async |email: &str| world.anonymous().post("/v1/auth/codes", json!({"email": email})).await.expect(202);
        ask("Awa@Bücher.example").await;
        let code = world.mailbox().next_code_to("Awa@xn--bcher-kva.example").await;
        exchange(&world, "awa@bücher.example", &code).await.expect(200);
        // A mailbox of other letters is told to whoever can do something about it, without hours of tries.
        let workshop = world.workshop().published().await;
        workshop.register("participant", "élise@example.org").await.expect(201);
        ask("Élise@example.org").await;
        let undelivered = async || {
            let listed = workshop.organiser.list(&workshop.path("registrations")).await;
            listed.iter().find(|registration| registration["email"] == "élise@example.org").expect("hers")["undelivered_code"].clone()
        };
        while undelivered().await["state"] != "bounced" {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(undelivered().await["error"], "SMTP server without SMTPUTF8");
    }

    async fn addresses_that_nobody_can_have_are_refused(world: World) {
        let long = format!("{}@example.org", "a".repeat(300));
        for email in [
            "",
            "mariama",
            "@example.org",
            "mariama@",
            "a b@example.org",
            "a@b@example.org",
            "mariama@exa\u{200b}mple.org",
            "m\u{430}riama@example.org",
            "mariama@example.org\r\nBcc: all@example.org",
            &long,
        ] {
            for (path, body) in [
                ("/v1/auth/codes", json!({"email": email})),
                (
                    "/v1/auth/tokens",
                    json!({"grant_type": "email_code", "email": email, "code": "12345678"}),
                ),
            ] {
                let refused = world.anonymous().post(path, body).await.problem(422, "invalid");
                assert_eq!(refused["errors"][0]["pointer"], "/email", "{email:?}: {refused}");
            }
        }
    }

    async fn a_grant_takes_its_own_fields_only(world: World) {
        let anonymous = world.anonymous();
        for (body, faults) in [
            (json!({"grant_type": "password"}), ("/grant_type", "unknown_grant_type")),
            (json!({}), ("/grant_type", "required")),
            (
                json!({"grant_type": "email_code", "email": MARIAMA}),
                ("/code", "required"),
            ),
            (
                json!({"grant_type": "email_code", "code": "12345678"}),
                ("/email", "required"),
            ),
            (json!({"grant_type": "refresh_token"}), ("/refresh_token", "required")),
            (
                json!({"grant_type": "email_code", "email": MARIAMA, "code": "1", "refresh_token": "x"}),
                ("/refresh_token", "unknown_field"),
            ),
            (
                json!({"grant_type": "refresh_token", "refresh_token": "x", "code": "1"}),
                ("/code", "unknown_field"),
            ),
            (
                json!({"grant_type": "email_code", "email": MARIAMA, "code": "1".repeat(65)}),
                ("/code", "too_long"),
            ),
        ] {
            anonymous
                .post("/v1/auth/tokens", body)
                .await
                .problem(422, "invalid")
                .faults(&[faults]);
        }
    }

    async fn a_refresh_token_rotates(world: World) {
        let first = world.tokens(MARIAMA).await.text_of("refresh_token");
        let answer = refresh(&world, &first).await.expect(200);
        let second = answer.text_of("refresh_token");
        assert_ne!(first, second);
        me(&world.bearer(&answer.text_of("access_token"))).await.expect(200);
        // Whoever lost the answer gets the same successor again, for a minute.
        world.clock().advance(50 * SECOND);
        assert_eq!(
            refresh(&world, &first).await.expect(200)["refresh_token"],
            second.as_str()
        );
        let third = refresh(&world, &second).await.expect(200).text_of("refresh_token");
        assert_ne!(second, third);
        // Rotated in time, it lives on and on.
        let mut latest = third;
        for _ in 0..3 {
            world.clock().advance(29 * DAY);
            latest = refresh(&world, &latest).await.expect(200).text_of("refresh_token");
        }
        world.clock().advance(30 * DAY + MINUTE);
        refresh(&world, &latest).await.problem(401, "invalid_refresh_token");
        refresh(&world, "unknown").await.problem(401, "invalid_refresh_token");
    }

    async fn two_who_refresh_at_once_get_the_same_successor(world: World) {
        let other = world.another_server().await;
        let mut token = world.tokens(MARIAMA).await.text_of("refresh_token");
        for _ in 0..5 {
            let body = json!({"grant_type": "refresh_token", "refresh_token": token});
            let anonymous = world.anonymous();
            let (one, two) = tokio::join!(
                async { anonymous.post("/v1/auth/tokens", body.clone()).await.expect(200) },
                async {
                    anonymous
                        .at(&other)
                        .post("/v1/auth/tokens", body.clone())
                        .await
                        .expect(200)
                },
            );
            assert_eq!(one["refresh_token"], two["refresh_token"]);
            token = one.text_of("refresh_token");
        }
        other.stop().await;
    }

    async fn a_refresh_token_used_again_later_signs_its_family_out(world: World) {
        let first = world.tokens(MARIAMA).await;
        let elsewhere = world.sign_in(MARIAMA).await;
        let second = refresh(&world, &first.text_of("refresh_token")).await.expect(200);
        world.clock().advance(61 * SECOND);
        refresh(&world, &first.text_of("refresh_token"))
            .await
            .problem(401, "invalid_refresh_token");
        refresh(&world, &second.text_of("refresh_token"))
            .await
            .problem(401, "invalid_refresh_token");
        for tokens in [&first, &second] {
            me(&world.bearer(&tokens.text_of("access_token")))
                .await
                .problem(401, "sign_in_required");
        }
        // The same person's other sign-in is another family.
        me(&elsewhere).await.expect(200);
    }

    async fn signing_out_takes_effect_at_once_and_everywhere(world: World) {
        let other = world.another_server().await;
        for kind in ["refresh_token", "access_token"] {
            let tokens = world.tokens(MARIAMA).await;
            let mariama = world.bearer(&tokens.text_of("access_token"));
            me(&mariama).await.expect(200);
            me(&mariama.at(&other)).await.expect(200);
            revoke(&world, &tokens.text_of(kind)).await;
            me(&mariama).await.problem(401, "sign_in_required");
            me(&mariama.at(&other)).await.problem(401, "sign_in_required");
            refresh(&world, &tokens.text_of("refresh_token"))
                .await
                .problem(401, "invalid_refresh_token");
            // Again, and for tokens that never were, the answer is the same.
            revoke(&world, &tokens.text_of(kind)).await;
        }
        revoke(&world, "unknown").await;
        other.stop().await;
    }

    async fn an_access_token_lives_for_fifteen_minutes(world: World) {
        let mariama = world.sign_in(MARIAMA).await;
        world.clock().advance(14 * MINUTE);
        me(&mariama).await.expect(200);
        world.clock().advance(MINUTE);
        let refused = me(&mariama).await.problem(401, "sign_in_required");
        assert_eq!(refused.header("www-authenticate"), "Bearer");
    }

    async fn a_person_names_themself_and_chooses_a_language(world: World) {
        let mariama = world.sign_in(MARIAMA).await;
        let account = me(&mariama).await.expect(200);
        assert_eq!((&account["name"], &account["language"]), (&json!(""), &json!("fr")));
        let named = mariama
            .patch(
                "/v1/me",
                &account.etag(),
                json!({"name": " Mariama Diallo ", "language": "en"}),
            )
            .await
            .expect(200);
        assert_eq!(
            (&named["name"], &named["language"]),
            (&json!("Mariama Diallo"), &json!("en"))
        );
        assert_eq!(me(&mariama).await.expect(200).etag(), named.etag());
        let cleared = mariama
            .patch("/v1/me", &named.etag(), json!({"name": null}))
            .await
            .expect(200);
        assert_eq!((&cleared["name"], &cleared["language"]), (&json!(""), &json!("en")));
        for (patch, fault) in [
            (json!({"language": null}), ("/language", "required")),
            (json!({"language": "de"}), ("/language", "unknown_value")),
            (json!({"email": "other@example.org"}), ("/email", "unknown_field")),
            (json!({"administrator": true}), ("/administrator", "unknown_field")),
            (json!({"name": "x".repeat(201)}), ("/name", "too_long")),
        ] {
            mariama
                .patch("/v1/me", &cleared.etag(), patch)
                .await
                .problem(422, "invalid")
                .faults(&[fault]);
        }
    }
}
