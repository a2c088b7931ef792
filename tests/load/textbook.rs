//! The handler one would write first, for comparison: one transaction per request on a pool, a row
//! that says who voted and a row that says what, no sealing, no promise, no roll.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::web::{Data, Json, post};
use actix_web::{App, HttpResponse, HttpServer};
use sea_orm::{
    ConnectOptions, ConnectionTrait as _, DatabaseBackend, DatabaseConnection, Statement, TransactionTrait as _,
};
use serde::Deserialize;
use uuid::Uuid;

use crate::client::{Figures, Load};

pub struct Textbook {
    pub address: SocketAddr,
    handle: actix_web::dev::ServerHandle,
}

#[derive(Deserialize)]
struct Vote {
    voter: Uuid,
    choice: Uuid,
}

async fn cast(pool: Data<DatabaseConnection>, vote: Json<Vote>) -> HttpResponse {
    let run = async {
        let transaction = pool.begin().await?;
        let statement = |sql: &str, values: [sea_orm::Value; 2]| {
            Statement::from_sql_and_values(DatabaseBackend::Postgres, sql, values)
        };
        let open = "SELECT 1 AS one FROM bench_ballot WHERE id = $1 AND open AND $2 FOR SHARE";
        let open = statement(open, [1.into(), true.into()]);
        transaction.query_one_raw(open).await?;
        let mark = "INSERT INTO bench_mark (voter) VALUES ($1) ON CONFLICT DO NOTHING";
        transaction
            .execute_raw(Statement::from_sql_and_values(
                DatabaseBackend::Postgres,
                mark,
                [vote.voter.into()],
            ))
            .await?;
        let insert = statement(
            "INSERT INTO bench_vote (id, choice) VALUES ($1, $2)",
            [Uuid::new_v4().into(), vote.choice.to_string().into()],
        );
        transaction.execute_raw(insert).await?;
        transaction.commit().await
    };
    match run.await {
        Ok(()) => HttpResponse::Created().finish(),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

impl Textbook {
    pub async fn start(database: &str) -> Self {
        let mut options = ConnectOptions::new(database);
        options.max_connections(16).sqlx_logging(false);
        let pool = sea_orm::Database::connect(options).await.expect("a database");
        let tables = "DROP TABLE IF EXISTS bench_ballot, bench_mark, bench_vote; \
                      CREATE TABLE bench_ballot (id int PRIMARY KEY, open bool NOT NULL); \
                      INSERT INTO bench_ballot VALUES (1, true); \
                      CREATE TABLE bench_mark (voter uuid PRIMARY KEY); \
                      CREATE TABLE bench_vote (id uuid PRIMARY KEY, choice text NOT NULL);";
        pool.execute_unprepared(tables).await.expect("tables");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let pool = Data::new(pool);
        let server = HttpServer::new(move || App::new().app_data(pool.clone()).route("/votes", post().to(cast)))
            .workers(2)
            .listen(listener)
            .expect("a listener")
            .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { address, handle }
    }

    pub async fn cast(&self, load: &Load, length: Duration) -> Figures {
        let vote = |_: usize, bytes: &mut Vec<u8>| {
            let body = format!("{{\"voter\":\"{}\",\"choice\":\"{}\"}}", Uuid::new_v4(), Uuid::nil());
            let head = format!(
                "POST /votes HTTP/1.1\r\nHost: l\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            bytes.extend_from_slice(head.as_bytes());
        };
        load.each(0..usize::MAX, length, 201, vote).await
    }

    pub async fn stop(self) {
        self.handle.stop(false).await;
    }
}
