use super::jars::Version;

/// What kind of Kafka to start.
#[derive(Debug, Clone)]
pub struct Options {
    /// Which release.
    pub version: Version,
    /// 1 or 3; each is a broker and a controller, so three keep working with one dead.
    pub nodes: usize,
    /// Beside the plain listener (the lab's own door), open SASL and TLS ones: see [`super::Listener`].
    pub secured: bool,
    /// Check ACLs. Users without one see nothing; `admin` and the plain listener may do everything.
    pub authorized: bool,
    /// Make retention, the cleaner, transaction and offset expiry run every second instead of every few
    /// minutes.
    pub hurried: bool,
    /// Lines for every `server.properties`; they win over the lab's own.
    pub properties: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            version: Version::V4_3,
            nodes: 1,
            secured: false,
            authorized: false,
            hurried: true,
            properties: Vec::new(),
        }
    }
}

impl Options {
    /// One node of `version`.
    pub fn of(version: Version) -> Self {
        Self { version, ..Self::default() }
    }

    /// Adds a line to every `server.properties`.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.properties.push((key.to_owned(), value.to_owned()));
        self
    }
}
