//! References to secrets: where a credential is, never the credential itself.

use std::fmt;
use std::path::PathBuf;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize as DeriveDeserialize, Serialize};
use url::Url;

/// What a reference looks like, for messages about anything else.
const EXAMPLE: &str = "a reference such as { env = \"NAME\" }, { file = \"path\" }, { command = \"program arg\" } or \
                       { credential = \"name\" }";

/// Where a credential is found.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum SecretRef {
    /// The environment variable of that name.
    Env(String),
    /// The content of that file, which nobody but its owner may read.
    File(PathBuf),
    /// The first line that command prints.
    Command(String),
    /// The systemd credential of that name.
    Credential(String),
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env `{name}`"),
            Self::File(path) => write!(f, "file `{}`", path.display()),
            Self::Command(line) => write!(f, "command `{line}`"),
            Self::Credential(name) => write!(f, "credential `{name}`"),
        }
    }
}

/// An address in plain text, as long as it holds no password; else a reference.
#[derive(Clone, Debug, Serialize, PartialEq, Eq)]
#[serde(untagged)]
pub enum SecretOrPlain {
    Plain(String),
    Reference(SecretRef),
}

/// The one key of a reference.
#[derive(DeriveDeserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Kind {
    Env,
    File,
    Command,
    Credential,
}

impl<'de> Deserialize<'de> for SecretRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ReferenceVisitor)
    }
}

impl<'de> Deserialize<'de> for SecretOrPlain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AddressVisitor)
    }
}

struct ReferenceVisitor;

impl<'de> Visitor<'de> for ReferenceVisitor {
    type Value = SecretRef;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXAMPLE)
    }

    /// The text is most likely the secret itself: the error must not carry it.
    fn visit_str<E: Error>(self, _: &str) -> Result<SecretRef, E> {
        Err(E::custom(format!("must be {EXAMPLE}, never the secret itself")))
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<SecretRef, M::Error> {
        let Some(kind) = map.next_key::<Kind>()? else {
            return Err(M::Error::custom(format!("must be {EXAMPLE}")));
        };
        let place: String = map.next_value()?;
        if map.next_key::<Kind>()?.is_some() {
            return Err(M::Error::custom("must name one place only: env, file, command or credential"));
        }
        if place.trim().is_empty() {
            return Err(M::Error::custom("must not refer to an empty name"));
        }
        Ok(match kind {
            Kind::Env => SecretRef::Env(place),
            Kind::File => SecretRef::File(place.into()),
            Kind::Command => SecretRef::Command(place),
            Kind::Credential => SecretRef::Credential(place),
        })
    }
}

struct AddressVisitor;

impl<'de> Visitor<'de> for AddressVisitor {
    type Value = SecretOrPlain;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an address without a password, or {EXAMPLE}")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SecretOrPlain, E> {
        match Url::parse(text) {
            Ok(address) if address.password().is_none() => Ok(SecretOrPlain::Plain(text.to_owned())),
            Ok(_) => Err(E::custom(format!("holds a password: write {EXAMPLE} instead"))),
            Err(_) => Err(E::custom(format!("must be an address such as \"https://host/path\", or {EXAMPLE}"))),
        }
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<SecretOrPlain, M::Error> {
        SecretRef::deserialize(MapAccessDeserializer::new(map)).map(SecretOrPlain::Reference)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, json};

    use super::{SecretOrPlain, SecretRef};

    fn check(written: &Value, expected: Result<SecretRef, &str>) {
        let read = SecretRef::deserialize(written).map_err(|error| error.to_string());
        match (read, expected) {
            (Ok(read), Ok(expected)) => {
                assert_eq!(read, expected);
                assert_eq!(serde_json::to_value(read).unwrap(), *written);
            }
            (Err(error), Err(part)) => assert!(error.contains(part) && !error.contains("hunter2"), "{error}"),
            (read, expected) => panic!("{written}: {read:?}, not {expected:?}"),
        }
    }

    #[test]
    fn reference_has_exactly_one_key() {
        check(&json!({"env": "A"}), Ok(SecretRef::Env("A".to_owned())));
        check(&json!({"file": "/a"}), Ok(SecretRef::File("/a".into())));
        check(&json!({"command": "pass show a"}), Ok(SecretRef::Command("pass show a".to_owned())));
        check(&json!({"credential": "a"}), Ok(SecretRef::Credential("a".to_owned())));
        check(&json!({"env": "A", "file": "/a"}), Err("one place only"));
        check(&json!({"envv": "A"}), Err("unknown field `envv`"));
        check(&json!({}), Err("must be a reference such as { env = \"NAME\" }"));
        check(&json!({"env": " "}), Err("empty name"));
    }

    #[test]
    fn plain_secret_is_refused_and_not_quoted() {
        check(&json!("hunter2"), Err("must be a reference such as { env = \"NAME\" }"));
    }

    #[test]
    fn plain_address_must_not_hold_a_password() {
        let read = |written: Value| serde_json::from_value::<SecretOrPlain>(written).map_err(|error| error.to_string());
        let plain = "redis://localhost:6379";
        assert_eq!(read(json!(plain)), Ok(SecretOrPlain::Plain(plain.to_owned())));
        assert_eq!(read(json!({"env": "A"})), Ok(SecretOrPlain::Reference(SecretRef::Env("A".to_owned()))));
        for refused in ["redis://:hunter2@localhost", "hunter2"] {
            let error = read(json!(refused)).unwrap_err();
            assert!(error.contains("{ env = \"NAME\" }") && !error.contains("hunter2"), "{error}");
        }
    }
}
