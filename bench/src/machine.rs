//! What the figures were measured on.

use std::process::Command;

/// The machine and the programs; what can't be told is `unknown`.
pub(crate) struct Machine {
    pub(crate) date: String,
    pub(crate) model: String,
    pub(crate) cores: usize,
    pub(crate) memory: String,
    pub(crate) kernel: String,
    /// Runnable tasks over the last minute, from outside too: the figures suffer from them.
    pub(crate) load: String,
    pub(crate) rustc: String,
}

impl Machine {
    pub(crate) fn look() -> Self {
        Self {
            date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
            model: of("/proc/cpuinfo", "model name"),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory: of("/proc/meminfo", "MemTotal"),
            // What a vendor appends to the version says nothing about speed.
            kernel: said("uname", &["-sr"]).split('-').next().unwrap_or_default().to_owned(),
            load: std::fs::read_to_string("/proc/loadavg")
                .ok()
                .and_then(|l| l.split(' ').next().map(str::to_owned))
                .unwrap_or_else(unknown),
            rustc: said("rustc", &["--version"]),
        }
    }
}

fn of(file: &str, field: &str) -> String {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().filter_map(|l| l.split_once(':')).find(|(name, _)| name.trim() == field);
    line.map_or_else(unknown, |(_, value)| value.trim().to_owned())
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().ok().filter(|o| o.status.success());
    output.map_or_else(unknown, |o| String::from_utf8_lossy(&o.stdout).trim().to_owned())
}

fn unknown() -> String {
    "unknown".to_owned()
}
