//! A wire between a server and its PostgreSQL on which a test can stop any statement.
//!
//! It understands just enough of the protocol to know which statement is about to be run, and asks
//! the test whether to let it through. Dropped, it is cut.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

/// Asked before each statement, with the port under which PostgreSQL knows the connection: nothing
/// lets it through, a gate stops it until the other end is used or dropped.
pub type Watch = Arc<dyn Fn(u16, &str) -> Option<oneshot::Receiver<()>> + Send + Sync>;

/// What is run over a wire, transaction by transaction, as jobs of the server run theirs meanwhile.
#[derive(Default)]
pub struct Runs(Mutex<Run>);

#[derive(Default)]
struct Run {
    by_connection: HashMap<u16, Vec<String>>,
    before: Vec<Vec<String>>,
}

impl Run {
    fn close(&mut self, connection: u16) {
        let over = self.by_connection.remove(&connection);
        self.before.extend(over);
    }
}

impl Runs {
    /// To be given to a wire.
    pub fn watch(self: &Arc<Self>) -> Watch {
        let runs = self.clone();
        Arc::new(move |connection, statement: &str| {
            let mut run = runs.0.lock().expect("nobody panicked");
            if statement.starts_with("BEGIN") {
                run.close(connection);
            }
            run.by_connection
                .entry(connection)
                .or_default()
                .push(statement.to_owned());
            if ["COMMIT", "ROLLBACK"].iter().any(|end| statement.starts_with(end)) {
                run.close(connection);
            }
            None
        })
    }

    /// The statements of each transaction in which these words stand; what was run until now is forgotten.
    pub fn take(&self, words: &str) -> Vec<Vec<String>> {
        let run = std::mem::take(&mut *self.0.lock().expect("nobody panicked"));
        let mut all = run.before;
        all.extend(run.by_connection.into_values());
        all.retain(|statements| statements.iter().any(|statement| statement.contains(words)));
        all.sort();
        all
    }
}

pub struct Wire {
    address: SocketAddr,
    connections: JoinHandle<()>,
}

impl Wire {
    /// To the server named in a `postgres://` address.
    pub async fn to(url: &str, watch: Watch) -> Self {
        let authority = url.split(['/', '?']).nth(2).expect("an authority");
        let far = authority.rsplit('@').next().expect("a host").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let connections = tokio::spawn(async move {
            // Dropped with this task, and the connections with it.
            let mut connections = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                let (far, watch) = (far.clone(), watch.clone());
                connections.spawn(async move { connect(near, &far, watch).await.ok() });
            }
        });
        Self { address, connections }
    }

    /// The same address, but over this wire.
    pub fn instead_of(&self, url: &str) -> String {
        let authority = url.split(['/', '?']).nth(2).expect("an authority");
        let host = authority.rsplit('@').next().expect("a host");
        url.replacen(host, &self.address.to_string(), 1)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.connections.abort();
    }
}

async fn connect(near: TcpStream, far: &str, watch: Watch) -> std::io::Result<()> {
    let far = TcpStream::connect(far).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let port = far.local_addr()?.port();
    let (near_read, mut near_write) = near.into_split();
    let (mut far_read, far_write) = far.into_split();
    tokio::select! {
        done = requests(near_read, far_write, port, watch) => done,
        done = tokio::io::copy(&mut far_read, &mut near_write) => done.map(|_| ()),
    }
}

async fn requests(mut near: OwnedReadHalf, mut far: OwnedWriteHalf, port: u16, watch: Watch) -> std::io::Result<()> {
    // Messages before the session have no kind: requests for encryption, then the start.
    const ENCRYPTION: [u32; 2] = [80_877_103, 80_877_104];
    loop {
        let length = near.read_u32().await?;
        let body = rest(&mut near, length).await?;
        far.write_all(&length.to_be_bytes()).await?;
        far.write_all(&body).await?;
        let version = body.first_chunk().map(|version| u32::from_be_bytes(*version));
        if !version.is_some_and(|version| ENCRYPTION.contains(&version)) {
            break;
        }
    }
    let mut prepared: HashMap<String, String> = HashMap::new();
    loop {
        let kind = near.read_u8().await?;
        let length = near.read_u32().await?;
        let body = rest(&mut near, length).await?;
        let statement = match kind {
            b'Q' => Some(words(&body, 0)),
            b'P' => {
                prepared.insert(words(&body, 0), words(&body, 1));
                None
            }
            b'B' => prepared.get(&words(&body, 1)).cloned(),
            _ => None,
        };
        if let Some(gate) = statement.and_then(|statement| watch(port, &statement)) {
            gate.await.ok();
        }
        let message = [&[kind][..], &length.to_be_bytes(), &body].concat();
        far.write_all(&message).await?;
    }
}

/// What follows a length that counts itself.
async fn rest(near: &mut OwnedReadHalf, length: u32) -> std::io::Result<Vec<u8>> {
    let mut body = vec![0; usize::try_from(length).expect("a length").saturating_sub(4)];
    near.read_exact(&mut body).await?;
    Ok(body)
}

/// The text at this place among those that a zero ends.
fn words(body: &[u8], place: usize) -> String {
    let text = body.split(|byte| *byte == 0).nth(place).unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}
