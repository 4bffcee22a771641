//! Work that waits for the disk.

use std::thread::JoinHandle;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

/// Does what blocks, where it stands: other tasks go on meanwhile.
pub(super) fn block<T>(work: impl FnOnce() -> T) -> T {
    if is_alone() { work() } else { block_in_place(work) }
}

/// Does what takes long on a thread of its own.
pub(super) fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Beside<T> {
    if is_alone() { Beside::Done(work()) } else { Beside::Running(std::thread::spawn(work)) }
}

/// On a runtime of one thread everything happens in one order: a simulation can be run again.
fn is_alone() -> bool {
    Handle::try_current().is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::CurrentThread)
}

/// Work on a thread of its own.
#[derive(Debug)]
pub(super) enum Beside<T> {
    Running(JoinHandle<T>),
    Done(T),
}

impl<T> Beside<T> {
    pub(super) fn is_finished(&self) -> bool {
        match self {
            Beside::Running(thread) => thread.is_finished(),
            Beside::Done(_) => true,
        }
    }

    /// Waits for it. A panic in it goes on here.
    pub(super) fn join(self) -> T {
        match self {
            Beside::Running(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            Beside::Done(done) => done,
        }
    }
}
