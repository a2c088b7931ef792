//! Secrecy, tested as an attacker would: whoever has the files, the logs, every system column and
//! old copies, but not `PALABRE_SECRET`, knows no more about who voted what than chance tells.
//!
//! A thousand people sign in and vote one after another through the real server, in an order that
//! the attacker knows. Every attack is first run on naive tables with the same votes, where it must
//! succeed. On the real ones its right guesses stay within the band of 99.99 % of random pairing.

mod attacks;
mod chance;
mod counts;
mod election;
mod evidence;
mod naive;
mod postgres;
mod sqlite;
mod tokens;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use palabre::settings::Database;
use sea_orm::ConnectionTrait as _;
use serde_json::json;

use self::attacks::Attempt;
use self::chance::Band;
use self::election::{Cast, Election};
use self::evidence::{Copy, Evidence, Table, line_sizes, spans};
use self::tokens::{Spellings, Subject, Tokens};
use crate::support::{Backend, Cluster, World};

const SEED: u64 = 20_200_828;
/// An attack works when it finds at least this many of the thousand.
const SUCCESS: usize = 950;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_attack_finds_who_voted_what_on_sqlite() {
    no_attack_finds_who_voted_what(Backend::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_attack_finds_who_voted_what_on_postgres() {
    no_attack_finds_who_voted_what(Backend::Postgres).await;
}

/// Chance alone carries one attack in ten thousand out of its band. What is outside is therefore
/// tried on a second election, with other voters' choices: a leak is there again, chance is not.
async fn no_attack_finds_who_voted_what(backend: Backend) {
    let first = attacked(backend, SEED).await;
    if first.is_empty() {
        return;
    }
    let second = attacked(backend, SEED + 1).await;
    let both: BTreeSet<_> = first.intersection(&second).collect();
    assert!(both.is_empty(), "who voted what is found by {both:#?}");
}

/// Holds one election and runs every attack; says which of them found more, or less, than chance.
async fn attacked(backend: Backend, seed: u64) -> BTreeSet<&'static str> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("palabre.db");
    let (cluster, database) = match backend {
        Backend::Sqlite => (None, Database::Sqlite(file.clone())),
        Backend::Postgres => {
            let cluster = Cluster::start(&postgres::TALKATIVE).await;
            let database = cluster.database("postgres");
            (Some(cluster), database)
        }
    };
    let cluster = cluster.as_ref();
    let mut election = Election::prepare(World::on(database).await, file, seed).await;

    let (naive, found) = naive::evidence(&election, cluster).await;
    assert!(!found.is_empty(), "the search finds a naive vote");
    let working = works(&naive);
    election.log_from = cluster.map_or(0, |cluster| cluster.log().len());

    let real = Real::hold(&election, cluster).await;
    real.nothing_shows_a_vote_while_open();
    real.a_backup_holds_nothing_sealed();
    real.nothing_sealed_remains(backend);
    let attempts = attacks::all(&real.evidence);
    report(backend, &working, &attempts, &real.evidence.truth)
}

/// Every attack succeeds where there is something to find; how well.
fn works(naive: &Evidence) -> BTreeMap<&'static str, usize> {
    let mut best: BTreeMap<&'static str, usize> = BTreeMap::new();
    for attempt in attacks::all(naive) {
        let found = best.entry(attempt.attack).or_default();
        *found = (*found).max(attempt.matches(&naive.truth));
    }
    let failing: Vec<_> = best.iter().filter(|(_, matches)| **matches < SUCCESS).collect();
    assert!(
        failing.is_empty(),
        "attacks that find nothing in naive tables: {failing:?}"
    );
    best
}

/// What an attacker gets hold of in a real election.
struct Real {
    evidence: Evidence,
    tokens: Tokens,
    open: Vec<Copy>,
    closed: Vec<Copy>,
}

