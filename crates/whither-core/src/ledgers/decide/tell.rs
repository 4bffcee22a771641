//! Makes every group's row and tells the findings that are new or changed.

use super::dead_lettered::{self, Routed};
use super::judge::Judge;
use super::{behind, delivered, gave_up, gone, moved, past_end, recreated, removed, started};
use super::{transactions, truncated, unreadable};
use crate::engine::{Context, Need, Output, ReadDeeper};
use crate::fact::{GroupState, RunKind};
use crate::key::{Name, Offset};
use crate::ledgers::identity;
use crate::ledgers::ledger::Ledger;
use crate::ledgers::positions::Positions;
use crate::ledgers::row::{Claim, Finding, Held, divide, stretches};
use crate::ledgers::runs::Index;
use crate::time::Time;
use crate::verdict::{Balance, Cause, Certainty, Outcome, ShownAs, Stretch, Verdict};
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

/// Tells what changed since it was told last.
pub(crate) fn tell(ledger: &mut Ledger, cx: &Context<'_>, out: &mut Vec<Output>) {
    let mut said = Vec::new();
    {
        let ledger = &*ledger;
        let index = ledger.log.runs.index();
        let routed = dead_lettered::routed(ledger);
        for (group, positions) in &ledger.groups {
            let j = judge(ledger, cx, &index, group, positions);
            one_group(ledger, cx, &j, &routed, &mut said);
        }
        for_everyone(ledger, cx, &index, &routed, &mut said);
    }
    for output in said {
        if changed(ledger, &output) {
            out.push(output);
        }
    }
}

fn judge<'a>(
    ledger: &'a Ledger,
    cx: &'a Context<'_>,
    index: &'a Index<'a>,
    group: &'a Name,
    positions: &'a Positions,
) -> Judge<'a> {
    Judge {
        now: cx.clock.now,
        policy: cx.policy,
        log: &ledger.log,
        before: ledger.before.as_deref(),
        config: ledger.config.as_ref(),
        size: ledger.size.as_ref(),
        topic: ledger.topic.as_ref(),
        index,
        group,
        positions,
    }
}

