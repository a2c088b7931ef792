//! A workshop of which there comes to be more and more: of everything that it has.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use serde_json::json;

use super::{Cost, Costs, PREFIX};
use crate::access::Fixture;
use crate::support::{Person, Request, Statements, World};
use crate::voting::Vote;

pub struct Crowd {
    world: World,
    pub fixture: Fixture,
    /// Of the server that is listened to.
    pub statements: Statements,
    /// A ballot in each state, with one of its candidates.
    pub ballots: BTreeMap<&'static str, [String; 2]>,
    /// The participant, who has of everything, then the others.
    pub voters: Vec<Person>,
}

impl Crowd {
    pub async fn new(world: &World) -> Self {
        let fixture = Fixture::new(world).await;
        let draft = ["ballot_id", "candidate_id"].map(|name| fixture.ids[name].clone());
        Self {
            world: world.clone(),
            statements: Statements::of(world).await,
            ballots: BTreeMap::from([("draft", draft)]),
            voters: vec![fixture.person("participant").clone()],
            fixture,
        }
    }

    /// So many more of everything, and what it took where many are treated at once.
    pub async fn grow(&mut self, by: usize) -> Costs {
        let mut costs = Costs::new();
        let numbers = self.voters.len()..self.voters.len() + by;
        self.come(numbers.clone(), &mut costs).await;
        let published = self.draft(numbers.end).await;
        self.elect(&published, &mut costs).await;
        self.ballots.insert("published", published);
        for number in numbers.clone() {
            self.merge(number, &mut costs).await;
        }
        let open = self.draft(numbers.end).await;
        self.open(&open).await;
        self.ballots.insert("open", open);
        for number in numbers {
            self.attend(number).await;
            self.promise(number).await;
            self.go_elsewhere(number).await;
            self.consent(number).await;
            self.put_to_the_vote(number).await;
        }
        costs
    }

    /// Erases the account of this person.
    pub async fn leave(&self, person: &Person) -> Cost {
        let leaving = self.statements.asked_by(person).delete("/v1/me");
        let (answer, statements) = self.statements.of_request(leaving).await;
        answer.expect(204);
        Cost { statements, shown: 0 }
    }

    fn organiser(&self) -> &Person {
        self.fixture.person("organiser")
    }

    /// The same in front of the server that is listened to.
    fn heard(&self) -> Person {
        self.statements.asked_by(self.organiser())
    }

    fn path(&self, kind: &str, id: &str, rest: &str) -> String {
        format!("/v1/{kind}/{}/{rest}", self.fixture.ids[id])
    }

    fn workshop(&self, rest: &str) -> String {
        self.path("workshops", "workshop_id", rest)
    }

    /// Notes what it takes to do this, whether it is done for the first time or not.
    async fn note(&self, costs: &mut Costs, what: &str, request: Request) {
        let (answer, statements) = self.statements.of_request(request).await;
        assert!(answer.status < 300, "{what}: {answer}");
        costs.insert(what.to_owned(), Cost { statements, shown: 0 });
    }

    /// By a roster: each with an organisation to speak for, with a namesake, and with another address.
    async fn come(&mut self, numbers: Range<usize>, costs: &mut Costs) {
        let mut roster = String::from("email;name;organisation;delegate\n");
        for number in numbers.clone() {
            writeln!(roster, "p{number}@example.org;Personne {number};Société {number};oui").expect("memory");
            writeln!(roster, "q{number}@example.org;Personne {number};Société {number};").expect("memory");
            writeln!(roster, "r{number}@example.org;Autre {number};;").expect("memory");
        }
        let changed = roster.replace("Personne", "Dr");
        let (heard, import) = (self.heard(), self.workshop("registrations/import"));
        let send = |options: &str, roster: &str| heard.post_bytes(&format!("{import}{options}"), "text/csv", roster);
        self.note(costs, "a trial import", send("?dry_run=true", &roster)).await;
        self.note(costs, "an import", send("", &roster)).await;
        self.note(costs, "an import again", send("", &roster)).await;
        self.note(costs, "an import of changes", send("", &changed)).await;
        self.note(costs, "invitations", heard.act(&self.workshop("invitations")))
            .await;
        let confirm = "UPDATE registration SET state = 'confirmed' WHERE state = 'invited'";
        self.world.sql().await.run(confirm).await;
        for number in numbers {
            let person = self.world.person(&format!("p{number}@example.org")).await;
            self.voters.push(person);
        }
    }

    /// The other address goes.
    async fn merge(&self, number: usize, costs: &mut Costs) {
        let search = self.workshop(&format!("registrations?q=r{number}@"));
        let goes = self.organiser().list(&search).await[0]["id"].clone();
        let stays = format!("/v1/registrations/{}/merge", self.registration_of(number).await);
        let request = self.heard().post(&stays, json!({"registration_id": goes}));
        self.note(costs, "a merge", request).await;
    }

    async fn registration_of(&self, number: usize) -> String {
        let me = self.voters[number].get(&self.workshop("me")).await.expect(200);
        me["registration"]["id"].as_str().expect("an id").to_owned()
    }

