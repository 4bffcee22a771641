//! Free loopback ports.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::TcpListener;

/// Below Linux's ephemeral range (32768 and up): a node that is restarted must find its port again, and no
/// outgoing connection of another process may have taken it meanwhile.
const RANGE: std::ops::Range<u16> = 12_000..32_000;

/// `count` different ports that nobody listens on now.
pub(super) fn free(count: usize) -> io::Result<Vec<u16>> {
    // All are held until all are found, so that none is given twice.
    let mut held = Vec::with_capacity(count);
    for _ in 0..4000 {
        if held.len() == count {
            break;
        }
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", random_port())) {
            held.push(listener);
        }
    }
    if held.len() < count {
        return Err(io::Error::new(io::ErrorKind::AddrInUse, "no free loopback ports"));
    }
    held.iter().map(|listener| Ok(listener.local_addr()?.port())).collect()
}

/// A port that nobody listens on now.
pub(crate) fn one() -> io::Result<u16> {
    free(1)?.pop().ok_or_else(|| io::ErrorKind::AddrInUse.into())
}

fn random_port() -> u16 {
    let random = RandomState::new().build_hasher().finish() % u64::from(RANGE.end - RANGE.start);
    RANGE.start + u16::try_from(random).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_different_and_below_the_ephemeral_range() {
        let mut ports = free(12).unwrap();
        assert!(ports.iter().all(|port| RANGE.contains(port)));
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), 12);
    }
}