fn one_group(ledger: &Ledger, cx: &Context<'_>, j: &Judge<'_>, routed: &[Routed<'_>], out: &mut Vec<Output>) {
    let dormant = is_dormant(j);
    if let Some((from, to)) = extent(j) {
        let claims = claims(j, from, to);
        for claim in &claims {
            ask_at(j, cx, claim.from, out);
            ask_at(j, cx, claim.to, out);
        }
        let held = divide(&claims, from, to, j.index);
        let mine: Vec<&Routed<'_>> = routed.iter().filter(|r| dead_lettered::counts(j, r)).collect();
        let row = balance(ledger, cx, j, (from, to), &claims, &held, &mine, dormant);
        for (i, claim) in claims.iter().enumerate() {
            if let Some(finding) = &claim.finding
                && let Some(verdict) = claimed(ledger, cx, j, claim, finding, i, &held, dormant)
            {
                out.push(Output::Verdict(verdict));
            }
        }
        if !mine.is_empty() {
            out.push(Output::Verdict(dead_letters(ledger, cx, Some(j.group), &mine)));
        }
        out.push(Output::Balance(row));
    }
    let mut notes = Vec::new();
    moved::notes(j, &mut notes);
    removed::notes(j, &mut notes);
    recreated::notes(j, &mut notes);
    past_end::notes(j, &mut notes);
    behind::notes(j, &mut notes);
    for claim in &notes {
        if let Some(finding) = &claim.finding {
            let records = j.index.sums(claim.from, claim.to).data;
            let mut v = verdict(ledger, cx, Some(j.group), claim, finding, records, dormant);
            if matches!(v.cause, Cause::TopicDeleted | Cause::TopicRecreated) {
                v.records = (claim.to - claim.from).max(0).unsigned_abs();
                v.at_most = true;
            }
            out.push(Output::Verdict(v));
        }
    }
}

/// A group has a row where it has, or had, a position, or where a member waits for one.
fn extent(j: &Judge<'_>) -> Option<(Offset, Offset)> {
    let p = j.positions;
    let origin = j.log.origin()?;
    let end = j.log.end()?;
    let had = p.latest.is_some() || p.removed.is_some();
    let waits = p.described.as_ref().is_some_and(|d| d.subscribed || d.member.is_some());
    if !had && !waits {
        return None;
    }
    let lowest = p.lowest.unwrap_or(origin).min(origin);
    Some((lowest, end.max(origin)))
}

fn claims(j: &Judge<'_>, from: Offset, to: Offset) -> Vec<Claim> {
    let mut claims = Vec::new();
    truncated::claims(j, &mut claims);
    gone::claims(j, &mut claims);
    moved::claims(j, &mut claims);
    started::claims(j, from, &mut claims);
    delivered::claims(j, from, to, &mut claims);
    claims
}

#[expect(clippy::too_many_arguments, reason = "one call site; each is a different thing")]
fn balance(
    ledger: &Ledger,
    cx: &Context<'_>,
    j: &Judge<'_>,
    (from, to): (Offset, Offset),
    claims: &[Claim],
    held: &[Held],
    dead: &[&Routed<'_>],
    dormant: bool,
) -> Balance {
    let mut made: Vec<Stretch> = Vec::new();
    for h in held {
        if let Some(claim) = claims.get(h.claim) {
            stretches(claim, h, &ledger.log, &mut made);
        }
    }
    for r in dead {
        take_out(&mut made, r);
    }
    let (records, at_most) = ledger.log.counted(from);
    let latest = j.positions.latest.as_ref();
    Balance {
        group: j.group.clone(),
        partition: cx.key.partition().clone(),
        topic_id: ledger.log.topic_id,
        from,
        to,
        records,
        at_most,
        stretches: made,
        committed: latest.map(|c| c.offset),
        committed_at: latest.map(|c| c.at),
        position_time: latest.and_then(|c| ledger.log.time_of(c.offset)).map(|(_, at)| at),
        dormant,
    }
}

/// A dead-lettered record is one record less of what its range met.
fn take_out(made: &mut Vec<Stretch>, r: &Routed<'_>) {
    let holds = |s: &&mut Stretch| {
        s.from <= r.offset
            && r.offset < s.to
            && s.records > 0
            && matches!(s.outcome, Outcome::Delivered | Outcome::InFlight | Outcome::Unread)
    };
    let Some(stretch) = made.iter_mut().find(holds) else { return };
    stretch.records -= 1;
    made.push(Stretch {
        from: r.offset,
        to: r.offset + 1,
        records: 1,
        at_most: false,
        outcome: Outcome::DeadLettered,
        certainty: r.certainty,
        cause: Some(Cause::RoutedToDeadLetter),
    });
}

#[expect(clippy::too_many_arguments, reason = "one call site; each is a different thing")]
fn claimed(
    ledger: &Ledger,
    cx: &Context<'_>,
    j: &Judge<'_>,
    claim: &Claim,
    finding: &Finding,
    at: usize,
    held: &[Held],
    dormant: bool,
) -> Option<Verdict> {
    let mine: Vec<&Held> = held.iter().filter(|h| h.claim == at).collect();
    let (first, last) = (mine.first()?, mine.last()?);
    let unseen: u64 = mine.iter().map(|h| h.bare + h.sums.unread).sum();
    let records = mine.iter().map(|h| h.sums.data).sum::<u64>() + unseen;
    if records == 0 {
        return None;
    }
    let left = Claim { from: first.from, to: last.to, ..claim.clone() };
    let mut verdict = verdict(ledger, cx, Some(j.group), &left, finding, records, dormant);
    verdict.at_most = unseen > 0;
    Some(verdict)
}

fn for_everyone(
    ledger: &Ledger,
    cx: &Context<'_>,
    index: &Index<'_>,
    routed: &[Routed<'_>],
    out: &mut Vec<Output>,
) {
    let mut notes = Vec::new();
    transactions::notes(ledger, cx.clock.now, &mut notes);
    unreadable::notes(ledger, &mut notes);
    gave_up::notes(ledger, &mut notes);
    for claim in &notes {
        if let Some(finding) = &claim.finding {
            let sums = index.sums(claim.from, claim.to);
            let records = match claim.outcome {
                Outcome::Aborted => sums.aborted,
                Outcome::InFlight => sums.data + sums.open,
                _ => sums.corrupt,
            };
            out.push(Output::Verdict(verdict(ledger, cx, None, claim, finding, records, false)));
        }
    }
    let nobodys: Vec<&Routed<'_>> =
        routed.iter().filter(|r| r.group.as_ref().is_none_or(|g| !ledger.groups.contains_key(g))).collect();
    if !nobodys.is_empty() {
        out.push(Output::Verdict(dead_letters(ledger, cx, None, &nobodys)));
    }
}

fn dead_letters(ledger: &Ledger, cx: &Context<'_>, group: Option<&Name>, routed: &[&Routed<'_>]) -> Verdict {
    let from = routed.iter().map(|r| r.offset).min().unwrap_or(0);
    let to = routed.iter().map(|r| r.offset + 1).max().unwrap_or(0);
    let certainty = routed.iter().map(|r| r.certainty).min().unwrap_or(Certainty::Unknown);
    let since = routed.iter().map(|r| r.end.at).min().unwrap_or_default();
    let finding = Finding::new(
        Cause::RoutedToDeadLetter,
        certainty,
        ShownAs::Dead,
        since,
        dead_lettered::evidence(routed),
    );
    let claim =
        Claim { from, to, outcome: Outcome::DeadLettered, certainty, finding: None, over_unread: true };
    verdict(ledger, cx, group, &claim, &finding, routed.len() as u64, false)
}

fn verdict(
    ledger: &Ledger,
    cx: &Context<'_>,
    group: Option<&Name>,
    claim: &Claim,
    finding: &Finding,
    records: u64,
    dormant: bool,
) -> Verdict {
    let partition = cx.key.partition().clone();
    let id = identity::of(&cx.key.cluster, ledger.log.topic_id, &partition, group, finding.cause, claim.from);
    let alarms = matches!(finding.shown_as, ShownAs::Loss | ShownAs::Risk | ShownAs::Stuck);
    Verdict {
        id,
        group: group.cloned(),
        partition,
        topic_id: ledger.log.topic_id,
        from: claim.from,
        to: claim.to,
        records,
        at_most: false,
        outcome: claim.outcome,
        certainty: claim.certainty,
        cause: finding.cause,
        cause_certainty: finding.cause_certainty,
        shown_as: if dormant && alarms { ShownAs::Dormant } else { finding.shown_as },
        recoverable: finding.recoverable,
        duplicate: finding.duplicate,
        first_seen: finding.since,
        last_seen: ledger.log.bounds.map_or(finding.since, |b| b.at.max(finding.since)),
        evidence: finding.evidence.clone(),
        until: finding.until,
    }
}

/// Empty, and without a commit for long: counted, no finding, unless the settings expect it to live.
fn is_dormant(j: &Judge<'_>) -> bool {
    let Some(described) = &j.positions.described else { return false };
    let idle_since =
        j.last_commit_at().or_else(|| j.positions.removed.as_ref().map(|r| r.at)).unwrap_or(Time::MIN);
    described.state == GroupState::Empty
        && !described.expected
        && idle_since != Time::MIN
        && idle_since.after(j.policy.dormant_after) <= j.now
}

/// A boundary inside a run whose records are not placed: ask where they are.
fn ask_at(j: &Judge<'_>, cx: &Context<'_>, at: Offset, out: &mut Vec<Output>) {
    if let Some(run) = j.index.cuts(at) {
        debug_assert_eq!(run.kind, RunKind::Sparse, "only these have no places");
        out.push(Output::ReadDeeper(ReadDeeper {
            partition: cx.key.partition().clone(),
            from: run.from,
            to: run.to,
            need: Need::Offsets,
        }));
    }
}

/// Whether an output says something that was not said before.
fn changed(ledger: &mut Ledger, output: &Output) -> bool {
    let (slot, content) = match output {
        Output::Verdict(v) => (v.id, hash(&alloc::format!("{v:?}"))),
        Output::Balance(b) => (hash(&b.group), hash(&alloc::format!("{b:?}"))),
        Output::ReadDeeper(r) => return ledger.asked.insert((r.from, r.to), ()).is_none(),
        Output::Fact(..) | Output::Refused(_) => return true,
    };
    ledger.told.insert(slot, content) != Some(content)
}

fn hash<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    value.hash(&mut hasher);
    hasher.finish()
}

struct Fnv(u64);

impl Hasher for Fnv {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}
