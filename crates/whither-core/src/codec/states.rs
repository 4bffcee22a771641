//! The states of the stages.

use super::wire::{Code, Reader, Writer, record, words};
use crate::admit::HeldBack;
use crate::engine::NotASnapshot;
use crate::joins::Origin;
use crate::ledgers::{
    Changed, Commit, Described, Habit, Holds, Ledger, Life, LogView, Move, MoveKind, Odd, Overtaken, People,
    Piece, Positions, Removed, Runs, Share, Sums, Superseded, ToldFinding, Truncation, WentBack,
};
use crate::letters::Letters;
use crate::logs::{Commits, InForce, Led, Log, Membership, Open, Pending, Segment, Transactions};

record! {
    Segment { from, next, records, unread, missing, newest, first, sample, pending, transactions }
    Led { epoch, to }
    Pending { from, to, producer_id, committed }
    Open { runs, stations, doubted }
    Transactions { open, first_ends, runs }
    Membership { groups, left_out }
    InForce { first_heard, classic, modern, told, empty_since }
    Commits {
        membership, pending, pending_commits, told, holes, hole_inside, since, newest, taken_to, tail_told,
        letters,
    }
    Letters { topic_id, waiting, read_to, held }
    Origin { stations, purged }
    HeldBack { facts }
    People { list }
    Runs { runs }
    Piece { from, to, data, aborted, other, kind }
    WentBack { from, to, seen, at }
    Truncation { from, to, epoch, at, held }
    Sums { width, data, aborted, open, unread, corrupt, undecided }
    Commit {
        offset, at, seen, source_offset, offsets_partition, leader_epoch, holes, who, transactional,
    }
    Move { kind, before, this }
    Removed { at, offsets_partition, source_offset, before, latest, had_members, empty_since }
    Odd { removed, moves, superseded, blurred }
    Superseded { from, to, at, position }
    Life { topic_id, lowest, latest, highest, first, first_ever, earlier, later, odd }
    Habit { by_members, by_nobody, with_epoch, without_epoch, in_row, most_in_row }
    Described { at, state, left_alone, gone_by_then, kind, assigned, subscribed, expected }
    Positions { life, other, habit, group_since, described }
    Overtaken { from, to, at }
    Share { latest, lowest, overtaken }
    LogView {
        topic_id, bounds, runs, progress, starts, highest_end, went_back, truncated, cut, epoch_ends,
        transactions, rolled_back, gave_up, corrupt, samples,
    }
    Ledger {
        log, incarnation_at, before, groups, shares, people, turned_to, config, size, topic, away, looked_at,
        tails, held, arriving, told_rows, told_findings, asked, changed,
    }
    ToldFinding { said, holds, group }
    Changed { everything, grown, groups, told_at }
}

words! {
    Holds { Now = 0, UntilRevised = 1, ForGood = 2 }
}

impl Code for Log {
    fn put(&self, w: &mut Writer<'_>) {
        let Log { topic_id, bounds, origin, segments, reading, producers, leaders, tail, .. } = self;
        let Log { truncated, lost_records, lost_unread, commits, holds_letters, current, told, .. } = self;
        debug_assert!(current.is_none(), "a run ends with the call");
        topic_id.put(w);
        bounds.put(w);
        origin.put(w);
        segments.put(w);
        reading.put(w);
        producers.put(w);
        leaders.put(w);
        tail.put(w);
        truncated.put(w);
        lost_records.put(w);
        lost_unread.put(w);
        commits.put(w);
        holds_letters.put(w);
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
            tail: Code::get(r)?,
            truncated: Code::get(r)?,
            lost_records: Code::get(r)?,
            lost_unread: Code::get(r)?,
            commits: Code::get(r)?,
            holds_letters: Code::get(r)?,
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
