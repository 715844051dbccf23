//! `-q`: every run that is no success says on stderr what failed; a success says nothing.

use crate::lifecycle::{LOCK, ONE};
use crate::sandbox::fairing::Kind;
use crate::sandbox::{Fault, Rule, Users};
use crate::support::{Outcome, Sandbox};

/// What cron would mail of a run: nothing on stdout, and these words on stderr with the record's number.
#[track_caller]
fn check_mail(sandbox: &Sandbox, outcome: Outcome, code: i32, words: &[&str]) {
    let outcome = outcome.expect(code);
    assert_eq!(outcome.stdout, "");
    let record: i64 = sandbox.database().value("SELECT MAX(id) FROM sync_records");
    let shown = format!("`tongbu records show {record}`");
    for word in words.iter().copied().chain(["error: ", &shown]) {
        assert!(outcome.stderr.contains(word), "`{word}` is not in:\n{}", outcome.stderr);
    }
    assert!(!outcome.stderr.contains(" ID`"), "{}", outcome.stderr);
    sandbox.run(&format!("records show {record}")).expect(0);
}

#[test]
fn totals_that_differ_are_mailed() {
    let sandbox = Sandbox::small();
    sandbox.tasks.style(|style| style.total_offset = 1);
    let outcome = sandbox.run("sync tasks --window historical -q");
    check_mail(&sandbox, outcome, 3, &["tasks/historical", "contract", "exit 3"]);
}

#[test]
fn hint_names_the_run_by_its_number() {
    let sandbox = Sandbox::small();
    sandbox.run("sync tasks --window historical").expect(0);
    sandbox.tasks.server().add(Rule::on("/", Fault::html()));
    let outcome = sandbox.run("sync tasks --window historical --force -q");
    check_mail(&sandbox, outcome, 7, &["contract", "hint: look at the run with `tongbu records show 2`"]);
}

#[test]
fn rows_that_cannot_be_read_are_mailed() {
    let sandbox = Sandbox::small();
    sandbox.tasks.change(|tasks| tasks[2].name = 7.into());
    let outcome = sandbox.run("sync tasks --window historical -q");
    check_mail(&sandbox, outcome, 3, &["tasks/historical", "contract", "20002"]);
}

#[test]
fn dead_letters_are_mailed_run_after_run() {
    let sandbox = Sandbox::small();
    sandbox.users.refuse_user(Users::SERVICE, 2, 422);
    sandbox.create_users(1..=3);
    for _ in 0..2 {
        let outcome = sandbox.run("sync users -q");
        check_mail(
            &sandbox,
            outcome,
            3,
            &["users/deliver", "target `user-service` has ", "dead letter", "tongbu users events list --state dead"],
        );
    }
}

#[test]
fn target_that_is_down_is_mailed() {
    let sandbox = Sandbox::small();
    sandbox.users.server().add(Rule::on("/users/unified-auth", Fault::Status(503)));
    sandbox.create_users(1..=3);
    let outcome = sandbox.run("sync users -q");
    check_mail(&sandbox, outcome, 3, &["users/deliver", "unavailable", "target `unified-auth`", "hint: "]);
}

#[test]
fn block_is_mailed_with_the_film() {
    let sandbox = Sandbox::small();
    sandbox.douban.server().add(Rule::on("/subject/", Fault::throttled("60")));
    let outcome = sandbox.run("sync douban -q");
    check_mail(&sandbox, outcome, 3, &["douban/movies", "contract", "blocked by the upstream"]);
}

#[test]
fn differences_of_a_check_are_mailed() {
    let sandbox = Sandbox::small();
    sandbox.create_users(1..=3);
    sandbox.run("sync users").expect(0);
    sandbox.users.ledger(|ledger| ledger.target(Users::SERVICE).set_user(2, None));
    let outcome = sandbox.run("check users -q");
    check_mail(&sandbox, outcome, 3, &["users/check", "user-service", "check users --repair"]);
}

#[test]
fn every_failed_scope_is_mailed_with_its_reason_and_hint() {
    let sandbox = Sandbox::small();
    sandbox.fairing.server().add(Rule::on("/", Fault::Status(401)));
    let outcome = sandbox.run("sync fairing -q");
    let words = ["fairing/shop-eu/questions", "fairing/shop-eu/responses", "fairing/shop-us/questions"];
    check_mail(
        &sandbox,
        outcome,
        6,
        &[&words[..], &["auth", "401 Unauthorized", "credential: file `", "hint: "]].concat(),
    );

    sandbox.fairing.server().clear_faults();
    sandbox.ecs.server().always(Fault::Status(503));
    let outcome = sandbox.run("sync ecs -q");
    check_mail(&sandbox, outcome, 5, &["ecs/prod", "ecs/game", "unavailable", "hint: "]);
}

#[test]
fn one_bad_pass_among_all_is_mailed_alone() {
    let sandbox = Sandbox::small();
    sandbox.tasks.style(|style| style.total_offset = 1);
    let outcome = sandbox.run("sync all -q").expect(3);
    assert_eq!(outcome.stdout, "");
    for window in ["historical", "today"] {
        assert!(outcome.stderr.contains(&format!("error: tasks/{window}: ")), "{}", outcome.stderr);
    }
    assert_eq!(outcome.stderr.matches("error: ").count(), 2, "{}", outcome.stderr);
    assert_eq!(outcome.stderr.matches("tongbu records show").count(), 2, "{}", outcome.stderr);
}

