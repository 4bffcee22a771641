//! Other people's tools read the segments: DuckDB, from a file that only Python ever saw.

use crate::app::App;
use std::process::Command;
use std::sync::Arc;
use whither_store::Options;
use whither_store::disk::RealDisk;

#[test]
fn duckdb_reads_what_was_written() {
    let dir = tempfile::tempdir().unwrap();
    let disk = RealDisk::new(dir.path()).unwrap();
    let mut app = App::open(Arc::new(disk), Options::default()).unwrap();
    for _ in 0..20 {
        (0..250).try_for_each(|_| app.next()).unwrap();
        app.mark().unwrap();
        app.checkpoint().unwrap();
        while app.merge().unwrap() {}
    }
    let python = std::env::var("WHITHER_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/store/segments.py");
    let output = Command::new(python).arg(script).arg(dir.path()).arg("5000").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "5000 rows in each of 6 tables\n");
}
