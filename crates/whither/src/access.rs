//! Who may ask over HTTP, and for what: whoever reaches this machine's own address, whoever holds a token, whoever a
//! proxy has logged in.

mod network;
pub mod tokens;

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderName};

pub use network::Network;
use tokens::{Tokens, TokensError};

use crate::settings::Auth;

/// What somebody may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Sends spans and sees nothing: for tokens that are handed out with applications.
    Ingest,
    /// Looks.
    Read,
    /// Acts.
    Operate,
    /// Does everything.
    Admin,
}

/// What is done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Act {
    /// Sending spans.
    Send,
    /// Looking.
    Look,
    /// Changing something.
    Operate,
}

impl Role {
    /// Every role, the smallest first.
    pub const ALL: [Role; 4] = [Role::Ingest, Role::Read, Role::Operate, Role::Admin];

    /// Whether its holder may do this.
    pub(crate) const fn may(self, act: Act) -> bool {
        match act {
            Act::Send => !matches!(self, Role::Read),
            Act::Look => !matches!(self, Role::Ingest),
            Act::Operate => matches!(self, Role::Operate | Role::Admin),
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn of(word: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.word().eq_ignore_ascii_case(word))
    }

    /// Its name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Role::Ingest => "ingest",
            Role::Read => "read",
            Role::Operate => "operate",
            Role::Admin => "admin",
        }
    }
}

/// Who is let in. By default nobody is asked, which is for addresses that only this machine reaches.
#[derive(Clone, Debug, Default)]
pub struct Access {
    tokens: Option<Arc<Tokens>>,
    proxy: Option<Arc<Proxy>>,
}

/// A proxy that logs people in, and writes who they are into a header.
#[derive(Debug)]
struct Proxy {
    header: HeaderName,
    role: Role,
    from: Vec<Network>,
}

impl Access {
    /// As the settings say.
    ///
    /// # Errors
    /// The file of tokens can't be used.
    pub fn of(auth: &Auth) -> Result<Access, TokensError> {
        let tokens = auth.tokens_file.as_deref().map(Tokens::read).transpose()?.map(Arc::new);
        let proxy = auth
            .proxy_header
            .clone()
            .map(|header| Arc::new(Proxy { header, role: auth.proxy_role, from: auth.proxy_from.clone() }));
        Ok(Access { tokens, proxy })
    }

    /// Whether nobody is asked who they are.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.tokens.is_none() && self.proxy.is_none()
    }

    /// Whether a token would help.
    pub(crate) fn takes_tokens(&self) -> bool {
        self.tokens.is_some()
    }

    /// What whoever asks may do; none: they are not known. The proxy comes first, for it may pass on what its own
    /// login left in `Authorization`.
    pub(crate) async fn role(&self, headers: &HeaderMap, peer: Option<IpAddr>) -> Option<Role> {
        if let Some(role) = self.proxy.as_ref().and_then(|proxy| proxy.role(headers, peer?)) {
            return Some(role);
        }
        let given = tokens::Given::of(headers.get(AUTHORIZATION)?.to_str().ok()?)?;
        self.tokens.as_ref()?.role(given).await
    }
}

impl Proxy {
    fn role(&self, headers: &HeaderMap, peer: IpAddr) -> Option<Role> {
        let mut named = headers.get_all(&self.header).iter();
        // Two of them: the client sent one, and the proxy did not remove it.
        let (Some(user), None) = (named.next(), named.next()) else { return None };
        let passed_on = !user.is_empty() && self.from.iter().any(|network| network.holds(peer));
        passed_on.then_some(self.role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_proxy_says_who_asks() {
        let auth = Auth {
            tokens_file: None,
            proxy_header: Some(HeaderName::from_static("x-forwarded-user")),
            proxy_role: Role::Operate,
            proxy_from: vec!["10.0.0.0/8".parse().unwrap()],
        };
        let access = Access::of(&auth).unwrap();
        let asks = async |users: &[&'static str], peer: Option<&str>| {
            let name = HeaderName::from_static("x-forwarded-user");
            let mut headers = HeaderMap::new();
            for user in users {
                headers.append(&name, user.parse().unwrap());
            }
            access.role(&headers, peer.map(|peer| peer.parse().unwrap())).await
        };
        assert_eq!(asks(&["ann"], Some("10.1.2.3")).await, Some(Role::Operate));
        assert_eq!(asks(&["ann"], Some("::ffff:10.1.2.3")).await, Some(Role::Operate));
        assert_eq!(asks(&["ann"], Some("11.1.2.3")).await, None);
        assert_eq!(asks(&["ann"], None).await, None);
        assert_eq!(asks(&["ann", "eve"], Some("10.1.2.3")).await, None);
        assert_eq!(asks(&[""], Some("10.1.2.3")).await, None);
        assert_eq!(asks(&[], Some("10.1.2.3")).await, None);
    }
}
