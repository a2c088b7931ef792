//! Commands: what an operator types.
//!
//! Commands speak to people, on standard output; failures go to standard error in one line and end
//! with a code other than 0.

mod keeping;
pub mod log;
mod purge;
mod token_key;
mod verify;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Data;
use clap::{Args, Parser, Subcommand};

use crate::ambient::{Ambient, HostClock, SharedClock};
use crate::app::{self, App};
use crate::identity::operator;
use crate::settings::{Flags, NewSecret, Settings};
use crate::store::Store;

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[derive(Parser)]
#[command(
    name = "palabre",
    version,
    about = "Backend of a virtual workshop that ends in commitments and a vote",
    after_help = "Example:\n  palabre serve --demo\n  palabre admin add mariama@example.org\n\nEvery setting may also stand in the environment or in the file named by --config."
)]
struct Cli {
    #[command(flatten)]
    flags: Flags,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Migrate the database, then serve the API (also what `palabre` alone does)
    #[command(after_help = "Example:\n  palabre serve --listen 127.0.0.1:8080 --database-url sqlite://palabre.db")]
    Serve(Serve),
    /// Manage instance administrators
    #[command(subcommand, after_help = "Example:\n  palabre admin add mariama@example.org")]
    Admin(Admin),
    /// Print an access token for scripts on this machine
    #[command(after_help = "Example:\n  palabre token mariama@example.org --minutes 60")]
    Token(Token),
    #[command(about = first_line(token_key::HELP), long_about = token_key::HELP, after_help = token_key::EXAMPLE)]
    RotateTokenKey(token_key::RotateTokenKey),
    /// Bring the database's schema up to date, then stop
    #[command(after_help = "Example:\n  palabre migrate --database-url postgres://palabre@localhost/palabre")]
    Migrate,
    #[command(about = first_line(keeping::BACKUP_HELP), long_about = keeping::BACKUP_HELP, after_help = keeping::BACKUP_EXAMPLE)]
    Backup(keeping::Backup),
    #[command(about = first_line(keeping::RESTORE_HELP), long_about = keeping::RESTORE_HELP, after_help = keeping::RESTORE_EXAMPLE)]
    Restore(keeping::Restore),
    #[command(about = first_line(keeping::ROTATE_HELP), long_about = keeping::ROTATE_HELP, after_help = keeping::ROTATE_EXAMPLE)]
    RotateKeys(keeping::RotateKeys),
    #[command(about = first_line(purge::HELP), long_about = purge::HELP, after_help = purge::EXAMPLE)]
    Purge(purge::Purge),
    /// Print the OpenAPI document
    #[command(after_help = "Example:\n  palabre openapi > openapi/openapi.json")]
    Openapi,
    /// Check the settings without starting anything
    #[command(after_help = "Example:\n  palabre check-config --config palabre.toml")]
    CheckConfig,
    /// Ask the server of these settings whether it is ready; exits with 1 when it is not
    #[command(after_help = "Example:\n  palabre healthcheck --listen 127.0.0.1:8080")]
    Healthcheck,
    /// Check an audit bundle, offline and without believing the server
    #[command(after_help = verify::HELP)]
    Verify(verify::Verify),
}

#[derive(Args, Default)]
struct Serve {
    /// Use a database of its own, loaded with the INTEGRA workshop of August 2020
    #[arg(long)]
    demo: bool,
}

#[derive(Subcommand)]
enum Admin {
    /// Make the person of this address an administrator, who can create workshops
    #[command(after_help = "Example:\n  palabre admin add mariama@example.org")]
    Add { email: String },
}

#[derive(Args)]
struct Token {
    email: String,
    /// How long it is good for, up to a day
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(i64).range(1..=1440))]
    minutes: i64,
}

pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(Command::Verify(verify)) = &cli.command {
        return verify.run();
    }
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(Into::into)
        .and_then(|runtime| runtime.block_on(run(cli)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when standard error is closed.
            drop(writeln!(std::io::stderr(), "palabre: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> Outcome {
    let ambient = Ambient::new(Arc::new(SharedClock::new(HostClock)));
    let mut flags = cli.flags;
    match cli.command.unwrap_or(Command::Serve(Serve::default())) {
        Command::Openapi => say(app::openapi().trim_end()),
        Command::Serve(Serve { demo: true }) => crate::demo::serve(&mut flags, ambient).await,
        Command::Serve(Serve { demo: false }) => {
            let settings = settings(&flags, &ambient)?;
            log::to_stderr(&settings);
            let app = App::prepare(settings, ambient).await?;
            let running = app::serve(app, workers())?;
            say(&format!("Palabre listens on http://{}", running.address))?;
            if let Some(metrics) = running.metrics() {
                say(&format!("Figures for operators: http://{metrics}/metrics"))?;
            }
            Ok(running.wait().await?)
        }
        Command::Admin(Admin::Add { email }) => {
            let app = open(&flags, ambient).await?;
            operator::add_administrator(&app, &email).await?;
            say(&format!(
                "{email} is an administrator and signs in with a code sent there."
            ))
        }
        Command::Token(Token { email, minutes }) => {
            let app = open(&flags, ambient).await?;
            say(&operator::token(&app, &email, minutes * 60).await?)
        }
        Command::RotateTokenKey(arguments) => token_key::run(&*open(&flags, ambient).await?, &arguments).await,
        Command::Migrate => {
            let settings = settings(&flags, &ambient)?;
            Store::migrate(&settings.database).await?;
            say("The schema is up to date.")
        }
        Command::Purge(arguments) => {
            if !Store::exists(&flags.database(std::env::vars())?) {
                return Err("there is no database here to purge".into());
            }
            purge::run(&*open(&flags, ambient).await?, &arguments).await
        }
        Command::Backup(arguments) => keeping::backup(&flags, &ambient, arguments).await,
        Command::Restore(arguments) => keeping::restore(&flags, &ambient, arguments).await,
        Command::RotateKeys(arguments) => keeping::rotate_keys(&flags, &ambient, arguments).await,
        Command::CheckConfig => {
            let settings = flags.resolve(std::env::vars(), NewSecret::Forget(ambient.bytes()))?;
            let database = match &settings.database {
                crate::settings::Database::Sqlite(path) => format!("SQLite, {}", path.display()),
                crate::settings::Database::Postgres(_) => "PostgreSQL".to_owned(),
            };
            let mail = match &settings.mail {
                crate::settings::Mail::Smtp(_) => "SMTP".to_owned(),
                crate::settings::Mail::Files(folder) => format!("files in {}", folder.display()),
            };
            let metrics = settings
                .metrics_listen
                .map_or_else(|| "none".to_owned(), |listen| format!("http://{listen}/metrics"));
            say(&format!(
                "The settings are in order.\n  database   {database}\n  listen     {}\n  public     {}\n  front-end  {}\n  mail       {mail}\n  \
                 metrics    {metrics}\n  kept       {}",
                settings.listen, settings.public_url, settings.front_end_url, settings.keeping
            ))
        }
        Command::Healthcheck => healthcheck(&settings(&flags, &ambient)?).await,
        // Done by now: it has its own exit codes, and neither settings nor a runtime.
        Command::Verify(_) => Ok(()),
    }
}

fn first_line(text: &'static str) -> &'static str {
    text.lines().next().unwrap_or_default()
}

fn settings(flags: &Flags, ambient: &Ambient) -> Result<Settings, crate::settings::Invalid> {
    flags.resolve(std::env::vars(), NewSecret::Keep(ambient.bytes()))
}

async fn open(flags: &Flags, ambient: Ambient) -> Result<Data<App>, Box<dyn std::error::Error>> {
    App::prepare(settings(flags, &ambient)?, ambient).await
}

async fn healthcheck(settings: &Settings) -> Outcome {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut address = settings.listen;
    if address.ip().is_unspecified() {
        address.set_ip(std::net::Ipv4Addr::LOCALHOST.into());
    }
    let ask = async {
        let mut stream = tokio::net::TcpStream::connect(address).await?;
        stream
            .write_all(format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").as_bytes())
            .await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer.starts_with(b"HTTP/1.1 204"))
    };
    match tokio::time::timeout(Duration::from_secs(5), ask).await {
        Ok(Ok(true)) => say("ready"),
        _ => Err(format!("no ready server at {address}").into()),
    }
}

pub fn workers() -> usize {
    std::thread::available_parallelism().map_or(2, std::num::NonZero::get)
}

/// To the person at the terminal; a closed pipe is an error like any other.
pub fn say(text: &str) -> Outcome {
    Ok(writeln!(std::io::stdout().lock(), "{text}")?)
}
