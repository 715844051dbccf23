//! The demonstration: real passes of the real binary against the fakes, in front of whoever watches.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use rusqlite::{Connection, OpenFlags};

use crate::sandbox::{Sandbox, Settings};

const COUNT: &str = "SELECT count(*) FROM fairing_responses";

/// Succeeds if every step ended as expected and the database holds what the fakes hold.
pub fn run(settings: Settings) -> ExitCode {
    let sandbox = Sandbox::start(settings);
    let tongbu = sandbox.home.path().join("tongbu");
    // This program is tongbu where it is called by that name.
    if let Err(error) = std::env::current_exe().and_then(|program| std::os::unix::fs::symlink(program, &tongbu)) {
        println!("cannot link {}: {error}", tongbu.display());
        return ExitCode::FAILURE;
    }
    let mut show = Show { sandbox, tongbu, is_as_expected: true };
    for (name, base_url, _) in show.sandbox.doors() {
        println!("{name} is faked on {base_url}");
    }
    println!("\n$ export TONGBU_CONFIG={}", show.sandbox.home.config().display());
    show.step("The first pass stores everything.", &["sync", "fairing"]);
    show.step("The second finds nothing to change.", &["sync", "fairing"]);
    show.step("Douban's newest films, with their details.", &["sync", "douban"]);
    show.step("Yesterday's and older call-centre tasks.", &["sync", "tasks", "--window", "historical"]);
    show.step("Instances of two cloud accounts, region by region.", &["sync", "ecs"]);
    show.step("Some of them:", &["ecs", "list", "--region", "cn-beijing"]);
    show.step(
        "Something happens to a user;",
        &["users", "emit", "user.created", "--user-id", "7", "--username", "li", "--email", "li@example.com"],
    );
    show.step("every target is told of it,", &["sync", "users"]);
    show.step("and has been.", &["users", "events", "list"]);
    show.step("Every run has left a record.", &["records", "list"]);
    show.step("How each sync stands:", &["status"]);
    show.count();
    show.suggest();
    if show.is_as_expected { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Show {
    sandbox: Sandbox,
    tongbu: PathBuf,
    is_as_expected: bool,
}

impl Show {
    /// Runs tongbu in full view; a step has to succeed.
    fn step(&mut self, why: &str, arguments: &[&str]) {
        println!("\n{why}\n$ tongbu {}", arguments.join(" "));
        let mut command = self.sandbox.home.command(&self.tongbu);
        // A person's terminal is drawn on as it is.
        command.envs(["TERM", "COLORTERM", "NO_COLOR"].iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        match command.args(arguments).status() {
            Ok(status) if status.success() => {}
            Ok(status) => self.fail(&format!("tongbu {} ended with {status}", arguments.join(" "))),
            Err(error) => self.fail(&format!("cannot run {}: {error}", self.tongbu.display())),
        }
    }

    /// Compares what is stored with what is there.
    fn count(&mut self) {
        let database = self.sandbox.home.database();
        println!("\nThe rows are in one SQLite file:");
        println!("$ sqlite3 {} '{COUNT}'", database.display());
        let with_tool = Command::new("sqlite3").arg("-readonly").arg(&database).arg(COUNT).output();
        let stored = match with_tool {
            Ok(output) if output.status.success() => {
                String::from_utf8_lossy(&output.stdout).trim().parse().map_err(|_| "no number".to_owned())
            }
            Ok(_) | Err(_) => load_count(&database).map_err(|error| error.to_string()),
        };
        let expected = self.sandbox.fairing.response_count();
        match stored {
            Ok(stored) if u64::try_from(stored) == Ok(expected) => println!("{stored}"),
            Ok(stored) => self.fail(&format!("{stored} rows are stored, the fakes have {expected}")),
            Err(error) => self.fail(&format!("cannot count the rows: {error}")),
        }
    }

    /// Says what else to try; the fakes go on for a person, and end for a script.
    fn suggest(&mut self) {
        let tongbu = self.tongbu.display();
        println!("\nWhat to try next, in another terminal:\n");
        println!("  export TONGBU_CONFIG={}", self.sandbox.home.config().display());
        for arguments in [
            "sync fairing --json",
            "sync fairing --dry-run",
            "sync fairing --account shop-us --kind responses",
            "douban list",
            "tasks list",
            "users emit user.deleted --user-id 7",
            "check users",
            "sync ecs --regions cn-beijing --account prod --status-only",
            "ecs changes",
            "records show 1",
            "locks list",
            "status --json",
            "config show",
        ] {
            println!("  {tongbu} {arguments}");
        }
        if io::stdin().is_terminal() {
            print!("\nThe fakes go on until you press Enter, then all of it is removed. ");
            let _ = io::stdout().flush();
            let _ = io::stdin().lock().read_line(&mut String::new());
        } else {
            self.sandbox.home.keep();
            println!("\nThe fakes have ended; the home stays in {}", self.sandbox.home.path().display());
        }
    }

    fn fail(&mut self, what: &str) {
        println!("unexpected: {what}");
        self.is_as_expected = false;
    }
}

fn load_count(database: &Path) -> rusqlite::Result<i64> {
    let database = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    database.query_row(COUNT, [], |row| row.get(0))
}
