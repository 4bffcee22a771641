//! From what was typed to an exit code.
