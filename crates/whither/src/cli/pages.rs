//! The generated pages of the guide. A test writes and compares them; nothing else makes them.

use std::fmt::Write;

use clap::CommandFactory;
use whither_core::verdict::{Cause, ShownAs};

use super::Exit;
use super::args::Args;
use crate::prose;
use crate::spans::NAMES;

/// Every generated page: its name below `docs/guide`, and what it says.
#[must_use]
pub fn pages() -> [(&'static str, String); 5] {
    [
        ("cli.md", commands()),
        ("settings.md", crate::settings::page()),
        ("causes.md", causes()),
        ("attributes.md", attributes()),
        ("openapi.json", crate::api::openapi::text().to_owned()),
    ]
}

fn commands() -> String {
    let mut root = Args::command().term_width(100).color(clap::ColorChoice::Never);
    root.build();
    let mut page = String::from(
        "# Commands\n\n*Generated from `crates/whither/src/cli/args.rs`; a test fails where this page differs.*\n\n## Exit codes\n\n\
         | code | means |\n|---|---|\n",
    );
    for exit in Exit::ALL {
        let _ = writeln!(page, "| {} | {} |", exit.code(), exit.meaning());
    }
    page.push_str(EXIT_IN_FULL);
    help_of(&mut root, &mut page);
    for sub in root.get_subcommands().filter(|c| c.get_name() != "help") {
        section(sub, &mut page);
    }
    page
}

/// What holds for every command stands once, at the top.
fn section(command: &clap::Command, page: &mut String) {
    let mut own = command.clone().mut_args(|arg| if arg.is_global_set() { arg.hide(true) } else { arg });
    help_of(&mut own, page);
    for sub in command.get_subcommands().filter(|c| c.get_name() != "help") {
        section(sub, page);
    }
}

fn help_of(command: &mut clap::Command, page: &mut String) {
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    let help = command.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    let _ = write!(page, "\n## `{name}`\n\n```text\n{}\n```\n", lines.join("\n").trim_end());
}

/// The table by which spans are read.
fn attributes() -> String {
    let mut page = String::from(ATTRIBUTES_HEAD);
    for name in &NAMES {
        let _ = writeln!(page, "| {} | `{}` | {} |", name.field.title(), name.name, name.by);
    }
    page
}

const ATTRIBUTES_HEAD: &str = "\
# Attributes of spans

*Generated from `crates/whither/src/spans/names.rs`; a test fails where this page differs.*

What a span says of Kafka is read from these attributes, whatever generation of the semantic conventions its client writes.
Of those of one field the first that is there holds; where two say different things, that is told. Numbers may be text; -1
and `none` mean nothing told. The operation comes from its type, else its name, else the span's role and name.

Read beside these: `group - client` in a consumer's or client's id (Spring, SmallRye), `topic.partition.offset` as message
id (Python), the bare offset as message id (otelsarama).

| field | attribute | written by |
|---|---|---|
";

fn causes() -> String {
    let mut page = String::from(CAUSES_HEAD);
    for cause in Cause::ALL {
        let told = prose::cause(cause);
        let shown: Vec<&str> = told.shown_as.iter().copied().map(ShownAs::word).collect();
        let _ = write!(
            page,
            "\n## `{}`\n\n{}\n\n| verdict | shown as | what proves it | what to do |\n|---|---|---|---|\n| {} | {} | {} | {} |\n",
            cause.id(),
            told.means,
            told.verdict,
            shown.join(", "),
            told.proof,
            told.act
        );
    }
    page
}

const EXIT_IN_FULL: &str = "
`check` and `replay` answer, in this order: 4 if a row of the balance does not add up; 1 if any finding is shown as *loss*; 5 if something
that was not seen hides verdicts, or records at or above the latest commit of a group in use were left unread; else 0. Records *below* a
group's position that were left unread are no gap: the group has passed them. Findings about dormant groups are no losses.
`offsets` answers 5 for a moment before complete commit history begins or where commits could not be read, 1 if the group had no position then. `where` answers 1 if everything
was searched and nothing found, 5 if not everything was searched and nothing found. A topic or partition that was asked for by name and is not there is a
mistake: 2.

Commands that ask a server answer 3 if none answers, 2 if it wants a token (`WHITHER_TOKEN`, `--token-file`), 1 if what was named is not known to it. `drops`
answers 1 if there are losses (of those asked for), 5 if there are none but the server is still reading, or something not seen may hide one. `balance` answers 4
if a row does not add up. `where` and `offsets` answer as above; with `--brokers` or `--command-config` they look by themselves, otherwise they ask the server.
`doctor` answers 1 if the server itself is not well, 5 if something that is not seen may hide a loss. The others answer 0.

## Formats

`--format table` is for people and fits its terminal; `--format json` writes one document; `--format ndjson` writes one object a line, each with its
`type`, and last `{\"type\":\"summary\",…}` with the counts and the exit code. A stream that does not end with a summary was cut off. The same
facts give the same bytes.

| command | types of lines, in this order |
|---|---|
| `check`, `replay` | `balance` for each row, `finding`, `not_seen`, `summary` |
| `where` | `where` for each message, `not_seen`, `summary` |
| `offsets` | `offset` for each position, `later` for each partition without one yet, `not_seen`, `summary` |
| `balance`, `drops`, `lag`, `groups`, `topics`, `dead-letters` | `balance`, `finding`, `lag`, `group`, `topic` or `dead_letter` for each item as the server's API tells it, `summary` |
| `doctor` | `check` for each thing that was looked at, `summary` |

`--watch` asks whenever the server tells that something has changed; every two seconds where its stream of events can't be had. On a terminal the table is drawn anew; elsewhere items that are new or have changed are written as lines, without a
summary: it ends when it is stopped. A server that goes away meanwhile is waited for.

`offsets --csv` writes what Kafka's tool takes and nothing else, whatever the format; what could not be seen then goes to standard error. `check --follow -v`
says `caught up, following for …` on standard error once everything that stood was read: what happens from then on is watched.
";

const CAUSES_HEAD: &str = "\
# Causes

*Generated from `crates/whither/src/prose/causes.rs`; a test fails where this page differs.*

A *verdict* says what became of records; its certainty says how surely. A *cause* says why, with a certainty of its own. *proof*: the log or
a coordinator determines it, never revised. *strong*: one explanation is left. *indicative*: counts or timing only. A *snapshot* is one
`check`; a *follower* (`check --follow`) sees states in order, and proves more.
";
