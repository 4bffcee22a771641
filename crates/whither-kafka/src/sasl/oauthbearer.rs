//! OAUTHBEARER (RFC 7628, KIP-255) with a token from a file.

use std::path::Path;

use crate::error::Error;

/// Tokens are a few kilobytes; a file beyond this is something else.
const MAX_TOKEN_BYTES: usize = 64 << 10;

/// Reads a token. Whoever renews it writes the file anew, so it is read for each connection.
pub(crate) async fn read_token(path: &Path) -> Result<String, Error> {
    let setting = |why: String| Error::Setting { what: format!("the token file {} {why}", path.display()) };
    let owned = path.to_owned();
    let text = tokio::task::spawn_blocking(move || std::fs::read_to_string(owned)).await;
    let text =
        text.map_err(|e| setting(e.to_string()))?.map_err(|e| setting(format!("can't be read: {e}")))?;
    let token = text.trim();
    if token.is_empty() {
        return Err(setting("is empty".into()));
    }
    if token.len() > MAX_TOKEN_BYTES || !token.bytes().all(is_token_byte) {
        return Err(setting("holds something else than a token: it must hold the token alone".into()));
    }
    Ok(token.to_owned())
}

/// RFC 6750's `b64token`: nothing in it can end the message early.
fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
}

/// The one message of a client that is let in.
pub(crate) fn initial(token: &str) -> Vec<u8> {
    format!("n,,\u{1}auth=Bearer {token}\u{1}\u{1}").into_bytes()
}

/// What a broker that does not take the token says: `{"status":"invalid_token",…}`, cut to one short line.
pub(crate) fn refusal(answer: &[u8]) -> String {
    const SHOWN: usize = 200;
    String::from_utf8_lossy(answer).chars().filter(|c| !c.is_control()).take(SHOWN).collect()
}

#[cfg(test)]
mod tests {
    use super::{initial, read_token, refusal};

    #[test]
    fn says_what_the_rfc_says() {
        assert_eq!(initial("a.b.c"), b"n,,\x01auth=Bearer a.b.c\x01\x01");
        assert_eq!(refusal(b"{\"status\":\"invalid_token\"}\x01\n"), "{\"status\":\"invalid_token\"}");
    }

    #[tokio::test]
    async fn takes_a_token_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, " eyJhbGciOiJub25lIn0.e30.\n").unwrap();
        assert_eq!(read_token(&file).await.unwrap(), "eyJhbGciOiJub25lIn0.e30.");
        for bad in ["", "  \n", "a b", "a\u{1}b", "{\"access_token\":1}"] {
            std::fs::write(&file, bad).unwrap();
            let error = read_token(&file).await.unwrap_err().to_string();
            assert!(error.contains("token file") && !error.contains("access_token"), "{error}");
        }
        assert!(
            read_token(&folder.path().join("none")).await.unwrap_err().to_string().contains("can't be read")
        );
    }
}
