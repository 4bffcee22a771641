//! Settings: from flags, a Java client's properties, the environment, a file and defaults, in this order.

pub mod keys;
mod layers;
mod problem;
mod page;
mod serving;

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::http::HeaderName;
use whither_kafka::ClientConfig;

use crate::access::{Network, Role};
use crate::api::listen::tls;
use crate::index::{By, Choice};
use crate::moment::Length;
use crate::sources::kafka::origins::Mapping;
use keys::{KEYS, Key};
use layers::Layer;
pub use page::{page, print};
pub use problem::Problem;
pub use serving::Serving;

/// Everything that can be set.
#[derive(Clone)]
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
    /// How the server runs.
    pub server: Server,
    /// What the server finds by key, header and trace.
    pub index: Choice,
    /// Who may ask the server.
    pub auth: Auth,
    /// Records that compaction took before a group came to them are told.
    pub superseded: bool,
}

/// Where the cluster is and how to get in. Secrets do not show in its `Debug`.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// Addresses to start from.
    pub brokers: Vec<String>,
    /// The same addresses, with how to talk to them.
    pub client: ClientConfig,
}

/// Who may ask the server, if it asks who they are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Auth {
    /// Who holds a token.
    pub tokens_file: Option<PathBuf>,
    /// In which header a proxy names who asks.
    pub proxy_header: Option<HeaderName>,
    /// What they may do.
    pub proxy_role: Role,
    /// Where the proxy asks from.
    pub proxy_from: Vec<Network>,
}

/// How the server runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    /// Where it answers.
    pub listen: SocketAddr,
    /// With which certificate; none speaks plain HTTP.
    pub tls: Option<tls::Files>,
    /// Where it remembers what it saw.
    pub data_dir: PathBuf,
    /// History older than this is deleted.
    pub keep: Duration,
    /// The oldest history is deleted where it takes more than this.
    pub keep_bytes: u64,
    /// Parts of the message index older than this are deleted.
    pub keep_index: Duration,
    /// The oldest part of the message index is deleted where it takes more than this.
    pub keep_index_bytes: u64,
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

/// Where the server answers if nothing is set.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080);

/// Where the server remembers what it saw if nothing is set: where systems keep what programs remember.
fn usual_data_dir() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let home = || set("HOME").filter(|home| home != Path::new("/root")).map(|home| home.join(".local/state"));
    match set("XDG_STATE_HOME").or_else(home) {
        Some(state) => state.join("whither"),
        None => PathBuf::from("/var/lib/whither"),
    }
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
    let mut others: BTreeMap<String, InForce> = BTreeMap::new();
    let (mut problems, mut warnings) = (Vec::new(), Vec::new());
    for Layer { given, others: more, problems: wrong, warnings: odd } in [from_file, environment, java, flags]
    {
        problems.extend(wrong);
        warnings.extend(odd);
        for g in given {
            let in_force = InForce { key: g.key.name, values: g.values, origin: g.origin };
            found.insert(g.key.name, in_force);
        }
        for (name, value, origin) in more {
            others.insert(name, InForce { key: "", values: vec![value], origin });
        }
    }
    problems.extend(half_a_mapping(&found));
    problems.extend(half_of_tls(&found));
    let brokers = found.get("cluster.brokers").map(|f| f.values.clone()).unwrap_or_default();
    let client = match client(&found, &others, &mut warnings) {
        Ok(client) => Some(ClientConfig { bootstrap: brokers.clone(), ..client }),
        // What was refused above would be told once more as missing.
        Err(_) if problems.iter().any(|p| p.what.starts_with("cluster.")) => None,
        Err(wrong) => {
            problems.extend(wrong);
            None
        }
    };
    let in_force: Vec<InForce> =
        KEYS.iter().map(|key| found.remove(key.name).unwrap_or_else(|| default(key))).collect();
    let settings = match client {
        Some(client) if problems.is_empty() => Ok(Settings::of(&in_force, Cluster { brokers, client })),
        _ => Err(problems),
    };
    Loaded { settings, in_force, warnings, file }
}

fn default(key: &Key) -> InForce {
    let values = key.default.iter().map(ToString::to_string).collect();
    InForce { key: key.name, values, origin: "default".to_owned() }
}

/// A mapping without its three places says nothing.
fn half_a_mapping(found: &BTreeMap<&'static str, InForce>) -> Option<Problem> {
    const NEEDED: [&str; 3] =
        ["dead_letters.mapping.topic", "dead_letters.mapping.partition", "dead_letters.mapping.offset"];
    let used = found.values().find(|f| f.key.starts_with("dead_letters.mapping."))?;
    let missing = NEEDED.iter().find(|key| !found.contains_key(*key))?;
    Some(Problem::together(&format!("a mapping needs {missing}, too"), &used.origin))
}

