//! Kafka Connect, standalone, with the file sink.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use super::error::Error;
use super::waiting::wait_until;
use crate::cluster::{Cluster, free_port, jars, java};
use crate::process::Supervised;

/// A Connect worker of its own process, with one connector named `name`; its group is `connect-<name>`.
#[derive(Debug)]
pub struct Connect {
    name: String,
    rest: String,
    _worker: Supervised,
}

impl Connect {
    /// Starts a worker with a file sink that reads JSON from `topic`; what is no JSON goes to `dead_letters`.
    ///
    /// # Errors
    /// If it does not run within two minutes.
    pub fn start(cluster: &Cluster, name: &str, topic: &str, dead_letters: &str) -> Result<Self, Error> {
        let folder = cluster.folder().join(format!("connect-{name}"));
        fs::create_dir_all(&folder)?;
        let jars = jars(cluster.version())?;
        let rest = format!("127.0.0.1:{}", free_port()?);
        let worker = folder.join("worker.properties");
        fs::write(&worker, worker_properties(cluster, &rest, &folder, &plugins(&jars, &folder)?))?;
        let connector = folder.join("sink.properties");
        fs::write(&connector, sink_properties(name, topic, dead_letters, &folder))?;
        let log = fs::File::create(folder.join("connect.log"))?;
        let mut command = java(cluster.version(), &jars, None, "256m");
        command.arg("org.apache.kafka.connect.cli.ConnectStandalone").args([&worker, &connector]);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let connect = Self { name: name.to_owned(), rest, _worker: Supervised::spawn(&mut command)? };
        connect.await_task("RUNNING")?;
        Ok(connect)
    }

    /// The group that its sink commits with.
    pub fn group(&self) -> String {
        format!("connect-{}", self.name)
    }

    /// Moves the sink to `offset` through Connect's offsets API (KIP-875): stop, alter, resume.
    ///
    /// # Errors
    /// What Connect answers.
    pub fn alter_offset(&self, topic: &str, partition: i32, offset: i64) -> Result<(), Error> {
        self.request("PUT", "/stop", "")?;
        wait_until("the connector to stop", 60, || Ok(self.status()?.contains("\"state\":\"STOPPED\"")))?;
        let body = format!(
            "{{\"offsets\":[{{\"partition\":{{\"kafka_topic\":\"{topic}\",\"kafka_partition\":{partition}}},\
             \"offset\":{{\"kafka_offset\":{offset}}}}}]}}"
        );
        // Refused for as long as the sink's consumer has not left its group.
        wait_until("the offsets to be altered", 60, || {
            Ok(self.request("PATCH", "/offsets", &body)?.starts_with("HTTP/1.1 200"))
        })?;
        self.request("PUT", "/resume", "")?;
        self.await_task("RUNNING")
    }

    fn await_task(&self, state: &str) -> Result<(), Error> {
        let wanted = format!("\"tasks\":[{{\"id\":0,\"state\":\"{state}\"");
        wait_until("the sink's task to run", 120, || {
            Ok(self.status().is_ok_and(|status| status.contains(&wanted)))
        })
    }

    fn status(&self) -> Result<String, Error> {
        self.request("GET", "/status", "")
    }

    /// One HTTP request about the connector; the whole response.
    fn request(&self, method: &str, path: &str, body: &str) -> Result<String, Error> {
        let mut socket = TcpStream::connect(&self.rest)?;
        write!(
            socket,
            "{method} /connectors/{}{path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.name,
            self.rest,
            body.len()
        )?;
        let mut response = String::new();
        socket.read_to_string(&mut response)?;
        Ok(response)
    }
}

/// Connect looks for connectors in folders of their own.
fn plugins(jars: &Path, folder: &Path) -> Result<PathBuf, Error> {
    let plugins = folder.join("plugins");
    fs::create_dir_all(&plugins)?;
    for jar in fs::read_dir(jars)? {
        let jar = jar?;
        if jar.file_name().to_string_lossy().starts_with("connect-file-") {
            fs::copy(jar.path(), plugins.join(jar.file_name()))?;
        }
    }
    Ok(plugins)
}

fn worker_properties(cluster: &Cluster, rest: &str, folder: &Path, plugins: &Path) -> String {
    // only_scan, the alternative, needs twice the heap and five times the time.
    format!(
        "bootstrap.servers={}\nlisteners=http://{rest}\noffset.storage.file.filename={}\n\
         offset.flush.interval.ms=500\nplugin.discovery=service_load\nplugin.path={}\n\
         key.converter=org.apache.kafka.connect.storage.StringConverter\n\
         value.converter=org.apache.kafka.connect.storage.StringConverter\n",
        cluster.bootstrap(),
        folder.join("offsets").display(),
        plugins.display(),
    )
}

fn sink_properties(name: &str, topic: &str, dead_letters: &str, folder: &Path) -> String {
    format!(
        "name={name}\nconnector.class=org.apache.kafka.connect.file.FileStreamSinkConnector\ntasks.max=1\n\
         file={}\ntopics={topic}\nvalue.converter=org.apache.kafka.connect.json.JsonConverter\n\
         value.converter.schemas.enable=false\nerrors.tolerance=all\n\
         errors.deadletterqueue.topic.name={dead_letters}\n\
         errors.deadletterqueue.topic.replication.factor=1\n\
         errors.deadletterqueue.context.headers.enable=true\nconsumer.override.auto.offset.reset=earliest\n",
        folder.join("sink.txt").display(),
    )
}
