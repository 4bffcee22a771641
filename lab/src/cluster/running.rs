use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::path::{Path, PathBuf};
use std::thread;

use super::error::Error;
use super::jars::{Version, jars};
use super::node::Node;
use super::options::Options;
use super::ports;
use super::security::{Listener, Mechanism, Tls, client_properties, format_arguments};
use super::server_properties::{NodePorts, render};
use crate::process::ScratchDir;

/// A running Kafka. Dropping it kills its processes and removes its files; so does the end of this process,
/// however it ends: tests of one process may share a cluster in a `static LazyLock`.
#[derive(Debug)]
pub struct Cluster {
    // Fields drop in this order: the processes before their files.
    nodes: Vec<Node>,
    ports: Vec<NodePorts>,
    tls: Option<Tls>,
    version: Version,
    folder: ScratchDir,
}

impl Cluster {
    /// Fetches (once), formats and starts a Kafka; returns when every broker is unfenced.
    ///
    /// Takes 3 to 5 s with one node, about 9 s with three.
    ///
    /// # Errors
    /// If Maven, Java or openssl are missing or fail, or a node does not start within two minutes.
    pub fn start(options: &Options) -> Result<Self, Error> {
        let jars = jars(options.version)?;
        let folder = ScratchDir::new("whither-lab-")?;
        let tls = if options.secured { Some(Tls::make(folder.path().join("tls"))?) } else { None };
        let ports = choose_ports(options)?;
        let nodes = format_nodes(options, &ports, tls.as_ref(), &jars, folder.path())?;
        let mut cluster = Self { nodes, ports, tls, version: options.version, folder };
        for node in &mut cluster.nodes {
            node.spawn()?;
        }
        for node in &mut cluster.nodes {
            node.await_started()?;
        }
        Ok(cluster)
    }

    /// `host:port,…` of the plain listener.
    pub fn bootstrap(&self) -> String {
        self.bootstrap_at(Listener::Plaintext).unwrap_or_default()
    }

    /// `host:port,…` of a listener, if the cluster has it.
    pub fn bootstrap_at(&self, listener: Listener) -> Option<String> {
        let addresses: Vec<_> = self
            .ports
            .iter()
            .flat_map(|node| node.listeners.iter().filter(|(at, _)| *at == listener))
            .map(|(_, port)| format!("127.0.0.1:{port}"))
            .collect();
        (!addresses.is_empty()).then(|| addresses.join(","))
    }

    /// What a Java client of `user` needs in its properties, `bootstrap.servers` included; `None` if the
    /// cluster has no such listener. `mechanism` is ignored where there is no SASL.
    pub fn client_properties(
        &self,
        listener: Listener,
        mechanism: Mechanism,
        user: &str,
    ) -> Option<Vec<(String, String)>> {
        let mut lines = vec![("bootstrap.servers".to_owned(), self.bootstrap_at(listener)?)];
        if let Some(tls) = &self.tls {
            lines.extend(client_properties(listener, mechanism, user, tls));
        }
        Some(lines)
    }

    /// The certificates, if the cluster is secured.
    pub fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// The release that runs.
    pub fn version(&self) -> Version {
        self.version
    }

    /// A folder for the files of tests; it goes with the cluster.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Process ids of the nodes that run now.
    pub fn pids(&self) -> Vec<u32> {
        self.nodes.iter().filter_map(Node::pid).collect()
    }

    /// The log file of node `id` (from 1).
    ///
    /// # Errors
    /// If there is no such node.
    pub fn log(&self, id: usize) -> Result<PathBuf, Error> {
        self.nodes.get(id.wrapping_sub(1)).map(Node::log).ok_or(unknown(id))
    }

    /// Stops node `id` (from 1) by SIGTERM: a controlled shutdown, leaders move first.
    ///
    /// # Errors
    /// If there is no such node or it does not run.
    pub fn stop_node(&mut self, id: usize) -> Result<(), Error> {
        self.node(id)?.stop()
    }

    /// Kills node `id` (from 1) by SIGKILL. Leaders move after `broker.session.timeout.ms` (4 s).
    ///
    /// # Errors
    /// If there is no such node or it does not run.
    pub fn kill_node(&mut self, id: usize) -> Result<(), Error> {
        self.node(id)?.kill()
    }

    /// Starts node `id` (from 1) again on its ports and data; returns when it is unfenced.
    ///
    /// # Errors
    /// If there is no such node, it runs already, or it does not start.
    pub fn start_node(&mut self, id: usize) -> Result<(), Error> {
        let node = self.node(id)?;
        node.spawn()?;
        node.await_started()
    }

    /// Stops node `id` (from 1) in its tracks (SIGSTOP): its connections stay, nothing answers.
    ///
    /// # Errors
    /// If there is no such node or it does not run.
    pub fn pause_node(&mut self, id: usize) -> Result<(), Error> {
        self.node(id)?.signal("-STOP")
    }

    /// Lets a paused node go on.
    ///
    /// # Errors
    /// If there is no such node or it does not run.
    pub fn resume_node(&mut self, id: usize) -> Result<(), Error> {
        self.node(id)?.signal("-CONT")
    }

    /// Leaves the files on disk for a look afterwards.
    pub fn keep_files(&mut self) {
        self.folder.keep();
    }

    fn node(&mut self, id: usize) -> Result<&mut Node, Error> {
        self.nodes.get_mut(id.wrapping_sub(1)).ok_or(unknown(id))
    }
}

fn unknown(node: usize) -> Error {
    Error::NoSuchNode { node, why: "is not one of this cluster" }
}

fn choose_ports(options: &Options) -> Result<Vec<NodePorts>, Error> {
    let mut listeners = vec![Listener::Plaintext];
    if options.secured {
        listeners.extend(Listener::SECURED);
    }
    let per_node = listeners.len() + 1;
    let free = ports::free(per_node * options.nodes)?;
    Ok(free
        .chunks(per_node)
        .map(|ports| NodePorts {
            controller: ports[0],
            listeners: listeners.iter().copied().zip(ports[1..].iter().copied()).collect(),
        })
        .collect())
}

/// Formatting is a JVM start each: all at once.
fn format_nodes(
    options: &Options,
    ports: &[NodePorts],
    tls: Option<&Tls>,
    jars: &Path,
    folder: &Path,
) -> Result<Vec<Node>, Error> {
    let cluster_id = cluster_id();
    let arguments = if options.secured { format_arguments() } else { Vec::new() };
    thread::scope(|scope| {
        let formats: Vec<_> = (1..=options.nodes)
            .map(|id| {
                let node_folder = folder.join(format!("node-{id}"));
                let properties = render(id, ports, options, tls, &node_folder.join("data"));
                let (cluster_id, arguments, jars) = (&cluster_id, &arguments, jars.to_path_buf());
                scope.spawn(move || {
                    Node::format(id, node_folder, jars, options.version, &properties, cluster_id, arguments)
                })
            })
            .collect();
        formats.into_iter().map(|format| format.join().unwrap_or_else(|_| Err(unknown(0)))).collect()
    })
}

/// 22 characters of base64url, as `StorageTool` wants them: 16 bytes, the last character one of `AQgw`.
fn cluster_id() -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut id = String::with_capacity(22);
    // A leading dash would read as an option.
    id.push('L');
    while id.len() < 21 {
        let random = RandomState::new().build_hasher().finish();
        id.push(char::from(ALPHABET[usize::try_from(random % 64).unwrap_or_default()]));
    }
    id.push('A');
    id
}
