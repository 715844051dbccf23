//! What every upstream in the registry promises.
//!
//! A new upstream adds its line to [`LINES`]; without one these tests fail.

use rustix::process::Signal;
use tongbu::upstreams::ALL;

use crate::sandbox::ecs::{Bucket, Database, Machine, Region};
use crate::sandbox::example::Machines;
use crate::sandbox::fairing::Kind;
use crate::sandbox::{Douban, Ecs, Fairing, FakeServer, Fault, Rule, Tasks, Tmdb, Users};
use crate::support::Sandbox;

/// How one upstream is tried out.
pub struct Line {
    pub name: &'static str,
    /// A pass of all it has.
    pub command: &'static str,
    /// A key of its section with two letters changed over, and the right one.
    misspelt: (&'static str, &'static str),
    /// Its tables.
    pub tables: &'static [&'static str],
    /// Those of them whose rows its summary counts as new.
    pub counted: &'static [&'static str],
    server: fn(&Sandbox) -> &FakeServer,
    /// What the sandbox needs for it.
    prepare: fn(Sandbox) -> Sandbox,
    /// Changes something upstream that a pass has to bring over.
    pub change: fn(&Sandbox),
    /// What goes wrong with every request, and the exit code of the pass. Empty where a pass brings nothing here: what
    /// is about rows that are fetched is not about it, and it keeps these promises in tests of its own.
    failures: &'static [(Fault, i32)],
}

const INSTANCES: Line = Line {
    name: Ecs::NAME,
    command: "sync ecs",
    misspelt: ("concurency", "concurrency"),
    tables: &["ecs_instances", "ecs_changes"],
    counted: &["ecs_instances"],
    server: |sandbox| sandbox.ecs.server(),
    prepare: |sandbox| sandbox,
    change: |sandbox| change_machines(sandbox, "cn-beijing"),
    failures: &[
        (Fault::Status(401), 6),
        (Fault::Refusal(403, "Forbidden.RAM"), 6),
        (Fault::Status(429), 5),
        (Fault::Status(500), 5),
        (Fault::html(), 7),
    ],
};

const LINES: &[Line] = &[
    Line {
        name: Fairing::NAME,
        command: "sync fairing",
        misspelt: ("base_ulr", "base_url"),
        tables: &["fairing_questions", "fairing_responses"],
        counted: &["fairing_questions", "fairing_responses"],
        server: |sandbox| sandbox.fairing.server(),
        prepare: |sandbox| sandbox,
        change: |sandbox| {
            sandbox.fairing.change("shop-eu", Kind::Responses, |set| {
                set.edit([1, 2, 3]);
                set.delete([9]);
                set.add(5);
            });
        },
        failures: &[(Fault::Status(401), 6), (Fault::Status(403), 6), (Fault::Status(500), 5), (Fault::html(), 7)],
    },
    Line {
        name: Douban::NAME,
        command: "sync douban",
        misspelt: ("page_ulr", "page_url"),
        tables: &["videos"],
        counted: &["videos"],
        server: |sandbox| sandbox.douban.server(),
        prepare: |sandbox| sandbox,
        change: |sandbox| sandbox.douban.change(|book| book.films[0].rating = 9.9),
        // It has no credentials that could be rejected.
        failures: &[(Fault::Status(403), 7), (Fault::Status(500), 5), (Fault::html(), 7)],
    },
    INSTANCES,
    Line {
        name: Tasks::NAME,
        command: "sync tasks --window historical",
        misspelt: ("histroical_days", "historical_days"),
        tables: &["tasks", "task_matches"],
        counted: &["tasks"],
        server: |sandbox| sandbox.tasks.server(),
        prepare: |sandbox| sandbox,
        change: |sandbox| {
            sandbox.tasks.change(|tasks| {
                tasks[1].called += 1;
                let mut added = tasks[0].clone();
                added.id = 30_000.into();
                tasks.push(added);
            });
        },
        failures: &[(Fault::Status(401), 6), (Fault::Status(403), 6), (Fault::Status(500), 5), (Fault::html(), 7)],
    },
    Line {
        name: Users::NAME,
        command: "sync users",
        misspelt: ("queue_szie", "queue_size"),
        tables: &["user_events", "user_deliveries", "users"],
        counted: &["user_events"],
        server: |sandbox| sandbox.users.server(),
        prepare: |sandbox| sandbox,
        change: |_| {},
        failures: &[],
    },
    Line {
        name: Tmdb::NAME,
        command: "sync tmdb",
        misspelt: ("base_ulr", "base_url"),
        tables: &["videos"],
        counted: &["videos"],
        server: |sandbox| sandbox.tmdb.server(),
        prepare: |sandbox| sandbox,
        change: |sandbox| sandbox.tmdb.change(|catalogue| catalogue.films[0].title.push('！')),
        failures: &[(Fault::Status(401), 6), (Fault::Status(403), 6), (Fault::Status(500), 5), (Fault::html(), 7)],
    },
];

