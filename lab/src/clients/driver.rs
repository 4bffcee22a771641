//! A process full of clients, told what to do by one line of JSON each.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::error::Error;
use crate::process::Supervised;

/// Longer than any command takes; a lost answer must not hang a test for ever.
const PATIENCE: Duration = Duration::from_secs(180);

type Waiting = Arc<Mutex<HashMap<u64, SyncSender<Value>>>>;

/// Sends requests, possibly from several threads, and hands each answer to its asker.
#[derive(Debug)]
pub(super) struct Driver {
    requests: Mutex<ChildStdin>,
    waiting: Waiting,
    last_id: AtomicU64,
    // Last: its stdin closes before it is killed.
    _process: Supervised,
}

impl Driver {
    /// Starts the process; it answers request 0, which nobody asks, when it is ready.
    pub(super) fn start(command: &mut Command) -> Result<Self, Error> {
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Supervised::spawn(command)?;
        let gone = |why| Error::Gone { command: "start".to_owned(), why };
        let requests = process.take_stdin().ok_or(gone("no stdin"))?;
        let answers = BufReader::new(process.take_stdout().ok_or(gone("no stdout"))?);
        let waiting = Waiting::default();
        let (started, ready) = sync_channel(1);
        locked(&waiting).insert(0, started);
        let readers = Arc::clone(&waiting);
        thread::spawn(move || deliver(answers, &readers));
        await_answer("start", &ready)?;
        Ok(Self { requests: Mutex::new(requests), waiting, last_id: AtomicU64::new(0), _process: process })
    }

    pub(super) fn call(&self, command: &str, arguments: Value) -> Result<Value, Error> {
        let id = self.last_id.fetch_add(1, Ordering::Relaxed) + 1;
        let mut line = match arguments {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        line.insert("id".to_owned(), json!(id));
        line.insert("do".to_owned(), json!(command));
        let (sender, answer) = sync_channel(1);
        locked(&self.waiting).insert(id, sender);
        {
            let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
            writeln!(requests, "{}", Value::Object(line))?;
            requests.flush()?;
        }
        await_answer(command, &answer)
    }
}

fn await_answer(command: &str, answer: &Receiver<Value>) -> Result<Value, Error> {
    let command = command.to_owned();
    let mut answer = match answer.recv_timeout(PATIENCE) {
        Ok(answer) => answer,
        Err(RecvTimeoutError::Timeout) => return Err(Error::Gone { command, why: "no answer in time" }),
        Err(RecvTimeoutError::Disconnected) => return Err(Error::Gone { command, why: "the driver ended" }),
    };
    match answer.get("error").and_then(Value::as_str) {
        Some(error) => Err(Error::Refused { command, error: error.to_owned() }),
        None => Ok(answer["ok"].take()),
    }
}

fn deliver(answers: impl BufRead, waiting: &Waiting) {
    for line in answers.lines().map_while(Result::ok) {
        let Ok(answer) = serde_json::from_str::<Value>(&line) else { continue };
        let id = answer["id"].as_u64().unwrap_or(u64::MAX);
        if let Some(asker) = locked(waiting).remove(&id) {
            // The asker may have lost patience.
            let _ = asker.send(answer);
        }
    }
    // Dropping the senders wakes whoever still waits.
    locked(waiting).clear();
}

fn locked(waiting: &Waiting) -> MutexGuard<'_, HashMap<u64, SyncSender<Value>>> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A whole number of an answer.
pub(super) fn number_in(command: &str, answer: &Value, field: &'static str) -> Result<i64, Error> {
    answer[field].as_i64().ok_or_else(|| Error::Answer {
        command: command.to_owned(),
        field,
        answer: answer.to_string(),
    })
}
