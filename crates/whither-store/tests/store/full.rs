//! A disk without room.

use crate::app::App;
use std::sync::Arc;
use whither_store::Options;
use whither_store::disk::SimulatedDisk;

fn opened(disk: &SimulatedDisk) -> App {
    App::open(Arc::new(disk.clone()), Options::default()).unwrap()
}

#[test]
fn stops_accepting_and_goes_on_when_there_is_room() {
    let disk = SimulatedDisk::new(1);
    let mut app = opened(&disk);
    for _ in 0..100 {
        app.next().unwrap();
    }
    app.mark().unwrap();
    assert!(app.store.accepting());
    disk.set_capacity(disk.used() + 100_000);
    let error =
        (0..1000).find_map(|_| app.next().and_then(|()| app.mark()).err()).expect("the disk fills up");
    assert!(error.is_full(), "{error}");
    assert!(!app.store.accepting());
    assert!(app.mark().unwrap_err().is_full());
    let marked = app.marked;
    disk.set_capacity(u64::MAX);
    assert!(app.store.accepting());
    app.mark().unwrap();
    assert!(app.marked > marked);
    let marked = app.marked;
    drop(app);
    disk.set_capacity(disk.used());
    let app = opened(&disk);
    assert_eq!(app.marked, marked);
    app.check_rows(1);
}

#[test]
fn a_checkpoint_that_does_not_fit_gives_its_room_back_and_is_made_later() {
    let disk = SimulatedDisk::new(1);
    let mut app = opened(&disk);
    for _ in 0..300 {
        app.next().unwrap();
    }
    app.mark().unwrap();
    let used = disk.used();
    let mut refused = 0;
    for room in (0..).step_by(1000) {
        disk.set_capacity(used + room);
        match app.checkpoint() {
            Ok(()) => break,
            Err(error) => assert!(error.is_full(), "{error}"),
        }
        disk.set_capacity(u64::MAX);
        let catalogue_may_have_grown = 8 << 20;
        assert!(
            disk.used() <= used + catalogue_may_have_grown,
            "{} bytes were left behind",
            disk.used() - used
        );
        app.check_rows(1);
        refused += 1;
    }
    assert!(refused > 5);
    app.check_rows(1);
    drop(app);
    disk.set_capacity(u64::MAX);
    opened(&disk).check_rows(1);
}
