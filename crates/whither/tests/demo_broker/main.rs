//! The demo broker, through raw requests and through clients that know nothing of it.
mod client;
mod clients;
mod protocol;
mod requests;
