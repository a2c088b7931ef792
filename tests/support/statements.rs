//! A server that is listened to while it speaks to its PostgreSQL: which statements does it take to
//! answer?

use std::sync::{Arc, Mutex, PoisonError};

use palabre::settings::Database;

use super::answer::Answer;
use super::client::{Person, Request};
use super::server::{Server, World};
use super::wire::Wire;

pub struct Statements {
    server: Server,
    seen: Arc<Mutex<Vec<String>>>,
    _wire: Wire,
}

impl Statements {
    /// Of a server beside the world's own, which does nothing but answer; the world is on PostgreSQL.
    pub async fn of(world: &World) -> Self {
        let Database::Postgres(url) = world.database() else {
            panic!("not PostgreSQL")
        };
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = seen.clone();
        let watch = move |_, statement: &str| {
            // Where a transaction begins and ends says nothing, and its end may come after the answer.
            if !["BEGIN", "COMMIT", "ROLLBACK"]
                .iter()
                .any(|word| statement.starts_with(word))
            {
                noted
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(statement.to_owned());
            }
            None
        };
        let wire = Wire::to(url, Arc::new(watch)).await;
        let database = Database::Postgres(wire.instead_of(url));
        let server = world.another_server_on(&database).await;
        server.end_jobs().await;
        Self {
            server,
            seen,
            _wire: wire,
        }
    }

    /// This person in front of the server.
    pub fn asked_by(&self, person: &Person) -> Person {
        person.at(&self.server)
    }

    /// What it answers, and what it runs for that. One request at a time.
    pub async fn of_request(&self, request: Request) -> (Answer, Vec<String>) {
        self.take();
        let answer = request.await;
        (answer, self.take())
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub async fn end(self) {
        self.server.stop().await;
    }
}
