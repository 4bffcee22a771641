//! `whither token`.

use std::io::Write;

use serde::Serialize;

use super::args::{Format, Token};
use super::output::Output;
use super::{Exit, complain};
use crate::access::tokens::{self, Minted};

/// A token, as a program takes it.
#[derive(Serialize)]
struct Made<'a> {
    name: &'a str,
    role: &'static str,
    token: &'a str,
    line: &'a str,
}

/// Makes a token. The line is what is to be kept, so it alone is data; the token is told once, to whoever looks.
pub(super) fn make(asked: &Token, output: Output) -> Exit {
    let Minted { token, line } = match tokens::mint(&asked.name, asked.role) {
        Ok(minted) => minted,
        Err(error) => {
            complain(&format!("no token can be made: {error}"));
            return Exit::Internal;
        }
    };
    if output.format != Format::Table {
        let made = Made { name: &asked.name, role: asked.role.word(), token: &token, line: &line };
        let text = serde_json::to_string(&made).unwrap_or_default();
        return output.write(Exit::Fine, |out| writeln!(out, "{text}"));
    }
    let exit = output.write(Exit::Fine, |out| writeln!(out, "{line}"));
    if exit == Exit::Fine {
        complain(&format!("the token, which is shown this once: {token}"));
        complain("the line above belongs into the file that auth.tokens_file names; restart whither then");
    }
    exit
}
