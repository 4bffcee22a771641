//! Who may send: on an address that only this machine reaches anybody on it, elsewhere whoever has the right to.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, header};

use super::Refusal;
use crate::access::{Access, Act};
use crate::sources::kafka::origins::matches;

/// Who may.
#[derive(Clone, Debug)]
pub struct Admission {
    /// Whom to ask; none where nobody is asked.
    access: Option<Access>,
    /// Pages that may, in lower case.
    origins: Arc<[String]>,
}

impl Admission {
    /// For what comes in at an address.
    #[must_use]
    pub fn at(address: SocketAddr, access: &Access, origins: &[String]) -> Admission {
        let access = (!address.ip().is_loopback()).then(|| access.clone());
        Admission { access, origins: origins.iter().map(|origin| origin.to_lowercase()).collect() }
    }

    /// Whether browsers are to be told that any page may.
    pub(super) fn takes_pages(&self) -> bool {
        !self.origins.is_empty()
    }

    /// Whether pages of this origin may.
    pub(super) fn allows(&self, origin: &HeaderValue) -> bool {
        let origin = origin.to_str().map(str::to_lowercase);
        origin.is_ok_and(|origin| self.origins.iter().any(|pattern| matches(pattern, &origin)))
    }

    /// Lets a request in. Browsers tell whose page sends, and would send for any page that made a name point here.
    pub(super) async fn admit(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> Result<(), Refusal> {
        if let Some(origin) = headers.get(header::ORIGIN).filter(|origin| !self.allows(origin)) {
            return Err(Refusal::Origin(String::from_utf8_lossy(origin.as_bytes()).into_owned()));
        }
        let Some(access) = &self.access else { return Ok(()) };
        match access.role(headers, peer).await {
            Some(role) if role.may(Act::Send) => Ok(()),
            Some(role) => Err(Refusal::Forbidden(role)),
            None => Err(Refusal::Unknown),
        }
    }
}
