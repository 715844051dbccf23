//! Compares a user here with the same user at a target.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use strum::{EnumString, IntoStaticStr};

use super::user::{Field, User, plain};

/// How a target's data about a user differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr)]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Difference {
    /// The target does not have the user.
    Missing,
    /// It has other values.
    Different,
    /// It has a user who is deleted or unknown here.
    #[strum(serialize = "surplus")]
    Extra,
}

impl Difference {
    /// The name used in JSON and in the database.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

/// A field that has another value at the target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FieldDifference {
    pub field: String,
    pub here: Option<String>,
    pub there: Option<String>,
}

/// The difference, if there is one, and of two that differ the fields. `here` and `there` are `None` where there is no
/// such user.
pub fn compare(here: Option<&User>, there: Option<&Value>) -> Option<(Difference, Vec<FieldDifference>)> {
    match (here, there) {
        (None, None) => None,
        (Some(_), None) => Some((Difference::Missing, Vec::new())),
        (None, Some(_)) => Some((Difference::Extra, Vec::new())),
        (Some(user), Some(answer)) => {
            let fields = differing(user, unwrap(answer));
            (!fields.is_empty()).then_some((Difference::Different, fields))
        }
    }
}

/// Services answer with the user, or with an object around it.
fn unwrap(answer: &Value) -> &Value {
    let inner = ["data", "user"].iter().find_map(|key| answer.get(key).filter(|inner| inner.is_object()));
    match inner {
        Some(inner) if !is_user(answer) => unwrap(inner),
        Some(_) | None => answer,
    }
}

fn is_user(answer: &Value) -> bool {
    Field::COMPARED.iter().any(|field| answer.get(field.name()).is_some())
}

fn differing(user: &User, answer: &Value) -> Vec<FieldDifference> {
    let difference = |field: Field| {
        let (here, there) = (user.value(field).map(str::to_owned), answer.get(field.name()).and_then(plain));
        let is_same = here.as_deref().unwrap_or_default() == there.as_deref().unwrap_or_default();
        (!is_same).then(|| FieldDifference { field: field.name().to_owned(), here, there })
    };
    Field::COMPARED.into_iter().filter_map(difference).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Difference, compare};
    use crate::upstreams::users::user::User;

    #[expect(clippy::needless_pass_by_value, reason = "the cases read better")]
    fn check(here: Option<Value>, there: Option<Value>, expected: Option<(Difference, &[&str])>) {
        let user = here.as_ref().map(|here| {
            let mut user = User::default();
            user.overlay(here.as_object().unwrap());
            user
        });
        let found = compare(user.as_ref(), there.as_ref());
        let found = found
            .map(|(difference, fields)| (difference, fields.into_iter().map(|field| field.field).collect::<Vec<_>>()));
        let expected =
            expected.map(|(difference, fields)| (difference, fields.iter().map(|f| (*f).to_owned()).collect()));
        assert_eq!(found, expected, "{here:?} {there:?}");
    }

    #[test]
    fn user_can_be_missing_different_or_extra() {
        let li = || Some(json!({"username": "li", "email": "a@b.c"}));
        check(None, None, None);
        check(li(), li(), None);
        check(li(), None, Some((Difference::Missing, &[])));
        check(None, li(), Some((Difference::Extra, &[])));
        check(li(), Some(json!({"username": "wang"})), Some((Difference::Different, &["username", "email"])));
        check(li(), Some(Value::Null), Some((Difference::Different, &["username", "email"])));
    }

    #[test]
    fn equal_meaning_is_no_difference() {
        let li = || Some(json!({"username": "li"}));
        check(li(), Some(json!({"id": 7, "username": "li", "email": null, "phone": "", "team": "x"})), None);
        check(li(), Some(json!({"user": {"username": "li"}})), None);
        check(li(), Some(json!({"code": 0, "data": {"user": {"username": "li"}}})), None);
        let dated = |at: &str| Some(json!({"created_at": at, "updated_at": at}));
        check(dated("2026-01-02T03:04:05Z"), Some(json!({"username": ""})), None);
        check(dated("2026-01-02T03:04:05Z"), dated("2026-01-02T03:04:06Z"), None);
    }
}