/// What else the clouds' upstream syncs: other providers, other kinds of resource.
static CLOUDS: [Line; 5] = [
    Line {
        prepare: |sandbox| sandbox.with_clouds(&[Ecs::HUAWEI]),
        change: |sandbox| change_machines(sandbox, "cn-east-3"),
        failures: &[(Fault::Status(401), 6), (Fault::Status(500), 5), (Fault::html(), 7)],
        ..INSTANCES
    },
    Line {
        prepare: |sandbox| sandbox.with_clouds(&[Ecs::VOLCENGINE]),
        change: |sandbox| change_machines(sandbox, "cn-beijing2"),
        failures: &[(Fault::Status(401), 6), (Fault::Status(500), 5), (Fault::html(), 7)],
        ..INSTANCES
    },
    Line {
        command: "sync ecs --resource database",
        tables: &["cloud_databases", "cloud_changes"],
        counted: &["cloud_databases"],
        prepare: |sandbox| with_databases(sandbox, |region| &mut region.databases),
        change: |sandbox| sandbox.ecs.change("cn-beijing", |region| change_databases(&mut region.databases)),
        ..INSTANCES
    },
    Line {
        command: "sync ecs --resource cache",
        tables: &["cloud_caches", "cloud_changes"],
        counted: &["cloud_caches"],
        prepare: |sandbox| with_databases(sandbox, |region| &mut region.caches),
        change: |sandbox| sandbox.ecs.change("cn-beijing", |region| change_databases(&mut region.caches)),
        ..INSTANCES
    },
    Line {
        command: "sync ecs --resource bucket --account prod",
        tables: &["cloud_buckets", "cloud_changes"],
        counted: &["cloud_buckets"],
        prepare: |sandbox| {
            sandbox.ecs.change_buckets(Ecs::ALIYUN, |buckets| buckets.extend((0..3).map(Bucket::new)));
            sandbox
        },
        change: |sandbox| {
            sandbox.ecs.change_buckets(Ecs::ALIYUN, |buckets| {
                buckets[1].access = "public-read";
                buckets.push(Bucket::new(7));
            });
        },
        failures: &[(Fault::Status(401), 6), (Fault::Status(500), 5), (Fault::html(), 7)],
        ..INSTANCES
    },
];

fn change_machines(sandbox: &Sandbox, name: &'static str) {
    sandbox.ecs.change(name, |region| {
        "renamed".clone_into(&mut region.machine(0).name);
        region.machines.push(Machine::new(7, name, 99));
    });
}

/// Some in a region of each provider.
fn with_databases(sandbox: Sandbox, of: fn(&mut Region) -> &mut Vec<Database>) -> Sandbox {
    for region in ["cn-beijing", "ap-guangzhou"] {
        sandbox.ecs.change(region, |region| of(region).extend((0..3).map(Database::new)));
    }
    sandbox
}

fn change_databases(databases: &mut Vec<Database>) {
    databases[1].gib += 1;
    databases.push(Database::new(7));
}

/// The upstream of `tests/example/`, which only its own program knows.
const EXAMPLE: Line = Line {
    name: "machines",
    command: "sync machines",
    misspelt: ("base_ulr", "base_url"),
    tables: &["machines"],
    counted: &["machines"],
    server: |sandbox| &example(sandbox).server,
    prepare: Sandbox::with_example,
    change: |sandbox| {
        let mut rows = example(sandbox).rows.lock().expect("no fake panicked");
        rows[0]["cores"] = 64.into();
        rows[7]["id"] = "m-9".into();
    },
    failures: &[(Fault::Status(401), 6), (Fault::Status(403), 6), (Fault::Status(500), 5), (Fault::html(), 7)],
};

fn example(sandbox: &Sandbox) -> &Machines {
    sandbox.example.as_ref().expect("the sandbox has the example")
}

/// Every upstream that ships.
fn shipped() -> impl Iterator<Item = &'static Line> {
    ALL.iter().map(|registration| {
        let line = LINES.iter().find(|line| line.name == registration.name);
        line.unwrap_or_else(|| panic!("`{}` has no line in the contract's table", registration.name))
    })
}

/// Those that ship and fetch rows.
pub fn fetching() -> impl Iterator<Item = &'static Line> {
    shipped().filter(|line| !line.failures.is_empty())
}

/// Those that fetch rows, all that the clouds have, and the example.
fn every() -> impl Iterator<Item = &'static Line> {
    fetching().chain(&CLOUDS).chain([&EXAMPLE])
}

impl Line {
    /// The sandbox it is tried out in.
    fn start(&self) -> Sandbox {
        (self.prepare)(Sandbox::small())
    }

    /// Every row of its tables, each as text.
    fn content(&self, sandbox: &Sandbox) -> Vec<String> {
        let database = sandbox.database();
        self.tables.iter().flat_map(|table| database.content(table)).map(|row| format!("{row:?}")).collect()
    }

    fn row_count(&self, sandbox: &Sandbox) -> u64 {
        let database = sandbox.database();
        self.tables.iter().map(|table| database.count(table)).sum()
    }
}

