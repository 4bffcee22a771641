//! What a server needs beside a cluster: somebody to let in, a certificate, addresses that it may have.

use std::net::SocketAddr;

use super::keys::is_off;
use super::{Auth, InForce, Loaded, Problem, Server, Values};
use crate::access::Access;
use crate::api::listen::{self, tls::Tls};
use crate::otlp::{Doors, Limits};

/// What a server answers with.
#[derive(Debug)]
pub struct Serving {
    /// Where.
    pub listen: SocketAddr,
    /// Whom.
    pub access: Access,
    /// By which certificate; none answers in plain HTTP.
    pub tls: Option<Tls>,
    /// Where spans come in.
    pub spans: Doors,
    /// How many at a time.
    pub limits: Limits,
}

impl Loaded {
    /// Reads the files that the settings of a server name, and judges where it is to listen. This can be told where
    /// other settings are wrong, too.
    ///
    /// # Errors
    /// All that keeps it from being served.
    pub fn serving(&self) -> Result<Serving, Vec<Problem>> {
        let values = Values(&self.in_force);
        let (server, auth) = (Server::of(&values), Auth::of(&values));
        let origin = |key: &str| {
            self.in_force.iter().find(|v: &&InForce| v.key == key).map_or("", |v| v.origin.as_str())
        };
        let access =
            Access::of(&auth).map_err(|e| Problem::together(&e.to_string(), origin("auth.tokens_file")));
        let tls = server.tls.map(Tls::of).transpose();
        let tls = tls.map_err(|e| Problem::together(&e.to_string(), origin("server.tls_cert_file")));
        let spans = doors(&values);
        let http = spans.http.map(|at| ("otlp.http_listen", at));
        let grpc = spans.grpc.map(|at| ("otlp.grpc_listen", at));
        let addresses = [Some(("server.listen", server.listen)), http, grpc].into_iter().flatten();
        // Somebody would be asked, if the file that says whom could be read.
        let bound = access.as_ref().ok().into_iter().flat_map(|access| {
            let may = |(key, at)| Some((key, listen::may_bind(at, access).err()?));
            addresses.clone().filter_map(may).collect::<Vec<_>>()
        });
        let unbound: Vec<Problem> =
            bound.map(|(key, e)| Problem::together(&format!("{key}: {e}"), origin(key))).collect();
        match (access, tls) {
            (Ok(access), Ok(tls)) if unbound.is_empty() => {
                Ok(Serving { listen: server.listen, access, tls, spans, limits: limits(&values) })
            }
            (access, tls) => Err([access.err(), tls.err()].into_iter().flatten().chain(unbound).collect()),
        }
    }
}

fn doors(values: &Values<'_>) -> Doors {
    let at = |key| values.text(key).filter(|value| !is_off(value))?.parse().ok();
    Doors {
        http: at("otlp.http_listen"),
        grpc: at("otlp.grpc_listen"),
        origins: values.list("otlp.allowed_origins"),
    }
}

fn limits(values: &Values<'_>) -> Limits {
    Limits::of(usize::try_from(values.bytes("otlp.max_request_bytes")).unwrap_or(usize::MAX))
}
