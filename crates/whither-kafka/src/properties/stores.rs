//! `ssl.truststore.*`, `ssl.keystore.*`: PEM is read; a Java store is refused with the command that converts it.

use super::Problem;
use super::settings::Reader;
use crate::config::{Identity, Pem, Secret, Tls};

const TRUSTSTORE_LOCATION: &str = "ssl.truststore.location";
const KEYSTORE_LOCATION: &str = "ssl.keystore.location";

pub(super) fn tls(from: &mut Reader<'_>) -> Tls {
    Tls { ca: ca(from), identity: identity(from), verify_hostname: verify_hostname(from) }
}

fn ca(from: &mut Reader<'_>) -> Option<Pem> {
    let inline = from.take("ssl.truststore.certificates");
    let location = store(from, "ssl.truststore.type", TRUSTSTORE_LOCATION, from_truststore);
    match (inline, location) {
        (Some(text), None) => Some(Pem::Inline(Secret::new(text))),
        (None, location) => location.map(|l| Pem::File(l.into())),
        (Some(_), Some(location)) => {
            let allowed = "leave it out, or ssl.truststore.certificates: one of them counts";
            from.problem(Problem::new(TRUSTSTORE_LOCATION, location, allowed));
            None
        }
    }
}

fn identity(from: &mut Reader<'_>) -> Option<Identity> {
    if let Some(password) = from.take("ssl.key.password") {
        let allowed = "keys with a password are not read; write the key without one: openssl pkcs8 -topk8 -nocrypt -in KEY.pem -out PLAIN.pem";
        from.problem(Problem::new("ssl.key.password", password, allowed));
    }
    let chain = from.take("ssl.keystore.certificate.chain");
    let key = from.take("ssl.keystore.key");
    let location = store(from, "ssl.keystore.type", KEYSTORE_LOCATION, from_keystore);
    match (chain, key, location) {
        (None, None, location) => {
            let file = Pem::File(location?.into());
            Some(Identity { chain: file.clone(), key: file })
        }
        (Some(chain), Some(key), None) => {
            let inline = |text: &str| Pem::Inline(Secret::new(text));
            Some(Identity { chain: inline(chain), key: inline(key) })
        }
        (_, _, Some(location)) => {
            let allowed = "leave it out, or ssl.keystore.certificate.chain and ssl.keystore.key";
            from.problem(Problem::new(KEYSTORE_LOCATION, location, allowed));
            None
        }
        (chain, ..) => {
            let missing = if chain.is_some() { "ssl.keystore.key" } else { "ssl.keystore.certificate.chain" };
            from.problem(Problem::new(
                missing,
                "",
                "must be given too: a certificate and its key belong together",
            ));
            None
        }
    }
}

fn verify_hostname(from: &mut Reader<'_>) -> bool {
    const KEY: &str = "ssl.endpoint.identification.algorithm";
    match from.take_even_empty(KEY) {
        None => true,
        Some("") => false,
        Some(name) if name.eq_ignore_ascii_case("https") => true,
        Some(other) => {
            from.problem(Problem::new(KEY, other, "https, or nothing to switch the check of the name off"));
            true
        }
    }
}

/// The path of a PEM store. Java takes a store without a type for JKS; a file that is named like PEM is taken
/// for what its name says.
fn store<'a>(
    from: &mut Reader<'a>,
    type_key: &str,
    location_key: &'static str,
    convert: fn(&str, bool) -> String,
) -> Option<&'a str> {
    let kind = from.take(type_key);
    let location = from.take(location_key);
    let lower = location.unwrap_or_default().to_ascii_lowercase();
    let named = |endings: &[&str]| endings.iter().any(|e| lower.ends_with(e));
    let is_pkcs12 = match kind.map(str::to_ascii_uppercase).as_deref() {
        Some("PEM") => return location,
        Some("JKS") => false,
        Some("PKCS12") => true,
        Some(_) => {
            from.problem(Problem::new(type_key, kind.unwrap_or_default(), "PEM"));
            return None;
        }
        None if named(&[".jks", ".keystore", ".truststore"]) => false,
        None if named(&[".p12", ".pfx", ".pkcs12"]) => true,
        None => return location,
    };
    let path = location.unwrap_or("STORE");
    from.problem(Problem::new(location_key, path, convert(path, is_pkcs12)));
    None
}

fn from_truststore(path: &str, _is_pkcs12: bool) -> String {
    format!(
        "only PEM is read; convert it: keytool -list -rfc -keystore {path} > {path}.pem; then set ssl.truststore.type=PEM and ssl.truststore.location={path}.pem"
    )
}

fn from_keystore(path: &str, is_pkcs12: bool) -> String {
    let then = format!("then set ssl.keystore.type=PEM and ssl.keystore.location={path}.pem");
    if is_pkcs12 {
        return format!(
            "only PEM is read; convert it: openssl pkcs12 -in {path} -nodes -out {path}.pem; {then}"
        );
    }
    format!(
        "only PEM is read; convert it: keytool -importkeystore -srckeystore {path} -destkeystore {path}.p12 -deststoretype PKCS12 && openssl pkcs12 -in {path}.p12 -nodes -out {path}.pem; {then}"
    )
}
