//! The page is built into the program: when it was built anew, or for the first time, so is the program.

use std::path::Path;

fn main() {
    let built = "../../ui/dist";
    // Nothing tells that a folder appears but the folder around it.
    let watched = if Path::new(built).exists() { built } else { "../../ui" };
    println!("cargo::rerun-if-changed={watched}");
}
