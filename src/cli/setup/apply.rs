//! Takes the steps of a plan. Each can be taken again: what is there stays.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _, chown, fchown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::place::{Place, find_account};
use super::step::{Action, Owner, State, Step};
use crate::cli::error::Error;
use crate::secret::Secret;

const SECRET_MODE: u32 = 0o600;

/// Takes one step. A secret without a value becomes an empty file to be filled.
pub fn take(step: &mut Step, place: &mut Place, secret: Option<&Secret>) -> Result<(), Error> {
    let path = place.on_disk(Path::new(&step.subject));
    match &step.action {
        Action::MakeUser => {
            let home = place.home.display().to_string();
            let words = ["--system", "--user-group", "--home-dir", &home, "--shell", "/usr/sbin/nologin", &place.user];
            run("useradd", &words)?;
            place.account = find_account(&place.user);
        }
        Action::MakeFolder { mode, owner } => make_folder(&path, *mode, ids(place, *owner))?,
        Action::WriteFile { mode, owner, text } => write(&path, *mode, ids(place, *owner), text)?,
        Action::WriteSecret => {
            let text = secret.map(|secret| format!("{}\n", secret.expose())).unwrap_or_default();
            write(&path, SECRET_MODE, ids(place, Owner::User), &text)?;
            step.state = if text.is_empty() { State::Empty } else { State::Done };
            return Ok(());
        }
        Action::WriteCrontab { text } => feed("crontab", &["-"], text)?,
        Action::EnableTimers { names } => {
            run("systemctl", &["daemon-reload"])?;
            let words: Vec<&str> = ["enable", "--now"].into_iter().chain(names.iter().map(String::as_str)).collect();
            run("systemctl", &words)?;
        }
    }
    step.state = State::Done;
    Ok(())
}

/// Who owns it, as numbers; `None` where it stays with the person who runs this.
fn ids(place: &Place, owner: Owner) -> Option<(u32, u32)> {
    let account = place.account.as_ref().filter(|_| place.is_system && place.root.is_none())?;
    Some(match owner {
        Owner::Root => (0, 0),
        Owner::Group => (0, account.gid),
        Owner::User => (account.uid, account.gid),
    })
}

fn make_folder(path: &Path, mode: u32, ids: Option<(u32, u32)>) -> Result<(), Error> {
    let attempt = || {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        DirBuilder::new().mode(mode).create(path)?;
        // The process's mask took rights away from the given mode.
        fs::set_permissions(path, Permissions::from_mode(mode))?;
        ids.map_or(Ok(()), |(uid, gid)| chown(path, Some(uid), Some(gid)))
    };
    attempt().map_err(|source| Error::Write { path: path.to_owned(), source })
}

/// Writes beside the path, then renames: a file is there as a whole or not at all, and no link is followed.
fn write(path: &Path, mode: u32, ids: Option<(u32, u32)>, text: &str) -> Result<(), Error> {
    let written = || {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut beside = path.as_os_str().to_owned();
        beside.push(".setup");
        let beside = PathBuf::from(beside);
        // One that an earlier attempt left behind.
        let _ = fs::remove_file(&beside);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
        if let Some((uid, gid)) = ids {
            fchown(&file, Some(uid), Some(gid))?;
        }
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, path)
    };
    written().map_err(|source| Error::Write { path: path.to_owned(), source })
}

fn run(program: &str, words: &[&str]) -> Result<(), Error> {
    feed(program, words, "")
}

fn feed(program: &str, words: &[&str], input: &str) -> Result<(), Error> {
    let failed = |reason: String| Error::Program { command: format!("{program} {}", words.join(" ")), reason };
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that does not read it says why it ended.
        let _ = stdin.write_all(input.as_bytes());
    }
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(failed(if said.is_empty() { output.status.to_string() } else { said }))
}
