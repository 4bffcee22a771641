//! The demo broker, through raw requests and through clients that know nothing of it.
mod client;
mod clients;
mod groups;
mod inside;
mod logs;
mod protocol;
mod records;
mod requests;
mod transactions;
