//! SASL users and TLS certificates of a secured cluster.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::error::Error;
use super::jars::run;

/// The users that every secured cluster knows, by PLAIN and both SCRAMs. `admin` is a super user.
pub(super) const USERS: [&str; 3] = ["admin", "reader", "nobody"];

/// A user's password.
pub fn password_of(user: &str) -> String {
    format!("{user}-secret")
}

/// A door of the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Listener {
    /// Always there; the lab's own door and the one between brokers: `User:ANONYMOUS`, a super user.
    Plaintext,
    /// Every [`Mechanism`], no TLS.
    SaslPlaintext,
    /// Every [`Mechanism`] over TLS.
    SaslSsl,
    /// TLS with a required client certificate; its CN is the user.
    Ssl,
}

impl Listener {
    pub(super) const SECURED: [Self; 3] = [Self::SaslPlaintext, Self::SaslSsl, Self::Ssl];
    const SASL: [Self; 2] = [Self::SaslPlaintext, Self::SaslSsl];
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plaintext => "PLAINTEXT",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
            Self::Ssl => "SSL",
        })
    }
}

/// A SASL mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// User and password in clear.
    Plain,
    /// RFC 5802 with SHA-256.
    ScramSha256,
    /// RFC 5802 with SHA-512.
    ScramSha512,
    /// RFC 7628; this broker takes unsigned tokens (`{"alg":"none"}`) with `sub`, `iat` and `exp`.
    OauthBearer,
}

impl Mechanism {
    const ALL: [Self; 4] = [Self::Plain, Self::ScramSha256, Self::ScramSha512, Self::OauthBearer];

    fn login_module(self) -> &'static str {
        match self {
            Self::Plain => "org.apache.kafka.common.security.plain.PlainLoginModule",
            Self::ScramSha256 | Self::ScramSha512 => {
                "org.apache.kafka.common.security.scram.ScramLoginModule"
            }
            Self::OauthBearer => "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule",
        }
    }

    fn broker_options(self) -> String {
        match self {
            Self::Plain => USERS.map(|user| format!(" user_{user}=\"{}\"", password_of(user))).concat(),
            Self::ScramSha256 | Self::ScramSha512 => String::new(),
            Self::OauthBearer => " unsecuredLoginStringClaim_sub=\"admin\"".to_owned(),
        }
    }

    fn client_options(self, user: &str) -> String {
        match self {
            Self::OauthBearer => format!(" unsecuredLoginStringClaim_sub=\"{user}\""),
            _ => format!(" username=\"{user}\" password=\"{}\"", password_of(user)),
        }
    }
}

impl fmt::Display for Mechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::OauthBearer => "OAUTHBEARER",
        })
    }
}

/// The PEM files of a secured cluster. Keys are PKCS#8 without a password.
#[derive(Debug, Clone)]
pub struct Tls {
    folder: PathBuf,
}

impl Tls {
    /// Makes a CA, a server certificate for localhost and 127.0.0.1, and one client certificate per user.
    pub(super) fn make(folder: PathBuf) -> Result<Self, Error> {
        fs::create_dir_all(&folder)?;
        openssl(
            &folder,
            "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=lab-ca",
        )?;
        let tls = Self { folder };
        tls.issue("server")?;
        for user in USERS {
            tls.issue(user)?;
        }
        Ok(tls)
    }

    /// The CA's certificate.
    pub fn ca(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// The certificate chain of `user`.
    pub fn certificate(&self, user: &str) -> PathBuf {
        self.folder.join(format!("{user}.crt"))
    }

    /// The private key of `user`.
    pub fn key(&self, user: &str) -> PathBuf {
        self.folder.join(format!("{user}.key"))
    }

    /// Key and chain in one file, as Kafka's `ssl.keystore.location` wants them.
    pub fn key_store(&self, user: &str) -> PathBuf {
        self.folder.join(format!("{user}.pem"))
    }

    fn issue(&self, name: &str) -> Result<(), Error> {
        let folder = &self.folder;
        let extensions =
            "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n";
        fs::write(folder.join(format!("{name}.ext")), extensions)?;
        openssl(
            folder,
            &format!("req -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr -subj /CN={name}"),
        )?;
        openssl(
            folder,
            &format!(
                "x509 -req -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out {name}.crt -days 2 -extfile {name}.ext"
            ),
        )?;
        let mut store = fs::read(self.key(name))?;
        store.extend(fs::read(self.certificate(name))?);
        store.extend(fs::read(self.ca())?);
        fs::write(self.key_store(name), store)?;
        Ok(())
    }
}

fn openssl(folder: &Path, arguments: &str) -> Result<(), Error> {
    run("openssl", Command::new("openssl").args(arguments.split(' ')).current_dir(folder))
}

/// What a secured broker's `server.properties` needs beyond its listeners.
pub(super) fn broker_properties(tls: &Tls) -> Vec<(String, String)> {
    let mechanisms = Mechanism::ALL.map(|mechanism| mechanism.to_string()).join(",");
    let mut lines = vec![
        ("sasl.enabled.mechanisms".to_owned(), mechanisms),
        ("ssl.keystore.type".to_owned(), "PEM".to_owned()),
        ("ssl.keystore.location".to_owned(), tls.key_store("server").display().to_string()),
        ("ssl.truststore.type".to_owned(), "PEM".to_owned()),
        ("ssl.truststore.location".to_owned(), tls.ca().display().to_string()),
        ("listener.name.ssl.ssl.client.auth".to_owned(), "required".to_owned()),
        ("ssl.principal.mapping.rules".to_owned(), "RULE:^CN=([^,]+).*$/$1/,DEFAULT".to_owned()),
    ];
    for listener in Listener::SASL {
        for mechanism in Mechanism::ALL {
            lines.push((
                format!("listener.name.{listener}.{mechanism}.sasl.jaas.config").to_lowercase(),
                format!("{} required{};", mechanism.login_module(), mechanism.broker_options()),
            ));
        }
    }
    lines
}

/// A Java client's properties for `user` at a listener. `mechanism` is ignored where there is no SASL.
pub(super) fn client_properties(
    listener: Listener,
    mechanism: Mechanism,
    user: &str,
    tls: &Tls,
) -> Vec<(String, String)> {
    let mut lines = vec![("security.protocol".to_owned(), listener.to_string())];
    if Listener::SASL.contains(&listener) {
        lines.push(("sasl.mechanism".to_owned(), mechanism.to_string()));
        lines.push((
            "sasl.jaas.config".to_owned(),
            format!("{} required{};", mechanism.login_module(), mechanism.client_options(user)),
        ));
    }
    if matches!(listener, Listener::Ssl | Listener::SaslSsl) {
        lines.push(("ssl.truststore.type".to_owned(), "PEM".to_owned()));
        lines.push(("ssl.truststore.location".to_owned(), tls.ca().display().to_string()));
    }
    if listener == Listener::Ssl {
        lines.push(("ssl.keystore.type".to_owned(), "PEM".to_owned()));
        lines.push(("ssl.keystore.location".to_owned(), tls.key_store(user).display().to_string()));
    }
    lines
}

/// `StorageTool format` arguments that create the SCRAM users.
pub(super) fn format_arguments() -> Vec<String> {
    let mut arguments = Vec::new();
    for mechanism in [Mechanism::ScramSha256, Mechanism::ScramSha512] {
        for user in USERS {
            arguments.push("--add-scram".to_owned());
            arguments.push(format!("{mechanism}=[name={user},password={}]", password_of(user)));
        }
    }
    arguments
}
