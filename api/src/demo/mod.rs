//! `serve --demo`: the INTEGRA workshop of August 2020 on a database of its own, made anew at each
//! start, with a ballot left open to vote in and a closed one to look at.
//!
//! Nothing here bypasses a rule: see [`client`].

mod client;
mod people;
mod story;

use std::path::PathBuf;

use actix_web::web::Bytes;

use self::client::{Client, Failure};
use crate::ambient::Ambient;
use crate::app::{self, App};
use crate::cli::{log, say, workers};
use crate::settings::{Flags, NewSecret};

/// A folder that goes when the demo ends.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // A leftover in the system's temporary folder harms nobody.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

pub async fn serve(flags: &mut Flags, ambient: Ambient) -> Result<(), Failure> {
    let folder = Folder(std::env::temp_dir().join(format!("palabre-demo-{}", ambient.id())));
    std::fs::create_dir(&folder.0)?;
    flags.database_url = Some(format!("sqlite://{}", folder.0.join("palabre.db").display()));
    let settings = flags.resolve(std::env::vars(), NewSecret::Keep(ambient.bytes()))?;
    let mails = match &settings.mail {
        crate::settings::Mail::Files(folder) => format!("files in {}/", folder.display()),
        crate::settings::Mail::Smtp(_) => "by SMTP".to_owned(),
    };
    let app = App::prepare(settings, ambient).await?;
    say("Loading the INTEGRA workshop of 27 and 28 August 2020 …")?;
    let service = actix_web::test::init_service(app::application(app.clone(), Bytes::new())).await;
    let tokens = story::load(&app, &Client { service }).await?;
    log::to_stderr(&app.settings);
    let running = app::serve(app, workers())?;
    let address = format!("http://{}", running.address);
    say(&format!(
        "Palabre listens on {address}\n(documentation: {address}/docs/ · mails: {mails} · database: gone when it stops)\n\n\
         Each of these can also sign in with a code sent by mail. Access tokens, good for a day:\n\n\
         organiser    {}\n{}\n\nparticipant  {}\n{}\n\nauditor      {}\n{}\n",
        people::ORGANISER,
        tokens.organiser,
        people::address(12),
        tokens.participant,
        people::AUDITOR,
        tokens.auditor
    ))?;
    Ok(running.wait().await?)
}
