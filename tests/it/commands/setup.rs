//! `setup`: shows what it would do, does it after a yes, and changes nothing where all is there.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Seek as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::schedule::verify;
use crate::support::{Outcome, Running, Sandbox};

const BINARY: &str = env!("CARGO_BIN_EXE_tongbu");

/// Somebody who is not root.
const NOBODY: u32 = 65534;

/// A folder that becomes a system. Without `--root` a test run by root would set up this machine.
struct Root(TempDir);

impl Root {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary directory"))
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    fn setup(&self, arguments: &str) -> Outcome {
        self.setup_fed(arguments, "")
    }

    fn setup_fed(&self, arguments: &str, input: &str) -> Outcome {
        let mut command = Command::new(BINARY);
        command.env_clear().env("HOME", self.path("home")).current_dir(self.0.path()).arg("setup");
        command.arg("--root").arg(self.0.path()).args(arguments.split_whitespace());
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(input.as_bytes()).and_then(|()| file.rewind()).expect("a file can be written");
        Running::start_fed(command, file.into()).wait()
    }

    /// Every file and folder with its mode, its time and its text.
    fn everything(&self) -> BTreeMap<PathBuf, (u32, i64, String)> {
        let mut found = BTreeMap::new();
        let mut folders = vec![self.0.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                let metadata = path.metadata().expect("metadata");
                let text = if metadata.is_dir() { String::new() } else { fs::read_to_string(&path).expect("text") };
                found.insert(path.clone(), (metadata.mode() & 0o777, metadata.mtime_nsec(), text));
                if metadata.is_dir() {
                    folders.push(path);
                }
            }
        }
        found
    }
}

#[track_caller]
fn check_mode(path: &Path, mode: u32) {
    assert_eq!(path.metadata().expect("it is there").mode() & 0o777, mode, "{}", path.display());
}

fn states(document: &Value) -> BTreeMap<&str, &str> {
    let steps = document["steps"].as_array().expect("steps");
    steps.iter().filter_map(|step| Some((step["subject"].as_str()?, step["state"].as_str()?))).collect()
}

#[test]
fn nothing_is_done_without_a_yes() {
    let root = Root::new();
    let shown = root.setup("--upstream fairing").expect(2);
    for words in ["/etc/tongbu/config.toml", "/etc/cron.d/tongbu", "to be made", "run it again with `--yes`"] {
        assert!(shown.stdout.contains(words), "{words}: {}", shown.said());
    }
    let rehearsed = root.setup("--upstream fairing --dry-run --json").expect(0).json();
    assert_eq!((&rehearsed["schema"], &rehearsed["applied"]), (&"tongbu.setup/1".into(), &false.into()));
    assert!(states(&rehearsed).values().all(|state| *state == "planned"), "{rehearsed:#}");
    assert_eq!(root.setup("--upstream fairing --json").expect(2).json()["exit_name"], "usage");
    let nothing = root.setup("--yes").expect(2);
    assert!(nothing.stderr.contains("no upstream") && nothing.stderr.contains("`fairing`"), "{}", nothing.stderr);
    assert!(root.everything().is_empty());
    let chinese = root.setup("--upstream fairing --dry-run --lang zh").expect(0).stdout;
    assert!(chinese.contains("将创建") && chinese.contains("未做任何更改"), "{chinese}");
}

#[test]
fn files_of_a_system_are_made_once() {
    let root = Root::new();
    let made = root.setup("--upstream fairing --upstream tasks --notify slack --user sync --yes").expect(0);
    assert_eq!(made.stderr, "");
    assert!(made.stdout.contains("next: put the secret into `/etc/tongbu/secrets/tasks`"), "{}", made.stdout);
    for (path, mode) in [
        ("etc/tongbu", 0o750),
        ("etc/tongbu/config.toml", 0o640),
        ("etc/tongbu/secrets", 0o700),
        ("etc/tongbu/secrets/fairing-shop-eu", 0o600),
        ("etc/tongbu/secrets/alert", 0o600),
        ("var/lib/tongbu", 0o700),
        ("var/log/tongbu", 0o700),
        ("etc/cron.d/tongbu", 0o644),
    ] {
        check_mode(&root.path(path), mode);
    }
    let crontab = fs::read_to_string(root.path("etc/cron.d/tongbu")).expect("a crontab");
    let is_active = |words: &str| crontab.lines().any(|line| !line.starts_with('#') && line.contains(words));
    assert!(is_active(" sync ") && is_active("sync fairing") && is_active("tasks --window today"), "{crontab}");
    assert!(!is_active("sync douban"), "{crontab}");

    let before = root.everything();
    let again = root.setup("--user sync --yes").expect(0);
    assert!(again.stdout.contains("everything is there already"), "{}", again.stdout);
    assert_eq!(root.everything(), before);
    assert_eq!(root.setup("--user sync").expect(0).stderr, "", "there is nothing to ask about");
}

