//! The client: one task per connection, requests written whole, answers read as far as needed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One kept-alive connection.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("a TCP stream");
        Self {
            stream,
            buffer: Vec::with_capacity(16 * 1024),
        }
    }

    /// Without waiting for an answer.
    pub async fn send(&mut self, request: &[u8]) {
        self.stream.write_all(request).await.expect("a server that reads");
    }

    /// Status and body.
    pub async fn ask(&mut self, request: &[u8]) -> (u16, Vec<u8>) {
        self.send(request).await;
        loop {
            if let Some((status, head, length)) = self.head() {
                while self.buffer.len() < head + length {
                    self.fill().await;
                }
                let body = self.buffer[head..head + length].to_vec();
                self.buffer.drain(..head + length);
                return (status, body);
            }
            self.fill().await;
        }
    }

    fn head(&self) -> Option<(u16, usize, usize)> {
        let end = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
        let head = std::str::from_utf8(&self.buffer[..end]).expect("ASCII");
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .expect("a status");
        let length = head
            .lines()
            .find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim().parse().expect("a length"))
            })
            .unwrap_or(0);
        Some((status, end, length))
    }

    async fn fill(&mut self) {
        let read = self
            .stream
            .read_buf(&mut self.buffer)
            .await
            .expect("a server that answers");
        assert!(read > 0, "the server hung up");
    }
}

/// What a measurement gave.
#[derive(Default)]
pub struct Figures {
    pub done: usize,
    pub seconds: f64,
    /// Of each request, in microseconds, in ascending order.
    pub latencies: Vec<u32>,
    /// The answers to what was created.
    pub created: Vec<Vec<u8>>,
}

impl Figures {
    pub fn rate(&self) -> f64 {
        self.done as f64 / self.seconds
    }

    /// In milliseconds.
    pub fn p99(&self) -> f64 {
        self.quantile(0.99)
    }

    /// In milliseconds, of this share of all.
    pub fn quantile(&self, share: f64) -> f64 {
        let index = (self.latencies.len() as f64 * share) as usize;
        let index = index.min(self.latencies.len().saturating_sub(1));
        f64::from(self.latencies.get(index).copied().unwrap_or_default()) / 1000.0
    }

    /// In milliseconds.
    pub fn longest(&self) -> f64 {
        f64::from(self.latencies.last().copied().unwrap_or_default()) / 1000.0
    }

    pub fn merge(&mut self, other: Self) {
        self.done += other.done;
        self.seconds += other.seconds;
        self.latencies.extend(other.latencies);
        self.latencies.sort_unstable();
        self.created.extend(other.created);
    }
}

#[derive(Clone)]
pub struct Load {
    address: SocketAddr,
    connections: usize,
    /// Between one request and the next, whether answered or not; none: each as soon as it can.
    pause: Option<Duration>,
    /// Enough: no more requests.
    over: Arc<AtomicBool>,
}

impl Load {
    pub fn new(address: SocketAddr, connections: usize) -> Self {
        Self {
            address,
            connections,
            pause: None,
            over: Arc::default(),
        }
    }

    /// Whoever is at it ends with the answer they wait for.
    pub fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// So many requests a second, whatever becomes of them: as people come, who do not wait for each other.
    pub fn steady(self, per_second: u32) -> Self {
        let pause = Some(Duration::from_secs(1) / per_second);
        Self { pause, ..self }
    }

    /// The requests of these numbers, each once, until time is up; each must be answered so.
    pub async fn each(
        &self,
        numbers: std::ops::Range<usize>,
        length: Duration,
        expected: u16,
        request: impl Fn(usize, &mut Vec<u8>) + Send + Sync + 'static,
    ) -> Figures {
        let request = Arc::new(request);
        let next = Arc::new(AtomicUsize::new(numbers.start));
        let began = Instant::now();
        let deadline = began + length;
        let mut tasks = Vec::new();
        for _ in 0..self.connections {
            let (request, next, address) = (request.clone(), next.clone(), self.address);
            let (numbers, pause, over) = (numbers.clone(), self.pause, self.over.clone());
            tasks.push(tokio::spawn(async move {
                let mut connection = Connection::open(address).await;
                let mut bytes = Vec::with_capacity(2048);
                let (mut latencies, mut created) = (Vec::new(), Vec::new());
                while Instant::now() < deadline && !over.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= numbers.end {
                        break;
                    }
                    bytes.clear();
                    request(number, &mut bytes);
                    let mut asked = Instant::now();
                    if let Some(pause) = pause {
                        // Who comes while all connections are taken has been waiting since they came.
                        let due = began + pause * (number - numbers.start) as u32;
                        tokio::time::sleep_until(due.into()).await;
                        asked = if asked < due { Instant::now() } else { due };
                    }
                    let (status, body) = connection.ask(&bytes).await;
                    latencies.push(asked.elapsed().as_micros() as u32);
                    assert_eq!(status, expected, "{}", String::from_utf8_lossy(&body));
                    if status == 201 {
                        created.push(body);
                    }
                }
                (latencies, created)
            }));
        }
        let (mut latencies, mut created) = (Vec::new(), Vec::new());
        for task in tasks {
            let done = task.await.expect("a connection that holds");
            latencies.extend(done.0);
            created.extend(done.1);
        }
        let seconds = began.elapsed().as_secs_f64();
        latencies.sort_unstable();
        Figures {
            done: latencies.len(),
            seconds,
            latencies,
            created,
        }
    }

    /// One request over and over.
    pub async fn repeat(&self, bytes: Vec<u8>, length: Duration) -> Figures {
        let expected = Connection::open(self.address).await.ask(&bytes).await.0;
        self.each(0..usize::MAX, length, expected, move |_, request| {
            request.extend_from_slice(&bytes);
        })
        .await
    }
}
