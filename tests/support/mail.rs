//! A mailbox for tests: a small SMTP server that keeps what it is sent.
//!
//! It speaks the protocol itself, so that tests see mail as a mail server would, and leaves
//! reading the messages to `mail-parser`. Nothing is ever delivered anywhere.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mail_parser::{MessageParser, PartType};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};

/// Generous, for it is only ever waited out by a test that fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// One message as one recipient got it.
#[derive(Clone, Debug)]
pub struct Mail {
    /// Whom the envelope names, which is who would have received it.
    pub to: String,
    /// The address in the `From` header, as the recipient sees it.
    pub from: String,
    pub subject: String,
    /// The plain text; empty if the message has none, whatever its HTML says.
    pub text: String,
    pub html: Option<String>,
    /// Headers and body as they came over the wire.
    pub raw: String,
}

impl Mail {
    fn read(to: String, data: &[u8]) -> Self {
        let raw = String::from_utf8_lossy(data).into_owned();
        let Some(message) = MessageParser::default().parse(data) else {
            panic!("a message without headers was sent to {to}:\n{raw}");
        };
        let text = message.text_bodies().find_map(|part| match &part.body {
            PartType::Text(text) => Some(text.to_string()),
            _ => None,
        });
        let html = message.html_bodies().find_map(|part| match &part.body {
            PartType::Html(html) => Some(html.to_string()),
            _ => None,
        });
        let from = message.from().and_then(|from| from.first()?.address());
        Self {
            to,
            from: from.unwrap_or_default().to_owned(),
            subject: message.subject().unwrap_or_default().to_owned(),
            text: text.unwrap_or_default(),
            html,
            raw,
        }
    }

    /// The first number of eight digits in the text, which may be written "1234 5678".
    #[track_caller]
    pub fn code(&self) -> String {
        match find_code(&self.text) {
            Some(code) => code,
            None => panic!(
                "no code in the mail \"{}\" to {}:\n{}",
                self.subject, self.to, self.text
            ),
        }
    }
}

fn find_code(text: &str) -> Option<String> {
    // Split at spaces alone, lest a piece of an identifier in a link pass for a code.
    let words: Vec<&str> = text
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
        .collect();
    let digits = |word: &str, count| word.len() == count && word.bytes().all(|b| b.is_ascii_digit());
    words.iter().enumerate().find_map(|(at, word)| {
        if digits(word, 8) {
            return Some((*word).to_owned());
        }
        let next = words.get(at + 1)?;
        (digits(word, 4) && digits(next, 4)).then(|| format!("{word}{next}"))
    })
}

/// The mailbox of every address there is. Closes when dropped.
pub struct Mailbox {
    address: SocketAddr,
    post: Arc<Post>,
    server: JoinHandle<()>,
}

/// What the connections and the test share.
#[derive(Default)]
struct Post {
    state: Mutex<State>,
    arrived: Notify,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Mail>,
    refusals: VecDeque<u16>,
    ascii_only: bool,
}

impl Post {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mailbox {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound port");
        let post = Arc::new(Post::default());
        let server = tokio::spawn(serve(listener, Arc::clone(&post)));
        Self { address, post, server }
    }

    /// What to set `PALABRE_SMTP_URL` to.
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// Takes the oldest message to `address` that was not taken yet, and waits for it if need be.
    pub async fn next_to(&self, address: &str) -> Mail {
        self.next(address, |_| true).await
    }

    /// The code in the oldest message to `address` that holds one; other messages stay.
    pub async fn next_code_to(&self, address: &str) -> String {
        self.next(address, |mail| find_code(&mail.text).is_some()).await.code()
    }

    async fn next(&self, address: &str, wanted: impl Fn(&Mail) -> bool) -> Mail {
        match tokio::time::timeout(PATIENCE, self.take(address, wanted)).await {
            Ok(mail) => mail,
            Err(_) => panic!(
                "no such mail to {address} within {} s; not taken yet: {}",
                PATIENCE.as_secs(),
                self.untaken()
            ),
        }
    }

    async fn take(&self, address: &str, wanted: impl Fn(&Mail) -> bool) -> Mail {
        loop {
            // Listen before looking, lest a message arrive in between.
            let mut arrived = pin!(self.post.arrived.notified());
            arrived.as_mut().enable();
            {
                let waiting = &mut self.post.state().waiting;
                let found = waiting.iter().position(|mail| same(&mail.to, address) && wanted(mail));
                if let Some(mail) = found.and_then(|at| waiting.remove(at)) {
                    return mail;
                }
            }
            arrived.await;
        }
    }

    /// How many messages to `address` are there and were not taken yet.
    pub fn count_to(&self, address: &str) -> usize {
        let state = self.post.state();
        state.waiting.iter().filter(|mail| same(&mail.to, address)).count()
    }