#[test]
fn file_that_was_changed_stays_as_it_is() {
    let root = Root::new();
    root.setup("--upstream douban --yes").expect(0);
    for (path, mine) in [("etc/cron.d/tongbu", "MAILTO=me\n"), ("etc/tongbu/config.toml", "[douban]\nlimit = 7\n")] {
        fs::write(root.path(path), mine).expect("a file can be written");
        let document = root.setup("--upstream fairing --yes --json").expect(0).json();
        assert_eq!(fs::read_to_string(root.path(path)).expect("text"), mine);
        assert_eq!(states(&document)["/etc/cron.d/tongbu"], "differs", "{document:#}");
        let notes = document["notes"].to_string();
        assert!(notes.contains("does not configure `fairing` yet"), "{document:#}");
    }
    fs::write(root.path("etc/tongbu/config.toml"), "douban = [").expect("a file can be written");
    let refused = root.setup("--yes").expect(4);
    assert!(refused.stderr.contains("config.toml` line 1"), "{}", refused.stderr);
}

#[test]
fn secrets_come_from_stdin_and_are_never_shown() {
    let root = Root::new();
    let path = root.path("etc/tongbu/secrets/fairing-shop-eu");
    let wrong = root.setup_fed("--upstream fairing --yes --secrets-stdin", "sk-setup-canary==\n").expect(2);
    assert!(wrong.stderr.contains("line 1") && wrong.stderr.contains("`fairing-shop-eu`"), "{}", wrong.stderr);
    assert!(!wrong.said().contains("canary") && !path.exists(), "{}", wrong.said());

    let fed =
        root.setup_fed("--upstream fairing --yes --secrets-stdin", "fairing-shop-eu=sk-setup-canary==\n").expect(0);
    assert!(!fed.said().contains("canary") && !fed.stdout.contains("put the secret"), "{}", fed.said());
    assert_eq!(fs::read_to_string(&path).expect("the secret"), "sk-setup-canary==\n");
    check_mode(&path, 0o600);
    let other = root.setup_fed("--yes --secrets-stdin", "fairing-shop-eu=other\n").expect(0);
    assert!(other.stdout.contains("docs/rotate.md"), "{}", other.stdout);
    assert_eq!(fs::read_to_string(&path).expect("the secret"), "sk-setup-canary==\n");
}

#[test]
fn configuration_of_every_upstream_needs_its_secrets_only() {
    for upstream in tongbu::upstreams::ALL {
        let root = Root::new();
        root.setup(&format!("--upstream {} --yes", upstream.name)).expect(0);
        let secrets = root.path("etc/tongbu/secrets");
        for secret in fs::read_dir(secrets).into_iter().flatten() {
            fs::write(secret.expect("a secret").path(), "some-long-value\n").expect("a file can be written");
        }
        let mut command = Command::new(BINARY);
        command.env_clear().env("HOME", "/nowhere").args(["config", "check", "--config"]);
        let checked = Running::start_with(command.arg(root.path("etc/tongbu/config.toml"))).expect(0);
        assert!(checked.stdout.contains(upstream.name), "{}", checked.stdout);
    }
}

#[test]
fn systemd_takes_the_units_of_a_setup() {
    let root = Root::new();
    let document = root.setup("--upstream fairing --upstream tasks --schedule systemd --yes --json").expect(0).json();
    assert!(states(&document).contains_key("/etc/systemd/system/tongbu@fairing.timer"), "{document:#}");
    assert!(!root.path("etc/cron.d").exists());
    if let Some(verified) = verify(&root.path("etc/systemd/system")) {
        assert!(verified.status.success() && verified.stderr.is_empty(), "{verified:?}");
    }
    // Two schedules of the same jobs are one too many.
    let both = root.setup("--schedule cron --yes").expect(0).stdout;
    assert!(both.contains("schedules the same jobs"), "{both}");
}

/// A person's home with a copy of the program, and a `crontab` that keeps its lines in a file there.
struct Person(TempDir);

