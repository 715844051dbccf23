//! Fetching the credential a reference names.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Component, Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::env::{self, Environment};
use super::error::{Error, fill_in};
use super::secret_ref::{SecretOrPlain, SecretRef};
use crate::secret::Secret;

/// How long a command may take to print a secret; password stores unlock by hand elsewhere, not in a scheduled run.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);

/// Between closing its output and ending a command may take [`EXIT_POLLS`] times this.
const EXIT_POLL: Duration = Duration::from_millis(5);
const EXIT_POLLS: u32 = 200;

/// More than any credential; keeps `/dev/zero` out of memory.
const MAX_SECRET_BYTES: u64 = 64 << 10;

/// Any permission of the group or of others.
const SHARED_MODE: u32 = 0o077;

impl SecretOrPlain {
    /// The plain address, or the secret that the reference names.
    pub fn resolve(&self, key: &str) -> Result<Secret, Error> {
        match self {
            Self::Plain(address) => Ok(Secret::new(address.clone())),
            Self::Reference(reference) => reference.resolve(key),
        }
    }
}

impl SecretRef {
    /// Fetches the credential; `key` is the dotted path of the setting, for the error. No error carries the credential.
    /// A command blocks for 10 seconds at most.
    pub fn resolve(&self, key: &str) -> Result<Secret, Error> {
        self.resolve_in(&Environment::process(), COMMAND_TIMEOUT, key)
    }

    fn resolve_in(&self, environment: &Environment, timeout: Duration, key: &str) -> Result<Secret, Error> {
        let (value, whence) = match self {
            Self::Env(name) => (from_variable(environment, name, key)?, format!("the variable `{name}`")),
            Self::File(path) => (from_file(environment, path, key)?, format!("`{}`", path.display())),
            Self::Command(line) => (from_command(line, timeout, key)?, "what the command printed".to_owned()),
            Self::Credential(name) => {
                let path = credential_path(environment, name, key)?;
                (from_file(environment, &path, key)?, format!("the credential `{name}`"))
            }
        };
        if !value.trim().is_empty() {
            return Ok(Secret::new(value));
        }
        let hint = match self {
            Self::Env(name) => set_variable(name),
            Self::File(path) => fill_in(path),
            Self::Command(_) => "run the command by hand, as the user who runs tongbu".to_owned(),
            Self::Credential(name) => format!("look at `LoadCredential={name}` in the systemd unit"),
        };
        Err(Error::NoSecret { key: key.to_owned(), reason: format!("{whence} is empty"), hint })
    }
}

/// A shell has other variables than cron.
fn set_variable(name: &str) -> String {
    format!("set `{name}` where tongbu runs; `tongbu doctor --cron` shows what cron finds")
}

fn from_variable(environment: &Environment, name: &str, key: &str) -> Result<String, Error> {
    environment
        .raw(name)
        .ok_or_else(|| Error::NoSecret {
            key: key.to_owned(),
            reason: format!("the environment variable `{name}` is not set"),
            hint: set_variable(name),
        })?
        .into_string()
        .map(without_line_end)
        .map_err(|_| invalid(key, format!("the environment variable `{name}` is not valid UTF-8")))
}

