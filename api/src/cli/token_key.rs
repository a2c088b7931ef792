//! `palabre rotate-token-key`.

use crate::app::App;
use crate::identity::operator;

pub const HELP: &str = "Sign access tokens with a new key from now on\n\n\
    Servers need no restart and nobody is signed out. The private half of the key before is destroyed; tokens it \
    signed stay good until they expire, after 15 minutes or, from `palabre token`, a day at most.";
pub const EXAMPLE: &str =
    "Example:\n  palabre rotate-token-key\n  palabre rotate-token-key --at-once   # it may have been stolen";

#[derive(clap::Args)]
pub struct RotateTokenKey {
    /// Refuse the tokens of all keys before, too: within a minute on every server. People stay signed in, as their
    /// applications refresh; tokens of `palabre token` are void
    #[arg(long)]
    at_once: bool,
}

pub async fn run(app: &App, arguments: &RotateTokenKey) -> super::Outcome {
    let kid = operator::rotate_token_key(app, arguments.at_once).await?;
    super::say(&format!("Access tokens are signed with the key {kid}."))
}