#[test]
fn withheld_deletions_are_mailed() {
    let sandbox = Sandbox::small();
    sandbox.run(ONE).expect(0);
    sandbox.fairing.change("shop-eu", Kind::Responses, |set| set.delete(0..140));
    let outcome = sandbox.run(&format!("{ONE} -q"));
    check_mail(&sandbox, outcome, 8, &[LOCK, "guard", "--accept-deletes"]);
}

#[test]
fn deadline_is_mailed() {
    let sandbox = Sandbox::small();
    sandbox.fairing.server().always(Fault::Hold);
    let outcome = sandbox.run(&format!("{ONE} --max-runtime 1s -q"));
    check_mail(&sandbox, outcome, 10, &["deadline", "`--max-runtime 1s` reached", "hint: "]);
}

#[test]
fn lock_conflict_is_mailed_with_its_holder() {
    let sandbox = Sandbox::small();
    let held = sandbox.spawn_held(ONE);
    let outcome = sandbox.run(&format!("{ONE} -q"));
    check_mail(&sandbox, outcome, 11, &[LOCK, "busy", "pid ", "tongbu locks list"]);
    sandbox.fairing.server().clear_faults();
    held.wait().expect(0);
}

#[test]
fn good_runs_mail_nothing() {
    let sandbox = Sandbox::small();
    assert_eq!(sandbox.run("sync all -q").expect(0).said(), "");
    assert_eq!(sandbox.run("sync all -q").expect(0).said(), "");
    assert_eq!(sandbox.run("check users -q").expect(0).said(), "");
}

#[test]
fn warning_is_mailed_even_where_the_run_succeeded() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("monitor.metrics_file", "/proc/none/tongbu.prom");
    sandbox.home.set("monitor.ping_url", sandbox.home.secret("ping", "http://127.0.0.1:1/x"));
    let outcome = sandbox.run("sync fairing -q").expect(0);
    assert_eq!(outcome.stdout, "");
    for warning in ["warning: cannot write the metrics", "warning: cannot ping `monitor.ping_url`"] {
        assert!(outcome.stderr.contains(warning), "{}", outcome.stderr);
    }
    assert!(outcome.stderr.lines().all(|line| !line.starts_with("error: ")), "{}", outcome.stderr);
}

#[test]
fn refused_configuration_check_says_what_is_wrong_though_quiet() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("fairing.page_size", 0);
    assert!(sandbox.run("config check -q").expect(4).said().contains("page_size"));
}

#[test]
fn database_that_cannot_be_used_is_mailed_once_for_all_syncs() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("database", sandbox.home.path().display().to_string());
    let outcome = sandbox.run("sync all -q").expect(12);
    assert_eq!(outcome.stderr.matches("as the database").count(), 1, "{}", outcome.stderr);
    assert_eq!(outcome.stderr.matches("hint: ").count(), 1, "{}", outcome.stderr);
    for sync in ["fairing", "douban", "tasks/historical", "tasks/today", "ecs", "users"] {
        assert!(outcome.stderr.contains(&format!("error: {sync}: failed (database, exit 12)\n")), "{}", outcome.stderr);
    }
}

#[test]
fn run_that_changed_nothing_says_so() {
    let sandbox = Sandbox::small();
    sandbox.run("sync tasks --window historical").expect(0);
    let outcome = sandbox.run("sync tasks --window historical --force --error-on-no-change -q");
    check_mail(&sandbox, outcome, 9, &["error: tasks/historical: nothing changed (unchanged, exit 9)"]);
}

#[test]
fn status_is_quiet_unless_something_is_stale() {
    let sandbox = Sandbox::small();
    sandbox.run("sync tasks --window today").expect(0);
    assert_eq!(sandbox.run("status -q").expect(0).said(), "");
    assert_eq!(sandbox.run("status -q --max-age today=1h").expect(0).said(), "");
    let outcome = sandbox.run("status -q --max-age fairing=1h --max-age today=1h").expect(14);
    assert_eq!(outcome.stdout, "");
    assert!(outcome.stderr.contains("fairing") && !outcome.stderr.contains("today"), "{}", outcome.stderr);
    assert!(sandbox.run("status --max-age fairing=1h").expect(14).stdout.contains("today"));
}

#[test]
fn rejected_target_names_its_credential() {
    let sandbox = Sandbox::small();
    let file = format!("; credential: file `{}", sandbox.home.path().join("unified-auth-token.secret").display());
    sandbox.create_users(1..=2);
    sandbox.run("sync users").expect(0);
    sandbox.users.server().always(Fault::Status(401));
    let outcome = sandbox.run("check users -q");
    check_mail(&sandbox, outcome, 6, &["cannot check target `unified-auth`", &file]);
    sandbox.users.server().clear_faults();
    sandbox.home.secret("unified-auth-token", "no such token");
    sandbox.create_users(3..=4);
    let outcome = sandbox.run("sync users -q");
    check_mail(&sandbox, outcome, 3, &["auth", "target `unified-auth`", &file]);
    let outcome = sandbox.run("sync users --target unified-auth -q");
    check_mail(&sandbox, outcome, 6, &["cannot deliver to `unified-auth`", &file]);
}
