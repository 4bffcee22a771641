//! From properties to a [`ClientConfig`], all problems at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::jaas::{self, Jaas};
use super::{Problem, Warning, stores};
use crate::config::{ClientConfig, Sasl, ScramHash, Secret, Security};
use crate::connector::split;

const MECHANISMS: &str = "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER";
const JAAS: &str = "sasl.jaas.config";
const ENDPOINT: &str = "sasl.oauthbearer.token.endpoint.url";
const TOKEN_FILE: &str = "sasl.oauthbearer.token.file";

/// Reads settings and keeps count of those that were used.
pub(super) struct Reader<'a> {
    properties: &'a BTreeMap<String, String>,
    used: BTreeSet<&'a str>,
    problems: Vec<Problem>,
}

impl<'a> Reader<'a> {
    /// A value without the blanks around it; none if there is nothing.
    pub(super) fn take(&mut self, key: &str) -> Option<&'a str> {
        self.take_even_empty(key).filter(|v| !v.is_empty())
    }

    pub(super) fn take_even_empty(&mut self, key: &str) -> Option<&'a str> {
        let (key, value) = self.properties.get_key_value(key)?;
        self.used.insert(key);
        Some(value.trim())
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn milliseconds(&mut self, key: &str) -> Option<Duration> {
        let value = self.take(key)?;
        match value.parse::<u32>() {
            Ok(ms) if ms > 0 && i32::try_from(ms).is_ok() => Some(Duration::from_millis(ms.into())),
            _ => {
                self.problem(Problem::new(key, value, "milliseconds, 1 to 2147483647"));
                None
            }
        }
    }

    fn rest(&self) -> Vec<Warning> {
        let unused = self.properties.keys().filter(|k| !self.used.contains(k.as_str()));
        unused.map(|key| Warning { key: key.clone(), why: why_unused(key) }).collect()
    }
}

impl ClientConfig {
    /// What a Java client's properties ask for, and the settings among them that have no effect here.
    ///
    /// Read are `bootstrap.servers`, `client.id`, `request.timeout.ms`, `socket.connection.setup.timeout.ms`,
    /// `security.protocol`, `sasl.mechanism`, `sasl.jaas.config`, `ssl.endpoint.identification.algorithm`, and the
    /// truststore and keystore settings of KIP-651 (PEM). Beyond Java's: `sasl.username` and `sasl.password` (the
    /// names of librdkafka), and `sasl.oauthbearer.token.file`, a file that holds a token and is read again at
    /// each connection (Java's `sasl.oauthbearer.token.endpoint.url=file:///…` says the same).
    ///
    /// # Errors
    /// All settings that can't be used.
    pub fn from_properties(
        properties: &BTreeMap<String, String>,
    ) -> Result<(ClientConfig, Vec<Warning>), Vec<Problem>> {
        let mut from = Reader { properties, used: BTreeSet::new(), problems: Vec::new() };
        let mut config = ClientConfig::new(bootstrap(&mut from));
        if let Some(id) = from.take("client.id") {
            config.client_id = id.to_owned();
        }
        if let Some(timeout) = from.milliseconds("request.timeout.ms") {
            config.request_timeout = timeout;
        }
        if let Some(timeout) = from.milliseconds("socket.connection.setup.timeout.ms") {
            config.connect_timeout = timeout;
        }
        config.security = security(&mut from);
        if from.problems.is_empty() { Ok((config, from.rest())) } else { Err(from.problems) }
    }
}

fn bootstrap(from: &mut Reader<'_>) -> Vec<String> {
    const KEY: &str = "bootstrap.servers";
    let listed = from.take(KEY).unwrap_or_default();
    let addresses: Vec<&str> = listed.split(',').map(str::trim).filter(|a| !a.is_empty()).collect();
    for address in &addresses {
        if split(address).is_err() {
            from.problem(Problem::new(KEY, address, "host:port, several with commas between"));
        }
    }
    addresses.into_iter().map(str::to_owned).collect()
}

