//! What a shell sees of the program: completion, help and version.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::{Running, Sandbox};

#[track_caller]
fn check(sandbox: &Sandbox, words: &[&str], expected: &[&str]) {
    let outcome = sandbox.complete(words).expect(0);
    let found: Vec<&str> = outcome.stdout.lines().filter(|word| !word.starts_with('-')).collect();
    assert_eq!(found, expected, "{words:?}");
    assert_eq!(outcome.stderr, "", "{words:?}");
}

#[test]
fn names_are_completed_from_the_configuration_and_the_database() {
    let sandbox = Sandbox::small();
    check(&sandbox, &["sync", "fairing", "--account", ""], &["shop-eu", "shop-us"]);
    check(&sandbox, &["sync", "ecs", "--account", "p"], &["prod"]);
    check(&sandbox, &["sync", "users", "--target", "uni"], &["unified-auth"]);
    check(&sandbox, &["users", "events", "list", "--target", ""], &["unified-auth", "user-service"]);
    check(&sandbox, &["ecs", "list", "--region", ""], &[]);
    check(&sandbox, &["locks", "break", ""], &[]);
    assert!(!sandbox.home.database().exists(), "completion made a database");
    sandbox.run("sync ecs").expect(0);
    check(&sandbox, &["ecs", "list", "--region", "cn-"], &["cn-beijing", "cn-hangzhou"]);
    check(&sandbox, &["sync", "ecs", "--regions", "cn-beijing,ap"], &["cn-beijing,ap-guangzhou"]);
    let locks = sandbox.complete(&["locks", "break", ""]).expect(0).stdout;
    assert!(locks.lines().any(|lock| lock == "ecs/prod/cn-beijing"), "{locks}");
    for sync in ["fairing", "douban", "tasks", "ecs", "users", "all"] {
        assert!(sandbox.complete(&["sync", ""]).stdout.lines().any(|word| word == sync), "{sync}");
    }
}

#[test]
fn completion_says_nothing_where_nothing_can_be_read_and_is_quick() {
    let sandbox = Sandbox::small();
    std::fs::write(sandbox.home.config(), "fairing = [").expect("a file can be written");
    std::fs::write(sandbox.home.database(), "no database").expect("a file can be written");
    for words in [&["sync", "fairing", "--account", ""][..], &["locks", "break", ""], &["no", "such", "words", "x"]] {
        let outcome = sandbox.complete(words);
        assert_eq!(outcome.stderr, "", "{words:?}");
        assert!(outcome.stdout.lines().all(|word| word.starts_with('-')), "{words:?}: {}", outcome.stdout);
    }
    let fastest = (0..5).map(|_| sandbox.complete(&["sync", ""]).took).min().expect("five times");
    // A release build takes a tenth of it.
    assert!(fastest < Duration::from_millis(500), "{fastest:?}");
}

#[test]
fn script_of_a_real_shell_completes() {
    let sandbox = Sandbox::small();
    let script = sandbox.run("generate completions bash").expect(0).stdout;
    std::fs::write(sandbox.home.path().join("tongbu.bash"), script).expect("a file can be written");
    let lines = "source ./tongbu.bash
        COMP_WORDS=(tongbu sync fairing --account shop-e) COMP_CWORD=4 COMP_TYPE=9
        _clap_complete_tongbu tongbu shop-e --account
        printf '%s\\n' \"${COMPREPLY[@]}\"";
    let mut bash = Command::new("bash");
    let program = Path::new(env!("CARGO_BIN_EXE_tongbu")).parent().map(Path::as_os_str);
    let path = [program.unwrap_or_default(), OsStr::new("/usr/bin:/bin")].join(OsStr::new(":"));
    bash.args(["-c", lines]).current_dir(sandbox.home.path()).env("PATH", path);
    bash.env("TONGBU_CONFIG", sandbox.home.config());
    let outcome = Running::start(bash).wait().expect(0);
    assert_eq!((outcome.stdout.as_str(), outcome.stderr.as_str()), ("shop-eu\n", ""));
}

#[test]
fn help_is_found_behind_global_flags() {
    let sandbox = Sandbox::small();
    for arguments in ["help sync ecs", "--lang en help sync ecs", "-q --db x.db help sync ecs", "--json help sync ecs"]
    {
        assert!(sandbox.run(arguments).expect(0).stdout.contains("tongbu sync ecs [OPTIONS]"), "{arguments}");
    }
    // The value of a flag is no command.
    sandbox.run("--db help status").expect(0);
}

#[test]
fn version_is_a_line_or_a_document() {
    let sandbox = Sandbox::small();
    let version = env!("CARGO_PKG_VERSION");
    let document = sandbox.run("version --json").expect(0).json();
    assert_eq!((&document["schema"], &document["version"]), (&"tongbu.version/1".into(), &version.into()));
    assert!(document["commit"].is_null() || document["commit"].is_string(), "{document:#}");
    assert!(document["sqlite"].is_string(), "{document:#}");
    assert!(sandbox.run("version").expect(0).stdout.starts_with(&format!("tongbu {version}")));
    assert!(sandbox.run("--version").expect(0).stdout.starts_with(&format!("tongbu {version}")));
}

#[test]
fn build_names_the_commit_where_it_is_known() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let program = folder.path().join("build");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("build.rs");
    let built = Command::new("rustc").args(["--edition", "2024", "-o"]).arg(&program).arg(source).status();
    assert!(built.expect("rustc starts").success());
    let run = |variables: &[(&str, &str)]| {
        let mut command = Command::new(&program);
        command.current_dir(folder.path()).env_remove("TONGBU_COMMIT").envs(variables.iter().copied());
        Running::start(command).wait().expect(0).stdout
    };
    let release = ("PROFILE", "release");
    assert!(!run(&[release]).contains("rustc-env"), "there is no git");
    assert!(run(&[("TONGBU_COMMIT", "0123456789abcdef")]).contains("::rustc-env=TONGBU_COMMIT=0123456789ab\n"));
    assert!(!run(&[("TONGBU_COMMIT", "a b\nc")]).contains("rustc-env"), "not a word");
    let git = |words: &str| {
        let mut git = Command::new("git");
        git.args(["-c", "user.name=a", "-c", "user.email=a@example.com"]).args(words.split(' '));
        Running::start({
            git.current_dir(folder.path());
            git
        })
        .wait()
        .expect(0)
        .stdout
    };
    git("init -q");
    git("commit -q --allow-empty -m first");
    let head = git("rev-parse HEAD");
    let said = run(&[release]);
    assert!(said.contains(&format!("::rustc-env=TONGBU_COMMIT={}\n", &head[..12])), "{said}");
    assert!(said.contains("rerun-if-changed=.git/logs/HEAD"), "{said}");
    assert!(!run(&[("PROFILE", "debug")]).contains("rustc-env"), "a new commit would mean a new build");
    std::fs::write(folder.path().join(".cargo_vcs_info.json"), "{\"git\": {\"sha1\": \"fedcba9876543210\"}}")
        .expect("a file");
    assert!(run(&[]).contains("TONGBU_COMMIT=fedcba987654\n"));
}
