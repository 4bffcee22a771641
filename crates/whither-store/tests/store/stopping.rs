//! The real disk, before one of whose changes the process stands still until it is killed.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use whither_store::disk::{Disk, DiskFile, RealDisk};

#[derive(Clone, Debug)]
pub(crate) struct StoppingDisk {
    disk: Arc<RealDisk>,
    stop: Stop,
}

/// Counts changes down.
#[derive(Clone, Debug)]
struct Stop(Arc<AtomicU64>);

impl StoppingDisk {
    /// What is written to stdout when the time has come.
    pub(crate) const SAYS: &str = "stands still";

    /// Stands still before the change that comes after this many.
    pub(crate) fn new(dir: &Path, changes: u64) -> StoppingDisk {
        let disk = Arc::new(RealDisk::new(dir).unwrap());
        StoppingDisk { disk, stop: Stop(Arc::new(AtomicU64::new(changes))) }
    }

    fn file(&self, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(StoppingFile { file, stop: self.stop.clone() })
    }
}

impl Stop {
    fn change(&self) {
        if self.0.fetch_sub(1, Ordering::Relaxed) == 0 {
            println!("\n{}", StoppingDisk::SAYS);
            loop {
                std::thread::park();
            }
        }
    }
}

impl Disk for StoppingDisk {
    fn path(&self) -> PathBuf {
        self.disk.path()
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.stop.change();
        Ok(self.file(self.disk.create(name)?))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.file(self.disk.open(name)?))
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.stop.change();
        self.disk.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.stop.change();
        self.disk.remove(name)
    }

    fn sync_names(&self) -> io::Result<()> {
        self.stop.change();
        self.disk.sync_names()
    }

    fn lock(&self, name: &str) -> io::Result<Option<Arc<dyn DiskFile>>> {
        Ok(self.disk.lock(name)?.map(|file| self.file(file)))
    }
}

#[derive(Debug)]
struct StoppingFile {
    file: Arc<dyn DiskFile>,
    stop: Stop,
}

impl DiskFile for StoppingFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        self.file.read_at(at, into)
    }

    fn write_at(&self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.stop.change();
        self.file.write_at(at, bytes)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.stop.change();
        self.file.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.stop.change();
        self.file.sync()
    }
}
