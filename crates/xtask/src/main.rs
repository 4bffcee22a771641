//! `cargo xtask tidy | pure`: the rules of STYLE.md that a compiler does not check. `cargo xtask picture [FILE]`
//! draws the README's.
mod functions;
mod picture;
mod pure;
mod tidy;

use std::process::ExitCode;

fn main() -> ExitCode {
    let root =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or_else(|| ".".as_ref());
    let problems = match std::env::args().nth(1).as_deref() {
        Some("tidy") => tidy::problems(root),
        Some("pure") => pure::problems(root),
        Some("picture") => {
            let printed = std::env::args().nth(2).map(std::path::PathBuf::from);
            picture::draw(root, printed.as_deref()).map(|()| Vec::new())
        }
        _ => {
            eprintln!("usage: cargo xtask tidy | pure | picture [FILE]");
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
