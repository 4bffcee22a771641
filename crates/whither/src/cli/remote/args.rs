//! What can be typed to ask a server.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args as ClapArgs, ValueEnum};
use whither_core::verdict::{Cause, Certainty, Outcome};

use crate::moment::Moment;

/// Which server to ask.
#[derive(Clone, Debug, ClapArgs)]
#[command(next_help_heading = "Server")]
pub struct Server {
    /// The server to ask; a token for it stands in WHITHER_TOKEN
    #[arg(
        long,
        value_name = "URL",
        env = "WHITHER_SERVER",
        hide_env_values = true,
        default_value = "http://127.0.0.1:8080"
    )]
    pub server: String,
    /// A file that holds the token, in place of WHITHER_TOKEN
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Certificates of the authorities to trust with https, as PEM; those of the operating system if unset
    #[arg(long, value_name = "FILE", env = "WHITHER_CA_FILE", hide_env_values = true)]
    pub ca_file: Option<PathBuf>,
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, ClapArgs)]
pub struct Watch {
    /// Go on: a table that is redrawn on a terminal, else a line for each item that is new or has changed
    #[arg(long)]
    pub watch: bool,
}

/// Which groups and topics.
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Filters")]
pub struct Names {
    /// Only this group; repeat it, or separate names by commas, for more
    #[arg(long, value_name = "GROUP")]
    pub group: Vec<String>,
    /// Only this topic; more as with --group
    #[arg(long, value_name = "TOPIC")]
    pub topic: Vec<String>,
}

/// Which part of the cluster.
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Filters")]
pub struct Place {
    /// Which groups and topics.
    #[command(flatten)]
    pub names: Names,
    /// Only this partition; more as with --group
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(i32).range(0..))]
    pub partition: Vec<i32>,
}

/// Of when.
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Filters")]
pub struct Period {
    /// Only what was seen since then: 1h, 13:01 (UTC), 2026-11-21T13:01:00Z
    #[arg(long, value_name = "MOMENT", allow_hyphen_values = true, value_parser = Moment::back)]
    pub since: Option<Moment>,
    /// Only what was seen before then
    #[arg(long, value_name = "MOMENT", allow_hyphen_values = true, value_parser = Moment::back)]
    pub until: Option<Moment>,
}

/// Which verdicts.
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Filters")]
pub struct Verdicts {
    /// Only these verdicts: expired, deleted, skipped, …
    #[arg(long, value_name = "VERDICT", value_delimiter = ',', hide_possible_values = true,
        value_parser = PossibleValuesParser::new(Outcome::ALL.map(Outcome::word)))]
    pub verdict: Vec<String>,
}

/// Which findings.
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Filters")]
pub struct Told {
    /// Which verdicts.
    #[command(flatten)]
    pub verdicts: Verdicts,
    /// Only these causes: retention_time, offset_reset, …
    #[arg(long, value_name = "CAUSE", value_delimiter = ',', hide_possible_values = true,
        value_parser = PossibleValuesParser::new(Cause::ALL.map(Cause::id)))]
    pub cause: Vec<String>,
    /// Only what is told with this certainty
    #[arg(long, value_name = "CERTAINTY", value_delimiter = ',',
        value_parser = PossibleValuesParser::new(Certainty::ALL.map(Certainty::word)))]
    pub certainty: Vec<String>,
}

/// `whither balance`.
#[derive(Debug, ClapArgs)]
#[command(before_help = "\
Examples:
  whither balance                                 what became of every record, by group
  whither balance --by topic
  whither balance --group billing -v              a row for each partition
  whither balance --format ndjson | jq 'select(.residual != 0)'")]
pub struct Balance {
    /// Add rows up [default: by group in a table, one row a partition in JSON]
    #[arg(long, value_enum)]
    pub by: Option<By>,
    /// Whether to go on.
    #[command(flatten)]
    pub watch: Watch,
    /// Which part of the cluster.
    #[command(flatten)]
    pub place: Place,
    /// Rows that count any of these verdicts.
    #[command(flatten)]
    pub verdicts: Verdicts,
    /// Which server to ask.
    #[command(flatten)]
    pub server: Server,
}

