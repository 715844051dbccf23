//! Personal data: kept, replaced by a keyed digest, or dropped, before anything is stored.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use xxhash_rust::xxh3::xxh3_64;

use crate::secret::Secret;
use crate::text::hex;
use crate::upstreams::digest::{MAX_DEPTH, Members, deeper};
use crate::upstreams::hmac::hmac_sha256;

/// The members that tell who a person is, wherever in a row they stand.
const PERSONAL: [&str; 2] = ["email", "customer_id"];

/// What the configuration says about personal data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    #[default]
    Keep,
    Hash,
    Drop,
}

/// How personal data is treated.
#[derive(Clone, Debug)]
pub enum Pii {
    Keep,
    /// HMAC-SHA256 under this key: equal values stay equal, nothing leads back.
    Hash(Secret),
    Drop,
}

impl Pii {
    /// Stands for this treatment in row digests: when it changes, every row counts as changed.
    pub fn seed(&self) -> u64 {
        match self {
            Self::Keep => 0,
            Self::Hash(key) => xxh3_64(keyed(key, "seed").as_bytes()) | 1,
            Self::Drop => 2,
        }
    }

    /// The row as it may be stored, or `None` where it may stay as it is.
    pub fn redact(&self, row: &str) -> Result<Option<String>, serde_json::Error> {
        if matches!(self, Self::Keep) {
            return Ok(None);
        }
        let mut redacted = String::with_capacity(row.len() + 128);
        self.copy(row, &mut redacted, MAX_DEPTH)?;
        Ok(Some(redacted))
    }

    fn copy(&self, json: &str, out: &mut String, levels: usize) -> Result<(), serde_json::Error> {
        match json.as_bytes().first() {
            Some(b'{') => {
                let members: Members<'_> = serde_json::from_str(json)?;
                out.push('{');
                for (index, (key, value)) in members.0.iter().enumerate() {
                    separate(index, out);
                    out.push_str(&serde_json::to_string(key)?);
                    out.push(':');
                    if PERSONAL.contains(&key.as_ref()) {
                        self.replace(value, out)?;
                    } else {
                        self.copy(value.get(), out, deeper(levels)?)?;
                    }
                }
                out.push('}');
            }
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(json)?;
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    separate(index, out);
                    self.copy(item.get(), out, deeper(levels)?)?;
                }
                out.push(']');
            }
            _ => out.push_str(json),
        }
        Ok(())
    }

    fn replace(&self, value: &RawValue, out: &mut String) -> Result<(), serde_json::Error> {
        match self {
            Self::Hash(key) if value.get() != "null" => {
                // A number and the text of the same digits are the same customer.
                let text = if value.get().starts_with('"') {
                    serde_json::from_str::<String>(value.get())?
                } else {
                    value.get().to_owned()
                };
                out.push('"');
                out.push_str(&keyed(key, &text));
                out.push('"');
            }
            Self::Keep | Self::Hash(_) | Self::Drop => out.push_str("null"),
        }
        Ok(())
    }
}

fn separate(index: usize, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
}

fn keyed(key: &Secret, text: &str) -> String {
    hex(&hmac_sha256(key.expose().as_bytes(), text))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Pii;
    use crate::mutate::mutated_json;
    use crate::secret::Secret;

    const ROW: &str = r#"{"id":"r1","email":"ann@example.org","customer_id":77,"x":[{"email":"bob@example.org","n":1.50}],"note":"é"}"#;

    #[test]
    fn kept_rows_stay_as_they_are() {
        assert_eq!(Pii::Keep.redact(ROW).unwrap(), None);
    }

    #[test]
    fn dropped_values_are_null_everywhere() {
        let expected = r#"{"id":"r1","email":null,"customer_id":null,"x":[{"email":null,"n":1.50}],"note":"é"}"#;
        assert_eq!(Pii::Drop.redact(ROW).unwrap().unwrap(), expected);
    }

    #[test]
    fn hashed_values_are_stable_under_one_key_and_different_under_another() {
        let one = Pii::Hash(Secret::new("key-number-one".into()));
        let other = Pii::Hash(Secret::new("key-number-two".into()));
        let redacted = one.redact(ROW).unwrap().unwrap();
        assert_eq!(redacted, one.redact(ROW).unwrap().unwrap());
        assert_ne!(redacted, other.redact(ROW).unwrap().unwrap());
        assert!(!redacted.contains("example.org") && !redacted.contains("77"), "{redacted}");
        // RFC 4231, test case 2.
        let known = Pii::Hash(Secret::new("Jefe".into())).redact(r#"{"email":"what do ya want for nothing?"}"#);
        assert_eq!(
            known.unwrap().unwrap(),
            r#"{"email":"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"}"#
        );
        assert_ne!(one.seed(), other.seed());
    }

    proptest! {
        #[test]
        fn whatever_else_a_row_holds_no_address_stays_in_it(row in mutated_json(&[ROW])) {
            for pii in [Pii::Drop, Pii::Hash(Secret::new("key".to_owned()))] {
                let redacted = pii.redact(&row.to_string()).unwrap().unwrap();
                prop_assert!(!redacted.contains("@example.org"), "{redacted}");
                prop_assert!(serde_json::from_str::<serde_json::Value>(&redacted).is_ok());
            }
        }
    }
}
