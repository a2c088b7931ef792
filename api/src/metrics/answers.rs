//! What was answered so far: how often, by route and status, and how soon. Of votes nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::{family, line};

/// Upper bounds of how long an answer took, in seconds as Prometheus spells them and in microseconds.
const BOUNDS: [(&str, u128); 7] = [
    ("0.005", 5_000),
    ("0.025", 25_000),
    ("0.1", 100_000),
    ("0.5", 500_000),
    ("2.5", 2_500_000),
    ("10", 10_000_000),
    ("+Inf", u128::MAX),
];

#[derive(Default)]
pub struct Answers(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// Method and route as in the document, so that nobody can make up new ones, and the status.
    by_route: BTreeMap<(&'static str, &'static str, u16), u64>,
    /// How many took no longer than each bound and longer than the one before.
    by_bound: [u64; BOUNDS.len()],
    micros: u128,
    unavailable: u64,
}

impl Answers {
    /// One more answer of this route.
    pub fn count(&self, method: &'static str, route: &'static str, status: u16, took: Duration) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *known.by_route.entry((method, route, status)).or_default() += 1;
        let micros = took.as_micros();
        known.micros += micros;
        let bound = BOUNDS.iter().position(|(_, bound)| micros <= *bound);
        if let Some(number) = bound.and_then(|bound| known.by_bound.get_mut(bound)) {
            *number += 1;
        }
    }

    /// Somebody was told to come again, whatever they had asked for.
    pub fn count_unavailable(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).unavailable += 1;
    }

    pub fn write(&self, page: &mut String) {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = "http_requests_total";
        family(
            page,
            name,
            "counter",
            "Requests answered, by route; votes are not among them.",
        );
        for ((method, route, status), number) in &known.by_route {
            let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
            line(page, &format!("palabre_{name}{{{labels}}} {number}"));
        }
        let name = "http_unavailable_total";
        family(
            page,
            name,
            "counter",
            "Requests told to come again (503), votes included.",
        );
        line(page, &format!("palabre_{name} {}", known.unavailable));
        let name = "http_request_duration_seconds";
        family(
            page,
            name,
            "histogram",
            "How soon requests were answered; votes are not among them.",
        );
        let mut sum = 0;
        for ((bound, _), number) in BOUNDS.iter().zip(known.by_bound) {
            sum += number;
            line(page, &format!("palabre_{name}_bucket{{le=\"{bound}\"}} {sum}"));
        }
        let (seconds, rest) = (known.micros / 1_000_000, known.micros % 1_000_000);
        line(page, &format!("palabre_{name}_sum {seconds}.{rest:06}"));
        line(page, &format!("palabre_{name}_count {sum}"));
    }
}
