//! A compute instance as every provider's answer is normalised to.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{EnumIter, EnumString, IntoStaticStr, VariantNames};

use crate::upstreams::digest::{Digest, of_bytes};
use crate::upstreams::mirror::Identified;

/// What the provider calls the instance; unique in its region.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(pub String);

impl InstanceId {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for InstanceId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

/// The state of an instance, the same words for every provider.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, EnumIter, EnumString, IntoStaticStr, VariantNames,
)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Status {
    Pending,
    Running,
    Starting,
    Stopping,
    Stopped,
    /// Alive, while its size, version or place changes.
    Changing,
    /// Alive, and refuses to serve: arrears, expiry, a full disk.
    Locked,
    /// Gone for good; the row is about to leave the provider's answers.
    Terminated,
    #[default]
    Unknown,
}

impl Status {
    /// The word in the database, in tables and in JSON.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }

    /// Whether another one will follow soon.
    pub const fn is_moving(self) -> bool {
        matches!(self, Self::Pending | Self::Starting | Self::Stopping | Self::Changing)
    }

    /// Reads a provider's word for it, or our own. A word nobody has documented is [`Unknown`](Self::Unknown).
    pub fn parse(word: &str) -> Self {
        let word = word.to_ascii_lowercase();
        match word.as_str() {
            // A machine being destroyed still exists and still costs.
            "shutting-down" | "terminating" => Self::Stopping,
            // Tencent: isolated after stopping, waiting to be reclaimed. The other words are those of Huawei Cloud and of
            // Volcengine.
            "shutdown" | "shutoff" | "paused" | "suspended" | "shelved" | "shelved_offloaded" => Self::Stopped,
            "build" | "creating" => Self::Pending,
            "active" | "resize" | "verify_resize" | "revert_resize" | "migrating" | "resizing" => Self::Running,
            "rebooting" | "rebuilding" | "reboot" | "hard_reboot" | "rebuild" => Self::Starting,
            "deleted" | "soft_deleted" | "deleting" => Self::Terminated,
            word => word.parse().unwrap_or_default(),
        }
    }
}

/// A disk beside the system disk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Disk {
    pub id: String,
    pub size_gib: Option<i64>,
    pub category: Option<String>,
    pub device: Option<String>,
}

/// A label the account's people gave the instance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Tag {
    /// Empty where the provider left it out.
    pub key: String,
    pub value: String,
}

/// The fields whose changes are recorded. Lists are sets: their order and repetitions mean nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    pub status: Status,
    pub name: Option<String>,
    pub public_ip: Option<String>,
    pub private_ip: Option<String>,
    pub instance_type: Option<String>,
    pub security_groups: BTreeSet<String>,
    pub data_disks: BTreeSet<Disk>,
    pub tags: BTreeSet<Tag>,
}

/// How much the instance's own row in the listing says of its data disks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DisksKnown {
    /// Not at all: they are listed elsewhere.
    #[default]
    No,
    /// Which they are, but not how large.
    Named,
    /// Everything.
    Fully,
}

/// What is stored beside the compared fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    pub host_name: Option<String>,
    pub description: Option<String>,
    pub zone: Option<String>,
    pub instance_type_family: Option<String>,
    pub cpu_count: Option<i64>,
    pub memory_mib: Option<i64>,
    pub os_name: Option<String>,
    pub os_type: Option<String>,
    pub image_id: Option<String>,
    pub network_type: Option<String>,
    pub vpc_id: Option<String>,
    pub subnet_id: Option<String>,
    /// A public address that outlives the instance.
    pub elastic_ip: Option<String>,
    pub charge_type: Option<String>,
    pub stopped_mode: Option<String>,
    pub key_name: Option<String>,
    pub root_device: Option<String>,
    pub created_at: Option<Timestamp>,
    /// The last start, where the provider gives that instead of the creation.
    pub launched_at: Option<Timestamp>,
    pub expired_at: Option<Timestamp>,
}

/// One row of a provider's listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    pub id: InstanceId,
    pub compared: Compared,
    pub disks_known: DisksKnown,
    pub details: Details,
    /// The provider's own row as JSON, with sorted keys; XML becomes JSON.
    pub raw: String,
    /// [`digest`] of that row. The data disks are no part of it unless the row carries them.
    pub content_hash: Digest,
}

impl Identified for Instance {
    fn id(&self) -> &str {
        self.id.as_str()
    }
}

/// A type of instances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeSpec {
    pub instance_type: String,
    pub cpu_count: Option<i64>,
    pub memory_mib: Option<i64>,
}

impl Identified for TypeSpec {
    fn id(&self) -> &str {
        &self.instance_type
    }
}

/// The digest of a JSON value in which neither the order of keys nor that of lists counts.
pub fn digest(value: &Value) -> Digest {
    of_bytes(sorted(value).to_string().as_bytes(), 0)
}

/// The value with sorted lists; keys of objects are sorted anyway.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(sorted).collect();
            items.sort_by_cached_key(Value::to_string);
            items.into()
        }
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), sorted(value))).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use strum::IntoEnumIterator;

    use super::{Status, digest};

    #[test]
    fn every_word_of_every_provider_is_normalised() {
        for (word, expected) in [
            ("Pending", Status::Pending),
            ("Running", Status::Running),
            ("Starting", Status::Starting),
            ("Stopping", Status::Stopping),
            ("Stopped", Status::Stopped),
            ("shutting-down", Status::Stopping),
            ("terminated", Status::Terminated),
            ("REBOOTING", Status::Starting),
            ("SHUTDOWN", Status::Stopped),
            ("TERMINATING", Status::Stopping),
            ("LAUNCH_FAILED", Status::Unknown),
            ("RESIZING", Status::Running),
            ("DELETING", Status::Terminated),
            ("ACTIVE", Status::Running),
            ("HARD_REBOOT", Status::Starting),
            ("SHELVED_OFFLOADED", Status::Stopped),
            ("SOFT_DELETED", Status::Terminated),
            ("ERROR", Status::Unknown),
            ("", Status::Unknown),
        ] {
            assert_eq!(Status::parse(word), expected, "{word}");
        }
        for status in Status::iter() {
            assert_eq!(Status::parse(status.name()), status);
        }
    }

    #[test]
    fn the_digest_ignores_order_and_sees_every_value() {
        let row = json!({"a": [{"k": 1}, {"k": 2}], "b": {"c": "x", "d": null}});
        assert_eq!(digest(&row), digest(&json!({"b": {"d": null, "c": "x"}, "a": [{"k": 2}, {"k": 1}]})));
        for other in [
            json!({"a": [{"k": 1}, {"k": 3}], "b": {"c": "x", "d": null}}),
            json!({"a": [{"k": 1}], "b": {"c": "x", "d": null}}),
            json!({"a": [{"k": 1}, {"k": 2}], "b": {"c": "x", "d": ""}}),
            json!({"a": [{"k": 1}, {"k": 2}], "b": {"c": "x"}}),
            json!({"a": ["{\"k\":1}", {"k": 2}], "b": {"c": "x", "d": null}}),
        ] {
            assert_ne!(digest(&row), digest(&other), "{other}");
        }
    }
}