    /// One more at a session, and one more session for the participant.
    async fn attend(&self, number: usize) {
        let session = json!({
            "title": format!("Séance {number}"), "speakers": ["Awa", "Mory"],
            "starts_at": format!("2020-08-27T09:{number:02}:00Z"), "ends_at": "2020-08-27T11:00:00Z"
        });
        let session = self
            .organiser()
            .post(&self.workshop("sessions"), session)
            .await
            .expect(201)
            .id();
        let ids = &self.fixture.ids;
        for (session, who) in [
            (&ids["session_id"], self.registration_of(number).await),
            (&session, ids["registration_id"].clone()),
        ] {
            let there =
                json!({"registration_id": who, "joined_at": "2020-08-27T09:45:00Z", "left_at": "2020-08-27T10:00:00Z"});
            let path = format!("/v1/sessions/{session}/attendance");
            self.organiser().post(&path, there).await.expect(201);
        }
    }

    /// One more in a coalition and in a group of it, and one more of both for the participant.
    async fn promise(&self, number: usize) {
        let (organiser, participant, voter) = (self.organiser(), &self.voters[0], &self.voters[number]);
        let named = json!({"name": format!("Coalition {number}")});
        let new = organiser
            .post(&self.workshop("coalitions"), named)
            .await
            .expect(201)
            .id();
        for (coalition, signer) in [(&new, participant), (&self.fixture.ids["coalition_id"], voter)] {
            let path = |rest: &str| format!("/v1/coalitions/{coalition}/{rest}");
            let charter = json!({"text": format!("Charte {number}")});
            let charter = organiser.post(&path("charters"), charter).await.expect(201);
            let pledge = json!({"charter": charter["number"], "public": true});
            signer.post(&path("pledges"), pledge).await.expect(201);
            let group = json!({"name": format!("Groupe {number}"), "leads": [self.fixture.ids["registration_id"]]});
            let group = organiser.post(&path("working-groups"), group).await.expect(201).id();
            let places = format!("/v1/working-groups/{group}/commitments");
            participant.act(&places).await.expect(201);
        }
        let places = self.path("working-groups", "working_group_id", "commitments");
        voter.act(&places).await.expect(201);
    }

    /// One more workshop for all who read.
    async fn go_elsewhere(&self, number: usize) {
        let founder = self.fixture.person("administrator");
        let title = format!("Atelier {number}");
        let workshop = self.world.workshop().titled(&title).by(founder).published().await;
        for who in ["organiser", "auditor", "participant"] {
            let email = &self.fixture.person(who).email;
            workshop.register(who, email).await.expect(201);
        }
    }

    /// One more text, to which the participant consents.
    async fn consent(&self, number: usize) {
        let (administrator, participant) = (self.fixture.person("administrator"), &self.voters[0]);
        let text = json!({"fr": format!("Texte {number}")});
        let text = administrator.post("/v1/consent-texts", text).await.expect(201);
        let consent = json!({"number": text["number"], "language": "fr", "sha256": text["fr"]["sha256"]});
        let me = participant.get("/v1/me").await.etag();
        let consent = participant.patch("/v1/me", &me, json!({"consent": consent}));
        consent.await.expect(200);
    }

    /// One more candidate in the draft, and one more open ballot, in which the participant has voted.
    async fn put_to_the_vote(&self, number: usize) {
        let candidate = json!({"name": format!("Logo {number}")});
        let candidates = self.path("ballots", "ballot_id", "candidates");
        self.organiser().post(&candidates, candidate).await.expect(201);
        let ballot = self.draft(2).await;
        self.open(&ballot).await;
        let vote = Vote::new(json!({"candidate": ballot[1]}));
        let votes = format!("/v1/ballots/{}/votes", ballot[0]);
        self.voters[0].post(&votes, vote.body()).await.expect(201);
    }

    /// A ballot with so many candidates.
    async fn draft(&self, candidates: usize) -> [String; 2] {
        let ballot = json!({"question": "Quelle priorité ?", "method": "plurality", "openings": "public"});
        let created = self.organiser().post(&self.workshop("ballots"), ballot).await;
        let ballot = created.expect(201).id();
        let path = format!("/v1/ballots/{ballot}/candidates");
        let mut last = String::new();
        for number in 1..=candidates {
            let candidate = json!({"name": format!("Candidat {number}")});
            last = self.organiser().post(&path, candidate).await.expect(201).id();
        }
        [ballot, last]
    }

    async fn open(&self, [ballot, _]: &[String; 2]) {
        let path = format!("/v1/ballots/{ballot}/open");
        let sure = json!({"confirm_small": true});
        self.organiser().post(&path, sure).await.expect(200);
    }

    /// Everybody votes, under hashes that begin alike, so that their receipts are read together.
    async fn elect(&self, [ballot, candidate]: &[String; 2], costs: &mut Costs) {
        let path = |rest: &str| format!("/v1/ballots/{ballot}/{rest}");
        let heard = self.heard();
        let opening = heard.post(&path("open"), json!({"confirm_small": true}));
        self.note(costs, "an opening", opening).await;
        for voter in &self.voters {
            let mut votes = std::iter::repeat_with(|| Vote::new(json!({"candidate": candidate})));
            let vote = votes
                .find(|vote| vote.hash(ballot).starts_with(PREFIX))
                .expect("a vote");
            voter.post(&path("votes"), vote.body()).await.expect(201);
        }
        for act in ["remind", "close", "publish", "copy"] {
            self.note(costs, act, heard.act(&path(act))).await;
        }
    }
}
