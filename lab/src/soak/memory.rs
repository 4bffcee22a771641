//! Whether the server's memory stays flat.

use std::fs;

use crate::server::Server;

/// One that was just started has not yet what it needs.
const SETTLED_AFTER_SECONDS: u64 = 4;
/// Rows that the store holds in memory until its next checkpoint take up to this much (`BUFFERED_BYTES`), and a server that
/// was just started holds none.
const BUFFERED: u64 = 64 << 20;
/// Allocators and caches move this much.
const SLACK: u64 = 32 << 20;

/// Resident memory, sample by sample.
#[derive(Debug, Default)]
pub(super) struct Memory(Vec<u64>);

impl Memory {
    pub(super) fn sample(&mut self, server: &Server) {
        if server.age().as_secs() >= SETTLED_AFTER_SECONDS {
            self.0.extend(resident(server.id()));
        }
    }

    /// Of the first and of the last quarter.
    pub(super) fn medians(&self) -> Option<(u64, u64)> {
        let quarter = self.0.len().div_ceil(4);
        let (first, last) = (self.0.get(..quarter)?, self.0.get(self.0.len() - quarter..)?);
        Some((median(first)?, median(last)?))
    }
}

/// Whether there is a fourth more than there was, and more than what is held for a while.
pub(super) fn has_grown(first: u64, last: u64) -> bool {
    last > first + first / 4 + BUFFERED + SLACK
}

fn median(samples: &[u64]) -> Option<u64> {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied()
}

/// `VmRSS` of a process, in bytes.
fn resident(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quarters_are_told_by_their_medians() {
        assert_eq!(Memory(vec![]).medians(), None);
        assert_eq!(Memory(vec![5, 1, 9, 7, 7, 7, 2, 4]).medians(), Some((5, 4)));
        assert!(!has_grown(100 << 20, 220 << 20) && has_grown(100 << 20, 222 << 20));
    }

    #[test]
    fn this_process_takes_some() {
        assert!(resident(std::process::id()).unwrap() > 1 << 20);
    }
}
