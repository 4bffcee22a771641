//! The one definition of every key: reading, `config print` and the guide's page come from it.

use std::net::SocketAddr;

use axum::http::HeaderName;

use crate::access::Network;
use crate::index;
use crate::moment::Length;
use crate::sources::kafka::origins::{DEAD_LETTER_TOPICS, RETRY_TOPICS};

/// A key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key {
    /// Its name: sections and words joined by dots.
    pub name: &'static str,
    /// What it may hold.
    pub kind: Kind,
    /// What holds where nothing is set; none means unset, or an empty list.
    pub default: &'static [&'static str],
    /// What it is for, as one sentence without its full stop.
    pub about: &'static str,
}

/// What a key may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Any text.
    Text,
    /// The path of a file.
    File,
    /// `host:port` addresses.
    Brokers,
    /// Names.
    Names,
    /// Names in which `*` stands for anything.
    Patterns,
    /// A length of time, longer than nothing.
    Length,
    /// An address to listen on.
    Listen,
    /// An address to listen on, or `off`.
    ListenOrOff,
    /// Origins of pages, in which `*` stands for anything.
    Origins,
    /// The name of an HTTP header.
    Header,
    /// Addresses, or networks of them.
    Networks,
    /// A number of bytes.
    Bytes,
    /// A whole number.
    Number,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Text that is never written down: from a file named by `<key>_file`, or from the environment.
    Secret,
}

impl Kind {
    /// Whether it holds several values.
    #[must_use]
    pub const fn is_list(self) -> bool {
        matches!(self, Kind::Brokers | Kind::Names | Kind::Patterns | Kind::Networks | Kind::Origins)
    }

    /// What is allowed, in words.
    #[must_use]
    pub fn allowed(self) -> String {
        match self {
            Kind::Text => "text".to_owned(),
            Kind::File => "the path of a file".to_owned(),
            Kind::Brokers => "addresses as host:port".to_owned(),
            Kind::Names => "names".to_owned(),
            Kind::Patterns => "topic names, * standing for anything".to_owned(),
            Kind::Length => "a length of time above 0 with its unit, as 30s, 15m, 1h, 7d".to_owned(),
            Kind::Listen => "an address to listen on, as 127.0.0.1:8080 or [::1]:8080".to_owned(),
            Kind::ListenOrOff => {
                "an address to listen on, as 127.0.0.1:4318 or [::1]:4318, or off".to_owned()
            }
            Kind::Origins => "origins, as https://shop.example, https://*.example, or *".to_owned(),
            Kind::Header => "the name of an HTTP header".to_owned(),
            Kind::Networks => "addresses or networks, as 10.0.0.7, 10.0.0.0/8, fd00::/8".to_owned(),
            Kind::Bytes => "a number of bytes, or one with a unit, as 500MiB, 20GiB".to_owned(),
            Kind::Number => "a whole number from 1 to 4294967295".to_owned(),
            Kind::Word(words) => words.iter().map(|w| shown(w)).collect::<Vec<_>>().join(", "),
            Kind::Secret => "from the file that <key>_file names, or from the environment".to_owned(),
        }
    }

    /// Whether one value is allowed.
    #[must_use]
    pub fn allows(self, value: &str) -> bool {
        match self {
            Kind::Text => true,
            Kind::File | Kind::Names | Kind::Secret => !value.is_empty(),
            Kind::Brokers => is_address(value),
            Kind::Patterns => {
                let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '*');
                !value.is_empty() && value.chars().all(legal)
            }
            Kind::Length => value.parse::<Length>().is_ok_and(|l| !l.0.is_zero()),
            Kind::Listen => value.parse::<SocketAddr>().is_ok(),
            Kind::ListenOrOff => is_off(value) || Kind::Listen.allows(value),
            Kind::Origins => is_origin(value),
            Kind::Header => value.parse::<HeaderName>().is_ok(),
            Kind::Networks => value.parse::<Network>().is_ok(),
            Kind::Bytes => bytes(value).is_some_and(|n| n > 0),
            Kind::Number => value.parse::<u32>().is_ok_and(|n| n > 0),
            Kind::Word(words) => words.iter().any(|w| w.eq_ignore_ascii_case(value)),
        }
    }
}

/// A number of bytes, with a unit or without.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let shift = match text.strip_prefix(digits)? {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        "TiB" => 40,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// Whether nothing is to be listened on.
pub(super) fn is_off(text: &str) -> bool {
    text.eq_ignore_ascii_case("off")
}

