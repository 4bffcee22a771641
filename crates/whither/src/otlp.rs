//! OTLP comes in: spans from SDKs, agents and Collectors, by HTTP and by gRPC. Each request is received whole, unpacked,
//! kept, and only then acknowledged; what can't be taken is refused in the words that OTLP has for it.

mod sink;
mod intake;
mod budget;
mod receive;
mod unpack;
mod refusal;
mod admission;
mod http;
mod grpc;
mod serving;
mod counts;

pub use admission::Admission;
pub use counts::{Counted, Transport};
pub use intake::{Intake, Limits};
pub use refusal::Refusal;
pub use serving::{Doors, accept, serve};
pub use sink::Sink;

use crate::traces::{NotTaken, Taken};
