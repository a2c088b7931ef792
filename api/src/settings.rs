//! Settings: flags, else environment, else an optional file. Unknown names of the `PALABRE_`
//! family are refused, so that a typing error is not a silent default.

pub mod keeping;
pub mod proxies;
pub mod secret_file;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::ballots::proof::manifest::instance;
use crate::ballots::proof::note;
use crate::secrets::Key;
use keeping::{Keeping, KeepingFlags};
use proxies::TrustedProxies;
use secret_file::Keeper;

/// Every name of the `PALABRE_` family that means something.
const KNOWN: [&str; 15] = [
    "PALABRE_LISTEN",
    "PALABRE_PUBLIC_URL",
    "PALABRE_FRONT_END_URL",
    "PALABRE_SMTP_URL",
    "PALABRE_MAIL_FROM",
    "PALABRE_OUTBOX_DIR",
    "PALABRE_SECRET",
    "PALABRE_SECRET_FILE",
    "PALABRE_LOG",
    "PALABRE_METRICS_LISTEN",
    "PALABRE_CORS_ORIGINS",
    "PALABRE_TRUSTED_PROXIES",
    "PALABRE_KEEP_LETTERS_DAYS",
    "PALABRE_KEEP_SIGN_INS_DAYS",
    "PALABRE_KEEP_WORKSHOPS_DAYS",
];

#[derive(Debug)]
pub struct Invalid(pub String);

impl std::fmt::Display for Invalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Invalid {}

/// What a user may set; see `palabre serve --help`. Under a heading of their own, apart from what a
/// single command takes.
#[derive(clap::Args, Clone, Default)]
#[command(next_help_heading = "Settings of the server")]
pub struct Flags {
    /// `sqlite://FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`
    #[arg(
        long,
        env = "DATABASE_URL",
        hide_env_values = true,
        global = true,
        value_name = "URL"
    )]
    pub database_url: Option<String>,
    /// Address to listen on
    #[arg(long, env = "PALABRE_LISTEN", global = true, value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// The API's own public address, for links, issuer of tokens and names of keys; without `+`
    #[arg(long, env = "PALABRE_PUBLIC_URL", global = true, value_name = "URL")]
    pub public_url: Option<String>,
    /// Where links in mails lead
    #[arg(long, env = "PALABRE_FRONT_END_URL", global = true, value_name = "URL")]
    pub front_end_url: Option<String>,
    /// `smtp://[USER:PASSWORD@]HOST:PORT` or `smtps://…`; without it mails are written as files
    #[arg(
        long,
        env = "PALABRE_SMTP_URL",
        hide_env_values = true,
        global = true,
        value_name = "URL"
    )]
    pub smtp_url: Option<String>,
    /// Sender of mails
    #[arg(long, env = "PALABRE_MAIL_FROM", global = true, value_name = "ADDRESS")]
    pub mail_from: Option<String>,
    /// Folder for mails when there is no SMTP server
    #[arg(long, env = "PALABRE_OUTBOX_DIR", global = true, value_name = "DIR")]
    pub outbox_dir: Option<PathBuf>,
    /// File with 32 bytes (or their base64url) that seal keys at rest
    #[arg(long, env = "PALABRE_SECRET_FILE", global = true, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// Log filter, for example `info` or `palabre=debug,warn`
    #[arg(long, env = "PALABRE_LOG", global = true, value_name = "FILTER")]
    pub log: Option<String>,
    /// Address for figures in Prometheus' format (`/metrics`), not for the public; without it there
    /// are none
    #[arg(long, env = "PALABRE_METRICS_LISTEN", global = true, value_name = "HOST:PORT")]
    pub metrics_listen: Option<String>,
    /// Origins that browsers may call from, separated by commas; `*` for any
    #[arg(long, env = "PALABRE_CORS_ORIGINS", global = true, value_name = "ORIGINS")]
    pub cors_origins: Option<String>,
    /// Proxies in front of the server, separated by commas: their addresses or ranges such as
    /// `10.0.0.0/8`; only their `X-Forwarded-For` or `Forwarded` is read
    #[arg(long, env = "PALABRE_TRUSTED_PROXIES", global = true, value_name = "ADDRESSES")]
    pub trusted_proxies: Option<String>,
    #[command(flatten)]
    pub keeping: KeepingFlags,
    /// Settings file (TOML with the names above, for example `PALABRE_LISTEN = "0.0.0.0:8080"`)
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

