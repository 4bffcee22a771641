//! What a server needs beside a cluster: somebody to let in, a certificate, an address that it may have.

use std::net::SocketAddr;

use super::{Auth, InForce, Loaded, Problem, Server, Values};
use crate::access::Access;
use crate::api::listen::{self, tls::Tls};

/// What a server answers with.
#[derive(Debug)]
pub struct Serving {
    /// Where.
    pub listen: SocketAddr,
    /// Whom.
    pub access: Access,
    /// By which certificate; none answers in plain HTTP.
    pub tls: Option<Tls>,
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
        // Somebody would be asked, if the file that says whom could be read.
        let bind = access.as_ref().map_or(Ok(()), |access| listen::may_bind(server.listen, access));
        let bind = bind.map_err(|e| Problem::together(&e.to_string(), origin("server.listen")));
        match (access, tls, bind) {
            (Ok(access), Ok(tls), Ok(())) => Ok(Serving { listen: server.listen, access, tls }),
            (access, tls, bind) => Err([access.err(), tls.err(), bind.err()].into_iter().flatten().collect()),
        }
    }
}
