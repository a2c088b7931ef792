//! Work of seconds, on a thread of its own: whoever answers requests has none of it, neither its
//! reckoning nor the waiting for memory when what it keeps has grown out of its place.

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::http::{Code, Problem};

/// Whoever has it is on a thread of its own; asked for by what must never be done on another.
pub struct Aside(());

/// Runs this to its end on a thread of this name; when nobody waits for it any more it is broken off.
pub async fn aside<T, F>(
    runtime: &Handle,
    name: &str,
    work: impl FnOnce(Aside) -> F + Send + 'static,
) -> Result<T, Problem>
where
    T: Send + 'static,
    F: Future<Output = T>,
{
    let (mut ends, ended) = oneshot::channel();
    let on = runtime.clone();
    let run = move || {
        on.block_on(async {
            tokio::select! {
                done = work(Aside(())) => drop(ends.send(done)),
                () = ends.closed() => {}
            }
        });
    };
    if let Err(error) = std::thread::Builder::new().name(name.to_owned()).spawn(run) {
        tracing::error!(name, %error, "no thread");
        return Err(Code::Unavailable.into());
    }
    ended.await.map_err(|_| {
        tracing::error!(name, "broke off, by a fault of the program");
        Code::Internal.into()
    })
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use super::*;

    /// For what comes at once.
    const PATIENCE: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn work_is_done_on_a_thread_of_its_name() {
        let name = || std::thread::current().name().map(str::to_owned);
        let told = aside(&Handle::current(), "slow", async move |_| name()).await;
        assert_eq!(told.ok().flatten().as_deref(), Some("slow"));
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_any_more_is_broken_off() {
        let (begins, begun) = oneshot::channel();
        let (held, let_go) = oneshot::channel::<()>();
        let work = async move |_| {
            let _held = held;
            begins.send(()).expect("who waits for the beginning");
            pending::<()>().await;
        };
        let runtime = Handle::current();
        tokio::select! {
            _ = aside(&runtime, "slow", work) => unreachable!("it never ends"),
            begun = begun => begun.expect("a beginning"),
        }
        let ended = tokio::time::timeout(PATIENCE, let_go).await.expect("an end");
        assert!(ended.is_err(), "let go without a word");
    }

    #[tokio::test]
    async fn work_that_panics_is_an_internal_problem() {
        let broken = async |_| panic!("as a fault of the program would");
        let told: Result<(), Problem> = aside(&Handle::current(), "slow", broken).await;
        assert_eq!(told.map_err(|problem| problem.code), Err(Code::Internal));
    }
}
