//! The real binary, as an operator runs it.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

/// Generous, for it is only ever waited out by a test that fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// One command, about to be run in an environment of its own.
pub struct Palabre(Command);

/// What a command left behind.
#[derive(Debug)]
pub struct Finished {
    pub success: bool,
    /// Nothing if it was killed.
    pub code: Option<i32>,
    pub output: String,
    pub errors: String,
}

impl Palabre {
    pub fn new<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_palabre-under-test"));
        // Nothing of whoever runs the tests: not their settings, not their proxies.
        command
            .args(arguments)
            .env_clear()
            .kill_on_drop(true)
            .stdin(Stdio::null());
        Self(command)
    }

    /// Where it runs, and where files come to lie that are not named otherwise.
    pub fn folder(mut self, folder: &Path) -> Self {
        self.0.current_dir(folder);
        self
    }

    /// What it reads as its standard input.
    pub fn input(mut self, file: &Path) -> Self {
        self.0.stdin(std::fs::File::open(file).expect("a file"));
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.0.env(name, value);
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.0.env_remove(name);
        self
    }

    /// After this line of shell, in the same process.
    pub fn after(self, line: &str) -> Self {
        let own = self.0.as_std();
        let mut shell = Command::new("/bin/sh");
        shell
            .arg("-c")
            .arg(format!("{line}; exec \"$0\" \"$@\""))
            .arg(own.get_program())
            .args(own.get_args())
            .env_clear()
            .envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .kill_on_drop(true)
            .stdin(Stdio::null());
        if let Some(folder) = own.get_current_dir() {
            shell.current_dir(folder);
        }
        Self(shell)
    }

    /// Where its log goes, instead of among what the tests print.
    pub fn log_to(mut self, file: &Path) -> Self {
        self.0.stderr(std::fs::File::create(file).expect("a log"));
        self
    }

    /// Runs it to its end.
    pub async fn run(mut self) -> Finished {
        let output = tokio::time::timeout(PATIENCE, self.0.output())
            .await
            .expect("a command that ends")
            .expect("a command that starts");
        Finished {
            success: output.status.success(),
            code: output.status.code(),
            output: String::from_utf8(output.stdout).expect("UTF-8"),
            errors: String::from_utf8(output.stderr).expect("UTF-8"),
        }
    }

    /// Runs it with its output in a pipe, which it fills no faster than it is read.
    pub fn pipe(mut self) -> Piped {
        let mut child = self.0.stdout(Stdio::piped()).spawn().expect("a command that starts");
        let output = BufReader::new(child.stdout.take().expect("an output"));
        Piped { output, child }
    }

    /// Runs it until it says where it listens.
    pub async fn serve(mut self) -> Process {
        let mut child = self.0.stdout(Stdio::piped()).spawn().expect("a command that starts");
        let mut lines = BufReader::new(child.stdout.take().expect("an output")).lines();
        let address = async {
            while let Some(line) = lines.next_line().await.expect("UTF-8") {
                if let Some((_, address)) = line.split_once("listens on http://") {
                    return address.trim().parse().expect("an address");
                }
            }
            panic!("the server ended before it listened");
        };
        let address = tokio::time::timeout(PATIENCE, address)
            .await
            .expect("a server that listens");
        // The pipe stays open and read, lest the server write into a closed one.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Process { address, child }
    }
}

/// A command whose output is read as it comes.
pub struct Piped {
    output: BufReader<ChildStdout>,
    child: Child,
}

impl Piped {
    pub async fn line(&mut self) -> String {
        let mut line = String::new();
        let read = tokio::time::timeout(PATIENCE, self.output.read_line(&mut line));
        read.await.expect("a line in time").expect("UTF-8");
        line
    }

    /// All that is left; the command has succeeded.
    pub async fn rest(mut self) -> String {
        let mut rest = String::new();
        let read = tokio::time::timeout(PATIENCE, self.output.read_to_string(&mut rest));
        read.await.expect("an end in time").expect("UTF-8");
        assert!(self.child.wait().await.expect("an end").success());
        rest
    }
}

impl Finished {
    #[track_caller]
    pub fn succeeded(self) -> Self {
        assert!(self.success, "{self:?}");
        self
    }

    /// Fails unless the command did, with these words in its single line of error.
    #[track_caller]
    pub fn refused(self, words: &str) -> Self {
        assert!(!self.success, "{self:?}");
        assert!(self.errors.contains(words), "no {words:?} in {self:?}");
        assert_eq!(self.errors.lines().count(), 1, "{self:?}");
        self
    }
}

/// A server that runs in a process of its own; killed when dropped.
pub struct Process {
    pub address: SocketAddr,
    child: Child,
}

impl Process {
    pub fn id(&self) -> u32 {
        self.child.id().expect("a process that runs")
    }

    /// As `kill -9` or a power cut would.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("killed");
    }
}
