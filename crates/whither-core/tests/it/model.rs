//! A reference model, slow and plain: what each offset is, what each group did, and what follows for each record.
//! Random histories are judged by it and by the core.

mod events;
mod world;
mod compare;

use proptest::prelude::*;
use whither_core::{Clock, Key, Time};

use crate::story::Story;
use compare::{Proved, compare};
use events::histories;
use world::{Said, log_key, told_of};

const GROUPS: [&str; 2] = ["g", "h"];

fn deliver(story: &mut Story, said: &Said, complete_to: i64) {
    story.now = story.now.max(said.at);
    let clock = Clock { now: Time(story.now), complete_to: Time(complete_to) };
    story.give_at(&said.key, clock, &said.facts);
}

fn finish(story: &mut Story, end: i64) {
    story.now = end + 1_000;
    let clock = Clock { now: Time(story.now), complete_to: Time(end) };
    story.settle_at(clock);
}

fn snapshots(story: &Story) -> Vec<Vec<u8>> {
    let of = |key: &Key| {
        let mut bytes = Vec::new();
        story.engine.snapshot(key, &mut bytes);
        bytes
    };
    story.engine.keys().map(of).collect()
}

proptest! {
    /// Every record's end is what the model says, after every look; rows add up; proof is never revised.
    #[test]
    fn the_core_says_what_the_model_says(events in histories()) {
        let history = told_of(&events);
        let mut story = Story::bare();
        let mut proved = Proved::default();
        for said in &history {
            deliver(&mut story, said, said.at - 1);
            if let Some(truth) = &said.truth {
                story.settle_at(Clock { now: Time(said.at), complete_to: Time(said.at) });
                for (group, truth) in truth.iter().enumerate() {
                    compare(&story, group, truth.as_ref())?;
                }
                proved.check(&story)?;
            }
        }
        prop_assert_eq!(&story.refused, &[]);
    }

    /// What is told of what may have changed is what is told of everything, but for records that came since.
    #[test]
    fn what_may_have_changed_is_all_that_has(events in histories()) {
        let history = told_of(&events);
        let (mut whole, mut parts) = (Story::bare(), Story::bare());
        for said in &history {
            deliver(&mut whole, said, said.at - 1);
            deliver(&mut parts, said, said.at - 1);
            let clock = Clock { now: Time(said.at), complete_to: Time(said.at) };
            whole.settle_at(clock);
            parts.settle_changed_at(clock);
            for (of, row) in &whole.rows {
                let told = parts.rows.get(of);
                prop_assert!(told.is_some_and(|told| told == row || told.to < row.to), "{told:#?} of {row:#?}");
            }
        }
        let end = history.last().unwrap().at;
        finish(&mut whole, end);
        finish(&mut parts, end);
        prop_assert_eq!(&whole.rows, &parts.rows);
        prop_assert_eq!(&whole.findings, &parts.findings);
    }

    /// Facts of different sources come in any order, as long as the watermark tells of it.
    #[test]
    fn the_order_of_sources_does_not_matter(events in histories(), choices in prop::collection::vec(any::<bool>(), 200)) {
        let history = told_of(&events);
        let end = history.last().unwrap().at;
        let mut one = Story::bare();
        for said in &history {
            deliver(&mut one, said, said.at - 1);
        }
        finish(&mut one, end);
        let (mut log, mut offsets): (Vec<&Said>, Vec<&Said>) = history.iter().partition(|s| s.key == log_key());
        log.reverse();
        offsets.reverse();
        let mut other = Story::bare();
        for choice in choices.iter().cycle() {
            let first = if *choice { &mut log } else { &mut offsets };
            let said = match first.pop() {
                Some(said) => said,
                None => match log.pop().or_else(|| offsets.pop()) {
                    Some(said) => said,
                    None => break,
                },
            };
            let next = [log.last(), offsets.last()].into_iter().flatten().map(|s| s.at).min();
            let complete_to = next.map_or(end, |n| n - 1).min(said.at - 1);
            deliver(&mut other, said, complete_to);
        }
        finish(&mut other, end);
        prop_assert_eq!(&one.rows, &other.rows);
        prop_assert_eq!(&one.findings, &other.findings);
    }

    /// The same facts give the same bytes; a snapshot half way and the rest are the whole run.
    #[test]
    fn a_run_goes_on_from_its_snapshot(events in histories(), at in any::<prop::sample::Index>()) {
        let history = told_of(&events);
        let at = at.index(history.len());
        let end = history.last().unwrap().at;
        let (mut whole, mut parted) = (Story::bare(), Story::bare());
        for (i, said) in history.iter().enumerate() {
            if i == at {
                let mut taken_up = Story::bare();
                for bytes in snapshots(&parted) {
                    let key = taken_up.engine.restore(&bytes).unwrap();
                    taken_up.know(&key);
                }
                taken_up.now = parted.now;
                parted = taken_up;
            }
            deliver(&mut whole, said, said.at - 1);
            deliver(&mut parted, said, said.at - 1);
        }
        finish(&mut whole, end);
        finish(&mut parted, end);
        prop_assert_eq!(&whole.rows, &parted.rows);
        prop_assert_eq!(&whole.findings, &parted.findings);
        prop_assert_eq!(snapshots(&whole), snapshots(&parted));
    }
}
