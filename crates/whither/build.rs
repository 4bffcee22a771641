//! The page is built into the program: when it was built anew, so is the program.

use std::path::Path;

fn main() {
    let built = "../../ui/dist";
    let watched = if Path::new(built).exists() { built } else { "build.rs" };
    println!("cargo::rerun-if-changed={watched}");
}
