//! What can be typed.

use std::path::PathBuf;

use clap::{ArgAction, Args as ClapArgs, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use super::paint::When;
use super::position::Position;
use super::remote::args as remote;
use crate::access::{Role, tokens};
use crate::moment::{Length, Moment};

const ABOUT: &str = "Tells what became of every message in a Kafka pipeline";

const TOP_EXAMPLES: &str = "\
Examples:
  whither check --brokers kafka:9092              what was lost, where, and why
  whither where orders/3@188231 -b kafka:9092     one message's journey
  whither offsets billing --at 13:01 -b kafka:9092 --csv > undo.csv
  whither serve --brokers kafka:9092              the server: follows, remembers, answers
  whither demo                                    a pipeline that really loses messages";

const EXIT_CODES: &str = "\
Exit codes:
  0  fine: nothing lost
  1  the answer is bad news: losses found, message not found
  2  usage or configuration
  3  the cluster can't be reached
  4  internal error
  5  could not tell: what was not seen may hide a loss

Data goes to standard output, everything else to standard error. whither only reads: it never commits, produces or changes anything.";

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "whither", version, about = ABOUT, before_help = TOP_EXAMPLES, after_help = EXIT_CODES)]
#[command(arg_required_else_help = true, max_term_width = 110)]
pub struct Args {
    /// What holds for every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What holds for every command.
#[derive(Clone, Debug, ClapArgs)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Settings, as TOML [default: ./whither.toml, then /etc/whither/whither.toml]
    #[arg(long, global = true, value_name = "FILE", env = "WHITHER_CONFIG", hide_env = true)]
    pub config: Option<PathBuf>,
    /// How to write the answer
    #[arg(long, global = true, value_enum, default_value_t)]
    pub format: Format,
    /// When to use colour; NO_COLOR, CLICOLOR_FORCE and TERM=dumb are honoured
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub color: When,
    /// Tell losses only, and no progress
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Tell the evidence too
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

/// How an answer is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Table,
    /// One document
    Json,
    /// One object a line, each with its "type"; the last is the summary
    Ndjson,
}

/// How to reach the cluster.
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Connection")]
pub struct Connection {
    /// Brokers to start from; one that answers is enough
    #[arg(
        short,
        long,
        visible_alias = "bootstrap-server",
        value_name = "HOST:PORT,…",
        value_delimiter = ','
    )]
    pub brokers: Vec<String>,
    /// A Java client's properties: security.protocol, sasl.*, ssl.*
    #[arg(long, value_name = "FILE")]
    pub command_config: Option<PathBuf>,
}

impl Connection {
    /// Whether a cluster was named, and not a server.
    #[must_use]
    pub fn is_named(&self) -> bool {
        !self.brokers.is_empty() || self.command_config.is_some()
    }
}

/// Which part of the cluster.
#[derive(Clone, Debug, Default, ClapArgs)]
#[command(next_help_heading = "Filters")]
pub struct Filter {
    /// Only this group
    #[arg(long, value_name = "GROUP")]
    pub group: Option<String>,
    /// Only this topic
    #[arg(long, value_name = "TOPIC")]
    pub topic: Option<String>,
    /// Only this partition
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(0..))]
    pub partition: Option<i32>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Reads the cluster once and tells what became of every record, for every group
    Check(Check),
    /// One message's journey: what became of it for each group
    Where(Where),
    /// What a record's headers say of its trace, and what is wrong with it
    TraceContext(TraceContextOf),
    /// A group's positions at a past moment, and who committed them
    Offsets(Offsets),
    /// Follows the cluster for as long as it runs, and remembers what it saw
    Serve(Serve),
    /// What became of every record, as the server has it
    Balance(remote::Balance),
    /// What was lost, where, and why
    Drops(remote::Drops),
    /// How far each group is behind, when it catches up, and when retention overtakes it
    Lag(remote::Lag),
    /// Groups: who is in them and how they stand
    Groups(remote::Groups),
    /// Topics: what is written, how long it stays, who reads it
    Topics(remote::Topics),
    /// Records that could not be processed, and where they came from
    DeadLetters(remote::DeadLetters),
    /// What whither can and can't see, and what to change to see more
    Doctor(remote::Doctor),
    /// The same on an embedded broker with a pipeline that really loses messages; no Kafka needed
    Demo(Demo),
    /// Judges a run that `check --record` saved
    Replay(Replay),
    /// Looks at the settings
    Config(Config),
    /// Makes a token for the server's file of tokens
    Token(Token),
    /// Completions for a shell
    Completions(Completions),
    /// Prints the description of the server's API, as OpenAPI 3.1
    #[command(before_help = "Example:\n  whither openapi > whither.openapi.json")]
    Openapi,
}

