//! Access tokens that somebody else made, or that the server's own key signed for something else.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{DAY, MINUTE, SECOND, Server, World, both};

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).expect("base64url")
}

fn parts(token: &str) -> (Value, Value) {
    let mut parts = token
        .split('.')
        .map(|part| serde_json::from_slice(&decode(part)).unwrap_or_default());
    (parts.next().expect("a header"), parts.next().expect("claims"))
}

fn sign(header: &Value, claims: &Value, signature: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
    let message = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
    let signature = signature(message.as_bytes());
    format!("{message}.{}", encode(signature))
}

/// The key that the server signs with, as only its database and its secret together give it away.
async fn servers_key(world: &World) -> SigningKey {
    let sql = world.sql().await;
    let of_tokens = "FROM signing_key WHERE purpose = 'token' AND retired_at IS NULL";
    let kid = sql.texts(&format!("SELECT kid {of_tokens}")).await.remove(0);
    let sealed = sql.bytes(&format!("SELECT sealed {of_tokens}")).await;
    let seed = world
        .secret()
        .derive("palabre/signing-keys/v1")
        .open(kid.as_bytes(), &sealed)
        .expect("the key opens");
    SigningKey::from_bytes(&seed.try_into().expect("32 bytes"))
}

async fn rotate(world: &World, at_once: bool) {
    let rotate = async |app: &palabre::App| palabre::operator::rotate_token_key(app, at_once).await;
    world.server().app(rotate).await.expect("a new key");
}

fn with(value: &Value, field: &str, new: Value) -> Value {
    let mut value = value.clone();
    value[field] = new;
    value
}

fn without(value: &Value, field: &str) -> Value {
    let mut value = value.clone();
    value.as_object_mut().expect("an object").remove(field);
    value
}

