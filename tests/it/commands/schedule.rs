//! `generate cron` and `generate systemd`: schedules that cron and systemd take.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const BINARY: &str = env!("CARGO_BIN_EXE_tongbu");

/// The program with a home and nothing else.
fn tongbu(home: &Path, arguments: &str) -> Output {
    let mut command = Command::new(BINARY);
    command.env_clear().env("HOME", home).current_dir(home).args(arguments.split(' '));
    command.output().expect("tongbu starts")
}

fn answer(home: &Path, arguments: &str) -> String {
    let output = tongbu(home, arguments);
    assert!(output.status.success() && output.stderr.is_empty(), "{arguments}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

fn home() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

#[test]
fn the_committed_crontab_is_what_the_program_generates() {
    let home = home();
    let generated = answer(home.path(), "generate cron").replace(BINARY, "tongbu");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("cron.d/tongbu");
    let committed = fs::read_to_string(path).expect("the crontab is there");
    assert!(generated == committed, "put into cron.d/tongbu what `generate cron` prints, with `tongbu` for its path");
}

/// The lines that cron runs, and those behind a `#`.
fn lines(crontab: &str) -> (Vec<&str>, Vec<&str>) {
    let jobs = crontab.lines().filter(|line| line.contains(" * * "));
    jobs.partition(|line| !line.starts_with('#'))
}

#[test]
fn shipped_crontab_runs_one_line_that_fits_every_configuration() {
    let home = home();
    let text = answer(home.path(), "generate cron");
    let (active, inactive) = lines(&text);
    assert_eq!(active, [format!("7 * * * * tongbu {BINARY} sync all --trigger auto -q")]);
    assert!(inactive.len() > 6, "{text}");
}

#[test]
fn only_what_is_configured_is_scheduled() {
    let home = home();
    configure(home.path(), &["ecs"]);
    let text = answer(home.path(), "generate cron --config c.toml");
    let (active, inactive) = lines(&text);
    let is_of = |line: &&str, words: &str| line.contains(&format!(" {words} "));
    assert_eq!(active.iter().filter(|line| is_of(line, "sync ecs")).count(), 2, "{text}");
    for chore in ["locks clean", "records prune"] {
        assert_eq!(active.iter().filter(|line| is_of(line, chore)).count(), 1, "{text}");
    }
    assert_eq!(active.len(), 4, "{text}");
    for sync in ["fairing", "douban", "tasks", "users"] {
        assert!(inactive.iter().any(|line| is_of(line, &format!("sync {sync}"))), "{text}");
    }
    answer(home.path(), "generate systemd units --config c.toml");
    let units = files(&home.path().join("units"));
    let timers: Vec<&String> = units.keys().filter(|name| name.strip_suffix(".timer").is_some()).collect();
    assert_eq!(timers.len(), 4, "{timers:?}");
    assert!(units.contains_key("tongbu@ecs.timer"), "{timers:?}");
    // What is not configured stays an error.
    let output = tongbu(home.path(), "sync fairing --config c.toml --db t.db");
    assert_eq!(output.status.code(), Some(4), "{output:?}");
}

#[test]
fn timers_delay_every_run_alike() {
    let home = home();
    configure(home.path(), &["fairing", "douban", "tasks", "ecs", "users"]);
    answer(home.path(), "generate systemd units --config c.toml");
    for (name, text) in
        files(&home.path().join("units")).iter().filter(|(name, _)| name.strip_suffix(".timer").is_some())
    {
        assert!(text.contains("FixedRandomDelay=yes\nAccuracySec=1s\n"), "{name}: {text}");
    }
}

#[test]
fn broken_configuration_makes_no_schedule() {
    let home = home();
    fs::write(home.path().join("c.toml"), "fairing = [").expect("a file can be written");
    let output = tongbu(home.path(), "generate cron --config c.toml");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(4), 0), "{output:?}");
}

/// Writes `c.toml` with these sections.
fn configure(home: &Path, sections: &[&str]) {
    fs::write(home.join("c.toml"), format!("[{}]\n", sections.join("]\n["))).expect("a file can be written");
}

#[test]
fn a_crontab_names_the_files_and_the_user_it_is_made_for() {
    let home = home();
    let text = answer(home.path(), "generate cron --user sync --config c.toml --db /srv/t.db");
    let config = home.path().join("c.toml");
    let jobs: Vec<&str> = text.lines().filter(|line| line.contains(" * * ")).collect();
    assert!(jobs.len() > 6, "{text}");
    for job in jobs {
        let call = format!(" sync {BINARY} --config {} --db /srv/t.db ", config.display());
        assert!(job.contains(&call), "{job}");
    }
}

#[test]
fn arguments_that_a_schedule_would_misread_are_refused() {
    let home = home();
    for arguments in ["generate cron --db /a%b", "generate systemd --config /a$b", "generate cron --user Root;"] {
        let output = tongbu(home.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments}: {output:?}");
        assert!(output.stdout.is_empty(), "{arguments}");
    }
}

