//! Arguments to exit code.

use std::process::ExitCode;

/// A server holds millions of small things that come and go at different times: the system's allocator keeps the holes.
#[cfg(target_os = "linux")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    whither::cli::run(std::env::args_os()).into()
}
