//! Accounts and targets beside one another: one whose credential is missing stops no other.

use serde_json::Value;

use crate::sandbox::{Ecs, Users};
use crate::support::{Outcome, Sandbox};

/// One credential of one account, and what has to come of a run without it.
struct Account {
    sync: &'static str,
    secret: &'static str,
    /// Its dotted key.
    key: &'static str,
    /// The scopes that fail, and one that does not.
    failed: &'static [&'static str],
    good: &'static str,
    /// Chooses the account, and all the others.
    only: &'static str,
    others: &'static str,
}

const ACCOUNTS: &[Account] = &[
    Account {
        sync: "fairing",
        secret: "shop-us",
        key: "fairing.accounts[1].token",
        failed: &["fairing/shop-us/questions", "fairing/shop-us/responses"],
        good: "fairing/shop-eu/responses",
        only: "--account shop-us",
        others: "--account shop-eu",
    },
    Account {
        sync: "ecs",
        secret: "prod-key",
        key: "ecs.accounts.prod.access_key_secret",
        failed: &["ecs/prod"],
        good: "ecs/game/ap-guangzhou",
        only: "--account prod",
        others: "--account game",
    },
    Account {
        sync: "users",
        secret: "unified-auth-token",
        key: "users.targets.unified-auth.auth.bearer",
        failed: &["users/target/unified-auth"],
        good: "users/deliver",
        only: "--target unified-auth",
        others: "--target user-service",
    },
];

/// The scopes that failed as *config*, sorted, and whether this one succeeded.
fn scopes(outcome: &Outcome, good: &str) -> (Vec<String>, bool) {
    let document = outcome.json();
    let scopes = document["scopes"].as_array().expect("scopes").clone();
    let named = |scope: &Value| scope["scope"].as_str().expect("a name").to_owned();
    let failed = scopes.iter().filter(|scope| scope["error"]["class"] == "config").map(named);
    let mut failed: Vec<String> = failed.collect();
    failed.sort();
    (failed, scopes.iter().any(|scope| scope["scope"] == good && scope["status"] == "success"))
}

#[test]
fn account_without_its_credential_fails_alone() {
    for Account { sync, secret, key, failed, good, only, others } in ACCOUNTS {
        let sandbox = Sandbox::small();
        sandbox.spawn_fed("users emit - --json", "{\"type\":\"user.created\",\"user_id\":1}\n").wait().expect(0);
        let path = sandbox.home.path().join(format!("{secret}.secret"));
        for is_missing in [false, true] {
            if is_missing {
                std::fs::remove_file(&path).expect("the credential can be removed");
            } else {
                sandbox.home.secret(secret, "\n");
            }
            let outcome = sandbox.run(&format!("sync {sync} --force --json")).expect(3);
            let expected = failed.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(scopes(&outcome, good), (expected, true), "{}", outcome.stdout);
            assert!(outcome.stdout.contains(key), "{}", outcome.stdout);

            let checked = sandbox.run("config check").expect(4);
            assert!(checked.said().contains(key), "{}", checked.said());
            let doctor = sandbox.run("doctor --json").expect(4);
            assert!(doctor.stdout.contains(key), "{}", doctor.stdout);
        }
        sandbox.run(&format!("sync {sync} --force {only}")).expect(4);
        sandbox.run(&format!("sync {sync} --force {others}")).expect(0);
    }
}

#[test]
fn nothing_is_sent_where_no_account_has_its_credential() {
    let sandbox = Sandbox::small();
    for secret in ["shop-eu", "shop-us", "prod-id", "game-key"] {
        sandbox.home.secret(secret, "");
    }
    for sync in ["fairing", "ecs"] {
        let outcome = sandbox.run(&format!("sync {sync}")).expect(4);
        assert!(outcome.stderr.contains(&format!("`{sync}.accounts")), "{}", outcome.stderr);
    }
    assert_eq!((sandbox.fairing.server().count("/"), sandbox.ecs.server().count("/")), (0, 0));
}

#[test]
fn one_rule_refuses_bad_names_everywhere() {
    for (section, list) in [("fairing", "accounts"), ("ecs", "accounts"), ("users", "targets")] {
        let mut sandbox = Sandbox::small();
        let config: toml::Table = sandbox.home.config_text().parse().expect("the configuration is TOML");
        let entries = config[section][list].as_array().expect("a list").clone();
        let first = entries[0]["name"].as_str().expect("a name");
        let duplicate = format!("duplicate name `{first}`");
        for (name, reason) in [
            ("", "must not be empty"),
            ("a/b", "must not hold a `/`"),
            ("a\u{1b}[2J", "must not hold control or invisible characters"),
            (" a", "must not begin or end with a blank"),
            (first, duplicate.as_str()),
        ] {
            let mut entries = entries.clone();
            entries[1].as_table_mut().expect("a table").insert("name".to_owned(), name.into());
            sandbox.home.set(&format!("{section}.{list}"), entries);
            for command in [format!("sync {section}"), "config check".to_owned()] {
                let said = sandbox.run(&command).expect(4).said();
                let key = format!("`{section}.{list}[1].name`: {reason}");
                assert!(said.contains(&key), "`{key}` is not in: {said}");
            }
        }
    }
}

#[test]
fn unknown_account_is_a_usage_error_that_names_the_nearest() {
    let sandbox = Sandbox::small();
    for (command, nearest) in [
        ("sync fairing --account shop-eo", "shop-eu"),
        ("sync ecs --account prodd", Ecs::ALIYUN),
        ("sync users --target unified-aut", Users::AUTH),
        ("check users --target unified-aut", Users::AUTH),
    ] {
        let outcome = sandbox.run(command).expect(2);
        assert!(outcome.stderr.contains(&format!("did you mean `{nearest}`?")), "{}", outcome.stderr);
    }
}
