//! The way from the installation to a schedule, in a separate root: real users, real files, a real cron.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Running, Sandbox};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/commands/machine.sh");

/// Where `tests/run.sh` unpacks Debian's cron.
const CRON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/cron");

/// Namespaces that end with the process in them.
const NAMESPACES: [&str; 5] = ["--mount", "--pid", "--fork", "--kill-child", "--propagation=private"];

/// Why it cannot be tried here.
fn obstacle() -> Option<String> {
    if !Path::new(CRON).join("usr/sbin/cron").exists() {
        return Some("`tests/run.sh` has not unpacked cron".to_owned());
    }
    let try_out = "mount -t tmpfs none /mnt && mkdir /mnt/a /mnt/b /mnt/c && mount -t overlay none \
                   -o lowerdir=/usr,upperdir=/mnt/a,workdir=/mnt/b /mnt/c && chroot / true";
    let tried = Command::new("unshare").args(NAMESPACES).args(["sh", "-c", try_out]).output();
    match tried {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

#[test]
fn setup_leads_to_a_cron_that_is_silent_until_something_fails() {
    if let Some(obstacle) = obstacle() {
        eprintln!("skipped: this machine lets no other be made in it: {obstacle}");
        return;
    }
    let sandbox = Sandbox::small();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let (root, out) = (folder.path().join("root"), folder.path().join("out"));
    for path in [&root, &out] {
        fs::create_dir(path).expect("a folder can be made");
    }
    let mut command = Command::new("unshare");
    command.args(NAMESPACES).args(["sh", SCRIPT]).args([
        &root,
        Path::new(CRON),
        Path::new(env!("CARGO_BIN_EXE_tongbu")),
        &out,
    ]);
    command.args([sandbox.fairing.base_url(), &sandbox.fairing.token("shop-eu")]);
    command.arg(format!("{}/hook", sandbox.receiver.base_url()));
    let text = |name: &str| fs::read_to_string(out.join(name)).unwrap_or_default();
    let ended = Running::start(command).wait();
    assert_eq!(ended.code, Some(0), "{}\n{}\n{}", ended.said(), text("first"), text("second"));

    // What is set up, and for whom.
    assert!(text("first").contains("next: look through `/etc/tongbu/config.toml`"), "{}", text("first"));
    assert!(text("second").contains("everything is there already"), "{}", text("second"));
    let files = text("files");
    for line in [
        "drwxr-x--- root tongbu /etc/tongbu",
        "-rw-r----- root tongbu /etc/tongbu/config.toml",
        "drwx------ tongbu tongbu /etc/tongbu/secrets",
        "-rw------- tongbu tongbu /etc/tongbu/secrets/fairing-shop-eu",
        "-rw------- tongbu tongbu /etc/tongbu/secrets/alert",
        "drwx------ tongbu tongbu /var/lib/tongbu",
        "drwx------ tongbu tongbu /var/log/tongbu",
        "-rw-r--r-- root root /etc/cron.d/tongbu",
    ] {
        assert!(files.lines().any(|found| found == line), "{line}: {files}");
    }
    assert!(text("sync").contains("fairing/shop-eu/responses"), "{}", text("sync"));
    assert!(sandbox.receiver.take_messages().iter().any(|(path, _)| path == "/hook"), "{}", text("notify"));

    // A good run by cron makes no mail, and `doctor` knows of it.
    assert_eq!(text("unwanted"), "");
    let doctor: Value = serde_json::from_str(&text("doctor")).expect("a document");
    assert_eq!((&doctor["exit_code"], &doctor["cron"]["exit_code"]), (&0.into(), &0.into()), "{doctor:#}");
    assert_eq!(doctor["cron"]["differences"], Value::Array(Vec::new()), "{doctor:#}");
    for (check, words) in [("schedule", "last ran by its schedule"), ("mail", "/usr/sbin/sendmail")] {
        let mut checks = doctor["checks"].as_array().expect("checks").iter();
        let found = checks.find(|found| found["check"] == check).unwrap_or(&Value::Null);
        assert!(found["state"] == "ok" && found["found"].to_string().contains(words), "{doctor:#}");
    }

    // A failed run makes a mail that says what to do, without the key.
    let mail = text("mail");
    for words in ["To: root", "error: fairing: failed (auth, exit 6)", "401", "hint: ", "tongbu records show"] {
        assert!(mail.contains(words), "{words}: {mail}");
    }
    assert!(!mail.contains("canary"), "{mail}");
}
