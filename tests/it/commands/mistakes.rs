//! `config check` on files that are wrong in several places.

use crate::support::{Outcome, Running, Sandbox};

/// What `config check` says of this file.
fn check(text: &str) -> Outcome {
    let sandbox = Sandbox::small();
    std::fs::write(sandbox.home.config(), text).expect("the configuration can be written");
    let outcome = sandbox.run("config check");
    assert!(outcome.stdout.contains("config.toml"), "{}", outcome.stdout);
    outcome
}

#[test]
fn every_mistake_is_found_in_one_go_and_the_file_is_named() {
    let text = "databse = \"a.db\"\n\
                retries = 3\n\
                [log]\n\
                keep = \"never\"\n\
                database = \"b.db\"\n\
                [fairing]\n\
                token = { env = \"A\" }\n\
                workers = 0\n\
                page_size = \"many\"\n\
                [[fairing.accounts]]\n\
                nam = \"eu\"\n\
                token = { env = \"A\" }\n\
                [[fairing.accounts]]\n\
                name = \"us\"\n\
                token = \"hunter2\"\n\
                [ecs]\n\
                concurency = 1\n\
                [fairng]\n";
    let outcome = check(text).expect(4);
    let stdout = &outcome.stdout;
    for (line, mistake) in [
        (1, "unknown key or section `databse`; did you mean `database`?"),
        (2, "unknown key or section `retries`; it belongs into `[http]`"),
        (4, "`log.keep`"),
        (5, "unknown key `database` in `[log]`; it belongs at the top"),
        (7, "unknown key `token` in `[fairing]`; it belongs into `[[fairing.accounts]]`"),
        (8, "`fairing.workers` must be from 1 to 64"),
        (9, "`fairing.page_size` must be a whole number"),
        (11, "unknown key `nam` in `fairing.accounts[0]`; did you mean `name`?"),
        (15, "`fairing.accounts[1].token` must be a reference"),
        (17, "unknown key `concurency` in `[ecs]`; did you mean `concurrency`?"),
        (18, "unknown key or section `fairng`; did you mean `fairing`?"),
    ] {
        let is_there = stdout.lines().any(|shown| shown.contains(&format!("line {line}: {mistake}")));
        assert!(is_there, "line {line}: {mistake}\n{stdout}");
    }
    assert!(!stdout.contains("hunter2"), "{stdout}");
}

#[test]
fn secret_in_the_place_of_a_key_is_not_shown() {
    const SECRET: &str = "FUTOKENk3y9Zq81";
    for text in [
        format!("{SECRET} = 1\n"),
        format!("[{SECRET}]\nworkers = 1\n"),
        format!("[fairing]\n\"{SECRET}\" = 1\n"),
        format!("[[fairing.accounts]]\nname = \"eu\"\n{SECRET} = \"x\"\n"),
        format!("[[fairing.accounts]]\nname = \"eu\"\ntoken = {{ {SECRET} = \"x\" }}\n"),
        format!("[douban]\ncookie = {{ {SECRET} = true }}\n"),
        format!("[fairing.http.{SECRET}]\n"),
        format!("{SECRET} = 1\n{SECRET} = 2\n"),
        format!("{SECRET}\n"),
        format!("[fairing]\n{SECRET}.{SECRET} = 1\n{SECRET} = {{}}\n"),
    ] {
        let sandbox = Sandbox::small();
        std::fs::write(sandbox.home.config(), &text).expect("the configuration can be written");
        for words in
            ["config check", "config check --json", "config show", "sync fairing", "doctor --offline", "status -vv"]
        {
            let said = sandbox.run(words).said();
            assert!(!said.to_lowercase().contains(&SECRET.to_lowercase()), "{words} of {text}: {said}");
        }
        let checked = sandbox.run("config check").expect(4).said();
        assert!(checked.contains(" line "), "{text}: {checked}");
    }
    // A plain word, or nearly a name, is shown: a person has to find it.
    for (text, shown) in [("[log]\ncolour = 1\n", "`colour`"), ("[fairing]\nWORKERS2 = 1\n", "`WORKERS2`")] {
        let outcome = check(text).expect(4);
        assert!(outcome.stdout.contains(shown), "{}", outcome.stdout);
    }
}

