//! Stage 2, *letters*: dead letters of one partition, until somebody reads them or they are gone.

mod waiting;

pub(crate) use waiting::Letters;
