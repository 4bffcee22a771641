//! Settings: from flags, a Java client's properties, the environment, a file and defaults, in this order.

pub mod keys;
mod layers;
mod problem;
mod properties;
mod page;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use crate::cli::moment::Length;
use keys::{KEYS, Key};
use layers::Layer;
pub use page::{page, print};
pub use problem::Problem;

/// Everything that can be set.
#[derive(Clone, PartialEq, Eq)]
pub struct Settings {
    /// Where the cluster is and how to get in.
    pub cluster: Cluster,
    /// A group that is empty and has not committed for this long is dormant.
    pub dormant_after: Duration,
    /// Groups that must be alive.
    pub expected_groups: Vec<String>,
    /// What dead letters look like.
    pub dead_letters: DeadLetters,
    /// When `check` stops reading.
    pub deadline: Duration,
    /// How far back `check` reads first.
    pub since: Duration,
    /// Loss that retention will cause within this is a risk.
    pub risk_horizon: Duration,
}

/// Where the cluster is and how to get in.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Cluster {
    /// Addresses to start from.
    pub brokers: Vec<String>,
    /// The rest by the names that Java clients use: `security.protocol`, `sasl.jaas.config`, `ssl.*`,
    /// `client.id`. A token file stands as `sasl.oauthbearer.token.endpoint.url` with a `file:` URL. Holds
    /// secrets.
    pub properties: BTreeMap<String, String>,
}

/// What dead letters look like.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct DeadLetters {
    /// Topics that hold them.
    pub topics: Vec<String>,
    /// Topics whose records are tried again.
    pub retry_topics: Vec<String>,
    /// Headers of a convention of one's own.
    pub mapping: Option<Mapping>,
}

/// Header names of a convention of one's own.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the keys are described once, in keys.rs")]
pub struct Mapping {
    pub topic: String,
    pub partition: String,
    pub offset: String,
    pub timestamp: Option<String>,
    pub group: Option<String>,
    pub exception: Option<String>,
}

/// Secrets never show.
impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.properties.keys().collect();
        f.debug_struct("Cluster").field("brokers", &self.brokers).field("properties", &names).finish()
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("cluster", &self.cluster)
            .field("dead_letters", &self.dead_letters)
            .finish_non_exhaustive()
    }
}

/// What to read settings from.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The file that was asked for.
    pub file: Option<PathBuf>,
    /// Files to look for where none was asked for; the first that exists is read.
    pub usual_files: Vec<PathBuf>,
    /// A Java client's properties.
    pub command_config: Option<PathBuf>,
    /// The environment.
    pub environment: Vec<(String, String)>,
    /// Flags: the key, the flag's name, its values.
    pub flags: Vec<(&'static str, &'static str, Vec<String>)>,
}

/// A value in force.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct InForce {
    /// The key.
    pub key: &'static str,
    /// Its values; none where it is unset.
    pub values: Vec<String>,
    /// Where they come from; `default` where nothing was set.
    pub origin: String,
}

/// Settings that were read, with all that was wrong with them.
#[derive(Debug)]
pub struct Loaded {
    /// The settings, if nothing was wrong.
    pub settings: Result<Settings, Vec<Problem>>,
    /// Every key, in the order of the guide. Holds secrets.
    pub in_force: Vec<InForce>,
    /// What looks like a mistake and does no harm.
    pub warnings: Vec<String>,
    /// The file that was read.
    pub file: Option<PathBuf>,
}

/// Where settings are looked for if no file is named.
#[must_use]
pub fn usual_files() -> Vec<PathBuf> {
    vec!["whither.toml".into(), "/etc/whither/whither.toml".into()]
}

/// Reads settings. All problems are told at once.
#[must_use]
pub fn load(asked: &Asked) -> Loaded {
    let (from_file, file) = layers::file(asked.file.as_deref(), &asked.usual_files);
    let environment = layers::environment(asked.environment.iter().cloned());
    let java = asked.command_config.as_deref().map(layers::java).unwrap_or_default();
    let flags = layers::flags(&asked.flags);
    let mut found: BTreeMap<&'static str, InForce> = BTreeMap::new();
    let mut problems = Vec::new();
    let mut warnings = Vec::new();
    for Layer { given, problems: wrong, warnings: odd } in [from_file, environment, java, flags] {
        problems.extend(wrong);
        warnings.extend(odd);
        for g in given {
            let in_force = InForce { key: g.key.name, values: g.values, origin: g.origin };
            found.insert(g.key.name, in_force);
        }
    }
    problems.extend(disagreements(&found));
    let in_force: Vec<InForce> =
        KEYS.iter().map(|key| found.remove(key.name).unwrap_or_else(|| default(key))).collect();
    let settings = if problems.is_empty() { Ok(Settings::of(&in_force)) } else { Err(problems) };
    Loaded { settings, in_force, warnings, file }
}

fn default(key: &Key) -> InForce {
    let values = key.default.iter().map(ToString::to_string).collect();
    InForce { key: key.name, values, origin: "default".to_owned() }
}