#[test]
fn mistakes_are_listed_by_part_in_json() {
    let sandbox = Sandbox::small();
    std::fs::write(sandbox.home.config(), "[fairing]\nworkers = 0\nbatch_size = 0\n").expect("it can be written");
    let json = sandbox.run("config check --json").expect(4).json();
    assert_eq!(json["path"].as_str(), sandbox.home.config().to_str());
    let part = json["parts"].as_array().and_then(|parts| parts.iter().find(|part| part["name"] == "fairing"));
    let part = part.expect("the section is a part");
    assert_eq!((part["errors"].as_array().map(Vec::len), &part["error"]), (Some(2), &part["errors"][0]));
}

#[test]
fn directory_for_a_secret_is_said_to_be_one() {
    let sandbox = Sandbox::small();
    let folder = sandbox.home.path().display();
    let text = format!("[[fairing.accounts]]\nname = \"eu\"\ntoken = {{ file = \"{folder}\" }}\n");
    std::fs::write(sandbox.home.config(), text).expect("the configuration can be written");
    let shown = sandbox.run("config check").expect(4).stdout;
    assert!(shown.contains("is no file") && !shown.contains("chmod"), "{shown}");
}

#[test]
fn shown_settings_are_those_in_effect() {
    let sandbox = Sandbox::small();
    let shown = sandbox.run("config show --db /nowhere/x.db").expect(0).stdout;
    let line = |key: &str| shown.lines().find(|line| line.split_whitespace().next() == Some(key)).unwrap_or_default();
    assert!(line("database").contains("/nowhere/x.db") && line("database").trim_end().ends_with("`--db`"), "{shown}");
    assert!(line("fairing.accounts[1]").contains("shop-us"), "{shown}");
    assert!(!line("fairing.workers").is_empty() && line("fairing.accounts").contains("2 below"), "{shown}");
    std::fs::write(sandbox.home.config(), "").expect("the configuration can be written");
    let defaults = sandbox.run("config show").expect(0).stdout;
    assert!(defaults.contains("ecs.concurrency") && defaults.contains("tasks.page_size"), "{defaults}");
}

#[test]
fn what_names_nothing_is_an_error_with_the_nearest_name() {
    let sandbox = Sandbox::small();
    sandbox.run("sync fairing").expect(0);
    for (arguments, words) in [
        ("records list --sync fairng", "fairing"),
        ("records list --window histrical", "historical"),
        ("records stats --sync fairng", "fairing"),
        ("records list --page 99", "--page 1"),
        ("records read 99999", "no record 99999"),
        ("records show 99999", "no record 99999"),
        ("records show first", "last"),
        ("tasks list --page 7", "--page 1"),
        ("users events list --page 7", "--page 1"),
    ] {
        let outcome = sandbox.run(arguments).expect(2);
        assert!(outcome.stderr.contains(words), "{arguments}: {}", outcome.stderr);
    }
    sandbox.run("sync fairing --force").expect(0);
    let second = sandbox.run("records list --per-page 1 --page 2 --json").expect(0).json();
    assert_eq!((&second["page"], &second["records"][0]["id"]), (&2.into(), &1.into()), "{second:#}");
    sandbox.run("records list --per-page 1 --page 3").expect(2);
    let newest = sandbox.run("records show --json").expect(0).json();
    assert_eq!(newest, sandbox.run("records show last --json").expect(0).json());
    assert_eq!(newest, sandbox.run("records show 2 --json").expect(0).json());
}

