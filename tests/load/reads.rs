//! The ballot's page beside a bare route that gives the same JSON.

use std::net::TcpListener;

use actix_web::web::{Data, Json, get};
use actix_web::{App, HttpServer};
use serde_json::Value;

use crate::Options;
use crate::client::{Connection, Load};
use crate::hall::{Ballot, Hall};
use crate::server::Server;
use crate::table::Table;

/// People whose page it is, one after the other.
const READERS: usize = 10_000;

pub async fn run(table: &mut Table, part: &str, server: &Server, hall: &Hall, ballot: &Ballot, options: &Options) {
    let load = Load::new(server.address, options.connections);
    let length = options.length() / 3;
    let (tokens, page) = (hall.tokens.clone(), ballot.clone());
    let read = move |number: usize, bytes: &mut Vec<u8>| page.read(&tokens[number % READERS.min(tokens.len())], bytes);
    table.add(
        &format!("ballot page, {part}"),
        &load.each(0..usize::MAX, length, 200, read).await,
    );
    // Candidates come in an order of each person's own, and so each has a tag of their own.
    let (mut connection, mut body, mut requests) = (Connection::open(server.address).await, Value::Null, Vec::new());
    for token in hall.tokens.iter().take(200) {
        let mut request = Vec::new();
        ballot.read(token, &mut request);
        body = serde_json::from_slice(&connection.ask(&request).await.1).expect("JSON");
        request.truncate(request.len() - 2);
        let etag = body["etag"].as_str().expect("a tag");
        request.extend_from_slice(format!("If-None-Match: \"{etag}\"\r\n\r\n").as_bytes());
        requests.push(request);
    }
    let again = move |number: usize, bytes: &mut Vec<u8>| bytes.extend_from_slice(&requests[number % requests.len()]);
    table.add(
        &format!("ballot page, {part}, not modified"),
        &load.each(0..usize::MAX, length, 304, again).await,
    );
    bare(table, body, options).await;
}

async fn json(value: Data<Value>) -> Json<Value> {
    Json(value.as_ref().clone())
}

async fn bare(table: &mut Table, value: Value, options: &Options) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let value = Data::new(value);
    let server = HttpServer::new(move || App::new().app_data(value.clone()).route("/json", get().to(json)))
        .workers(2)
        .listen(listener)
        .expect("a listener")
        .run();
    let handle = server.handle();
    tokio::spawn(server);
    let request = b"GET /json HTTP/1.1\r\nHost: l\r\n\r\n".to_vec();
    let load = Load::new(address, options.connections);
    table.add(
        "bare actix JSON route",
        &load.repeat(request, options.length() / 3).await,
    );
    handle.stop(false).await;
}
