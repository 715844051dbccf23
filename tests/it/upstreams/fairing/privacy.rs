//! Personal data and credentials.

use std::fs;

use super::EU;
use crate::sandbox::Fault;
use crate::support::Sandbox;

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[test]
fn personal_data_is_kept_by_default() {
    let sandbox = Sandbox::small();
    sandbox.pass("").expect(0);
    let bytes = sandbox.database_bytes();
    assert!(contains(&bytes, "@mail.example") && contains(&bytes, "cust-00000"));
}

#[test]
fn personal_data_that_is_dropped_or_hashed_is_nowhere_in_the_database() {
    for way in ["drop", "hash"] {
        let mut sandbox = Sandbox::small();
        let key = sandbox.home.secret("pii", "a key of some length");
        sandbox.home.set("fairing.pii", way);
        sandbox.home.set("fairing.pii_key", key);
        sandbox.pass("").expect(0);
        let bytes = sandbox.database_bytes();
        assert!(!contains(&bytes, "@mail.example") && !contains(&bytes, "cust-00000"), "{way}");
        let known = sandbox.database().count("fairing_responses WHERE email IS NOT NULL");
        assert_eq!(known > 0, way == "hash", "{way}: {known}");
        let distinct =
            sandbox.database().count("(SELECT DISTINCT email FROM fairing_responses WHERE email IS NOT NULL)");
        assert!(way == "drop" || distinct > 100, "the same address, the same hash; another, another");
        assert_eq!(sandbox.pass("").expect(0).count("updated"), 0);
    }
}

#[test]
fn hashing_without_a_key_is_a_configuration_error() {
    let mut sandbox = Sandbox::small();
    sandbox.home.set("fairing.pii", "hash");
    let outcome = sandbox.run("sync fairing").expect(4);
    assert!(outcome.stderr.contains("pii_key"), "{}", outcome.stderr);
    assert_eq!(sandbox.fairing.server().count("/"), 0);
}

#[test]
fn a_token_is_in_no_output_no_log_and_no_database() {
    let sandbox = Sandbox::small();
    let token = sandbox.fairing.token(EU);
    let mut said = String::new();
    for fault in [None, Some(Fault::Status(401)), Some(Fault::Status(500)), Some(Fault::html())] {
        if let Some(fault) = fault {
            sandbox.fairing.server().always(fault);
        }
        said.push_str(&sandbox.run("sync fairing -vv --log-file tongbu.jsonl").said());
        said.push_str(&sandbox.run("sync fairing --json --force").said());
        sandbox.fairing.server().clear_faults();
    }
    for command in ["config show", "config check", "doctor", "records list --json", "records show 2 --log"] {
        said.push_str(&sandbox.run(command).said());
    }
    assert!(!said.contains(&token), "{said}");
    assert!(!contains(&sandbox.database_bytes(), &token));
    let logs: Vec<_> = fs::read_dir(sandbox.home.path()).expect("the home").flatten().collect();
    // The day stands somewhere in the name.
    let logs = logs.iter().filter(|entry| entry.file_name().to_string_lossy().contains(".jsonl"));
    let texts: Vec<Vec<u8>> = logs.map(|entry| fs::read(entry.path()).expect("a log")).collect();
    assert!(!texts.is_empty(), "no log was written");
    assert!(texts.iter().all(|text| !contains(text, &token)));
}
