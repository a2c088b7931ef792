//! The log of a server, on standard error. It may name places in the program, and nobody.

use std::io::IsTerminal as _;
use std::panic::PanicHookInfo;

use crate::settings::Settings;

pub fn to_stderr(settings: &Settings) {
    let filter = tracing_subscriber::EnvFilter::new(format!("{},sqlx=warn,actix_server=warn", settings.log));
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .try_init();
    debug_assert!(started.is_ok(), "a process starts its log once");
    std::panic::set_hook(Box::new(fault));
}

/// Where the program broke, and not in which words: a library's may hold what somebody sent.
fn fault(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let thread = std::thread::current();
    tracing::error!(place, thread = thread.name(), "a fault of the program");
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::panic;
    use std::sync::mpsc::{Sender, channel};

    use super::*;

    struct Lines(Sender<Vec<u8>>);

    impl Write for Lines {
        fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
            self.0.send(line.to_vec()).map_err(std::io::Error::other)?;
            Ok(line.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn of_a_fault_the_place_is_logged_and_not_the_words() {
        let (sent, lines) = channel();
        let log = tracing_subscriber::fmt()
            .with_writer(move || Lines(sent.clone()))
            .finish();
        // Other tests keep their words.
        let (here, before) = (std::thread::current().id(), panic::take_hook());
        panic::set_hook(Box::new(move |info| {
            if std::thread::current().id() == here {
                fault(info);
            } else {
                before(info);
            }
        }));
        let broke = tracing::subscriber::with_default(log, || panic::catch_unwind(|| panic!("Mariama chose Kora")));
        drop(panic::take_hook());
        assert!(broke.is_err());
        let log: Vec<u8> = lines.try_iter().flatten().collect();
        let log = String::from_utf8(log).unwrap();
        assert!(log.contains("a fault of the program") && log.contains(file!()), "{log}");
        assert!(!log.contains("Mariama"), "{log}");
    }
}