#[test]
fn one_key_in_force_is_no_mistake() {
    for line in [
        "fairing.workers = 2",
        "ecs.concurrency = 3",
        "users.workers = 4",
        "tasks.page_size = 10",
        "[[ecs.accounts]]\nname = \"a\"\nprovider = \"aws\"\nenabled = false\naccess_key_id = { env = \"A\" }\naccess_key_secret = { env = \"B\" }",
    ] {
        let outcome = check(&format!("{line}\n"));
        assert_eq!(outcome.code, Some(0), "{line}: {}", outcome.stdout);
    }
}

#[test]
fn every_secret_that_is_missing_is_named() {
    let text = "[monitor]\n\
                ping_url = { env = \"NO_PING\" }\n\
                [[monitor.notify]]\n\
                kind = \"slack\"\n\
                url = { env = \"NO_SLACK\" }\n\
                [[fairing.accounts]]\n\
                name = \"eu\"\n\
                token = { env = \"NO_EU\" }\n\
                [[fairing.accounts]]\n\
                name = \"us\"\n\
                token = { env = \"NO_US\" }\n";
    let outcome = check(text).expect(4);
    for name in ["NO_PING", "NO_SLACK", "NO_EU", "NO_US"] {
        assert!(outcome.stdout.contains(&format!("`{name}` is not set")), "{name}: {}", outcome.stdout);
    }
}

#[test]
fn file_that_is_a_directory_and_an_address_nobody_answers_are_refused() {
    let outcome = check("database = \"/tmp\"\nlog.file = \"/\"\nmonitor.metrics_file = \"/tmp\"\n").expect(4);
    for key in ["database", "log.file", "monitor.metrics_file"] {
        assert!(outcome.stdout.contains(&format!("`{key}`: ")), "{key}: {}", outcome.stdout);
    }
    let sandbox = Sandbox::small();
    let file = sandbox.home.path().join("address");
    std::fs::write(&file, "ftp://example.com/x").expect("a file can be written");
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("its mode can be set");
    let text = format!("[[monitor.notify]]\nkind = \"slack\"\nurl = {{ file = \"{}\" }}\n", file.display());
    let outcome = check(&text).expect(4);
    assert!(outcome.stdout.contains("`monitor.notify[0].url` must name an address"), "{}", outcome.stdout);
}

#[test]
fn status_of_a_type_that_is_none_is_a_mistake() {
    let sandbox = Sandbox::small();
    let outcome = sandbox.run("status --max-age tasks/todya=2h").expect(2);
    assert!(outcome.stderr.contains("did you mean `today`"), "{}", outcome.stderr);
    sandbox.run("status --max-age tasks/today=2h").expect(14);
    sandbox.run("records read 5").expect(2);
    let outcome = sandbox.run("users emit user.status_changed --user-id 1").expect(2);
    assert!(outcome.stderr.contains("missing `--status`"), "{}", outcome.stderr);
}

#[test]
fn value_that_cannot_be_meant_is_refused_on_the_command_line_too() {
    let sandbox = Sandbox::small();
    // An unset variable in quotes: nothing at all would be synced, and that would be a success.
    for words in [
        &["sync", "ecs", "--regions", ""][..],
        &["sync", "ecs", "--regions", "cn-beijing,"],
        &["sync", "ecs", "--account", ""],
        &["sync", "users", "--target", ""],
        &["status", "--max-age", "fairing=0s"],
        &["status", "--watch", "0s"],
        &["sync", "fairing", "--max-runtime", "0s"],
    ] {
        for language in ["en", "zh"] {
            let mut command = sandbox.command();
            let outcome = Running::start_with(command.args(words).args(["--lang", language])).expect(2);
            assert!(outcome.stdout.is_empty() && !outcome.stderr.is_empty(), "{words:?}: {outcome:?}");
            let is_english = outcome.stderr.contains("must be ") || outcome.stderr.contains("value");
            assert!(language == "en" || !is_english, "{words:?}: {}", outcome.stderr);
        }
    }
    let records = sandbox.run("records list --json").expect(0).json();
    assert_eq!(records["total"], 0, "a refused command line leaves no record: {records:#}");
}
