use super::{STANDARD, Scram, ScramError};
use crate::config::{ScramHash, Secret};
use base64::Engine;

const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";
const FIRST: &str = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const LAST: &str = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

fn rfc7677() -> Scram {
    Scram::with_nonce(ScramHash::Sha256, "user", Secret::new("pencil"), NONCE.into())
}

#[test]
fn plays_the_example_of_rfc_7677() {
    let mut scram = rfc7677();
    assert_eq!(scram.first(), b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
    let proof = String::from_utf8(scram.prove(FIRST.as_bytes()).unwrap()).unwrap();
    assert_eq!(
        proof,
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    );
    assert_eq!(scram.verify(LAST.as_bytes()), Ok(()));
}

/// No RFC has an example with SHA-512: this one was computed with Python's hashlib and hmac.
#[test]
fn sha_512_proves_and_is_proven() {
    let mut scram = Scram::with_nonce(ScramHash::Sha512, "user", Secret::new("pencil"), NONCE.into());
    let proof = String::from_utf8(scram.prove(FIRST.as_bytes()).unwrap()).unwrap();
    assert!(
        proof.ends_with(
            ",p=gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDYXYTxwnYPJQ=="
        ),
        "{proof}"
    );
    assert_eq!(
        scram.verify(
            b"v=ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0vSVlKDanekLtifDSeVGT4+5ZxXnJq199RVG2rR7N7Zw=="
        ),
        Ok(())
    );
}

#[test]
fn escapes_names() {
    let scram = Scram::with_nonce(ScramHash::Sha256, "a=b,c", Secret::new("x"), "N".into());
    assert_eq!(scram.first(), b"n,,n=a=3Db=2Cc,r=N");
}

#[test]
fn refuses_what_a_server_must_not_say() {
    let table = [
        ("r=rOprNGfwEbeRWgbNEkqO,s=W22Z,i=4096", ScramError::Nonce),
        ("r=other,s=W22Z,i=4096", ScramError::Nonce),
        ("r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=1", ScramError::Iterations(1)),
        ("r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=4294967295", ScramError::Iterations(u32::MAX)),
        ("r=rOprNGfwEbeRWgbNEkqOx,s=W22Z,i=-1", ScramError::Malformed("iteration count")),
        ("r=rOprNGfwEbeRWgbNEkqOx,s=W22Z", ScramError::Malformed("iteration count")),
        ("r=rOprNGfwEbeRWgbNEkqOx,s=*,i=4096", ScramError::Malformed("salt")),
        ("r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096", ScramError::Malformed("salt")),
        ("s=W22Z,i=4096", ScramError::Malformed("nonce")),
        ("e=other-error", ScramError::Refused("other-error".into())),
        ("", ScramError::Malformed("nonce")),
    ];
    for (message, error) in table {
        assert_eq!(rfc7677().prove(message.as_bytes()), Err(error), "{message}");
    }
    assert_eq!(rfc7677().prove(&[0xff]), Err(ScramError::Malformed("text")));
}

#[test]
fn a_server_that_does_not_know_the_password_is_found_out() {
    let mut scram = rfc7677();
    // Before anything was proved, an empty signature must not pass for the right one.
    assert_eq!(scram.verify(b"v="), Err(ScramError::Unproven));
    scram.prove(FIRST.as_bytes()).unwrap();
    let mut forged = STANDARD.decode(LAST.trim_start_matches("v=")).unwrap();
    forged[0] ^= 1;
    assert_eq!(scram.verify(format!("v={}", STANDARD.encode(&forged)).as_bytes()), Err(ScramError::Unproven));
    assert_eq!(scram.verify(&LAST.as_bytes()[..20]), Err(ScramError::Malformed("signature")));
    assert_eq!(scram.verify(b"e=invalid-proof"), Err(ScramError::Refused("invalid-proof".into())));
}
