//! `whither demo`.

use super::Exit;
use super::args::Demo;
use super::output::Output;

/// Runs the demo.
pub(super) fn demo(_demo: &Demo, _output: Output) -> Exit {
    super::complain("the demo is not part of this build");
    Exit::Internal
}
