//! A compute instance as every provider's answer is normalised to.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{EnumIter, EnumString, IntoStaticStr, VariantNames};
use xxhash_rust::xxh3::xxh3_128_with_seed;

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

    /// Reads a provider's word for it, or our own. A word nobody has documented is [`Unknown`](Self::Unknown).
    pub fn parse(word: &str) -> Self {
        let word = word.to_ascii_lowercase();
        match word.as_str() {
            // A machine being destroyed still exists and still costs.
            "shutting-down" | "terminating" => Self::Stopping,
            // Tencent: isolated after stopping, waiting to be reclaimed.
            "shutdown" => Self::Stopped,
            "rebooting" => Self::Starting,
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

/// The fields whose changes are told. Lists are sets: their order and repetitions mean nothing.
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

/// How far the instance's own row in the listing tells its data disks.
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
    /// The last start, where the provider tells that instead of the creation.
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
    /// The provider's own row as JSON, with sorted keys; XML is told as JSON.
    pub raw: String,
    /// [`digest`] of that row. The data disks are no part of it unless the row carries them.
    pub content_hash: String,
}

/// Hex digest of a JSON value in which neither the order of keys nor that of lists counts.
pub fn digest(value: &Value) -> String {
    format!("{:032x}", hash(value))
}

/// Values of different kinds never look alike: each kind is hashed with a seed of its own.
fn hash(value: &Value) -> u128 {
    match value {
        Value::Null => xxh3_128_with_seed(b"", 0),
        Value::Bool(value) => xxh3_128_with_seed(&[u8::from(*value)], 1),
        Value::Number(number) => xxh3_128_with_seed(number.to_string().as_bytes(), 2),
        Value::String(text) => xxh3_128_with_seed(text.as_bytes(), 3),
        Value::Array(items) => hash_unordered(items.iter().map(hash).collect(), 4),
        Value::Object(fields) => {
            let field = |(name, value): (&String, &Value)| {
                let pair = [xxh3_128_with_seed(name.as_bytes(), 3), hash(value)];
                xxh3_128_with_seed(pair.map(u128::to_le_bytes).as_flattened(), 5)
            };
            hash_unordered(fields.iter().map(field).collect(), 6)
        }
    }
}

fn hash_unordered(mut parts: Vec<u128>, seed: u64) -> u128 {
    parts.sort_unstable();
    let bytes: Vec<[u8; 16]> = parts.into_iter().map(u128::to_le_bytes).collect();
    xxh3_128_with_seed(bytes.as_flattened(), seed)
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