/// `scheme://host`, with a port or without, as browsers name it; or a pattern of such.
fn is_origin(text: &str) -> bool {
    let rest = text.split_once("://").map(|(_, rest)| rest);
    text == "*" || rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(['/', ' ']))
}

fn shown(word: &str) -> String {
    if word.is_empty() { "\"\"".to_owned() } else { word.to_owned() }
}

/// `host:port`; an IPv6 address stands in brackets.
fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let host_ok = match bare {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && !host.contains([':', '/', ' ']),
    };
    host_ok && port.parse::<u16>().is_ok_and(|p| p > 0)
}

const fn key(name: &'static str, kind: Kind, default: &'static [&'static str], about: &'static str) -> Key {
    Key { name, kind, default, about }
}

/// Every key, in the order of the guide.
pub const KEYS: &[Key] = &[
    key("cluster.brokers", Kind::Brokers, &[], "brokers to start from; `bootstrap.servers` is the same key"),
    key(
        "cluster.client.id",
        Kind::Text,
        &["whither"],
        "the name that brokers write in their request logs and use for quotas",
    ),
    key(
        "cluster.security.protocol",
        Kind::Word(&["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]),
        &["PLAINTEXT"],
        "how to talk to the brokers",
    ),
    key(
        "cluster.sasl.mechanism",
        Kind::Word(&["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]),
        &[],
        "how to log in",
    ),
    key("cluster.sasl.username", Kind::Text, &[], "who logs in, with PLAIN and SCRAM"),
    key("cluster.sasl.password", Kind::Secret, &[], "the password of `sasl.username`"),
    key(
        "cluster.sasl.jaas.config",
        Kind::Secret,
        &[],
        "a Java client's login line, in place of user name and password",
    ),
    key(
        "cluster.sasl.oauthbearer.token.file",
        Kind::File,
        &[],
        "a file that something else keeps a fresh token in, with OAUTHBEARER",
    ),
    key(
        "cluster.ssl.truststore.type",
        Kind::Text,
        &[],
        "how they are stored: PEM, as a file named `.pem` is taken for; a JKS or PKCS12 store is refused with the command that converts it",
    ),
    key(
        "cluster.ssl.truststore.location",
        Kind::File,
        &[],
        "certificates of the authorities to trust; those of the operating system if unset",
    ),
    key("cluster.ssl.truststore.certificates", Kind::Text, &[], "the same as PEM text"),
    key(
        "cluster.ssl.keystore.type",
        Kind::Text,
        &[],
        "how it is stored: PEM; a JKS or PKCS12 store is refused with the command that converts it",
    ),
    key(
        "cluster.ssl.keystore.location",
        Kind::File,
        &[],
        "the client's own private key and certificate chain in one file",
    ),
    key(
        "cluster.ssl.keystore.certificate.chain",
        Kind::Text,
        &[],
        "the client's own certificate chain as PEM text",
    ),
    key("cluster.ssl.keystore.key", Kind::Secret, &[], "the client's own private key as PEM text"),
    key(
        "cluster.ssl.endpoint.identification.algorithm",
        Kind::Word(&["https", ""]),
        &["https"],
        "whether a broker's certificate must hold the name connected to; empty means no",
    ),
    key(
        "groups.dormant_after",
        Kind::Length,
        &["24h"],
        "a group that is empty and has not committed for this long is dormant: counted, no finding",
    ),
    key(
        "groups.expected",
        Kind::Names,
        &[],
        "groups that must be alive: findings about them count even while they are dormant",
    ),
    key(
        "dead_letters.topics",
        Kind::Patterns,
        DEAD_LETTER_TOPICS,
        "topics that hold dead letters; case does not matter",
    ),
    key(
        "dead_letters.retry_topics",
        Kind::Patterns,
        RETRY_TOPICS,
        "topics whose records are tried again: a stage, not an end; a topic that fits both holds dead letters",
    ),
    key(
        "dead_letters.mapping.topic",
        Kind::Text,
        &[],
        "header of a convention of your own that names the origin's topic; needs `partition` and `offset`, too",
    ),
    key(
        "dead_letters.mapping.partition",
        Kind::Text,
        &[],
        "header with the origin's partition, as decimal text",
    ),
    key("dead_letters.mapping.offset", Kind::Text, &[], "header with the origin's offset, as decimal text"),
    key(
        "dead_letters.mapping.timestamp",
        Kind::Text,
        &[],
        "header with the origin's timestamp in milliseconds, as decimal text",
    ),
    key(
        "dead_letters.mapping.group",
        Kind::Text,
        &[],
        "header that names the group which routed the record away",
    ),
    key("dead_letters.mapping.exception", Kind::Text, &[], "header that names what failed"),
    key(
        "check.deadline",
        Kind::Length,
        &["60s"],
        "`check` stops reading after this long; `--all` has no deadline",
    ),
    key(
        "check.since",
        Kind::Length,
        &["1h"],
        "how far back `check` reads after the groups' positions and dead letters, before it reads further back",
    ),
    key(
        "check.superseded",
        Kind::Word(&["no", "yes"]),
        &["no"],
        "whether `check --follow` tells records that compaction took before a group came to them; it reads compacted topics again for that",
    ),
    key(
        "server.listen",
        Kind::Listen,
        &["127.0.0.1:8080"],
        "where `serve` answers; port 0 takes a free one; what other machines reach needs `[auth]`",
    ),
    key(
        "server.tls_cert_file",
        Kind::File,
        &[],
        "PEM file with the certificate to answer https with, then those that signed it; needs `tls_key_file`; read again when it changes",
    ),
    key("server.tls_key_file", Kind::File, &[], "PEM file with its private key, without a password"),
    key(
        "server.data_dir",
        Kind::File,
        &[],
        "where `serve` remembers what it saw; `/var/lib/whither` for root, else `$XDG_STATE_HOME/whither` or `~/.local/state/whither`",
    ),
    key(
        "auth.tokens_file",
        Kind::File,
        &[],
        "who may ask `serve`: lines of a name, a role and the argon2 hash of a token, as `whither token` makes them",
    ),
    key(
        "auth.proxy_header",
        Kind::Header,
        &[],
        "the header in which a proxy that logs people in names them; it must remove the header from what clients send",
    ),
    key(
        "auth.proxy_role",
        Kind::Word(&["read", "operate", "admin"]),
        &["read"],
        "what those may do whom the proxy names",
    ),
    key(
        "auth.proxy_from",
        Kind::Networks,
        &["127.0.0.0/8", "::1"],
        "where the proxy asks from; from elsewhere its header counts for nothing",
    ),
    key(
        "otlp.http_listen",
        Kind::ListenOrOff,
        &["127.0.0.1:4318"],
        "where `serve` takes spans by OTLP/HTTP, at `/v1/traces`; what other machines reach needs `[auth]`",
    ),
    key(
        "otlp.grpc_listen",
        Kind::ListenOrOff,
        &["127.0.0.1:4317"],
        "where `serve` takes spans by OTLP/gRPC; what other machines reach needs `[auth]`",
    ),
    key(
        "otlp.max_request_bytes",
        Kind::Bytes,
        &["16MiB"],
        "a request that is larger, as it was sent or inflated, is refused; all requests together take four times as much memory",
    ),
    key(
        "otlp.allowed_origins",
        Kind::Origins,
        &[],
        "pages that may send spans from a browser; none if unset",
    ),
    key(
        "store.keep",
        Kind::Length,
        &["90d"],
        "history older than this is deleted; hourly sums stay 400d at least",
    ),
    key(
        "store.keep_bytes",
        Kind::Bytes,
        &["20GiB"],
        "the oldest history is deleted where it takes more than this",
    ),
    key(
        "index.topics",
        Kind::Patterns,
        index::TOPICS,
        "topics whose records `serve` can find by key, header and trace; `[]` for none",
    ),
    key(
        "index.exclude",
        Kind::Patterns,
        index::EXCLUDED,
        "topics that are left out all the same; topics of Kafka itself always are",
    ),
    key("index.keys", Kind::Word(&["yes", "no"]), &["yes"], "whether records are found by their key"),
    key(
        "index.traces",
        Kind::Word(&["yes", "no"]),
        &["yes"],
        "whether records are found by the trace id in their `traceparent`",
    ),
    key(
        "index.headers",
        Kind::Names,
        &[],
        "headers whose values records are found by, as `x-order-id`; those that name one record or a few",
    ),
    key(
        "index.records_per_second",
        Kind::Number,
        &[index::RECORDS_PER_SECOND],
        "records indexed in a second, of all topics together, and a minute's worth at once; those beyond are found by position only",
    ),
    key("index.keep", Kind::Length, &["30d"], "records older than this are found by position only"),
    key(
        "index.keep_bytes",
        Kind::Bytes,
        &["5GiB"],
        "the oldest part of the index is deleted where it takes more than this; it counts for `store.keep_bytes`, too",
    ),
    key(
        "risk.horizon",
        Kind::Length,
        &["24h"],
        "loss that retention will cause within this time is told as a risk",
    ),
];

/// Other names of keys: what Java clients call them.
pub const ALIASES: &[(&str, &str)] = &[("cluster.bootstrap.servers", "cluster.brokers")];

/// The key of this name, or of this other name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Key> {
    let name = ALIASES.iter().find(|(alias, _)| *alias == name).map_or(name, |(_, name)| name);
    KEYS.iter().find(|k| k.name == name)
}

/// The secret whose file this names.
#[must_use]
pub fn secret_of_file(name: &str) -> Option<&'static Key> {
    let secret = name.strip_suffix("_file")?;
    KEYS.iter().find(|k| k.kind == Kind::Secret && k.name == secret)
}

/// `WHITHER_CHECK_DEADLINE` for `check.deadline`.
#[must_use]
pub fn variable(name: &str) -> String {
    format!("WHITHER_{}", name.replace('.', "_").to_uppercase())
}

/// The known name most like this one, if one is near enough to have been meant.
#[must_use]
pub fn nearest(name: &str) -> Option<String> {
    let files = KEYS.iter().filter(|k| k.kind == Kind::Secret).map(|k| format!("{}_file", k.name));
    let all = KEYS.iter().map(|k| k.name.to_owned()).chain(files);
    near(name, all, strsim::damerau_levenshtein)
}

pub(super) fn near(
    name: &str,
    known: impl Iterator<Item = String>,
    distance: impl Fn(&str, &str) -> usize,
) -> Option<String> {
    let far = 1 + name.chars().count() / 8;
    known.map(|k| (distance(&k, name), k)).filter(|(d, _)| *d <= far).min().map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn defaults_are_allowed_and_variables_are_distinct() {
        let mut variables = BTreeSet::new();
        for k in KEYS {
            assert!(k.default.iter().all(|d| k.kind.allows(d)), "{}", k.name);
            assert!(k.kind.is_list() || k.default.len() <= 1, "{}", k.name);
            assert!(variables.insert(variable(k.name)), "{}", k.name);
            assert!(!k.about.ends_with('.'), "{}", k.name);
        }
        // Kubernetes sets these for a Service called whither: never ours.
        for taken in ["WHITHER_PORT", "WHITHER_SERVICE_HOST", "WHITHER_SERVICE_PORT"] {
            assert!(!variables.contains(taken));
        }
    }

    #[test]
    fn addresses_have_a_host_and_a_port() {
        for good in ["kafka:9092", "10.0.0.1:9092", "[::1]:9092"] {
            assert!(is_address(good), "{good}");
        }
        for bad in
            ["kafka", "kafka:", ":9092", "kafka:0", "kafka:99999", "::1:9092", "http://kafka:9092", "[x]:1"]
        {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn origins_are_those_that_browsers_name() {
        for good in ["*", "https://shop.example", "http://localhost:3000", "https://*.example", "http://*"] {
            assert!(is_origin(good), "{good}");
        }
        for bad in
            ["", "shop.example", "https://", "https://shop.example/", "https://shop.example/cart", "null"]
        {
            assert!(!is_origin(bad), "{bad}");
        }
    }

    #[test]
    fn bytes_have_units_of_1024() {
        assert_eq!(bytes("20GiB"), Some(20 << 30));
        assert_eq!((bytes("512"), bytes("512B"), bytes("3KiB")), (Some(512), Some(512), Some(3_072)));
        for bad in ["", "GiB", "1GB", "1.5GiB", "-1", "99999999TiB", "1 GiB"] {
            assert_eq!(bytes(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        assert_eq!(nearest("check.deadlin").as_deref(), Some("check.deadline"));
        assert_eq!(nearest("cluster.sasl.pasword_file").as_deref(), Some("cluster.sasl.password_file"));
        assert_eq!(nearest("cluster.acks"), None);
    }
}
