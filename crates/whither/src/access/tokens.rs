//! Tokens: a file says who holds one and what they may do. It knows them by their hashes only.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Role;

/// A file larger than this holds something else. It also bounds how many hashes one guess is compared with.
const FILE_BYTES: u64 = 64 << 10;
/// A hash that takes more memory than this to compare with would let guesses take it all; in KiB.
const MOST_MEMORY: u32 = 64 << 10;
/// Nobody guesses this many bytes.
const SECRET_BYTES: usize = 24;

/// Why the tokens can't be used. What stands in a line is never told: it may be a secret by mistake.
#[derive(Debug, Error)]
pub enum TokensError {
    /// It can't be read.
    #[error("auth.tokens_file: {} can't be read: {why}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A line that is none.
    #[error("auth.tokens_file: {}:{line}: {what}; `whither token NAME ROLE` makes a line", path.display())]
    Line {
        /// Which file.
        path: PathBuf,
        /// Which line of it.
        line: usize,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Nobody could be let in.
    #[error("auth.tokens_file: {} holds no token; `whither token NAME ROLE` makes a line", path.display())]
    Empty {
        /// Which file.
        path: PathBuf,
    },
}

/// Who holds a token.
struct Holder {
    name: String,
    role: Role,
    hash: PasswordHash,
}

/// Everybody who holds a token.
pub(super) struct Tokens {
    holders: Vec<Holder>,
    /// What each token that was found right may do, by its digest: hashes are slow on purpose. A token is given in two
    /// ways at most, so there are never more than two for each holder.
    known: Mutex<HashMap<[u8; 32], Role>>,
    /// One guess at a time: each takes memory and a core.
    turn: Arc<Semaphore>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.holders.iter().map(|h| (&h.name, h.role))).finish()
    }
}

/// A token as somebody gave it.
pub(super) struct Given {
    name: Option<String>,
    secret: String,
}

impl Given {
    /// From `Authorization`: `Bearer NAME.SECRET`, `Bearer SECRET`, or what browsers make of a login.
    pub(super) fn of(header: &str) -> Option<Given> {
        let (scheme, rest) = header.split_once(' ')?;
        let rest = rest.trim();
        let (name, secret) = if scheme.eq_ignore_ascii_case("bearer") {
            rest.split_once('.')
                .map_or((None, rest.to_owned()), |(name, s)| (Some(name.to_owned()), s.to_owned()))
        } else if scheme.eq_ignore_ascii_case("basic") {
            let login = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
            let (name, secret) = login.split_once(':')?;
            (Some(name.to_owned()), secret.to_owned())
        } else {
            return None;
        };
        Some(Given { name, secret })
    }

    fn digest(&self) -> [u8; 32] {
        // No name holds a NUL.
        let name = self.name.as_deref().unwrap_or_default();
        Sha256::new().chain_update(name).chain_update([0]).chain_update(&self.secret).finalize().into()
    }
}

impl Tokens {
    /// Reads the file.
    pub(super) fn read(path: &Path) -> Result<Tokens, TokensError> {
        let unread = |why: String| TokensError::File { path: path.to_owned(), why };
        let size = std::fs::metadata(path).map_err(|e| unread(e.to_string()))?.len();
        if size > FILE_BYTES {
            return Err(unread(format!("{size} bytes, at most {FILE_BYTES} are read")));
        }
        let text = std::fs::read_to_string(path).map_err(|e| unread(e.to_string()))?;
        let mut holders: Vec<Holder> = Vec::new();
        for (n, line) in text.lines().enumerate().map(|(n, line)| (n + 1, line.trim())) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |what| TokensError::Line { path: path.to_owned(), line: n, what };
            let holder = holder(line).map_err(wrong)?;
            if holders.iter().any(|other| other.name == holder.name) {
                return Err(wrong("this name stands in an earlier line"));
            }
            holders.push(holder);
        }
        if holders.is_empty() {
            return Err(TokensError::Empty { path: path.to_owned() });
        }
        Ok(Tokens { holders, known: Mutex::default(), turn: Arc::new(Semaphore::new(1)) })
    }

    /// What the holder of a token may do; none: nobody holds it.
    pub(super) async fn role(self: &Arc<Tokens>, given: Given) -> Option<Role> {
        let digest = given.digest();
        if let Some(role) = self.known(&digest) {
            return Some(role);
        }
        let turn = self.turn.clone().acquire_owned().await.ok()?;
        let tokens = self.clone();
        let compared = tokio::task::spawn_blocking(move || tokens.compare(&given, digest, turn)).await;
        compared.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()))
    }

    fn known(&self, digest: &[u8; 32]) -> Option<Role> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(digest).copied()
    }

    /// Holds its turn until it is done, even where nobody waits for the answer any more.
    fn compare(&self, given: &Given, digest: [u8; 32], _turn: OwnedSemaphorePermit) -> Option<Role> {
        // Somebody with the same token may have had the turn before.
        if let Some(role) = self.known(&digest) {
            return Some(role);
        }
        let may_be = |h: &&Holder| given.name.as_ref().is_none_or(|name| *name == h.name);
        let is = |h: &&Holder| Argon2::default().verify_password(given.secret.as_bytes(), &h.hash).is_ok();
        let role = self.holders.iter().filter(may_be).find(is)?.role;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(digest, role);
        Some(role)
    }
}

