//! A user, and what an event makes of it.

use serde_json::{Map, Value};
use strum::{IntoStaticStr, VariantArray};

use super::event::{Event, Kind};

/// A field of a user that is sent to targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Field {
    Username,
    Email,
    Phone,
    Role,
    Status,
    CreatedAt,
    UpdatedAt,
}

impl Field {
    /// In the order of the table's columns.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// Those that a check compares: a target may keep its own times.
    pub const COMPARED: [Self; 5] = [Self::Username, Self::Email, Self::Phone, Self::Role, Self::Status];

    /// The key in JSON and the column.
    pub const fn name(self) -> &'static str {
        self.into_str()
    }
}

/// Which of two events of a user is the later one: in one database the one with the higher `seq`, between several that
/// deliver to one target the one that arrived later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version {
    /// When it arrived, in milliseconds since 1970; never less than for an earlier event of its user.
    pub at_ms: i64,
    pub seq: i64,
}

/// The fields of one user that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    values: [Option<String>; Field::ALL.len()],
}

impl User {
    pub fn value(&self, field: Field) -> Option<&str> {
        self.values[field as usize].as_deref()
    }

    pub fn set(&mut self, field: Field, value: Option<String>) {
        self.values[field as usize] = value;
    }

    /// Takes over what the object has; `null` empties a field, a missing key leaves it.
    pub fn overlay(&mut self, object: &Map<String, Value>) {
        for field in Field::ALL {
            if let Some(value) = object.get(field.name()) {
                self.set(*field, plain(value));
            }
        }
    }

    /// Only what is known.
    pub fn to_object(&self, id: i64) -> Map<String, Value> {
        let known = Field::ALL.iter().filter_map(|field| Some((field.name().to_owned(), self.value(*field)?.into())));
        std::iter::once(("id".to_owned(), id.into())).chain(known).collect()
    }
}

/// The user after the event; `None` when it is deleted. `at` is the event's time, as stored.
pub fn reduce(current: Option<&User>, event: &Event, at: &str) -> Option<User> {
    let mut user = match event.kind {
        Kind::Deleted => return None,
        Kind::Created => User::default(),
        Kind::Updated | Kind::StatusChanged => current.cloned().unwrap_or_default(),
    };
    for (field, value) in [(Field::Username, &event.username), (Field::Email, &event.email)] {
        if value.is_some() {
            user.set(field, value.clone());
        }
    }
    if let Some(changes) = event.data.get("changes").and_then(Value::as_object) {
        user.overlay(&changes.iter().map(|(key, change)| (key.clone(), changed_to(change).clone())).collect());
    }
    if let Some(fields) = event.data.get("user").and_then(Value::as_object) {
        user.overlay(fields);
    }
    if let Some(status) = event.data.get("new_status").filter(|_| event.kind == Kind::StatusChanged) {
        user.set(Field::Status, plain(status));
    }
    if event.kind == Kind::Created && user.value(Field::CreatedAt).is_none() {
        user.set(Field::CreatedAt, Some(at.to_owned()));
    }
    let is_dated = event.data.get("user").is_some_and(|user| user.get(Field::UpdatedAt.name()).is_some());
    if !is_dated {
        user.set(Field::UpdatedAt, Some(at.to_owned()));
    }
    Some(user)
}

/// The event's data, made whole: every target gets the full user, however little was emitted.
pub fn whole_data(event: &Event, before: Option<&User>, after: Option<&User>) -> Map<String, Value> {
    let mut data = event.data.clone();
    let Some(after) = after else {
        let username = event.username.as_deref().or_else(|| before.and_then(|user| user.value(Field::Username)));
        data.insert("user_id".to_owned(), event.user_id.into());
        data.entry("username").or_insert_with(|| username.into());
        return data;
    };
    let mut user = after.to_object(event.user_id);
    if let Some(Value::Object(fields)) = data.remove("user") {
        // What is no field of ours is passed on as it came.
        for (key, value) in fields {
            user.entry(key).or_insert(value);
        }
    }
    match event.kind {
        Kind::Updated => {
            data.entry("changes").or_insert_with(|| changes(before, after).into());
        }
        Kind::StatusChanged => {
            let status = |user: Option<&User>| Value::from(user.and_then(|user| user.value(Field::Status)));
            data.entry("old_status").or_insert_with(|| status(before));
            data.entry("new_status").or_insert_with(|| status(Some(after)));
        }
        Kind::Created | Kind::Deleted => {}
    }
    data.insert("user".to_owned(), user.into());
    data
}

