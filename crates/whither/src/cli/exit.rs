//! Exit codes, which scripts rely on.

use std::process::ExitCode;

use whither_core::Balance;
use whither_core::verdict::{Outcome, ShownAs};

use crate::report::Report;

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// All is well; for `check`: nothing was lost.
    Fine,
    /// The answer is bad news: records were lost, the message was not found.
    BadNews,
    /// The command line, the configuration or a file it names can't be used.
    Usage,
    /// A broker can't be reached, or does not let us in.
    Unreachable,
    /// A fault of whither's own.
    Internal,
    /// Too little could be seen to answer.
    CouldNotTell,
}

impl Exit {
    /// Every exit, by its code.
    pub const ALL: [Exit; 6] =
        [Exit::Fine, Exit::BadNews, Exit::Usage, Exit::Unreachable, Exit::Internal, Exit::CouldNotTell];

    /// The code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Exit::Fine => 0,
            Exit::BadNews => 1,
            Exit::Usage => 2,
            Exit::Unreachable => 3,
            Exit::Internal => 4,
            Exit::CouldNotTell => 5,
        }
    }

    /// What the code means, for `--help` and the guide.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Exit::Fine => "fine: nothing lost",
            Exit::BadNews => "the answer is bad news: losses found, message not found",
            Exit::Usage => "usage or configuration",
            Exit::Unreachable => "the cluster can't be reached",
            Exit::Internal => "internal error",
            Exit::CouldNotTell => "could not tell: what was not seen may hide a loss",
        }
    }

    /// What a report comes to. A balance that does not add up is a fault of ours, whatever it says. Losses come
    /// before gaps: what was found is certain enough to be told. Could not tell: something named as not seen
    /// hides verdicts, or the records at or above the position of a group in use were left unread. Records below
    /// a position that were left unread are no gap: the group has passed them.
    #[must_use]
    pub fn of(report: &Report) -> Exit {
        if report.balance.iter().any(|b| b.residual() != 0) {
            Exit::Internal
        } else if report.findings.iter().any(|v| v.shown_as == ShownAs::Loss) {
            Exit::BadNews
        } else if report.not_seen.iter().any(|n| n.hides_verdicts)
            || report.balance.iter().any(|b| unread_ahead(b))
        {
            Exit::CouldNotTell
        } else {
            Exit::Fine
        }
    }
}

/// Whether records that the group still has before it were left unread.
pub(super) fn unread_ahead(b: &Balance) -> bool {
    let Some(position) = b.committed.filter(|_| !b.dormant) else { return false };
    b.stretches.iter().any(|s| s.outcome == Outcome::Unread && s.records > 0 && s.to > position)
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
