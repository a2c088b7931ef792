//! Bodies: their size, kind and syntax.

use std::io::Write as _;

use serde_json::json;

use crate::support::{World, both};

const LIMIT: usize = 256 * 1024;

/// A request head for a sign-in code, with these headers.
fn head(headers: &str) -> Vec<u8> {
    format!("POST /v1/auth/codes HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}\r\n\r\n")
        .into_bytes()
}

both! {
    async fn a_body_that_is_too_large_is_refused_before_it_arrives(world: World) {
        let mut raw = world.raw().await;
        raw.send(&head("Content-Length: 1073741824")).await;
        // Not one byte of it was sent.
        let refused = raw.answer().await.expect("an answer").problem(413, "too_large");
        assert!(refused.text_of("detail").contains("262144"), "{refused}");
    }

    async fn a_body_without_an_end_is_cut_off(world: World) {
        let mut raw = world.raw().await;
        raw.send(&head("Transfer-Encoding: chunked")).await;
        let chunk = [b"4000\r\n".as_slice(), &[b' '; 0x4000], b"\r\n"].concat();
        let mut sent = 0;
        // 64 MiB would be a server that swallows all it gets.
        while sent < 64 << 20 && raw.send(&chunk).await {
            sent += 0x4000;
            if sent >= 2 * LIMIT {
                break;
            }
        }
        raw.answer().await.expect("an answer").problem(413, "too_large");
        world.anonymous().get("/livez").await.expect(204);
    }

    async fn a_body_may_be_as_large_as_the_limit(world: World) {
        let mut body = json!({"email": "mariama@example.org"}).to_string().into_bytes();
        body.resize(LIMIT, b' ');
        let ask = |body: Vec<u8>| world.anonymous().post_bytes("/v1/auth/codes", "application/json", body);
        ask(body.clone()).await.expect(202);
        body.push(b' ');
        ask(body).await.problem(413, "too_large");
    }

    async fn only_json_is_taken_for_json(world: World) {
        let body = json!({"email": "mariama@example.org"}).to_string();
        let ask = |content_type: &str| {
            world
                .anonymous()
                .post_bytes("/v1/auth/codes", content_type, body.clone())
        };
        for kind in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "text/json",
            "application/jsonx",
            "",
            "x",
        ] {
            let refused = ask(kind).await.problem(415, "unsupported_media_type");
            assert!(refused.text_of("detail").contains("application/json"), "{refused}");
        }
        for kind in [
            "application/json",
            "application/json; charset=utf-8",
            "Application/JSON",
        ] {
            ask(kind).await.expect(202);
        }
        world
            .request(reqwest::Method::POST, "/v1/auth/codes")
            .await
            .problem(415, "unsupported_media_type");
        let mariama = world.person("mariama@example.org").await;
        let me = mariama.get("/v1/me").await.expect(200);
        for kind in ["application/json", "application/merge-patch+json"] {
            let patch = mariama.request(reqwest::Method::PATCH, "/v1/me").if_match(&me.etag());
            patch.bytes(kind, "{}").await.expect(200);
        }
    }

    async fn a_compressed_body_is_not_unpacked(world: World) {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&vec![b' '; 1 << 20]).expect("memory");
        let bomb = gzip.finish().expect("memory");
        assert!(bomb.len() < LIMIT);
        for encoding in ["gzip", "br", "deflate", "zstd", "identity, gzip"] {
            let request = world
                .anonymous()
                .post_bytes("/v1/auth/codes", "application/json", bomb.clone());
            request
                .header("content-encoding", encoding)
                .await
                .problem(415, "unsupported_media_type");
        }
        let plain = world
            .anonymous()
            .post("/v1/auth/codes", json!({"email": "mariama@example.org"}));
        plain.header("content-encoding", "identity").await.expect(202);
    }

    async fn broken_json_is_answered_with_line_and_column(world: World) {
        let deep = "[".repeat(100_000);
        let deep_object = "{\"a\":".repeat(20_000);
        for (body, at) in [
            ("", "ligne 1, colonne 0"),
            ("{", "ligne 1, colonne 1"),
            ("{\n  \"email\": }", "ligne 2, colonne 12"),
            ("{\"email\": \"a@example.org\",}", "ligne 1, colonne 27"),
            ("{\"email\": \"a@example.org\"} x", "ligne 1, colonne 28"),
            ("{'email': 1}", "ligne 1, colonne 2"),
            ("{\"email\": NaN}", "ligne 1, colonne 11"),
            ("{\"email\": \"\\ud800\"}", "ligne 1"),
            ("{\"email\": \"\n\"}", "ligne 2"),
            (&deep, "ligne 1"),
            (&deep_object, "ligne 1"),
        ] {
            let request = world.anonymous().post_bytes("/v1/auth/codes", "application/json", body);
            let refused = request.await;
            // A shape that is wrong from the first byte on may be said before the syntax is.
            if body.starts_with("[[") {
                assert!([400, 422].contains(&refused.status), "{refused}");
                continue;
            }
            if body.starts_with("{\"a\":{") {
                assert!([400, 422].contains(&refused.status), "{refused}");
                continue;
            }
            let refused = refused.problem(400, "malformed_json");
            assert!(refused.text_of("detail").contains(at), "{body:?}: {refused}");
        }
        // As a patch, whose shape is not known beforehand.
        let admin = world.administrator().await;
        let me = admin.get("/v1/me").await.expect(200);
        for body in [deep.as_str(), &deep_object, "{", "", "{\"name\": \"\\ud800\"}"] {
            let patch = admin.request(reqwest::Method::PATCH, "/v1/me").if_match(&me.etag());
            patch
                .bytes("application/json", body)
                .await
                .problem(400, "malformed_json");
        }
        for bytes in [
            b"{\"email\": \"\xff\xfe\"}".as_slice(),
            b"\xef\xbb\xbf{\"email\": \"a@example.org\"}",
            b"\0",
            b"{\"email\": \"a@ex\xc3ample.org\"}",
        ] {
            world
                .anonymous()
                .post_bytes("/v1/auth/codes", "application/json", bytes)
                .await
                .problem(400, "malformed_json");
        }
    }

    async fn a_body_that_breaks_off_harms_nobody(world: World) {
        let mut raw = world.raw().await;
        raw.send(&head("Content-Length: 100")).await;
        raw.send(b"{\"email\": \"mariama@exa").await;
        drop(raw);
        world.anonymous().get("/livez").await.expect(204);
        assert_eq!(world.sql().await.number("SELECT count(*) FROM mail").await, 0);
    }
}
