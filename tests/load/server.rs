//! The release server as an operator runs it, and databases for it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use sea_orm::ConnectionTrait as _;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

pub const SECRET: &str = "0707070707070707070707070707070707070707070707070707070707070707";

pub struct Server {
    pub address: SocketAddr,
    child: Child,
}

/// The server's binary lies beside this one.
pub fn binary() -> PathBuf {
    std::env::current_exe().expect("this program").with_file_name("palabre")
}

impl Server {
    pub async fn start(database: &str, folder: &Path) -> Self {
        // At the level that operators have, in a file.
        let log = std::fs::File::create(folder.join("server.log")).expect("a log");
        let mut child = Command::new(binary())
            .args(["serve", "--listen", "127.0.0.1:0", "--database-url", database])
            .env_clear()
            .env("PALABRE_SECRET", SECRET)
            .env("PALABRE_PUBLIC_URL", "https://load.example.org")
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("the release server: cargo build --release");
        let mut lines = BufReader::new(child.stdout.take().expect("an output")).lines();
        while let Some(line) = lines.next_line().await.expect("UTF-8") {
            if let Some((_, address)) = line.split_once("listens on http://") {
                let address = address.trim().parse().expect("an address");
                return Self { address, child };
            }
        }
        panic!("the server ended before it listened");
    }

    /// See [`peak`].
    pub fn memory(&self) -> f64 {
        peak(self.child.id().expect("a running server"))
    }

    /// From here on the peak is counted anew.
    pub fn forget_peak(&self) {
        let id = self.child.id().expect("a running server");
        std::fs::write(format!("/proc/{id}/clear_refs"), "5").unwrap_or(());
    }

    /// Seconds of processor time it has used, in user and kernel mode.
    pub fn cpu(&self) -> f64 {
        let id = self.child.id().expect("a running server");
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).expect("a running server");
        // Fields 14 and 15, in ticks of 10 ms, counted after the name in parentheses.
        let fields = stat.rsplit_once(')').expect("a name").1.split_whitespace();
        fields
            .skip(11)
            .take(2)
            .filter_map(|ticks| ticks.parse::<f64>().ok())
            .sum::<f64>()
            / 100.0
    }

    pub async fn stop(mut self) {
        self.child.kill().await.expect("a server that ends");
    }
}

/// The most memory a process has held so far, in MiB.
pub fn peak(id: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    peak.unwrap_or(0.0) / 1024.0
}

pub async fn create_database(cluster: &str, name: &str) -> String {
    let connection = sea_orm::Database::connect(cluster)
        .await
        .expect("the cluster of tests/run");
    for sql in [
        format!("DROP DATABASE IF EXISTS {name}"),
        format!("CREATE DATABASE {name}"),
    ] {
        connection.execute_unprepared(&sql).await.expect("a database");
    }
    let (server, _) = cluster.rsplit_once('/').expect("a URL that ends in a database");
    format!("{server}/{name}")
}
