fn main() -> std::process::ExitCode {
    palabre::cli::main()
}
