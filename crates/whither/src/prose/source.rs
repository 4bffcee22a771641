//! Where a piece of evidence can be looked at again.

use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;
use whither_core::Offset;
use whither_core::verdict::{Evidence, SettingName};

use super::About;

/// What to ask, and of what. Only what is needed to ask again is there.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct Source {
    /// The plane of evidence: `log` or `commits`.
    pub plane: Plane,
    /// The request that tells it; none for a record.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub request: Option<&'static str>,
    /// The topic: the one asked about, or the one that holds the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub topic: Option<String>,
    /// Its partition.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub partition: Option<i32>,
    /// The record's offset, or where reading starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    #[schema(value_type = Option<i64>)]
    pub offset: Option<Offset>,
    /// The group asked about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub group: Option<String>,
    /// Which of the request's answers: a setting's name, `earliest`, a leader epoch, a producer id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub of: Option<String>,
}

/// A plane of evidence.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Plane {
    /// The broker's log, its bounds, records and configuration.
    Log,
    /// The history of `__consumer_offsets`, group state and membership.
    Commits,
}

impl Source {
    fn log(request: &'static str, about: &About<'_>, of: impl Into<Option<String>>) -> Source {
        Source {
            plane: Plane::Log,
            request: Some(request),
            topic: Some(about.partition.topic.to_string()),
            partition: Some(about.partition.index),
            offset: None,
            group: None,
            of: of.into(),
        }
    }

    fn record(plane: Plane, topic: &str, partition: i32, offset: Offset) -> Source {
        Source {
            plane,
            request: None,
            topic: Some(topic.to_owned()),
            partition: Some(partition),
            offset: Some(offset),
            group: None,
            of: None,
        }
    }

    fn group(request: &'static str, about: &About<'_>) -> Source {
        Source {
            plane: Plane::Commits,
            request: Some(request),
            topic: None,
            partition: None,
            offset: None,
            group: about.group.map(ToString::to_string),
            of: None,
        }
    }

    /// A record of `__consumer_offsets`; what came from a coordinator's answer has no offset there.
    fn committed((partition, offset): (i32, Offset), about: &About<'_>) -> Source {
        if partition < 0 || offset < 0 {
            let asked = Source::log("OffsetFetch", about, None);
            let group = about.group.map(ToString::to_string);
            return Source { plane: Plane::Commits, group, ..asked };
        }
        Source::record(Plane::Commits, "__consumer_offsets", partition, offset)
    }

    fn fetch(about: &About<'_>, offset: Offset) -> Source {
        Source { offset: Some(offset), ..Source::log("Fetch", about, None) }
    }

    fn config(name: SettingName, about: &About<'_>) -> Source {
        let whole = Source::log("DescribeConfigs", about, name_of(name).to_owned());
        let topic = whole.topic.clone().filter(|_| name != SettingName::OffsetsRetentionMinutes);
        Source { topic, partition: None, ..whole }
    }
}

/// The setting's name in Kafka's words.
#[must_use]
pub(super) fn name_of(setting: SettingName) -> &'static str {
    match setting {
        SettingName::RetentionMs => "retention.ms",
        SettingName::RetentionBytes => "retention.bytes",
        SettingName::OffsetsRetentionMinutes => "offsets.retention.minutes",
    }
}

/// Where this evidence can be looked at again.
#[must_use]
pub fn source(evidence: &Evidence, about: &About<'_>) -> Source {
    let text = |s: &str| Some(s.to_owned());
    match evidence {
        Evidence::LogStart { .. } => Source::log("ListOffsets", about, text("earliest")),
        Evidence::LogEnd { .. } => Source::log("ListOffsets", about, text("latest")),
        Evidence::LastStable { .. } => Source::log("ListOffsets", about, text("latest, read_committed")),
        Evidence::Commit { source, .. } | Evidence::Tombstone { source, .. } => {
            Source::committed(*source, about)
        }
        Evidence::Habit { .. } | Evidence::HistorySince { .. } => {
            Source { topic: text("__consumer_offsets"), request: None, ..Source::group("Fetch", about) }
        }
        Evidence::Setting { name, .. } | Evidence::SettingUnknown { name } => Source::config(*name, about),
        Evidence::Read { from, .. } => Source::fetch(about, *from),
        Evidence::MidBatch { base, .. } => Source::fetch(about, *base),
        Evidence::RecordTime { offset, .. } | Evidence::AbortMarker { offset, .. } => {
            Source::record(Plane::Log, &about.partition.topic, about.partition.index, *offset)
        }
        Evidence::GaveUp { offset, .. } => {
            Source::record(Plane::Log, &about.partition.topic, about.partition.index, *offset)
        }
        Evidence::EpochEnd { epoch, .. } => {
            Source::log("OffsetForLeaderEpoch", about, format!("leader epoch {epoch}"))
        }
        Evidence::Incarnation { .. } | Evidence::Absent { .. } => {
            Source { partition: None, ..Source::log("Metadata", about, None) }
        }
        Evidence::OpenTransaction { producer_id, .. } => {
            Source::log("DescribeProducers", about, format!("producer {producer_id}"))
        }
        Evidence::SharePosition { .. } => Source::group("DescribeShareGroupOffsets", about),
        Evidence::GroupState { .. } | Evidence::EmptySince { .. } => Source::group("DescribeGroups", about),
        Evidence::DeadLetter { partition, offset, .. } => {
            Source::record(Plane::Log, &partition.topic, partition.index, *offset)
        }
        Evidence::OriginMatches { .. } | Evidence::Broken { .. } => Source::fetch(about, about.from),
        Evidence::NotRead { .. } => Source::fetch(about, about.from),
        Evidence::Pace { .. } => Source::group("OffsetFetch", about),
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut gap = "";
        if let Some(request) = self.request {
            f.write_str(request)?;
            gap = " ";
        }
        if let Some(topic) = &self.topic {
            write!(f, "{gap}{}", super::words::name(topic))?;
            gap = " ";
        }
        if let Some(partition) = self.partition {
            write!(f, "/{partition}")?;
        }
        if let Some(offset) = self.offset {
            write!(f, "@{offset}")?;
        }
        if let Some(group) = &self.group {
            write!(f, "{gap}{}", super::words::name(group))?;
            gap = " ";
        }
        if let Some(of) = &self.of {
            write!(f, "{gap}({of})")?;
        }
        Ok(())
    }
}