fn security(from: &mut Reader<'_>) -> Security {
    const KEY: &str = "security.protocol";
    let named = from.take(KEY).unwrap_or("PLAINTEXT");
    let (encrypted, authenticated) = match named.to_ascii_uppercase().as_str() {
        "PLAINTEXT" => (false, false),
        "SSL" => (true, false),
        "SASL_PLAINTEXT" => (false, true),
        "SASL_SSL" => (true, true),
        _ => {
            from.problem(Problem::new(KEY, named, "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"));
            return Security::default();
        }
    };
    Security {
        tls: encrypted.then(|| stores::tls(from)),
        sasl: if authenticated { sasl(from) } else { None },
    }
}

fn sasl(from: &mut Reader<'_>) -> Option<Sasl> {
    const KEY: &str = "sasl.mechanism";
    let named = from.take(KEY).unwrap_or_default();
    match named.to_ascii_uppercase().as_str() {
        "PLAIN" => {
            let (username, password) = credentials(from, "PlainLoginModule")?;
            Some(Sasl::Plain { username, password })
        }
        "SCRAM-SHA-256" => scram(from, ScramHash::Sha256),
        "SCRAM-SHA-512" => scram(from, ScramHash::Sha512),
        "OAUTHBEARER" => bearer(from),
        _ => {
            from.problem(Problem::new(KEY, named, MECHANISMS));
            None
        }
    }
}

fn scram(from: &mut Reader<'_>, hash: ScramHash) -> Option<Sasl> {
    let (username, password) = credentials(from, "ScramLoginModule")?;
    Some(Sasl::Scram { hash, username, password })
}

fn jaas(from: &mut Reader<'_>, module: &str) -> Option<Result<Jaas, ()>> {
    let text = from.take(JAAS)?;
    let parsed = jaas::parse(text).map_err(str::to_owned).and_then(|jaas| {
        let fits = jaas.module == module;
        fits.then_some(jaas).ok_or(format!("this sasl.mechanism goes with {module}"))
    });
    Some(parsed.map_err(|why| from.problem(Problem::new(JAAS, text, why))))
}

fn credentials(from: &mut Reader<'_>, module: &str) -> Option<(String, Secret)> {
    let (username, password) = (from.take("sasl.username"), from.take_even_empty("sasl.password"));
    let (username, password) = match jaas(from, module) {
        Some(jaas) => {
            let mut options = jaas.ok()?.options;
            (options.remove("username"), options.remove("password"))
        }
        None => (username.map(str::to_owned), password.map(str::to_owned)),
    };
    match (username, password) {
        (Some(username), Some(password)) => Some((username, Secret::new(password))),
        _ => {
            let allowed =
                format!("must be {module} required username=\"…\" password=\"…\"; (with its package)");
            from.problem(Problem::new(JAAS, "", allowed));
            None
        }
    }
}

fn bearer(from: &mut Reader<'_>) -> Option<Sasl> {
    // The module has no option that is needed here; a wrong module is still a mistake.
    if let Some(Err(())) = jaas(from, "OAuthBearerLoginModule") {
        return None;
    }
    let file = from.take(TOKEN_FILE);
    let url = from.take(ENDPOINT);
    let local = url.and_then(|u| u.strip_prefix("file://"));
    match (file.or(local), url) {
        (Some(path), _) => Some(Sasl::OauthBearer { token_file: path.into() }),
        (None, Some(url)) => {
            let allowed = format!(
                "tokens are not fetched from here; have whatever fetches them write a file, and name it in {TOKEN_FILE}"
            );
            from.problem(Problem::new(ENDPOINT, url, allowed));
            None
        }
        (None, None) => {
            from.problem(Problem::new(TOKEN_FILE, "", "must name the file that holds the token"));
            None
        }
    }
}

fn why_unused(key: &str) -> &'static str {
    if key.starts_with("ssl.") || key.starts_with("sasl.") {
        "has no effect here (with this security.protocol and sasl.mechanism)"
    } else {
        "has no effect here"
    }
}