/// What rows of the balance are added up by.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum By {
    /// One row a group
    Group,
    /// One row a topic
    Topic,
}

/// `whither drops`.
#[derive(Debug, ClapArgs)]
#[command(before_help = "\
Examples:
  whither drops                                   what was lost, where, and why; exit 1 if anything was
  whither drops 6f0c1a90b2d3e4f5                  one of them, with its evidence and history
  whither drops --since 1h --group billing
  whither drops --cause retention_time,retention_size --format json
  whither drops --watch | jq .text                each loss as it is found")]
pub struct Drops {
    /// One loss, by its id
    #[arg(value_name = "ID", conflicts_with_all = ["group", "topic", "partition", "since", "until", "verdict", "cause", "certainty", "watch"])]
    pub id: Option<String>,
    /// Whether to go on.
    #[command(flatten)]
    pub watch: Watch,
    /// Which part of the cluster.
    #[command(flatten)]
    pub place: Place,
    /// Of when.
    #[command(flatten)]
    pub period: Period,
    /// Which findings.
    #[command(flatten)]
    pub told: Told,
    /// Which server to ask.
    #[command(flatten)]
    pub server: Server,
}

/// `whither lag`.
#[derive(Debug, ClapArgs)]
#[command(before_help = "\
Examples:
  whither lag                                     who is behind, worst first
  whither lag billing                             one group, as `kafka-consumer-groups --describe` shows it
  whither lag --topic orders --watch
  whither lag --format json | jq '.items[] | select(.loses_data_in_seconds != null)'")]
pub struct Lag {
    /// Only this group
    #[arg(value_name = "GROUP", conflicts_with = "group")]
    pub only: Option<String>,
    /// Whether to go on.
    #[command(flatten)]
    pub watch: Watch,
    /// Which part of the cluster.
    #[command(flatten)]
    pub place: Place,
    /// Which server to ask.
    #[command(flatten)]
    pub server: Server,
}

/// `whither groups`.
#[derive(Debug, ClapArgs)]
#[command(before_help = "\
Examples:
  whither groups
  whither groups billing                          its members, positions, and who committed when
  whither groups --topic orders --format json")]
pub struct Groups {
    /// One group in full
    #[arg(value_name = "GROUP", conflicts_with_all = ["group", "topic", "watch"])]
    pub name: Option<String>,
    /// Whether to go on.
    #[command(flatten)]
    pub watch: Watch,
    /// Which groups and topics.
    #[command(flatten)]
    pub names: Names,
    /// Which server to ask.
    #[command(flatten)]
    pub server: Server,
}

/// `whither topics`.
#[derive(Debug, ClapArgs)]
#[command(before_help = "\
Examples:
  whither topics
  whither topics orders                           its partitions and configuration
  whither topics --group billing --format json")]
pub struct Topics {
    /// One topic in full
    #[arg(value_name = "TOPIC", conflicts_with_all = ["group", "topic", "watch"])]
    pub name: Option<String>,
    /// Whether to go on.
    #[command(flatten)]
    pub watch: Watch,
    /// Which groups and topics.
    #[command(flatten)]
    pub names: Names,
    /// Which server to ask.
    #[command(flatten)]
    pub server: Server,
}

/// `whither dead-letters`.
#[derive(Debug, ClapArgs)]
#[command(before_help = "\
Examples:
  whither dead-letters
  whither dead-letters --group billing --since 1h
  whither dead-letters --watch | jq .exception")]
pub struct DeadLetters {
    /// Whether to go on.
    #[command(flatten)]
    pub watch: Watch,
    /// Which part of the cluster.
    #[command(flatten)]
    pub place: Place,
    /// Of when.
    #[command(flatten)]
    pub period: Period,
    /// Which server to ask.
    #[command(flatten)]
    pub server: Server,
}

/// `whither doctor`.
#[derive(Debug, ClapArgs)]
#[command(before_help = "\
Examples:
  whither doctor                                  what whither can and can't see, and what to change
  whither doctor --format json | jq '.checks[] | select(.sees != \"all\")'")]
pub struct Doctor {
    /// Which server to ask.
    #[command(flatten)]
    pub server: Server,
}
