//! How long the server takes to be ready on a database that exists, and how large it is.

use std::path::Path;
use std::time::Instant;

use crate::server::{Server, binary};

pub async fn run(folder: &Path) -> String {
    let database = format!("sqlite://{}", folder.join("start.db").display());
    Server::start(&database, folder).await.stop().await;
    let mut starts = Vec::new();
    for _ in 0..5 {
        let began = Instant::now();
        let server = Server::start(&database, folder).await;
        starts.push(began.elapsed().as_millis());
        server.stop().await;
    }
    starts.sort_unstable();
    let size = std::fs::metadata(binary()).map_or(0, |binary| binary.len());
    format!(
        "ready on an existing SQLite database after {} ms (of {starts:?}); release binary {:.1} MB",
        starts[starts.len() / 2],
        size as f64 / 1e6
    )
}