impl Real {
    async fn hold(election: &Election, cluster: Option<&Cluster>) -> Self {
        let begin = match cluster {
            Some(_) => postgres::log_end(&election.sql).await,
            None => 0,
        };
        let command = election.world.command(["serve", "--listen", "127.0.0.1:0"]);
        let process = command
            .env("PALABRE_LOG", "trace")
            .env("PALABRE_TRUSTED_PROXIES", "127.0.0.1")
            .log_to(&election.server_log())
            .serve()
            .await;
        let mut cast = election.cast(process.address, cluster).await;
        for (voter, hash) in cast.hashes.iter().enumerate() {
            assert_eq!(*hash, election.hash(voter), "the server hashes what was sent");
        }
        cast.copies.push(election.backup(cluster).await);
        let tokens = known(election, &mut cast).await;
        let mut tables = look(election, cluster, "open", &tokens).await;

        let organiser = election.organiser.at_address(process.address);
        let close = || async {
            organiser
                .act(&format!("{}/close", election.ballot.path))
                .await
                .expect(200);
        };
        match &mut cast.follower {
            None => close().await,
            // Somebody reads meanwhile, so that the log cannot be emptied and is seen with all of the
            // closing in it; when they are done it must be empty soon.
            Some(follower) => {
                let reader = election.world.sql().await;
                let reading = reader.begin().await;
                reading
                    .execute_unprepared("SELECT count(*) FROM ballot")
                    .await
                    .expect("a look");
                close().await;
                follower.look();
                reading.rollback().await.expect("the look ends");
                election.until_truncated().await;
            }
        }
        let tally = organiser
            .get(&format!("{}/tally", election.ballot.path))
            .await
            .expect(200);
        assert_eq!(tally["votes"], json!(election.truth.len()));
        tables.extend(look(election, cluster, "closed", &tokens).await);
        let closed = election.copy("closed", cluster).await;
        let auditor = election.auditor.at_address(process.address);
        for what in ["audit", "roll?limit=200", "tally", "manifest", "receipts?prefix=00"] {
            let answer = auditor
                .get(&format!("{}/{what}", election.ballot.path))
                .await
                .expect(200);
            closed.keep_bytes(what.split('?').next().unwrap_or_default(), &answer.body);
        }
        let commits = match (cluster, &mut cast.follower) {
            (Some(cluster), _) => {
                let end = postgres::log_end(&election.sql).await;
                postgres::commits(cluster, (begin, end), &tokens).await
            }
            (None, Some(follower)) => follower.commits(&tokens),
            (None, None) => Vec::new(),
        };
        let reason = json!({"reason": "Un logo manquait."});
        organiser
            .post(&format!("{}/cancel", election.other.path), reason)
            .await
            .expect(200);
        election.until_truncated().await;
        process.kill().await;
        let dead = election.copy("after the server", cluster).await;

        let Cast {
            copies: open,
            mut sizes,
            answered,
            ..
        } = cast;
        for (name, bytes) in dead.files().iter().filter(|(name, _)| name.ends_with(".log")) {
            sizes.extend(line_sizes(name, bytes, &tokens));
            let usual = usual_lines(bytes);
            for (how, log) in [("trace", bytes), ("info", &usual)] {
                let words = "/v1/ballots/{ballot_id}/votes";
                sizes.extend(spans(&format!("{name} at {how}"), log, words, &answered));
            }
            dead.keep_bytes(&format!("usual-{name}"), &usual);
        }
        let closed = vec![closed, dead];
        let places = open
            .iter()
            .chain(&closed)
            .flat_map(|copy| copy.places(&tokens))
            .collect();
        let evidence = Evidence {
            truth: election.truth.clone(),
            lengths: election.lengths(),
            page: if cluster.is_some() {
                postgres::PAGE
            } else {
                sqlite::PAGE
            },
            tables,
            places,
            commits,
            sizes,
        };
        Self {
            evidence,
            tokens,
            open,
            closed,
        }
    }

