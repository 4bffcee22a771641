use std::thread;
use std::time::{Duration, Instant};

use super::error::Error;

/// Asks until `done` says so.
///
/// # Errors
/// What `done` reports, or that it took longer than `seconds`.
pub fn wait_until(
    what: &str,
    seconds: u64,
    mut done: impl FnMut() -> Result<bool, Error>,
) -> Result<(), Error> {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    while !done()? {
        if Instant::now() > deadline {
            return Err(Error::Waited { what: what.to_owned(), seconds });
        }
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}
