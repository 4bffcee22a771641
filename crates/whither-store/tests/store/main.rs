//! The store as its owner sees it: on simulated disks with faults, and on the real one.

mod app;
mod crashes;
mod directory;
mod full;
mod kill;
mod tables;
mod tools;
