//! Wrong requests to every resource: each gets a clear problem with a pointer, in French and
//! English, and changes nothing.

use serde_json::{Value, json};

use crate::support::{Workshop, World, both};
use crate::voting::plurality;

/// A workshop with one of each thing that bodies can refer to.
struct Place {
    workshop: Workshop,
    registration: Value,
    organisation: Value,
    session: String,
    coalition: Value,
    group: String,
    ballot: String,
    candidate: String,
}

impl Place {
    async fn new(world: &World) -> Self {
        let workshop = world.workshop().published().await;
        let organiser = &workshop.organiser;
        let made = async |path: &str, body: Value| organiser.post(path, body).await.expect(201);
        let registration = workshop
            .register("participant", "someone@example.org")
            .await
            .expect(201);
        let organisation = made(
            &workshop.path("organisations"),
            json!({"name": "Incubateur", "category": "incubator"}),
        )
        .await;
        let session =
            json!({"title": "Séance", "starts_at": "2020-08-27T09:00:00Z", "ends_at": "2020-08-27T10:00:00Z"});
        let session = made(&workshop.path("sessions"), session).await.id();
        let coalition = made(
            &workshop.path("coalitions"),
            json!({"name": "Coalition", "mission": "Ensemble."}),
        )
        .await;
        made(
            &format!("/v1/coalitions/{}/charters", coalition.id()),
            json!({"text": "Charte"}),
        )
        .await;
        let group = made(
            &format!("/v1/coalitions/{}/working-groups", coalition.id()),
            json!({"name": "Groupe", "capacity": 3}),
        )
        .await;
        let ballot = made(&workshop.path("ballots"), plurality()).await.id();
        let candidate = made(&format!("/v1/ballots/{ballot}/candidates"), json!({"name": "Arbre"}))
            .await
            .id();
        Self {
            registration: registration["id"].clone(),
            organisation: organisation["id"].clone(),
            session: format!("/v1/sessions/{session}"),
            coalition: coalition["id"].clone(),
            group: format!("/v1/working-groups/{}", group.id()),
            ballot: format!("/v1/ballots/{ballot}"),
            candidate: format!("/v1/candidates/{candidate}"),
            workshop,
        }
    }

    fn coalition(&self, rest: &str) -> String {
        format!("/v1/coalitions/{}/{rest}", self.coalition.as_str().expect("an id"))
    }

    /// Everything that a wrong request could have changed.
    async fn everything(&self) -> Vec<Value> {
        let mut all = Vec::new();
        for list in [
            "organisations",
            "registrations",
            "sessions",
            "coalitions",
            "ballots",
            "attendance",
            "journal",
        ] {
            all.extend(self.workshop.organiser.list(&self.workshop.path(list)).await);
        }
        for list in [
            self.coalition("charters"),
            self.coalition("pledges"),
            self.coalition("working-groups"),
            format!("{}/commitments", self.group),
        ] {
            all.extend(self.workshop.organiser.list(&list).await);
        }
        all
    }
}

