//! What a server answers while recipes are played, and how soon, how steadily and how lastingly it tells the truth.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde::Serialize;

use crate::clients::{Error, wait_until};
use crate::judge::{Check, Finding, Judgement, Outcome, describe, judge, residuals, strays};
use crate::moment::Moment;
use crate::recipes::Stage;
use crate::server::{Client, Server, Stop};
use crate::truth::Truth;

/// It is asked this often: a delay is measured that much too long at most.
const EVERY: Duration = Duration::from_millis(100);
/// What is not told by then is not told.
const LAST: u64 = 30;
/// What is told later than this after its evidence was there is told too late.
pub const SOON: Duration = Duration::from_secs(5);

/// A truth as a server told it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Served {
    /// By its last answer; of a healthy place: by all of them.
    pub judgement: Judgement,
    /// From the evidence to the first answer that told the fault right; none if no answer did.
    pub delay: Option<Duration>,
}

/// A server that was ended and started again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restarted {
    /// The Kafka it followed.
    pub stage: Stage,
    /// How it was ended.
    pub stop: Stop,
    /// How many findings it told before.
    pub findings: usize,
    /// What it told otherwise afterwards.
    pub changed: Vec<String>,
}

/// An answer that was not the same as the one before.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) at: Moment,
    pub(crate) check: Check,
}

/// A server under watch.
#[derive(Debug)]
pub(crate) struct Watch {
    server: Server,
    asker: Asker,
}

/// Asks on a thread of its own until it is dropped.
#[derive(Debug)]
struct Asker {
    answers: Arc<Mutex<Vec<Answer>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    pub(crate) fn begin(server: Server) -> Self {
        let asker = Asker::start(server.client().clone());
        Self { server, asker }
    }

    /// Waits until the server has told all of `truths`, or long enough; then ends it, starts it again, and says how
    /// it did. `truths` are those for a follower.
    ///
    /// # Errors
    /// It ended by itself, or does not start again.
    pub(crate) fn end(mut self, stage: Stage, stop: Stop, truths: &[Truth]) -> Result<Told, Error> {
        let told = |answers: &[Answer]| {
            let last = answers.last().map(|answer| judge(truths, &answer.check));
            last.is_some_and(|last| last.iter().all(Judgement::passed))
        };
        // What it has not told by then is on the scoreboard.
        let _ = wait_until("the server to tell", LAST, || Ok(told(&self.asker.answers())));
        self.server.lives()?;
        let answers = self.asker.stop();
        let (served, complaints) = judge_answers(truths, &answers);
        let before = answers.last().map(|answer| answer.check.clone()).unwrap_or_default();
        self.server.restart(stop)?;
        let after = self.server.client().fresh(None)?.map(|fresh| fresh.check).unwrap_or_default();
        let restarted =
            Restarted { stage, stop, findings: before.findings.len(), changed: changes(&before, &after) };
        Ok(Told { served, restarted, complaints })
    }
}

/// All that came of a watch.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) served: Vec<Served>,
    pub(crate) restarted: Restarted,
    pub(crate) complaints: Vec<String>,
}

impl Asker {
    fn start(client: Client) -> Self {
        let (answers, over) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (put, stop) = (answers.clone(), over.clone());
        let thread = thread::spawn(move || {
            let mut tag = None;
            while !stop.load(Ordering::Relaxed) {
                // One that does not answer now is asked again: what that delays counts.
                if let Ok(Some(fresh)) = client.fresh(tag.as_deref()) {
                    tag = Some(fresh.tag);
                    let answer = Answer { at: Moment::now(), check: fresh.check };
                    put.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
                }
                thread::sleep(EVERY);
            }
        });
        Self { answers, over, thread: Some(thread) }
    }

    fn answers(&self) -> MutexGuard<'_, Vec<Answer>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop(&mut self) -> Vec<Answer> {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It does nothing that panics.
            let _ = thread.join();
        }
        std::mem::take(&mut self.answers())
    }
}

impl Drop for Asker {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Judges truths by answers in order of time; also says what answers told that nobody had made, or did not add up.
pub(crate) fn judge_answers(truths: &[Truth], answers: &[Answer]) -> (Vec<Served>, Vec<String>) {
    let judged: Vec<_> = answers.iter().map(|answer| (answer.at, judge(truths, &answer.check))).collect();
    let nothing = || judge(truths, &Check::default());
    let last = judged.last().map_or_else(nothing, |(_, judgements)| judgements.clone());
    let mut served = Vec::new();
    let mut complaints = BTreeSet::new();
    for (i, mut judgement) in last.into_iter().enumerate() {
        let of_all = || judged.iter().filter_map(|(at, judgements)| Some((*at, judgements.get(i)?)));
        let first = of_all().find(|(_, judgement)| judgement.tells());
        if let Outcome::Healthy(alarms) = &mut judgement.outcome {
            // A false alarm that was taken back was one.
            let ever: BTreeSet<_> = of_all().flat_map(|(_, judgement)| judgement.alarms()).cloned().collect();
            *alarms = ever.into_iter().collect();
        }
        let delay = first.map(|(at, _)| at.since(judgement.truth.evident));
        served.push(Served { judgement, delay });
    }
    for answer in answers {
        complaints.extend(residuals(&answer.check));
        complaints.extend(strays(truths, &answer.check));
    }
    complaints.extend(served.iter().filter_map(Served::too_late));
    (served, complaints.into_iter().map(|complaint| format!("serve: {complaint}")).collect())
}

impl Served {
    fn too_late(&self) -> Option<String> {
        let delay = self.delay.filter(|delay| *delay > SOON)?;
        let Truth { recipe, topic, .. } = &self.judgement.truth;
        Some(format!(
            "{recipe} was told of {topic} only {:.1} s after its evidence was there",
            delay.as_secs_f64()
        ))
    }
}

/// Whether a finding stays: known by the same id it says the same, no less surely. That it becomes surer is what time is
/// for.
fn stays(before: &Finding, after: &Finding) -> bool {
    let as_sure =
        Finding { certainty: before.certainty, cause_certainty: before.cause_certainty, ..after.clone() };
    as_sure == *before
        && after.certainty >= before.certainty
        && after.cause_certainty >= before.cause_certainty
}

/// What is told otherwise than before.
fn changes(before: &Check, after: &Check) -> Vec<String> {
    let mut changed = residuals(after);
    for finding in &before.findings {
        match after.findings.iter().find(|other| other.id == finding.id) {
            None => changed.push(format!("gone: {}", describe(finding))),
            Some(other) if !stays(finding, other) => {
                changed.push(format!("was {finding:?}, is {other:?}"));
            }
            Some(_) => {}
        }
    }
    let is_new = |id: &str| !before.findings.iter().any(|finding| finding.id == id);
    let new = after.findings.iter().filter(|finding| is_new(&finding.id));
    changed.extend(new.map(|finding| format!("new: {}", describe(finding))));
    changed
}

#[cfg(test)]
mod tests;
