//! Consent: the instance's text in numbered versions, and who has consented to which.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{HOUR, Person, World, both};

const FRENCH: &str = "Nous gardons votre nom et votre adresse pour vous inviter.\n";
const ENGLISH: &str = "We keep your name and address to invite you.\n";

fn sha256(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn shown(number: u32, language: &str, text: &str) -> Value {
    json!({"number": number, "language": language, "sha256": sha256(text)})
}

async fn patched(person: &Person, body: Value) -> crate::support::Answer {
    let me = person.get("/v1/me").await.expect(200);
    person.patch("/v1/me", &me.etag(), body).await
}

both! {
    async fn a_consent_is_to_the_version_and_the_words_that_were_shown(world: World) {
        let administrator = world.administrator().await;
        let mariama = world.person("mariama@example.org").await;
        // Without a text there is nothing to consent to.
        let me = mariama.get("/v1/me").await.expect(200);
        assert_eq!((&me["consent"], &me["current_consent_text"]), (&Value::Null, &Value::Null));
        assert_eq!(world.anonymous().list("/v1/consent-texts").await, Vec::<Value>::new());
        patched(&mariama, json!({"consent": shown(1, "fr", FRENCH)})).await.problem(422, "invalid")
            .faults(&[("/consent/number", "unknown_consent_text")]);

        let given = administrator.post("/v1/consent-texts", json!({"fr": FRENCH, "en": ENGLISH})).await.expect(201);
        assert_eq!((&given["number"], &given["fr"]["sha256"], &given["en"]["text"]), (&json!(1), &json!(sha256(FRENCH)), &json!(ENGLISH)));
        administrator.post("/v1/consent-texts", json!({"fr": FRENCH, "en": ENGLISH})).await.expect(200);
        administrator.post("/v1/consent-texts", json!({})).await.problem(422, "invalid");
        let read = world.anonymous().get("/v1/consent-texts/1").await.expect(200);
        assert_eq!(read["fr"]["text"], FRENCH);
        world.anonymous().get("/v1/consent-texts/2").await.problem(404, "not_found");

        // Another text than that of the version was shown: refused, and nothing is recorded.
        patched(&mariama, json!({"consent": shown(1, "fr", ENGLISH)})).await.problem(422, "invalid")
            .faults(&[("/consent/sha256", "another_text")]);
        assert_eq!(mariama.get("/v1/me").await.expect(200)["consent"], Value::Null);
        let consented = patched(&mariama, json!({"consent": shown(1, "fr", FRENCH)})).await.expect(200);
        assert_eq!((&consented["consent"]["number"], &consented["consent"]["language"]), (&json!(1), &json!("fr")));
        assert_eq!((&consented["consent"]["sha256"], &consented["current_consent_text"]), (&json!(sha256(FRENCH)), &json!(1)));
        let given_at = consented["consent"]["given_at"].clone();

        // It stands through other changes, and when it is said again.
        world.clock().advance(HOUR);
        patched(&mariama, json!({"name": "Mariama"})).await.expect(200);
        let again = patched(&mariama, json!({"consent": shown(1, "fr", FRENCH)})).await.expect(200);
        assert_eq!(again["consent"]["given_at"], given_at);

        // A new version asks anew, on the first screen too; the old consent is what it was.
        let workshop = world.workshop().published().await;
        workshop.register("participant", "mariama@example.org").await.expect(201);
        let wanted = async || mariama.get(&workshop.path("me")).await.expect(200)["consent_wanted"].clone();
        assert_eq!(wanted().await, Value::Null);
        administrator.post("/v1/consent-texts", json!({"fr": "Un autre texte."})).await.expect(201);
        let me = mariama.get("/v1/me").await.expect(200);
        assert_eq!((&me["consent"]["number"], &me["current_consent_text"]), (&json!(1), &json!(2)));
        assert_eq!(wanted().await, 2);
        patched(&mariama, json!({"name": "Mariama Diallo"})).await.expect(200);
        patched(&mariama, json!({"consent": shown(1, "en", ENGLISH)})).await.problem(422, "invalid")
            .faults(&[("/consent/number", "superseded_consent_text")]);
        patched(&mariama, json!({"consent": shown(2, "en", ENGLISH)})).await.problem(422, "invalid")
            .faults(&[("/consent/number", "unknown_consent_text")]);
        patched(&mariama, json!({"consent": shown(2, "fr", "Un autre texte.")})).await.expect(200);
        assert_eq!(wanted().await, Value::Null);
        let withdrawn = patched(&mariama, json!({"consent": null})).await.expect(200);
        assert_eq!(withdrawn["consent"], Value::Null);
        assert_eq!(wanted().await, 2);

        let export = mariama.get("/v1/me/export").await.expect(200);
        let consents = export["consents"].as_array().expect("a list");
        assert_eq!(consents.len(), 2);
        assert_eq!((&consents[0]["number"], &consents[0]["sha256"]), (&json!(1), &json!(sha256(FRENCH))));
        assert!(consents.iter().all(|consent| consent["withdrawn_at"].is_string()), "{consents:?}");
        let acts: Vec<_> = export["acts"].as_array().expect("a list").iter().map(|act| act["act"].clone()).collect();
        assert_eq!(acts, ["consent", "consent", "withdraw_consent"]);
    }

    async fn the_database_keeps_texts_and_consents_as_they_were(world: World) {
        let administrator = world.administrator().await;
        administrator.post("/v1/consent-texts", json!({"fr": FRENCH})).await.expect(201);
        patched(&administrator, json!({"consent": shown(1, "fr", FRENCH)})).await.expect(200);
        let sql = world.sql().await;
        for (statement, rule) in [
            ("UPDATE consent_text SET text = 'Autre'", "consent_text_is_final"),
            ("DELETE FROM consent_text", "consent_text_is_final"),
            ("UPDATE consent SET given_at = given_at - 1", "consent_is_only_withdrawn"),
        ] {
            let words = sql.refused(statement).await;
            assert!(words.contains(rule), "{statement}: {words}");
        }
        // Erased, nobody has consented to anything; the journal still says that someone did.
        patched(&administrator, json!({"name": ""})).await.expect(200);
        administrator.delete("/v1/me").await.expect(204);
        assert_eq!(sql.number("SELECT count(*) FROM consent").await, 0);
        assert_eq!(sql.number("SELECT count(*) FROM journal WHERE act = 'consent'").await, 1);
    }
}
