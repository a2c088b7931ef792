//! A phone's browser, as the network sees it: one kept connection, gzip, the cache of a browser; and
//! how many bytes went each way, heads and all. What encryption and packets add is not counted.

use std::collections::HashMap;
use std::io::Read as _;
use std::net::SocketAddr;

use serde_json::Value;

use super::answer::Answer;
use super::raw::Raw;

/// What a browser on a phone says of itself with every request.
const BROWSER: &str = "User-Agent: Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/124.0.0.0 Mobile Safari/537.36\r\nAccept-Language: fr-FR,fr;q=0.9,en;q=0.8\r\nAccept-Encoding: gzip, deflate, br\r\n\
    sec-ch-ua: \"Chromium\";v=\"124\", \"Google Chrome\";v=\"124\", \"Not-A.Brand\";v=\"99\"\r\nsec-ch-ua-mobile: ?1\r\n\
    sec-ch-ua-platform: \"Android\"\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\n\
    Referer: https://atelier.example.org/\r\nConnection: keep-alive\r\n";

/// One request, and what it cost.
pub struct Line {
    what: String,
    status: u16,
    sent: usize,
    received: usize,
}

impl Line {
    pub fn status(&self) -> u16 {
        self.status
    }

    pub fn bytes(&self) -> usize {
        self.sent + self.received
    }
}

/// What a browser keeps of an answer.
struct Kept {
    etag: String,
    immutable: bool,
    answer: Answer,
}

pub struct Phone {
    address: SocketAddr,
    connection: Raw,
    pub token: Option<String>,
    cache: HashMap<String, Kept>,
    lines: Vec<Line>,
}

impl Phone {
    pub async fn at(address: SocketAddr) -> Self {
        Self {
            address,
            connection: Raw::connect(address).await,
            token: None,
            cache: HashMap::new(),
            lines: Vec::new(),
        }
    }

    /// Opened again another day: a new connection, the cache as it was. The lines up to here are given away.
    pub async fn opened_again(&mut self) -> Vec<Line> {
        self.connection = Raw::connect(self.address).await;
        std::mem::take(&mut self.lines)
    }

    pub fn take_lines(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.lines)
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.ask("GET", path, None).await
    }

    pub async fn post(&mut self, path: &str, body: Value) -> Answer {
        self.ask("POST", path, Some(body)).await
    }

    async fn ask(&mut self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let kept = self.cache.get(path).filter(|_| method == "GET");
        if let Some(kept) = kept.filter(|kept| kept.immutable) {
            return kept.answer.clone();
        }
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: api.example.org\r\nAccept: */*\r\n{BROWSER}");
        if let Some(kept) = kept {
            request += &format!("If-None-Match: {}\r\n", kept.etag);
        }
        // Logos are fetched by the page itself, without a token.
        if let Some(token) = self.token.as_ref().filter(|_| !path.starts_with("/v1/logos/")) {
            request += &format!("Authorization: Bearer {token}\r\n");
        }
        if let Some(body) = body {
            let body = body.to_string();
            request += &format!(
                "Content-Type: application/json\r\nOrigin: https://atelier.example.org\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
        } else {
            request += "\r\n";
        }
        assert!(
            self.connection.send(request.as_bytes()).await,
            "a connection that holds"
        );
        let (answer, received) = self.connection.counted().await.expect("an answer");
        self.lines.push(Line {
            what: format!("{method} {}", shortened(path)),
            status: answer.status,
            sent: request.len(),
            received,
        });
        if answer.status == 304 {
            return self.cache[path].answer.clone();
        }
        let answer = unpacked(answer, method, path);
        let control = answer.header("cache-control");
        if method == "GET" && answer.status == 200 && !control.contains("no-store") {
            let kept = Kept {
                etag: answer.header("etag").to_owned(),
                immutable: control.contains("immutable"),
                answer: answer.clone(),
            };
            self.cache.insert(path.to_owned(), kept);
        }
        answer
    }
}

fn unpacked(answer: Answer, method: &str, path: &str) -> Answer {
    let mut body = Vec::new();
    match answer.header("content-encoding") {
        "gzip" => {
            flate2::read::GzDecoder::new(&answer.body[..])
                .read_to_end(&mut body)
                .expect("gzip");
        }
        "" | "identity" => body.clone_from(&answer.body),
        other => panic!("{other} was not asked for"),
    }
    Answer::new(format!("{method} {path}"), answer.status, answer.headers, body)
}

/// Ids and digests cut short, to be read in a table.
fn shortened(path: &str) -> String {
    let short = |part: &str| match part.len() {
        36.. => format!(
            "{}…{}",
            &part[..4],
            part.rsplit(['.', '-'])
                .next()
                .filter(|end| end.len() < 9)
                .unwrap_or_default()
        ),
        _ => part.to_owned(),
    };
    path.split('/').map(short).collect::<Vec<_>>().join("/")
}

/// Prints the table of what was asked, with its sums; gives requests and bytes back.
pub fn table(title: &str, lines: &[Line]) -> (usize, usize) {
    let bytes = lines.iter().map(Line::bytes).sum();
    let row = |line: &Line| {
        format!(
            "{:>5} {:>7} {:>9}  {}\n",
            line.status, line.sent, line.received, line.what
        )
    };
    let rows: String = lines.iter().map(row).collect();
    say(&format!(
        "\n{title}\n{:>5} {:>7} {:>9}  request\n{rows}{} requests, {bytes} bytes",
        "",
        "sent",
        "received",
        lines.len()
    ));
    (lines.len(), bytes)
}

#[expect(clippy::print_stdout, reason = "figures that whoever runs the test wants to read")]
fn say(text: &str) {
    println!("{text}");
}
