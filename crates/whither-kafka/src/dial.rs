//! How bytes get to a broker.

use std::fmt::Debug;
use std::future::Future;
use std::io;
use std::pin::Pin;

use tokio::io::{AsyncRead, AsyncWrite};

/// Bytes both ways.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A stream that is being opened.
pub type Dialled<'a> = Pin<Box<dyn Future<Output = io::Result<Box<dyn Stream>>> + Send + 'a>>;

/// A network of its own in the place of TCP: a simulation has one in memory, which fails when it is told to.
pub trait Dial: Send + Sync + Debug {
    /// Opens a stream to a host and port.
    fn dial<'a>(&'a self, host: &'a str, port: u16) -> Dialled<'a>;
}
