//! Child processes that never outlive us.

use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A child that is killed when this value is dropped, and also when this process dies without dropping it
/// (SIGKILL, abort, or a value kept in a `static`).
///
/// The second half is a small `sh` that waits for its stdin to close and then kills the child: the kernel
/// closes our end however we die. Both run in process groups of their own, so that Ctrl-C reaches only us.
#[derive(Debug)]
pub struct Supervised {
    child: Child,
    /// Held, never written: its closing is the signal.
    watchdog: Child,
}

impl Supervised {
    /// Starts `command`. Its stdio is as the caller set it.
    ///
    /// # Errors
    /// If the command or `sh` can't be started.
    pub fn spawn(command: &mut Command) -> io::Result<Self> {
        let mut child = command.process_group(0).spawn()?;
        match watchdog("kill -KILL \"$1\" 2>/dev/null", &child.id().to_string()) {
            Ok(watchdog) => Ok(Self { child, watchdog }),
            Err(error) => {
                child.kill()?;
                child.wait()?;
                Err(error)
            }
        }
    }

    /// The child's process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The child's stdin, if it was piped and not taken before.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// The child's stdout, if it was piped and not taken before.
    pub fn take_stdout(&mut self) -> Option<ChildStdout> {
        self.child.stdout.take()
    }

    /// The exit status if the child has ended.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        if status.is_some() {
            self.dismiss_watchdog();
        }
        Ok(status)
    }

    /// SIGKILL; returns once the child is gone.
    ///
    /// # Errors
    /// What the operating system reports.
    pub fn kill(&mut self) -> io::Result<()> {
        self.dismiss_watchdog();
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// SIGTERM, then SIGKILL after `patience`; returns once the child is gone.
    pub fn terminate(&mut self, patience: Duration) {
        // The child is not reaped yet, so its id can't belong to anybody else.
        let asked = Command::new("kill").arg("-TERM").arg(self.id().to_string()).status();
        if asked.is_ok_and(|status| status.success()) {
            let deadline = Instant::now() + patience;
            while Instant::now() < deadline && matches!(self.ended(), Ok(None)) {
                thread::sleep(Duration::from_millis(20));
            }
        }
        // It may be gone already.
        let _ = self.kill();
    }

    /// Waits up to `patience` for the child to end by itself.
    pub fn wait_for(&mut self, patience: Duration) -> Option<ExitStatus> {
        let deadline = Instant::now() + patience;
        loop {
            if let Ok(Some(status)) = self.ended() {
                return Some(status);
            }
            if Instant::now() >= deadline {
                return None;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Before the child is reaped: later its id may be somebody else's.
    fn dismiss_watchdog(&mut self) {
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        self.dismiss_watchdog();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder that is removed when this value is dropped, and a second after this process dies without
/// dropping it (by then the watchdogs have killed whoever wrote there).
#[derive(Debug)]
pub struct ScratchDir {
    dir: tempfile::TempDir,
    watchdog: Child,
}

impl ScratchDir {
    /// A new folder under the system's temporary directory.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn new(prefix: &str) -> io::Result<Self> {
        let dir = tempfile::Builder::new().prefix(prefix).tempdir()?;
        let watchdog = watchdog("sleep 1; rm -rf -- \"$1\"", &dir.path().to_string_lossy())?;
        Ok(Self { dir, watchdog })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Leaves the folder on disk for a look afterwards.
    pub fn keep(&mut self) {
        self.dir.disable_cleanup(true);
        let _ = self.watchdog.kill();
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        let _ = self.watchdog.kill();
        let _ = self.watchdog.wait();
    }
}

/// Runs `action` with `argument` as `$1` once our end of its stdin closes.
fn watchdog(action: &str, argument: &str) -> io::Result<Child> {
    Command::new("sh")
        .args(["-c", &format!("read -r _; {action}"), "whither-lab-watchdog", argument])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    /// A pid we don't reap can't be asked with `wait`; /proc tells.
    fn alive(pid: u32) -> bool {
        std::fs::read_to_string(format!("/proc/{pid}/stat"))
            .is_ok_and(|stat| !stat.contains(") Z ") && !stat.contains(") X "))
    }

    fn gone_soon(pid: u32) -> bool {
        let deadline = Instant::now() + Duration::from_secs(10);
        while alive(pid) && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
        }
        !alive(pid)
    }

    #[test]
    fn dropping_kills() {
        let child = Supervised::spawn(Command::new("sleep").arg("600")).unwrap();
        let pid = child.id();
        assert!(alive(pid));
        drop(child);
        assert!(!alive(pid));
    }

    #[test]
    fn a_panic_kills() {
        let child = Supervised::spawn(Command::new("sleep").arg("600")).unwrap();
        let pid = child.id();
        let panicked = std::panic::catch_unwind(move || {
            let _held = child;
            panic!("the test that held the cluster failed");
        });
        assert!(panicked.is_err());
        assert!(!alive(pid));
    }

    #[test]
    fn the_watchdog_kills_when_our_end_closes() {
        let mut child = Supervised::spawn(Command::new("sleep").arg("600")).unwrap();
        drop(child.watchdog.stdin.take());
        assert!(gone_soon(child.id()));
    }

    #[test]
    fn terminate_lets_the_child_finish() {
        let mut child = Supervised::spawn(
            Command::new("sh")
                .args(["-c", "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done"])
                .stdout(Stdio::piped()),
        )
        .unwrap();
        let mut out = child.take_stdout().unwrap();
        let mut up = [0; 3];
        out.read_exact(&mut up).unwrap();
        child.terminate(Duration::from_secs(10));
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "bye\n");
    }

    #[test]
    fn a_scratch_dir_goes_with_its_owner() {
        let dir = ScratchDir::new("whither-lab-test-").unwrap();
        let path = dir.path().to_path_buf();
        assert!(path.is_dir());
        drop(dir);
        assert!(!path.exists());
    }
}
