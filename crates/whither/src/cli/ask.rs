//! Commands that ask a cluster: settings into what a look wants, its failures into exit codes.

use std::collections::BTreeSet;
use std::future::Future;
use std::time::Duration;

use whither_core::Policy;
use whither_kafka::{ClientConfig, Error};

use super::args::{Check, Filter, Global, Replay};
use super::output::Output;
use super::progress::Progress;
use super::record::Record;
use super::{Exit, complain};
use crate::index::Choice;
use crate::moment::Length;
use crate::report::Report;
use crate::settings::Settings;
use crate::sources::kafka::Wants;
use crate::sources::kafka::origins::{Conventions, Roles};
use crate::{check, replay as replaying};

/// `whither check`.
pub(super) fn check(check: &Check, global: &Global, output: Output) -> Exit {
    let mut flags = Vec::new();
    let mut flag = |key, name, value: Option<Length>| {
        if let Some(value) = value {
            flags.push((key, name, vec![value.to_string()]));
        }
    };
    flag("check.deadline", "--deadline", check.deadline);
    flag("check.since", "--since", check.since);
    let settings = match super::dispatch::settings(global, &check.connection, flags) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let deadline = Some(settings.deadline).filter(|_| !check.all);
    let wants = wants(&settings, &check.filter, deadline);
    let record = check.record.as_ref().map(|path| (path, Record::create(path, wants.policy)));
    let record = match record {
        Some((path, Err(error))) => {
            complain(&format!("--record {}: {error}", path.display()));
            return Exit::Usage;
        }
        Some((_, Ok(record))) => Some(record),
        None => None,
    };
    let asked = client(&settings).map(|client| check::Check {
        client,
        wants,
        follow: check.follow.map(|l| l.0),
        recorder: record.clone().map(|r| Box::new(r) as _),
        progress: progress(output),
    });
    let report = match asked.and_then(|asked| wait(check::run(asked))) {
        Ok(report) => report,
        Err(exit) => return exit,
    };
    let exit = in_vain(&report).unwrap_or_else(|| output.answer(&report));
    match record.map(|record| record.finish(&report)) {
        Some(Err(error)) => {
            complain(&format!("the record is not complete: {error}"));
            Exit::Internal
        }
        _ => exit,
    }
}

/// `whither replay`.
pub(super) fn replay(replay: &Replay, output: Output) -> Exit {
    match replaying::run(&replay.file, None) {
        Ok(report) => output.answer(&report),
        Err(error) => {
            complain(&format!("{}: {}", replay.file.display(), chain(&error)));
            Exit::Usage
        }
    }
}

/// Says so if something was asked for by name and is not there: an empty answer would read as "nothing lost".
pub(super) fn in_vain(report: &Report) -> Option<Exit> {
    report.in_vain.iter().for_each(|text| complain(text));
    (!report.in_vain.is_empty()).then_some(Exit::Usage)
}

/// What a look should look at.
pub(super) fn wants(settings: &Settings, filter: &Filter, deadline: Option<Duration>) -> Wants {
    let span = |length: Duration| Length(length).span();
    Wants {
        deadline,
        since: settings.since,
        topic: filter.topic.as_deref().map(Into::into),
        partition: filter.partition,
        group: filter.group.as_deref().map(Into::into),
        expected: settings.expected_groups.iter().map(|g| g.as_str().into()).collect::<BTreeSet<_>>(),
        roles: Roles {
            dead_letters: settings.dead_letters.topics.clone(),
            retries: settings.dead_letters.retry_topics.clone(),
        },
        conventions: Conventions { mapping: settings.dead_letters.mapping.clone() },
        policy: Policy {
            dormant_after: span(settings.dormant_after),
            risk_horizon: span(settings.risk_horizon),
            superseded: settings.superseded,
        },
        // A look remembers nothing.
        index: Choice::default(),
    }
}

/// How to reach the cluster.
pub(super) fn client(settings: &Settings) -> Result<ClientConfig, Exit> {
    let cluster = &settings.cluster;
    if cluster.brokers.is_empty() {
        complain("no broker address: give one with --brokers host:9092");
        return Err(Exit::Usage);
    }
    Ok(cluster.client.clone())
}

/// Tells on standard error what is being done.
pub(super) fn progress(output: Output) -> Box<Progress> {
    Box::new(Progress::new(output.detail))
}

/// Waits for an answer; a failure is told.
pub(super) fn wait<T>(answer: impl Future<Output = Result<T, Error>>) -> Result<T, Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        complain(&format!("can't start: {error}"));
        Exit::Internal
    })?;
    runtime.block_on(answer).map_err(|error| {
        // It names its cause where that helps.
        complain(&error.to_string());
        match error {
            Error::NoAddress | Error::BadAddress { .. } | Error::Setting { .. } => Exit::Usage,
            _ => Exit::Unreachable,
        }
    })
}

/// An error with its causes, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