/// Every file below the directory by its path from there.
fn files(directory: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(below, text)| (format!("{name}/{below}"), text)));
        } else {
            found.insert(name, fs::read_to_string(path).expect("a unit is text"));
        }
    }
    found
}

/// The words a unit runs, its drop-in's before the template's.
fn job(units: &BTreeMap<String, String>, name: &str) -> String {
    let drop_in = units.get(&format!("tongbu@{name}.service.d/job.conf"));
    let text = drop_in.unwrap_or(&units["tongbu@.service"]);
    let line = text.lines().find_map(|line| line.strip_prefix("Environment=\"TONGBU_JOB="));
    line.expect("a job").trim_end_matches('"').replace("%i", name)
}

#[test]
fn every_job_of_the_crontab_has_a_timer_that_runs_the_same() {
    let home = home();
    configure(home.path(), &["fairing", "douban", "tasks", "ecs", "users"]);
    answer(home.path(), "generate systemd units --config c.toml --db /srv/x/t.db");
    let units = files(&home.path().join("units"));
    let mut jobs: Vec<String> = units
        .keys()
        .filter_map(|name| name.strip_prefix("tongbu@")?.strip_suffix(".timer"))
        .map(|name| job(&units, name))
        .collect();
    let crontab = answer(home.path(), "generate cron --config c.toml");
    let config = home.path().join("c.toml").display().to_string();
    let call = format!("{BINARY} --config {config} ");
    let of_cron = |line: &str| line.split_once(&call).map(|(_, words)| words.to_owned());
    let active = crontab.lines().filter(|line| !line.starts_with('#'));
    let mut expected: Vec<String> = active.filter_map(of_cron).collect();
    jobs.sort();
    expected.sort();
    assert_eq!(jobs, expected);
    assert!(units["tongbu@.service"].contains(&format!("ExecStart={call}--db /srv/x/t.db $TONGBU_JOB\n")));
    assert!(units["tongbu@.service"].contains("\nReadWritePaths=/srv/x\n"));

    let printed = answer(home.path(), "generate systemd --config c.toml --db /srv/x/t.db");
    for (name, text) in &units {
        assert!(printed.contains(&format!("# /etc/systemd/system/{name}\n{text}")), "{name}");
    }
}

/// What systemd says of the units; nothing where there is no systemd to ask.
pub fn verify(directory: &Path) -> Option<Output> {
    let mut command = Command::new("systemd-analyze");
    command.env("SYSTEMD_UNIT_PATH", format!("{}:", directory.display())).args(["verify", "--man=no"]);
    for name in files(directory).keys().filter_map(|name| name.strip_suffix(".timer")) {
        command.args([format!("{name}.service"), format!("{name}.timer")]);
    }
    command.output().ok()
}

#[test]
fn section_without_anything_to_sync_is_not_scheduled() {
    let home = home();
    fs::write(home.path().join("c.toml"), "users.workers = 2\n[douban]\nlimit = 10\n").expect("a file can be written");
    let text = answer(home.path(), "generate cron --config c.toml");
    let (active, inactive) = lines(&text);
    assert!(active.iter().any(|line| line.contains("sync douban")), "{text}");
    assert!(!active.iter().any(|line| line.contains("sync users")), "{text}");
    assert!(inactive.iter().any(|line| line.contains("sync users")), "{text}");
}

#[test]
fn group_that_may_use_the_database_keeps_its_way_to_it() {
    let home = home();
    for (mode, folder, mask) in [("0640", "2750", "0027"), ("0660", "2770", "0007"), ("0600", "0700", "0077")] {
        fs::write(home.path().join("c.toml"), format!("database_mode = \"{mode}\"\n")).expect("a file can be written");
        let text = answer(home.path(), "generate systemd --config c.toml");
        assert!(text.contains(&format!("\nStateDirectoryMode={folder}\n")), "{text}");
        assert!(text.contains(&format!("\nUMask={mask}\n")), "{text}");
    }
}

#[test]
fn systemd_takes_the_units() {
    let home = home();
    configure(home.path(), &["fairing", "tasks", "ecs"]);
    answer(home.path(), "generate systemd units --config c.toml");
    let directory = home.path().join("units");
    let Some(good) = verify(&directory) else { return };
    assert!(good.status.success() && good.stderr.is_empty(), "{good:?}");
    // That it would tell: a calendar it cannot read.
    let timer = directory.join("tongbu@fairing.timer");
    let text = fs::read_to_string(&timer).expect("the timer is there").replace("*:07:00", "*:77:00");
    fs::write(&timer, text).expect("a file can be written");
    let bad = verify(&directory).expect("systemd-analyze starts");
    assert!(!bad.status.success() || !bad.stderr.is_empty(), "{bad:?}");
}