/// The public key as programs that mistake it for a shared secret may hold it.
fn spellings(public: &[u8; 32]) -> [(&'static str, Vec<u8>); 5] {
    // SubjectPublicKeyInfo (RFC 8410).
    let der = [&[0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0][..], public].concat();
    let text = base64::engine::general_purpose::STANDARD.encode(&der);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{text}\n-----END PUBLIC KEY-----\n");
    [
        ("the public key", public.to_vec()),
        ("the public key in base64url", encode(public).into_bytes()),
        (
            "the public key in hex",
            public
                .iter()
                .flat_map(|byte| format!("{byte:02x}").into_bytes())
                .collect(),
        ),
        ("the public key in DER", der),
        ("the public key in PEM", pem.into_bytes()),
    ]
}

fn mac(secret: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// Every way in which somebody tries to pass off a token, each with the token.
fn crafted(good: &str, key: &SigningKey) -> Vec<(String, String)> {
    let (header, claims) = parts(good);
    let ours = |header: &Value, claims: &Value| sign(header, claims, |message| key.sign(message).to_bytes().to_vec());
    let stranger = SigningKey::from_bytes(&[9; 32]);
    let theirs = |header: &Value| sign(header, &claims, |message| stranger.sign(message).to_bytes().to_vec());
    let (iat, exp) = (
        claims["iat"].as_i64().expect("iat"),
        claims["exp"].as_i64().expect("exp"),
    );
    let (head, rest) = good.split_once('.').expect("three parts");
    let (body, signature) = rest.split_once('.').expect("three parts");
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |what: &str, token: String| all.push((what.to_owned(), token));

    // The algorithm
    for name in ["none", "None", "NONE", "nOnE", ""] {
        let header = with(&header, "alg", json!(name));
        add(
            &format!("alg {name:?}, no signature"),
            sign(&header, &claims, |_| Vec::new()),
        );
        add(&format!("alg {name:?}, our signature"), ours(&header, &claims));
    }
    for name in [
        "eddsa", "EDDSA", "EdDSA ", "Ed25519", "HS256", "ES256", "RS256", "PS512",
    ] {
        add(
            &format!("alg {name:?}, our signature"),
            ours(&with(&header, "alg", json!(name)), &claims),
        );
    }
    add("no alg", ours(&without(&header, "alg"), &claims));
    add("alg a list", ours(&with(&header, "alg", json!(["EdDSA"])), &claims));
    let hs256 = with(&header, "alg", json!("HS256"));
    for (what, secret) in spellings(&key.verifying_key().to_bytes()) {
        add(
            &format!("HS256 with {what}"),
            sign(&hs256, &claims, |message| mac(&secret, message)),
        );
        add(
            &format!("EdDSA, but a MAC with {what}"),
            sign(&header, &claims, |message| mac(&secret, message)),
        );
    }
    add(
        "HS256 with an empty secret",
        sign(&hs256, &claims, |message| mac(b"", message)),
    );

    // The key
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": encode(stranger.verifying_key().to_bytes())});
    let own = json!({"kty": "OKP", "crv": "Ed25519", "x": encode(key.verifying_key().to_bytes())});
    add("another key under the same kid", theirs(&header));
    for (name, value) in [
        ("jwk", jwk.clone()),
        ("jku", json!("https://example.org/jwks.json")),
        ("x5u", json!("https://example.org/cert.pem")),
        ("x5c", json!(["AAAA"])),
    ] {
        add(
            &format!("another key that {name} brings along"),
            theirs(&with(&header, name, value)),
        );
    }
    for kid in [
        json!("other"),
        json!(""),
        json!(null),
        json!(7),
        json!([header["kid"]]),
        json!("../../../dev/null"),
        json!("/dev/null"),
        json!("file:///dev/null"),
        json!("' OR '1'='1"),
        json!("x' UNION SELECT 'AAAA"),
        json!("%"),
        json!("\u{0}"),
        json!(format!("{}\u{0}", header["kid"].as_str().expect("a kid"))),
        json!(header["kid"].as_str().expect("a kid").to_lowercase()),
        json!(format!(" {}", header["kid"].as_str().expect("a kid"))),
        json!("k".repeat(300)),
    ] {
        let header = with(&header, "kid", kid.clone());
        add(&format!("kid {kid}, our signature"), ours(&header, &claims));
        add(
            &format!("kid {kid}, no signature"),
            sign(&header, &claims, |_| Vec::new()),
        );
        add(
            &format!("kid {kid}, a MAC with nothing"),
            sign(&header, &claims, |message| mac(b"", message)),
        );
    }
    add("no kid", ours(&without(&header, "kid"), &claims));

    // What else a header may say, even with our own signature
    for (name, value) in [
        ("jwk", own),
        ("jku", json!("https://api.example.org/.well-known/jwks.json")),
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("zip", json!("DEF")),
        ("cty", json!("JWT")),
        ("enc", json!("A128GCM")),
        ("anything", json!(1)),
    ] {
        add(
            &format!("a header with {name} {value}"),
            ours(&with(&header, name, value), &claims),
        );
    }
    for typ in [
        json!("JWT"),
        json!("at+JWT"),
        json!("application/at+jwt"),
        json!("refresh"),
        json!(null),
        json!(1),
    ] {
        add(&format!("typ {typ}"), ours(&with(&header, "typ", typ.clone()), &claims));
    }
    add("no typ", ours(&without(&header, "typ"), &claims));
    let twice = header.to_string().replacen('{', "{\"alg\":\"none\",", 1);
    let message = format!("{}.{body}", encode(twice));
    add(
        "alg given twice",
        format!("{message}.{}", encode(key.sign(message.as_bytes()).to_bytes())),
    );
    for not_a_header in ["", "{}", "[]", "null", "{\"alg\":"] {
        add(
            &format!("a header that is {not_a_header:?}"),
            format!("{}.{body}.{signature}", encode(not_a_header)),
        );
    }

    // The claims
    for (what, claims) in [
        ("another issuer", with(&claims, "iss", json!("https://example.org"))),
        ("an issuer in other case", with(&claims, "iss", json!("Palabre"))),
        ("no issuer", without(&claims, "iss")),
        ("another audience", with(&claims, "aud", json!("other"))),
        ("several audiences", with(&claims, "aud", json!(["palabre", "other"]))),
        ("no audience", without(&claims, "aud")),
        ("expired", with(&claims, "exp", json!(iat))),
        ("expired long ago", with(&claims, "exp", json!(-1))),
        ("no expiry", without(&claims, "exp")),
        ("an expiry that is a text", with(&claims, "exp", json!("4102444800"))),
        ("an expiry beyond all time", with(&claims, "exp", json!(1e300))),
        ("issued in an hour", with(&claims, "iat", json!(iat + 3600))),
        (
            "not valid before an hour from now",
            with(&claims, "nbf", json!(iat + 3600)),
        ),
        ("not valid before a text", with(&claims, "nbf", json!("now"))),
        (
            "a sign-in that is not",
            with(&claims, "sid", json!("01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e")),
        ),
        ("a sign-in that is no UUID", with(&claims, "sid", json!("' OR '1'='1"))),
        ("no sign-in", without(&claims, "sid")),
        ("no subject", without(&claims, "sub")),
        ("claims that are a list", json!([claims])),
        ("oversized", with(&claims, "more", json!("x".repeat(1024)))),
    ] {
        add(what, ours(&header, &claims));
    }

    // The form
    let mut flipped = decode(signature);
    flipped[0] ^= 1;
    add("a flipped signature", format!("{head}.{body}.{}", encode(flipped)));
    add("a signature cut short", format!("{head}.{body}.{}", &signature[..84]));
    add("a signature of zeros", format!("{head}.{body}.{}", encode([0; 64])));
    add("a signature with padding", format!("{good}=="));
    add("no signature", format!("{head}.{body}."));
    add("two parts", format!("{head}.{body}"));
    add("four parts", format!("{good}.{signature}"));
    add("an empty header", format!(".{body}.{signature}"));
    add(
        "other claims under the signature",
        format!(
            "{head}.{}.{signature}",
            encode(with(&claims, "exp", json!(exp + 1)).to_string())
        ),
    );
    add("its first half", good[..good.len() / 2].to_owned());
    add("without its last character", good[..good.len() - 1].to_owned());
    add("whitespace in it", format!("{head}. {body}.{signature}"));
    add("a tab in it", format!("{head}.\t{body}.{signature}"));
    add("a tab before it", format!("\t{good}"));
    add("two tokens", format!("{good} {good}"));
    add("two tokens with a comma", format!("{good}, {good}"));
    add("quoted", format!("\"{good}\""));
    add("nothing", String::new());
    add("something", "…".into());
    add("a hundred kilobytes of dots", ".".repeat(50_000));
    all
}

both! {
    async fn only_the_servers_own_access_tokens_open_a_door(world: World) {
        let good = world.tokens("mariama@example.org").await.text_of("access_token");
        let (header, claims) = parts(&good);
        assert_eq!(header["alg"], "EdDSA");
        assert_eq!(header["typ"], "at+jwt");
        assert!(claims["exp"].as_i64() <= claims["iat"].as_i64().map(|iat| iat + 900));
        let key = servers_key(&world).await;
        let who_am_i = || world.request(reqwest::Method::GET, "/v1/me");
        let bearer = |token: &str| who_am_i().header("authorization", &format!("Bearer {token}"));

        // What is taken: the server's own word, to the letter, so that the refusals below mean something.
        let signed = sign(&header, &claims, |message| key.sign(message).to_bytes().to_vec());
        assert_eq!(signed.split('.').count(), 3);
        bearer(&signed).await.expect(200);
        let before = with(&claims, "nbf", claims["iat"].clone());
        bearer(&sign(&header, &before, |message| key.sign(message).to_bytes().to_vec())).await.expect(200);

        let table = crafted(&good, &key);
        assert!(table.len() > 130, "only {}", table.len());
        // Each twice: whatever was remembered of the first try changes nothing.
        for (what, token) in table.iter().chain(&table) {
            let answer = bearer(token).await;
            assert_eq!(
                (answer.status, &answer["code"]),
                (401, &json!("sign_in_required")),
                "{what}: {answer}"
            );
        }
        for scheme in [
            format!("Basic {good}"),
            good.clone(),
            format!("Bearer{good}"),
            format!("Bearer\t{good}"),
            "Bearer".into(),
        ] {
            who_am_i().header("authorization", &scheme).await.problem(401, "sign_in_required");
        }
        let twice = who_am_i().header("authorization", &format!("Bearer {good}"));
        twice.header("authorization", &format!("Bearer {good}")).await.problem(401, "sign_in_required");
        // RFC 9110 §11.4 allows more than one space.
        who_am_i().header("authorization", &format!("bearer  {good}")).await.expect(200);
        // A bad token is refused where none would be needed, too: its owner believes to be signed in.
        let workshop = world.workshop().public().published().await;
        world.anonymous().get(&workshop.path).await.expect(200);
        world
            .bearer("bad")
            .get(&workshop.path)
            .await
            .problem(401, "sign_in_required");
    }

    async fn anyone_can_check_a_token_with_the_published_keys(world: World) {
        let token = world.tokens("mariama@example.org").await.text_of("access_token");
        let (header, _) = parts(&token);
        let keys = world.anonymous().get("/.well-known/jwks.json").await.expect(200).json();
        let keys = keys["keys"].as_array().expect("keys");
        let key = keys
            .iter()
            .find(|key| key["kid"] == header["kid"])
            .expect("the token's key");
        assert_eq!(
            (&key["kty"], &key["crv"], &key["alg"], key.get("d")),
            (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA"), None)
        );
        let public: [u8; 32] = decode(key["x"].as_str().expect("x")).try_into().expect("32 bytes");
        let (message, signature) = token.rsplit_once('.').expect("a signature");
        let signature: [u8; 64] = decode(signature).try_into().expect("64 bytes");
        ed25519_dalek::VerifyingKey::from_bytes(&public)
            .expect("a key")
            .verify_strict(message.as_bytes(), &signature.into())
            .expect("a good signature");
    }

    async fn a_new_key_signs_nobody_out(world: World) {
        let other = world.another_server().await;
        let published = async |server: &Server| {
            let keys = world.anonymous().at(server).get("/.well-known/jwks.json").await.expect(200).json();
            keys["keys"].as_array().expect("keys").iter().map(|key| key["kid"].clone()).collect::<Vec<_>>()
        };
        let before = world.tokens("mariama@example.org").await;
        let old_kid = parts(&before.text_of("access_token")).0["kid"].clone();
        rotate(&world, false).await;

        // Whoever came before stays, on every server; whoever comes now is known on every server.
        let now = world.tokens("binta@example.org").await;
        let new_kid = parts(&now.text_of("access_token")).0["kid"].clone();
        assert_ne!(old_kid, new_kid);
        for tokens in [&before, &now] {
            let person = world.bearer(&tokens.text_of("access_token"));
            for server in [world.server(), &other] {
                person.at(server).get("/v1/me").await.expect(200);
            }
        }
        for server in [world.server(), &other] {
            assert_eq!(published(server).await, [old_kid.clone(), new_kid.clone()]);
        }
        // A server that has not heard of it signs with the new key as well.
        let anonymous = world.anonymous().at(&other);
        let refresh = json!({"grant_type": "refresh_token", "refresh_token": before["refresh_token"]});
        let refreshed = anonymous.post("/v1/auth/tokens", refresh).await.expect(200);
        assert_eq!(parts(&refreshed.text_of("access_token")).0["kid"], new_kid);
        // The private half of the old one is gone.
        let sql = world.sql().await;
        let sealed = "SELECT kid FROM signing_key WHERE purpose = 'token' AND sealed IS NOT NULL";
        assert_eq!(sql.texts(sealed).await, [new_kid.as_str().expect("a kid")]);
        // Once its last token can have expired, so is the rest.
        world.clock().advance(DAY + 3 * MINUTE);
        assert_eq!(published(&other).await, std::slice::from_ref(&new_kid));
        world.sweep().await;
        assert_eq!(sql.number("SELECT count(*) FROM signing_key WHERE purpose = 'token'").await, 1);
        let refresh = json!({"grant_type": "refresh_token", "refresh_token": refreshed["refresh_token"]});
        let refreshed = anonymous.post("/v1/auth/tokens", refresh).await.expect(200);
        world.bearer(&refreshed.text_of("access_token")).get("/v1/me").await.expect(200);
        other.stop().await;
    }

    async fn the_tokens_of_a_retired_key_end_with_it(world: World) {
        // Longer than any real token lives: only its key ends it.
        let mariama = world.person("mariama@example.org").await;
        rotate(&world, false).await;
        world.clock().advance(DAY);
        mariama.get("/v1/me").await.expect(200);
        world.clock().advance(3 * MINUTE);
        mariama.get("/v1/me").await.problem(401, "sign_in_required");
    }

    async fn a_key_that_was_stolen_is_refused_within_a_minute_and_people_refresh(world: World) {
        let other = world.another_server().await;
        let mariama = world.tokens("mariama@example.org").await;
        let person = world.bearer(&mariama.text_of("access_token"));
        person.get("/v1/me").await.expect(200);
        person.at(&other).get("/v1/me").await.expect(200);
        // Two keys ago is as stolen as the last.
        rotate(&world, false).await;
        let binta = world.sign_in("binta@example.org").await;
        rotate(&world, true).await;
        world.clock().advance(MINUTE);
        for server in [world.server(), &other] {
            person.at(server).get("/v1/me").await.problem(401, "sign_in_required");
            binta.at(server).get("/v1/me").await.problem(401, "sign_in_required");
        }
        let refresh = json!({"grant_type": "refresh_token", "refresh_token": mariama["refresh_token"]});
        let refreshed = world.anonymous().post("/v1/auth/tokens", refresh).await.expect(200);
        world.bearer(&refreshed.text_of("access_token")).at(&other).get("/v1/me").await.expect(200);
        assert_eq!(world.sql().await.number("SELECT count(*) FROM signing_key WHERE purpose = 'token'").await, 1);
        other.stop().await;
    }

    async fn whoever_comes_while_the_key_changes_gets_in(world: World) {
        let other = world.another_server().await;
        let mut codes = Vec::new();
        for number in 0..12 {
            let email = format!("guest.{number}@example.org");
            codes.push((email.clone(), world.code(&email).await));
        }
        let mut arriving = tokio::task::JoinSet::new();
        for (number, (email, code)) in codes.into_iter().enumerate() {
            let person = if number % 2 == 0 { world.anonymous() } else { world.anonymous().at(&other) };
            let body = json!({"grant_type": "email_code", "email": email, "code": code});
            arriving.spawn(async move { person.post("/v1/auth/tokens", body).await.expect(200).text_of("access_token") });
        }
        for _ in 0..3 {
            rotate(&world, false).await;
        }
        for token in arriving.join_all().await {
            for server in [world.server(), &other] {
                world.bearer(&token).at(server).get("/v1/me").await.expect(200);
            }
        }
        other.stop().await;
    }

    async fn keys_nobody_has_do_not_keep_a_new_one_from_being_found(world: World) {
        let other = world.another_server().await;
        let good = world.tokens("mariama@example.org").await.text_of("access_token");
        let (header, claims) = parts(&good);
        let unknown = async |number: i32| {
            let header = with(&header, "kid", json!(format!("kid.{number}")));
            let token = sign(&header, &claims, |_| vec![0; 64]);
            world.bearer(&token).at(&other).get("/v1/me").await.problem(401, "sign_in_required");
        };
        for number in 0..50 {
            unknown(number).await;
        }
        rotate(&world, false).await;
        let binta = world.sign_in("binta@example.org").await;
        world.clock().advance(SECOND);
        binta.at(&other).get("/v1/me").await.expect(200);
        other.stop().await;
    }

    async fn servers_that_start_at_once_agree_on_the_key(world: World) {
        let (one, two) = tokio::join!(world.another_server(), world.another_server());
        let mariama = world.sign_in("mariama@example.org").await;
        for server in [&one, &two] {
            mariama.at(server).get("/v1/me").await.expect(200);
        }
        for purpose in ["token", "manifest"] {
            let keys = format!("SELECT count(*) FROM signing_key WHERE purpose = '{purpose}'");
            assert_eq!(world.sql().await.number(&keys).await, 1, "{purpose}");
        }
        one.stop().await;
        two.stop().await;
    }
}
