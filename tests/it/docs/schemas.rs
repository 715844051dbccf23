//! Every JSON document in a snapshot matches exactly one of the published schemas.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::{in_repository, tongbu};
use crate::support::run_python;

const VALIDATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/schemas.py");

/// The published schemas.
fn schemas() -> Value {
    let home = tempfile::tempdir().expect("a temporary directory");
    let output = tongbu(home.path()).args(["generate", "schema"]).output().expect("tongbu starts");
    serde_json::from_slice(&output.stdout).expect("the schemas are JSON")
}

/// The validation errors of the documents, by name.
fn errors(documents: &BTreeMap<String, Value>) -> BTreeMap<String, Vec<String>> {
    let request = json!({"schemas": schemas(), "documents": documents});
    serde_json::from_str(&run_python(&[VALIDATE], &request.to_string())).expect("the answer is JSON")
}

/// The document at the end of each snapshot below the directory, by the snapshot's name.
fn collect_documents(directory: &Path, documents: &mut BTreeMap<String, Value>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect_documents(&path, documents);
        } else if path.extension().is_some_and(|extension| extension == "snap") {
            let text = fs::read_to_string(&path).expect("a snapshot");
            if let Some((_, document)) = text.split_once("== JSON\n") {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                documents.insert(name, serde_json::from_str(document).expect("a document"));
            }
        }
    }
}

#[test]
fn every_json_snapshot_matches_exactly_one_schema() {
    let mut documents = BTreeMap::new();
    collect_documents(&in_repository("src"), &mut documents);
    assert!(documents.len() > 30, "{} documents", documents.len());
    // The snapshot of a command that makes a pass has its own part only; the program adds the pass.
    let pass = documents.values().find(|document| document["schema"] == "tongbu.sync/1").cloned();
    for document in documents.values_mut().filter(|document| document["schema"] == "tongbu.check-users/1") {
        document["run"] = pass.clone().expect("a pass");
    }
    assert_eq!(errors(&documents), BTreeMap::new());
}

#[test]
fn invalid_documents_match_no_schema() {
    let wrong = [
        json!({"schema": "tongbu.locks/1"}),
        json!({"schema": "tongbu.locks/2", "locks": []}),
        json!({"schema": "tongbu.records-read/1", "read": -1}),
        // A command that makes a pass answers with the pass, too.
        json!({"schema": "tongbu.check-users/1", "targets": [], "findings": []}),
    ];
    let documents: BTreeMap<_, _> = wrong.into_iter().map(|document| (document.to_string(), document)).collect();
    let found = errors(&documents);
    assert_eq!(found.keys().collect::<Vec<_>>(), documents.keys().collect::<Vec<_>>());
}
