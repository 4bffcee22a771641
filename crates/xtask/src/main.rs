//! `cargo xtask tidy | pure`: the rules of STYLE.md that a compiler does not check.
mod functions;
mod pure;
mod tidy;

use std::process::ExitCode;

fn main() -> ExitCode {
    let root =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or_else(|| ".".as_ref());
    let problems = match std::env::args().nth(1).as_deref() {
        Some("tidy") => tidy::problems(root),
        Some("pure") => pure::problems(root),
        _ => {
            eprintln!("usage: cargo xtask tidy | pure");
            return ExitCode::from(2);
        }
    };
    match problems {
        Ok(problems) if problems.is_empty() => ExitCode::SUCCESS,
        Ok(problems) => {
            for problem in &problems {
                eprintln!("{problem}");
            }
            eprintln!("{} problems", problems.len());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::from(4)
        }
    }
}