#[derive(Clone, Debug)]
pub struct Settings {
    pub database: Database,
    pub listen: SocketAddr,
    pub public_url: String,
    pub front_end_url: String,
    pub mail: Mail,
    pub mail_from: String,
    pub secret: Key,
    pub log: String,
    pub metrics_listen: Option<SocketAddr>,
    pub cors_origins: Vec<String>,
    pub trusted_proxies: TrustedProxies,
    pub keeping: Keeping,
}

/// What becomes of a new secret, where there is none yet.
#[derive(Clone, Copy)]
pub enum NewSecret {
    /// It is written beside the SQLite file.
    Keep([u8; 32]),
    /// Nothing is written: the settings are only looked at.
    Forget([u8; 32]),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    Sqlite(PathBuf),
    Postgres(String),
}

#[derive(Clone, Debug)]
pub enum Mail {
    Smtp(String),
    Files(PathBuf),
}

impl Flags {
    /// Checks everything and reads the secret, creating it beside a SQLite file if absent.
    pub fn resolve(
        &self,
        environment: impl Iterator<Item = (String, String)>,
        new_secret: NewSecret,
    ) -> Result<Settings, Invalid> {
        self.resolve_with_keeper(environment, new_secret)
            .map(|(settings, _)| settings)
    }

    /// Only which database it is, for what needs no secret.
    pub fn database(&self, environment: impl Iterator<Item = (String, String)>) -> Result<Database, Invalid> {
        refuse_unknown(environment)?;
        self.database_of(&self.file()?)
    }

    fn file(&self) -> Result<BTreeMap<String, String>, Invalid> {
        Ok(self.config.as_deref().map(read_file).transpose()?.unwrap_or_default())
    }

    fn database_of(&self, file: &BTreeMap<String, String>) -> Result<Database, Invalid> {
        match self.database_url.as_ref().or_else(|| file.get("DATABASE_URL")) {
            None => Ok(Database::Sqlite("palabre.db".into())),
            Some(url) => database(url),
        }
    }

    /// As [`Flags::resolve`], with who keeps the secret.
    pub fn resolve_with_keeper(
        &self,
        environment: impl Iterator<Item = (String, String)>,
        new_secret: NewSecret,
    ) -> Result<(Settings, Keeper), Invalid> {
        let secret = refuse_unknown(environment)?;
        let file = self.file()?;
        let get = |flag: &Option<String>, name: &str| flag.clone().or_else(|| file.get(name).cloned());
        let path = |flag: &Option<PathBuf>, name: &str| flag.clone().or_else(|| file.get(name).map(PathBuf::from));

        let database = self.database_of(&file)?;
        let listen = get(&self.listen, "PALABRE_LISTEN").unwrap_or_else(|| "127.0.0.1:8080".into());
        let listen = address("PALABRE_LISTEN", &listen)?;
        let public_url =
            public_url(&get(&self.public_url, "PALABRE_PUBLIC_URL").unwrap_or_else(|| format!("http://{listen}")))?;
        let front_end_url = base_url(
            "PALABRE_FRONT_END_URL",
            &get(&self.front_end_url, "PALABRE_FRONT_END_URL").unwrap_or_else(|| public_url.clone()),
        )?;
        let mail = match get(&self.smtp_url, "PALABRE_SMTP_URL") {
            Some(url) if url.starts_with("smtp://") || url.starts_with("smtps://") => Mail::Smtp(url),
            Some(_) => return Err(Invalid("PALABRE_SMTP_URL: must start with smtp:// or smtps://".into())),
            None => Mail::Files(path(&self.outbox_dir, "PALABRE_OUTBOX_DIR").unwrap_or_else(|| "outbox".into())),
        };
        let mail_from =
            get(&self.mail_from, "PALABRE_MAIL_FROM").unwrap_or_else(|| "Palabre <no-reply@localhost>".into());
        mail_from
            .parse::<lettre::message::Mailbox>()
            .map_err(|_| Invalid(format!("PALABRE_MAIL_FROM: {mail_from:?} is not an address")))?;
        let secret = secret.or_else(|| file.get("PALABRE_SECRET").cloned());
        let (secret, keeper) = secret_file::resolve(
            secret.as_deref(),
            path(&self.secret_file, "PALABRE_SECRET_FILE"),
            &database,
            new_secret,
        )?;
        let log = get(&self.log, "PALABRE_LOG").unwrap_or_else(|| "info".into());
        tracing_subscriber::EnvFilter::try_new(&log)
            .map_err(|_| Invalid(format!("PALABRE_LOG: {log:?} is not a log filter")))?;
        let metrics_listen = get(&self.metrics_listen, "PALABRE_METRICS_LISTEN")
            .map(|listen| address("PALABRE_METRICS_LISTEN", &listen))
            .transpose()?;
        let cors_origins = get(&self.cors_origins, "PALABRE_CORS_ORIGINS")
            .map(|origins| {
                origins
                    .split(',')
                    .map(|origin| origin.trim().trim_end_matches('/').to_owned())
                    .filter(|origin| !origin.is_empty())
                    .collect()
            })
            .unwrap_or_default();
        let trusted_proxies = get(&self.trusted_proxies, "PALABRE_TRUSTED_PROXIES")
            .unwrap_or_default()
            .parse()
            .map_err(|proxies::NotARange(range)| {
                Invalid(format!(
                    "PALABRE_TRUSTED_PROXIES: {range:?} is not an address or a range such as 10.0.0.0/8"
                ))
            })?;
        let settings = Settings {
            database,
            listen,
            public_url,
            front_end_url,
            mail,
            mail_from,
            secret,
            log,
            metrics_listen,
            cors_origins,
            trusted_proxies,
            keeping: self.keeping.resolve(&file)?,
        };
        Ok((settings, keeper))
    }
}

