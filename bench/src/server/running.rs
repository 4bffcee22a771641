//! A process that runs on while it is looked at: what it costs so far, and how much it holds.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::http;
use crate::error::Error;
use crate::peer::{Fill, Peer};
use crate::wire::Wire;

/// What `/proc` counts CPU time in: `USER_HZ`, 100 on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;
const PATIENCE: Duration = Duration::from_secs(120);
/// Records that come before anything is measured.
pub(super) const WARM_UP: u64 = 1_000_000;
const RECORDS_READ: &str = "whither_reader_records_total";
const PAUSE: Duration = Duration::from_millis(50);

/// A process, killed when it is dropped.
pub(super) struct Running {
    child: Child,
    name: String,
}

/// What a process has cost up to a moment.
#[derive(Clone, Copy)]
pub(super) struct Mark {
    at: Instant,
    cpu_seconds: f64,
}

/// What a process cost between two moments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spent {
    pub(crate) cpu_seconds: f64,
    pub(crate) wall_seconds: f64,
}

impl Spent {
    /// The share of one core.
    pub(crate) fn share(self) -> f64 {
        self.cpu_seconds / self.wall_seconds
    }
}

impl Running {
    /// Starts `command`; what it says goes to `said`.
    pub(super) fn start(command: &mut Command, said: &Path) -> Result<Running, Error> {
        let name = format!("{command:?}");
        let spawn = |source| Error::Spawn { command: name.clone(), source };
        let log = fs::File::create(said).map_err(spawn)?;
        let same = log.try_clone().map_err(spawn)?;
        command.stdin(Stdio::null()).stdout(log).stderr(same);
        let child = command.spawn().map_err(spawn)?;
        Ok(Running { child, name })
    }

    pub(super) fn mark(&self) -> Result<Mark, Error> {
        let stat = self.proc("stat")?;
        // Behind the name in parentheses, which may hold anything.
        let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks = |n: usize| fields.split_whitespace().nth(n).and_then(|t| t.parse::<f64>().ok());
        let used = ticks(11).zip(ticks(12)).map_or(f64::NAN, |(user, system)| user + system);
        Ok(Mark { at: Instant::now(), cpu_seconds: used / TICKS_PER_SECOND })
    }

    pub(super) fn since(&self, before: Mark) -> Result<Spent, Error> {
        let now = self.mark()?;
        let wall_seconds = now.at.duration_since(before.at).as_secs_f64();
        Ok(Spent { cpu_seconds: now.cpu_seconds - before.cpu_seconds, wall_seconds })
    }

    /// What it costs over a while.
    pub(super) fn over(&self, while_: Duration) -> Result<Spent, Error> {
        let before = self.mark()?;
        std::thread::sleep(while_);
        self.since(before)
    }

    /// The largest resident set so far.
    pub(super) fn peak_rss_bytes(&self) -> Result<u64, Error> {
        self.status("VmHWM:")
    }

    pub(super) fn rss_bytes(&self) -> Result<u64, Error> {
        self.status("VmRSS:")
    }

    fn status(&self, field: &str) -> Result<u64, Error> {
        let status = self.proc("status")?;
        let kib = status.lines().find_map(|line| line.strip_prefix(field)?.split_whitespace().next());
        Ok(kib.and_then(|k| k.parse::<u64>().ok()).unwrap_or(0) << 10)
    }

    fn proc(&self, file: &str) -> Result<String, Error> {
        let path = format!("/proc/{}/{file}", self.child.id());
        fs::read_to_string(&path).map_err(|source| Error::File { what: "read", path: path.into(), source })
    }

    /// Waits until `is_so` holds.
    pub(super) fn until(&self, what: &str, is_so: impl Fn() -> bool) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE;
        while !is_so() {
            if Instant::now() > deadline {
                return Err(Error::Never { command: self.name.clone(), what: what.into() });
            }
            std::thread::sleep(PAUSE);
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of records stay far below 2^52")]
fn whole(records: u64) -> f64 {
    records as f64
}

/// `whither serve` as it is installed, on a data directory of its own.
pub(super) struct Server {
    pub(super) process: Running,
    pub(super) at: String,
    data: std::path::PathBuf,
}

impl Server {
    /// Starts it and waits until it has caught up.
    pub(super) fn start(brokers: &str, folder: &Path) -> Result<Server, Error> {
        let (at, data) = (free_address()?, folder.join("data"));
        let mut command = program()?;
        command.args(["serve", "--brokers", brokers, "--listen", &at, "--data-dir"]).arg(&data);
        // Spans are none of this.
        command.env("WHITHER_OTLP_HTTP_LISTEN", "off").env("WHITHER_OTLP_GRPC_LISTEN", "off");
        let process = Running::start(&mut command, &folder.join("serve.log"))?;
        process.until("ready", || http::get(&at, "/readyz").is_ok())?;
        Ok(Server { process, at, data })
    }

    /// Spends what the message index takes at once, a minute's worth (`index.records_per_second`): what is measured then is
    /// how it goes on.
    pub(super) fn warm_up(&self, brokers: &str, peer: &Peer) -> Result<(), Error> {
        let read = self.metric(RECORDS_READ);
        Wire::connect(brokers)?.create_topics(&["warm-up".to_owned()], 6)?;
        let fill = Fill { records: WARM_UP, codec: "lz4", batch_records: 100 };
        peer.produce(brokers, "warm-up", &fill)?;
        self.until_read(read + whole(WARM_UP))
    }

    /// The sum of a metric's samples.
    pub(super) fn metric(&self, name: &str) -> f64 {
        let Ok(text) = http::get(&self.at, "/metrics") else { return f64::NAN };
        let samples = text
            .lines()
            .filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{'])));
        samples.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
    }

    /// Waits until it has counted so many records.
    pub(super) fn has_read(&self, records: u64) -> Result<(), Error> {
        self.until_read(whole(records))
    }

    fn until_read(&self, records: f64) -> Result<(), Error> {
        self.process.until(&format!("at {records} records"), || self.metric(RECORDS_READ) >= records)
    }

    /// Bytes of the files below its data directory whose path holds `part`.
    pub(super) fn disk_bytes(&self, part: &str) -> u64 {
        bytes_below(&self.data, part)
    }
}

fn bytes_below(folder: &Path, part: &str) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let size = |entry: fs::DirEntry| {
        let path = entry.path();
        if path.is_dir() {
            return bytes_below(&path, part);
        }
        let counts = path.to_string_lossy().contains(part);
        // A file may go away between two looks.
        if counts { entry.metadata().map_or(0, |m| m.len()) } else { 0 }
    };
    entries.flatten().map(size).sum()
}

/// The program as it is installed: it is built beside this one.
pub(super) fn program() -> Result<Command, Error> {
    let spawn = |source| Error::Spawn { command: "whither".into(), source };
    Ok(Command::new(std::env::current_exe().map_err(spawn)?.with_file_name("whither")))
}

/// A loopback address nobody listens at.
pub(super) fn free_address() -> Result<String, Error> {
    let failed = |source| Error::Spawn { command: "a listener".into(), source };
    let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
    Ok(listener.local_addr().map_err(failed)?.to_string())
}
