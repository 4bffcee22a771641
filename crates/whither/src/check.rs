//! `whither check`: one look at a cluster, or a look that goes on for a while.

use std::sync::Arc;
use std::time::Duration;

use whither_kafka::{ClientConfig, Cluster, Error};

use crate::report::Report;
use crate::run::{Recorder, Run};
use crate::sources::kafka::{Look, Progress, Wants};

/// A round under way when the time is over has this long to end: a cluster that went away would hold it.
const LAST_ROUND: Duration = Duration::from_secs(10);

/// What `check` is asked to do.
pub struct Check {
    /// Where the cluster is.
    pub client: ClientConfig,
    /// What to look at.
    pub wants: Wants,
    /// Goes on watching for this long.
    pub follow: Option<Duration>,
    /// Takes a copy of the run's facts.
    pub recorder: Option<Box<dyn Recorder>>,
    /// Told what is being done.
    pub progress: Box<dyn Progress>,
}

/// Looks at the cluster.
///
/// # Errors
/// The cluster can't be reached, or refuses us altogether. What it refuses in part is in the report.
pub async fn run(check: Check) -> Result<Report, Error> {
    let cluster = Arc::new(Cluster::connect(check.client).await?);
    let mut run = Run::new(check.wants.policy);
    if let Some(recorder) = check.recorder {
        run.record(recorder);
    }
    let mut look = Look::new(cluster, check.wants, run, check.progress);
    let Some(follow) = check.follow else { return Ok(look.only_once().await) };
    look.once().await;
    if look.in_vain().is_none() {
        // Ctrl-C ends the watch, not the answer: what was seen so far is told.
        tokio::select! {
            () = look.follow(follow) => {}
            () = tokio::time::sleep(follow.saturating_add(LAST_ROUND)) => {
                look.went_silent();
            }
            _ = tokio::signal::ctrl_c() => {}
        }
    }
    Ok(look.into_report())
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Check")
            .field("wants", &self.wants)
            .field("follow", &self.follow)
            .finish_non_exhaustive()
    }
}
