//! A home that is kept: what is in it besides the configuration, and how its fakes start again.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::sandbox::users::Holdings;
use crate::sandbox::{Sandbox, Settings};

/// In the home.
const FILE: &str = "sandbox.json";
/// How many of the tasks have a package in the file for `packages import`.
const PACKAGES: usize = 6;

/// What the fakes start again from: the same data on the same ports.
#[derive(Serialize, Deserialize)]
struct Kept {
    settings: Settings,
    ports: Vec<u16>,
    users: Holdings,
}

/// Puts into the home what people need to try tongbu: this program by the name `tongbu`, and packages to import.
pub fn equip(sandbox: &Sandbox) -> io::Result<()> {
    // This program is tongbu where it is called by that name.
    symlink(std::env::current_exe()?, tongbu(sandbox))?;
    fs::write(sandbox.home.path().join("packages.csv"), sandbox.tasks.packages_csv(PACKAGES))
}

/// The link of that name.
pub fn tongbu(sandbox: &Sandbox) -> PathBuf {
    sandbox.home.path().join("tongbu")
}

/// Writes what [`restart`] needs.
pub fn save(sandbox: &Sandbox, settings: Settings) -> io::Result<()> {
    let users = sandbox.users.ledger(|ledger| ledger.holdings());
    let kept = Kept { settings, ports: sandbox.ports().to_vec(), users };
    fs::write(sandbox.home.path().join(FILE), serde_json::to_string_pretty(&kept)?)
}

/// Starts the fakes of that home again.
pub fn restart(home: &Path) -> io::Result<Sandbox> {
    let path = home.join(FILE);
    let file = fs::read(&path);
    let file = file.map_err(|error| io::Error::other(format!("cannot read {}: {error}", path.display())))?;
    let kept: Kept = serde_json::from_slice(&file)?;
    let sandbox = Sandbox::restart(home, kept.settings, &kept.ports);
    sandbox.users.ledger(|ledger| ledger.restore(kept.users));
    Ok(sandbox)
}
