//! References to secrets: where a credential is, never the credential itself.

use std::path::PathBuf;

use serde::Deserialize;

use super::Error;
use crate::secret::Secret;

/// Where a credential is found.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum SecretRef {
    Env(String),
    File(PathBuf),
    Command(String),
    Credential(String),
}

impl SecretRef {
    /// Fetches the credential; `key` is the dotted path of the setting, for the error.
    pub fn resolve(&self, _key: &str) -> Result<Secret, Error> {
        unimplemented!()
    }
}
