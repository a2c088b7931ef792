//! A workshop as a test describes it, and what can be asked of it.

use std::future::IntoFuture;
use std::pin::Pin;

use serde_json::{Value, json};

use super::answer::Answer;
use super::client::Person;
use super::server::World;

/// A workshop that is created when it is awaited.
#[must_use = "a workshop is created when it is awaited"]
pub struct Draft {
    world: World,
    body: Value,
    organiser: Option<Person>,
    published: bool,
}

impl Draft {
    pub(super) fn new(world: &World) -> Self {
        Self {
            world: world.clone(),
            body: json!({
                "title": "Atelier de consultation du numérique guinéen",
                "initiative": "INTEGRA",
                "time_zone": "Africa/Conakry",
                "first_day": "2020-08-27",
                "last_day": "2020-08-28",
            }),
            organiser: None,
            published: false,
        }
    }

    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.body[field] = value.into();
        self
    }

    pub fn titled(self, title: &str) -> Self {
        self.with("title", title)
    }

    pub fn days(self, first: &str, last: &str) -> Self {
        self.with("first_day", first).with("last_day", last)
    }

    pub fn zone(self, zone: &str) -> Self {
        self.with("time_zone", zone)
    }

    pub fn public(self) -> Self {
        self.with("public", true)
    }

    /// By this administrator, who is its first organiser.
    pub fn by(mut self, organiser: &Person) -> Self {
        self.organiser = Some(organiser.clone());
        self
    }

    pub fn published(mut self) -> Self {
        self.published = true;
        self
    }
}

impl IntoFuture for Draft {
    type Output = Workshop;
    type IntoFuture = Pin<Box<dyn Future<Output = Workshop>>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let organiser = match self.organiser {
                Some(organiser) => organiser,
                None => self.world.administrator().await,
            };
            let created = organiser.post("/v1/workshops", self.body).await.expect(201);
            let path = created.header("location").to_owned();
            if self.published {
                organiser.act(&format!("{path}/publish")).await.expect(200);
            }
            Workshop {
                world: self.world,
                id: created.id(),
                path,
                organiser,
            }
        })
    }
}

/// A workshop that stands.
#[derive(Clone)]
pub struct Workshop {
    world: World,
    pub id: String,
    pub path: String,
    pub organiser: Person,
}

impl Workshop {
    /// `/v1/workshops/…/sessions`, say.
    pub fn path(&self, rest: &str) -> String {
        format!("{}/{rest}", self.path)
    }

    pub async fn read(&self) -> Answer {
        self.organiser.get(&self.path).await.expect(200)
    }

    pub async fn archive(&self) {
        self.organiser.act(&self.path("archive")).await.expect(200);
    }

    /// Someone with this role there, signed in.
    pub async fn member(&self, role: &str, email: &str) -> Person {
        let person = self.world.person(email).await;
        self.register(role, email).await.expect(201);
        person
    }

    /// Gives the address a place with this role.
    pub async fn register(&self, role: &str, email: &str) -> Answer {
        let name = email.split('@').next().unwrap_or_default();
        let registration = json!({"email": email, "name": name, "role": role});
        self.organiser.post(&self.path("registrations"), registration).await
    }

    /// The id of the registration that the address has here.
    pub async fn registration_of(&self, email: &str) -> String {
        let all = self.organiser.list(&self.path("registrations?limit=200")).await;
        let found = all.iter().find(|registration| registration["email"] == email);
        match found.and_then(|registration| registration["id"].as_str()) {
            Some(id) => id.to_owned(),
            None => panic!("{email} is not registered"),
        }
    }
}