    /// Neither the sentinel's vote nor any other is found in any file while the ballot is open.
    fn nothing_shows_a_vote_while_open(&self) {
        let mut found = BTreeSet::new();
        for copy in &self.open {
            for place in copy.places(&self.tokens) {
                for hit in place.hits {
                    if matches!(hit.subject, Subject::Vote(_) | Subject::Choice(_)) {
                        found.insert((place.name.clone(), hit.kind));
                    }
                }
            }
        }
        assert!(found.is_empty(), "votes are found while the ballot is open: {found:?}");
    }

    /// `palabre backup` leaves out what is sealed: who may vote is in it, what is cast is not.
    fn a_backup_holds_nothing_sealed(&self) {
        let place = self.open.iter().flat_map(|copy| copy.places(&self.tokens));
        let backup = place.into_iter().find(|place| place.name.ends_with(election::BACKUP));
        let hits = backup.expect("a backup").hits;
        let kinds: BTreeSet<&str> = hits.iter().map(|hit| hit.kind).collect();
        assert_eq!(
            kinds,
            BTreeSet::from(["address", "leaf", "person", "registration", "salt"])
        );
    }

    /// Once counted, an SQLite file holds no mark, no sealed vote and no key of the ballot any more,
    /// free pages and log included; nor those of a ballot that was cancelled.
    fn nothing_sealed_remains(&self, backend: Backend) {
        if backend == Backend::Postgres {
            return;
        }
        let sealed = |copy: &Copy| {
            let mut found = BTreeMap::new();
            for place in copy.places(&self.tokens).into_iter().filter(|place| !place.log) {
                for hit in place.hits {
                    if matches!(hit.kind, "mark" | "sealed" | "key" | ELSEWHERE) {
                        *found.entry((hit.kind, place.name.clone())).or_insert(0) += 1;
                    }
                }
            }
            found
        };
        let kinds = |copies: &[Copy]| {
            let found: Vec<_> = copies.iter().flat_map(sealed).collect();
            let kinds: BTreeSet<&str> = found.iter().map(|((kind, _), _)| *kind).collect();
            (kinds, found)
        };
        // The search does find them while they are there.
        let (before, found) = kinds(&self.open);
        assert_eq!(
            before,
            BTreeSet::from(["key", "mark", "sealed", ELSEWHERE]),
            "{found:?}"
        );
        let (closed, cancelled) = self.closed.split_at(1);
        let (after, found) = kinds(closed);
        assert_eq!(
            after,
            BTreeSet::from([ELSEWHERE]),
            "what was sealed is still there: {found:?}"
        );
        let (after, found) = kinds(cancelled);
        assert!(after.is_empty(), "what was sealed is still there: {found:?}");
    }
}

/// What is sealed in the ballot that is open beside the other.
const ELSEWHERE: &str = "sealed elsewhere";

/// The lines that a server writes at its usual level: finer ones only come between them.
fn usual_lines(log: &[u8]) -> Vec<u8> {
    let usual = |line: &&[u8]| {
        let words = String::from_utf8_lossy(line);
        !words.contains("TRACE") && !words.contains("DEBUG")
    };
    let lines: Vec<&[u8]> = log.split(|byte| *byte == b'\n').filter(usual).collect();
    lines.join(&b'\n')
}

