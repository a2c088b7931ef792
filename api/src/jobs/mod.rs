//! Work that no request waits for: letters, scheduled openings and closings, counting, sweeping.
//!
//! Each loop looks for what is due, does it, and sleeps until it is woken or some seconds have
//! passed; any number of processes may run them, since the work itself is claimed in the database.
//! A fault of the program in one piece of work ends no loop.

use std::time::Duration;

use actix_web::web::Data;
use tokio::task::JoinHandle;

use crate::app::App;
use crate::http::survived;

/// Starts the loops; they end when their handles are aborted.
pub fn start(app: &Data<App>) -> Vec<JoinHandle<()>> {
    let (mail, ballots, swept) = (app.clone(), app.clone(), app.clone());
    vec![
        tokio::spawn(async move {
            loop {
                match survived("sending letters", crate::mail::delivery::run_due(&mail)).await {
                    Ok(true) => {}
                    Ok(false) => {
                        drop(tokio::time::timeout(Duration::from_secs(5), mail.mail.rung()).await);
                    }
                    Err(problem) => {
                        tracing::warn!(%problem, "the outbox cannot be read");
                        tokio::time::sleep(Duration::from_secs(5)).await;
                    }
                }
            }
        }),
        tokio::spawn(async move {
            loop {
                let due = Box::pin(crate::ballots::run_due(&ballots));
                if let Err(problem) = survived("opening and closing", due).await {
                    tracing::warn!(%problem, "ballots that are due cannot be handled");
                }
                ballots.store.tidy_log().await;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }),
        tokio::spawn(async move {
            loop {
                if let Err(problem) = survived("sweeping", crate::retention::sweep(&swept)).await {
                    tracing::warn!(%problem, "what has served its time could not be removed");
                }
                tokio::time::sleep(Duration::from_secs(3600)).await;
            }
        }),
    ]
}