/// The permissions are those of the opened file, so nothing can be put in its place between looking and reading.
fn from_file(environment: &Environment, path: &Path, key: &str) -> Result<String, Error> {
    let unreadable = |source: io::Error| Error::SecretFile { key: key.to_owned(), path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() && !metadata.file_type().is_fifo() {
        return Err(invalid(key, format!("`{}` is no file", path.display())));
    }
    if metadata.mode() & SHARED_MODE != 0 && !is_systemd_credential(environment, path, metadata.uid()) {
        let reason = format!(
            "`{}` is open to its group or to others (mode {:03o}): run `chmod 600 {0}`",
            path.display(),
            metadata.mode() & 0o777
        );
        return Err(invalid(key, reason));
    }
    read_limited(file).map(without_line_end).map_err(unreadable)
}

/// systemd grants its credentials by ACL, which shows as a group permission on a file of root's.
fn is_systemd_credential(environment: &Environment, path: &Path, owner: u32) -> bool {
    owner == 0
        && environment.directory(env::CREDENTIALS_DIRECTORY).is_some_and(|directory| path.parent() == Some(&directory))
}

fn credential_path(environment: &Environment, name: &str, key: &str) -> Result<PathBuf, Error> {
    let mut components = Path::new(name).components();
    if !matches!((components.next(), components.next()), (Some(Component::Normal(_)), None)) {
        return Err(invalid(key, format!("`{name}` is not the name of a credential: it must not be a path")));
    }
    let directory = environment.directory(env::CREDENTIALS_DIRECTORY).ok_or_else(|| {
        invalid(key, format!("`CREDENTIALS_DIRECTORY` is not set: add `LoadCredential={name}` to the systemd unit"))
    })?;
    Ok(directory.join(name))
}

/// Runs the command without a shell, input and error output closed, and takes the first line it prints.
fn from_command(line: &str, timeout: Duration, key: &str) -> Result<String, Error> {
    let mut words = split_words(line)
        .ok_or_else(|| invalid(key, "the command has a quote that is not closed".to_owned()))?
        .into_iter();
    let program = words.next().ok_or_else(|| invalid(key, "the command is empty".to_owned()))?;
    let failed = |source| Error::SecretCommand { key: key.to_owned(), program: program.clone(), source };
    let mut child = Command::new(&program)
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(failed)?;
    let ended = output_within(&mut child, timeout).and_then(|printed| Some((printed, status_soon(&mut child)?)));
    let Some((printed, status)) = ended else {
        // It may have ended in between; either way there is nothing left of it afterwards.
        let _ = child.kill();
        let _ = child.wait();
        return Err(invalid(key, format!("`{program}` gave no answer within {}", humantime::format_duration(timeout))));
    };
    if !status.success() {
        return Err(invalid(key, format!("`{program}` failed ({status}): run the command by hand to see why")));
    }
    Ok(printed.map_err(failed)?.lines().next().unwrap_or_default().trim().to_owned())
}

/// All the child prints, unless it takes longer than that. The thread ends with the child's output.
fn output_within(child: &mut Child, timeout: Duration) -> Option<io::Result<String>> {
    let output = child.stdout.take()?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(read_limited(output)));
    receiver.recv_timeout(timeout).ok()
}

/// How the child ended, once its output has: a child that closes its output and stays is not waited for.
fn status_soon(child: &mut Child) -> Option<ExitStatus> {
    for _ in 0..EXIT_POLLS {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) => thread::sleep(EXIT_POLL),
            Err(_) => return None,
        }
    }
    None
}

fn read_limited(source: impl Read) -> io::Result<String> {
    let mut text = String::new();
    source.take(MAX_SECRET_BYTES + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_SECRET_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "longer than any secret"));
    }
    Ok(text)
}

