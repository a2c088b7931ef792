//! The one table: medians over the rounds, and ratios.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::Options;
use crate::client::Figures;
use crate::progress;

pub struct Table {
    head: String,
    /// In the order of their first appearance.
    names: Vec<String>,
    rates: BTreeMap<String, Vec<f64>>,
    p99s: BTreeMap<String, Vec<f64>>,
    memory: BTreeMap<String, f64>,
}

fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

impl Table {
    pub fn new(options: &Options) -> Self {
        let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpu
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
        let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
        let head = format!(
            "{cores} cores ({}), client on the same machine, {} connections, {} s, median of {} rounds",
            model.unwrap_or("unknown"),
            options.connections,
            options.seconds,
            options.rounds
        );
        Self {
            head,
            names: Vec::new(),
            rates: BTreeMap::new(),
            p99s: BTreeMap::new(),
            memory: BTreeMap::new(),
        }
    }

    pub fn add(&mut self, name: &str, figures: &Figures) {
        self.rate(name, figures.rate());
        self.p99s.entry(name.to_owned()).or_default().push(figures.p99());
    }

    pub fn rate(&mut self, name: &str, rate: f64) {
        progress(&format!("{name}: {rate:.0}/s"));
        if !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
        self.rates.entry(name.to_owned()).or_default().push(rate);
    }

    pub fn memory(&mut self, name: &str, mebibytes: f64) {
        self.memory.insert(name.to_owned(), mebibytes);
    }

    pub fn text(&self) -> String {
        let base = self
            .rates
            .get("pgbench, two inserts")
            .map_or(f64::NAN, |rates| median(rates));
        let mut text = format!(
            "{}\n\n{:<40} {:>10} {:>10} {:>12}\n",
            self.head, "", "per second", "p99 ms", "× two inserts"
        );
        for name in &self.names {
            let rate = median(&self.rates[name]);
            let p99 = self
                .p99s
                .get(name)
                .map_or("-".to_owned(), |figures| format!("{:.1}", median(figures)));
            writeln!(text, "{name:<40} {rate:>10.0} {p99:>10} {:>12.2}", rate / base).expect("a string");
        }
        for (name, memory) in &self.memory {
            writeln!(text, "\nserver memory at its peak, {name}: {memory:.0} MiB").expect("a string");
        }
        text
    }
}
