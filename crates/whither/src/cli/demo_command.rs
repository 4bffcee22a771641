//! `whither demo`.

use std::io;

use super::Exit;
use super::args::Demo;
use super::output::Output;
use crate::demo::{self, show::Show};

/// Runs the demo until its time is over or somebody presses Ctrl-C.
pub(super) fn demo(asked: &Demo, output: Output) -> Exit {
    let wanted = demo::Demo {
        listen: asked.listen,
        headless: asked.headless,
        speed: asked.speed,
        duration: asked.duration.map(|l| l.0),
    };
    let mut show = Show::new(output.paint);
    let mut unseen: Option<io::Error> = None;
    let shown = async {
        let running = demo::run(wanted, |scene| {
            // A reader that went away is no failure: the broker goes on until it is stopped.
            if let Err(error) = show.scene(&scene) {
                unseen.get_or_insert(error);
            }
        });
        tokio::select! {
            done = running => done.map(|_| ()),
            _ = tokio::signal::ctrl_c() => Ok(()),
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            super::complain(&format!("can't start: {error}"));
            return Exit::Internal;
        }
    };
    match runtime.block_on(shown) {
        Ok(()) => Exit::Fine,
        Err(failure) => {
            super::complain(&super::ask::chain(&failure));
            Exit::Unreachable
        }
    }
}
