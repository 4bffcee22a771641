//! A real Kafka, started and stopped by test code.
//!
//! ```no_run
//! use whither_lab::cluster::{Cluster, Options};
//! let cluster = Cluster::start(&Options::default())?;
//! println!("{}", cluster.bootstrap());
//! # Ok::<(), whither_lab::cluster::Error>(())
//! ```

mod options;
mod running;
mod node;
mod security;
mod server_properties;
mod ports;
mod jars;
mod error;

pub use error::Error;
pub(crate) use jars::run;
pub use jars::{Version, jars};
pub(crate) use node::java;
pub use options::Options;
pub(crate) use ports::one as free_port;
pub use running::Cluster;
pub use security::{Listener, Mechanism, Tls, password_of};
