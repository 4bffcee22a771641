//! From what was typed to an exit code.

use std::ffi::OsString;
use std::io::Write;

use clap::{CommandFactory, Parser};

use super::args::{Args, Command, ConfigWhat, Connection, Global};
use super::output::Output;
use super::{Exit, ask, demo_command, journey, places, remote, serve_command, token, trace_context};
use crate::api;
use crate::prose::words;
use crate::settings::{self, Asked, Loaded, Problem, Serving, Settings};

/// Does what was typed.
pub fn run(typed: impl IntoIterator<Item = OsString>) -> Exit {
    let args = match Args::try_parse_from(typed) {
        Ok(args) => args,
        Err(error) => return usage(&error),
    };
    let output = Output::of(&args.global);
    match &args.command {
        Command::Check(check) => ask::check(check, &args.global, output),
        Command::Serve(serve) => serve_command::serve(serve, &args.global),
        Command::Where(find) if find.connection.is_named() => journey::find(find, &args.global, output),
        Command::Where(find) => remote::find(find, output),
        Command::Offsets(offsets) if offsets.connection.is_named() => {
            places::offsets(offsets, &args.global, output)
        }
        Command::Offsets(offsets) => remote::offsets(offsets, output),
        Command::Balance(balance) => remote::balance(balance, output),
        Command::Drops(drops) => remote::drops(drops, output),
        Command::Lag(lag) => remote::lag(lag, output),
        Command::Groups(groups) => remote::groups(groups, output),
        Command::Topics(topics) => remote::topics(topics, output),
        Command::DeadLetters(letters) => remote::dead_letters(letters, output),
        Command::Doctor(doctor) => remote::doctor(doctor, output),
        Command::TraceContext(asked) => trace_context::trace_context(asked, &args.global, output),
        Command::Demo(demo) => demo_command::demo(demo, output),
        Command::Replay(replay) => ask::replay(replay, output),
        Command::Config(config) => match &config.what {
            ConfigWhat::Check(connection) => config_check(&args.global, connection, output),
            ConfigWhat::Print { origin, connection } => {
                config_print(&args.global, connection, *origin, output)
            }
        },
        Command::Token(asked) => token::make(asked, output),
        Command::Openapi => output.write(Exit::Fine, |out| out.write_all(api::openapi::text().as_bytes())),
        Command::Completions(completions) => {
            let mut script = Vec::new();
            clap_complete::generate(completions.shell, &mut Args::command(), "whither", &mut script);
            output.write(Exit::Fine, |out| out.write_all(&script))
        }
    }
}

/// Help and version that were asked for are data; anything else is a mistake.
fn usage(error: &clap::Error) -> Exit {
    // What can't be printed has nobody to read it.
    let _ = error.print();
    if error.use_stderr() { Exit::Usage } else { Exit::Fine }
}

/// Says something on standard error. Control characters come out as text.
pub fn complain(text: &str) {
    for line in text.lines() {
        // Nobody left to tell.
        let _ = writeln!(std::io::stderr(), "whither: {}", words::visible(line));
    }
}

/// The settings for a command: told what is wrong with them otherwise.
pub(super) fn settings(
    global: &Global,
    connection: &Connection,
    more: Vec<(&'static str, &'static str, Vec<String>)>,
) -> Result<Settings, Exit> {
    let loaded = load(global, connection, more);
    loaded.warnings.iter().for_each(|warning| complain(warning));
    loaded.settings.map_err(|problems| wrong(&problems))
}

/// The same for a server, with what it answers with. What is wrong with either is told at once.
pub(super) fn serving(
    global: &Global,
    connection: &Connection,
    more: Vec<(&'static str, &'static str, Vec<String>)>,
) -> Result<(Settings, Serving), Exit> {
    let loaded = load(global, connection, more);
    loaded.warnings.iter().for_each(|warning| complain(warning));
    let serving = loaded.serving();
    match (loaded.settings, serving) {
        (Ok(settings), Ok(serving)) => Ok((settings, serving)),
        (settings, serving) => {
            Err(wrong(&[settings.err(), serving.err()].into_iter().flatten().flatten().collect::<Vec<_>>()))
        }
    }
}

fn wrong(problems: &[Problem]) -> Exit {
    problems.iter().for_each(|problem| complain(&problem.to_string()));
    Exit::Usage
}

fn load(
    global: &Global,
    connection: &Connection,
    mut flags: Vec<(&'static str, &'static str, Vec<String>)>,
) -> Loaded {
    if !connection.brokers.is_empty() {
        flags.push(("cluster.brokers", "--brokers", connection.brokers.clone()));
    }
    settings::load(&Asked {
        file: global.config.clone(),
        usual_files: settings::usual_files(),
        command_config: connection.command_config.clone(),
        environment: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        flags,
    })
}

fn config_check(global: &Global, connection: &Connection, output: Output) -> Exit {
    let loaded = load(global, connection, Vec::new());
    loaded.warnings.iter().for_each(|warning| complain(warning));
    let serving = loaded.serving();
    let untimely = serving.as_ref().ok().and_then(|serving| serving.tls.as_ref()?.out_of_date());
    untimely.iter().for_each(|warning| complain(warning));
    let problems: Vec<Problem> =
        [loaded.settings.err(), serving.err()].into_iter().flatten().flatten().collect();
    match problems.len() {
        0 => {
            let of = loaded
                .file
                .map_or_else(|| "no file".to_owned(), |f| words::visible(&f.display().to_string()));
            output.write(Exit::Fine, |out| writeln!(out, "fine: {of}, environment and flags agree"))
        }
        n => {
            let exit = wrong(&problems);
            complain(&format!("{n} problem{}", if n == 1 { "" } else { "s" }));
            exit
        }
    }
}

fn config_print(global: &Global, connection: &Connection, origins: bool, output: Output) -> Exit {
    let loaded = load(global, connection, Vec::new());
    loaded.warnings.iter().for_each(|warning| complain(warning));
    let answer = match &loaded.settings {
        Ok(_) => Exit::Fine,
        Err(problems) => wrong(problems),
    };
    output.write(answer, |out| settings::print(&loaded.in_force, origins, out))
}
