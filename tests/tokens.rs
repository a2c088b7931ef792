//! Access tokens that somebody else made, or that the server's own key signed for something else.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{World, both};

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
    let kid = sql
        .texts("SELECT kid FROM signing_key WHERE purpose = 'token'")
        .await
        .remove(0);
    let sealed = sql
        .bytes("SELECT sealed FROM signing_key WHERE purpose = 'token'")
        .await;
    let seed = world
        .secret()
        .derive("palabre/signing-keys/v1")
        .open(kid.as_bytes(), &sealed)
        .expect("the key opens");
    SigningKey::from_bytes(&seed.try_into().expect("32 bytes"))
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

both! {
    async fn only_the_servers_own_access_tokens_open_a_door(world: World) {
        let good = world.tokens("mariama@example.org").await.text_of("access_token");
        let (header, claims) = parts(&good);
        assert_eq!(header["alg"], "EdDSA");
        assert_eq!(header["typ"], "at+jwt");
        assert!(claims["exp"].as_i64() <= claims["iat"].as_i64().map(|iat| iat + 900));
        let key = servers_key(&world).await;
        let ours =
            |header: &Value, claims: &Value| sign(header, claims, |message| key.sign(message).to_bytes().to_vec());
        let (iat, exp) = (
            claims["iat"].as_i64().expect("iat"),
            claims["exp"].as_i64().expect("exp"),
        );

        // What is taken: the server's own word, to the letter, so that the refusals below mean something.
        world.bearer(&ours(&header, &claims)).get("/v1/me").await.expect(200);

        let public = key.verifying_key();
        let mac = |secret: &[u8], message: &[u8]| {
            let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key");
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        };
        let hs256 = with(&header, "alg", json!("HS256"));
        let none = |name: &str| sign(&with(&header, "alg", json!(name)), &claims, |_| Vec::new());
        let stranger = SigningKey::from_bytes(&[9; 32]);
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": encode(stranger.verifying_key().to_bytes())});
        let theirs = |header: &Value| sign(header, &claims, |message| stranger.sign(message).to_bytes().to_vec());
        let (head, rest) = good.split_once('.').expect("three parts");
        let (body, signature) = rest.split_once('.').expect("three parts");
        let mut flipped = decode(signature);
        flipped[0] ^= 1;
        let unknown = json!("01741a3e-8b00-7c1f-9d5e-3f6a2b1c0d4e");

        let refused = [
            ("alg none", none("none")),
            ("alg None", none("None")),
            ("no alg", sign(&without(&header, "alg"), &claims, |_| Vec::new())),
            (
                "HS256 with the public key",
                sign(&hs256, &claims, |message| mac(public.as_bytes(), message)),
            ),
            (
                "HS256 with the public key as text",
                sign(&hs256, &claims, |message| {
                    mac(encode(public.to_bytes()).as_bytes(), message)
                }),
            ),
            ("another key under the same kid", theirs(&header)),
            (
                "another key that the token brings along",
                theirs(&with(&header, "jwk", jwk)),
            ),
            ("no signature", format!("{head}.{body}.")),
            ("two parts", format!("{head}.{body}")),
            ("four parts", format!("{good}.{signature}")),
            ("a flipped signature", format!("{head}.{body}.{}", encode(flipped))),
            (
                "other claims under the signature",
                format!(
                    "{head}.{}.{signature}",
                    encode(with(&claims, "exp", json!(exp + 1)).to_string())
                ),
            ),
            ("another kid", ours(&with(&header, "kid", json!("other")), &claims)),
            ("no kid", ours(&without(&header, "kid"), &claims)),
            ("typ JWT", ours(&with(&header, "typ", json!("JWT")), &claims)),
            ("no typ", ours(&without(&header, "typ"), &claims)),
            (
                "another issuer",
                ours(&header, &with(&claims, "iss", json!("https://example.org"))),
            ),
            ("no issuer", ours(&header, &without(&claims, "iss"))),
            ("another audience", ours(&header, &with(&claims, "aud", json!("other")))),
            ("no audience", ours(&header, &without(&claims, "aud"))),
            ("expired", ours(&header, &with(&claims, "exp", json!(iat)))),
            ("no expiry", ours(&header, &without(&claims, "exp"))),
            (
                "an expiry that is a text",
                ours(&header, &with(&claims, "exp", json!("4102444800"))),
            ),
            (
                "issued in an hour",
                ours(&header, &with(&claims, "iat", json!(iat + 3600))),
            ),
            ("a sign-in that is not", ours(&header, &with(&claims, "sid", unknown))),
            ("no sign-in", ours(&header, &without(&claims, "sid"))),
            ("nothing", String::new()),
            ("something", "…".into()),
        ];
        for (what, token) in &refused {
            let answer = world
                .request(reqwest::Method::GET, "/v1/me")
                .header("authorization", &format!("Bearer {token}"))
                .await;
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
            format!("Bearer {good} {good}"),
        ] {
            world
                .request(reqwest::Method::GET, "/v1/me")
                .header("authorization", &scheme)
                .await
                .problem(401, "sign_in_required");
        }
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