both! {
    async fn what_is_wrong_is_named_and_changes_nothing(world: World) {
        world.clock().set("2020-09-01T00:00:00Z");
        let place = Place::new(&world).await;
        let before = place.everything().await;
        let organiser = &place.workshop.organiser;
        let at = |rest: &str| place.workshop.path(rest);
        let long = "x".repeat(501);
        for (path, body, pointer, code) in [
            (at("organisations"), json!({"name": "", "category": "company"}), "/name", "too_short"),
            (at("organisations"), json!({"name": "A\u{7}", "category": "company"}), "/name", "control_characters"),
            (at("organisations"), json!({"name": "A", "category": "circus"}), "/category", "unknown_value"),
            (at("organisations"), json!({"name": "A"}), "/category", "required"),
            (at("sessions"), json!({"title": "A", "starts_at": "2020-08-27T10:00:00Z", "ends_at": "2020-08-27T09:00:00Z"}), "/ends_at", "ends_before_start"),
            (at("sessions"), json!({"title": "A", "starts_at": "2020-08-27", "ends_at": "2020-08-27T09:00:00Z"}), "/starts_at", "not_an_instant"),
            (at("sessions"), json!({"title": "A", "starts_at": "2020-02-30T10:00:00Z", "ends_at": "2020-08-27T09:00:00Z"}), "/starts_at", "not_an_instant"),
            (at("sessions"), json!({"title": "A", "starts_at": "2020-08-28T23:00:00Z", "ends_at": "2020-08-29T00:00:01Z"}), "/ends_at", "outside_workshop"),
            (at("sessions"), json!({"title": "A", "starts_at": "2020-08-27T09:00:00Z", "ends_at": "2020-08-27T10:00:00Z", "speakers": ["\u{1}"]}), "/speakers/0", "control_characters"),
            (at("sessions"), json!({"title": "A", "starts_at": "2020-08-27T09:00:00Z", "ends_at": "2020-08-27T10:00:00Z", "join_url": "javascript:alert(1)"}), "/join_url", "not_a_url"),
            (at("registrations"), json!({"email": "no address", "name": "A"}), "/email", "invalid_email"),
            (at("registrations"), json!({"email": "a\u{200b}@example.org", "name": "A"}), "/email", "email_hidden_characters"),
            (at("registrations"), json!({"email": "a@example.org", "name": "A", "role": "king"}), "/role", "unknown_value"),
            (at("registrations"), json!({"email": "a@example.org", "name": "A", "delegate": true}), "/delegate", "delegate_needs_organisation"),
            (at("registrations"), json!({"email": "a@example.org", "name": 7}), "/name", "wrong_type"),
            (format!("{}/attendance", place.session), json!({"registration_id": place.registration, "joined_at": "2020-08-27T09:30:00Z", "left_at": "2020-08-27T09:20:00Z"}), "/left_at", "ends_before_start"),
            (format!("{}/attendance", place.session), json!({"registration_id": "x", "joined_at": "2020-08-27T09:30:00Z", "left_at": "2020-08-27T09:40:00Z"}), "/registration_id", "not_a_uuid"),
            (at("coalitions"), json!({"name": long, "mission": ""}), "/name", "too_long"),
            (place.coalition("charters"), json!({"text": "A\u{0}"}), "/text", "control_characters"),
            (place.coalition("pledges"), json!({"charter": "one"}), "/charter", "wrong_type"),
            (place.coalition("pledges"), json!({"charter": 2}), "/charter", "unknown_charter"),
            (place.coalition("working-groups"), json!({"name": "A", "capacity": 0}), "/capacity", "too_small"),
            (format!("{}/commitments", place.group), json!({"wait": true}), "/wait", "unknown_field"),
            (at("ballots"), json!({"question": long, "method": "approval"}), "/question", "too_long"),
            (at("ballots"), json!({"question": "A", "method": "lottery"}), "/method", "unknown_value"),
            (at("ballots"), json!({"question": "A", "method": "approval", "eligibility": {"min_sessions": -1}}), "/eligibility/min_sessions", "wrong_type"),
            (at("ballots"), json!({"question": "A", "method": "approval", "opens_at": "2030-01-02T00:00:00Z", "closes_at": "2030-01-01T00:00:00Z"}), "/closes_at", "ends_before_start"),
            (format!("{}/candidates", place.ballot), json!({"name": "   "}), "/name", "blank"),
        ] {
            for language in ["fr", "en"] {
                let answer = organiser.post(&path, body.clone()).header("accept-language", language).await.problem(422, "invalid").faults(&[(pointer, code)]);
                assert_eq!(answer.header("content-language"), language);
            }
        }
        assert_eq!(place.everything().await, before);
    }

    async fn identifiers_of_another_workshop_are_unknown_in_this_one(world: World) {
        world.clock().set("2020-09-01T00:00:00Z");
        let (here, there) = (Place::new(&world).await, Place::new(&world).await);
        let (before_here, before_there) = (here.everything().await, there.everything().await);
        let organiser = &here.workshop.organiser;
        let at = |rest: &str| here.workshop.path(rest);
        for (path, body, pointer) in [
            (at("registrations"), json!({"email": "a@example.org", "name": "A", "organisation_id": there.organisation}), "/organisation_id"),
            (format!("{}/attendance", here.session), json!({"registration_id": there.registration, "joined_at": "2020-08-27T09:00:00Z", "left_at": "2020-08-27T09:30:00Z"}), "/registration_id"),
            (here.coalition("pledges"), json!({"charter": 1, "on_behalf_of": there.organisation}), "/on_behalf_of"),
            (here.coalition("working-groups"), json!({"name": "A", "leads": [there.registration]}), "/leads/0"),
            (at("ballots"), json!({"question": "A", "method": "approval", "eligibility": {"adhered": there.coalition}}), "/eligibility/adhered"),
            (at("ballots"), json!({"question": "A", "method": "approval", "eligibility": {"registration_ids": [there.registration]}}), "/eligibility/registration_ids/0"),
        ] {
            organiser.post(&path, body).await.problem(422, "invalid").faults(&[(pointer, "not_of_this_workshop")]);
        }
        // Someone of there only, before things of here.
        let stranger = there.workshop.member("organiser", "elsewhere@example.org").await;
        for path in [at("sessions"), here.session.clone(), here.group.clone(), here.ballot.clone(), here.candidate.clone(), here.coalition("pledges")] {
            stranger.get(&path).await.problem(404, "not_found");
        }
        stranger.act(&format!("{}/open", here.ballot)).await.problem(404, "not_found");
        assert_eq!(here.everything().await, before_here);
        assert_eq!(there.everything().await.len(), before_there.len() + 3, "the stranger's registration, line of attendance and line of the journal");
    }

    /// Every operation that takes JSON, with each field in turn made something it is not.
    async fn no_field_of_any_body_can_upset_the_server(world: World) {
        let place = Place::new(&world).await;
        let organiser = &place.workshop.organiser;
        let id = |path: &str| path.rsplit('/').next().expect("an id").to_owned();
        let ids = [
            ("workshop_id", place.workshop.id.clone()), ("session_id", id(&place.session)), ("ballot_id", id(&place.ballot)),
            ("candidate_id", id(&place.candidate)), ("working_group_id", id(&place.group)),
            ("coalition_id", place.coalition.as_str().expect("an id").to_owned()),
            ("organisation_id", place.organisation.as_str().expect("an id").to_owned()),
            ("registration_id", place.registration.as_str().expect("an id").to_owned()),
        ];
        let nonsense = [
            json!(null), json!(true), json!(-1), json!(1e300), json!("\u{0}"), json!("é".repeat(20_000)), json!("2020-13-45T99:99:99Z"),
            json!([]), json!([[[]]]), json!({"a": {"b": 1}}), json!(i64::MAX), json!("\u{202e}abc"), json!("' OR 1=1 --"),
        ];
        let mut tried = 0;
        for operation in crate::support::operations() {
            let body = &operation.value["requestBody"]["content"]["application/json"];
            let Some(example) = body["example"].as_object() else { continue };
            let path = ids.iter().fold(operation.path.clone(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id));
            if path.contains('{') || path.ends_with("/cancel") || path.starts_with("/v1/auth") {
                continue;
            }
            for field in example.keys() {
                for value in &nonsense {
                    let mut wrong = if operation.method == reqwest::Method::PATCH { serde_json::Map::new() } else { example.clone() };
                    wrong.insert(field.clone(), value.clone());
                    let answer = organiser.request(operation.method.clone(), &path).header("if-match", "*").json(&Value::Object(wrong)).await;
                    assert!(answer.status < 500, "{field} = {value}: {answer}");
                    tried += 1;
                }
            }
        }
        assert!(tried > 500, "{tried} requests");
    }
}
