//! When there is something new: the server's stream of events tells, and where that can't be had the time does.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use super::client::Client;

/// Time between questions where no stream tells.
const ROUND: Duration = Duration::from_secs(2);
/// The server says at least every 15 seconds that it is there. A stream that is silent for longer is dead.
const SILENT: Duration = Duration::from_secs(40);
/// Longer lines are findings with all their evidence; no more of a line is kept.
const LINE_BYTES: u64 = 16 << 20;

/// What a stream says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Said {
    /// That something may have changed.
    Changed,
    /// That it is still there.
    Alive,
}

/// Tells when to ask.
pub(super) struct Rounds {
    stream: Option<Receiver<Said>>,
}

impl Rounds {
    /// Nothing is listened to yet.
    pub(super) fn new() -> Rounds {
        Rounds { stream: None }
    }

    /// Waits until there may be something new.
    pub(super) fn wait(&mut self, client: &Client) {
        let opened = self.stream.is_none();
        if opened {
            self.stream = client.events().ok().map(listen);
        }
        let Some(stream) = &self.stream else { return thread::sleep(ROUND) };
        loop {
            match stream.recv_timeout(SILENT) {
                Ok(Said::Alive) => {}
                Ok(Said::Changed) => break,
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                    self.stream = None;
                    // One that ends at once must not make us ask without rest.
                    if opened {
                        thread::sleep(ROUND);
                    }
                    return;
                }
            }
        }
        // What was told meanwhile is in the answer, too.
        while stream.try_recv().is_ok() {}
    }
}

/// Reads a stream until it ends, or nobody waits for it any more.
fn listen(stream: impl Read + Send + 'static) -> Receiver<Said> {
    let (sender, receiver) = sync_channel(1);
    thread::spawn(move || {
        let mut stream = BufReader::new(stream);
        while let Some(said) = next(&mut stream) {
            if sender.send(said).is_err() {
                return;
            }
        }
    });
    receiver
}

fn next(stream: &mut impl BufRead) -> Option<Said> {
    let mut line = Vec::new();
    stream.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line).ok().filter(|read| *read > 0)?;
    // A round ends with its totals; what was found stands before them.
    let is_round = line.trim_ascii_end() == b"event: round";
    Some(if is_round { Said::Changed } else { Said::Alive })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_is_told_once() {
        let text = b"retry: 2000\nevent: round\ndata: {}\nid: 1-1\n\n:\n\nevent: finding\ndata: {}\n\nevent: round\n";
        let mut stream = &text[..];
        let said: Vec<Said> = std::iter::from_fn(|| next(&mut stream)).collect();
        assert_eq!(said.iter().filter(|said| **said == Said::Changed).count(), 2, "{said:?}");
        assert_eq!(listen(&text[..]).into_iter().collect::<Vec<_>>(), said);
    }
}
