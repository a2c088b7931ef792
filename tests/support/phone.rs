//! A phone's browser, as the network sees it: one kept connection, gzip, the cache of a browser, and
//! the questions it asks first where the page is of another origin; and how many bytes went each way,
//! heads and all. What encryption and packets add is not counted.

use std::collections::{HashMap, HashSet};
use std::io::Read as _;

use serde_json::Value;

use super::answer::Answer;
use super::raw::Raw;
use super::{FRONT_END, SECOND, World};

/// What a browser on a phone says of itself with every request.
const BROWSER: &str = "User-Agent: Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) \
    Chrome/124.0.0.0 Mobile Safari/537.36\r\nAccept-Language: fr-FR,fr;q=0.9,en;q=0.8\r\nAccept-Encoding: gzip, deflate, br\r\n\
    Sec-Fetch-Mode: cors\r\nSec-Fetch-Dest: empty\r\nReferer: https://atelier.example.org/\r\nConnection: keep-alive\r\n";
/// And with all but the question whether it may ask.
const HINTS: &str = "sec-ch-ua: \"Chromium\";v=\"124\", \"Google Chrome\";v=\"124\", \"Not-A.Brand\";v=\"99\"\r\n\
    sec-ch-ua-mobile: ?1\r\nsec-ch-ua-platform: \"Android\"\r\n";
/// For how long a Chromium goes by the answer to that question, however long it may.
const LONGEST_LEAVE: i64 = 2 * 3600;

/// Where the page comes from that the phone shows.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// From the API's own origin: a proxy before both has one name.
    SameOrigin,
    OtherOrigin,
}

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

    /// Whether the browser asked, by itself, if the page may ask.
    pub fn is_preflight(&self) -> bool {
        self.what.starts_with("OPTIONS ")
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

/// What the server allows pages of another origin at one address, and until when.
struct Leave {
    words: HashSet<String>,
    until: i64,
}

pub struct Phone {
    world: World,
    page: Page,
    connection: Raw,
    pub token: Option<String>,
    cache: HashMap<String, Kept>,
    leave: HashMap<String, Leave>,
    lines: Vec<Line>,
}

impl Phone {
    pub async fn of(world: &World, page: Page) -> Self {
        Self {
            world: world.clone(),
            page,
            connection: Raw::connect(world.server().address).await,
            token: None,
            cache: HashMap::new(),
            leave: HashMap::new(),
            lines: Vec::new(),
        }
    }

    /// Opened again another day: a new connection, the cache as it was. The lines up to here are given away.
    pub async fn opened_again(&mut self) -> Vec<Line> {
        self.connection = Raw::connect(self.world.server().address).await;
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
        let kept = self.cache.get(path).filter(|kept| method == "GET" && kept.immutable);
        if let Some(kept) = kept {
            return kept.answer.clone();
        }
        // Images are fetched by the page itself, without a token.
        let token = self.token.as_ref().filter(|_| !path.starts_with("/v1/logos/"));
        let body = body.map(|body| body.to_string());
        let mut own = String::new();
        if let Some(token) = token {
            own += &format!("Authorization: Bearer {token}\r\n");
        }
        if let Some(body) = &body {
            own += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        }
        let wants: Vec<&str> = [("authorization", token.is_some()), ("content-type", body.is_some())]
            .into_iter()
            .filter_map(|(header, there)| there.then_some(header))
            .collect();
        self.ask_leave(method, path, &wants).await;
        if self.page == Page::OtherOrigin && !wants.is_empty() || body.is_some() {
            own += &format!("Origin: {FRONT_END}\r\n");
        }
        if let Some(kept) = self.cache.get(path).filter(|_| method == "GET") {
            own += &format!("If-None-Match: {}\r\n", kept.etag);
        }
        let request = format!(
            "{method} {path} HTTP/1.1\r\n{}{HINTS}{own}\r\n{}",
            self.head(),
            body.unwrap_or_default()
        );
        let answer = self.exchange(method, path, &request).await;
        if self.page == Page::OtherOrigin && !wants.is_empty() {
            let readable = answer.header("access-control-allow-origin");
            assert_eq!(readable, FRONT_END, "a page could not read {answer}");
        }
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

    /// A page of another origin may not send these headers before the server has said so, for each
    /// address on its own (Fetch, 4.8).
    async fn ask_leave(&mut self, method: &str, path: &str, wants: &[&str]) {
        if self.page == Page::SameOrigin || wants.is_empty() {
            return;
        }
        let now = self.world.now();
        let simple = ["GET", "POST"].contains(&method);
        let covered = |leave: &Leave| {
            let method = simple || leave.words.contains(&method.to_lowercase());
            leave.until > now && method && wants.iter().all(|header| leave.words.contains(*header))
        };
        if self.leave.get(path).is_some_and(covered) {
            return;
        }
        let question = format!(
            "OPTIONS {path} HTTP/1.1\r\n{}Access-Control-Request-Method: {method}\r\n\
             Access-Control-Request-Headers: {}\r\nOrigin: {FRONT_END}\r\n\r\n",
            self.head(),
            wants.join(",")
        );
        let answer = self.exchange("OPTIONS", path, &question).await;
        assert_eq!(answer.status, 200, "{answer}");
        assert_eq!(answer.header("access-control-allow-origin"), FRONT_END, "{answer}");
        let lists = ["access-control-allow-methods", "access-control-allow-headers"];
        let words = lists.map(|list| answer.header(list).to_lowercase()).join(",");
        let seconds: i64 = answer.header("access-control-max-age").parse().expect("seconds");
        let leave = Leave {
            words: words.split(',').map(|word| word.trim().to_owned()).collect(),
            until: now + seconds.min(LONGEST_LEAVE) * SECOND,
        };
        assert!(covered(&leave), "{method} {path} is not allowed: {answer}");
        self.leave.insert(path.to_owned(), leave);
    }

    fn head(&self) -> String {
        let site = match self.page {
            Page::SameOrigin => "same-origin",
            Page::OtherOrigin => "same-site",
        };
        format!("Host: api.example.org\r\nAccept: */*\r\nSec-Fetch-Site: {site}\r\n{BROWSER}")
    }

    /// Sends the bytes and notes what they and the answer cost.
    async fn exchange(&mut self, method: &str, path: &str, request: &str) -> Answer {
        let sent = self.connection.send(request.as_bytes()).await;
        assert!(sent, "a connection that holds");
        let (answer, received) = self.connection.counted().await.expect("an answer");
        self.lines.push(Line {
            what: format!("{method} {}", shortened(path)),
            status: answer.status,
            sent: request.len(),
            received,
        });
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
pub fn say(text: &str) {
    println!("{text}");
}
