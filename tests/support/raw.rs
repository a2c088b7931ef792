//! Requests that no HTTP client would send, byte by byte.

use std::net::SocketAddr;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::answer::Answer;

const PATIENCE: Duration = Duration::from_secs(20);

/// One connection.
pub struct Raw {
    stream: TcpStream,
    read: Vec<u8>,
    received: usize,
}

impl Raw {
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        Self {
            stream,
            read: Vec::new(),
            received: 0,
        }
    }

    /// False when the server no longer listens.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        let sent = tokio::time::timeout(PATIENCE, self.stream.write_all(bytes)).await;
        sent.expect("a server that reads or hangs up").is_ok()
    }

    /// The next answer on the connection, or nothing when the server hangs up without one.
    pub async fn answer(&mut self) -> Option<Answer> {
        tokio::time::timeout(PATIENCE, self.receive())
            .await
            .expect("an answer or an end")
    }

    /// The same, with how many bytes it took, head and all.
    pub async fn counted(&mut self) -> Option<(Answer, usize)> {
        let before = self.received - self.read.len();
        let answer = self.answer().await?;
        Some((answer, self.received - self.read.len() - before))
    }

    /// Bytes so far, of whole answers and of others.
    pub fn heard(&self) -> usize {
        self.received
    }

    async fn receive(&mut self) -> Option<Answer> {
        let head_end = loop {
            if let Some(at) = self.read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
            self.more().await?;
        };
        let head = String::from_utf8(self.read.drain(..head_end).collect()).expect("ASCII");
        let mut lines = head.lines();
        let status_line = lines.next().expect("a status line");
        let status = status_line
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .expect("a status");
        let mut headers = HeaderMap::new();
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            let name: HeaderName = name.parse().expect("a name");
            headers.append(name, HeaderValue::from_str(value).expect("a value"));
        }
        let length: usize = headers
            .get("content-length")
            .and_then(|length| length.to_str().ok()?.parse().ok())
            .unwrap_or_default();
        while self.read.len() < length {
            self.more().await?;
        }
        let mut body: Vec<u8> = self.read.drain(..length).collect();
        if headers.contains_key("transfer-encoding") {
            body = self.chunks().await?;
        }
        Some(Answer::new("raw bytes".into(), status, headers, body))
    }

    /// A body whose length was not known beforehand.
    async fn chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line_end = loop {
                match self.read.windows(2).position(|bytes| bytes == b"\r\n") {
                    Some(at) => break at + 2,
                    None => self.more().await?,
                }
            };
            let line = String::from_utf8(self.read.drain(..line_end).collect()).expect("ASCII");
            let length = usize::from_str_radix(line.trim(), 16).expect("a length");
            while self.read.len() < length + 2 {
                self.more().await?;
            }
            body.extend(self.read.drain(..length));
            self.read.drain(..2);
            if length == 0 {
                return Some(body);
            }
        }
    }

    async fn more(&mut self) -> Option<()> {
        let mut buffer = [0; 4096];
        match self.stream.read(&mut buffer).await {
            Ok(count) if count > 0 => {
                self.received += count;
                self.read.extend_from_slice(&buffer[..count]);
                Some(())
            }
            _ => None,
        }
    }
}
