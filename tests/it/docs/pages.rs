//! The shell blocks of pages for operators work as they are.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::markdown::blocks;
use super::text_of;
use crate::support::{Running, Sandbox};

/// Programs that need root, or a machine of their own: `install` without its owner, `systemctl` without services.
const STANDINS: [(&str, &str); 2] = [
    (
        "install",
        "#!/bin/bash\nwords=()\nwhile [ $# -gt 0 ]; do\n  case $1 in -o | -g) shift 2 ;; *) words+=(\"$1\"); shift ;; esac\ndone\n\
         exec /usr/bin/install \"${words[@]}\"\n",
    ),
    ("systemctl", "#!/bin/sh\nexit 0\n"),
];

/// Runs every block in order, below the home instead of below `/`.
fn run_blocks(sandbox: &Sandbox, page: &str) -> String {
    let home = sandbox.home.path();
    let programs = home.join("bin");
    fs::create_dir(&programs).expect("a directory can be made");
    for (name, script) in STANDINS {
        let path = programs.join(name);
        fs::write(&path, script).expect("a file can be written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the mode can be set");
    }
    let built = Path::new(env!("CARGO_BIN_EXE_tongbu")).parent().expect("a directory").display();
    let mut said = String::new();
    for block in blocks(&text_of(page)).into_iter().filter(|block| block.language == "sh") {
        let mut text = block.text;
        for folder in ["/backup", "/etc/", "/var/lib/tongbu/"] {
            text = text.replace(&format!(" {folder}"), &format!(" {}{folder}", home.display()));
        }
        let mut shell = sandbox.home.command(Path::new("/bin/sh"));
        shell.args(["-euc", &text]).env("PATH", format!("{}:{built}:/usr/bin:/bin", programs.display()));
        said += &Running::start(shell).wait().expect(0).said();
    }
    said
}

#[test]
fn the_page_about_backups_restores_one() {
    let sandbox = Sandbox::small();
    sandbox.run("sync fairing").expect(0);
    fs::create_dir_all(sandbox.home.path().join("etc/cron.d")).expect("a directory can be made");
    fs::write(sandbox.home.path().join("etc/cron.d/tongbu"), "# jobs\n").expect("a file can be written");
    let said = run_blocks(&sandbox, "docs/backup.md");
    assert!(said.contains("saved and checked") && said.contains("checked and restored"), "{said}");
    assert!(sandbox.home.path().join("etc/cron.d/tongbu").exists());
    sandbox.database().assert_consistent();
}
