use super::{Entries, Entry, LogWriter, find_tail, frame};
use crate::disk::{Disk, SimulatedDisk};
use crate::names;
use std::sync::Arc;

fn fact(payload: &[u8]) -> Entry {
    Entry::Fact { kind: 7, payload: payload.to_vec() }
}

fn written(disk: &SimulatedDisk) -> LogWriter {
    let mut log = LogWriter::create(disk, 3).unwrap();
    for round in 0..3_u8 {
        log.append(7, &[round; 40]).unwrap();
        log.append(7, &vec![round; 300_000]).unwrap();
        log.mark(&[round]).unwrap();
    }
    log
}

fn entries(disk: &SimulatedDisk, end: u64) -> Vec<Entry> {
    let file = disk.open(&names::log(3)).unwrap();
    Entries::open(&file, 3, end).unwrap().map(Result::unwrap).collect()
}

#[test]
fn what_was_marked_comes_back() {
    let disk = SimulatedDisk::new(1);
    let log = written(&disk);
    let tail = find_tail(&disk.open(log.name()).unwrap(), 3).unwrap();
    assert_eq!((tail.end, tail.dropped_bytes, tail.corrupt_at), (log.bytes(), 0, None));
    let found = entries(&disk, tail.end);
    assert_eq!(found.len(), 9);
    assert_eq!(found[3..6], [fact(&[1; 40]), fact(&vec![1; 300_000]), Entry::Mark(vec![1])]);
}

#[test]
fn a_tail_cut_at_any_byte_ends_at_the_last_whole_mark() {
    let disk = SimulatedDisk::new(1);
    let mut log = LogWriter::create(&disk, 3).unwrap();
    let mut marks = vec![frame::FILE_HEADER_BYTES as u64];
    for round in 0..4_u8 {
        log.append(7, &[round; 20]).unwrap();
        log.mark(&[round]).unwrap();
        marks.push(log.bytes());
    }
    let file = disk.open(log.name()).unwrap();
    for len in (frame::FILE_HEADER_BYTES as u64..=log.bytes()).rev() {
        file.set_len(len).unwrap();
        let tail = find_tail(&file, 3).unwrap();
        let expected = *marks.iter().rfind(|mark| **mark <= len).unwrap();
        assert_eq!(
            (tail.end, tail.dropped_bytes, tail.corrupt_at),
            (expected, len - expected, None),
            "cut at {len}"
        );
    }
}

#[test]
fn a_flipped_bit_before_the_last_mark_is_told_with_its_block_and_in_the_last_one_is_a_tear() {
    let disk = SimulatedDisk::new(1);
    let mut log = LogWriter::create(&disk, 3).unwrap();
    let mut blocks = vec![frame::FILE_HEADER_BYTES as u64];
    for round in 0..4_u8 {
        log.append(7, &[round; 20]).unwrap();
        log.mark(&[round]).unwrap();
        blocks.push(log.bytes());
    }
    let file = disk.open(log.name()).unwrap();
    for byte in blocks[0]..log.bytes() {
        disk.flip_bit(log.name(), byte, 3);
        let tail = find_tail(&file, 3).unwrap();
        let block = blocks.iter().rposition(|at| *at <= byte).unwrap();
        assert_eq!(tail.end, blocks[block], "bit of byte {byte}");
        assert_eq!(tail.corrupt_at, (block < 3).then_some(blocks[block]), "bit of byte {byte}");
        disk.flip_bit(log.name(), byte, 3);
    }
}

#[test]
fn a_full_disk_holds_entries_until_there_is_room() {
    let disk = SimulatedDisk::new(1);
    let mut log = LogWriter::create(&disk, 3).unwrap();
    let noise: Vec<u8> = (0..9_000_u32).flat_map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    log.append(7, &noise).unwrap();
    disk.set_capacity(20_000);
    assert!(log.mark(&[1]).unwrap_err().is_full());
    assert_eq!(disk.used(), frame::FILE_HEADER_BYTES as u64);
    disk.set_capacity(u64::MAX);
    log.mark(&[2]).unwrap();
    let tail = find_tail(&disk.open(log.name()).unwrap(), 3).unwrap();
    assert_eq!(entries(&disk, tail.end), [fact(&noise), Entry::Mark(vec![2])]);
}

#[test]
fn after_a_failed_sync_nothing_more_is_taken() {
    let disk = SimulatedDisk::new(1);
    let mut log = LogWriter::create(&disk, 3).unwrap();
    disk.fail_sync_after(0);
    log.append(7, b"x").unwrap();
    assert!(log.mark(b"").is_err());
    assert!(matches!(log.append(7, b"y"), Err(crate::StoreError::Broken { .. })));
    assert!(matches!(log.mark(b""), Err(crate::StoreError::Broken { .. })));
}

#[test]
fn a_block_of_another_place_is_none() {
    let disk = SimulatedDisk::new(1);
    let log = written(&disk);
    let file: Arc<dyn crate::disk::DiskFile> = disk.open(log.name()).unwrap();
    let mut bytes = vec![0; usize::try_from(log.bytes()).unwrap() - frame::FILE_HEADER_BYTES];
    file.read_at(frame::FILE_HEADER_BYTES as u64, &mut bytes).unwrap();
    file.write_at(log.bytes(), &bytes).unwrap();
    let tail = find_tail(&file, 3).unwrap();
    assert_eq!((tail.end, tail.dropped_bytes), (log.bytes(), bytes.len() as u64));
}
