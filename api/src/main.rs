//! The `palabre` command; all of it is in the library.

fn main() -> std::process::ExitCode {
    palabre::cli::main()
}
