//! The states of the stages.

use super::wire::{Code, Reader, Writer, record};
use crate::admit::{HeldBack, is_offset};
use crate::engine::NotASnapshot;
use crate::joins::Origin;
use crate::ledgers::{
    Commit, Described, Habit, Ledger, Life, LogView, Move, MoveKind, Odd, People, Piece, Positions, Removed,
    Runs, WentBack,
};
use crate::logs::{Commits, InForce, Log, Membership, Open, Pending, Segment, Transactions};

record! {
    Pending { from, to, producer_id, committed }
    Open { runs, stations, doubted }
    Transactions { open, first_ends, runs }
    Membership { groups, left_out }
    InForce { first_heard, classic, modern, told, empty_since }
    Commits {
        membership, pending, pending_commits, told, holes, hole_inside, since, newest, taken_to, tail_told,
    }
    Origin { stations }
    HeldBack { facts }
    People { list }
    Runs { runs }
    WentBack { from, to, seen, at }
    Commit {
        offset, at, seen, source_offset, offsets_partition, leader_epoch, holes, who, transactional,
    }
    Move { kind, before, this }
    Removed { at, offsets_partition, source_offset, before, had_members, empty_since }
    Odd { removed, moves, blurred }
    Life { topic_id, lowest, latest, highest, first, first_ever, earlier, odd }
    Habit { by_members, by_nobody, with_epoch, without_epoch, in_row, most_in_row }
    Described { at, state, kind, assigned, subscribed, expected }
    Positions { life, other, habit, group_since, described }
    LogView {
        topic_id, bounds, runs, progress, starts, highest_end, went_back, replaced, cut, epoch_ends,
        transactions, rolled_back, gave_up, corrupt, letters, samples,
    }
    Ledger {
        log, incarnation_at, before, groups, people, turned_to, config, size, topic, away, looked_at, tails,
        held, told, asked,
    }
}

impl Code for Segment {
    fn put(&self, w: &mut Writer<'_>) {
        let Segment { from, next, records, unread, newest, first, sample, pending, transactions } = self;
        (*from, *next).put(w);
        (*records, *unread).put(w);
        newest.put(w);
        first.put(w);
        sample.put(w);
        pending.put(w);
        transactions.put(w);
    }

    fn get(r: &mut Reader<'_>) -> Result<Segment, NotASnapshot> {
        let (from, next) = Code::get(r)?;
        if !(is_offset(from) && is_offset(next) && from <= next) {
            return r.fail("a read that goes forward");
        }
        let (records, unread): (u64, u64) = Code::get(r)?;
        if records.checked_add(unread).is_none_or(|both| both > (next - from).unsigned_abs()) {
            return r.fail("no more records than offsets");
        }
        Ok(Segment {
            from,
            next,
            records,
            unread,
            newest: Code::get(r)?,
            first: Code::get(r)?,
            sample: Code::get(r)?,
            pending: Code::get(r)?,
            transactions: Code::get(r)?,
        })
    }
}

impl Code for Log {
    fn put(&self, w: &mut Writer<'_>) {
        let Log { topic_id, bounds, origin, segments, reading, producers, leaders, commits, current, told } =
            self;
        debug_assert!(current.is_none(), "a run ends with the call");
        topic_id.put(w);
        bounds.put(w);
        origin.put(w);
        segments.put(w);
        reading.put(w);
        producers.put(w);
        leaders.put(w);
        commits.put(w);
        told.put(w);
    }

    fn get(r: &mut Reader<'_>) -> Result<Log, NotASnapshot> {
        let log = Log {
            topic_id: Code::get(r)?,
            bounds: Code::get(r)?,
            origin: Code::get(r)?,
            segments: Code::get(r)?,
            reading: Code::get(r)?,
            producers: Code::get(r)?,
            leaders: Code::get(r)?,
            commits: Code::get(r)?,
            current: None,
            told: Code::get(r)?,
        };
        let mut pairs = log.segments.iter().zip(log.segments.iter().skip(1));
        if pairs.any(|(a, b)| a.from >= b.from || a.next > b.from) {
            return r.fail("reads in order and apart");
        }
        Ok(log)
    }
}

impl Code for Piece {
    fn put(&self, w: &mut Writer<'_>) {
        let Piece { from, to, data, aborted, other, kind } = self;
        (*from, *to).put(w);
        data.put(w);
        aborted.put(w);
        other.put(w);
        kind.put(w);
    }

    fn get(r: &mut Reader<'_>) -> Result<Piece, NotASnapshot> {
        let (from, to) = Code::get(r)?;
        if !(is_offset(from) && is_offset(to) && from < to) {
            return r.fail("a run that goes forward");
        }
        let piece = Piece {
            from,
            to,
            data: Code::get(r)?,
            aborted: Code::get(r)?,
            other: Code::get(r)?,
            kind: Code::get(r)?,
        };
        let most = (to - from).unsigned_abs();
        if [piece.data, piece.aborted, piece.other].iter().any(|n| *n > most) {
            return r.fail("no more records than offsets");
        }
        Ok(piece)
    }
}

impl Code for MoveKind {
    fn put(&self, w: &mut Writer<'_>) {
        match self {
            MoveKind::ByNobody => 0_u8.put(w),
            MoveKind::Set => 1_u8.put(w),
            MoveKind::Back => 2_u8.put(w),
            MoveKind::Restart => 3_u8.put(w),
            MoveKind::Overtaken(start, at) => {
                4_u8.put(w);
                start.put(w);
                at.put(w);
            }
        }
    }

    fn get(r: &mut Reader<'_>) -> Result<MoveKind, NotASnapshot> {
        Ok(match u8::get(r)? {
            0 => MoveKind::ByNobody,
            1 => MoveKind::Set,
            2 => MoveKind::Back,
            3 => MoveKind::Restart,
            4 => MoveKind::Overtaken(Code::get(r)?, Code::get(r)?),
            _ => return r.fail("a move"),
        })
    }
}
