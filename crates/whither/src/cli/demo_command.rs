//! `whither demo`.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::Exit;
use super::args::Demo;
use super::output::Output;
use crate::clock;
use crate::demo::{self, Failure, show::Show};
use crate::live::Live;

/// Runs the demo until its time is over or somebody presses Ctrl-C.
pub(super) fn demo(asked: &Demo, output: Output) -> Exit {
    let wanted = demo::Demo {
        listen: asked.listen,
        broker: asked.broker,
        headless: asked.headless,
        speed: asked.speed,
        duration: asked.duration.map(|l| l.0),
    };
    let live = Arc::new(Live::new(clock::now(), true));
    let mut show = Show::new(output.paint);
    let shown = async {
        let running = demo::run(wanted, live, |scene| {
            // A reader that went away is no failure, and nobody is left to show anything to.
            if show.scene(&scene).is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        tokio::select! {
            done = running => done,
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
        Ok(()) => {
            // As above.
            drop(show.end());
            Exit::Fine
        }
        Err(failure) => {
            super::complain(&failure.to_string());
            match failure {
                Failure::Broker(_) | Failure::Listen(_) | Failure::Directory(_) => Exit::Usage,
                Failure::Pipeline(_) | Failure::Follow(_) => Exit::Unreachable,
            }
        }
    }
}
