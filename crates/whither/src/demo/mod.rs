//! `whither demo`: an embedded broker and a pipeline that really loses messages.
pub mod broker;
