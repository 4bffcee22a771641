//! The states of the stages.

use super::wire::{Code, Reader, Writer, record};
use crate::admit::HeldBack;
use crate::engine::NotASnapshot;
use crate::joins::Origin;
use crate::ledgers::{
    Commit, Described, Habit, Ledger, Life, LogView, Move, MoveKind, Odd, Overtaken, People, Piece,
    Positions, Removed, Runs, Share, WentBack,
};
use crate::logs::{Commits, InForce, Log, Membership, Open, Pending, Segment, Transactions};

record! {
    Segment { from, next, records, unread, newest, first, sample, pending, transactions }
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
    Piece { from, to, data, aborted, other, kind }
    WentBack { from, to, seen, at }
    Commit {
        offset, at, seen, source_offset, offsets_partition, leader_epoch, holes, who, transactional,
    }
    Move { kind, before, this }
    Removed { at, offsets_partition, source_offset, before, latest, had_members, empty_since }
    Odd { removed, moves, blurred }
    Life { topic_id, lowest, latest, highest, first, first_ever, earlier, odd }
    Habit { by_members, by_nobody, with_epoch, without_epoch, in_row, most_in_row }
    Described { at, state, kind, assigned, subscribed, expected }
    Positions { life, other, habit, group_since, described }
    Overtaken { from, to, at }
    Share { latest, lowest, overtaken }
    LogView {
        topic_id, bounds, runs, progress, starts, highest_end, went_back, replaced, cut, epoch_ends,
        transactions, rolled_back, gave_up, corrupt, letters, samples,
    }
    Ledger {
        log, incarnation_at, before, groups, shares, people, turned_to, config, size, topic, away, looked_at,
        tails, held, arriving, told_rows, told_findings, asked,
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
        Ok(Log {
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
        })
    }
}

impl Code for MoveKind {
    fn put(&self, w: &mut Writer<'_>) {
        match self {
            MoveKind::ByNobody => 0_u8.put(w),
            MoveKind::Set => 1_u8.put(w),
            MoveKind::Back => 2_u8.put(w),
            MoveKind::Restart(start) => {
                3_u8.put(w);
                start.put(w);
            }
            MoveKind::Overtaken(start, at) => {
                4_u8.put(w);
                start.put(w);
                at.put(w);
            }
            MoveKind::Removed(start, at) => {
                5_u8.put(w);
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
            3 => MoveKind::Restart(Code::get(r)?),
            4 => MoveKind::Overtaken(Code::get(r)?, Code::get(r)?),
            5 => MoveKind::Removed(Code::get(r)?, Code::get(r)?),
            _ => return r.fail("a move"),
        })
    }
}