/// `whither check`.
#[derive(Debug, ClapArgs)]
#[command(before_help = "\
Examples:
  whither check --brokers kafka:9092
  whither check -b kafka:9092 --group billing -v            with the evidence
  whither check -b kafka:9092 --all --format json > all.json
  whither check -b kafka:9092 --follow 10m                  watch on: more is proved
  whither check -b kafka:9093 --command-config client.properties")]
pub struct Check {
    /// Stop reading after this long; what was not read is told as unread [default: 60s]
    #[arg(long, value_name = "TIME", conflicts_with = "all", allow_hyphen_values = true)]
    pub deadline: Option<Length>,
    /// After the groups' positions and dead letters, read this far back [default: 1h]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<Length>,
    /// Read everything, however long it takes
    #[arg(long)]
    pub all: bool,
    /// Watch on for this long after the first look
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub follow: Option<Length>,
    /// Save what was seen, to be judged again by `whither replay`
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Which part of the cluster.
    #[command(flatten)]
    pub filter: Filter,
    /// How to reach the cluster.
    #[command(flatten)]
    pub connection: Connection,
}

/// `whither where`.
#[derive(Debug, ClapArgs)]
#[command(before_help = "\
Examples:
  whither where orders/3@188231                             a running server knows at once
  whither where --key order-8841                            by its message index
  whither where --trace 4bf92f3577b34da6a3ce929d0e0e4736
  whither where orders/3@188231 --brokers kafka:9092        without a server: it looks by itself
  whither where 'orders[3]@188231' -b kafka:9092            as Kafka's tools write it
  whither where --key order-8841 --topic orders -b kafka:9092
  whither where --header x-order-id=8841 -b kafka:9092")]
#[group(id = "which", required = true, multiple = false, args = ["position", "key", "trace", "header"])]
pub struct Where {
    /// The record's position
    #[arg(value_name = "TOPIC/PARTITION@OFFSET")]
    pub position: Option<Position>,
    /// Records with this key
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Records whose traceparent has this trace id
    #[arg(long, value_name = "ID", value_parser = trace_id)]
    pub trace: Option<String>,
    /// Records with this header
    #[arg(long, value_name = "NAME=VALUE", value_parser = header)]
    pub header: Option<(String, String)>,
    /// Look in this topic only
    #[arg(long, value_name = "TOPIC", conflicts_with = "position")]
    pub topic: Option<String>,
    /// Look this far back [default: 1h]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<Length>,
    /// How to reach the cluster.
    #[command(flatten)]
    pub connection: Connection,
    /// Which server to ask where no brokers are named.
    #[command(flatten)]
    pub server: remote::Server,
}

/// `whither trace-context`.
#[derive(Debug, ClapArgs)]
#[command(before_help = "\
Examples:
  whither trace-context orders/3@188231 --brokers kafka:9092
  whither trace-context orders/3@188231 -b kafka:9092 --format json

Reads traceparent, tracestate and baggage (W3C), b3 and X-B3-* (Zipkin), uber-trace-id (Jaeger), x-datadog-*.
Exit code 1: no context, or one that is not valid.")]
pub struct TraceContextOf {
    /// The record's position
    #[arg(value_name = "TOPIC/PARTITION@OFFSET")]
    pub position: Position,
    /// How to reach the cluster.
    #[command(flatten)]
    pub connection: Connection,
}

