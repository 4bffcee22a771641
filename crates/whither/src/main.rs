//! Arguments to exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    whither::cli::run(std::env::args_os()).into()
}