#[test]
fn an_unknown_key_is_refused_and_the_nearest_is_named() {
    for line in shipped().chain([&EXAMPLE]) {
        let mut sandbox = line.start();
        let (misspelt, right) = line.misspelt;
        sandbox.home.set(&format!("{}.{misspelt}", line.name), "x");
        let outcome = sandbox.run(line.command).expect(4);
        assert!(outcome.stderr.contains(misspelt) && outcome.stderr.contains(right), "{}", outcome.stderr);
        assert!((line.server)(&sandbox).log().is_empty(), "something was sent");
    }
}

#[test]
fn migrations_apply_to_a_database_that_has_them() {
    const SCHEMA: &str = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name";
    for line in shipped().chain([&EXAMPLE]) {
        let sandbox = line.start();
        sandbox.run(line.command).expect(0);
        let first = sandbox.database().rows(SCHEMA);
        sandbox.run(line.command).expect(0);
        assert_eq!(sandbox.database().rows(SCHEMA), first);
        for table in line.tables {
            assert!(format!("{first:?}").contains(table), "{table}");
        }
    }
}

#[test]
fn the_second_pass_changes_nothing() {
    for line in every() {
        let sandbox = line.start();
        let first = sandbox.run(&format!("{} --json", line.command)).expect(0);
        assert!(first.count("new") > 0, "{}", first.stdout);
        let content = line.content(&sandbox);
        let second = sandbox.run(&format!("{} --json", line.command)).expect(0);
        for count in ["new", "updated", "deleted", "restored", "failed"] {
            assert_eq!(second.count(count), 0, "{count}");
        }
        assert_eq!(second.count("unchanged"), first.count("new"));
        assert_eq!(line.content(&sandbox), content);
        sandbox.run(&format!("{} --error-on-no-change", line.command)).expect(9);
        sandbox.database().assert_consistent();
    }
}

#[test]
fn dry_run_reports_changes_and_writes_nothing() {
    for line in every() {
        let sandbox = line.start();
        let dry = format!("{} --dry-run --json", line.command);
        let first = sandbox.run(&dry).expect(0);
        assert!(first.count("new") > 0);
        assert!(!sandbox.home.database().exists(), "a dry run made a database");

        let real = sandbox.run(&format!("{} --json", line.command)).expect(0);
        assert_eq!(first.count("new"), real.count("new"));
        (line.change)(&sandbox);
        let before = sandbox.database_bytes();
        let second = sandbox.run(&dry).expect(0);
        assert!(second.count("new") + second.count("updated") > 0);
        assert_eq!(second.count("updated"), sandbox.run(&dry).expect(0).count("updated"));
        assert!(sandbox.database_bytes() == before, "a dry run changed the database");
    }
}

#[test]
fn each_failure_has_its_exit_code_and_loses_no_row() {
    for line in every() {
        let sandbox = line.start();
        sandbox.run(line.command).expect(0);
        let content = line.content(&sandbox);
        for (fault, code) in line.failures {
            (line.server)(&sandbox).always(fault.clone());
            let outcome = sandbox.run(&format!("{} --force --json", line.command)).expect(*code);
            (line.server)(&sandbox).clear_faults();
            let document = outcome.json();
            assert_eq!(document["exit_code"], *code, "{fault:?}");
            assert!(document["problems"].as_array().is_some_and(|problems| !problems.is_empty()), "{document:#}");
            assert_eq!(line.content(&sandbox), content, "{fault:?}");
            sandbox.database().assert_consistent();
        }
        sandbox.run(&format!("{} --force", line.command)).expect(0);
    }
}

#[test]
fn next_pass_completes_a_pass_killed_before_any_request() {
    check_ended_by(Signal::KILL, None, "interrupted");
}

#[test]
fn next_pass_completes_a_pass_terminated_before_any_request() {
    check_ended_by(Signal::TERM, Some(143), "cancelled");
}

/// Ends a first pass by the signal while it waits for its first answer, for its second, and so on; the next pass has to
/// bring what an undisturbed one brings.
fn check_ended_by(signal: Signal, code: Option<i32>, status: &str) {
    for line in every() {
        let undisturbed = line.start();
        undisturbed.run(line.command).expect(0);
        let row_count = line.row_count(&undisturbed);
        let request_count = (line.server)(&undisturbed).log().len();
        // What differs between the lines of one upstream is not where a pass ends.
        let is_cloud = CLOUDS.iter().any(|cloud| std::ptr::eq(cloud, line));
        let ends = if is_cloud { request_count / 2..=request_count / 2 } else { 0..=request_count - 1 };
        for answered in ends {
            let sandbox = line.start();
            let server = (line.server)(&sandbox);
            server.add(Rule::on("/", Fault::Hold).after(u32::try_from(answered).expect("few requests")));
            let mut running = sandbox.spawn(line.command);
            running.await_requests(server, answered + 1);
            running.signal(signal);
            let outcome = running.wait();
            assert_eq!(outcome.code, code, "{outcome:?}");
            server.clear_faults();

            sandbox.run(line.command).expect(0);
            let database = sandbox.database();
            database.assert_consistent();
            let statuses: Vec<String> = database.records().into_iter().map(|record| record.status).collect();
            assert_eq!(statuses, [status, "success"], "after {answered} answers");
            assert_eq!(line.row_count(&sandbox), row_count, "after {answered} answers");
        }
    }
}
