//! The platform's token between two runs: one file beside the database, for its owner alone.
//!
//! Not in the database: that one is for others to read, to copy and to hand on.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::config::Credentials;
use crate::secret::Secret;
use crate::text::hex;

/// Enough bytes to distinguish logins, too few to find a password by.
const LOGIN_BYTES: usize = 4;

/// Group and others.
const FOREIGN_BITS: u32 = 0o077;

/// Where the token of one login is stored.
#[derive(Clone, Debug)]
pub struct TokenFile {
    path: PathBuf,
    /// A token of another login is none.
    login: String,
}

#[derive(Deserialize)]
struct SavedToken {
    login: String,
    token: String,
}

impl TokenFile {
    /// `<database>.tasks-token`.
    pub fn beside(database: &Path, base_url: &str, credentials: &Credentials) -> Self {
        let mut path = OsString::from(database);
        path.push(".tasks-token");
        Self { path: path.into(), login: login(base_url, credentials) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The token; `None` where there is none of this login, or where others could have read or written it.
    pub fn load(&self) -> Option<Secret> {
        let mode = fs::metadata(&self.path).ok()?.permissions().mode();
        if mode & FOREIGN_BITS != 0 {
            return None;
        }
        let saved: SavedToken = serde_json::from_slice(&fs::read(&self.path).ok()?).ok()?;
        (saved.login == self.login && !saved.token.is_empty()).then(|| Secret::new(saved.token))
    }

    /// Replaces the file in one step.
    pub fn save(&self, token: &Secret) -> io::Result<()> {
        let mut path = self.path.clone().into_os_string();
        path.push(format!(".{}", std::process::id()));
        let path = PathBuf::from(path);
        // What a dead process of the same id left behind may have any mode.
        let _ = fs::remove_file(&path);
        let kept = json!({"login": self.login, "token": token.expose()}).to_string();
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        let written = file.write_all(kept.as_bytes()).and_then(|()| fs::rename(&path, &self.path));
        if written.is_err() {
            let _ = fs::remove_file(&path);
        }
        written
    }

    /// Forgets the token.
    pub fn delete(&self) {
        // A file that cannot be removed holds a token that the upstream refuses: it costs one request.
        let _ = fs::remove_file(&self.path);
    }
}

fn login(base_url: &str, credentials: &Credentials) -> String {
    let (username, secret) = match credentials {
        Credentials::Secret(secret) => ("", secret),
        Credentials::Password { username, password } => (username.as_str(), password),
    };
    let mut hasher = Sha256::new();
    for part in [base_url, username, secret.expose()] {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let digest = hasher.finalize();
    hex(&digest[..LOGIN_BYTES])
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::TokenFile;
    use crate::secret::Secret;
    use crate::upstreams::tasks::config::Credentials;

    fn login(secret: &str) -> Credentials {
        Credentials::Secret(Secret::new(secret.to_owned()))
    }

    #[test]
    fn a_token_is_kept_for_its_login_and_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("tongbu.db");
        let file = TokenFile::beside(&database, "https://one.example", &login("first-secret"));
        assert!(file.load().is_none());
        for token in ["first-token", "second-token"] {
            file.save(&Secret::new(token.to_owned())).unwrap();
            assert_eq!(file.load().unwrap().expose(), token);
        }
        assert_eq!(fs::metadata(file.path()).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(!fs::read_to_string(file.path()).unwrap().contains("first-secret"));

        for other in [
            TokenFile::beside(&database, "https://one.example", &login("other-secret")),
            TokenFile::beside(&database, "https://two.example", &login("first-secret")),
        ] {
            assert!(other.load().is_none());
        }
        fs::set_permissions(file.path(), fs::Permissions::from_mode(0o640)).unwrap();
        assert!(file.load().is_none());
        file.delete();
        assert!(!file.path().exists());
    }
}