/// Every spelling of voters and votes, marks included: whose they are is told by the order in which
/// they came, which the attacker has watched. Secrecy does not rest on that.
async fn known(election: &Election, cast: &mut Cast) -> Tokens {
    let sealed = election.sealed(&election.ballot).await;
    assert_eq!(sealed.len(), election.truth.len());
    let order: Vec<usize> = match &mut cast.follower {
        // PostgreSQL appends.
        None => (0..sealed.len()).collect(),
        Some(follower) => {
            follower.look();
            let mut spellings = Spellings::default();
            for (number, (mark, _)) in sealed.iter().enumerate() {
                spellings.bytes(Subject::Voter(number), "mark", mark);
            }
            let commits = follower.commits(&spellings.ready());
            let mut first = Vec::new();
            for hit in commits.iter().flat_map(|commit| &commit.hits) {
                if let Subject::Voter(number) = hit.subject
                    && !first.contains(&number)
                {
                    first.push(number);
                }
            }
            first
        }
    };
    assert_eq!(order.len(), sealed.len(), "the log shows in which order marks came");
    let mut spellings = election.spellings(&cast.hashes).await;
    for (voter, number) in order.into_iter().enumerate() {
        let (mark, sealed) = &sealed[number];
        spellings.bytes(Subject::Voter(voter), "mark", mark);
        // Its beginning, something from the middle, and its end.
        for part in [&sealed[..], &sealed[40..], &sealed[sealed.len() - 16..]] {
            spellings.bytes(Subject::Voter(voter), "sealed", part);
        }
    }
    let key = election.sealed_key(&election.ballot).await;
    spellings.bytes(Subject::Sealed, "key", &key);
    spellings.bytes(Subject::Sealed, "key", &key[key.len() - 16..]);
    for (mark, sealed) in election.sealed(&election.other).await {
        spellings.bytes(Subject::Sealed, ELSEWHERE, &mark);
        spellings.bytes(Subject::Sealed, ELSEWHERE, &sealed);
    }
    spellings.bytes(Subject::Sealed, ELSEWHERE, &election.sealed_key(&election.other).await);
    spellings.ready()
}

async fn look(election: &Election, cluster: Option<&Cluster>, moment: &str, tokens: &Tokens) -> Vec<Table> {
    match cluster {
        Some(cluster) => {
            let mut tables = postgres::tables(&election.sql, "", moment, tokens).await;
            tables.extend(postgres::heaps(&election.sql, cluster, "", moment, tokens).await);
            tables
        }
        None => sqlite::tables(&election.sql, "", moment, tokens).await,
    }
}

/// What every attack found at most, and which of them left their band.
fn report(
    backend: Backend,
    naive: &BTreeMap<&'static str, usize>,
    attempts: &[Attempt],
    truth: &[usize],
) -> BTreeSet<&'static str> {
    let mut bands: HashMap<BTreeMap<usize, usize>, Band> = HashMap::new();
    let mut worst: BTreeMap<&'static str, (usize, f64, usize, Band, String)> = BTreeMap::new();
    let mut outside = BTreeSet::new();
    for attempt in attempts {
        assert!(
            naive.contains_key(attempt.attack),
            "{} was not shown to work",
            attempt.attack
        );
        let mut guesses = BTreeMap::new();
        for choice in &attempt.guess {
            *guesses.entry(*choice).or_insert(0) += 1;
        }
        let band = *bands.entry(guesses).or_insert_with(|| attempt.band(truth));
        let matches = attempt.matches(truth);
        if !band.holds(matches) {
            outside.insert(attempt.attack);
        }
        // How far from the middle of its band, the band's edge being 1.
        let middle = (band.low + band.high) as f64 / 2.0;
        let away = (matches as f64 - middle).abs() / ((band.high - band.low) as f64 / 2.0).max(0.5);
        let entry = worst.entry(attempt.attack);
        let entry = entry.or_insert((0, -1.0, 0, band, String::new()));
        entry.0 += 1;
        if away > entry.1 {
            (entry.1, entry.2, entry.3) = (away, matches, band);
            entry.4.clone_from(&attempt.by);
        }
    }
    let mut lines = format!(
        "\n{backend:?}: {:32} {:>5} {:>6} {:>8} {:>8}  furthest from chance\n",
        "attack", "naive", "tried", "matches", "band"
    );
    for (attack, found) in naive {
        let line = match worst.get(attack) {
            Some((tried, _, matches, band, by)) => {
                format!(
                    "{attack:40} {found:>5} {tried:>6} {matches:>8} {:>4}–{:<4} {by}",
                    band.low, band.high
                )
            }
            None => format!("{attack:40} {found:>5}      – nothing to go by"),
        };
        lines.push_str(&line);
        lines.push('\n');
    }
    say(&lines);
    outside
}

#[expect(clippy::print_stdout, reason = "figures for whoever runs the test with --nocapture")]
fn say(text: &str) {
    println!("{text}");
}
