//! Directories that can't be opened, and what the error says; and what is cleared away in those that can.

use crate::app::App;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use whither_store::disk::{Disk, RealDisk, SimulatedDisk};
use whither_store::{OpenError, Options, Repair, Store};

fn opened(disk: &SimulatedDisk) -> App {
    App::open(Arc::new(disk.clone()), Options::default()).unwrap()
}

fn refused(disk: &SimulatedDisk) -> OpenError {
    App::open(Arc::new(disk.clone()), Options::default()).err().expect("it should not open")
}

/// A store with a checkpoint, a segment of each table, and three marks in its log.
fn worked(disk: &SimulatedDisk) -> u32 {
    let mut app = opened(disk);
    for round in 0..6 {
        (0..10).try_for_each(|_| app.next()).unwrap();
        app.mark().unwrap();
        if round == 2 {
            app.checkpoint().unwrap();
        }
    }
    app.marked
}

fn named(disk: &SimulatedDisk, prefix: &str) -> String {
    disk.list().unwrap().into_iter().find(|name| name.starts_with(prefix)).unwrap()
}

fn names(dir: &Path) -> Vec<String> {
    RealDisk::new(dir).unwrap().list().unwrap()
}

#[test]
fn a_directory_in_use_names_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let held = Store::open(dir.path(), Options::default()).unwrap();
    let error = Store::open(dir.path(), Options::default()).unwrap_err();
    assert!(matches!(error, OpenError::InUse { pid: Some(pid), .. } if pid == std::process::id()), "{error}");
    assert!(error.to_string().contains(&format!("process {}", std::process::id())), "{error}");
    drop(held);
    Store::open(dir.path(), Options::default()).unwrap();
}

#[test]
fn a_directory_of_a_newer_version_is_refused_and_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("FORMAT"), "whither store 2\n").unwrap();
    fs::write(dir.path().join("log-0000000000"), "from the future").unwrap();
    let error = Store::open(dir.path(), Options::default()).unwrap_err();
    assert!(matches!(error, OpenError::Newer { found: 2, known: 1, .. }), "{error}");
    assert_eq!(names(dir.path()), ["FORMAT", "log-0000000000"]);
}

#[test]
fn a_directory_with_other_files_is_refused_and_not_touched() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("thesis.tex"), "do not delete").unwrap();
    let error = Store::open(dir.path(), Options::default()).unwrap_err();
    assert!(matches!(&error, OpenError::NotAStore { file, .. } if file == "thesis.tex"), "{error}");
    assert_eq!(names(dir.path()), ["thesis.tex"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_directory_that_cannot_be_written_to_is_refused() {
    // Nobody can make files there, not even root.
    let error = Store::open(Path::new("/sys/whither"), Options::default()).unwrap_err();
    assert!(matches!(error, OpenError::ReadOnly { .. }), "{error}");
}

#[test]
fn a_disk_that_became_read_only_is_refused() {
    let disk = SimulatedDisk::new(1);
    worked(&disk);
    disk.set_read_only(true);
    let error = refused(&disk);
    assert!(matches!(error, OpenError::ReadOnly { .. }), "{error}");
    disk.set_read_only(false);
    opened(&disk).check_rows(1);
}

#[test]
fn a_torn_tail_is_cut_and_counted() {
    let disk = SimulatedDisk::new(1);
    let marked = worked(&disk);
    let log = named(&disk, "log-");
    let file = disk.open(&log).unwrap();
    file.write_at(file.len().unwrap(), b"wblk and then the power failed").unwrap();
    let app = opened(&disk);
    assert_eq!((app.marked, app.recovered.dropped_bytes, app.recovered.dropped_entries), (marked, 30, 0));
    app.check_rows(1);
}

#[test]
fn a_rotten_log_is_told_with_its_byte_and_a_repair_goes_back_to_the_mark_before() {
    let disk = SimulatedDisk::new(1);
    let marked = worked(&disk);
    let log = named(&disk, "log-");
    let len = disk.open(&log).unwrap().len().unwrap();
    // In the second of three blocks.
    assert!(disk.flip_bit(&log, 24 + (len - 24) / 2, 1));
    let error = refused(&disk);
    assert!(matches!(&error, OpenError::Corrupt { file, byte, .. } if *file == log && *byte > 24), "{error}");
    assert!(error.to_string().contains("repair"), "{error}");
    let options = Options { repair: Repair::CutLog, ..Options::default() };
    let app = App::open(Arc::new(disk.clone()), options).unwrap();
    assert_eq!(app.marked, marked - 20);
    app.check_rows(1);
    let aside = app.recovered.set_aside.clone().unwrap();
    assert_eq!(disk.open(&aside).unwrap().len().unwrap(), app.recovered.dropped_bytes);
    drop(app);
    assert!(disk.list().unwrap().contains(&aside), "what was set aside stays");
    opened(&disk).check_rows(1);
}

#[test]
fn other_files_that_are_corrupt_or_missing_are_told_by_name() {
    for prefix in ["checkpoint-", "findings-", "catalogue", "log-", "FORMAT"] {
        let disk = SimulatedDisk::new(1);
        worked(&disk);
        let name = named(&disk, prefix);
        disk.open(&name).unwrap().set_len(3).unwrap();
        let error = refused(&disk);
        assert!(
            matches!(&error, OpenError::Corrupt { file, .. } if *file == name) || prefix == "catalogue",
            "{error}"
        );
        let disk = SimulatedDisk::new(1);
        worked(&disk);
        disk.remove(&name).unwrap();
        let error = refused(&disk).to_string();
        assert!(error.contains(&name) || prefix == "FORMAT", "without {name}: {error}");
    }
}

#[test]
fn files_that_nothing_names_are_removed_and_those_of_others_are_not() {
    let disk = SimulatedDisk::new(1);
    worked(&disk);
    for name in
        ["findings-0000000099.parquet", "log-0000000042", "checkpoint-0000000042", "probe", "notes.txt"]
    {
        disk.create(name).unwrap();
    }
    let app = opened(&disk);
    assert_eq!(app.recovered.removed_files, 4);
    app.check_rows(1);
    assert!(disk.list().unwrap().contains(&"notes.txt".to_owned()));
}