/// Refuses what is unknown of the family; finds the secret, which is no flag.
fn refuse_unknown(environment: impl Iterator<Item = (String, String)>) -> Result<Option<String>, Invalid> {
    let mut secret = None;
    for (name, value) in environment {
        if name.starts_with("PALABRE_") && !KNOWN.contains(&name.as_str()) {
            return Err(Invalid(format!(
                "unknown setting {name}; known are {}",
                KNOWN.join(", ")
            )));
        }
        if name == "PALABRE_SECRET" {
            secret = Some(value);
        }
    }
    Ok(secret)
}

fn read_file(path: &Path) -> Result<BTreeMap<String, String>, Invalid> {
    let text = std::fs::read_to_string(path).map_err(|error| Invalid(format!("{}: {error}", path.display())))?;
    let table: BTreeMap<String, String> =
        toml::from_str(&text).map_err(|error| Invalid(format!("{}: {}", path.display(), error.message())))?;
    match table
        .keys()
        .find(|name| *name != "DATABASE_URL" && !KNOWN.contains(&name.as_str()))
    {
        Some(name) => Err(Invalid(format!("{}: unknown setting {name}", path.display()))),
        None => Ok(table),
    }
}

fn database(url: &str) -> Result<Database, Invalid> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Database::Postgres(url.to_owned()));
    }
    let path = url
        .strip_prefix("sqlite:")
        .map(|rest| rest.strip_prefix("//").unwrap_or(rest));
    match path.map(|path| path.split('?').next().unwrap_or(path)) {
        Some(path) if !path.is_empty() && !path.contains(":memory:") => Ok(Database::Sqlite(path.into())),
        // Never the value itself: it may hold a password.
        _ => Err(Invalid("DATABASE_URL: must be sqlite://FILE or postgres://…".into())),
    }
}

fn address(name: &str, value: &str) -> Result<SocketAddr, Invalid> {
    value.parse().map_err(|_| {
        Invalid(format!(
            "{name}: {value:?} is not HOST:PORT with a numeric host, such as 127.0.0.1:8080"
        ))
    })
}

/// The keys that sign manifests and ballots are named by this address.
fn public_url(value: &str) -> Result<String, Invalid> {
    let url = base_url("PALABRE_PUBLIC_URL", value)?;
    if note::is_name(instance(&url)) {
        Ok(url)
    } else {
        Err(Invalid(format!(
            "PALABRE_PUBLIC_URL: {value:?} holds a \"+\" or a space, which no signed note allows in the name of a key"
        )))
    }
}

fn base_url(name: &str, value: &str) -> Result<String, Invalid> {
    let trimmed = value.trim_end_matches('/');
    let uri: Option<actix_web::http::Uri> = trimmed.parse().ok();
    match uri {
        Some(uri)
            if matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some() && uri.query().is_none() =>
        {
            Ok(trimmed.to_owned())
        }
        _ => Err(Invalid(format!("{name}: {value:?} is not an http or https address"))),
    }
}
