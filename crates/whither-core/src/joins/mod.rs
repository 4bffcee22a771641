//! Stage 3, *joins*: ties what was told elsewhere to the record it is about.

mod origin;

pub(crate) use origin::Origin;