/// The words of a command line: separated by blanks, `'…'` taken as it is, `"…"` and the rest with `\` before a
/// character that is meant as itself. `None` if a quote is not closed.
fn split_words(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().push(characters.next()?),
            (None, blank) if blank.is_whitespace() => words.extend(word.take()),
            (_, plain) => word.get_or_insert_default().push(plain),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

fn without_line_end(mut text: String) -> String {
    text.truncate(text.trim_end_matches(['\n', '\r']).len());
    text
}

fn invalid(key: &str, reason: String) -> Error {
    Error::Invalid { key: key.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::time::Duration;

    use super::super::env::Environment;
    use super::super::secret_ref::SecretRef;
    use super::{is_systemd_credential, split_words};
    use crate::error::Class;

    const PATIENT: Duration = Duration::from_secs(60);

    fn check(reference: &SecretRef, environment: &Environment, timeout: Duration, expected: Result<&str, &str>) {
        let resolved = reference.resolve_in(environment, timeout, "fairing.token");
        match (resolved, expected) {
            (Ok(secret), Ok(expected)) => assert_eq!(secret.expose(), expected),
            (Err(error), Err(part)) => {
                let text = error.to_string();
                assert!(text.starts_with("`fairing.token`: ") && text.contains(part), "{text}");
                assert!(!text.contains("hunter2"), "{text}");
                assert_eq!(error.class(), Class::Config);
            }
            (resolved, expected) => panic!("{reference:?}: {:?}, not {expected:?}", resolved.map(|_| "a secret")),
        }
    }

    fn write(path: &Path, content: &str, mode: u32) {
        fs::write(path, content).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn variable_must_be_set_and_not_empty() {
        let environment = Environment::fixed([("TOKEN", "hunter2\n"), ("EMPTY", "")]);
        let of = |name: &str| SecretRef::Env(name.to_owned());
        check(&of("TOKEN"), &environment, PATIENT, Ok("hunter2"));
        check(&of("EMPTY"), &environment, PATIENT, Err("the variable `EMPTY` is empty"));
        check(&of("MISSING"), &environment, PATIENT, Err("`MISSING` is not set"));
    }

    #[test]
    fn secret_file_must_be_private() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        let nothing = Environment::default();
        let reference = SecretRef::File(path.clone());
        check(&reference, &nothing, PATIENT, Err("cannot read"));
        write(&path, "hunter2\r\n", 0o600);
        check(&reference, &nothing, PATIENT, Ok("hunter2"));
        for shared in [0o640, 0o604, 0o660] {
            write(&path, "hunter2", shared);
            check(&reference, &nothing, PATIENT, Err("run `chmod 600 "));
        }
        write(&path, "\n", 0o600);
        check(&reference, &nothing, PATIENT, Err("is empty"));
        write(&path, &"x".repeat(70_000), 0o600);
        check(&reference, &nothing, PATIENT, Err("cannot read"));
    }

    #[test]
    fn credential_is_read_from_the_systemd_directory() {
        let directory = tempfile::tempdir().unwrap();
        write(&directory.path().join("token"), "hunter2\n", 0o400);
        let environment = Environment::fixed([("CREDENTIALS_DIRECTORY", directory.path())]);
        let of = |name: &str| SecretRef::Credential(name.to_owned());
        check(&of("token"), &environment, PATIENT, Ok("hunter2"));
        check(&of("../token"), &environment, PATIENT, Err("must not be a path"));
        check(&of("/etc/passwd"), &environment, PATIENT, Err("must not be a path"));
        check(&of("token"), &Environment::fixed([("A", "b")]), PATIENT, Err("`LoadCredential=token`"));
    }

    #[test]
    fn only_root_files_in_the_credentials_directory_may_be_group_readable() {
        let environment = Environment::fixed([("CREDENTIALS_DIRECTORY", "/run/credentials/tongbu.service")]);
        let check = |path: &str, owner, expected| {
            assert_eq!(is_systemd_credential(&environment, Path::new(path), owner), expected, "{path} of {owner}");
        };
        check("/run/credentials/tongbu.service/token", 0, true);
        check("/run/credentials/tongbu.service/token", 1000, false);
        check("/run/credentials/other.service/token", 0, false);
        check("/run/credentials/tongbu.service/../other.service/token", 0, false);
        assert!(!is_systemd_credential(&Environment::fixed([("A", "b")]), Path::new("/token"), 0));
    }

    #[test]
    fn command_gives_its_first_line_or_an_error() {
        let nothing = Environment::default();
        let of = |line: &str| SecretRef::Command(line.to_owned());
        check(&of("printf 'hunter2\\nlogin: me\\n'"), &nothing, PATIENT, Ok("hunter2"));
        check(&of("sh -c 'echo hunter2; echo hunter2 >&2; exit 3'"), &nothing, PATIENT, Err("`sh` failed"));
        check(&of("true"), &nothing, PATIENT, Err("printed is empty"));
        check(&of("/nowhere/pass show"), &nothing, PATIENT, Err("cannot run `/nowhere/pass`"));
        check(&of("echo 'hunter2"), &nothing, PATIENT, Err("not closed"));
        check(&of("sh -c 'echo hunter2; exec >&-; sleep 60'"), &nothing, PATIENT, Err("no answer"));
        check(&of("sleep 60"), &nothing, Duration::from_millis(50), Err("no answer within 50ms"));
    }

    #[test]
    fn command_line_is_split_into_words_without_expansion() {
        let check = |line: &str, expected: Option<&[&str]>| {
            let expected = expected.map(|words| words.iter().map(ToString::to_string).collect::<Vec<_>>());
            assert_eq!(split_words(line), expected, "{line}");
        };
        check("pass show  shop/eu", Some(&["pass", "show", "shop/eu"]));
        check(r#"a 'b c' "d \" e" f\ g"#, Some(&["a", "b c", "d \" e", "f g"]));
        check(r"a '' 'x\y'z", Some(&["a", "", r"x\yz"]));
        check("echo $HOME; rm *", Some(&["echo", "$HOME;", "rm", "*"]));
        check("  ", Some(&[]));
        check("a 'b", None);
        check("a \\", None);
    }
}