/// Values that are right each and wrong together.
fn disagreements(found: &BTreeMap<&'static str, InForce>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let set: BTreeSet<&str> = found.keys().copied().collect();
    let origin = |key: &str| found.get(key).map_or("", |f| f.origin.as_str());
    let value = |key: &str| found.get(key).and_then(|f| f.values.first()).map_or("", String::as_str);
    let mut wrong = |what: &str, key: &str| problems.push(Problem::together(what, origin(key)));
    let sasl = value("cluster.security.protocol").starts_with("SASL");
    let mechanism = value("cluster.sasl.mechanism");
    let jaas = set.contains("cluster.sasl.jaas.config");
    let login = set.contains("cluster.sasl.username") && set.contains("cluster.sasl.password");
    if sasl && mechanism.is_empty() {
        wrong(
            "cluster.security.protocol asks for SASL: set cluster.sasl.mechanism, too",
            "cluster.security.protocol",
        );
    }
    if !sasl && !mechanism.is_empty() {
        wrong(
            "cluster.sasl.mechanism is set: cluster.security.protocol must be SASL_SSL or SASL_PLAINTEXT",
            "cluster.sasl.mechanism",
        );
    }
    match mechanism {
        "OAUTHBEARER" if !set.contains("cluster.sasl.oauthbearer.token_file") && !jaas => {
            wrong("OAUTHBEARER needs cluster.sasl.oauthbearer.token_file", "cluster.sasl.mechanism");
        }
        "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512" if !login && !jaas => wrong(
            "this mechanism needs cluster.sasl.username and cluster.sasl.password (or _file), or sasl.jaas.config",
            "cluster.sasl.mechanism",
        ),
        _ => {}
    }
    let mapping =
        ["dead_letters.mapping.topic", "dead_letters.mapping.partition", "dead_letters.mapping.offset"];
    let used = set.iter().find(|k| k.starts_with("dead_letters.mapping."));
    if let (Some(used), Some(missing)) = (used, mapping.iter().find(|k| !set.contains(*k))) {
        wrong(&format!("a mapping needs {missing}, too"), used);
    }
    problems
}

/// The values in force, each of which is allowed.
struct Values<'a>(&'a [InForce]);

impl Values<'_> {
    fn list(&self, key: &str) -> Vec<String> {
        self.0.iter().find(|v| v.key == key).map(|v| v.values.clone()).unwrap_or_default()
    }

    fn text(&self, key: &str) -> Option<String> {
        self.list(key).into_iter().next()
    }

    fn length(&self, key: &str) -> Duration {
        self.text(key).and_then(|v| v.parse::<Length>().ok()).map(|l| l.0).unwrap_or_default()
    }
}

impl Settings {
    fn of(in_force: &[InForce]) -> Settings {
        let v = Values(in_force);
        Settings {
            cluster: Cluster { brokers: v.list("cluster.brokers"), properties: java_properties(&v) },
            dormant_after: v.length("groups.dormant_after"),
            expected_groups: v.list("groups.expected"),
            dead_letters: DeadLetters {
                topics: v.list("dead_letters.topics"),
                retry_topics: v.list("dead_letters.retry_topics"),
                mapping: mapping(&v),
            },
            deadline: v.length("check.deadline"),
            since: v.length("check.since"),
            risk_horizon: v.length("risk.horizon"),
        }
    }
}

fn mapping(v: &Values<'_>) -> Option<Mapping> {
    let of = |name: &str| v.text(&format!("dead_letters.mapping.{name}"));
    Some(Mapping {
        topic: of("topic")?,
        partition: of("partition")?,
        offset: of("offset")?,
        timestamp: of("timestamp"),
        group: of("group"),
        exception: of("exception"),
    })
}

/// What a Java client would be given: user name and password become the login line they stand for.
fn java_properties(v: &Values<'_>) -> BTreeMap<String, String> {
    let mut properties = BTreeMap::new();
    for value in v.0 {
        let Some(name) = value.key.strip_prefix("cluster.") else { continue };
        let own =
            matches!(name, "brokers" | "sasl.username" | "sasl.password" | "sasl.oauthbearer.token_file");
        // What nobody set is left to the client: it tells what has no effect, which would be our own words.
        let set = value.origin != "default";
        if let Some(text) = value.values.first().filter(|_| set && !own) {
            properties.insert(name.to_owned(), text.clone());
        }
    }
    if let Some(path) = v.text("cluster.sasl.oauthbearer.token_file") {
        properties.insert("sasl.oauthbearer.token.endpoint.url".to_owned(), format!("file://{path}"));
    }
    let login = (v.text("cluster.sasl.username"), v.text("cluster.sasl.password"));
    if let ((Some(user), Some(password)), None) = (login, v.text("cluster.sasl.jaas.config")) {
        let module = match v.text("cluster.sasl.mechanism").as_deref() {
            Some("PLAIN") => "org.apache.kafka.common.security.plain.PlainLoginModule",
            _ => "org.apache.kafka.common.security.scram.ScramLoginModule",
        };
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let line =
            format!("{module} required username=\"{}\" password=\"{}\";", quoted(&user), quoted(&password));
        properties.insert("sasl.jaas.config".to_owned(), line);
    }
    properties
}

#[cfg(test)]
mod tests;
