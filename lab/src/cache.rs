//! Where downloads live: `$WHITHER_CACHE`, else `.cache` in the repository (git-ignored).

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::{env, io};

/// The cache directory; it may not exist yet.
pub fn root() -> PathBuf {
    env::var_os("WHITHER_CACHE").map_or_else(|| repository().join(".cache"), PathBuf::from)
}

/// The repository this crate was built in.
pub fn repository() -> PathBuf {
    let lab = lab_folder();
    lab.parent().map_or_else(|| lab.clone(), Path::to_path_buf)
}

/// The `lab/` folder: poms, client sources.
pub fn lab_folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Returns `target`, filled by `fill` if it is not there yet.
///
/// `fill` writes into a sibling folder that is renamed when it is complete, under a file lock: processes
/// that ask at once wait for the first, and an interrupted download leaves nothing that looks whole.
///
/// # Errors
/// What `fill` or the file system reports.
pub fn filled<E: From<io::Error>>(
    target: &Path,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<PathBuf, E> {
    if target.is_dir() {
        return Ok(target.to_path_buf());
    }
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    let lock = File::create(beside(target, "lock"))?;
    lock.lock()?;
    if !target.is_dir() {
        let partial = beside(target, "partial");
        if partial.exists() {
            fs::remove_dir_all(&partial)?;
        }
        fs::create_dir_all(&partial)?;
        fill(&partial)?;
        fs::rename(&partial, target)?;
    }
    Ok(target.to_path_buf())
}

fn beside(target: &Path, suffix: &str) -> PathBuf {
    let mut name = target.file_name().unwrap_or_default().to_os_string();
    name.push(".");
    name.push(suffix);
    target.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_fill_leaves_no_folder_and_the_next_one_starts_afresh() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("kafka");
        let failed = filled(&target, |partial| {
            fs::write(partial.join("half"), "x")?;
            Err(io::Error::other("network"))
        });
        assert!(failed.is_err());
        assert!(!target.exists());

        let path = filled(&target, |partial| fs::write(partial.join("whole"), "x")).unwrap();
        let names: Vec<_> = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["whole"]);
    }

    #[test]
    fn a_filled_folder_is_not_filled_again() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("kafka");
        fs::create_dir(&target).unwrap();
        filled(&target, |_| Err(io::Error::other("asked again"))).unwrap();
    }
}
