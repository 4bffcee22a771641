//! Runs one measured process: what it printed, what it cost.

use std::process::{Command, Stdio};
use std::time::Instant;

use serde::de::DeserializeOwned;
use wait4::Wait4;

use crate::error::Error;

/// What a whole process cost, as the kernel counted it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// User and system time of all its threads.
    pub(crate) cpu_seconds: f64,
    pub(crate) wall_seconds: f64,
    /// The largest resident set. The kernel lets a child begin with its parent's: keep the parent small.
    pub(crate) max_rss_bytes: u64,
}

/// Runs `command` to its end and reads the one line of JSON that it prints.
///
/// # Errors
/// It can't be started, ends with another status than those of `fine`, or prints something else.
pub(crate) fn run<T: DeserializeOwned>(command: &mut Command, fine: &[i32]) -> Result<(T, Cost), Error> {
    let (line, cost) = run_plainly(command, fine)?;
    match serde_json::from_str(&line) {
        Ok(result) => Ok((result, cost)),
        Err(source) => {
            let line = line.chars().take(200).collect();
            Err(Error::Result { command: format!("{command:?}"), line, source })
        }
    }
}

/// Runs `command` to its end and returns what it printed.
///
/// # Errors
/// It can't be started, or ends with another status than those of `fine`.
pub(crate) fn run_plainly(command: &mut Command, fine: &[i32]) -> Result<(String, Cost), Error> {
    let name = format!("{command:?}");
    let spawn = |source| Error::Spawn { command: name.clone(), source };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let begun = Instant::now();
    let mut child = command.spawn().map_err(spawn)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let said = std::thread::spawn(move || stderr.map(std::io::read_to_string));
    let printed = stdout.map(std::io::read_to_string).transpose().map_err(spawn)?.unwrap_or_default();
    let used = child.wait4().map_err(spawn)?;
    let wall_seconds = begun.elapsed().as_secs_f64();
    if !used.status.code().is_some_and(|code| fine.contains(&code)) {
        let said = said.join().ok().flatten().and_then(Result::ok).unwrap_or_default();
        return Err(Error::Child { command: name, status: used.status.to_string(), said });
    }
    let cost = Cost {
        cpu_seconds: (used.rusage.utime + used.rusage.stime).as_secs_f64(),
        wall_seconds,
        max_rss_bytes: used.rusage.maxrss,
    };
    Ok((printed, cost))
}

/// A measured part of this program, as a process of its own.
///
/// # Errors
/// The program does not know its own path.
pub(crate) fn own(arguments: &[&str]) -> Result<Command, Error> {
    let spawn = |source| Error::Spawn { command: "whither-bench".into(), source };
    let mut command = Command::new(std::env::current_exe().map_err(spawn)?);
    command.args(arguments);
    Ok(command)
}
