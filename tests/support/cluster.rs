//! A PostgreSQL cluster of a test's own, for tests that read its files, change its settings or
//! kill it. It listens on loopback, is stopped when dropped and lies in a folder that `tests/run`
//! removes; no cluster that a test did not start is ever touched.

use std::ffi::OsStr;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use palabre::settings::Database;
use tempfile::TempDir;

const PASSWORD: &str = "for-a-test-on-loopback";
/// Someone else may take the port first.
const ATTEMPTS: u32 = 5;

pub struct Cluster {
    folder: TempDir,
    port: u16,
}

impl Cluster {
    /// A new cluster that runs, durable unless these settings say otherwise.
    pub async fn start(settings: &[(&str, &str)]) -> Self {
        let folder = TempDir::new_in(variable("PALABRE_TEST_CLUSTERS")).expect("a folder for a cluster");
        lend(folder.path());
        let password = folder.path().join("password");
        std::fs::write(&password, PASSWORD).expect("a writable folder");
        lend(&password);
        let mut cluster = Self { folder, port: 0 };
        let mut initdb = command("initdb");
        initdb
            .arg("--pgdata")
            .arg(cluster.data_dir())
            .arg(format!("--pwfile={}", password.display()))
            .args(["--username=postgres", "--auth=scram-sha-256"])
            .args(["--encoding=UTF8", "--locale=C", "--no-sync"]);
        let made = tokio::process::Command::from(initdb).output().await.expect("initdb");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let sockets = cluster.folder.path().display().to_string();
        let own = [("listen_addresses", "127.0.0.1"), ("unix_socket_directories", &sockets)];
        cluster.set(&own);
        cluster.set(settings);
        for _ in 0..ATTEMPTS {
            // Below what systems hand out to outgoing connections.
            cluster.port = 20_000 + rand::random::<u16>() % 12_000;
            if cluster.try_start().await {
                return cluster;
            }
        }
        panic!("PostgreSQL did not start:\n{}", cluster.log());
    }

    /// Settings that hold from the next start on.
    pub fn set(&self, settings: &[(&str, &str)]) {
        let path = self.data_dir().join("postgresql.conf");
        let mut text = std::fs::read_to_string(&path).expect("settings");
        for (name, value) in settings {
            text.push_str(&format!("{name} = '{}'\n", value.replace('\'', "''")));
        }
        std::fs::write(&path, text).expect("settings");
    }

    /// Where its database of this name is; `postgres` there is from the start.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres:{PASSWORD}@127.0.0.1:{}/{database}", self.port)
    }

    pub fn database(&self, name: &str) -> Database {
        Database::Postgres(self.url(name))
    }

    pub fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn log_file(&self) -> PathBuf {
        self.folder.path().join("postgres.log")
    }

    /// Everything it has logged.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.log_file()).unwrap_or_default()).into_owned()
    }

    /// Those who are connected stay; whoever comes is told that it is about to stop.
    pub fn take_nobody_new(&self) {
        let postmaster = std::fs::read_to_string(self.data_dir().join("postmaster.pid")).expect("a cluster that runs");
        let pid = postmaster.lines().next().and_then(|pid| pid.parse().ok());
        let pid = pid.and_then(rustix::process::Pid::from_raw).expect("a process");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a process that listens");
    }

    /// Without a checkpoint and without farewell, as a power cut would.
    pub async fn stop_immediate(&self) {
        assert!(self.control(["stop", "--mode=immediate"]).await, "{}", self.log());
    }

    /// On the same port, recovering if need be.
    pub async fn start_again(&self) {
        assert!(self.try_start().await, "{}", self.log());
    }

    async fn try_start(&self) -> bool {
        let (log, port) = (self.log_file(), format!("-p {}", self.port));
        let arguments = [
            "start".as_ref(),
            "--log".as_ref(),
            log.as_os_str(),
            "--options".as_ref(),
            port.as_ref(),
        ];
        self.control(arguments).await
    }

    async fn control(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> bool {
        let command = self.pg_ctl(arguments);
        let ended = tokio::process::Command::from(command).status().await;
        ended.expect("pg_ctl").success()
    }

    fn pg_ctl(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = command("pg_ctl");
        command
            .args(arguments)
            .args(["--wait", "--silent", "--pgdata"])
            .arg(self.data_dir())
            // What it starts would hold a pipe open for ever.
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.data_dir().join("postmaster.pid").exists() {
            // At the worst `tests/run` stops it.
            drop(self.pg_ctl(["stop", "--mode=immediate"]).status());
        }
    }
}

/// A program that came with the server, run by whoever may run the server; see [`available`].
pub fn command(program: &str) -> Command {
    let mut command = Command::new(bin(program));
    command.env_clear().current_dir("/").stdin(Stdio::null());
    if let Some((user, group)) = owner() {
        command.uid(user).gid(group);
    }
    command
}

/// Some packagings leave out programs that only experts want.
pub fn available(program: &str) -> bool {
    bin(program).exists()
}

fn bin(program: &str) -> PathBuf {
    Path::new(&variable("PALABRE_TEST_POSTGRES_BIN")).join(program)
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run tests/run, which finds PostgreSQL"))
}

/// PostgreSQL refuses root, which lends its clusters to someone else.
fn owner() -> Option<(u32, u32)> {
    let owner = std::env::var("PALABRE_TEST_POSTGRES_OWNER").ok()?;
    let (user, group) = owner.split_once(':').expect("user and group");
    Some((user.parse().expect("a user"), group.parse().expect("a group")))
}

fn lend(path: &Path) {
    if let Some((user, group)) = owner() {
        chown(path, Some(user), Some(group)).expect("a new owner");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::support::Sql;

    #[tokio::test]
    async fn a_cluster_keeps_what_was_committed_when_it_is_stopped_hard() {
        let cluster = Cluster::start(&[("log_statement", "all")]).await;
        let database = cluster.database("postgres");
        let sql = Sql::open(&database).await;
        sql.run("CREATE TABLE kept (value text); INSERT INTO kept VALUES ('yes')")
            .await;
        cluster.stop_immediate().await;
        cluster.start_again().await;
        let sql = Sql::open(&database).await;
        assert_eq!(sql.texts("SELECT value FROM kept").await, ["yes"]);
        assert!(cluster.log().contains("INSERT INTO kept"), "{}", cluster.log());
        assert!(cluster.data_dir().join("pg_wal").is_dir());
    }
}
