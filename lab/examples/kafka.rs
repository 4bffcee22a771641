//! A real Kafka to try things on: prints its address and runs until standard input ends.
//!
//! `cargo run -p whither-lab --example kafka [4.3.1|3.9.1]`
use std::io::Read;

use whither_lab::cluster::{Cluster, Options, Version};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let version: Version = std::env::args().nth(1).as_deref().unwrap_or("4.3.1").parse()?;
    let cluster = Cluster::start(&Options::of(version))?;
    println!("{}", cluster.bootstrap());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
