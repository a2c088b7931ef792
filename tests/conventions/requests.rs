//! Addresses, methods, languages, headers.

use reqwest::Method;

use crate::support::{World, both};

const PAGE: &str = crate::support::FRONT_END;

both! {
    async fn an_address_that_is_not_there_is_a_problem_too(world: World) {
        for path in [
            "/",
            "/v1",
            "/v1/",
            "/v1/nothing",
            "/v1/me/",
            "/v1//me",
            "/v2/me",
            "/v1/workshops/",
            "/.well-known/nothing",
            "/robots.txt",
            "/v1/me%2Fregistrations",
        ] {
            world.anonymous().get(path).await.problem(404, "not_found");
        }
    }

    async fn a_method_that_is_not_there_says_which_are(world: World) {
        for (method, path, allowed) in [
            (Method::DELETE, "/v1/workshops", "GET, HEAD, POST"),
            (Method::PUT, "/v1/me", "GET, HEAD, PATCH"),
            (Method::GET, "/v1/auth/codes", "POST"),
            (Method::POST, "/livez", "GET, HEAD"),
            (Method::POST, "/openapi.json", "GET, HEAD"),
            (Method::TRACE, "/v1/me", "GET, HEAD, PATCH"),
            (
                "PROPFIND".parse().expect("a method"),
                "/v1/workshops",
                "GET, HEAD, POST",
            ),
        ] {
            let refused = world.request(method, path).await.problem(405, "method_not_allowed");
            let sorted = |list: &str| {
                let mut list: Vec<_> = list.split(", ").map(str::to_owned).collect();
                list.sort();
                list
            };
            let named = sorted(refused.header("allow"));
            for method in sorted(allowed) {
                assert!(named.contains(&method), "{refused}");
                assert!(refused.text_of("detail").contains(&method), "{refused}");
            }
        }
    }

    async fn words_follow_the_language_asked_for(world: World) {
        for (asked, language, title) in [
            (None, "fr", "Introuvable"),
            (Some("en"), "en", "Not found"),
            (Some("EN-gb"), "en", "Not found"),
            (Some("fr"), "fr", "Introuvable"),
            (Some("de, en;q=0.3"), "en", "Not found"),
            (Some("en;q=0.5, fr;q=0.8"), "fr", "Introuvable"),
            (Some("fr;q=0.1,en;q=0.2"), "en", "Not found"),
            (Some("en;q=0"), "fr", "Introuvable"),
            (Some("de"), "fr", "Introuvable"),
            (Some("*"), "fr", "Introuvable"),
            (Some(";;;q=x,,"), "fr", "Introuvable"),
        ] {
            let mut request = world.anonymous().get("/v1/nothing");
            if let Some(asked) = asked {
                request = request.header("accept-language", asked);
            }
            let problem = request.await.problem(404, "not_found");
            assert_eq!(
                (problem.header("content-language"), &problem["title"]),
                (language, &title.into()),
                "{asked:?}"
            );
        }
        // The words of single fields as well.
        let refused = world
            .anonymous()
            .post("/v1/auth/codes", serde_json::json!({}))
            .english()
            .await
            .problem(422, "invalid");
        assert_eq!(refused["errors"][0]["detail"], "This field is required.");
    }

    async fn identifiers_that_are_none_are_malformed(world: World) {
        let admin = world.administrator().await;
        for id in [
            "x",
            "1",
            "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4",
            "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4eX",
            "%00",
            "a%00b",
            "%ff",
            "%zz",
            "01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e%00",
            "'%20OR%201=1--",
            "..%2f..%2fetc%2fpasswd",
        ] {
            let answer = admin.get(&format!("/v1/workshops/{id}")).await;
            assert!(answer.status == 400 || answer.status == 404, "{answer}");
        }
        admin.get("/v1/workshops/x").await.problem(400, "malformed_path");
        // Upper case is the same identifier.
        let workshop = world.workshop().await;
        let path = format!("/v1/workshops/{}", workshop.id.to_uppercase());
        assert_eq!(
            workshop.organiser.get(&path).await.expect(200)["id"],
            workshop.id.as_str()
        );
    }

    async fn oversized_and_broken_heads_harm_nobody(world: World) {
        let long = "a".repeat(20_000);
        world
            .anonymous()
            .get(&format!("/v1/{long}"))
            .await
            .problem(404, "not_found");
        for head in [
            format!("GET /v1/{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(300_000)),
            format!(
                "GET /v1/me HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n",
                "a".repeat(300_000)
            ),
            format!(
                "GET /v1/me HTTP/1.1\r\nHost: x\r\n{}\r\n",
                "X-Many: 1\r\n".repeat(5_000)
            ),
            "GET /v1/\0 HTTP/1.1\r\nHost: x\r\n\r\n".into(),
            "GET /v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n".into(),
            "GET /v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(),
            "nonsense\r\n\r\n".into(),
        ] {
            let mut raw = world.raw().await;
            raw.send(head.as_bytes()).await;
            if let Some(answer) = raw.answer().await {
                assert!((400..500).contains(&answer.status), "{answer}");
            }
            world.anonymous().get("/livez").await.expect(204);
        }
    }

    async fn a_page_of_the_front_end_may_call_and_read(world: World) {
        let preflight = world
            .request(Method::OPTIONS, "/v1/workshops")
            .header("origin", PAGE)
            .header("access-control-request-method", "PATCH")
            .header(
                "access-control-request-headers",
                "authorization, content-type, if-match, accept-language",
            )
            .await
            .expect(200);
        assert_eq!(preflight.header("access-control-allow-origin"), PAGE);
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            assert!(preflight.header("access-control-allow-methods").contains(method));
        }
        // Successes and problems alike, the framework's own included.
        let mariama = world.person("mariama@example.org").await;
        for answer in [
            mariama.get("/v1/me").header("origin", PAGE).await.expect(200),
            mariama.get("/v1/nothing").header("origin", PAGE).await.expect(404),
            world.anonymous().get("/v1/me").header("origin", PAGE).await.expect(401),
            mariama.delete("/v1/workshops").header("origin", PAGE).await.expect(405),
        ] {
            assert_eq!(answer.header("access-control-allow-origin"), PAGE, "{answer}");
            let exposed = answer.header("access-control-expose-headers").to_lowercase();
            for name in ["etag", "location", "retry-after", "content-language", "content-disposition"] {
                assert!(exposed.contains(name), "{name} is not in {exposed}: {answer}");
            }
            assert!(answer.list("vary").contains("origin"), "{answer}");
        }
        // Others get an answer that their browser keeps from them.
        let foreign = mariama.get("/v1/me").header("origin", "https://evil.example").await;
        assert_eq!(foreign.header("access-control-allow-origin"), "");
    }

    async fn each_request_has_an_id_of_its_own(world: World) {
        let one = world.anonymous().get("/livez").await.expect(204);
        let two = world
            .anonymous()
            .get("/livez")
            .header("x-request-id", "mine")
            .await
            .expect(204);
        assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
        assert_ne!(two.header("x-request-id"), "mine");
    }

    async fn alive_without_a_database_and_ready_with_it(world: World) {
        world.anonymous().get("/livez").await.expect(204);
        world.anonymous().get("/readyz").await.expect(204);
        // A newer migration is gone missing.
        world.sql().await.run("DELETE FROM seaql_migrations").await;
        world.anonymous().get("/livez").await.expect(204);
        world.anonymous().get("/readyz").await.problem(503, "unavailable");
    }
}