/// `whither offsets`.
#[derive(Debug, ClapArgs)]
#[command(before_help = "\
Examples:
  whither offsets billing --at 13:01                        who stood where, and who committed it
  whither offsets billing --at 13:01 --brokers kafka:9092   without a server
  whither offsets billing --at '15m ago' -b kafka:9092
  whither offsets billing --at 2026-11-21T13:01:00Z --csv -b kafka:9092 > undo.csv
  kafka-consumer-groups.sh --bootstrap-server kafka:9092 --group billing \\
    --reset-offsets --from-file undo.csv --execute")]
pub struct Offsets {
    /// The group
    #[arg(value_name = "GROUP")]
    pub group: String,
    /// The moment: 2026-11-21T13:01:00Z, 13:01 (UTC), -15m, '15m ago', seconds or milliseconds since 1970
    #[arg(long, value_name = "MOMENT", allow_hyphen_values = true)]
    pub at: Moment,
    /// Write what kafka-consumer-groups --reset-offsets --from-file takes
    #[arg(long)]
    pub csv: bool,
    /// Only this topic; repeat for more
    #[arg(long, value_name = "TOPIC")]
    pub topic: Vec<String>,
    /// How to reach the cluster.
    #[command(flatten)]
    pub connection: Connection,
    /// Which server to ask where no brokers are named.
    #[command(flatten)]
    pub server: remote::Server,
}

/// `whither serve`.
#[derive(Debug, ClapArgs)]
#[command(before_help = "\
Examples:
  whither serve --brokers kafka:9092
  whither serve -b kafka:9092 --data-dir /var/lib/whither --listen 127.0.0.1:9090
  whither serve --config /etc/whither/whither.toml")]
pub struct Serve {
    /// Where to remember what was seen [default: /var/lib/whither for root, else ~/.local/state/whither]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Where to answer; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<std::net::SocketAddr>,
    /// How to reach the cluster.
    #[command(flatten)]
    pub connection: Connection,
}

/// `whither demo`.
#[derive(Debug, ClapArgs)]
#[command(before_help = "\
Examples:
  whither demo
  whither demo --broker 127.0.0.1:9092      then try kcat, or your own client, on it
  whither demo --headless --for 30s         broker and pipeline only")]
pub struct Demo {
    /// Where the page and the API listen [default: 127.0.0.1:8080, or the next port that is free]
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<std::net::SocketAddr>,
    /// Where the demo broker listens; port 0 takes a free one
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0")]
    pub broker: std::net::SocketAddr,
    /// Runs the broker and the pipeline without showing anything
    #[arg(long)]
    pub headless: bool,
    /// How much faster than life
    #[arg(long, value_name = "TIMES", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub speed: u32,
    /// Stops after this long
    #[arg(long = "for", value_name = "TIME", allow_hyphen_values = true)]
    pub duration: Option<Length>,
}

/// `whither replay`.
#[derive(Debug, ClapArgs)]
#[command(before_help = "\
Examples:
  whither check --brokers kafka:9092 --record incident.scenario
  whither replay incident.scenario
  whither replay incident.scenario --format json            the same bytes each time")]