    /// Answers the next `n` recipients with `code`: 4xx to be tried again, 5xx for a bounce.
    /// 421 also hangs up, as a server does that is shutting down.
    pub fn refuse_next(&self, n: usize, code: u16) {
        assert!((400..600).contains(&code), "{code} is not an SMTP refusal");
        self.post.state().refusals.extend(std::iter::repeat_n(code, n));
    }

    /// From now on as a server that has never heard of SMTPUTF8.
    pub fn know_ascii_only(&self) {
        self.post.state().ascii_only = true;
    }

    fn untaken(&self) -> String {
        let state = self.post.state();
        if state.waiting.is_empty() {
            return "nothing".to_owned();
        }
        let lines: Vec<_> = state
            .waiting
            .iter()
            .map(|mail| format!("\"{}\" to {}", mail.subject, mail.to))
            .collect();
        lines.join(", ")
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn same(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

async fn serve(listener: TcpListener, post: Arc<Post>) {
    // Dropped with this task, and the connections with it.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let post = Arc::clone(&post);
        // A client that hangs up in the middle has sent nothing, as far as tests are concerned.
        connections.spawn(async move { converse(stream, &post).await.ok() });
    }
}

/// One connection, to its end.
async fn converse(stream: TcpStream, post: &Post) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut sender = false;
    let mut recipients = Vec::new();
    stream.write_all(b"220 mailbox\r\n").await?;

    let mut line = Vec::new();
    while read_line(&mut stream, &mut line).await? {
        let command = String::from_utf8_lossy(&line).trim_end().to_owned();
        let upper = command.to_ascii_uppercase();
        let answer = match upper.split_whitespace().next().unwrap_or_default() {
            "EHLO" => {
                (sender, recipients) = (false, Vec::new());
                let known = if post.state().ascii_only {
                    "8BITMIME"
                } else {
                    "SMTPUTF8"
                };
                format!("250-mailbox\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 {known}")
            }
            "HELO" => {
                (sender, recipients) = (false, Vec::new());
                "250 mailbox".to_owned()
            }
            "MAIL" if sender => "503 one message at a time".to_owned(),
            "MAIL" if upper.starts_with("MAIL FROM:") && path(&command).is_some() => {
                sender = true;
                "250 ok".to_owned()
            }
            "RCPT" if !sender => "503 from whom?".to_owned(),
            "RCPT" if upper.starts_with("RCPT TO:") => match path(&command) {
                None | Some("") => "501 to whom?".to_owned(),
                Some(address) => {
                    let refusal = post.state().refusals.pop_front();
                    if let Some(code) = refusal {
                        format!("{code} <{address}> refused by the test")
                    } else {
                        recipients.push(address.to_owned());
                        "250 ok".to_owned()
                    }
                }
            },
            "DATA" if recipients.is_empty() => "503 to whom?".to_owned(),
            "DATA" => {
                stream.write_all(b"354 go on\r\n").await?;
                let Some(data) = read_data(&mut stream).await? else {
                    return Ok(());
                };
                let mails = recipients.drain(..).map(|to| Mail::read(to, &data));
                post.state().waiting.extend(mails);
                post.arrived.notify_waiters();
                sender = false;
                "250 kept".to_owned()
            }
            "RSET" => {
                (sender, recipients) = (false, Vec::new());
                "250 ok".to_owned()
            }
            "NOOP" => "250 ok".to_owned(),
            "QUIT" => "221 bye".to_owned(),
            "MAIL" | "RCPT" => "501 what address?".to_owned(),
            _ => "502 not here".to_owned(),
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await?;
        if answer.starts_with("221") || answer.starts_with("421") {
            break;
        }
    }
    Ok(())
}

/// The address between angle brackets: `MAIL FROM:<someone@example.org> BODY=8BITMIME`.
fn path(command: &str) -> Option<&str> {
    let (_, rest) = command.split_once('<')?;
    Some(rest.rsplit_once('>')?.0)
}

/// The next line with its end, or false when there is none.
async fn read_line(stream: &mut BufReader<TcpStream>, line: &mut Vec<u8>) -> std::io::Result<bool> {
    line.clear();
    Ok(stream.read_until(b'\n', line).await? > 0)
}

/// Everything up to the lone dot, with the dots undone that the client put before others.
async fn read_data(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Vec<u8>>> {
    let (mut data, mut line) = (Vec::new(), Vec::new());
    while read_line(stream, &mut line).await? {
        if line == b".\r\n" {
            return Ok(Some(data));
        }
        data.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use lettre::message::{MultiPart, SinglePart, header};
    use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

    use super::*;

    type Transport = AsyncSmtpTransport<Tokio1Executor>;

    fn client(mailbox: &Mailbox) -> Transport {
        Transport::from_url(&mailbox.url()).expect("a URL").build()
    }

    fn message(to: &str, subject: &str, text: &str) -> Message {
        Message::builder()
            .from("Palabre <no-reply@example.org>".parse().expect("a sender"))
            .to(to.parse().expect("a recipient"))
            .subject(subject)
            .multipart(MultiPart::alternative_plain_html(
                text.to_owned(),
                format!("<p>{text}</p>"),
            ))
            .expect("a message")
    }

    #[tokio::test]
    async fn a_message_comes_out_as_it_was_written() {
        let mailbox = Mailbox::start().await;
        let text = "Votre code : 1234 5678 – à saisir avant 18 h.\r\n.un point\r\n..deux\r\n.\r\nfin";
        let sent = message("Ana <ana@example.org>", "Votre code d’accès à l’atelier", text);
        client(&mailbox).send(sent).await.expect("sent");

        let mail = mailbox.next_to("ANA@example.org").await;
        assert_eq!(mail.to, "ana@example.org");
        assert_eq!(mail.from, "no-reply@example.org");
        assert_eq!(mail.subject, "Votre code d’accès à l’atelier");
        assert_eq!(mail.text.replace("\r\n", "\n").trim_end(), text.replace("\r\n", "\n"));
        assert_eq!(mail.html.as_deref().map(|html| html.contains("1234 5678")), Some(true));
        assert_eq!(mail.code(), "12345678");
        assert!(mail.raw.contains("=?utf-8?b?"), "{}", mail.raw);
    }

    #[tokio::test]
    async fn dots_and_base64_are_undone() {
        let mailbox = Mailbox::start().await;
        for encoding in [
            header::ContentTransferEncoding::SevenBit,
            header::ContentTransferEncoding::Base64,
        ] {
            let part = SinglePart::builder()
                .header(header::ContentType::TEXT_PLAIN)
                .header(encoding)
                .body(".first\r\n..second\r\n.\r\nlast".to_owned());
            let sent = Message::builder()
                .from("no-reply@example.org".parse().expect("a sender"))
                .to("ana@example.org".parse().expect("a recipient"))
                .singlepart(part)
                .expect("a message");
            client(&mailbox).send(sent).await.expect("sent");
            let mail = mailbox.next_to("ana@example.org").await;
            assert_eq!(mail.text.trim_end(), ".first\r\n..second\r\n.\r\nlast");
            assert_eq!(mail.html, None);
        }
    }

    #[tokio::test]
    async fn each_message_is_taken_once_in_order() {
        let mailbox = Mailbox::start().await;
        let client = client(&mailbox);
        for (to, subject) in [("a@example.org", "1"), ("b@example.org", "2"), ("a@example.org", "3")] {
            client.send(message(to, subject, "text")).await.expect("sent");
        }
        assert_eq!(mailbox.count_to("a@example.org"), 2);
        assert_eq!(mailbox.next_to("a@example.org").await.subject, "1");
        assert_eq!(mailbox.next_to("a@example.org").await.subject, "3");
        assert_eq!(mailbox.next_to("b@example.org").await.subject, "2");
        assert_eq!(mailbox.count_to("a@example.org"), 0);
    }

    #[tokio::test]
    async fn waits_for_what_has_not_arrived_yet() {
        let mailbox = Mailbox::start().await;
        let client = client(&mailbox);
        let send = async {
            tokio::task::yield_now().await;
            client
                .send(message("b@example.org", "other", "text"))
                .await
                .expect("sent");
            client
                .send(message("a@example.org", "late", "text"))
                .await
                .expect("sent");
        };
        let (mail, ()) = tokio::join!(mailbox.next_to("a@example.org"), send);
        assert_eq!(mail.subject, "late");
    }

    #[tokio::test]
    async fn refuses_as_often_as_it_was_told() {
        let mailbox = Mailbox::start().await;
        let client = client(&mailbox);
        mailbox.refuse_next(1, 450);
        mailbox.refuse_next(1, 421);
        mailbox.refuse_next(1, 550);

        let send = async || client.send(message("a@example.org", "s", "t")).await;
        assert!(send().await.is_err_and(|error| error.is_transient()));
        assert!(send().await.is_err_and(|error| error.is_transient()));
        assert!(send().await.is_err_and(|error| error.is_permanent()));
        assert!(send().await.is_ok());
        assert_eq!(mailbox.count_to("a@example.org"), 1);
    }

    #[test]
    fn codes_are_found_among_other_numbers() {
        let found = |text| find_code(text).unwrap_or_default();
        assert_eq!(found("Code: 12345678."), "12345678");
        assert_eq!(found("Le 3 août 2020, votre code est\n\n1234\u{a0}5678\n"), "12345678");
        assert_eq!(found("Call 0123456789, then enter (8765 4321)."), "87654321");
        assert_eq!(found("ref a1234567 12345678"), "12345678");
        assert_eq!(found("https://example.org/12345678-1234-4567-89ab-0123456789ab"), "");
    }
}