impl Person {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary directory");
        let programs = home.path().join("bin");
        fs::create_dir(&programs).expect("a folder can be made");
        let copy = programs.join("tongbu");
        fs::hard_link(BINARY, &copy).or_else(|_| fs::copy(BINARY, &copy).map(drop)).expect("the program can be copied");
        let crontab =
            "#!/bin/sh\nif [ \"$1\" = -l ]; then exec cat \"$HOME/crontab\"; fi\nexec cat > \"$HOME/crontab\"\n";
        fs::write(programs.join("crontab"), crontab).expect("a script can be written");
        fs::set_permissions(programs.join("crontab"), fs::Permissions::from_mode(0o755)).expect("the mode can be set");
        if is_root() {
            chown(home.path(), Some(NOBODY), Some(NOBODY)).expect("a folder can be given away");
        }
        Self(home)
    }

    fn path(&self, below: &str) -> PathBuf {
        self.0.path().join(below)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.path("bin/tongbu"));
        command.env_clear().env("HOME", self.0.path()).env("LOGNAME", "nobody").current_dir("/").arg("setup");
        command.env("PATH", format!("{}:/usr/bin:/bin", self.path("bin").display()));
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        command
    }

    fn setup(&self, arguments: &str) -> Outcome {
        let mut command = self.command();
        Running::start_with(command.args(arguments.split_whitespace()))
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

#[test]
fn person_gets_lines_in_the_own_crontab() {
    let sandbox = Sandbox::small();
    let person = Person::new();
    fs::write(person.path("crontab"), "1 2 * * * mine").expect("a file can be written");
    fs::set_permissions(person.path("crontab"), fs::Permissions::from_mode(0o666)).expect("the mode can be set");
    // The secret is missing: it is set up, and the check says what is missing.
    let made = person.setup("--upstream fairing --yes").expect(4);
    let secret = person.path(".config/tongbu/secrets/fairing-shop-eu");
    assert!(made.stdout.contains(&format!("put the secret into `{}`", secret.display())), "{}", made.said());
    check_mode(&person.path(".config/tongbu/config.toml"), 0o600);
    let crontab = fs::read_to_string(person.path("crontab")).expect("a crontab");
    let job = format!("7 * * * * {} sync fairing --trigger auto -q\n", person.path("bin/tongbu").display());
    assert!(crontab.starts_with("1 2 * * * mine\n# tongbu: begin\n") && crontab.contains(&job), "{crontab}");

    fs::write(&secret, sandbox.fairing.token("shop-eu")).expect("a file can be written");
    let config = person.path(".config/tongbu/config.toml");
    let text = fs::read_to_string(&config).expect("the configuration");
    let base = format!("fairing.base_url = \"{}\"", sandbox.fairing.base_url());
    let text = text.replace("#fairing.base_url = \"https://app.fairing.co\"", &base);
    assert!(text.contains(&base), "{text}");
    fs::write(&config, text).expect("a file can be written");
    let checked = person.setup("--yes --json").expect(0).json();
    let commands: Vec<&Value> =
        checked["checks"].as_array().expect("checks").iter().map(|check| &check["command"]).collect();
    assert_eq!(commands, ["config check", "doctor --cron"], "{checked:#}");
    assert_eq!(fs::read_to_string(person.path("crontab")).expect("a crontab"), crontab);
    assert!(person.setup("--user somebody --yes").expect(2).stderr.contains("only root"));
}

/// A terminal, and what is on it so far.
struct Screen {
    script: std::process::Child,
    shown: String,
}

impl Screen {
    /// Reads on until these words are there.
    #[track_caller]
    fn wait_for(&mut self, words: &str) {
        let mut output = self.script.stdout.take().expect("a pipe");
        let mut byte = [0];
        while !self.shown.contains(words) {
            assert_eq!(output.read(&mut byte).expect("a pipe can be read"), 1, "`{words}` is not in: {}", self.shown);
            self.shown.push(char::from(byte[0]));
        }
        self.script.stdout = Some(output);
    }

    fn type_in(&mut self, keys: &str) {
        let input = self.script.stdin.as_mut().expect("a pipe");
        input.write_all(keys.as_bytes()).and_then(|()| input.flush()).expect("the terminal takes it");
    }
}

#[test]
fn person_at_a_terminal_is_asked() {
    let root = Root::new();
    let line = format!("exec '{BINARY}' setup --root '{}'", root.0.path().display());
    let mut command = Command::new("script");
    command.env_clear().env("HOME", root.path("home")).env("TERM", "dumb").env("PATH", "/usr/bin:/bin");
    command.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut screen = Screen { script: command.spawn().expect("`script` starts"), shown: String::new() };
    screen.wait_for("Which upstreams?");
    screen.type_in("fairng\r");
    screen.shown.clear();
    screen.wait_for("Which upstreams?");
    screen.type_in("fairing\r");
    screen.wait_for("Do this? [y/N] ");
    assert!(!root.path("etc").exists(), "it did something before it was answered");
    screen.type_in("y\r");
    screen.wait_for("leaves it for later): ");
    screen.type_in("sk-typed-canary\r");
    screen.wait_for("next: look through");
    assert!(!screen.shown.contains("canary"), "{}", screen.shown);
    screen.wait_for("run `tongbu setup` there");
    assert!(screen.script.wait().expect("it ends").success(), "{}", screen.shown);
    let secret = root.path("etc/tongbu/secrets/fairing-shop-eu");
    assert_eq!(fs::read_to_string(secret).expect("the secret"), "sk-typed-canary\n");
}