/// `NAME ROLE HASH`.
fn holder(line: &str) -> Result<Holder, &'static str> {
    let mut words = line.split_whitespace();
    let (Some(name), Some(role), Some(hash), None) = (words.next(), words.next(), words.next(), words.next())
    else {
        return Err("not NAME ROLE HASH");
    };
    if !is_name(name) {
        return Err("the name holds more than letters, digits, - and _");
    }
    let role = Role::of(role).ok_or("the role is none of ingest, read, operate, admin")?;
    let hash = PasswordHash::new(hash).map_err(|_| "the hash is none of argon2")?;
    let usable =
        Algorithm::try_from(hash.algorithm.as_str()).is_ok() && hash.salt.is_some() && hash.hash.is_some();
    let params = Params::try_from(&hash).ok().filter(|_| usable).ok_or("the hash is none of argon2")?;
    if params.m_cost() > MOST_MEMORY {
        return Err("the hash takes more than 64 MiB of memory");
    }
    Ok(Holder { name: name.to_owned(), role, hash })
}

/// Whether a name can stand in the file, and before the `.` or `:` of a token.
#[must_use]
pub fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
}

/// A token that was made just now. The only one that knows the secret.
pub struct Minted {
    /// What its holder sends.
    pub token: String,
    /// What stands in the file.
    pub line: String,
}

impl fmt::Debug for Minted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Minted").finish_non_exhaustive()
    }
}

/// Makes a token.
///
/// # Errors
/// The system has no randomness to give.
pub fn mint(name: &str, role: Role) -> Result<Minted, argon2::password_hash::Error> {
    let mut bytes = [0; SECRET_BYTES];
    getrandom::fill(&mut bytes)?;
    let secret = URL_SAFE_NO_PAD.encode(bytes);
    let hash: PasswordHash = Argon2::default().hash_password(secret.as_bytes())?;
    Ok(Minted { token: format!("{name}.{secret}"), line: format!("{name} {} {hash}", role.word()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Tokens, TokensError> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Tokens::read(file.path())
    }

    #[tokio::test]
    async fn a_token_is_known_by_its_hash_in_each_way_it_is_given() {
        let (ann, bob) = (mint("ann", Role::Read).unwrap(), mint("bob", Role::Admin).unwrap());
        let tokens = Arc::new(read(&format!("# who\n\n{}\n  {}\n", ann.line, bob.line)).unwrap());
        let secret = bob.token.strip_prefix("bob.").unwrap();
        let ask = async |header: String| tokens.role(Given::of(&header)?).await;
        let basic = |login: &str| format!("Basic {}", STANDARD.encode(login));
        assert_eq!(ask(format!("Bearer {}", ann.token)).await, Some(Role::Read));
        assert_eq!(ask(format!("bearer {}", bob.token)).await, Some(Role::Admin));
        assert_eq!(ask(format!("Bearer {secret}")).await, Some(Role::Admin));
        assert_eq!(ask(basic(&format!("bob:{secret}"))).await, Some(Role::Admin));
        assert_eq!(tokens.known.lock().unwrap().len(), 3);
        for wrong in [
            format!("Bearer ann.{secret}"),
            format!("Bearer {}", bob.line.rsplit(' ').next().unwrap()),
            basic(&format!("ann:{secret}")),
            basic("bob"),
            format!("Digest {secret}"),
            "Bearer ".to_owned(),
            secret.to_owned(),
        ] {
            assert_eq!(ask(wrong.clone()).await, None, "{wrong}");
        }
        assert_eq!(tokens.known.lock().unwrap().len(), 3, "what is wrong is not kept");
        let shown = format!("{tokens:?} {ann:?}");
        assert!(shown.contains("\"ann\", Read") && !shown.contains("argon2"), "{shown}");
        assert!(!shown.contains(ann.token.split('.').nth(1).unwrap()), "{shown}");
    }

    #[test]
    fn what_is_wrong_with_the_file_is_told_without_what_stands_there() {
        let line = mint("ann", Role::Read).unwrap().line;
        let hash = line.rsplit(' ').next().unwrap();
        let greedy = hash.replace("m=19456", "m=1048576");
        for (text, says) in [
            ("# nobody\n".to_owned(), "holds no token"),
            ("\nann hushhush\n".to_owned(), ":2: not NAME ROLE HASH; `whither token"),
            (format!("a.b read {hash}"), ":1: the name holds"),
            (format!("ann root {hash}"), ":1: the role is none of ingest, read, operate, admin"),
            ("ann read hushhush".to_owned(), ":1: the hash is none of argon2"),
            ("ann read $scrypt$ln=15$aGVsbG9oZWxsbw$aGVsbG8".to_owned(), ":1: the hash is none of argon2"),
            (format!("ann read {greedy}"), ":1: the hash takes more than"),
            (format!("{line}\n{line}"), ":2: this name stands in an earlier line"),
        ] {
            let error = read(&text).unwrap_err().to_string();
            assert!(error.contains(says) && !error.contains("hushhush"), "{text}: {error}");
        }
        let error = Tokens::read(Path::new("/nowhere/tokens")).unwrap_err().to_string();
        assert!(error.contains("/nowhere/tokens can't be read"), "{error}");
    }
}
