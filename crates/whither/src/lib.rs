//! The program: everything that touches the world.
pub mod demo;