/// The new value of each field that changed.
fn changes(before: Option<&User>, after: &User) -> Map<String, Value> {
    Field::ALL
        .iter()
        .filter(|field| **field != Field::UpdatedAt)
        .filter(|field| before.and_then(|before| before.value(**field)) != after.value(**field))
        .map(|field| (field.name().to_owned(), after.value(*field).into()))
        .collect()
}

/// The value of a change written as `{"old": …, "new": …}`, or as the new value alone.
fn changed_to(change: &Value) -> &Value {
    change.as_object().and_then(|change| change.get("new")).unwrap_or(change)
}

/// A field's value as text; what is nested stays JSON.
pub fn plain(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Some(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Field, User, reduce, whole_data};
    use crate::upstreams::users::event::{Event, Strictness};

    const AT: &str = "2026-01-02T03:04:05.000Z";

    fn event(value: &Value) -> Event {
        Event::parse(&value.to_string(), Strictness::KnownKeys, &jiff::tz::TimeZone::UTC).unwrap()
    }

    fn user(value: &Value) -> User {
        let mut user = User::default();
        user.overlay(value.as_object().unwrap());
        user
    }

    /// What the event leaves of the user, without the date of the change.
    #[expect(clippy::needless_pass_by_value, reason = "the cases read better")]
    fn check(before: Option<Value>, emitted: Value, after: Option<Value>) {
        let before = before.as_ref().map(user);
        let mut reduced = reduce(before.as_ref(), &event(&emitted), AT);
        if let Some(user) = &mut reduced {
            assert_eq!(user.value(Field::UpdatedAt), Some(AT), "{emitted}");
            user.set(Field::UpdatedAt, None);
        }
        assert_eq!(reduced, after.as_ref().map(user), "{emitted}");
    }

    #[test]
    fn events_reduce_to_the_present_state() {
        check(
            None,
            json!({"type": "user.created", "user_id": 1, "username": "li", "data": {"user": {"role": "admin"}}}),
            Some(json!({"username": "li", "role": "admin", "created_at": AT})),
        );
        check(
            Some(json!({"username": "li", "email": "a@b.c", "role": "admin"})),
            json!({"type": "user.updated", "user_id": 1, "data": {"changes": {"email": {"old": "a@b.c", "new": "d@e.f"}, "role": null}}}),
            Some(json!({"username": "li", "email": "d@e.f"})),
        );
        check(
            Some(json!({"username": "li", "status": "active"})),
            json!({"type": "user.status_changed", "user_id": 1, "data": {"user": {"status": "active"}, "new_status": "locked"}}),
            Some(json!({"username": "li", "status": "locked"})),
        );
        check(Some(json!({"username": "li"})), json!({"type": "user.deleted", "user_id": 1}), None);
        // A new user of an old number inherits nothing.
        check(
            Some(json!({"username": "li", "email": "a@b.c"})),
            json!({"type": "user.created", "user_id": 1, "username": "wang"}),
            Some(json!({"username": "wang", "created_at": AT})),
        );
    }

    fn check_whole(before: Option<&Value>, emitted: &Value, expected: &Value) {
        let (before, event) = (before.map(user), event(emitted));
        let after = reduce(before.as_ref(), &event, AT);
        assert_eq!(Value::Object(whole_data(&event, before.as_ref(), after.as_ref())), *expected);
    }

    #[test]
    fn targets_get_the_whole_user_however_little_was_emitted() {
        let before = json!({"username": "li", "status": "active"});
        check_whole(
            Some(&before),
            &json!({"type": "user.updated", "user_id": 1, "email": "a@b.c"}),
            &json!({
                "user": {"id": 1, "username": "li", "email": "a@b.c", "status": "active", "updated_at": AT},
                "changes": {"email": "a@b.c"},
            }),
        );
        check_whole(
            Some(&before),
            &json!({"type": "user.status_changed", "user_id": 1, "data": {"new_status": "locked", "user": {"team": 7}}}),
            &json!({
                "user": {"id": 1, "username": "li", "status": "locked", "updated_at": AT, "team": 7},
                "old_status": "active", "new_status": "locked",
            }),
        );
        check_whole(
            Some(&before),
            &json!({"type": "user.deleted", "user_id": 1}),
            &json!({"user_id": 1, "username": "li"}),
        );
    }
}