/// A certificate without its key, or a key alone, proves nothing.
fn half_of_tls(found: &BTreeMap<&'static str, InForce>) -> Option<Problem> {
    const PAIR: [&str; 2] = ["server.tls_cert_file", "server.tls_key_file"];
    let [there, missing] = match PAIR.map(|key| found.contains_key(key)) {
        [true, false] => PAIR,
        [false, true] => [PAIR[1], PAIR[0]],
        _ => return None,
    };
    Some(Problem::together(&format!("{there} needs {missing}, too"), &found.get(there)?.origin))
}

/// How to talk to the brokers. What nobody set is left to the client: it tells what has no effect, which would be
/// our own words.
fn client(
    found: &BTreeMap<&'static str, InForce>,
    others: &BTreeMap<String, InForce>,
    warnings: &mut Vec<String>,
) -> Result<ClientConfig, Vec<Problem>> {
    let known = found.values().filter_map(|f| Some((f.key.strip_prefix("cluster.")?, f)));
    let more = others.iter().map(|(name, f)| (name.as_str(), f));
    let given: BTreeMap<&str, &InForce> = known.filter(|(name, _)| *name != "brokers").chain(more).collect();
    let text = |f: &InForce| f.values.first().cloned().unwrap_or_default();
    let properties = given.iter().map(|(name, f)| ((*name).to_owned(), text(f))).collect();
    let origin = |key: &str| given.get(key).map_or("", |f| f.origin.as_str());
    match ClientConfig::from_properties(&properties) {
        Ok((client, odd)) => {
            warnings.extend(odd.iter().map(|w| format!("cluster.{w} ({})", origin(&w.key))));
            Ok(client)
        }
        Err(problems) => {
            let told = |p: &whither_kafka::properties::Problem| {
                Problem::together(&format!("cluster.{p}"), origin(&p.key))
            };
            Err(problems.iter().map(told).collect())
        }
    }
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

    fn yes(&self, key: &str) -> bool {
        self.text(key).is_some_and(|v| v.eq_ignore_ascii_case("yes"))
    }

    fn bytes(&self, key: &str) -> u64 {
        self.text(key).and_then(|v| keys::bytes(&v)).unwrap_or(u64::MAX)
    }

    fn length(&self, key: &str) -> Duration {
        self.text(key).and_then(|v| v.parse::<Length>().ok()).map(|l| l.0).unwrap_or_default()
    }
}

impl Settings {
    fn of(in_force: &[InForce], cluster: Cluster) -> Settings {
        let v = Values(in_force);
        Settings {
            cluster,
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
            server: Server::of(&v),
            index: choice(&v),
            auth: Auth::of(&v),
            superseded: v.yes("check.superseded"),
        }
    }
}

impl Server {
    fn of(v: &Values<'_>) -> Server {
        let files = v.text("server.tls_cert_file").zip(v.text("server.tls_key_file"));
        Server {
            listen: v.text("server.listen").and_then(|v| v.parse().ok()).unwrap_or(LISTEN),
            tls: files
                .map(|(certificates, key)| tls::Files { certificates: certificates.into(), key: key.into() }),
            data_dir: v.text("server.data_dir").map_or_else(usual_data_dir, PathBuf::from),
            keep: v.length("store.keep"),
            keep_bytes: v.bytes("store.keep_bytes"),
            keep_index: v.length("index.keep"),
            keep_index_bytes: v.bytes("index.keep_bytes"),
        }
    }
}

impl Auth {
    fn of(v: &Values<'_>) -> Auth {
        Auth {
            tokens_file: v.text("auth.tokens_file").map(PathBuf::from),
            proxy_header: v.text("auth.proxy_header").and_then(|v| v.parse().ok()),
            proxy_role: v.text("auth.proxy_role").and_then(|v| Role::of(&v)).unwrap_or(Role::Read),
            proxy_from: v.list("auth.proxy_from").iter().filter_map(|v| v.parse().ok()).collect(),
        }
    }
}

fn choice(v: &Values<'_>) -> Choice {
    let keys = v.yes("index.keys").then_some(By::Key);
    let traces = v.yes("index.traces").then_some(By::Trace);
    let headers = v.list("index.headers").into_iter().map(|name| By::Header(name.into()));
    Choice {
        topics: v.list("index.topics"),
        exclude: v.list("index.exclude"),
        by: keys.into_iter().chain(traces).chain(headers).collect(),
        records_per_second: v.text("index.records_per_second").and_then(|v| v.parse().ok()).unwrap_or(0),
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

#[cfg(test)]
mod tests;
