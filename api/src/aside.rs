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