pub struct Replay {
    /// What `check --record` saved
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `whither config`.
#[derive(Debug, ClapArgs)]
#[command(before_help = "\
Examples:
  whither config check
  whither config print --origin")]
pub struct Config {
    /// What to do with them.
    #[command(subcommand)]
    pub what: ConfigWhat,
}

/// What to do with the settings.
#[derive(Debug, Subcommand)]
pub enum ConfigWhat {
    /// Says everything that is wrong with them
    #[command(before_help = "Example:\n  whither config check --config whither.toml")]
    Check(Connection),
    /// Prints every key with its value in force, as TOML; secrets are not shown
    #[command(before_help = "Example:\n  WHITHER_CHECK_SINCE=4h whither config print --origin")]
    Print {
        /// Tell where each value comes from
        #[arg(long)]
        origin: bool,
        /// How to reach the cluster.
        #[command(flatten)]
        connection: Connection,
    },
}

/// `whither token`.
#[derive(Debug, ClapArgs)]
#[command(before_help = "\
Examples:
  whither token prometheus read >> /etc/whither/tokens      the token itself goes to the terminal
  whither token ann operate --format json")]
pub struct Token {
    /// Who holds it: letters, digits, - and _
    #[arg(value_name = "NAME", value_parser = name)]
    pub name: String,
    /// What they may do: ingest sends spans and sees nothing, read looks, operate also acts, admin does everything
    #[arg(value_name = "ROLE", value_parser = role)]
    pub role: Role,
}

/// `whither completions`.
#[derive(Debug, ClapArgs)]
#[command(before_help = "\
Examples:
  whither completions bash > /etc/bash_completion.d/whither
  whither completions zsh  > ~/.zfunc/_whither
  whither completions fish > ~/.config/fish/completions/whither.fish")]
pub struct Completions {
    /// The shell
    #[arg(value_enum, value_name = "SHELL", action = ArgAction::Set)]
    pub shell: Shell,
}

fn header(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write NAME=VALUE, as in x-order-id=8841"),
    }
}

fn name(text: &str) -> Result<String, &'static str> {
    if tokens::is_name(text) { Ok(text.to_owned()) } else { Err("a name holds letters, digits, - and _") }
}

fn role(text: &str) -> Result<Role, &'static str> {
    Role::of(text).ok_or("a role is ingest, read, operate or admin")
}

fn trace_id(text: &str) -> Result<String, &'static str> {
    let hex = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if hex && text.bytes().any(|b| b != b'0') {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("a trace id is 32 hexadecimal digits, not all of them 0")
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Exit;

    #[test]
    fn the_definition_holds_together() {
        Args::command().debug_assert();
    }

    #[test]
    fn the_help_tells_the_exit_codes_there_are() {
        for exit in Exit::ALL {
            assert!(EXIT_CODES.contains(&format!("  {}  {}\n", exit.code(), exit.meaning())), "{exit:?}");
        }
    }

    #[test]
    fn every_command_begins_its_help_with_examples() {
        let mut command = Args::command();
        command.build();
        for sub in command.get_subcommands_mut().filter(|c| c.get_name() != "help") {
            let help = sub.render_long_help().to_string();
            assert!(help.starts_with("Example"), "{help}");
        }
    }

    #[test]
    fn one_flag_has_three_spellings_and_lists_are_split() {
        for flag in ["-b", "--brokers", "--bootstrap-server"] {
            let args = Args::try_parse_from(["whither", "check", flag, "a:1,b:2"]).unwrap();
            let Command::Check(check) = args.command else { panic!("not check") };
            assert_eq!(check.connection.brokers, ["a:1", "b:2"]);
        }
    }

    #[test]
    fn a_moment_may_begin_with_a_dash() {
        let args = Args::try_parse_from(["whither", "offsets", "billing", "--at", "-15m"]).unwrap();
        let Command::Offsets(offsets) = args.command else { panic!("not offsets") };
        assert_eq!(offsets.at, Moment::Ago(whither_core::Span(900_000)));
    }

    #[test]
    fn where_wants_exactly_one_way_to_find_it() {
        assert!(Args::try_parse_from(["whither", "where"]).is_err());
        assert!(Args::try_parse_from(["whither", "where", "orders/3@7", "--key", "k"]).is_err());
        assert!(Args::try_parse_from(["whither", "where", "--trace", "xyz"]).is_err());
        let args = Args::try_parse_from(["whither", "where", "--header", "a=b=c"]).unwrap();
        let Command::Where(find) = args.command else { panic!("not where") };
        assert_eq!(find.header, Some(("a".into(), "b=c".into())));
    }
}
