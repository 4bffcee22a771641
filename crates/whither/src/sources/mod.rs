//! Where facts come from: each source turns what it is told into [`whither_core::Fact`]s and judges nothing.
pub mod kafka;
